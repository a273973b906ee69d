"""The dictionary M of one evaluation, baselines, bodies, files of other methods, views, tables and JSON."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.body.model import BodyModel
from pn3d.body.stature import stature_m
from pn3d.data.clips import Clips
from pn3d.evaluation import body_metrics, eval_json
from pn3d.evaluation.baselines import flat_joints, flat_skeleton, mean_pose_baseline
from pn3d.evaluation.body_metrics import SmplTrack, body_scores, true_track
from pn3d.evaluation.evaluate import evaluate_prediction, score_joints
from pn3d.evaluation.protocol_run import run_protocols
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import SMPL24, get_layout
from tests.support.evaluation_cases import make_clips, perfect_prediction, small_body

JOINT_KEYS = {
    *("pa_mpjpe_mm", "pa_mpjpe_14_mm", "n_mpjpe_mm", "pa_mpjpe_reflected_mm", "flip_min_pa_mpjpe_mm"),
    *("depth_flipped_frac", "pck150_pct", "auc_pct", "accel_err_mm_per_frame2", "bone_std_pct", "per_action"),
}
STUDENT_KEYS = {
    *("mpjpe_mm", "bone_std_mm", "root_err_m", "limit_violation_frac", "path_err_pct", "pelvis_speed_max_m_s"),
    *(f"pelvis_accel_{kind}mm_per_frame2" for kind in ("", "true_", "err_")),
}
TRUTH_KEYS = {"joint_angle_err_deg", "pa_pve_mm", "pa_pve_frames", "up_err_deg", "height_err_mm"}


@pytest.fixture(scope="module")
def clips() -> Clips:
    return make_clips()


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return small_body()


def test_a_perfect_prediction_is_all_zeros(clips, body):
    scores = evaluate_prediction(perfect_prediction(clips), clips, body=body)
    assert set(scores["flat"]) == JOINT_KEYS
    assert set(scores["teacher"]) == JOINT_KEYS  # no metric scale: no mpjpe_mm, no bone_std_mm
    assert set(scores["student"]) == JOINT_KEYS | STUDENT_KEYS | TRUTH_KEYS
    for label in ("teacher", "student"):
        for key, found in scores[label].items():
            own = key in ("bone_std_mm", "pelvis_accel_mm_per_frame2", "pelvis_accel_true_mm_per_frame2")
            if key.endswith(("_mm", "_mm_per_frame2", "_deg", "root_err_m", "flipped_frac")) and not own:
                assert found == pytest.approx(0, abs=2e-3), (label, key)
        assert scores[label]["pck150_pct"] == 100
    assert scores["student"]["per_action"] == pytest.approx({"walk": 0, "box": 0}, abs=1e-6)
    assert scores["flat"]["pa_mpjpe_mm"] > 50


def test_what_does_not_apply_is_absent(clips, body):
    bare = replace(clips, poses=None, betas=None, transl_cam_m=None, body=None, up_cam=None)
    prediction = perfect_prediction(clips)
    scores = evaluate_prediction(prediction, bare, body=body)
    assert set(scores["student"]) == JOINT_KEYS | STUDENT_KEYS
    other = evaluate_prediction(prediction, replace(clips, body="another"), body=body)
    assert set(scores["student"]) | {"joint_angle_err_deg", "up_err_deg"} == set(other["student"])
    single = make_clips((1, 2, 2))
    assert "accel_err_mm_per_frame2" not in score_joints(single.joints_cam, single, metric_scale=True)
    prediction.joints_cam_m = prediction.poses_cam = None
    assert set(evaluate_prediction(prediction, clips, body=body)) == {"flat", "teacher"}


def test_mirrored_depth_is_told(clips):
    predicted = clips.joints_cam * 1.0
    predicted[:8, :, 2] *= -1  # the first of the clips
    scores = score_joints(predicted, clips, metric_scale=True)
    assert scores["depth_flipped_frac"] == pytest.approx(8 / 21)
    assert scores["flip_min_pa_mpjpe_mm"] == pytest.approx(0, abs=1e-3)
    assert scores["pa_mpjpe_reflected_mm"] == pytest.approx(0, abs=1e-3)
    assert scores["pa_mpjpe_mm"] > 20
    assert scores["per_action"]["box"] == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(scores["per_action"]["walk"] * 16, scores["pa_mpjpe_mm"] * 21)


def test_only_scored_frames_count(clips, body):
    scored = np.ones(21, bool)
    scored[[0, 10]] = False
    marked = replace(clips, scored=scored)
    broken = perfect_prediction(clips)
    for array in (broken.joints_cam_m, broken.teacher_joints_cam_m, broken.poses_cam):
        array[[0, 10]] += np.random.default_rng(0).normal(size=(2, *array.shape[1:]))
    scores = evaluate_prediction(broken, marked, body=body)["student"]
    for key in ("pa_mpjpe_mm", "mpjpe_mm", "accel_err_mm_per_frame2", "joint_angle_err_deg", "pa_pve_mm", "root_err_m"):
        assert scores[key] == pytest.approx(0, abs=2e-3), key
        assert evaluate_prediction(broken, clips, body=body)["student"][key] > 0.01, key
    assert scores["per_action"] == pytest.approx({"walk": 0, "box": 0}, abs=1e-6)
    assert scores["pa_pve_frames"] == 19
    assert eval_json.describe_data(marked, "d.npz")["scored_frames"] == 19
    assert score_joints(broken.joints_cam_m, marked, metric_scale=False)["pa_mpjpe_mm"] == pytest.approx(0, abs=1e-3)
    results, _ = run_protocols(["h36m-p2"], broken.joints_cam_m, marked, metric_scale=True)
    assert results[0].values[0].frames == 19
    assert results[0].values[0].value == pytest.approx(0, abs=1e-3)
    with pytest.raises(UserError, match="no frame as scored"):
        score_joints(clips.joints_cam, replace(clips, scored=np.zeros(21, bool)), metric_scale=True)


def test_acceleration_is_scaled_only_without_metres(clips):
    breathing = clips.joints_cam * np.linspace(0.9, 1.3, 21)[:, None, None] ** 2
    without = score_joints(breathing, clips, metric_scale=False)
    assert without["accel_err_mm_per_frame2"] == pytest.approx(0, abs=1e-3)
    assert score_joints(breathing, clips, metric_scale=True)["accel_err_mm_per_frame2"] > 1


def test_root_distance_is_the_students(clips):
    track = SmplTrack(clips.poses, clips.betas, clips.transl_cam_m)
    moved = clips.joints_cam + np.float32([0.3, 0.0, 0.4])
    scores = score_joints(moved, clips, metric_scale=True, predicted_smpl=track)
    assert scores["root_err_m"] == pytest.approx(0.5, rel=1e-5)
    assert scores["mpjpe_mm"] == pytest.approx(0, abs=1e-3)
    assert "pa_pve_mm" not in scores  # no body was given
    assert "root_err_m" not in score_joints(moved, clips, metric_scale=True)


def test_wrong_predictions_are_refused(clips, body):
    prediction = perfect_prediction(clips)
    with pytest.raises(UserError, match="21 frames in 3 clips"):
        evaluate_prediction(prediction, make_clips((8, 7, 6)), body=body)
    with pytest.raises(UserError, match="no key 'joints_cam'"):
        evaluate_prediction(prediction, replace(clips, joints_cam=None), body=body)
    broken = clips.joints_cam * 1.0
    broken[2, 3, 0] = np.inf
    with pytest.raises(ValueError, match="predicted_m must be finite"):
        score_joints(broken, clips, metric_scale=True)
    with pytest.raises(ValueError, match="poses_cam must have shape"):
        body_scores(SmplTrack(clips.poses[:4], clips.betas, clips.transl_cam_m), clips, body)
    with pytest.raises(ValueError, match="betas must be finite"):
        body_scores(SmplTrack(clips.poses, clips.betas * np.nan, clips.transl_cam_m), clips, body)
    coco = get_layout("coco17")
    with pytest.raises(UserError, match="lacks pelvis, spine, thorax, neck, head"):
        score_joints(clips.joints_cam, replace(clips, layout=coco), metric_scale=True)


# --- bodies ---


def test_joint_angles_against_scipy(clips):
    rng = np.random.default_rng(0)
    other = clips.poses + rng.normal(size=clips.poses.shape) * 0.2
    other[0] = clips.poses[0]
    names = "pelvis left_hip right_hip spine1 left_knee right_knee spine2 spine3 neck left_shoulder right_shoulder"
    joints = [SMPL24.index(name) for name in [*names.split(), "left_elbow", "right_elbow"]]
    expected = [
        np.degrees((Rotation.from_rotvec(a[joints]).inv() * Rotation.from_rotvec(b[joints])).magnitude()).mean()
        for a, b in zip(other, clips.poses, strict=True)
    ]
    got = body_metrics.joint_angle_err_deg(other, clips.poses)
    np.testing.assert_allclose(got, expected, atol=1e-6)
    assert got[0] == 0
    wrists = clips.poses.copy()
    wrists[:, SMPL24.index("left_wrist")] += 1.0  # not observed
    assert body_metrics.joint_angle_err_deg(wrists, clips.poses).max() == 0
    whole_turn = clips.poses * (1 + 2 * np.pi / np.linalg.norm(clips.poses, axis=-1, keepdims=True))
    np.testing.assert_allclose(body_metrics.joint_angle_err_deg(whole_turn, clips.poses), 0, atol=1e-4)


def test_mean_rotation_against_scipy():
    turns = np.random.default_rng(0).normal(size=(30, 4, 3))
    turns[:, 3] = 0
    got = body_metrics.mean_rotation(turns)
    for joint in range(4):
        mean = Rotation.from_rotvec(turns[:, joint]).mean()
        assert (Rotation.from_rotvec(got[joint]).inv() * mean).magnitude() == pytest.approx(0, abs=1e-6)


def test_vertices_are_compared_after_alignment(clips, body):
    truth = true_track(clips)
    turned = truth.poses_cam.copy()
    turned[:, 0] = [0.3, 2.0, -0.4]  # another direction is free under Procrustes
    track = SmplTrack(turned, truth.betas, truth.transl_cam_m)
    frames = np.arange(clips.frames)
    aligned, pelvis = body_metrics.vertex_errors_mm(track, truth, clips.clip_start, body, frames)
    assert aligned.max() < 2e-3
    assert pelvis.min() > 10
    # pieces of the frames, padded, give the same as all frames
    some = np.array([20, 3, 7])
    _, few = body_metrics.vertex_errors_mm(track, truth, clips.clip_start, body, some)
    np.testing.assert_allclose(few, pelvis[some], rtol=1e-5)


def test_vertices_of_an_even_subset_are_said():
    np.testing.assert_array_equal(body_metrics.even_subset(5, 10), np.arange(5))
    chosen = body_metrics.even_subset(10_001, 2000)
    assert len(chosen) == 2000
    assert (chosen[0], chosen[-1]) == (0, 10_000)
    assert set(np.diff(chosen)) == {5, 6}
    assert body_metrics.MAX_VERTEX_FRAMES == 2000


def test_stature_and_up_by_hand(clips, body):
    lowest, highest = np.asarray(body.v_template_m)[[0, 1], 1]
    np.testing.assert_allclose(stature_m(body, np.zeros((2, 10))), highest - lowest, rtol=1e-5)
    track = true_track(clips)
    taller = np.asarray(body.shape_basis)[1, 1] - np.asarray(body.shape_basis)[0, 1]
    grown = replace_track(track, betas=0.1 * np.sign(taller) * np.array([[1], [-1], [1]]))  # errors do not cancel
    scores = body_scores(grown, replace(clips, betas=np.zeros((3, 10), np.float32)), body)
    assert scores["height_err_mm"] == pytest.approx(100 * np.abs(taller).sum(), rel=0.02)
    tilted = replace_track(track, up_cam=Rotation.from_euler("x", 10, degrees=True).apply([[0, -1, 0]] * 3))
    upright = replace(clips, up_cam=np.tile(np.float32([0, -1, 0]), (3, 1)))
    assert body_scores(tilted, upright, None)["up_err_deg"] == pytest.approx(10, abs=1e-4)


def replace_track(track: SmplTrack, **changed: np.ndarray) -> SmplTrack:
    return replace(track, **changed)


def test_impossible_poses_violate_limits(clips):
    poses = np.zeros((10, 24, 3), np.float32)
    assert not body_metrics.limit_violated(poses).any()
    poses[3, SMPL24.index("left_knee")] = [-1.5, 0, 0]  # a knee that bends forward
    np.testing.assert_array_equal(body_metrics.limit_violated(poses), np.arange(10) == 3)
    many = np.tile(poses, (210, 1, 1))  # several pieces
    assert body_metrics.limit_violated(many).sum() == 210


# --- baselines ---


def test_flat_skeleton_reprojects_and_has_no_depth(clips):
    flat = flat_joints(clips)
    assert (flat[..., 2] == 1).all()
    pixels = flat[..., :2] * clips.intrinsics[0, :2] + clips.intrinsics[0, 2:]
    np.testing.assert_allclose(pixels, clips.keypoints, atol=1e-3)
    scores = score_joints(flat, clips, metric_scale=False)
    assert scores["depth_flipped_frac"] == 0


def test_flat_skeleton_fills_missing_joints():
    keypoints = np.zeros((4, 3, 2))
    keypoints[:, 0] = [[0, 0], [1, 2], [2, 4], [3, 6]]
    keypoints[:, 1] = 10.0
    confidence = np.ones((4, 3))
    confidence[1:3, 0] = 0
    keypoints[1:3, 0] = -999
    confidence[:, 2] = 0  # never seen
    flat = flat_skeleton(keypoints, np.array([[1.0, 1, 0, 0]]), np.array([0, 4]), confidence)
    np.testing.assert_allclose(flat[:, 0, :2], [[0, 0], [1, 2], [2, 4], [3, 6]])
    np.testing.assert_allclose(flat[0, 2, :2], [5, 5])
    np.testing.assert_allclose(flat[1, 2, :2], [10, 10])
    two = flat_skeleton(keypoints, np.array([[1.0, 1, 0, 0]] * 2), np.array([0, 2, 4]), confidence)
    np.testing.assert_allclose(two[:, 0, :2], [[0, 0], [0, 0], [3, 6], [3, 6]])  # never across clips


def test_mean_pose_baseline(clips, body):
    scores = mean_pose_baseline(clips, body)
    mean = np.stack([Rotation.from_rotvec(clips.poses[:, joint]).mean().as_rotvec() for joint in range(24)])
    expected = body_metrics.joint_angle_err_deg(np.tile(mean, (clips.frames, 1, 1)), clips.poses).mean()
    assert scores["joint_angle_err_deg"] == pytest.approx(expected, abs=1e-5)
    assert scores["pa_pve_mm"] > 1
    unbent = replace(clips, poses=np.zeros_like(clips.poses))
    mean = SmplTrack(unbent.poses, np.tile(clips.betas.mean(axis=0), (3, 1)), clips.transl_cam_m)
    frames = np.arange(clips.frames)
    aligned, _ = body_metrics.vertex_errors_mm(mean, true_track(unbent), clips.clip_start, body, frames)
    assert mean_pose_baseline(unbent, body)["pa_pve_mm"] == pytest.approx(aligned.mean())
    still = replace(clips, poses=np.tile(clips.poses[:1], (21, 1, 1)), betas=np.tile(clips.betas[:1], (3, 1)))
    assert mean_pose_baseline(still, body) == pytest.approx(
        {"joint_angle_err_deg": 0, "pa_pve_mm": 0, "pa_pve_frames": 21}, abs=2e-3
    )
    assert set(mean_pose_baseline(replace(clips, body="another"), body)) == {"joint_angle_err_deg"}
    assert mean_pose_baseline(make_clips(smpl=False), body) == {}
