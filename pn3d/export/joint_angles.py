"""Named, signed joint angles in degrees, clinically oriented, from the body's rotations.

Zero is a straight body: legs straight down, arms straight out to the sides, palms down, soles level (``rest_turns``;
a body's own rest pose has bent knees and elbows), except for the shoulder, where it is the arm hanging at the side.
Left and right carry the same sign for the same movement.

Each three-angle joint is a joint coordinate system in the sense of Grood & Suntay 1983 and the ISB recommendations (Wu
et al. 2002, 2005): the first turn is about an axis of the parent segment, the last about an axis of the child, the
middle one about the floating axis; its order is given per joint below. The choice of segments is ours: the three
spine joints are one trunk, neck and head are one neck, and the arm is measured against the upper trunk (collar
included).
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.export.rest_turns import STRAIGHT, rest_turns
from pn3d.geometry.euler import euler_angles
from pn3d.geometry.kinematics import in_chunks
from pn3d.geometry.skeleton import SMPL24

Array = np.ndarray


@dataclass(frozen=True)
class AngleTriple:
    """Three angles of one joint.

    Attributes:
        joint: prefix of the three names.
        chain: joints whose local rotations are multiplied, proximal first.
        order: axes of the three turns, parent's axis first.
        names: what a positive angle is, one name per turn.
        signs: factor of each turn on the left (and on the midline).
    """

    joint: str
    chain: tuple[str, ...]
    order: str
    names: tuple[str, str, str]
    signs: tuple[int, int, int]


MIDLINE = (
    AngleTriple("pelvis", ("pelvis",), "yzx", ("rotation_left", "left_side_up", "tilt_forward"), (1, 1, 1)),
    AngleTriple("trunk", ("spine1", "spine2", "spine3"), "xzy", ("flexion", "bend_left", "rotation_left"), (1, -1, 1)),
    AngleTriple("neck", ("neck", "head"), "xzy", ("flexion", "bend_left", "rotation_left"), (1, -1, 1)),
)
SIDED = (
    AngleTriple("hip", ("hip",), "xzy", ("flexion", "abduction", "internal_rotation"), (-1, 1, -1)),
    AngleTriple("knee", ("knee",), "xzy", ("flexion", "abduction", "internal_rotation"), (1, 1, -1)),
    AngleTriple("ankle", ("ankle",), "xzy", ("dorsiflexion", "inversion", "internal_rotation"), (-1, -1, -1)),
    AngleTriple("toes", ("foot",), "xzy", ("extension", "inversion", "internal_rotation"), (-1, -1, -1)),
    AngleTriple("clavicle", ("collar",), "yzx", ("protraction", "elevation", "forward_roll"), (-1, 1, 1)),
    AngleTriple("elbow", ("elbow",), "yzx", ("flexion", "upward_deviation", "pronation"), (-1, 1, 1)),
    AngleTriple("wrist", ("wrist",), "zyx", ("flexion", "radial_deviation", "pronation"), (-1, -1, 1)),
)
"""For the left side. On the right, turns about y and z change sign (reflection in the sagittal plane), about x not."""

SHOULDER_NAMES = ("elevation", "elevation_plane", "internal_rotation")


def angle_names() -> tuple[str, ...]:
    """Column names, without the unit, in the order of ``joint_angles_deg``."""
    names = [f"{spec.joint}_{name}" for spec in MIDLINE for name in spec.names]
    for side in ("left", "right"):
        names += [f"{side}_{spec.joint}_{name}" for spec in SIDED for name in spec.names]
        names += [f"{side}_shoulder_{name}" for name in SHOULDER_NAMES]
    return tuple(names)


UNDETERMINED = tuple(f"{side}_{joint}" for side in ("left", "right") for joint in ("toes", "wrist"))
"""Joints of which no keypoint tells anything; ankles are among them where heels and toes were not seen."""


def joint_angles_deg(poses_world: Array, rest_joints_m: Array | None = None) -> Array:
    """Angles of every frame.

    Args:
        poses_world: (T, 24, 3) axis-angle.
        rest_joints_m: (24, 3) of the body at rest; None = its limbs are straight.

    Returns:
        (T, A) degrees, columns as in ``angle_names``; first and last turn in (-180, 180], the middle one in [-90, 90].
    """
    turns = np.tile(np.eye(3), (24, 1, 1)) if rest_joints_m is None else rest_turns(rest_joints_m, STRAIGHT)
    above = turns[[max(parent, 0) for parent in SMPL24.parents]]
    above[0] = np.eye(3)

    def angles(poses: Array) -> Array:
        return _angles_deg(above @ Rotation.from_rotvec(poses).as_matrix() @ np.swapaxes(turns, -1, -2))

    return in_chunks(angles, poses_world)


def without_undetermined(angles_deg: Array, ankles_measured: Array | None) -> Array:
    """``joint_angles_deg`` with NaN where nothing in the picture determines an angle: toes and wrists, and ankles of
    frames whose heel and toe were not seen, (T, 2) left and right; None = never."""
    known = angles_deg.copy()
    for column, name in enumerate(angle_names()):
        side = int(name.startswith("right_"))
        if name.startswith(UNDETERMINED):
            known[:, column] = np.nan
        elif name.startswith(("left_ankle", "right_ankle")):
            known[:, column] = (
                np.nan if ankles_measured is None else np.where(ankles_measured[:, side], known[:, column], np.nan)
            )
    return known


def _angles_deg(local_turns: Array) -> Array:
    local = dict(zip(SMPL24.joints, np.moveaxis(local_turns, 1, 0), strict=True))
    columns = [_triple(local, spec, "", 1) for spec in MIDLINE]
    for side, sign in (("left_", 1), ("right_", -1)):
        columns += [_triple(local, spec, side, sign) for spec in SIDED]
        columns.append(_shoulder(local, side, sign))
    return np.degrees(np.concatenate(columns, axis=-1))


def _triple(local: Mapping[str, Array], spec: AngleTriple, side: str, sign: int) -> Array:
    rotation = functools.reduce(np.matmul, [local[side + joint] for joint in spec.chain])
    mirror = np.array([1 if axis == "x" else sign for axis in spec.order])
    return euler_angles(Rotation.from_matrix(rotation), spec.order) * np.array(spec.signs) * mirror


def _shoulder(local: Mapping[str, Array], side: str, sign: int) -> Array:
    """(T, 3): elevation of the upper arm from hanging in [0, 180], the plane it is raised in, its rotation.

    elevation: angle of the upper arm from straight down the trunk. elevation_plane: direction of the arm seen from
    above the trunk, 0 to the side (abduction), 90 to the front (flexion), 180 across the body; without meaning where
    elevation is near 0 or 180. internal_rotation: the twist left over when the arm is raised from hanging straight
    to where it is (swing-twist decomposition, twist first), which, unlike the Y-X-Y sequence of Wu et al. 2005, is
    steady for a hanging arm.
    """
    arm = local[side + "collar"] @ local[side + "shoulder"]
    direction = arm[..., :, 0] * sign
    elevation = np.arctan2(np.hypot(direction[..., 0], direction[..., 2]), -direction[..., 1])
    plane = np.arctan2(direction[..., 2], direction[..., 0] * sign)
    # The hanging arm is the T-pose arm turned about z; what carries it to where it is holds swing and twist.
    hanging = Rotation.from_rotvec([0.0, 0.0, -sign * np.pi / 2]).as_matrix()
    moved = arm @ hanging.T
    twist = np.arctan2(moved[..., 0, 2] - moved[..., 2, 0], moved[..., 0, 0] + moved[..., 2, 2])
    return np.stack([elevation, plane, -sign * twist], axis=-1)
