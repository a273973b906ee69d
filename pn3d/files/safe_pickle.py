"""Reads data files that hold pickles (SMPL models, object arrays in ``.npz``) without running anything in them.

The only door to a pickle. ``pickle_machine`` is the language, ``pickle_values`` says which names exist; the ``pickle``
module is not used. Sizes are bounded and compared with the file before memory is taken. Everything that is not plain
data ends with UserError in one line. Our choice of rules.
"""

import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, Literal

import numpy as np

from pn3d.files.errors import UserError
from pn3d.files.pickle_machine import Caps, RefusedError, shown
from pn3d.files.pickle_values import DataReader

DEFAULT_CAPS = Caps()
MAX_MEMBERS = 10_000
MAX_HEADER_BYTES = 10_000

_DESCR = re.compile(r"'descr': *'([<>|=]?[a-zA-Z]\d{0,8})'")
_ORDER = re.compile(r"'fortran_order': *(True|False)")
_SHAPE = re.compile(r"'shape': *\(((?:\d{1,18}L?,? ?){0,32})\)")

_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,  # also RecursionError and NotImplementedError (zipfile's unknown compression)
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def load_pickle(path: str | Path, *, allow_objects: bool = False, caps: Caps = DEFAULT_CAPS) -> object:
    """The content of a pickle as plain containers, text, numbers and NumPy arrays.

    Args:
        path: a pickle of protocol 0 to 5, written by Python 2 (its ``str`` is read as Latin-1) or 3.
        allow_objects: whether arrays of Python objects are read (data sets have them, models do not).
        caps: what the file may ask for; 512 MB at most unless told otherwise.

    Returns:
        dicts, lists, tuples, sets, str, bytes, numbers, None, and read-only arrays. NumPy scalars become numbers, CSC
        matrices dense float64 arrays, chumpy's ``Ch`` and ``Select`` their arrays, object arrays without dimensions
        their object.

    Raises:
        UserError: the file is not there, is no pickle, is damaged, or holds anything else.
    """
    path = _checked_path(path, caps)
    try:
        with path.open("rb") as stream:
            _check_start(stream.read(64))
            stream.seek(0)
            return DataReader(stream, path.stat().st_size, allow_objects=allow_objects, caps=caps).load()
    except RefusedError as error:
        raise UserError(f"cannot read {path}: {error}") from None
    except _DAMAGE as error:
        raise UserError(f"cannot read {path}: damaged, or not a pickle ({_reason(error)})") from None


def load_npz(path: str | Path, *, caps: Caps = DEFAULT_CAPS) -> dict[str, object]:
    """The members of an ``.npz``: arrays, and for members of Python objects the plain containers they hold.

    Members of objects are read as ``load_pickle(allow_objects=True)`` reads a file, the others without pickles. A
    member of objects without dimensions (``np.savez(positions_3d={...})``) is the object itself.

    Raises:
        UserError: the file is not there, is no ``.npz``, is damaged, is beyond ``caps``, or holds anything else.
    """
    path = _checked_path(path, caps)
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
    except _DAMAGE as error:
        raise UserError(f"cannot read {path}{_where(member)}: damaged, or not an .npz ({_reason(error)})") from None


def load_npy(path: str | Path, *, caps: Caps = DEFAULT_CAPS) -> np.ndarray:
    """The array of an ``.npy`` file; arrays of objects are refused. Raises UserError as load_npz does."""
    path = _checked_path(path, caps)
    try:
        with path.open("rb") as stream:
            array = _read_array(stream, path.stat().st_size, allow_objects=False, caps=caps)
            assert isinstance(array, np.ndarray)  # as objects are not allowed
            return array
    except RefusedError as error:
        raise UserError(f"cannot read {path}: {error}") from None
    except _DAMAGE as error:
        raise UserError(f"cannot read {path}: damaged, or not an .npy ({_reason(error)})") from None


def _checked_path(path: str | Path, caps: Caps) -> Path:
    path = Path(path)
    if not path.is_file():
        raise UserError(f"cannot read {path}: {'it is a folder' if path.is_dir() else 'there is no such file'}")
    if (size := path.stat().st_size) > caps.file_bytes:
        raise UserError(f"cannot read {path}: it has {size >> 20} MB; at most {caps.file_bytes >> 20} are read")
    return path


def _check_start(start: bytes) -> None:
    """Names the usual things that are saved under the name of a model by mistake."""
    if not start:
        raise RefusedError("the file is empty")
    if start.startswith(b"PK"):
        raise RefusedError("it is an .npz or another zip archive, not a pickle")
    if start.lstrip()[:1] == b"<" or start.startswith((b"version https://git-lfs", b"{\n", b"{ ", b'{"')):
        raise RefusedError(f"it is a text file, perhaps a web page or a pointer; it starts with {shown(start[:24])}")


def _read_array(stream: IO[bytes], size: int, *, allow_objects: bool, caps: Caps) -> object:
    """One ``.npy`` of ``size`` bytes. The header's shape must be what the file holds, before memory is taken."""
    shape, fortran, code = _array_header(stream, size)
    left = size - stream.tell()
    order: Literal["C", "F"] = "F" if fortran else "C"
    if code in ("|O", "O"):
        if not allow_objects:
            raise RefusedError("it holds an array of Python objects where numbers are expected")
        value = DataReader(stream, left, allow_objects=True, caps=caps).load()  # of shape () it is the object itself
        if shape != () and (not isinstance(value, np.ndarray) or value.shape != shape):
            raise RefusedError(f"damaged: objects of another shape than {shown(shape)}")
        return value
    dtype = np.dtype(code)
    if dtype.kind not in "biufcSU" or dtype.itemsize == 0:
        raise RefusedError(f"arrays of data type {shown(code)} are not read")
    if math.prod(shape) * dtype.itemsize != left:
        raise RefusedError(f"truncated or damaged: an array of shape {shown(shape)} and {left} bytes")
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


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return ascii(f"{type(error).__name__}: {text}"[:100])[1:-1]
