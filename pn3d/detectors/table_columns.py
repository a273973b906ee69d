"""What the columns of a table are, by their headings: joints, frame, person, time, facts, and what is left out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pn3d.detectors.collecting import shown
from pn3d.detectors.facts import is_time_key
from pn3d.detectors.key_words import ANY_ID, FRAMES, WORDS, plain_key
from pn3d.files.errors import UserError

_CONFIDENCES = WORDS["confidences"]
AXIS_OF = {"x": 0, "y": 1, "z": 3, **dict.fromkeys(_CONFIDENCES, 2)}
_AXES = "|".join(sorted((*_CONFIDENCES, "x", "y", "z"), key=len, reverse=True))
_AXIS_FIRST = re.compile(rf"^({_AXES})(?:[_ .:-]*(\d+)|[_ .:-]+(.+))$", re.IGNORECASE)
_UNIT = r"(?:[_ ]?[(\[]?(?:px|pixels?|coord|%))?[)\]]?"
_AXIS_LAST = re.compile(rf"^(.+?)(?:[_ .:/(\[-]+|(?-i:(?<=[a-z0-9])(?=[A-Z]))|(?<=\d))({_AXES}){_UNIT}$", re.IGNORECASE)
_FACTS = {"fps": "fps", "framerate": "fps", "width": "width", "height": "height"}
_FACTS |= {f"{of}{side}": side for of in ("image", "img", "frame", "video", "canvas") for side in ("width", "height")}
_NO_JOINTS = (*_FACTS, *WORDS["person_scores"], *WORDS["detections"])


@dataclass
class Columns:
    """Indices of columns; None where there is none.

    Attributes:
        joints: name of a joint -> axis (0 x, 1 y, 2 confidence, 3 z, which is not used) -> column; in a table with a
            row per joint under the name "".
        joint: column of the joint's name or number, in a table with a row per joint.
        person: column of people's ids; ``detection``: of a number that is unique within the frame only.
        score: column of a person's score, which is not used.
        label: column of the class; ``video``: of the name of the video or camera.
        facts: "fps", "width" or "height" -> column.
        left_out: headings of columns that say nothing known.
    """

    joints: dict[str, dict[int, int]] = field(default_factory=dict)
    frame: int | None = None
    joint: int | None = None
    person: int | None = None
    detection: int | None = None
    time: int | None = None
    score: int | None = None
    label: int | None = None
    video: int | None = None
    facts: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def long_columns(heading: list[str], where: str) -> Columns | None:
    """Columns of a table with a row per frame and joint; None where it has no columns x and y."""
    plain = _plain(heading, where)
    x, y = _first(plain, WORDS["x"]), _first(plain, WORDS["y"])
    if x is None or y is None:
        return None
    columns = Columns()
    columns.frame = _first(plain, FRAMES)
    columns.joint = _first(plain, WORDS["joints"])
    if columns.frame is None and columns.joint is not None and plain.get("index") not in (None, columns.joint):
        columns.frame = plain["index"]
    taken = {columns.frame, columns.joint}
    columns.person = _first(plain, [name for name in ANY_ID if plain.get(name) not in taken])
    columns.joints = {"": {0: x, 1: y}}
    confidence = _first(plain, ["visibility", "confidence", "conf", "score", *_CONFIDENCES])
    if confidence is not None:
        columns.joints[""][2] = confidence
    taken |= {columns.person, *columns.joints[""].values(), plain.get("z")}
    _other_columns(columns, heading, taken)
    return columns


def wide_columns(heading: list[str], where: str) -> Columns:
    """Columns of a table with a row per frame (and person); UserError where it has no joints."""
    plain = _plain(heading, where)
    columns = Columns()
    columns.frame = _first(plain, [*FRAMES, "index", ""])
    columns.person = _first(plain, [name for name in ANY_ID if plain.get(name) != columns.frame])
    taken: set[int | None] = {columns.frame, columns.person}
    boxes = []
    for i, word in enumerate(heading):
        key = plain_key(word)
        if i in taken or is_time_key(word) or key in _NO_JOINTS:
            continue
        found = _axis(word)
        if found is None:
            continue
        joint, axis = found
        if re.search(r"b(ounding)?_?box|^box|^rect", joint, re.IGNORECASE):
            boxes.append(i)
            continue
        axes = columns.joints.setdefault(joint, {})
        if axis in axes and axis != 2:
            raise UserError(f"{where}: two columns for {shown(joint)}: {heading[axes[axis]]} and {word}")
        axes.setdefault(axis, i)
        taken.add(i)
    _other_columns(columns, heading, taken)
    for joint, axes in list(columns.joints.items()):
        if 0 not in axes and 1 not in axes:  # a lone "presence" or "z"
            columns.left_out += [heading[i] for i in axes.values()]
            del columns.joints[joint]
    lacking = [joint for joint, axes in columns.joints.items() if 0 not in axes or 1 not in axes]
    if lacking:
        raise UserError(
            f"{where}: joint {shown(lacking[0])} has no {'x' if 0 not in columns.joints[lacking[0]] else 'y'} column"
        )
    if not columns.joints:
        raise UserError(f"{where}: no column of a joint; expected names such as nose_x, nose_y, x0, y0")
    return columns


def _plain(heading: list[str], where: str) -> dict[str, int]:
    """Plain heading -> column; UserError for a heading that is there twice."""
    plain: dict[str, int] = {}
    for i, word in enumerate(heading):
        if word and heading.index(word) != i:
            raise UserError(f"{where}: two columns are called {shown(word)}; expected each once")
        plain.setdefault(plain_key(word), i)
    return plain


def _first(plain: dict[str, int], names: Sequence[str]) -> int | None:
    return next((plain[name] for name in names if name in plain), None)


def _axis(word: str) -> tuple[str, int] | None:
    """(joint, axis) of a heading such as nose_x, x0, LeftKneeX, nose.visibility."""
    if found := _AXIS_FIRST.match(word):
        return (found[2] or found[3]).strip("_ .:-"), AXIS_OF[found[1].lower()]
    if found := _AXIS_LAST.match(word):
        return found[1].strip("_ .:-"), AXIS_OF[found[2].lower()]
    return None


def _other_columns(columns: Columns, heading: list[str], taken: set[int | None]) -> None:
    """Time, person in the frame, facts and scores; the rest is left out."""
    for i, word in enumerate(heading):
        if i in taken:
            continue
        key = plain_key(word)
        if is_time_key(word) and columns.time is None:
            columns.time = i
        elif key in WORDS["detections"] and columns.detection is None:
            columns.detection = i
        elif key in _FACTS and _FACTS[key] not in columns.facts:
            columns.facts[_FACTS[key]] = i
        elif key in WORDS["person_scores"] and columns.score is None:
            columns.score = i
        elif key in WORDS["videos"] and columns.video is None:
            columns.video = i
        elif key in WORDS["classes"] and columns.label is None:
            columns.label = i
        elif word:
            columns.left_out.append(word)
