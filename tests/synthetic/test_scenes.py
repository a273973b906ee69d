"""Built-in motion: truth that agrees with itself, a ground that holds, human speeds and ranges, and variety."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.body.limits import limit_excess_rad
from pn3d.body.model import rest_joints_m
from pn3d.data.clips import Clips, validate_clips
from pn3d.files.errors import UserError
from pn3d.geometry import rotations as rot
from pn3d.geometry.kinematics import GRAVITY_M_S2
from pn3d.geometry.skeleton import SMPL24
from pn3d.synthetic.motion import angles, arms, gaits, jumps, limbs, stances, timing
from pn3d.synthetic.motion.catalogue import MOTIONS, make_motion
from pn3d.synthetic.motion.ground import heading_rad, pelvis_path_m, touching_points_m
from pn3d.synthetic.scenes import FRAMES_PER_CLIP, held_out_clips, make_synthetic_clips

COUNT = 24  # one number of clips everywhere, so that everything is compiled once


@pytest.fixture(scope="module")
def held() -> Clips:
    return held_out_clips(COUNT)


@pytest.fixture(scope="module")
def trained() -> Clips:
    return make_synthetic_clips(0, COUNT)


@pytest.fixture(scope="module")
def body() -> limbs.Dimensions:
    model = builtin_body()
    rest = np.asarray(rest_joints_m(model, jnp.zeros(10)), np.float64)
    return limbs.Dimensions(rest, float(rest[10, 1] - np.asarray(model.v_template_m)[:, 1].min()))


def chain(rest: np.ndarray, local: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Forward kinematics, one joint after the other, written apart from the body's own. Root at its rest place."""
    turns, points = [local[:, 0]], [np.broadcast_to(rest[0], (len(local), 3))]
    for joint in range(1, 24):
        parent = SMPL24.parents[joint]
        points.append(points[parent] + turns[parent] @ (rest[joint] - rest[parent]))
        turns.append(turns[parent] @ local[:, joint])
    return np.stack(points, 1), np.stack(turns, 1)


def on_the_ground(motion: timing.Motion, body: limbs.Dimensions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """World joints, global rotations and pelvis path of a motion."""
    local = angles.local_rotations(motion.angles)
    local[:, 0] = angles.about(1, heading_rad(motion)) @ local[:, 0]
    points, turns = chain(body.rest_joints_m - body.rest_joints_m[0], local)
    path = pelvis_path_m(motion, points, turns, body)
    return points + path[:, None], turns, path


def pa_mpjpe_mm(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Per frame, similarity Procrustes without reflection."""
    x, y = points - points.mean(1, keepdims=True), target - target.mean(1, keepdims=True)
    u, s, vt = np.linalg.svd(np.swapaxes(x, 1, 2) @ y)
    sign = np.sign(np.linalg.det(u @ vt))
    s[:, 2] *= sign
    u[:, :, 2] *= sign[:, None]
    scale = s.sum(1) / (x**2).sum((1, 2))
    return 1000 * np.linalg.norm(scale[:, None, None] * (x @ u @ vt) - y, axis=-1).mean(1)


def test_a_flat_skeleton_is_far_off(held: Clips) -> None:
    truth = held.joints_cam.astype(np.float64)
    flat = truth.copy()
    flat[..., 2] = truth[:, :1, 2]
    assert pa_mpjpe_mm(flat, truth).mean() >= 85


def test_truth_agrees_with_itself(held: Clips) -> None:
    validate_clips(held, "held-out")
    assert held.frames == COUNT * FRAMES_PER_CLIP
    assert held.body == builtin_body().name
    marks = builtin_landmarks()
    rest = np.asarray(rest_joints_m(builtin_body(), jnp.asarray(held.betas)), np.float64)
    assert np.abs(held.betas).max() <= 2.5
    assert held.betas.std() > 0.7
    for clip in (0, 7, COUNT - 1):
        frames = slice(int(held.clip_start[clip]), int(held.clip_start[clip]) + 20)
        points, turns = chain(rest[clip], angles.rotation(held.poses[frames].astype(np.float64)))
        points = points + held.transl_cam_m[frames, None]
        offset = np.stack([turns[:, bone] @ np.asarray(marks.offset_m)[i] for i, bone in enumerate(marks.bone)], 1)
        expected = np.einsum("ja,tac->tjc", np.asarray(marks.weights, np.float64), points) + offset
        np.testing.assert_allclose(held.joints_cam[frames], expected, atol=2e-5)


def test_keypoints_are_the_projection(held: Clips) -> None:
    fx, fy, cx, cy = held.intrinsics[held.clip_of_frame].T[:, :, None]
    x, y, z = np.moveaxis(held.joints_cam, -1, 0)
    projected = np.stack([fx * x / z + cx, fy * y / z + cy], -1)
    np.testing.assert_allclose(held.keypoints, projected, atol=2e-3)
    assert (held.confidence == 1).all()
    assert held.keypoints.min() > 0
    assert held.keypoints.max() < 1000
    focal = held.intrinsics[:, 0]
    assert focal.min() >= 1000
    assert focal.max() <= 1300
    assert np.ptp(focal) > 100


def test_cameras_stand_as_promised(held: Clips, trained: Clips) -> None:
    for clips in (held, trained):
        np.testing.assert_allclose(np.linalg.norm(clips.up_cam, axis=1), 1, atol=1e-5)
        pelvis = clips.joints_cam[:, 0].reshape(COUNT, FRAMES_PER_CLIP, 3)
        distance = np.linalg.norm(pelvis, axis=-1)
        elevation = np.degrees(np.arcsin(-(pelvis * clips.up_cam[:, None]).sum(-1) / distance))
        assert elevation.mean(1).min() > -1
        assert elevation.mean(1).max() < 31.5
        assert elevation.mean(1).std() > 5
        assert distance.min() >= 3.0
        assert distance.max() <= 10.5
        # a level camera: nothing but its pitch separates its axes from the world's
        np.testing.assert_allclose(clips.up_cam[:, 0], 0, atol=1e-6)


def test_the_seed_is_everything(trained: Clips, held: Clips) -> None:
    again, other = make_synthetic_clips(0, COUNT), make_synthetic_clips(1, COUNT)
    for key in ("keypoints", "joints_cam", "poses", "betas", "transl_cam_m", "intrinsics", "up_cam", "clip_name"):
        np.testing.assert_array_equal(getattr(again, key), getattr(trained, key))
    for clips in (other, held):
        assert len(np.intersect1d(clips.betas, trained.betas)) < 3  # but for values at the bound
        assert np.abs(clips.keypoints - trained.keypoints).min(axis=(1, 2)).max() > 0
    assert trained.clip_name[5].split("/")[1:] == ["5", "cam0"]
    assert set(trained.actions) <= set(MOTIONS)


def test_poses_are_within_anatomical_limits(held: Clips, trained: Clips) -> None:
    poses = jnp.asarray(np.concatenate([held.poses, trained.poses])[::5])
    excess = np.degrees(jax.jit(limit_excess_rad)(poses)).max(axis=(1, 2))
    assert (excess > 10).mean() <= 0.02
    assert (excess > 1).mean() <= 0.02


def test_motion_is_neither_frozen_nor_inhuman(held: Clips, trained: Clips) -> None:
    for clips in (held, trained):
        joints = clips.joints_cam.astype(np.float64).reshape(COUNT, FRAMES_PER_CLIP, 17, 3)
        speed = np.linalg.norm(np.diff(joints, axis=1), axis=-1) * 30
        change = np.linalg.norm(np.diff(joints, 2, axis=1), axis=-1) * 900
        assert speed.max() < 15
        assert speed[:, :, 0].max() < 6
        assert np.percentile(change, 99.9) < 120
        assert change.max() < 320
        assert (np.ptp(joints - joints[:, :, :1], axis=1).max(axis=(1, 2)) > 0.03).all()


def test_motion_is_varied(held: Clips, trained: Clips) -> None:
    poses = np.concatenate([held.poses, trained.poses]).astype(np.float64)
    spread = np.degrees(poses.std(axis=0)).max(axis=-1)
    least = {"hip": 14, "knee": 18, "shoulder": 20, "elbow": 22, "ankle": 7, "spine1": 3, "neck": 3, "collar": 3}
    for joint, name in enumerate(SMPL24.joints):
        wanted = least.get(name.split("_")[-1], 0)
        assert spread[joint] >= wanted, name
    assert len(set(trained.actions) | set(held.actions)) >= 18
    facing = angles.rotation(poses[:, 0])[:, :, 2]
    azimuth = np.arctan2(facing[:, 0], facing[:, 2]).reshape(2 * COUNT, -1)[:, ::10]
    assert np.abs(np.exp(1j * azimuth).mean()) < 0.35
    assert (np.histogram(azimuth, 8, (-np.pi, np.pi))[0] > 0).all()


@pytest.mark.parametrize("name", sorted(MOTIONS))
def test_nobody_sinks_or_floats(name: str, body: limbs.Dimensions) -> None:
    motion = make_motion(np.random.default_rng([5, len(name)]), name, 75, body)
    points, turns, _ = on_the_ground(motion, body)
    lowest = touching_points_m(points, turns, body)[..., 1].min(axis=1)
    assert lowest.min() > -0.03
    standing = ~motion.airborne
    if standing.any():
        assert np.percentile(lowest[standing], 90) < 0.03
    assert np.isfinite(motion.angles).all()
    shortest = make_motion(np.random.default_rng(6), name, 8, body)
    assert shortest.angles.shape == (8, len(angles.CHANNELS))
    assert np.isfinite(shortest.angles).all()


def test_walkers_do_not_slide_and_move_at_their_pace(body: limbs.Dimensions) -> None:
    for seed in range(4):
        generator = np.random.default_rng(seed)
        motion = gaits.gait(generator, 90, gaits.natural_walk(generator), False, np.zeros(90))
        points, turns, path = on_the_ground(motion, body)
        feet = touching_points_m(points, turns, body)[:, :4]
        speed = np.linalg.norm(np.gradient(feet[..., [0, 2]], axis=0), axis=-1) * 30
        slip = speed[np.arange(90), feet[..., 1].argmin(axis=1)][5:-5]
        pace = (path[-6, 2] - path[5, 2]) / (79 / 30)
        assert np.median(slip) < 0.25
        assert 0.6 < pace < 2.2


def test_flight_is_a_parabola(body: limbs.Dimensions) -> None:
    motion, moments = jumps.jump_course(np.random.default_rng(3), 90, body, 0.5)
    assert moments
    _, _, path = on_the_ground(motion, body)
    inside = np.convolve(motion.airborne, np.ones(9), "same") == 9
    assert inside.any()
    fall = np.gradient(np.gradient(path[:, 1])) * 900
    np.testing.assert_allclose(fall[inside], -GRAVITY_M_S2, atol=1.0)


def test_mirrored_angles_are_the_mirrored_body() -> None:
    pose = np.random.default_rng(0).normal(size=(5, len(angles.CHANNELS))) * 0.4
    mirrored = rot.mirror_matrix(jnp.asarray(angles.local_rotations(pose)), SMPL24.mirror)
    np.testing.assert_allclose(angles.local_rotations(angles.mirror(pose)), mirrored, atol=1e-6)
    np.testing.assert_array_equal(angles.mirror(angles.mirror(pose)), pose)


def test_swing_and_twist_come_apart_again() -> None:
    flex, abd, twist = np.random.default_rng(1).uniform(-1.2, 1.2, (3, 50))
    for side in (1, -1):
        found = angles.swing_twist_angles(angles.swing_twist_matrix(flex, abd, twist, side), side)
        np.testing.assert_allclose(found, [flex, abd, twist], atol=1e-9)


def test_planted_feet_stay_and_hands_arrive(body: limbs.Dimensions) -> None:
    generator, frames = np.random.default_rng(2), 40
    feet = stances.feet_apart(generator, frames, wide_m=(0.25, 0.25), ahead_m=0.2)
    pose = stances.stance(generator, body, feet, drop_m=np.linspace(0.02, 0.4, frames), lean=0.3)
    points, turns = chain(body.rest_joints_m - body.rest_joints_m[0], angles.local_rotations(pose))
    between = points[:, 7] - points[:, 8]
    assert np.ptp(between, axis=0).max() < 0.03
    apart = np.array([feet.out_m.sum(), 0.0, feet.forward_m[0] - feet.forward_m[1]])
    np.testing.assert_allclose(between.mean(axis=0), apart, atol=0.025)
    np.testing.assert_allclose(turns[:, 7:9, 1, 1], 1, atol=0.02)  # soles are level
    wrist = np.array([[0.2, 0.1, 0.35], [0.0, -0.4, 0.2], [-0.15, 0.3, 0.3], [0.4, 0.1, 0.0]])
    solved = limbs.reach(wrist, np.zeros(4), body)
    pose = np.zeros((4, len(angles.CHANNELS)))
    arms.set_arm(pose, "left", np.stack([solved[n] for n in ("arm_flex", "arm_abd", "arm_rot", "elbow")], -1))
    points, _ = chain(body.rest_joints_m, angles.local_rotations(pose))
    np.testing.assert_allclose(points[:, 20] - points[:, 16], wrist, atol=0.04)


def test_key_curves_go_through_their_keys_without_overshoot() -> None:
    seconds, keys = np.array([0.0, 0.5, 0.6, 1.2, 2.0]), np.array([0.0, 1.0, 1.0, -2.0, 3.0])
    curve = timing.key_curve(seconds, keys, 61)
    np.testing.assert_allclose(curve[np.round(seconds * 30).astype(int)], keys, atol=1e-9)
    assert curve.max() <= 3.0
    assert curve.min() >= -2.0
    assert (curve[15:19] == 1.0).all()


def test_simulated_detections(trained: Clips) -> None:
    noisy = make_synthetic_clips(0, COUNT, detector_noise=True)
    np.testing.assert_array_equal(noisy.joints_cam, trained.joints_cam)
    missed = noisy.confidence == 0
    assert 0.002 < missed.mean() < 0.03
    assert (noisy.keypoints[missed] == 0).all()
    height = np.ptp(trained.keypoints[..., 1], axis=1)[:, None]
    error = (np.linalg.norm(noisy.keypoints - trained.keypoints, axis=-1) / height)[~missed]
    assert 0.012 < error.mean() < 0.025
    assert np.corrcoef(error, noisy.confidence[~missed])[0, 1] < -0.3


@pytest.mark.parametrize(("seed", "count", "frames"), [(-1, 2, 30), (0, 0, 30), (0, 2, 3)])
def test_numbers_out_of_range_are_the_users(seed: int, count: int, frames: int) -> None:
    with pytest.raises(UserError, match="built-in motion needs"):
        make_synthetic_clips(seed, count, frames)
