"""How predictions bear changed files: ``python -m benchmarks.robustness.predictions --weights FILE --data FILE``.

One table of teacher and student for built-in held-out motion and for each ``--data`` file: exact and noisy 2D, swaps,
drops, masked joints, the COCO joints alone, the camera's roll, 15 and 60 frames per second, distance and, where the
file knows its world, the camera's elevation. ``--cameras`` leaves all but roll and elevation out.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.robustness import changed_clips as changed
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import find_weights, start_jax
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.joints import true_joints
from pn3d.evaluation.metrics import frame_errors
from pn3d.evaluation.report import align
from pn3d.files.atomic import write_json
from pn3d.inference.predict import predict
from pn3d.inference.prediction import Prediction
from pn3d.inference.weights import Weights
from pn3d.synthetic.scenes import held_out_clips

Score = dict[str, float]
Condition = Callable[[Clips], Clips]

NOISE_SHARES = (0.005, 0.0165, 0.03, 0.05)
DISTANCES_M = (2.5, 4.0, 8.0, 15.0)
ROLLS_DEG = (10.0, 20.0, 30.0)
ELEVATIONS_DEG = (-20.0, -10.0, 0.0, 15.0, 30.0, 45.0)

CONDITIONS: dict[str, Condition] = {
    "as it is": lambda clips: clips,
    **{f"noise {100 * share:g} % of height": partial(changed.with_noise, share=share) for share in NOISE_SHARES},
    "simulated detector": changed.with_detector,
    "left-right swaps 2 %": lambda clips: changed.with_swaps(clips, 0.02),
    "left-right swaps 10 %": lambda clips: changed.with_swaps(clips, 0.10),
    "drops 5 %": lambda clips: changed.with_drops(clips, 0.05),
    "drops 20 %": lambda clips: changed.with_drops(clips, 0.20),
    "no wrists": lambda clips: changed.without_joints(clips, ("left_wrist", "right_wrist")),
    "no right arm": lambda clips: changed.without_joints(clips, ("right_elbow", "right_wrist")),
    "no right leg": lambda clips: changed.without_joints(clips, ("right_knee", "right_ankle")),
    "no legs": lambda clips: changed.without_joints(clips, ("right_knee", "right_ankle", "left_knee", "left_ankle")),
    "no hips, no legs": changed.without_lower_body,
    "no hips, no legs from a third on": lambda clips: changed.without_lower_body(clips, 1 / 3),
    "COCO joints": changed.as_coco,
}


class Predictor:
    """Weights with their body, and what they score."""

    def __init__(self, weights: Weights) -> None:
        self.weights, self.body, self.landmarks = weights, builtin_body(), builtin_landmarks()

    def predict(self, clips: Clips) -> Prediction:
        """Of these clips."""
        return predict(self.weights, clips, self.body, self.landmarks)

    def joints(self, clips: Clips) -> dict[str, np.ndarray]:
        """{player: (N, 17, 3)}."""
        return joints_of(self.predict(clips))

    def score(self, clips: Clips, truth_m: np.ndarray) -> dict[str, Score]:
        """{player: scores} over all frames."""
        return {player: score_of(joints, truth_m) for player, joints in self.joints(clips).items()}


def joints_of(prediction: Prediction) -> dict[str, np.ndarray]:
    """{player: (N, 17, 3)}."""
    both = {"teacher": prediction.teacher_joints_cam_m}
    return both if prediction.joints_cam_m is None else both | {"student": prediction.joints_cam_m}


def score_of(joints_m: np.ndarray, truth_m: np.ndarray) -> Score:
    """The numbers that the table shows."""
    errors = frame_errors(joints_m, truth_m)
    return {
        "pa_mpjpe_mm": float(errors.pa_mpjpe_mm.mean()),
        "n_mpjpe_mm": float(errors.n_mpjpe_mm.mean()),
        "depth_flipped_frac": float(errors.depth_flipped.mean()),
    }


def rates(predictor: Predictor, clips: Clips) -> dict[str, dict[str, Score]]:
    """15 and 60 frames per second, each beside the file's own rate on the same frames."""
    truth = true_joints(clips)
    half, kept = changed.every_other(clips)
    double, places = changed.doubled(clips)
    own, slow, fast = (predictor.joints(part) for part in (clips, half, double))
    return {
        "own rate, every second frame": {name: score_of(joints[kept], truth[kept]) for name, joints in own.items()},
        "half the rate, the same frames": {name: score_of(joints, truth[kept]) for name, joints in slow.items()},
        "twice the rate, the file's frames": {name: score_of(joints[places], truth) for name, joints in fast.items()},
    }


def conditions(predictor: Predictor, clips: Clips, names: Sequence[str]) -> dict[str, dict[str, Score]]:
    """Those of ``CONDITIONS`` on one file."""
    truth = true_joints(clips)
    return {name: predictor.score(CONDITIONS[name](clips), truth) for name in names}


def study(predictor: Predictor, clips: Clips) -> dict[str, dict[str, Score]]:
    """Every condition on one file."""
    rows = conditions(predictor, clips, list(CONDITIONS))
    rows |= rates(predictor, clips)
    for distance in DISTANCES_M:
        moved = changed.seen_from(clips, distance_m=distance)
        rows[f"from {distance:g} m"] = predictor.score(moved, true_joints(moved))
    return rows | cameras(predictor, clips)


def cameras(predictor: Predictor, clips: Clips) -> dict[str, dict[str, Score]]:
    """Cameras that are not upright or that look from below or above."""
    rows = {"as it is": predictor.score(clips, true_joints(clips))}
    for roll in ROLLS_DEG:
        turned = changed.rolled(clips, roll)
        rows[f"camera rolled by {roll:g} degrees"] = predictor.score(turned, true_joints(turned))
    if clips.up_cam is not None:
        for elevation in ELEVATIONS_DEG:
            moved = changed.seen_from(clips, elevation_deg=elevation)
            rows[f"camera at {elevation:g} degrees"] = predictor.score(moved, true_joints(moved))
    return rows


def table(rows: dict[str, dict[str, Score]]) -> str:
    """PA, N-MPJPE and share of depth-flipped frames of each player, and what PA loses against the file as it is."""
    players = list(next(iter(rows.values())))
    lines = [["condition", *(f"{player} PA / N mm, flipped" for player in players)]]
    first = next(iter(rows.values()))
    for name, scores in rows.items():
        cells = [name]
        for player in players:
            score = scores[player]
            change = score["pa_mpjpe_mm"] - first[player]["pa_mpjpe_mm"]
            numbers = f"{score['pa_mpjpe_mm']:.1f} ({change:+.1f}) / {score['n_mpjpe_mm']:.1f}"
            cells.append(f"{numbers}, {100 * score['depth_flipped_frac']:.1f} %")
        lines.append(cells)
    return align(lines)


def main() -> None:
    """Prints a table for each file and writes the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights", metavar="FILE")
    source.add_argument("--run", metavar="DIR")
    parser.add_argument("--data", nargs="*", default=[], metavar="FILE", help="files with truth")
    parser.add_argument("--cameras", action="store_true", help="roll and elevation only")
    parser.add_argument("--only", nargs="+", choices=CONDITIONS, metavar="NAME", help="these conditions alone")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    print(start_jax(), flush=True)
    weights, name = find_weights(options.run, options.weights)
    predictor = Predictor(weights)
    document: dict[str, Any] = {"weights": name, "sha256": weights.sha256, "files": {}}
    files: dict[str, Clips] = {"built-in held-out motion": held_out_clips()}
    files |= {Path(path).name: read_clips(Path(path), truth=True) for path in options.data}
    for label, clips in files.items():
        if options.only:
            rows = conditions(predictor, clips, options.only)
        else:
            rows = cameras(predictor, clips) if options.cameras else study(predictor, clips)
        document["files"][label] = rows
        print(f"\n{label}, {clips.frames} frames\n{table(rows)}", flush=True)
    if options.json:
        write_json(options.json, json.loads(json.dumps(document)))


if __name__ == "__main__":
    main()
