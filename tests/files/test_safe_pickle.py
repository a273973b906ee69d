import builtins
import os
import pickle
import struct
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from pn3d.files import pickle_opcodes
from pn3d.files.errors import UserError
from pn3d.files.pickle_opcodes import Caps
from pn3d.files.safe_npz import load_npy, load_npz
from pn3d.files.safe_pickle import load_pickle
from tests.support.python2_pickles import EXPECTED, EXPRESSION, PICKLES, SELECTION, equal_values, unpacked


def _load(tmp_path: Path, data: bytes, **options: Any) -> Any:
    path = tmp_path / "file.pkl"
    path.write_bytes(data)
    return load_pickle(path, **options)


def _refusal(tmp_path: Path, data: bytes, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        _load(tmp_path, data, **options)
    text = str(caught.value)
    assert text.isprintable()
    assert text.startswith(f"cannot read {tmp_path / 'file.pkl'}: ")
    return text


@pytest.mark.parametrize("name", sorted(PICKLES))
def test_files_that_python_2_wrote(tmp_path: Path, name: str) -> None:
    assert equal_values(_load(tmp_path, unpacked(PICKLES[name])), EXPECTED)


def test_chumpy_selection_and_expression(tmp_path: Path) -> None:
    whole = np.arange(12.0).reshape(3, 4)
    assert equal_values(_load(tmp_path, unpacked(SELECTION)), {"sel": whole[1:, ::2], "dense": whole})
    assert "chumpy expression ('chumpy.ch_ops.multiply')" in _refusal(tmp_path, unpacked(EXPRESSION))


@pytest.mark.parametrize("protocol", range(6))
def test_files_saved_again_by_python_3(tmp_path: Path, protocol: int) -> None:
    rng = np.random.default_rng(0)
    dense = np.where(rng.random((4, 9)) < 0.3, rng.random((4, 9)), 0.0)
    arrays = {
        code: rng.integers(0, 2, (3, 2)).astype(code) for code in ("f4", "i2", "u1", "u8", "?", "S3", "U2", ">i4")
    }
    content = {
        **arrays,
        "fortran": np.asfortranarray(rng.random((2, 3, 4))),
        "turned": rng.random((2, 3, 4)).transpose(1, 0, 2),
        "empty": np.zeros((0, 3)),
        "scalar": np.float32(0.5),
        "numbers": (1, -1, 2**40, -(2**70), 0.1, True, None),
        "nested": [b"raw", "text", {"deep": [{"er": {1, 2}}]}],
        "shared": [arrays["f4"], arrays["f4"]],
    }
    found = _load(tmp_path, pickle.dumps(content | {"csc": scipy.sparse.csc_matrix(dense)}, protocol))
    assert equal_values(found.pop("csc"), dense)
    assert equal_values(found, content | {"scalar": 0.5})
    assert equal_values(_load(tmp_path, pickle.dumps(scipy.sparse.csc_array(dense), protocol)), dense)
    with pytest.raises(ValueError, match="read-only"):
        found["f4"][0] = 1


def test_objects_only_where_allowed(tmp_path: Path) -> None:
    ragged = np.empty((2, 1), object)
    ragged[0, 0], ragged[1, 0] = [1, np.arange(3)], {"a": "b"}
    data = pickle.dumps({"ragged": ragged}, 2)
    assert "Python objects" in _refusal(tmp_path, data)
    found = _load(tmp_path, data, allow_objects=True)["ragged"]
    assert found.shape == (2, 1)
    assert equal_values(found[0, 0], [1, np.arange(3)])
    assert found[1, 0] == {"a": "b"}


class _Calls:
    """Pickles into a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_called(tmp_path: Path, protocol: int) -> None:
    canary = tmp_path / "canary"
    for function, argument in (
        (os.system, f"touch {canary}"),
        (os.mkdir, str(canary)),
        (builtins.eval, f"open({str(canary)!r}, 'w')"),
        (builtins.getattr, "x"),
        (np.load, "x"),
        (type, "x"),
        (np.ndarray, (2,)),
        (object, ()),
    ):
        text = _refusal(tmp_path, pickle.dumps({"a": [_Calls(function, argument)]}, protocol))
        assert "refused" in text
        np.savez(tmp_path / "bad.npz", allow_pickle=True, a=np.array(_Calls(function, argument), object))
        with pytest.raises(UserError, match=r"\('a'\).*refused"):
            load_npz(tmp_path / "bad.npz")
    assert not canary.exists()


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntU\x01btR"
F8 = b"cnumpy\ndtype\n(U\x02f8I0\nI1\ntR(I3\nU\x01<NNNI-1\nI-1\nI0\ntb"
CSC = b"cscipy.sparse.csc\ncsc_matrix\n)\x81"
CH = b"cchumpy.ch\nCh\n)\x81"


def _array(shape: bytes, raw: bytes, dtype: bytes = F8) -> bytes:
    return ARRAY + b"(I1\n(" + shape + b"t" + dtype + b"I00\nT" + struct.pack("<i", len(raw)) + raw + b"tb"


def _ints(*values: int) -> bytes:
    return _array(b"I%d\n" % len(values), struct.pack(f"<{len(values)}q", *values), F8.replace(b"f8", b"i8"))


def _csc(shape: bytes, data: bytes, indices: bytes, indptr: bytes) -> bytes:
    return (
        CSC
        + b"}(U\x06_shape("
        + shape
        + b"tU\x04data"
        + data
        + b"U\x07indices"
        + indices
        + b"U\x06indptr"
        + indptr
        + b"ub."
    )


BAD = {
    "empty": b"",
    "web page": b"<!DOCTYPE html><html>",
    "pointer": b"version https://git-lfs.github.com/spec/v1\n",
    "zip": b"PK\x03\x04",
    "text": b"hello world",
    "nothing left": b"\x80\x02.",
    "protocol": b"\x80\x06N.",
    "no end": b"N",
    "persistent": b"P1\n.",
    "persistent binary": b"NQ.",
    "extension": b"\x82\x01.",
    "extension 2": b"\x83\x01\x00.",
    "extension 4": b"\x84\x01\x00\x00\x00.",
    "old instance": b"(ios\nsystem\n.",
    "old object": b"(cchumpy.ch\nCh\no.",
    "new object with keywords": b"cchumpy.ch\nCh\n)}\x92.",
    "out of band": b"\x97.",
    "read only buffer": b"N\x98.",
    "name of numbers": b"NN\x93.",
    "name in a name": b"cnumpy\nndarray.__init__\n.",
    "bare name": b"cnumpy\nndarray\n.",
    "call of a class": b"cchumpy.ch\nCh\n)R.",
    "call of a number": b"I1\n)R.",
    "call without arguments": b"cnumpy\ndtype\nNR.",
    "instance of a function": b"c_codecs\nencode\n)\x81.",
    "instance with arguments": b"cchumpy.ch\nCh\nN\x85\x81.",
    "reconstructed with a base": b"ccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\nc__builtin__\nset\nNtR.",
    "encoded otherwise": b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x03\x00\x00\x00hextR.",
    "state of a name": b"cnumpy\nndarray\n}b.",
    "state of a dictionary": b"}}b.",
    "state twice": CH + b"}b}b.",
    "no state": CH + b".",
    "no content": CH + b"}b.",
    "content is text": CH + b"}U\x01xU\x01ysb.",
    "contains itself": b"]q\x00h\x00a.",
    "its state contains itself": CH + b"q\x00}U\x01xh\x00sb.",
    "dictionary contains itself": b"}q\x00U\x01ah\x00s.",
    "unhashable key": b"}]Ns.",
    "tuple key": b"})Ns.",
    "huge key": b"}\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01Ns.",
    "odd items": b"}(Nu.",
    "append to a number": b"NNa.",
    "set in a list": b"]NNs.",
    "mark missing": b"Nt.",
    "value missing": b"\x85.",
    "mark on top": b"(.",
    "memo missing": b"h\x05.",
    "memo index": b"Np99999999999999999999\n.",
    "memo index below zero": b"Np-1\n.",
    "number": b"Iabc\n.",
    "long number": b"I" + b"9" * 100_000 + b"\n.",
    "long integer": b"\x8a\xff" + b"\xff" * 255 + b".",
    "huge integer": b"\x8b\xff\xff\xff\x7f\x00.",
    "negative size": b"\x8b\xff\xff\xff\xff\x00.",
    "negative text": b"T\xff\xff\xff\xff.",
    "huge text": b"X\xff\xff\xff\x7f.",
    "huge text of 8": b"\x8d" + b"\xff" * 8 + b".",
    "huge bytes": b"\x8e" + b"\xff" * 7 + b"\x00.",
    "huge bytearray": b"\x96\x00\x00\x00\x00\x10\x00\x00\x00.",
    "huge frame": b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.",
    "frame past the end": b"\x80\x04\x95\x09\x00\x00\x00\x00\x00\x00\x00N.",
    "text without quotes": b"Sabc\n.",
    "text without end": b"S'abc",
    "text of broken utf-8": b"X\x02\x00\x00\x00\xff\xfe.",
    "text of a surrogate": b"X\x03\x00\x00\x00\xed\xa0\x80.",
    "float": b"Fabc\n.",
    "nested": b"(" * 70 + b"l" * 70 + b".",
    "nested deeply": b"]" * 30_000 + b"a" * 29_999 + b".",
    "nested in marks": b"(" * 30_000 + b"t" * 30_000 + b".",
    "laughs": b"]q\x00" + b"".join(b"](" + b"h%c" % n * 10 + b"eq%c" % (n + 1) for n in range(20)) + b".",
    "array of objects": _array(b"I1\n", b"", F8.replace(b"f8", b"O8")) + b".",
    "array of a void": _array(b"I1\n", b"12345678", F8.replace(b"f8", b"V8")) + b".",
    "array of dates": _array(b"I1\n", b"12345678", F8.replace(b"f8", b"M8")) + b".",
    "array of nothing": _array(b"I999999999\n", b"", F8.replace(b"f8", b"S0")) + b".",
    "array of fields": _array(b"I1\n", b"12345678", F8.replace(b"<NNN", b"<N)}")) + b".",
    "array without type": _array(b"I1\n", b"12345678", b"N") + b".",
    "array of an unfinished type": _array(b"I1\n", b"12345678", b"cnumpy\ndtype\n(U\x02f8I0\nI1\ntR") + b".",
    "array too short": _array(b"I3\n", b"12345678") + b".",
    "array too long": _array(b"I1\n", b"1234567812345678") + b".",
    "array of negative shape": _array(b"I-1\nI-1\n", b"12345678") + b".",
    "array of true shape": _array(b"I01\n", b"12345678") + b".",
    "array of huge shape": _array(b"I4294967296\nI4294967296\n", b"") + b".",
    "array of too many dimensions": _array(b"I1\n" * 70, b"12345678") + b".",
    "array unfilled": ARRAY + b".",
    "array filled twice": _array(b"I1\n", b"12345678")[:-1] + b"b" + b"(I1\n(I0\nt" + F8 + b"I00\nU\x00tb.",
    "sparse and huge": _csc(b"I2147483647\nI2147483647\n", _array(b"I0\n", b""), _ints(), _ints(0)),
    "sparse out of range": _csc(b"I2\nI1\n", _array(b"I1\n", b"12345678"), _ints(2), _ints(0, 1)),
    "sparse below range": _csc(b"I2\nI1\n", _array(b"I1\n", b"12345678"), _ints(-1), _ints(0, 1)),
    "sparse backwards": _csc(b"I2\nI2\n", _array(b"I1\n", b"12345678"), _ints(0), _ints(0, 1, 0)),
    "sparse too few columns": _csc(b"I2\nI2\n", _array(b"I1\n", b"12345678"), _ints(0), _ints(0, 1)),
    "sparse past its data": _csc(b"I2\nI1\n", _array(b"I1\n", b"12345678"), _ints(0), _ints(0, 9)),
    "sparse of three axes": _csc(b"I2\nI1\nI1\n", _array(b"I1\n", b"12345678"), _ints(0), _ints(0, 1)),
    "sparse without rows": CSC + b"}b.",
    "selection out of range": b"cchumpy.reordering\nSelect\n)\x81}(U\x01a"
    + _ints(1)
    + b"U\x04idxs"
    + _ints(1)
    + b"ub.",
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_pickles_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    tracemalloc.start()
    started = time.process_time()  # not of the clock: others may keep the processor busy
    try:
        _refusal(tmp_path, BAD[name], allow_objects=name == "array of objects")
        assert tracemalloc.get_traced_memory()[1] < 40e6
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 10


def test_messages_say_what_is_wrong(tmp_path: Path) -> None:
    for name, text in {
        "web page": "perhaps a web page",
        "zip": "an .npz",
        "empty": "the file is empty",
        "huge bytearray": "declared where 1 are left",
        "array too short": r"an array of shape \(3,\) needs 24 bytes, found 8",
        "contains itself": "contains itself",
        "laughs": "unfolds to more than",
        "persistent": "opcode b'P' is not read",
        "sparse backwards": "the columns of a sparse matrix do not fit",
        "selection out of range": "a chumpy selection out of range",
        "instance with arguments": "an object of an unknown class",
    }.items():
        with pytest.raises(UserError, match=text):
            _load(tmp_path, BAD[name], allow_objects=True)


def test_a_frame_hides_no_opcodes(tmp_path: Path) -> None:
    """The unpickler drops what is left of a frame at an opcode that reaches over its end, and so would read others."""
    hidden = b"r\xff\xff\xff\x0f"  # a memo of 4 GB, inside a text for whoever reads straight on
    frame = b"\x95" + struct.pack("<Q", 3)
    for data in (
        b"\x80\x04" + frame + b"N0B" + struct.pack("<I", 20) + hidden * 4 + b".",
        b"\x80\x04" + frame + frame + b"N0N" + b".",
    ):
        assert "frame" in _refusal(tmp_path, data)


def test_the_memo_is_as_long_as_the_file_needs(tmp_path: Path) -> None:
    for data in (b"Nr\xff\xff\xff\x7f.", b"Nr\x00\x00\x00\x10.", b"Np268435456\n."):
        assert "a place in the memo that cannot be" in _refusal(tmp_path, data)


def test_keys_whose_hash_is_dangerous_are_not_tried(tmp_path: Path) -> None:
    laughs = b"(Ntq\x000" + b"".join(b"(" + b"h%c" % n * 10 + b"tq%c0" % (n + 1) for n in range(30)) + b"h\x1e"
    deep = b"N" + b"\x85" * 200_000
    for key in (
        laughs,
        deep,
        laughs + b"NN\x86b",
        laughs + b"2",
        b"2p1\n".join((b"N", laughs)),
        b"\x8a\x09" + b"\xff" * 8 + b"\x00",
    ):
        for data in (
            b"}" + key + b"Ns.",
            b"}(" + key + b"Nu.",
            b"(" + key + b"Nd.",
            b"\x8f(" + key + b"\x90.",
            b"(" + key + b"\x91.",
        ):
            assert "key" in _refusal(tmp_path, data)


def test_a_shape_of_nested_tuples_is_not_written_out(tmp_path: Path) -> None:
    laughs = b"(Ntq\x000" + b"".join(b"(" + b"h%c" % n * 10 + b"tq%c0" % (n + 1) for n in range(30)) + b"h\x1e"
    data = ARRAY + b"(I1\n" + laughs + F8 + b"I00\nU\x00tb."
    assert "the shape of an array" in _refusal(tmp_path, data)


def test_the_unpickler_refuses_by_itself_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the first pass to miss something, nothing would be called all the same."""
    monkeypatch.setattr(pickle_opcodes.OpcodeCheck, "run", lambda self: None)
    canary = tmp_path / "canary"
    command = f"touch {canary}".encode()
    for data in (
        b"cos\nsystem\n(U" + bytes([len(command)]) + command + b"tR.",
        b"(U" + bytes([len(command)]) + command + b"iposix\nsystem\n.",
        b"U" + bytes([len(command)]) + command + b"Q.",
        b"Pposix system\n.",
        b"\x82\x01.",
        b"\x97.",
        b"cnumpy\nndarray\nN}U\x0c__setstate__cchumpy.ch\nCh\ns\x86b.",
        b"cchumpy.ch\nCh\nN}U\x08__call__Ns\x86b.",
    ):
        _refusal(tmp_path, data)
    assert not canary.exists()


def test_truncated_anywhere(tmp_path: Path) -> None:
    for name in ("pickle, protocol 0", "cPickle, protocol 2"):
        data = unpacked(PICKLES[name])
        for length in range(0, len(data), 41):
            _refusal(tmp_path, data[:length])


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    array = pickle.dumps(np.zeros(1000), 2)
    assert "take more than 0 MB" in _refusal(tmp_path, array, caps=Caps(built_bytes=7000))
    assert not _load(tmp_path, array, caps=Caps(file_bytes=10_000, built_bytes=40_000, operations=200)).any()
    assert "at most 0 are read" in _refusal(tmp_path, array, caps=Caps(file_bytes=100))
    assert "more than 5 operations" in _refusal(tmp_path, b"N0" * 20, caps=Caps(operations=5))
    assert "unfolds to more than 8" in _refusal(tmp_path, pickle.dumps(["a"] * 9), caps=Caps(unfolded_items=8))
    monkeypatch.setattr(pickle_opcodes, "LONG_TEXT_BYTES", 2)
    for text in (b"X\x04\x00\x00\x00\xf0\x9f\x98\x80.", b"V\\U0001f600\n.", b"V\\u3042\n."):
        assert "very long text" in _refusal(tmp_path, text)
    for text in (b"X\x04\x00\x00\x00\xc3\xbfab.", b"Vab\\u00ff\n."):
        assert sorted(_load(tmp_path, text)) == ["a", "b", "\xff"]


def test_small_input_cannot_ask_for_much(tmp_path: Path) -> None:
    caps = Caps(built_bytes=20_000_000)
    wide = b"]q\x00(" + b"N" * 1000 + b"e" + b"0h\x00c__builtin__\nset\nq\x01" * 1
    repeated = wide + b"(" + b"h\x01h\x00\x85R" * 20_000 + b"l."
    assert "MB" in _refusal(tmp_path, repeated, caps=caps)
    text = b"X\x40\x42\x0f\x00" + b"a" * 1_000_000 + b"q\x00X\x06\x00\x00\x00latin1q\x01c_codecs\nencode\nq\x02("
    assert "MB" in _refusal(tmp_path, text + b"h\x02h\x00h\x01\x86R0" * 50 + b"l.", caps=caps)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for load in (load_pickle, load_npz, load_npy):
        with pytest.raises(UserError, match="there is no such file"):
            load(tmp_path / "missing")
        with pytest.raises(UserError, match="it is a folder"):
            load(tmp_path)
