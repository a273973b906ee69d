"""Legs brought onto the places of feet that stand, by inverse kinematics of two bones.

The knee opens or closes about its own bending axis until hip and ankle are as far apart as asked, then the leg turns
about the hip, by the smallest turn, until the ankle points there. Closed form (our choice). N frames, one leg.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

_STRAIGHT = 0.999
"""A leg is never stretched beyond this share of its bones' length: there the knee's angle is not determined."""


class LegTurns(NamedTuple):
    """Turns in camera axes that go before the global rotations of hip (thigh) and knee (shank).

    Both (N, 3) axis-angle.
    """

    thigh: np.ndarray
    shank: np.ndarray


def reach(
    hip_m: np.ndarray, knee_m: np.ndarray, ankle_m: np.ndarray, target_m: np.ndarray, side: np.ndarray
) -> LegTurns:
    """What turns of thigh and shank bring the ankle onto its target, or as near as the leg is long.

    Args:
        hip_m: (N, 3); knee_m: (N, 3); ankle_m: (N, 3) where they are.
        target_m: (N, 3) where the ankle shall be.
        side: (N, 3) unit vectors to the body's left, the axis about which a straight knee bends.
    """
    thigh, shank, want = knee_m - hip_m, ankle_m - knee_m, target_m - hip_m
    upper, lower = np.linalg.norm(thigh, axis=1), np.linalg.norm(shank, axis=1)
    near, far = np.abs(upper - lower) + 1e-3, _STRAIGHT * (upper + lower)
    # A leg that is straighter than that already stays so.
    far = np.maximum(far, np.minimum(np.linalg.norm(ankle_m - hip_m, axis=1), upper + lower))
    distance = np.clip(np.linalg.norm(want, axis=1), near, far)
    axis = np.cross(thigh, shank)
    bent = np.linalg.norm(axis, axis=1) > 1e-3 * upper * lower
    axis = np.where(bent[:, None], axis, side)
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-12)
    # The angle by which the shank leaves the thigh's direction: now, and as the law of cosines wants it.
    now = np.arctan2(_dot(np.cross(thigh, shank), axis), _dot(thigh, shank))
    then = np.arccos(np.clip((distance**2 - upper**2 - lower**2) / (2.0 * upper * lower), -1.0, 1.0))
    bend = axis * (then - now)[:, None]
    bent_ankle = thigh + Rotation.from_rotvec(bend).apply(shank)
    swing = _smallest_turn(bent_ankle, want)
    return LegTurns(swing.as_rotvec(), (swing * Rotation.from_rotvec(bend)).as_rotvec())


def _smallest_turn(start: np.ndarray, end: np.ndarray) -> Rotation:
    """The rotation about the axis across both that turns one direction into another, (N, 3) each."""
    axis = np.cross(start, end)
    sine = np.linalg.norm(axis, axis=1)
    angle = np.arctan2(sine, _dot(start, end))
    return Rotation.from_rotvec(axis * (angle / np.maximum(sine, 1e-12))[:, None])


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("nk,nk->n", a, b)
