"""Every form of every detector that is read, with what a reader should find in it; array forms are written here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.data.clips import Clips, write_clips
from pn3d.detectors.layouts import DETECTOR_LAYOUTS
from pn3d.geometry.skeleton import LAYOUTS
from tools.stand_ins import more_forms as more
from tools.stand_ins.detector_files import (
    SIZE,
    alphapose,
    alphapose_cmu,
    alphapose_open,
    alphapose_separate,
    coco_annotations,
    coco_results,
    gastnet,
    kinetics,
    mediapipe_lists,
    mediapipe_long,
    mediapipe_objects,
    mediapipe_wide,
    mmpose_bare,
    mmpose_images,
    mmpose_meta,
    openpose_folder,
    openpose_old,
    openpose_one,
    present,
    text,
    ultralytics_folder,
    ultralytics_lines,
    ultralytics_lists,
    ultralytics_text,
)


def _objects(items: list[Any]) -> np.ndarray:
    array = np.empty(len(items), object)
    array[:] = items
    return array


def _videopose3d_detections(folder: Path, data: np.ndarray) -> Path:
    boxes: list[Any] = []
    keypoints: list[Any] = []
    for frame in data:
        people = present(frame)
        rows = [np.stack([frame[p, :, 0], frame[p, :, 1], 0 * frame[p, :, 2], frame[p, :, 2]]) for p in people]
        boxes.append([[], np.full((len(people), 5), 0.9, np.float32) if people else []])
        keypoints.append([[], np.array(rows, np.float32) if people else []])
    metadata = {"w": SIZE[0], "h": SIZE[1]}
    path = folder / "video.mp4.npz"
    arrays: dict[str, Any] = {"boxes": _objects(boxes), "keypoints": _objects(keypoints), "metadata": metadata}
    np.savez(path, segments=_objects([None] * len(data)), **arrays)
    return path


def _videopose3d_custom(folder: Path, data: np.ndarray) -> Path:
    positions = {"video.mp4": {"custom": [data[:, 0, :, :2].astype(np.float32)]}}
    symmetry = [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]]
    metadata: dict[str, Any] = {"layout_name": "coco", "num_joints": 17, "keypoints_symmetry": symmetry}
    metadata["video_metadata"] = {"video.mp4": {"w": SIZE[0], "h": SIZE[1]}}
    path = folder / "data_2d_custom_test.npz"
    arrays: dict[str, Any] = {"positions_2d": positions, "metadata": metadata}
    np.savez(path, **arrays)
    return path


def _npy(folder: Path, data: np.ndarray) -> Path:
    path = folder / "array.npy"
    np.save(path, data[:, 0])
    return path


def _npy_flat(folder: Path, data: np.ndarray) -> Path:
    path = folder / "flat.npy"
    np.save(path, data[:, 0, :, :2].reshape(len(data), -1).astype(np.float32))
    return path


def _csv_named(folder: Path, data: np.ndarray) -> Path:
    joints = DETECTOR_LAYOUTS["coco17"].layout.joints
    heading = ["frame", *(f"{joint}_{axis}" for joint in joints for axis in ("x", "y", "conf"))]
    rows = [",".join(map(str, [t, *frame[0].ravel().tolist()])) for t, frame in enumerate(data)]
    return text(folder / "named.csv", [",".join(heading), *rows])


def _csv_plain(folder: Path, data: np.ndarray) -> Path:
    return text(folder / "plain.csv", [",".join(map(str, frame[0].ravel().tolist())) for frame in data])


def native(folder: Path, data: np.ndarray) -> Path:
    """The native keypoint file."""
    path = folder / "native.npz"
    start = np.array([0, len(data)])
    facts: dict[str, Any] = {"clip_start": start, "clip_name": np.array(["walk/clip"]), "layout": LAYOUTS["h36m17"]}
    size, fps = np.array([SIZE], np.int32), np.array([50], np.float32)
    points = data[:, 0].astype(np.float32)
    write_clips(path, Clips(keypoints=points[..., :2], confidence=points[..., 2], image_size=size, fps=fps, **facts))
    return path


@dataclass(frozen=True)
class Form:
    """One exact form of one tool.

    Attributes:
        write: makes the file or folder of (T, P, K, 3) in an empty folder and returns what a user would name.
        format: what the reader should call it.
        layout: of the data.
        needs_layout: whether the user has to name the layout.
        normalised: whether the file holds shares of the image, so that the size must be given.
        people: how many people it can hold at once.
        has_confidence: whether confidences are in the file as they were.
        own_layout: whether the joints are some of ``layout``'s and no known layout by themselves.
    """

    write: Callable[[Path, np.ndarray], Path]
    format: str
    layout: str = "coco17"
    needs_layout: bool = False
    normalised: bool = False
    people: int = 2
    has_confidence: bool = True
    frames: int = 12
    own_layout: bool = False


FORMS: dict[str, Form] = {
    "openpose body25": Form(openpose_folder, "openpose", "body25"),
    "openpose body25b": Form(openpose_folder, "openpose", "body25b"),
    "openpose coco18": Form(openpose_folder, "openpose", "openpose18"),
    "openpose old key": Form(openpose_old, "openpose", "openpose18"),
    "openpose one file": Form(openpose_one, "openpose", "body25", frames=1),
    "alphapose": Form(alphapose, "alphapose"),
    "alphapose halpe26": Form(alphapose, "alphapose", "halpe26"),
    "alphapose halpe136": Form(alphapose, "alphapose", "halpe136"),
    "alphapose cmu": Form(alphapose_cmu, "alphapose", "openpose18"),
    "alphapose open": Form(alphapose_open, "alphapose", "openpose18"),
    "alphapose separate": Form(alphapose_separate, "alphapose", "openpose18"),
    "coco results": Form(coco_results, "coco"),
    "coco annotations": Form(coco_annotations, "coco", has_confidence=False),
    "mmpose bare": Form(mmpose_bare, "mmpose", "wholebody133"),
    "mmpose meta": Form(mmpose_meta, "mmpose"),
    "mmpose images": Form(mmpose_images, "mmpose"),
    "ultralytics folder": Form(ultralytics_folder, "ultralytics"),
    "ultralytics lists": Form(ultralytics_lists, "ultralytics"),
    "ultralytics lines": Form(ultralytics_lines, "ultralytics"),
    "ultralytics text": Form(ultralytics_text, "ultralytics", normalised=True),
    "mediapipe objects": Form(mediapipe_objects, "mediapipe", "mediapipe33", normalised=True),
    "mediapipe lists": Form(mediapipe_lists, "mediapipe", "mediapipe33", normalised=True, people=1),
    "mediapipe wide csv": Form(mediapipe_wide, "array", "mediapipe33", normalised=True, people=1),
    "mediapipe long csv": Form(mediapipe_long, "array", "mediapipe33", normalised=True, people=1),
    "videopose3d detections": Form(_videopose3d_detections, "videopose3d"),
    "videopose3d custom": Form(_videopose3d_custom, "videopose3d", people=1, has_confidence=False),
    "gastnet": Form(gastnet, "gastnet"),
    "kinetics": Form(kinetics, "gastnet", "openpose18", normalised=True),
    "npy": Form(_npy, "array", "coco17", needs_layout=True, people=1),
    "npy flat": Form(_npy_flat, "array", "body25", needs_layout=True, people=1, has_confidence=False),
    "csv named": Form(_csv_named, "array", people=1),
    "csv plain": Form(_csv_plain, "array", "mpii16", needs_layout=True, people=1),
    "native": Form(native, "native", "h36m17", people=1),
    "openpifpaf video": Form(more.openpifpaf_video, "openpifpaf"),
    "openpifpaf images": Form(more.openpifpaf_folder, "openpifpaf"),
    "tfjs posenet": Form(more.posenet, "tfjs"),
    "tfjs movenet": Form(more.movenet, "tfjs"),
    "ml5 posenet": Form(more.ml5_posenet, "tfjs", people=1),
    "ml5 bodypose": Form(more.ml5_bodypose, "tfjs"),
    "apple vision": Form(more.apple_vision, "applevision", "halpe26", normalised=True, own_layout=True),
    "azure kinect": Form(more.azure_kinect, "azurekinect", "halpe26", has_confidence=False, own_layout=True),
    "poseflow": Form(more.poseflow, "poseflow"),
    "deeplabcut": Form(more.deeplabcut, "deeplabcut", people=1),
    "deeplabcut individuals": Form(more.deeplabcut_individuals, "deeplabcut"),
    "sports2d": Form(more.sports2d, "trc", "halpe26", people=1, has_confidence=False),
    "simple-hrnet": Form(more.simple_hrnet, "simplehrnet"),
    "rtmlib": Form(more.rtmlib_npz, "array", needs_layout=True),
    "dwpose": Form(more.dwpose, "openpose", "openpose18"),
}
