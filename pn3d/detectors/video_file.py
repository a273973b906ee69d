"""Frame rate and image size of a video file, from its header: MP4, MOV, AVI, MKV and WebM. Nothing is decoded."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pn3d.files.errors import UserError

HEADER_BYTES = 1 << 16  # of AVI and Matroska, whose headers come first
LARGEST_INDEX_BYTES = 256 << 20
MAX_BOXES = 100_000
MOST_UNEVEN = 0.02  # of the frames; a last one is often of another duration
_EBML, _SEGMENT, _CLUSTER, _TRACKS, _ENTRY = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE
_TRACK_TYPE, _VIDEO, _WIDTH, _HEIGHT, _DURATION = 0x83, 0xE0, 0xB0, 0xBA, 0x23E383


@dataclass(frozen=True)
class VideoFacts:
    """What ``--fps`` and ``--image-size`` would be.

    Attributes:
        fps: mean frames per second, None where the file does not say.
        image_size: (width, height) in px as players show it, that is after the rotation that telephones note.
        note: a sentence where frames do not come at one rate; "" else, and where the header does not tell.
    """

    fps: float | None
    image_size: tuple[int, int]
    note: str = ""


def read_video_facts(path: str | Path) -> VideoFacts:
    """Reads the header of a video; raises UserError where it is missing, damaged or of another kind."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(12)
            file.seek(0)
            if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
                facts = _mp4(file, path.stat().st_size)
            elif start[:4] == b"RIFF" and start[8:] == b"AVI ":
                facts = _avi(file.read(HEADER_BYTES))
            elif start[:4] == _EBML.to_bytes(4, "big"):
                facts = _matroska(file.read(HEADER_BYTES))
            else:
                raise UserError(
                    f"{path}: not a video of a kind read here (MP4, MOV, AVI, MKV, WebM); give --fps and --image-size"
                )
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UserError:
        raise
    except (struct.error, IndexError, ValueError, ZeroDivisionError, OverflowError, MemoryError):
        facts = None
    if facts is None or min(facts.image_size) < 1 or not (facts.fps is None or 0 < facts.fps <= 1000):
        raise UserError(f"{path}: no video track is described in its header (cut off?); give --fps and --image-size")
    note = f"{path}: {facts.note}" if facts.note else ""
    return VideoFacts(None if facts.fps is None else round(facts.fps, 5), facts.image_size, note)


def _boxes(data: bytes, start: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """(name, content) of the boxes in a part of an MP4 file."""
    while start + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        end = len(data) if size == 0 else start + size
        if size and size < head:
            return
        yield name, data[start + head : end]
        start = end


def _find(data: bytes, *names: bytes) -> bytes:
    """Content of the box at the end of a path; empty where there is none."""
    for name in names:
        data = next((content for found, content in _boxes(data) if found == name), b"")
    return data


def _mp4(file: IO[bytes], size: int) -> VideoFacts | None:
    place = 0
    for _ in range(MAX_BOXES):
        file.seek(place)
        head = file.read(16)
        if len(head) < 8:
            return None
        length, name = struct.unpack_from(">I4s", head)
        if length == 1:
            (length,) = struct.unpack_from(">Q", head, 8)
        length = length or size - place
        if name == b"moov":
            file.seek(place)
            return _movie(_find(file.read(min(length, LARGEST_INDEX_BYTES)), b"moov"))
        if length < 8:
            return None
        place += length
    return None


def _movie(moov: bytes) -> VideoFacts | None:
    """The first video track: size of its pictures, turned as its matrix says, and samples per second."""
    for name, track in _boxes(moov):
        media = _find(track, b"mdia")
        if name != b"trak" or _find(media, b"hdlr")[8:12] != b"vide":
            continue
        header, clock, samples = _find(track, b"tkhd"), _find(media, b"mdhd"), _find(media, b"minf", b"stbl")
        (timescale,) = struct.unpack_from(">I", clock, 20 if clock[0] == 1 else 12)
        width, height = struct.unpack_from(">HH", _find(samples, b"stsd"), 40)
        across, down = struct.unpack_from(">ii", header, len(header) - 44)  # the matrix's first two numbers
        turned = abs(down) > abs(across)
        table = _find(samples, b"stts")
        runs = list(struct.iter_unpack(">II", table[8 : 8 + 8 * struct.unpack_from(">I", table, 4)[0]]))
        count, ticks = sum(n for n, _ in runs), sum(n * delta for n, delta in runs)
        if not ticks:  # fragmented: the default duration of a sample
            extends = _find(moov, b"mvex", b"trex")
            count, ticks = (1, struct.unpack_from(">I", extends, 12)[0]) if extends else (0, 0)
        fps = count * timescale / ticks if ticks else None
        note = ""
        if _share_off(runs) > MOST_UNEVEN:
            note = f"variable frame rate; the mean, {fps or 0:.5g} per second, is taken for all frames"
        return VideoFacts(fps, (height, width) if turned else (width, height), note)
    return None


def _share_off(runs: list[tuple[int, int]]) -> float:
    """Share of the frames whose duration is more than a tenth off the usual one, of (count, ticks) runs."""
    usual = max(runs, key=lambda run: run[0], default=(0, 0))[1]
    off = sum(count for count, ticks in runs if abs(ticks - usual) > 0.1 * usual)
    return off / max(sum(count for count, _ in runs), 1)


def _avi(data: bytes) -> VideoFacts | None:
    main, stream = data.find(b"avih"), data.find(b"vids")
    if main < 0 or stream < 0:
        return None
    scale, rate = struct.unpack_from("<II", data, stream + 20)
    width, height = struct.unpack_from("<II", data, main + 8 + 32)
    return VideoFacts(rate / scale, (width, height))


def _matroska(data: bytes) -> VideoFacts | None:
    for tracks in _named(data, _SEGMENT):
        for entry in (entry for listed in _named(tracks, _TRACKS) for entry in _named(listed, _ENTRY)):
            fields = dict(_elements(entry))
            if fields.get(_TRACK_TYPE) == b"\x01" and _VIDEO in fields:
                picture = {field: int.from_bytes(content) for field, content in _elements(fields[_VIDEO])}
                duration_ns = int.from_bytes(fields.get(_DURATION, b""))
                fps = 1e9 / duration_ns if duration_ns else None
                return VideoFacts(fps, (picture.get(_WIDTH, 0), picture.get(_HEIGHT, 0)))
    return None


def _named(data: bytes, identity: int) -> Iterator[bytes]:
    return (content for found, content in _elements(data) if found == identity)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(identity, content) of EBML elements; an unknown size reaches to the end."""
    start = 0
    while start < len(data):
        length = 9 - data[start].bit_length()
        identity = int.from_bytes(data[start : start + length])
        start += length
        if length > 8 or start >= len(data) or not data[start]:
            return
        length = 9 - data[start].bit_length()
        size = int.from_bytes(data[start : start + length]) - (1 << 7 * length)
        start += length
        if size == (1 << 7 * length) - 1 or identity == _CLUSTER:
            size = len(data) - start
        yield identity, data[start : start + size]
        start += max(size, 0)
