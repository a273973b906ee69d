"""Weighted terms, summed once; the pieces that several stages share: random views, discriminators."""

from collections.abc import Callable
from functools import partial

import flax.struct
import jax
import jax.numpy as jnp

from pn3d import camera, losses
from pn3d.config import DiscriminatorConfig
from pn3d.lifters import Networks, Params
from pn3d.models.discriminator import Discriminator, motion_features, pose_features
from pn3d.models.layers import run_network
from pn3d.training.parallel import batch_mean, varying

Terms = dict[str, jax.Array]
Weighted = dict[str, tuple[float, Callable[[], jax.Array]]]


def sum_terms(weighted: Weighted) -> tuple[jax.Array, Terms]:
    """{name: (weight, term)} -> the weighted sum and the unweighted terms. A weight of 0 leaves its term out."""
    terms = {name: term() for name, (weight, term) in weighted.items() if weight}
    total = sum((weighted[name][0] * value for name, value in terms.items()), jnp.zeros(()))
    return total, terms


@flax.struct.dataclass
class View:
    """A random view per example.

    Attributes:
        rotation: (B, 3, 3) about the root, in camera axes.
        elevation: (B,) of the new camera, radians.
    """

    rotation: jax.Array
    elevation: jax.Array


CHEN_ELEVATION = 3.141592653589793 / 9
"""Half the range of Chen 2019's random elevations, radians."""


def draw_view(keys: jax.Array, elevation: jax.Array, *, learned: bool = True) -> View:
    """Upright views: azimuth uniform, elevation normal with the global batch's mean and spread (ElePose, section 3.2).

    The statistics are those of all devices and are held constant; the gradient runs through each example's own
    elevation, which turns its skeleton upright.

    Args:
        keys: (B,) typed keys.
        elevation: (B,) of the examples, radians.
        learned: whether ``elevation`` was learnt. If not, it is drawn uniformly as in Chen 2019.
    """
    azimuth_key, normal_key = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
    azimuth = jax.vmap(lambda k: jax.random.uniform(k, minval=-jnp.pi, maxval=jnp.pi))(azimuth_key)
    if not learned:
        low, high = -CHEN_ELEVATION, CHEN_ELEVATION
        drawn = jax.vmap(lambda k: jax.random.uniform(k, minval=low, maxval=high))(normal_key)
        return View(rotation=camera.view_rotation(elevation, azimuth, drawn), elevation=drawn)
    still = jax.lax.stop_gradient(elevation)
    mean, mean_square = batch_mean(still), batch_mean(still**2)
    spread = jnp.sqrt(jnp.maximum(mean_square - mean**2, 0.0) + 1e-6)
    drawn = jnp.clip(mean + spread * jax.vmap(jax.random.normal)(normal_key), -1.2, 1.2)
    return View(rotation=camera.view_rotation(elevation, azimuth, drawn), elevation=drawn)


@flax.struct.dataclass
class Poses2D:
    """What discriminators judge: window coordinates and 0/1 masks, one frame per window picked for its pose.

    Attributes:
        xy: (B, T, 17, 2); measured: (B, T, 17); frame: (B,) int32.
    """

    xy: jax.Array
    measured: jax.Array
    frame: jax.Array


def _pose_input(poses: Poses2D, config: DiscriminatorConfig) -> jax.Array:
    rows = jnp.arange(poses.frame.shape[0])
    return pose_features(config.input_scale * poses.xy[rows, poses.frame], poses.measured[rows, poses.frame])


def _motion_input(poses: Poses2D, config: DiscriminatorConfig) -> jax.Array:
    return motion_features(config.input_scale * poses.xy, poses.measured, config.motion_gain)


def judged_pose(networks: Networks, params: Params, fakes: Poses2D, config: DiscriminatorConfig) -> jax.Array:
    """The generator's side of the pose discriminator; its params are held constant."""
    frozen = jax.lax.stop_gradient(params)
    return losses.generator_adversarial(run_network(networks.pose_discriminator, frozen, _pose_input(fakes, config)))


def judged_motion(networks: Networks, params: Params, fakes: Poses2D, config: DiscriminatorConfig) -> jax.Array:
    """The generator's side of the motion discriminator; its params are held constant."""
    frozen = jax.lax.stop_gradient(params)
    features = _motion_input(fakes, config)
    return losses.generator_adversarial(run_network(networks.motion_discriminator, frozen, features))


def discriminator_gradients(
    networks: Networks, params: dict[str, Params], reals: Poses2D, fakes: list[Poses2D], config: DiscriminatorConfig
) -> tuple[dict[str, Params], Terms]:
    """Gradients of both discriminators on reals and (already made) fakes.

    Returns:
        {player: gradients}, and loss and accuracy of each.
    """
    inputs = {
        "pose_discriminator": (_pose_input(reals, config), [_pose_input(fake, config) for fake in fakes]),
        # Only the teacher's fakes, the first, are judged as motion.
        "motion_discriminator": (_motion_input(reals, config), [_motion_input(fakes[0], config)]),
    }
    gradients: dict[str, Params] = {}
    metrics: Terms = {}
    for name, (real, made) in inputs.items():
        fake = jax.lax.stop_gradient(jnp.concatenate(made, axis=0))
        loss = partial(_discriminator_loss, getattr(networks, name), real, fake, config.gradient_penalty)
        (value, right), gradients[name] = jax.value_and_grad(loss, has_aux=True)(varying(params[name]))
        metrics |= {f"loss/{name}": value, f"d_acc/{name}": right}
    return gradients, metrics


def _discriminator_loss(
    network: Discriminator, real: jax.Array, fake: jax.Array, penalty: float, own: Params
) -> tuple[jax.Array, jax.Array]:
    """Loss with R1 on reals, and the share of rightly judged examples."""
    logits_real, slopes = _with_slopes(lambda features: run_network(network, own, features), real)
    logits_fake = run_network(network, own, fake)
    total = losses.discriminator_adversarial(logits_real, logits_fake)
    right = 0.5 * ((logits_real > 0).mean() + (logits_fake < 0).mean())
    return total + penalty * losses.gradient_penalty(slopes), right


def _with_slopes(judge: Callable[[jax.Array], jax.Array], features: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Logits (B,) and their gradients by the input (B, C); rows do not mix, so one pullback of ones is enough."""
    logits, pull = jax.vjp(judge, features)
    return logits, pull(jnp.ones_like(logits))[0]
