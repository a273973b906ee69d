"""A body brought onto 2D keypoints by a few Gauss-Newton steps, near the pose it starts from.

What a network says of a window is smooth and plausible but does not lie on the keypoints exactly. With bones of
constant length the keypoints say more: a limb that looks short is turned out of the picture by a known angle. The step
balances both: squared distances in the picture against squared turns away from the network's pose (our choice; fitting
of SMPL to keypoints after Bogo et al., ECCV 2016, started from a network as in SPIN, Kolotouros et al., ICCV 2019).
2D only.

Letters: N frames, J landmarks, K joints that turn.
"""

from collections.abc import Mapping
from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.body.joint_turns import about_axes
from pn3d.body.landmarks import Landmarks, landmark_joints, landmark_offsets
from pn3d.body.model import BodyModel, posed_joints
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import SMPL24

_HIGHEST = jax.lax.Precision.HIGHEST

STEPS = 2
"""Gauss-Newton steps."""

NOISE = 0.03
"""What a residual is measured by, head-root units (1.3 % of the person's height, as good detectors err)."""

OUTLIER = 0.3
"""Residuals beyond this count little, head-root units (Geman and McClure's weight)."""

_TURNS = tuple(
    (joint, axis, turn)
    for joint, turns in enumerate(about_axes("fit_rad"))
    for axis, turn in enumerate(turns)
    if turn > 0
)
"""(joint, axis, radians) of every turn that is free; K of them."""

FREE_RAD = np.array([turn for _, _, turn in _TURNS], np.float32)
"""(K,) the radians of ``_TURNS``."""

_MOVE_M = 0.3
"""The same for the translation."""


class Depths(NamedTuple):
    """How far behind the root somebody else, here the teacher, sees the landmarks.

    Attributes:
        relative_m: (N, J) z of each landmark minus that of the root (landmark 0), metres, at the body's scale.
        sigma: what a residual is measured by, head-root units, of all landmarks or (J,) of each; larger counts less.
        outlier: residuals beyond this count little, head-root units.
    """

    relative_m: jax.Array
    sigma: jax.Array | float
    outlier: float = OUTLIER


class Picture(NamedTuple):
    """What a body is brought onto.

    Attributes:
        rays: (N, J, 2) centred rays.
        weight: (N, J) >= 0; 0 = not measured.
        size: (N,) the person's size in the picture; errors count relative to it.
    """

    rays: jax.Array
    weight: jax.Array
    size: jax.Array


def fit_body(
    body: BodyModel,
    landmarks: Landmarks,
    corrections_m: Float[Array, "J 3"],
    rest_m: Float[Array, "N 24 3"],
    local: Float[Array, "N 24 3 3"],
    picture: Picture,
    depths: Depths | None = None,
    *,
    steps: int = STEPS,
    free_rad: np.ndarray = FREE_RAD,
) -> Float[Array, "N 24 3 3"]:
    """Turns a body's joints until its landmarks lie on the picture as well as nearness to the start allows.

    Every frame by itself.

    Args:
        body: gives the tree.
        landmarks: J of them.
        corrections_m: (J, 3) landmark corrections.
        rest_m: (N, 24, 3) rest joints of the shaped body.
        local: (N, 24, 3, 3) where to start, and what to stay near; the pelvis in centred-camera axes.
        picture: the keypoints.
        depths: of the same landmarks, where somebody knows them.
        steps: Gauss-Newton steps; 0 changes nothing. Each stays near the one before, so more of them go further.
        free_rad: (K,) the turn about each free axis that costs as much as one residual of ``NOISE`` (``looser``).

    Returns:
        (N, 24, 3, 3) local rotations.
    """
    chex.assert_shape(local, (None, 24, 3, 3))
    transl_m = None
    for _ in range(steps):
        joints, turns = posed_joints(body, rest_m, local)
        points = landmark_joints(landmarks, joints, turns, corrections_m)
        if transl_m is None:
            transl_m = camera.fit_translation(points, picture.rays, picture.weight, picture.size)
        moves = _moves(landmarks, body.parents, joints, turns, landmark_offsets(landmarks, turns, corrections_m))
        turn, shift = _step(points + transl_m[:, None], moves, picture, depths, free_rad)
        transl_m = transl_m + shift
        local = jnp.matmul(local, rotations.axis_angle_to_matrix(_spread(turn)), precision=_HIGHEST)
    return local


def looser(times: Mapping[str, float]) -> np.ndarray:
    """(K,) ``FREE_RAD`` with the turns of some joints, named without their side, costing less by these factors."""
    return FREE_RAD * np.array(
        [times.get(SMPL24.joints[joint].split("_")[-1], 1.0) for joint, _, _ in _TURNS], np.float32
    )


def _spread(turn: Float[Array, "N K"]) -> Float[Array, "N 24 3"]:
    """(N, K) free turns -> (N, 24, 3) axis-angle about the joints' own axes."""
    place = np.zeros((len(_TURNS), 24 * 3), np.float32)
    place[np.arange(len(_TURNS)), [3 * joint + axis for joint, axis, _ in _TURNS]] = 1.0
    return jnp.matmul(turn, jnp.asarray(place), precision=_HIGHEST).reshape(-1, 24, 3)


def _step(
    placed_m: jax.Array,
    moves: tuple[jax.Array, jax.Array, jax.Array],
    picture: Picture,
    depths: Depths | None,
    free_rad: np.ndarray,
) -> tuple[jax.Array, jax.Array]:
    """One Gauss-Newton step of weighted least squares with a cost on every turn.

    Args:
        placed_m: (N, J, 3) where the landmarks are.
        moves: x, y and z of how they move per radian of each free turn, (N, J, K) each.
        picture: where they are seen.
        depths: how far behind the root they should be.
        free_rad: (K,) turns that cost as much as one residual of ``NOISE``.

    Returns:
        (N, K) turns in radians, (N, 3) shift in metres.
    """
    # A landmark behind the camera has no picture; it is held where its ray is finite.
    depth = jnp.maximum(placed_m[..., 2], camera.NEAREST_M)
    projected = placed_m[..., :2] / depth[..., None]
    gap = (picture.rays - projected) / picture.size[:, None, None]
    trust = jnp.sqrt(picture.weight) / (NOISE * (1.0 + jnp.sum(gap**2, axis=-1) / OUTLIER**2))
    residual = jnp.concatenate([trust * gap[..., axis] for axis in (0, 1)], axis=1)
    free = jnp.asarray(free_rad, placed_m.dtype)
    scale = trust / (depth * picture.size[:, None])
    # Rows: x, then y of every landmark. Columns: turns, and the shift's three apart, over what each costs.
    rows = [scale[..., None] * (moves[axis] - projected[..., axis, None] * moves[2]) for axis in (0, 1)]
    turning = jnp.concatenate(rows, axis=1) * free[None, None]
    nothing = jnp.zeros_like(scale)
    shifting = _MOVE_M * jnp.stack(
        [
            jnp.concatenate([scale, nothing], axis=1),
            jnp.concatenate([nothing, scale], axis=1),
            jnp.concatenate([-scale * projected[..., axis] for axis in (0, 1)], axis=1),
        ]
    )
    if depths is not None:
        # Rows: z of every landmark over the root's. A shift moves all alike.
        apart = (depths.relative_m - (placed_m[..., 2] - placed_m[..., :1, 2])) / camera.HEAD_ROOT_M
        sure = 1.0 / (jnp.broadcast_to(depths.sigma, apart.shape) * (1.0 + apart**2 / depths.outlier**2))
        residual = jnp.concatenate([residual, sure * apart], axis=1)
        row = (sure / camera.HEAD_ROOT_M)[..., None] * (moves[2] - moves[2][:, :1])
        turning = jnp.concatenate([turning, row * free[None, None]], axis=1)
        shifting = jnp.concatenate([shifting, jnp.zeros((3, *apart.shape), shifting.dtype)], axis=2)
    # (JᵀJ + 1)⁻¹ Jᵀ r = Jᵀ (J Jᵀ + 1)⁻¹ r; there are about as many residuals as unknowns.
    products = jnp.matmul(turning, jnp.swapaxes(turning, -1, -2), precision=_HIGHEST)
    products = products + sum(column[:, :, None] * column[:, None] for column in shifting)
    products = products + jnp.eye(residual.shape[1], dtype=placed_m.dtype)[None]
    factor = jax.lax.linalg.cholesky(products, symmetrize_input=False)
    solved = residual[:, None]
    for transposed in (True, False):
        solved = jax.lax.linalg.triangular_solve(factor, solved, lower=True, transpose_a=transposed)
    turn = jnp.matmul(solved, turning, precision=_HIGHEST)[:, 0] * free[None]
    return turn, _MOVE_M * jnp.stack([jnp.sum(solved[:, 0] * column, axis=-1) for column in shifting], axis=-1)


def _moves(
    landmarks: Landmarks, parents: tuple[int, ...], joints_m: jax.Array, turns: jax.Array, offset_m: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """x, y and z (N, J, K), metres per radian: a turn about an axis at a joint moves what hangs on it by axis x arm.

    A landmark may hang on a joint in part only; its arm is that part of it (``landmarks.weights``), and its offset
    where its bone turns along.
    """
    index = np.array([joint for joint, _, _ in _TURNS])
    above = _ancestors(parents)[:, index].astype(np.float32)  # (24, K), a joint is above itself
    share = landmarks.weights[:, :, None] * above[None]  # (J, 24, K)
    axes = jnp.stack([turns[:, joint, :, axis] for joint, axis, _ in _TURNS], axis=-1)  # (N, 3, K)
    hanging = share.swapaxes(0, 1).reshape(24, -1)
    marks = share.shape[0]
    whole = jnp.matmul(joints_m.swapaxes(-1, -2), hanging, precision=_HIGHEST).reshape(-1, 3, marks, len(_TURNS))
    arm = whole - jnp.sum(share, axis=1)[None, None] * joints_m[:, index].swapaxes(-1, -2)[:, :, None]
    arm = arm + above[np.array(landmarks.bone)][None, None] * offset_m.swapaxes(-1, -2)[..., None]
    (ax, ay, az), (x, y, z) = (jnp.moveaxis(axes, 1, 0)[:, :, None], jnp.moveaxis(arm, 1, 0))
    return ay * z - az * y, az * x - ax * z, ax * y - ay * x


def _ancestors(parents: tuple[int, ...]) -> np.ndarray:
    """(24, 24) True where the column is the row's joint or above it in the tree."""
    reach = np.eye(len(parents), dtype=bool)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            reach[joint] |= reach[parent]
    return reach
