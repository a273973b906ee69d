"""Both discriminators at work: what they say of fakes, and what they learn. Drover 2018, Chen 2019, Eq. 5-6."""

from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from pn3d import losses
from pn3d.config import DiscriminatorConfig
from pn3d.models.discriminator import motion_features, pose_features
from pn3d.models.networks import Networks, Params, apply
from pn3d.training.batch import Batch
from pn3d.training.parallel import varying
from pn3d.training.terms import Terms

DISCRIMINATORS = ("pose_discriminator", "motion_discriminator")


def discriminator_input(
    name: str, xy: Float[Array, "B T 17 2"], batch: Batch, config: DiscriminatorConfig
) -> Float[Array, "B C"]:
    """Real or fake window coordinates as a discriminator sees them: fakes with the mask of the real they came from."""
    visible = batch.masked.visible
    if name == "motion_discriminator":
        return motion_features(config.input_scale * xy, visible, config.motion_gain)
    rows = jnp.arange(len(xy))
    return pose_features(config.input_scale * xy[rows, batch.pose_frame], visible[rows, batch.pose_frame])


def fake_logits(
    networks: Networks,
    params: dict[str, Params],
    name: str,
    fake_xy: Float[Array, "B T 17 2"],
    batch: Batch,
    config: DiscriminatorConfig,
) -> Float[Array, " B"]:
    """A discriminator's logits of fakes, for the loss of the player that makes them."""
    return apply(getattr(networks, name), params[name], discriminator_input(name, fake_xy, batch, config))


def discriminator_gradients(
    networks: Networks,
    params: dict[str, Params],
    fakes: Mapping[str, Sequence[jax.Array]],
    fake_weight: Float[Array, " B"],
    batch: Batch,
    config: DiscriminatorConfig,
) -> tuple[dict[str, Params], Terms]:
    """Gradients of both discriminators on reals and on fakes, with R1 on reals, and the loss and accuracy of each.

    Args:
        networks: the modules.
        params: by player.
        fakes: by discriminator, sets of (B, T, 17, 2) window coordinates; no gradient reaches who made them.
        fake_weight: weights of the fakes of each set, 1 on average.
        batch: the reals, noise-free as the cycle saw them.
        config: of the discriminators.
    """
    gradients: dict[str, Params] = {}
    metrics: Terms = {}
    for name in DISCRIMINATORS:
        real = discriminator_input(name, batch.upright_xy, batch, config)
        fake = jnp.concatenate(
            [discriminator_input(name, jax.lax.stop_gradient(xy), batch, config) for xy in fakes[name]]
        )
        weight = jnp.tile(fake_weight, len(fakes[name]))
        loss = discriminator_loss(getattr(networks, name), real, fake, weight, config.gradient_penalty)
        (value, accuracy), gradients[name] = jax.value_and_grad(loss, has_aux=True)(varying(params[name]))
        metrics |= {f"loss/{name}": value, f"d_acc/{name}": accuracy}
    return gradients, metrics


def discriminator_loss(
    module: nn.Module,
    real: Float[Array, "B C"],
    fake: Float[Array, "F C"],
    weight: Float[Array, " F"],
    penalty: float | jax.Array,
) -> Callable[[Params], tuple[jax.Array, jax.Array]]:
    """The loss as a function of the discriminator's parameters: (params) -> (loss, accuracy)."""

    def loss(own: Params) -> tuple[jax.Array, jax.Array]:
        of_real, pullback = jax.vjp(lambda x: apply(module, own, x), real)
        of_fake = apply(module, own, fake)
        # Examples do not mix, so the gradient of the sum is each example's own.
        (slopes,) = pullback(jnp.ones_like(of_real))
        total = losses.discriminator_adversarial(of_real, of_fake, weight) + penalty * losses.gradient_penalty(slopes)
        return total, 0.5 * (jnp.mean(of_real > 0) + jnp.mean(of_fake < 0))

    return loss
