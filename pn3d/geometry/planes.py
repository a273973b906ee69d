"""Small matrices and vectors with the batch in the last axis, computed entry by entry.

An axis of length three is slow last: vectors of the processor want long ones. Every entry is a plane over the batch; a
split gives the planes, and its gradient is one concatenation, where slices' gradients would be padded and added. Points
that several functions read stay apart, a plane (joints, frames, windows) for each coordinate.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

Points = Sequence[jax.Array]
"""Points of windows as their two or three coordinates, (J, T, B) each: joints (or bones), frames, windows."""


def batch_last(array: jax.Array, inner: int) -> jax.Array:
    """(*, a, b, …) with ``inner`` inner axes -> (a, b, …, N)."""
    return jnp.moveaxis(array.reshape(-1, *array.shape[array.ndim - inner :]), 0, -1)


def batch_first(array: jax.Array, lead: tuple[int, ...]) -> jax.Array:
    """(a, b, …, N) -> (*lead, a, b, …)."""
    return jnp.moveaxis(array, -1, 0).reshape(*lead, *array.shape[:-1])


def window_last(array: jax.Array) -> jax.Array:
    """(B, T, a, b, …) of windows and frames -> (a, b, …, T, B)."""
    return jnp.transpose(array, (*range(2, array.ndim), 1, 0))


def window_first(array: jax.Array) -> jax.Array:
    """The inverse of ``window_last``. What one function turns and the next one turns back is not moved at all."""
    return jnp.transpose(array, (array.ndim - 1, array.ndim - 2, *range(array.ndim - 2)))


def split(points: jax.Array) -> list[jax.Array]:
    """(B, T, J, C) points of windows -> ``Points`` of C coordinates, (J, T, B) each."""
    return coordinates(window_last(points))


def joined(points: Points) -> jax.Array:
    """The inverse of ``split``: C coordinates (J, T, B) -> (B, T, J, C)."""
    return window_first(jnp.stack(list(points), axis=1))


def coordinates(array: jax.Array) -> list[jax.Array]:
    """(n, k, …) -> k planes (n, …)."""
    return [plane[:, 0] for plane in jax.lax.split(array, (1,) * array.shape[1], axis=1)]


def entries(array: jax.Array) -> list[jax.Array]:
    """(n, a, b, …, N) -> planes (n, N), one for each of the a b … entries in order."""
    return coordinates(array.reshape(array.shape[0], -1, array.shape[-1]))


def stacked(planes: list[jax.Array], *inner: int) -> jax.Array:
    """The inverse of ``entries`` and ``coordinates``: planes (n, …) -> (n, *inner, …)."""
    together = jnp.stack(planes, axis=1)
    return together.reshape(together.shape[0], *inner, *together.shape[2:])
