"""Arrays ``(T, J, 2 or 3)`` in npy or npz, and CSV tables, which name nothing or name columns.

Tables are wide (a row per frame: x, y and maybe confidence or z of each joint, with or without a heading, with or
without a column of frame numbers) or long (a row per frame and joint: ``frame, landmark, x, y, visibility``).
"""

import re
from typing import Any

import numpy as np

from pn3d.detectors.collecting import shown
from pn3d.detectors.layouts import DETECTOR_LAYOUTS, detector_layout
from pn3d.detectors.records import NO_TRACK, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.files.errors import UserError

_AXES = {"x": 0, "y": 1, "c": 2, "v": 2, "p": 2, "s": 2, "z": 3}
_AXES |= dict.fromkeys(("conf", "confidence", "score", "vis", "visibility", "likelihood", "prob"), 2)
_FRAME_COLUMNS = ("frame", "frame_id", "frame_index", "frame_number", "frame_num", "image_id", "index", "")
_JOINT_COLUMNS = ("landmark", "landmark_id", "joint", "joint_id", "keypoint", "keypoint_id", "id", "name", "point")
_IGNORED_COLUMNS = ("time", "timestamp", "timestamp_ms", "time_ms", "label", "class", "presence")
_AXIS_FIRST = re.compile(r"^(x|y|z|c|v|p|s|conf|confidence|score|vis|visibility)[_ .]?(\d+|[_ .].+)$")
_AXIS_LAST = re.compile(r"^(.+?)[_ .]?(?<![a-z])(x|y|z|c|v|p|s|conf|confidence|score|vis|visibility|likelihood|prob)$")


def read_array(opened: Opened, layout: str | None) -> list[RawVideo]:
    """Reads an array or table of one person.

    Raises:
        UserError: another shape, something that is not a number, or no layout given where the number of joints alone
            does not tell it.
    """
    names: tuple[str, ...] | None = None
    frame = None
    if opened.kind == "text":
        frame, values, names = _table(opened, layout)
    else:
        values = _array(opened)
        if values.ndim == 2:
            values = _unflatten(values, layout, opened.where)
    if values.ndim != 3 or values.shape[2] not in (2, 3) or 0 in values.shape:
        raise UserError(f"{opened.where}: expected an array (frames, joints, 2 or 3), found {values.shape}")
    frames, joints = values.shape[:2]
    if layout is None and names is None:
        _require_known_count(opened.where, joints)
    confidence = values[..., 2] if values.shape[2] == 3 else np.full((frames, joints), np.nan)
    if not _is_confidence(confidence):
        raise UserError(
            f"{opened.where}: the third number of joints must be a confidence from 0 to 1, found "
            f"{np.nanmin(confidence):g} to {np.nanmax(confidence):g} (3D, or percent?)"
        )
    number = np.arange(frames) if frame is None else frame
    return [
        RawVideo(
            name=opened.name,
            frame=number,
            keypoints=values[..., :2],
            confidence=confidence,
            track_id=np.full(frames, NO_TRACK, np.int64),
            score=np.full(frames, np.nan),
            listed_frames=np.unique(number),
            joint_names=names if layout is None else None,
        )
    ]


def _is_confidence(values: np.ndarray) -> bool:
    """Mostly within [0, 1.5]: detectors exceed 1 now and then, depths and percents exceed it always."""
    known = values[np.isfinite(values)]
    return not len(known) or (np.quantile(known, 0.05) >= -1e-6 and np.quantile(known, 0.75) <= 1.5)


def _require_known_count(where: str, joints: int) -> None:
    fitting = [name for name, known in DETECTOR_LAYOUTS.items() if known.count == joints]
    if len(fitting) != 1 or joints < 26:
        fits = f" ({joints} joints fit {' or '.join(fitting)})" if fitting else ""
        raise UserError(f"{where}: an array does not say what its joints are; give --layout NAME{fits}")


def _array(opened: Opened) -> np.ndarray:
    """The array of an npy file, or the only one of an npz."""
    content: Any = opened.content
    if isinstance(content, dict):
        numeric = {key: a for key, a in content.items() if isinstance(a, np.ndarray) and a.dtype.kind in "fiu"}
        shaped = {key: a for key, a in numeric.items() if a.ndim == 3 and a.shape[2] in (2, 3)}
        if len(shaped) != 1:
            raise UserError(
                f"{opened.where}: expected one array (frames, joints, 2 or 3), a native keypoint file or a "
                f"VideoPose3D file, found {shown(content)}"
            )
        content = next(iter(shaped.values()))
    if not isinstance(content, np.ndarray):
        raise UserError(f"{opened.where}: expected an array, found {shown(content)}")
    return content.astype(np.float64)


def _unflatten(values: np.ndarray, layout: str | None, where: str) -> np.ndarray:
    """(T, columns) -> (T, J, 2 or 3), a leading column of frame numbers left out."""
    frames, columns = values.shape
    counts = sorted({known.count for known in DETECTOR_LAYOUTS.values() if known.count >= 26})
    if layout is not None:
        counts = [detector_layout(layout).count]
    for joints in counts:
        for width in (3, 2):
            if columns in (joints * width, joints * width + 1):
                return values[:, columns - joints * width :].reshape(frames, joints, width)
        if columns in (joints * 4, joints * 4 + 1):  # x, y, z, visibility
            return values[:, columns - joints * 4 :].reshape(frames, joints, 4)[..., [0, 1, 3]]
    expected = f"2 or 3 for each of {counts[0]} joints" if layout is not None else "a --layout to tell their meaning"
    raise UserError(f"{where}: {columns} numbers per row; expected {expected}")


def _table(opened: Opened, layout: str | None) -> tuple[np.ndarray | None, np.ndarray, tuple[str, ...] | None]:
    """Frame numbers (T,) or None, values (T, J, 2 or 3), and joint names where the heading has a known body's."""
    lines = [line for line in opened.content.splitlines() if line.strip()]
    if not lines:
        raise UserError(f"{opened.where}: empty file; expected a table of keypoints")
    separator = next((mark for mark in (",", ";", "\t") if mark in lines[0]), None)
    heading = [word.strip().strip('"').lower() for word in lines[0].split(separator)]
    if all(_is_number(word) for word in heading):
        values = _numbers(opened.where, lines, separator, range(len(heading)), 1)
        return _with_frame_column(values, layout, opened.where)
    if "x" in heading and "y" in heading:
        return _long_table(opened.where, lines, separator, heading)
    return _wide_table(opened.where, lines, separator, heading)


def _with_frame_column(
    values: np.ndarray, layout: str | None, where: str
) -> tuple[np.ndarray | None, np.ndarray, tuple[str, ...] | None]:
    joints = _unflatten(values, layout, where)
    leading = values[:, 0]
    has_frame = values.shape[1] % joints.shape[1] == 1
    usable = has_frame and np.isfinite(leading).all() and (np.abs(leading) < 2**53).all()
    return (leading.astype(np.int64) if usable else None), joints, None


def _wide_table(
    where: str, lines: list[str], separator: str | None, heading: list[str]
) -> tuple[np.ndarray | None, np.ndarray, tuple[str, ...] | None]:
    """A heading such as ``frame, nose_x, nose_y, nose_c, …`` or ``x1, y1, z1, v1, …``."""
    columns: dict[str, dict[int, int]] = {}
    frame_column = None
    for i, word in enumerate(heading):
        if word in _FRAME_COLUMNS:
            frame_column = i
        elif word not in _IGNORED_COLUMNS:
            found = _AXIS_FIRST.match(word) or _AXIS_LAST.match(word)
            if found is None:
                raise UserError(
                    f"{where}: column {i + 1} is {shown(word)}; expected names such as nose_x, nose_y, x0, y0"
                )
            axis, joint = (found[1], found[2]) if _AXIS_FIRST.match(word) else (found[2], found[1])
            columns.setdefault(joint.strip("_ ."), {})[_AXES[axis]] = i
    lacking = [joint for joint, axes in columns.items() if 0 not in axes or 1 not in axes]
    if lacking or not columns:
        raise UserError(f"{where}: joint {shown(lacking[0]) if lacking else '?'} has no x and y column")
    width = 3 if all(2 in axes for axes in columns.values()) else 2
    wanted = [axes[axis] for axes in columns.values() for axis in range(width)]
    table = _numbers(where, lines[1:], separator, wanted + ([] if frame_column is None else [frame_column]), 2)
    values = table[:, : len(wanted)].reshape(len(table), len(columns), width)
    names = tuple(joint.replace(" ", "_") for joint in columns)
    named = any(name in ("nose", "left_hip", "left_shoulder", "lefthip") for name in names)
    frame = None if frame_column is None else _frame_column(where, table[:, -1])
    return frame, values, names if named else None


def _long_table(
    where: str, lines: list[str], separator: str | None, heading: list[str]
) -> tuple[np.ndarray | None, np.ndarray, tuple[str, ...] | None]:
    """``frame, landmark, x, y, z, visibility``: joints in the order of the first frame."""
    frame_column = next((i for i, word in enumerate(heading) if word in _FRAME_COLUMNS[:-1]), None)
    joint_column = next((heading.index(word) for word in _JOINT_COLUMNS if word in heading), None)
    if frame_column is None or joint_column is None:
        raise UserError(f"{where}: a table with columns x and y needs a column 'frame' and a column 'landmark'")
    confidence = next((i for i, word in enumerate(heading) if _AXES.get(word) == 2), None)
    wanted = [frame_column, heading.index("x"), heading.index("y")] + ([] if confidence is None else [confidence])
    table = _numbers(where, lines[1:], separator, wanted, 2)
    labels = [line.split(separator)[joint_column].strip().strip('"').lower() for line in lines[1:]]
    joints = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    frame, row = np.unique(_frame_column(where, table[:, 0]), return_inverse=True)
    values = np.full((len(frame), len(joints), len(wanted) - 1), np.nan)
    values[row, [joints[label] for label in labels]] = table[:, 1:]
    named = "nose" in joints or "left_hip" in joints
    return frame, values, tuple(joints) if named else None


def _frame_column(where: str, values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all() or (np.abs(values) >= 2**53).any() or (values != np.floor(values)).any():
        raise UserError(f"{where}: frame numbers must be whole numbers")
    return values.astype(np.int64)


def _numbers(where: str, lines: list[str], separator: str | None, columns: Any, first_line: int) -> np.ndarray:
    """These columns as float64; empty cells are NaN."""
    wanted = list(columns)
    rows = []
    for number, line in enumerate(lines, first_line):
        words = line.split(separator)
        if len(words) <= max(wanted):
            raise UserError(f"{where}: line {number}: expected at least {max(wanted) + 1} columns, found {len(words)}")
        try:
            rows.append([float(words[i].strip().strip('"') or "nan") for i in wanted])
        except ValueError:
            odd = next(words[i] for i in wanted if not _is_number(words[i].strip().strip('"') or "nan"))
            raise UserError(f"{where}: line {number}: expected a number, found {shown(odd)}") from None
    if not rows:
        raise UserError(f"{where}: a heading and no rows; expected one row per frame")
    return np.array(rows, np.float64)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
