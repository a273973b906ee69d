"""Gathers people one by one while a file is walked, checks their numbers, and makes one RawVideo of them."""

import re
from typing import Any

import numpy as np

from pn3d.detectors.records import NO_TRACK, RawVideo
from pn3d.files.errors import UserError

_DIGITS = re.compile(r"\d+")
_LARGEST_ID = 2**53


class Collector:
    """Collects people of one video; ``where`` names the file in messages.

    ``add`` never keeps Python numbers: an hour of video stays small in memory.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.rows: list[np.ndarray] = []
        self.frames: list[int] = []
        self.tracks: list[int] = []
        self.scores: list[float] = []
        self.listed: list[int] = []

    def see(self, frame: int) -> None:
        """Notes that the file speaks of this frame, with or without people."""
        self.listed.append(frame)

    def add(self, frame: int, rows: np.ndarray, track: Any = None, score: Any = None) -> None:
        """Adds one person: ``rows`` (K, 3) float64 x, y, confidence (NaN = the file has none)."""
        self.rows.append(rows)
        self.frames.append(frame)
        self.tracks.append(track_number(track))
        self.scores.append(scalar(score))

    def renumber(self, numbers: list[int]) -> None:
        """Replaces frames counted 0, 1, 2 … by the numbers they have in the file."""
        self.frames = [numbers[frame] for frame in self.frames]
        self.listed = [numbers[frame] for frame in self.listed]

    def triplets(self, values: Any, frame: int) -> np.ndarray | None:
        """x, y, confidence, x, y, … as (K, 3); None for an empty list, which is nobody."""
        flat = self.numbers(values, frame)
        if flat.size == 0:
            return None
        if flat.ndim == 1 and flat.size % 3 == 0:
            return flat.reshape(-1, 3)
        raise self.wrong(frame, f"expected x, y, confidence of each joint in one list, found shape {flat.shape}")

    def pairs(self, points: Any, confidence: Any, frame: int) -> np.ndarray | None:
        """(K, 2) positions, or 2 K numbers, and (K,) or (K, 1) confidences, or None, as (K, 3)."""
        positions = self.numbers(points, frame)
        if positions.size == 0:
            return None
        if positions.ndim == 1 and positions.size % 2 == 0:
            positions = positions.reshape(-1, 2)
        if positions.ndim != 2 or positions.shape[1] != 2:
            hint = ", which look 3D" if positions.ndim == 2 and positions.shape[1] == 3 else ""
            raise self.wrong(frame, f"expected x, y of each joint, found shape {positions.shape}{hint}")
        rows = np.full((len(positions), 3), np.nan)
        rows[:, :2] = positions
        if confidence is not None:
            values = self.numbers(confidence, frame)
            if values.size != len(positions):
                raise self.wrong(frame, f"{len(positions)} joints but {values.size} confidences")
            rows[:, 2] = values.reshape(-1)
        return rows

    def numbers(self, values: Any, frame: int) -> np.ndarray:
        """Any (nested) list of numbers as float64; null becomes NaN."""
        if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
            return values.astype(np.float64)
        if isinstance(values, list | tuple):
            try:
                return np.array(values, dtype=np.float64)
            except (TypeError, ValueError, OverflowError):
                pass
        raise self.wrong(frame, f"expected a list of numbers, found {shown(values)}")

    def wrong(self, frame: int, problem: str) -> UserError:
        """The error about one frame."""
        return UserError(f"{self.where}: frame {frame}: {problem}")

    def finish(self, name: str, **facts: Any) -> RawVideo:
        """All people as one RawVideo; ``facts`` are further fields of it.

        Raises:
            UserError: nobody is in the file, or people have different numbers of joints.
        """
        listed = np.unique(np.array(self.listed + self.frames, np.int64))
        if not self.rows:
            raise UserError(f"{self.where}: no person in any of the {len(listed)} frames")
        counts = np.array([len(rows) for rows in self.rows])
        if (counts != counts[0]).any():
            odd = int(np.argmax(counts != counts[0]))
            raise UserError(
                f"{self.where}: mixed layouts: people have {counts[0]} joints, but {counts[odd]} in frame "
                f"{self.frames[odd]}; expected one layout per file"
            )
        stacked = np.stack(self.rows)
        return RawVideo(
            name=name,
            frame=np.array(self.frames, np.int64),
            keypoints=stacked[..., :2],
            confidence=stacked[..., 2],
            track_id=np.array(self.tracks, np.int64),
            score=np.array(self.scores, np.float64),
            listed_frames=listed,
            **facts,
        )


def first_number(value: Any) -> float | None:
    """The first number of a scalar or of nested lists (AlphaPose writes ``idx`` as 0, [0.0] or [[0.0], [0.0]])."""
    for _ in range(8):
        if isinstance(value, list | tuple):
            if not value:
                return None
            value = value[0]
        elif isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
            number: Any = value
            return float(number) if abs(number) < _LARGEST_ID else None
        else:
            return None
    return None


def scalar(value: Any) -> float:
    """A number, NaN where there is none."""
    found = first_number(value)
    return float("nan") if found is None else found


def track_number(value: Any) -> int:
    """A track id, -1 where there is none."""
    found = first_number(value)
    return int(found) if found is not None and np.isfinite(found) and found >= 0 else NO_TRACK


def frame_numbers(labels: list[Any], where: str) -> list[int]:
    """Numbers of frames from what a file calls them: integers, or names such as ``clip_000012.jpg``.

    In names, the last run of digits that is not the same in all of them is the number; where names have none they
    are numbered in natural order.

    Raises:
        UserError: the names belong to several videos.
    """
    whole = [first_number(label) for label in labels]
    if all(number is not None and np.isfinite(number) and number == int(number) for number in whole):
        return [int(number) for number in whole if number is not None]
    names = [str(label).replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0] for label in labels]
    distinct = sorted(set(names), key=natural_key)
    numbers = _numbers_in_names(distinct, where)
    return [numbers[name] for name in names]


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts ``frame2`` before ``frame10``."""
    parts = re.split(r"(\d+)", name)
    return tuple((1, int(part), "") if part.isdecimal() and len(part) < 19 else (0, 0, part) for part in parts)


def _numbers_in_names(names: list[str], where: str) -> dict[str, int]:
    runs = [_DIGITS.findall(name) for name in names]
    shapes = {_DIGITS.sub("#", name) for name in names}
    count = len(runs[0]) if runs else 0
    varying = [i for i in range(count) if len({run[i] for run in runs if len(run) == count}) > 1]
    longest = max((len(digits) for run in runs for digits in run), default=0)
    if len(shapes) > 1 or longest > 18 or any(len(run) != count for run in runs):
        _refuse_several_videos(names, where)
        return {name: i for i, name in enumerate(names)}
    if not varying:
        number = int(runs[0][-1]) if count else 0
        return {name: number + i for i, name in enumerate(names)}
    if len(varying) > 1:
        others = {tuple(run[i] for i in varying[:-1]) for run in runs}
        if 2 * len(others) <= len(names):
            raise UserError(
                f"{where}: holds frames of {len(others)} videos ({names[0]} … {names[-1]}); give one video at a time"
            )
        return {name: i for i, name in enumerate(names)}
    return {name: int(run[varying[-1]]) for name, run in zip(names, runs, strict=True)}


def _refuse_several_videos(names: list[str], where: str) -> None:
    """Names of several patterns, each with many numbers, are several videos."""
    patterns: dict[str, int] = {}
    for name in names:
        pattern = _DIGITS.sub("#", name)
        patterns[pattern] = patterns.get(pattern, 0) + ("#" in pattern)
    many = [pattern for pattern, frames in patterns.items() if frames >= 2]
    if len(many) > 1:
        shown_patterns = ", ".join(many[:3])
        raise UserError(f"{where}: holds frames of {len(many)} videos ({shown_patterns}); give one video at a time")


def shown(value: Any) -> str:
    """A value made short and safe for a message."""
    if isinstance(value, dict):
        return f"an object with keys {', '.join(ascii(str(key))[1:-1][:20] for key in list(value)[:5])}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = ascii(value)
    return text if len(text) <= 40 else text[:37] + "..."
