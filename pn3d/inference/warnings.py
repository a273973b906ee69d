"""Signs, without truth, that something is wrong: swapped sides, flipped depth, odd views, a moving camera.

Measured by ``python -m benchmarks.accuracy.warnings``; figures in docs/prediction.md.
"""

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.geometry.camera_turns import furthest_look_rad
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.smoothing import over_time
from pn3d.inference.world import shown_frames

if TYPE_CHECKING:
    from pn3d.inference.prediction import Prediction

_KNEES = tuple(
    tuple(H36M17.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle")) for side in ("left", "right")
)
_HIPS = (H36M17.index("left_hip"), H36M17.index("right_hip"))

FLIP_LEAST = -0.04
"""Knees that bend backwards by more than this (sine of the bend times the sine to the hips' axis, both knees' mean)."""

ELEVATION_DEG = (-12.0, 42.0)
"""Views that training covers: built-in cameras look down by 0 to 30 degrees; predicted elevations scatter."""

WIDE_ELEVATION_DEG = (-25.0, 50.0)
"""The same of weights that wide views taught; at both ends the error grows by half at most (docs/log/wild.md)."""

DISTANCE_M = (2.5, 13.0)
"""Distances that training covers (built-in cameras stand 3.5 to 10 m away), with some room."""

DRIFT_DEG = 12.0
"""The camera is taken to move where the elevation, averaged over a second, ranges further than this."""

_LABELS = ("swapped", "flipped", "elevation", "distance", "unsure", "cut", "unseen", "reprojection", "depth")
UNSURE_MM = 110.0

REPROJECTION_TIMES, REPROJECTION_LEAST = 2.5, 0.03
"""A frame's reprojection error is far above the clip's where it is so many times its median, and such a share of the
person's height in the picture."""


class PredictionWarning(UserWarning):
    """The input is odd, or the prediction likely wrong somewhere."""


class Warnings(NamedTuple):
    """One flag per frame each, and the camera's drift per clip.

    Attributes:
        swapped: (N,) left and right of the input are likely exchanged, in legs or arms.
        flipped: (N,) the depth is likely that of the mirror image.
        elevation: (N,) the camera looks from higher or lower than in training.
        distance: (N,) the person is nearer or further than in training.
        unsure: (N,) a large error is expected.
        cut: (N,) nobody moves so from the frame before.
        unseen: (N,) the person was not detected.
        reprojection: (N,) the body is much further from the keypoints than elsewhere in the clip.
        carried: (N,) the networks saw the mirrored depth, and were overruled.
        drift_deg: (C,) how far the camera's elevation ranges over the clip.
    """

    swapped: np.ndarray
    flipped: np.ndarray
    elevation: np.ndarray
    distance: np.ndarray
    unsure: np.ndarray
    cut: np.ndarray
    unseen: np.ndarray
    reprojection: np.ndarray
    carried: np.ndarray
    drift_deg: np.ndarray


def find_warnings(prediction: "Prediction") -> Warnings:
    """Looks through a prediction."""
    start, fps = prediction.clip_start, prediction.fps
    clips = list(zip(itertools.pairwise(start), fps, strict=True))
    joints = prediction.teacher_joints_cam_m
    flipped = [flipped_frames(joints[a:b], float(rate)) for (a, b), rate in clips]
    degrees = np.degrees(prediction.elevation_rad)
    shown = [degrees[a:b][shown_frames(prediction.input_confidence[a:b])] for (a, b), _ in clips]
    smooth = [over_time(values[:, None], round(float(rate)))[:, 0] for values, rate in zip(shown, fps, strict=True)]
    distance = joints[:, 0, 2]
    likely = prediction.expected_error_mm
    none: np.ndarray = np.zeros(len(degrees), bool)
    lowest, highest = WIDE_ELEVATION_DEG if prediction.wide_views else ELEVATION_DEG
    return Warnings(
        swapped=none if prediction.sides_exchanged is None else np.any(prediction.sides_exchanged, axis=1),
        flipped=np.concatenate(flipped),
        elevation=(degrees < lowest) | (degrees > highest),
        distance=(distance < DISTANCE_M[0]) | (distance > DISTANCE_M[1]),
        unsure=none if likely is None else likely > UNSURE_MM,
        cut=none if prediction.path_cut is None else prediction.path_cut,
        unseen=unseen_frames(prediction),
        reprojection=far_reprojection(prediction),
        carried=none if prediction.depth_carried is None else prediction.depth_carried,
        drift_deg=np.array([np.ptp(values) for values in smooth]),
    )


def unseen_frames(prediction: "Prediction") -> np.ndarray:
    """(N,) frames in which the person was not detected: nothing is measured, or it was filled in."""
    nothing: np.ndarray = ~np.any(prediction.input_confidence > 0, axis=1)
    return nothing if prediction.filled is None else nothing | prediction.filled


def far_reprojection(prediction: "Prediction") -> np.ndarray:
    """(N,) frames whose mean reprojection error, weighted by confidence, is far above their clip's median."""
    far = np.zeros(len(prediction.keypoints_px), bool)
    if prediction.reprojected_px is None:
        return far
    distance = np.linalg.norm(prediction.reprojected_px - prediction.keypoints_px, axis=-1)
    weight = prediction.input_confidence
    error = (distance * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-6)
    for begin, end in itertools.pairwise(prediction.clip_start):
        height_px = np.median(np.ptp(prediction.reprojected_px[begin:end, :, 1], axis=1))
        seen = weight[begin:end].any(axis=1)
        if seen.any():
            usual = np.median(error[begin:end][seen])
            far[begin:end] = seen & (error[begin:end] > max(REPROJECTION_TIMES * usual, REPROJECTION_LEAST * height_px))
    return far


def flipped_frames(joints_m: np.ndarray, rate: float) -> np.ndarray:
    """Frames of one clip whose depth is likely mirrored: the knees bend backwards, on average over half a second.

    (T, 17, 3) root-relative or not, (frames per second) -> (T,).
    """
    score = knee_bend(joints_m)
    return over_time(score[:, None], round(0.25 * rate))[:, 0] < FLIP_LEAST


def knee_bend(joints_m: np.ndarray) -> np.ndarray:
    """(T, 17, 3) -> (T,) mean over both knees of (thigh x shank) . (right to left hip), all unit vectors.

    Positive where knees bend as knees do. A mirror image in depth changes its sign; straight legs give zero.
    """
    axis = _unit(joints_m[:, _HIPS[0]] - joints_m[:, _HIPS[1]])
    bends = [
        np.einsum("nk,nk->n", np.cross(_unit(j[:, 1] - j[:, 0]), _unit(j[:, 2] - j[:, 1])), axis)
        for j in (joints_m[:, list(knee)] for knee in _KNEES)
    ]
    return 0.5 * (bends[0] + bends[1])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def warning_numbers(prediction: "Prediction") -> dict[str, Any]:
    """Plain numbers and places for summary.json and the terminal."""
    found = find_warnings(prediction)
    numbers: dict[str, Any] = {
        "frames_likely_swapped": int(found.swapped.sum()),
        "sides_mended": bool(found.swapped.any()) and not prediction.sides_kept,
        "sides_exchanged": list(exchanged_stretches(prediction))[:50],
        "clips_of_unsure_sides": _clips_of_unsure_sides(prediction),
        "frames_likely_depth_flipped": int(found.flipped.sum()),
        "frames_outside_elevation": int(found.elevation.sum()),
        "frames_outside_distance": int(found.distance.sum()),
        "path_cuts": int(found.cut.sum()),
        "camera_drift_deg": round(float(found.drift_deg.max()), 1),
        "camera_likely_moves": bool(found.drift_deg.max() > DRIFT_DEG),
    }
    if prediction.camera_turn_rad is not None and prediction.camera_turn_rad.any():
        turned_rad = furthest_look_rad(Rotation.from_rotvec(prediction.camera_turn_rad))
        numbers |= {"camera_turned_deg": round(math.degrees(turned_rad), 1), "camera_likely_moves": False}
    if prediction.expected_error_mm is not None:
        numbers["expected_error_mm"] = round(float(prediction.expected_error_mm.mean()), 1)
    numbers["worth_a_look"] = list(worth_a_look(prediction, found))[:50]
    return numbers


def warning_sentences(summary: dict[str, Any]) -> list[str]:
    """The warnings among the numbers of ``warning_numbers``, a sentence each."""
    sentences = [f"{summary[key]} frames {what}" for key, what in _SENTENCES.items() if summary[key]]
    if summary["frames_likely_swapped"]:
        what = "they were put right (--keep-sides)" if summary["sides_mended"] else "they were left alone"
        sentences[0] += f"; {what}"
    if summary["path_cuts"]:
        sentences.append(
            f"the person jumps as nobody can {summary['path_cuts']} times (a cut of the film, or another person?): "
            "the path begins anew there"
        )
    if unsure := summary["clips_of_unsure_sides"]:
        sentences.append(
            f"left and right may be exchanged throughout {', '.join(unsure[:4])}{' …' if len(unsure) > 4 else ''}; "
            "it cannot be told, and they are left alone"
        )
    if summary["camera_likely_moves"]:
        sentences.append(
            f"the camera's elevation drifts by {summary['camera_drift_deg']} degrees: does the camera move? "
            "It is taken to stand still"
        )
    return sentences


_SENTENCES = {
    "frames_likely_swapped": "are likely to have left and right exchanged in the input",
    "frames_likely_depth_flipped": "are likely flipped in depth",
    "frames_outside_elevation": "are seen from higher or lower than in training",
    "frames_outside_distance": "show the person nearer or further than in training",
}


def exchanged_stretches(prediction: "Prediction") -> Iterator[dict[str, Any]]:
    """Frames in which left and right of legs, arms or both were exchanged in the input, by their numbers there."""
    if prediction.sides_exchanged is None:
        return
    for clip, (begin, end) in enumerate(itertools.pairwise(prediction.clip_start)):
        numbers = np.arange(end - begin) if prediction.frame_number is None else prediction.frame_number[begin:end]
        state = prediction.sides_exchanged[begin:end] @ np.array([1, 2])
        changes = np.flatnonzero(np.diff(state, prepend=0, append=0))
        for first, last in itertools.pairwise(changes):
            if state[first]:
                parts = ("", "legs", "arms", "legs and arms")[int(state[first])]
                place = {"from_frame": int(numbers[first]), "to_frame": int(numbers[last - 1]), "of": parts}
                yield {"clip": str(prediction.clip_name[clip])} | place


def _clips_of_unsure_sides(prediction: "Prediction") -> list[str]:
    """Clips for which the exchanged reading is the likelier one, but not clearly."""
    if prediction.reading_score is None or prediction.sides_exchanged is None:
        return []
    begins = prediction.clip_start[:-1]
    told = np.logical_and.reduceat(prediction.sides_exchanged.all(axis=1), begins)
    return [str(name) for name in prediction.clip_name[(prediction.reading_score < 0) & ~told]]


def worth_a_look(prediction: "Prediction", found: Warnings) -> Iterator[dict[str, Any]]:
    """Stretches of each clip with a flag up, in seconds of the video; gaps of up to half a second are bridged."""
    for clip, (begin, end) in enumerate(itertools.pairwise(prediction.clip_start)):
        rate = float(prediction.fps[clip])
        start_s = 0.0 if prediction.time_s is None else float(prediction.time_s[begin])
        for label, flags in zip(_LABELS, found[: len(_LABELS)], strict=True):
            marked = np.flatnonzero(flags[begin:end])
            if not len(marked):
                continue
            for run in np.split(marked, np.flatnonzero(np.diff(marked) > 0.5 * rate) + 1):
                yield {
                    "clip": str(prediction.clip_name[clip]),
                    "from_s": round(start_s + float(run[0]) / rate, 2),
                    "to_s": round(start_s + float(run[-1] + 1) / rate, 2),
                    "why": label,
                }
