"""Weighted terms, summed once; the pieces that several stages share: random views, discriminators."""

import dataclasses
from collections.abc import Callable

import flax.struct
import jax
import jax.numpy as jnp

from pn3d import losses
from pn3d.config import DiscriminatorConfig
from pn3d.geometry import camera
from pn3d.lifting.lifters import Params
from pn3d.models.discriminator import motion_features, pose_features
from pn3d.training.judgement import Judgement, credit, judge
from pn3d.training.parallel import batch_mean

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
    """What discriminators judge: sets of window coordinates and their 0/1 masks, a frame of each window for its pose.

    Attributes:
        xy: sets, each (B, T, 17, 2): reals, the teacher's fakes and, where there are any, the student's.
        measured: (B, T, 17) of all sets.
        frame: (B,) int32 of all sets.
    """

    xy: list[jax.Array]
    measured: jax.Array
    frame: jax.Array


def _pose_input(poses: Poses2D, config: DiscriminatorConfig) -> jax.Array:
    rows = jnp.arange(poses.frame.shape[0])
    xy = jnp.concatenate([xy[rows, poses.frame] for xy in poses.xy])
    measured = jnp.tile(poses.measured[rows, poses.frame], (len(poses.xy), 1))
    return pose_features(config.input_scale * xy, measured)


def _motion_input(poses: Poses2D, config: DiscriminatorConfig) -> jax.Array:
    measured = jnp.tile(poses.measured, (len(poses.xy), 1, 1))
    return motion_features(config.input_scale * jnp.concatenate(poses.xy), measured, config.motion_gain)


Verdicts = dict[str, Judgement]
"""Discriminator's name -> its judgement of reals, of the teacher's fakes and, of poses alone, of the student's."""


def judge_all(params: dict[str, Params], poses: Poses2D, config: DiscriminatorConfig) -> Verdicts:
    """What both discriminators say; of the student's fakes only the poses are judged."""
    moving = dataclasses.replace(poses, xy=poses.xy[:2])
    inputs = {
        "pose_discriminator": (_pose_input(poses, config), len(poses.xy)),
        "motion_discriminator": (_motion_input(moving, config), len(moving.xy)),
    }
    return {name: judge(params[name], features, sets) for name, (features, sets) in inputs.items()}


def discriminator_gradients(
    params: dict[str, Params], said: Verdicts, penalty: float
) -> tuple[dict[str, Params], Terms]:
    """Gradients of the discriminators by what they said of reals and fakes, with R1 on reals.

    Returns:
        {player: gradients}, and loss and accuracy of each.
    """
    gradients: dict[str, Params] = {}
    metrics: Terms = {}
    for name, judgement in said.items():
        logits = judgement.logits
        loss, by_logit = jax.value_and_grad(lambda all_: losses.discriminator_adversarial(all_[0], all_[1:]))(logits)
        r1, by_slope = jax.value_and_grad(lambda slopes: penalty * losses.gradient_penalty(slopes))(judgement.slopes[0])
        gradients[name] = credit(params[name], judgement, by_logit, by_slope)
        right = 0.5 * ((logits[0] > 0).mean() + (logits[1:] < 0).mean())
        metrics |= {f"loss/{name}": loss + r1, f"d_acc/{name}": right}
    return gradients, metrics
