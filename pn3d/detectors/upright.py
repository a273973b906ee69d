"""Which reading of coordinates makes people stand, where a file does not say where y counts from, or which it is."""

from collections.abc import Sequence

import numpy as np

STANDING = 0.75  # cosine: a trunk within 41 degrees of the vertical
CLEAR = 0.5  # of the people must stand in the reading that is taken …
TIMES = 3.0  # … and so many times more than in the other


def standing_reading(readings: Sequence[np.ndarray], joints: Sequence[str | None]) -> int | None:
    """Index of the reading in which people clearly stand; None where that is not clear.

    Args:
        readings: two or more arrays (D, K, 2), y down in the right one; NaN = missing.
        joints: (K or fewer,) names of the joints, in our words.
    """
    names = [f"{side}_{part}" for part in ("shoulder", "hip") for side in ("left", "right")]
    if not all(name in joints for name in names):
        return None
    places = [list(joints).index(name) for name in names]
    shares = [_share_standing(reading[:, places]) for reading in readings]
    best, second = sorted(range(len(shares)), key=lambda i: -shares[i])[:2]
    return best if shares[best] >= CLEAR and shares[best] >= TIMES * shares[second] else None


def _share_standing(trunk_ends: np.ndarray) -> float:
    """Share of people (D, 4, 2: shoulders, hips) whose hips are below their shoulders."""
    trunk = trunk_ends[:, 2:].mean(axis=1) - trunk_ends[:, :2].mean(axis=1)
    length = np.linalg.norm(trunk, axis=-1)
    usable = np.isfinite(length) & (length > 0)
    return float((trunk[usable, 1] > STANDING * length[usable]).mean()) if usable.any() else 0.0
