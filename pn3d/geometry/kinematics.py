"""Rotations and forward kinematics in NumPy float64: what the writers need to turn poses into files.

Quaternions are (w, x, y, z). Everything takes free leading axes unless a shape is given. It is written apart from
``pn3d.geometry.rotations`` on purpose: the writers work on plain arrays, in double precision, without starting JAX,
and the tests hold the two against each other.
"""

from collections.abc import Callable

import numpy as np

Array = np.ndarray

_CHUNK = 4096


def in_chunks(function: Callable[..., Array], *arrays: Array) -> Array:
    """``function`` of arrays that share their first axis, a few thousand rows at a time, so that an hour of motion
    needs little more memory than its result; for functions that treat every row alone."""
    starts = range(0, max(len(arrays[0]), 1), _CHUNK)
    return np.concatenate([function(*(array[start : start + _CHUNK] for array in arrays)) for start in starts])


def axis_angle_to_quaternion(axis_angle: Array) -> Array:
    """(*, 3) radians -> (*, 4) unit quaternion; exact at zero (``np.sinc`` holds the limit)."""
    axis_angle = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(axis_angle, axis=-1, keepdims=True)
    return np.concatenate([np.cos(angle / 2), 0.5 * np.sinc(angle / (2 * np.pi)) * axis_angle], axis=-1)


def quaternion_to_axis_angle(quaternion: Array) -> Array:
    """(*, 4) unit quaternion -> (*, 3) with an angle in [0, pi]."""
    quaternion = np.where(quaternion[..., :1] < 0, -quaternion, quaternion)
    sine = np.linalg.norm(quaternion[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, quaternion[..., :1])
    return quaternion[..., 1:] * np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0)


def quaternion_to_matrix(quaternion: Array) -> Array:
    """(*, 4) unit quaternion -> (*, 3, 3)."""
    w, x, y, z = np.moveaxis(np.asarray(quaternion, np.float64), -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def quaternion_multiply(first: Array, second: Array) -> Array:
    """The rotation ``second`` followed by ``first``. (*, 4), (*, 4) -> (*, 4)."""
    w, v = first[..., :1], first[..., 1:]
    w2, v2 = second[..., :1], second[..., 1:]
    scalar = w * w2 - np.sum(v * v2, axis=-1, keepdims=True)
    return np.concatenate([scalar, w * v2 + w2 * v + np.cross(v, v2)], axis=-1)


def matrix_to_quaternion(matrix: Array) -> Array:
    """(*, 3, 3) -> (*, 4); the largest component is found first, so it is stable for every rotation."""
    matrix = np.asarray(matrix, np.float64)
    xx, yy, zz = matrix[..., 0, 0], matrix[..., 1, 1], matrix[..., 2, 2]
    xy, yx = matrix[..., 0, 1], matrix[..., 1, 0]
    xz, zx = matrix[..., 0, 2], matrix[..., 2, 0]
    yz, zy = matrix[..., 1, 2], matrix[..., 2, 1]
    rows = (
        (1 + xx + yy + zz, zy - yz, xz - zx, yx - xy),
        (zy - yz, 1 + xx - yy - zz, yx + xy, xz + zx),
        (xz - zx, yx + xy, 1 + yy - xx - zz, zy + yz),
        (yx - xy, xz + zx, zy + yz, 1 + zz - xx - yy),
    )
    table = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    best = np.argmax(np.stack([table[..., i, i] for i in range(4)], axis=-1), axis=-1)
    picked = np.take_along_axis(table, best[..., None, None], axis=-2)[..., 0, :]
    return picked / np.linalg.norm(picked, axis=-1, keepdims=True)


def axis_angle_to_matrix(axis_angle: Array) -> Array:
    """(*, 3) radians -> (*, 3, 3)."""
    return quaternion_to_matrix(axis_angle_to_quaternion(axis_angle))


def matrix_to_axis_angle(matrix: Array) -> Array:
    """(*, 3, 3) -> (*, 3) with an angle in [0, pi]."""
    return quaternion_to_axis_angle(matrix_to_quaternion(matrix))


def hemisphere_continuous(quaternions: Array) -> Array:
    """Signs chosen along axis 0 so that neighbours are on one hemisphere (q[t] . q[t-1] >= 0). (T, *, 4) -> same."""
    dots = np.sum(quaternions[1:] * quaternions[:-1], axis=-1, keepdims=True)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    return np.concatenate([quaternions[:1], quaternions[1:] * signs])


def slerp(start: Array, end: Array, fraction: Array) -> Array:
    """Shortest spherical interpolation of unit quaternions, (*, 4) each, at ``fraction`` (*, 1) in [0, 1] -> (*, 4)."""
    dot = np.sum(start * end, axis=-1, keepdims=True)
    end, dot = np.where(dot < 0, -end, end), np.minimum(np.abs(dot), 1.0)
    angle = np.arccos(dot)
    # The sine ratio sin(f a) / sin(a) is f at a = 0; below 1e-4 the straight line is exact to 1e-9.
    near = angle < 1e-4
    sine = np.where(near, 1.0, np.sin(angle))
    first = np.where(near, 1 - fraction, np.sin((1 - fraction) * angle) / sine)
    second = np.where(near, fraction, np.sin(fraction * angle) / sine)
    mixed = first * start + second * end
    return mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)


def resample_motion(poses: Array, transl_m: Array, fps: float, rate: float) -> tuple[Array, Array]:
    """Poses (T, J, 3) and translation (T, 3) at ``fps`` -> the same at ``rate`` frames a second.

    Rotations by slerp, translation linearly. The first frame keeps its time; the last output frame is the last
    multiple of 1 / rate inside the clip, so less than one output frame may be cut from the end.
    """
    frames = len(poses)
    if frames == 1 or abs(fps - rate) < 1e-9:
        return np.asarray(poses, np.float64), np.asarray(transl_m, np.float64)
    count = int(np.floor((frames - 1) / fps * rate + 1e-6)) + 1
    position = np.minimum(np.arange(count) * (fps / rate), frames - 1)
    before = np.minimum(position.astype(np.int64), frames - 2)
    fraction = (position - before)[:, None]
    quaternions = axis_angle_to_quaternion(poses)
    mixed = slerp(quaternions[before], quaternions[before + 1], fraction[:, None])
    moved = (1 - fraction) * transl_m[before] + fraction * transl_m[before + 1]
    return quaternion_to_axis_angle(mixed), moved


def posed_joints(rest_joints_m: Array, parents: tuple[int, ...], poses: Array, transl_m: Array) -> tuple[Array, Array]:
    """Forward kinematics with SMPL's semantics: the root turns about its rest place, the translation comes last.

    Loper et al. 2015, Eq. 3-4.

    Args:
        rest_joints_m: (J, 3).
        parents: a parent before its children, -1 for the root.
        poses: (T, J, 3) axis-angle relative to the parent.
        transl_m: (T, 3).

    Returns:
        Joints (T, J, 3) in metres and global rotations (T, J, 3, 3).
    """
    local = axis_angle_to_matrix(poses)
    rest = np.asarray(rest_joints_m, np.float64)
    joints = np.empty((len(local), len(parents), 3))
    rotations = np.empty((len(local), len(parents), 3, 3))
    for joint, parent in enumerate(parents):
        if parent < 0:
            rotations[:, joint], joints[:, joint] = local[:, joint], rest[joint] + transl_m
        else:
            rotations[:, joint] = rotations[:, parent] @ local[:, joint]
            joints[:, joint] = joints[:, parent] + rotations[:, parent] @ (rest[joint] - rest[parent])
    return joints, rotations


def skinned_vertices(
    vertices_m: Array, skin_weights: Array, rest_joints_m: Array, joints_m: Array, rotations: Array
) -> Array:
    """Linear blend skinning of rest vertices (V, 3) by posed joints (T, J, 3), rotations (T, J, 3, 3) -> (T, V, 3)."""
    offset = joints_m - np.einsum("tjab,jb->tja", rotations, rest_joints_m)
    blended = np.einsum("vj,tjab->tvab", skin_weights, rotations)
    return np.einsum("tvab,vb->tva", blended, vertices_m) + np.einsum("vj,tja->tva", skin_weights, offset)


def retarget_rotations(
    poses: Array, rest_joints_m: Array, target_rest_joints_m: Array, parents: tuple[int, ...]
) -> Array:
    """Poses of a body -> poses that give a body of other proportions the same bone directions in space.

    Two rest poses of one skeleton differ in the directions of their bones (wider hips, sloping shoulders), so the same
    rotations point the bones elsewhere. Each joint's global rotation is followed, in the rest frame, by the smallest
    rotation that carries the target's bones onto the source's: exact where a joint has one child, the least-squares
    rotation (Kabsch 1976) where it has several. Leaves keep their global rotation.

    (T, J, 3) axis-angle -> (T, J, 3) axis-angle.
    """
    source, target = np.asarray(rest_joints_m, np.float64), np.asarray(target_rest_joints_m, np.float64)
    correction = np.tile(np.eye(3), (len(parents), 1, 1))
    for joint in range(len(parents)):
        children = [child for child, parent in enumerate(parents) if parent == joint]
        if children:
            correction[joint] = _aligning_rotation(target[children] - target[joint], source[children] - source[joint])
    before = correction[[max(parent, 0) for parent in parents]]
    before[[joint for joint, parent in enumerate(parents) if parent < 0]] = np.eye(3)
    # G'_j = G_j A_j, so the new local rotation is A_parent^T R_j A_j.
    return in_chunks(
        lambda part: matrix_to_axis_angle(np.swapaxes(before, -1, -2) @ axis_angle_to_matrix(part) @ correction), poses
    )


def _aligning_rotation(source: Array, target: Array) -> Array:
    """The rotation that carries the directions of ``source`` (N, 3) onto those of ``target`` (N, 3) -> (3, 3).

    One direction leaves the turn about it free, and then the smallest rotation is taken.
    """
    source = source / np.linalg.norm(source, axis=-1, keepdims=True)
    target = target / np.linalg.norm(target, axis=-1, keepdims=True)
    if len(source) == 1:
        axis, cosine = np.cross(source[0], target[0]), float(source[0] @ target[0])
        sine = float(np.linalg.norm(axis))
        return axis_angle_to_matrix(axis * (np.arctan2(sine, cosine) / sine) if sine > 1e-12 else np.zeros(3))
    left, _, right = np.linalg.svd(target.T @ source)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return left @ flip @ right
