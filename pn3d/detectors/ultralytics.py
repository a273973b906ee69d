"""Ultralytics pose results: ``results.to_json()`` per image, and the text files of ``save_txt``.

JSON: a list of ``{name, class, confidence, box, track_id?, keypoints: {x: [], y: [], visible: []}}`` per frame; frames
come as a folder, a list of lists, or JSON lines. Text: one line per person, ``class cx cy w h`` then ``x y c`` per
joint, all normalised, then the person's confidence and track id where they were asked for.
"""

from typing import Any

import numpy as np

from pn3d.detectors.collecting import Collector, shown, track_in
from pn3d.detectors.key_words import ANY_ID, joint_names
from pn3d.detectors.people_classes import PeopleClasses
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened, frames_of
from pn3d.files.errors import UserError

BOX_COLUMNS = 5
JOINTS = 17


def is_person(content: Any) -> bool:
    """Whether this is one detection."""
    return isinstance(content, dict) and "box" in content and ("class" in content or "name" in content)


def is_frame(content: Any) -> bool:
    """Whether this is the list of one image."""
    return isinstance(content, list) and any(is_person(item) for item in content)


def is_frames(content: Any) -> bool:
    """Whether this is one image, or a list of images."""
    return is_frame(content) or (isinstance(content, list) and any(is_frame(item) for item in content))


def read_ultralytics(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads JSON of one image, of many, or a folder of it, or a folder of text files.

    Raises:
        UserError: no person, detections without keypoints, wrong numbers.
    """
    collector = Collector(opened.where)
    labels: list[Any] = []
    people = PeopleClasses(opened.where, given.category)
    people.names = {str(number): name for number, name in enumerate(opened.classes)}
    text = opened.kind in ("text folder", "text")
    for label, content in _frames(opened):
        if text:
            _add_text(collector, len(labels), content, people)
        else:
            _add_people(collector, len(labels), content, people)
        labels.append(label)
    chosen, notes = people.chosen()
    collector.keep_classes(chosen)
    collector.notes += notes
    collector.renumber(labels)
    return [collector.finish(opened.name, "what Ultralytics pose models write", normalised=True if text else None)]


def _frames(opened: Opened) -> Any:
    if opened.kind in ("json folder", "text folder"):
        yield from frames_of(opened)
    elif opened.kind == "text" or is_frame(opened.content):
        yield opened.name, opened.content
    elif isinstance(opened.content, list):
        yield from enumerate(opened.content)
    else:
        raise UserError(f"{opened.where}: expected lists of detections, found {shown(opened.content)}")


def _add_people(collector: Collector, frame: int, detections: Any, people: PeopleClasses) -> None:
    collector.add_frame(frame)
    if not isinstance(detections, list):
        raise collector.wrong(frame, f"expected a list of detections, found {shown(detections)}")
    for person in detections:
        if not isinstance(person, dict):
            raise collector.wrong(frame, f"expected an object per detection, found {shown(person)}")
        label = str(person.get("name", person.get("class", "person")))
        keypoints = person.get("keypoints")
        if keypoints is None and label != "person":
            people.leave_out(label)  # a model of several classes finds boxes without joints too
            continue
        if not isinstance(keypoints, dict) or "x" not in keypoints or "y" not in keypoints:
            raise collector.wrong(frame, "a detection without 'keypoints' {x, y}; expected the results of a pose model")
        collector.facts.joint_names |= set(joint_names(keypoints)) | set(joint_names(person))
        x, y = collector.numbers(keypoints["x"], frame), collector.numbers(keypoints["y"], frame)
        if x.ndim != 1 or x.shape != y.shape:
            raise collector.wrong(frame, f"'x' and 'y' must be lists of one length, found {x.shape} and {y.shape}")
        rows = collector.pairs(np.stack([x, y], axis=-1), keypoints.get("visible"), frame)
        if rows is not None:
            collector.add(frame, rows, track_in(person, ANY_ID), people.label(label))


def _add_text(collector: Collector, frame: int, text: str, people: PeopleClasses) -> None:
    collector.add_frame(frame)
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        try:
            values = np.array(words, dtype=np.float64)
        except ValueError:
            raise collector.wrong(frame, f"expected numbers, found {shown(line)}") from None
        rows, track = _text_person(values)
        if rows is None:
            expected = "56 to 58 numbers (class, box, x y c of 17 joints, then confidence and id where saved)"
            raise collector.wrong(frame, f"expected {expected}, found {len(values)}")
        collector.add(frame, rows, track, people.label(f"{values[0]:g}"))


def _text_person(values: np.ndarray) -> tuple[np.ndarray | None, float | None]:
    """Joints (17, 3) and track id of one line; joints None where the count of numbers fits nothing."""
    for width in (3, 2):
        points, tail = np.split(values[BOX_COLUMNS:], [JOINTS * width])
        if len(points) == JOINTS * width and len(tail) <= 2:
            rows = np.full((JOINTS, 3), np.nan)
            rows[:, :width] = points.reshape(JOINTS, width)
            # Behind the joints a confidence, an id, or both; alone, ids are whole numbers from 1.
            has_id = len(tail) == 2 or (len(tail) == 1 and tail[0] >= 1 and tail[0] % 1 == 0)
            return rows, (tail[-1] if has_id else None)
    return None, None
