"""A camera that turns on its spot: its turns from frame to frame summed up, and how far away it looks."""

import numpy as np
from scipy.spatial.transform import Rotation


def summed_turns(steps_rad: np.ndarray) -> Rotation:
    """(F, 3) rotation vectors from the axes of the frame before to each frame's -> F turns since before the first."""
    turn, turns = Rotation.identity(), []
    for step in Rotation.from_rotvec(steps_rad):
        turn = step * turn
        turns.append(turn.as_quat())
    return Rotation.from_quat(np.array(turns))


def furthest_look_rad(turns: Rotation) -> float:
    """How far the camera looks away from where it looked first, at most; F turns from fixed axes to each frame's."""
    looks = turns.inv().apply([0.0, 0.0, 1.0])
    return float(np.arccos(np.clip(looks @ looks[0], -1, 1)).max())
