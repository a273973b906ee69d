"""Heels and toes, where a layout has them: they are no joints of the networks, and say how an ankle is turned."""

import numpy as np

from pn3d.geometry.skeleton import Layout

FEET = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("heel", "big_toe", "small_toe"))
"""The six points, in this order wherever an array holds them."""


def feet_of(keypoints_px: np.ndarray, confidence: np.ndarray, layout: Layout) -> np.ndarray | None:
    """(N, J, 2) px, (N, J) -> (N, 6, 3) float32 x, y, confidence of ``FEET``; 0 where the layout lacks a point.

    None where it has no heel or no big toe of either side.
    """
    if not all(f"{side}_{part}" in layout.joints for side in ("left", "right") for part in ("heel", "big_toe")):
        return None
    feet = np.zeros((len(keypoints_px), len(FEET), 3), np.float32)
    for place, name in enumerate(FEET):
        if name in layout.joints:
            index = layout.index(name)
            feet[:, place, 2] = confidence[:, index]
            feet[:, place, :2] = np.where(confidence[:, index, None] > 0, keypoints_px[:, index], 0.0)
    return feet


def exchange_feet(feet: np.ndarray, exchanged: np.ndarray) -> np.ndarray:
    """(N, 6, 3) with left and right exchanged in the frames of (N,) ``exchanged``: a copy."""
    return np.where(exchanged[:, None, None], np.roll(feet, len(FEET) // 2, axis=1), feet)
