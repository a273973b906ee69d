"""Anatomical joint angles: what the built-in motion is written in, and the SMPL local rotations that they mean.

A pose is one row of ``CHANNELS`` in radians. Sided channels have the same sign on both sides, so a mirrored pose is a
swap. All of them are zero in the anatomical stance (upright, arms hanging straight down, feet forward), not in SMPL's
T-pose. Signs: flexion and dorsiflexion forward, abduction away from the body, rotation ``_rot`` inward, ``_side`` to
the left, ``_turn`` and ``_yaw`` to the left (counter-clockwise from above).

Ball joints are a swing (exponential map, so flexion and abduction mix without a singularity short of 180 degrees) and
a twist about the bone. How the trunk's angles are shared out over SMPL's three spine joints is our choice, after the
roughly even share of lumbar and lower thoracic segments (White and Panjabi 1990).
"""

import numpy as np

from pn3d.files.tables import read_table

_TABLE = read_table(__file__, "angles.csv")
_MIDLINE, _SIDED = ([row["angle"] for row in _TABLE if row["sides"] == sides] for sides in ("1", "2"))

CHANNELS: tuple[str, ...] = (*_MIDLINE, *(f"left_{c}" for c in _SIDED), *(f"right_{c}" for c in _SIDED))
"""Names of the angles, in order."""

INDEX: dict[str, int] = {name: i for i, name in enumerate(CHANNELS)}
LEFT = slice(len(_MIDLINE), len(_MIDLINE) + len(_SIDED))
RIGHT = slice(len(_MIDLINE) + len(_SIDED), len(CHANNELS))


def channel_values(column: str) -> np.ndarray:
    """(D,) one column of ``angles.csv`` in radians; both sides have the same."""
    degrees = {row["angle"]: float(row[column]) for row in _TABLE}
    return np.radians([degrees[name.removeprefix("left_").removeprefix("right_")] for name in CHANNELS])


_LOW, _HIGH, _TRAINED_LOW, _TRAINED_HIGH = map(channel_values, ("low", "high", "trained_low", "trained_high"))
_RELAXED = channel_values("relaxed")
_MIRROR_SIGN = np.array([-1.0 if name.endswith(("roll", "yaw", "side", "turn")) else 1.0 for name in CHANNELS])
_SPINE_SHARE = (0.36, 0.32, 0.32)
_NECK_SHARE = (0.55, 0.45)
_LARGEST_SWING = np.radians(168.0)


def pose(**degrees: float) -> np.ndarray:
    """A relaxed stance with some angles set, in degrees; a sided name without its side sets both. -> (D,) radians."""
    values = _RELAXED.copy()
    for name, value in degrees.items():
        for full in both_sides(name):
            values[INDEX[full]] = np.radians(value)
    return values


def both_sides(name: str) -> tuple[str, ...]:
    """The channels of an angle: itself, or those of both sides where its name has none."""
    return (name,) if name in INDEX else (f"left_{name}", f"right_{name}")


def mirror(angles: np.ndarray) -> np.ndarray:
    """The pose seen in a mirror: sides swapped, turns and leans reversed. (*, D) -> (*, D)."""
    swapped = angles * _MIRROR_SIGN
    swapped[..., LEFT], swapped[..., RIGHT] = angles[..., RIGHT], angles[..., LEFT]
    return swapped


def within_limits(angles: np.ndarray, trained: bool = False) -> np.ndarray:
    """Angles brought into the ranges of healthy adults (AAOS tables, some degrees tighter), or of trained ones.

    (*, D) -> (*, D).

    The last tenth of each range is approached smoothly, so that a clamped motion does not stop dead.
    """
    low, high = (_TRAINED_LOW, _TRAINED_HIGH) if trained else (_LOW, _HIGH)
    middle, half = 0.5 * (high + low), 0.5 * (high - low)
    unit = (angles - middle) / half
    beyond = np.maximum(np.abs(unit) - 0.9, 0.0)
    limited = np.where(beyond > 0, 0.9 + 0.1 * np.tanh(beyond / 0.1), np.abs(unit))
    return middle + half * np.sign(unit) * limited


def rotation(vectors: np.ndarray) -> np.ndarray:
    """Rotation vectors to matrices (Rodrigues), in NumPy. (*, 3) -> (*, 3, 3)."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape((*x.shape, 3, 3))
    # np.sinc is sin(pi x) / (pi x), exact at zero; the second coefficient is half its square at half the angle.
    first, second = np.sinc(angle / np.pi), 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    return np.eye(3) + first * cross + second * (cross @ cross)


def about(axis: int, angle: np.ndarray) -> np.ndarray:
    """Rotation about one coordinate axis. (*) -> (*, 3, 3)."""
    vector = np.zeros((*np.shape(angle), 3))
    vector[..., axis] = angle
    return rotation(vector)


def swing_twist_matrix(flex: np.ndarray, abd: np.ndarray, rot: np.ndarray, side: int) -> np.ndarray:
    """A limb that hangs along -y: swung by flexion and abduction, twisted inward. side +1 left, -1 right.

    (*) each -> (*, 3, 3), in the frame of the segment above.
    """
    size = np.sqrt(flex**2 + abd**2)
    shorten = np.minimum(1.0, _LARGEST_SWING / np.maximum(size, 1e-9))
    swing = np.stack([-flex * shorten, np.zeros_like(flex), side * abd * shorten], axis=-1)
    return rotation(swing) @ about(1, -side * rot)


def swing_twist_angles(matrix: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The inverse of ``swing_twist_matrix``: (*, 3, 3) -> flexion, abduction, inward rotation, (*) each."""
    down = -matrix[..., :, 1]
    angle = np.arccos(np.clip(-down[..., 1], -1.0, 1.0))
    scale = angle / np.maximum(np.sin(angle), 1e-6)
    # the axis is -y cross the bone: (-d_z, 0, d_x)
    vector = np.stack([-down[..., 2] * scale, np.zeros_like(angle), down[..., 0] * scale], axis=-1)
    twist = np.swapaxes(rotation(vector), -1, -2) @ matrix
    return -vector[..., 0], side * vector[..., 2], -side * np.arctan2(twist[..., 0, 2], twist[..., 0, 0])


def pelvis_rotation(angles: np.ndarray) -> np.ndarray:
    """Pelvis in the frame of the heading (y up, z where the person heads). (*, D) -> (*, 3, 3)."""
    yaw = about(1, angles[..., INDEX["pelvis_yaw"]])
    return yaw @ _bend(angles, "pelvis_pitch", "pelvis_roll", None, 1.0)


def local_rotations(angles: np.ndarray) -> np.ndarray:
    """SMPL's 24 local rotations; the first is the pelvis in the frame of the heading. (*, D) -> (*, 24, 3, 3)."""
    result = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 24, 3, 3)).copy()
    result[..., 0, :, :] = pelvis_rotation(angles)
    for joint, share in zip((3, 6, 9), _SPINE_SHARE, strict=True):
        result[..., joint, :, :] = _bend(angles, "spine_flex", "spine_side", "spine_turn", share)
    for joint, share in zip((12, 15), _NECK_SHARE, strict=True):
        result[..., joint, :, :] = _bend(angles, "neck_flex", "neck_side", "neck_turn", share)
    for side, name, leg, foot, collar in ((1, "left", 1, 7, 13), (-1, "right", 2, 8, 14)):
        get = {c: angles[..., INDEX[f"{name}_{c}"]] for c in _SIDED}
        result[..., leg, :, :] = swing_twist_matrix(get["hip_flex"], get["hip_abd"], get["hip_rot"], side)
        result[..., leg + 3, :, :] = about(0, get["knee"])
        ankle = np.stack([-get["ankle"], -side * get["ankle_rot"], -side * get["ankle_inv"]], axis=-1)
        result[..., foot, :, :] = rotation(ankle)
        result[..., foot + 3, :, :] = about(0, -get["toe"])
        result[..., collar, :, :] = girdle = _girdle(get, side)
        upper_arm = swing_twist_matrix(get["arm_flex"], get["arm_abd"], get["arm_rot"], side)
        to_t_pose = about(2, np.asarray(-side * 0.5 * np.pi))
        result[..., collar + 3, :, :] = np.swapaxes(girdle, -1, -2) @ upper_arm @ to_t_pose
        result[..., collar + 5, :, :] = about(1, -side * get["elbow"])
        wrist = np.stack([get["forearm_rot"], np.zeros_like(get["elbow"]), -side * get["wrist_flex"]], axis=-1)
        result[..., collar + 7, :, :] = rotation(wrist)
    return result


def _bend(angles: np.ndarray, flex: str, lean: str, turn: str | None, share: float) -> np.ndarray:
    """Flexion, lean to the left and turn to the left as one rotation vector, of which ``share`` is taken."""
    turn_rad = angles[..., INDEX[turn]] if turn else np.zeros(angles.shape[:-1])
    vector = np.stack([angles[..., INDEX[flex]], turn_rad, -angles[..., INDEX[lean]]], axis=-1)
    return rotation(share * vector)


def _girdle(get: dict[str, np.ndarray], side: int) -> np.ndarray:
    """Collar rotation: its own angles plus the share that follows a raised arm (scapulohumeral rhythm).

    Inman 1944 gives a third of the elevation beyond 30 degrees to the scapula; SMPL's collar carries about half of it.
    """
    raised = np.sqrt(get["arm_flex"] ** 2 + get["arm_abd"] ** 2 + 0.05)
    up = get["collar_up"] + 0.16 * np.maximum(raised - 0.5, 0.0)
    forward = get["collar_fwd"] + 0.10 * np.clip(get["arm_flex"], -0.8, 1.6) - 0.10 * np.minimum(get["arm_abd"], 0.0)
    return rotation(np.stack([np.zeros_like(up), -side * forward, side * up], axis=-1))
