"""Who stands still in the picture stands still: trunk and legs, averaged widely while none of their joints moves.

Networks see windows of a third of a second, in which a waving arm bends the knees of who does not move them. Where
hips, knees, ankles and thorax keep their places in the picture for seconds, so does the pose that they show; a motion
along the line of sight alone is not one that people make. Our choice. Everything here is of one clip, T frames.
"""

import numpy as np
from scipy.ndimage import uniform_filter1d

from pn3d.geometry.skeleton import H36M17, SMPL24
from pn3d.inference.world import shown_frames

HALF_S = 1.0
"""Half width of the average, and of the time over which joints must keep their places."""

STILL = 0.012
"""How far joints then are off their mean place beyond their jitter, root of the mean square, head-root units."""

POWER = 4
"""How sharply the average ends beyond it."""

NOISE_VARIANCE = 4.0
"""What is taken for noise, over the square of the jitter: two coordinates, and errors that last as long again."""

SEEN = 0.999
"""Share of the time around a frame in which all those joints must be seen: all of it, but for rounding."""

LEAST = 0.05
"""A clip that is nowhere stiller than this is left alone."""

_SEEN = tuple(
    H36M17.index(name)
    for name in ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "thorax")
)
_STILL = tuple(
    SMPL24.index(name)
    for name in (
        *("pelvis", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
        *("spine1", "spine2", "spine3"),
    )
)

_STILL_17 = (*_SEEN, H36M17.index("spine"))


def stillness(rays: np.ndarray, confidence: np.ndarray, size: np.ndarray, jitter: np.ndarray, fps: float) -> np.ndarray:
    """(T,) 1 where hips, knees, ankles and thorax keep their places in the picture, 0 where any moves or is not seen.

    Args:
        rays: (T, 17, 2) of the still camera.
        confidence: (T, 17), 0 = missing.
        size: (T,) head-root distance over depth.
        jitter: (T,) of the keypoints, head-root units.
        fps: frames per second.
    """
    width = 2 * round(HALF_S * fps) + 1
    places = rays[:, _SEEN].astype(np.float64) / np.median(size[shown_frames(confidence)])
    mean = lambda values: uniform_filter1d(values, width, axis=0, mode="nearest")  # noqa: E731
    off = np.maximum(mean(places**2) - mean(places) ** 2, 0.0).sum(axis=-1)
    beyond = np.maximum(off.max(axis=1) - NOISE_VARIANCE * mean(jitter.astype(np.float64) ** 2), 0.0)
    seen = mean((confidence[:, _SEEN] > 0).all(axis=1).astype(np.float64)) > SEEN
    return seen / (1.0 + (beyond / STILL**2) ** (POWER / 2))


def still_turns(sixd: np.ndarray, still: np.ndarray, fps: float) -> np.ndarray:
    """(T, 24, 6) rotations of the student, (T,) stillness -> the same, trunk and legs averaged where they are still."""
    return _averaged(sixd, _STILL, still, fps)


def still_joints(joints: np.ndarray, still: np.ndarray, fps: float) -> np.ndarray:
    """(T, 17, 3) root-relative joints of the teacher, whose depths the fit follows, likewise."""
    return _averaged(joints, _STILL_17, still, fps)


def _averaged(values: np.ndarray, which: tuple[int, ...], still: np.ndarray, fps: float) -> np.ndarray:
    """(T, J, D), the joints that are averaged, (T,) -> (T, J, D)."""
    if still.max(initial=0.0) < LEAST:
        return values
    joints, result = list(which), values.copy()
    own = values[:, joints].astype(np.float64)
    width = 2 * round(HALF_S * fps) + 1
    # Only still frames count, so that the average does not reach into a movement.
    weight = uniform_filter1d(still, width, mode="nearest")[:, None, None]
    mean = uniform_filter1d(still[:, None, None] * own, width, axis=0, mode="nearest") / np.maximum(weight, 1e-9)
    result[:, joints] = own + still[:, None, None] * (mean - own)
    return result
