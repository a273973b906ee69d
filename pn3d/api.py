"""What ``from pn3d import …`` gives: prediction in a few lines of Python."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmark_arrays import load_landmarks
from pn3d.body.smpl_file import load_body
from pn3d.data.clips import Clips
from pn3d.data.joints17 import to_h36m17
from pn3d.detectors import Detections, person_clips, read_keypoints
from pn3d.detectors.layouts import detector_layout
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from pn3d.inference import predict as predict_room
from pn3d.inference import weights as weights_room
from pn3d.inference.predict import Prediction
from pn3d.inference.streaming import PoseStream, StreamPose
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights
from pn3d.video import looks_like_video
from pn3d.video.detect import DetectOptions, detect_video
from pn3d.video.detectors import Detector

__all__ = ["PoseStream", "Prediction", "StreamPose", "Weights", "detect", "load_weights", "predict"]


def load_weights(path: str | Path | None = None) -> Weights:
    """Weights of a file (``….npz`` with its ``….json`` beside it) or run folder; None = those that come with pn3d.

    Raises:
        UserError: a file is missing, damaged or of another kind.
    """
    chosen = SHIPPED_WEIGHTS if path is None else Path(path)
    return weights_room.load_weights(chosen / "weights.npz" if chosen.is_dir() else chosen)


def predict(
    weights: Weights,
    keypoints: str | Path | Clips | np.ndarray,
    *,
    layout: str | None = None,
    fps: float | None = None,
    image_size: tuple[int, int] | None = None,
    focal_px: float | None = None,
    height_m: float | None = None,
    body_file: str | Path | None = None,
    **options: Any,
) -> Prediction:
    """3D joints and an SMPL body for every frame.

    Args:
        weights: from ``load_weights``.
        keypoints: a video (see ``detect``), a detector's file or folder (every format of docs/detectors.md), Clips, or
            an array (T, J, 2) or (T, J, 3) of pixels and confidences; (0, 0), NaN or confidence 0 is a missing joint.
        layout: joints of an array, e.g. ``"coco17"``; also overrides what a file seems to have.
        fps: frames per second; an array is taken to have 30.
        image_size: (width, height) px; arrays must say it.
        focal_px: focal length; 1.15 of the longer side where None.
        height_m: how tall the person is; the student's shape says it where None.
        body_file: SMPL file where the weights speak of another body than the built-in one.
        options: ``format``, ``person``, ``all_people`` for files, ``refine`` for all; for a video those of ``detect``.

    Raises:
        UserError: what is wrong, in one line.
    """
    refine = bool(options.pop("refine", True))
    if isinstance(keypoints, np.ndarray):
        clips = array_clips(keypoints, layout, 30.0 if fps is None else fps, image_size, focal_px)
    elif isinstance(keypoints, Clips):
        clips = keypoints
    else:
        given: dict[str, Any] = {"layout": layout, "fps": fps, "image_size": image_size, "focal_px": focal_px}
        if looks_like_video(keypoints):
            chosen = {name: options.pop(name) for name in ("person", "all_people", "format") if name in options}
            clips = person_clips(detect(keypoints, **given, **chosen, **options))
        else:
            clips = person_clips(read_keypoints(keypoints, **given, **options))
    body = builtin_body() if body_file is None else load_body(Path(body_file))
    return predict_room.predict(weights, clips, body, load_landmarks(body_file), refine=refine, height_m=height_m)


def detect(
    video: str | Path,
    *,
    detector: str | Detector = "auto",
    mode: str = "balanced",
    models: Sequence[str | Path] = (),
    start_s: float | None = None,
    end_s: float | None = None,
    stride: int = 1,
    keep: str | Path | None = None,
    show: bool = False,
    **options: Any,
) -> Detections:
    """The people of a video, tracked: what ``pn3d detect`` and then ``read_keypoints`` give. Needs the extra ``video``.

    Args:
        video: the file.
        detector: ``auto``, ``rtmlib``, ``mediapipe``, or an object that is a ``pn3d.video.detectors.Detector``.
        mode: lightweight, balanced or performance: which of its models.
        models: its model files, where nothing may be downloaded.
        start_s: seconds from the beginning.
        end_s: seconds from the beginning.
        stride: every n-th frame.
        keep: file in which the detections are kept, and from which they are read the next time.
        show: whether to print how far it is.
        options: those of ``read_keypoints``: ``person``, ``all_people``, ``focal_px``, …

    Raises:
        UserError: what is wrong, in one line.
    """
    chosen = DetectOptions(detector, mode, models, start_s, end_s, stride)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "detections.npz" if keep is None else Path(keep)
        detect_video(video, chosen, place, show=show)
        return read_keypoints(place, **options)


def array_clips(
    keypoints: np.ndarray,
    layout: str | None,
    fps: float,
    image_size: tuple[int, int] | None,
    focal_px: float | None = None,
) -> Clips:
    """One clip from an array of pixels (T, J, 2 or 3); UserError where shape, layout, size or rate do not fit."""
    if layout is None or image_size is None:
        raise UserError("an array needs layout=… (e.g. 'coco17') and image_size=(width, height)")
    known = detector_layout(layout)
    joints = len(known.layout.joints)
    fits = keypoints.ndim == 3 and keypoints.shape[1] == known.count and keypoints.shape[2] in (2, 3)
    if not fits or not len(keypoints):
        raise UserError(f"keypoints: expected (frames, {known.count}, 2 or 3), found {keypoints.shape}")
    if not 0 < fps <= 1000:
        raise UserError(f"fps must be above 0 and at most 1000, found {fps:g}")
    values = np.asarray(keypoints[:, :joints], np.float64)
    positions = values[..., :2]
    there = np.isfinite(positions).all(axis=-1) & (positions != 0).any(axis=-1)
    trust = np.nan_to_num(np.clip(values[..., 2], 0, 1)) if values.shape[-1] == 3 else np.ones(there.shape)
    focal = None if focal_px is None else [[focal_px, focal_px, image_size[0] / 2, image_size[1] / 2]]
    pixels, trust = to_h36m17(np.where(there[..., None], positions, 0.0), np.where(there, trust, 0.0), known.layout)
    return Clips(
        keypoints=pixels,
        confidence=trust,
        clip_start=np.array([0, len(values)], np.int64),
        clip_name=np.array(["array"]),
        image_size=np.array([image_size], np.int32),
        fps=np.array([fps], np.float32),
        layout=H36M17,
        intrinsics=None if focal is None else np.array(focal, np.float32),
    )
