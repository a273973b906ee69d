"""Exact 2D -> what a detector would give, in one of two forms. h36m17 joints.

``jitter``: correlated in time for some frames, worse limbs, outliers, dropped joints. Sizes are those of the detections
in the CMU benchmark: 1.65 % of the person's height in the picture on average. No systematic bias, no left-right swaps.
``lasting``: the errors and confidences of ``detector_noise``, as real detectors make them.
"""

from itertools import pairwise
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.data.detector_noise import detector_noise
from pn3d.geometry.skeleton import H36M17

_LIMB_SIGMA, _TORSO_SIGMA = 0.015, 0.009
_OUTLIER_SIGMA, _OUTLIER_SHARE = 0.10, 0.015
_DROPPED_SHARE = 0.01
_CORRELATION = 0.7
"""From frame to frame at 30 frames per second."""

_GOOD_CONFIDENCE = (12.0, 2.0)
_OUTLIER_CONFIDENCE = (0.05, 0.5)
_LIMBS = [joint.endswith(("knee", "ankle", "elbow", "wrist")) for joint in H36M17.joints]


Form = Literal["jitter", "lasting"]
_PADDED_TO = 150
"""Clips are filled up to a multiple of this many frames, so that few lengths are compiled."""
_CHAIN = ("hip", "knee", "ankle")
_LONGEST_SHARE = 0.95
"""Legs, trunk and head, end to end, over the height of a standing person: head to root and hip to ankle."""


def detect(
    rng: np.random.Generator,
    keypoints_px: np.ndarray,
    fps: float,
    visible: np.ndarray | None = None,
    form: Form = "jitter",
) -> tuple[np.ndarray, np.ndarray]:
    """Simulated detections of one clip.

    Args:
        rng: where the draws come from.
        keypoints_px: (T, 17, 2) exact positions.
        fps: frames per second of the clip.
        visible: (T, 17) bool, joints that are in the picture; the others are dropped.
        form: of the errors, see the module.

    Returns:
        (T, 17, 2) float32 positions and (T, 17) float32 confidence; dropped joints are at (0, 0) with confidence 0.
    """
    if form == "lasting":
        return _lasting(rng, keypoints_px, fps, visible)
    shape = keypoints_px.shape[:2]
    height_px = float(np.median(np.ptp(keypoints_px[..., 1], axis=1)))
    rho = _CORRELATION ** (30.0 / fps)
    white = rng.standard_normal((*shape, 2))
    jitter = np.empty_like(white)
    jitter[0] = white[0]
    for frame in range(1, len(white)):
        jitter[frame] = rho * jitter[frame - 1] + np.sqrt(1 - rho * rho) * white[frame]
    sigma = np.where(_LIMBS, _LIMB_SIGMA, _TORSO_SIGMA)[:, None]
    outlier = rng.uniform(size=shape) < _OUTLIER_SHARE
    error = jitter * sigma + outlier[..., None] * _OUTLIER_SIGMA * rng.standard_normal((*shape, 2))
    confidence = np.where(outlier, rng.uniform(*_OUTLIER_CONFIDENCE, shape), rng.beta(*_GOOD_CONFIDENCE, shape))
    dropped = rng.uniform(size=shape) < _DROPPED_SHARE
    if visible is not None:
        dropped |= ~visible
    positions = np.where(dropped[..., None], 0.0, keypoints_px + height_px * error)
    return positions.astype(np.float32), np.where(dropped, 0.0, confidence).astype(np.float32)


def _lasting(
    rng: np.random.Generator, keypoints_px: np.ndarray, fps: float, visible: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """``detect`` in the form of ``detector_noise``; joints that it leaves out are dropped."""
    frames = len(keypoints_px)
    mask = np.ones((frames, len(_LIMBS)), np.float32) if visible is None else visible.astype(np.float32)
    filling = ((0, -frames % _PADDED_TO), (0, 0))
    xy = np.pad(keypoints_px.astype(np.float32), (*filling, (0, 0)), mode="edge")
    key = jax.random.key(int(rng.integers(2**31)))
    height_px = _standing_height_px(keypoints_px)
    moved, told = _NOISE(key[None], xy[None], np.pad(mask, filling)[None], jnp.float32(height_px), fps=float(fps))
    positions, confidence = np.asarray(moved[0, :frames]), np.asarray(told[0, :frames])
    return np.where(confidence[..., None] > 0, positions, np.float32(0)), confidence


_NOISE = jax.jit(detector_noise, static_argnames="fps")


def _standing_height_px(keypoints_px: np.ndarray) -> float:
    """Height in the picture that the person would have standing, also of people who lie or bend."""
    joint = {name: keypoints_px[:, i] for i, name in enumerate(H36M17.joints)}
    length = lambda a, b: np.linalg.norm(joint[a] - joint[b], axis=-1)  # noqa: E731
    upper = length("pelvis", "thorax") + length("thorax", "head")
    legs = [sum(length(f"{s}_{a}", f"{s}_{b}") for a, b in pairwise(_CHAIN)) for s in ("left", "right")]
    return float(np.percentile(upper + np.maximum(*legs), 90)) / _LONGEST_SHARE
