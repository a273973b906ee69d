"""Numbers of frames from what files call them: integers, numbers that are not whole, names of images, clocks."""

import re
from typing import Any

import numpy as np

from pn3d.files.errors import UserError

_DIGITS = re.compile(r"\d+")
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
_CLOCK = re.compile(
    r"(?<!\d)(?:(?P<date>(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d)[-_ .T]*)?"
    r"(?P<h>[01]\d|2[0-3])(?P<mark>[-_.:h]?)(?P<m>[0-5]\d)(?:(?P=mark)|m)(?P<s>[0-5]\d)(?:[._,-]?(?P<f>\d{1,9}))?(?!\d)"
)
_LARGEST = 2**53
LEAST_FRAMES_OF_A_VIDEO = 2
EVEN = 0.02  # of a step: how far numbers that are not whole may be off an even grid


def frame_numbers(labels: list[Any] | np.ndarray, where: str) -> tuple[np.ndarray, list[str]]:
    """(frames,) int64 numbers of frames, and sentences about how labels were understood.

    Whole numbers are taken as they are. Others are ordered by value; where they lie on an even grid (0.1, 0.2, 0.4)
    its gaps are kept. In names, the last run of digits that is not the same in all of them is the number; a clock in
    them is the order; where names have none they are numbered in natural order.

    Raises:
        UserError: the names belong to several videos.
    """
    values: Any = labels if isinstance(labels, np.ndarray) else [_value(label) for label in labels]
    if isinstance(values, np.ndarray) or all(value is not None for value in values):
        known = np.array(values, np.float64)
        if (known == np.floor(known)).all():
            return known.astype(np.int64), []
        return by_value(known), [f"{where}: frame numbers are not whole ({known[0]:g}, …); taken in the order of value"]
    names = [_stem(str(label)) for label in labels]
    folders = {_folder(str(label)) for label in labels}
    if len(folders) > 1 and len(set(names)) < len({str(label) for label in labels}):
        found = ", ".join(sorted(folders)[:3])
        raise UserError(f"{where}: holds frames of {len(folders)} folders ({found}); give one video at a time")
    distinct = sorted(set(names), key=natural_key)
    numbers, notes = _numbers_in_names(distinct, where)
    return np.array([numbers[name] for name in names], np.int64), notes


def _value(label: Any) -> float | None:
    """A finite number, also one written as text."""
    if isinstance(label, str):
        try:
            label = float(label) if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", label) else None
        except ValueError:
            return None
    if isinstance(label, int | float | np.integer | np.floating) and not isinstance(label, bool):
        number: Any = label
        return float(number) if abs(number) < _LARGEST else None
    return None


def by_value(values: np.ndarray) -> np.ndarray:
    """(V,) int64 in the order of ``values``: their places on an even grid, or their ranks where there is none."""
    distinct, place = np.unique(values, return_inverse=True)
    steps = np.diff(distinct)
    if len(steps):
        grid = (distinct - distinct[0]) / steps.min()
        if np.abs(grid - np.round(grid)).max() < EVEN and grid[-1] < 20 * len(distinct) + 300:
            return np.round(grid).astype(np.int64)[place]
    return place


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts ``frame2`` before ``frame10``."""
    parts = re.split(r"(\d+)", name)
    return tuple((1, int(part), "") if part.isdecimal() and len(part) < 19 else (0, 0, part) for part in parts)


def _stem(label: str) -> str:
    """The name without folders and without an extension; digits behind a dot are no extension."""
    name = label.replace("\\", "/").rsplit("/", 1)[-1]
    return _EXTENSION.sub("", name)


def _folder(label: str) -> str:
    return label.replace("\\", "/").rpartition("/")[0]


def _numbers_in_names(names: list[str], where: str) -> tuple[dict[str, int], list[str]]:
    in_order = {name: i for i, name in enumerate(names)}
    if clocks := _clocks(names):
        ordered = sorted(names, key=lambda name: clocks[name])
        return {name: i for i, name in enumerate(ordered)}, [f"{where}: file names hold a clock; frames in its order"]
    runs = [_DIGITS.findall(name) for name in names]
    shapes = {_DIGITS.sub("#", name) for name in names}
    count = len(runs[0]) if runs else 0
    longest = max((len(digits) for run in runs for digits in run), default=0)
    if decimals := _decimals(names):
        places = by_value(np.array([decimals[name] for name in names])).tolist()
        return dict(zip(names, places, strict=True)), [
            f"{where}: numbers in file names are not whole ({names[0]}, …); taken in the order of value"
        ]
    if len(shapes) > 1 or longest > 18 or any(len(run) != count for run in runs):
        _refuse_several_videos(names, where)
        return in_order, []
    varying = [i for i in range(count) if len({run[i] for run in runs}) > 1]
    if not varying:
        number = int(runs[0][-1]) if count else 0
        return {name: number + i for i, name in enumerate(names)}, []
    if len(varying) > 1:
        others = {tuple(run[i] for i in varying[:-1]) for run in runs}
        if 2 * len(others) <= len(names):
            raise UserError(
                f"{where}: holds frames of {len(others)} videos ({names[0]} … {names[-1]}); give one video at a time"
            )
        return in_order, []
    numbers = {name: int(run[varying[-1]]) for name, run in zip(names, runs, strict=True)}
    return (numbers if len(set(numbers.values())) == len(names) else in_order), []


def _clocks(names: list[str]) -> dict[str, tuple[Any, ...]]:
    """For each name its date, time of day and what follows, where all names have a clock that runs; else empty."""
    found = {name: _CLOCK.search(name) for name in names}
    keys: dict[str, tuple[Any, ...]] = {}
    beside = set()
    for name, match in found.items():
        if match is None or (match["mark"] == "" and match["date"] is None):
            return {}
        date = re.sub(r"\D", "", match["date"] or "")
        fraction = float(f"0.{match['f']}") if match["f"] else 0.0
        keys[name] = (date, match["h"], match["m"], match["s"], fraction, natural_key(name[match.end() :]))
        beside.add(name[: match.start()])
    times = {key[:5] for key in keys.values()}
    return keys if len(beside) == 1 and len(times) > 1 and len(set(keys.values())) == len(names) else {}


def _decimals(names: list[str]) -> dict[str, float]:
    """For each name the decimal number in it, where all differ in one such number alone; else empty.

    ``cam1.0001 …, cam2.0001 …`` are two videos and no decimals: there what is behind the dot counts frames.
    """
    parts = [re.split(r"(\d+\.\d+)", name) for name in names]
    if any(len(part) != 3 for part in parts) or len({(part[0], part[2]) for part in parts}) != 1:
        return {}
    wholes = {part[1].split(".")[0] for part in parts}
    behind = [part[1].split(".")[1] for part in parts]
    padded = {len(digits) for digits in behind} == {len(behind[0])}
    counted = len(behind[0]) >= 3 and max(map(int, behind)) - min(map(int, behind)) < len(set(behind))
    if padded and (len(wholes) == 1 or counted):
        return {}
    return {name: float(part[1]) for name, part in zip(names, parts, strict=True)}


def _refuse_several_videos(names: list[str], where: str) -> None:
    """Names of several patterns, each with many numbers, are several videos."""
    patterns: dict[str, int] = {}
    for name in names:
        pattern = _DIGITS.sub("#", name)
        patterns[pattern] = patterns.get(pattern, 0) + ("#" in pattern)
    many = [pattern for pattern, frames in patterns.items() if frames >= LEAST_FRAMES_OF_A_VIDEO]
    if len(many) > 1:
        shown_patterns = ", ".join(many[:3])
        raise UserError(f"{where}: holds frames of {len(many)} videos ({shown_patterns}); give one video at a time")
