"""Motion beyond the everyday: within ranges, carried by the parts that should, in the picture, and each its own."""

import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.body.builtin import builtin_body
from pn3d.body.model import rest_joints_m, vertices
from pn3d.data.clips import Clips, validate_clips
from pn3d.files.errors import UserError
from pn3d.geometry import rotations as rot
from pn3d.geometry.skeleton import SMPL24
from pn3d.synthetic.motion import angles, balance, key_poses, kinematics, limbs, phrases, timing
from pn3d.synthetic.motion.catalogue import MOTIONS, Mixture, draw_names, make_motion
from pn3d.synthetic.motion.families import FAMILIES, FAMILY_MOTIONS
from pn3d.synthetic.motion.ground import heading_rad, pelvis_path_m
from pn3d.synthetic.scenes import held_out_clips, held_out_family_clips, make_synthetic_clips

FRAMES = 90
CARRIED_BY = {
    "push_up": (("hand", "fingers"), ("toes", "ball", "knee")),
    "crawl": (("hand", "fingers"), ("knee", "toes", "ball")),
    "sit_up": (("seat",), ("heel", "ball")),
    "plank": (("hand", "elbow"), ("toes", "ball", "ankle", "heel")),
}
"""Motion -> groups of parts that are all on the ground, all the time."""
STANDING = (
    "yoga_balance",
    "arabesque",
    "high_kick",
    "plies",
    "isolations",
    "fight_kick",
    "kata",
    "sword",
    "lift",
    "dig",
)


@pytest.fixture(scope="module")
def body() -> limbs.Dimensions:
    model = builtin_body()
    rest = np.asarray(rest_joints_m(model, jnp.zeros(10)), np.float64)
    return limbs.Dimensions(rest, float(rest[10, 1] - np.asarray(model.v_template_m)[:, 1].min()))


@pytest.fixture(scope="module")
def held() -> Clips:
    return held_out_family_clips()


def in_world(motion: timing.Motion, body: limbs.Dimensions) -> tuple[np.ndarray, np.ndarray]:
    """(T, 24, 3) joints and (T, 24, 3, 3) global rotations over the ground."""
    now = kinematics.posed(motion.angles, motion.tumble, body)
    heading = angles.about(1, heading_rad(motion))
    joints, turns = np.einsum("tij,tkj->tki", heading, now.joints_m), heading[:, None] @ now.rotations
    return joints + pelvis_path_m(motion, joints, turns, body)[:, None], turns


def drawn(name: str, body: limbs.Dimensions, seed: int = 0, frames: int = FRAMES) -> timing.Motion:
    return make_motion(np.random.default_rng([77, seed]), name, frames, body)


@pytest.mark.parametrize("name", sorted(FAMILY_MOTIONS))
def test_within_ranges_on_the_ground_and_human(name: str, body: limbs.Dimensions) -> None:
    low, high = (angles.channel_values(f"trained_{end}") for end in ("low", "high"))
    for seed in range(2):
        motion = drawn(name, body, seed)
        assert motion.frames == FRAMES
        assert (motion.angles >= low - 1e-6).all()
        assert (motion.angles <= high + 1e-6).all()
        joints, turns = in_world(motion, body)
        lowest = kinematics.touch(joints, turns, body)[0][..., 1].min(axis=1)
        assert lowest.min() > -0.03, "nothing is below the ground"
        if motion.path_m is None:
            assert np.percentile(lowest[~motion.airborne], 90) < 0.03, "something touches it"
        speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1) * timing.FPS
        assert speed.max() < 22
        assert np.percentile(speed, 99) < 12
        assert np.ptp(joints - joints[:, :1], axis=0).max() > 0.03, "it moves"
    assert np.isfinite(drawn(name, body, 9, 8).angles).all()


@pytest.mark.parametrize("name", sorted(CARRIED_BY))
def test_every_carrying_part_is_on_the_ground(name: str, body: limbs.Dimensions) -> None:
    for seed in range(3):
        joints, turns = in_world(drawn(name, body, seed), body)
        points, _ = kinematics.touch(joints, turns, body)
        for group in CARRIED_BY[name]:
            lowest = points[:, kinematics.rows(*group), 1].min(axis=1)
            assert np.percentile(lowest, 90) < 0.06, group


@pytest.mark.parametrize("name", STANDING)
def test_who_stands_is_balanced(name: str, body: limbs.Dimensions) -> None:
    """The centre of mass is over the feet that are on the ground, and their soles are flat on it."""
    beside = []
    for seed in range(3):
        motion = drawn(name, body, seed)
        joints, turns = in_world(motion, body)
        points = kinematics.touch(joints, turns, body)[0][:, kinematics.rows("toes", "heel")]
        centre = kinematics.Posed(joints, turns).centre_of_mass_m
        down = points[..., 1] < 0.03
        assert (down.sum(axis=1) >= 2).mean() > 0.7
        nearest, farthest = (
            reduce(np.where(down[..., None], points[..., [0, 2]], worst), axis=1)
            for reduce, worst in ((np.min, np.inf), (np.max, -np.inf))
        )
        outside = np.maximum(nearest - centre[:, [0, 2]], centre[:, [0, 2]] - farthest).max(axis=1)
        beside.append(outside[down.any(axis=1)])
    assert np.percentile(np.concatenate(beside), 85) < 0.10


def test_ladders_are_climbed_by_feet_that_rest(body: limbs.Dimensions) -> None:
    joints, _ = in_world(drawn("climb", body), body)
    assert np.ptp(joints[:, 0, 1]) > 0.8
    speed = np.linalg.norm(np.diff(joints[:, [7, 8]], axis=0), axis=-1) * timing.FPS
    assert np.median(speed.min(axis=1)) < 0.08, "one foot stands while the other climbs"


@pytest.mark.slow
def test_no_family_is_another(body: limbs.Dimensions) -> None:
    """Mean poses in the frame of the heading, all pairs of motions, everyday ones included."""
    means = {}
    for name, maker in ({name: maker for name, (_, maker) in MOTIONS.items()} | FAMILY_MOTIONS).items():
        poses = []
        for seed in range(4):
            motion = maker(np.random.default_rng([9, seed]), 60, body)
            poses.append(kinematics.posed(motion.angles, motion.tumble, body).joints_m.mean(axis=0))
        means[name] = np.mean(poses, axis=0)
    for name in FAMILY_MOTIONS:
        for other, mean in means.items():
            if other != name:
                assert 1000 * np.linalg.norm(means[name] - mean, axis=-1).mean() > 25, (name, other)


def test_the_second_held_out_set(held: Clips) -> None:
    validate_clips(held, "held-out families")
    assert set(held.actions) == set(FAMILY_MOTIONS)
    assert held.keypoints.min() > 0, "the whole person is in the picture"
    assert held.keypoints.max() < 1000
    np.testing.assert_array_equal(held_out_family_clips().keypoints, held.keypoints)
    assert len(np.intersect1d(held.betas, held_out_clips(24).betas)) < 3  # but for values at the bound
    up = (held.joints_cam[:, 10] - held.joints_cam[:, 0]) @ np.array([0.0, -1.0, 0.0])
    assert (up < 0).mean() > 0.02, "some are upside down"


def test_the_skin_stays_above_the_ground(held: Clips) -> None:
    """The body's own vertices: measured along the world's up, none is far below the lowest of its clip's median."""
    model = builtin_body()
    names = held.clip_name
    for clip in range(0, held.num_clips, 5):
        if str(names[clip]).startswith("climb"):
            continue
        rows = np.arange(held.clip_start[clip], held.clip_start[clip + 1])[::10]
        turns = rot.axis_angle_to_matrix(jnp.asarray(held.poses[rows]))
        betas = jnp.asarray(np.repeat(held.betas[clip][None], len(rows), 0))
        skin = np.asarray(vertices(model, betas, turns, jnp.asarray(held.transl_cam_m[rows])))
        height = (skin @ held.up_cam[clip]).min(axis=1)
        assert height.max() - height.min() < 0.9
        assert np.median(height) - height.min() < 0.08, names[clip]


def test_everyday_motion_is_the_default_and_shares_are_kept() -> None:
    generator = lambda: np.random.default_rng(4)  # noqa: E731
    assert draw_names(generator(), 50, Mixture()) == draw_names(generator(), 50)
    assert set(draw_names(generator(), 200)) <= set(MOTIONS)
    names = draw_names(generator(), 1000, Mixture(families_share=0.4, random_share=0.1, families=("floor", "falls")))
    chosen = set(FAMILIES["floor"]) | set(FAMILIES["falls"])
    assert abs(sum(name in chosen for name in names) - 400) <= 15
    assert abs(names.count("random_poses") - 100) <= 5
    assert abs(names.count("fall") - 200) <= 5
    clips = make_synthetic_clips(2, 4, 30, mixture=Mixture(families_share=1.0))
    assert set(clips.actions) <= set(FAMILY_MOTIONS)


def test_wide_cameras_look_from_below_and_above_at_the_same_motion() -> None:
    everyday = make_synthetic_clips(2, 12, 30, mixture=Mixture())
    wide = make_synthetic_clips(2, 12, 30, mixture=Mixture(wide_share=1.0))
    lowest, highest = ([], [])
    for clips in (everyday, wide):
        pelvis = clips.joints_cam[::30, 0]
        towards = pelvis / np.linalg.norm(pelvis, axis=-1, keepdims=True)
        degrees = np.degrees(np.arcsin(-(towards * clips.up_cam).sum(-1)))
        lowest.append(degrees.min())
        highest.append(degrees.max())
    assert list(wide.clip_name) == list(everyday.clip_name)
    np.testing.assert_array_equal(wide.betas, everyday.betas)
    assert lowest[0] > -5 > -15 > lowest[1] > -41
    assert highest[0] < 37 < highest[1] < 62


@pytest.mark.parametrize(
    ("mixture", "words"),
    [
        (Mixture(families_share=0.5, families=("flor",)), "unknown motion family 'flor'"),
        (Mixture(families_share=0.8, random_share=0.4), "at most 1"),
        (Mixture(families_share=0.1, families=()), "needs one at least"),
    ],
)
def test_a_mixture_that_cannot_be_is_the_users(mixture: Mixture, words: str) -> None:
    with pytest.raises(UserError, match=words):
        make_synthetic_clips(0, 2, 30, mixture=mixture)


@pytest.mark.parametrize("lines", [["a.b knee 1", "c.d hip_abd 1", "a.b elbow 2"], ["a.b knee 1 elbow 2 knee 3"]])
def test_a_pose_or_an_angle_that_is_there_twice_is_no_table(lines: list[str]) -> None:
    with pytest.raises(ValueError, match="twice"):
        key_poses._read(lines)


def test_levelled_settled_and_balanced(body: limbs.Dimensions) -> None:
    plank = phrases.act(np.random.default_rng(0), 10, body, [(key_poses.KEY_POSES["floor.plank"], 0.1, 1.0)])
    tilted = plank[1] + np.radians([20.0, 0.0, 0.0])
    tumble = balance.level(plank[0], tilted, body, ("hand",), ("toes", "ball"))
    points, _ = kinematics.touch(*balance_parts(plank[0], tumble, body), body)
    hands, toes = (points[:, kinematics.rows(*g), 1].min(axis=1) for g in (("hand",), ("toes", "ball")))
    np.testing.assert_allclose(hands, toes, atol=0.01)
    standing = angles.pose(spine_flex=30.0)[None]
    stand = balance.balance(standing, np.zeros((1, 3)), body, np.ones((1, 2)))
    joints, turns = balance_parts(standing, stand, body)
    centre = kinematics.Posed(joints, turns).centre_of_mass_m
    soles = kinematics.touch(joints, turns, body)[0][:, kinematics.rows("ball", "heel")].mean(axis=1)
    np.testing.assert_allclose((centre - soles)[:, [0, 2]], 0, atol=0.01)
    lying, thrown = angles.pose()[None], np.radians([[-60.0, 10.0, 0.0]])
    settled = balance.settle(lying, thrown, body)
    assert abs(np.degrees(settled[1][0, 0]) + 84) < 10, "down on the back"


def balance_parts(pose: np.ndarray, tumble: np.ndarray, body: limbs.Dimensions) -> tuple[np.ndarray, np.ndarray]:
    now = kinematics.posed(pose, tumble, body)
    return now.joints_m, now.rotations


def test_a_mirrored_tumble_is_the_mirrored_body(body: limbs.Dimensions) -> None:
    motion = phrases.whole_body(angles.pose()[None], np.array([[0.7, 0.4, -0.3]]))
    joints = kinematics.posed(motion.angles, motion.tumble, body).joints_m
    other = timing.mirrored(motion)
    mirrored = kinematics.posed(other.angles, other.tumble, body).joints_m
    np.testing.assert_allclose(mirrored, joints[:, list(SMPL24.mirror)] * [-1, 1, 1], atol=0.003)
