"""Warnings: mirrored depth is found where it was put, and not elsewhere; the expected error."""

import dataclasses

import numpy as np
import pytest

from pn3d.commands.session import SHIPPED_WEIGHTS
from pn3d.inference.predict import predict
from pn3d.inference.smoothing import over_time, smooth
from pn3d.inference.uncertainty import ABOUT_MM, ENOUGH, SIGNS, expected_error_mm, fit, stretched
from pn3d.inference.warnings import find_warnings, flipped_frames, knee_bend
from pn3d.inference.weights import load_weights
from pn3d.synthetic.scenes import make_synthetic_clips
from tests.support import tiny


def test_a_mirrored_depth_bends_knees_backwards() -> None:
    clips = make_synthetic_clips(3, 4, 60)
    assert clips.joints_cam is not None
    joints = clips.joints_cam
    mirrored = joints * np.array([1.0, 1.0, -1.0])
    np.testing.assert_allclose(knee_bend(mirrored), -knee_bend(joints), atol=1e-6)
    assert knee_bend(joints).mean() > 0.02
    assert not flipped_frames(joints[:60], 30.0).any()


def test_smoothing_keeps_constants_and_ignores_what_was_not_measured() -> None:
    constant = np.full((9, 17, 2), 0.3, np.float32)
    trust = np.ones((9, 17), np.float32)
    np.testing.assert_allclose(smooth(constant, trust, 3), 0.3, rtol=1e-5)
    wild = constant.copy()
    wild[4] = 99.0
    trust[4] = 0.0
    np.testing.assert_allclose(smooth(wild, trust, 3), 0.3, rtol=1e-5)
    np.testing.assert_allclose(over_time(np.full((7, 2), 2.0), 3), 2.0)


def test_the_fit_finds_what_made_the_error_and_gives_no_sign_a_negative_weight() -> None:
    generator = np.random.default_rng(0)
    signs = generator.normal(size=(400, len(SIGNS)))
    error = np.exp(3.0 - 0.4 * signs[:, 0] + 0.5 * signs[:, 1])
    card = fit(signs, error)
    assert card["coefficients"][SIGNS[1]] == pytest.approx(0.5, abs=0.05)
    assert expected_error_mm(signs, {"uncertainty": card}).mean() == pytest.approx(error.mean(), rel=1e-5)
    assert min(card["coefficients"].values()) >= 0.0
    assert expected_error_mm(signs, {"uncertainty": card}).shape == (400,)


def test_stretched_errors_have_nearly_the_true_mean_and_keep_their_order() -> None:
    rng = np.random.default_rng(3)
    signs = rng.normal(-3.0, 0.5, (500, len(SIGNS)))
    card = fit(signs, np.exp(4.0 + 0.3 * signs.sum(axis=1) + 1.8))
    plain = expected_error_mm(signs, {"uncertainty": card})
    wider = stretched(card, plain, 1.3 * plain)
    found = expected_error_mm(signs, {"uncertainty": wider})
    np.testing.assert_allclose(found.mean(), ENOUGH * 1.3 * plain.mean(), rtol=1e-3)
    np.testing.assert_array_equal(np.argsort(found), np.argsort(plain))
    np.testing.assert_allclose(found, ABOUT_MM * (plain / ABOUT_MM) ** (1 + wider["stretched"]["power"]), rtol=1e-4)
    assert wider["stretched"]["power"] > 0.1


def test_no_less_is_expected_where_nobody_is_seen_than_elsewhere_in_the_clip() -> None:
    signs = np.zeros((30, len(SIGNS)))
    signs[:, 0] = np.linspace(0.0, 1.0, 30)
    signs[10:20] = -5.0  # nothing disagrees where nothing is seen
    seen = np.ones(30, bool)
    seen[10:20] = False
    plain, guarded = expected_error_mm(signs, {}), expected_error_mm(signs, {}, seen)
    np.testing.assert_array_equal(plain[seen], guarded[seen])
    assert plain[15] < np.median(plain[seen]) == guarded[15]
    np.testing.assert_array_equal(expected_error_mm(signs, {}, ~np.ones(30, bool)), plain)


def test_frames_without_a_detection_and_far_from_the_keypoints_are_worth_a_look() -> None:
    clips, scene = make_synthetic_clips(5, 1, 60), tiny.scene()
    weights = load_weights(SHIPPED_WEIGHTS)
    confidence, filled = clips.confidence.copy(), np.zeros(60, bool)
    confidence[20:30] = 0
    filled[40:43] = True
    keypoints = clips.keypoints.copy()
    keypoints[50, ::2] += 150.0
    changed = dataclasses.replace(clips, keypoints=keypoints, confidence=confidence, filled=filled)
    found = predict(weights, changed, scene.body, scene.landmarks)
    flags = find_warnings(found)
    np.testing.assert_array_equal(np.flatnonzero(flags.unseen), [*range(20, 30), 40, 41, 42])
    assert flags.reprojection[50]
    assert not flags.reprojection[[*range(15), *range(20, 30)]].any()
    assert found.expected_error_mm is not None
    assert found.expected_error_mm[flags.unseen].min() >= np.median(found.expected_error_mm[~flags.unseen])
    reasons = {place["why"] for place in found.summary["worth_a_look"]}
    assert {"unseen", "reprojection"} <= reasons


def test_a_low_camera_is_told_of_only_where_training_had_none() -> None:
    clips, scene = make_synthetic_clips(5, 1, 60), tiny.scene()
    found = predict(load_weights(SHIPPED_WEIGHTS), clips, scene.body, scene.landmarks)
    assert found.wide_views  # the weights that ship learnt from cameras far below and above

    def flagged(elevation_deg: float, wide_views: bool) -> bool:
        elevation_rad = np.full(60, np.radians(elevation_deg), np.float32)
        flags = find_warnings(dataclasses.replace(found, elevation_rad=elevation_rad, wide_views=wide_views))
        return bool(flags.elevation.all())

    assert [flagged(degrees, True) for degrees in (-30.0, -20.0, 45.0, 60.0)] == [True, False, False, True]
    assert [flagged(degrees, False) for degrees in (-20.0, 0.0, 45.0)] == [True, False, True]
