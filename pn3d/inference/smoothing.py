"""Averaging over time, as wide as the keypoints jitter, and narrow where a joint is fast and surely seen.

Windows are short, and the fit to the keypoints (``pn3d.inference.fit``) takes every frame by itself, so a detector's
error, which changes from frame to frame, is still in both. Exact keypoints should be followed closely; jittering ones
ask for an average over neighbours. How much they jitter is measured in the keypoints themselves. What an average takes
from a movement grows with its speed, and what jitter costs does not: a punch is better followed than averaged away. Our
choice; numbers in docs/log/settings.md and docs/prediction.md. Everything here is of one clip, T frames.
"""

from typing import NamedTuple

import numpy as np

from pn3d.geometry.skeleton import H36M17, SMPL24


class HalfWidth(NamedTuple):
    """Half the width of the averaging triangle, seconds: where keypoints are exact, and where they jitter."""

    exact_s: float
    jittering_s: float


CORRECTIONS = HalfWidth(0.067, 0.25)
"""Of the rotations that the fit adds: what little the picture tells of a limb that points at the camera changes from
frame to frame even where keypoints are exact."""

TEACHER = HalfWidth(0.0, 0.1)
"""Of the teacher's skeleton."""

FAST_CORRECTIONS, FAST_TEACHER = HalfWidth(0.0, 0.02), HalfWidth(0.0, 0.04)
"""The same where a joint is fast and surely seen."""

EXACT, JITTERING = 0.003, 0.008
"""Jitter in head-root units that counts as none, and as a detector's (simulated ones have 0.008 to 0.03)."""

JITTER_FRAMES = 6
"""Frames before and after that jitter is the median over: a jump touches five, and is no jitter."""

JITTER_REACH = JITTER_FRAMES + 2
"""Frames before and after that a frame's jitter depends on."""


SPEED_S = 0.067
"""Speed is measured over this long before and after a frame; jitter hardly shows in it."""

JUMP_S = 0.034
"""… and is the median over so long before and after, so that a joint that jumps and comes back is not fast."""

ARM_SPEED, LEG_SPEED = (1.5, 3.0), (1.0, 2.5)
"""Head-root units per second, relative to the root: below the first a joint is averaged as widely as others, from the
second on as ``FAST_*`` say. Arms and trunk; legs."""

AROUND_S = 0.2
"""A joint that is fast within this long before or after is averaged as one that is fast now: at the end of a punch the
hand stands still, and its neighbours in time are elsewhere."""

SURE = (0.15, 0.4)
"""Confidence: up to the first no speed is believed, from the second on all of it."""

_LEG_JOINTS = np.array([name.split("_")[-1] in ("hip", "knee", "ankle") for name in H36M17.joints])
_SPEEDS = np.where(_LEG_JOINTS[:, None], LEG_SPEED, ARM_SPEED)
_MOVED_BY = {
    "hip": ("knee", "ankle"),
    "knee": ("ankle",),
    "collar": ("elbow", "wrist"),
    "shoulder": ("elbow", "wrist"),
    "elbow": ("wrist",),
}
_SHOULDERS = [H36M17.index(f"{side}_shoulder") for side in ("left", "right")]


def _seen_in(joint: str) -> list[int]:
    """The landmarks in which a turn of a joint of the body shows most."""
    side, _, part = joint.partition("_")
    if part in _MOVED_BY:
        return [H36M17.index(f"{side}_{moved}") for moved in _MOVED_BY[part]]
    return _SHOULDERS if joint in ("pelvis", "spine1", "spine2", "spine3") else []


_LANDMARKS_OF = tuple(_seen_in(joint) for joint in SMPL24.joints)


def fast_share(rays: np.ndarray, confidence: np.ndarray, size: np.ndarray, fps: float) -> np.ndarray:
    """How fast and surely seen each joint is: (T, 17) from 0, averaged as others are, to 1, followed.

    Args:
        rays: (T, 17, 2) centred rays, so relative to the root.
        confidence: (T, 17), 0 = missing.
        size: (T,) the person's size.
        fps: frames per second.
    """
    speed = seen_speed(rays, confidence, size, fps)
    share = np.clip((speed - _SPEEDS[:, 0]) / (_SPEEDS[:, 1] - _SPEEDS[:, 0]), 0.0, 1.0)
    return (share * np.clip((confidence - SURE[0]) / (SURE[1] - SURE[0]), 0.0, 1.0)).astype(np.float32)


def seen_speed(rays: np.ndarray, confidence: np.ndarray, size: np.ndarray, fps: float) -> np.ndarray:
    """(T, J) head-root units per second; a jump that comes back is none. Arguments as of ``fast_share``, J joints."""
    frames = len(rays)
    reach, near = max(1, round(SPEED_S * fps)), max(1, round(JUMP_S * fps))
    before = np.maximum(np.arange(frames) - reach, 0)
    after = np.minimum(np.arange(frames) + reach, frames - 1)
    way = np.linalg.norm(rays[after] - rays[before], axis=-1)
    way = np.where((confidence[after] > 0) & (confidence[before] > 0), way, 0.0)
    way *= fps / np.maximum(after - before, 1)[:, None]
    around = np.clip(np.arange(frames)[:, None] + np.arange(-near, near + 1), 0, frames - 1)
    return np.median(way[around], axis=1) / size[:, None]


def around(share: np.ndarray, fps: float) -> np.ndarray:
    """(T, J) the largest ``fast_share`` within ``AROUND_S``."""
    reach = round(AROUND_S * fps)
    padded = np.pad(share, ((reach, reach), (0, 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0).max(axis=-1)


def fast_reach(fps: float) -> int:
    """The most frames before and after that ``around`` of a ``fast_share`` depends on."""
    return max(1, round(SPEED_S * fps)) + max(1, round(JUMP_S * fps)) + round(AROUND_S * fps)


def of_body_joints(share: np.ndarray) -> np.ndarray:
    """(T, 17) ``fast_share`` of landmarks -> (T, 24) of the body's joints, by the landmarks that they move."""
    nothing = np.zeros(len(share), np.float32)
    return np.stack([share[:, seen].max(axis=1) if seen else nothing for seen in _LANDMARKS_OF], axis=1)


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


def jittering(jitter: np.ndarray) -> np.ndarray:
    """Where jitter lies between that of exact keypoints, 0, and a detector's, 1. Any shape."""
    return np.clip((jitter - EXACT) / (JITTERING - EXACT), 0.0, 1.0)


def half_width(jitter: np.ndarray, width: HalfWidth, fps: float) -> np.ndarray:
    """(T,) jitter -> (T,) half the width of the average, in frames, not rounded."""
    share = jittering(jitter)
    return (width.exact_s + (width.jittering_s - width.exact_s) * share) * fps


def half_widths(
    jitter: np.ndarray, width: HalfWidth, fast_width: HalfWidth, fast: np.ndarray, fps: float
) -> np.ndarray:
    """(T,) jitter, (T, J) how fast -> (T, J) half the width of each joint's average, in frames, not rounded."""
    calm, moving = (half_width(jitter, each, fps)[:, None] for each in (width, fast_width))
    return np.minimum(calm, (1.0 - fast) * calm + fast * moving)


def reach(width: HalfWidth, fps: float) -> int:
    """The most frames before and after that an average looks at."""
    return int(np.ceil(max(width) * fps))


def smooth(values: np.ndarray, weight: np.ndarray, half: np.ndarray | float) -> np.ndarray:
    """Average over time by a triangle that reaches zero ``half`` + 1 frames away, times a weight.

    (T, J, D), (T, J or 1), (T,), (T, J) or a number -> (T, J, D); zero where nothing nearby counts.
    """
    frames = len(values)
    half = np.asarray(half, np.float32)
    half = np.broadcast_to(half[:, None] if half.ndim == 1 else half, (frames, half.shape[-1] if half.ndim == 2 else 1))
    if half.shape[1] > weight.shape[1]:
        weight = np.broadcast_to(weight, half.shape)
    total = weight[..., None] * values
    counted = weight.copy()
    for shift in range(1, min(int(np.ceil(half.max(initial=0.0))), frames - 1) + 1):
        share = np.maximum(1.0 - shift / (half + 1.0), np.float32(0.0))
        for to, of in ((slice(shift, None), slice(None, -shift)), (slice(None, -shift), slice(shift, None))):
            trust = share[to] * weight[of]
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
