"""Where the root is while hips and pelvis are out of sight, as of who sits at a desk: below the shoulders.

Networks see joints relative to the root, and a body whose root is at its chest, or was left behind, is none that they
know. Between two frames in which the root is seen it is on the line between them; before the first and after the last
it keeps its place from the middle of the shoulders; and where it is never seen it is a trunk's length below them in
the picture, as long as the arms say (our choice; docs/log/robustness.md). One clip, T frames.
"""

import numpy as np
from scipy.ndimage import percentile_filter

from pn3d.geometry.skeleton import H36M17

TRUNK = 0.6
"""From the middle of the shoulders to the root, head-root units; people lean, so it is less than they have."""

ARM = (("shoulder", "elbow", 0.365), ("elbow", "wrist", 0.350))
"""Head-root units, as in ``pn3d.data.person_size``."""

LONG_PCT, AROUND = 80, 61
"""Arms are foreshortened more often than not: their length is a high percentile over so many frames."""

_SHOULDERS = [H36M17.index(f"{side}_shoulder") for side in ("left", "right")]
_ARMS = [
    (H36M17.index(f"{side}_{first}"), H36M17.index(f"{side}_{second}"), length)
    for side in ("left", "right")
    for first, second, length in ARM
]


def hidden_root(root: np.ndarray, known: np.ndarray, rays: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """The root in every frame of a clip.

    Args:
        root: (T, 2) where it is seen.
        known: (T,) bool, whether it is.
        rays: (T, 17, 2).
        measured: (T, 17) bool.

    Returns:
        (T, 2); the mean of the joints where neither root nor shoulders are ever seen, 0 where nothing is.
    """
    frames = np.arange(len(root))
    upper, middle = np.all(measured[:, _SHOULDERS], axis=1), rays[:, _SHOULDERS].mean(axis=1)
    if not known.any():
        size = _arm_size(rays, measured)
        if size is not None and upper.any():
            return _interpolated(frames, upper, middle + TRUNK * np.stack([0.0 * size, size], axis=1))
        mean = np.where(measured[..., None], rays, 0.0).sum(axis=1) / np.maximum(measured.sum(axis=1), 1)[:, None]
        there = np.any(measured, axis=1)
        return _interpolated(frames, there, mean) if there.any() else np.zeros_like(root)
    found = _interpolated(frames, known, root)
    first, last = np.flatnonzero(known)[[0, -1]]
    for edge, beyond in ((first, frames < first), (last, frames > last)):
        follows = beyond & upper
        if upper[edge] and follows.any():
            follows[edge] = True
            moved = _interpolated(frames, follows, middle - middle[edge])
            found[beyond] = root[edge] + moved[beyond]
    return found


def _arm_size(rays: np.ndarray, measured: np.ndarray) -> np.ndarray | None:
    """(T,) head-root unit in rays, as arms tell it; None where none is seen."""
    sizes = np.zeros(len(rays))
    for first, second, length in _ARMS:
        both = measured[:, first] & measured[:, second]
        sizes = np.maximum(sizes, both * np.linalg.norm(rays[:, first] - rays[:, second], axis=1) / length)
    seen = sizes > 0
    if not seen.any():
        return None
    return percentile_filter(np.interp(np.arange(len(sizes)), np.flatnonzero(seen), sizes[seen]), LONG_PCT, AROUND)


def _interpolated(frames: np.ndarray, there: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(T, 2) linear in time between the frames that are there."""
    return np.stack([np.interp(frames, frames[there], values[there, axis]) for axis in range(2)], axis=1)
