"""Whole clips whose left and right are exchanged: both readings are lifted, and the likelier one is told.

With sides exchanged the same picture is that of the person's mirror image in depth, so nothing in two dimensions speaks
against it. What does is anatomy as the networks learnt it, and that cameras look down: for the wrong reading teacher and
student agree less, and the student's body lies further from the keypoints. Some windows of each clip are enough.
"""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import model as body_model
from pn3d.body.landmarks import landmark_joints
from pn3d.data.clips import Clips
from pn3d.data.rays import frame_rays
from pn3d.data.resample import resample_clips
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.fit import StudentBody
from pn3d.inference.networks import unpacked, window_predictor
from pn3d.inference.weights import Weights
from pn3d.inference.windows import CHUNK

WINDOWS, WINDOW_SECONDS = 32, 0.5
"""At most so many windows of a clip are lifted, and at least this far apart."""

SIGN_WEIGHTS = (2.1, 2.5)
"""How much the logarithms of both signs count: disagreement of teacher and student, residual of the student. A logistic
regression (``python -m benchmarks.accuracy.warnings --fit-readings``)."""

CLEAR = 0.5
"""A clip whose score is below minus this is taken to be exchanged; between the two it cannot be told."""

_FEWEST_JOINTS = 6
_FLOOR_M, _FLOOR = 1e-3, 1e-3


def reading_scores(weights: Weights, student: StudentBody, clips: Clips) -> np.ndarray:
    """How much likelier each clip is as it is than with left and right exchanged: (C,), a log odds of a kind.

    Below 0 the exchanged reading is the likelier one; 0 where nothing is measured.

    Args:
        weights: with a student.
        student: its body.
        clips: h36m17 with intrinsics.
    """
    signs, clip_of = reading_signs(weights, student, clips)
    scores = signs @ np.array(SIGN_WEIGHTS)
    sums, counts = (np.bincount(clip_of, values, minlength=clips.num_clips) for values in (scores, np.ones(len(scores))))
    return sums / np.maximum(counts, 1)


def reading_signs(weights: Weights, student: StudentBody, clips: Clips) -> tuple[np.ndarray, np.ndarray]:
    """(W, 2) how much worse the exchanged reading of a window is than the given one, by the logarithm of each sign; and
    (W,) the clip that the window is of."""
    length = weights.config.model.window
    resampled, _ = resample_clips(clips, weights.config.model.frame_rate)
    frames = frame_rays(resampled)
    apart = max(round(WINDOW_SECONDS * weights.config.model.frame_rate), 1)
    index, clip_of = _spread_windows(resampled.clip_start, length, apart)
    rays, confidence = np.asarray(frames.rays)[index], np.asarray(frames.confidence)[index]
    enough = (confidence[:, length // 2] > 0).sum(axis=1) >= _FEWEST_JOINTS
    rays, confidence, clip_of = rays[enough], confidence[enough], clip_of[enough]
    mirror = np.array(H36M17.mirror)
    readings = (np.concatenate([rays, rays[:, :, mirror]]), np.concatenate([confidence, confidence[..., mirror]]))
    both = _signs_of(weights, student, *readings)
    return both[len(rays) :] - both[: len(rays)], clip_of


def _spread_windows(clip_start: np.ndarray, length: int, apart: int) -> tuple[np.ndarray, np.ndarray]:
    """(W, T) frames of windows spread over each clip, a short clip's last frame repeated, and (W,) their clip."""
    index, clip_of = [], []
    for clip, (begin, end) in enumerate(zip(clip_start[:-1], clip_start[1:], strict=True)):
        last = max(int(end - begin) - length, 0)
        count = min(WINDOWS, 1 + last // apart)
        starts = begin + np.round(np.linspace(0, last, count)).astype(int)
        index.append(np.minimum(starts[:, None] + np.arange(length), end - 1))
        clip_of.append(np.full(count, clip))
    return np.concatenate(index), np.concatenate(clip_of)


def _signs_of(weights: Weights, student: StudentBody, rays: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(W, T, 17, 2), (W, T, 17) windows -> (W, 2) the logarithm of both signs in their middle frames."""
    predict, middle = window_predictor(weights), rays.shape[1] // 2
    parts = [np.zeros((0, 2), np.float32)]
    for begin in range(0, len(rays), CHUNK):
        part = [values[begin : begin + CHUNK] for values in (rays, confidence)]
        count = len(part[0])
        part = [np.concatenate([values, np.repeat(values[-1:], CHUNK - count, axis=0)]) for values in part]
        outputs = unpacked(np.asarray(predict(*part))[:, middle])
        found = _signs(student, outputs.sixd, outputs.betas, outputs.teacher_joints, outputs.size, *(v[:, middle] for v in part))
        parts.append(np.asarray(found)[:count])
    return np.concatenate(parts)


@jax.jit
def _signs(
    student: StudentBody,
    sixd: jax.Array,
    betas: jax.Array,
    teacher: jax.Array,
    size: jax.Array,
    rays: jax.Array,
    confidence: jax.Array,
) -> jax.Array:
    """(n, 2) the logarithm of the mean distance between teacher and student, metres, and between student and
    keypoints, head-root units."""
    rest = body_model.rest_joints_m(student.body, betas)
    joints, turns = body_model.posed_joints(student.body, rest, rotations.sixd_to_matrix(sixd))
    marks = landmark_joints(student.landmarks, joints, turns, student.corrections_m)
    relative = marks - marks[:, :1]
    scale = jnp.sum(teacher * relative, axis=(1, 2)) / (jnp.sum(teacher**2, axis=(1, 2)) + 1e-12)
    disagreement = jnp.linalg.norm(scale[:, None, None] * teacher - relative, axis=-1).mean(axis=1)
    placed = marks + camera.fit_translation(marks, rays, confidence, size)[:, None]
    distance = jnp.linalg.norm(rays - camera.project(placed), axis=-1)
    measured = confidence > 0
    residual = jnp.sum(jnp.where(measured, distance, 0.0), axis=1) / jnp.maximum(jnp.sum(measured, axis=1), 1) / size
    return jnp.log(jnp.stack([disagreement + _FLOOR_M, residual + _FLOOR], axis=1))
