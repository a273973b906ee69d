"""Rotations: axis-angle, 6D, quaternion and matrix forms, with exact finite gradients everywhere.

Shapes are ``(*, 3)`` axis-angle in radians, ``(*, 6)`` the first two columns of the matrix (Zhou et al. 2019),
``(*, 4)`` unit quaternion (w, x, y, z), ``(*, 3, 3)`` matrix acting on column vectors. Any leading axes.
"""

from collections.abc import Sequence

import chex
import jax
import jax.numpy as jnp
import numpy as np

_SMALL = 1e-4


def axis_angle_to_matrix(axis_angle: jax.Array) -> jax.Array:
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


def stack_matrix(rows: tuple[tuple[jax.Array, ...], ...]) -> jax.Array:
    """Nine arrays of shape (*) in rows -> (*, 3, 3)."""
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)


def matrix_to_quaternion(matrix: jax.Array) -> jax.Array:
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


def quaternion_to_matrix(quaternion: jax.Array) -> jax.Array:
    """(*, 4) of any length but zero -> (*, 3, 3)."""
    chex.assert_axis_dimension(quaternion, -1, 4)
    unit = quaternion / jnp.linalg.norm(quaternion, axis=-1, keepdims=True)
    w, x, y, z = (unit[..., i] for i in range(4))
    return stack_matrix(
        (
            (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
            (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
            (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
        )
    )


def quaternion_to_axis_angle(quaternion: jax.Array) -> jax.Array:
    """(*, 4) unit, -> (*, 3) with an angle in [0, pi]; finite gradients at the identity."""
    chex.assert_axis_dimension(quaternion, -1, 4)
    quaternion = jnp.where(quaternion[..., :1] < 0, -quaternion, quaternion)
    w, vector = quaternion[..., 0], quaternion[..., 1:]
    squared = jnp.sum(vector * vector, axis=-1)
    small = squared < _SMALL**2
    length = jnp.sqrt(jnp.where(small, 1.0, squared))
    factor = jnp.where(small, 2.0 + squared / 3.0, 2.0 * jnp.arctan2(length, w) / length)
    return factor[..., None] * vector


def matrix_to_axis_angle(matrix: jax.Array) -> jax.Array:
    """(*, 3, 3) -> (*, 3) with an angle in [0, pi]."""
    return quaternion_to_axis_angle(matrix_to_quaternion(matrix))


def axis_angle_to_quaternion(axis_angle: jax.Array) -> jax.Array:
    """(*, 3) -> (*, 4), finite gradients at zero."""
    chex.assert_axis_dimension(axis_angle, -1, 3)
    squared = jnp.sum(axis_angle * axis_angle, axis=-1)
    small = squared < _SMALL
    angle = jnp.sqrt(jnp.where(small, 1.0, squared))
    factor = jnp.where(small, 0.5 - squared / 48.0, jnp.sin(0.5 * angle) / angle)
    w = jnp.where(small, 1.0 - squared / 8.0 + squared**2 / 384.0, jnp.cos(0.5 * angle))
    return jnp.concatenate([w[..., None], factor[..., None] * axis_angle], axis=-1)


def sixd_to_matrix(sixd: jax.Array) -> jax.Array:
    """Gram-Schmidt of two 3-vectors, the first two columns. (*, 6) -> (*, 3, 3). Zhou et al., CVPR 2019, Eq. 14-15.

    Lengths are bounded below by 1e-6 under the root, so a degenerate input gives finite values and gradients.
    """
    chex.assert_axis_dimension(sixd, -1, 6)
    return stack_matrix(matrix_of_columns(components(sixd)))


def matrix_of_columns(parts: Sequence[jax.Array]) -> tuple[tuple[jax.Array, ...], ...]:
    """``sixd_to_matrix`` of six arrays of one shape: the matrix as three rows of three such arrays."""
    x, b = _normalise(parts[:3]), parts[3:]
    along = x[0] * b[0] + x[1] * b[1] + x[2] * b[2]
    y = _normalise([whole - along * first for whole, first in zip(b, x, strict=True)])
    z = (x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0])
    return tuple(zip(x, y, z, strict=True))


def components(vectors: jax.Array) -> tuple[jax.Array, ...]:
    """(*, n) -> n arrays of shape (*).

    Sums written out over components, instead of over an axis of three, and a split, whose gradient is one
    concatenation, instead of slices, whose gradients are padded and added: eight times as fast in ``sixd_to_matrix``.
    """
    pieces = jax.lax.split(vectors, (1,) * vectors.shape[-1], axis=vectors.ndim - 1)
    return tuple(piece[..., 0] for piece in pieces)


def matrix_to_sixd(matrix: jax.Array) -> jax.Array:
    """The first two columns. (*, 3, 3) -> (*, 6)."""
    return jnp.concatenate([matrix[..., :, 0], matrix[..., :, 1]], axis=-1)


def _normalise(vector: Sequence[jax.Array]) -> tuple[jax.Array, ...]:
    x, y, z = vector
    over_length = jax.lax.rsqrt(x * x + y * y + z * z + 1e-12)
    return x * over_length, y * over_length, z * over_length


def rotation_x(angle: jax.Array) -> jax.Array:
    """Right-handed rotation about x by ``angle`` radians. (*) -> (*, 3, 3)."""
    c, s = jnp.cos(angle), jnp.sin(angle)
    one, zero = jnp.ones_like(c), jnp.zeros_like(c)
    return stack_matrix(((one, zero, zero), (zero, c, -s), (zero, s, c)))


def rotation_y(angle: jax.Array) -> jax.Array:
    """Right-handed rotation about y by ``angle`` radians. (*) -> (*, 3, 3)."""
    c, s = jnp.cos(angle), jnp.sin(angle)
    one, zero = jnp.ones_like(c), jnp.zeros_like(c)
    return stack_matrix(((c, zero, s), (zero, one, zero), (-s, zero, c)))


def rotation_z(angle: jax.Array) -> jax.Array:
    """Right-handed rotation about z by ``angle`` radians. (*) -> (*, 3, 3)."""
    c, s = jnp.cos(angle), jnp.sin(angle)
    one, zero = jnp.ones_like(c), jnp.zeros_like(c)
    return stack_matrix(((c, -s, zero), (s, c, zero), (zero, zero, one)))


def rotate(matrix: jax.Array, vectors: jax.Array) -> jax.Array:
    """Applies (*, 3, 3) to points (*, N, 3), all points of one leading index by the same matrix -> (*, N, 3).

    Written as sums of products, coordinate by coordinate: the matrices are tiny, exact float32 is wanted on every
    device, and forward and backward are each one pass over the points (three times as fast as a sum over an axis).
    """
    chex.assert_equal_shape_prefix([matrix, vectors], vectors.ndim - 2)
    x, y, z = components(vectors)
    entries = [entry[..., None] for entry in components(matrix.reshape(*matrix.shape[:-2], 9))]
    rows = [entries[i : i + 3] for i in (0, 3, 6)]
    return jnp.stack([a * x + b * y + c * z for a, b, c in rows], axis=-1)


def transpose(matrix: jax.Array) -> jax.Array:
    """The inverse of a rotation. (*, 3, 3) -> (*, 3, 3)."""
    return jnp.swapaxes(matrix, -1, -2)


def geodesic_angle(a: jax.Array, b: jax.Array) -> jax.Array:
    """Angle in radians between two rotations, (*, 3, 3) each -> (*), exact near 0 and pi."""
    relative = jnp.sum(a[..., :, :, None] * b[..., :, None, :], axis=-3)
    quaternion = matrix_to_quaternion(relative)
    return 2.0 * jnp.arctan2(jnp.linalg.norm(quaternion[..., 1:], axis=-1), quaternion[..., 0])


def mirror_axis_angle(axis_angle: jax.Array, mirror: tuple[int, ...]) -> jax.Array:
    """Pose of the body reflected in its sagittal plane (x -> -x): joints swapped, (x, y, z) -> (x, -y, -z).

    (*, J, 3) -> (*, J, 3); ``mirror`` is the layout's mirror map.
    """
    return axis_angle[..., jnp.array(mirror), :] * _spread(_MIRROR_VECTOR, axis_angle)


def mirror_matrix(matrix: jax.Array, mirror: tuple[int, ...]) -> jax.Array:
    """The same for matrices: S R S with S = diag(-1, 1, 1). (*, J, 3, 3) -> (*, J, 3, 3)."""
    return matrix[..., jnp.array(mirror), :, :] * _spread(np.outer(_MIRROR_VECTOR, _MIRROR_VECTOR), matrix)


def mirror_sixd(sixd: jax.Array, mirror: tuple[int, ...]) -> jax.Array:
    """The same for the first two columns, orthonormal or not: linear in them. (*, J, 6) -> (*, J, 6)."""
    columns = np.concatenate([_MIRROR_VECTOR, -_MIRROR_VECTOR])
    return sixd[..., jnp.array(mirror), :] * _spread(columns, sixd)


_MIRROR_VECTOR = np.array([1.0, -1.0, -1.0])


def _spread(constant: np.ndarray, like: jax.Array) -> jax.Array:
    """A constant over the last axes, with leading axes of length one up to the rank of ``like``."""
    return jnp.asarray(constant, like.dtype).reshape((1,) * (like.ndim - constant.ndim) + constant.shape)
