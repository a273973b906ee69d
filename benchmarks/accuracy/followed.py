"""What following fast limbs brings: ``python -m benchmarks.accuracy.followed --data FILE …``, without and with it.

Errors against the truth (acceleration in mm/frame^2), reprojection of measured joints in pixels, and the highest
speeds of wrists and ankles in the picture over those of sure keypoints (``benchmarks.accuracy.amplitude``).
"""

import argparse
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.accuracy.amplitude import FAST, amplitudes, error_when_fast
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import start_jax
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.evaluate import score_joints
from pn3d.inference import clip
from pn3d.inference.predict import predict
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights
from pn3d.synthetic.scenes import held_out_clips

SURE = 0.5


def row(weights: Weights, clips: Clips) -> str:
    """The cells of one prediction."""
    found = predict(weights, clips, builtin_body(), builtin_landmarks())
    assert found.joints_cam_m is not None
    assert found.reprojected_px is not None
    scores = score_joints(found.joints_cam_m, clips, metric_scale=True)
    distance = np.linalg.norm(found.reprojected_px - found.keypoints_px, axis=-1)[found.input_confidence > 0]
    kept = amplitudes(found, found.keypoints_px, SURE)
    cells = [
        *(f"{scores[name]:.2f}" for name in ("pa_mpjpe_mm", "mpjpe_mm", "accel_err_mm_per_frame2")),
        f"{distance.mean():.2f}",
        " / ".join(f"{100 * kept[joint]:.0f}" for joint in FAST),
        f"{error_when_fast(found, SURE):.2f}",
    ]
    return " | ".join(cells)


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description="Fast limbs left as they are, and followed.")
    parser.add_argument("--data", nargs="+", metavar="FILE", required=True, help="files with truth, or built-in")
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS)
    options = parser.parse_args()
    start_jax()
    weights = load_weights(options.weights)
    print("| | PA-MPJPE | MPJPE | acceleration error | reprojection px | amplitude, % | fastest over mean |")
    print("|---|---|---|---|---|---|---|")
    for name in options.data:
        clips = held_out_clips(detector_noise=True) if name == "built-in" else read_clips(Path(name), truth=True)
        with patch.object(clip, "followed_limbs", lambda student, posed, *rest: posed):
            print(f"| {Path(name).stem}, left | {row(weights, clips)} |", flush=True)
        print(f"| {Path(name).stem}, followed | {row(weights, clips)} |", flush=True)


if __name__ == "__main__":
    main()
