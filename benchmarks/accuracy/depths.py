"""How much the teacher's depths should count in the fit at prediction: one row for each sigma.

    python -m benchmarks.accuracy.depths [--weights FILE] [--data FILE … built-in built-in-families] [--sigma 0 0.3 …]
    python -m benchmarks.accuracy.depths --write 0.3 [--weights FILE]          into the weights' card

Sigma is what residuals of depth are measured by, head-root units; 0 leaves depths out. PA-MPJPE and MPJPE in mm, frames
whose mirrored depth is nearer to the truth in per cent, acceleration error in mm/frame^2; the teacher's PA-MPJPE first.
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

SIGMAS = (0.0, 0.15, 0.2, 0.3, 0.5)


def clips_of(name: str) -> Clips:
    """A file with truth, or one of the two built-in sets by its name."""
    if name == "built-in":
        return held_out_clips()
    return held_out_family_clips() if name == "built-in-families" else read_clips(Path(name), truth=True)


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
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS)
    parser.add_argument("--data", nargs="+", default=["built-in", "built-in-families"])
    parser.add_argument("--sigma", type=float, nargs="+", default=SIGMAS)
    parser.add_argument("--write", type=float, metavar="SIGMA")
    options = parser.parse_args()
    if options.write is not None:
        path = options.weights.with_suffix(".json")
        write_json(path, json.loads(path.read_text()) | {"fit": {"depth_sigma": options.write}})
        print(f"{path}: fit.depth_sigma {options.write:g} written")
        return
    start_jax()
    weights = load_weights(options.weights)
    for name in options.data:
        clips = clips_of(name)
        for index, sigma in enumerate(options.sigma):
            chosen = replace(weights, facts=weights.facts | {"fit": {"depth_sigma": sigma}})
            found = predict(chosen, clips, builtin_body(), builtin_landmarks())
            assert found.joints_cam_m is not None
            if not index:
                teacher = score_joints(found.teacher_joints_cam_m, clips, metric_scale=False)
                print(f"{name}: {clips.frames} frames, teacher {teacher['pa_mpjpe_mm']:.2f}")
            print(f"  sigma {sigma:4g}  {row(score_joints(found.joints_cam_m, clips, metric_scale=True))}", flush=True)


if __name__ == "__main__":
    main()
