"""How smooth predictions are, beside what the truth itself does: ``python -m benchmarks.acceleration --data FILE``.

Acceleration errors of the weights' teacher and student, of a single-frame teacher (``--single RUN``: stage 1 with
``model.window=1``, predicted without averaging over time) and of two oracles that no network can be: a skeleton that
never accelerates, whose error is the truth's own acceleration, and the truth itself, averaged over 0.07 s. Once over
all frames, and once without those where the truth jumps: a joint that is more than ``--jump`` mm off the line through
its neighbours in time, and two frames around.
"""

import argparse
from pathlib import Path

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.data.clips import Clips, read_clips
from pn3d.data.rays import frame_rays
from pn3d.evaluation.joints import true_joints
from pn3d.evaluation.metrics import accel_err_mm_per_frame2
from pn3d.inference.blend import blend_windows
from pn3d.inference.pose import smooth_clips
from pn3d.inference.predict import predict, uncentre, without_truth
from pn3d.inference.smoothing import TURNS
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights


def without_jumps(truth_m: np.ndarray, clips: Clips, jump_mm: float) -> np.ndarray:
    """(N,) False within two frames of one where a root-relative joint leaves the line of its neighbours by more."""
    relative = truth_m - truth_m[:, :1]
    steady = np.ones(len(truth_m), bool)
    for begin, end in zip(clips.clip_start[:-1], clips.clip_start[1:], strict=True):
        bend = relative[begin + 2 : end] - 2 * relative[begin + 1 : end - 1] + relative[begin : end - 2]
        for frame in begin + 1 + np.flatnonzero(500 * np.linalg.norm(bend, axis=-1).max(axis=1) > jump_mm):
            steady[max(frame - 2, begin) : min(frame + 3, end)] = False
    return steady


def single_frame(weights: Weights, clips: Clips) -> np.ndarray:
    """(N, 17, 3) root-relative joints of a teacher as it says them, frame by frame."""
    frames = frame_rays(without_truth(clips))
    said = blend_windows(weights, frames, clips.clip_start).teacher_joints
    joints = uncentre(said, np.asarray(frames.root_ray))
    return joints - joints[:, :1]


def main() -> None:
    """Predicts and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", required=True, metavar="FILE", help="files with truth")
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS, metavar="FILE")
    parser.add_argument("--single", type=Path, metavar="RUN", help="run folder of a teacher with model.window=1")
    parser.add_argument("--jump", type=float, default=30.0, metavar="MM")
    options = parser.parse_args()
    weights = load_weights(options.weights)
    for path in options.data:
        clips = read_clips(Path(path), truth=True)
        truth = true_joints(clips)
        steady = without_jumps(truth, clips, options.jump)
        found = predict(weights, clips, builtin_body(), builtin_landmarks())
        assert found.joints_cam_m is not None
        everything = np.ones(truth.shape[:2], np.float32)
        exact = np.zeros(len(truth), np.float32)
        rows = {
            "truth that never accelerates": (np.repeat(truth[:1], len(truth), axis=0), False),
            "truth, averaged over 0.07 s": (smooth_clips(truth, everything, exact, TURNS, clips), False),
            "teacher": (found.teacher_joints_cam_m, True),
            "student": (found.joints_cam_m, False),
        }
        if options.single:
            rows["single-frame teacher"] = (single_frame(load_weights(options.single / "weights.npz"), clips), True)
        print(f"{path}: {len(truth)} frames, {steady.mean():.1%} without jumps of the truth; mm/frame^2")
        for name, (joints, scaled) in rows.items():
            errors = [
                accel_err_mm_per_frame2(joints, truth, clips.clip_start, scale_per_frame=scaled, counted=counted)
                for counted in (None, steady)
            ]
            print(f"  {name:30s} {errors[0]:7.2f}   without jumps {errors[1]:7.2f}")


if __name__ == "__main__":
    main()
