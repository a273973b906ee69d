"""Blocks shared by the networks: a temporal trunk of strided convolutions, residual blocks, plain heads."""

from typing import Any, Literal

import chex
import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

Temporal = Literal["conv", "flat"]


def run_network(network: nn.Module, params: Any, *inputs: jax.Array) -> Any:
    """What a stateless network says: its module applied to its parameters."""
    return network.apply({"params": params}, *inputs)


def dense(features: int, *, scale: float = 2.0, name: str | None = None) -> nn.Dense:
    """A dense layer with He initialisation (``scale`` 2) or a smaller one for heads."""
    init = nn.initializers.variance_scaling(scale, "fan_in", "truncated_normal")
    return nn.Dense(features, kernel_init=init, name=name)


class ResidualBlock(nn.Module):
    """x + Dense(act(Dense(act(x)))), no normalisation layers (Yu et al. 2021's re-implementation of Chen 2019)."""

    width: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """(B, W) -> (B, W)."""
        y = dense(self.width)(nn.leaky_relu(x))
        # The second layer starts small, so that a deep stack starts as the identity.
        y = dense(self.width, scale=0.2)(nn.leaky_relu(y))
        return x + y


class TemporalTrunk(nn.Module):
    """A window of frames -> one vector.

    ``conv``: convolutions over time of kernel 3 and stride 3, log3(T) of them, each after the first with the middle
    frame as its residual (VideoPose3D's dilated network evaluated at one frame, Pavllo et al., CVPR 2019). A stride-3,
    kernel-3 convolution is a dense layer on three concatenated frames, and is written so: it runs as one matmul.
    ``flat``: all frames concatenated into one dense layer.
    """

    width: int
    blocks: int
    temporal: Temporal

    @nn.compact
    def __call__(self, frames: jax.Array) -> jax.Array:
        """(B, T, C) -> (B, width). T must be a power of 3 for ``conv``."""
        chex.assert_rank(frames, 3)
        batch, length, channels = frames.shape
        if self.temporal == "flat" or length == 1:
            x = dense(self.width)(frames.reshape(batch, length * channels))
        else:
            # Windows and frames in one axis: with two, the kernel's gradient would be turned round before its product.
            x = dense(self.width)(frames.reshape(batch * length // 3, 3 * channels))
            while x.shape[0] > batch:
                triples = x.reshape(x.shape[0] // 3, 3 * self.width)
                middle = triples[:, self.width : 2 * self.width]
                x = middle + dense(self.width, scale=1.0)(nn.leaky_relu(triples))
        for _ in range(self.blocks):
            x = ResidualBlock(self.width)(x)
        return nn.leaky_relu(x)


def frame_channels(xy: jax.Array, confidence: jax.Array) -> jax.Array:
    """(B, T, J, 2), (B, T, J) -> (B, T, 3 J): coordinates with missing joints at zero, and the confidence."""
    chex.assert_equal_shape_prefix([xy, confidence], 3)
    measured = (confidence > 0)[..., None]
    both = jnp.concatenate([jnp.where(measured, xy, 0.0), confidence[..., None]], axis=-1)
    return both.reshape(*both.shape[:2], -1)


def temporal_basis(length: int) -> np.ndarray:
    """(T, K) smooth functions of time, K = (T + 1) / 2: cosines of rising frequency, halved in size each (our choice).

    Heads give coefficients of these instead of free values per frame, so an untrained network is already smooth and a
    discriminator of motion cannot win by jitter alone.
    """
    count = (length + 1) // 2
    time = (np.arange(length) + 0.5) / length
    return np.stack([np.cos(np.pi * k * time) * 0.5**k for k in range(count)], axis=-1).astype(np.float32)


def smooth_in_time(values: jax.Array) -> jax.Array:
    """(B, T, …) -> the nearest values that the basis can speak, by least squares over time."""
    basis = temporal_basis(values.shape[1]).astype(np.float64)
    projection = jnp.asarray(basis @ np.linalg.pinv(basis), values.dtype)
    return jnp.einsum("st,bt...->bs...", projection, values)


def over_time(coefficients: jax.Array, length: int) -> jax.Array:
    """(B, K * C) head outputs -> (C, T, B) values per frame, the batch last, as points and bodies are computed
    (``pn3d.geometry.planes``)."""
    basis = jnp.asarray(temporal_basis(length))
    # The barrier keeps XLA from multiplying turned matrices in the head, which costs more than turning them.
    rows = basis @ jax.lax.optimization_barrier(coefficients).T.reshape(basis.shape[1], -1)
    return jnp.swapaxes(rows.reshape(length, -1, coefficients.shape[0]), 0, 1)
