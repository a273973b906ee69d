"""What the studies share: data by name, teacher-only training with snapshots along the way, and how a snapshot scores.

Training sees clips without truth. Snapshots are averaged weights, ``step_00500.npz`` and so on, in the run's folder.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.accuracy.study_dials import dialled_step, dials_of, padded, structure_of
from benchmarks.robustness.changed_clips import seen_from
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import training_clips
from pn3d.config import Config, preset, validate, with_overrides
from pn3d.data.clips import Clips, concatenate, select, without_truth
from pn3d.data.rays import frame_rays
from pn3d.data.windows import window_starts
from pn3d.evaluation.evaluate import Scores, score_joints
from pn3d.files.errors import TrainingDivergedError
from pn3d.inference.predict import predict
from pn3d.inference.weights import Weights, save_weights
from pn3d.models.networks import Params
from pn3d.synthetic.scenes import held_out_clips, make_synthetic_clips
from pn3d.training.batch import TrainData
from pn3d.training.model_selection import split_by_name
from pn3d.training.parallel import device_mesh, mapped_step, replicate
from pn3d.training.scene import make_scene
from pn3d.training.state import init_state, start_stage

DataChoice = Literal["files", "builtin", "builtin-below", "both"]

_BELOW_DEG = (-25.0, 25.0)
SEEN_BELOW_DEG = -20.0

KEPT_SCORES = ("pa_mpjpe_mm", "n_mpjpe_mm", "depth_flipped_frac", "accel_err_mm_per_frame2", "bone_std_pct")


def study_clips(
    files: list[str], choice: DataChoice, config: Config, frames: int | None = None, cameras: tuple[str, ...] = ()
) -> tuple[Clips, Clips]:
    """(training clips, held-out 2D) without truth; the held-out 2D is that of the files, whatever is trained on.

    Args:
        files: native keypoint files.
        choice: train on the files, on built-in motion, on built-in motion whose cameras also stand below the person,
            or on files and built-in motion.
        config: built-in clips and seed.
        frames: at most about this many frames of the files, whole clips drawn in an order fixed by their names.
        cameras: keep only clips of the files whose name ends in one of these.
    """
    own, held_out = split_by_name(training_clips(files, config.model.frame_rate))
    if cameras:
        own = select(own, [i for i, name in enumerate(own.clip_name) if str(name).endswith(cameras)])
    if frames is not None:
        order = sorted(range(own.num_clips), key=lambda i: hashlib.sha256(str(own.clip_name[i]).encode()).digest())
        count = int(np.searchsorted(np.cumsum(own.lengths[order]), frames)) + 1
        own = select(own, sorted(order[:count]))
    if choice == "files":
        return own, held_out
    made = make_synthetic_clips(config.seed, config.data.builtin_clips, config.data.builtin_frames)
    if choice == "builtin-below":
        made = seen_from(made, elevation_deg=np.random.default_rng(config.seed).uniform(*_BELOW_DEG, made.num_clips))
    made = without_truth(made)
    if choice != "both":
        return made, held_out
    # Files without cameras have assumed ones; joined clips must all have them or none.
    parts = [replace(part, intrinsics=None) if own.intrinsics is None else part for part in (own, made)]
    return concatenate(parts), held_out


def study_config(preset_name: str, seed: int, overrides: dict[str, Any]) -> Config:
    """A preset with overrides by name, as ``--set`` makes them."""
    return validate(with_overrides(with_overrides(preset(preset_name), {"seed": seed}), overrides))


def train_data(config: Config, clips: Clips) -> TrainData:
    """Rays and window starts of clips, on the device."""
    starts, _ = window_starts(clips, config.model.window)
    return TrainData(frames=frame_rays(clips), starts=jnp.asarray(starts))


def teacher_weights(config: Config, teacher: Params, facts: dict[str, Any] | None = None) -> Weights:
    """A teacher alone, as weights that predict and eval read."""
    body = builtin_body()
    host = jax.tree.map(np.asarray, teacher)
    return Weights(config, host, None, body.name, body.sha256, facts={"stage": "teacher"} | (facts or {}))


def snapshot_path(folder: Path, step: int) -> Path:
    """Where the averaged weights of a step are."""
    return folder / f"step_{step:05d}.npz"


def snapshots(folder: Path) -> list[tuple[int, Path]]:
    """Steps and files of a folder's snapshots, in order."""
    return [(int(path.stem.removeprefix("step_")), path) for path in sorted(folder.glob("step_*.npz"))]


class Trainer:
    """Trains teachers one after another; configs that differ in dials, data or seed share one compiled step."""

    def __init__(self, most_frames: int, windows: int = 65536) -> None:
        self.most_frames, self.windows = most_frames, windows
        self.mesh = device_mesh()
        self.structure: Any = None
        self.advance: Any = None

    def train(self, config: Config, clips: Clips, folder: Path, every: int) -> dict[str, float]:
        """Stage 1, its averaged weights saved each ``every`` steps; returns the last dispatch's metrics.

        Raises:
            TrainingDivergedError: a number was not finite.
        """
        folder.mkdir(parents=True, exist_ok=True)
        block, total = config.run.steps_per_dispatch, config.teacher.optimiser.steps
        if self.structure != structure_of(config):
            scene = make_scene(config.model, builtin_body(), builtin_landmarks())
            self.advance = mapped_step(dialled_step(config, scene), self.mesh)
            self.structure = structure_of(config)
        data = padded(train_data(config, clips), max(self.most_frames, clips.frames), self.windows)
        inputs = replicate((data, dials_of(config)), self.mesh)
        state = replicate(start_stage(config, "teacher", init_state(config)), self.mesh)
        metrics: dict[str, jax.Array] = {}
        for done in range(block, total + 1, block):
            state, metrics = self.advance(state, inputs)
            if done % every == 0 or done >= total:
                if int(state.bad_step) >= 0:
                    raise TrainingDivergedError(f"teacher diverged at step {int(state.bad_step)}")
                save_weights(snapshot_path(folder, done), teacher_weights(config, state.teacher.ema, {"step": done}))
        return {name: float(np.asarray(value)) for name, value in metrics.items()}


def teacher_scores(weights: Weights, clips: Clips) -> Scores:
    """The teacher's numbers on a file with truth, those that a study keeps."""
    prediction = predict(replace(weights, student=None), clips, builtin_body(), builtin_landmarks())
    scores = score_joints(prediction.teacher_joints_cam_m, clips, metric_scale=False)
    return {name: scores[name] for name in KEPT_SCORES if name in scores}


def builtin_scores(weights: Weights) -> Scores:
    """The teacher's numbers on the built-in held-out motion, whose truth anybody can make."""
    return teacher_scores(weights, held_out_clips())


def below_scores(weights: Weights) -> Scores:
    """The same motion from a camera that looks up at the person."""
    return teacher_scores(weights, seen_from(held_out_clips(), elevation_deg=SEEN_BELOW_DEG))
