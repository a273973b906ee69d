"""Per-frame functions on any number of frames, compiled for few shapes."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import jax
import numpy as np

SIZES = (16, 32, 64, 512)
"""Frames per call: clips of any length compile at most these, and an hour needs the memory of seconds."""

_SOLVING = threading.Lock()


def in_batches(
    function: Callable[..., tuple[jax.Array, ...]], *inputs: np.ndarray, solves: bool = False
) -> tuple[np.ndarray, ...]:
    """A function of (n, *) arrays, called with n of ``SIZES`` only, on (T, *) arrays; its results, (T, *) each.

    One that ``solves`` systems of equations is called from one thread at a time: in jax's Cholesky on a CPU a thread of
    XLA's pool waits for others of it, so two such programs at once can wait for each other for ever.
    """
    with _SOLVING if solves else contextlib.nullcontext():
        return _in_batches(function, *inputs)


def _in_batches(function: Callable[..., tuple[jax.Array, ...]], *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    frames = len(inputs[0])
    results, counts = [], []
    for begin, size in _cuts(frames):
        count = min(size, frames - begin)
        part = [np.asarray(array[begin : begin + count]) for array in inputs]
        if count < size:
            part = [np.concatenate([a, np.repeat(a[-1:], size - count, axis=0)]) for a in part]
        results.append(function(*part))
        counts.append(count)
    # Waited for only now, so that the next call is prepared while one runs.
    columns = zip(*results, strict=True)
    return tuple(np.concatenate([np.asarray(v)[:n] for v, n in zip(c, counts, strict=True)]) for c in columns)


def _cuts(frames: int) -> Iterator[tuple[int, int]]:
    """First frame and size of every batch: large ones while they are full, then medium ones, the last as small as the
    rest allows."""
    *small, medium, large = SIZES
    begin = 0
    while begin < frames:
        left = frames - begin
        size = large if left >= large else next((size for size in small if size >= left), medium)
        yield begin, size
        begin += size
