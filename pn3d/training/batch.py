"""A device's share of the global batch: windows gathered, augmented and normalised from the keys of the step."""

import flax.struct
import jax
import jax.numpy as jnp

from pn3d.config import Config
from pn3d.data.rays import FrameRays
from pn3d.data.windows import UNIT_HEIGHT, add_detector_noise, drop_joints, flip_windows, gather_windows
from pn3d.lifters import Window, make_window
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
        target: the same windows before noise and masks: what 2D terms are measured against.
        keys: (B,) one typed key per example, for what objectives draw.
    """

    window: Window
    target: Window
    keys: jax.Array


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
    target = make_window(rays, confidence, config.model.root_depth)
    noisy_rays, seen = rays, confidence
    if config.augment.noise > 0:
        noisy = add_detector_noise(keys[:, 1], target.xy, confidence, config.augment.noise, _HEIGHT)
        noisy_rays = noisy * target.size[:, None, None, None]
    if config.augment.mask_probability > 0:
        seen = drop_joints(keys[:, 2], confidence, config.augment.mask_probability)
    window = make_window(noisy_rays, seen, config.model.root_depth)
    # 2D of the target in the window's own units, so that both are comparable joint by joint.
    target = Window(
        xy=target.rays / window.size[:, None, None, None],
        confidence=target.confidence,
        size=window.size,
        root_depth=window.root_depth,
    )
    return Batch(window=window, target=target, keys=keys[:, 3])
