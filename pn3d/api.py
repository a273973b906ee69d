"""What ``from pn3d import …`` gives: prediction in a few lines of Python."""

import logging
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmark_arrays import load_landmarks
from pn3d.body.smpl_file import load_body
from pn3d.body.stature import check_stature
from pn3d.data.clips import Clips, require_somebody, validate_clips
from pn3d.detectors import Detections, array_clips, person_clips, read_keypoints, read_video_facts
from pn3d.detectors.arguments import check_number, checked_image_size, refuse
from pn3d.files.errors import UserError
from pn3d.inference import predict as predict_room
from pn3d.inference import weights as weights_room
from pn3d.inference.prediction import Prediction
from pn3d.inference.streaming import PoseStream as PoseStream
from pn3d.inference.streaming import StreamPose as StreamPose
from pn3d.inference.warnings import PredictionWarning as PredictionWarning
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights
from pn3d.video import looks_like_video
from pn3d.video.detect import DetectOptions, detect_video
from pn3d.video.detectors import Detector

LONGEST_SMOOTH_S = 2.0
"""Half the width of averages over time, at most."""

_LOG = logging.getLogger("pn3d")


def load_weights(path: str | Path | None = None) -> Weights:
    """Weights of a file (``….npz`` with its ``….json`` beside it) or run folder; None = those that come with pn3d.

    Raises:
        UserError: a file is missing, damaged or of another kind.
    """
    if not isinstance(path, str | Path | None):
        raise UserError(f"weights: expected a path or None, found {type(path).__name__}")
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
    refine: bool = True,
    keep_sides: bool = False,
    smooth: float | str = "auto",
    path: bool = True,
    format: str | None = None,
    person: int | None = None,
    all_people: bool = False,
    video: str | Path | None = None,
    category: str | None = None,
    detector: str | Detector = "auto",
) -> Prediction:
    """3D joints and an SMPL body for every frame.

    What is odd about the input or likely wrong with the result is warned of (``PredictionWarning``); what had to be
    assumed is logged (logger ``pn3d``, level WARNING).

    Args:
        weights: from ``load_weights``.
        keypoints: a video (see ``detect``), a detector's file or folder (every format of docs/detectors.md), Clips, or
            an array (T, J, 2) or (T, J, 3) of pixels and confidences; (0, 0), (-1, -1), NaN or confidence 0 is missing.
        layout: joints of an array, which must say them, e.g. ``"coco17"``; also overrides what a file seems to have.
        fps: frames per second; an array must say them.
        image_size: (width, height) px; an array must say it.
        focal_px: focal length; 1.15 of the longer side where None.
        height_m: how tall the person is, 0.8 to 2.3; as the student's shape is where None.
        body_file: SMPL file where the weights speak of another body than the built-in one.
        refine: bring the pose closer to the keypoints.
        smooth: averages over time: ``"auto"``, as wide as keypoints jitter and following the motion, ``"none"``, or
            half their width in seconds.
        keep_sides: leave left and right as the input has them, also where they are clearly exchanged.
        path: place all frames of a clip together, with feet that stand; False places each frame by itself.
        format: of a file, instead of finding it out.
        person: only this person of a file, 0 = the largest.
        all_people: everybody in a file, a clip each.
        video: frame rate and image size are read from this video where they are not given.
        category: class of a file's detections to take, by name or number; people where None.
        detector: of a video in the place of keypoints, as ``detect`` takes it.

    Raises:
        UserError: what is wrong, in one line.
    """
    if not isinstance(weights, Weights):
        raise UserError(f"weights: expected what load_weights returns, found {type(weights).__name__}")
    for name, value in (("layout", layout), ("format", format), ("category", category)):
        if not isinstance(value, str | None):
            raise UserError(f"{name}: expected a name, found {type(value).__name__} {value!r}")
    for name, file in (("body_file", body_file), ("video", video)):
        if not isinstance(file, str | Path | None):
            raise UserError(f"{name}: expected a path, found {type(file).__name__}")
    smooth_s = smooth_seconds(smooth)
    check_number("fps", fps, 1000.0)
    check_number("focal_px", focal_px, 1e6)
    check_number("height_m", height_m, 10.0)
    if height_m is not None:
        check_stature(height_m)
    if video is not None:
        facts = read_video_facts(video)
        if facts.note and fps is None:
            warnings.warn(facts.note, PredictionWarning, stacklevel=2)
        fps, image_size = fps or facts.fps, image_size or facts.image_size
    if isinstance(keypoints, np.ndarray):
        refuse("an array", format=format, person=person, all_people=all_people, category=category)
        image_size = None if image_size is None else checked_image_size(image_size)
        clips, said = array_clips(keypoints, layout, fps, image_size, focal_px)
        for sentence in said:
            warnings.warn(sentence, PredictionWarning, stacklevel=2)
    elif isinstance(keypoints, Clips):
        given = {"layout": layout, "fps": fps, "image_size": image_size, "focal_px": focal_px}
        refuse("Clips", **given, format=format, person=person, all_people=all_people, category=category)
        clips = validate_clips(keypoints, "Clips")
    elif isinstance(keypoints, str | Path):
        image_size = None if image_size is None else checked_image_size(image_size)
        options: dict[str, Any] = {"format": format, "layout": layout, "fps": fps, "image_size": image_size}
        options |= {"focal_px": focal_px, "person": person, "all_people": all_people, "category": category}
        if looks_like_video(keypoints):
            detections = detect(keypoints, detector=detector, **options)
        else:
            detections = read_keypoints(keypoints, **options)
        for sentence in detections.assumptions:
            _LOG.warning("%s", sentence)
        for sentence in detections.warnings:
            warnings.warn(sentence, PredictionWarning, stacklevel=2)
        clips = person_clips(detections)
    else:
        raise UserError(f"keypoints: expected a path, Clips or a NumPy array, found {type(keypoints).__name__}")
    require_somebody(clips, str(keypoints) if isinstance(keypoints, str | Path) else "keypoints")
    body = builtin_body() if body_file is None else load_body(Path(body_file))
    wishes: dict[str, Any] = {"refine": refine, "height_m": height_m, "path": path, "keep_sides": keep_sides}
    wishes["smooth_s"] = smooth_s
    found = predict_room.predict(weights, clips, body, load_landmarks(body_file), **wishes)
    for sentence in found.warnings:
        warnings.warn(sentence, PredictionWarning, stacklevel=2)
    return found


def smooth_seconds(smooth: float | str) -> float | None:
    """What ``smooth`` means: half the width of averages in seconds, 0 for none, None for auto; else UserError."""
    if smooth in ("auto", "none"):
        return None if smooth == "auto" else 0.0
    if isinstance(smooth, bool) or not isinstance(smooth, int | float) or not 0 <= smooth <= LONGEST_SMOOTH_S:
        raise UserError(f"smooth: expected 'auto', 'none' or seconds up to {LONGEST_SMOOTH_S:g}, found {smooth!r}")
    return float(smooth)


def detect(
    video: str | Path,
    *,
    detector: str | Detector = "auto",
    mode: str = "balanced",
    models: Sequence[str | Path] = (),
    start_s: float | None = None,
    end_s: float | None = None,
    stride: int = 1,
    still_camera: bool = False,
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
        still_camera: the camera stands still, and its turning is not looked for.
        keep: file in which the detections are kept, and from which they are read the next time.
        show: whether to print how far it is.
        options: those of ``read_keypoints``: ``person``, ``all_people``, ``focal_px``, …

    Raises:
        UserError: what is wrong, in one line.
    """
    chosen = DetectOptions(detector, mode, models, start_s, end_s, stride, still_camera)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "detections.npz" if keep is None else Path(keep)
        detect_video(video, chosen, place, show=show)
        return read_keypoints(place, **options)
