"""Averaging over time, as wide as the keypoints jitter.

Windows are short, and the fit to the keypoints (``pn3d.inference.fit``) takes every frame by itself, so a detector's
error, which changes from frame to frame, is still in both. Exact keypoints should be followed closely; jittering ones
ask for an average over neighbours. How much they jitter is measured in the keypoints themselves. Our choice; numbers in
docs/log/settings.md. Everything here is of one clip, T frames.
"""

from typing import NamedTuple

import numpy as np


class HalfWidth(NamedTuple):
    """Half the width of the averaging triangle, seconds: where keypoints are exact, and where they jitter."""

    exact_s: float
    jittering_s: float


CORRECTIONS = HalfWidth(0.067, 0.25)
"""Of the rotations that the fit adds: what little the picture tells of a limb that points at the camera changes from
frame to frame even where keypoints are exact."""

TEACHER = HalfWidth(0.0, 0.1)
"""Of the teacher's skeleton."""

EXACT, JITTERING = 0.003, 0.008
"""Jitter in head-root units that counts as none, and as a detector's (simulated ones have 0.008 to 0.03)."""

JITTER_FRAMES = 6
"""Frames before and after that jitter is the median over: a jump touches five, and is no jitter."""

JITTER_REACH = JITTER_FRAMES + 2
"""Frames before and after that a frame's jitter depends on."""


def measure_jitter(rays: np.ndarray, confidence: np.ndarray, size: np.ndarray) -> np.ndarray:
    """How much keypoints jitter around each frame: their noise if it were white, head-root units.

    Fourth differences of movement at 30 frames/s are small beside those of noise, whose variance they multiply by 70.
    Their roots are averaged over joints, so that a few fast ones count little, and the median is taken over time.

    Args:
        rays: (T, J, 2) centred rays.
        confidence: (T, J), 0 = missing.
        size: (T,) the person's size.

    Returns:
        (T,) 0 where fewer than five frames in a row are measured.
    """
    frames = len(confidence)
    roots = np.full(frames + 2 * JITTER_FRAMES, np.inf, np.float32)
    if frames >= 5:
        fourth = rays[4:] - 4 * rays[3:-1] + 6 * rays[2:-2] - 4 * rays[1:-3] + rays[:-4]
        variance = (fourth**2).sum(axis=-1) / (2 * 70)
        there = confidence > 0
        counts = there[4:] & there[3:-1] & there[2:-2] & there[1:-3] & there[:-4]
        total = (np.sqrt(np.sqrt(variance) / size[2:-2, None]) * counts).sum(axis=1)
        count = counts.sum(axis=1)
        roots[JITTER_FRAMES + 2 : -JITTER_FRAMES - 2] = np.where(count > 0, total / np.maximum(count, 1), np.inf)
    near = np.sort(np.lib.stride_tricks.sliding_window_view(roots, 2 * JITTER_FRAMES + 1), axis=1)
    known = np.isfinite(near).sum(axis=1)
    middle = near[np.arange(frames), np.maximum(known - 1, 0) // 2]
    return np.where(known > 0, middle, 0.0) ** 2


def half_width(jitter: np.ndarray, width: HalfWidth, fps: float) -> np.ndarray:
    """(T,) jitter -> (T,) half the width of the average, in frames, not rounded."""
    share = np.clip((jitter - EXACT) / (JITTERING - EXACT), 0.0, 1.0)
    return (width.exact_s + (width.jittering_s - width.exact_s) * share) * fps


def reach(width: HalfWidth, fps: float) -> int:
    """The most frames before and after that an average looks at."""
    return int(np.ceil(max(width) * fps))


def smooth(values: np.ndarray, weight: np.ndarray, half: np.ndarray | float) -> np.ndarray:
    """Average over time by a triangle that reaches zero ``half`` + 1 frames away, times a weight.

    (T, J, D), (T, J or 1), (T,) or a number -> (T, J, D); zero where nothing nearby counts.
    """
    frames = len(values)
    half = np.broadcast_to(np.asarray(half, np.float32), (frames,))
    total = weight[..., None] * values
    counted = weight.copy()
    for shift in range(1, min(int(np.ceil(half.max(initial=0.0))), frames - 1) + 1):
        share = np.maximum(1.0 - shift / (half + 1.0), 0.0)
        for to, of in ((slice(shift, None), slice(None, -shift)), (slice(None, -shift), slice(shift, None))):
            trust = share[to, None] * weight[of]
            total[to] += trust[..., None] * values[of]
            counted[to] += trust
    return total / np.maximum(counted, 1e-6)[..., None]


def over_time(values: np.ndarray, half: int) -> np.ndarray:
    """Triangular average along axis 0, over what there is at the ends. (T, D) -> (T, D)."""
    half = min(half, len(values) - 1)
    if half < 1:
        return values
    ones = np.ones((len(values), 1))
    return smooth(values.astype(np.float64)[:, None], ones, half)[:, 0]
