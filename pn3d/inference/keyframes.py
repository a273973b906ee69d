"""Keyframes: the frames at which the fit runs, what it is given, and its result in all frames of one clip."""

from typing import NamedTuple

import numpy as np

from pn3d.data.gaps import LONGEST
from pn3d.inference.smoothing import CORRECTIONS, FAST_CORRECTIONS, around, half_widths, of_body_joints, smooth

KEYFRAMES_PER_SECOND = 30.0
"""How often the fit runs; in between its result is interpolated. Half as often is enough but for fast limbs: a punch is
out for a twentieth of a second."""

CARRIED_SHARE = 1 / 3
"""How sure the fit takes a carried joint for, as a share of the less sure frame beside the gap."""


def keyframe_stride(fps: float) -> int:
    """Frames from one keyframe to the next: the nearest to ``KEYFRAMES_PER_SECOND`` of them a second."""
    return max(1, round(fps / KEYFRAMES_PER_SECOND))


def longest_gap(fps: float) -> int:
    """Frames of a clip that the fit is given a lost joint for: ``LONGEST`` keyframes, so longer in seconds where there
    are fewer frames than keyframes (measured: docs/log/robustness.md)."""
    return LONGEST * keyframe_stride(fps)


def keyframe_keypoints(
    rays: np.ndarray, confidence: np.ndarray, fps: float, stride: int, fast: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The keypoints that the fit is given: carried over gaps, and averaged by a triangle as wide as ``stride``, so that
    frames that are no keyframe count as much as those that are; those of fast joints (``fast_share``) less.

    (T, J, 2), (T, J), frames per second, frames, (T, J) -> (T, J, 2), (T, J).
    """
    rays, sure = _across_gaps(rays, confidence, longest_gap(fps))
    half = (stride - 1.0) * (1.0 if fast is None else 1.0 - fast)
    return smooth(rays, sure, half).astype(np.float32), sure


def _across_gaps(rays: np.ndarray, confidence: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """``pn3d.data.gaps.across_gaps`` of one whole clip, carried joints ``CARRIED_SHARE`` as sure."""
    rays, sure = np.array(rays, np.float32), np.array(confidence, np.float32)
    for joint in range(rays.shape[1]):
        seen, lost = np.flatnonzero(confidence[:, joint] > 0), np.flatnonzero(confidence[:, joint] <= 0)
        place = np.searchsorted(seen, lost)
        lost, place = (of[(place > 0) & (place < len(seen))] for of in (lost, place))
        before, after = seen[place - 1], seen[place]
        short = after - before <= longest + 1
        lost, before, after = lost[short], before[short], after[short]
        share = ((lost - before) / (after - before)).astype(np.float32)[:, None]
        rays[lost, joint] = (1.0 - share) * rays[before, joint] + share * rays[after, joint]
        sure[lost, joint] = CARRIED_SHARE * np.minimum(confidence[before, joint], confidence[after, joint])
    return rays, sure


class Interpolation(NamedTuple):
    """Where frames lie between keyframes.

    Attributes:
        before: (T,) number of the keyframe at or before each frame.
        after: (T,) number of the next one; the same where there is none.
        share: (T,) how far on the way.
    """

    before: np.ndarray
    after: np.ndarray
    share: np.ndarray

    def __call__(self, values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(K, J, D) values, (K, J or 1) weights of keyframes -> (T, J, D), (T, J or 1), linear in between."""
        share = self.share[:, None]
        first, second = (1.0 - share) * weight[self.before], share * weight[self.after]
        total = first + second
        mixed = first[..., None] * values[self.before] + second[..., None] * values[self.after]
        return mixed / np.maximum(total, 1e-6)[..., None], total


def interpolation(frames: int, stride: int) -> Interpolation:
    """Frames 0 to ``frames`` - 1 of a clip whose keyframes are every ``stride``-th from the first on."""
    index = np.arange(frames)
    before = index // stride
    after = np.minimum(before + 1, (frames - 1) // stride)
    return Interpolation(before, after, (index % stride / stride).astype(np.float32))


def smooth_corrections(
    corrections: np.ndarray,
    measured: np.ndarray,
    jitter: np.ndarray,
    fast: np.ndarray,
    fps: float,
    stride: int,
    *,
    half_s: float | None = None,
) -> np.ndarray:
    """The fit's corrections at keyframes -> in every frame, interpolated and averaged as widely as keypoints jitter.

    Not where what a joint moves is fast and surely seen, or was or will be within moments.

    Args:
        corrections: (K, 24, 3) axis-angle.
        measured: (K,) whether any joint is; the others do not count.
        jitter: (T,) of the keypoints.
        fast: (T, 17) their ``fast_share``.
        fps: frames per second.
        stride: frames between keyframes.
        half_s: half the width of the average, seconds, of all joints alike; found as described where None.

    Returns:
        (T, 24, 3) axis-angle.
    """
    half = half_widths(jitter, CORRECTIONS, FAST_CORRECTIONS, of_body_joints(around(fast, fps)), fps)
    if half_s is not None:
        half = np.full_like(half, half_s * fps)
    values, weight = interpolation(len(jitter), stride)(corrections, measured[:, None].astype(np.float32))
    return smooth(values, weight, half)
