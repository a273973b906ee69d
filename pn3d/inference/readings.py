"""Whole clips whose left and right are exchanged: both readings are lifted and fitted, and the likelier one is told.

With sides exchanged the same picture is that of the person's mirror image in depth, seen from as far below as it was
from above: bones, joints and ways of walking are as good. The networks take the camera for the one that they know
better, so what they make of a reading is no evidence. What is:

Perspective. Nearer limbs look larger, and a body of constant bones, brought onto the keypoints, lies closer to them in
the true reading.

The way through the room. It is measured by how large the person is in the picture, which no reading mirrors; but up and
where the person looks are mirrored. So in the true reading people stay at one height while they come nearer, and walk
forwards more than backwards.

Where cameras stand. Most look down at people a little. By what the networks tell of up, so it is a guess of what is
usual, no evidence, and counts for less than either of the others.

Some frames of each clip are looked at.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import fitting
from pn3d.body import model as body_model
from pn3d.body.landmarks import landmark_joints
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.batches import in_batches
from pn3d.inference.fit import StudentBody
from pn3d.inference.lifted import LiftedClip
from pn3d.inference.networks import unpacked
from pn3d.inference.weights import Weights
from pn3d.inference.windows import predicted_windows, spread_windows
from pn3d.inference.world import up_of_frames

WINDOWS, WINDOW_SECONDS = 24, 1.0
"""At most so many windows of a clip are lifted, and at least this far apart."""

SIGNS = ("fitted_closely", "fitted", "level", "forwards", "from_above")

SPREAD_M, LEVEL_M, WALKED_M = 0.4, 0.1, 1.0
"""Who stays within the first does not tell a slope, which of less than the second is as good as level; and a way much
shorter than the third does not tell whether it led forwards."""

ABOVE_DEG = 10.0
"""From about this elevation on one camera is as usual as another."""

DEFAULT: dict[str, Any] = {"signs": list(SIGNS), "weights": [2.9, 3.4, 3.4, 2.5, 0.5], "clear": 3.0}
"""How much the logarithms of the residuals of both ``FITS``, the way and the camera count, and how far below 0 a
clip's score must be to take it as exchanged. What a card has under ``readings`` counts instead (logistic regression;
``python -m benchmarks.accuracy.warnings --fit``), unless it speaks of other ``signs``, as those of earlier versions
do."""


class _Fit(NamedTuple):
    """How a reading is brought onto the keypoints: Gauss-Newton steps, how much less turns cost, and the noise that
    residuals are measured by, both beside those of ``pn3d.body.fitting``."""

    steps: int
    looser: float
    noise: float


FITS = (_Fit(steps=5, looser=2.0, noise=1 / 3), _Fit(steps=3, looser=1.0, noise=1.0))

_FEWEST_JOINTS = 6
_THORAX, _HIPS = H36M17.index("thorax"), (H36M17.index("left_hip"), H36M17.index("right_hip"))
_MIRROR = np.array(H36M17.mirror)
_FLOOR, _LARGEST = 0.003, 0.3
"""Head-root units: what residuals are not told apart below, and what a joint counts at most."""


def exchanged_clips(
    weights: Weights, student: StudentBody, lifted: Sequence[LiftedClip]
) -> tuple[np.ndarray, np.ndarray]:
    """(C,) bool, clips whose sides are clearly exchanged throughout, and (C,) their scores."""
    card = weights.facts.get("readings") or DEFAULT
    card = card if card.get("signs") == list(SIGNS) else DEFAULT
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
    """(W, 5) how much worse the exchanged reading of a window is than the given one, by each of ``SIGNS``, the last
    three alike in all windows of a clip; and (W,) the clip that the window is of."""
    model = weights.config.model
    parts = [spread_windows(len(clip.rays), clip.fps, model, WINDOW_SECONDS, WINDOWS) for clip in lifted]
    rays = np.concatenate([clip.rays[index] for clip, index in zip(lifted, parts, strict=True)])
    confidence = np.concatenate([clip.confidence[index] for clip, index in zip(lifted, parts, strict=True)])
    clip_of = np.repeat(np.arange(len(lifted)), [len(index) for index in parts])
    enough = (confidence[:, model.window // 2] > 0).sum(axis=1) >= _FEWEST_JOINTS
    rays, confidence, clip_of = rays[enough], confidence[enough], clip_of[enough]
    # Both readings at once, so that calls of the networks are full; the exchanged ones are clips of their own.
    rays, confidence = (np.concatenate([values, values[:, :, _MIRROR]]) for values in (rays, confidence))
    turns = np.concatenate(
        [clip.camera_from_centred[index[:, model.window // 2]] for clip, index in zip(lifted, parts, strict=True)]
    )[enough]
    of = np.concatenate([clip_of, clip_of + len(lifted)])
    frames = _read(weights, student, of, rays, confidence, np.concatenate([turns, turns]))
    of_clips = np.column_stack([f(frames, of, 2 * len(lifted)) for f in (way_signs, camera_sign)])
    both = np.concatenate([frames.residual, of_clips[of]], axis=1)
    return both[len(clip_of) :] - both[: len(clip_of)], clip_of


class ReadFrames(NamedTuple):
    """The middle frames of W windows in one reading.

    Attributes:
        residual: (W, 2) the logarithm of the residuals after each of ``FITS``.
        pelvis_cam_m: (W, 3) where the body stands.
        facing_cam: (W, 3) where it looks, a unit vector.
        up_cam: (W, 3) the world's up.
    """

    residual: np.ndarray
    pelvis_cam_m: np.ndarray
    facing_cam: np.ndarray
    up_cam: np.ndarray


def _read(
    weights: Weights,
    student: StudentBody,
    clip_of: np.ndarray,
    rays: np.ndarray,
    confidence: np.ndarray,
    camera_from_centred: np.ndarray,
) -> ReadFrames:
    """(W,) clips of (W, T, 17, 2), (W, T, 17) windows, and (W, 3, 3) turns of their middle frames -> what is made of
    those, each clip's body of one shape."""
    if not len(rays):
        return ReadFrames(np.zeros((0, len(FITS))), *(np.zeros((0, 3)) for _ in range(3)))
    middle = rays.shape[1] // 2
    chunks = predicted_windows(weights, rays, confidence, np.arange(len(rays)))
    outputs = unpacked(np.concatenate([values[:, middle] for values in chunks]))
    assert outputs.betas is not None
    assert outputs.sixd is not None
    counts = np.maximum(np.bincount(clip_of), 1)
    shapes = np.stack([np.bincount(clip_of, column) for column in outputs.betas.T], axis=1) / counts[:, None]
    seen = (rays[:, middle], confidence[:, middle], outputs.size)
    function = lambda *part: _signs(student, *part)  # noqa: E731
    inputs = (shapes[clip_of].astype(np.float32), outputs.sixd, *seen)
    residual, pelvis, facing = in_batches(function, *inputs, solves=True)
    pelvis, facing = (np.einsum("wij,wj->wi", camera_from_centred, each) for each in (pelvis, facing))
    up = up_of_frames(outputs.elevation_rad, outputs.roll_rad, camera_from_centred)
    return ReadFrames(residual, pelvis, facing, up)


def way_signs(frames: ReadFrames, clip_of: np.ndarray, clips: int) -> np.ndarray:
    """(clips, 2) what speaks against the ways through the room: the logarithm of how far they lead up or down a plane,
    and the share of them that leads backwards, less the share that leads forwards."""
    signs = np.zeros((clips, 2))
    for clip in np.unique(clip_of):
        places, facing, up = (values[clip_of == clip] for values in frames[1:])
        mean_up = up.mean(axis=0) / np.linalg.norm(up.mean(axis=0))
        level = np.eye(3) - mean_up[:, None] * mean_up
        around = places - places.mean(axis=0)
        ground, height = around @ level, around @ mean_up
        # The plane through the places, ridge regression: a pelvis that kneels down in one place is on no slope.
        slope = np.linalg.solve(ground.T @ ground + len(ground) * SPREAD_M**2 * np.eye(3), ground.T @ height)
        steps = np.diff(places, axis=0) @ level
        forwards = np.sum(steps * 0.5 * (facing[1:] + facing[:-1]))
        way_m = np.linalg.norm(steps, axis=1).sum()
        signs[clip] = np.log(np.std(ground @ slope) + LEVEL_M), -forwards / (way_m + WALKED_M)
    return signs


def camera_sign(frames: ReadFrames, clip_of: np.ndarray, clips: int) -> np.ndarray:
    """(clips,) what speaks against the camera: the less the more it looks down on the person, from -1 to 1."""
    elevation_deg = np.degrees(np.arcsin(np.clip(-frames.up_cam[:, 2], -1.0, 1.0)))
    sums = np.bincount(clip_of, elevation_deg, minlength=clips)
    return -np.tanh(sums / np.maximum(np.bincount(clip_of, minlength=clips), 1) / ABOVE_DEG)


@jax.jit
def _signs(
    student: StudentBody,
    betas: jax.Array,
    sixd: jax.Array,
    rays: jax.Array,
    confidence: jax.Array,
    size: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """(n, 2) the logarithm of the root mean square distance between body and keypoints after each of ``FITS``,
    head-root units; (n, 3) the pelvis and (n, 3) where the body looks, after the last."""
    rest, local = body_model.rest_joints_m(student.body, betas), rotations.sixd_to_matrix(sixd)
    measured = confidence > 0
    signs = []
    for each in FITS:
        picture = fitting.Picture(rays, confidence / each.noise**2, size)
        free_rad = each.looser * fitting.FREE_RAD

        def step(
            _: int, turned: jax.Array, picture: fitting.Picture = picture, free_rad: np.ndarray = free_rad
        ) -> jax.Array:
            own = (student.landmarks, student.corrections_m, rest, turned)
            return fitting.fit_body(student.body, *own, picture, steps=1, free_rad=free_rad)

        # A loop, since one step takes a second to compile.
        fitted = jax.lax.fori_loop(0, each.steps, step, local)
        joints, turns = body_model.posed_joints(student.body, rest, fitted)
        marks = landmark_joints(student.landmarks, joints, turns, student.corrections_m)
        placed = marks + camera.fit_translation(marks, rays, confidence, size)[:, None]
        distance = jnp.linalg.norm(rays - camera.project(placed), axis=-1) / size[:, None]
        square = jnp.sum(jnp.where(measured, jnp.minimum(distance, _LARGEST) ** 2, 0.0), axis=1)
        signs.append(jnp.log(jnp.sqrt(square / jnp.maximum(jnp.sum(measured, axis=1), 1)) + _FLOOR))
    facing = jnp.cross(placed[:, _THORAX] - placed[:, 0], placed[:, _HIPS[1]] - placed[:, _HIPS[0]])
    facing = facing / (jnp.linalg.norm(facing, axis=-1, keepdims=True) + 1e-9)
    return jnp.stack(signs, axis=1), placed[:, 0], facing
