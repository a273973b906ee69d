"""CSV tables: wide (a row per frame, and person: x, y and maybe confidence of each joint, with or without a heading) or
long (a row per frame and joint: ``frame, landmark, x, y, visibility``). Headings decide what a column is.
"""

import re
from typing import Any

import numpy as np

from pn3d.data.joint_names import named_joints
from pn3d.detectors.array_shapes import require_known_count, unflatten
from pn3d.detectors.collecting import shown, track_label, track_numbers
from pn3d.detectors.csv_cells import Table, is_number
from pn3d.detectors.facts import VideoFactsFound, rate_in, seconds_of, size_in, time_in
from pn3d.detectors.frame_labels import frame_numbers
from pn3d.detectors.people_classes import PeopleClasses
from pn3d.detectors.records import NO_TRACK, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.detectors.table_columns import Columns, long_columns, wide_columns
from pn3d.files.errors import UserError

_NUMBERED = re.compile(r"^(?:[A-Za-z]*[_ .:-]*)?(\d+)$")
MOST_NUMBERED = 300


def read_table(opened: Opened, layout: str | None, category: str | None = None) -> list[RawVideo]:
    """Reads a table of one person or several; ``category``: the class to take instead of people.

    Raises:
        UserError: two rows for one person, frame and joint; two columns of one name; something that is not a number;
            no layout given where neither names nor the number of joints tell it.
    """
    table = Table(opened.content, opened.where)
    if table.heading is None:
        return [_without_heading(opened, table, layout)]
    columns = long_columns(table.heading, opened.where)
    if columns is None:
        columns = wide_columns(table.heading, opened.where)
        read = _wide
    else:
        read = _long
    notes = _one_video_of_people(opened.where, table, columns, category)
    raw = read(opened, table, columns, layout)
    raw.notes += notes
    return [raw]


def _one_video_of_people(where: str, table: Table, columns: Columns, category: str | None) -> list[str]:
    """Keeps the rows of people, and says which were left out; UserError where rows are of several videos."""
    if columns.video is not None:
        videos = sorted(set(table.labels(columns.video)))
        if len(videos) > 1:
            name = shown((table.heading or [])[columns.video])
            shown_videos = ", ".join(map(shown, videos[:4]))
            raise UserError(f"{where}: column {name} has {len(videos)} videos ({shown_videos}); give one at a time")
    if columns.label is None:
        if category is not None:
            raise UserError(f"{where}: --category {category}: the table has no column of classes")
        return []
    classes = PeopleClasses(where, category)
    labels = [classes.label(text) for text in table.labels(columns.label)]
    taken, notes = classes.chosen()
    table.keep = np.array([label in taken for label in labels])
    return notes


def _without_heading(opened: Opened, table: Table, layout: str | None) -> RawVideo:
    values = table.numbers(range(len(table.words)))
    joints = unflatten(values, layout, opened.where)
    leading = values[:, 0]
    has_frame = values.shape[1] % joints.shape[1] == 1 and bool(np.isfinite(leading).all())
    labels = leading.tolist() if has_frame else list(range(len(values)))
    numbers, notes = frame_numbers(labels, opened.where)
    confidence = joints[..., 2] if joints.shape[2] == 3 else np.full(joints.shape[:2], np.nan)
    if layout is None:
        require_known_count(opened.where, joints.shape[1])
    return _raw(opened, np.array(numbers), joints[..., :2], confidence, notes)


def _raw(
    opened: Opened, frame: np.ndarray, keypoints: np.ndarray, confidence: np.ndarray, notes: list[str], **facts: Any
) -> RawVideo:
    facts = {"track_id": np.full(len(frame), NO_TRACK, np.int64), "score": np.full(len(frame), np.nan), **facts}
    return RawVideo(
        name=opened.name,
        frame=frame.astype(np.int64),
        keypoints=keypoints,
        confidence=confidence,
        listed_frames=np.unique(frame).astype(np.int64),
        notes=notes,
        **facts,
    )


def _wide(opened: Opened, table: Table, columns: Columns, layout: str | None) -> RawVideo:
    """A row per frame and person."""
    names = tuple(columns.joints)
    order, joint_names = _joint_order(opened.where, names, layout)
    wanted = [axes[axis] for axes in columns.joints.values() for axis in (0, 1, 2) if axis in axes]
    values = table.numbers(wanted)
    place = {column: i for i, column in enumerate(wanted)}
    points = np.full((len(values), max(order) + 1, 3), np.nan)
    for joint, (_, axes) in zip(order, columns.joints.items(), strict=True):
        for axis in (0, 1, 2):
            if axis in axes:
                points[:, joint, axis] = values[:, place[axes[axis]]]
    frames, notes = _frames(opened.where, table, columns, len(values))
    frame, tracks = np.array(frames), _tracks(table, columns, len(values))
    repeated = _repeated(frame, tracks[0])
    if repeated is not None and (columns.person is not None or columns.detection is None):
        person = "" if columns.person is None else f" of person {table.labels(columns.person)[repeated]!r}"
        raise UserError(f"{opened.where}: two rows{person} for frame {_label(table, columns, repeated)}; expected one")
    facts, more = _facts(opened.where, table, columns, frame)
    return _raw(
        opened,
        frame,
        points[..., :2],
        points[..., 2],
        notes + more,
        track_id=tracks[1],
        joint_names=joint_names,
        names_may_be_unknown=True,
        **facts,
    )


def _long(opened: Opened, table: Table, columns: Columns, layout: str | None) -> RawVideo:
    """A row per frame, person and joint; joints by name, or by number."""
    if columns.frame is None or columns.joint is None:
        raise UserError(f"{opened.where}: a table with columns x and y needs a column 'frame' and a column 'landmark'")
    axes = columns.joints[""]
    values = table.numbers([axes[axis] for axis in (0, 1, 2) if axis in axes])
    labels = table.labels(columns.joint)
    names = tuple(dict.fromkeys(labels))
    if "" in names:
        row = labels.index("")
        raise UserError(f"{opened.where}: row {row + 1} of frame {_label(table, columns, row)} names no joint")
    order, joint_names = _joint_order(opened.where, names, layout)
    joint_of = dict(zip(names, order, strict=True))
    frames, notes = _frames(opened.where, table, columns, len(values))
    within, tracks = _tracks(table, columns, len(values))
    frame_of, frame_place = np.unique(np.array(frames), return_inverse=True)
    ids, id_place = np.unique(within, return_inverse=True)
    people, person = np.unique(frame_place * len(ids) + id_place, return_inverse=True)
    joint = np.array([joint_of[label] for label in labels])
    cell = person * (max(order) + 1) + joint
    if np.bincount(cell).max() > 1:
        first = int(np.setdiff1d(np.arange(len(cell)), np.unique(cell, return_index=True)[1])[0])
        raise UserError(
            f"{opened.where}: two rows for joint {labels[first]!r} in frame {_label(table, columns, first)}; expected "
            "one per person (a column person_id tells people apart)"
        )
    points = np.full((len(people), max(order) + 1, 3), np.nan)
    points[person, joint, : values.shape[1]] = values
    track = np.full(len(people), NO_TRACK, np.int64)
    track[person] = tracks
    facts, more = _facts(opened.where, table, columns, np.array(frames))
    return _raw(
        opened,
        frame_of[people // len(ids)],
        points[..., :2],
        points[..., 2],
        notes + more,
        track_id=track,
        joint_names=joint_names,
        names_may_be_unknown=True,
        **facts,
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


def _frames(where: str, table: Table, columns: Columns, rows: int) -> tuple[list[int], list[str]]:
    """Frame number of each row, and sentences."""
    notes = [f"{where}: left out: columns {', '.join(columns.left_out[:8])}"] if columns.left_out else []
    if columns.frame is None:
        if columns.time is not None:
            times = [_required(seconds_of(text), where, text) for text in table.labels(columns.time)]
            distinct = {time: i for i, time in enumerate(sorted(set(times)))}
            return [distinct[time] for time in times], notes
        return list(range(rows)), notes
    labels: list[Any] = table.labels(columns.frame)
    if (values := _floats(labels)) is not None or all(is_number(label) and label for label in labels):
        labels = [float(label.replace(",", ".")) for label in labels] if values is None else values
        if not all(abs(label) < 2**53 for label in labels):
            raise UserError(f"{where}: frame numbers must be numbers below 2^53")
    elif not all(labels):
        raise UserError(f"{where}: rows without a frame number")
    numbers, more = frame_numbers(labels, where)
    return numbers, notes + more


def _floats(texts: list[str]) -> list[float] | None:
    """The texts as numbers where all of them are."""
    try:
        return [float(text) for text in texts]
    except ValueError:
        return None


def _required(value: float | None, where: str, text: str) -> float:
    if value is None or not np.isfinite(value):
        raise UserError(f"{where}: expected a time, found {shown(text)}")
    return value


def _label(table: Table, columns: Columns, row: int) -> str:
    return shown(table.labels(columns.frame)[row]) if columns.frame is not None else str(row)


def _tracks(table: Table, columns: Columns, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows,) who within the frame, and (rows,) track ids; -1 where nothing tells."""
    nobody = np.full(rows, NO_TRACK, np.int64)
    if columns.person is not None:
        ids = track_numbers([track_label(_as_number(text)) for text in table.labels(columns.person)])
        return ids, ids
    if columns.detection is not None:
        return track_numbers([track_label(_as_number(text)) for text in table.labels(columns.detection)]), nobody
    return nobody, nobody


def _as_number(text: str) -> Any:
    return float(text) if text and is_number(text) and "," not in text else text


def _repeated(frame: np.ndarray, within: np.ndarray) -> int | None:
    """A row whose frame and person an earlier row has."""
    _, first = np.unique(np.stack([frame, within], axis=-1), axis=0, return_index=True)
    return None if len(first) == len(frame) else int(np.setdiff1d(np.arange(len(frame)), first)[0])


def _facts(where: str, table: Table, columns: Columns, frame: np.ndarray) -> tuple[dict[str, Any], list[str]]:
    """Rate, size and times of the columns that state them."""
    found = VideoFactsFound()
    heading = table.heading or []
    numbers = frame.tolist()
    if columns.time is not None:
        name, texts = heading[columns.time], table.labels(columns.time)
        if (values := _floats(texts)) is not None and (unit := time_in({name: 1.0})) is not None:
            found.times = dict(zip(reversed(numbers), reversed(values), strict=True))
            found.units.add(unit[1])
            texts = []
        for number, text in dict(zip(reversed(numbers), reversed(texts), strict=False)).items():
            if (time := time_in({name: _as_number(text)})) is not None:
                found.times.setdefault(number, time[0])
                found.units.add(time[1])
    facts = {kind: {text for text in table.labels(column) if text} for kind, column in columns.facts.items()}
    for text in facts.get("fps", ()):
        if (rate := rate_in({"fps": text})) is not None:
            found.rates.add(rate)
    for width in facts.get("width", ()):
        for height in facts.get("height", ()):
            if (size := size_in({"width": width, "height": height})) is not None:
                found.sizes.add(size)
    return found.as_fields(np.unique(frame), where)
