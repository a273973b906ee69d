"""The container of glTF 2.0: one growing binary buffer, its accessors, and the GLB file around them."""

import json
import struct
from typing import Any

import numpy as np

ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963

_COMPONENT = {"float32": 5126, "uint32": 5125, "uint16": 5123, "uint8": 5121}
_TYPE = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}


class GltfBuffer:
    """Collects arrays as accessors of one buffer."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._length = 0
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: np.ndarray, *, target: int | None = None, bounds: bool = False) -> int:
        """Appends (N,), (N, 3), (N, 4) or (N, 4, 4) and returns the index of its accessor.

        Matrices are given as usual, row by row, and stored column by column as the format wants them. ``bounds`` adds
        min and max, which positions and animation times must have.
        """
        stored = np.swapaxes(values, 1, 2) if values.ndim == 3 else values
        data = np.ascontiguousarray(stored).astype(stored.dtype.newbyteorder("<")).tobytes()
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self._length, "byteLength": len(data)}
        if target is not None:
            view["target"] = target
        accessor: dict[str, Any] = {
            "bufferView": len(self.views),
            "componentType": _COMPONENT[values.dtype.name],
            "count": len(values),
            "type": _TYPE[values.shape[1:]],
        }
        if bounds:
            accessor["min"] = np.atleast_1d(values.min(axis=0)).tolist()
            accessor["max"] = np.atleast_1d(values.max(axis=0)).tolist()
        self.views.append(view)
        self.accessors.append(accessor)
        padded = data + b"\0" * (-len(data) % 4)
        self._chunks.append(padded)
        self._length += len(padded)
        return len(self.accessors) - 1

    def animation(self, name: str, frames: int, fps: float) -> "Animation":
        """An animation of so many frames, still without channels."""
        return Animation(self, name, self.add((np.arange(frames) / fps).astype(np.float32), bounds=True))

    def pack(self, document: dict[str, Any]) -> bytes:
        """``document`` with this buffer, its views and accessors put in, as the bytes of a GLB file."""
        complete = {
            **document,
            "buffers": [{"byteLength": self._length}],
            "bufferViews": self.views,
            "accessors": self.accessors,
        }
        text = json.dumps(complete, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        binary = b"".join(self._chunks)
        total = 12 + 8 + len(text) + 8 + len(binary)
        return b"".join(
            [
                struct.pack("<4sII", b"glTF", 2, total),
                struct.pack("<I4s", len(text), b"JSON"),
                text,
                struct.pack("<I4s", len(binary), b"BIN\0"),
                binary,
            ]
        )


class Animation:
    """Curves over the same times, one for each property of a node that moves."""

    def __init__(self, buffer: GltfBuffer, name: str, times: int) -> None:
        self._buffer, self._times = buffer, times
        self.document: dict[str, Any] = {"name": name, "samplers": [], "channels": []}

    def add(self, node: int, path: str, values: np.ndarray) -> None:
        """``path`` is the property: translation, rotation (x, y, z, w) or scale; ``values`` (T, 3) or (T, 4)."""
        output = self._buffer.add(values.astype(np.float32))
        sampler = {"input": self._times, "output": output, "interpolation": "LINEAR"}
        self.document["channels"].append(
            {"sampler": len(self.document["samplers"]), "target": {"node": node, "path": path}}
        )
        self.document["samplers"].append(sampler)
