"""Landmarks, their learned corrections, and the ranges of the joints."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.body import limits
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks, landmark_joints, symmetric_corrections
from pn3d.body.model import posed_joints, rest_joints_m
from pn3d.geometry import rotations as rot
from pn3d.geometry.skeleton import H36M17, SMPL24

_excess, _matrices = jax.jit(limits.limit_excess_rad), jax.jit(rot.axis_angle_to_matrix)


@jax.jit
def _landmarks(pose: jax.Array, correction_m: jax.Array) -> jax.Array:
    body = builtin_body()
    rest = rest_joints_m(body, jnp.zeros((*pose.shape[:-2], 10)))
    return landmark_joints(builtin_landmarks(), *posed_joints(body, rest, rot.axis_angle_to_matrix(pose)), correction_m)


def _poses(seed: int, count: int, scale: float = 0.5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 24, 3)).astype(np.float32) * scale


def _mirrored(poses: np.ndarray) -> np.ndarray:
    """Poses in a mirror: sides swapped, turns about y and z reversed."""
    return poses[..., list(SMPL24.mirror), :] * np.float32([1, -1, -1])


def _of(points: np.ndarray, name: str) -> np.ndarray:
    return points[..., H36M17.index(name), :]


def test_landmarks_are_convex_and_of_few_joints() -> None:
    weights = np.asarray(builtin_landmarks().weights)
    assert (weights >= 0).all()
    assert ((weights > 0).sum(axis=1) <= 3).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-6)


def test_landmarks_keep_the_layouts_definitions_in_every_pose() -> None:
    points = np.asarray(_landmarks(_poses(0, 4), np.zeros((17, 3), np.float32)))
    for middle, a, b in (
        ("pelvis", "left_hip", "right_hip"),
        ("thorax", "left_shoulder", "right_shoulder"),
        ("spine", "pelvis", "thorax"),
    ):
        np.testing.assert_allclose(_of(points, middle), 0.5 * (_of(points, a) + _of(points, b)), atol=1e-6)


def test_landmark_bones_have_human_lengths() -> None:
    points = np.asarray(_landmarks(np.zeros((24, 3), np.float32), np.zeros((17, 3), np.float32)))
    human_mm = {  # means of motion capture data
        **{("pelvis", "left_hip"): 106, ("left_hip", "left_knee"): 440, ("left_knee", "left_ankle"): 415},
        **{("pelvis", "spine"): 247, ("spine", "thorax"): 247, ("thorax", "neck"): 127, ("neck", "head"): 118},
        **{("thorax", "left_shoulder"): 199, ("left_shoulder", "left_elbow"): 270, ("left_elbow", "left_wrist"): 259},
    }
    for (a, b), length in human_mm.items():
        assert 1e3 * np.linalg.norm(_of(points, a) - _of(points, b)) == pytest.approx(length, rel=0.06), (a, b)


def test_corrections_ride_on_their_bones() -> None:
    pose = _poses(1, 1)[0]
    shift = np.zeros((17, 3), np.float32)
    shift[H36M17.index("left_knee")] = (0.01, 0.02, 0.03)
    moved = np.asarray(_landmarks(pose, shift) - _landmarks(pose, np.zeros_like(shift)))
    turns = np.asarray(rot.axis_angle_to_matrix(jnp.asarray(pose)))
    np.testing.assert_allclose(_of(moved, "left_knee"), turns[0] @ turns[1] @ [0.01, 0.02, 0.03], atol=1e-6)
    np.testing.assert_allclose(np.delete(moved, H36M17.index("left_knee"), axis=0), 0.0, atol=1e-7)


def test_mirrored_poses_have_mirrored_landmarks_with_corrections() -> None:
    pose = _poses(2, 1)[0]
    correction = symmetric_corrections(jnp.asarray(_poses(3, 1, 0.05)[0, :17]))
    flip = np.float32([-1, 1, 1])
    image = np.asarray(_landmarks(_mirrored(pose), correction))
    np.testing.assert_allclose(image[list(H36M17.mirror)] * flip, _landmarks(pose, correction), atol=3e-6)


@pytest.mark.parametrize("size_m", [1e-3, 0.04, 1.0, 1e6])
def test_corrections_are_symmetric_and_never_exceed_their_bound(size_m: float) -> None:
    raw = np.random.default_rng(4).normal(size=(17, 3)).astype(np.float32) * size_m
    correction = np.asarray(symmetric_corrections(jnp.asarray(raw)))
    assert np.linalg.norm(correction.astype(np.float64), axis=1).max() <= 0.04
    np.testing.assert_array_equal(correction[list(H36M17.mirror)] * np.float32([-1, 1, 1]), correction)
    assert np.linalg.norm(correction, axis=1).max() > min(size_m, 0.03) * 0.5


def test_zero_raw_corrections_are_zero_with_unit_gradient() -> None:
    zero = jnp.zeros((17, 3))
    np.testing.assert_array_equal(symmetric_corrections(zero), zero)
    slope = np.asarray(jax.jacrev(symmetric_corrections)(zero)).reshape(51, 51)
    np.testing.assert_allclose(slope @ slope, slope, atol=1e-6)  # the projection onto symmetric offsets
    assert np.linalg.matrix_rank(slope) == 28


def _turn(**degrees: tuple[float, float, float]) -> np.ndarray:
    pose = np.zeros((24, 3), np.float32)
    for joint, angles in degrees.items():
        pose[SMPL24.index(joint)] = np.radians(angles)
    return pose


_HUMAN = [
    _turn(),
    _turn(left_hip=(-110, 0, 10), left_knee=(130, 0, 0), right_knee=(90, 0, 0)),
    _turn(left_elbow=(0, -130, 0), right_elbow=(0, 130, 0), left_shoulder=(0, 0, -80), right_shoulder=(0, 0, 80)),
    _turn(left_shoulder=(0, 0, 85), right_shoulder=(0, 0, -85)),
    _turn(left_shoulder=(0, -120, 0), right_shoulder=(0, 120, 0)),
    _turn(spine1=(30, 0, 0), spine2=(30, 10, 0), neck=(0, 40, 0), head=(0, 30, 0)),
]
_BROKEN = [
    _turn(left_knee=(-60, 0, 0)),
    _turn(right_knee=(-60, 0, 0)),
    _turn(left_elbow=(0, 60, 0)),
    _turn(right_elbow=(0, -60, 0)),
    _turn(left_hip=(70, 0, 0)),
    _turn(right_hip=(0, 0, 70)),
    _turn(left_shoulder=(0, 95, 0)),
    _turn(right_shoulder=(0, -95, 0)),
    _turn(neck=(0, 100, 0)),
    _turn(spine2=(-60, 0, 0)),
]


def test_humans_stay_inside_and_broken_joints_do_not() -> None:
    excess = np.degrees(np.asarray(_excess(np.stack(_HUMAN + _BROKEN)))).max(axis=(1, 2))
    np.testing.assert_allclose(excess[: len(_HUMAN)], 0.0, atol=1e-3)
    assert (excess[len(_HUMAN) :] > 10).all(), excess
    np.testing.assert_allclose(excess[len(_HUMAN)], 50.0, atol=1e-2)  # the knee's range starts at -10 degrees


def test_limits_mirror_and_take_matrices() -> None:
    poses = _poses(5, 16, 1.2)
    excess = np.asarray(_excess(poses))
    assert excess.min() >= 0
    assert excess.max() > 0.1
    mirrored = np.asarray(_excess(_mirrored(poses)))
    np.testing.assert_allclose(mirrored[:, list(SMPL24.mirror)], excess, atol=1e-4)
    np.testing.assert_allclose(_excess(_matrices(poses)), excess, atol=1e-5)


def test_components_put_swing_and_twist_together_again() -> None:
    poses = _poses(6, 16, 0.6)
    angles = np.asarray(jax.jit(limits.components_rad)(poses))
    assert tuple(limits.RANGES) == SMPL24.joints
    main = np.eye(3)[[limits.RANGES[name].main_axis for name in SMPL24.joints]].astype(np.float32)
    twist = angles * main
    whole = np.asarray(_matrices(angles - twist)) @ np.asarray(_matrices(twist))
    np.testing.assert_allclose(whole, _matrices(poses), atol=2e-5)


def test_limit_gradients_are_finite_and_exact_at_rest() -> None:
    rest = jnp.zeros((24, 3))
    slope = np.asarray(jax.jit(jax.jacrev(limits.components_rad))(rest)).reshape(72, 72)
    np.testing.assert_allclose(slope, np.eye(72), atol=1e-6)
    gradient = jax.jit(jax.grad(lambda p: jnp.sum(limits.limit_excess_rad(p) ** 2)))
    for pose in (rest, _poses(7, 1, 2.0)[0], np.full((24, 3), np.pi / np.sqrt(3), np.float32)):
        assert np.isfinite(gradient(pose)).all()


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected rotations"):
        limits.limit_excess_rad(jnp.zeros((17, 3)))
