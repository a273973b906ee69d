"""A device's share of the global batch: windows gathered, augmented and normalised from the keys of the step."""

import flax.struct
import jax
import jax.numpy as jnp

from pn3d.config import Config
from pn3d.data.detector_noise import detector_noise
from pn3d.data.rays import FrameRays
from pn3d.data.windows import UNIT_HEIGHT, add_detector_noise, drop_joints, flip_windows, gather_windows
from pn3d.lifting.lifters import Window, make_window
from pn3d.training.parallel import AXIS

_HEIGHT = UNIT_HEIGHT * 10.0
"""Height of a standing person in window coordinates (head-root units)."""


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
        quiet: the same windows with the masks but without the noise: what the teacher's own terms and the
            discriminators see. Noise is not seen in depth, so a turned skeleton that carries it would give itself away.
        clean: the same windows before noise and masks, by their own size: what players teach each other from.
        keys: (B,) one typed key per example, for what objectives draw.
        judged: (B,) int32 the frame of each window whose pose the discriminator sees, of reals and fakes alike.
    """

    window: Window
    quiet: Window
    clean: Window
    keys: jax.Array
    judged: jax.Array


def clean_xy(batch: Batch, window: Window) -> jax.Array:
    """(B, T, 17, 2) the clean 2D in another window's units, so that both are comparable joint by joint."""
    return batch.clean.rays / window.size[:, None, None, None]


def draw_batch(data: TrainData, key: jax.Array, lane: jax.Array, batch_size: int, config: Config) -> Batch:
    """The lane's share of a global batch. Example i of the global batch draws the same whatever the device count."""
    share = batch_size // jax.lax.axis_size(AXIS)
    index_key, example_key = jax.random.split(key)
    chosen = jax.random.randint(index_key, (batch_size,), 0, data.starts.shape[0])
    mine = lane * share + jnp.arange(share)
    starts = data.starts[chosen[mine]]
    keys = jax.vmap(lambda i: jax.random.split(jax.random.fold_in(example_key, i), 4))(mine)
    rays = gather_windows(data.frames.rays, starts, config.model.window)
    confidence = gather_windows(data.frames.confidence, starts, config.model.window)
    if config.augment.flip:
        rays, confidence = flip_windows(rays, confidence, jax.vmap(jax.random.bernoulli)(keys[:, 0]))
    clean = make_window(rays, confidence, config.model.root_depth)
    noisy_rays, seen, told = rays, confidence, None
    if config.augment.detector_noise > 0:
        strength, rate = config.augment.detector_noise, config.model.frame_rate
        noisy, told = detector_noise(keys[:, 1], clean.xy, confidence, _HEIGHT, strength=strength, fps=rate)
        noisy_rays = noisy * clean.size[:, None, None, None]
    elif config.augment.noise > 0:
        noisy = add_detector_noise(keys[:, 1], clean.xy, confidence, config.augment.noise, _HEIGHT)
        noisy_rays = noisy * clean.size[:, None, None, None]
    if config.augment.mask_probability > 0:
        seen = drop_joints(keys[:, 2], confidence, config.augment.mask_probability)
        told = told if told is None else drop_joints(keys[:, 2], told, config.augment.mask_probability)
    quiet = make_window(rays, seen, config.model.root_depth)
    if told is not None:
        window = make_window(noisy_rays, told, config.model.root_depth)
    else:
        window = make_window(noisy_rays, seen, config.model.root_depth) if config.augment.noise > 0 else quiet
    # Many read them, and XLA would make the masks anew for each from the random bits.
    window, quiet, clean = jax.lax.optimization_barrier((window, quiet, clean))
    frame_keys = jax.vmap(lambda key: jax.random.fold_in(key, 1))(keys[:, 3])
    judged = jax.vmap(lambda key: jax.random.randint(key, (), 0, config.model.window))(frame_keys)
    return Batch(window=window, quiet=quiet, clean=clean, keys=keys[:, 3], judged=judged)
