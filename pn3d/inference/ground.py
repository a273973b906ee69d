"""The ground of a clip: one plane through the feet that stand, and the world's up across it. One clip, T frames."""

from typing import NamedTuple

import numpy as np

TILT_RAD = 0.05
"""How far the predicted up may be off, as a standard deviation."""

ROUGH_M = 0.03
"""How far the places of standing feet are off a plane that they stand on."""

INDEPENDENT_S = 0.5
"""Frames within so many seconds say the same of the ground."""

LEVEL_PCT = 4.0
"""Of standing feet's heights over the plane, as low as the ground: a few are below it by a detector's errors."""

FLAT_M = 0.08
"""The ground is one plane where standing feet are nearer to it than this, in the mean square; else it may be stairs."""

FEWEST = 5
"""Frames with a standing foot that are needed."""

_STANDS = 0.5


class Ground(NamedTuple):
    """A plane, or just the height of the lowest foot.

    Attributes:
        up_cam: (3,) unit vector across it, camera axes.
        level_m: of its points along ``up_cam``.
        one_plane: whether feet were seen to stand on it.
    """

    up_cam: np.ndarray
    level_m: float
    one_plane: bool


def find_ground(points_m: np.ndarray, contact: np.ndarray, up_cam: np.ndarray, fps: float) -> Ground:
    """The plane through standing feet, nearly across the predicted up (least squares with a ridge; our choice).

    Args:
        points_m: (T, 4, 3) ankles and toes, camera axes.
        contact: (T, 4) probability that each stands.
        up_cam: (3,) predicted.
        fps: frames per second.
    """
    up = up_cam.astype(np.float64)
    lowest = np.minimum(points_m[:, :2] @ up, points_m[:, 2:] @ up)
    stands = contact.reshape(-1, 2, 2).max(axis=1) > _STANDS
    if stands.sum() < FEWEST:
        return Ground(up, float(np.percentile(lowest.min(axis=1), 2.0)), False)
    ankles = points_m[:, :2].astype(np.float64)
    rise = ankles @ up
    flat = (ankles - rise[..., None] * up)[stands]
    rise, lowest = rise[stands], lowest[stands]
    place, height = flat - flat.mean(axis=0), rise - np.median(rise)
    counts = 1.0 / max(INDEPENDENT_S * fps, 1.0)
    weight = counts / (1.0 + (height / (3 * ROUGH_M)) ** 2)
    ridge = (ROUGH_M / TILT_RAD) ** 2 * np.eye(3)
    products = (weight[:, None] * place).T @ place + ridge
    tilt = np.linalg.solve(products, (weight[:, None] * place).T @ height)
    tilted = up - tilt
    tilted /= np.linalg.norm(tilted)
    level = (points_m.astype(np.float64) @ tilted).reshape(-1, 2, 2).min(axis=1)[stands]
    rough = ankles[stands] @ tilted
    flat_enough = np.median(np.abs(rough - np.median(rough))) < FLAT_M
    return Ground(tilted, float(np.percentile(level, LEVEL_PCT)), bool(flat_enough))
