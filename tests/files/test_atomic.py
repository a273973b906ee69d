"""Files appear whole or not at all."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from pn3d.files.atomic import whole_file, write_atomically, write_json
from pn3d.files.errors import UserError


def test_bytes_text_and_streams_are_written_as_they_are(tmp_path: Path) -> None:
    assert write_atomically(tmp_path / "a", b"\x00\r\n").read_bytes() == b"\x00\r\n"
    assert write_atomically(tmp_path / "b", "é\r\n").read_bytes() == "é\r\n".encode()
    with whole_file(tmp_path / "c.npz") as stream:
        np.savez(stream, x=np.arange(3))
    assert np.load(tmp_path / "c.npz")["x"].tolist() == [0, 1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c.npz"]


def test_the_users_umask_decides_who_reads_the_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = write_atomically(tmp_path / "a", "text")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_nothing_is_seen_before_the_end_and_the_old_file_survives_an_error(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "a", "old")

    def fail_half_way() -> None:
        with whole_file(path) as stream:
            stream.write(b"half")
            stream.flush()
            assert path.read_text() == "old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with whole_file(path) as first, whole_file(path) as second:
        first.write(b"first")
        second.write(b"second")
    assert path.read_bytes() == b"first", "the last to end, as it is"


@pytest.mark.parametrize("target", ["folder", "missing/file", "file/below", "n" * 300])
def test_what_cannot_be_written_is_named_in_one_line(tmp_path: Path, target: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    with pytest.raises(UserError, match=f"^cannot write .*{target}: [^\n]+$"):
        write_atomically(tmp_path / target, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "old"


def test_a_full_disk_is_the_users_to_know(tmp_path: Path) -> None:
    def fill_the_disk() -> None:
        with whole_file(tmp_path / "a"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match=r"cannot write .*a: No space left on device"):
        fill_the_disk()
    assert not list(tmp_path.iterdir())


def test_json_is_strict(tmp_path: Path) -> None:
    path = write_json(tmp_path / "a.json", {"x": [1.5]})
    assert json.loads(path.read_text()) == {"x": [1.5]}
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(path, {"x": float("nan")})
    assert json.loads(path.read_text()) == {"x": [1.5]}
