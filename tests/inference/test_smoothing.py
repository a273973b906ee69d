"""Averaging over time as wide as keypoints shake."""

import numpy as np
import pytest

from pn3d.data.rays import frame_rays
from pn3d.inference.pose import shake_clips, smooth_clips
from pn3d.inference.smoothing import (
    EXACT,
    SHAKE_REACH,
    SHAKING,
    TEACHER,
    TURNS,
    between_fits,
    fit_stride,
    half_width,
    heard,
    reach,
    shake,
    smooth,
)
from tests.support import tiny


def walk(frames: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Joints that swing once a second at 30 frames/s, (T, 17, 2), all measured, of size 0.1."""
    time = np.arange(frames)[:, None] / 30.0
    phase = np.random.default_rng(0).uniform(0, 6, (1, 17))
    rays = 0.02 * np.stack([np.sin(2 * np.pi * time + phase), np.cos(2 * np.pi * time + phase)], axis=-1)
    return rays.astype(np.float32), np.ones((frames, 17), np.float32), np.full(frames, 0.1, np.float32)


@pytest.mark.parametrize("share", [0.01, 0.03])
def test_shake_is_the_size_of_white_noise_and_nothing_on_smooth_movement(share: float) -> None:
    rays, confidence, size = walk()
    assert shake(rays, confidence, size).max() < EXACT
    noise = np.random.default_rng(1).normal(0.0, share * 0.1, rays.shape)
    seen = shake((rays + noise).astype(np.float32), confidence, size)
    np.testing.assert_allclose(np.median(seen), share, rtol=0.3)
    np.testing.assert_allclose(shake(rays * 3, confidence, size * 3), shake(rays, confidence, size), rtol=1e-3)


def test_exact_clips_do_not_shake_and_a_detectors_do() -> None:
    clips = tiny.clips()
    rays = np.asarray(frame_rays(clips).rays)
    size = np.full(clips.frames, 0.15, np.float32)
    assert np.median(shake_clips(rays, clips, size)) < EXACT
    noisy = rays + np.random.default_rng(2).normal(0.0, 0.02 * 0.15, rays.shape).astype(np.float32)
    assert np.median(shake_clips(noisy, clips, size)) > SHAKING


def test_shake_looks_at_frames_within_reach_only_and_not_at_missing_ones() -> None:
    rays, confidence, size = walk(60)
    before = shake(rays, confidence, size)
    changed = rays.copy()
    changed[30] += 1.0
    after = shake(changed, confidence, size)
    moved = np.flatnonzero(after != before)
    assert len(moved)
    assert 30 - SHAKE_REACH <= moved.min() <= moved.max() <= 30 + SHAKE_REACH
    # One jump is no shaking.
    assert after.max() < EXACT
    hidden = confidence.copy()
    hidden[30] = 0
    np.testing.assert_array_equal(shake(changed, hidden, size), shake(rays, hidden, size))
    np.testing.assert_array_equal(shake(rays[:4], confidence[:4], size[:4]), 0.0)


def test_the_average_is_as_wide_as_said() -> None:
    calm = half_width(np.array([0.0, EXACT]), TEACHER, 30.0)
    np.testing.assert_array_equal(calm, 0.0)
    assert float(half_width(np.array([1.0]), TURNS, 30.0)[0]) == pytest.approx(7.5)
    assert (reach(TURNS, 30.0), reach(TURNS, 60.0)) == (8, 15)
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


def test_averages_do_not_cross_clips() -> None:
    clips = tiny.clips()
    values = np.repeat(np.arange(clips.num_clips), clips.lengths)[:, None, None].astype(np.float32)
    shaking = np.ones(clips.frames)
    same = smooth_clips(values, np.ones((clips.frames, 1), np.float32), shaking, TURNS, clips)
    np.testing.assert_allclose(same, values, rtol=1e-6)


def test_between_fits_a_line_stays_a_line_and_the_end_holds_the_last_fit() -> None:
    assert [fit_stride(rate) for rate in (10.0, 15.0, 25.0, 29.97, 60.0)] == [1, 1, 2, 2, 4]
    fits = np.arange(0, 10, 4)
    line = np.arange(10.0)[:, None, None] * np.array([1.0, -2.0])
    mixed, weight = between_fits(10, 4).mix(line[fits], np.ones((3, 1)))
    np.testing.assert_allclose(mixed[:9], line[:9], atol=1e-6)
    np.testing.assert_allclose(mixed[9], line[8], atol=1e-6)
    np.testing.assert_allclose(weight, 1.0, atol=1e-6)


def test_a_fit_that_counts_nothing_leaves_frames_near_it_to_the_other() -> None:
    values = np.array([[[1.0]], [[100.0]], [[3.0]]])
    mixed, weight = between_fits(9, 4).mix(values, np.array([[1.0], [0.0], [1.0]]))
    np.testing.assert_allclose(mixed[:, 0, 0], [1, 1, 1, 1, 0, 3, 3, 3, 3], atol=1e-6)
    np.testing.assert_allclose(weight[:, 0], [1, 0.75, 0.5, 0.25, 0, 0.25, 0.5, 0.75, 1], atol=1e-6)


def test_fits_hear_every_frame_alike_and_what_moves_evenly_unchanged() -> None:
    rays = np.arange(12.0)[:, None, None] * np.array([1.0, -0.5])
    confidence = np.ones((12, 1))
    np.testing.assert_array_equal(heard(rays, confidence, 1), rays.astype(np.float32))
    for stride in (2, 4):
        np.testing.assert_allclose(heard(rays, confidence, stride)[stride:-stride], rays[stride:-stride], atol=1e-6)
        heard_by_fits = np.stack([heard(one[:, None, None], confidence, stride)[::stride] for one in np.eye(12)])
        # Frames from the second fit to the last: those around fits whose triangle is whole.
        np.testing.assert_allclose(heard_by_fits.sum(axis=1)[stride : 13 - stride], 1.0 / stride, atol=1e-6)
