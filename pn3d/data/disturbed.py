"""Windows as the networks see them: with the noise, the hidden joints and the roll that their examples drew.

Shapes: B windows of T frames of the 17 joints of h36m17.
"""

from typing import NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from pn3d.config import Config
from pn3d.data.augmentation import STANDING_HEIGHT, add_detector_noise, drop_joints
from pn3d.data.detector_noise import detector_noise
from pn3d.data.windows import Window, make_window, roll_window


class Draws(NamedTuple):
    """What one example draws; of a batch with (B,) in front.

    Attributes:
        noise_key, view_key: for detector noise, and for what the stage draws.
        mask_keys: (R,) for hidden joints, one each time that they are drawn.
        flip, undisturbed: () bool, whether its window is mirrored, and left without the long-lasting noise.
        roll: () radians by which all of its windows are turned in the picture.
        pose_frame: () int32 the frame whose pose the pose discriminator sees, of reals and fakes.
    """

    noise_key: jax.Array
    mask_keys: jax.Array
    view_key: jax.Array
    flip: jax.Array
    undisturbed: jax.Array
    roll: jax.Array
    pose_frame: jax.Array


def example_draws(key: jax.Array, config: Config) -> Draws:
    """The draws of one example from its own key alone."""
    flip_key, noise_key, mask_key, view_key = jax.random.split(key, 4)
    frame_key, roll_key, undisturbed_key = (jax.random.fold_in(view_key, i) for i in (1, 2, 3))
    return Draws(
        noise_key=noise_key,
        mask_keys=jnp.stack(
            [mask_key, *(jax.random.fold_in(mask_key, i) for i in range(1, config.augment.mask_rounds))]
        ),
        view_key=view_key,
        flip=jax.random.bernoulli(flip_key),
        undisturbed=jax.random.bernoulli(undisturbed_key, config.augment.undisturbed),
        roll=drawn_roll(roll_key, config.augment.roll_deg),
        pose_frame=jax.random.randint(frame_key, (), 0, config.model.window),
    )


def drawn_roll(key: jax.Array, largest_deg: float) -> jax.Array:
    """An angle in radians, at most the largest one; half of them are below a quarter of it."""
    share = jax.random.uniform(key, minval=-1.0, maxval=1.0)
    return jnp.radians(largest_deg) * share * jnp.abs(share)


@flax.struct.dataclass
class Batch:
    """A device's windows, each as the networks see it and as it was before.

    Attributes:
        window: what the players see (noise and masks included).
        masked: the same windows with the masks but without the noise: what the teacher's own terms and the
            discriminators see. Noise is not visible in depth, so a rotated skeleton that carries it would give itself
            away.
        clean: the same windows before noise and masks, by their own size: what players teach each other from.
        visible: (B, T, 17) 1 where ``masked`` has a joint, else 0.
        upright_xy: (B, T, 17, 2) ``masked`` before the roll: the reals of the discriminators.
        draws: what the examples drew, which is for stages too.
    """

    window: Window
    masked: Window
    clean: Window
    visible: jax.Array
    upright_xy: jax.Array
    draws: Draws


def disturbed_windows(
    rays: Float[Array, "B T 17 2"], confidence: Float[Array, "B T 17"], draws: Draws, config: Config
) -> Batch:
    """Windows of these centred rays, disturbed as their examples drew.

    Args:
        rays: mirrored or not, by ``draws.flip``.
        confidence: 0 = missing.
        draws: of the examples.
        config: of the run.
    """
    augment, root_depth = config.augment, config.model.root_depth
    clean = make_window(rays, confidence, root_depth)
    noisy_xy, told = None, confidence
    if augment.detector_noise > 0:
        strength, fps = augment.detector_noise, config.model.frame_rate
        noisy_xy, told = detector_noise(
            draws.noise_key, clean.xy, confidence, STANDING_HEIGHT, strength=strength, fps=fps
        )
        if augment.undisturbed > 0:
            noisy_xy = jnp.where(draws.undisturbed[:, None, None, None], clean.xy, noisy_xy)
            told = jnp.where(draws.undisturbed[:, None, None], confidence, told)
    elif augment.noise > 0:
        noisy_xy = add_detector_noise(draws.noise_key, clean.xy, confidence, augment.noise * STANDING_HEIGHT)
    if augment.mask_probability > 0:
        for keys in jnp.unstack(draws.mask_keys, axis=1):
            told = drop_joints(keys, told, augment.mask_probability, augment.mask_limbs)
            confidence = drop_joints(keys, confidence, augment.mask_probability, augment.mask_limbs)
    window = masked = make_window(rays, confidence, root_depth)
    if noisy_xy is not None:
        # What a detector tells of its joints: with the long-lasting noise its confidences too.
        window = make_window(noisy_xy * clean.size[:, None, None, None], told, root_depth)
    upright_xy = masked.xy
    if augment.roll_deg > 0:
        window, masked, clean = (roll_window(each, draws.roll) for each in (window, masked, clean))
    # Many read them, and XLA would make the masks anew for each from the random bits.
    window, masked, clean, upright_xy = jax.lax.optimization_barrier((window, masked, clean, upright_xy))
    return Batch(window=window, masked=masked, clean=clean, visible=masked.visible, upright_xy=upright_xy, draws=draws)
