"""JSON in which every point carries its name, in it or as its key: what the readers of such files share.

A point is ``{x, y}``, ``{position: {x, y}}``, or ``[x, y]`` with a score behind; a person is a list or an object of
points, or has it under ``keypoints``, ``joints``, …; a frame is a person, a list of people, or has it under ``poses``,
``people``, …; a file is a list of frames, or has it under ``frames``.
"""

from typing import Any

import numpy as np

from pn3d.detectors.collecting import Collector, shown
from pn3d.detectors.facts import plain_key
from pn3d.detectors.records import RawVideo

Points = dict[str, tuple[float, float, float]]

_NAMES = ("part", "name", "joint", "jointname", "identifier", "bodypart", "label", "keypoint", "type")
_PLACES = ("position", "location", "point", "pixel", "coordinates", "position2d")
_SCORES = ("score", "confidence", "likelihood", "visibility", "probability", "confidencelevel", "inframelikelihood")
_POINTS = ("keypoints", "joints", "points", "landmarks", "recognizedpoints", "bodyparts", "jointpositions")
_PEOPLE = ("poses", "people", "bodies", "persons", "observations", "skeletons", "pose", "body", "person", "predictions")
_FRAMES = ("frames", "data", "results", "video")
_LABELS = ("frame", "frameindex", "frameid", "framenumber", "frameidx", "index")
_TRACKS = ("id", "trackid", "personid", "bodyid", "idx", "uuid")
MOST_NAMES = 600
MOST_PEOPLE_AT_ONCE = 6
"""A longer list of people is one person over time (MoveNet finds 6 at most, PoseNet 5 unless told otherwise)."""


def plain(value: dict[Any, Any]) -> dict[str, Any]:
    """An object under plain keys."""
    return {plain_key(str(key)): one for key, one in value.items()}


def points_of(person: Any) -> Points | None:
    """The named points of one person; None where it has none."""
    if isinstance(person, dict):
        keys = plain(person)
        inner = next((keys[key] for key in _POINTS if isinstance(keys.get(key), dict | list)), None)
        if inner is not None and inner is not person:
            return points_of(inner) if not isinstance(inner, dict) else _under_names(inner)
        return _under_names(person)
    if not isinstance(person, list) or not person or len(person) > MOST_NAMES:
        return None
    found: Points = {}
    for point in person:
        keys = plain(point) if isinstance(point, dict) else {}
        name = next((keys[key] for key in _NAMES if isinstance(keys.get(key), str)), None)
        place = _place(point)
        if name is None or place is None or name in found:
            return None
        found[name] = place
    return found


def _under_names(content: dict[Any, Any]) -> Points | None:
    found = {
        str(key): place
        for key, value in list(content.items())[:MOST_NAMES]
        if plain_key(str(key)) not in ("box", "bbox", "boundingbox", "image", "size")
        and isinstance(value, dict | list)
        and (place := _place(value)) is not None
    }
    return found if len(found) >= 4 else None


def _place(point: Any) -> tuple[float, float, float] | None:
    """x, y and score (NaN where there is none); null is a missing point, anything that is no number is no point."""
    values: list[Any]
    if isinstance(point, dict):
        keys = plain(point)
        where = next((keys[key] for key in _PLACES if isinstance(keys.get(key), dict | list)), point)
        inner = plain(where) if isinstance(where, dict) else dict(zip("xy", where, strict=False))
        if "x" not in inner or "y" not in inner or (isinstance(where, list) and len(where) != 2):
            return None
        values = [inner["x"], inner["y"], next((keys[key] for key in _SCORES if key in keys), None)]
    elif isinstance(point, list) and len(point) in (2, 3):
        values = [*point, None][:3]
    else:
        return None
    if not all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return None
    x, y, score = (float("nan") if value is None or abs(value) > 1e300 else float(value) for value in values)
    return x, y, score


def people_of(frame: Any, depth: int = 0) -> list[Any] | None:
    """The people of one frame, as objects; None where nothing in it looks like one."""
    if frame is None:
        return []
    if points_of(frame) is not None:
        return [frame]
    if depth > 3:
        return None
    if isinstance(frame, list):
        inner = [people_of(item, depth + 1) for item in frame]
        return None if any(one is None for one in inner) else [person for one in inner if one for person in one]
    if isinstance(frame, dict):
        keys = plain(frame)
        for key in _PEOPLE:
            if key in keys and isinstance(keys[key], list | dict | None):
                return people_of(keys[key], depth + 1)
        if any(key in keys and not keys[key] for key in _POINTS):
            return []
    return None


def frames_in(content: Any) -> tuple[list[Any], str]:
    """The frames of a file, and a sentence where a list of people could be either one frame or one person over time."""
    if isinstance(content, dict):
        keys = plain(content)
        listed = next((keys[key] for key in _FRAMES if isinstance(keys.get(key), list)), None)
        return ([content], "") if listed is None else (listed, "")
    if not isinstance(content, list):
        return [], ""
    alone = [isinstance(one, dict) and points_of(one.get("pose", one)) is not None for one in content]
    if not alone or not all(alone) or any(_label(one) is not None for one in content):
        return content, ""
    if len(content) > MOST_PEOPLE_AT_ONCE:
        return content, f"a list of {len(content)} people is read as one person in as many frames"
    return [content], f"a list of {len(content)} people is read as one frame"


def _label(frame: Any) -> Any:
    keys = plain(frame) if isinstance(frame, dict) else {}
    return next((keys[key] for key in _LABELS if isinstance(keys.get(key), int | float | str)), None)


class NamedPeople:
    """Collects people whose points have names; every name that any of them has becomes a column."""

    def __init__(self, where: str) -> None:
        self.collector = Collector(where)
        self.found: list[tuple[int, Points, Any, Any]] = []
        self.labels: list[Any] = []

    def add_frames(self, frames: list[Any]) -> None:
        """All people of all frames.

        Raises:
            UserError: a frame is none, or a person has no named points.
        """
        for i, frame in enumerate(frames):
            label = _label(frame)
            self.labels.append(i if label is None else label)
            self.collector.add_frame(i, frame)
            people = people_of(frame)
            if people is None:
                raise self.collector.wrong(i, f"expected people with named points, found {shown(frame)}")
            for person in people:
                keys = plain(person) if isinstance(person, dict) else {}
                track = next((keys[key] for key in _TRACKS if isinstance(keys.get(key), int | float | str)), None)
                score = next((keys[key] for key in ("score", "confidence") if key in keys), None)
                self.found.append((i, points_of(person) or {}, track, score))

    def with_names(
        self, i: int, frame: Any, names: list[str], positions: tuple[str, ...], scores: tuple[str, ...]
    ) -> dict[str, Any]:
        """Frame ``i``, whose bodies have lists of positions in the order of ``names``, with named points instead.

        Raises:
            UserError: a body has no such list, one of another length, or one of 3D positions.
        """
        if not isinstance(frame, dict) or not isinstance(frame.get("bodies", []), list):
            raise self.collector.wrong(i, f"expected an object with 'bodies', found {shown(frame)}")
        bodies = []
        for body in frame.get("bodies", []):
            keys = plain(body) if isinstance(body, dict) else {}
            key = next((one for one in positions if one in keys), None)
            if key is None:
                raise self.collector.wrong(i, f"expected a body with {', '.join(positions[:3])}, found {shown(body)}")
            places = self.collector.numbers(keys[key], i)
            if places.ndim == 2 and places.shape[1] == 3:
                raise self.collector.wrong(i, "positions are 3D (millimetres?); expected places in the picture (2D)")
            rows = self.collector.pairs(places, next((keys[one] for one in scores if one in keys), None), i)
            if rows is None or len(rows) != len(names):
                raise self.collector.wrong(i, f"{len(names)} joint names, but positions of shape {places.shape}")
            joints = dict(zip(names, rows.tolist(), strict=True))
            bodies.append({"id": keys.get("bodyid"), "joints": joints})
        return {**frame, "bodies": bodies}

    def raw(self, name: str, rename: dict[str, str] | None = None, **facts: Any) -> RawVideo:
        """As one RawVideo; names found in ``rename`` become those, "" leaves a point out."""
        rename = rename or {}
        names: dict[str, int] = {}
        for _, points, _, _ in self.found:
            for point in points:
                if rename.get(point, point):
                    names.setdefault(point, len(names))
        for frame, points, track, score in self.found:
            rows = np.full((len(names), 3), np.nan)
            for point, place in points.items():
                if point in names:
                    rows[names[point]] = place
            self.collector.add(frame, rows, track, score)
        self.collector.renumber(self.labels)
        shown_names = tuple(rename.get(point, point) for point in names)
        return self.collector.finish(name, joint_names=shown_names, **facts)
