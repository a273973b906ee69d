"""Per-frame functions on any number of frames, compiled for few shapes."""

from collections.abc import Callable, Iterator

import jax
import numpy as np

SMALL, MEDIUM, LARGE = 16, 64, 512
"""Frames per call: clips of any length compile at most these, and an hour needs the memory of seconds."""


def in_batches(function: Callable[..., tuple[jax.Array, ...]], *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    """A function of (n, *) arrays, called with n = 16, 64 or 512 only, on (T, *) arrays; its results, (T, *) each."""
    frames = len(inputs[0])
    results = []
    for begin, size in _cuts(frames):
        count = min(size, frames - begin)
        part = [np.asarray(array[begin : begin + count]) for array in inputs]
        if count < size:
            part = [np.concatenate([a, np.repeat(a[-1:], size - count, axis=0)]) for a in part]
        results.append([np.asarray(value)[:count] for value in function(*part)])
    return tuple(np.concatenate(column) if len(column) > 1 else column[0] for column in zip(*results, strict=True))


def _cuts(frames: int) -> Iterator[tuple[int, int]]:
    """First frame and size of every batch: large ones, and for what is left medium ones or a small one."""
    whole = frames // LARGE * LARGE
    size = SMALL if frames - whole <= SMALL else MEDIUM
    yield from ((begin, LARGE) for begin in range(0, whole, LARGE))
    yield from ((begin, size) for begin in range(whole, frames, size))
