"""The upright world: x left, y up, z forward, the ground under the feet, one per clip."""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.geometry import rotations
from pn3d.geometry.skeleton import SMPL24_FEET
from pn3d.inference.batches import in_batches


def shown_frames(confidence: np.ndarray) -> np.ndarray:
    """(T, J) -> (T,) bool, frames that show somebody: what is one for a clip is told by these. All where none does."""
    shown: np.ndarray = np.any(confidence > 0, axis=1)
    return shown if shown.any() else ~shown


def up_of_frames(elevation_rad: np.ndarray, roll_rad: np.ndarray, camera_from_centred: np.ndarray) -> np.ndarray:
    """Up in camera axes. (T,), (T,), (T, 3, 3) -> (T, 3) unit vectors."""
    level = np.cos(elevation_rad)
    up = np.stack([np.sin(roll_rad) * level, -np.cos(roll_rad) * level, -np.sin(elevation_rad)], axis=-1)
    return np.matmul(camera_from_centred, up[..., None])[..., 0]


def mean_up(
    elevation_rad: np.ndarray, roll_rad: np.ndarray, camera_from_centred: np.ndarray, confidence: np.ndarray
) -> np.ndarray:
    """The clip's mean up in camera axes, over the frames that show somebody. (T,), (T,), (T, 3, 3), (T, J) -> (3,) unit
    vector."""
    mean = up_of_frames(elevation_rad, roll_rad, camera_from_centred)[shown_frames(confidence)].mean(axis=0)
    return (mean / np.linalg.norm(mean)).astype(np.float32)


def camera_to_world(up_cam: np.ndarray) -> np.ndarray:
    """(3,) up in camera axes -> (3, 3) rotation from camera axes (x right, y down) to the world's."""
    y = up_cam / np.linalg.norm(up_cam)
    towards_camera = np.array([0.0, 0.0, -1.0])
    z = towards_camera - np.dot(towards_camera, y) * y
    z /= max(float(np.linalg.norm(z)), 1e-6)
    return np.stack([np.cross(y, z), y, z]).astype(np.float32)


def upright_world(
    up_cam: np.ndarray,
    poses_cam: np.ndarray,
    transl_cam_m: np.ndarray,
    joints_cam_m: dict[str, np.ndarray],
    rest_pelvis_m: np.ndarray,
    level_m: float | None = None,
) -> dict[str, np.ndarray]:
    """One clip in its upright world.

    The world's y is the clip's up, z points towards the camera (a person who faces the camera faces +z), the origin is
    on the ground below the pelvis of the first frame. The ground is at ``level_m``, where feet stand; where that is not
    known, at the 2nd percentile of the lowest foot joint over the clip, so single frames do not lift the person.

    Args:
        up_cam: (3,) unit vector.
        poses_cam: (T, 24, 3) axis-angle.
        transl_cam_m: (T, 3).
        joints_cam_m: name -> (T, J, 3); among them ``body_joints``, the 24 of the body.
        rest_pelvis_m: (3,) the rest pelvis of the clip's shape, about which SMPL's root rotation turns.
        level_m: the ground's height along ``up_cam``, None where no foot was seen to stand.

    Returns:
        ``poses_world``, ``transl_world_m``, and ``<name>_world_m`` of every name.
    """
    turn = camera_to_world(up_cam)
    points = joints_cam_m | {"transl": (rest_pelvis_m + transl_cam_m)[:, None]}
    # One product for the whole clip: the same rotation for all of its points.
    world = {name: (value.reshape(-1, 3) @ turn.T).reshape(value.shape) for name, value in points.items()}
    body = world["body_joints"]
    level_m = float(np.percentile(body[:, list(SMPL24_FEET), 1].min(axis=1), 2.0)) if level_m is None else level_m
    origin = np.array([body[0, 0, 0], level_m, body[0, 0, 2]], np.float32)
    world = {name: np.asarray(value - origin, np.float32) for name, value in world.items()}
    world["transl"] = world["transl"][:, 0] - rest_pelvis_m
    poses = poses_cam.copy()
    poses[:, 0] = in_batches(lambda root: (_rotated(turn, root),), poses_cam[:, 0])[0]
    return {"poses_world": poses} | {f"{name}_world_m": value for name, value in world.items()}


@jax.jit
def _rotated(turn: jax.Array, axis_angle: jax.Array) -> jax.Array:
    """(3, 3) times the rotations of (n, 3) axis-angle, as axis-angle."""
    root = rotations.axis_angle_to_matrix(axis_angle)
    return rotations.matrix_to_axis_angle(jnp.sum(turn[None, :, :, None] * root[:, None], axis=-2))
