"""A device's share of the global batch: windows gathered, augmented and normalised from the keys of the step."""

from typing import NamedTuple

import flax.struct
import jax
import jax.numpy as jnp

from pn3d.config import Config
from pn3d.data.augmentation import STANDING_HEIGHT, add_detector_noise, drop_joints, flip_windows
from pn3d.data.detector_noise import detector_noise
from pn3d.data.rays import FrameRays
from pn3d.data.windows import Window, gather_windows, make_window, roll_window
from pn3d.training.parallel import AXIS


@flax.struct.dataclass
class TrainData:
    """What training sees: rays of 2D keypoints and where windows may start. There is no place for 3D.

    Attributes:
        frames: all frames.
        starts: (W,) int32 first frames of windows.
    """

    frames: FrameRays
    starts: jax.Array


@flax.struct.dataclass
class Batch:
    """A device's windows.

    Attributes:
        window: what the players see (noise and masks included).
        masked: the same windows with the masks but without the noise: what the teacher's own terms and the
            discriminators see. Noise is not visible in depth, so a rotated skeleton that carries it would give itself
            away.
        clean: the same windows before noise and masks, by their own size: what players teach each other from.
        visible: (B, T, 17) 1 where ``masked`` has a joint, else 0.
        keys: (B,) one typed key per example, for what stages draw.
        roll: (B,) radians by which all of these windows were turned in the picture.
        upright_xy: (B, T, 17, 2) ``masked`` before that: the reals of the discriminators.
        pose_frame: (B,) int32 the frame of each window whose pose the pose discriminator sees, of reals and fakes.
    """

    window: Window
    masked: Window
    clean: Window
    visible: jax.Array
    keys: jax.Array
    roll: jax.Array
    upright_xy: jax.Array
    pose_frame: jax.Array


def clean_xy(batch: Batch, window: Window) -> jax.Array:
    """(B, T, 17, 2) the clean 2D in another window's units, so that both are comparable joint by joint."""
    return batch.clean.xy * (batch.clean.size / window.size)[:, None, None, None]


class Draws(NamedTuple):
    """What one example draws.

    Attributes:
        noise_key, view_key: for detector noise, and the stage.
        mask_keys: (R,) for hidden joints, one each time that they are drawn.
        flip, undisturbed: () bool, whether its window is mirrored, and left without the long-lasting noise.
        roll: () radians.
        pose_frame: () int32.
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


def draw_batch(data: TrainData, key: jax.Array, device_index: jax.Array, batch_size: int, config: Config) -> Batch:
    """The device's share of a global batch. Example i of the global batch draws the same on any number of devices."""
    augment, length, root_depth = config.augment, config.model.window, config.model.root_depth
    share = batch_size // jax.lax.axis_size(AXIS)
    index_key, example_key = jax.random.split(key)
    chosen = jax.random.randint(index_key, (batch_size,), 0, data.starts.shape[0])
    own = device_index * share + jnp.arange(share)
    starts = data.starts[chosen[own]]
    draws = jax.vmap(lambda i: example_draws(jax.random.fold_in(example_key, i), config))(own)
    rays = gather_windows(data.frames.rays, starts, length)
    confidence = gather_windows(data.frames.confidence, starts, length)
    if augment.flip:
        rays, confidence = flip_windows(rays, confidence, draws.flip)
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
    roll, upright_xy = jnp.zeros(share), masked.xy
    if augment.roll_deg > 0:
        roll = draws.roll
        window, masked, clean = roll_window(window, roll), roll_window(masked, roll), roll_window(clean, roll)
    # Many read them, and XLA would make the masks anew for each from the random bits.
    window, masked, clean, upright_xy = jax.lax.optimization_barrier((window, masked, clean, upright_xy))
    return Batch(
        window=window,
        masked=masked,
        clean=clean,
        visible=masked.visible,
        keys=draws.view_key,
        roll=roll,
        upright_xy=upright_xy,
        pose_frame=draws.pose_frame,
    )
