"""Where the joints, the skin that may touch the ground and the centre of mass of a posed body are, in NumPy."""

from dataclasses import dataclass

import numpy as np

from pn3d.files.tables import read_table
from pn3d.geometry.skeleton import SMPL24, mirrored_name
from pn3d.synthetic.motion.angles import about, local_rotations
from pn3d.synthetic.motion.limbs import Dimensions

_TABLE = read_table(__file__, "touching_parts.csv")
_LEFT = [row for row in _TABLE if row["part"].startswith("left_")]
_RIGHT = [{key: mirrored_name(value) for key, value in row.items()} for row in _LEFT]
_ROWS = [*_LEFT, *_RIGHT, *(row for row in _TABLE if row not in _LEFT)]
PARTS: tuple[str, ...] = tuple(row["part"] for row in _ROWS)
"""Names of the touching parts, in order."""
_JOINT = np.array([SMPL24.index(row["joint"]) for row in _ROWS])
_PLACE = np.array([[float(row[key]) for key in ("x_m", "y_m", "z_m")] for row in _ROWS])
_PLACE[len(_LEFT) : 2 * len(_LEFT), 0] *= -1
_RADIUS = np.array([float(row["radius_m"]) for row in _ROWS])
_ON_SOLE = {"toes": 10, "ball": 10, "heel": 7}
_SEGMENTS: tuple[tuple[str, str, float, float], ...] = (
    ("neck", "head", 1.0, 0.081),
    ("pelvis", "spine1", 0.0, 0.142),
    ("spine1", "spine3", 0.5, 0.139),
    ("spine3", "neck", 0.4, 0.216),
    *((f"{s}_shoulder", f"{s}_elbow", 0.436, 0.028) for s in ("left", "right")),
    *((f"{s}_elbow", f"{s}_wrist", 0.68, 0.022) for s in ("left", "right")),
    *((f"{s}_hip", f"{s}_knee", 0.433, 0.100) for s in ("left", "right")),
    *((f"{s}_knee", f"{s}_ankle", 0.433, 0.0465) for s in ("left", "right")),
    *((f"{s}_ankle", f"{s}_foot", 0.5, 0.0145) for s in ("left", "right")),
)
"""From joint, to joint, share of the way, share of the body's mass: Winter 1990, table 3.1."""
_MASS = np.zeros(24)
for _start, _end, _share, _mass in _SEGMENTS:
    _MASS[SMPL24.index(_start)] += (1 - _share) * _mass
    _MASS[SMPL24.index(_end)] += _share * _mass


@dataclass(frozen=True)
class Posed:
    """A body over T frames with the pelvis at the origin, in the frame of the heading (x left, y up, z ahead).

    Attributes:
        joints_m: (T, 24, 3).
        rotations: (T, 24, 3, 3) global.
    """

    joints_m: np.ndarray
    rotations: np.ndarray

    @property
    def centre_of_mass_m(self) -> np.ndarray:
        """(T, 3)."""
        return np.einsum("tjc,j->tc", self.joints_m, _MASS / _MASS.sum())


def tumble_rotation(tumble: np.ndarray) -> np.ndarray:
    """How the whole body is turned: spun about its long axis, pitched forward, then rolled to the left.

    (*, 3) radians pitch, roll, spin -> (*, 3, 3) in the frame of the heading. They have no bounds: a full turn is 2 pi.
    """
    pitch, roll, spin = np.moveaxis(tumble, -1, 0)
    return about(2, -roll) @ about(0, pitch) @ about(1, spin)


def posed(angles: np.ndarray, tumble: np.ndarray | None, body: Dimensions) -> Posed:
    """Forward kinematics of (T, D) angles and (T, 3) tumble."""
    local = local_rotations(angles)
    if tumble is not None:
        local[:, 0] = tumble_rotation(tumble) @ local[:, 0]
    rotations, joints = local.copy(), np.zeros((len(angles), 24, 3))
    for joint in range(1, 24):
        parent = SMPL24.parents[joint]
        joints[:, joint] = joints[:, parent] + rotations[:, parent] @ body.offset_m(joint, parent)
        rotations[:, joint] = rotations[:, parent] @ local[:, joint]
    return Posed(joints, rotations)


def touch(joints_m: np.ndarray, rotations: np.ndarray, body: Dimensions) -> tuple[np.ndarray, np.ndarray]:
    """The lowest points of all touching parts and how they drift over ground.

    A part is a sphere fixed to a bone; where it rolls, the point of it that is lowest hardly moves.

    Returns:
        (T, P, 3) lowest points, and (T, P, 3) arms from the bone's joint to them, for velocities of the skin.
    """
    place = _PLACE.copy()
    for row, name in enumerate(PARTS):
        if (joint := _ON_SOLE.get(name.split("_")[-1])) is not None:
            height = body.sole_height_m if joint == 10 else body.ankle_height_m
            place[row, 1] = _RADIUS[row] - height
    arm = np.einsum("tpij,pj->tpi", rotations[:, _JOINT], place)
    arm[..., 1] -= _RADIUS
    return joints_m[:, _JOINT] + arm, arm


def skin_velocity_m_s(joints_m: np.ndarray, rotations: np.ndarray, arm_m: np.ndarray, fps: float) -> np.ndarray:
    """(T, P, 3) velocity of the skin at the lowest points, relative to the pelvis's own."""
    centre = np.gradient(joints_m, axis=0) * fps
    spin = np.gradient(rotations, axis=0) * fps @ np.swapaxes(rotations, -1, -2)
    omega = 0.5 * np.stack(
        [spin[..., 2, 1] - spin[..., 1, 2], spin[..., 0, 2] - spin[..., 2, 0], spin[..., 1, 0] - spin[..., 0, 1]], -1
    )
    return centre[:, _JOINT] + np.cross(omega[:, _JOINT], arm_m)


def rows(*parts: str) -> np.ndarray:
    """Rows of ``PARTS``; a sided part without its side means both."""
    found = [i for part in parts for i, name in enumerate(PARTS) if name in (part, f"left_{part}", f"right_{part}")]
    assert found, parts
    return np.array(found)
