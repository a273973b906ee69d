"""2D keypoints -> joints, SMPL pose, shape and translation, in the camera and in an upright world."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d import __version__
from pn3d.body import model as body_model
from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.data.clips import TRUTH_FIELDS, Clips
from pn3d.data.rays import clip_intrinsics, frame_rays
from pn3d.data.resample import resample_clips, resample_values
from pn3d.data.windows import to_h36m17
from pn3d.files.atomic import whole_file
from pn3d.geometry import camera
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.blend import Blended, blend_windows
from pn3d.inference.pose import clip_mean, in_pieces, pose_frames, shake_clips, smooth_clips
from pn3d.inference.smoothing import TEACHER
from pn3d.inference.uncertainty import expected_error_mm, frame_signs
from pn3d.inference.weights import Weights, require_body
from pn3d.inference.world import upright_worlds


@dataclass(frozen=True)
class Prediction:
    """What is known of N frames in C clips: the arrays of ``prediction.npz``.

    ``_cam``: camera axes (x right, y down, z forward). ``_world``: x left, y up, z forward, ground at y = 0, one world
    per clip. ``body_joints_cam_m`` is the forward kinematics of ``poses_cam, betas, transl_cam_m``; ``joints_cam_m``
    the landmarks of it. Student arrays are None where the weights hold no student yet; they are then not written.
    """

    teacher_joints_cam_m: np.ndarray
    """(N, 17, 3) the teacher's, at the student's scale and place (without a student: about life-size)."""
    elevation_rad: np.ndarray
    """(N,) positive = camera above the person."""
    up_cam: np.ndarray
    """(C, 3) the world's up in camera axes."""
    keypoints_px: np.ndarray
    input_confidence: np.ndarray
    intrinsics: np.ndarray
    intrinsics_source: str
    fps: np.ndarray
    clip_start: np.ndarray
    clip_name: np.ndarray
    joint_names: np.ndarray
    body_name: str
    body_sha256: str
    pn3d_version: str
    joints_cam_m: np.ndarray | None = None
    body_joints_cam_m: np.ndarray | None = None
    poses_cam: np.ndarray | None = None
    betas: np.ndarray | None = None
    transl_cam_m: np.ndarray | None = None
    reprojected_px: np.ndarray | None = None
    joints_world_m: np.ndarray | None = None
    teacher_joints_world_m: np.ndarray | None = None
    body_joints_world_m: np.ndarray | None = None
    poses_world: np.ndarray | None = None
    transl_world_m: np.ndarray | None = None
    expected_error_mm: np.ndarray | None = None
    """(N,) PA-MPJPE that is likely, from signs that need no truth (``pn3d.inference.uncertainty``): a rough guess."""


def predict(
    weights: Weights,
    clips: Clips,
    body: BodyModel,
    landmarks: Landmarks,
    *,
    refine: bool = True,
    height_m: float | None = None,
) -> Prediction:
    """Predicts every frame of every clip. Truth in the clips is never looked at.

    Args:
        weights: teacher, and student where there is one.
        clips: any layout, any rate.
        body: the body that the student speaks of.
        landmarks: of h36m17 on it.
        refine: bring the student's pose closer to the keypoints (``pn3d.body.fitting``).
        height_m: how tall the people are, where it is known; else the student's shape says it.

    Raises:
        UserError: the weights' student speaks of another body.
    """
    require_body(weights, body)
    clips = to_h36m17(without_truth(clips))
    frames = frame_rays(clips)
    resampled, times = resample_clips(clips, weights.config.model.frame_rate)
    source = frames if times is None else frame_rays(resampled)
    blended = blend_windows(weights, source, resampled.clip_start)
    shaking = shake_clips(np.asarray(source.rays), resampled, blended.size)
    if times is not None:
        shaking = resample_values(shaking, times)
        blended = Blended(*(value if value is None else resample_values(value, times) for value in blended))  # type: ignore[arg-type]
    root_ray = np.asarray(frames.root_ray)
    (ups,) = in_pieces(lambda *part: (_ups(*part),), (blended.elevation_rad, root_ray))
    shared: dict[str, Any] = {
        "elevation_rad": blended.elevation_rad,
        "up_cam": clip_mean(ups, clips.clip_start, normalise=True),
        "keypoints_px": clips.keypoints,
        "input_confidence": clips.confidence,
        "intrinsics": clip_intrinsics(clips),
        "intrinsics_source": "file" if clips.intrinsics is not None else "assumed from the image size",
        "fps": clips.fps,
        "clip_start": clips.clip_start,
        "clip_name": clips.clip_name,
        "joint_names": np.array(H36M17.joints),
        "body_name": weights.body_name,
        "body_sha256": weights.body_sha256,
        "pn3d_version": __version__,
    }
    if times is not None:
        # Errors that last for two frames of the file do not show at its own rate; those between frames do not show at
        # the networks'.
        shaking = np.maximum(shaking, shake_clips(np.asarray(frames.rays), clips, blended.size))
    everything = np.ones_like(clips.confidence)
    teacher = uncentre(smooth_clips(blended.teacher_joints, everything, shaking, TEACHER, clips), root_ray)
    if blended.sixd is None or weights.student is None:
        return Prediction(teacher_joints_cam_m=teacher_alone(teacher, root_ray, clips.clip_start), **shared)
    posed, first_gap = pose_frames(
        weights, blended, clips, frames.rays, root_ray, shaking, body, landmarks, refine=refine, height_m=height_m
    )
    posed["teacher_joints_cam_m"] = scale_teacher(teacher, posed["joints_cam_m"])
    signs = frame_signs(
        blended, posed["joints_cam_m"], posed["teacher_joints_cam_m"], first_gap, clips.confidence, clips
    )
    likely = expected_error_mm(signs, weights.facts.get("certainty"))
    rest = np.asarray(jax.jit(body_model.rest_joints_m)(body, jnp.asarray(posed["betas"])))
    worlds: dict[str, Any] = upright_worlds(posed, shared["up_cam"], clips.clip_start, rest[:, 0])
    return Prediction(**shared, **posed, **worlds, expected_error_mm=likely)


def without_truth(clips: Clips) -> Clips:
    """The clips without any field that only evaluation may read."""
    nothing: dict[str, Any] = dict.fromkeys(TRUTH_FIELDS)
    return dataclasses.replace(clips, **nothing)


_ups = jax.jit(
    lambda elevation, root_ray: camera.uncentre_points(camera.up_in_camera(elevation)[:, None], root_ray)[:, 0]
)
_uncentre = jax.jit(camera.uncentre_points)


def uncentre(joints: np.ndarray, root_ray: np.ndarray) -> np.ndarray:
    """(N, J, 3) points in centred-camera axes -> the real camera's."""
    return in_pieces(lambda *part: (_uncentre(*part),), (joints, root_ray))[0]


def scale_teacher(teacher: np.ndarray, student_m: np.ndarray) -> np.ndarray:
    """Root-relative teacher joints -> the student's scale (least squares, one per frame) and pelvis. (N, 17, 3)."""
    relative = student_m - student_m[:, :1]
    scale = np.sum(teacher * relative, axis=(1, 2)) / (np.sum(teacher * teacher, axis=(1, 2)) + 1e-12)
    return (scale[:, None, None] * teacher + student_m[:, :1]).astype(np.float32)


def teacher_alone(teacher: np.ndarray, root_ray: np.ndarray, clip_start: np.ndarray) -> np.ndarray:
    """Root-relative teacher joints over root depth -> about life-size: the mean skeleton of a clip has a mean human's
    bones, and the root stands on its ray. (N, 17, 3) metres; the scale is an assumption, not a measurement."""
    bones = np.array(H36M17.bones)
    total = np.linalg.norm(teacher[:, bones[:, 1]] - teacher[:, bones[:, 0]], axis=-1).sum(axis=1)
    per_clip = np.repeat(clip_mean(total[:, None], clip_start)[:, 0], np.diff(clip_start))
    depth = HUMAN_BONES_M / np.maximum(per_clip, 1e-6)
    direction = np.concatenate([root_ray, np.ones_like(root_ray[:, :1])], axis=1)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return (depth[:, None, None] * (teacher + direction[:, None])).astype(np.float32)


HUMAN_BONES_M = 4.1
"""Sum of the 16 bones of h36m17 of an adult of about 1.7 m."""


def save_prediction(path: Path, prediction: Prediction) -> None:
    """Writes prediction.npz, under a temporary name first. Arrays that do not exist are left out."""
    values = {item.name: getattr(prediction, item.name) for item in dataclasses.fields(prediction)}
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in values.items() if value is not None}
    with whole_file(path) as stream:
        np.savez(stream, **arrays)
