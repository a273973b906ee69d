"""Euler angles in any of the six orders of three different axes, and their continuation over time."""

import warnings

import numpy as np
from scipy.spatial.transform import Rotation

_PARITY = {"xyz": 1, "yzx": 1, "zxy": 1, "xzy": -1, "zyx": -1, "yxz": -1}
_SINGULAR = 1e-7


def euler_angles(rotation: Rotation, order: str) -> np.ndarray:
    """Angles (a, b, c) with rotation = R_first(a) R_second(b) R_third(c), of shape (*) -> (*, 3) radians, b in +-pi/2.

    Where b is +-pi/2 (gimbal lock) only a sum of a and c is determined; c is 0 there.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Gimbal lock", UserWarning)
        return rotation.as_euler(order.upper())


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
