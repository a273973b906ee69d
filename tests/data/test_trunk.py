"""The middle of the trunk is there or missing as a whole."""

import dataclasses

import numpy as np
import pytest

from pn3d.data.trunk import TRUNK, with_whole_trunk
from pn3d.geometry.skeleton import H36M17, LAYOUTS
from pn3d.inference.networks import window_predictor
from pn3d.inference.weights import NEVER_SEEN, SHIPPED_WEIGHTS, load_weights
from pn3d.synthetic.scenes import held_out_clips

_LIMBS = [joint for joint in range(17) if joint not in TRUNK]


@pytest.fixture(scope="module")
def windows() -> tuple[np.ndarray, np.ndarray]:
    """(4, 9, 17, 2) px of people of all sizes, (4, 9, 17) confidence 0.9."""
    keypoints = held_out_clips(4).keypoints.reshape(4, -1, 17, 2)[:, 20:29]
    return keypoints, np.full(keypoints.shape[:3], 0.9, np.float32)


def _of_layout(name: str, rays: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    has = np.isin(H36M17.joints, LAYOUTS[name].joints)
    return np.where(has[:, None], rays, np.float32(0)), np.where(has, confidence, np.float32(0))


@pytest.mark.parametrize("layout", ["coco17", "openpose18", "body25", "body25b", "halpe26", "mpii16"])
def test_missing_joints_are_put_near_where_they_are(windows, layout) -> None:
    rays, confidence = windows
    given, seen = _of_layout(layout, rays, confidence)
    filled, trust = (np.asarray(array) for array in with_whole_trunk(given, seen))
    np.testing.assert_array_equal(trust, confidence)
    np.testing.assert_array_equal(filled[seen > 0], rays[seen > 0])
    trunk = np.linalg.norm(rays[:, :, H36M17.index("thorax")] - rays[:, :, H36M17.index("pelvis")], axis=-1)
    off = np.linalg.norm(filled - rays, axis=-1) / trunk.mean(axis=1)[:, None, None]
    assert off[..., H36M17.index("head")].mean() < 0.15  # it is 0.6 away from the thorax
    assert off[..., H36M17.index("neck")].mean() < 0.08
    assert off[..., [H36M17.index(name) for name in ("pelvis", "spine", "thorax")]].max() < 0.03


def test_whole_windows_stay_as_they_are(windows) -> None:
    rays, confidence = windows
    for trust in (confidence, 0.2 * confidence):
        filled, after = with_whole_trunk(rays, trust)
        np.testing.assert_array_equal(filled, rays)
        np.testing.assert_array_equal(after, trust)


def test_where_shoulders_and_hips_are_unsure_the_five_are_left_out(windows) -> None:
    rays, confidence = _of_layout("halpe26", *windows)
    confidence[:, :, H36M17.index("left_hip")] *= 0.5
    _, after = with_whole_trunk(rays, confidence)
    assert not np.asarray(after)[..., list(TRUNK)].any()
    np.testing.assert_array_equal(np.asarray(after)[..., _LIMBS], confidence[..., _LIMBS])


def test_a_joint_that_is_missed_for_a_moment_leaves_the_others_alone(windows) -> None:
    rays, confidence = windows[0], 0.5 * windows[1]
    confidence[:, 3, H36M17.index("neck")] = 0
    np.testing.assert_array_equal(with_whole_trunk(rays, confidence)[1], confidence)


def test_the_same_for_any_roll_and_size_and_in_the_mirror(windows) -> None:
    rays, confidence = _of_layout("coco17", *windows)
    filled = np.asarray(with_whole_trunk(rays, confidence)[0])
    turn = 1.7 * np.array([[np.cos(0.8), -np.sin(0.8)], [np.sin(0.8), np.cos(0.8)]], np.float32)
    np.testing.assert_allclose(with_whole_trunk(rays @ turn, confidence)[0], filled @ turn, atol=2e-3)
    mirrored = (rays * [-1, 1])[:, :, list(H36M17.mirror)].astype(np.float32)
    expected = (filled * [-1, 1])[:, :, list(H36M17.mirror)]
    np.testing.assert_allclose(with_whole_trunk(mirrored, confidence)[0], expected, atol=2e-3)


def test_networks_that_never_saw_a_pelvis_are_shown_none() -> None:
    weights = load_weights(SHIPPED_WEIGHTS)
    facts = {"training_data": {NEVER_SEEN: ["pelvis"]}}
    blind = dataclasses.replace(weights, facts=facts)
    clip = held_out_clips(1)
    rays = 1e-3 * (clip.keypoints - clip.keypoints[:, :1])[None, :9]
    coco = np.repeat(~np.isin(np.arange(17), TRUNK)[None, None], 9, axis=1).astype(np.float32)
    given = np.where(coco[..., None] > 0, rays, 0)
    shown = window_predictor(blind)(*(np.asarray(array) for array in with_whole_trunk(given, coco)))
    np.testing.assert_allclose(window_predictor(weights)(given, coco), shown, rtol=1e-5, atol=1e-5)
    assert np.abs(np.asarray(window_predictor(blind)(given, coco)) - np.asarray(shown)).max() > 0.01
