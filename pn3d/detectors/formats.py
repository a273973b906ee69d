"""The formats, the reader of each, and which one a file has, by what is in it."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

from pn3d.detectors import (
    apple_vision,
    array_files,
    azure_kinect,
    coco_results,
    deeplabcut,
    detected,
    kinetics,
    mediapipe,
    mmpose,
    openpifpaf,
    openpose,
    poseflow,
    simple_hrnet,
    tables,
    tfjs,
    trc,
    ultralytics,
    videopose3d,
)
from pn3d.detectors.collecting import shown
from pn3d.detectors.csv_cells import lines_of
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import NATIVE_KEYS, Opened
from pn3d.files.errors import UserError


def _read_alphapose(opened: Opened, given: Given) -> list[RawVideo]:
    if isinstance(opened.content, list):
        return coco_results.read_coco(opened, given)
    if given.category is not None:
        raise UserError(f"{opened.where}: --category {given.category}: AlphaPose's own forms have no classes")
    return openpose.read_openpose(opened, given)


def _read_array(opened: Opened, given: Given) -> list[RawVideo]:
    return (tables.read_keypoint_table if opened.kind == "text" else array_files.read_array)(opened, given)


READERS: dict[str, Callable[[Opened, Given], list[RawVideo]]] = {
    "detections": detected.read_detected,
    "openpose": openpose.read_openpose,
    "alphapose": _read_alphapose,
    "coco": coco_results.read_coco,
    "mmpose": mmpose.read_mmpose,
    "ultralytics": ultralytics.read_ultralytics,
    "mediapipe": mediapipe.read_mediapipe,
    "videopose3d": videopose3d.read_videopose3d,
    "gastnet": kinetics.read_kinetics,
    "openpifpaf": openpifpaf.read_openpifpaf,
    "poseflow": poseflow.read_poseflow,
    "tfjs": tfjs.read_tfjs,
    "applevision": apple_vision.read_apple_vision,
    "azurekinect": azure_kinect.read_azure_kinect,
    "deeplabcut": deeplabcut.read_deeplabcut,
    "trc": trc.read_trc,
    "simplehrnet": simple_hrnet.read_simple_hrnet,
    "array": _read_array,
}
"""Format -> its reader; the native one, which is strict, has another form (``native.read_native``)."""
FORMATS = ("native", *READERS)
_ALIASES = {"kinetics": "gastnet", "npy": "array", "csv": "array", "yolo": "ultralytics", "vp3d": "videopose3d"}
_ALIASES |= {"dwpose": "openpose", "controlnet": "openpose", "rtmlib": "array", "sports2d": "trc", "dlc": "deeplabcut"}
_ALIASES |= dict.fromkeys(("posenet", "movenet", "ml5", "bodypose"), "tfjs")

_JSON_FORMATS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("mmpose", mmpose.is_video, "it has frames with 'instances', or people with 'keypoint_scores'"),
    ("gastnet", kinetics.is_kinetics, "it has 'data' of frames with a 'skeleton'"),
    ("coco", coco_results.is_coco_annotations, "it has 'annotations'"),
    (
        "alphapose",
        coco_results.is_alphapose_list,
        "people have an 'image_id' and AlphaPose's 'idx', 'box' or file name",
    ),
    ("coco", coco_results.is_coco_list, "people have an 'image_id'"),
    ("openpose", openpose.is_frame, "it has a list of 'people'"),
    ("openpose", openpose.is_video, "it has frames with 'people'"),
    ("alphapose", openpose.is_frames_by_name, "it has frames of 'people' or 'bodies' by image name"),
    ("ultralytics", ultralytics.is_frames, "detections have a 'class' and a 'box'"),
    ("openpifpaf", openpifpaf.is_openpifpaf, "it has predictions with a 'category_id' and no 'image_id'"),
    ("poseflow", poseflow.is_poseflow, "images have lists of people with 'idx' or 'scores'"),
    ("mediapipe", mediapipe.is_mediapipe, "frames have 33 landmarks"),
)

_NAMED_FORMATS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("applevision", apple_vision.is_apple_vision, "points are called left_upLeg_joint and so on"),
    ("azurekinect", azure_kinect.is_azure_kinect, "it has Azure Kinect's joint names"),
    ("tfjs", tfjs.is_tfjs, "people have points with names of a body"),
)
_TEXT_FORMATS: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("trc", trc.is_trc, "it begins with PathFileType"),
    ("deeplabcut", deeplabcut.is_deeplabcut, "it begins with scorer"),
    ("simplehrnet", simple_hrnet.is_simple_hrnet, "rows of frame, detection and three numbers a joint"),
)


def sniff(opened: Opened) -> tuple[str, str]:
    """Name of the format and how it was told; raises UserError where nothing known is found."""
    content = opened.content
    if opened.kind == "npz":
        return _sniff_npz(content)
    if opened.kind == "npy":
        return "array", "an npy file"
    if opened.kind == "text folder":
        return "ultralytics", "a folder of text files"
    if opened.kind == "text":
        for name, matches, reason in _TEXT_FORMATS:
            if matches(content):
                return name, reason
        is_labels = opened.path.suffix.lower() == ".txt" and _looks_like_labels(content)
        return ("ultralytics", "lines of 56 to 58 numbers") if is_labels else ("array", "a table")
    for name, matches, reason in _NAMED_FORMATS:
        if matches(content):
            return name, reason
    if isinstance(content, list) and content and openpose.is_frame(content[0]):
        return "openpose", "a list of frames with 'people'"
    for name, matches, reason in _JSON_FORMATS:
        if matches(content):
            if isinstance(content, dict) and name == "openpose" and "bodies" in content:
                return "alphapose", "it has a list of 'bodies'"
            return name, reason
    if content in ({}, []):
        raise UserError(f"{opened.where}: holds no frames")
    raise UserError(
        f"{opened.where}: not the output of a detector that is known here ({', '.join(FORMATS)}); "
        f"found {_described(content)}"
    )


def checked_format(name: str) -> str:
    """The format of that name, however it is spelt; raises UserError with those known."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    plain = _ALIASES.get(plain, plain)
    if plain not in FORMATS:
        raise UserError(f"unknown format {name!r}; known formats: {', '.join(FORMATS)}")
    return plain


def _sniff_npz(content: dict[str, Any]) -> tuple[str, str]:
    if all(key in content for key in NATIVE_KEYS):
        return "native", "it has 'keypoints', 'confidence' and 'clip_start'"
    if detected.is_detected(content):
        return "detections", "it has 'frame', 'keypoints' and 'video'"
    if videopose3d.is_custom(content):
        return "videopose3d", "it has 'positions_2d'"
    if videopose3d.is_detections(content):
        return "videopose3d", "it has 'keypoints' and 'boxes'"
    return "array", "an npz file without keys known here"


def _looks_like_labels(text: str) -> bool:
    lines = [line.split() for line in islice(lines_of(text), 20) if line.strip()]
    return bool(lines) and all(len(words) in (39, 40, 41, 56, 57, 58) for words in lines)


def _described(content: Any) -> str:
    if isinstance(content, np.ndarray):
        return f"an array of shape {content.shape}"
    if isinstance(content, list) and content:
        return f"a list of {shown(content[0])}"
    return shown(content)
