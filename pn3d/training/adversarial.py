"""Both discriminators at work: what they see, and what they learn. Drover 2018, Chen 2019, Eq. 5-6."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from pn3d import losses
from pn3d.config import DiscriminatorConfig
from pn3d.data.disturbed import Batch
from pn3d.models.discriminator import discriminator_features
from pn3d.models.networks import Networks, Params, discriminator_logits
from pn3d.training.parallel import varying
from pn3d.training.terms import Terms

DISCRIMINATORS = ("pose_discriminator", "motion_discriminator")
Features = dict[str, jax.Array]
"""By discriminator, (B, C) of what it sees of windows."""


def discriminator_inputs(xy: Float[Array, "B T 17 2"], batch: Batch, config: DiscriminatorConfig) -> Features:
    """Real or fake window coordinates as both see them: fakes with the mask of the real they came from."""
    return discriminator_features(xy, batch.visible, batch.draws.pose_frame, config.input_scale, config.motion_gain)


def discriminator_gradients(
    networks: Networks,
    params: dict[str, Params],
    fakes: Features,
    fake_weight: Float[Array, " B"],
    batch: Batch,
    config: DiscriminatorConfig,
) -> tuple[dict[str, Params], Terms]:
    """Gradients of both discriminators on reals and on fakes, with R1 on reals, and the loss and accuracy of each.

    Args:
        networks: the modules.
        params: by player.
        fakes: what they see of fakes, one set of B or several, one after the other.
        fake_weight: weights of the fakes of each set, 1 on average.
        batch: the reals, noise-free as the cycle saw them.
        config: of the discriminators.
    """
    own = varying({name: params[name] for name in DISCRIMINATORS})
    weights = {name: jnp.tile(fake_weight, len(fake) // len(fake_weight)) for name, fake in fakes.items()}
    loss = discriminator_loss(networks, batch, fakes, weights, config)
    gradients, metrics = jax.grad(loss, has_aux=True)(own)
    return gradients, metrics


def discriminator_loss(
    networks: Networks,
    batch: Batch,
    fakes: Features,
    weights: dict[str, jax.Array],
    config: DiscriminatorConfig,
) -> Callable[[dict[str, Params]], tuple[jax.Array, Terms]]:
    """The loss as a function of both discriminators' parameters, who do not share any: (params) -> (sum, metrics)."""

    def loss(own: dict[str, Params]) -> tuple[jax.Array, Terms]:
        reals = discriminator_inputs(batch.upright_xy, batch, config)
        of_reals, pullback = jax.vjp(partial(discriminator_logits, networks, own), reals)
        of_fakes = discriminator_logits(networks, own, fakes)
        # Examples do not mix, so the gradient of the sum is each example's own.
        (gradients,) = pullback(jax.tree.map(jnp.ones_like, of_reals))
        total, metrics = jnp.zeros(()), Terms()
        for name in DISCRIMINATORS:
            real, fake = of_reals[name], of_fakes[name]
            cross_entropy = losses.discriminator_adversarial(real, fake, weights[name])
            value = cross_entropy + config.gradient_penalty * losses.gradient_penalty(gradients[name])
            metrics[f"loss/{name}"] = value
            metrics[f"d_acc/{name}"] = 0.5 * (jnp.mean(real > 0) + jnp.mean(fake < 0))
            total += value
        return total, metrics

    return loss
