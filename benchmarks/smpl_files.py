"""Model files in SMPL's format, of full size and free of anybody's licence: random bodies in the true pickle layouts.

``write_python2_pickle`` writes, opcode by opcode, what Python 2's pickle writes for NumPy arrays, SciPy CSC matrices
and chumpy arrays in protocols 0, 1 and 2. Python 2.7 with NumPy 1.16, SciPy 1.2 and chumpy 0.70 reads the files back.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.body.builtin_skeleton import rest_joints
from pn3d.geometry.skeleton import SMPL24

FULL_VERTICES = 6890
NUM_JOINTS = 24


@dataclass(frozen=True)
class Chumpy:
    """An array to be written as ``chumpy.ch.Ch``."""

    array: np.ndarray


@dataclass(frozen=True)
class Csc:
    """A dense matrix to be written as ``scipy.sparse.csc.csc_matrix``."""

    dense: np.ndarray


def random_smpl(seed: int = 0, *, vertices: int = FULL_VERTICES, betas: int = 10) -> dict[str, Any]:
    """The content of a SMPL file: a cloud of vertices round a human skeleton, metres, x left, y up, z forward.

    Keys, shapes and dtypes are the official ones, matrices dense: wrap them with ``in_file_layout`` for a file.
    """
    rng = np.random.default_rng(seed)
    joints = np.asarray(rest_joints(), np.float64)
    owner = np.arange(vertices) % NUM_JOINTS
    template = joints[owner] + 0.04 * rng.standard_normal((vertices, 3))
    weights = np.zeros((vertices, NUM_JOINTS))
    weights[np.arange(vertices), owner] = 2.0
    for _ in range(3):
        other = rng.integers(0, NUM_JOINTS, vertices)
        weights[np.arange(vertices), other] += rng.random(vertices)
    regressor = np.where(owner == np.arange(NUM_JOINTS)[:, None], rng.random((NUM_JOINTS, vertices)), 0.0)
    regressor *= np.cumsum(regressor > 0, axis=1) <= 20
    regressor /= regressor.sum(axis=1, keepdims=True)
    strip = np.arange(vertices - 2)[:, None] + np.arange(3)
    parents = np.array(SMPL24.parents, np.int64).astype(np.uint32)  # the root's -1 becomes 4294967295, as in the files
    return {
        "J": regressor @ template,
        "J_regressor": regressor,
        "J_regressor_prior": regressor,
        "bs_style": "lbs",
        "bs_type": "lrotmin",
        "f": np.concatenate([strip, strip[:, ::-1]]).astype(np.uint32),
        "kintree_table": np.stack([parents, np.arange(NUM_JOINTS, dtype=np.uint32)]),
        "pose_training_info": {"expid": "none", "gender": "neutral", "restpose_type": "t"},
        "posedirs": 0.004 * rng.standard_normal((vertices, 3, 207), np.float32).astype(np.float64),
        "shapedirs": 0.01 * rng.standard_normal((vertices, 3, betas), np.float32).astype(np.float64),
        "v_template": template,
        "vert_sym_idxs": np.arange(vertices),
        "weights": weights / weights.sum(axis=1, keepdims=True),
        "weights_prior": weights / weights.sum(axis=1, keepdims=True),
    }


def in_file_layout(content: dict[str, Any]) -> dict[str, Any]:
    """The same with the shape basis as chumpy array and the regressors as CSC matrices, as official files have them."""
    wrapped = dict(content)
    for key in ("J_regressor", "J_regressor_prior"):
        if isinstance(content.get(key), np.ndarray):
            wrapped[key] = Csc(content[key])
    if isinstance(content.get("shapedirs"), np.ndarray):
        wrapped["shapedirs"] = Chumpy(content["shapedirs"])
    return wrapped


def write_python2_pickle(path: Path, content: object, protocol: int) -> None:
    """Writes ``content`` as Python 2 would. Strings become Python 2's ``str``."""
    path.write_bytes(python2_pickle(content, protocol))


def python2_pickle(content: object, protocol: int) -> bytes:
    """The bytes of that pickle."""
    writer = _Python2Writer(protocol)
    if protocol == 2:
        writer.parts.append(b"\x80\x02")
    writer.value(content)
    writer.parts.append(b".")
    return b"".join(writer.parts)


def csc_parts(dense: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """data, indices (int32) and indptr (int32) of the compressed columns of a matrix."""
    columns, rows = np.nonzero(dense.T)
    counts = np.bincount(columns, minlength=dense.shape[1])
    return dense[rows, columns], rows.astype(np.int32), np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


class _Python2Writer:
    """Opcodes of one pickle; names and data types are written once and then fetched from the memo, as Python does."""

    def __init__(self, protocol: int) -> None:
        self.protocol = protocol
        self.parts: list[bytes] = []
        self.memo: dict[Any, int] = {}

    def value(self, value: Any) -> None:
        """One value of any kind that model files hold."""
        if value is None:
            self.parts.append(b"N")
        elif isinstance(value, bool):
            self.parts.append((b"\x88" if value else b"\x89") if self.protocol == 2 else b"I0%d\n" % value)
        elif isinstance(value, int):
            self.integer(value)
        elif isinstance(value, float):
            self.parts.append(
                b"F%s\n" % repr(value).encode() if self.protocol == 0 else b"G" + struct.pack(">d", value)
            )
        elif isinstance(value, str | bytes):
            self.text(value.encode("latin1") if isinstance(value, str) else value)
        elif isinstance(value, tuple):
            self.put_tuple(value)
        elif isinstance(value, dict):
            self.put_dict(value)
        elif isinstance(value, list):
            self.put_list(value)
        elif isinstance(value, np.ndarray):
            self.array(value)
        elif isinstance(value, Chumpy):
            self.chumpy(value.array)
        elif isinstance(value, Csc):
            self.csc(value.dense)
        elif isinstance(value, _EmptySet):
            self.name("__builtin__", "set")
            self.put_tuple(([],))
            self.parts.append(b"R")
            self.put(object())
        else:
            raise TypeError(type(value))

    def integer(self, value: int) -> None:
        if self.protocol == 0 or not -(2**31) <= value < 2**31:
            self.parts.append(b"I%d\n" % value if -(2**63) <= value < 2**63 else b"L%dL\n" % value)
        elif 0 <= value < 256:
            self.parts.append(b"K" + struct.pack("<B", value))
        elif 0 <= value < 65536:
            self.parts.append(b"M" + struct.pack("<H", value))
        else:
            self.parts.append(b"J" + struct.pack("<i", value))

    def text(self, data: bytes) -> None:
        if self.protocol == 0:
            self.parts += [b"S", repr(data)[1:].encode(), b"\n"]
        elif len(data) < 256:
            self.parts += [b"U" + struct.pack("<B", len(data)), data]
        else:
            self.parts += [b"T" + struct.pack("<i", len(data)), data]

    def put_tuple(self, items: tuple[Any, ...]) -> None:
        short = self.protocol == 2 and 0 < len(items) < 4
        if not short and items:
            self.parts.append(b"(")
        for item in items:
            self.value(item)
        if short:
            self.parts.append((b"\x85", b"\x86", b"\x87")[len(items) - 1])
        elif items:
            self.parts.append(b"t")
        else:
            self.parts.append(b")" if self.protocol else b"(t")

    def put_dict(self, items: dict[Any, Any]) -> None:
        self.parts.append(b"}" if self.protocol else b"(d")
        self.put(object())
        if self.protocol:
            self.parts.append(b"(")
        for key, value in items.items():
            self.value(key)
            self.value(value)
            if not self.protocol:
                self.parts.append(b"s")
        if self.protocol:
            self.parts.append(b"u")

    def put_list(self, items: list[Any]) -> None:
        self.parts.append(b"]" if self.protocol else b"(l")
        self.put(object())
        for item in items:
            self.value(item)
            self.parts.append(b"a")

    def put(self, key: object) -> None:
        index = len(self.memo) + 1
        self.memo[key] = index
        if self.protocol == 0:
            self.parts.append(b"p%d\n" % index)
        else:
            self.parts.append(b"q" + struct.pack("<B", index) if index < 256 else b"r" + struct.pack("<i", index))

    def fetched(self, key: object) -> bool:
        index = self.memo.get(key)
        if index is None:
            return False
        if self.protocol == 0:
            self.parts.append(b"g%d\n" % index)
        else:
            self.parts.append(b"h" + struct.pack("<B", index) if index < 256 else b"j" + struct.pack("<i", index))
        return True

    def name(self, module: str, name: str) -> None:
        if not self.fetched((module, name)):
            self.parts.append(f"c{module}\n{name}\n".encode())
            self.put((module, name))

    def dtype(self, dtype: np.dtype[Any]) -> None:
        if self.fetched(dtype.str):
            return
        self.name("numpy", "dtype")
        self.put_tuple((dtype.str[1:], 0, 1))
        self.parts.append(b"R")
        self.put(dtype.str)
        self.put_tuple((3, dtype.str[0], None, None, None, -1, -1, 0))
        self.parts.append(b"b")

    def array(self, array: np.ndarray) -> None:
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        self.name("numpy.core.multiarray", "_reconstruct")
        self.parts.append(b"(")
        self.name("numpy", "ndarray")
        self.put_tuple((0,))
        self.text(b"b")
        self.parts.append(b"tR")
        self.put(object())
        self.parts.append(b"(")
        self.integer(1)
        self.put_tuple(array.shape)
        self.dtype(array.dtype)
        self.value(bool(fortran))
        self.text(array.tobytes("F" if fortran else "C"))
        self.parts.append(b"tb")

    def instance(self, module: str, name: str, state: dict[str, Any]) -> None:
        """A new-style object: NEWOBJ in protocol 2, copy_reg._reconstructor before."""
        if self.protocol == 2:
            self.name(module, name)
            self.parts.append(b")\x81")
        else:
            self.name("copy_reg", "_reconstructor")
            self.parts.append(b"(")
            self.name(module, name)
            self.name("__builtin__", "object")
            self.parts.append(b"NtR")
        self.put(object())
        self.put_dict(state)
        self.parts.append(b"b")

    def csc(self, dense: np.ndarray) -> None:
        data, indices, indptr = csc_parts(dense)
        state = {"indices": indices, "data": data, "maxprint": 50, "_shape": dense.shape, "indptr": indptr}
        self.instance("scipy.sparse.csc", "csc_matrix", state)

    def chumpy(self, array: np.ndarray) -> None:
        state = {"_make_sparse": False, "_dirty_vars": _EmptySet(), "_itr": None, "_depends_on_deps": {}, "x": array}
        self.instance("chumpy.ch", "Ch", state | {"_make_dense": False, "_status": "new"})


class _EmptySet:
    """Python 2's empty ``set``."""
