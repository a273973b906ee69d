"""Reads ``.npz`` and ``.npy`` files without NumPy's own reader, which would unpickle and evaluate what a file says.

Sizes are compared with the file before memory is taken; members of Python objects go through ``safe_pickle``. All
else ends with UserError in one line. Our choice of rules.
"""

import math
import re
import zipfile
from pathlib import Path
from typing import IO, Literal

import numpy as np

from pn3d.files.errors import UserError
from pn3d.files.pickle_opcodes import DAMAGE, Caps, RefusedError, reason, shown
from pn3d.files.safe_pickle import DEFAULT_CAPS, checked_path, read_pickle

MAX_MEMBERS = 10_000
MAX_HEADER_BYTES = 10_000

_DESCR = re.compile(r"'descr': *'([<>|=]?[a-zA-Z]\d{0,8})'")
_ORDER = re.compile(r"'fortran_order': *(True|False)")
_SHAPE = re.compile(r"'shape': *\(((?:\d{1,18}L?,? ?){0,32})\)")


def load_npz(path: str | Path, *, caps: Caps = DEFAULT_CAPS) -> dict[str, object]:
    """The members of an ``.npz``: arrays, and for members of Python objects the plain containers they hold.

    Members of objects are read as ``load_pickle(allow_objects=True)`` reads a file, the others without pickles. A
    member of objects without dimensions (``np.savez(positions_3d={...})``) is the object itself.

    Raises:
        UserError: the file is not there, is no ``.npz``, is damaged, is beyond ``caps``, or holds anything else.
    """
    path = checked_path(path, caps)
    member = ""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_MEMBERS or len({info.filename for info in infos}) < len(infos):
                raise RefusedError("members are named twice, or far too many")
            if (total := sum(info.file_size for info in infos)) > caps.unpacked_bytes:
                raise RefusedError(f"it unpacks to {total >> 20} MB; at most {caps.unpacked_bytes >> 20} are read")
            members: dict[str, object] = {}
            for info in infos:
                member = info.filename.removesuffix(".npy")
                if member == info.filename:
                    raise RefusedError("it is not an array (.npy)")
                with archive.open(info) as stream:
                    members[member] = _read_array(stream, info.file_size, allow_objects=True, caps=caps)
            return members
    except RefusedError as error:
        raise UserError(f"cannot read {path}{_where(member)}: {error}") from None
    except DAMAGE as error:
        raise UserError(f"cannot read {path}{_where(member)}: damaged, or not an .npz ({reason(error)})") from None


def load_npy(path: str | Path, *, caps: Caps = DEFAULT_CAPS) -> np.ndarray:
    """The array of an ``.npy`` file; arrays of objects are refused. Raises UserError as load_npz does."""
    path = checked_path(path, caps)
    try:
        with path.open("rb") as stream:
            array = _read_array(stream, path.stat().st_size, allow_objects=False, caps=caps)
            assert isinstance(array, np.ndarray)  # as objects are not allowed
            return array
    except RefusedError as error:
        raise UserError(f"cannot read {path}: {error}") from None
    except DAMAGE as error:
        raise UserError(f"cannot read {path}: damaged, or not an .npy ({reason(error)})") from None


def _read_array(stream: IO[bytes], size: int, *, allow_objects: bool, caps: Caps) -> object:
    """One ``.npy`` of ``size`` bytes. The header's shape must be what the file holds, before memory is taken."""
    shape, fortran, code = _array_header(stream, size)
    left = size - stream.tell()
    order: Literal["C", "F"] = "F" if fortran else "C"
    if code in ("|O", "O"):
        if not allow_objects:
            raise RefusedError("it holds an array of Python objects where numbers are expected")
        value = read_pickle(stream, left, allow_objects=True, caps=caps)  # of shape () it is the object itself
        if shape != () and (not isinstance(value, np.ndarray) or value.shape != shape):
            raise RefusedError(f"damaged: objects of another shape than {shape}")
        return value
    dtype = np.dtype(code)
    if dtype.kind not in "biufcSU" or dtype.itemsize == 0:
        raise RefusedError(f"arrays of data type {shown(code)} are not read")
    if math.prod(shape) * dtype.itemsize != left:
        raise RefusedError(f"truncated or damaged: an array of shape {shape} and {left} bytes")
    raw = stream.read(left)
    return np.frombuffer(raw, dtype).astype(dtype.newbyteorder("="), copy=False).reshape(shape, order=order)


def _array_header(stream: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, str]:
    """Shape, whether in Fortran order, and type code. NumPy's own reader evaluates the header as a Python literal."""
    start = stream.read(8)
    if start[:6] != b"\x93NUMPY":
        raise RefusedError(f"damaged, or not an array: it starts with {shown(start[:6])}")
    if start[6:] not in (b"\x01\x00", b"\x02\x00"):
        raise RefusedError(f"version {shown(start[6:])} of the array format is not read")
    length = int.from_bytes(stream.read(2 * start[6]), "little")
    if length > min(MAX_HEADER_BYTES, size):
        raise RefusedError(f"damaged: an array header of {length} bytes")
    header = stream.read(length).decode("latin1")
    code, order, shape = _DESCR.search(header), _ORDER.search(header), _SHAPE.search(header)
    if code is None or order is None or shape is None:
        raise RefusedError(f"an array of this kind is not read: {shown(header.strip())}")
    sizes = tuple(int(number) for number in re.findall(r"\d+", shape[1]))
    return sizes, order[1] == "True", code[1]


def _where(member: str) -> str:
    return f" ({shown(member)})" if member else ""
