"""The size rule: how large a person is in the picture, one number per window (design, decision 8)."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pn3d.geometry.skeleton import H36M17

_SEGMENTS = tuple(
    (H36M17.index(a), H36M17.index(b), length)
    for side in ("left_", "right_")
    for a, b, length in (
        (side + "hip", side + "knee", 0.595),
        (side + "knee", side + "ankle", 0.562),
        (side + "shoulder", side + "elbow", 0.365),
        (side + "elbow", side + "wrist", 0.350),
        (side + "shoulder", side + "hip", 0.681),
    )
)
"""Torso and limb segments that every detector gives, with their mean length in head-root units (people of the CMU
motion capture database: thigh 440, shank 415, upper arm 270, forearm 259, side of the trunk 503, head-root 739 mm)."""

SIZE_QUANTILE = 0.8
"""Foreshortening only ever shortens a segment, so a high quantile over segments and frames is close to the truth, and
still ignores the longest fifth, where outliers are (our choice)."""


def person_size(rays: Float[Array, "B T J 2"], confidence: Float[Array, "B T J"]) -> Float[Array, " B"]:
    """The person's size in the picture, one number per window: the head-root distance over its depth.

    A high quantile of segment length over its human mean, over all measured segments and frames (design, decision 8).
    Never from the head, never per frame; a segment counts where both ends were measured.

    Args:
        rays: centred rays of h36m17.
        confidence: 0 = missing.

    Returns:
        Size, > 0; 0.1 where no segment at all was measured.
    """
    first, second, lengths = (np.array(column) for column in zip(*_SEGMENTS, strict=True))
    # Squared, for lengths have no gradient at zero, where masked joints sit; the order is the same.
    squares = jnp.sum((rays[:, :, first] - rays[:, :, second]) ** 2, axis=-1)
    squares = squares / jnp.asarray(lengths**2, jnp.float32).reshape(1, 1, -1)
    measured = (confidence[:, :, first] > 0) & (confidence[:, :, second] > 0)
    squares, measured = (values.reshape(values.shape[0], -1) for values in (squares, measured))
    count = jnp.sum(measured, axis=1)
    rank = jnp.maximum(count - 1, 0)
    rank = rank - jnp.floor(SIZE_QUANTILE * rank).astype(rank.dtype)
    most = math.ceil((1.0 - SIZE_QUANTILE) * squares.shape[1]) + 1
    picked = kth_largest(jnp.where(measured, squares, -jnp.inf), rank, min(most, squares.shape[1]))
    return jnp.where(count > 0, jnp.sqrt(jnp.maximum(picked, 1e-8)), 0.1)


def kth_largest(values: Float[Array, "B N"], rank: Int[Array, " B"], most: int) -> Float[Array, " B"]:
    """The value of a rank (0 is the largest) among each row's values; the gradient goes to the value that was picked.

    ``rank`` is below ``most``; a processor finds some of the largest in a quarter of the time that sorting takes.
    """
    largest, _ = jax.lax.top_k(jax.lax.stop_gradient(values), most)
    picked = jnp.take_along_axis(largest, rank[:, None], axis=1)
    is_picked = values == picked
    return jnp.sum(jnp.where(is_picked, values, 0.0), axis=1) / jnp.sum(is_picked, axis=1)
