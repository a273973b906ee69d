"""MediaPipe Pose, 33 landmarks, as people write it to JSON themselves (its CSV forms are tables, see tables.py).

A file is a list of frames, or ``{"frames": […]}`` with ``fps``, ``width`` and ``height`` beside them where the user
is kind. A frame is a list of 33 landmarks, a list of such lists (several people), null, or an object that holds them
under ``landmarks``, ``pose_landmarks``, … A landmark is ``{x, y, z, visibility}`` or a list of these numbers; x and y
are shares of the image's width and height.
"""

from typing import Any

import numpy as np

from pn3d.data.joint_names import plain_joint_name
from pn3d.detectors.collecting import Collector, scalar, shown
from pn3d.detectors.key_words import ANY_FRAME, frame_labels, plain_key, plain_keys
from pn3d.detectors.layouts import detector_layout
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened, frames_of
from pn3d.files.errors import UserError

LANDMARKS = 33
_LANDMARK_KEYS = ("poselandmarks", "landmarks", "landmark", "keypoints", "pose")
_WORLD_KEYS = ("poseworldlandmarks", "worldlandmarks")
_LIST_KEYS = ("frames", "results", "data")
_CONFIDENCE_KEYS = ("visibility", "presence", "score", "confidence")
_NAME_KEYS = ("name", "landmark", "landmarkname", "joint", "jointname", "keypoint", "part", "label")
_NUMBER_KEYS = ("id", "index", "idx", "landmark", "landmarkid", "landmarkindex", "jointid", "keypointid")
_JOINTS = detector_layout("mediapipe33").layout.joints
MAX_DEPTH = 6


def is_mediapipe(content: Any) -> bool:
    """Whether 33 landmarks, or world landmarks, are found in the frames."""
    frames = _frame_list(content)
    return frames is not None and any(_people(one) or _has_world(one) for one in frames[:50] + frames[50::50])


def read_mediapipe(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads a file, JSON lines, or a folder with a file per frame; raises UserError where no landmarks are found."""
    if opened.kind == "json folder":
        frames: list[Any] = [content for _, content in frames_of(opened)]
    else:
        found = _frame_list(opened.content)
        if found is None:
            raise UserError(f"{opened.where}: expected a list of frames of 33 landmarks, found {shown(opened.content)}")
        frames = found
    collector = Collector(opened.where)
    notes: list[str] = []
    for i, frame in enumerate(frames):
        collector.add_frame(i, frame)
        people = _people(frame)
        if not people and not _is_nobody(frame):
            if _has_world(frame):
                raise collector.wrong(i, "only world landmarks (metres, 3D); expected the image's, pose_landmarks")
            raise collector.wrong(i, f"expected {LANDMARKS} landmarks or null, found {shown(frame)}")
        for points in people:
            collector.add(i, _rows(collector, points, i, notes))
    collector.renumber(frame_labels(frames, ANY_FRAME))
    collector.facts.look(opened.content)
    layout: dict[str, Any] = {"layout_name": "mediapipe33", "layout_reason": "what MediaPipe's 33 landmarks are"}
    return [collector.finish(opened.name, notes=notes[:1], **layout)]


def _frame_list(content: Any) -> list[Any] | None:
    if isinstance(content, dict):
        listed = next((v for k, v in content.items() if plain_key(str(k)) in _LIST_KEYS and isinstance(v, list)), None)
        return listed if listed is not None else [content]
    if isinstance(content, list):
        return [content] if _is_landmarks(content) else content
    return None


def _has_world(frame: Any) -> bool:
    return isinstance(frame, dict) and any(plain_key(str(key)) in _WORLD_KEYS for key in frame)


def _is_landmarks(value: Any) -> bool:
    """33 landmarks, each an object with x and y or a list of 2 to 5 numbers."""
    if not isinstance(value, list) or len(value) != LANDMARKS:
        return False
    first = value[0]
    if isinstance(first, dict):
        return {"x", "y"} <= {str(key).lower() for key in first}
    return isinstance(first, list) and 2 <= len(first) <= 5 and not isinstance(first[0], list | dict)


def _people(frame: Any, depth: int = 0) -> list[list[Any]]:
    """All lists of 33 landmarks of one frame."""
    if depth > MAX_DEPTH:
        return []
    if _is_landmarks(frame):
        return [frame]
    if isinstance(frame, dict):
        plain = plain_keys(frame)
        return next((found for k in _LANDMARK_KEYS if k in plain and (found := _people(plain[k], depth + 1))), [])
    if isinstance(frame, list):
        return [points for item in frame[:100] for points in _people(item, depth + 1)]
    return []


def _is_nobody(frame: Any) -> bool:
    """null, an empty list, or an object whose landmarks are so."""
    if isinstance(frame, dict):
        plain = plain_keys(frame)
        found = [plain[key] for key in _LANDMARK_KEYS if key in plain]
        return all(not value for value in found) and (bool(found) or not any(key in plain for key in _WORLD_KEYS))
    return not frame or (isinstance(frame, list) and all(not item for item in frame))


def _places(collector: Collector, points: list[Any], frame: int) -> list[int]:
    """For each landmark its place among MediaPipe's: by the name or number that it gives itself, else as it stands."""
    plain = [plain_keys(point) for point in points]
    for key in _NAME_KEYS:
        if all(isinstance(point.get(key), str) and not point[key].strip().isdecimal() for point in plain):
            names = tuple(str(point[key]) for point in plain)
            joints = [plain_joint_name(name) for name in names]
            unknown = [name for name, joint in zip(names, joints, strict=True) if joint not in _JOINTS]
            if unknown:
                shown_names = ", ".join(map(shown, unknown[:4]))
                raise collector.wrong(frame, f"landmarks whose names are not MediaPipe's: {shown_names}")
            if len(set(joints)) < LANDMARKS:
                raise collector.wrong(frame, "two landmarks have one name")
            return [_JOINTS.index(str(joint)) for joint in joints]
    for key in _NUMBER_KEYS:
        numbers = [_whole(point.get(key)) for point in plain]
        if all(number is not None for number in numbers):
            first = min(numbers)  # type: ignore[type-var]
            places = [int(number) - first for number in numbers]  # type: ignore[arg-type,operator]
            if sorted(places) != list(range(LANDMARKS)) or first not in (0, 1):
                raise collector.wrong(frame, f"landmarks must be numbered 0 to {LANDMARKS - 1}, each once, in {key!r}")
            return places
    return list(range(LANDMARKS))


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**6 else None


def _rows(collector: Collector, points: list[Any], frame: int, notes: list[str]) -> np.ndarray:
    """33 landmarks as x, y, confidence. Of three numbers the third is depth where it is ever negative."""
    rows = np.full((LANDMARKS, 3), np.nan)
    if all(isinstance(point, dict) for point in points):
        places = _places(collector, points, frame)
        for j, point in enumerate(points):
            if "x" not in point:
                point = {str(key).lower(): value for key, value in point.items()}
            confidence = next((point[key] for key in _CONFIDENCE_KEYS if key in point), None)
            rows[places[j]] = scalar(point.get("x")), scalar(point.get("y")), scalar(confidence)
        return rows
    values = collector.numbers(points, frame)
    if values.ndim != 2:
        raise collector.wrong(frame, f"expected {LANDMARKS} landmarks of equal length, found shape {values.shape}")
    rows[:, :2] = values[:, :2]
    if values.shape[1] >= 4:
        rows[:, 2] = values[:, 3]
    elif values.shape[1] == 3:
        notes.append(
            f"{collector.where}: landmarks have three numbers; the third is read as depth z and left out, so that "
            "there is no visibility; write x, y, z, visibility"
        )
    return rows
