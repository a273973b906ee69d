"""Ankles that follow heels and toes."""

import numpy as np
import pytest

from pn3d.body.builtin import builtin_body
from pn3d.body.feet import foot_points_m
from pn3d.data.clips import Clips
from pn3d.data.feet import FEET, exchange_feet, feet_of
from pn3d.data.joints17 import to_h36m17
from pn3d.detectors.layouts import detector_layout
from pn3d.geometry.kinematics import posed_joints
from pn3d.geometry.skeleton import SMPL24, mirrored_name
from pn3d.inference.ankles import ankles_from_feet

FRAMES = 40
ANKLES = [SMPL24.index(f"{side}_ankle") for side in ("left", "right")]
TOES = [SMPL24.index(f"{side}_foot") for side in ("left", "right")]


@pytest.fixture(scope="module")
def points_m() -> np.ndarray:
    return foot_points_m(builtin_body(), np.zeros(10))


def walker(heading_deg: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A body 4 m away whose ankles turn: poses, joints, rest joints, global turns; upright, the camera level."""
    rest = np.asarray(builtin_body().joint_template_m, np.float64)
    rng = np.random.default_rng(1)
    wave = np.sin(np.linspace(0, 6, FRAMES))[:, None]
    poses = np.zeros((FRAMES, 24, 3))
    upside, about_y = np.pi, np.radians(heading_deg)
    # The camera's y points down: half a turn about x, then the heading about the vertical.
    poses[:, 0] = np.array([np.cos(about_y / 2), 0, np.sin(about_y / 2)]) * upside
    poses[:, [4, 5], 0] = 0.4
    poses[:, ANKLES, 0] = np.radians(20 * wave * [1, -1])
    poses += rng.normal(0, 0.01, poses.shape)
    joints, turns = posed_joints(rest, SMPL24.parents, poses, np.tile([0, 0, 4.0], (FRAMES, 1)))
    return poses, joints, rest, turns


def seen(joints: np.ndarray, turns: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(T, 6, 2) rays of heels and toes."""
    places = joints[:, ANKLES, None] + np.einsum("tsij,skj->tski", turns[:, ANKLES], points)
    return (places[..., :2] / places[..., 2:]).reshape(len(joints), 6, 2)


@pytest.mark.parametrize(("heading_deg", "most_deg"), [(90, 6), (40, 6), (0, 9)])
def test_ankles_at_rest_follow_exact_feet(points_m: np.ndarray, heading_deg: float, most_deg: float) -> None:
    poses, joints, rest, turns = walker(heading_deg)
    rays = seen(joints, turns, points_m)
    resting = poses.copy()
    resting[:, ANKLES] = 0
    before = posed_joints(rest, SMPL24.parents, resting, np.tile([0, 0, 4.0], (FRAMES, 1)))[0]
    found, moved, measured = ankles_from_feet(
        resting, before, rest, points_m, rays, np.ones((FRAMES, 6)), np.zeros(FRAMES), 30.0
    )
    assert measured.all()
    difference = np.degrees(np.abs(found[:, ANKLES, 0] - poses[:, ANKLES, 0]))
    assert difference.max() < most_deg
    assert np.degrees(np.abs(poses[:, ANKLES, 0])).max() > 15
    # What is returned agrees with itself, and nothing but ankles and toes has moved.
    expected = posed_joints(rest, SMPL24.parents, found, np.tile([0, 0, 4.0], (FRAMES, 1)))[0]
    assert np.abs(moved - expected).max() < 1e-9
    others = [joint for joint in range(24) if joint not in TOES]
    np.testing.assert_array_equal(moved[:, others], before[:, others])


def test_frames_without_heel_or_toe_keep_their_ankle(points_m: np.ndarray) -> None:
    poses, joints, rest, turns = walker(90)
    confidence = np.ones((FRAMES, 6))
    confidence[:, :3] = 0  # the left foot is never seen
    confidence[20:, 4] = 0.05  # the right toe is a guess from here on
    rays = seen(joints, turns, points_m)
    rays[confidence == 0] = 0
    found, _, measured = ankles_from_feet(poses, joints, rest, points_m, rays, confidence, np.zeros(FRAMES), 30.0)
    assert not measured[:, 0].any()
    assert measured[:20, 1].all()
    assert not measured[20:, 1].any()
    np.testing.assert_array_equal(found[:, ANKLES[0]], poses[:, ANKLES[0]])
    np.testing.assert_array_equal(found[30:, ANKLES[1]], poses[30:, ANKLES[1]])
    assert np.isfinite(found).all()


def test_feet_change_sides_with_their_legs() -> None:
    feet = np.random.default_rng(0).normal(size=(3, 6, 3))
    exchanged = exchange_feet(feet, np.array([False, True, False]))
    np.testing.assert_array_equal(exchanged[[0, 2]], feet[[0, 2]])
    for place, name in enumerate(FEET):
        np.testing.assert_array_equal(exchanged[1, place], feet[1, FEET.index(mirrored_name(name))])


@pytest.mark.parametrize("name", ["body25", "halpe26", "mediapipe33", "wholebody133", "coco17"])
def test_feet_are_taken_by_name(name: str) -> None:
    layout = detector_layout(name).layout
    count = len(layout.joints)
    positions = np.random.default_rng(0).uniform(1, 900, (4, count, 2)).astype(np.float32)
    confidence = np.full((4, count), 0.9, np.float32)
    feet = feet_of(positions, confidence, layout)
    if name == "coco17":
        assert feet is None
        return
    assert feet is not None
    for place, joint in enumerate(FEET):
        if joint in layout.joints:
            np.testing.assert_array_equal(feet[:, place, :2], positions[:, layout.index(joint)])
        else:
            assert (feet[:, place] == 0).all()
    clips = Clips(
        positions, confidence, np.array([0, 4]), np.array(["a"]), np.array([[900, 900]]), np.array([30.0]), layout
    )
    once = to_h36m17(clips)
    np.testing.assert_array_equal(once.feet, feet)
    np.testing.assert_array_equal(to_h36m17(once).feet, feet)
