"""Warnings: exchanged sides and mirrored depth are found where they were put, and not elsewhere."""

import numpy as np
import pytest

from pn3d.geometry.skeleton import H36M17
from pn3d.inference.smoothing import smooth
from pn3d.inference.uncertainty import SIGNS, expected_error_mm, fit, over_time
from pn3d.inference.warnings import flipped_frames, knee_bend, swapped_frames
from pn3d.synthetic.scenes import make_synthetic_clips


def test_exchanged_sides_are_found() -> None:
    clip = make_synthetic_clips(3, 1, 60)
    keypoints, confidence = clip.keypoints.copy(), clip.confidence.copy()
    assert not swapped_frames(keypoints, confidence).any()
    # A person as seen from the front, whose sides are well apart.
    apart = keypoints.copy()
    for joint, name in enumerate(H36M17.joints):
        apart[:, joint, 0] += 80.0 * (name.startswith("left") - float(name.startswith("right")))
    apart[20:30] = apart[20:30][:, np.array(H36M17.mirror)]
    found = swapped_frames(apart, confidence)
    assert found[20:30].all()
    assert not found[:20].any()
    assert not found[30:].any()
    assert not swapped_frames(apart, np.zeros_like(confidence)).any()


def test_a_swap_that_ends_where_limbs_cross_is_not_taken_to_last() -> None:
    """Its end hardly shows, and everything up to the end of the clip would be flagged."""
    frames = 120
    wide = np.zeros((frames, 17, 2))
    for joint, name in enumerate(H36M17.joints):
        wide[:, joint] = (
            name.startswith("left") - float(name.startswith("right")),
            25.0 * min(joint, H36M17.mirror[joint]),
        )
    width = np.interp(np.arange(frames), [0, 40, 49, 52, 60, 119], [80.0, 80.0, 8.0, 8.0, 80.0, 80.0])
    keypoints = wide * np.stack([width, np.ones(frames)], axis=1)[:, None]
    confidence = np.ones((frames, 17))
    assert not swapped_frames(keypoints, confidence).any()
    for begin, end in ((30, 51), (70, frames)):  # one that comes back where sides are close, and one that does last
        exchanged, truth = keypoints.copy(), np.zeros(frames, bool)
        exchanged[begin:end], truth[begin:end] = exchanged[begin:end][:, np.array(H36M17.mirror)], True
        np.testing.assert_array_equal(swapped_frames(exchanged, confidence), truth)


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
    assert expected_error_mm(signs, card).shape == (400,)
