"""A run's parts without a run folder, for benchmarks of training."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.config import Config, preset, with_overrides
from pn3d.data.rays import frame_rays
from pn3d.data.windows import window_starts
from pn3d.synthetic.scenes import make_synthetic_clips
from pn3d.training.batch import TrainData
from pn3d.training.parallel import device_mesh, replicate
from pn3d.training.scene import Scene, make_scene
from pn3d.training.state import TrainState, init_state


@dataclass
class Setup:
    """Config, devices, data on them, fixed parts, and the state before the first stage."""

    config: Config
    mesh: jax.sharding.Mesh
    data: TrainData
    scene: Scene
    first: TrainState


def make_setup(name: str, *, devices: int | None, clips: int = 290, **overrides: Any) -> Setup:
    """A preset on built-in motion of ``clips`` x 150 frames (290: as many frames as the CMU benchmark's 43 k).

    Without noise and corrected 2D, which the PyTorch step has not: both sides then compute the same.
    """
    config = with_overrides(preset(name), {"model.correct": False, "augment.noise": 0.0} | overrides)
    motion = make_synthetic_clips(0, clips, 150)
    starts, _ = window_starts(motion, config.model.window)
    mesh = device_mesh(jax.devices()[:devices])
    data = replicate(TrainData(frames=frame_rays(motion), starts=jnp.asarray(starts)), mesh)
    scene = make_scene(config.model, builtin_body(), builtin_landmarks())
    return Setup(config, mesh, data, scene, init_state(config))


def repeated_data(data: TrainData, times: int) -> TrainData:
    """The same frames several times over: a larger data set."""
    frames = jax.tree.map(lambda leaf: jnp.tile(leaf, (times,) + (1,) * (leaf.ndim - 1)), data.frames)
    count = data.frames.rays.shape[0]
    starts = (data.starts[None] + count * np.arange(times)[:, None]).reshape(-1).astype(np.int32)
    return TrainData(frames=frames, starts=jnp.asarray(starts))
