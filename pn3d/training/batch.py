"""A device's share of the global batch: windows gathered, augmented and normalised from the keys of the step."""

import flax.struct
import jax
import jax.numpy as jnp

from pn3d.config import Config
from pn3d.data.augmentation import flip_windows
from pn3d.data.disturbed import Batch, disturbed_windows, example_draws
from pn3d.data.rays import FrameRays
from pn3d.data.windows import Window, gather_windows
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


def clean_xy(batch: Batch, window: Window) -> jax.Array:
    """(B, T, 17, 2) the clean 2D in another window's units, so that both are comparable joint by joint."""
    return batch.clean.xy * (batch.clean.size / window.size)[:, None, None, None]


def draw_batch(data: TrainData, key: jax.Array, device_index: jax.Array, batch_size: int, config: Config) -> Batch:
    """The device's share of a global batch. Example i of the global batch draws the same on any number of devices."""
    augment, length = config.augment, config.model.window
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
    return disturbed_windows(rays, confidence, draws, config)
