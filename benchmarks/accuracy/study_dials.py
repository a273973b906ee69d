"""Numbers of a config that are handed to a compiled step instead of being compiled into it.

A study trains many variants that differ in weights only. Compiling the step takes as long as a short training, so
weights become dials: values that the step takes beside its data. Every term is then computed, also at weight zero.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.config import Config, flatten
from pn3d.training.batch import TrainData
from pn3d.training.parallel import Step, repeated
from pn3d.training.scene import Scene
from pn3d.training.train_step import make_step

_NEVER_ASKED = (
    "teacher.discriminator.gradient_penalty",
    "teacher.discriminator.input_scale",
    "teacher.discriminator.motion_gain",
    "teacher.optimiser.ema",
)
"""Dials that code only computes with; of the others it also asks whether they are zero."""


class Dial:
    """A number that is not known until the step runs; for code that asks whether it is zero it is not."""

    def __init__(self, value: jax.Array) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return True

    def __gt__(self, other: object) -> bool:
        return True

    def __mul__(self, other: Any) -> jax.Array:
        return self.value * other

    __rmul__ = __mul__


def is_dial(name: str, value: Any) -> bool:
    """Whether a config entry is a dial: a weight of the teacher's, or one of a few other numbers."""
    return isinstance(value, float) and (name.startswith("teacher.loss.") or name in (*_NEVER_ASKED, "augment.noise"))


def dials_of(config: Config) -> dict[str, np.ndarray]:
    """{name: value} of every dial."""
    return {name: np.asarray(value, np.float32) for name, value in flatten(config).items() if is_dial(name, value)}


def structure_of(config: Config) -> tuple[tuple[str, Any], ...]:
    """Everything that is compiled in: configs of one structure share a compiled step."""
    flat = flatten(config)
    return tuple((name, value) for name, value in flat.items() if not is_dial(name, value) and name not in _FREE)


_FREE = ("seed", "preset", "data.builtin_clips", "data.builtin_frames")


def with_dials(config: Config, dials: dict[str, jax.Array]) -> Config:
    """The config with dials in the place of their numbers."""

    def replaced(part: Any, prefix: str) -> Any:
        changes: dict[str, Any] = {}
        for item in dataclasses.fields(part):
            name, value = prefix + item.name, getattr(part, item.name)
            if dataclasses.is_dataclass(value):
                changes[item.name] = replaced(value, name + ".")
            elif name in dials:
                changes[item.name] = dials[name] if name in _NEVER_ASKED else Dial(dials[name])
        return dataclasses.replace(part, **changes)

    result: Config = replaced(config, "")
    return result


def dialled_step(config: Config, scene: Scene) -> Step:
    """Stage 1's dispatch, (state, (data, dials), lane) -> (state, metrics), for every config of this structure."""

    def step(state: Any, data: tuple[TrainData, dict[str, jax.Array]], lane: jax.Array) -> tuple[Any, Any]:
        # Traced anew for each structure only: make_step is pure.
        return make_step(with_dials(config, data[1]), "teacher", scene)(state, data[0], lane)

    return repeated(step, config.run.steps_per_dispatch)


def padded(data: TrainData, frames: int, windows: int) -> TrainData:
    """The data with room for ``frames`` frames and ``windows`` window starts, so that all data have one shape.

    Starts are repeated in turn: each window is drawn about as often as any other.
    """
    have = data.frames.rays.shape[0]
    if have > frames:
        raise ValueError(f"{have} frames do not fit into {frames}")
    grown = jax.tree.map(lambda a: jnp.pad(a, [(0, frames - have)] + [(0, 0)] * (a.ndim - 1)), data.frames)
    order = np.random.default_rng(0).permutation(len(data.starts))
    starts = np.asarray(data.starts)[order]
    return TrainData(frames=grown, starts=jnp.asarray(np.resize(starts, windows)))
