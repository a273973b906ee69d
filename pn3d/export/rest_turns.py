"""Other rest poses of one body: how each segment is turned from its own rest pose to stand as another rig does."""

from collections.abc import Mapping

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.geometry.kinematics import rotation_between
from pn3d.geometry.skeleton import SMPL24

Array = np.ndarray

_ALONG = {"hip": (0.0, -1.0, 0.0), "knee": (0.0, -1.0, 0.0)}
_CHILD = {"hip": "knee", "knee": "ankle", "shoulder": "elbow", "elbow": "wrist", "wrist": "hand", "ankle": "foot"}

STRAIGHT: dict[str, Array] = {
    f"{side}_{part}": np.eye(3) for side in ("left", "right") for part in ("hip", "knee", "shoulder", "elbow", "wrist")
}
"""Legs straight down and arms straight out to the sides, as ``rest_turns`` takes it."""


def rest_turns(rest_joints_m: Array, limbs: Mapping[str, Array], foot_yaw_deg: float | None = None) -> Array:
    """Turns every segment of a rest body so that its limbs point exactly where they should; all else stays.

    Bones that leave a joint in a fan (pelvis, upper chest) and the shoulder girdle keep the body's own shape; a foot is
    only turned about the vertical, so that its sole stays level. Our choice.

    Args:
        rest_joints_m: (24, 3) of the body at rest.
        limbs: joint -> (3, 3) where the anatomical axes (x left, y up, z forward) of its segment should lie.
        foot_yaw_deg: how far the feet should point outwards; None = as the body's.

    Returns:
        (24, 3, 3) rotation of each joint's segment in the world, from the body's rest pose to the other.
    """
    turns = np.tile(np.eye(3), (len(SMPL24.joints), 1, 1))
    for joint, name in enumerate(SMPL24.joints):
        side, _, part = name.rpartition("_")
        if name in limbs:
            along = np.array(_ALONG.get(part, (1.0 if side == "left" else -1.0, 0.0, 0.0)))
            turns[joint] = limbs[name] @ rotation_between(along, _bone(rest_joints_m, side, part)).as_matrix().T
        elif part == "ankle" and foot_yaw_deg is not None:
            bone, outwards = _bone(rest_joints_m, side, part), foot_yaw_deg if side == "left" else -foot_yaw_deg
            yaw = np.radians(outwards) - np.arctan2(bone[0], bone[2])
            turns[joint] = Rotation.from_rotvec([0.0, yaw, 0.0]).as_matrix()
        elif part in ("foot", "hand"):
            turns[joint] = turns[SMPL24.parents[joint]]
    return turns


def _bone(rest_joints_m: Array, side: str, part: str) -> Array:
    first, second = (SMPL24.index(f"{side}_{name}") for name in (part, _CHILD[part]))
    return np.asarray(rest_joints_m[second] - rest_joints_m[first], np.float64)
