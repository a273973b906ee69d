"""Which feet stand: a logistic regression on how each foot moves in the picture and how high it is.

A step leaves a trace for half a second, so a frame is told by moments before and after it too; and what it looks like
where keypoints jitter differs, so exact and jittering ones have weights of their own. Fitted by
``python -m benchmarks.accuracy.contacts``, which also measures it, on built-in motion with and without the simulated
detector's errors, where a point of a foot stands that is slower than ``CONTACT_M_S`` near the ground, and on recorded
motion's 2D, where detected keypoints learn what exact ones say. Our choice. Everything here is of one clip, T
frames. Points of feet are left heel, right heel, left toe, right toe: ``SMPL24_FEET``.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.ndimage import convolve1d, maximum_filter1d, minimum_filter1d, uniform_filter1d

from pn3d.geometry.camera import NEAREST_M
from pn3d.inference.path import ByNoise, detected_share

CONTACT_M_S = 0.1
"""What counted as standing when the regression was fitted, m/s."""

HALF_S = (ByNoise(0.0, 0.1), ByNoise(0.07, 0.2), ByNoise(0.15, 0.3))
"""Half widths of the averages over time under which a foot's speed is measured, seconds: where keypoints are exact, and
where they jitter."""

AROUND_S = ByNoise(0.1, 0.2)
"""How far before and after a frame its foot's greatest speed is looked for, likewise."""

LOW_S = 4.0
"""The ground under a frame is where the lowest toe is within so many seconds; it need not be one plane."""

SETTLED_S = ByNoise(0.0, 0.05)
"""Half width of the average over time of the logits, likewise."""

UNSEEN_S = 0.1
"""An ankle that is not measured within so many seconds stands nowhere."""

MOMENTS_S = (-0.2, -0.1, 0.1, 0.2)
"""When else the first two of a foot's speeds are looked at, seconds from the frame."""

FEATURES = (
    *("speed", "speed_wide", "speed_widest", "height_m", "speed_around", "rising_m_s"),
    *(f"{name} {moment_s:+} s" for moment_s in MOMENTS_S for name in ("speed", "speed_wide")),
    "one",
)

COLUMNS = 2 * len(FEATURES)
"""``FEATURES`` times how exact keypoints are, and again times how much they jitter: the two add up to 1."""

# fmt: off
WEIGHTS = {
    "heel": (
        -2.112, -1.395, -0.594, -6.362, -0.697, -0.787,  # exact
        -0.166, -0.258, -0.400, -0.270, -0.425, -0.253, -0.082, 0.092, -13.873,
        0.111, -0.327, -1.148, -9.475, 0.245, -5.831,  # jittering
        0.071, -0.813, 0.040, -0.468, 0.079, -0.480, 0.112, -0.672, -3.839,
    ),
    "toe": (
        -1.530, -0.753, -0.057, -10.032, -0.549, -1.884,  # exact
        -0.249, -0.491, -0.751, -0.346, -0.363, -0.053, -0.033, 0.234, -9.824,
        0.068, -0.344, -0.996, -10.952, 0.255, -6.667,  # jittering
        -0.003, -0.853, 0.058, -0.640, 0.050, -0.391, 0.140, -0.544, -4.129,
    ),
}
# fmt: on
"""Of the columns in their order."""

_SLOWEST_M_S = 0.03


class FeetView(NamedTuple):
    """What contacts are told from.

    Attributes:
        points_m: (T, 4, 3) heels and toes, camera axes.
        ankle_rays: (T, 2, 2) keypoints of the still camera.
        ankle_confidence: (T, 2), 0 = missing.
        jitter: (T,) of the keypoints.
        misfit: how much further than usual they are off the body, at least 1 (``path.measure_misfit``).
        up_cam: (3,) the world's up.
        fps: frames per second.
    """

    points_m: np.ndarray
    ankle_rays: np.ndarray
    ankle_confidence: np.ndarray
    jitter: np.ndarray
    misfit: float
    up_cam: np.ndarray
    fps: float


def find_contacts(view: FeetView) -> np.ndarray:
    """(T, 4) probability that left heel, right heel, left toe, right toe stand; 0 where the ankle is long unseen."""
    half = round(SETTLED_S.at(_detected(view)) * view.fps)
    settled = _averaged(logits(contact_features(view), WEIGHTS), half)
    seen = maximum_filter1d(view.ankle_confidence > 0, 2 * round(UNSEEN_S * view.fps) + 1, axis=0)
    probability = 1.0 / (1.0 + np.exp(-np.clip(settled, -30.0, 30.0)))
    return (probability * np.tile(seen, 2)).astype(np.float32)


PARTS = {"heel": slice(0, 2), "toe": slice(2, 4)}
"""Of the four points of feet."""


def logits(features: np.ndarray, weights: Mapping[str, Sequence[float] | np.ndarray]) -> np.ndarray:
    """(T, 4, ``COLUMNS``) -> (T, 4) logarithm of the odds that each point stands."""
    return np.concatenate([features[:, part] @ np.array(weights[name]) for name, part in PARTS.items()], axis=1)


def contact_features(view: FeetView) -> np.ndarray:
    """(T, 4, ``COLUMNS``) of ``FEATURES``: logarithms of the ankle's speed in the picture at the body's distance,
    averaged over three widths, height over the lowest toe around, logarithm of the greatest speed around, how fast the
    point rises or falls, and the first two speeds at other moments."""
    share = _detected(view)
    depth = np.maximum(view.points_m[:, :2, 2], NEAREST_M)
    seen = view.points_m[:, :2, :2] / depth[..., None]
    rays = np.where((view.ankle_confidence > 0)[..., None], view.ankle_rays, seen).astype(np.float64)
    halves = [round(half_s.at(share) * view.fps) for half_s in HALF_S]
    speeds = [_log_speed(_speed(_averaged(rays, half), view.fps) * depth) for half in halves]
    around = maximum_filter1d(speeds[0], 2 * round(AROUND_S.at(share) * view.fps) + 1, axis=0)
    rise = view.points_m @ view.up_cam
    low = minimum_filter1d(rise[:, 2:].min(axis=1), int(LOW_S * view.fps) | 1, mode="nearest")
    low = uniform_filter1d(low, int(0.5 * LOW_S * view.fps) | 1, mode="nearest")
    rising = _speed(_averaged(rise, halves[1])[..., None], view.fps)
    frames = np.arange(len(rays))
    moments = [np.clip(frames + round(moment_s * view.fps), 0, len(rays) - 1) for moment_s in MOMENTS_S]
    both = lambda of_ankles: np.tile(of_ankles, 2)  # noqa: E731
    features = [*map(both, speeds), rise - low[:, None], both(around), rising]
    features += [both(speed[moment]) for moment in moments for speed in speeds[:2]]
    columns = np.stack([*features, np.ones_like(rise)], axis=-1)
    return np.concatenate([(1.0 - share) * columns, share * columns], axis=-1)


def _detected(view: FeetView) -> float:
    """Where a clip lies between exact keypoints, 0, and ones that jitter or miss the body, 1."""
    return float(detected_share(view.jitter.mean(), view.misfit))


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
