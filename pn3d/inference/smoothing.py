"""Averaging over time, as wide as the keypoints shake.

Windows are short, and refinement (``pn3d.body.fitting``) takes every frame by itself, so a detector's error, which
changes from frame to frame, is still in what both say. Exact keypoints should be followed closely; shaking ones ask
for an average over neighbours. How much they shake is seen in the keypoints themselves. Our choice; numbers in
docs/accuracy.md.
"""

from typing import NamedTuple

import numpy as np


class Spread(NamedTuple):
    """Half the width of the averaging triangle, seconds: where keypoints are exact, and where they shake."""

    exact_s: float
    shaking_s: float


TURNS = Spread(0.067, 0.25)
"""Of the turns that refinement finds: what little the picture says of a limb that points at the camera changes from
frame to frame even where keypoints are exact."""

TEACHER = Spread(0.0, 0.1)
"""Of the teacher's skeleton."""

FITS_PER_SECOND = 15.0
"""How often the turns are found; in between they are interpolated (a frame's own would be averaged away anyway)."""

EXACT, SHAKING = 0.003, 0.008
"""Shake in head-root units that counts as none, and as a detector's (simulated ones show 0.008 to 0.03)."""

SHAKE_FRAMES = 6
"""Frames before and after that shake is the median over: a jump touches five, and is no shaking."""

SHAKE_REACH = SHAKE_FRAMES + 2
"""Frames before and after that a frame's shake depends on."""


def shake(rays: np.ndarray, confidence: np.ndarray, size: np.ndarray) -> np.ndarray:
    """How much keypoints shake around each frame of one clip: their noise if it were white, head-root units.

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
    roots = np.full(frames + 2 * SHAKE_FRAMES, np.inf, np.float32)
    if frames >= 5:
        fourth = rays[4:] - 4 * rays[3:-1] + 6 * rays[2:-2] - 4 * rays[1:-3] + rays[:-4]
        variance = (fourth**2).sum(axis=-1) / (2 * 70)
        there = confidence > 0
        counts = there[4:] & there[3:-1] & there[2:-2] & there[1:-3] & there[:-4]
        total = (np.sqrt(np.sqrt(variance) / size[2:-2, None]) * counts).sum(axis=1)
        count = counts.sum(axis=1)
        roots[SHAKE_FRAMES + 2 : -SHAKE_FRAMES - 2] = np.where(count > 0, total / np.maximum(count, 1), np.inf)
    near = np.sort(np.lib.stride_tricks.sliding_window_view(roots, 2 * SHAKE_FRAMES + 1), axis=1)
    known = np.isfinite(near).sum(axis=1)
    middle = near[np.arange(frames), np.maximum(known - 1, 0) // 2]
    return np.where(known > 0, middle, 0.0) ** 2


def half_width(shaking: np.ndarray, spread: Spread, fps: float) -> np.ndarray:
    """(T,) shake -> (T,) half the width of the average, in frames, not rounded."""
    share = np.clip((shaking - EXACT) / (SHAKING - EXACT), 0.0, 1.0)
    return (spread.exact_s + (spread.shaking_s - spread.exact_s) * share) * fps


def fit_stride(fps: float) -> int:
    """Frames from one fit to the next: the nearest to ``FITS_PER_SECOND`` of them a second."""
    return max(1, round(fps / FITS_PER_SECOND))


def heard(rays: np.ndarray, confidence: np.ndarray, stride: int) -> np.ndarray:
    """The keypoints of one clip that turns are found from: averaged by a triangle as wide as ``stride``, so that frames
    without a fit of their own count as much as those with one. (T, J, 2), (T, J) -> (T, J, 2)."""
    return smooth(rays, confidence, stride - 1.0).astype(np.float32)


class Between(NamedTuple):
    """Where frames lie between fits.

    Attributes:
        before: (N,) number of the fit at or before each frame.
        after: (N,) number of the next one; the same where there is none.
        share: (N,) how far on the way.
    """

    before: np.ndarray
    after: np.ndarray
    share: np.ndarray

    def mix(self, values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(M, J, D) values, (M, J or 1) weights of fits -> (N, J, D), (N, J or 1) of frames, linear in between."""
        share = self.share[:, None]
        first, second = (1.0 - share) * weight[self.before], share * weight[self.after]
        total = first + second
        mixed = first[..., None] * values[self.before] + second[..., None] * values[self.after]
        return mixed / np.maximum(total, 1e-6)[..., None], total


def between_fits(frames: int, stride: int) -> Between:
    """Frames 0 to ``frames`` - 1 of one clip, with fits at every ``stride``-th from the first on."""
    index = np.arange(frames)
    before = index // stride
    after = np.minimum(before + 1, (frames - 1) // stride)
    return Between(before, after, (index % stride / stride).astype(np.float32))


def reach(spread: Spread, fps: float) -> int:
    """The most frames before and after that an average looks at."""
    return int(np.ceil(max(spread) * fps))


def smooth(values: np.ndarray, weight: np.ndarray, half: np.ndarray | float) -> np.ndarray:
    """Average over time within one clip, by a triangle that reaches zero ``half`` + 1 frames away, times a weight.

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
