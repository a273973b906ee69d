"""The writers' own geometry against pn3d.geometry.rotations, SciPy and by properties."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from pn3d.export.shapes import rotation_between
from pn3d.geometry import kinematics, rotations
from pn3d.geometry.euler import euler_angles, euler_matrix, unwrap_euler_angles
from pn3d.geometry.skeleton import SMPL24
from tests.support.export_samples import rest_joints, sample_motion


@pytest.fixture(scope="module")
def axis_angles() -> np.ndarray:
    rng = np.random.default_rng(0)
    sizes = np.concatenate([np.zeros(2), np.geomspace(1e-9, np.pi - 1e-7, 200)])
    directions = rng.normal(size=(len(sizes), 3))
    return sizes[:, None] * directions / np.linalg.norm(directions, axis=1, keepdims=True)


def test_rotations_agree_with_scipy_and_with_the_jax_ones(axis_angles):
    matrix = kinematics.axis_angle_to_matrix(axis_angles)
    np.testing.assert_allclose(matrix, Rotation.from_rotvec(axis_angles).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(matrix, rotations.axis_angle_to_matrix(jnp.asarray(axis_angles)), atol=1e-5)
    np.testing.assert_allclose(kinematics.matrix_to_axis_angle(matrix), axis_angles, atol=1e-7)


def test_quaternion_product_is_the_product_of_matrices(axis_angles):
    a = kinematics.axis_angle_to_quaternion(axis_angles)
    b = kinematics.axis_angle_to_quaternion(axis_angles[::-1])
    product = kinematics.quaternion_to_matrix(kinematics.quaternion_multiply(a, b))
    expected = kinematics.quaternion_to_matrix(a) @ kinematics.quaternion_to_matrix(b)
    np.testing.assert_allclose(product, expected, atol=1e-12)


def test_resampling_agrees_with_scipy_slerp_and_keeps_the_frames_that_stay():
    motion = sample_motion(frames=41, fps=25.0)
    poses, transl = kinematics.resample_motion(motion.poses_world, motion.transl_world_m, 25.0, 60.0)
    assert len(poses) == len(transl) == 97
    # Joint 0 turns more than once about, so that the sign of its quaternions changes on the way.
    for joint in (0, 5):
        between = Slerp(np.arange(41) / 25.0, Rotation.from_rotvec(motion.poses_world[:, joint]))
        expected = between(np.arange(97) / 60.0).as_matrix()
        np.testing.assert_allclose(kinematics.axis_angle_to_matrix(poses[:, joint]), expected, atol=1e-9)
    np.testing.assert_allclose(transl[12], motion.transl_world_m[5], atol=1e-12)
    poses, transl = kinematics.resample_motion(motion.poses_world[:1], motion.transl_world_m[:1], 25.0, 60.0)
    assert poses.shape == (1, 24, 3)


@pytest.mark.parametrize("order", ["xyz", "yzx", "zxy", "xzy", "zyx", "yxz"])
def test_euler_angles_give_the_rotation_back_also_in_gimbal_lock(order):
    rng = np.random.default_rng(1)
    angles = rng.uniform(-np.pi, np.pi, (60, 2, 3))
    angles[1::4, 0, 1] = np.pi / 2
    angles[2::4, 0, 1] = -np.pi / 2
    matrix = euler_matrix(angles, order)
    np.testing.assert_allclose(matrix, Rotation.from_euler(order.upper(), angles.reshape(-1, 3)).as_matrix()
                               .reshape(matrix.shape), atol=1e-12)  # fmt: skip
    for found in (euler_angles(matrix, order), unwrap_euler_angles(euler_angles(matrix, order), order)):
        np.testing.assert_allclose(euler_matrix(found, order), matrix, atol=1e-6)


def test_unwrapped_angles_have_no_jumps():
    time = np.linspace(0, 1, 400)
    angles = np.stack([7 * time, 2.6 * np.sin(6 * time), -9 * time], axis=-1)[:, None]
    found = unwrap_euler_angles(euler_angles(euler_matrix(angles, "zyx"), "zyx"), "zyx")
    assert np.abs(np.diff(found, axis=0)).max() < 0.1
    assert np.ptp(found[:, 0, 0]) > 2 * np.pi


def test_retargeted_rotations_point_the_bones_of_another_body_the_same_way():
    motion = sample_motion(frames=6)
    target = rest_joints("other")
    poses = kinematics.retarget_rotations(motion.poses_world, motion.rest_joints_m, target, SMPL24.parents)
    before = _directions(motion.body_joints_world_m())
    same, _ = kinematics.posed_joints(target, SMPL24.parents, motion.poses_world, motion.transl_world_m)
    after, _ = kinematics.posed_joints(target, SMPL24.parents, poses, motion.transl_world_m)
    assert _degrees(before, _directions(same)).max() > 5
    # Joints with several children (pelvis, spine3) hold three bones at once and can only be met in the mean.
    fan = np.isin([parent for parent, _ in SMPL24.bones], [0, 9])
    assert _degrees(before, _directions(after))[:, ~fan].max() < 0.01
    assert _degrees(before, _directions(after))[:, fan].max() < _degrees(before, _directions(same))[:, fan].max()


def test_smallest_rotation_between_directions():
    rng = np.random.default_rng(2)
    start, end = rng.normal(size=(2, 50, 3))
    end[:5] = -start[:5]
    end[5] = 0
    turn = kinematics.quaternion_to_matrix(rotation_between(start, end))
    turned = np.einsum("nab,nb->na", turn, start / np.linalg.norm(start, axis=1, keepdims=True))
    np.testing.assert_allclose(turned[:5], end[:5] / np.linalg.norm(end[:5], axis=1, keepdims=True), atol=1e-9)
    np.testing.assert_allclose(turned[6:], end[6:] / np.linalg.norm(end[6:], axis=1, keepdims=True), atol=1e-9)
    np.testing.assert_allclose(turn[5], np.eye(3))


def _directions(joints: np.ndarray) -> np.ndarray:
    bones = np.array(SMPL24.bones)
    bone = joints[:, bones[:, 1]] - joints[:, bones[:, 0]]
    return bone / np.linalg.norm(bone, axis=-1, keepdims=True)


def _degrees(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1)))
