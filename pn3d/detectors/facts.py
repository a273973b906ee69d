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

_RATE_KEYS = ("fps", "framerate", "framespersecond", "videofps", "framesps")
_WIDTH_KEYS = ("canvaswidth", "imagewidth", "imgwidth", "framewidth", "videowidth", "width", "imgw", "imagew", "w")
_SIZE_KEYS = ("imagesize", "imgsize", "videosize", "framesize", "canvassize", "resolution")
_NESTED_KEYS = ("meta", "metadata", "metainfo", "info", "video", "videoinfo", "image", "imageinfo", "canvas", "source")
_TIME_UNITS = {"timestampns": 1e-9, "timens": 1e-9, "timestampus": 1e-6, "timeus": 1e-6, "timestampusec": 1e-6}
_TIME_UNITS |= dict.fromkeys(("timestampms", "timems", "ms", "msec", "milliseconds", "tms", "posmsec"), 1e-3)
_TIME_UNITS |= dict.fromkeys(("times", "timesec", "timestamps", "timestampsec", "seconds", "sec", "timeseconds"), 1.0)
_TIME_UNITS |= dict.fromkeys(("ptstime", "timeinseconds", "timestampseconds"), 1.0)
_BARE_TIMES = ("time", "timestamp", "t", "frametime", "frametimestamp", "videotime")
_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)$")
LARGEST_SIDE = 1e5
FASTEST = 1000.0
EPOCH_SECONDS = 1e6  # times beyond eleven days are of a clock, not of a video


@functools.lru_cache(maxsize=4096)
def plain_key(key: str) -> str:
    """``canvas_width``, ``CanvasWidth`` -> ``canvaswidth``."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def plain_keys(content: Mapping[Any, Any]) -> dict[str, Any]:
    """An object under plain keys."""
    return {plain_key(str(key)): value for key, value in content.items()}


def is_time_key(key: str) -> bool:
    """Whether a key or a column's heading names a time."""
    return plain_key(key) in _TIME_UNITS or plain_key(key) in _BARE_TIMES


def _number(value: Any) -> float | None:
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(())[()]
    if isinstance(value, str):
        try:
            value = float(fractions.Fraction(value.strip()) if "/" in value else value)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        number: Any = value  # JSON's whole numbers may be too large for a float
        return float(number) if abs(number) < 2**60 else None
    return None


def seconds_of(value: Any) -> float | None:
    """A time as a number, as ``1:02:03.4``, or as a date with a time; None for anything else."""
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
        if isinstance(plain.get(key), dict):
            yield {plain_key(str(name)): value for name, value in plain[key].items()}


def rate_in(content: Any) -> float | None:
    """Frames per second that an object states."""
    for plain in _objects(content) if isinstance(content, dict) else ():
        for key in _RATE_KEYS:
            rate = _number(plain.get(key))
            if rate is not None and 0 < rate <= FASTEST:
                return rate
    return None


def size_in(content: Any) -> tuple[int, int] | None:
    """(width, height) in px that an object states."""
    for plain in _objects(content) if isinstance(content, dict) else ():
        pairs = [(plain.get(key), plain.get(key.replace("width", "height").replace("w", "h"))) for key in _WIDTH_KEYS]
        for key in _SIZE_KEYS:
            pair = plain.get(key)
            if isinstance(pair, list | tuple) and len(pair) == 2:
                pairs.append((pair[0], pair[1]))
            elif isinstance(pair, dict):
                pairs.append((pair.get("width"), pair.get("height")))
        for width, height in ((_number(w), _number(h)) for w, h in pairs):
            if (
                width is not None
                and height is not None
                and 2 <= min(width, height) <= max(width, height) <= LARGEST_SIDE
            ):
                return int(width), int(height)
    return None


def time_in(content: Any) -> tuple[float, float | None] | None:
    """The time of a frame, and its unit in seconds where the key says it."""
    if not isinstance(content, dict):
        return None
    for key, value in content.items():
        if isinstance(key, str) and is_time_key(key):
            seconds = seconds_of(value)
            if seconds is not None:
                clock = isinstance(value, str) and _number(value) is None
                return seconds, 1.0 if clock else _TIME_UNITS.get(plain_key(key))
    return None


@functools.lru_cache(maxsize=4096)
def _may_hold(keys: tuple[Any, ...]) -> tuple[bool, bool]:
    """Whether an object of these keys may state a rate or a size, and a time: most of a large file's do not."""
    plain = {plain_key(str(key)) for key in keys}
    facts = bool(plain & {*_RATE_KEYS, *_SIZE_KEYS, *_WIDTH_KEYS, *_NESTED_KEYS})
    return facts, any(isinstance(key, str) and is_time_key(key) for key in keys)


@dataclass
class VideoFactsFound:
    """Facts gathered while a file is walked."""

    times: dict[int, float] = field(default_factory=dict)
    units: set[float | None] = field(default_factory=set)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    rates: set[float] = field(default_factory=set)

    def look(self, content: Any) -> None:
        """Takes rate and size of an object."""
        if not isinstance(content, dict) or not _may_hold(tuple(content))[0]:
            return
        if (rate := rate_in(content)) is not None:
            self.rates.add(rate)
        if (size := size_in(content)) is not None:
            self.sizes.add(size)

    def look_at_frame(self, frame: int, content: Any) -> None:
        """Takes rate, size and time of one frame's object."""
        if not isinstance(content, dict):
            return
        facts, time = _may_hold(tuple(content))
        if facts:
            self.look(content)
        if time and (found := time_in(content)) is not None:
            self.times.setdefault(frame, found[0])
            self.units.add(found[1])

    def as_fields(self, listed: np.ndarray, where: str) -> tuple[dict[str, Any], list[str]]:
        """Fields of RawVideo, and sentences about facts that contradict each other."""
        fields: dict[str, Any] = {}
        notes = []
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
    times = values * unit
    if not FASTEST >= 1 / np.median(np.diff(times)) >= 0.5:
        return None, f"times in the file are {np.median(np.diff(times)):g} s apart, which is no video; left out"
    return times - times[0] if times[0] > EPOCH_SECONDS or times[0] < 0 else times, ""
