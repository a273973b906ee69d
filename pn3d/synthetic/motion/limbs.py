"""Solving limbs: legs of which the feet stay where they were put, arms that reach a point."""

from dataclasses import dataclass

import numpy as np

from pn3d.synthetic.motion.angles import INDEX, about, pelvis_rotation, rotation, swing_twist_angles, swing_twist_matrix


@dataclass(frozen=True)
class Dimensions:
    """Lengths of one body in metres, from its rest joints.

    Attributes:
        rest_joints_m: (24, 3) SMPL joints of the T-pose.
        sole_height_m: height of the joint of the toes above the ground when the foot stands flat.
    """

    rest_joints_m: np.ndarray
    sole_height_m: float

    def offset_m(self, child: int, parent: int) -> np.ndarray:
        """(3,) vector from ``parent`` to ``child`` in the rest pose."""
        return self.rest_joints_m[child] - self.rest_joints_m[parent]

    def length_m(self, child: int, parent: int) -> float:
        """Distance of two rest joints."""
        return float(np.linalg.norm(self.offset_m(child, parent)))

    @property
    def leg_m(self) -> float:
        """Thigh and shank together."""
        return self.length_m(4, 1) + self.length_m(7, 4)

    @property
    def arm_m(self) -> float:
        """Upper arm and forearm together."""
        return self.length_m(18, 16) + self.length_m(20, 18)

    @property
    def ankle_height_m(self) -> float:
        """Height of the ankle above the ground when the foot stands flat."""
        return self.sole_height_m + float(self.offset_m(7, 10)[1])

    @property
    def pelvis_height_m(self) -> float:
        """Height of the pelvis when the person stands straight."""
        return self.leg_m + self.ankle_height_m - float(self.offset_m(1, 0)[1])


@dataclass(frozen=True)
class Feet:
    """Where two feet (left, right) stand, in the frame of the heading with the pelvis above the origin at rest.

    Attributes:
        out_m: (2,) distance of each ankle to its own side of the midline.
        forward_m: (2,) how far each ankle is in front of the hips.
        toe_out: (2,) radians the foot points outward.
        heel_up: (T, 2) radians the heel is raised over the ball of the foot.
    """

    out_m: np.ndarray
    forward_m: np.ndarray
    toe_out: np.ndarray
    heel_up: np.ndarray


_LEGS = ((1, 1), (-1, 2))
"""Left and right: the sign of the side, and the joint of the hip."""


def plant_legs(angles: np.ndarray, shift_m: np.ndarray, feet: Feet, body: Dimensions) -> np.ndarray:
    """Sets hips, knees and ankles so that the feet stand as told while the pelvis moves. Our choice: analytic two-bone
    inverse kinematics, the knee over the foot's direction.

    Args:
        angles: (T, D) of which the pelvis is read.
        shift_m: (T, 3) of the pelvis (left, up, forward) from its height in straight standing.
        feet: where they stand.
        body: lengths.

    Returns:
        (T, D) angles with the legs set; a target out of reach is approached.
    """
    angles = angles.copy()
    pelvis = pelvis_rotation(angles)
    for row, (side, hip) in enumerate(_LEGS):
        heading = about(1, np.full(len(angles), side * feet.toe_out[row]))
        foot = heading @ about(0, feet.heel_up[:, row])
        ball = body.offset_m(hip + 9, hip + 6)
        stand = np.array([side * feet.out_m[row], body.ankle_height_m, feet.forward_m[row]])
        target = stand + heading @ ball - foot @ ball  # a raised heel turns the ankle about the ball of the foot
        start = np.array([0.0, body.pelvis_height_m, 0.0]) + shift_m + pelvis @ body.offset_m(hip, 0)
        _set_leg(angles, side, pelvis, target - start, heading[:, :, 2], foot, body)
        _set(angles, side, toe=feet.heel_up[:, row])
    return angles


def plant_ankles(
    angles: np.ndarray, pelvis: np.ndarray, ankles_m: np.ndarray, heading: np.ndarray, body: Dimensions
) -> np.ndarray:
    """Sets hips, knees and ankles so that both ankles are where they are told, frame by frame, the soles level.

    Args:
        angles: (T, D).
        pelvis: (T, 3, 3) global rotation of the pelvis, which is at the origin.
        ankles_m: (T, 2, 3) left and right.
        heading: (T, 2) radians the feet point, from z to x; knees bend that way.
        body: lengths.

    Returns:
        (T, D) angles; a target out of reach is approached.
    """
    angles = angles.copy()
    for row, (side, hip) in enumerate(_LEGS):
        foot = about(1, heading[:, row])
        _set_leg(angles, side, pelvis, ankles_m[:, row] - pelvis @ body.offset_m(hip, 0), foot[:, :, 2], foot, body)
        _set(angles, side, toe=0.0)
    return angles


def _set_leg(
    angles: np.ndarray,
    side: int,
    pelvis: np.ndarray,
    to_ankle_m: np.ndarray,
    knee_forward: np.ndarray,
    foot: np.ndarray,
    body: Dimensions,
) -> None:
    """Hip, knee and ankle of one leg, in place: from the hip to the ankle (T, 3), the knee towards ``knee_forward`` (T,
    3), the foot turned as ``foot`` (T, 3, 3), all in the frame of the heading, as ``pelvis`` (T, 3, 3) is."""
    to_ankle_m, knee_forward = (np.einsum("tji,tj->ti", pelvis, way) for way in (to_ankle_m, knee_forward))
    thigh, knee = _two_bones(to_ankle_m, knee_forward, body.length_m(4, 1), body.length_m(7, 4))
    flex, abd, rot = swing_twist_angles(thigh, side)
    above = pelvis @ swing_twist_matrix(flex, abd, rot, side) @ about(0, knee)
    bend = _small_rotation_vector(np.swapaxes(above, -1, -2) @ foot)
    _set(angles, side, hip_flex=flex, hip_abd=abd, hip_rot=rot, knee=knee)
    _set(angles, side, ankle=-bend[:, 0], ankle_rot=-side * bend[:, 1], ankle_inv=-side * bend[:, 2])


def reach(wrist_m: np.ndarray, swivel: np.ndarray, body: Dimensions) -> dict[str, np.ndarray]:
    """Angles of an arm whose wrist goes to a point, the elbow low and outward as people hold it.

    Args:
        wrist_m: (*, 3) from the shoulder: (outward, up, forward), in the frame of the chest.
        swivel: (*) radians by which the elbow is lifted outward about the line from shoulder to wrist.
        body: lengths.

    Returns:
        arm_flex, arm_abd, arm_rot, elbow in radians, (*) each, the same for either arm.
    """
    upper, fore = body.length_m(18, 16), body.length_m(20, 18)
    line = wrist_m / np.maximum(np.linalg.norm(wrist_m, axis=-1, keepdims=True), 1e-6)
    # a hand below the shoulder leaves the elbow low and behind, a hand above it brings the elbow outward and forward
    raised = np.clip(1.3 * line[..., 1:2] - 0.2, 0.0, 1.0)
    low = (1 - raised) * np.array([0.35, -0.85, -0.45]) + raised * np.array([0.85, -0.45, 0.55])
    across = low - np.sum(low * line, axis=-1, keepdims=True) * line
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-6)
    # for a left arm in its own axes a positive turn about the line lifts the elbow outward
    elbow_out = np.einsum("...ij,...j->...i", rotation(line * swivel[..., None]), across)
    matrix, elbow = _two_bones(wrist_m, -elbow_out, upper, fore, forward=True)
    flex, abd, rot = swing_twist_angles(matrix, 1)
    return {"arm_flex": flex, "arm_abd": abd, "arm_rot": rot, "elbow": elbow}


def _two_bones(
    target: np.ndarray, bend_towards: np.ndarray, first: float, second: float, forward: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Orientation of the first of two bones that hang along -y, and the flexion between them, so that their end is at
    ``target``. The joint between points towards ``bend_towards`` (knee); ``forward`` is an elbow, whose second bone
    goes there instead. (*, 3) each -> (*, 3, 3), (*)."""
    distance = np.clip(np.linalg.norm(target, axis=-1), abs(first - second) + 0.05, 0.9995 * (first + second))
    cosine = (distance**2 - first**2 - second**2) / (2 * first * second)
    flexion = np.arccos(np.clip(cosine, -1.0, 1.0))
    sign = 1.0 if forward else -1.0
    local = np.stack(
        [np.zeros_like(distance), -first - second * np.cos(flexion), sign * second * np.sin(flexion)], axis=-1
    )
    local /= np.linalg.norm(local, axis=-1, keepdims=True)
    along = target / np.maximum(np.linalg.norm(target, axis=-1, keepdims=True), 1e-6)
    sideways = np.cross(bend_towards, along)
    sideways /= np.maximum(np.linalg.norm(sideways, axis=-1, keepdims=True), 1e-6)
    x = np.broadcast_to(np.array([1.0, 0.0, 0.0]), local.shape)
    outer = lambda a, b: a[..., :, None] * b[..., None, :]  # noqa: E731
    matrix = outer(sideways, x) + outer(along, local) + outer(np.cross(sideways, along), np.cross(x, local))
    return matrix, flexion


def _small_rotation_vector(matrix: np.ndarray) -> np.ndarray:
    """Rotation vector of a turn well below 180 degrees. (*, 3, 3) -> (*, 3)."""
    vector = 0.5 * np.stack(
        [
            matrix[..., 2, 1] - matrix[..., 1, 2],
            matrix[..., 0, 2] - matrix[..., 2, 0],
            matrix[..., 1, 0] - matrix[..., 0, 1],
        ],
        axis=-1,
    )
    sine = np.linalg.norm(vector, axis=-1, keepdims=True)
    cosine = 0.5 * (np.trace(matrix, axis1=-2, axis2=-1)[..., None] - 1.0)
    return vector * np.where(sine > 1e-6, np.arctan2(sine, cosine) / np.maximum(sine, 1e-6), 1.0)


def _set(angles: np.ndarray, side: int, **values: np.ndarray | float) -> None:
    for name, value in values.items():
        angles[:, INDEX[f"{'left' if side > 0 else 'right'}_{name}"]] = value
