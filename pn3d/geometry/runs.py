"""Stretches of time: where marks of frames begin and end."""

import numpy as np


def runs(marks: np.ndarray) -> list[list[int]]:
    """(T,) bool -> [start, end) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2).tolist()
