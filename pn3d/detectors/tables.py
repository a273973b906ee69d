"""CSV tables: wide (a row per frame, and person: x, y and maybe confidence of each joint, with or without a heading) or
long (a row per frame and joint: ``frame, landmark, x, y, visibility``). Headings decide what a column is.
"""

import re
from typing import Any

import numpy as np

from pn3d.data.joint_names import named_joints
from pn3d.detectors.array_shapes import require_known_count, unflatten
from pn3d.detectors.collecting import shown, track_label, track_numbers
from pn3d.detectors.csv_cells import Table, as_number
from pn3d.detectors.facts import VideoFactsFound, rate_in, size_in, time_in, time_of, time_unit_s
from pn3d.detectors.frame_labels import frame_numbers
from pn3d.detectors.people_classes import PeopleClasses
from pn3d.detectors.records import NO_TRACK, Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.detectors.table_columns import Columns, long_columns, wide_columns
from pn3d.files.errors import UserError

_NUMBERED = re.compile(r"^(?:[A-Za-z]*[_ .:-]*)?(\d+)$")
MOST_NUMBERED = 300


def read_keypoint_table(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads a table of one person or several; ``category``: the class to take instead of people.

    Raises:
        UserError: two rows for one person, frame and joint; two columns of one name; something that is not a number;
            no layout given where neither names nor the number of joints tell it.
    """
    table = Table(opened.content, opened.where)
    if table.heading is None and given.category is not None:
        raise UserError(f"{opened.where}: --category {given.category}: a table without headings has no classes")
    if table.heading is None:
        return [_without_heading(opened, table, given.layout)]
    columns = long_columns(table.heading, opened.where)
    if columns is None:
        columns = wide_columns(table.heading, opened.where)
        read = _wide
    else:
        read = _long
    numbers = [columns.frame, columns.person, columns.detection, columns.time]
    numbers += [column for axes in columns.joints.values() for column in axes.values()]
    texts = [columns.joint, columns.label, columns.video, *columns.facts.values()]
    table.read(*([column for column in some if column is not None] for some in (numbers, texts)))
    notes = _one_video_of_people(opened.where, table, columns, given.category)
    raw = read(opened, table, columns, given.layout)
    raw.notes += notes
    return [raw]


def _one_video_of_people(where: str, table: Table, columns: Columns, category: str | None) -> list[str]:
    """Keeps the rows of people, and says which were left out; UserError where rows are of several videos."""
    if columns.video is not None:
        videos = sorted(set(table.texts(columns.video)))
        if len(videos) > 1:
            name = shown((table.heading or [])[columns.video])
            shown_videos = ", ".join(map(shown, videos[:4]))
            raise UserError(f"{where}: column {name} has {len(videos)} videos ({shown_videos}); give one at a time")
    if columns.label is None:
        if category is not None:
            raise UserError(f"{where}: --category {category}: the table has no column of classes")
        return []
    classes = PeopleClasses(where, category)
    labels = [classes.label(text) for text in table.texts(columns.label)]
    taken, notes = classes.chosen()
    table.keep = np.array([label in taken for label in labels])
    return notes


def _without_heading(opened: Opened, table: Table, layout: str | None) -> RawVideo:
    table.read(range(len(table.words)))
    values = np.stack([table.numbers(column) for column in range(len(table.words))], axis=-1)
    joints = unflatten(values, layout, opened.where)
    leading = values[:, 0]
    has_frame = values.shape[1] % joints.shape[1] == 1 and bool(np.isfinite(leading).all())
    numbers, notes = frame_numbers(leading if has_frame else np.arange(len(values)), opened.where)
    if layout is None:
        require_known_count(opened.where, joints.shape[1])
    unsure = np.full((*joints.shape[:2], 3 - joints.shape[2]), np.nan)
    return _raw(opened, numbers, np.concatenate([joints, unsure], axis=-1), notes)


def _raw(opened: Opened, frame: np.ndarray, points: np.ndarray, notes: list[str], **facts: Any) -> RawVideo:
    """Of (D, K, 3) x, y, confidence; columns that are no joints are left out aloud."""
    facts = {"track_id": np.full(len(frame), NO_TRACK, np.int64), **facts}
    return RawVideo(
        name=opened.name,
        frame=frame.astype(np.int64),
        keypoints=points[..., :2],
        confidence=points[..., 2],
        names_may_be_unknown=True,
        listed_frames=np.unique(frame).astype(np.int64),
        notes=notes,
        **facts,
    )


def _wide(opened: Opened, table: Table, columns: Columns, layout: str | None) -> RawVideo:
    """A row per frame and person."""
    names = tuple(columns.joints)
    order, joint_names = _joint_order(opened.where, names, layout)
    frame, notes = _frames(opened.where, table, columns)
    within, track = _tracks(table, columns, len(frame))
    points = np.full((len(frame), max(order) + 1, 3), np.nan)
    for joint, axes in zip(order, columns.joints.values(), strict=True):
        for axis in (0, 1, 2):
            if axis in axes:
                points[:, joint, axis] = table.numbers(axes[axis])
    repeated = _repeated(_places(frame, within)[2])
    if repeated is not None and (columns.person is not None or columns.detection is None):
        person = "" if columns.person is None else f" of person {table.texts(columns.person)[repeated]!r}"
        raise UserError(f"{opened.where}: two rows{person} for frame {_label(table, columns, repeated)}; expected one")
    facts, more = _facts(opened.where, table, columns, frame)
    return _raw(opened, frame, points, notes + more, track_id=track, joint_names=joint_names, **facts)


def _long(opened: Opened, table: Table, columns: Columns, layout: str | None) -> RawVideo:
    """A row per frame, person and joint; joints by name, or by number."""
    if (columns.frame is None and columns.time is None) or columns.joint is None:
        raise UserError(f"{opened.where}: a table with columns x and y needs a column 'frame' and a column 'landmark'")
    labels = table.texts(columns.joint)
    names = tuple(dict.fromkeys(labels))
    if "" in names:
        row = labels.index("")
        raise UserError(f"{opened.where}: row {row + 1} of frame {_label(table, columns, row)} names no joint")
    order, joint_names = _joint_order(opened.where, names, layout)
    joint_of = dict(zip(names, order, strict=True))
    joint = np.array([joint_of[label] for label in labels])
    frame, notes = _frames(opened.where, table, columns)
    within, tracks = _tracks(table, columns, len(frame))
    listed, ids, place = _places(frame, within)
    people, person = np.unique(place, return_inverse=True)
    repeated = _repeated(person * (max(order) + 1) + joint)
    if repeated is not None:
        raise UserError(
            f"{opened.where}: two rows for joint {labels[repeated]!r} in frame {_label(table, columns, repeated)}; "
            "expected one per person (a column person_id tells people apart)"
        )
    points = np.full((len(people), max(order) + 1, 3), np.nan)
    for axis, column in columns.joints[""].items():
        points[person, joint, axis] = table.numbers(column)
    track = np.full(len(people), NO_TRACK, np.int64)
    track[person] = tracks
    facts, more = _facts(opened.where, table, columns, frame)
    return _raw(
        opened, listed[people // len(ids)], points, notes + more, track_id=track, joint_names=joint_names, **facts
    )


def _joint_order(where: str, names: tuple[str, ...], layout: str | None) -> tuple[list[int], tuple[str, ...] | None]:
    """For each name its joint's place, and the names themselves where they are those of joints.

    Numbers are places, wherever their columns stand; joints of no name known here need a layout.
    """
    numbered = [_NUMBERED.match(name) for name in names]
    known = named_joints(names)
    if any(known.joints):
        return list(range(len(names))), names
    numbers = [int(found[1]) for found in numbered if found]
    if len(numbers) == len(names) and max(numbers, default=0) < MOST_NUMBERED:
        if len(set(numbers)) < len(numbers):
            raise UserError(f"{where}: two joints have one number")
        first = 0 if 0 in numbers else 1
        if layout is None:
            require_known_count(where, max(numbers) - first + 1)
        return [number - first for number in numbers], None
    numeric = [name for name, found in zip(names, numbered, strict=True) if found]
    if numeric and len(numeric) < len(names):
        others = ", ".join(shown(name) for name in names if name not in numeric)[:80]
        raise UserError(f"{where}: joints are numbered, but for {others}; expected numbers or names throughout")
    if layout is None:
        raise UserError(f"{where}: joints {', '.join(map(shown, names[:4]))} … are not known here; give --layout NAME")
    return list(range(len(names))), None


def _frames(where: str, table: Table, columns: Columns) -> tuple[np.ndarray, list[str]]:
    """(rows,) int64 frame number of each row, and sentences."""
    notes = [f"{where}: left out: columns {', '.join(columns.left_out[:8])}"] if columns.left_out else []
    if columns.frame is None and columns.time is None:
        return np.arange(len(table.numbers(next(iter(next(iter(columns.joints.values())).values()))))), notes
    if columns.frame is None:
        assert columns.time is not None
        times = table.numbers_or_none(columns.time)
        if times is None:
            times = np.array([_required(time_of(text), where, text) for text in table.texts(columns.time)])
        if not np.isfinite(times).all():
            raise UserError(f"{where}: rows without a time, and no frame numbers")
        return np.unique(times, return_inverse=True)[1], notes
    numbers = table.numbers_or_none(columns.frame)
    labels: Any = table.texts(columns.frame) if numbers is None else numbers
    if not (all(labels) if numbers is None else np.isfinite(numbers).all()):
        raise UserError(f"{where}: rows without a frame number")
    if numbers is not None and not (np.abs(numbers) < 2**53).all():
        raise UserError(f"{where}: frame numbers must be numbers below 2^53")
    found, more = frame_numbers(labels, where)
    return found, notes + more


def _required(value: float | None, where: str, text: str) -> float:
    if value is None or not np.isfinite(value):
        raise UserError(f"{where}: expected a time, found {shown(text)}")
    return value


def _label(table: Table, columns: Columns, row: int) -> str:
    return shown(table.texts(columns.frame)[row]) if columns.frame is not None else str(row)


def _tracks(table: Table, columns: Columns, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows,) who within the frame, and (rows,) track ids; -1 where nothing tells."""
    nobody = np.full(rows, NO_TRACK, np.int64)
    if columns.person is not None:
        ids = _ids(table, columns.person)
        return ids, ids
    return (nobody if columns.detection is None else _ids(table, columns.detection)), nobody


def _ids(table: Table, column: int) -> np.ndarray:
    """(rows,) int64 numbers of people, -1 where a row has none."""
    values = table.numbers_or_none(column)
    if values is not None and not (values % 1 > 0).any() and not (values > 2**53).any():
        return np.where(values >= 0, values, NO_TRACK).astype(np.int64)
    return track_numbers([track_label(_as_number(text)) for text in table.texts(column)])


def _as_number(text: str) -> Any:
    number = as_number(text, decimal_comma=False)
    return text if number is None else number


def _places(frame: np.ndarray, within: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames and people in order, and (rows,) the place of each row in a table of the ones by the others."""
    frames, frame_place = np.unique(frame, return_inverse=True)
    ids, id_place = np.unique(within, return_inverse=True)
    return frames, ids, frame_place * len(ids) + id_place


def _repeated(place: np.ndarray) -> int | None:
    """A row whose place an earlier row has."""
    if np.bincount(place).max() < 2:
        return None
    return int(np.setdiff1d(np.arange(len(place)), np.unique(place, return_index=True)[1])[0])


def _facts(where: str, table: Table, columns: Columns, frame: np.ndarray) -> tuple[dict[str, Any], list[str]]:
    """Rate, size and times of the columns that state them."""
    found = VideoFactsFound()
    listed, first = np.unique(frame, return_index=True)
    if columns.time is not None:
        name, values = (table.heading or [])[columns.time], table.numbers_or_none(columns.time)
        if values is not None:
            found.times = dict(zip(listed.tolist(), values[first].tolist(), strict=True))
            found.units.add(time_unit_s(name))
        texts = table.texts(columns.time) if values is None else []
        for number, row in zip(listed.tolist(), first.tolist(), strict=True) if texts else ():
            if (time := time_in({name: texts[row]})) is not None:
                found.times[number] = time[0]
                found.units.add(time[1])
        if not found.times:
            found.left_out.append(name)
    facts = {kind: {text for text in table.texts(column) if text} for kind, column in columns.facts.items()}
    for text in facts.get("fps", ()):
        if (rate := rate_in({"fps": text})) is not None:
            found.rates.add(rate)
    for width in facts.get("width", ()):
        for height in facts.get("height", ()):
            if (size := size_in({"width": width, "height": height})) is not None:
                found.sizes.add(size)
    return found.as_fields(listed, where)
