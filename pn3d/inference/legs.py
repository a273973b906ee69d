"""Legs brought onto the places of feet that stand, by inverse kinematics of two bones.

The knee opens or closes about its own bending axis until hip and ankle are as far apart as asked, then the leg turns
about the hip, by the smallest turn, until the ankle points there. Closed form (our choice). N legs, camera axes.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.geometry.kinematics import rotation_between

FURTHEST_BEND_RAD = 0.05
"""A knee is bent or stretched by no more than this: of a leg that is nearly straight it would move by decimetres for an
ankle's centimetre. The ankle then comes as near as that."""

_STRAIGHT = 0.999
"""A leg is never stretched beyond this share of its bones' length: there the knee's angle is not determined."""


class LegTurns(NamedTuple):
    """What brings ankles onto their targets: N rotations each, in camera axes.

    Attributes:
        bend: goes before the shank's global rotation.
        swing: then goes before both thigh's and shank's.
    """

    bend: Rotation
    swing: Rotation


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
    upper, lower = _length(thigh), _length(shank)
    near, far = np.abs(upper - lower) + 1e-3, _STRAIGHT * (upper + lower)
    # A leg that is straighter than that already stays so.
    far = np.maximum(far, np.minimum(_length(ankle_m - hip_m), upper + lower))
    distance = np.clip(_length(want), near, far)
    across = np.cross(thigh, shank)
    bent = _length(across) > 1e-3 * upper * lower
    axis = np.where(bent[:, None], across, side)
    axis /= np.maximum(_length(axis), 1e-12)[:, None]
    # The angle by which the shank leaves the thigh's direction: now, and as the law of cosines wants it.
    now = np.arctan2(_dot(across, axis), _dot(thigh, shank))
    then = np.arccos(np.clip((distance**2 - upper**2 - lower**2) / (2.0 * upper * lower), -1.0, 1.0))
    angle = np.clip(then - now, -FURTHEST_BEND_RAD, FURTHEST_BEND_RAD)
    bend = Rotation.from_rotvec(angle[:, None] * axis)
    return LegTurns(bend, rotation_between(thigh + bend.apply(shank), want))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("nk,nk->n", a, b)


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(_dot(vectors, vectors))
