"""The student's pose brought closer to the 2D that it was predicted from, by damped Gauss-Newton steps.

The student sees a window and answers with a body; what it answers misses the keypoints by a few per cent of the
person's height, and more on poses that it seldom saw. A few steps of least squares turn the joints that are seen so
that the landmarks come nearer to their rays. Every turn costs (``STIFFNESS_RAD``), so depth, which no ray measures,
stays as the networks said, and turns that the joints do not show stay at rest. This is the fitting of SMPLify (Bogo et
al., ECCV 2016) started from the student, with the start as its prior (as in SPIN, Kolotouros et al., ICCV 2019). No 3D
and nothing learnt goes in; the figures were chosen on built-in held-out motion (docs/prediction.md).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pn3d import rotations
from pn3d.body import landmarks as landmark_room
from pn3d.body import model as body_model
from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.skeleton import SMPL24

STEPS = 2
"""Gauss-Newton steps."""

INNER_STEPS = 12
"""Conjugate-gradient steps in each of them."""

NOISE = 0.03
"""What a residual is measured by, head-root units (1.3 % of the person's height, as good detectors err)."""

OUTLIER = 0.3
"""Residuals beyond this count little, head-root units (Geman and McClure's weight)."""

_TURN_RAD: dict[str, tuple[float, float, float]] = {
    "pelvis": (0.2, 0.2, 0.2),
    "hip": (0.3, 0.3, 0.3),
    "knee": (0.3, 0.05, 0.05),
    "spine1": (0.08, 0.08, 0.08),
    "spine2": (0.08, 0.08, 0.08),
    "spine3": (0.08, 0.08, 0.08),
    "neck": (0.1, 0.05, 0.1),
    "head": (0.05, 0.0, 0.05),
    "collar": (0.0, 0.1, 0.1),
    "shoulder": (0.4, 0.4, 0.4),
    "elbow": (0.05, 0.4, 0.05),
}
STIFFNESS_RAD = np.array([_TURN_RAD.get(name.split("_")[-1], (0.0,) * 3) for name in SMPL24.joints], np.float32)
"""(24, 3) a turn about a joint's own axes that costs as much as one residual of ``NOISE``; 0 holds the joint."""

_MOVE_M = 0.3
"""The same for the translation."""

SMOOTH_SECONDS = 0.1
"""Half the width of the triangle over which residuals are averaged in time: a detector's error changes from frame to
frame, the student's stays."""


class Levers(NamedTuple):
    """How turns of joints move landmarks at one pose, as planes with the N frames last.

    Attributes:
        turns: (24, 3, 3, N) global rotations; joints_m: (24, 3, N); offsets_m: (J, 3, N) landmark offsets, turned.
        rays: (J, 2, N) where landmarks are seen; depth: (J, N), metres times the person's size, so that residuals
            are in head-root units.
    """

    turns: jax.Array
    joints_m: jax.Array
    offsets_m: jax.Array
    rays: jax.Array
    depth: jax.Array


def smooth_residual(residual: np.ndarray, confidence: np.ndarray, half: int) -> np.ndarray:
    """Average over time within one clip, by a triangle of 2 ``half`` + 1 frames times confidence.

    (T, J, 2), (T, J) -> (T, J, 2); zero where nothing was measured nearby.
    """
    frames = len(residual)
    total = confidence[..., None] * residual
    weight = confidence.copy()
    for shift in range(1, min(half, frames - 1) + 1):
        share = np.float32(1.0 - shift / (half + 1))
        for to, of in ((slice(shift, None), slice(None, -shift)), (slice(None, -shift), slice(shift, None))):
            total[to] += share * confidence[of][..., None] * residual[of]
            weight[to] += share * confidence[of]
    return total / np.maximum(weight, 1e-6)[..., None]


def refine_pose(
    body: BodyModel,
    landmarks: Landmarks,
    corrections_m: jax.Array,
    rest_m: jax.Array,
    local: jax.Array,
    transl_m: jax.Array,
    target_rays: jax.Array,
    weight: jax.Array,
    size: jax.Array,
) -> jax.Array:
    """Turns joints so that landmarks come closer to their rays; every frame by itself.

    Args:
        body: gives the tree.
        landmarks: J of them.
        corrections_m: (J, 3) landmark corrections.
        rest_m: (N, 24, 3) rest joints.
        local: (N, 24, 3, 3) local rotations, the pelvis in centred-camera axes.
        transl_m: (N, 3) where the body stands.
        target_rays: (N, J, 2) centred rays.
        weight: (N, J) >= 0, 0 = not measured.
        size: (N,) the person's size in the picture.

    Returns:
        (N, 24, 3, 3) local rotations.
    """
    target = jnp.moveaxis(target_rays, 0, -1)
    sizes, weights = size[None], weight.T

    def step(_: int, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        local, transl_m = carry
        levers = _levers(body, landmarks, corrections_m, rest_m, local, transl_m, size)
        residual = (target - levers.rays) / sizes[:, None]
        off = jnp.sum(residual * residual, axis=1)
        trust = weights / (NOISE**2 * (1.0 + off / OUTLIER**2) ** 2)
        forward = lambda turn, move: _moved(body, landmarks, levers, turn, move)  # noqa: E731
        turn, move = _solve(forward, residual, trust, jnp.zeros_like(levers.joints_m), jnp.zeros_like(transl_m.T))
        change = rotations.axis_angle_to_matrix(jnp.moveaxis(turn * _stiffness(turn), -1, 0))
        return jnp.sum(local[..., :, :, None] * change[..., None, :, :], axis=-2), transl_m + _MOVE_M * move.T

    local, _ = jax.lax.fori_loop(0, STEPS, step, (local, transl_m))
    return local


def _stiffness(like: jax.Array) -> jax.Array:
    return jnp.asarray(STIFFNESS_RAD[:, :, None], like.dtype)


def _levers(
    body: BodyModel,
    landmarks: Landmarks,
    corrections_m: jax.Array,
    rest_m: jax.Array,
    local: jax.Array,
    transl_m: jax.Array,
    size: jax.Array,
) -> Levers:
    joints, turns = body_model.posed_joints(body, rest_m, local)
    marks = landmark_room.landmark_joints(landmarks, joints, turns, corrections_m) + transl_m[:, None]
    offset = (landmarks.offset_m + corrections_m)[None, :, None, :]
    offsets = jnp.sum(turns[:, np.array(landmarks.bone)] * offset, axis=-1)
    # A landmark behind the camera has no picture; it is held where its ray is finite.
    depth = jnp.maximum(marks[..., 2], 0.1)
    return Levers(
        turns=jnp.moveaxis(turns, 0, -1),
        joints_m=jnp.moveaxis(joints, 0, -1),
        offsets_m=jnp.moveaxis(offsets, 0, -1),
        rays=jnp.moveaxis(marks[..., :2] / depth[..., None], 0, -1),
        depth=(depth * size[:, None]).T,
    )


def _moved(body: BodyModel, landmarks: Landmarks, at: Levers, turn: jax.Array, move: jax.Array) -> jax.Array:
    """The linear map from turns (24, 3, N) and moves (3, N), over their stiffness, to landmarks' rays (J, 2, N).

    A turn w about joint j moves what hangs on it by w x (p - p_j); summed over all joints above a point that is
    (sum w) x p - sum (w x p_j), two products with a constant matrix.
    """
    above, own = _ancestors(body.parents)
    world = jnp.sum(at.turns * (turn * _stiffness(turn))[:, None], axis=2)
    product = lambda matrix, values: jnp.tensordot(  # noqa: E731
        jnp.asarray(matrix, values.dtype), values, 1, precision=jax.lax.Precision.HIGHEST
    )
    joints = jnp.cross(product(above, world), at.joints_m, axis=1) - product(
        above, jnp.cross(world, at.joints_m, axis=1)
    )
    bones = product(own[np.array(landmarks.bone)], world)
    marks = product(landmarks.weights, joints) + jnp.cross(bones, at.offsets_m, axis=1) + _MOVE_M * move[None]
    return (marks[:, :2] - at.rays * marks[:, 2:]) / at.depth[:, None]


def _ancestors(parents: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(24, 24): which joints are strictly above each one, and the same with the joint itself."""
    own = np.eye(len(parents), dtype=np.float32)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            own[joint] += own[parent]
    return own - np.eye(len(parents), dtype=np.float32), own


def _solve(  # type: ignore[no-untyped-def]
    forward, residual: jax.Array, trust: jax.Array, turn: jax.Array, move: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Minimises |forward(x) - residual|^2_trust + |x|^2 by conjugate gradients, every frame by itself."""
    back = jax.linear_transpose(forward, turn, move)

    def normal(x: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        pulled = back(trust[:, None] * forward(*x))
        return x[0] + pulled[0], x[1] + pulled[1]

    def dot(a: tuple[jax.Array, jax.Array], b: tuple[jax.Array, jax.Array]) -> jax.Array:
        return jnp.sum(a[0] * b[0], axis=(0, 1)) + jnp.sum(a[1] * b[1], axis=0)

    def add(
        a: tuple[jax.Array, jax.Array], factor: jax.Array, b: tuple[jax.Array, jax.Array]
    ) -> tuple[jax.Array, jax.Array]:
        return a[0] + factor[None, None] * b[0], a[1] + factor[None] * b[1]

    def inner(_: int, carry):  # type: ignore[no-untyped-def]
        x, left, direction, square = carry
        image = normal(direction)
        length = square / (dot(direction, image) + 1e-12)
        x, left = add(x, length, direction), add(left, -length, image)
        new = dot(left, left)
        return x, left, add(left, new / (square + 1e-12), direction), new

    start = back(trust[:, None] * residual)
    x = (jnp.zeros_like(turn), jnp.zeros_like(move))
    return jax.lax.fori_loop(0, INNER_STEPS, inner, (x, start, start, dot(start, start)))[0]  # type: ignore[no-any-return]
