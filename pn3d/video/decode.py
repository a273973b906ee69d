"""A video as upright RGB frames on an even grid of times, decoded as a stream by PyAV (FFmpeg)."""

import contextlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.files.errors import UserError
from pn3d.video import PICTURE_SUFFIXES
from pn3d.video.extras import require

COMMON_RATES = tuple(
    rate for n in (24, 25, 30, 48, 50, 60, 100, 120, 240) for rate in (Fraction(n), Fraction(n * 1000, 1001))
)
UNEVEN = 0.25  # of the usual interval between frames; more, in any one, is a variable rate
CUT_OFF = 0.98  # of the frames that the index promises
SEEK_AFTER_S = 2.0  # shorter starts are decoded and thrown away
MAX_RATE = 1000


@dataclass(frozen=True)
class VideoInfo:
    """What a video is, by its frames' time stamps (every packet is read, none decoded but the first).

    Attributes:
        path: of the file.
        image_size: (width, height) px as players show it.
        rate: frames per second of the even grid.
        frames: of the grid.
        first_s: time stamp of the first frame in the container's clock.
        matrix: (2, 2) signs of the display matrix: (x, y) of the stored picture times it is (x, y) as shown.
        has_audio: whether there is a sound track.
        notes: sentences for the user: variable rate, cut off.
    """

    path: Path
    image_size: tuple[int, int]
    rate: Fraction
    frames: int
    first_s: float
    matrix: tuple[tuple[int, int], tuple[int, int]]
    has_audio: bool
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Length of the grid."""
        return float(self.frames / self.rate)


@dataclass(frozen=True)
class Selection:
    """Which frames of the grid are taken: ``first``, ``first + stride``, … below ``last``."""

    first: int
    last: int
    stride: int

    @property
    def frames(self) -> int:
        """How many."""
        return -(-(self.last - self.first) // self.stride)


def read_info(path: str | Path) -> VideoInfo:
    """Reads sizes, rotation and all time stamps.

    Raises:
        UserError: not a video, a picture, only sound, no frame, cut off before the index.
    """
    path = Path(path)
    with _opened(path) as container:
        stream = _picture_stream(container, path)
        first = _first_frame(container, stream, path)
    with _opened(path) as container:
        stream = _picture_stream(container, path)
        promised, average = stream.frames, stream.average_rate or stream.guessed_rate
        times, found = _times_s(container, stream)
        has_audio = bool(container.streams.audio)
    if len(times) < 2:
        raise UserError(f"{path}: a video of {max(len(times), 1)} frame is a picture; expected two frames or more")
    notes = []
    rate, even = _grid_rate(times, average, path)
    if not even:
        notes.append(f"variable frame rate: frames are taken at even times, {float(rate):.6g} per second")
    if found < CUT_OFF * promised:
        notes.append(f"cut off: {found} of {promised} frames are there")
    matrix = _display_signs(first)
    width, height = (first.height, first.width) if matrix[0][0] == 0 else (first.width, first.height)
    frames = round(float((times[-1] - times[0]) * rate)) + 1
    return VideoInfo(path, (width, height), rate, frames, float(times[0]), matrix, has_audio, tuple(notes))


def select(info: VideoInfo, start_s: float | None, end_s: float | None, stride: int = 1) -> Selection:
    """Frames from ``start_s`` to before ``end_s``, every ``stride``-th; raises UserError where none are left."""
    if stride < 1:
        raise UserError(f"--stride must be 1 or more, found {stride}")
    for option, value in (("--start", start_s), ("--end", end_s)):
        if value is not None and not 0 <= value < math.inf:
            raise UserError(f"{option} must be seconds from the beginning, found {value:g}")
    first = 0 if start_s is None else math.ceil(start_s * info.rate - 1e-6)
    last = info.frames if end_s is None else min(info.frames, math.ceil(end_s * info.rate - 1e-6))
    if first >= last:
        asked = f"--start {start_s or 0:g}" + ("" if end_s is None else f" --end {end_s:g}")
        raise UserError(f"{info.path}: no frame from {asked}; the video is {info.seconds:.2f} s long")
    return Selection(first, last, stride)


def read_frames(info: VideoInfo, selection: Selection) -> Iterator[tuple[int, np.ndarray]]:
    """The selected frames as a stream: (index on the grid, (height, width, 3) uint8 RGB, upright).

    At each time of the grid stands the frame nearest before half an interval later. A frame that cannot be decoded is
    replaced by the one before it; the array of a repeated frame is the same object.
    """
    wanted = iter(range(selection.first, selection.last, selection.stride))
    target = next(wanted, None)
    held: Any = None
    picture: np.ndarray | None = None
    for time_s, frame in itertools.chain(_decoded(info, selection.first / info.rate), [(math.inf, None)]):
        place = float((time_s - info.first_s) * info.rate)
        while target is not None and held is not None and target < place - 0.5:
            picture = upright_rgb(held, info) if picture is None else picture
            yield target, picture
            target = next(wanted, None)
        if target is None:
            return
        held, picture = frame, None


def upright_rgb(frame: Any, info: VideoInfo) -> np.ndarray:
    """(height, width, 3) uint8 RGB of a decoded frame, turned and mirrored as the display matrix says."""
    picture = frame.to_ndarray(format="rgb24")
    (xx, xy), (yx, yy) = info.matrix
    if xx == 0:  # a quarter turn: the stored x is the shown y
        picture = picture.transpose(1, 0, 2)
    if xx + yx < 0:  # whichever stored axis is the shown x runs the other way
        picture = picture[:, ::-1]
    if xy + yy < 0:
        picture = picture[::-1]
    width, height = info.image_size
    if picture.shape[:2] != (height, width):
        cv2 = require("cv2", "video", "a video whose pictures change in size")
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(picture)


def _decoded(info: VideoInfo, start: Fraction) -> Iterator[tuple[float, Any]]:
    """(time in the container's clock, frame) from ``start`` seconds or earlier, deinterlaced."""
    av = require("av", "video", "reading a video")
    with _opened(info.path) as container:
        stream = _picture_stream(container, info.path)
        stream.thread_type = "AUTO"
        if start > SEEK_AFTER_S:
            # Landing late is possible in files with a bad index: half a second to spare, else from the beginning.
            with contextlib.suppress(av.FFmpegError):
                container.seek(int((info.first_s + float(start) - 0.5) / stream.time_base), stream=stream)
        began = False
        for time_s, frame in _stamped(container, stream, info):
            if not began and time_s > info.first_s + float(start) + 0.5 / info.rate and start > SEEK_AFTER_S:
                yield from _decoded(info, Fraction(0))
                return
            began = True
            yield time_s, frame


def _stamped(container: Any, stream: Any, info: VideoInfo) -> Iterator[tuple[float, Any]]:
    """(seconds, frame) of what can be decoded; a frame without a time stamp follows the last by one interval."""
    last_s = info.first_s - float(1 / info.rate)
    for frame in _deinterlaced(_frames_of(container, stream), stream):
        last_s = last_s + float(1 / info.rate) if frame.pts is None else float(frame.pts * frame.time_base)
        yield last_s, frame


def _frames_of(container: Any, stream: Any) -> Iterator[Any]:
    """Frames as they are decoded. Damaged packets are passed over; the stream ends where the file breaks off."""
    av = require("av", "video", "reading a video")
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        with contextlib.suppress(av.FFmpegError):
            yield from packet.decode()


def _deinterlaced(frames: Iterator[Any], stream: Any) -> Iterator[Any]:
    """The frames, through a deinterlacer from the first interlaced one on; it gives a frame for a frame, one late."""
    av = require("av", "video", "reading a video")
    graph: Any = None
    for frame in frames:
        if graph is None and frame.interlaced_frame:
            graph = av.filter.Graph()
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=stream.time_base
            )
            graph.link_nodes(source, graph.add("bwdif", "send_frame"), graph.add("buffersink")).configure()
        if graph is None:
            yield frame
        else:
            graph.vpush(frame)
            yield from _pulled(graph)
    if graph is not None:
        graph.vpush(None)
        yield from _pulled(graph)


def _pulled(graph: Any) -> Iterator[Any]:
    av = require("av", "video", "reading a video")
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return


def _opened(path: Path) -> Any:
    av = require("av", "video", "reading a video")
    if path.suffix.lower() in PICTURE_SUFFIXES:
        raise UserError(f"{path}: a picture; expected a video")
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if path.is_dir():
        raise UserError(
            f"{path}: a folder with {len(list(path.iterdir()))} files in it; expected one video: name each in turn"
        )
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = "empty" if path.is_file() and not path.stat().st_size else "cut off, damaged or no video at all"
        if isinstance(error, PermissionError):
            reason = error.strerror or "no permission"
        raise UserError(f"{path}: cannot be read as a video: {reason}") from error
    if container.format.name.endswith("_pipe") or container.format.name == "image2":
        container.close()
        raise UserError(f"{path}: a picture; expected a video")
    return container


def _picture_stream(container: Any, path: Path) -> Any:
    av = require("av", "video", "reading a video")
    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        found = "only sound" if container.streams.audio else "no pictures"
        raise UserError(f"{path}: {found} in it; expected a video")
    return streams[0]


def _first_frame(container: Any, stream: Any, path: Path) -> Any:
    av = require("av", "video", "reading a video")
    packets = container.demux(stream)
    for _ in range(500):
        try:
            frames = next(packets).decode()
        except StopIteration:
            break
        except av.FFmpegError:
            continue
        if frames:
            return frames[0]
    raise UserError(f"{path}: no frame of it can be decoded (cut off, damaged, or a codec that FFmpeg lacks)")


def _times_s(container: Any, stream: Any) -> tuple[np.ndarray, int]:
    """(N,) increasing seconds of the packets that show (without time stamps: by counting), and how many there are."""
    av = require("av", "video", "reading a video")
    stamps: list[int | None] = []
    found = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            break
        found += bool(packet.size)
        if packet.size and not packet.is_discard:
            stamps.append(packet.pts)
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < 0.9 * len(stamps):
        rate = float(stream.average_rate or stream.guessed_rate or 30)
        return np.arange(len(stamps)) / rate, found
    return np.unique(np.array(known, np.int64)) * float(stream.time_base), found


def _grid_rate(times: np.ndarray, average: Fraction | None, path: Path) -> tuple[Fraction, bool]:
    """Frames per second of the grid, and whether the frames stand on it already."""
    intervals = np.diff(times)
    usual = float(np.median(intervals))
    even = bool((np.abs(intervals - usual) <= UNEVEN * usual).all())
    # Clocks of milliseconds say 33, 33, 34: over the whole length they are exact.
    measured = (len(times) - 1) / (times[-1] - times[0]) if even else 1 / usual
    if not 0 < measured <= MAX_RATE:
        raise UserError(f"{path}: {measured:.6g} frames per second by its time stamps; expected up to {MAX_RATE}")
    # Common rates are 1 in 1000 apart; the stamps' own rounding is far less than half of that.
    near = [rate for rate in COMMON_RATES if abs(float(rate) / measured - 1) < (4e-4 if even else 0.02)]
    if near:
        return min(near, key=lambda rate: abs(float(rate) - measured)), even
    if average is not None and even and abs(float(average) / measured - 1) < 2e-3:
        return Fraction(average), even
    return Fraction(measured).limit_denominator(1001), even


def _display_signs(frame: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """The display matrix (ISO 14496-12, 6.2.2; columns u, v, w left out) as signs, the larger of each pair."""
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
            sign_a, sign_b, sign_c, sign_d = np.sign([a, b, c, d]).tolist()
            return ((sign_a, 0), (0, sign_d)) if abs(a) >= abs(b) else ((0, sign_b), (sign_c, 0))
    return ((1, 0), (0, 1))
