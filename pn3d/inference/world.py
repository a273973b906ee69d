"""The upright world: x left, y up, z forward, the ground under the feet, one per clip."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.geometry import rotations
from pn3d.inference.pose import in_pieces


def upright_worlds(
    posed: dict[str, np.ndarray], up_cam: np.ndarray, clip_start: np.ndarray, rest_pelvis_m: np.ndarray
) -> dict[str, np.ndarray]:
    """The student's arrays in an upright world per clip.

    The world's y is the clip's mean predicted up, z points towards the camera (a person who faces the camera faces
    +z), the origin is on the ground below the pelvis of the clip's first frame. The ground is the 2nd percentile of
    the lowest foot joint over the clip, so single frames do not lift the person.

    Args:
        posed: ``poses_cam, transl_cam_m, body_joints_cam_m, joints_cam_m, teacher_joints_cam_m``.
        up_cam: (C, 3) unit vectors.
        clip_start: (C + 1,).
        rest_pelvis_m: (C, 3) the rest pelvis of each clip's shape, about which SMPL's root rotation turns.
    """
    lengths = np.diff(clip_start)
    turns = camera_to_world(up_cam)
    pelvis = np.repeat(rest_pelvis_m, lengths, axis=0)
    points = {key: posed[f"{key}_cam_m"] for key in ("body_joints", "joints", "teacher_joints")}
    points["transl"] = (pelvis + posed["transl_cam_m"])[:, None]
    world = {key: np.empty(value.shape, np.float32) for key, value in points.items()}
    for (begin, end), turn in zip(itertools.pairwise(clip_start), turns, strict=True):
        for key, value in points.items():
            # One product for the whole clip: the same rotation for all of its points.
            flat = value[begin:end].reshape(-1, 3) @ turn.T
            world[key][begin:end] = flat.reshape(-1, *value.shape[1:])
        body = world["body_joints"][begin:end]
        origin = np.array([body[0, 0, 0], np.percentile(body[:, _FEET, 1].min(axis=1), 2.0), body[0, 0, 2]], np.float32)
        for value in world.values():
            value[begin:end] -= origin
    world["transl"] = world["transl"][:, 0] - pelvis
    poses = posed["poses_cam"].copy()
    per_frame = np.repeat(turns, lengths, axis=0)
    poses[:, 0] = in_pieces(lambda *part: (_turn_root(*part),), (per_frame, poses[:, 0]))[0]
    return {"poses_world": poses} | {f"{key}_world_m": value for key, value in world.items()}


_FEET = (7, 8, 10, 11)
"""Ankles and feet of smpl24."""


def camera_to_world(up_cam: np.ndarray) -> np.ndarray:
    """(C, 3) up in camera axes -> (C, 3, 3) rotations from camera axes (x right, y down) to the world's."""
    y = up_cam / np.linalg.norm(up_cam, axis=-1, keepdims=True)
    towards_camera = np.zeros_like(y)
    towards_camera[:, 2] = -1.0
    z = towards_camera - np.sum(towards_camera * y, axis=-1, keepdims=True) * y
    z /= np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-6)
    return np.stack([np.cross(y, z), y, z], axis=1).astype(np.float32)


@jax.jit
def _turn_root(turn: jax.Array, root_axis_angle: jax.Array) -> jax.Array:
    root = rotations.axis_angle_to_matrix(root_axis_angle)
    return rotations.matrix_to_axis_angle(jnp.sum(turn[:, :, :, None] * root[:, None], axis=-2))
