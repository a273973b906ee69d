import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pn3d.files.errors import UserError
from pn3d.files.pickle_machine import Caps
from pn3d.files.safe_pickle import DEFAULT_CAPS, load_npy, load_npz
from tests.support.python2_pickles import equal_values


def test_npz_with_and_without_objects(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    poses = {"S1": {"Walking 1": [np.ones((4, 17, 2), np.float32)] * 2}}
    several = np.array([{"a": 1}, None], object)
    plain = {"x": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "names": np.array(["a", "bc"]), "n": np.array(3)}
    for save in (np.savez, np.savez_compressed):
        save(path, allow_pickle=True, positions=np.array(poses, object), several=several, **plain)
        found = load_npz(path)
        assert equal_values(found["positions"], poses)
        assert isinstance(found["several"], np.ndarray)
        assert found["several"].tolist() == [{"a": 1}, None]
        assert all(equal_values(found[key], value) for key, value in plain.items())


def test_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6, dtype=">f4").reshape(2, 3))
    assert equal_values(load_npy(tmp_path / "a.npy"), np.arange(6, dtype=np.float32).reshape(2, 3))
    np.save(tmp_path / "b.npy", np.array({"a": 1}, object), allow_pickle=True)
    with pytest.raises(UserError, match="Python objects"):
        load_npy(tmp_path / "b.npy")


def _npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


BAD_ARRAYS = {
    "no array": b"abc",
    "short": _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", b"12345678"),
    "huge": _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }", b"12345678"),
    "negative": _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }", b"12345678"),
    "fields": _npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", b"12345678"),
    "objects in fields": _npy("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }", b"12345678"),
    "dates": _npy("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,), }", b"12345678"),
    "code": _npy("__import__('os').system('true')"),
    "nested": _npy("(" * 5000),
    "long header": _npy("{'descr': '<f8'," + " " * 20_000 + " 'fortran_order': False, 'shape': (1,), }", b"12345678"),
    "version": b"\x93NUMPY\x03\x00" + _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", b"12345678")[8:],
}


@pytest.mark.parametrize("name", sorted(BAD_ARRAYS))
def test_bad_arrays(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.npy").write_bytes(BAD_ARRAYS[name])
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", BAD_ARRAYS[name])
    for load, path in ((load_npy, tmp_path / "a.npy"), (load_npz, tmp_path / "a.npz")):
        with pytest.raises(UserError) as caught:
            load(path)
        assert str(caught.value).isprintable()
        assert name != "short" or "truncated or damaged: an array of shape (3,) and 8 bytes" in str(caught.value)


def test_bad_archives(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"

    def refused(data: bytes, caps: Caps = DEFAULT_CAPS) -> str:
        path.write_bytes(data)
        with pytest.raises(UserError) as caught:
            load_npz(path, caps=caps)
        assert str(caught.value).isprintable()
        return str(caught.value)

    stream = io.BytesIO()
    np.savez_compressed(stream, x=np.zeros(10_000), y=np.arange(3.0))
    good = stream.getvalue()
    for length in range(0, len(good), 23):
        refused(good[:length])
    assert "not an .npz" in refused(b"not a zip")
    damaged = bytearray(good)
    damaged[60] ^= 0xFF
    refused(bytes(damaged))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "('readme.txt'): it is not an array" in refused(stream.getvalue())
    assert "it unpacks to" in refused(good, Caps(unpacked_bytes=10_000))
