"""A device's share of the global batch: windows gathered, augmented and normalised from the keys of the step."""

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


def draw_batch(data: TrainData, key: jax.Array, device_index: jax.Array, batch_size: int, config: Config) -> Batch:
    """The device's share of a global batch. Example i of the global batch draws the same on any number of devices."""
    share = batch_size // jax.lax.axis_size(AXIS)
    index_key, example_key = jax.random.split(key)
    chosen = jax.random.randint(index_key, (batch_size,), 0, data.starts.shape[0])
    own = device_index * share + jnp.arange(share)
    starts = data.starts[chosen[own]]
    keys = jax.vmap(lambda i: jax.random.split(jax.random.fold_in(example_key, i), 4))(own)
    frame_keys = jax.vmap(lambda key: jax.random.fold_in(key, 1))(keys[:, 3])
    pose_frame = jax.vmap(lambda key: jax.random.randint(key, (), 0, config.model.window))(frame_keys)
    rays = gather_windows(data.frames.rays, starts, config.model.window)
    confidence = gather_windows(data.frames.confidence, starts, config.model.window)
    if config.augment.flip:
        rays, confidence = flip_windows(rays, confidence, jax.vmap(jax.random.bernoulli)(keys[:, 0]))
    root_depth, augment = config.model.root_depth, config.augment
    clean = make_window(rays, confidence, root_depth)
    noisy_xy, kept, told = None, confidence, None
    if augment.detector_noise > 0:
        noisy_xy, told = detector_noise(
            keys[:, 1],
            clean.xy,
            confidence,
            STANDING_HEIGHT,
            strength=augment.detector_noise,
            fps=config.model.frame_rate,
        )
        if augment.undisturbed > 0:
            calm = jax.vmap(lambda key: jax.random.bernoulli(jax.random.fold_in(key, 3), augment.undisturbed))(
                keys[:, 3]
            )
            noisy_xy = jnp.where(calm[:, None, None, None], clean.xy, noisy_xy)
            told = jnp.where(calm[:, None, None], confidence, told)
    elif augment.noise > 0:
        noisy_xy = add_detector_noise(keys[:, 1], clean.xy, confidence, augment.noise * STANDING_HEIGHT)
    if augment.mask_probability > 0:
        kept = drop_joints(keys[:, 2], confidence, augment.mask_probability)
        told = None if told is None else drop_joints(keys[:, 2], told, augment.mask_probability)
    window = masked = make_window(rays, kept, root_depth)
    if noisy_xy is not None:
        noisy_rays = noisy_xy * clean.size[:, None, None, None]
        # What a detector tells of its joints: with the long-lasting noise its confidences too.
        window = make_window(noisy_rays, kept if told is None else told, root_depth)
    roll, upright_xy = jnp.zeros(share), masked.xy
    if augment.roll_deg > 0:
        roll = jax.vmap(lambda key: drawn_roll(jax.random.fold_in(key, 2), augment.roll_deg))(keys[:, 3])
        window, masked, clean = (roll_window(each, roll) for each in (window, masked, clean))
    # Many read them, and XLA would make the masks anew for each from the random bits.
    window, masked, clean, upright_xy = jax.lax.optimization_barrier((window, masked, clean, upright_xy))
    return Batch(
        window=window,
        masked=masked,
        clean=clean,
        visible=masked.visible,
        keys=keys[:, 3],
        roll=roll,
        upright_xy=upright_xy,
        pose_frame=pose_frame,
    )


def drawn_roll(key: jax.Array, largest_deg: float) -> jax.Array:
    """An angle in radians, at most the largest one; half of them are below a quarter of it."""
    share = jax.random.uniform(key, minval=-1.0, maxval=1.0)
    return jnp.radians(largest_deg) * share * jnp.abs(share)
