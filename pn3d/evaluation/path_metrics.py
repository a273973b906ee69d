"""Where a body goes: feet that stand, the pelvis' acceleration and path, contacts. Truth is joints in camera axes.

The camera stands still, so its axes serve as a world. Definitions are our choice (docs/protocols.md). Letters: N frames
in C clips, F feet (left, right).
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pn3d.data.clips import Clips
from pn3d.evaluation.metrics import MM_PER_M, distances
from pn3d.geometry.skeleton import H36M17_ANKLES

STANDING_M_S = 0.12
"""A foot stands while its true ankle is slower than this …"""

STANDING_HEIGHT_M = 0.1
"""… and, as a contact, not higher than this over the plane through the ankles that are slow."""

FRAME_S = 1.0 / 30.0
"""Accelerations are per this frame, whatever the rate of the file: over ``round(fps / 30)`` of its own."""

CONTACT = 0.5
"""Probability from which a foot counts as standing."""


class Places(NamedTuple):
    """Joints of one clip whose ways are compared, metres, camera axes.

    Attributes:
        pelvis_m: (T, 3) predicted; true_pelvis_m: (T, 3).
        ankles_m: (T, F, 3) predicted; true_ankles_m: (T, F, 3); both None where the truth does not know ankles.
        counted: (T,) frames that count.
        fps: frames per second.
    """

    pelvis_m: np.ndarray
    true_pelvis_m: np.ndarray
    ankles_m: np.ndarray | None
    true_ankles_m: np.ndarray | None
    counted: np.ndarray
    fps: float


def path_scores(
    predicted_m: np.ndarray,
    truth_m: np.ndarray,
    clips: Clips,
    root: tuple[int, ...],
    *,
    counted: np.ndarray,
    foot_contact: np.ndarray | None = None,
    sole_height_m: np.ndarray | None = None,
) -> dict[str, float]:
    """How feet, pelvis and contacts of a prediction move beside the truth's.

    Args:
        predicted_m: (N, 17, 3) h36m17 where the person stands.
        truth_m: the same; NaN where it is not known.
        clips: give clips and rates.
        root: joints whose middle is the pelvis, known in all counted frames.
        counted: (N,) bool, frames that count; differences never cross others, nor clips.
        foot_contact: (N, 4) predicted contact of left heel, right heel, left toe, right toe.
        sole_height_m: (N,) of the lowest foot joint over the prediction's own ground.

    Returns:
        ``foot_skate_m_s`` (mean), ``foot_skate_median_m_s`` and ``foot_skate_true_m_s``: speeds of ankles while the
        true one is below ``STANDING_M_S``; ``pelvis_accel_mm_per_frame2``, ``pelvis_accel_true_mm_per_frame2`` and
        ``pelvis_accel_err_mm_per_frame2``: mean lengths of second differences, of the prediction, of the truth and of
        their difference; ``path_err_pct``; ``pelvis_speed_max_m_s``; ``contact_f1`` and ``contact_f1_always`` (of a
        foot that always stands); ``ground_penetration_mm``. What does not apply is absent.
    """
    parts = list(_places(predicted_m, truth_m, clips, root, counted))
    scores: dict[str, float] = {}
    ours, theirs = _standing_speeds(parts)
    if len(ours):
        scores["foot_skate_m_s"] = float(ours.mean())
        scores["foot_skate_median_m_s"] = float(np.median(ours))
        scores["foot_skate_true_m_s"] = float(theirs.mean())
    bends = [_accelerations(part) for part in parts]
    if sum(map(len, bends)):
        own, true, error = np.concatenate(bends).mean(axis=0) * MM_PER_M
        scores["pelvis_accel_mm_per_frame2"] = float(own)
        scores["pelvis_accel_true_mm_per_frame2"] = float(true)
        scores["pelvis_accel_err_mm_per_frame2"] = float(error)
    errors, lengths = np.array([_path_error(part) for part in parts]).sum(axis=0)
    if lengths > 0:
        scores["path_err_pct"] = float(100.0 * errors / lengths)
        scores["pelvis_speed_max_m_s"] = max(_highest_speed(part) for part in parts)
    if foot_contact is not None and any(part.true_ankles_m is not None for part in parts):
        stands = np.concatenate([standing_feet(part) for part in parts])
        predicted = foot_contact.reshape(-1, 2, 2).max(axis=1) >= CONTACT
        scores["contact_f1"] = f1(predicted[counted], stands[counted])
        scores["contact_f1_always"] = f1(np.ones_like(stands[counted]), stands[counted])
    if sole_height_m is not None:
        scores["ground_penetration_mm"] = float(np.maximum(-sole_height_m[counted], 0.0).mean() * MM_PER_M)
    return scores


def speeds(points_m: np.ndarray, fps: float) -> np.ndarray:
    """(T, …, 3) -> (T - 1, …) metres per second from frame to frame."""
    return distances(np.diff(points_m, axis=0)) * fps


def f1(predicted: np.ndarray, true: np.ndarray) -> float:
    """Harmonic mean of precision and recall of bools; 1 where there is nothing to find and nothing was found."""
    total = predicted.sum() + true.sum()
    return float(2.0 * (predicted & true).sum() / total) if total else 1.0


def standing_feet(part: Places) -> np.ndarray:
    """(T, F) bool: the true foot is slow and near the plane through all slow ankles of the clip."""
    assert part.true_ankles_m is not None
    ankles = part.true_ankles_m
    steps = speeds(ankles, part.fps)
    if not len(steps) or not part.counted.any():
        return np.zeros(ankles.shape[:2], bool)
    slow = 0.5 * (np.concatenate([steps[:1], steps]) + np.concatenate([steps, steps[-1:]])) < STANDING_M_S
    if slow.sum() < 3:
        return slow
    up = _up(part)
    rise = ankles @ up
    level = np.median(rise[slow])
    floor = slow & (np.abs(rise - level) < 3 * STANDING_HEIGHT_M)
    place = ankles - np.median(ankles[slow], axis=0)
    # A ridge holds the plane's tilt where the standing places lie on a line or a point.
    flat = place - (place @ up)[..., None] * up
    ridge = 0.1 * np.eye(3) * max(int(floor.sum()), 1)
    centred = flat[floor] - flat[floor].mean(axis=0)
    tilt = np.linalg.solve(centred.T @ centred + ridge, centred.T @ (rise[floor] - rise[floor].mean()))
    height = rise - rise[floor].mean() - (flat - flat[floor].mean(axis=0)) @ tilt
    return slow & (height < STANDING_HEIGHT_M)


def _up(part: Places) -> np.ndarray:
    """(3,) the mean direction from the middle of the ankles to the pelvis."""
    assert part.true_ankles_m is not None
    mean = (part.true_pelvis_m - part.true_ankles_m.mean(axis=1))[part.counted].mean(axis=0)
    return mean / np.linalg.norm(mean)


def _places(
    predicted_m: np.ndarray, truth_m: np.ndarray, clips: Clips, root: tuple[int, ...], counted: np.ndarray
) -> Iterator[Places]:
    ours, theirs = predicted_m.astype(np.float64), truth_m.astype(np.float64)
    ankles = list(H36M17_ANKLES)
    known = bool(np.isfinite(theirs[counted][:, ankles]).all() and np.isfinite(ours[:, ankles]).all())
    for (begin, end), fps in zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True):
        span, index = slice(int(begin), int(end)), list(root)
        yield Places(
            pelvis_m=ours[span][:, index].mean(axis=1),
            true_pelvis_m=theirs[span][:, index].mean(axis=1),
            ankles_m=ours[span][:, ankles] if known else None,
            true_ankles_m=theirs[span][:, ankles] if known else None,
            counted=counted[span],
            fps=float(fps),
        )


def _counted_steps(part: Places) -> np.ndarray:
    """(T - 1,) bool, steps between two frames that count."""
    return part.counted[1:] & part.counted[:-1]


def _highest_speed(part: Places) -> float:
    """Of the predicted pelvis, from frame to frame, m/s."""
    return float(speeds(part.pelvis_m, part.fps)[_counted_steps(part)].max(initial=0.0))


def _standing_speeds(parts: list[Places]) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true speeds of all ankles at all steps in which the true one stands."""
    ours, theirs = [np.zeros(0)], [np.zeros(0)]
    for part in parts:
        if part.ankles_m is None or part.true_ankles_m is None or len(part.counted) < 2:
            continue
        true = speeds(part.true_ankles_m, part.fps)
        slow = (true < STANDING_M_S) & _counted_steps(part)[:, None]
        ours.append(speeds(part.ankles_m, part.fps)[slow])
        theirs.append(true[slow])
    return np.concatenate(ours), np.concatenate(theirs)


def _accelerations(part: Places) -> np.ndarray:
    """(n, 3) lengths of second differences over ``FRAME_S``: predicted, true, of the error; metres."""
    step = max(1, round(part.fps * FRAME_S))
    if len(part.counted) <= 2 * step:
        return np.zeros((0, 3))
    kept = part.counted[2 * step :] & part.counted[step:-step] & part.counted[: -2 * step]
    ours, theirs = (of[2 * step :] - 2 * of[step:-step] + of[: -2 * step] for of in (part.pelvis_m, part.true_pelvis_m))
    return np.stack([distances(value) for value in (ours, theirs, ours - theirs)], axis=-1)[kept]


def _path_error(part: Places) -> tuple[float, float]:
    """Mean error of the pelvis' way from its first frame after one scale by least squares, and its true length; m."""
    frames = np.flatnonzero(part.counted)
    if len(frames) < 2:
        return 0.0, 0.0
    ours, theirs = (of[frames] - of[frames[0]] for of in (part.pelvis_m, part.true_pelvis_m))
    scale = float((ours * theirs).sum() / max(float((ours**2).sum()), 1e-12))
    return float(distances(scale * ours - theirs).mean()), float(distances(np.diff(theirs, axis=0)).sum())
