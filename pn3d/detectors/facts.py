"""Facts about the video that stand beside keypoints: frame rate, image size, and the time of each frame.

They are found by the names of keys and columns, whatever the format, at the top of a file, in its ``meta`` or
``video`` object, or in each frame.
"""

import datetime
import fractions
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pn3d.detectors.key_words import WORDS, joint_names, plain_key, plain_keys

_OF = (
    r"^(?:video|source|src|input|original|orig|ori|file|camera|capture|recording|image|img|frame|canvas|picture|color"
    r"|rgb)?"
)
_RATE_KEY = re.compile(
    _OF + r"(?:avg|average|mean|nominal|r)?(?:fps|framerate|framespersec(?:ond)?|framesps|samplingrate)$"
)
_WIDTH_KEYS, _NESTED_KEYS = WORDS["widths"], WORDS["facts"]
_SIZE_KEY = re.compile(_OF + r"(?:size|resolution|dimensions|wh)$|^canvas$")
_SHAPE_KEY = re.compile(_OF + r"(?:shape|hw)$")
_TIME_KEY = re.compile(
    r"^(?:(?:video|frame|media|elapsed|relative|presentation|current|pts)?"
    r"(?:time|timestamp|timestamps|timeoffset|timecode|datetime)|elapsed|pts|pos|t)"
    r"(?:(?:in)?(?P<unit>ns|nsec|nanos|nanoseconds|us|usec|micros|microseconds|ms|msec|millis|milliseconds"
    r"|s|sec|secs|seconds))?$"
)
_WHOLE_TIME_KEYS = {"ms": 1e-3, "msec": 1e-3, "milliseconds": 1e-3, "seconds": 1.0, "sec": 1.0, "times": 1.0}
_UNITS = {"mic": 1e-6, "n": 1e-9, "u": 1e-6, "m": 1e-3, "s": 1.0}
_NO_TIMES = ("pos", "poss")
_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)$")
_WITH_UNIT = re.compile(r"^([\d.]+)\s*(?:(fps|hz|frames.*)|(s|sec|seconds)|(ms|msec|milliseconds))$", re.IGNORECASE)
_SIDES = re.compile(r"^\s*(\d+)\s*(?:[x*,;]|\u00d7)\s*(\d+)\s*(?:px|pixels)?\s*$", re.IGNORECASE)
LARGEST_SIDE_PX = 1e5
FASTEST_FPS = 1000.0
FASTEST_CAMERA = 300.0  # frames per second, where a file names no unit of its times
EPOCH_SECONDS = 1e6  # times beyond eleven days are of a clock, not of a video


@functools.lru_cache(maxsize=4096)
def _time_unit(key: str) -> tuple[bool, float | None]:
    """Whether a key or a column's heading names a time, and its unit in seconds where it says it."""
    plain = plain_key(key)
    if plain in _WHOLE_TIME_KEYS or plain == "ts":
        return True, _WHOLE_TIME_KEYS.get(plain)
    found = _TIME_KEY.match(plain)
    if found is None or plain in _NO_TIMES:
        return False, None
    unit = found["unit"] or ""
    return True, next((size for start, size in _UNITS.items() if unit.startswith(start)), None)


def is_time_key(key: str) -> bool:
    """Whether a key or a column's heading names a time."""
    return _time_unit(key)[0]


def time_unit_s(key: str) -> float | None:
    """Seconds of the unit that a time's key or heading names; None where it names none."""
    return _time_unit(key)[1]


def _number(value: Any) -> float | None:
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(())[()]
    if isinstance(value, str) and (found := _WITH_UNIT.match(value.strip())) is not None:
        value = found[1] + ("e-3" if found[4] else "")
    if isinstance(value, str):
        try:
            value = float(fractions.Fraction(value.strip()) if "/" in value else value)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        number: Any = value  # JSON's whole numbers may be too large for a float
        return float(number) if abs(number) < 2**60 else None
    return None


def time_of(value: Any) -> float | None:
    """A number as it is, in the file's unit; seconds of ``1:02:03.4`` or of a date; None for anything else."""
    number = _number(value)
    if number is not None or not isinstance(value, str):
        return number
    if found := _CLOCK.match(value.strip()):
        hours, minutes, seconds = found[1] or "0", found[2], found[3].replace(",", ".")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    try:
        return datetime.datetime.fromisoformat(value.strip()).replace(tzinfo=datetime.UTC).timestamp()
    except ValueError:
        return None


def _objects(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The object itself, then those within it that hold facts, with plain keys."""
    plain = plain_keys(content)
    yield plain
    for key in _NESTED_KEYS:
        inner = plain.get(key)
        if isinstance(inner, list) and len(inner) == 1:  # COCO's list of videos
            inner = inner[0]
        if isinstance(inner, dict):
            yield plain_keys(inner)


def rate_in(content: Any) -> float | None:
    """Frames per second that an object states."""
    for plain in _objects(content) if isinstance(content, dict) else ():
        for key, value in plain.items():
            rate = _number(value) if _RATE_KEY.search(key) else None
            if rate is not None and 0 < rate <= FASTEST_FPS:
                return rate
    return None


def size_in(content: Any) -> tuple[int, int] | None:
    """(width, height) in px that an object states."""
    for plain in _objects(content) if isinstance(content, dict) else ():
        pairs = [(plain.get(key), plain.get(key.replace("width", "height").replace("w", "h"))) for key in _WIDTH_KEYS]
        for key, value in plain.items():
            if _SIZE_KEY.search(key):
                pairs += _sides(value)
            elif _SHAPE_KEY.search(key) and isinstance(value, list | tuple) and len(value) in (2, 3):
                pairs.append((value[1], value[0]))  # as arrays of pixels say it: height, width, channels
        for width, height in ((_number(w), _number(h)) for w, h in pairs):
            if (
                width is not None
                and height is not None
                and 2 <= min(width, height) <= max(width, height) <= LARGEST_SIDE_PX
            ):
                return int(width), int(height)
    return None


def _sides(value: Any) -> list[tuple[Any, Any]]:
    """Width and height of ``[w, h]``, ``{width, height}``, ``"1280x720"``."""
    if isinstance(value, list | tuple) and len(value) == 2:
        return [(value[0], value[1])]
    if isinstance(value, dict):
        plain = plain_keys(value)
        return [(plain.get("width", plain.get("w")), plain.get("height", plain.get("h")))]
    found = _SIDES.match(value) if isinstance(value, str) else None
    return [] if found is None else [(found[1], found[2])]


def time_in(content: Any) -> tuple[float, float | None] | None:
    """The time of a frame, in its unit, and that unit in seconds where the key says it."""
    if not isinstance(content, dict):
        return None
    for key, value in content.items():
        if isinstance(key, str) and is_time_key(key):
            time = time_of(value)
            if time is not None:
                clock = isinstance(value, str) and _number(value) is None
                return time, 1.0 if clock else time_unit_s(key)
    return None


@functools.lru_cache(maxsize=4096)
def _may_hold(keys: tuple[Any, ...]) -> tuple[bool, bool, tuple[str, ...]]:
    """Whether an object of these keys may state a rate or a size, and a time; and those keys that sound so.

    Most objects of a large file have none of them.
    """
    plain = [plain_key(str(key)) for key in keys]
    facts = any(
        _RATE_KEY.search(key) or _SIZE_KEY.search(key) or _SHAPE_KEY.search(key) or key in (*_WIDTH_KEYS, *_NESTED_KEYS)
        for key in plain
    )
    sounding = tuple(key for key in keys if isinstance(key, str) and _sounds_like_a_fact(key))
    return facts, any(isinstance(key, str) and is_time_key(key) for key in keys), sounding


def _sounds_like_a_fact(key: str) -> bool:
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", key)}
    return not words.isdisjoint(WORDS["sounds"]) and words.isdisjoint(WORDS["of_others"])


@dataclass
class VideoFactsFound:
    """Facts gathered while a file is walked.

    Attributes:
        times: frame -> time, in the file's unit.
        units: those units, in seconds; None = not named.
        sizes: (width, height) in px.
        rates: frames per second.
        left_out: keys that sound like facts, with values that are none.
        joint_names: lists of as many joints' names as the file may have joints.
    """

    times: dict[int, float] = field(default_factory=dict)
    units: set[float | None] = field(default_factory=set)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    rates: set[float] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)
    joint_names: set[tuple[str, ...]] = field(default_factory=set)

    def look(self, content: Any) -> None:
        """Takes rate and size of an object."""
        self._look(content, timed=False)

    def look_at_frame(self, frame: int, content: Any) -> None:
        """Takes rate, size and time of one frame's object."""
        found = self._look(content, timed=True)
        if found is not None:
            self.times.setdefault(frame, found[0])
            self.units.add(found[1])

    def _look(self, content: Any, timed: bool) -> tuple[float, float | None] | None:
        if not isinstance(content, dict):
            return None
        self.joint_names.update(joint_names(content))
        facts, times, sounding = _may_hold(tuple(content))
        for inner in content.values() if facts else ():
            if isinstance(inner, dict):
                self.joint_names.update(joint_names(inner))
        rate = rate_in(content) if facts else None
        size = size_in(content) if facts else None
        time = time_in(content) if times and timed else None
        if rate is not None:
            self.rates.add(rate)
        if size is not None:
            self.sizes.add(size)
        for key in sounding:
            if key not in self.left_out and _is_left_out(key, content[key], rate, size, time):
                self.left_out.append(key)
        return time

    def as_fields(self, listed: np.ndarray, where: str) -> tuple[dict[str, Any], list[str]]:
        """Fields of RawVideo, and sentences about facts that contradict each other."""
        fields: dict[str, Any] = {}
        notes = []
        if self.left_out:
            notes.append(f"{where}: left out: {', '.join(ascii(key)[1:-1][:30] for key in self.left_out[:8])}")
        if len(self.rates) == 1:
            fields["fps"] = next(iter(self.rates))
        elif self.rates:
            notes.append(f"{where}: the file states {len(self.rates)} frame rates; none is taken")
        if len(self.sizes) == 1:
            fields["image_size"] = next(iter(self.sizes))
        elif self.sizes:
            shown = " and ".join(f"{w} x {h}" for w, h in sorted(self.sizes)[:3])
            notes.append(f"{where}: the file states {len(self.sizes)} image sizes ({shown}); none is taken")
        if self.times:
            times, note = times_in_seconds(
                np.array([self.times.get(int(frame), np.nan) for frame in listed]),
                next(iter(self.units)) if len(self.units) == 1 else None,
            )
            if note:
                notes.append(f"{where}: {note}")
            if times is not None:
                fields["times"] = times
        return fields, notes


def _is_left_out(
    key: str, value: Any, rate: float | None, size: tuple[int, int] | None, time: tuple[float, float | None] | None
) -> bool:
    """Whether a value that sounds like a fact, and is one, was not taken as one."""
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return False
    plain = plain_key(key)
    if _RATE_KEY.search(plain):
        return rate is None
    if is_time_key(key):
        return time is None
    return size is None or not ("width" in plain or "height" in plain or _SIZE_KEY.search(plain))


def times_in_seconds(values: np.ndarray, unit: float | None) -> tuple[np.ndarray | None, str]:
    """(L,) times of frames in the order of their numbers -> seconds, or None with the reason.

    Where the unit is not named, the median step tells it: it is that of 5 to 300 frames per second in seconds,
    milli-, micro- or nanoseconds.
    """
    known = np.isfinite(values)
    if known.sum() < 2:
        return None, ""
    steps = np.diff(values[known])
    if (steps <= 0).any():
        return None, "times in the file do not increase with its frames; left out"
    if not known.all():
        place = np.arange(len(values))
        values = np.interp(place, place[known], values[known])
    if unit is None:
        step = float(np.median(steps))
        unit = next((one for one in (1.0, 1e-3, 1e-6, 1e-9) if step * one <= 0.5), 1e-9)
        if unit < 1 and step * unit * FASTEST_CAMERA < 1:
            return None, f"times in the file are {step:g} apart: they count frames; left out"
    times = values * unit
    if not FASTEST_FPS >= 1 / np.median(np.diff(times)) >= 0.5:
        return None, f"times in the file are {np.median(np.diff(times)):g} s apart, which is no video; left out"
    return times - times[0] if times[0] > EPOCH_SECONDS or times[0] < 0 else times, ""
