"""How smooth predictions and the truth are: ``python -m benchmarks.accuracy.acceleration [--data FILE …]``.

Acceleration errors of the weights' teacher and student, of a single-frame teacher (``--single RUN``: stage 1 with
``model.window=1``, predicted without averaging over time) and of two oracles that no network can be: a skeleton that
never accelerates, whose error is the truth's own acceleration, and the truth itself, averaged over 0.07 s. Once over
all frames, and once without those where the truth jumps: a joint that is more than ``--jump`` mm off the line through
its neighbours in time, and two frames around. Then the pelvis' own acceleration where the person is, in metres, of the
student and of the truth, by recording (a clip's name without its camera).
"""

import argparse
import itertools
from pathlib import Path

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.eval import BUILTIN_DATA
from pn3d.data.clips import Clips, read_clips, without_truth
from pn3d.data.joints17 import to_h36m17
from pn3d.evaluation.joints import true_joints
from pn3d.evaluation.metrics import accel_err_mm_per_frame2
from pn3d.inference.lifted import lift_clips
from pn3d.inference.predict import predict
from pn3d.inference.smoothing import CORRECTIONS, smooth
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights
from pn3d.synthetic.scenes import held_out_clips


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
    """(N, 17, 3) root-relative joints of a teacher as it gives them, frame by frame."""
    lifted = lift_clips(weights, to_h36m17(without_truth(clips)))
    turned = [np.matmul(one.outputs.teacher_joints, one.camera_from_centred.swapaxes(1, 2)) for one in lifted]
    joints = np.concatenate(turned)
    return joints - joints[:, :1]


def smoothed(joints_m: np.ndarray, clips: Clips) -> np.ndarray:
    """(N, 17, 3) averaged within each clip as corrections are where keypoints are exact."""
    spans = zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True)
    ones = np.ones(joints_m.shape[:2], np.float32)
    parts = [smooth(joints_m[a:b], ones[a:b], CORRECTIONS.exact_s * float(rate)) for (a, b), rate in spans]
    return np.concatenate(parts)


def of_pelvis(pelvis_m: np.ndarray, true_m: np.ndarray, clips: Clips) -> list[str]:
    """(N, 3) each -> a line for each recording and one for all: lengths of second differences, mm/frame^2."""
    bends: dict[str, list[np.ndarray]] = {}
    for name, (a, b) in zip(clips.clip_name, itertools.pairwise(clips.clip_start), strict=True):
        own, true = (np.diff(of[a:b].astype(np.float64), 2, axis=0) for of in (pelvis_m, true_m))
        lengths = 1000.0 * np.stack([np.linalg.norm(bend, axis=1) for bend in (own, true, own - true)])
        bends.setdefault(str(name).rpartition("/")[0], []).append(lengths)
    joined = {name: np.concatenate(parts, axis=1) for name, parts in bends.items()}
    lines = []
    for name, (own, true, error) in {"all": np.concatenate(list(joined.values()), axis=1), **joined}.items():
        highest, true_highest = (np.percentile(of, 99) for of in (own, true))
        lines.append(
            f"  {name:30s} student {own.mean():5.2f} (median {np.median(own):5.2f}, 99 % below {highest:5.1f}), truth "
            f"{true.mean():5.2f} ({np.median(true):5.2f}, {true_highest:5.1f}), error {error.mean():5.2f}"
        )
    return lines


def main() -> None:
    """Predicts and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", metavar="FILE", help="files with truth (default: built-in held-out)")
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS, metavar="FILE")
    parser.add_argument("--single", type=Path, metavar="RUN", help="run folder of a teacher with model.window=1")
    parser.add_argument("--jump", type=float, default=30.0, metavar="MM")
    options = parser.parse_args()
    weights = load_weights(options.weights)
    for path in options.data or [BUILTIN_DATA]:
        clips = read_clips(Path(path), truth=True) if options.data else held_out_clips()
        truth = true_joints(clips)
        steady = without_jumps(truth, clips, options.jump)
        found = predict(weights, clips, builtin_body(), builtin_landmarks())
        assert found.joints_cam_m is not None
        rows = {
            "truth that never accelerates": (np.repeat(truth[:1], len(truth), axis=0), False),
            "truth, averaged over 0.07 s": (smoothed(truth, clips), False),
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
        print("pelvis", *of_pelvis(found.joints_cam_m[:, 0], truth[:, 0], clips), sep="\n")


if __name__ == "__main__":
    main()
