"""Warnings: mirrored depth is found where it was put, and not elsewhere; the expected error."""

import numpy as np
import pytest

from pn3d.inference.smoothing import over_time, smooth
from pn3d.inference.uncertainty import SIGNS, expected_error_mm, fit
from pn3d.inference.warnings import flipped_frames, knee_bend
from pn3d.synthetic.scenes import make_synthetic_clips


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
    error = np.exp(3.0 + 0.5 * signs[:, 1] - 0.4 * signs[:, 3])
    card = fit(signs, error)
    assert card["coefficients"][SIGNS[1]] == pytest.approx(0.5, abs=0.05)
    assert min(card["coefficients"].values()) >= 0.0
    assert expected_error_mm(signs, {"uncertainty": card}).shape == (400,)
