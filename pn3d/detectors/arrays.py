"""A plain array of a detector's keypoints, with everything that it does not say given beside it."""

import numpy as np

from pn3d.data.clips import Clips
from pn3d.data.feet import feet_of
from pn3d.data.joints17 import h36m17_by_name, plain_keypoints
from pn3d.detectors.arguments import as_numbers
from pn3d.detectors.layouts import detector_layout
from pn3d.detectors.scores import as_confidence
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17


def array_clips(
    keypoints: np.ndarray,
    layout: str | None,
    fps: float | None,
    image_size: tuple[int, int] | None,
    focal_px: float | None = None,
) -> tuple[Clips, list[str]]:
    """One clip from an array of pixels (T, J, 2 or 3), and what is odd about it, a sentence each.

    Confidences are read as those of files are (``scores.as_confidence``); NaN is a missing joint.

    Raises:
        UserError: shape, layout, size, rate or confidences do not fit.
    """
    if layout is None or image_size is None or fps is None:
        raise UserError("an array needs layout=… (e.g. 'coco17'), fps=… and image_size=(width, height)")
    keypoints = as_numbers("keypoints", keypoints)
    known = detector_layout(layout)
    fits = keypoints.ndim == 3 and keypoints.shape[1] == known.count and keypoints.shape[2] in (2, 3)
    if not fits or not len(keypoints):
        raise UserError(f"keypoints: expected (frames, {known.count}, 2 or 3), found {keypoints.shape}")
    said: list[str] = []
    if keypoints.shape[2] == 3:
        keypoints = keypoints[:, : len(known.layout.joints)]
        places, scores = keypoints[..., :2], keypoints[..., 2].astype(np.float64)
        there = np.isfinite(places).all(axis=-1) & (places != 0).any(axis=-1)
        scores = np.where(np.isfinite(scores), scores, 0.0)
        scores = as_confidence(scores, there, known.layout.joints, "keypoints", said)
        keypoints = np.concatenate([places, scores[..., None]], axis=-1)
    plain = plain_keypoints(keypoints, known.layout, image_size)
    pixels, confidence = h36m17_by_name(*plain, known.layout)
    focal = None if focal_px is None else [[focal_px, focal_px, image_size[0] / 2, image_size[1] / 2]]
    clips = Clips(
        keypoints=pixels,
        confidence=confidence,
        clip_start=np.array([0, len(keypoints)], np.int64),
        clip_name=np.array(["array"]),
        image_size=np.array([image_size], np.int32),
        fps=np.array([fps], np.float32),
        layout=H36M17,
        feet=feet_of(*plain, known.layout),
        intrinsics=None if focal is None else np.array(focal, np.float32),
    )
    return clips, said
