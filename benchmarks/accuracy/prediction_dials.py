"""What a weights' card chooses for prediction: one row for each value.

    python -m benchmarks.accuracy.prediction_dials depth_sigma 0 0.15 0.3 [--weights FILE] [--data FILE … built-in …]
    python -m benchmarks.accuracy.prediction_dials depth_sigma 0.3 --write     into the weights' card

``depth_sigma``: what residuals of the teacher's depths are measured by in the fit, head-root units; 0 leaves them out.
``least_confidence``: the confidence at which the networks are shown what is seen, at least.
Data are files with truth, and ``built-in`` and ``built-in-families``, each as it is or with a simulated detector
(``built-in:jitter``, ``built-in-families:lasting``). PA-MPJPE and MPJPE of the student in mm, frames whose mirrored
depth is nearer to the truth in per cent, acceleration error in mm/frame^2; the teacher's PA-MPJPE behind.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import start_jax
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.evaluate import score_joints
from pn3d.files.atomic import write_json
from pn3d.inference.predict import predict
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights
from pn3d.synthetic.scenes import held_out_clips, held_out_family_clips

ROOM_OF = {"depth_sigma": "fit", "least_confidence": "windows"}
"""Where the card keeps each."""


def clips_of(name: str) -> Clips:
    """A file with truth, or one of the two built-in sets by its name and the simulated detector's."""
    motion, _, form = name.partition(":")
    made = {"built-in": held_out_clips, "built-in-families": held_out_family_clips}.get(motion)
    return read_clips(Path(name), truth=True) if made is None else made(detector_noise=form or False)  # type: ignore[arg-type]


def row(scores: Mapping[str, Any]) -> str:
    """The student's numbers, those of each action where there are few."""
    actions = scores["per_action"]
    apart = " (" + " / ".join(f"{value:.1f}" for value in actions.values()) + ")" if 1 < len(actions) < 4 else ""
    return (
        f"PA {scores['pa_mpjpe_mm']:.2f}{apart}, MPJPE {scores['mpjpe_mm']:.1f}, "
        f"flipped {100 * scores['depth_flipped_frac']:.1f} %, acceleration {scores['accel_err_mm_per_frame2']:.2f}"
    )


def main() -> None:
    """Prints the table, or writes a choice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dial", choices=ROOM_OF)
    parser.add_argument("values", type=float, nargs="+")
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS)
    parser.add_argument("--data", nargs="+", default=["built-in", "built-in-families"])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    room = ROOM_OF[options.dial]
    if options.write:
        path = options.weights.with_suffix(".json")
        write_json(path, json.loads(path.read_text()) | {room: {options.dial: options.values[0]}})
        print(f"{path}: {room}.{options.dial} {options.values[0]:g} written")
        return
    start_jax()
    weights = load_weights(options.weights)
    for name in options.data:
        clips = clips_of(name)
        print(f"{name}: {clips.frames} frames")
        for value in options.values:
            chosen = replace(weights, facts=weights.facts | {room: {options.dial: value}})
            found = predict(chosen, clips, builtin_body(), builtin_landmarks())
            assert found.joints_cam_m is not None
            teacher = score_joints(found.teacher_joints_cam_m, clips, metric_scale=False)["pa_mpjpe_mm"]
            student = row(score_joints(found.joints_cam_m, clips, metric_scale=True))
            print(f"  {value:4g}  {student}; teacher {teacher:.2f}", flush=True)


if __name__ == "__main__":
    main()
