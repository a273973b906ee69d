"""Least squares over the frames of a clip whose terms join frames that follow each other: a banded system."""

import numpy as np
from scipy.linalg import solveh_banded

REACH = 2
"""Frames after its first that a term may join."""

_FIRST = 1e-13
"""Added to the diagonal, relative to its mean, against rounding."""


class BandedSquares:
    """Minimises sums of squares of (T, 3) unknowns x: |sum_k c_k x[t + k] - target[t]|² in a metric of each t.

    Linear in T, in time and in memory.
    """

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._blocks = np.zeros((REACH + 1, frames, 3, 3))  # [k, t] couples rows of x[t + k] with columns of x[t]
        self._right = np.zeros((frames, 3))

    def add(self, factors: tuple[float, ...], metric: np.ndarray, target: np.ndarray | None = None) -> None:
        """Adds a term for every t from 0 to T - len(factors).

        Args:
            factors: c_0, c_1 …, at most ``REACH`` + 1 of them.
            metric: (n, 3, 3) symmetric, not negative; n = T - len(factors) + 1.
            target: (n, 3); zero where None.
        """
        count = len(metric)
        pulled = None if target is None else np.einsum("tab,tb->ta", metric, target)
        for row, of_row in enumerate(factors):
            for column in range(row + 1):
                self._blocks[row - column, column : column + count] += of_row * factors[column] * metric
            if pulled is not None:
                self._right[row : row + count] += of_row * pulled

    def solve(self) -> np.ndarray:
        """(T, 3) the minimum."""
        width = 3 * REACH + 2
        band = np.zeros((width + 1, self._frames, 3))
        for k in range(REACH + 1):
            count = self._frames - k
            for row in range(3):
                for column in range(3):
                    if 3 * k + row - column >= 0:
                        band[3 * k + row - column, :count, column] = self._blocks[k, :count, row, column]
        band[0] += _FIRST * max(float(band[0].mean()), 1e-12)
        solved = solveh_banded(
            band.reshape(width + 1, -1), self._right.reshape(-1), lower=True, overwrite_ab=True, check_finite=False
        )
        return solved.reshape(-1, 3)
