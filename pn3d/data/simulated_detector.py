"""Exact 2D -> what a detector would give: jitter correlated in time, worse limbs, outliers, dropped joints.

Sizes are those of the detections in the CMU benchmark: 1.65 % of the person's height in the picture on average. No
systematic bias and no left-right swaps. h36m17 joints.
"""

import numpy as np

from pn3d.geometry.skeleton import H36M17

_LIMB_SIGMA, _TORSO_SIGMA = 0.015, 0.009
_OUTLIER_SIGMA, _OUTLIER_SHARE = 0.10, 0.015
_DROPPED_SHARE = 0.01
_CORRELATION = 0.7
"""From frame to frame at 30 frames per second."""

_GOOD_CONFIDENCE = (12.0, 2.0)
_OUTLIER_CONFIDENCE = (0.05, 0.5)
_LIMBS = [joint.endswith(("knee", "ankle", "elbow", "wrist")) for joint in H36M17.joints]


def detect(
    rng: np.random.Generator, keypoints_px: np.ndarray, fps: float, visible: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Simulated detections of one clip.

    Args:
        rng: where the draws come from.
        keypoints_px: (T, 17, 2) exact positions.
        fps: frames per second of the clip.
        visible: (T, 17) bool, joints that are in the picture; the others are dropped.

    Returns:
        (T, 17, 2) float32 positions and (T, 17) float32 confidence; dropped joints are at (0, 0) with confidence 0.
    """
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
