"""Legs brought onto the places of feet that stand, by inverse kinematics of two bones.

The knee opens or closes about its own bending axis until hip and ankle are as far apart as asked, then the leg turns
about the hip, by the smallest turn, until the ankle points there. Closed form (our choice). N legs; quaternions are
w, x, y, z.
"""

from typing import NamedTuple

import numpy as np

FURTHEST_BEND_RAD = 0.05
"""A knee is bent or stretched by no more than this: of a leg that is nearly straight it would move by decimetres for an
ankle's centimetre. The ankle then comes as near as that."""

_STRAIGHT = 0.999
"""A leg is never stretched beyond this share of its bones' length: there the knee's angle is not determined."""


class LegTurns(NamedTuple):
    """What brings ankles onto their targets.

    Attributes:
        bend: (N, 4) quaternion in camera axes that goes before the shank's global rotation.
        swing: (N, 4) likewise, then before both thigh's and shank's.
    """

    bend: np.ndarray
    swing: np.ndarray


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
    axis = cross(thigh, shank)
    bent = _length(axis) > 1e-3 * upper * lower
    axis = np.where(bent[:, None], axis, side)
    axis /= np.maximum(_length(axis), 1e-12)[:, None]
    # The angle by which the shank leaves the thigh's direction: now, and as the law of cosines wants it.
    now = np.arctan2(_dot(cross(thigh, shank), axis), _dot(thigh, shank))
    then = np.arccos(np.clip((distance**2 - upper**2 - lower**2) / (2.0 * upper * lower), -1.0, 1.0))
    half = 0.5 * np.clip(then - now, -FURTHEST_BEND_RAD, FURTHEST_BEND_RAD)[:, None]
    bend = np.concatenate([np.cos(half), np.sin(half) * axis], axis=1)
    return LegTurns(bend, _smallest_turn(thigh + turned(bend, shank), want))


def _smallest_turn(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(N, 3), (N, 3) directions -> (N, 4) the quaternion about the axis across both that turns one into the other."""
    scale = _length(start) * _length(end)
    turn = np.concatenate([(scale + _dot(start, end))[:, None], cross(start, end)], axis=1)
    return turn / np.maximum(_length(turn), 1e-12)[:, None]


def quaternions(axis_angle: np.ndarray) -> np.ndarray:
    """(N, 3) -> (N, 4)."""
    angle = _length(axis_angle)[:, None]
    return np.concatenate([np.cos(0.5 * angle), 0.5 * np.sinc(angle / (2.0 * np.pi)) * axis_angle], axis=1)


def axis_angles(quaternion: np.ndarray) -> np.ndarray:
    """(N, 4) unit -> (N, 3), by at most half a turn."""
    short = np.where(quaternion[:, :1] < 0, -quaternion, quaternion)
    sine = _length(short[:, 1:])
    angle = 2.0 * np.arctan2(sine, short[:, 0])
    return short[:, 1:] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)[:, None]


def product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, 4), (N, 4) -> (N, 4) the rotation by ``second``, then by ``first``."""
    (a, u), (b, v) = (first[:, :1], first[:, 1:]), (second[:, :1], second[:, 1:])
    return np.concatenate([a * b - _dot(u, v)[:, None], a * v + b * u + cross(u, v)], axis=1)


def turned(quaternion: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(N, 4), (N, 3) -> (N, 3)."""
    twice = 2.0 * cross(quaternion[:, 1:], vectors)
    return vectors + quaternion[:, :1] * twice + cross(quaternion[:, 1:], twice)


def in_axes_of(quaternion: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """(N, 4), (N, 4) -> (N, 4) the turn as it is about the axes that ``quaternion`` turns."""
    back = quaternion * np.array([1.0, -1.0, -1.0, -1.0])
    return np.concatenate([turn[:, :1], turned(back, turn[:, 1:])], axis=1)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N, 3), (N, 3) -> (N, 3); several times faster than NumPy's on short vectors."""
    (ax, ay, az), (bx, by, bz) = a.T, b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=1)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("nk,nk->n", a, b)


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(_dot(vectors, vectors))
