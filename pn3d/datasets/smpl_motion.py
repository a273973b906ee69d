"""SMPL parameters over time: from one frame of reference to another, and to the joints of h36m17."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.body.landmarks import Landmarks, landmark_joints
from pn3d.body.model import BodyModel, posed_joints, rest_joints_m, vertices
from pn3d.body.regressors import Regressor
from pn3d.geometry.rotations import axis_angle_to_matrix

_CHUNK = 256
"""Frames that are computed at once; one shape, so one compilation."""

JointsOfBody = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(S,) betas, (T, 24, 3) axis-angle, (T, 3) translation -> (T, 17, 3) joints of h36m17, metres."""


def moved_frame(
    poses: np.ndarray, transl_m: np.ndarray, pelvis_m: np.ndarray, rotation: np.ndarray, shift_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same body in another frame of reference, x' = R x + t.

    SMPL's root rotates about the rest pelvis J0(beta), not about the origin, so trans' = R (J0 + trans) + t - J0.

    Args:
        poses: (T, 24, 3) axis-angle.
        transl_m: (T, 3).
        pelvis_m: (3,) the pelvis of the shaped body at rest, J0.
        rotation: (3, 3) or (T, 3, 3).
        shift_m: (3,) or (T, 3).

    Returns:
        poses and translation in the new frame, float32.
    """
    rotation = np.broadcast_to(rotation, (len(poses), 3, 3))
    moved = np.array(poses, np.float32)
    moved[:, 0] = (Rotation.from_matrix(rotation) * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
    transl = np.einsum("tij,tj->ti", rotation, pelvis_m + transl_m) + shift_m - pelvis_m
    return moved, transl.astype(np.float32)


def pelvis_at_rest(body: BodyModel, betas: np.ndarray) -> np.ndarray:
    """(S,) -> (3,) J0(beta) in metres."""
    return np.asarray(rest_joints_m(body, jnp.asarray(betas, jnp.float32)), np.float64)[0]


def joints_by_landmarks(body: BodyModel, landmarks: Landmarks) -> JointsOfBody:
    """h36m17 as landmarks of a body."""

    @jax.jit
    def chunk(betas: jax.Array, poses: jax.Array, transl_m: jax.Array) -> jax.Array:
        rest = jnp.broadcast_to(rest_joints_m(body, betas)[None], (_CHUNK, 24, 3))
        posed, turns = posed_joints(body, rest, axis_angle_to_matrix(poses))
        return landmark_joints(landmarks, posed, turns) + transl_m[:, None]

    return _in_chunks(chunk)


def joints_by_regressor(body: BodyModel, regressor: Regressor) -> JointsOfBody:
    """h36m17 as a data set's vertex regressor gives them."""
    used = np.flatnonzero(np.abs(regressor.matrix).sum(axis=0))
    matrix = jnp.asarray(regressor.matrix[:, used], jnp.float32)

    @jax.jit
    def chunk(betas: jax.Array, poses: jax.Array, transl_m: jax.Array) -> jax.Array:
        shape = jnp.broadcast_to(betas[None], (_CHUNK, *betas.shape))
        points = vertices(body, shape, axis_angle_to_matrix(poses), transl_m, vertex_indices=used)
        return jnp.einsum("jv,tvc->tjc", matrix, points, precision=jax.lax.Precision.HIGHEST)

    return _in_chunks(chunk)


def _in_chunks(chunk: Callable[[jax.Array, jax.Array, jax.Array], jax.Array]) -> JointsOfBody:
    def joints(betas: np.ndarray, poses: np.ndarray, transl_m: np.ndarray) -> np.ndarray:
        frames = len(poses)
        padded = -(-frames // _CHUNK) * _CHUNK
        fill = np.minimum(np.arange(padded), frames - 1)
        shape = jnp.asarray(betas, jnp.float32)
        parts = [
            np.asarray(chunk(shape, jnp.asarray(poses[part], jnp.float32), jnp.asarray(transl_m[part], jnp.float32)))
            for part in fill.reshape(-1, _CHUNK)
        ]
        return np.concatenate(parts)[:frames]

    return joints
