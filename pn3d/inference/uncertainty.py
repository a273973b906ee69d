"""How far off a frame is likely to be, from signs that need no truth.

Two signs per frame, each the logarithm of something that grows with the error: how much teacher and student disagree,
and how much the teacher disagrees with itself about its skeleton seen from elsewhere. A linear regression on the
logarithm of the PA-MPJPE, fitted on built-in motion of all kinds with simulated detectors, makes one number of them
(``python -m benchmarks.accuracy.confidence --fit``); its coefficients travel in the weights' card (``uncertainty``).
People whom real cameras filmed err more than such signs went with in built-in motion, so the result is stretched until
its mean is nearly theirs (``--real``).
"""

from typing import Any

import numpy as np

from pn3d.inference.relift import aligned_distance
from pn3d.inference.smoothing import over_time

SIGNS = ("disagreement", "relifted")
"""Others that were measured and left out: docs/log/wild.md."""

SMOOTH_SECONDS = 0.4
"""Signs are averaged over time by a triangle of this half width: errors last longer than a frame."""

FLOOR = 1e-3

COMPARED_PER_SECOND = 10.0
"""How often teacher and student are compared."""

ABOUT_MM = 30.0
"""What ``stretched`` leaves as it is: about the error of everyday motion as exact 2D."""

ENOUGH = 0.92
"""The share of the true mean that stretched errors come to."""

DEFAULT: dict[str, Any] = {
    "coefficients": {"disagreement": 0.4, "relifted": 0.5},
    "intercept": 6.7,
    "source": "about those of the weights that ship, for weights whose card has none or those of other signs",
}


def error_signs(student_m: np.ndarray, teacher_m: np.ndarray, relifted: np.ndarray, fps: float) -> np.ndarray:
    """(T, 2) the signs of ``SIGNS`` in one clip, averaged over time.

    Args:
        student_m: (T, 17, 3) the student's joints.
        teacher_m: (T, 17, 3) the teacher's.
        relifted: (T,) of ``pn3d.inference.relift.relifted_apart``.
        fps: frames per second.
    """
    frames = np.arange(len(student_m))
    at = frames[:: max(1, round(fps / COMPARED_PER_SECOND))]
    disagreement = np.interp(frames, at, aligned_distance(teacher_m[at], student_m[at]))
    signs = np.log(np.stack([disagreement, relifted], axis=1) + FLOOR)
    return over_time(signs, round(SMOOTH_SECONDS * fps)).astype(np.float32)


def expected_error_mm(signs: np.ndarray, facts: dict[str, Any], seen: np.ndarray | None = None) -> np.ndarray:
    """(T, 2) -> (T,) the PA-MPJPE that such signs went with, by what a weights' card says (``Weights.facts``).

    Where the person is not ``seen``, (T,) bool, nothing can disagree, and the signs say little: no less is expected
    there than the median of the clip's seen frames.
    """
    card = facts.get("uncertainty") or DEFAULT
    card = card if set(card["coefficients"]) == set(SIGNS) else DEFAULT
    logarithm = signs @ np.array([card["coefficients"][name] for name in SIGNS]) + card["intercept"]
    expected = np.exp(np.clip(logarithm, 0.0, 7.0)).astype(np.float32)
    if seen is None or not seen.any():
        return expected
    return np.where(seen, expected, np.maximum(expected, np.median(expected[seen])))


def fit(signs: np.ndarray, error_mm: np.ndarray) -> dict[str, Any]:
    """Least squares of log error on the signs, no coefficient below zero (a sign that falls with the error is no sign).

    Args:
        signs: (N, 2).
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
    # The mean of the expected errors is that of the true ones: e to the mean logarithm is less.
    shift = np.log(error_mm.mean() / np.exp(columns @ solution).mean())
    found = dict.fromkeys(SIGNS, 0.0) | {SIGNS[index]: float(solution[i]) for i, index in enumerate(used)}
    return {"coefficients": found, "intercept": float(solution[-1] + shift)}


def stretched(card: dict[str, Any], expected_mm: np.ndarray, error_mm: np.ndarray) -> dict[str, Any]:
    """A card whose expected errors are further from ``ABOUT_MM``, by the least power, at most 1, that brings their
    mean to ``ENOUGH`` of the true one's.

    Ranks stay as they are. Our choice: the regression is right about everyday motion as exact 2D, and tells unusual
    people from others, but not by how much; what simulated detectors make of people is then expected to be worse than
    it is, so no more is done than is needed.

    Args:
        card: of ``fit``.
        expected_mm: (N,) what it says of some frames.
        error_mm: (N,) their true errors, with a greater mean.
    """
    powers = np.linspace(0.0, 1.0, 1001)
    ratio = np.log(expected_mm / ABOUT_MM)
    means = ABOUT_MM * np.array([np.exp((1.0 + power) * ratio).mean() for power in powers])
    power = float(np.interp(ENOUGH * error_mm.mean(), means, powers))
    return card | {
        "coefficients": {name: (1.0 + power) * value for name, value in card["coefficients"].items()},
        "intercept": (1.0 + power) * card["intercept"] - power * float(np.log(ABOUT_MM)),
        "stretched": {"power": power, "about_mm": ABOUT_MM},
    }
