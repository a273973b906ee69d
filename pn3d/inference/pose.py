"""From what the windows said of each frame to one body per clip: shape, rotations, refinement, place in the camera."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d import camera, lifters, rotations
from pn3d.body import fitting
from pn3d.body import landmarks as landmark_room
from pn3d.body import model as body_model
from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.data.clips import Clips
from pn3d.data.rays import clip_intrinsics
from pn3d.inference.blend import Blended
from pn3d.inference.refine import SMOOTH_SECONDS, smooth_residual
from pn3d.inference.weights import Weights

PIECE = 1024
"""Frames per call of the body; the last piece is padded, so one shape is compiled."""


def clip_mean(values: np.ndarray, clip_start: np.ndarray, *, normalise: bool = False) -> np.ndarray:
    """(N, D) -> (C, D) mean over each clip, as unit vectors if asked."""
    means = np.add.reduceat(values, clip_start[:-1], axis=0) / np.diff(clip_start)[:, None]
    return (means / np.linalg.norm(means, axis=-1, keepdims=True) if normalise else means).astype(np.float32)


def pose_frames(
    weights: Weights,
    blended: Blended,
    clips: Clips,
    rays: jax.Array,
    root_ray: np.ndarray,
    body: BodyModel,
    landmarks: Landmarks,
    *,
    refine: bool = True,
) -> tuple[dict[str, Any], np.ndarray]:
    """One shape per clip, rotations made orthonormal and refined, translation from the keypoints, in camera axes.

    Returns:
        ``betas, poses_cam, transl_cam_m, body_joints_cam_m, joints_cam_m, reprojected_px``; and (N,) how far the
        measured joints were from their rays before refinement, in head-root units.
    """
    assert blended.sixd is not None
    assert blended.betas is not None
    assert weights.student is not None
    betas = clip_mean(blended.betas, clips.clip_start)
    lengths = np.diff(clips.clip_start)
    corrections = jnp.asarray(weights.student["landmark_raw"])
    seen = np.asarray(rays)
    shared = (blended.sixd, np.repeat(betas, lengths, axis=0), seen, clips.confidence, blended.size)
    (first,) = in_pieces(lambda *part: (start_piece(body, landmarks, corrections, *part),), shared)
    missed = np.where(clips.confidence[..., None] > 0, seen - first, 0.0).astype(np.float32)
    count = np.maximum((clips.confidence > 0).sum(axis=1), 1)
    gap = np.linalg.norm(missed, axis=-1).sum(axis=1) / count / blended.size
    target = first + _smoothed(missed, clips)
    placed = (*shared, root_ray, np.repeat(clip_intrinsics(clips), lengths, axis=0), target.astype(np.float32))
    piece = refined_piece if refine else pose_piece
    arrays = in_pieces(lambda *part: piece(body, landmarks, corrections, *part), placed)
    names = ("poses_cam", "transl_cam_m", "body_joints_cam_m", "joints_cam_m", "reprojected_px")
    return dict(zip(names, arrays, strict=True)) | {"betas": betas}, gap.astype(np.float32)


def _smoothed(missed: np.ndarray, clips: Clips) -> np.ndarray:
    """Residuals averaged over a few frames of their clip."""
    parts = [
        smooth_residual(missed[begin:end], clips.confidence[begin:end], round(SMOOTH_SECONDS * float(rate)))
        for (begin, end), rate in zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True)
    ]
    return np.concatenate(parts)


def in_pieces(function: Callable[..., tuple[jax.Array, ...]], inputs: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """``function`` on ``PIECE`` frames at a time, so that an hour needs the memory of a minute."""
    total = len(inputs[0])
    pieces: list[tuple[np.ndarray, ...]] = []
    for begin in range(0, total, PIECE):
        part = [array[begin : begin + PIECE] for array in inputs]
        count = len(part[0])
        if count < PIECE:
            part = [np.concatenate([a, np.repeat(a[-1:], PIECE - count, axis=0)]) for a in part]
        pieces.append(tuple(np.asarray(value)[:count] for value in function(*part)))
    return [np.concatenate(column) for column in zip(*pieces, strict=True)]


@jax.jit
def start_piece(
    body: BodyModel,
    landmarks: Landmarks,
    landmark_raw: jax.Array,
    sixd: jax.Array,
    betas: jax.Array,
    rays: jax.Array,
    confidence: jax.Array,
    size: jax.Array,
) -> jax.Array:
    """(n, 17, 2) centred rays at which the student's landmarks are seen before refinement."""
    rest = body_model.rest_joints_m(body, betas)
    corrections = lifters.landmark_corrections(landmark_raw)
    joints, turns = body_model.posed_joints(body, rest, rotations.sixd_to_matrix(sixd))
    marks = landmark_room.landmark_joints(landmarks, joints, turns, corrections)
    return camera.project(marks + camera.fit_translation(marks, rays, confidence, size)[:, None])


def _placed(
    body: BodyModel,
    landmarks: Landmarks,
    landmark_raw: jax.Array,
    sixd: jax.Array,
    betas: jax.Array,
    rays: jax.Array,
    confidence: jax.Array,
    size: jax.Array,
    root_ray: jax.Array,
    intrinsics: jax.Array,
    target: jax.Array,
    *,
    refine: bool,
) -> tuple[jax.Array, ...]:
    """(n, 24, 6) blended rotations, (n, 10), centred rays … -> pose, translation, joints in camera axes."""
    local = rotations.sixd_to_matrix(sixd)
    rest = body_model.rest_joints_m(body, betas)
    back = rotations.transpose(camera.centring_rotation(root_ray))
    corrections = lifters.landmark_corrections(landmark_raw)

    def fitted(local: jax.Array) -> jax.Array:
        centred, turns = body_model.posed_joints(body, rest, local)
        marks = landmark_room.landmark_joints(landmarks, centred, turns, corrections)
        return camera.fit_translation(marks, rays, confidence, size)

    if refine:
        picture = fitting.Picture(target, confidence, size)
        local = fitting.fit_body(body, landmarks, corrections, rest, local, picture)
    transl_centred = fitted(local)
    # The same body in the real camera: the root turns about the pelvis, so the pelvis' own place must be turned too.
    pelvis = rest[:, :1]
    transl = (rotations.rotate(back, pelvis + transl_centred[:, None]) - pelvis)[:, 0]
    root = jnp.sum(back[:, :, :, None] * local[:, 0, None, :, :], axis=-2)
    poses = rotations.matrix_to_axis_angle(jnp.concatenate([root[:, None], local[:, 1:]], axis=1))
    # Forward kinematics of what is written, so that files agree with themselves.
    joints, turns = body_model.posed_joints(body, rest, rotations.axis_angle_to_matrix(poses))
    joints = joints + transl[:, None]
    marks = landmark_room.landmark_joints(landmarks, joints, turns, corrections)
    reprojected = camera.px_from_rays(camera.project(marks), intrinsics)
    return poses, transl, joints, marks, reprojected


@jax.jit
def pose_piece(*arguments: Any) -> tuple[jax.Array, ...]:
    """``_placed`` as the student said it."""
    return _placed(*arguments, refine=False)


@jax.jit
def refined_piece(*arguments: Any) -> tuple[jax.Array, ...]:
    """``_placed`` after refinement towards the target rays."""
    return _placed(*arguments, refine=True)
