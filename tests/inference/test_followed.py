"""Fast limbs on the picture: near what is seen, one body still, and nobody else moved."""

import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks, landmark_joints
from pn3d.body.model import rest_joints_m
from pn3d.geometry.kinematics import posed_joints
from pn3d.geometry.skeleton import H36M17, SMPL24
from pn3d.inference.fit import StudentBody
from pn3d.inference.followed import followed_limbs
from pn3d.inference.placed import Posed, Seen

FPS, FRAMES = 30.0, 60
WRIST, ANKLE = H36M17.index("left_wrist"), H36M17.index("left_ankle")
SHOULDER, ELBOW, HIP, KNEE = (SMPL24.index(f"left_{joint}") for joint in ("shoulder", "elbow", "hip", "knee"))


@pytest.fixture(scope="module")
def student() -> StudentBody:
    corrections = jnp.asarray(np.random.default_rng(0).normal(0, 0.01, (17, 3)), jnp.float32)
    return StudentBody(builtin_body(), builtin_landmarks(), corrections)


def posed(student: StudentBody, poses: np.ndarray) -> Posed:
    """Forward kinematics, 4 m in front of the camera."""
    rest = np.asarray(rest_joints_m(student.body, np.zeros(10, np.float32)))
    transl = np.tile(np.array([0.1, 0.2, 4.0]), (len(poses), 1))
    body, turns = posed_joints(rest, SMPL24.parents, poses, transl)
    joints = np.asarray(landmark_joints(student.landmarks, body, turns, student.corrections_m))
    return Posed(poses.astype(np.float32), transl, body.astype(np.float32), joints)


def swinging(share: float) -> np.ndarray:
    """(T, 24, 3) a person who faces the camera and swings the left arm and leg three times in two seconds."""
    phase = np.sin(2 * np.pi * 1.5 * np.arange(FRAMES) / FPS)
    poses = np.zeros((FRAMES, 24, 3))
    poses[:, 0] = (np.pi, 0.15, 0.0)
    poses[:, SHOULDER, 2] = 0.9 * share * phase
    poses[:, ELBOW, 1] = -0.6
    poses[:, HIP, 2] = 0.25 + 0.6 * share * phase
    poses[:, KNEE, 0] = 0.3
    return poses


def seen_of(place: Posed, confidence: float = 0.95) -> tuple[Seen, np.ndarray, np.ndarray]:
    """The picture of a body, the same with the root in the middle, and no foot that stands."""
    rays = place.joints[..., :2] / place.joints[..., 2:]
    sure = np.full(rays.shape[:2], confidence, np.float32)
    seen = Seen(rays, sure, np.full(FRAMES, 0.18), np.full(FRAMES, 0.004), FPS)
    return seen, rays - rays[:, :1], np.zeros((FRAMES, 4))


def away(place: Posed, seen: Seen, joint: int) -> np.ndarray:
    """(T,) distance of a drawn joint from the seen one, shares of the person's size."""
    drawn = place.joints[:, joint, :2] / place.joints[:, joint, 2:]
    return np.linalg.norm(drawn - seen.rays[:, joint], axis=1) / 0.18


def test_a_limb_that_lags_goes_where_it_is_seen_and_its_depth_hardly_changes(student: StudentBody) -> None:
    true, lagging = (posed(student, swinging(share)) for share in (1.0, 0.75))
    seen, *rest = seen_of(true)
    found = followed_limbs(student, lagging, seen, *rest)
    for joint in (WRIST, ANKLE):
        before, after = away(lagging, seen, joint), away(found, seen, joint)
        fastest = np.argsort(-np.linalg.norm(np.gradient(seen.rays[:, joint], axis=0), axis=1))[:15]
        assert after[fastest].mean() < 0.35 * before[fastest].mean()
        assert after.mean() < 0.5 * before.mean()
        assert np.abs(found.joints[:, joint, 2] - lagging.joints[:, joint, 2]).max() < 0.08


def test_what_comes_out_is_one_body_and_only_fast_limbs_have_moved(student: StudentBody) -> None:
    true, lagging = (posed(student, swinging(share)) for share in (1.0, 0.75))
    seen, *rest = seen_of(true)
    found = followed_limbs(student, lagging, seen, *rest)
    again = posed(student, found.poses.astype(np.float64))
    np.testing.assert_allclose(found.body_joints, again.body_joints, atol=1e-4)
    np.testing.assert_allclose(found.joints, again.joints, atol=1e-4)
    moved = np.abs(found.poses - lagging.poses).max(axis=(0, 2)) > 0
    assert set(np.flatnonzero(moved)) == {SHOULDER, ELBOW, HIP, KNEE}
    assert lagging.poses is not found.poses
    np.testing.assert_array_equal(lagging.poses, swinging(0.75).astype(np.float32))


@pytest.mark.parametrize("confidence", [0.1, 0.0])
def test_what_is_not_sure_is_not_followed(student: StudentBody, confidence: float) -> None:
    true, lagging = (posed(student, swinging(share)) for share in (1.0, 0.75))
    assert followed_limbs(student, lagging, *seen_of(true, confidence)) is lagging


def test_a_foot_that_stands_is_not_followed(student: StudentBody) -> None:
    true, lagging = (posed(student, swinging(share)) for share in (1.0, 0.75))
    seen, centred, contact = seen_of(true)
    contact[20:40, 2] = 1.0
    found = followed_limbs(student, lagging, seen, centred, contact)
    moved = np.abs(found.joints - lagging.joints).max(axis=2) > 1e-6
    assert not moved[19:41, ANKLE].any()
    assert moved[19:41, WRIST].mean() > 0.9
    assert moved[:10, ANKLE].any()


def test_who_moves_slowly_is_left_alone(student: StudentBody) -> None:
    true, lagging = (posed(student, swinging(share)) for share in (0.15, 0.1))
    assert followed_limbs(student, lagging, *seen_of(true)) is lagging


def test_a_limb_is_straightened_until_it_is_straight(student: StudentBody) -> None:
    lagging = posed(student, swinging(0.75))
    far, *rest = seen_of(posed(student, swinging(1.0)))
    middle = lagging.joints[:, :1, :2] / lagging.joints[:, :1, 2:]
    found = followed_limbs(student, lagging, far._replace(rays=middle + 1.6 * (far.rays - middle)), *rest)
    assert found.poses[:, ELBOW, 1].max() < 0.03
    assert found.poses[:, KNEE, 0].min() > -0.03
    assert found.poses[:, ELBOW, 1].max() > -0.2
