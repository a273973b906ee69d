"""The one loop: dispatches of many steps, log lines, checkpoints, signals. It knows no stage."""

import threading
import time
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from pn3d.config import Config, Stage
from pn3d.files.errors import TrainingDivergedError, UserError
from pn3d.training.batch import TrainData
from pn3d.training.checkpoint import Checkpoints, player_digests
from pn3d.training.parallel import Agreement, mapped_step, repeated, replicate
from pn3d.training.run_folder import RunFolder
from pn3d.training.scene import Scene
from pn3d.training.state import TrainState, stage_optimiser, start_stage
from pn3d.training.train_step import make_step

PROGRESS_SECONDS = 10.0
SelectionScore = Callable[[TrainState], float]
"""What ranks checkpoints from outside of training; lower is better. It knows no 3D."""
NOTHING: Mapping[str, Any] = types.MappingProxyType({})


class StoppedError(Exception):
    """A signal asked the run to stop; its state was saved."""


@dataclass
class Reporter:
    """Where progress goes, and the flag that asks a run to stop.

    Attributes:
        say: prints a line.
        stop: set by a signal handler.
    """

    say: Callable[[str], None]
    stop: threading.Event = field(default_factory=threading.Event)


def check_devices(config: Config, stage: Stage, devices: int) -> None:
    """Raises UserError where the stage's batch or steps cannot be divided."""
    optimiser, block = stage_optimiser(config, stage), config.run.steps_per_dispatch
    if optimiser.batch_size % devices:
        raise UserError(
            f"{stage}.optimiser.batch_size {optimiser.batch_size} is not divisible by the {devices} devices found"
        )
    if stage == "student" and config.student.mixed_share and optimiser.batch_size // devices % 2:
        raise UserError(
            f"student.mixed_share needs an even number of windows on every device; student.optimiser.batch_size "
            f"{optimiser.batch_size} on {devices} devices gives {optimiser.batch_size // devices}"
        )
    counts = {
        f"{stage}.optimiser.steps": optimiser.steps,
        "run.checkpoint_every": config.run.checkpoint_every,
        "run.digest_every": config.run.digest_every,
    }
    for name, steps in counts.items():
        if steps % block:
            raise UserError(f"{name} is {steps}, expected a multiple of run.steps_per_dispatch, which is {block}")


def run_stage(
    config: Config,
    stage: Stage,
    before: TrainState,
    data: TrainData,
    scene: Scene,
    folder: RunFolder,
    mesh: jax.sharding.Mesh,
    reporter: Reporter,
    score: SelectionScore | None = None,
) -> TrainState:
    """Trains a stage to its last step, resuming from its newest intact checkpoint, and returns its final state.

    With a ``score`` it ranks the checkpoints in the place of the stage's loss, is logged with each, and the state of
    the best is returned.

    Raises:
        StoppedError: the stop flag was set; the state was saved.
        TrainingDivergedError: a number was not finite; the last good state was saved.
    """
    check_devices(config, stage, mesh.devices.size)
    state = replicate(start_stage(config, stage, before), mesh)
    with Checkpoints(folder.checkpoints(stage)) as checkpoints:
        restored = checkpoints.restore(state, reporter.say)
        if restored is not None:
            state = restored
            if int(state.bad_step) >= 0:
                raise TrainingDivergedError(
                    f"{stage} diverged at step {int(state.bad_step)} of this run, and would again: "
                    "choose other settings and another --run"
                )
            if int(state.step) < stage_optimiser(config, stage).steps:
                reporter.say(f"{stage}: resuming at step {int(state.step)}")
        folder.forget_after(stage, int(state.step))
        state = _Run(config, stage, scene, folder, mesh, reporter, checkpoints, score).steps(state, data)
        if score is None:
            return state
        best = checkpoints.restore(state, reporter.say, best=True) or state
        reporter.say(f"{stage}: step {int(best.step)} has the best 2D signal and is used")
        return best


def stage_loss(metrics: dict[str, float]) -> float:
    """What ranks the checkpoints of a stage, smaller is better: its own training loss. It knows no 3D."""
    return next(metrics[name] for name in ("loss/pair", "loss/teacher", "loss/student") if name in metrics)


class _Run:
    """The loop of one stage."""

    def __init__(
        self,
        config: Config,
        stage: Stage,
        scene: Scene,
        folder: RunFolder,
        mesh: jax.sharding.Mesh,
        reporter: Reporter,
        checkpoints: Checkpoints,
        score: SelectionScore | None,
    ) -> None:
        self.score = score
        self.stage, self.folder, self.reporter, self.checkpoints = stage, folder, reporter, checkpoints
        self.total, self.block = stage_optimiser(config, stage).steps, config.run.steps_per_dispatch
        self.every, self.digest_every = config.run.checkpoint_every, config.run.digest_every
        self.agreed = Agreement(mesh)
        self.losses: list[float] = []
        self.advance = mapped_step(repeated(make_step(config, stage, scene), self.block), mesh)
        self.began = self.spoke = time.monotonic()

    def steps(self, state: TrainState, data: TrainData) -> TrainState:
        """Dispatches until the last step. Metrics of a dispatch are read while the next one runs."""
        first = done = int(state.step)
        waiting: tuple[int, dict[str, jax.Array]] | None = None
        while done < self.total:
            state, metrics = self.advance(state, data)
            done += self.block
            if waiting is not None:
                self._log(*waiting, first, state)
            waiting = (done, metrics)
            ends_here = self.agreed(self.reporter.stop.is_set())
            saving = done % self.every == 0 or done == self.total or ends_here
            digesting = self.digest_every > 0 and (done % self.digest_every == 0 or done == self.total)
            if saving or digesting:
                extra: dict[str, Any] = {"digest": player_digests(state)} if digesting else {}
                if saving and self.score is not None:
                    extra["signal"] = self.score(state)
                self._log(*waiting, first, state, extra)
                waiting = None
            if saving:
                rank = extra.get("signal", float(np.mean(self.losses)))
                self.checkpoints.save(state, rank, extra["digest"]["state"] if digesting else None)
                self.losses.clear()
            if ends_here:
                raise StoppedError(f"{self.stage} stopped at step {done} of {self.total}; the same command resumes it")
        return state

    def _log(
        self,
        step: int,
        metrics: dict[str, jax.Array],
        first: int,
        state: TrainState,
        extra: Mapping[str, Any] = NOTHING,
    ) -> None:
        values = {name: float(np.asarray(value)) for name, value in metrics.items()}
        if not np.isfinite(list(values.values())).all():
            self._diverged(sorted(values), state)
        wall = time.monotonic() - self.began
        self.folder.log({"stage": self.stage, "step": step, "wall_s": round(wall, 3)} | values | dict(extra))
        total = stage_loss(values)
        self.losses.append(total)
        now = time.monotonic()
        if now - self.spoke >= PROGRESS_SECONDS or step == self.total:
            self.spoke = now
            rate = (step - first) / max(wall, 1e-9)
            self.reporter.say(
                f"{self.stage} step {step}/{self.total}  loss {total:.4f}  {rate:.2f} steps/s  "
                f"{(self.total - step) / max(rate, 1e-9):.0f} s left"
            )

    def _diverged(self, names: list[str], state: TrainState) -> None:
        """The step itself kept the last good state; it is saved and named."""
        step, name = int(state.bad_step), names[int(state.bad_metric)]
        # Never the best: it ends where a number was lost.
        self.checkpoints.save(state, float(np.finfo(np.float32).max))
        kind, _, what = name.partition("/")
        described = f"player {what}, {kind}" if kind != "loss" else f"term {what}"
        raise TrainingDivergedError(
            f"{self.stage} diverged: {described} was not finite at step {step}; "
            f"the state before it is saved in {self.folder.checkpoints(self.stage)}"
        )
