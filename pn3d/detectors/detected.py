"""The file in which detections of a video are kept (``detections.npz``): people as the detector found them, untracked.

One npz, no pickles: ``frame (D,) int64`` from 0, ``keypoints (D, K, 2) float32 px``, ``confidence (D, K) float32``,
``frames``, ``fps``, ``image_size (2,)``, ``layout``, ``video`` and further facts that say how they were made; where
the camera turns, ``camera_steps (frames, 3) float32`` and ``camera_steps_focal_px`` (``RawVideo.camera_steps_rad``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.detectors.layouts import detector_layout
from pn3d.detectors.records import NO_TRACK, Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.files.atomic import whole_file
from pn3d.files.errors import UserError

SELDOM = 0.5  # people in fewer of the frames are worth a sentence
KEYS = ("frame", "keypoints", "confidence", "frames", "fps", "image_size", "layout", "video")


def is_detected(content: Mapping[str, Any]) -> bool:
    """Whether an npz is such a file."""
    return all(key in content for key in KEYS)


def write_detected(path: str | Path, raw: RawVideo, facts: Mapping[str, Any]) -> None:
    """Writes the people of ``raw``, whose ``fps``, ``image_size`` and ``layout_name`` are known, and ``facts``."""
    arrays = {
        "frame": raw.frame.astype(np.int64),
        "keypoints": raw.keypoints.astype(np.float32),
        "confidence": raw.confidence.astype(np.float32),
        "frames": np.int64(len(raw.listed_frames)),
        "fps": np.float64(raw.fps or 0),
        "image_size": np.array(raw.image_size, np.int32),
        "layout": np.array(raw.layout_name),
        "video": np.array(raw.name),
    }
    if raw.camera_steps_rad is not None:
        arrays["camera_steps"] = raw.camera_steps_rad.astype(np.float32)
        arrays["camera_steps_focal_px"] = np.float64(raw.steps_focal_px)
    with whole_file(path) as stream:
        np.savez(stream, **arrays, **{f"made_{key}": np.array(value) for key, value in facts.items()})  # type: ignore[arg-type]


def read_detected(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads such a file; raises UserError where an array is missing, of another shape, or contradicts another."""
    content = opened.content
    try:
        frame, keypoints, confidence = content["frame"], content["keypoints"], content["confidence"]
        layout, name = str(content["layout"]), str(content["video"])
        frames, fps = int(content["frames"]), float(content["fps"])
        width, height = (int(side) for side in content["image_size"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{opened.where}: not a file of detections as pn3d detect writes it: {error}") from error
    joints = detector_layout(layout).count
    people = len(frame)
    if keypoints.shape != (people, joints, 2) or confidence.shape != (people, joints) or frame.dtype.kind not in "iu":
        raise UserError(
            f"{opened.where}: expected keypoints ({people}, {joints}, 2) of layout {layout}, found {keypoints.shape}"
        )
    if not people:
        raise UserError(f"{opened.where}: no person in any of the {frames} frames")
    if not (int(frame.min()) >= 0 and int(frame.max()) < frames and 0 < fps <= 1000):
        raise UserError(
            f"{opened.where}: frames must be 0 to {frames - 1} and fps above 0, found {frame.max()}, {fps:g}"
        )
    seen = len(np.unique(frame))
    notes = [f"{opened.where}: people are seen in {seen} of {frames} frames"] if seen < SELDOM * frames else []
    steps = content.get("camera_steps")
    steps_focal_px = float(content.get("camera_steps_focal_px", 0.0))
    if steps is not None and not (
        steps.shape == (frames, 3) and steps.dtype.kind == "f" and np.isfinite(steps).all() and steps_focal_px > 0
    ):
        raise UserError(
            f"{opened.where}: camera_steps: expected finite ({frames}, 3) and a focal length, found {steps.shape}"
        )
    return [
        RawVideo(
            name=name,
            frame=frame.astype(np.int64),
            keypoints=keypoints.astype(np.float64),
            confidence=confidence.astype(np.float64),
            track_id=np.full(people, NO_TRACK, np.int64),
            listed_frames=np.arange(frames),
            layout_name=layout,
            layout_reason="the detector's",
            normalised=False,
            image_size=(width, height),
            fps=fps,
            cut=_cut(content),
            notes=notes,
            camera_steps_rad=None if steps is None else steps.astype(np.float64),
            steps_focal_px=steps_focal_px,
        )
    ]


def _cut(content: Mapping[str, Any]) -> tuple[int, int]:
    """Number of the first frame in the video, and every how many of them; (0, 1) where the file does not say it."""
    part = np.asarray(content.get("made_of", (0, 0, 1))).reshape(-1)
    return (int(part[0]), max(int(part[2]), 1)) if part.shape == (3,) and part.dtype.kind in "iu" else (0, 1)
