"""Where a clip's picture changes as no person moves: a cut of the film, another person. No path is carried over it."""

import numpy as np

FASTEST_M_S = 12.0
"""Nobody's middle moves faster than this across the picture."""

LEAST_M = 0.4
"""Steps shorter than this are a detector's errors, whatever the rate."""

GROWTH_PER_S = 9.0
"""Natural logarithm of how much larger or smaller in the picture a person gets in a second …"""

LEAST_GROWTH = 0.5
"""… and what a turn of the body does to it within a frame."""

AROUND = 2
"""Frames next to the one on each side whose middle size must have changed too, so that one odd frame is no cut."""

FEWEST_JOINTS = 4
"""Joints that two frames must both have to be compared."""

_HEAD_ROOT_M = 0.74


def find_cuts(rays: np.ndarray, confidence: np.ndarray, size: np.ndarray, fps: float) -> np.ndarray:
    """Frames of one clip that cannot follow the frame before them.

    The step of the keypoints' middle, in which sides that are exchanged cancel, and the change of their spread, between
    measured frames that follow each other.

    Args:
        rays: (T, J, 2) of the still camera.
        confidence: (T, J), 0 = missing.
        size: (T,) head-root distance over depth.
        fps: frames per second.

    Returns:
        (T,) bool.
    """
    cut = np.zeros(len(rays), bool)
    measured = confidence > 0
    seen = np.flatnonzero(measured.sum(axis=1) >= FEWEST_JOINTS)
    if len(seen) < 2:
        return cut
    before, after = seen[:-1], seen[1:]
    both = measured[before] & measured[after]
    number = both.sum(axis=1)
    seconds = (after - before) / fps
    step = np.where(both[..., None], rays[after] - rays[before], 0.0).sum(axis=1) / np.maximum(number, 1)[:, None]
    way_m = np.linalg.norm(step, axis=1) * _HEAD_ROOT_M / np.minimum(size[before], size[after])
    far = way_m > np.maximum(FASTEST_M_S * seconds, LEAST_M)
    spread = np.log(_spread(rays[seen], measured[seen]))
    padded = np.concatenate([spread[:1].repeat(AROUND), spread, spread[-1:].repeat(AROUND)])
    near = np.sort(np.lib.stride_tricks.sliding_window_view(padded, AROUND + 1), axis=1)[:, (AROUND + 1) // 2]
    # near[k] is the middle of the AROUND + 1 frames that end with frame k: before the step, and after it.
    growth = np.minimum(np.abs(near[AROUND + 1 :] - near[: -AROUND - 1]), np.abs(np.diff(spread)))
    cut[after] = (number >= FEWEST_JOINTS) & (far | (growth > np.maximum(GROWTH_PER_S * seconds, LEAST_GROWTH)))
    return cut


def _spread(rays: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(n, J, 2), (n, J) -> (n,) root of the mean squared distance from the middle, never 0."""
    number = np.maximum(counts.sum(axis=1), 1)
    kept = np.where(counts[..., None], rays, 0.0)
    mean = kept.sum(axis=1) / number[:, None]
    square = (np.where(counts[..., None], rays - mean[:, None], 0.0) ** 2).sum(axis=(1, 2)) / number
    return np.sqrt(square) + 1e-6
