"""A discriminator run once forward and once back, from which follow the gradients of all who need them.

A step asks four things of a discriminator: what its fakes cost the player that made them (slopes at the fakes), the
discriminator's own loss on reals and on fakes, and R1, the penalty on its slopes at the reals. Each asked of autodiff
alone, they are ten passes of matrix products, for the chain of derivatives is multiplied out anew each time, though
an example's chains differ by one factor only. Here each example's chain is found once, with ones; the rest is one
product per layer, and seven passes remain. It is backpropagation written out for `pn3d.models.discriminator`, a network
that does not mix examples and whose activations have no second derivative; the gradients are those of autodiff
(`tests/training/test_judgement.py`). Our choice.
"""

import flax.struct
import jax
import jax.numpy as jnp
from flax import linen as nn

from pn3d.lifting.lifters import Params

_Layer = dict[str, jax.Array]
_LEAK = 0.01
"""Slope of the leaky ReLU below zero, `flax.linen.leaky_relu`'s own."""


@flax.struct.dataclass
class Judgement:
    """What a discriminator says of S sets of B examples, reals first, and the chains of derivatives that lead there.

    Attributes:
        logits: (S, B) positive = real. Their gradient by the features is ``slopes``; by the parameters they have none.
        slopes: (S, B, C) d logit / d features; held constant, like all below.
        inputs: of every dense layer in order, what it was given, (S B, in).
        chains: of every dense layer in order, d logit / d what it gave, (S B, out).
    """

    logits: jax.Array
    slopes: jax.Array
    inputs: list[jax.Array]
    chains: list[jax.Array]


def judge(params: Params, features: jax.Array, sets: int) -> Judgement:
    """The judgement of features (S B, C), ``sets`` = S: one pass for all, since larger products are faster.

    Gradients run through its logits to the features, never to the parameters.
    """
    held, given = jax.lax.stop_gradient((params, features))
    layers = _layers(held)
    logits, inputs = _forward(layers, given)
    chains = _chains(layers, inputs)
    slopes = chains[0] @ layers[0]["kernel"].T
    return Judgement(
        logits=_leaning(logits, features, slopes).reshape(sets, -1),
        slopes=slopes.reshape(sets, -1, slopes.shape[-1]),
        inputs=inputs,
        chains=chains,
    )


@jax.custom_vjp
def _leaning(logits: jax.Array, features: jax.Array, slopes: jax.Array) -> jax.Array:
    """Logits (N,) whose gradient by the features (N, C) is known to be the slopes."""
    return logits


def _leaning_forward(logits: jax.Array, features: jax.Array, slopes: jax.Array) -> tuple[jax.Array, jax.Array]:
    return logits, slopes


def _leaning_backward(slopes: jax.Array, by_logit: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    return by_logit, by_logit[:, None] * slopes, jnp.zeros_like(slopes)


_leaning.defvjp(_leaning_forward, _leaning_backward)


def credit(params: Params, judgement: Judgement, by_logit: jax.Array, by_slope: jax.Array) -> Params:
    """Gradient by the parameters of a loss whose derivatives by logits (S, B) and by slopes of reals (B, C) are known.

    It is that of sum by_logit logit + sum by_slope slope. With its activations held a discriminator is linear, and the
    sum over reals is what it then says of by_logit * features + by_slope, its biases times by_logit. So the gradient of
    a kernel is what its layer would be given, times the chain that is known.
    """
    scale = by_logit.reshape(-1, 1)
    batch = by_slope.shape[0]
    reals = _forward_held(_layers(params), [given[:batch] for given in judgement.inputs], scale[:batch], by_slope)
    of_layers = []
    for real, given, chain in zip(reals, judgement.inputs, judgement.chains, strict=True):
        counted = jnp.concatenate([real, scale[batch:] * given[batch:]])
        of_layers.append({"kernel": _across(counted, chain), "bias": (scale.T @ chain)[0]})
    return _as_params(params, of_layers)


def _forward(layers: list[_Layer], features: jax.Array) -> tuple[jax.Array, list[jax.Array]]:
    """Logits (N,), and every layer's input."""
    inputs = [features]
    x = _affine(layers[0], features)
    for block in range(1, len(layers) - 1, 2):
        y = x
        for layer in layers[block : block + 2]:
            inputs.append(nn.leaky_relu(y, _LEAK))
            y = _affine(layer, inputs[-1])
        x = x + y
    inputs.append(nn.leaky_relu(x, _LEAK))
    return _affine(layers[-1], inputs[-1])[:, 0], inputs


def _chains(layers: list[_Layer], inputs: list[jax.Array]) -> list[jax.Array]:
    """The derivative of the logit by every layer's output."""
    chains = [jnp.ones((inputs[0].shape[0], 1))]
    # A product with ones is the last layer's only column, for every example.
    chain = layers[-1]["kernel"].T * _bend(inputs[-1])
    for block in reversed(range(1, len(layers) - 1, 2)):
        inner = (chain @ layers[block + 1]["kernel"].T) * _bend(inputs[block + 1])
        chains += [chain, inner]
        chain = chain + (inner @ layers[block]["kernel"].T) * _bend(inputs[block])
    return [*chains, chain][::-1]


def _forward_held(
    layers: list[_Layer], inputs: list[jax.Array], scale: jax.Array, by_slope: jax.Array
) -> list[jax.Array]:
    """Every layer's input for ``scale * features + by_slope``, activations bending as they did, biases scaled."""
    held = [scale * inputs[0] + by_slope]
    x = _affine(layers[0], held[0], scale)
    for block in range(1, len(layers) - 1, 2):
        y = x
        for i in (block, block + 1):
            held.append(y * _bend(inputs[i]))
            y = _affine(layers[i], held[-1], scale)
        x = x + y
    return [*held, x * _bend(inputs[-1])]


def _across(given: jax.Array, chain: jax.Array) -> jax.Array:
    """(N, in), (N, out) -> (in, out). For one column XLA would make ``given`` anew for every number of the product."""
    return given.T @ chain if chain.shape[1] > 1 else (chain.T @ jax.lax.optimization_barrier(given)).T


def _affine(layer: _Layer, x: jax.Array, scale: jax.Array | float = 1.0) -> jax.Array:
    """A dense layer on (N, in), its bias times ``scale`` (N, 1)."""
    return x @ layer["kernel"] + scale * layer["bias"][None]


def _bend(activated: jax.Array) -> jax.Array:
    """The derivative of the leaky ReLU, told by what it gave."""
    return jnp.where(activated >= 0, 1.0, _LEAK)


def _layers(params: Params) -> list[_Layer]:
    """A discriminator's dense layers in the order in which they are applied."""
    blocks = [params[f"ResidualBlock_{i}"] for i in range(len(params) - 2)]
    return [params["Dense_0"], *(block[f"Dense_{i}"] for block in blocks for i in range(2)), params["Dense_1"]]


def _as_params(params: Params, layers: list[_Layer]) -> Params:
    """Values of layers in order, as a discriminator's parameters."""
    blocks = {
        f"ResidualBlock_{i}": {f"Dense_{j}": layers[1 + 2 * i + j] for j in range(2)} for i in range(len(params) - 2)
    }
    return {"Dense_0": layers[0], "Dense_1": layers[-1]} | blocks
