"""MMPose 1.x predictions: a video's ``{meta_info, instance_info: […]}`` or the bare list, or one file per image.

A frame is ``{frame_id, instances: [{keypoints (J, 2), keypoint_scores (J), bbox, bbox_score}]}``; the file of an image
is the list of its instances. ``frame_id`` starts at 0 or 1 and nothing says that frames are sorted.
"""

from typing import Any

from pn3d.detectors.collecting import Collector, first_number, shown
from pn3d.detectors.key_words import FRAMES, frame_labels
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened, frames_of
from pn3d.files.errors import UserError

_REASON = "what MMPose's 17 joints are unless it names them"


def is_frame(content: Any) -> bool:
    """Whether this is one frame of a video."""
    return isinstance(content, dict) and isinstance(content.get("instances"), list)


def is_instance(content: Any) -> bool:
    """Whether this is one person."""
    return isinstance(content, dict) and "keypoints" in content and "keypoint_scores" in content


def is_video(content: Any) -> bool:
    """Whether this is the file of a video or of one image."""
    if isinstance(content, dict):
        return isinstance(content.get("instance_info"), list)
    return isinstance(content, list) and any(is_frame(item) or is_instance(item) for item in content)


def read_mmpose(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads both forms of a video, one image, or a folder of images.

    Raises:
        UserError: no person, wrong numbers, 3D keypoints, mixed layouts, or files of several videos.
    """
    collector = Collector(opened.where)
    facts: dict[str, Any] = {}
    if opened.kind == "json folder":
        labels: list[Any] = []
        for name, content in frames_of(opened):
            if isinstance(content, dict) or (isinstance(content, list) and any(is_frame(item) for item in content)):
                raise UserError(f"{opened.where}: {name} is the file of a whole video; give that file instead")
            _add_instances(collector, len(labels), content)
            labels.append(name)
        collector.renumber(labels)
        return [collector.finish(opened.name, _REASON)]
    content = opened.content
    if isinstance(content, dict):
        collector.facts.look(content)
        facts, content = _meta(content.get("meta_info"), opened.where), content.get("instance_info")
    if not isinstance(content, list):
        raise UserError(f"{opened.where}: expected a list of frames with 'instances', found {shown(content)}")
    if any(is_instance(item) for item in content):
        _add_instances(collector, 0, content)
    else:
        _add_frames(collector, content)
    return [collector.finish(opened.name, _REASON, **facts)]


def _add_frames(collector: Collector, frames: list[Any]) -> None:
    labels = frame_labels(frames, ("frameid", *FRAMES))
    for i, frame in enumerate(frames):
        if not is_frame(frame):
            raise UserError(f"{collector.where}: entry {i}: expected a frame with 'instances', found {shown(frame)}")
        if "frame_id" in frame and first_number(frame["frame_id"]) is None:
            raise UserError(f"{collector.where}: entry {i}: 'frame_id' must be a whole number or a number to order by")
        _add_instances(collector, i, frame["instances"], frame)
    collector.renumber(labels)


def _add_instances(collector: Collector, frame: int, instances: Any, content: Any = None) -> None:
    collector.add_frame(frame, content)
    collector.people(instances, frame)


def _meta(meta: Any, where: str) -> dict[str, Any]:
    """Joint names of ``meta_info``: ``keypoint_id2name`` {"0": "nose", …}, ``keypoint_name2id``, or a list of names."""
    if not isinstance(meta, dict):
        return {}
    names = meta.get("keypoint_id2name", meta.get("keypoint_names"))
    numbers = meta.get("keypoint_name2id")
    if names is None and isinstance(numbers, dict):  # the same the other way round
        names = {str(number): name for name, number in numbers.items()}
    if isinstance(names, dict):
        first = 0 if "0" in names else 1
        names = [names.get(str(first + i)) for i in range(len(names))]
    if names is None or names == []:
        return {}
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f"{where}: 'meta_info' must name joints as {{'0': 'nose', …}}, found {shown(names)}")
    if len(set(names)) < len(names):
        raise UserError(f"{where}: 'meta_info' gives one name to two joints")
    dataset = meta.get("dataset_name")
    return {"joint_names": tuple(names), "layout_name": dataset if isinstance(dataset, str) else None}
