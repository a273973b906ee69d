"""How far off a frame is likely to be, from signs that need no truth.

Four signs per frame, each the logarithm of something that grows with the error: how much the teacher's joints of
overlapping and mirrored windows disagree, how much teacher and student disagree, how far the student was from the
keypoints before refinement, and how little the detector trusted its joints. A linear regression on the
logarithm of the PA-MPJPE, fitted on built-in motion with a simulated detector, makes one number of them
(``python -m benchmarks.confidence --fit``); its coefficients travel in the weights' card under ``certainty``.
"""

import itertools
from typing import Any

import numpy as np

from pn3d.data.clips import Clips
from pn3d.inference.blend import Blended

SIGNS = ("window_spread", "disagreement", "gap", "doubt")
SMOOTH_SECONDS = 0.4
"""Signs are averaged over time by a triangle of this half width: errors last longer than a frame."""

FLOOR = 1e-3

DEFAULT: dict[str, Any] = {
    "coefficients": dict.fromkeys(SIGNS, 0.2),
    "intercept": 5.0,
    "source": "equal weights, for weights whose card has none",
}
"""Used where a card has no coefficients: the order of frames is meaningful, millimetres are not."""


def frame_signs(
    blended: Blended,
    student_m: np.ndarray,
    teacher_m: np.ndarray,
    gap: np.ndarray,
    confidence: np.ndarray,
    clips: Clips,
) -> np.ndarray:
    """(N, 4) the signs of ``SIGNS``, averaged over time within each clip.

    Args:
        blended: what the windows said; with a student.
        student_m: (N, 17, 3) the student's joints.
        teacher_m: (N, 17, 3) the teacher's at the same scale and pelvis.
        gap: (N,) distance of measured joints from the student before refinement, head-root units.
        confidence: (N, 17) the detector's.
        clips: boundaries and rates.
    """
    size = np.maximum(blended.size, 1e-4)
    square = np.sum(blended.teacher_joints**2, axis=(1, 2))
    spread = np.sqrt(np.maximum(blended.square - square, 0.0) / 17.0) / size
    apart = np.linalg.norm(student_m - teacher_m, axis=-1).mean(axis=1)
    raw = np.stack([spread, apart, gap, 1.0 - confidence.mean(axis=1)], axis=1)
    signs = np.log(np.maximum(raw, 0.0) + FLOOR)
    return np.concatenate(
        [
            over_time(signs[begin:end], round(SMOOTH_SECONDS * float(rate)))
            for (begin, end), rate in zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True)
        ]
    ).astype(np.float32)


def over_time(values: np.ndarray, half: int) -> np.ndarray:
    """Triangular average along axis 0, over what there is at the ends. (T, D) -> (T, D)."""
    half = min(half, len(values) - 1)
    if half < 1:
        return values
    total, weight = values.astype(np.float64), np.ones((len(values), 1))
    for shift in range(1, half + 1):
        share = 1.0 - shift / (half + 1)
        total[shift:] += share * values[:-shift]
        total[:-shift] += share * values[shift:]
        weight[shift:] += share
        weight[:-shift] += share
    return total / weight


def expected_error_mm(signs: np.ndarray, card: dict[str, Any] | None) -> np.ndarray:
    """(N, 4) -> (N,) the PA-MPJPE that such signs went with."""
    card = DEFAULT if card is None else card
    coefficients = np.array([card["coefficients"][name] for name in SIGNS])
    return np.exp(np.clip(signs @ coefficients + card["intercept"], 0.0, 7.0)).astype(np.float32)


def fit(signs: np.ndarray, error_mm: np.ndarray) -> dict[str, Any]:
    """Least squares of log error on the signs, no coefficient below zero (a sign that falls with the error is no sign).

    Args:
        signs: (N, 4).
        error_mm: (N,) true PA-MPJPE.
    """
    used = list(range(len(SIGNS)))
    target = np.log(error_mm)
    while True:
        columns = np.concatenate([signs[:, used], np.ones((len(signs), 1))], axis=1)
        solution = np.linalg.lstsq(columns, target, rcond=None)[0]
        if not used or solution[:-1].min() >= 0:
            break
        used.pop(int(np.argmin(solution[:-1])))
    found = dict.fromkeys(SIGNS, 0.0) | {SIGNS[index]: float(solution[i]) for i, index in enumerate(used)}
    return {"coefficients": found, "intercept": float(solution[-1])}
