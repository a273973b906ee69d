"""What the method is compared with: ``python -m benchmarks.accuracy.references --data FILE --train FILE``.

Rows: the flat skeleton; the supervised twin, cross-validated on the scenes of ``--data`` and trained on built-in
motion; a flow prior in the place of the discriminators; the paper's terms alone; fitting the body frame by frame; and
the method itself (stage 1). Finished rows are kept in ``--json``, with what they were made from, and skipped.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.reference_flow import train_with_flow
from benchmarks.accuracy.reference_smplify import fit_frames
from benchmarks.accuracy.reference_twin import cross_validated, train_twin, twin_joints
from benchmarks.accuracy.study_train import Trainer, snapshots, study_config, teacher_weights
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import start_jax, training_clips
from pn3d.config import Config
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.baselines import flat_joints
from pn3d.evaluation.evaluate import score_joints
from pn3d.evaluation.metrics import frame_errors
from pn3d.evaluation.report import align
from pn3d.files.atomic import write_json
from pn3d.inference.predict import predict
from pn3d.inference.weights import load_weights
from pn3d.synthetic.scenes import make_synthetic_clips

Scores = dict[str, Any]
_SHOWN = ("pa_mpjpe_mm", "n_mpjpe_mm", "depth_flipped_frac", "accel_err_mm_per_frame2")


class References:
    """The rows as methods of one name each."""

    def __init__(self, options: argparse.Namespace, data: Clips) -> None:
        self.options, self.data = options, data

    def _config(self, preset: str) -> Config:
        overrides: dict[str, Any] = {}
        if self.options.steps:
            overrides["teacher.optimiser.steps"] = self.options.steps
        if self.options.batch:
            overrides["teacher.optimiser.batch_size"] = self.options.batch
        return study_config(preset, self.options.seed, overrides)

    def _train(self) -> Clips:
        return training_clips(self.options.train, 30.0)

    def _score(self, joints: np.ndarray) -> Scores:
        scores = score_joints(joints, self.data, metric_scale=False)
        return {name: scores[name] for name in _SHOWN if name in scores}

    def _method(self, preset: str) -> Scores:
        """Stage 1 of a preset."""
        config = self._config(preset)
        folder = Path(self.options.json).parent / f"reference-{preset}-seed{self.options.seed}"
        Trainer(0).train(config, self._train(), folder, every=max(500, config.teacher.optimiser.steps // 4))
        weights = load_weights(snapshots(folder)[-1][1])
        return self._score(predict(weights, self.data, builtin_body(), builtin_landmarks()).teacher_joints_cam_m)

    def flat(self) -> Scores:
        """No depth at all."""
        return self._score(flat_joints(self.data))

    def twin(self) -> Scores:
        """The supervised twin, cross-validated by scene."""
        return self._score(cross_validated(self._config("cmu"), self.data))

    def twin_builtin(self) -> Scores:
        """The supervised twin on built-in motion."""
        config = self._config("cmu")
        made = make_synthetic_clips(config.seed, config.data.builtin_clips, config.data.builtin_frames)
        return self._score(twin_joints(config, train_twin(config, made), self.data))

    def flow(self) -> Scores:
        """A flow prior in the place of the discriminators."""
        config = self._config("cmu")
        weights = teacher_weights(config, train_with_flow(config, self._train()))
        return self._score(predict(weights, self.data, builtin_body(), builtin_landmarks()).teacher_joints_cam_m)

    def paper(self) -> Scores:
        """The paper's terms and Chen's views."""
        return self._method("paper")

    def method(self) -> Scores:
        """Ours, stage 1."""
        return self._method("cmu")

    def fit(self) -> Scores:
        """The built-in body fitted to the keypoints of evenly spread frames."""
        frames = np.linspace(0, self.data.frames - 1, min(self.options.fit_frames, self.data.frames)).astype(int)
        joints = fit_frames(self.data, frames)
        assert self.data.joints_cam is not None
        errors = frame_errors(joints, self.data.joints_cam[frames])
        return {
            "pa_mpjpe_mm": float(errors.pa_mpjpe_mm.mean()),
            "n_mpjpe_mm": float(errors.n_mpjpe_mm.mean()),
            "depth_flipped_frac": float(errors.depth_flipped.mean()),
            "frames": len(frames),
        }


ROWS = ("flat", "method", "paper", "flow", "twin", "twin_builtin", "fit")


def _table(results: dict[str, Scores]) -> str:
    lines = [["row", "PA-MPJPE", "N-MPJPE", "flipped %", "accel", "seconds"]]
    for name, scores in results.items():
        acceleration = scores.get("accel_err_mm_per_frame2")
        lines.append(
            [
                name,
                f"{scores['pa_mpjpe_mm']:.1f}",
                f"{scores['n_mpjpe_mm']:.1f}",
                f"{100 * scores['depth_flipped_frac']:.2f}",
                "–" if acceleration is None else f"{acceleration:.2f}",
                f"{scores['seconds']:.0f}",
            ]
        )
    return align(lines)


def made_from(options: argparse.Namespace) -> dict[str, Any]:
    """What determines a row: files by their digest, and settings."""
    files = [hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in (options.data, *options.train)]
    return {"files": files} | {name: getattr(options, name) for name in ("seed", "steps", "batch", "fit_frames")}


def main() -> None:
    """Runs the rows that are not there yet, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, metavar="FILE", help="native file with truth")
    parser.add_argument("--train", nargs="+", required=True, metavar="FILE", help="native files; only 2D is read")
    parser.add_argument("--json", default="runs/references/results.json", metavar="FILE")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=0, help="of each training (default: the preset's)")
    parser.add_argument("--batch", type=int, default=0, help="windows per step (default: the preset's)")
    parser.add_argument("--fit-frames", type=int, default=1080)
    options = parser.parse_args()
    print(start_jax(), flush=True)
    path = Path(options.json)
    path.parent.mkdir(parents=True, exist_ok=True)
    results: dict[str, Scores] = {}
    kept: dict[str, Any] = {"made_from": made_from(options), "rows": results}
    if path.exists():
        found = json.loads(path.read_text())
        if found.get("made_from") != kept["made_from"]:
            parser.error(
                f"{path} holds rows of other files or settings ({found.get('made_from')}); name another --json"
            )
        results.update(found["rows"])
    rows = References(options, replace(read_clips(Path(options.data), truth=True), scored=None))
    for name in options.rows:
        if name in results:
            continue
        began = time.monotonic()
        make: Callable[[], Scores] = getattr(rows, name)
        results[name] = make() | {"seconds": round(time.monotonic() - began, 1)}
        write_json(path, kept)
        print(f"{name}: {results[name]['pa_mpjpe_mm']:.1f} mm", flush=True)
    print(_table(results))


if __name__ == "__main__":
    main()
