"""How likely a person is in the air, frame by frame: a logistic regression on how pelvis and feet move around a frame.

Four signals, each over a third of a second before and after: how the pelvis' height bends, how high the higher foot is,
how far the pelvis is over the feet, and whether a foot stands. Feet alone say too much, for those that push off or land
move already, and gravity alone too little, for legs let a body sink nearly as fast. Fitted by ``python -m
benchmarks.accuracy.flights`` on built-in motion, jumps and everything else, with exact keypoints and with a detector's;
the table lies beside this file. Our choice. Everything here is of one clip, T frames.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import convolve1d, minimum_filter1d

from pn3d.files.tables import read_table
from pn3d.inference.cuts import uncut_runs
from pn3d.inference.smoothing import jittering

RATE = 30.0
"""Frames per second of the table; at other rates the same times count."""

FRAMES = range(-10, 11)
"""Of the table, around the one that is asked about."""

SIGNALS = ("bend_m_s2", "foot", "legs", "contact", "one")
"""Second derivative of the pelvis' height; height of the higher ankle over the lowest toe around, and of the pelvis
over the middle of the ankles, over the length of a leg; logarithm of the odds of the likeliest contact; the constant.
"""

GROUND_S = 0.5
"""The ground is where the lowest toe is within so many seconds before and after."""

LARGEST = (25.0, 1.2, 1.4, 9.2, 1.0)
"""Of each signal: what is more than people do, or no surer than a regression can be, counts as this."""

NEVER = -30.0
"""Logarithm of the odds where no ankle is seen."""


class AirView(NamedTuple):
    """What flights are told from.

    Attributes:
        pelvis_m: (T,) height of the pelvis, along the world's up.
        feet_m: (T, 4) the same of left ankle, right ankle, left toe, right toe.
        contact: (T, 4) probability that each stands.
        jitter: (T,) of the keypoints, head-root units.
        seen: (T,) frames in which an ankle is seen.
        cut: (T,) frames that do not follow the frame before them.
        fps: frames per second.
        leg_m: length of thigh and shank.
    """

    pelvis_m: np.ndarray
    feet_m: np.ndarray
    contact: np.ndarray
    jitter: np.ndarray
    seen: np.ndarray
    cut: np.ndarray
    fps: float
    leg_m: float


def read_taps(kind: str) -> np.ndarray:
    """(5, 21) factors of ``SIGNALS`` in ``FRAMES``, where keypoints are "exact" or "detected"."""
    rows = {row["signal"]: row for row in read_table(__file__, "flight_odds.csv") if row["keypoints"] == kind}
    return np.array([[float(rows[signal][str(frame)]) for frame in FRAMES] for signal in SIGNALS])


EXACT, DETECTED = read_taps("exact"), read_taps("detected")


def air_logits(view: AirView) -> np.ndarray:
    """(T,) logarithm of the odds that the person is in the air."""
    share = float(jittering(view.jitter.mean())) if len(view.jitter) else 0.0
    steps = [round(frame * view.fps / RATE) for frame in FRAMES]
    kernel = np.zeros((len(SIGNALS), 2 * steps[-1] + 1))
    for step, factors in zip(steps, (EXACT + (DETECTED - EXACT) * share).T, strict=True):
        kernel[:, step + steps[-1]] += factors
    signals = air_signals(view)
    logits = np.full(len(view.pelvis_m), NEVER)
    for begin, end in uncut_runs(view.seen, view.cut):
        parts = [
            convolve1d(signals[begin:end, signal], taps[::-1], mode="nearest") for signal, taps in enumerate(kernel)
        ]
        logits[begin:end] = sum(parts)
    return logits


def air_signals(view: AirView) -> np.ndarray:
    """(T, 5) ``SIGNALS``."""
    lowest = minimum_filter1d(view.feet_m[:, 2:].min(axis=1), 2 * round(GROUND_S * view.fps) + 1, mode="nearest")
    sure = np.clip(view.contact.max(axis=1).astype(np.float64), 1e-4, 1.0 - 1e-4)
    signals = (
        _bend(view.pelvis_m, view.cut, view.fps),
        (view.feet_m[:, :2].max(axis=1) - lowest) / view.leg_m,
        (view.pelvis_m - view.feet_m[:, :2].mean(axis=1)) / view.leg_m,
        np.log(sure / (1.0 - sure)),
        np.ones(len(sure)),
    )
    return np.clip(np.stack(signals, axis=-1), [-limit for limit in LARGEST], LARGEST)


def _bend(height_m: np.ndarray, cut: np.ndarray, fps: float) -> np.ndarray:
    """(T,) second derivative, 0 at cuts and at the ends; at higher rates over the same time as at ``RATE``."""
    bend = np.zeros(len(height_m))
    if len(height_m) > 2:
        joined = ~(cut[1:-1] | cut[2:])
        bend[1:-1] = np.diff(height_m, 2) * fps**2 * joined
    half = max(1, round(fps / RATE))
    triangle = np.minimum(np.arange(1, 2 * half), np.arange(2 * half - 1, 0, -1)) / half**2
    return convolve1d(bend, triangle, mode="nearest")
