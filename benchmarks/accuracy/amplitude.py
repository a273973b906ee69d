"""Whether fast motion keeps its amplitude: ``python -m benchmarks.accuracy.amplitude --data FILE … [--punches FILE]``.

Rows for every way of averaging (``predict --smooth``). Speeds are in the picture, relative to the middle of the hips,
over frames in which the joint and the hips are sure; the 99th percentile of the reprojection's over that of the
keypoints' (and, with ``--exact``, of the truth's picture). Reprojection error of sure joints in the fastest 5 % of the
frames, by the mean speed of all joints over 0.2 s, over that of all frames. Acceleration error against the truth.

``--punches``: a detector's file of a boxer; the elbow's least angle in the picture's straightest arms.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import start_jax
from pn3d.data.clips import Clips, read_clips
from pn3d.data.joints17 import to_h36m17
from pn3d.detectors import person_clips, read_keypoints
from pn3d.evaluation.evaluate import score_joints
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.predict import predict
from pn3d.inference.prediction import Prediction
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights
from pn3d.synthetic.scenes import held_out_clips

FAST = ("left_wrist", "right_wrist", "left_ankle", "right_ankle")
SMOOTH: dict[str, float | None] = {"auto": None, "none": 0.0, "0.25 s": 0.25}
_HIPS = [H36M17.index("left_hip"), H36M17.index("right_hip")]


def speeds_px_s(points_px: np.ndarray, joint: int, prediction: Prediction) -> np.ndarray:
    """(N,) speed of a joint relative to the hips; 0 in a clip's first frame."""
    relative = points_px[:, joint] - points_px[:, _HIPS].mean(axis=1)
    speed = np.zeros(len(relative))
    for (begin, end), fps in zip(itertools.pairwise(prediction.clip_start), prediction.fps, strict=True):
        speed[begin + 1 : end] = np.linalg.norm(np.diff(relative[begin:end], axis=0), axis=1) * fps
    return speed


def amplitudes(prediction: Prediction, seen_px: np.ndarray, sure: float) -> dict[str, float]:
    """Joint -> 99th percentile of its speed in the reprojection over that in ``seen_px``."""
    assert prediction.reprojected_px is not None
    certain = prediction.input_confidence >= sure
    found = {}
    for name in FAST:
        joint = H36M17.index(name)
        here = certain[:, joint] & certain[:, _HIPS].all(axis=1)
        here[1:] &= here[:-1]
        here[prediction.clip_start[:-1]] = False
        ours, theirs = (speeds_px_s(px, joint, prediction)[here] for px in (prediction.reprojected_px, seen_px))
        found[name] = float(np.percentile(ours, 99) / np.percentile(theirs, 99))
    return found


def error_when_fast(prediction: Prediction, sure: float) -> float:
    """Mean reprojection error of sure joints in the fastest 5 % of the frames over that in all frames."""
    assert prediction.reprojected_px is not None
    certain = prediction.input_confidence >= sure
    distance = np.linalg.norm(prediction.reprojected_px - prediction.keypoints_px, axis=-1)
    error = (distance * certain).sum(axis=1) / np.maximum(certain.sum(axis=1), 1)
    speed = np.zeros(len(error))
    for (begin, end), fps in zip(itertools.pairwise(prediction.clip_start), prediction.fps, strict=True):
        px = prediction.keypoints_px[begin:end] - prediction.keypoints_px[begin:end, _HIPS].mean(axis=1, keepdims=True)
        index, reach = np.arange(end - begin), max(1, round(0.1 * float(fps)))
        way = px[np.minimum(index + reach, index[-1])] - px[np.maximum(index - reach, 0)]
        speed[begin:end] = (np.linalg.norm(way, axis=-1) * certain[begin:end]).sum(axis=1)
        speed[begin:end] /= np.maximum(certain[begin:end].sum(axis=1), 1)
    some = certain.any(axis=1)
    fastest = some & (speed >= np.percentile(speed[some], 95))
    return float(error[fastest].mean() / error[some].mean())


def measure(weights: Weights, clips: Clips, exact: Clips | None, sure: float) -> None:
    """Prints a row for each way of averaging."""
    for name, smooth_s in SMOOTH.items():
        found = predict(weights, clips, builtin_body(), builtin_landmarks(), smooth_s=smooth_s)
        assert found.joints_cam_m is not None
        kept = [amplitudes(found, found.keypoints_px, sure)]
        if exact is not None:
            kept.append(amplitudes(found, to_h36m17(exact).keypoints, sure))
        shares = ", ".join(f"{joint} {'/'.join(f'{one[joint]:.0%}' for one in kept)}" for joint in FAST)
        scores = score_joints(found.joints_cam_m, clips, metric_scale=True)
        actions = " / ".join(f"{value:.1f}" for value in scores["per_action"].values()) if exact is not None else ""
        print(
            f"  {name:7s} {shares}; fastest 5 % {error_when_fast(found, sure):.2f} of the mean; "
            f"acceleration {scores['accel_err_mm_per_frame2']:.2f}; PA {scores['pa_mpjpe_mm']:.2f} {actions}",
            flush=True,
        )


def elbow_deg(joints: np.ndarray, side: str) -> np.ndarray:
    """(N, J, D) -> (N,) bend of the elbow, 0 = straight."""
    shoulder, elbow, wrist = (joints[:, H36M17.index(f"{side}_{part}")] for part in ("shoulder", "elbow", "wrist"))
    upper, lower = elbow - shoulder, wrist - elbow
    cosine = (upper * lower).sum(axis=1) / np.maximum(
        np.linalg.norm(upper, axis=1) * np.linalg.norm(lower, axis=1), 1e-9
    )
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def measure_punches(weights: Weights, path: str) -> None:
    """Prints how far arms that are straight in the picture are bent in the result."""
    clips = person_clips(read_keypoints(path))
    for name, smooth_s in SMOOTH.items():
        found = predict(weights, clips, builtin_body(), builtin_landmarks(), smooth_s=smooth_s)
        assert found.joints_cam_m is not None
        row = []
        for side in ("left", "right"):
            seen = elbow_deg(found.keypoints_px, side)
            arm_px = (
                found.keypoints_px[:, H36M17.index(f"{side}_wrist")]
                - found.keypoints_px[:, H36M17.index(f"{side}_shoulder")]
            )
            length = np.linalg.norm(arm_px, axis=1)
            straight = (seen < 12) & (length > np.percentile(length, 90))
            bends = [
                elbow_deg(joints, side)[straight].mean() for joints in (found.teacher_joints_cam_m, found.joints_cam_m)
            ]
            row.append(
                f"{side} {straight.sum()} frames, picture {seen[straight].mean():.0f}, "
                f"teacher {bends[0]:.0f}, student {bends[1]:.0f} degrees"
            )
        print(f"  {name:7s} " + "; ".join(row), flush=True)


def main() -> None:
    """Prints the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="*", default=[], metavar="FILE", help="files with truth, or built-in")
    parser.add_argument(
        "--exact", nargs="*", default=[], metavar="FILE", help="the same frames with the truth's picture"
    )
    parser.add_argument("--punches", metavar="FILE")
    parser.add_argument("--sure", type=float, default=0.5, help="confidence from which on a keypoint is sure")
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS)
    options = parser.parse_args()
    start_jax()
    weights = load_weights(options.weights)
    for name, exact in itertools.zip_longest(options.data, options.exact):
        print(name)
        truth = None if exact is None else read_clips(Path(exact), truth=True)
        clips = held_out_clips(detector_noise=True) if name == "built-in" else read_clips(Path(name), truth=True)
        measure(weights, clips, truth, options.sure)
    if options.punches:
        print(options.punches)
        measure_punches(weights, options.punches)


if __name__ == "__main__":
    main()
