"""Averaging over time as wide as keypoints jitter, and keyframes."""

import itertools

import numpy as np
import pytest

from pn3d.data.rays import frame_rays
from pn3d.geometry.skeleton import H36M17, SMPL24
from pn3d.inference.keyframes import interpolation, keyframe_keypoints, keyframe_stride, smooth_corrections
from pn3d.inference.smoothing import (
    CORRECTIONS,
    EXACT,
    JITTER_REACH,
    JITTERING,
    TEACHER,
    around,
    fast_share,
    half_width,
    measure_jitter,
    of_body_joints,
    reach,
    smooth,
)
from tests.support import tiny

WRIST = H36M17.index("left_wrist")


def walk(frames: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Joints that swing once a second at 30 frames/s, (T, 17, 2), all measured, of size 0.1."""
    time = np.arange(frames)[:, None] / 30.0
    phase = np.random.default_rng(0).uniform(0, 6, (1, 17))
    rays = 0.02 * np.stack([np.sin(2 * np.pi * time + phase), np.cos(2 * np.pi * time + phase)], axis=-1)
    return rays.astype(np.float32), np.ones((frames, 17), np.float32), np.full(frames, 0.1, np.float32)


@pytest.mark.parametrize("share", [0.01, 0.03])
def test_jitter_is_the_size_of_white_noise_and_nothing_on_smooth_movement(share: float) -> None:
    rays, confidence, size = walk()
    assert measure_jitter(rays, confidence, size).max() < EXACT
    noise = np.random.default_rng(1).normal(0.0, share * 0.1, rays.shape)
    found = measure_jitter((rays + noise).astype(np.float32), confidence, size)
    np.testing.assert_allclose(np.median(found), share, rtol=0.3)
    np.testing.assert_allclose(
        measure_jitter(rays * 3, confidence, size * 3), measure_jitter(rays, confidence, size), rtol=1e-3
    )


def test_exact_clips_have_no_jitter_and_a_detectors_have() -> None:
    clips = tiny.clips()
    rays = np.asarray(frame_rays(clips).rays)
    noisy = rays + np.random.default_rng(2).normal(0.0, 0.02 * 0.15, rays.shape).astype(np.float32)
    for begin, end in itertools.pairwise(clips.clip_start):
        clip, size = slice(begin, end), np.full(end - begin, 0.15, np.float32)
        assert np.median(measure_jitter(rays[clip], clips.confidence[clip], size)) < EXACT
        assert np.median(measure_jitter(noisy[clip], clips.confidence[clip], size)) > JITTERING


def test_jitter_looks_at_frames_within_reach_only_and_not_at_missing_ones() -> None:
    rays, confidence, size = walk(60)
    before = measure_jitter(rays, confidence, size)
    changed = rays.copy()
    changed[30] += 1.0
    after = measure_jitter(changed, confidence, size)
    moved = np.flatnonzero(after != before)
    assert len(moved)
    assert 30 - JITTER_REACH <= moved.min() <= moved.max() <= 30 + JITTER_REACH
    # One jump is no jitter.
    assert after.max() < EXACT
    hidden = confidence.copy()
    hidden[30] = 0
    np.testing.assert_array_equal(measure_jitter(changed, hidden, size), measure_jitter(rays, hidden, size))
    np.testing.assert_array_equal(measure_jitter(rays[:4], confidence[:4], size[:4]), 0.0)


def punch(peak: float, frames: int = 61) -> np.ndarray:
    """(T, 17, 2) rays of a person of size 0.1 who stands, and whose left hand goes ``peak`` head-root units to the side
    and back within 0.4 s at 30 frames/s."""
    rays = np.zeros((frames, 17, 2), np.float32)
    rays[..., 1] = 0.01 * np.arange(17)
    rays[24:37, WRIST, 0] = 0.1 * peak * np.sin(np.pi * np.arange(13) / 12) ** 2
    return rays


def test_what_is_fast_and_surely_seen_is_followed_and_nothing_else() -> None:
    ones, size = np.ones((61, 17), np.float32), np.full(61, 0.1, np.float32)
    share = fast_share(punch(0.8), ones, size, 30.0)
    assert share[28, WRIST] > 0.9
    assert share[:, np.arange(17) != WRIST].max() == 0.0
    assert around(share, 30.0)[30, WRIST] > 0.9  # the hand stands still where the punch ends
    assert share[30, WRIST] < share[28, WRIST]
    assert fast_share(punch(0.1), ones, size, 30.0).max() == 0.0
    assert fast_share(punch(0.8), 0.1 * ones, size, 30.0).max() == 0.0
    jump = punch(0.0)
    jump[30, WRIST, 0] += 0.1
    assert fast_share(jump, ones, size, 30.0).max() == 0.0
    # A clip of twice the rate shows the same speed.
    twice = np.repeat(punch(0.8), 2, axis=0)
    twice[1:-1:2] = 0.5 * (twice[:-2:2] + twice[2::2])
    found = fast_share(twice, np.ones((122, 17), np.float32), np.full(122, 0.1, np.float32), 60.0)
    np.testing.assert_allclose(found[56, WRIST], share[28, WRIST], atol=0.1)
    elbow = SMPL24.index("left_elbow")
    assert of_body_joints(share)[28, elbow] == share[28, WRIST]
    assert of_body_joints(share)[:, SMPL24.index("right_elbow")].max() == 0.0


def test_corrections_of_a_punch_keep_their_size_and_others_are_averaged() -> None:
    wanted = np.zeros((61, 24, 3), np.float32)
    wanted[24:37, :, 1] = (np.sin(np.pi * np.arange(13) / 12) ** 2)[:, None]
    fast = fast_share(punch(0.8), np.ones((61, 17), np.float32), np.full(61, 0.1, np.float32), 30.0)
    seen = (np.ones(31, bool), np.full(61, JITTERING, np.float32), fast)
    left, right = SMPL24.index("left_elbow"), SMPL24.index("right_elbow")
    found = smooth_corrections(wanted[::2], *seen, 30.0, 2)
    assert found[:, left, 1].max() > 0.85
    assert found[:, right, 1].max() < 0.75
    np.testing.assert_allclose(smooth_corrections(wanted, np.ones(61, bool), *seen[1:], 30.0, 1, half_s=0.0), wanted)
    even = smooth_corrections(wanted[::2], *seen, 30.0, 2, half_s=0.25)
    np.testing.assert_array_equal(even[:, left], even[:, right])


def test_the_average_is_as_wide_as_asked() -> None:
    calm = half_width(np.array([0.0, EXACT]), TEACHER, 30.0)
    np.testing.assert_array_equal(calm, 0.0)
    assert float(half_width(np.array([1.0]), CORRECTIONS, 30.0)[0]) == pytest.approx(7.5)
    assert (reach(CORRECTIONS, 30.0), reach(CORRECTIONS, 60.0)) == (8, 15)
    values = np.zeros((21, 1, 1), np.float32)
    values[10] = 1.0
    ones = np.ones((21, 1), np.float32)
    np.testing.assert_array_equal(smooth(values, ones, 0.0), values)
    wide = smooth(values, ones, 2.0)[:, 0, 0]
    np.testing.assert_allclose(wide[8:13], np.array([1, 2, 3, 2, 1]) / 9, rtol=1e-5)
    assert np.count_nonzero(wide) == 5
    # Each frame has its own width.
    mixed = smooth(values, ones, np.where(np.arange(21) < 10, 0.0, 2.0))[:, 0, 0]
    np.testing.assert_allclose(mixed[8:13], np.array([0, 0, 3, 2, 1]) / 9, rtol=1e-5)


def test_between_keyframes_a_line_stays_a_line_and_the_end_holds_the_last_one() -> None:
    assert [keyframe_stride(rate) for rate in (10.0, 25.0, 29.97, 50.0, 60.0, 120.0)] == [1, 1, 1, 2, 2, 4]
    keyframes = np.arange(0, 10, 4)
    line = np.arange(10.0)[:, None, None] * np.array([1.0, -2.0])
    mixed, weight = interpolation(10, 4)(line[keyframes], np.ones((3, 1)))
    np.testing.assert_allclose(mixed[:9], line[:9], atol=1e-6)
    np.testing.assert_allclose(mixed[9], line[8], atol=1e-6)
    np.testing.assert_allclose(weight, 1.0, atol=1e-6)


def test_a_keyframe_that_counts_nothing_leaves_frames_near_it_to_the_other() -> None:
    values = np.array([[[1.0]], [[100.0]], [[3.0]]])
    mixed, weight = interpolation(9, 4)(values, np.array([[1.0], [0.0], [1.0]]))
    np.testing.assert_allclose(mixed[:, 0, 0], [1, 1, 1, 1, 0, 3, 3, 3, 3], atol=1e-6)
    np.testing.assert_allclose(weight[:, 0], [1, 0.75, 0.5, 0.25, 0, 0.25, 0.5, 0.75, 1], atol=1e-6)


def test_keyframes_take_every_frame_alike_and_what_moves_evenly_unchanged() -> None:
    rays = np.arange(12.0)[:, None, None] * np.array([1.0, -0.5])
    confidence = np.ones((12, 1))
    np.testing.assert_array_equal(keyframe_keypoints(rays, confidence, 30.0, 1)[0], rays.astype(np.float32))
    for stride in (2, 4):
        rate = 30.0 * stride
        same = keyframe_keypoints(rays, confidence, rate, stride)[0]
        np.testing.assert_allclose(same[stride:-stride], rays[stride:-stride], atol=1e-6)
        of_keyframes = np.stack(
            [keyframe_keypoints(one[:, None, None], confidence, rate, stride)[0][::stride] for one in np.eye(12)]
        )
        # Frames from the second keyframe to the last: those around keyframes whose triangle is whole.
        np.testing.assert_allclose(of_keyframes.sum(axis=1)[stride : 13 - stride], 1.0 / stride, atol=1e-6)
