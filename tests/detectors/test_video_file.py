"""Frame rate and image size from headers that are built here byte by byte, as the containers' documents say."""

import struct
import tempfile
from fractions import Fraction
from pathlib import Path

import pytest

from pn3d.detectors.video_file import VideoFacts, read_video_facts
from pn3d.files.errors import UserError


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def track(kind: bytes, size: tuple[int, int], runs: list[tuple[int, int]], turned: bool) -> bytes:
    matrix = (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30) if turned else (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    header = (
        struct.pack(">I5I", 0, 0, 0, 1, 0, 100) + bytes(16) + struct.pack(">9i", *matrix) + struct.pack(">II", 0, 0)
    )
    clock = struct.pack(">IIIIIHH", 0, 0, 0, 90000, 0, 0, 0)
    entry = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", *size) + bytes(50)
    described = struct.pack(">II", 0, 1) + box(b"avc1", entry)
    times = struct.pack(">II", 0, len(runs)) + b"".join(struct.pack(">II", *run) for run in runs)
    samples = box(b"stbl", box(b"stsd", described) + box(b"stts", times))
    media = box(b"mdhd", clock) + box(b"hdlr", bytes(8) + kind + bytes(12)) + box(b"minf", samples)
    return box(b"trak", box(b"tkhd", header) + box(b"mdia", media))


def mp4(turned: bool = False) -> bytes:
    sound = track(b"soun", (0, 0), [(100, 1024)], False)
    pictures = track(b"vide", (1920, 1080), [(50, 3003), (10, 3003)], turned)
    wide = struct.pack(">I4sQ", 1, b"mdat", 16 + 40) + bytes(40)  # a 64-bit size
    return box(b"ftyp", b"isom") + wide + box(b"moov", box(b"mvhd", bytes(100)) + sound + pictures)


def avi() -> bytes:
    main = struct.pack("<10I", 40000, 0, 0, 0, 250, 0, 1, 0, 640, 480)
    stream = b"vids" + b"XVID" + struct.pack("<6I", 0, 0, 0, 1, 25, 0)
    body = b"AVI " + b"LIST" + struct.pack("<I", 0) + b"hdrlavih" + struct.pack("<I", len(main)) + main
    body += b"LIST" + struct.pack("<I", 0) + b"strlstrh" + struct.pack("<I", len(stream)) + stream
    return b"RIFF" + struct.pack("<I", len(body)) + body


def element(identity: int, content: bytes, unknown: bool = False) -> bytes:
    size = b"\x01" + b"\xff" * 7 if unknown else (len(content) | 1 << 56).to_bytes(8)
    return identity.to_bytes((identity.bit_length() + 7) // 8) + size + content


def mkv(duration: bool = True) -> bytes:
    video = element(0xE0, element(0xB0, (1280).to_bytes(2)) + element(0xBA, (720).to_bytes(2)))
    rate = element(0x23E383, (20_000_000).to_bytes(4)) if duration else b""
    sound, pictures = element(0xAE, element(0x83, b"\x02")), element(0xAE, element(0x83, b"\x01") + rate + video)
    body = element(0xEC, bytes(30)) + element(0x1654AE6B, element(0xBF, b"\x01\x02\x03\x04") + sound + pictures)
    return element(0x1A45DFA3, bytes(8)) + element(0x18538067, body, unknown=True)


@pytest.mark.parametrize(
    ("data", "fps", "size"),
    [
        (mp4(), float(Fraction(30000, 1001)), (1920, 1080)),
        (mp4(turned=True), float(Fraction(30000, 1001)), (1080, 1920)),
        (avi(), 25.0, (640, 480)),
        (mkv(), 50.0, (1280, 720)),
        (mkv(duration=False), None, (1280, 720)),
    ],
    ids=["mp4", "turned mp4", "avi", "mkv", "mkv of no rate"],
)
def test_rate_and_size(data, fps, size, tmp_path):
    (tmp_path / "v").write_bytes(data)
    assert read_video_facts(tmp_path / "v") == VideoFacts(None if fps is None else round(fps, 5), size)


def test_other_files_and_damage(tmp_path):
    path = tmp_path / "v.mp4"
    for data in (b"", b"GIF89a" + bytes(50), mp4()[:80], avi()[:60], mkv()[:60]):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"v\.mp4: .*--fps and --image-size"):
            read_video_facts(path)
    with pytest.raises(UserError, match="cannot be read"):
        read_video_facts(tmp_path / "nothing.mp4")


def test_a_variable_rate_is_told() -> None:
    def movie(runs: list[tuple[int, int]]) -> bytes:
        return box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd", bytes(100)) + track(b"vide", (640, 480), runs, False))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "v.mp4"
        path.write_bytes(movie([(299, 3000), (1, 6000)]))
        assert read_video_facts(path).note == ""
        path.write_bytes(movie([(150, 3000), (150, 4500)]))
        found = read_video_facts(path)
        assert found.fps == pytest.approx(24.0)
        assert "variable frame rate" in found.note
