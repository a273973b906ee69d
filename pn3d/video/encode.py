"""Frames to an MP4 that browsers and telephones play: H.264 by PyAV (libx264), the sound of the input beside it."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.files.atomic import whole_file
from pn3d.files.errors import UserError
from pn3d.video.extras import require

FAST = {"preset": "superfast", "crf": "21"}
COPIED = ("aac", "mp3")  # what players of MP4 know; other sound is made AAC
_BT601 = 6  # the number of what OpenCV makes of RGB in H.264


@dataclass(frozen=True)
class Sound:
    """The sound of a file from ``start_s`` to ``end_s`` in the container's clock."""

    path: Path
    start_s: float
    end_s: float


def write_mp4(
    path: str | Path,
    pictures: Iterable[np.ndarray],
    rate: Fraction,
    sound: Sound | None = None,
    options: Mapping[str, str] = FAST,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Writes frames at an even rate; returns how many.

    Args:
        path: of the MP4; it appears when it is whole.
        pictures: (H, W, 3) uint8 RGB, H and W even, all of one size.
        rate: frames per second, exact.
        sound: to copy beside it; what of it cannot be read is left out.
        options: of libx264.
        stop: asked after each frame; True ends the film there, whole.

    Raises:
        UserError: the folder cannot be written, the disk is full, no frame came.
    """
    av, cv2 = (require(module, "video", "writing a video") for module in ("av", "cv2"))
    count = 0
    try:
        with whole_file(path) as place, contextlib.ExitStack() as open_files:
            output = open_files.enter_context(av.open(place.name, "w", format="mp4", options={"movflags": "faststart"}))
            stream = output.add_stream("libx264", rate=rate, options=dict(options))
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = 1 / rate
            track = _SoundTrack(output, sound, open_files) if sound is not None else None
            for count, picture in enumerate(pictures, 1):
                if count == 1:
                    stream.height, stream.width = picture.shape[:2]
                    stream.codec_context.colorspace = _BT601
                planes = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2YUV_I420)
                frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
                frame.pts, frame.time_base = count - 1, 1 / rate
                output.mux(stream.encode(frame))
                if track is not None:
                    track.mux_until(float(count / rate))
                if stop():
                    break
            if not count:
                raise UserError(f"{path}: no frame to write")
            output.mux(stream.encode(None))
            if track is not None and not stop():
                track.mux_until(float("inf"))
    except av.FFmpegError as error:
        raise UserError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error
    return count


class _SoundTrack:
    """The sound of a file, given to a container piece by piece as its pictures come."""

    def __init__(self, output: Any, sound: Sound, open_files: contextlib.ExitStack) -> None:
        av = require("av", "video", "writing a video")
        self._sound, self._output = sound, output
        self._packets: Iterator[tuple[float, Any]] = iter(())
        self._next: tuple[float, Any] | None = None
        with contextlib.suppress(av.FFmpegError):
            source = open_files.enter_context(av.open(str(sound.path), metadata_errors="ignore"))
            if source.streams.audio:
                self._packets = self._made(source, source.streams.audio[0])
                self._advance()

    def mux_until(self, seconds: float) -> None:
        """Writes what is heard before ``seconds``."""
        while self._next is not None and self._next[0] < seconds:
            self._output.mux(self._next[1])
            self._advance()

    def _advance(self) -> None:
        av = require("av", "video", "writing a video")
        try:
            self._next = next(self._packets, None)
        except av.FFmpegError:  # damaged sound: the rest is left out
            self._next = None

    def _made(self, source: Any, stream: Any) -> Iterator[tuple[float, Any]]:
        if stream.codec_context.name in COPIED:
            return self._copied(source, stream, self._output.add_stream_from_template(stream))
        rate = stream.codec_context.sample_rate
        return self._encoded(source, stream, self._output.add_stream("aac", rate=rate))

    def _copied(self, source: Any, stream: Any, track: Any) -> Iterator[tuple[float, Any]]:
        start = round(self._sound.start_s / stream.time_base)
        for packet in source.demux(stream):
            if packet.pts is None or packet.dts is None:
                continue
            time_s = float(packet.pts * stream.time_base)
            if time_s >= self._sound.end_s:
                return
            if time_s >= self._sound.start_s - 1e-3:
                packet.pts, packet.dts = packet.pts - start, packet.dts - start
                packet.stream = track
                yield time_s - self._sound.start_s, packet

    def _encoded(self, source: Any, stream: Any, track: Any) -> Iterator[tuple[float, Any]]:
        av = require("av", "video", "writing a video")
        resampler = av.AudioResampler(format="fltp", layout=track.layout, rate=track.rate)
        samples = 0

        def encoded(frames: Iterable[Any]) -> Iterator[tuple[float, Any]]:
            nonlocal samples
            for frame in frames:
                frame.pts, frame.time_base = samples, Fraction(1, track.rate)
                samples += frame.samples
                for packet in track.encode(frame):
                    yield float((packet.pts or 0) * packet.time_base), packet

        for frame in source.decode(stream):
            if frame.time is not None and frame.time >= self._sound.end_s:
                break
            if frame.time is not None and frame.time >= self._sound.start_s - 1e-3:
                frame.pts = None
                yield from encoded(resampler.resample(frame))
        yield from encoded(resampler.resample(None))
        for packet in track.encode(None):
            yield float((packet.pts or 0) * packet.time_base), packet
