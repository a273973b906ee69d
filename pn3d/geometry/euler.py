"""Euler angles in any of the six orders of three different axes, and their continuation over time."""

import numpy as np

_PARITY = {"xyz": 1, "yzx": 1, "zxy": 1, "xzy": -1, "zyx": -1, "yxz": -1}
_SINGULAR = 1e-7


def euler_angles(matrix: np.ndarray, order: str) -> np.ndarray:
    """Angles (a, b, c) with matrix = R_first(a) R_second(b) R_third(c). (*, 3, 3) -> (*, 3) radians, b in +-pi/2.

    Where b is +-pi/2 (gimbal lock) only a sum of a and c is determined; c is 0 there.
    """
    first, second, third = ("xyz".index(axis) for axis in order)
    sign = _PARITY[order]
    sine = np.clip(sign * matrix[..., first, third], -1.0, 1.0)
    cosine = np.hypot(matrix[..., first, first], matrix[..., first, second])
    locked = cosine < _SINGULAR
    a = np.arctan2(-sign * matrix[..., second, third], matrix[..., third, third])
    a = np.where(locked, np.arctan2(sign * matrix[..., third, second], matrix[..., second, second]), a)
    c = np.where(locked, 0.0, np.arctan2(-sign * matrix[..., first, second], matrix[..., first, first]))
    return np.stack([a, np.arctan2(sine, cosine), c], axis=-1)


def euler_matrix(angles: np.ndarray, order: str) -> np.ndarray:
    """The inverse: (*, 3) radians -> (*, 3, 3) = R_first(a) R_second(b) R_third(c)."""
    result = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
    for position, axis in enumerate(order):
        cosine, sine = np.cos(angles[..., position]), np.sin(angles[..., position])
        index = "xyz".index(axis)
        turn = np.zeros((*angles.shape[:-1], 3, 3))
        after, before = (index + 1) % 3, (index + 2) % 3
        turn[..., index, index] = 1.0
        turn[..., after, after], turn[..., before, before] = cosine, cosine
        turn[..., after, before], turn[..., before, after] = -sine, sine
        result = result @ turn
    return result


def unwrap_euler_angles(angles: np.ndarray, order: str) -> np.ndarray:
    """``euler_angles`` over time, each frame in the form nearest the frame before it. (T, J, 3) radians -> same.

    (a, b, c) and (a + pi, pi - b, c + pi) are one rotation, and any angle may gain whole turns, so the curves can be
    kept free of jumps, which editors and resamplers would otherwise interpolate through. In gimbal lock c stays
    where it was.
    """
    locked = np.abs(np.abs(angles[..., 1]) - np.pi / 2) < _SINGULAR
    any_locked = locked.any(axis=1)
    slope = np.sign(angles[..., 1]) * _PARITY[order]
    result = np.empty_like(angles)
    previous = angles[0]
    for frame, principal in enumerate(angles):
        if any_locked[frame]:
            kept = np.where(locked[frame], previous[:, 2], 0.0)
            principal = principal + np.stack([-slope[frame] * kept, np.zeros_like(kept), kept], axis=-1)
        other = principal * np.array([1.0, -1.0, 1.0]) + np.pi
        principal = principal + 2 * np.pi * np.round((previous - principal) / (2 * np.pi))
        other = other + 2 * np.pi * np.round((previous - other) / (2 * np.pi))
        nearer = np.sum((other - previous) ** 2, axis=-1) < np.sum((principal - previous) ** 2, axis=-1)
        previous = result[frame] = np.where(nearer[:, None], other, principal)
    return result
