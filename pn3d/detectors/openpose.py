"""OpenPose JSON (one file per frame, or one file), and AlphaPose's ``--format open`` and ``cmu``, which imitate it.

A frame is ``{"people": [{"pose_keypoints_2d": [x, y, c, …]}]}``; version 1.0 wrote ``pose_keypoints``, AlphaPose's
``cmu`` writes ``bodies`` of ``joints``, and puts all frames into one object by image name.
"""

from typing import Any

from pn3d.detectors.collecting import Collector, shown, track_in
from pn3d.detectors.key_words import ANY_FRAME, ANY_ID, frame_labels
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import TOLERATED_BAD_FILES, Opened, frames_of
from pn3d.files.errors import UserError

_PEOPLE_KEYS = ("people", "bodies")
_JOINT_KEYS = ("pose_keypoints_2d", "pose_keypoints", "joints")


def is_frame(content: Any) -> bool:
    """Whether this is one frame of OpenPose's kind."""
    return isinstance(content, dict) and any(isinstance(content.get(key), list) for key in _PEOPLE_KEYS)


def is_video(content: Any) -> bool:
    """Whether this is an object with a list of frames, beside which the video's facts may stand."""
    frames = content.get("frames") if isinstance(content, dict) else None
    people = [
        person
        for frame in (frames[:50] if isinstance(frames, list) else ())
        if is_frame(frame)
        for key in _PEOPLE_KEYS
        for person in (frame.get(key) if isinstance(frame.get(key), list) else ())
    ]
    return any(isinstance(person, dict) and key in person for person in people for key in _JOINT_KEYS)


def is_frames_by_name(content: Any) -> bool:
    """Whether this is AlphaPose's one file of frames by image name."""
    return isinstance(content, dict) and bool(content) and all(is_frame(frame) for frame in content.values())


def read_openpose(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads a folder of frames, one frame, a list of frames, or frames by image name.

    Raises:
        UserError: no person, wrong numbers, mixed layouts, or frames of several videos.
    """
    collector = Collector(opened.where)
    labels: list[Any] = []
    odd: list[str] = []
    if is_video(opened.content):
        collector.facts.look({key: value for key, value in opened.content.items() if key != "frames"})
    for label, frame in _frames(opened):
        if is_frame(frame):
            _add_frame(collector, len(labels), frame)
            labels.append(label)
        else:
            odd.append(str(label))
    if len(odd) > max(1, TOLERATED_BAD_FILES * (len(labels) + len(odd))):
        raise UserError(
            f"{opened.where}: {len(odd)} of {len(labels) + len(odd)} frames have no list 'people': {odd[0]}"
        )
    if odd:
        opened.notes.append(f"{opened.where}: {odd[0]} is not an OpenPose frame; {len(odd)} such files were left out")
    collector.renumber(labels)
    return [collector.finish(opened.name)]


def _frames(opened: Opened) -> Any:
    if opened.kind == "json folder":
        yield from frames_of(opened)
    elif is_video(opened.content):
        yield from _labelled(opened.content["frames"])
    elif is_frame(opened.content):
        yield opened.name, opened.content
    elif isinstance(opened.content, dict):
        yield from opened.content.items()
    elif isinstance(opened.content, list):
        yield from _labelled(opened.content)
    else:
        raise UserError(f"{opened.where}: expected OpenPose frames with 'people', found {shown(opened.content)}")


def _labelled(frames: list[Any]) -> Any:
    return zip(frame_labels(frames, ANY_FRAME), frames, strict=True)


def _add_frame(collector: Collector, frame: int, content: dict[str, Any]) -> None:
    collector.add_frame(frame, content)
    people = next(content[key] for key in _PEOPLE_KEYS if isinstance(content.get(key), list))
    for person in people:
        if not isinstance(person, dict):
            raise collector.wrong(frame, f"expected an object per person, found {shown(person)}")
        key = next((key for key in _JOINT_KEYS if key in person), None)
        if key is None:
            raise collector.wrong(frame, f"a person without 'pose_keypoints_2d', found {shown(person)}")
        if person[key] is None:  # ControlNet's editors write null for nobody
            continue
        rows = collector.person(person, frame, key)
        if rows is not None:
            collector.add(frame, rows, track_in(person, ANY_ID))
