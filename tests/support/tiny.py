"""The one tiny run that tests of training share: config, clips, scene, and stages run in a folder."""

from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.config import STAGES, Config, Stage, preset, with_overrides
from pn3d.data.clips import Clips
from pn3d.data.disturbed import Draws, example_draws
from pn3d.data.rays import frame_rays
from pn3d.data.windows import window_starts
from pn3d.synthetic.scenes import make_synthetic_clips
from pn3d.training.batch import TrainData
from pn3d.training.loop import Reporter, run_stage
from pn3d.training.parallel import device_mesh, mapped_step, replicate
from pn3d.training.run_folder import RunFolder
from pn3d.training.scene import Scene, make_scene
from pn3d.training.state import TrainState, init_state
from pn3d.training.train_step import make_step


@cache
def clips() -> Clips:
    return make_synthetic_clips(0, 4, 24)


@cache
def scene() -> Scene:
    return make_scene(config().model, builtin_body(), builtin_landmarks())


def config(**overrides: Any) -> Config:
    """The tiny preset; dots in names are written as double underscores."""
    return with_overrides(preset("tiny"), {name.replace("__", "."): value for name, value in overrides.items()})


@cache
def steps_config() -> Config:
    """For single steps: the tiny preset with noise, the term that removes it, and a learning rate that does not end."""
    return config(model__correct=True, augment__noise=0.03, **{f"{stage}__optimiser__steps": 2000 for stage in STAGES})


@cache
def data() -> TrainData:
    starts, _ = window_starts(clips(), config().model.window)
    return TrainData(frames=frame_rays(clips()), starts=jnp.asarray(starts))


def draws(count: int, **changed: jax.Array) -> Draws:
    """What the examples of a batch drew, some of it set by hand."""
    keys = jax.random.split(jax.random.key(4), count)
    return jax.vmap(lambda key: example_draws(key, config()))(keys)._replace(**changed)


def devices(count: int) -> jax.sharding.Mesh:
    return device_mesh(jax.devices()[:count])


@cache
def first_state() -> TrainState:
    return init_state(config())


@cache
def advance(stage: Stage, count: int, backend: Any = None) -> Any:
    """The stage's mapped step on ``count`` devices, compiled once for all tests."""
    return mapped_step(make_step(steps_config(), stage, scene()), devices(count), backend=backend)


def on_devices(tree: Any, count: int) -> Any:
    return replicate(jax.tree.map(jnp.copy, tree), devices(count))


def train(
    folder: Path, cfg: Config, stages: tuple[Stage, ...] = STAGES, reporter: Reporter | None = None
) -> TrainState:
    """The stages in a folder, on both devices, as the train command runs them: one program serves both."""
    said: list[str] = []
    reporter = reporter or Reporter(say=said.append)
    mesh = devices(2)
    state = init_state(cfg)
    with RunFolder(folder) as run:
        for stage in stages:
            state = run_stage(cfg, stage, state, replicate(data(), mesh), scene(), run, mesh, reporter)
    return state


def leaves(tree: Any) -> list[np.ndarray]:
    """Every array of a pytree, keys as their data."""
    out = []
    for leaf in jax.tree.leaves(tree):
        typed = jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        out.append(np.asarray(jax.random.key_data(leaf) if typed else leaf))
    return out


def bitwise_equal(a: Any, b: Any) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(leaves(a), leaves(b), strict=True))
