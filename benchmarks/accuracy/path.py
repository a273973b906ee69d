"""What the path of a clip is worth: every frame by itself beside the path, ``python -m benchmarks.accuracy.path``.

For each ``--data`` file with truth (built-in held-out motion with and without the simulated detector where none is
named): the student's scores without and with the path, and the reprojection error; with ``--actions`` also the
PA-MPJPE of each action. For each ``--keypoints`` file, of which there is no truth: how fast pelvis and ankles move, and
how far the pelvis ranges in depth. ``--example``: where the pelvis of ``examples/kick.json`` is faster than the truth
that it was made from (``tools.example_file``).
"""

import argparse
from pathlib import Path

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.data.clips import Clips, read_clips
from pn3d.detectors import person_clips, read_keypoints
from pn3d.evaluation.evaluate import evaluate_prediction
from pn3d.evaluation.path_metrics import speeds
from pn3d.evaluation.report import METRICS, align
from pn3d.geometry.skeleton import H36M17_ANKLES
from pn3d.inference.predict import predict
from pn3d.inference.prediction import Prediction
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights
from pn3d.synthetic.cameras import IMAGE_SIZE
from pn3d.synthetic.motion.timing import FPS
from pn3d.synthetic.scenes import held_out_clips, make_synthetic_clips
from tools.example_file import EXAMPLE, FRAMES, SEED

KEYS = (
    *("foot_skate_m_s", "foot_skate_median_m_s", "foot_skate_true_m_s", "pelvis_accel_mm_per_frame2"),
    *("pelvis_accel_true_mm_per_frame2", "pelvis_accel_err_mm_per_frame2", "pelvis_speed_max_m_s", "path_err_pct"),
    *(
        "contact_f1",
        "contact_f1_always",
        "ground_penetration_mm",
        "pa_mpjpe_mm",
        "mpjpe_mm",
        "root_err_m",
        "up_err_deg",
    ),
)


FASTER_M_S = 0.5


def predicted(weights: Weights, clips: Clips, path: bool) -> Prediction:
    """With the built-in body."""
    return predict(weights, clips, builtin_body(), builtin_landmarks(), path=path)


def reprojection_px(prediction: Prediction) -> float:
    """Mean distance of measured joints from the body's."""
    assert prediction.reprojected_px is not None
    gap = np.linalg.norm(prediction.reprojected_px - prediction.keypoints_px, axis=-1)
    return float(gap[prediction.input_confidence > 0].mean())


def with_truth(weights: Weights, title: str, clips: Clips, actions: bool) -> str:
    """A table: a row for each number, and for each action's PA-MPJPE, a column without and one with the path."""
    both = [predicted(weights, clips, path) for path in (False, True)]
    scores = [evaluate_prediction(one, clips)["student"] for one in both]
    rows = [[title, "off", "on"]]
    for key in KEYS:
        if any(key in of for of in scores):
            rows.append([METRICS[key].name, *(f"{of[key]:.3f}" if key in of else "-" for of in scores)])
    rows.append(["reprojection px", *(f"{reprojection_px(one):.3f}" for one in both)])
    for action in scores[0]["per_action"] if actions else ():
        rows.append([f"PA-MPJPE mm, {action}", *(f"{of['per_action'][action]:.3f}" for of in scores)])
    return align(rows)


def without_truth(weights: Weights, title: str, clips: Clips) -> str:
    """The same without truth: speeds, and the range of depth."""
    rows = [[title, "off", "on"]]
    columns = []
    for path in (False, True):
        one = predicted(weights, clips, path)
        assert one.joints_cam_m is not None
        joints, fps = one.joints_cam_m.astype(np.float64), float(one.fps[0])
        column: dict[str, float] = {}
        for name, points in (("pelvis", joints[:, :1]), ("ankles", joints[:, list(H36M17_ANKLES)])):
            moving = speeds(points, fps)
            column |= {
                f"{name}, mean m/s": float(moving.mean()),
                f"{name}, highest m/s": float(moving.max(initial=0.0)),
            }
        column["pelvis, range in depth m"] = float(np.ptp(joints[:, 0, 2]))
        column["reprojection px"] = reprojection_px(one)
        columns.append(column)
    rows += [[name, *(f"{column[name]:.3f}" for column in columns)] for name in columns[0]]
    return align(rows)


def of_example(weights: Weights) -> str:
    """Steps in which the pelvis is faster than the truth by more than ``FASTER_M_S``."""
    clips = person_clips(read_keypoints(EXAMPLE, fps=FPS, image_size=IMAGE_SIZE))
    truth = make_synthetic_clips(SEED, 1, FRAMES).joints_cam
    found = predicted(weights, clips, True).joints_cam_m
    assert truth is not None
    assert found is not None
    own, true = (speeds(joints[:, 0].astype(np.float64), FPS) for joints in (found, truth))
    late = np.flatnonzero(own - true > FASTER_M_S)
    return (
        f"{EXAMPLE}: pelvis {own.mean():.2f} m/s in the mean, {own.max():.2f} at most (true {true.mean():.2f}, "
        f"{true.max():.2f}); more than {FASTER_M_S} m/s faster than the truth in {len(late)} of {len(own)} steps: "
        + ", ".join(f"{step} ({own[step]:.2f}, true {true[step]:.2f})" for step in late)
    )


def main() -> None:
    """Predicts and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="*", default=[], metavar="FILE", help="files with truth")
    parser.add_argument(
        "--keypoints", nargs="*", default=[], metavar="FILE", help="files of one person, of any detector"
    )
    parser.add_argument("--actions", action="store_true")
    parser.add_argument("--example", action="store_true")
    parser.add_argument("--fps", type=float)
    parser.add_argument("--image-size", type=int, nargs=2, metavar=("W", "H"))
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS, metavar="FILE")
    options = parser.parse_args()
    weights = load_weights(options.weights)
    for path in options.data:
        print(
            with_truth(weights, Path(path).name, read_clips(Path(path), truth=True), options.actions), "\n", flush=True
        )
    size = None if options.image_size is None else tuple(options.image_size)
    for path in options.keypoints:
        clips = person_clips(read_keypoints(path, fps=options.fps, image_size=size))
        print(without_truth(weights, Path(path).name, clips), "\n", flush=True)
    if options.example:
        print(of_example(weights), "\n", flush=True)
    if not options.data and not options.keypoints and not options.example:
        for noise in (False, True):
            title = f"built-in, held out, {'simulated detector' if noise else 'exact'}"
            clips = held_out_clips(detector_noise=noise)
            print(with_truth(weights, title, clips, options.actions), "\n", flush=True)


if __name__ == "__main__":
    main()
