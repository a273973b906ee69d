"""Vertex regressors of data sets (``J_regressor_h36m.npy``), their two row orders, and landmarks fitted to them.

The file exists with the left leg first (SPIN and its descendants) and with the right leg first (the data set's own
order, Pose2Mesh and its descendants), nearly of one name and of one shape; only the body tells which one it is.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body.landmarks import Landmarks, h36m17_landmarks
from pn3d.body.model import NUM_JOINTS, BodyModel, posed_joints, rest_joints_m, vertices
from pn3d.files.errors import UserError
from pn3d.files.safe_npz import load_npy
from pn3d.geometry.rotations import axis_angle_to_matrix
from pn3d.geometry.skeleton import H36M17, SMPL24

_LEGS = slice(1, 7)
_LEFT_FIRST = (0, 4, 5, 6, 1, 2, 3, *range(7, 17))
_OTHER_ROWS = {9: "J_regressor_extra (SPIN's nine extra joints)", 19: "a COCO+ regressor (HMR's 19 joints)"}
_MAX_SUM_ERROR = 0.02
_WORTH_A_JOINT = 0.8  # one more joint must take a fifth of what is left; a smaller gain is the sample's, not the body's
_FAR_PENALTY = 1e-8  # square metres; keeps supports apart that fit equally well (a joint that never moves on its bone)

# Ranges in radians of uniform draws, axis by axis (x, y, z), for the sampled poses; others draw from +-_OTHER_RANGE.
_RANGES = {
    "hip": ((-1.6, 0.5), (-0.4, 0.4), (-0.4, 0.4)),
    "knee": ((0.0, 2.0), (-0.1, 0.1), (-0.1, 0.1)),
    "shoulder": ((-0.6, 0.6), (-0.9, 0.9), (-1.2, 1.2)),
    "elbow": ((-0.3, 0.3), (-2.0, 0.0), (-0.1, 0.1)),
}
_OTHER_RANGE = 0.3


@dataclass(frozen=True)
class Regressor:
    """Joints of ``h36m17`` as sums over vertices.

    Attributes:
        matrix: (17, V) float64, rows in the order of the layout ``h36m17``.
        row_order: how the file has them: ``h36m_right_leg_first`` or ``h36m_left_leg_first``.
    """

    matrix: np.ndarray
    row_order: str


def read_regressor(path: str | Path, body: BodyModel) -> Regressor:
    """Reads ``J_regressor_h36m.npy`` in either row order. x is the body's left, so the first hip's sign tells.

    Raises:
        UserError: the file cannot be read, has other rows or vertices, or does not give a person's joints on this body.
    """
    matrix = load_npy(path)
    if matrix.ndim != 2 or matrix.dtype.kind != "f" or not np.isfinite(matrix).all():
        raise UserError(f"{path}: expected a matrix of finite numbers (17, V), found {matrix.dtype} {matrix.shape}")
    if matrix.shape != (len(H36M17.joints), body.num_vertices):
        known = _OTHER_ROWS.get(matrix.shape[0])
        raise UserError(
            f"{path}: expected 17 rows of the body's {body.num_vertices} vertices, found {matrix.shape}"
            + (f", which looks like {known}" if known else "")
        )
    error = float(np.abs(matrix.sum(axis=1) - 1.0).max())
    if error > _MAX_SUM_ERROR:
        raise UserError(f"{path}: expected rows that sum to 1, found one that is off by {error:.3g}")
    joints = matrix.astype(np.float64) @ np.asarray(body.v_template_m, np.float64)
    sides = np.sign(joints[_LEGS, 0]).tolist()
    if sides == [-1.0] * 3 + [1.0] * 3:
        regressor = Regressor(matrix.astype(np.float64), "h36m_right_leg_first")
    elif sides == [1.0] * 3 + [-1.0] * 3:
        regressor = Regressor(matrix.astype(np.float64)[list(_LEFT_FIRST)], "h36m_left_leg_first")
        joints = joints[list(_LEFT_FIRST)]
    else:
        raise UserError(
            f"{path}: expected three joints of one leg in rows 1-3 and of the other in rows 4-6, found a mix"
        )
    _check_person(path, joints)
    return regressor


def _check_person(path: str | Path, joints_m: np.ndarray) -> None:
    """Arms on their sides and heights in a person's order, in the rest pose."""
    at = {name: joints_m[row] for row, name in enumerate(H36M17.joints)}
    arms = ("shoulder", "elbow", "wrist")
    if any(at[f"left_{part}"][0] <= 0 or at[f"right_{part}"][0] >= 0 for part in arms):
        raise UserError(f"{path}: expected the left arm in rows 11-13 and the right arm in rows 14-16, found a mix")
    upwards = ("left_ankle", "left_knee", "pelvis", "spine", "thorax", "head")
    for low, high in itertools.pairwise(upwards):
        if at[low][1] >= at[high][1]:
            raise UserError(f"{path}: expected the {high} above the {low} in the rest pose, found it below")


def fit_landmarks(
    body: BodyModel, regressor: Regressor, *, samples: int = 256, seed: int = 0
) -> tuple[Landmarks, np.ndarray]:
    """Landmarks that follow a vertex regressor, fitted once over random poses and shapes.

    For each landmark all supports of at most three joints on all bones are tried. In a bone's frame the landmark is
    sum_k w_k x_k + o with sum_k w_k = 1, so with y_k = x_k - target the best offset is minus the mean of sum_k w_k y_k,
    and what is left is w' C w, C being the covariance of the y_k: a closed form for each support. Left and right are
    fitted together, mirror-symmetric. Our choice.

    Args:
        body: the body that the regressor belongs to.
        regressor: what to follow.
        samples: how many random poses and shapes.
        seed: of the draws.

    Returns:
        the landmarks, and for each of the 17 the RMS distance in metres to the regressed joint over the samples.
    """
    targets, joints, turns = _samples(body, regressor, samples, np.random.default_rng(seed))
    mirror = np.array(SMPL24.mirror)
    sign = np.array([-1.0, 1.0, 1.0])
    weights, offsets, bones = np.zeros((17, NUM_JOINTS)), np.zeros((17, 3)), [0] * 17
    for row, twin in enumerate(H36M17.mirror):
        if twin < row:
            continue
        own = _relative(targets[:, row], joints, turns)
        other = _relative(targets[:, twin], joints, turns)
        both = 0.5 * (_covariance(own) + _covariance(other)[mirror][:, mirror][:, :, mirror])
        bone, weight = _best_support(both, middle=twin == row)
        offset = -0.5 * (
            weight @ own[:, bone].mean(axis=0) + sign * (weight[mirror] @ other[:, mirror[bone]].mean(axis=0))
        )
        weights[row], offsets[row], bones[row] = weight, offset, bone
        weights[twin], offsets[twin], bones[twin] = weight[mirror], sign * offset, int(mirror[bone])
        if twin == row:
            offsets[row, 0] = 0.0
    landmarks = h36m17_landmarks(weights, offsets, bones)
    carried = np.einsum("njab,jb->nja", turns[:, bones], offsets)
    error = np.einsum("jk,nka->nja", weights, joints) + carried - targets
    return landmarks, np.sqrt((error**2).sum(-1).mean(0))


def _samples(
    body: BodyModel, regressor: Regressor, samples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random bodies: regressed joints (N, 17, 3), body joints (N, 24, 3), their global rotations (N, 24, 3, 3)."""
    pose = rng.uniform(-_OTHER_RANGE, _OTHER_RANGE, (samples, NUM_JOINTS, 3))
    for joint, name in enumerate(SMPL24.joints):
        side, _, part = name.rpartition("_")
        if part in _RANGES:
            low, high = np.array(_RANGES[part]).T
            drawn = rng.uniform(low, high, (samples, 3))
            pose[:, joint] = drawn * ([1.0, -1.0, -1.0] if side == "right" else [1.0, 1.0, 1.0])
    betas = rng.standard_normal((samples, body.num_betas))
    used = np.flatnonzero(np.abs(regressor.matrix).sum(axis=0))
    points, joints, turns = (
        np.asarray(array, np.float64)
        for array in _posed(body, jnp.asarray(betas, jnp.float32), jnp.asarray(pose, jnp.float32), used)
    )
    return np.einsum("jv,nva->nja", regressor.matrix[:, used], points), joints, turns


@jax.jit
def _posed(body: BodyModel, betas: jax.Array, pose: jax.Array, used: jax.Array) -> tuple[jax.Array, ...]:
    """Vertices of the given indices, joints and their rotations."""
    rotations = axis_angle_to_matrix(pose)
    still = jnp.zeros((len(betas), 3), betas.dtype)
    points = vertices(body, betas, rotations, still, vertex_indices=used)
    return points, *posed_joints(body, rest_joints_m(body, betas), rotations)


def _relative(target: np.ndarray, joints: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """The 24 joints as seen from one target in every bone's rest axes: (N, bone, joint, 3)."""
    return np.einsum("nbca,nkc->nbka", turns, joints - target[:, None], optimize=True)


def _covariance(relative: np.ndarray) -> np.ndarray:
    """(N, bone, joint, 3) -> (bone, joint, joint) square metres."""
    centred = relative - relative.mean(axis=0)
    return np.einsum("nbka,nbla->bkl", centred, centred, optimize=True) / len(relative)


def _best_support(covariance: np.ndarray, *, middle: bool) -> tuple[int, np.ndarray]:
    """The bone and the convex weights (24,) of at most three joints that leave the least; symmetric for the midline."""
    mirror = SMPL24.mirror
    bones = [bone for bone in range(NUM_JOINTS) if not middle or mirror[bone] == bone]
    best: tuple[float, int, np.ndarray] = (np.inf, 0, np.zeros(NUM_JOINTS))
    for size in (1, 2, 3):
        supports = np.array(
            [
                support
                for support in itertools.combinations(range(NUM_JOINTS), size)
                if not middle or {mirror[joint] for joint in support} == set(support)
            ]
        )
        blocks = covariance[bones][:, supports[:, :, None], supports[:, None, :]] + _FAR_PENALTY * np.eye(size)
        raw = np.linalg.solve(blocks, np.ones((*blocks.shape[:-1], 1)))[..., 0]
        total = raw.sum(axis=-1)
        left = np.where((raw >= 0).all(axis=-1), 1.0 / total, np.inf)
        bone_at, support_at = np.unravel_index(int(np.argmin(left)), left.shape)
        if left[bone_at, support_at] < _WORTH_A_JOINT * best[0]:
            weight = np.zeros(NUM_JOINTS)
            weight[supports[support_at]] = raw[bone_at, support_at] / total[bone_at, support_at]
            best = (float(left[bone_at, support_at]), bones[bone_at], weight)
    return best[1], best[2]
