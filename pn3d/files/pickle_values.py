"""What the names in a pickled data file stand for: NumPy arrays, SciPy CSC matrices, chumpy arrays, and nothing else.

A name is looked up in one fixed table and becomes an inert record; arrays are built from checked bytes with
``np.frombuffer``, so they are read-only. The layouts are those that NumPy, SciPy and chumpy write in protocols 0 to 5
under Python 2 and 3; chumpy and SciPy are not imported.
"""

import math
import re
from typing import IO, Any

import numpy as np

from pn3d.files.pickle_machine import Caps, PickleMachine, RefusedError, checked_key, shown

MAX_DENSE_ITEMS = 1 << 23  # rows x columns of one sparse matrix
MAX_NESTING = 64

_CORES = ("numpy.core", "numpy._core")
_NAMES = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    **{(f"{core}.multiarray", "_reconstruct"): "reconstruct" for core in _CORES},
    **{(f"{core}.multiarray", "scalar"): "scalar" for core in _CORES},
    **{(f"{core}.numeric", "_frombuffer"): "frombuffer" for core in _CORES},
    **{(f"scipy.sparse{part}", f"csc_{kind}"): "csc" for part in (".csc", "._csc", "") for kind in ("matrix", "array")},
    ("chumpy.ch", "Ch"): "ch",
    ("chumpy.reordering", "Select"): "select",
    ("_codecs", "encode"): "encode",
    **{(module, "_reconstructor"): "reconstructor" for module in ("copy_reg", "copyreg")},
    **{(module, name): name for module in ("__builtin__", "builtins") for name in ("set", "object", "bytes")},
}
_NEEDED = {
    "csc": ("_shape", "shape", "data", "indices", "indptr"),
    "ch": ("x",),
    "select": ("a", "idxs", "preferred_shape"),
}
_DTYPE = re.compile(r"f8|f4|[iu][8421]|b1|[SU][1-9]\d{0,6}|O8?")
_PLAIN = (str, bytes, int, float, bool, type(None))


class _Name:
    """A name of the table, inert."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


class _Dtype:
    """``numpy.dtype(code)`` and, once its state has come, the checked dtype."""

    __slots__ = ("code", "dtype")

    def __init__(self, code: str) -> None:
        self.code = code
        self.dtype: np.dtype[Any] | None = None


class _Array:
    """An array to be: ``value`` holds it, or for arrays of objects ``items`` until resolve()."""

    __slots__ = ("fortran", "items", "shape", "value")

    def __init__(self, shape: tuple[int, ...] = (), fortran: bool = False) -> None:
        self.shape, self.fortran = shape, fortran
        self.value: np.ndarray | None = None
        self.items: list[Any] | None = None


class _Instance:
    """An object of a class in _NEEDED, as its dictionary of attributes."""

    __slots__ = ("kind", "state")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.state: dict[Any, Any] | None = None


class DataReader(PickleMachine):
    """The machine with the names of data files."""

    def __init__(self, stream: IO[bytes], left: int, *, allow_objects: bool, caps: Caps) -> None:
        super().__init__(stream, left, caps)
        self.allow_objects = allow_objects
        self.built_bytes = 0
        self.resolved: dict[int, tuple[Any, int] | None] = {}

    def load(self) -> Any:
        """The pickle's value, free of records."""
        return self.resolve(self.run(), 0)[0]

    def charge(self, count: int) -> None:
        """Counts bytes that are built, since little input can ask for much."""
        self.built_bytes += count
        if self.built_bytes > self.caps.built_bytes:
            raise RefusedError(f"its arrays take more than {self.caps.built_bytes >> 20} MB")

    # names

    def find(self, module: str, name: str) -> Any:
        """The inert record of a name in the table."""
        kind = _NAMES.get((module, name))
        if kind is not None:
            return _Name(kind)
        full = shown(f"{module}.{name}")
        if module.split(".")[0] == "chumpy":
            raise RefusedError(f"holds a chumpy expression ({full}): a dump of a model in memory, not a model file")
        raise RefusedError(f"refused: it asks for {full}, and only NumPy, SciPy CSC and chumpy arrays are read")

    def call(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        """What the few functions of the table make of their arguments."""
        kind = function.kind if type(function) is _Name else "something else than a function"
        if kind == "dtype" and arguments:
            if type(arguments[0]) is not str or not _DTYPE.fullmatch(arguments[0]):
                raise RefusedError(f"arrays of data type {shown(arguments[0])} are not read")
            return _Dtype(arguments[0])
        if kind == "reconstruct" and len(arguments) == 3 and _is_name(arguments[0], ("ndarray",)):
            return _Array()
        if kind == "scalar" and len(arguments) == 2:
            array = self.array((), arguments[0], False, arguments[1]).value
            if array is not None:
                return array.item()
        if kind == "frombuffer" and len(arguments) in (4, 5):
            return self.array_of_buffer(*arguments)
        if kind == "encode" and len(arguments) == 2 and type(arguments[0]) is str and arguments[1] == "latin1":
            self.charge(len(arguments[0]))
            return arguments[0].encode("latin1")
        if (
            kind == "reconstructor"
            and len(arguments) == 3
            and _is_name(arguments[0], _NEEDED)
            and _is_name(arguments[1], ("object",))
            and arguments[2] is None
        ):
            return _Instance(arguments[0].kind)
        if kind == "set" and len(arguments) == 1 and type(arguments[0]) is list:
            self.charge(64 * len(arguments[0]))
            return {checked_key(item) for item in arguments[0]}
        if kind == "bytes" and not arguments:
            return b""
        raise RefusedError(f"refused: {kind} is called in a way that data files do not call it")

    def instance(self, cls: Any, arguments: tuple[Any, ...]) -> Any:
        """An empty record of a class of the table."""
        if not _is_name(cls, _NEEDED) or arguments:
            raise RefusedError("refused: an object of an unknown class")
        return _Instance(cls.kind)

    def set_state(self, target: Any, state: Any) -> None:
        """Fills an array, a data type or a record, once."""
        if type(target) is _Array and type(state) is tuple and len(state) in (4, 5):
            if target.value is not None or target.items is not None:
                raise RefusedError("damaged: an array is filled twice")
            made = self.array(*state[-4:])
            target.value, target.items, target.shape, target.fortran = made.value, made.items, made.shape, made.fortran
        elif type(target) is _Dtype and type(state) is tuple and len(state) >= 8 and target.dtype is None:
            if state[1] not in ("<", ">", "|") or any(part is not None for part in state[2:5]):
                raise RefusedError("arrays with named fields are not read")
            target.dtype = np.dtype(state[1] + target.code)
        elif type(target) is _Instance and type(state) is dict and target.state is None:
            target.state = state
        else:
            raise RefusedError("refused: it sets the state of something that has none")

    # arrays

    def array(self, shape: Any, dtype: Any, fortran: Any, raw: Any) -> _Array:
        """NumPy's array state, checked."""
        if type(dtype) is not _Dtype or dtype.dtype is None:
            raise RefusedError("damaged: an array without a data type")
        made = _Array(_checked_shape(shape), bool(fortran))
        if dtype.code.startswith("O"):
            if not self.allow_objects or type(raw) is not list:
                raise RefusedError("holds an array of Python objects where numbers are expected")
            made.items = raw
            return made
        if type(raw) is str:
            self.charge(len(raw))
            raw = raw.encode("latin1")
        expected = math.prod(made.shape) * dtype.dtype.itemsize
        if type(raw) is not bytes or len(raw) != expected:
            found = len(raw) if type(raw) is bytes else "none"
            raise RefusedError(f"damaged: an array of shape {made.shape} needs {expected} bytes, found {found}")
        self.charge(len(raw))
        flat = np.frombuffer(raw, dtype.dtype) if dtype.code != "b1" else np.frombuffer(raw, np.uint8) != 0
        native = flat.astype(flat.dtype.newbyteorder("="), copy=False)
        made.value = native.reshape(made.shape, order="F" if made.fortran else "C")
        return made

    def array_of_buffer(self, raw: Any, dtype: Any, shape: Any, order: Any, axes: Any = None) -> _Array:
        """NumPy's ``_frombuffer`` of protocol 5; with order K ``axes`` tells how the axes lie in memory."""
        made = self.array(shape, dtype, order == "F", raw)
        if order not in ("C", "F", "K") or made.value is None:
            raise RefusedError("damaged: an array in an unknown memory order")
        if order == "K" and axes is not None:
            made.value = made.value.transpose(_checked_shape(axes))
        return made

    # from records to values

    def resolve(self, value: Any, depth: int) -> tuple[Any, int]:
        """The value without records, and how many items it has when everything shared is counted again."""
        if type(value) in _PLAIN:
            return value, 1
        if depth > MAX_NESTING:
            raise RefusedError(f"nested more than {MAX_NESTING} levels deep")
        if id(value) not in self.resolved:
            self.resolved[id(value)] = None
            self.resolved[id(value)] = self.resolve_record(value, depth + 1)
        result = self.resolved[id(value)]
        if result is None:
            raise RefusedError("damaged: it contains itself")
        return result

    def resolve_record(self, value: Any, depth: int) -> tuple[Any, int]:
        """The same for one container or record."""
        kind = type(value)
        if kind in (list, tuple):
            items, size = self.resolve_all(value, depth)
            return (items if kind is list else tuple(items)), size
        if kind is dict:
            items, size = self.resolve_all(list(value.values()), depth)
            return dict(zip(value, items, strict=True)), size
        if kind in (set, frozenset):
            return value, 1 + len(value)
        if kind is _Array and value.value is not None:
            return value.value, 1
        if kind is _Array and value.items is not None:
            items, size = self.resolve_all(value.items, depth)
            if len(items) != math.prod(value.shape):
                raise RefusedError(f"damaged: an array of shape {value.shape} with {len(items)} objects")
            self.charge(8 * len(items))
            return _object_array(items, value.shape, value.fortran), size
        if kind is _Instance and value.state is not None:
            parts = {key: value.state[key] for key in _NEEDED[value.kind] if key in value.state}
            resolved, size = self.resolve_all(list(parts.values()), depth)
            return self.value_of(value.kind, dict(zip(parts, resolved, strict=True))), size
        raise RefusedError("damaged: an object without content")

    def resolve_all(self, values: list[Any] | tuple[Any, ...], depth: int) -> tuple[list[Any], int]:
        """The same for the items of one."""
        pairs = [self.resolve(value, depth) for value in values]
        size = 1 + sum(pair[1] for pair in pairs)
        if size > self.caps.unfolded_items:
            raise RefusedError(f"unfolds to more than {self.caps.unfolded_items} items")
        return [pair[0] for pair in pairs], size

    def value_of(self, kind: str, state: dict[str, Any]) -> np.ndarray:
        """The array that a CSC matrix or a chumpy object stands for."""
        if kind == "csc":
            shape = _checked_shape(state.get("_shape", state.get("shape")))
            if len(shape) != 2 or math.prod(shape) > MAX_DENSE_ITEMS:
                raise RefusedError(f"a sparse matrix of shape {shape} is not read")
            self.charge(8 * math.prod(shape))
            return _dense(shape, *(state.get(key) for key in ("data", "indices", "indptr")))
        if kind == "ch":
            if not isinstance(state.get("x"), np.ndarray):
                raise RefusedError("damaged: a chumpy array without content")
            return state["x"]
        source, indices, new_shape = (state.get(key) for key in _NEEDED["select"])
        if not isinstance(source, np.ndarray) or not isinstance(indices, np.ndarray) or indices.dtype.kind not in "iu":
            raise RefusedError("damaged: a chumpy selection without content")
        self.charge(indices.size * source.itemsize)
        if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= source.size):
            raise RefusedError("damaged: a chumpy selection out of range")
        return source.ravel()[indices.ravel()].reshape(
            indices.shape if new_shape is None else _checked_shape(new_shape)
        )


def _is_name(value: Any, kinds: Any) -> bool:
    return type(value) is _Name and value.kind in kinds


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, list | np.ndarray):
        shape = tuple(int(size) for size in shape)
    if type(shape) is not tuple or len(shape) > 32 or not all(type(n) is int and 0 <= n < 1 << 31 for n in shape):
        raise RefusedError(f"damaged: {shown(shape)} is not the shape of an array")
    return shape


def _object_array(items: list[Any], shape: tuple[int, ...], fortran: bool) -> Any:
    """Filled one by one, since NumPy would take lists and arrays apart. Without dimensions: the object itself."""
    if shape == ():
        return items[0]
    array = np.empty(len(items), object)
    for index, item in enumerate(items):
        array[index] = item
    return array.reshape(shape, order="F" if fortran else "C")


def _dense(shape: tuple[int, ...], data: Any, indices: Any, indptr: Any) -> np.ndarray:
    """Compressed columns to (rows, columns), entries of one place added up as SciPy does."""
    arrays = (data, indices, indptr)
    if not all(isinstance(array, np.ndarray) and array.ndim == 1 and array.dtype.kind in "iuf" for array in arrays):
        raise RefusedError("damaged: a sparse matrix without its arrays")
    rows, columns = shape
    if indptr.dtype.kind == "f" or indices.dtype.kind == "f" or indptr.size != columns + 1 or indptr[0] != 0:
        raise RefusedError("damaged: the columns of a sparse matrix are not those of its shape")
    starts = indptr.astype(np.int64)
    count = int(starts[-1])
    if (np.diff(starts) < 0).any() or count > min(data.size, indices.size):
        raise RefusedError("damaged: the columns of a sparse matrix do not fit its entries")
    used = indices[:count].astype(np.int64)
    if count and (used.min() < 0 or used.max() >= rows):
        raise RefusedError("damaged: a row of a sparse matrix is out of range")
    dense = np.zeros((rows, columns), np.float64)
    np.add.at(dense, (used, np.repeat(np.arange(columns), np.diff(starts))), data[:count])
    return dense
