"""The path of a clip: the banded solver, smoothness, feet that stand, cuts, gaps, legs, the ground."""

import dataclasses
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pn3d
from pn3d.body.model import joints
from pn3d.data.clips import Clips, select, without_truth
from pn3d.evaluation.path_metrics import f1, path_scores, speeds
from pn3d.geometry.rotations import axis_angle_to_matrix
from pn3d.geometry.skeleton import H36M17, H36M17_ANKLES
from pn3d.inference import legs
from pn3d.inference.banded import BandedSquares
from pn3d.inference.contacts import FeetView, find_contacts
from pn3d.inference.cuts import find_cuts
from pn3d.inference.feet import FURTHEST, held_ankles
from pn3d.inference.flights import Flights
from pn3d.inference.ground import find_ground
from pn3d.inference.legs import reach
from pn3d.inference.path import NOISE, ClipView, Standing, measure_misfit, solve_path
from pn3d.inference.prediction import Prediction
from pn3d.synthetic.scenes import held_out_clips

FPS = 30.0


def nobody_flies(frames: int) -> Flights:
    return Flights(np.zeros(frames, bool), 9.81)


def body_m(frames: int, seed: int = 0) -> np.ndarray:
    """(T, 17, 3) offsets of a stiff person from the pelvis, about 1.7 m tall."""
    rng = np.random.default_rng(seed)
    offsets = rng.normal(size=(17, 3)) * np.array([0.25, 0.5, 0.15])
    offsets[0] = 0.0
    return np.repeat(offsets[None], frames, axis=0)


def view_of(path_m: np.ndarray, noise: float = 0.0, *, fps: float = FPS, seed: int = 1) -> ClipView:
    """A stiff person on a path, seen with white noise in units of the person."""
    offsets = body_m(len(path_m))
    points = offsets + path_m[:, None]
    size = 0.74 / path_m[:, 2]
    shake = np.random.default_rng(seed).normal(size=(*points.shape[:2], 2)) * noise * size[:, None, None]
    rays = points[..., :2] / points[..., 2:] + shake
    frames = len(path_m)
    return ClipView(
        offsets, rays, np.ones(points.shape[:2]), size, np.full(frames, noise), np.zeros(frames, bool), UP, fps
    )


def walk_m(frames: int = 90) -> np.ndarray:
    """(T, 3) a curve at walking speed, 5 m away."""
    t = np.arange(frames) / FPS
    return np.stack([1.2 * t - 1.0, 0.02 * np.sin(12 * t), 5.0 + 0.5 * np.sin(t)], axis=-1)


def test_the_banded_solver_gives_the_dense_least_squares_solution() -> None:
    rng, frames = np.random.default_rng(0), 20
    problem, rows, right = BandedSquares(frames), [], []
    for factors in ((1.0,), (-1.0, 1.0), (1.0, -2.0, 1.0)):
        count = frames - len(factors) + 1
        root, target = rng.normal(size=(count, 3, 3)), rng.normal(size=(count, 3))
        problem.add(factors, root.transpose(0, 2, 1) @ root, target)
        for t in range(count):
            row = np.zeros((3, frames, 3))
            for k, factor in enumerate(factors):
                row[:, t + k] = factor * root[t]
            rows.append(row.reshape(3, -1))
            right.append(root[t] @ target[t])
    dense = np.linalg.lstsq(np.concatenate(rows), np.concatenate(right), rcond=None)[0].reshape(-1, 3)
    np.testing.assert_allclose(problem.solve(), dense, atol=1e-9)


def test_exact_keypoints_give_the_true_path_and_noise_is_smoothed() -> None:
    true = walk_m()
    start = true + np.random.default_rng(2).normal(size=true.shape) * 0.05
    exact = solve_path(view_of(true), start, steps=2)
    assert np.abs(exact - true).max() < 0.005
    noisy = solve_path(view_of(true, 0.02), start)
    bend = lambda path: np.linalg.norm(np.diff(path, 2, axis=0), axis=1).mean()  # noqa: E731
    assert bend(noisy) < 4 * bend(true) < 0.1 * bend(start)
    assert np.linalg.norm(noisy - true, axis=1).mean() < 0.03


def test_a_hand_that_errs_moves_the_body_less_than_a_hip() -> None:
    still = np.tile([0.0, 0.0, 5.0], (60, 1))
    view = view_of(still)
    moved = {}
    for joint in ("left_wrist", "left_hip"):
        rays = view.rays.copy()
        rays[20:40, H36M17.index(joint)] += 0.02 * view.size[20:40, None]
        moved[joint] = np.abs(solve_path(view._replace(rays=rays), still) - still).max()
    assert moved["left_wrist"] < 0.7 * moved["left_hip"]


def test_keypoints_that_miss_the_body_are_followed_less() -> None:
    true = walk_m()
    view = view_of(true)
    rng = np.random.default_rng(7)
    wobble = np.repeat(rng.normal(size=(10, 1, 2)), 9, axis=0) * 0.02 * view.size[:, None, None]
    near = view._replace(rays=view.rays + wobble)
    # A detector's own idea of where joints are: the same error in all frames, of every joint another.
    far = near._replace(rays=near.rays + 0.05 * rng.normal(size=(1, 17, 2)) * view.size[:, None, None])
    assert measure_misfit(view, true) == 1.0
    bends = []
    for seen in (near, far):
        found = solve_path(seen._replace(misfit=measure_misfit(seen, true)), true)
        bends.append(np.linalg.norm(np.diff(found, 2, axis=0), axis=1).mean())
    assert bends[1] < 0.9 * bends[0]


@pytest.mark.parametrize(("off", "misfit"), [(0.5, 1.0), (1.3, 1.6), (1.8, 2.0), (3.0, 3.0)])
def test_keypoints_that_miss_the_body_by_a_little_err_by_more(off: float, misfit: float) -> None:
    true = walk_m()
    view = view_of(true)
    aside = off * NOISE[:, None] * np.array([0.6, 0.8]) * view.size[:, None, None]
    assert measure_misfit(view._replace(rays=view.rays + aside), true) == pytest.approx(misfit, rel=1e-3)


def test_a_body_that_is_held_still_stays_within_a_millimetre() -> None:
    true = np.tile([0.4, 0.1, 4.0], (60, 1))
    found = solve_path(view_of(true), true + np.random.default_rng(3).normal(size=true.shape) * 0.1, steps=3)
    assert np.ptp(found, axis=0).max() < 1e-3


def test_pieces_that_overlap_give_the_path_of_the_whole() -> None:
    true = walk_m(300)
    view = view_of(true, 0.01)
    whole = solve_path(view, true)
    cut, margin = 150, 60
    parts = []
    for begin, end, keep in ((0, cut + margin, slice(0, cut)), (cut - margin, 300, slice(margin, None))):
        part = ClipView(*(value[begin:end] if np.shape(value)[:1] == (300,) else value for value in view))
        parts.append(solve_path(part, true[begin:end])[keep])
    assert np.abs(np.concatenate(parts) - whole).max() < 2e-3


def test_the_rate_of_the_file_changes_little() -> None:
    true = walk_m(180)
    fine = solve_path(view_of(np.repeat(true, 2, axis=0)[:-1], 0.01, fps=60.0), np.repeat(true, 2, axis=0)[:-1])
    coarse = solve_path(view_of(true, 0.01), true)
    assert np.abs(fine[::2] - coarse).mean() < 0.02


def test_who_is_not_seen_is_carried_and_does_not_run_away() -> None:
    true = walk_m(120)
    view = view_of(true, 0.01)
    confidence = view.confidence.copy()
    confidence[40:55] = 0.0
    confidence[90:] = 0.0
    start = true.copy()
    start[confidence[:, 0] == 0] = [9.0, 9.0, 9.0]
    found = solve_path(view._replace(confidence=confidence), start)
    assert np.linalg.norm(found[40:55] - true[40:55], axis=1).max() < 0.15
    assert np.linalg.norm(found[-1] - true[89]) < 0.5
    nobody = solve_path(view._replace(confidence=np.zeros_like(confidence)), true)
    assert np.isfinite(nobody).all()


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_clips_of_a_few_frames_are_solved(frames: int) -> None:
    true = walk_m(frames)
    feet = Standing(np.zeros((frames, 4, 3)), np.ones((frames, 4)), nobody_flies(frames))
    assert np.abs(solve_path(view_of(true), true, feet) - true).max() < 0.05
    contact = find_contacts(
        FeetView(
            np.ones((frames, 4, 3)), np.zeros((frames, 2, 2)), np.ones((frames, 2)), np.zeros(frames), 1.0, UP, FPS
        )
    )
    assert contact.shape == (frames, 4)


UP = np.array([0.0, -1.0, 0.0])


@pytest.mark.parametrize(("jitter", "misfit"), [(0.0, 1.0), (0.02, 1.0), (0.0, 2.5)])
def test_a_foot_stands_while_it_stays_and_not_when_it_pauses_in_a_step(jitter: float, misfit: float) -> None:
    frames, now = 91, 45
    time = (np.arange(frames) - now) / FPS
    still = np.tile([0.1, 1.0, 5.0], (frames, 1))
    # The other foot turns back in the middle: it rests for a moment, and moves at 1 m/s before and after.
    pausing = still + np.abs(time)[:, None] * np.array([1.0, 0.0, 0.0])
    ankles = np.stack([still, pausing], axis=1)
    points = np.concatenate([ankles, ankles + np.array([0.0, 0.06, -0.1])], axis=1)
    view = FeetView(
        points, ankles[..., :2] / ankles[..., 2:], np.ones((frames, 2)), np.full(frames, jitter), misfit, UP, FPS
    )
    left, right = find_contacts(view).reshape(frames, 2, 2).max(axis=1).T
    assert left[15:-15].min() > 0.9
    assert (right[20:-20] > 0.5).sum() <= 1
    # Frames without the ankle do not stand.
    unseen = find_contacts(view._replace(ankle_confidence=np.zeros((frames, 2))))
    assert not unseen.any()


def test_standing_feet_hold_the_body_and_gliding_ones_do_not() -> None:
    still = np.tile([0.0, 0.0, 5.0], (90, 1))
    view = view_of(still, 0.02)
    feet = np.tile([0.1, 0.9, 0.0], (90, 2, 1))
    free = solve_path(view, still)
    held = solve_path(view, free, Standing(feet, np.ones((90, 2)), nobody_flies(90)))
    assert speeds(held, FPS).mean() < 0.3 * speeds(free, FPS).mean()
    # Skates: the picture says that the person goes on; feet that are called standing lose.
    gliding = np.stack([2.0 * np.arange(90) / FPS - 3.0, np.zeros(90), np.full(90, 5.0)], axis=-1)
    found = solve_path(view_of(gliding, 0.01), gliding, Standing(feet, np.ones((90, 2)), nobody_flies(90)))
    assert np.linalg.norm(found - gliding, axis=1).mean() < 0.1


def test_a_cut_is_marked_and_nothing_is_smoothed_over_it() -> None:
    true = walk_m(80)
    true[40:] += [1.5, 0.0, -1.0]
    view = view_of(true)
    cut = find_cuts(view.rays, view.confidence, view.size, FPS).cut
    assert np.flatnonzero(cut).tolist() == [40]
    found = solve_path(view._replace(cut=cut), true)
    assert np.abs(found - true).max() < 0.01
    assert np.abs(solve_path(view, true) - true).max() > 0.1
    closer = view.rays.copy()
    closer[40:] = 1.9 * view_of(walk_m(80)).rays[40:]
    assert find_cuts(closer, view.confidence, view.size, FPS).cut[40]


def test_who_is_back_at_once_has_not_left() -> None:
    true = walk_m(80)
    away = true.copy()
    away[40:46] += [2.5, 0.0, 0.0]
    view = view_of(away)
    found = find_cuts(view.rays, view.confidence, view.size, FPS)
    assert not found.cut.any()
    assert np.flatnonzero(found.astray).tolist() == list(range(40, 46))
    believed = np.where(found.astray[:, None], 0.0, view.confidence)
    assert np.abs(solve_path(view._replace(confidence=believed), away) - true).max() < 0.1


def test_walks_odd_frames_and_exchanged_sides_are_no_cuts() -> None:
    view = view_of(walk_m(), 0.02)
    assert not find_cuts(view.rays, view.confidence, view.size, FPS).cut.any()
    odd = view.rays.copy()
    odd[20] *= 1.8  # larger for one frame
    odd[50, :, 0] = 2 * odd[50, :, 0].mean() - odd[50, :, 0]
    assert not find_cuts(odd, view.confidence, view.size, FPS).cut.any()


def test_held_ankles_stay_and_let_go_gently() -> None:
    rng = np.random.default_rng(4)
    ankles = np.tile([0.0, 1.0, 5.0], (60, 2, 1)) + 0.01 * rng.normal(size=(60, 2, 3))
    contact = np.zeros((60, 2))
    contact[20:40, 0] = 0.9
    size, detected = np.full(60, 0.15), np.ones(60)
    moves = held_ankles(ankles, contact, np.zeros(60, bool), FPS, size, detected)
    held = ankles + moves
    assert np.ptp(held[20:40, 0], axis=0).max() < 1e-9
    assert not moves[:, 1].any()
    assert not moves[:12, 0].any()
    assert 0 < np.linalg.norm(moves[18, 0]) < np.linalg.norm(moves[20, 0])
    cut = np.zeros(60, bool)
    cut[30] = True
    ankles[30:] += [0.5, 0.0, 0.0]
    apart = ankles + held_ankles(ankles, contact, cut, FPS, size, detected)
    np.testing.assert_allclose(apart[31, 0, 0] - apart[29, 0, 0], 0.5, atol=0.05)
    # Without the cut the foot would have to move far in the picture; it moves as far as is stated.
    for share, furthest in ((0.0, FURTHEST.exact), (1.0, FURTHEST.detected)):
        placed = ankles + held_ankles(ankles, contact, np.zeros(60, bool), FPS, size, share * detected)
        shift = np.linalg.norm(placed[..., :2] / placed[..., 2:] - ankles[..., :2] / ankles[..., 2:], axis=-1) / 0.15
        assert 0.9 * furthest < shift.max() < 1.1 * furthest


def test_two_bones_reach_their_target_with_the_knee_on_its_side(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    count = 50
    hip = rng.normal(size=(count, 3))
    knee = hip + np.array([0.0, -0.4, 0.1])
    ankle = knee + np.array([0.0, -0.4, -0.1])
    left = np.tile([1.0, 0.0, 0.0], (count, 1))
    monkeypatch.setattr(legs, "FURTHEST_BEND_RAD", 1.0)
    target = ankle + rng.uniform(-0.04, 0.04, size=(count, 3)) + [0.0, 0.08, 0.0]
    turns = reach(hip, knee, ankle, target, left)
    new_knee = hip + turns.swing.apply(knee - hip)
    new_ankle = new_knee + (turns.swing * turns.bend).apply(ankle - knee)
    np.testing.assert_allclose(new_ankle, target, atol=1e-6)
    bend = lambda k, a: np.einsum("nk,nk->n", np.cross(k - hip, a - k), left)  # noqa: E731
    assert (np.sign(bend(new_knee, new_ankle)) == np.sign(bend(knee, ankle))).all()
    far = reach(hip, knee, ankle, hip - np.array([0.0, 3.0, 0.0]), left)
    straight = far.swing.apply(knee - hip) + (far.swing * far.bend).apply(ankle - knee)
    assert np.isfinite(straight).all()
    assert (np.linalg.norm(straight, axis=1) < 0.8247).all()


def test_a_straight_knee_is_bent_by_no_more_than_is_stated() -> None:
    hip, knee, ankle = (np.array([[0.0, y, 0.0]]) for y in (0.0, -0.4, -0.8))
    left = np.array([[1.0, 0.0, 0.0]])
    turns = reach(hip, knee, ankle, ankle + np.array([0.0, 0.1, 0.0]), left)
    assert turns.bend.magnitude()[0] == pytest.approx(legs.FURTHEST_BEND_RAD)
    shank = (turns.swing * turns.bend).apply(ankle - knee)
    assert np.cross(turns.swing.apply(knee - hip), shank)[0, 0] > 0  # as knees bend


def test_the_ground_is_the_plane_through_standing_feet() -> None:
    rng = np.random.default_rng(6)
    true_up = np.array([0.06, -1.0, -0.04])
    true_up /= np.linalg.norm(true_up)
    places = rng.uniform(-2, 2, size=(300, 3))
    places -= (places @ true_up - 0.5)[:, None] * true_up
    points = np.stack([places + 0.08 * true_up, places + 0.08 * true_up, places, places], axis=1)
    ground = find_ground(points, np.ones((300, 4)), UP, FPS)
    angle = lambda up: np.degrees(np.arccos(up @ true_up))  # noqa: E731
    assert angle(ground.up_cam) < 0.2 * angle(UP)
    assert ground.level_m == pytest.approx(0.5, abs=0.02)
    nobody = find_ground(points, np.zeros((300, 4)), UP, FPS)
    assert not nobody.one_plane
    np.testing.assert_allclose(nobody.up_cam, UP)


def test_metrics_say_what_was_done_to_the_truth() -> None:
    clips = held_out_clips(2)
    true = clips.joints_cam.astype(np.float64)
    everything = np.ones(clips.frames, bool)
    scores = path_scores(true, true, clips, (0,), counted=everything)
    assert scores["foot_skate_m_s"] == scores["foot_skate_true_m_s"]
    assert scores["path_err_pct"] == pytest.approx(0.0, abs=1e-9)
    assert scores["pelvis_accel_err_mm_per_frame2"] == 0.0
    sliding = true + (np.arange(clips.frames) * 0.5 / FPS)[:, None, None] * np.array([0.0, 0.0, 1.0])
    slid = path_scores(sliding, true, clips, (0,), counted=everything)
    assert slid["foot_skate_m_s"] == pytest.approx(0.5, abs=0.1)
    assert slid["pelvis_accel_err_mm_per_frame2"] == pytest.approx(0.0, abs=1e-6)
    assert slid["path_err_pct"] > 5
    # Of another size, the same path.
    assert path_scores(1.2 * true, true, clips, (0,), counted=everything)["path_err_pct"] == pytest.approx(
        0.0, abs=1e-6
    )
    assert f1(np.array([True, False]), np.array([True, True])) == pytest.approx(2 / 3)


@pytest.mark.filterwarnings("error")
def test_frames_that_do_not_count_say_nothing_of_the_path() -> None:
    clips = held_out_clips(2)
    true = clips.joints_cam.astype(np.float64)
    counted = np.arange(clips.frames) < clips.clip_start[1] - 30  # nothing of the second clip
    wild = true.copy()
    wild[~counted] += np.random.default_rng(0).normal(size=wild[~counted].shape)
    contact = np.ones((clips.frames, 4))
    clean, spoilt = (
        path_scores(joints, true, clips, (0,), counted=counted, foot_contact=contact) for joints in (true, wild)
    )
    assert clean == spoilt


@cache
def trained() -> pn3d.Weights:
    return pn3d.load_weights()


def predicted(clips: Clips, *, path: bool = True) -> Prediction:
    return pn3d.predict(trained(), without_truth(clips), path=path)


@cache
def noisy() -> Clips:
    return held_out_clips(4, detector_noise=True)


@pytest.mark.filterwarnings("ignore::pn3d.PredictionWarning")
def test_standing_feet_of_a_prediction_stand_and_the_pose_is_no_worse() -> None:
    clips = noisy()
    on, off = predicted(clips), predicted(clips, path=False)
    everything = np.ones(clips.frames, bool)
    new, old = (
        path_scores(p.joints_cam_m, clips.joints_cam, clips, (0,), counted=everything, foot_contact=p.foot_contact)
        for p in (on, off)
    )
    assert new["foot_skate_m_s"] < 0.15 * old["foot_skate_m_s"]
    assert (
        new["pelvis_accel_mm_per_frame2"]
        < 3 * new["pelvis_accel_true_mm_per_frame2"]
        < 0.1 * old["pelvis_accel_mm_per_frame2"]
    )
    assert new["contact_f1"] > new["contact_f1_always"] + 0.1
    errors, gaps = [], []
    for p in (on, off):
        relative, true = (points - points[:, :1] for points in (p.joints_cam_m, clips.joints_cam))
        errors.append(np.linalg.norm(relative - true, axis=-1).mean())
        gaps.append(np.linalg.norm(p.reprojected_px - p.keypoints_px, axis=-1)[p.input_confidence > 0].mean())
    assert errors[0] < errors[1] + 5e-4
    assert gaps[0] < 1.15 * gaps[1]
    betas = np.repeat(on.betas, np.diff(on.clip_start), axis=0)
    turns = axis_angle_to_matrix(jnp.asarray(on.poses_cam))
    written = jax.jit(joints)(on.body, jnp.asarray(betas), turns, jnp.asarray(on.transl_cam_m))
    np.testing.assert_allclose(written, on.body_joints_cam_m, atol=1e-4)
    assert off.foot_contact is None
    assert off.path_cut is None


@pytest.mark.parametrize("index", [14, 20])
def test_a_walk_keeps_its_stride_length(index: int) -> None:
    clip = select(held_out_clips(), [index])
    assert clip.actions[0] == "walk"
    true, found = clip.joints_cam, predicted(clip).joints_cam_m
    strides = []
    for ankle in H36M17_ANKLES:
        stands = np.concatenate([[False], speeds(true[:, ankle], FPS) < 0.25, [False]])
        begins, ends = (np.flatnonzero(np.diff(stands.astype(int)) == sign) for sign in (1, -1))
        spans = [(begin, end) for begin, end in zip(begins, ends, strict=True) if end - begin >= 5]
        places = [np.stack([joints[a:b, ankle].mean(axis=0) for a, b in spans]) for joints in (true, found)]
        strides.append([np.linalg.norm(np.diff(place, axis=0), axis=-1) for place in places])
    true_m, found_m = (np.concatenate(lengths) for lengths in zip(*strides, strict=True))
    assert (true_m > 0.5).sum() >= 5
    # Who is seen is taken for an average adult: lengths are those of the person after one scale.
    scale = np.linalg.norm(true - true[:, :1], axis=-1).sum() / np.linalg.norm(found - found[:, :1], axis=-1).sum()
    assert abs(scale * found_m[true_m > 0.5].sum() / true_m[true_m > 0.5].sum() - 1.0) < 0.03


@pytest.mark.filterwarnings("ignore::pn3d.PredictionWarning")
def test_without_legs_in_the_picture_no_foot_stands_and_the_path_is_smooth() -> None:
    clip = select(noisy(), [0])
    confidence = clip.confidence.copy()
    confidence[:, [2, 3, 5, 6]] = 0.0
    found = predicted(dataclasses.replace(clip, confidence=confidence))
    assert not found.foot_contact.any()
    assert np.isfinite(found.joints_cam_m).all()
    assert speeds(found.joints_cam_m[:, 0].astype(np.float64), FPS).max() < 4.0
    assert len(H36M17_ANKLES) == 2


def test_a_picture_that_leaves_the_distance_open_is_solved() -> None:
    """Frames of single precision, each alone, in which the joints that are seen lie on one ray."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        view = view_of(np.array([rng.normal(size=3) * 0.3 + [0.0, 0.0, 4.0]]))
        view.confidence[:] = 0.0
        view.confidence[0, rng.integers(17)] = rng.uniform(0.2, 1.0)
        single = [value.astype(np.float32) for value in (view.offsets_m, view.rays, view.confidence, view.size)]
        view = view._replace(**dict(zip(("offsets_m", "rays", "confidence", "size"), single, strict=True)))
        assert np.isfinite(solve_path(view, np.array([[0.1, 0.2, 3.0]]))).all()


@pytest.mark.filterwarnings("ignore::pn3d.PredictionWarning")
def test_who_shows_one_joint_alone_stands_in_front_of_the_camera() -> None:
    clip = select(noisy(), [0])
    confidence = np.where(np.arange(17) == H36M17.index("left_wrist"), clip.confidence, 0.0).astype(np.float32)
    found = predicted(dataclasses.replace(clip, confidence=confidence))
    assert found.joints_cam_m[:, 0, 2].min() > 1.0


@pytest.mark.filterwarnings("ignore::pn3d.PredictionWarning")
def test_frames_that_show_nobody_say_nothing_of_shape_and_up() -> None:
    clip = select(held_out_clips(), [10])
    size = (int(clip.image_size[0, 0]), int(clip.image_size[0, 1]))
    frames = np.concatenate([clip.keypoints, np.ones_like(clip.keypoints[..., :1])], axis=-1)[:60]
    late = np.concatenate([np.zeros((240, 17, 3)), frames])
    alone, after = (pn3d.predict(trained(), each, layout="h36m17", fps=30, image_size=size) for each in (frames, late))
    assert np.degrees(np.arccos(alone.up_cam[0] @ after.up_cam[0])) < 1.0
    assert np.abs(alone.betas - after.betas).max() < 0.05
    assert after.summary["camera_drift_deg"] < alone.summary["camera_drift_deg"] + 1.0
    stream = pn3d.PoseStream(trained(), layout="h36m17", image_size=size)
    *_, last = [pose for frame in late if (pose := stream.push(frame)) is not None] + stream.flush()
    assert np.abs(last.betas - alone.betas[0]).max() < 0.05


def test_nobody_goes_behind_the_camera() -> None:
    """Two joints of somebody who is near and goes across the picture, of whom the pose says that they draw together."""
    path = np.linspace([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0], 30)
    view = view_of(path)
    view.confidence[:] = 0.0
    view.confidence[:, [3, 4]] = 1.0
    view.offsets_m[:, 3] = view.offsets_m[:, 4] + np.linspace(0.3, -0.3, 30)[:, None] * [1.0, 0.0, 0.0]
    found = solve_path(view, path)
    assert (found[:, None, 2] + view.offsets_m[..., 2]).min() > 0.0
