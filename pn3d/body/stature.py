"""How tall a body stands, and the shape nearest to a given one that stands as tall as is known."""

import numpy as np

from pn3d.body.model import BodyModel
from pn3d.files.errors import UserError

_STEPS = 8
SHORTEST_M, TALLEST_M = 0.8, 2.3
"""What ``with_stature`` takes: a body model of adults says nothing about smaller children."""


def check_stature(height_m: float) -> None:
    """Raises UserError where nobody that a body model stands for is ``height_m`` tall."""
    if not SHORTEST_M <= height_m <= TALLEST_M:
        raise UserError(f"height: expected {SHORTEST_M:g} to {TALLEST_M:g} m, found {height_m:g}")


def stature_m(body: BodyModel, betas: np.ndarray) -> np.ndarray:
    """Height of the body at rest, from its lowest to its highest vertex. (C, S) -> (C,) metres."""
    heights = _vertex_heights(body, betas)
    return heights.max(axis=1) - heights.min(axis=1)


def with_stature(body: BodyModel, betas: np.ndarray, height_m: float) -> np.ndarray:
    """The shapes nearest to the given ones (least squares of coefficients) that stand ``height_m`` tall.

    Coefficients are spreads of a normal distribution, so the nearest is the likeliest change. Height is linear in them
    as long as the same two vertices are lowest and highest; a few steps settle which. Our choice.

    Args:
        body: of the shapes.
        betas: (C, S).
        height_m: in bare feet.

    Returns:
        (C, S) float32.

    Raises:
        UserError: nobody is that tall, or the body has no shape that changes its height.
    """
    check_stature(height_m)
    basis_y = np.asarray(body.shape_basis[:, 1], np.float64)
    found = np.asarray(betas, np.float64).copy()
    for _ in range(_STEPS):
        heights = _vertex_heights(body, found)
        slope = basis_y[heights.argmax(axis=1)] - basis_y[heights.argmin(axis=1)]
        square = (slope**2).sum(axis=1, keepdims=True)
        if (square < 1e-8).any():
            raise UserError(f"height: no shape coefficient of body {body.name!r} changes its height")
        missing = height_m - (heights.max(axis=1) - heights.min(axis=1))
        found += slope * missing[:, None] / square
    return found.astype(np.float32)


def _vertex_heights(body: BodyModel, betas: np.ndarray) -> np.ndarray:
    basis_y = np.asarray(body.shape_basis[:, 1], np.float64)
    return np.asarray(body.v_template_m[:, 1], np.float64) + np.asarray(betas, np.float64) @ basis_y.T
