"""Rotations: axis-angle, 6D, quaternion and matrix forms, with exact finite gradients everywhere.

Shapes are ``(*, 3)`` axis-angle in radians, ``(*, 6)`` the first two columns of the matrix (Zhou et al. 2019),
``(*, 4)`` unit quaternion (w, x, y, z), ``(*, 3, 3)`` matrix acting on column vectors. Any leading axes.
"""

from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

_SMALL = 1e-4


def axis_angle_to_matrix(axis_angle: Float[Array | np.ndarray, "*N 3"]) -> Float[Array, "*N 3 3"]:
    """Rodrigues' formula. (*, 3) -> (*, 3, 3).

    Near zero the two coefficients are their Taylor series of the squared angle, so values and all gradients are
    exact and finite at zero (the operand of the square root is replaced before the root is taken).
    """
    chex.assert_axis_dimension(axis_angle, -1, 3)
    squared = jnp.sum(axis_angle * axis_angle, axis=-1)
    small = squared < _SMALL
    angle = jnp.sqrt(jnp.where(small, 1.0, squared))
    sin_over = jnp.where(small, 1.0 - squared / 6.0 + squared**2 / 120.0, jnp.sin(angle) / angle)
    half = jnp.sin(0.5 * angle) / angle
    cos_over = jnp.where(small, 0.5 - squared / 24.0 + squared**2 / 720.0, 2.0 * half * half)
    x, y, z = axis_angle[..., 0], axis_angle[..., 1], axis_angle[..., 2]
    xx, yy, zz = cos_over * x * x, cos_over * y * y, cos_over * z * z
    xy, xz, yz = cos_over * x * y, cos_over * x * z, cos_over * y * z
    sx, sy, sz = sin_over * x, sin_over * y, sin_over * z
    return stack_matrix(
        ((1.0 - yy - zz, xy - sz, xz + sy), (xy + sz, 1.0 - xx - zz, yz - sx), (xz - sy, yz + sx, 1.0 - xx - yy))
    )


def stack_matrix(rows: tuple[tuple[Float[Array | np.ndarray, "*N"], ...], ...]) -> Float[Array, "*N 3 3"]:
    """Nine arrays of shape (*) in rows -> (*, 3, 3)."""
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)


def matrix_to_quaternion(matrix: Float[Array | np.ndarray, "*N 3 3"]) -> Float[Array, "*N 4"]:
    """(*, 3, 3) -> (*, 4), w >= 0. The largest of the four components is computed first, so it is stable everywhere."""
    chex.assert_axis_dimension(matrix, -1, 3)
    m = lambda i, j: matrix[..., i, j]  # noqa: E731
    trace = m(0, 0) + m(1, 1) + m(2, 2)
    squares = jnp.stack(
        [1.0 + trace] + [1.0 + 2.0 * m(i, i) - trace for i in range(3)],
        axis=-1,
    )
    rows = jnp.stack(
        [
            jnp.stack([squares[..., 0], m(2, 1) - m(1, 2), m(0, 2) - m(2, 0), m(1, 0) - m(0, 1)], -1),
            jnp.stack([m(2, 1) - m(1, 2), squares[..., 1], m(1, 0) + m(0, 1), m(0, 2) + m(2, 0)], -1),
            jnp.stack([m(0, 2) - m(2, 0), m(1, 0) + m(0, 1), squares[..., 2], m(2, 1) + m(1, 2)], -1),
            jnp.stack([m(1, 0) - m(0, 1), m(0, 2) + m(2, 0), m(2, 1) + m(1, 2), squares[..., 3]], -1),
        ],
        axis=-2,
    )
    best = jnp.argmax(squares, axis=-1)
    picked = jnp.take_along_axis(rows, best[..., None, None], axis=-2)[..., 0, :]
    unit = picked / jnp.linalg.norm(picked, axis=-1, keepdims=True)
    return jnp.where(unit[..., :1] < 0, -unit, unit)


def quaternion_to_axis_angle(quaternion: Float[Array | np.ndarray, "*N 4"]) -> Float[Array, "*N 3"]:
    """(*, 4) unit, -> (*, 3) with an angle in [0, pi]; finite gradients at the identity."""
    chex.assert_axis_dimension(quaternion, -1, 4)
    quaternion = jnp.where(quaternion[..., :1] < 0, -quaternion, quaternion)
    w, vector = quaternion[..., 0], quaternion[..., 1:]
    squared = jnp.sum(vector * vector, axis=-1)
    small = squared < _SMALL**2
    length = jnp.sqrt(jnp.where(small, 1.0, squared))
    factor = jnp.where(small, 2.0 + squared / 3.0, 2.0 * jnp.arctan2(length, w) / length)
    return factor[..., None] * vector


def matrix_to_axis_angle(matrix: Float[Array | np.ndarray, "*N 3 3"]) -> Float[Array, "*N 3"]:
    """(*, 3, 3) -> (*, 3) with an angle in [0, pi]."""
    return quaternion_to_axis_angle(matrix_to_quaternion(matrix))


def sixd_to_matrix(sixd: Float[Array | np.ndarray, "*N 6"]) -> Float[Array, "*N 3 3"]:
    """Gram-Schmidt of two 3-vectors, the first two columns. (*, 6) -> (*, 3, 3). Zhou et al., CVPR 2019, Eq. 14-15.

    Lengths are bounded below by 1e-6 under the root, so a degenerate input gives finite values and gradients.
    """
    chex.assert_axis_dimension(sixd, -1, 6)
    # Coordinate by coordinate: sums over a last axis of three take a processor twice as long.
    a, b = (tuple(half[..., i] for i in range(3)) for half in (sixd[..., :3], sixd[..., 3:]))
    x = _unit(a)
    along = x[0] * b[0] + x[1] * b[1] + x[2] * b[2]
    y = _unit((b[0] - along * x[0], b[1] - along * x[1], b[2] - along * x[2]))
    z = (x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0])
    return stack_matrix(tuple(zip(x, y, z, strict=True)))


def _unit(vector: tuple[Any, ...]) -> tuple[Any, ...]:
    x, y, z = vector
    over_length = jax.lax.rsqrt(x * x + y * y + z * z + 1e-12)
    return x * over_length, y * over_length, z * over_length


def matrix_to_sixd(matrix: Float[Array | np.ndarray, "*N 3 3"]) -> Float[Array, "*N 6"]:
    """The first two columns. (*, 3, 3) -> (*, 6)."""
    return jnp.concatenate([matrix[..., :, 0], matrix[..., :, 1]], axis=-1)


def rotation_z(angle: Float[Array | np.ndarray, "*N"]) -> Float[Array, "*N 3 3"]:
    """Right-handed rotation about z by ``angle`` radians. (*) -> (*, 3, 3)."""
    c, s = jnp.cos(angle), jnp.sin(angle)
    one, zero = jnp.ones_like(c), jnp.zeros_like(c)
    return stack_matrix(((c, -s, zero), (s, c, zero), (zero, zero, one)))


def rotate(
    matrix: Float[Array | np.ndarray, "*M 3 3"], vectors: Float[Array | np.ndarray, "*N P 3"]
) -> Float[Array, "*L P 3"]:
    """Applies (*, 3, 3) to points (*, N, 3), those of one leading index by the same matrix; leading axes broadcast."""
    x, y, z = (vectors[..., axis] for axis in range(3))
    rows = (tuple(matrix[..., row, column][..., None] for column in range(3)) for row in range(3))
    return jnp.stack([a * x + b * y + c * z for a, b, c in rows], axis=-1)


def compose(
    first: Float[Array | np.ndarray, "*N 3 3"], second: Float[Array | np.ndarray, "*N 3 C"]
) -> Float[Array, "*N 3 C"]:
    """The matrix product first @ second, (*, 3, 3) and (*, 3, n) -> (*, 3, n).

    As a sum of products: exact float32 on every device, and much faster than thousands of matrix products.
    """
    return jnp.sum(first[..., :, :, None] * second[..., None, :, :], axis=-2)


def transpose(matrix: Float[Array | np.ndarray, "*N 3 3"]) -> Float[Array, "*N 3 3"]:
    """The inverse of a rotation. (*, 3, 3) -> (*, 3, 3)."""
    return jnp.swapaxes(matrix, -1, -2)


def mirror_matrix(matrix: Float[Array | np.ndarray, "*N J 3 3"], mirror: tuple[int, ...]) -> Float[Array, "*N J 3 3"]:
    """Pose of the body reflected in its sagittal plane (x -> -x): joints swapped, S R S with S = diag(-1, 1, 1).

    (*, J, 3, 3) -> (*, J, 3, 3); ``mirror`` is the layout's mirror map.
    """
    return _spread(np.outer(_MIRROR_VECTOR, _MIRROR_VECTOR), matrix) * matrix[..., jnp.array(mirror), :, :]


def mirror_sixd(sixd: Float[Array | np.ndarray, "*N J 6"], mirror: tuple[int, ...]) -> Float[Array, "*N J 6"]:
    """The same for the first two columns, orthonormal or not: linear in them. (*, J, 6) -> (*, J, 6)."""
    columns = np.concatenate([_MIRROR_VECTOR, -_MIRROR_VECTOR])
    return _spread(columns, sixd) * sixd[..., jnp.array(mirror), :]


_MIRROR_VECTOR = np.array([1.0, -1.0, -1.0])


def _spread(constant: np.ndarray, like: jax.Array | np.ndarray) -> jax.Array:
    """A constant over the last axes, with leading axes of length one up to the rank of ``like``."""
    return jnp.asarray(constant, like.dtype).reshape((1,) * (like.ndim - constant.ndim) + constant.shape)
