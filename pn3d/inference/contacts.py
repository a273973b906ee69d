"""Which feet stand: a logistic regression on how each foot moves in the picture and how high it is.

Fitted by ``python -m benchmarks.accuracy.contacts``, which also measures it, on built-in motion with and without the
simulated detector's errors, where a point of a foot stands that is slower than ``CONTACT_M_S`` near the ground, and on
recorded motion's 2D, where detected keypoints learn what exact ones say. Our choice. Everything here is of one clip, T
frames. Points of feet are left heel, right heel, left toe, right toe: ``SMPL24_FEET``.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.ndimage import convolve1d, maximum_filter1d, minimum_filter1d, uniform_filter1d

from pn3d.geometry.camera import NEAREST_M
from pn3d.inference.smoothing import jittering

CONTACT_M_S = 0.1
"""What counted as standing when the regression was fitted, m/s."""

HALF_S = ((0.0, 0.1), (0.07, 0.2), (0.15, 0.3))
"""Half widths of the averages over time under which a foot's speed is measured, seconds: where keypoints are exact, and
where they jitter."""

AROUND_S = (0.1, 0.2)
"""How far before and after a frame its foot's greatest speed is looked for, likewise."""

LOW_S = 4.0
"""The ground under a frame is where the lowest toe is within so many seconds; it need not be one plane."""

SETTLED_S = (0.0, 0.16)
"""Half width of the average over time of the logits, likewise."""

UNSEEN_S = 0.1
"""An ankle that is not measured within so many seconds stands nowhere."""

FEATURES = ("speed", "speed_wide", "speed_widest", "height_m", "jitter", "speed_around")

WEIGHTS = {
    "heel": (-0.069, -0.684, -1.851, -12.635, 1.750, -1.347, 4.101),
    "toe": (-0.064, -0.702, -1.615, -11.853, 1.480, -1.195, 2.683),
}
"""Of the features in their order, and the constant."""

_SLOWEST_M_S = 0.03


class FeetView(NamedTuple):
    """What contacts are told from.

    Attributes:
        points_m: (T, 4, 3) heels and toes, camera axes.
        ankle_rays: (T, 2, 2) keypoints of the still camera.
        ankle_confidence: (T, 2), 0 = missing.
        jitter: (T,) of the keypoints.
        up_cam: (3,) the world's up.
        fps: frames per second.
    """

    points_m: np.ndarray
    ankle_rays: np.ndarray
    ankle_confidence: np.ndarray
    jitter: np.ndarray
    up_cam: np.ndarray
    fps: float


def find_contacts(view: FeetView) -> np.ndarray:
    """(T, 4) probability that left heel, right heel, left toe, right toe stand; 0 where the ankle is long unseen."""
    features = contact_features(view)
    half = round((SETTLED_S[0] + (SETTLED_S[1] - SETTLED_S[0]) * _jittering(view.jitter)) * view.fps)
    settled = _averaged(logits(features, WEIGHTS), half)
    seen = maximum_filter1d(view.ankle_confidence > 0, 2 * round(UNSEEN_S * view.fps) + 1, axis=0)
    probability = 1.0 / (1.0 + np.exp(-np.clip(settled, -30.0, 30.0)))
    return (probability * np.tile(seen, 2)).astype(np.float32)


PARTS = {"heel": slice(0, 2), "toe": slice(2, 4)}
"""Of the four points of feet."""


def logits(features: np.ndarray, weights: Mapping[str, Sequence[float] | np.ndarray]) -> np.ndarray:
    """(T, 4, F) ``FEATURES`` -> (T, 4) logarithm of the odds that each point stands."""
    parts = [features[:, part] @ np.array(weights[name][:-1]) + weights[name][-1] for name, part in PARTS.items()]
    return np.concatenate(parts, axis=1)


def contact_features(view: FeetView) -> np.ndarray:
    """(T, 4, 6) ``FEATURES``: logarithms of the ankle's speed in the picture at the body's distance, averaged over
    three widths, height over the lowest toe around, logarithm of jitter, logarithm of the greatest speed around."""
    share = _jittering(view.jitter)
    depth = np.maximum(view.points_m[:, :2, 2], NEAREST_M)
    seen = view.points_m[:, :2, :2] / depth[..., None]
    rays = np.where((view.ankle_confidence > 0)[..., None], view.ankle_rays, seen).astype(np.float64)
    speeds = []
    for exact_s, jittering_s in HALF_S:
        half = round((exact_s + (jittering_s - exact_s) * share) * view.fps)
        speeds.append(_log_speed(_speed(_averaged(rays, half), view.fps) * depth))
    around = round((AROUND_S[0] + (AROUND_S[1] - AROUND_S[0]) * share) * view.fps)
    speeds.append(maximum_filter1d(speeds[0], 2 * around + 1, axis=0))
    rise = view.points_m @ view.up_cam
    low = minimum_filter1d(rise[:, 2:].min(axis=1), int(LOW_S * view.fps) | 1, mode="nearest")
    low = uniform_filter1d(low, int(0.5 * LOW_S * view.fps) | 1, mode="nearest")
    jitter = np.broadcast_to(np.log(view.jitter + 0.002)[:, None], rise.shape)
    both = [np.tile(speed, 2) for speed in speeds]
    return np.stack([*both[:3], rise - low[:, None], jitter, both[3]], axis=-1)


def _jittering(jitter: np.ndarray) -> float:
    """Where a clip lies between exact keypoints, 0, and ones that jitter, 1."""
    return float(jittering(jitter.mean()))


def _log_speed(speed_m_s: np.ndarray) -> np.ndarray:
    return np.log(speed_m_s + _SLOWEST_M_S)


def _averaged(values: np.ndarray, half: int) -> np.ndarray:
    """(T, …) averaged over time by a triangle that reaches zero ``half`` + 1 frames away."""
    if half < 1:
        return values
    triangle = np.minimum(np.arange(1, 2 * half + 2), np.arange(2 * half + 1, 0, -1)) / (half + 1.0) ** 2
    return convolve1d(values, triangle, axis=0, mode="nearest")


def _speed(values: np.ndarray, fps: float) -> np.ndarray:
    """(T, …, D) -> (T, …) lengths of central differences per second, one-sided at the ends."""
    if len(values) < 2:
        return np.zeros(values.shape[:-1])
    return np.linalg.norm(np.gradient(values, axis=0), axis=-1) * fps
