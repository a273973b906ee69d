"""Small videos that tests draw themselves: a stick figure with known joints, rotated, uneven, with sound."""

import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

SIZE = (320, 240)


def write_video(
    path: Path,
    pictures: Sequence[np.ndarray],
    times: Sequence[float] | None = None,
    rate: int | Fraction = 30,
    sound: bool = False,
    pix_fmt: str = "yuv420p",
    coder: Mapping[str, str] | None = None,
    container: Mapping[str, str] | None = None,
) -> Path:
    """(H, W, 3) uint8 RGB frames at times in seconds (even where None); the sound is a tone. ``coder`` and
    ``container`` are further options of FFmpeg's."""
    import av

    with av.open(str(path), "w", options=dict(container or {})) as output:
        stream = output.add_stream("libx264", rate=rate, options={"crf": "12", "g": "8", **(coder or {})})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = Fraction(1, 30000)
        track = output.add_stream("aac", rate=16000) if sound else None
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)
            seconds = i / rate if times is None else times[i]
            frame.pts, frame.time_base = round(seconds * 30000), Fraction(1, 30000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if track is not None:
            tone = np.sin(np.arange(int(16000 * len(pictures) / rate)) * 0.2).astype(np.float32)[None]
            heard = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            heard.sample_rate, heard.pts = 16000, 0
            output.mux(track.encode(heard))
            output.mux(track.encode(None))
    return path


def turn_video(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Writes (a, b, c, d) into the display matrix of the first track's header, as a telephone does."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes of the box
    a, b, c, d = (value << 16 for value in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(data))
    return path


def gradient_pictures(count: int, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """Red grows to the right, green downwards, and blue with the frame's number."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, width)[None]
    picture[..., 1] = np.linspace(0, 255, height)[:, None]
    frames = []
    for i in range(count):
        picture[..., 2] = 255 * i // max(count - 1, 1)
        frames.append(picture.copy())
    return frames


class KnownDetector:
    """Returns joints that it was given, frame by frame."""

    name = "known"

    def __init__(self, people: Sequence[np.ndarray], layout: str = "h36m17") -> None:
        """``people``: one (P, K, 2) of pixels per frame."""
        self.layout = layout
        self.people = list(people)
        self.calls = 0
        self.shapes: list[tuple[int, ...]] = []

    def detect(self, picture: np.ndarray, time_s: float) -> tuple[np.ndarray, np.ndarray]:
        """The next frame's people."""
        joints = self.people[self.calls]
        self.calls += 1
        self.shapes.append(picture.shape)
        return joints, np.ones(joints.shape[:2])
