"""Kinematics in NumPy float64, without starting JAX: of the writers of files, and of legs on their path.

Rotations are SciPy's; quaternions are (w, x, y, z).
"""

import warnings
from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

Array = np.ndarray

GRAVITY_M_S2 = 9.81
"""What who falls is accelerated by, metres per second squared."""

_CHUNK = 4096


def in_chunks(function: Callable[..., Array], *arrays: Array) -> Array:
    """``function`` of arrays that share their first axis, a few thousand rows at a time, so that an hour of motion
    needs little more memory than its result; for functions that treat every row alone."""
    starts = range(0, max(len(arrays[0]), 1), _CHUNK)
    return np.concatenate([function(*(array[start : start + _CHUNK] for array in arrays)) for start in starts])


def continuous_quaternions(rotations: Rotation) -> Array:
    """Rotations of shape (T, *) -> (T, *, 4), of the two signs the one nearer to the frame before (axis 0)."""
    quaternions = rotations.as_quat(scalar_first=True)
    dots = np.sum(quaternions[1:] * quaternions[:-1], axis=-1, keepdims=True)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    return np.concatenate([quaternions[:1], quaternions[1:] * signs])


def rotation_between(start: Array, end: Array) -> Rotation:
    """The smallest rotation that turns directions ``start`` to ``end``, (*, 3) of any length -> of shape (*).

    Opposite directions give the half turn about some axis across them, a length of zero gives identity.
    """
    start, end = np.broadcast_arrays(np.asarray(start, np.float64), np.asarray(end, np.float64))
    lengths = np.linalg.norm(start, axis=-1, keepdims=True) * np.linalg.norm(end, axis=-1, keepdims=True)
    scalar = lengths + np.sum(start * end, axis=-1, keepdims=True)
    across = np.cross(start, np.eye(3)[np.argmin(np.abs(start), axis=-1)])
    opposite = scalar < 1e-9 * lengths
    quaternion = np.concatenate(
        [np.where(opposite, 0.0, scalar), np.where(opposite, across, np.cross(start, end))], axis=-1
    )
    quaternion = np.where(lengths > 1e-12, quaternion, np.array([1.0, 0.0, 0.0, 0.0]))
    return Rotation.from_quat(quaternion, scalar_first=True)


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
    of_joints = (Rotation.from_rotvec(poses[:, joint]) for joint in range(poses.shape[1]))
    mixed = [Slerp(np.arange(frames), turns)(position).as_rotvec() for turns in of_joints]
    moved = (1 - fraction) * transl_m[before] + fraction * transl_m[before + 1]
    return np.stack(mixed, axis=1), moved


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
    local = Rotation.from_rotvec(poses).as_matrix()
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
            bones = [unit(body[children] - body[joint]) for body in (source, target)]
            with warnings.catch_warnings():
                # One bone leaves the turn about it free; SciPy then takes the smallest rotation, and says so.
                warnings.simplefilter("ignore", UserWarning)
                correction[joint] = Rotation.align_vectors(*bones)[0].as_matrix()
    before = correction[[max(parent, 0) for parent in parents]]
    before[[joint for joint, parent in enumerate(parents) if parent < 0]] = np.eye(3)
    # G'_j = G_j A_j, so the new local rotation is A_parent^T R_j A_j.
    first, last = Rotation.from_matrix(np.swapaxes(before, -1, -2)), Rotation.from_matrix(correction)
    return in_chunks(lambda part: (first * Rotation.from_rotvec(part) * last).as_rotvec(), poses)


def unit(vectors: Array) -> Array:
    """(*, 3) of any length but zero -> the same directions with length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
