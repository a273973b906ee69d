"""The writers' own geometry by properties."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from pn3d.geometry import kinematics
from pn3d.geometry.euler import euler_angles, unwrap_euler_angles
from pn3d.geometry.kinematics import rotation_between
from pn3d.geometry.skeleton import SMPL24
from tests.support.export_samples import rest_joints, sample_motion


def test_resampling_agrees_with_scipy_slerp_and_keeps_the_frames_that_stay():
    motion = sample_motion(frames=41, fps=25.0)
    poses, transl = kinematics.resample_motion(motion.poses_world, motion.transl_world_m, 25.0, 60.0)
    assert len(poses) == len(transl) == 97
    # Joint 0 turns more than once about, so that the sign of its quaternions changes on the way.
    for joint in (0, 5):
        between = Slerp(np.arange(41) / 25.0, Rotation.from_rotvec(motion.poses_world[:, joint]))
        expected = between(np.arange(97) / 60.0).as_matrix()
        np.testing.assert_allclose(Rotation.from_rotvec(poses[:, joint]).as_matrix(), expected, atol=1e-9)
    np.testing.assert_allclose(transl[12], motion.transl_world_m[5], atol=1e-12)
    poses, transl = kinematics.resample_motion(motion.poses_world[:1], motion.transl_world_m[:1], 25.0, 60.0)
    assert poses.shape == (1, 24, 3)


@pytest.mark.parametrize("order", ["xyz", "yzx", "zxy", "xzy", "zyx", "yxz"])
def test_euler_angles_give_the_rotation_back_also_in_gimbal_lock(order):
    rng = np.random.default_rng(1)
    angles = rng.uniform(-np.pi, np.pi, (60, 2, 3))
    angles[1::4, 0, 1] = np.pi / 2
    angles[2::4, 0, 1] = -np.pi / 2
    rotation = Rotation.from_euler(order.upper(), angles)
    for found in (euler_angles(rotation, order), unwrap_euler_angles(euler_angles(rotation, order), order)):
        np.testing.assert_allclose(
            Rotation.from_euler(order.upper(), found).as_matrix(), rotation.as_matrix(), atol=1e-6
        )


def test_unwrapped_angles_have_no_jumps():
    time = np.linspace(0, 1, 400)
    angles = np.stack([7 * time, 2.6 * np.sin(6 * time), -9 * time], axis=-1)[:, None]
    found = unwrap_euler_angles(euler_angles(Rotation.from_euler("ZYX", angles), "zyx"), "zyx")
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
    turn = rotation_between(start, end).as_matrix()
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
