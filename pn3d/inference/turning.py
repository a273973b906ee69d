"""A camera that turns: clips are placed in the axes of a camera that stands still, and results put back into its own.

Centring turns every frame's person into the middle, so networks see the same whether the camera turns or not; what
turning changes is where the centred camera looks. With the turning in that rotation, pose, path, ground and world come
out as of a camera that stands still. It looks where the real one looked in the clip's middle, so that rays stay short.
"""

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

FURTHEST_DEG = 60.0
"""What a person's direction may be off the still camera's axis; a camera that turns further is not followed."""


def still_from_camera(camera_turn_rad: np.ndarray) -> np.ndarray:
    """(T, 3) of ``Clips.camera_turn_rad`` -> (T, 3, 3) rotations from each frame's camera to the still one."""
    turns = Rotation.from_rotvec(camera_turn_rad.astype(np.float64))
    looks = turns.inv().apply([0.0, 0.0, 1.0])
    middle = looks.mean(axis=0)
    nearest = int((looks @ middle).argmax())
    return (turns[nearest] * turns.inv()).as_matrix()


def turned_rays(rays: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """(T, J, 2) rays and (T, 3, 3) rotations -> the rays in the axes that the rotations lead to."""
    points = np.einsum("tij,tkj->tki", turns, np.concatenate([rays, np.ones((*rays.shape[:2], 1))], axis=-1))
    return points[..., :2] / np.maximum(points[..., 2:], 1e-3)


def can_be_followed(camera_from_centred: np.ndarray, turns: np.ndarray) -> bool:
    """Whether the person stays in front of the still camera. (T, 3, 3) each."""
    directions = np.einsum("tij,tj->ti", turns, camera_from_centred[:, :, 2])
    return bool(directions[:, 2].min() > np.cos(np.radians(FURTHEST_DEG)))


def put_back(
    turns: np.ndarray, poses: np.ndarray, transl_m: np.ndarray, rest_pelvis_m: np.ndarray, **points_m: np.ndarray
) -> dict[str, Any]:
    """From the still camera's axes to those of each frame's camera.

    (T, 3, 3) ``still_from_camera``; (T, 24, 3) axis-angle, (T, 3) SMPL's translation, whose root turns about the rest
    pelvis; and (T, J, 3) points, which keep their names.
    """
    back = np.swapaxes(turns, 1, 2)
    turned = poses.copy()
    turned[:, 0] = (Rotation.from_matrix(back) * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
    moved = np.einsum("tij,tj->ti", back, rest_pelvis_m + transl_m) - rest_pelvis_m
    points = {name: np.einsum("tij,tkj->tki", back, points).astype(np.float32) for name, points in points_m.items()}
    return {"poses": turned, "transl_m": moved.astype(np.float32), **points}
