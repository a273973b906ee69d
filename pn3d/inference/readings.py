"""Whole clips whose left and right are exchanged: both readings are lifted, and the likelier one is told.

With sides exchanged the same picture is that of the person's mirror image in depth, so nothing in two dimensions
speaks against it. What does is how people move and are seen, as the networks learnt it: for the wrong reading teacher
and student agree less, and the student's body lies further from the keypoints. Some windows of each clip are enough.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import model as body_model
from pn3d.body.landmarks import landmark_joints
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.fit import StudentBody
from pn3d.inference.lifted import LiftedClip
from pn3d.inference.networks import unpacked, window_predictor
from pn3d.inference.weights import Weights
from pn3d.inference.windows import CHUNK

WINDOWS, WINDOW_SECONDS = 32, 0.5
"""At most so many windows of a clip are lifted, and at least this far apart."""

DEFAULT: dict[str, Any] = {"weights": [2.4, 3.9], "clear": 0.75}
"""How much the logarithms of both signs count, disagreement of teacher and student and residual of the student, and how
far below 0 a clip's score must be to take it as exchanged. What a card has under ``readings`` counts instead (logistic
regression; ``python -m benchmarks.accuracy.warnings --fit``)."""

_FEWEST_JOINTS = 6
_MIRROR = np.array(H36M17.mirror)
_FLOOR_M, _FLOOR = 1e-3, 1e-3


def exchanged_clips(
    weights: Weights, student: StudentBody, lifted: Sequence[LiftedClip]
) -> tuple[np.ndarray, np.ndarray]:
    """(C,) bool, clips whose sides are clearly exchanged throughout, and (C,) their scores."""
    card = weights.facts.get("readings") or DEFAULT
    scores = reading_scores(*reading_signs(weights, student, lifted), len(lifted), card)
    return scores < -float(card["clear"]), scores


def reading_scores(signs: np.ndarray, clip_of: np.ndarray, clips: int, card: dict[str, Any]) -> np.ndarray:
    """How much likelier clips are as they are than with left and right exchanged: (C,) mean log odds of their windows.

    Below 0 the exchanged reading is the likelier one; 0 where nothing is measured. Signs as ``reading_signs`` has them.
    """
    sums = np.bincount(clip_of, signs @ np.array(card["weights"]), minlength=clips)
    return sums / np.maximum(np.bincount(clip_of, minlength=clips), 1)


def reading_signs(
    weights: Weights, student: StudentBody, lifted: Sequence[LiftedClip]
) -> tuple[np.ndarray, np.ndarray]:
    """(W, 2) how much worse the exchanged reading of a window is than the given one, by the logarithm of each sign; and
    (W,) the clip that the window is of."""
    model = weights.config.model
    parts = [_spread_windows(clip, model.window, model.frame_rate) for clip in lifted]
    rays = np.concatenate([clip.rays[index] for clip, index in zip(lifted, parts, strict=True)])
    confidence = np.concatenate([clip.confidence[index] for clip, index in zip(lifted, parts, strict=True)])
    clip_of = np.repeat(np.arange(len(lifted)), [len(index) for index in parts])
    enough = (confidence[:, model.window // 2] > 0).sum(axis=1) >= _FEWEST_JOINTS
    rays, confidence, clip_of = rays[enough], confidence[enough], clip_of[enough]
    readings = (np.concatenate([rays, rays[:, :, _MIRROR]]), np.concatenate([confidence, confidence[..., _MIRROR]]))
    both = _signs_of(weights, student, *readings)
    return both[len(rays) :] - both[: len(rays)], clip_of


def _spread_windows(clip: LiftedClip, length: int, frame_rate: float) -> np.ndarray:
    """(W, T) frames of windows spread over a clip, at about the networks' rate; a short one repeats its last."""
    step = clip.fps / frame_rate
    last = max(len(clip.rays) - 1 - (length - 1) * step, 0.0)
    count = min(WINDOWS, 1 + int(last / (WINDOW_SECONDS * clip.fps)))
    index = np.linspace(0.0, last, count)[:, None] + step * np.arange(length)
    return np.minimum(np.round(index).astype(int), len(clip.rays) - 1)


def _signs_of(weights: Weights, student: StudentBody, rays: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(W, T, 17, 2), (W, T, 17) windows -> (W, 2) the logarithm of both signs in their middle frames."""
    predict, middle = window_predictor(weights), rays.shape[1] // 2
    parts = [np.zeros((0, 2), np.float32)]
    for begin in range(0, len(rays), CHUNK):
        part = [values[begin : begin + CHUNK] for values in (rays, confidence)]
        count = len(part[0])
        part = [np.concatenate([values, np.repeat(values[-1:], CHUNK - count, axis=0)]) for values in part]
        outputs = unpacked(np.asarray(predict(*part))[:, middle])
        found = _signs(
            student, outputs.sixd, outputs.betas, outputs.teacher_joints, outputs.size, *(v[:, middle] for v in part)
        )
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
