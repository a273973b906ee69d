"""Precision and recall of the warnings of ``pn3d predict``, and what mending of sides brings.

    python -m benchmarks.accuracy.warnings [--clips N] [--weights FILE]       on corrupted built-in motion
    python -m benchmarks.accuracy.warnings --detected FILE --exact FILE …     on real detections
    python -m benchmarks.accuracy.warnings --whole FILE …                     a third of the clips exchanged throughout
    python -m benchmarks.accuracy.warnings --fit [FILE …]                     how whole clips are told, into the card

Built-in motion: in half of the clips, left and right of the legs, the arms or both are exchanged for 3 to 30 frames of
the input with the simulated detector; in half of the clips, the depth of the predicted skeleton is negated for a third
of the clip, as a network that takes the depth twin would answer. A frame counts as found where it is flagged.

Real detections: a part (legs, arms) is truly exchanged where its joints are nearer to the truth's joints of the other
side, on average by more than 2 % of the person's height; the truth is a file of the same frames with its 2D projected.
"""

import argparse
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.confidence import FORMS
from benchmarks.robustness.changed_clips import person_height_px
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import start_jax
from pn3d.data.clips import Clips, read_clips
from pn3d.data.joints17 import to_h36m17
from pn3d.data.rays import clip_intrinsics
from pn3d.evaluation.evaluate import score_joints
from pn3d.files.atomic import write_json
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.fit import student_body
from pn3d.inference.lifted import lift_clips
from pn3d.inference.predict import predict
from pn3d.inference.readings import DEFAULT, SIGNS, reading_scores, reading_signs
from pn3d.inference.sides import OTHER, OWN, PARTS, exchanged_sides
from pn3d.inference.warnings import find_warnings, flipped_frames
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights
from pn3d.synthetic.motion.catalogue import Mixture
from pn3d.synthetic.scenes import held_out_clips, held_out_family_clips, make_synthetic_clips

SEED = 9002
FIT_SEED, FIT_CLIPS = 9005, 80
LEAST_NEARER = 0.02
ODDS = 2.94
"""The logarithm of nineteen to one."""
_LEGS = ("hip", "knee", "ankle")
_ARMS = ("shoulder", "elbow", "wrist")


def rates(flagged: np.ndarray, truth: np.ndarray) -> str:
    """Precision, recall and how often clean frames are flagged, in words."""
    hit = (flagged & truth).sum()
    return (
        f"precision {hit / max(flagged.sum(), 1):.2f}, recall {hit / max(truth.sum(), 1):.2f}, "
        f"flagged of clean frames {100 * (flagged & ~truth).sum() / max((~truth).sum(), 1):.2f} % ({len(truth)} frames)"
    )


def swap(keypoints: np.ndarray, confidence: np.ndarray, joints: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(T, 17, 2), (T, 17) with left and right of these joints exchanged."""
    order = np.arange(17)
    for joint in joints:
        left, right = H36M17.index(f"left_{joint}"), H36M17.index(f"right_{joint}")
        order[[left, right]] = right, left
    return keypoints[:, order], confidence[:, order]


def exchanged_frames(clips: Clips) -> np.ndarray:
    """(N,) frames of h36m17 clips in which legs or arms are found exchanged in the picture."""
    spans = zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True)
    found = [exchanged_sides(clips.keypoints[a:b], clips.confidence[a:b], float(fps)) for (a, b), fps in spans]
    return np.any(np.concatenate(found), axis=1)


def truly_exchanged(detected: Clips, exact: Clips) -> np.ndarray:
    """(N,) frames in which legs or arms are truly exchanged: nearer to the other side of the truth's picture."""
    height_px, truly = person_height_px(exact), np.zeros(detected.frames, bool)
    for part in range(len(PARTS)):
        measured = detected.confidence[:, OWN[part]] > 0
        far = [
            np.linalg.norm(detected.keypoints[:, OWN[part]] - exact.keypoints[:, to], axis=-1)
            for to in (OWN[part], OTHER[part])
        ]
        nearer = ((far[0] - far[1]) * measured).sum(axis=1) / np.maximum(measured.sum(axis=1), 1)
        truly |= nearer > LEAST_NEARER * height_px
    return truly


def exchanged_throughout(clips: Clips, which: np.ndarray) -> Clips:
    """h36m17 clips with all left and right joints exchanged in those of (C,) ``which``."""
    frames, mirror = np.repeat(which, clips.lengths), np.array(H36M17.mirror)
    return replace(
        clips,
        keypoints=np.where(frames[:, None, None], clips.keypoints[:, mirror], clips.keypoints),
        confidence=np.where(frames[:, None], clips.confidence[:, mirror], clips.confidence),
    )


def on_builtin_motion(weights: Weights, count: int) -> None:
    """Prints the rates on built-in motion."""
    clips = make_synthetic_clips(SEED, count, detector_noise=True)
    generator = np.random.default_rng(SEED)
    keypoints, confidence = clips.keypoints.copy(), clips.confidence.copy()
    swapped = np.zeros(clips.frames, bool)
    for clip in range(0, clips.num_clips, 2):
        begin, end = (int(v) for v in clips.clip_start[clip : clip + 2])
        length = int(generator.integers(3, 31))
        first = int(generator.integers(begin + 1, end - length - 1))
        part = slice(first, first + length)
        joints = (_LEGS, _ARMS, _LEGS + _ARMS)[clip // 2 % 3]
        keypoints[part], confidence[part] = swap(keypoints[part], confidence[part], joints)
        swapped[part] = True
    print("swapped:", rates(exchanged_frames(replace(clips, keypoints=keypoints, confidence=confidence)), swapped))
    prediction = predict(weights, clips, builtin_body(), builtin_landmarks())
    joints_m = prediction.teacher_joints_cam_m.copy()
    flipped = np.zeros(clips.frames, bool)
    spans = list(itertools.pairwise(clips.clip_start))
    for clip in range(0, clips.num_clips, 2):
        begin, end = spans[clip]
        length = int(end - begin) // 3
        first = int(generator.integers(begin, end - length))
        flipped[first : first + length] = True
    root_z = joints_m[:, :1, 2]
    joints_m[flipped, :, 2] = (2 * root_z - joints_m[..., 2])[flipped]
    marked = np.concatenate([flipped_frames(joints_m[a:b], 30.0) for a, b in spans])
    print("depth-flipped:", rates(marked, flipped))
    flags = find_warnings(prediction)
    print(f"as predicted: {flags.swapped.mean():.2%} swapped, {flags.flipped.mean():.2%} flipped flagged")


def on_real_detections(weights: Weights, detected: Clips, exact: Clips) -> None:
    """Prints the rates on real detections, and what mending changes, clip by clip."""
    truly = truly_exchanged(to_h36m17(detected), to_h36m17(exact))
    print(f"truly exchanged: {truly.sum()} of {len(truly)} frames")
    kept, mended = (
        predict(weights, detected, builtin_body(), builtin_landmarks(), keep_sides=keep) for keep in (True, False)
    )
    print("swapped:", rates(find_warnings(mended).swapped, truly))
    errors = [
        score_joints(found.joints_cam_m, replace(detected, clip_name=names), metric_scale=True)
        for found in (kept, mended)
        if found.joints_cam_m is not None
        for names in [np.array([str(name).replace("/", " ") for name in detected.clip_name])]
    ]
    changes = {name: errors[1]["per_action"][name] - error for name, error in errors[0]["per_action"].items()}
    worst = max(changes, key=lambda name: changes[name])
    print(f"student {errors[0]['pa_mpjpe_mm']:.2f}, mended {errors[1]['pa_mpjpe_mm']:.2f} mm")
    print(f"most harmed clip {worst}: {changes[worst]:+.2f} mm; most helped: {min(changes.values()):+.2f} mm")


def with_clips_exchanged(weights: Weights, clips: Clips) -> None:
    """Prints what it costs that a third of the clips is exchanged throughout: the clips 0, 3, 6 …, then 1, 4, 7 …"""
    clips = to_h36m17(clips)
    student = [_student_mm(weights, clips, keep) for keep in (True, False)]
    print(f"as they are: {student[0]:.2f} mm, looked through {student[1]:.2f}")
    for first in range(3):
        which = np.arange(clips.num_clips) % 3 == first
        changed = exchanged_throughout(clips, which)
        print(
            f"a third exchanged ({first}): kept {_student_mm(weights, changed, True):.2f}, "
            f"mended {_student_mm(weights, changed, False):.2f} mm",
            flush=True,
        )


def _student_mm(weights: Weights, clips: Clips, keep_sides: bool) -> float:
    found = predict(weights, clips, builtin_body(), builtin_landmarks(), keep_sides=keep_sides)
    assert found.joints_cam_m is not None
    return float(score_joints(found.joints_cam_m, clips, metric_scale=True)["pa_mpjpe_mm"])


def fit_readings(path: Path, files: list[str]) -> None:
    """Fits how whole clips are told and writes it into the card.

    Weights of the signs: logistic regression on built-in motion, a third of it the families, seen from far below to far
    above, exact and with the simulated detector; and on files whose sides are right (2D alone), each set counting as
    much as the others. ``clear``: the odds that one exchanged clip in twenty asks for, and beyond all clips of the
    files and of held-out built-in motion, exact and with both simulated detectors.
    """
    weights = load_weights(path)
    student = student_body(weights, builtin_body(), builtin_landmarks())
    mixture = Mixture(families_share=0.3, wide_share=1.0)
    made = [
        make_synthetic_clips(FIT_SEED + noisy, FIT_CLIPS, detector_noise=bool(noisy), mixture=mixture)
        for noisy in (0, 1)
    ]

    def signs_of_clips(clips: Clips) -> np.ndarray:
        lifted = lift_clips(weights, replace(clips, intrinsics=clip_intrinsics(clips)))
        signs, clip_of = reading_signs(weights, student, lifted)
        columns = ({"weights": row} for row in np.eye(signs.shape[1]))
        return np.stack([reading_scores(signs, clip_of, clips.num_clips, row) for row in columns], axis=1)

    rows = [signs_of_clips(clips) for clips in [*made, *(to_h36m17(read_clips(Path(name))) for name in files)]]
    held_out = np.concatenate(
        [
            signs_of_clips(make(detector_noise=form))
            for make in (held_out_clips, held_out_family_clips)
            for form in FORMS
        ]
    )
    found = np.zeros(len(SIGNS))
    for _ in range(5000):  # gradient steps; no constant, since exchanging a clip twice gives it back
        pulls = [((1.0 / (1.0 + np.exp(row @ found)))[:, None] * row).mean(axis=0) for row in rows]
        found = np.maximum(found + 0.5 * (np.mean(pulls, axis=0) - 0.001 * found), 0.0)
    worst = [float((row @ found).min()) for row in rows]
    print("least scores (0, and below: the exchanged reading is the likelier one):", np.round(worst, 2).tolist())
    worst_held_out = float((held_out @ found).min())
    print(f"of held-out built-in motion: {worst_held_out:.2f}")
    clear = max([ODDS, *(0.1 - least for least in [*worst[2:], worst_held_out])])
    card: dict[str, Any] = {
        "signs": list(SIGNS),
        "weights": [round(float(value), 3) for value in found],
        "clear": round(clear, 2),
        "source": f"python -m benchmarks.accuracy.warnings --fit {' '.join(Path(name).name for name in files)}".strip(),
    }
    for row, name in zip(rows, ("built-in", "built-in with a detector", *files), strict=True):
        print(
            f"{name}: {(row @ found > card['clear']).mean():.0%} would be found, {(row @ found < -clear).sum()} falsely"
        )
    path = path.with_suffix(".json")
    write_json(path, json.loads(path.read_text()) | {"readings": card})
    print(f"{path}: readings {card} written; without any: {DEFAULT}")


def main() -> None:
    """Prints the rates, or fits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS)
    parser.add_argument("--detected", nargs="*", default=[])
    parser.add_argument("--exact", nargs="*", default=[])
    parser.add_argument("--whole", nargs="*", default=[])
    parser.add_argument("--fit", nargs="*", metavar="FILE", help="files whose sides are right")
    options = parser.parse_args()
    start_jax()
    if options.fit is not None:
        fit_readings(options.weights, options.fit)
        return
    weights = load_weights(options.weights)
    for detected, exact in zip(options.detected, options.exact, strict=True):
        print(detected)
        on_real_detections(weights, *(read_clips(Path(name), truth=True) for name in (detected, exact)))
    for name in options.whole:
        print(name)
        with_clips_exchanged(weights, read_clips(Path(name), truth=True))
    if not options.detected and not options.whole:
        on_builtin_motion(weights, options.clips)


if __name__ == "__main__":
    main()
