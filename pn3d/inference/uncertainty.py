"""How far off a frame is likely to be, from signs that need no truth.

Four signs per frame, each the logarithm of something that grows with the error: how much the teacher's joints of
overlapping and mirrored windows disagree, how much teacher and student disagree, how far the student was from the
keypoints before the fit, and how little the detector trusted its joints. A linear regression on the
logarithm of the PA-MPJPE, fitted on built-in motion with a simulated detector, makes one number of them
(``python -m benchmarks.accuracy.confidence --fit``); its coefficients travel in the weights' card (``uncertainty``).
"""

from typing import Any

import numpy as np

from pn3d.inference.lifted import LiftedClip
from pn3d.inference.smoothing import over_time

SIGNS = ("window_spread", "disagreement", "residual", "missing_confidence")
_RENAMED = {"gap": "residual", "doubt": "missing_confidence"}
"""What cards of version 0.1.0 call two of them, under ``certainty``."""

SMOOTH_SECONDS = 0.4
"""Signs are averaged over time by a triangle of this half width: errors last longer than a frame."""

FLOOR = 1e-3

DEFAULT: dict[str, Any] = {
    "coefficients": dict.fromkeys(SIGNS, 0.2),
    "intercept": 5.0,
    "source": "equal weights, for weights whose card has none",
}
"""Used where a card has no coefficients: the order of frames is meaningful, millimetres are not."""


def error_signs(clip: LiftedClip, student_m: np.ndarray, teacher_m: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """(T, 4) the signs of ``SIGNS`` in one clip, averaged over time.

    Args:
        clip: through the networks, with a student.
        student_m: (T, 17, 3) the student's joints.
        teacher_m: (T, 17, 3) the teacher's at the same scale and pelvis.
        residual: (T,) distance of measured joints from the student before the fit, head-root units.
    """
    size = np.maximum(clip.outputs.size, 1e-4)
    square = np.sum(clip.outputs.teacher_joints**2, axis=(1, 2))
    spread = np.sqrt(np.maximum(clip.outputs.mean_square - square, 0.0) / 17.0) / size
    disagreement = np.linalg.norm(student_m - teacher_m, axis=-1).mean(axis=1)
    raw = np.stack([spread, disagreement, residual, 1.0 - clip.confidence.mean(axis=1)], axis=1)
    signs = np.log(np.maximum(raw, 0.0) + FLOOR)
    return over_time(signs, round(SMOOTH_SECONDS * clip.fps)).astype(np.float32)


def expected_error_mm(signs: np.ndarray, facts: dict[str, Any], seen: np.ndarray | None = None) -> np.ndarray:
    """(T, 4) -> (T,) the PA-MPJPE that such signs went with, by what a weights' card says (``Weights.facts``).

    Where the person is not ``seen``, (T,) bool, nothing can disagree, and the signs say little: no less is expected
    there than the median of the clip's seen frames.
    """
    card = facts.get("uncertainty") or facts.get("certainty") or DEFAULT
    found = {_RENAMED.get(name, name): value for name, value in card["coefficients"].items()}
    logarithm = signs @ np.array([found[name] for name in SIGNS]) + card["intercept"]
    expected = np.exp(np.clip(logarithm, 0.0, 7.0)).astype(np.float32)
    if seen is None or not seen.any():
        return expected
    return np.where(seen, expected, np.maximum(expected, np.median(expected[seen])))


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
