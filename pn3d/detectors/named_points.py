"""JSON in which every point carries its name, in it or as its key: what the readers of such files share.

A point is ``{x, y}``, ``{position: {x, y}}``, or ``[x, y]`` with a score behind; a person is a list or an object of
points, or has it under ``keypoints``, ``joints``, …; a frame is a person, a list of people, or has it under ``poses``,
``people``, …; a file is a list of frames, or has it under ``frames``.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from pn3d.detectors.collecting import Collector, shown, track_in
from pn3d.detectors.key_words import ANY_FRAME, ANY_ID, WORDS, frame_labels, keys_for, plain_key, plain_keys, score_key
from pn3d.detectors.records import RawVideo
from pn3d.detectors.sources import Opened, frames_of

Points = dict[str, tuple[float, float, float]]
"""Name -> x, y, score, as in the file; NaN where there is none."""

_POINTS, _PEOPLE = WORDS["points"], WORDS["people"]
_FRAMES = ("frames", "data", "results", "video")
NAN = float("nan")
_NOWHERE = (NAN, NAN, NAN)
MOST_NAMES = 600
LEAST_POINTS = 4
LARGEST = 2**60
MOST_PEOPLE_AT_ONCE = 6
"""A longer list of people is one person over time (MoveNet finds 6 at most, PoseNet 5 unless told otherwise)."""


@functools.lru_cache(maxsize=4096)
def _keys_of(keys: tuple[str, ...]) -> tuple[str | None, str | None, str | None, str | None, str | None]:
    """Which keys of a point's object hold its name, its place, x, y and score."""
    if keys_for(keys, _POINTS):  # a person with a box
        return None, None, None, None, None
    name, place, x, y = (
        next(iter(keys_for(keys, words)), None)
        for words in (WORDS["point_names"], WORDS["point_places"], ("x",), ("y",))
    )
    return name, place, x, y, score_key(keys)


def points_of(person: Any) -> Points | None:
    """The named points of one person; None where it has none."""
    if isinstance(person, dict):
        keys = plain_keys(person)
        inner = next((keys[key] for key in _POINTS if isinstance(keys.get(key), dict | list)), None)
        if inner is None:
            return _under_names(person)
        return _under_names(inner) if isinstance(inner, dict) else points_of(inner)
    if not isinstance(person, list) or not person or len(person) > MOST_NAMES:
        return None
    found: Points = {}
    alike = _alike(person)
    if alike is not None:
        return alike
    for point in person:
        key = _keys_of(tuple(point))[0] if isinstance(point, dict) else None
        name = point[key] if key is not None else None
        place = _place(point)
        if not isinstance(name, str) or place is None or name in found:
            return None
        found[name] = place
    return found


def _alike(person: list[Any]) -> Points | None:
    """``points_of`` of objects that have the same keys for name, x, y and score, as most lists have; else None."""
    first = person[0]
    if type(first) is not dict:
        return None
    name, place, x, y, score = _keys_of(tuple(first))
    if name is None or place is not None or x is None or y is None or score is None:
        return None
    try:
        found = {p[name]: (p[x], p[y], p[score]) for p in person if len(p) == len(first)}
    except (KeyError, TypeError):
        return None
    floats = all(type(a) is type(b) is type(c) is float for a, b, c in found.values())
    return found if floats and len(found) == len(person) and all(type(one) is str for one in found) else None


def _under_names(content: dict[Any, Any]) -> Points | None:
    found: Points = {}
    for key, value in list(content.items())[:MOST_NAMES]:
        if isinstance(value, dict | list) and plain_key(str(key)) not in WORDS["no_points"]:
            place = _place(value)
            if place is not None:
                found[str(key)] = place
    return found if len(found) >= LEAST_POINTS else None


def _place(point: Any) -> tuple[float, float, float] | None:
    """x, y and score (NaN where there is none); null is a missing point, anything that is no number is no point."""
    if isinstance(point, list):
        return _numbers([*point, None][:3]) if len(point) in (2, 3) else None
    if not isinstance(point, dict):
        return None
    _, key, x, y, score = _keys_of(tuple(point))
    trust = point[score] if score is not None else None
    where = point[key] if key is not None else point
    if isinstance(where, list):
        return _numbers([*where, trust]) if len(where) == 2 else None
    if not isinstance(where, dict):
        where = point
    if where is not point:
        _, _, x, y, _ = _keys_of(tuple(where))
    return _numbers([where[x], where[y], trust]) if x is not None and y is not None else None


def _numbers(values: list[Any]) -> tuple[float, float, float] | None:
    for i, value in enumerate(values):
        if type(value) is float:
            continue
        if value is None or (type(value) is int and abs(value) > LARGEST):
            values[i] = NAN
        elif type(value) is not int:
            return None
    return float(values[0]), float(values[1]), float(values[2])


def people_of(frame: Any, depth: int = 0) -> list[tuple[Any, Points]] | None:
    """The people of one frame with their points; None where nothing in it looks like one."""
    if frame is None:
        return []
    points = points_of(frame)
    if points is not None:
        return [(frame, points)]
    if depth > 3:
        return None
    if isinstance(frame, list):
        inner = [people_of(item, depth + 1) for item in frame]
        return None if any(one is None for one in inner) else [person for one in inner if one for person in one]
    if isinstance(frame, dict):
        keys = plain_keys(frame)
        for key in _PEOPLE:
            if key in keys and isinstance(keys[key], list | dict | None):
                return people_of(keys[key], depth + 1)
        if any(key in keys and not keys[key] for key in _POINTS):
            return []
    return None


def any_points(content: Any, fits: Callable[[Points], bool]) -> bool:
    """Whether one of the file's people has points that fit: the first frames are looked at, and every 50th."""
    frames, _ = frames_in(content)
    people = (person for frame in frames[:50] + frames[50::50] for person in people_of(frame) or [])
    return any(fits(points) for _, points in people)


def frames_in(content: Any) -> tuple[list[Any], str]:
    """The frames of a file, and a sentence where a list of people could be either one frame or one person over time."""
    if isinstance(content, dict):
        keys = plain_keys(content)
        listed = next((keys[key] for key in _FRAMES if isinstance(keys.get(key), list)), None)
        if listed is not None:
            return listed, ""
        poses = next((keys[key] for key in _PEOPLE if isinstance(keys.get(key), list)), None)
        if poses is not None and (len(poses) > MOST_PEOPLE_AT_ONCE or any(isinstance(one, list) for one in poses)):
            return frames_in(poses)
        return [content], ""
    if not isinstance(content, list):
        return [], ""
    alone = all(isinstance(one, dict) and points_of(one.get("pose", one)) is not None for one in content)
    if not content or not alone or frame_labels(content, ANY_FRAME) != list(range(len(content))):
        return content, ""
    if len(content) > MOST_PEOPLE_AT_ONCE:
        return content, f"a list of {len(content)} people is read as one person in as many frames"
    return [content], f"a list of {len(content)} people is read as one frame"


def named_video(opened: Opened, rename: Callable[[str], str] = str) -> RawVideo:
    """Everybody in a file, in JSON lines, or in a folder with a file per frame.

    Every name that anybody's points have is a joint, called what ``rename`` makes of it; "" leaves it out.

    Raises:
        UserError: a frame is none, or a person has no named points.
    """
    collector, note = Collector(opened.where), ""
    if opened.kind == "json folder":
        labelled = list(frames_of(opened))
        labels, frames = [label for label, _ in labelled], [content for _, content in labelled]
    else:
        frames, note = frames_in(opened.content)
        labels = frame_labels(frames, ANY_FRAME)
    found: list[tuple[int, Points, Any]] = []
    for i, frame in enumerate(frames):
        collector.add_frame(i, frame)
        people = people_of(frame)
        if people is None:
            raise collector.wrong(i, f"expected people with named points, found {shown(frame)}")
        for person, points in people:
            found.append((i, points, track_in(person, ANY_ID) if isinstance(person, dict) else None))
    own_names = dict.fromkeys(name for _, points, _ in found for name in points)
    names = {own: name for own in own_names if (name := rename(own))}
    for i, points, track in found:
        collector.add(i, np.array([points.get(own, _NOWHERE) for own in names], np.float64), track)
    collector.renumber(labels)
    collector.facts.look(opened.content)
    notes = [f"{opened.where}: {note}"] if note else []
    return collector.finish(opened.name, joint_names=tuple(names.values()), notes=notes)
