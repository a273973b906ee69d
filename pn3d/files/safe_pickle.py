"""Reads pickles of data (SMPL models, object arrays of data sets) without running anything in them.

The only door to a pickle. A first pass over the opcodes refuses what is no plain data and what asks for much; then
``pickle.Unpickler`` reads, with a ``find_class`` that knows inert stand-ins for a short list of names; last the
stand-ins become arrays. The layouts are those of NumPy, SciPy and chumpy in protocols 0 to 5 under Python 2 and 3;
SciPy and chumpy are not imported. All else ends with UserError in one line. Our choice of rules.
"""

import io
import math
import pickle
import re
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np

from pn3d.files.errors import UserError
from pn3d.files.pickle_opcodes import DAMAGE, MAX_NESTING, Caps, OpcodeCheck, RefusedError, reason, shown

MAX_DENSE_ITEMS = 1 << 23  # rows x columns of one sparse matrix
_PLAIN = (str, bytes, int, float, bool, type(None))

DEFAULT_CAPS = Caps()


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
    path = checked_path(path, caps)
    try:
        with path.open("rb") as stream:
            _check_start(stream.read(64))
            stream.seek(0)
            return read_pickle(stream, path.stat().st_size, allow_objects=allow_objects, caps=caps)
    except RefusedError as error:
        raise UserError(f"cannot read {path}: {error}") from None
    except DAMAGE as error:
        raise UserError(f"cannot read {path}: damaged, or not a pickle ({reason(error)})") from None


def read_pickle(stream: IO[bytes], left: int, *, allow_objects: bool, caps: Caps) -> Any:
    """One pickle of at most ``left`` bytes from a stream that can be rewound. Raises RefusedError or one of DAMAGE."""
    if not isinstance(stream, io.BufferedReader):
        stream = io.BufferedReader(cast(io.RawIOBase, stream), 1 << 20)  # byte by byte, a zip's member is slow
    start = stream.tell()
    OpcodeCheck(stream, left, caps).run()
    stream.seek(start)
    builder = _Builder(allow_objects, caps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # an escape that Python does not know stays as it is
        value = _Unpickler(stream, builder).load()
    return builder.resolve(value, 0)[0]


def checked_path(path: str | Path, caps: Caps) -> Path:
    """The path of a file of bearable size, or UserError."""
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


class _Object:
    """Inert: what the pickle said of one object. It is no key, and has no attribute that a pickle could set."""

    __slots__ = ("arguments", "state")
    __hash__ = None  # type: ignore[assignment]
    arguments: tuple[Any, ...]
    state: Any

    def __new__(cls, *arguments: Any) -> "_Object":
        made: _Object = object.__new__(cls)
        made.arguments, made.state = arguments, None
        return made

    def __setstate__(self, state: Any) -> None:
        if self.state is not None:
            raise RefusedError("damaged: an object is filled twice")
        self.state = state


class _Call(_Object):
    """One of the few functions whose value is wanted at once; ``arguments`` is our method for it."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> Any:
        return self.arguments[0](*arguments)


_ndarray, _object, _dtype, _array, _buffer, _csc, _chumpy, _select = (  # classes, since NEWOBJ asks for them
    cast(Any, type(name, (_Object,), {"__slots__": ()}))
    for name in ("ndarray", "object", "dtype", "_reconstruct", "_frombuffer", "csc_matrix", "Ch", "Select")
)
_WANTED = ("_shape", "shape", "data", "indices", "indptr", "x", "a", "idxs", "preferred_shape")
_CORES = ("numpy.core", "numpy._core")
_BUILTINS = ("__builtin__", "builtins")
_NAMES: dict[tuple[str, str], type[_Object] | str] = {
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "dtype"): _dtype,
    **{(f"{core}.multiarray", "_reconstruct"): _array for core in _CORES},
    **{(f"{core}.multiarray", "scalar"): "scalar" for core in _CORES},
    **{(f"{core}.numeric", "_frombuffer"): _buffer for core in _CORES},
    **{(f"scipy.sparse{part}", f"csc_{kind}"): _csc for part in (".csc", "._csc", "") for kind in ("matrix", "array")},
    ("chumpy.ch", "Ch"): _chumpy,
    ("chumpy.reordering", "Select"): _select,
    ("_codecs", "encode"): "encoded",
    **{(module, "_reconstructor"): "reconstructed" for module in ("copy_reg", "copyreg")},
    **{(module, "object"): _object for module in _BUILTINS},
    **{(module, "set"): "set_of" for module in _BUILTINS},
    **{(module, "bytes"): "no_bytes" for module in _BUILTINS},
}


class _Unpickler(pickle.Unpickler):
    """The standard unpickler, to which no name has a meaning but those of the list."""

    def __init__(self, stream: IO[bytes], builder: "_Builder") -> None:
        super().__init__(stream, encoding="latin1")
        self.builder = builder

    def find_class(self, module: str, name: str) -> Any:
        found = _NAMES.get((module, name))
        if found is not None:
            return _Call(getattr(self.builder, found)) if isinstance(found, str) else found
        full = shown(f"{module}.{name}")
        if module.split(".")[0] == "chumpy":
            raise RefusedError(f"holds a chumpy expression ({full}): a dump of a model in memory, not a model file")
        raise RefusedError(f"refused: it asks for {full}, and only NumPy, SciPy CSC and chumpy arrays are read")

    def persistent_load(self, pid: Any) -> Any:
        raise RefusedError("refused: it asks for an object outside the file")


class _Builder:
    """Turns what one pickle said into values, and counts what they take."""

    def __init__(self, allow_objects: bool, caps: Caps) -> None:
        self.allow_objects, self.caps = allow_objects, caps
        self.built_bytes = 0
        self.resolved: dict[int, tuple[Any, int] | None] = {}

    def charge(self, count: int) -> None:
        self.built_bytes += count
        if self.built_bytes > self.caps.built_bytes:
            raise RefusedError(f"its arrays take more than {self.caps.built_bytes >> 20} MB")

    def scalar(self, dtype: Any, raw: Any) -> Any:
        return self.array((), dtype, "C", raw).item()

    def encoded(self, text: Any, encoding: Any) -> bytes:
        if type(text) is not str or encoding != "latin1":
            raise RefusedError("refused: a text is encoded in a way that data files do not need")
        self.charge(len(text))
        return text.encode("latin1")

    def reconstructed(self, cls: Any, base: Any, state: None) -> _Object:
        if cls not in (_csc, _chumpy, _select) or base is not _object or state is not None:
            raise RefusedError("refused: an object of an unknown class")
        return cls()

    def set_of(self, items: Any) -> set[Any]:
        if type(items) is not list:
            raise RefusedError("refused: a set of something else than a list")
        self.charge(64 * len(items))
        return set(_checked_keys(items))

    def no_bytes(self) -> bytes:
        return b""

    def resolve(self, value: Any, depth: int) -> tuple[Any, int]:
        """The value without stand-ins, and how many items it has when everything shared is counted again."""
        if type(value) in _PLAIN:
            return value, 1
        if depth > MAX_NESTING:
            raise RefusedError(f"nested more than {MAX_NESTING} levels deep")
        if id(value) not in self.resolved:
            self.resolved[id(value)] = None
            self.resolved[id(value)] = self.resolve_one(value, depth + 1)
        result = self.resolved[id(value)]
        if result is None:
            raise RefusedError("damaged: it contains itself")
        return result

    def resolve_all(self, values: Collection[Any], depth: int) -> tuple[list[Any], int]:
        pairs = [self.resolve(value, depth) for value in values]
        size = 1 + sum(pair[1] for pair in pairs)
        if size > self.caps.unfolded_items:
            raise RefusedError(f"unfolds to more than {self.caps.unfolded_items} items")
        return [pair[0] for pair in pairs], size

    def resolve_one(self, value: Any, depth: int) -> tuple[Any, int]:
        """The same for one container or stand-in."""
        kind: Any = type(value)
        if kind in (list, tuple):
            items, size = self.resolve_all(value, depth)
            return kind(items), size
        if kind is dict:
            items, size = self.resolve_all(value.values(), depth)
            return dict(zip(_checked_keys(value), items, strict=True)), size
        if kind in (set, frozenset):
            return kind(_checked_keys(value)), 1 + len(value)
        if kind is bytearray:
            self.charge(len(value))
            return bytes(value), 1
        state = getattr(value, "state", None)
        if kind is _array and type(state) is tuple and len(state) in (4, 5):
            *_, shape, dtype, fortran, raw = state
            if type(raw) is list:
                return self.object_array(shape, dtype, raw, depth, "F" if fortran else "C")
            return self.array(shape, dtype, "F" if fortran else "C", raw), 1
        if kind is _buffer and len(value.arguments) in (4, 5):
            raw, dtype, shape, order, *axes = value.arguments
            array = self.array(shape, dtype, "F" if order == "F" else "C", raw)
            if order == "K" and axes and axes[0] is not None:  # how the axes lie in memory
                array = array.transpose(_checked_shape(axes[0]))
            return array, 1
        if type(state) is dict and kind in (_csc, _chumpy, _select) and not value.arguments:
            parts = {key: state[key] for key in _WANTED if key in state}
            items, size = self.resolve_all(parts.values(), depth)
            parts = dict(zip(parts, items, strict=True))
            return (self.dense(parts) if kind is _csc else self.of_chumpy(parts, select=kind is _select)), size
        raise RefusedError("refused: an object of an unknown class, or without content")

    def dtype(self, value: Any) -> tuple[str, np.dtype[Any]]:
        """Code and data type that a checked ``numpy.dtype`` stands for."""
        if type(value) is not _dtype or not value.arguments or type(value.state) is not tuple or len(value.state) < 8:
            raise RefusedError("damaged: an array without a data type")
        code, order = value.arguments[0], value.state[1]
        if type(code) is not str or not re.fullmatch(r"f8|f4|[iu][8421]|b1|[SU][1-9]\d{0,6}|O8?", code):
            raise RefusedError(f"arrays of data type {shown(code)} are not read")
        if order not in ("<", ">", "|") or any(part is not None for part in value.state[2:5]):
            raise RefusedError("arrays with named fields are not read")
        return code, np.dtype(order + code)

    def array(self, shape: Any, dtype: Any, order: Literal["C", "F"], raw: Any) -> np.ndarray:
        """A read-only array of numbers or text over the bytes ``raw``."""
        shape, (code, kind) = _checked_shape(shape), self.dtype(dtype)
        if code.startswith("O"):
            raise RefusedError("damaged: an array of Python objects without them")
        if type(raw) is str:
            self.charge(len(raw))
            raw = raw.encode("latin1")
        expected = math.prod(shape) * kind.itemsize
        if type(raw) not in (bytes, bytearray) or len(raw) != expected:
            found = len(raw) if type(raw) in (bytes, bytearray) else "none"
            raise RefusedError(f"damaged: an array of shape {shape} needs {expected} bytes, found {found}")
        self.charge(len(raw))
        flat = np.frombuffer(raw, kind) if code != "b1" else np.frombuffer(raw, np.uint8) != 0
        array = flat.astype(flat.dtype.newbyteorder("="), copy=False).reshape(shape, order=order)
        array.flags.writeable = False
        return array

    def object_array(self, shape: Any, dtype: Any, raw: list[Any], depth: int, order: Any) -> tuple[Any, int]:
        """An array of objects; without dimensions the object itself."""
        shape, (code, _) = _checked_shape(shape), self.dtype(dtype)
        if not code.startswith("O") or not self.allow_objects:
            raise RefusedError("holds an array of Python objects where numbers are expected")
        items, size = self.resolve_all(raw, depth)
        if len(items) != math.prod(shape):
            raise RefusedError(f"damaged: an array of shape {shape} with {len(items)} objects")
        if shape == ():
            return items[0], size
        self.charge(8 * len(items))
        array = np.empty(len(items), object)
        for index, item in enumerate(items):  # at once, NumPy would take lists and arrays apart
            array[index] = item
        return array.reshape(shape, order=order), size

    def dense(self, parts: dict[str, Any]) -> np.ndarray:
        """SciPy's compressed columns as (rows, columns) float64, entries of one place added up as SciPy does."""
        shape = rows, columns = _checked_shape(parts.get("_shape", parts.get("shape")))
        if rows * columns > MAX_DENSE_ITEMS:
            raise RefusedError(f"a sparse matrix of shape {shape} is not read")
        data, indices, indptr = arrays = [parts.get(key, b"") for key in ("data", "indices", "indptr")]
        kinds = [array.dtype.kind if isinstance(array, np.ndarray) and array.ndim == 1 else "" for array in arrays]
        if kinds[0] not in tuple("iuf") or kinds[1] not in tuple("iu") or kinds[2] not in tuple("iu"):
            raise RefusedError("damaged: a sparse matrix without its arrays")
        if indptr.size != columns + 1 or indptr[0] != 0:
            raise RefusedError("damaged: the columns of a sparse matrix are not those of its shape")
        self.charge(8 * (rows * columns + 2 * indptr.size))
        starts = indptr.astype(np.int64)
        count = int(starts[-1])
        if (np.diff(starts) < 0).any() or count > min(data.size, indices.size):
            raise RefusedError("damaged: the columns of a sparse matrix do not fit its entries")
        self.charge(16 * count)
        used = indices[:count].astype(np.int64)
        if count and (used.min() < 0 or used.max() >= rows):
            raise RefusedError("damaged: a row of a sparse matrix is out of range")
        dense = np.zeros((rows, columns), np.float64)
        np.add.at(dense, (used, np.repeat(np.arange(columns), np.diff(starts))), data[:count])
        return dense

    def of_chumpy(self, parts: dict[str, Any], *, select: bool) -> np.ndarray:
        """The array that ``chumpy.ch.Ch`` wraps, or the numbers of one that ``chumpy.reordering.Select`` takes."""
        source, indices = parts.get("a" if select else "x"), parts.get("idxs")
        if not isinstance(source, np.ndarray):
            raise RefusedError("damaged: a chumpy array without content")
        if not select:
            return source
        if not isinstance(indices, np.ndarray) or indices.dtype.kind not in "iu":
            raise RefusedError("damaged: a chumpy selection without content")
        self.charge(indices.size * (8 + source.itemsize))
        if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= source.size):
            raise RefusedError("damaged: a chumpy selection out of range")
        shape = parts.get("preferred_shape")
        return source.ravel()[indices.ravel()].reshape(indices.shape if shape is None else _checked_shape(shape))


def _checked_keys(keys: Collection[Any]) -> Collection[Any]:
    if not all(type(key) in _PLAIN and (type(key) is not int or abs(key) < 1 << 63) for key in keys):
        raise RefusedError("a key is neither text nor a number of 64 bits")
    return keys


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, list | np.ndarray) and len(shape) <= 32:
        shape = tuple(int(size) for size in shape)
    if type(shape) is not tuple or len(shape) > 32 or not all(type(n) is int and 0 <= n < 1 << 31 for n in shape):
        raise RefusedError(f"damaged: the shape of an array is {shown(shape)}")
    return shape
