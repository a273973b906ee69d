"""Signs, without truth, that something is wrong: swapped sides, flipped depth, odd views, a moving camera.

Measured on simulated corruption of built-in motion: ``python -m benchmarks.accuracy.warnings``, docs/prediction.md.
"""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pn3d.geometry.skeleton import H36M17
from pn3d.inference.smoothing import over_time

if TYPE_CHECKING:
    from pn3d.inference.prediction import Prediction

_SIDES = {
    part: tuple((H36M17.index(f"left_{joint}"), H36M17.index(f"right_{joint}")) for joint in joints)
    for part, joints in {"legs": ("hip", "knee", "ankle"), "arms": ("shoulder", "elbow", "wrist")}.items()
}
_KNEES = tuple(
    tuple(H36M17.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle")) for side in ("left", "right")
)
_HIPS = (H36M17.index("left_hip"), H36M17.index("right_hip"))

SWAP_SHARE = 0.6
"""Sides change where exchanging them leaves less than this share of the way that the joints go from frame to frame …"""

SWAP_LEAST = 0.06
"""… and saves at least this much of the person's height per joint."""

PARTNER_SHARE, PARTNER_LEAST, PARTNER_FRAMES = 0.9, 0.02, 60
"""A change without a second one is completed by the clearest of those that pass these weaker bars, no further away than
this: sides that are exchanged for a while come back, and where limbs cross one of the two changes hardly shows."""

FLIP_LEAST = -0.04
"""Knees that bend backwards by more than this (sine of the bend times the sine to the hips' axis, both knees' mean)."""

ELEVATION_DEG = (-12.0, 42.0)
"""Views that training covers: built-in cameras look down by 0 to 30 degrees; predicted elevations scatter."""

DISTANCE_M = (2.5, 13.0)
"""Distances that training covers (built-in cameras stand 3.5 to 10 m away), with some room."""

DRIFT_DEG = 12.0
"""The camera is taken to move where the elevation, averaged over a second, ranges further than this."""

_LABELS = ("swapped", "flipped", "elevation", "distance", "unsure", "cut")
UNSURE_MM = 110.0


class Warnings(NamedTuple):
    """One flag per frame each, and the camera's drift per clip.

    Attributes:
        swapped: (N,) left and right of the input are likely exchanged, in legs or arms.
        flipped: (N,) the depth is likely that of the mirror image.
        elevation: (N,) the camera looks from higher or lower than in training.
        distance: (N,) the person is nearer or further than in training.
        unsure: (N,) a large error is expected.
        cut: (N,) nobody moves so from the frame before.
        drift_deg: (C,) how far the camera's elevation ranges over the clip.
    """

    swapped: np.ndarray
    flipped: np.ndarray
    elevation: np.ndarray
    distance: np.ndarray
    unsure: np.ndarray
    cut: np.ndarray
    drift_deg: np.ndarray


def find_warnings(prediction: "Prediction") -> Warnings:
    """Looks through a prediction."""
    start, fps = prediction.clip_start, prediction.fps
    clips = list(zip(itertools.pairwise(start), fps, strict=True))
    keypoints, confidence = prediction.keypoints_px, prediction.input_confidence
    swapped = [swapped_frames(keypoints[a:b], confidence[a:b]) for (a, b), _ in clips]
    joints = prediction.teacher_joints_cam_m
    flipped = [flipped_frames(joints[a:b], float(rate)) for (a, b), rate in clips]
    degrees = np.degrees(prediction.elevation_rad)
    smooth = [over_time(degrees[a:b, None], round(float(rate)))[:, 0] for (a, b), rate in clips]
    distance = joints[:, 0, 2]
    likely = prediction.expected_error_mm
    return Warnings(
        swapped=np.concatenate(swapped),
        flipped=np.concatenate(flipped),
        elevation=(degrees < ELEVATION_DEG[0]) | (degrees > ELEVATION_DEG[1]),
        distance=(distance < DISTANCE_M[0]) | (distance > DISTANCE_M[1]),
        unsure=np.zeros(len(degrees), bool) if likely is None else likely > UNSURE_MM,
        cut=np.zeros(len(degrees), bool) if prediction.path_cut is None else prediction.path_cut,
        drift_deg=np.array([np.ptp(values) for values in smooth]),
    )


def swapped_frames(keypoints_px: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Frames of one clip in which left and right are likely exchanged, for legs or arms.

    From frame to frame, joints go less far with their sides exchanged where a swap begins or ends. Between those,
    sides are constant; the rarer of the two is called swapped. A swap may also last to the end of the clip.

    Args:
        keypoints_px: (T, 17, 2).
        confidence: (T, 17), 0 = missing.
    """
    frames = len(keypoints_px)
    swapped = np.zeros(frames, bool)
    measured = confidence > 0
    y_px = np.where(measured, keypoints_px[..., 1], np.nan)
    tall = y_px[measured.any(axis=1)]
    if frames < 2 or not len(tall):
        return swapped
    height_px = max(float(np.median(np.nanmax(tall, axis=1) - np.nanmin(tall, axis=1))), 1.0)
    for pairs in _SIDES.values():
        left, right = (np.array(side) for side in zip(*pairs, strict=True))
        way, crossed, count = np.zeros(frames - 1), np.zeros(frames - 1), np.zeros(frames - 1)
        for one, other in ((left, right), (right, left)):
            both = measured[1:, one] & measured[:-1, one] & measured[1:, other] & measured[:-1, other]
            stay = np.linalg.norm(keypoints_px[1:, one] - keypoints_px[:-1, one], axis=-1)
            cross = np.linalg.norm(keypoints_px[1:, one] - keypoints_px[:-1, other], axis=-1)
            way += np.where(both, stay, 0.0).sum(axis=1)
            crossed += np.where(both, cross, 0.0).sum(axis=1)
            count += both.sum(axis=1)
        saved = (way - crossed) / np.maximum(count, 1) / height_px
        change = (crossed < SWAP_SHARE * way) & (saved > SWAP_LEAST)
        if change.sum() % 2:
            change = _with_partner(change, (crossed < PARTNER_SHARE * way) & (saved > PARTNER_LEAST), saved)
        side = np.concatenate([[0], np.cumsum(change)]) % 2 == 1
        swapped |= side if side.mean() <= 0.5 else ~side
    return swapped


def _with_partner(change: np.ndarray, weak: np.ndarray, saved: np.ndarray) -> np.ndarray:
    """(T - 1,) changes, possible ones, clearness -> the changes and the clearest possible one near to any of them."""
    places = np.arange(len(change))
    near = np.abs(places[:, None] - places[change]).min(axis=1) <= PARTNER_FRAMES
    possible = np.flatnonzero(weak & near & ~change)
    if len(possible):
        change = change.copy()
        change[possible[np.argmax(saved[possible])]] = True
    return change


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
        "frames_likely_depth_flipped": int(found.flipped.sum()),
        "frames_outside_elevation": int(found.elevation.sum()),
        "frames_outside_distance": int(found.distance.sum()),
        "path_cuts": int(found.cut.sum()),
        "camera_drift_deg": round(float(found.drift_deg.max()), 1),
        "camera_likely_moves": bool(found.drift_deg.max() > DRIFT_DEG),
    }
    if prediction.expected_error_mm is not None:
        numbers["expected_error_mm"] = round(float(prediction.expected_error_mm.mean()), 1)
    numbers["worth_a_look"] = list(worth_a_look(prediction, found))[:50]
    return numbers


def warning_sentences(summary: dict[str, Any]) -> list[str]:
    """The warnings among the numbers of ``warning_numbers``, a sentence each."""
    sentences = [f"{summary[key]} frames {what}" for key, what in _SENTENCES.items() if summary[key]]
    if summary["path_cuts"]:
        sentences.append(
            f"the person jumps as nobody can {summary['path_cuts']} times (a cut of the film, or another person?): "
            "the path begins anew there"
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


def worth_a_look(prediction: "Prediction", found: Warnings) -> Iterator[dict[str, Any]]:
    """Stretches of each clip with a flag up, in seconds of the video; gaps of up to half a second are bridged."""
    for clip, (begin, end) in enumerate(itertools.pairwise(prediction.clip_start)):
        rate = float(prediction.fps[clip])
        start_s = 0.0 if prediction.time_s is None else float(prediction.time_s[begin])
        for label, flags in zip(_LABELS, found[:6], strict=True):
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
