"""VideoPose3D's files of one's own videos: what ``infer_video_d2.py`` writes, and ``data_2d_custom_NAME.npz``.

Both hold object arrays, that is pickles, and are read through pn3d.files.safe_pickle only. The first has per frame
``keypoints[i] = [[], (N, 4, 17)]`` (rows x, y, logit, probability) and ``metadata {w, h}``; the second has
``positions_2d {video: {"custom": [(T, 17, 2)]}}`` and ``metadata {video_metadata: {video: {w, h}}}``.
"""

from typing import Any

import numpy as np

from pn3d.detectors.collecting import Collector, first_number, shown
from pn3d.detectors.records import NO_TRACK, Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.files.errors import UserError

_DECLARED = {"coco": "coco17", "h36m": "h36m17", "mpii": "mpii16"}
_PROBABILITY_ROW = 3


def is_detections(content: Any) -> bool:
    """Whether this is the file of one video."""
    return isinstance(content, dict) and "keypoints" in content and "boxes" in content


def is_custom(content: Any) -> bool:
    """Whether this is a file of several videos."""
    return isinstance(content, dict) and "positions_2d" in content


def read_videopose3d(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads either form; raises UserError where something has another shape."""
    content = {key: _plain(value) for key, value in opened.content.items()}
    if is_custom(content):
        return _custom(opened, content)
    if not is_detections(content):
        raise UserError(f"{opened.where}: expected 'keypoints' and 'boxes', or 'positions_2d', found {shown(content)}")
    collector = Collector(opened.where)
    if isinstance(content.get("metadata"), dict):
        collector.facts.look(content["metadata"])
    for i, frame in enumerate(_sequence(content["keypoints"])):
        collector.add_frame(i)
        people = _class_people(frame)
        if people is None:
            continue
        if people.ndim != 3 or people.shape[1] not in (3, 4):
            raise collector.wrong(i, f"expected keypoints (people, 4, joints), found shape {people.shape}")
        for person in people:
            rows = np.stack([person[0], person[1], person[min(_PROBABILITY_ROW, len(person) - 1)]], axis=-1)
            collector.add(i, rows)
    name, size = opened.name.removesuffix(".mp4"), _size(content.get("metadata"))
    return [collector.finish(name, "what VideoPose3D's detector gives", image_size=size)]


def _custom(opened: Opened, content: dict[str, Any]) -> list[RawVideo]:
    videos, metadata = content["positions_2d"], content.get("metadata")
    if not isinstance(videos, dict) or not videos:
        raise UserError(f"{opened.where}: 'positions_2d' must be an object of videos, found {shown(videos)}")
    metadata = metadata if isinstance(metadata, dict) else {}
    sizes = metadata.get("video_metadata")
    declared = metadata.get("layout_name")
    raws = []
    for video, actions in videos.items():
        for action, views in actions.items() if isinstance(actions, dict) else ():
            for n, positions in enumerate(_sequence(views)):
                where = f"{opened.where}: {video} {action} {n}"
                raw = _of_positions(where, _video_name(video, action, n), _array(positions, where))
                raw.image_size = _size(sizes.get(video)) if isinstance(sizes, dict) else None
                if declared in _DECLARED and raw.keypoints.shape[1] in (16, 17):
                    raw.layout_name, raw.layout_reason = _DECLARED[declared], f"the file declares {declared!r}"
                raws.append(raw)
    if not raws:
        raise UserError(f"{opened.where}: 'positions_2d' holds no positions")
    return raws


def _video_name(video: Any, action: Any, view: int) -> str:
    name = str(video).rsplit("/", 1)[-1].removesuffix(".mp4") or "video"
    return name if action == "custom" and view == 0 else f"{name} {action}/cam{view}"


def _of_positions(where: str, name: str, positions: np.ndarray) -> RawVideo:
    if positions.ndim != 3 or positions.shape[2] not in (2, 3) or 0 in positions.shape:
        raise UserError(f"{where}: expected positions (frames, joints, 2), found shape {positions.shape}")
    frames, joints = positions.shape[:2]
    confidence = positions[..., 2] if positions.shape[2] == 3 else np.full((frames, joints), np.nan)
    return RawVideo(
        name=name,
        frame=np.arange(frames),
        keypoints=positions[..., :2],
        confidence=confidence,
        track_id=np.full(frames, NO_TRACK, np.int64),
        listed_frames=np.arange(frames),
    )


def _plain(value: Any) -> Any:
    """An object array of no dimension as what is in it."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _sequence(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim) else []


def _class_people(frame: Any) -> np.ndarray | None:
    """The last class's array of ``[[], array]``; None where it is empty."""
    classes = _sequence(frame)
    last = classes[-1] if classes else None
    if isinstance(last, np.ndarray) and last.dtype.kind in "fiu" and last.size:
        return last.astype(np.float64)
    return None


def _array(value: Any, where: str) -> np.ndarray:
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        return value.astype(np.float64)
    raise UserError(f"{where}: expected an array of numbers, found {shown(value)}")


def _size(metadata: Any) -> tuple[int, int] | None:
    if not isinstance(metadata, dict):
        return None
    width, height = first_number(_plain(metadata.get("w"))), first_number(_plain(metadata.get("h")))
    return (int(width), int(height)) if width and height and width >= 1 and height >= 1 else None
