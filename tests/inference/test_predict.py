"""Prediction: files agree with themselves, truth changes nothing, clips do not touch each other, time runs evenly."""

import dataclasses
import itertools
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.body import model as body_model
from pn3d.commands.main import main
from pn3d.commands.session import SHIPPED_WEIGHTS
from pn3d.config import ModelConfig
from pn3d.data.augmentation import flip_windows
from pn3d.data.clips import Clips, select, without_truth, write_clips
from pn3d.data.joints17 import to_h36m17
from pn3d.data.resample import resample_clips, resample_values
from pn3d.evaluation.evaluate import evaluate_prediction
from pn3d.files.errors import UserError
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import H36M17, LAYOUTS
from pn3d.inference.fit import DEPTH_SIGMA, StudentBody, fit_frames, pose_frames, student_body, translations
from pn3d.inference.lifted import camera_from_centred, lift_clips
from pn3d.inference.predict import predict
from pn3d.inference.prediction import Prediction, save_prediction
from pn3d.inference.weights import Weights, load_weights, save_weights
from pn3d.inference.windows import spread_windows, window_frames, window_weights
from pn3d.inference.world import camera_to_world
from pn3d.synthetic.scenes import held_out_clips
from tests.support import tiny


@cache
def weights() -> Weights:
    """Untrained, but shaken, so that nothing is symmetric or at rest by accident."""
    state, scene = tiny.first_state(), tiny.scene()
    shake = lambda tree: jax.tree.map(  # noqa: E731
        lambda leaf: np.asarray(leaf) + 0.05 * np.random.default_rng(leaf.size).normal(size=leaf.shape), tree
    )
    return Weights(
        config=tiny.config(),
        teacher=jax.tree.map(np.float32, shake(state.teacher.params)),
        student=jax.tree.map(np.float32, shake(state.student.params)),
        body_name=scene.body.name,
        body_sha256=scene.body.sha256,
    )


def predicted(clips: Clips, *, refine: bool = True, path: bool = True) -> Prediction:
    return predict(weights(), clips, tiny.scene().body, tiny.scene().landmarks, refine=refine, path=path)


@cache
def whole() -> Prediction:
    return predicted(tiny.clips())


def test_body_joints_are_the_forward_kinematics_of_what_is_written() -> None:
    p, body = whole(), tiny.scene().body
    betas = jnp.asarray(np.repeat(p.betas, np.diff(p.clip_start), axis=0))
    for poses, transl, joints in (
        (p.poses_cam, p.transl_cam_m, p.body_joints_cam_m),
        (p.poses_world, p.transl_world_m, p.body_joints_world_m),
    ):
        turns = rotations.axis_angle_to_matrix(jnp.asarray(poses))
        found = jax.jit(body_model.joints)(body, betas, turns, jnp.asarray(transl))
        np.testing.assert_allclose(found, joints, atol=1e-4)


def test_joints_project_to_the_reprojection_and_the_world_is_upright() -> None:
    p = whole()
    intrinsics = jnp.asarray(np.repeat(p.intrinsics, np.diff(p.clip_start), axis=0))
    rays = camera.rays_from_px(jnp.asarray(p.reprojected_px), intrinsics)
    gap_px = (rays - camera.project(jnp.asarray(p.joints_cam_m))) * intrinsics[:, None, :2]
    np.testing.assert_allclose(gap_px, 0.0, atol=0.05)
    for up in p.up_cam:
        turn = camera_to_world(up)
        np.testing.assert_allclose(turn @ up, [0, 1, 0], atol=1e-5)
        np.testing.assert_allclose(np.linalg.det(turn), 1.0, atol=1e-5)
    alone = predicted(tiny.clips(), path=False)
    lowest = alone.body_joints_world_m[:, (7, 8, 10, 11), 1].min(axis=1)
    for begin, end in zip(p.clip_start[:-1], p.clip_start[1:], strict=True):
        assert abs(np.percentile(lowest[begin:end], 2.0)) < 1e-3
    bones = lambda joints: np.linalg.norm(joints[:, 1] - joints[:, 4], axis=-1)  # noqa: E731
    np.testing.assert_allclose(bones(p.body_joints_cam_m), bones(p.body_joints_world_m), rtol=1e-4)


def test_truth_changes_no_byte(tmp_path: Path) -> None:
    a, b = tmp_path / "a.npz", tmp_path / "b.npz"
    save_prediction(a, whole())
    save_prediction(b, predicted(without_truth(tiny.clips())))
    with np.load(a) as one, np.load(b) as two:
        assert set(one.files) == set(two.files)
        for name in one.files:
            assert one[name].tobytes() == two[name].tobytes(), name


def test_a_clip_alone_equals_the_clip_among_others() -> None:
    alone, p = predicted(select(tiny.clips(), [2])), whole()
    inside = slice(int(p.clip_start[2]), int(p.clip_start[3]))
    np.testing.assert_allclose(alone.joints_cam_m, p.joints_cam_m[inside], atol=1e-5)
    np.testing.assert_allclose(alone.teacher_joints_cam_m, p.teacher_joints_cam_m[inside], atol=1e-5)
    np.testing.assert_allclose(alone.betas, p.betas[2:3], atol=1e-5)


def test_a_mirrored_input_gives_the_mirrored_prediction() -> None:
    clips = tiny.clips()
    width = np.repeat(2.0 * clips.intrinsics[:, 2], np.diff(clips.clip_start))
    flipped, _ = flip_windows(
        jnp.asarray(clips.keypoints)[None], jnp.asarray(clips.confidence)[None], jnp.ones(1, bool)
    )
    keypoints = np.array(flipped[0])
    keypoints[..., 0] += width[:, None]
    other = dataclasses.replace(clips, keypoints=keypoints)

    def gap(refine: bool) -> np.ndarray:
        mirrored, plain = predicted(other, refine=refine).joints_cam_m, predicted(clips, refine=refine).joints_cam_m
        return np.abs(mirrored - plain[:, np.array(H36M17.mirror)] * np.array([-1.0, 1.0, 1.0]))

    assert gap(False).max() < 2e-4
    # An untrained student is far off, and least squares from far off turns rounding into millimetres.
    assert np.median(gap(True)) < 0.01


def test_short_clips_and_clips_without_a_measured_frame_are_predicted() -> None:
    clips = tiny.clips()
    short = dataclasses.replace(
        select(clips, [0]),
        **{key: getattr(clips, key)[:2] for key in ("keypoints", "confidence", "joints_cam", "poses", "transl_cam_m")},
        clip_start=np.array([0, 2]),
    )
    assert predicted(short).joints_cam_m.shape == (2, 17, 3)
    blind = dataclasses.replace(clips, confidence=np.zeros_like(clips.confidence))
    assert np.isfinite(predicted(blind).joints_cam_m).all()


def test_another_body_is_refused_with_a_hint() -> None:
    other = dataclasses.replace(weights(), body_sha256="another")
    with pytest.raises(UserError, match="adapt-body"):
        predict(other, tiny.clips(), tiny.scene().body, tiny.scene().landmarks)


def test_weights_travel_and_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    save_weights(path, weights())
    back = load_weights(path)
    assert back.config == weights().config
    assert tiny.bitwise_equal(jax.tree.map(np.asarray, back.student), weights().student) is True
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        load_weights(path)
    with pytest.raises(UserError, match="does not exist"):
        load_weights(tmp_path / "nothing.npz")


def test_half_the_size_moves_nobody_by_a_millimetre(tmp_path: Path) -> None:
    whole, half = weights(), tmp_path / "half.npz"
    save_weights(tmp_path / "whole.npz", whole)
    save_weights(half, whole, half=True)
    assert half.stat().st_size < 0.6 * (tmp_path / "whole.npz").stat().st_size
    back = load_weights(half)
    assert {leaf.dtype for leaf in jax.tree.leaves((back.teacher, back.student))} == {np.dtype(np.float32)}
    clips, scene = tiny.clips(), tiny.scene()
    found, expected = (predict(each, clips, scene.body, scene.landmarks) for each in (back, whole))
    relative = [each.joints_cam_m - each.joints_cam_m[:, :1] for each in (found, expected)]
    # Of these untrained networks; single joints of a body that fits nothing move more.
    assert 0 < np.abs(relative[0] - relative[1]).mean() < 5e-4


@pytest.mark.parametrize("rate", [15.0, 30.0, 59.94])
def test_resampling_there_and_back_keeps_smooth_values(rate: float) -> None:
    clips = dataclasses.replace(tiny.clips(), fps=np.full(4, rate, np.float32))
    there, times = resample_clips(clips, 30.0)
    if rate == 30.0:
        assert times is None
        return
    assert abs(there.frames - clips.frames * 30.0 / rate) < 5
    back = resample_values(there.keypoints, times)
    assert back.shape == clips.keypoints.shape
    # Exact at 15 fps (every frame is kept); at 60 fps every second one is the mean of its neighbours.
    np.testing.assert_allclose(back, clips.keypoints, atol=1e-2 if rate == 15.0 else 12.0)
    assert predicted(clips).joints_cam_m.shape == (clips.frames, 17, 3)


def test_window_weights_are_hanns_without_its_zeros() -> None:
    np.testing.assert_allclose(window_weights(3), [0.5, 1.0, 0.5])
    assert window_weights(1) == [1.0]
    np.testing.assert_allclose(window_weights(9), np.hanning(11)[1:-1], atol=1e-6)


def test_the_predict_command_writes_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_weights(tmp_path / "weights.npz", weights())
    write_clips(tmp_path / "in.npz", select(tiny.clips(), [0]))
    words = ["predict", str(tmp_path / "in.npz"), "--output", str(tmp_path / "out")]
    words += ["--weights", str(tmp_path / "weights.npz"), "--export", "bvh,csv"]
    assert main(words) == 0
    assert {"prediction.npz", "summary.json", "motion.bvh", "joints.csv"} <= {
        p.name for p in (tmp_path / "out").iterdir()
    }
    assert main([*words[:-1], "fbx"]) == 2
    assert "unknown format fbx" in capsys.readouterr().err
    assert main(["inspect", str(tmp_path / "in.npz")]) == 0
    assert "h36m17" in capsys.readouterr().out


def test_the_weights_that_come_with_the_package_lift_people() -> None:
    """They speak of the built-in body, and are far better than no depth on motion they never saw."""
    # Joints are enough here; without SMPL truth no vertices are computed.
    joints_only = dict.fromkeys(("poses", "betas", "transl_cam_m", "body", "up_cam"))
    clips, scene = dataclasses.replace(held_out_clips(8), **joints_only), tiny.scene()
    scores = evaluate_prediction(predict(load_weights(SHIPPED_WEIGHTS), clips, scene.body, scene.landmarks), clips)
    assert scores["flat"]["pa_mpjpe_mm"] > 85.0
    assert scores["student"]["pa_mpjpe_mm"] < 0.6 * scores["flat"]["pa_mpjpe_mm"]
    assert scores["teacher"]["pa_mpjpe_mm"] < 0.6 * scores["flat"]["pa_mpjpe_mm"]


def test_nothing_jumps_where_windows_begin_and_end() -> None:
    """Acceleration at one place of the windows' period is as large as at any other, student's and teacher's."""
    clips, scene = held_out_clips(4), tiny.scene()
    weights = load_weights(SHIPPED_WEIGHTS)
    found = predict(weights, clips, scene.body, scene.landmarks)
    length = weights.config.model.window
    for joints in (found.joints_cam_m, found.teacher_joints_cam_m):
        assert joints is not None
        sums, counts = np.zeros(length), np.zeros(length)
        for begin, end in itertools.pairwise(clips.clip_start):
            relative = joints[begin:end] - joints[begin:end, :1]
            acceleration = np.linalg.norm(np.diff(relative, 2, axis=0), axis=-1).mean(axis=1)
            phase = np.arange(1, 1 + len(acceleration)) % length
            np.add.at(sums, phase, acceleration)
            np.add.at(counts, phase, 1)
        by_phase = sums / counts
        assert by_phase.max() < 1.25 * by_phase.mean()


def test_turning_back_to_the_real_camera_moves_the_body_as_a_whole() -> None:
    """Beside the axis the body is that on the axis, turned about the camera: its pelvis pivot included."""
    scene = tiny.scene()
    generator = np.random.default_rng(0)
    frames = 64
    sixd = np.float32(generator.normal(size=(frames, 24, 6)))
    betas = np.float32(generator.normal(size=10))
    rays = np.float32(0.1 * generator.normal(size=(frames, 17, 2)))
    root = np.float32(0.4 * generator.normal(size=(frames, 2)))
    measured = (rays, np.ones((frames, 17), np.float32), np.full(frames, 0.15, np.float32))
    corrections = np.float32(0.2 * generator.normal(size=(frames, 24, 3)))
    student = StudentBody(scene.body, scene.landmarks, jnp.zeros((17, 3)))

    def placed(root_ray: np.ndarray) -> list[np.ndarray]:
        turn = camera_from_centred(root_ray)
        _, body_joints, joints = pose_frames(student, betas, sixd, corrections, turn)
        transl = translations(joints, *measured, turn)
        return [points + transl[:, None] for points in (body_joints, joints)]

    for on_axis, beside in zip(placed(np.zeros_like(root)), placed(root), strict=True):
        np.testing.assert_allclose(beside, jax.jit(camera.uncentre_points)(on_axis, root), atol=1e-4)


def test_every_frame_is_in_windows_and_they_fade_in_and_out_without_a_seam() -> None:
    clip_start, length = np.array([0, 4, 13, 40, 50]), 9
    gather, counts_for = window_frames(clip_start, length)
    assert (gather.min(), gather.max()) == (0, 49)
    weight = np.zeros(50)
    for own in counts_for:
        np.add.at(weight, own[own >= 0], window_weights(length)[own >= 0])
    assert (weight > 0).all()
    # Away from the ends of a clip the weights of all windows that see a frame have one sum.
    np.testing.assert_allclose(weight[13 + 8 : 40 - 8], 2.5, atol=1e-6)
    clip_of = np.searchsorted(clip_start, gather, side="right")
    assert (clip_of == clip_of[:, :1]).all()


def test_the_teachers_depths_count_as_much_as_the_card_says() -> None:
    scene, generator = tiny.scene(), np.random.default_rng(0)
    sixd = np.tile(np.eye(3, 2, dtype=np.float32).T.reshape(6), (16, 24, 1))
    sixd[:, 0] = [1, 0, 0, 0, -1, 0]  # upright and facing the camera
    sixd += np.float32(0.05 * generator.normal(size=sixd.shape))
    student = student_body(weights(), scene.body, scene.landmarks)
    assert student.depth_sigma == DEPTH_SIGMA  # a card that says nothing
    _, _, marks = pose_frames(
        student, np.zeros(10, np.float32), sixd, np.zeros((16, 24, 3)), np.tile(np.eye(3), (16, 1, 1))
    )
    marks = marks - marks[:, :1]
    rays = np.asarray(camera.project(jnp.asarray(marks + np.array([0.0, 0.0, 5.0]))))
    teacher = marks.copy()
    teacher[:, H36M17.index("left_wrist"), 2] -= 0.3  # the teacher sees a hand reach forward

    def wrist_m(sigma: float, teacher_m: np.ndarray) -> np.ndarray:
        chosen = student_body(
            dataclasses.replace(weights(), facts={"fit": {"depth_sigma": sigma}}), scene.body, scene.landmarks
        )
        shape, ones = np.zeros(10, np.float32), np.ones((16, 17), np.float32)
        corrections = fit_frames(chosen, shape, sixd, rays, ones, np.full(16, 0.15, np.float32), teacher_m)
        _, _, found = pose_frames(chosen, shape, sixd, corrections, np.tile(np.eye(3), (16, 1, 1)))
        return (found - found[:, :1])[:, H36M17.index("left_wrist"), 2]

    np.testing.assert_array_equal(wrist_m(0.0, teacher), wrist_m(0.0, marks))
    nothing, some, much = (wrist_m(sigma, teacher).mean() for sigma in (0.0, 0.3, 0.1))
    assert much < some - 0.01 < nothing - 0.02


def test_the_time_of_the_video_is_kept() -> None:
    clips = select(tiny.clips(), [0])
    numbers = np.arange(37, 37 + clips.frames)
    filled = numbers == 40
    times = numbers / float(clips.fps[0])
    has = np.ones((1, 17), bool)
    has[0, :2] = False
    confidence = np.where(has, clips.confidence, 0)
    late = predicted(
        dataclasses.replace(
            clips, confidence=confidence, frame_number=numbers, time_s=times, filled=filled, has_joint=has
        )
    )
    assert late.first_frame.tolist() == [37]
    np.testing.assert_array_equal(late.frame_number, numbers)
    np.testing.assert_array_equal(late.filled, filled)
    assert late.summary["first_frame"] == 37
    assert late.summary["frames_filled"] == 1
    assert late.summary["missing_joints_pct"] < 100 * 2 / 17 - 1  # what the layout has not is not missing
    assert all(place["from_s"] >= round(times[0], 2) for place in late.summary["worth_a_look"])
    plain = predicted(clips)
    assert plain.first_frame.tolist() == [0]
    assert plain.time_s[1] == pytest.approx(1 / clips.fps[0])


def test_windows_spread_over_a_clip_reach_both_ends_and_keep_their_distance() -> None:
    model = ModelConfig()
    for frames, fps, most in ((1, 30.0, None), (5, 60.0, None), (300, 25.0, None), (1000, 60.0, 5)):
        index = spread_windows(frames, fps, model, 1.0, most)
        assert index.shape[1] == model.window
        assert (index.min(), index.max()) == (0, frames - 1)
        assert len(index) <= (most or frames)
        assert (np.diff(index[:, 0]) >= fps - 1).all()
        if frames > 100:
            np.testing.assert_allclose(np.diff(index, axis=1).mean(), fps / model.frame_rate, atol=0.1)


def test_networks_are_told_no_doubt_below_what_the_card_says() -> None:
    clips, sure = tiny.clips(), weights()
    doubtful = dataclasses.replace(clips, confidence=np.where(clips.confidence > 0, 0.3, 0).astype(np.float32))
    half = dataclasses.replace(clips, confidence=np.where(clips.confidence > 0, 0.6, 0).astype(np.float32))

    def lifted(least: float, of: Clips) -> np.ndarray:
        card = dataclasses.replace(sure, facts={"windows": {"least_confidence": least}})
        return lift_clips(card, to_h36m17(without_truth(of)))[0].outputs.teacher_joints

    assert np.array_equal(lifted(0.6, doubtful), lifted(0.0, half))
    assert not np.array_equal(lifted(0.0, doubtful), lifted(0.0, half))
    hidden = dataclasses.replace(doubtful, confidence=doubtful.confidence * (np.arange(17) != 3))
    assert not np.array_equal(lifted(0.6, hidden), lifted(0.6, doubtful))  # what is missing stays missing


def test_some_joints_of_the_trunk_are_worth_no_less_than_none() -> None:
    trained, clips = load_weights(SHIPPED_WEIGHTS), held_out_clips(3)
    error_mm = {}
    for name in ("h36m17", "body25", "coco17"):
        has = np.isin(H36M17.joints, LAYOUTS[name].joints)
        given = dataclasses.replace(clips, confidence=np.where(has, clips.confidence, np.float32(0)))
        found = predict(trained, without_truth(given), tiny.scene().body, tiny.scene().landmarks)
        error_mm[name] = evaluate_prediction(found, clips)["student"]["pa_mpjpe_mm"]
    assert error_mm["body25"] < error_mm["coco17"] + 1.5
    assert error_mm["coco17"] < error_mm["h36m17"] + 2.0
