"""From what the windows said of each frame to one body per clip: shape, rotations, refinement, place in the camera."""

import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import fitting
from pn3d.body import landmarks as landmark_room
from pn3d.body import model as body_model
from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.body.stature import with_stature
from pn3d.data.clips import Clips
from pn3d.data.rays import clip_intrinsics
from pn3d.geometry import camera, rotations
from pn3d.inference.blend import Blended
from pn3d.inference.smoothing import TURNS, Between, Spread, between_fits, fit_stride, half_width, heard, shake, smooth
from pn3d.inference.weights import Weights
from pn3d.lifting import posing

PIECE = 1024
"""Frames per call of the body; the last piece is padded, so one shape is compiled."""


def clip_mean(values: np.ndarray, clip_start: np.ndarray, *, normalise: bool = False) -> np.ndarray:
    """(N, D) -> (C, D) mean over each clip, as unit vectors if asked."""
    means = np.add.reduceat(values, clip_start[:-1], axis=0) / np.diff(clip_start)[:, None]
    return (means / np.linalg.norm(means, axis=-1, keepdims=True) if normalise else means).astype(np.float32)


class Said(NamedTuple):
    """What is known of n frames before the body is brought onto them, in centred-camera axes.

    Attributes:
        sixd: (n, 24, 6) blended local rotations.
        betas: (n, 10) shapes.
        rays: (n, 17, 2) measured.
        confidence: (n, 17).
        size: (n,) the person's size in the picture.
    """

    sixd: jax.Array
    betas: jax.Array
    rays: jax.Array
    confidence: jax.Array
    size: jax.Array


def pose_frames(
    weights: Weights,
    blended: Blended,
    clips: Clips,
    rays: jax.Array,
    root_ray: np.ndarray,
    shaking: np.ndarray,
    body: BodyModel,
    landmarks: Landmarks,
    *,
    refine: bool = True,
    height_m: float | None = None,
) -> tuple[dict[str, Any], np.ndarray]:
    """One shape per clip (as tall as is known), rotations made orthonormal and refined, translation from the keypoints,
    in camera axes.

    Returns:
        ``betas, poses_cam, transl_cam_m, body_joints_cam_m, joints_cam_m, reprojected_px``; and (N,) how far the
        measured joints were from their rays before refinement, head-root units: at the fits, and linear in between.
    """
    assert blended.sixd is not None
    assert blended.betas is not None
    assert weights.student is not None
    betas = clip_mean(blended.betas, clips.clip_start)
    if height_m is not None:
        betas = with_stature(body, betas, height_m)
    lengths = np.diff(clips.clip_start)
    figure = Figure(body, landmarks, jnp.asarray(weights.student["landmark_raw"]))
    seen = np.asarray(rays)
    said = (blended.sixd, np.repeat(betas, lengths, axis=0), seen, clips.confidence, blended.size)
    fits, between = clip_fits(clips)
    steps = fitting.STEPS if refine else 0
    at_fits = tuple(values[fits] for values in (*said[:2], heard_clips(seen, clips), *said[3:]))
    gap, turns = in_pieces(lambda *part: fit_piece(figure, Said(*part), steps=steps), at_fits)
    gap = between.mix(gap[:, None, None], np.ones((len(fits), 1), np.float32))[0][:, 0, 0]
    measured = (clips.confidence[fits] > 0).any(axis=1)
    turns, weight = between.mix(turns, measured[:, None].astype(np.float32))
    if refine:
        turns = smooth_clips(turns, weight, shaking, TURNS, clips)
    placed = (*said, turns, root_ray, np.repeat(clip_intrinsics(clips), lengths, axis=0))
    arrays = in_pieces(lambda *part: place_piece(figure, Said(*part[:5]), *part[5:]), placed)
    names = ("poses_cam", "transl_cam_m", "body_joints_cam_m", "joints_cam_m", "reprojected_px")
    return dict(zip(names, arrays, strict=True)) | {"betas": betas}, gap


def clip_fits(clips: Clips) -> tuple[np.ndarray, Between]:
    """(M,) frames at which turns are found, in every clip from its first on, and where all frames lie between them."""
    fits: list[np.ndarray] = []
    parts: list[Between] = []
    done = 0
    for (begin, end), rate in zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True):
        stride = fit_stride(float(rate))
        own = between_fits(end - begin, stride)
        parts.append(Between(own.before + done, own.after + done, own.share))
        fits.append(np.arange(begin, end, stride))
        done += len(fits[-1])
    return np.concatenate(fits), Between(*map(np.concatenate, zip(*parts, strict=True)))


def heard_clips(rays: np.ndarray, clips: Clips) -> np.ndarray:
    """(N, J, 2) ``heard`` of every frame within its clip."""
    cuts = zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True)
    return np.concatenate([heard(rays[a:b], clips.confidence[a:b], fit_stride(float(rate))) for (a, b), rate in cuts])


def shake_clips(rays: np.ndarray, clips: Clips, size: np.ndarray) -> np.ndarray:
    """(N,) ``shake`` of every frame within its clip."""
    cuts = itertools.pairwise(clips.clip_start)
    return np.concatenate([shake(rays[a:b], clips.confidence[a:b], size[a:b]) for a, b in cuts])


def smooth_clips(
    values: np.ndarray, weight: np.ndarray, shaking: np.ndarray, spread: Spread, clips: Clips
) -> np.ndarray:
    """(N, J, D) averaged over neighbours in the same clip, as wide as the keypoints shake."""
    parts = [
        smooth(values[a:b], weight[a:b], half_width(shaking[a:b], spread, float(rate)))
        for (a, b), rate in zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True)
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


class Figure(NamedTuple):
    """The body, its landmarks, and the student's raw corrections of them."""

    body: BodyModel
    landmarks: Landmarks
    landmark_raw: jax.Array

    def marks(self, rest_m: jax.Array, local: jax.Array) -> tuple[jax.Array, jax.Array]:
        """(n, 24, 3) body joints and (n, 17, 3) landmarks of (n, 24, 3, 3) rotations."""
        joints, turns = body_model.posed_joints(self.body, rest_m, local)
        corrections = posing.landmark_corrections(self.landmark_raw)
        return joints, landmark_room.landmark_joints(self.landmarks, joints, turns, corrections)


@functools.partial(jax.jit, static_argnames="steps")
def fit_piece(figure: Figure, said: Said, *, steps: int = fitting.STEPS) -> tuple[jax.Array, jax.Array]:
    """How far the measured joints are from the student's landmarks, (n,) in head-root units, and what brings the body
    towards them: (n, 24, 3) axis-angle about the joints' own axes."""
    local = rotations.sixd_to_matrix(said.sixd)
    rest = body_model.rest_joints_m(figure.body, said.betas)
    _, marks = figure.marks(rest, local)
    placed = marks + camera.fit_translation(marks, said.rays, said.confidence, said.size)[:, None]
    measured = said.confidence > 0
    apart = jnp.where(measured, jnp.linalg.norm(said.rays - camera.project(placed), axis=-1), 0.0)
    gap = jnp.sum(apart, axis=1) / jnp.maximum(jnp.sum(measured, axis=1), 1) / said.size
    corrections = posing.landmark_corrections(figure.landmark_raw)
    picture = fitting.Picture(said.rays, said.confidence, said.size)
    fitted = fitting.fit_body(figure.body, figure.landmarks, corrections, rest, local, picture, steps=steps)
    change = jnp.matmul(jnp.swapaxes(local, -1, -2), fitted, precision=jax.lax.Precision.HIGHEST)
    return gap, rotations.matrix_to_axis_angle(change)


@jax.jit
def place_piece(
    figure: Figure, said: Said, turns: jax.Array, root_ray: jax.Array, intrinsics: jax.Array
) -> tuple[jax.Array, ...]:
    """The student's pose after (n, 24, 3) turns -> pose, translation, body joints, landmarks in camera axes, pixels."""
    change = rotations.axis_angle_to_matrix(turns)
    local = jnp.matmul(rotations.sixd_to_matrix(said.sixd), change, precision=jax.lax.Precision.HIGHEST)
    rest = body_model.rest_joints_m(figure.body, said.betas)
    back = rotations.transpose(camera.centring_rotation(root_ray))
    _, marks = figure.marks(rest, local)
    transl_centred = camera.fit_translation(marks, said.rays, said.confidence, said.size)
    # The same body in the real camera: the root turns about the pelvis, so the pelvis' own place must be turned too.
    pelvis = rest[:, :1]
    transl = (rotations.rotate(back, pelvis + transl_centred[:, None]) - pelvis)[:, 0]
    root = jnp.sum(back[:, :, :, None] * local[:, 0, None, :, :], axis=-2)
    poses = rotations.matrix_to_axis_angle(jnp.concatenate([root[:, None], local[:, 1:]], axis=1))
    # Forward kinematics of what is written, so that files agree with themselves.
    joints, marks = figure.marks(rest, rotations.axis_angle_to_matrix(poses))
    joints, marks = joints + transl[:, None], marks + transl[:, None]
    return poses, transl, joints, marks, camera.px_from_rays(camera.project(marks), intrinsics)
