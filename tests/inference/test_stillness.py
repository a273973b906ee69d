"""Who stands still in the picture keeps the pose of trunk and legs."""

import numpy as np
import pytest

import pn3d
from pn3d.data.clips import select
from pn3d.geometry.skeleton import H36M17, SMPL24
from pn3d.inference.stillness import still_joints, still_turns, stillness
from pn3d.synthetic.scenes import held_out_clips

FPS, FRAMES = 30.0, 150
LEG, ARM = SMPL24.index("left_knee"), SMPL24.index("left_elbow")


def picture(noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """(T, 17, 2) rays of who stands and waves, head-root distance 0.2."""
    rng = np.random.default_rng(seed)
    rays = np.repeat(rng.normal(size=(1, 17, 2)), FRAMES, axis=0) * 0.1
    rays[:, H36M17.index("left_wrist")] += 0.1 * np.sin(np.arange(FRAMES) / 5)[:, None]
    return rays + 0.2 * noise * rng.normal(size=rays.shape)


def still_of(rays: np.ndarray, noise: float = 0.0) -> np.ndarray:
    return stillness(rays, np.ones((FRAMES, 17)), np.full(FRAMES, 0.2), np.full(FRAMES, noise), FPS)


def test_waving_is_still_and_walking_is_not() -> None:
    assert still_of(picture()).min() > 0.9
    assert still_of(picture(0.01), 0.01).min() > 0.5
    assert still_of(picture() + 0.002 * np.arange(FRAMES)[:, None, None]).max() < 0.05
    kicking = picture()
    kicking[70:80, H36M17.index("right_ankle")] += 0.1
    assert still_of(kicking)[75] < 0.05
    assert still_of(kicking)[20] > 0.9
    unseen = np.ones((FRAMES, 17))
    unseen[:, H36M17.index("left_knee")] = 0.0
    assert not stillness(picture(), unseen, np.full(FRAMES, 0.2), np.zeros(FRAMES), FPS).any()


def test_trunk_and_legs_rest_and_arms_move_on() -> None:
    turns = np.random.default_rng(1).normal(size=(FRAMES, 24, 6)).astype(np.float32)
    rested = still_turns(turns, np.ones(FRAMES), FPS)
    assert rested[30:-30, LEG].std(axis=0).max() < 0.3 * turns[:, LEG].std(axis=0).min()
    np.testing.assert_array_equal(rested[:, ARM], turns[:, ARM])
    np.testing.assert_array_equal(still_turns(turns, np.zeros(FRAMES), FPS), turns)
    # A movement beside the rest is not averaged into it.
    half = np.where(np.arange(FRAMES) < 75, 1.0, 0.0)
    moved = np.where(half[:, None, None] > 0, 1.0, 9.0) * np.ones_like(turns)
    assert np.abs(still_turns(moved, half, FPS)[:75] - 1.0).max() < 1e-6


def test_the_teachers_depths_rest_as_well() -> None:
    joints = np.random.default_rng(2).normal(size=(FRAMES, 17, 3)).astype(np.float32)
    rested = still_joints(joints, np.ones(FRAMES), FPS)
    knee, elbow = H36M17.index("left_knee"), H36M17.index("left_elbow")
    assert rested[30:-30, knee].std(axis=0).max() < 0.3 * joints[:, knee].std(axis=0).min()
    np.testing.assert_array_equal(rested[:, elbow], joints[:, elbow])


@pytest.mark.parametrize("noise_px", [0.0, 2.0])
def test_the_feet_of_who_stands_and_waves_stand(noise_px: float) -> None:
    clip = select(held_out_clips(4), [3])
    frames = np.concatenate([np.repeat(clip.keypoints[:1], 120, axis=0), np.ones((120, 17, 1))], axis=-1)
    tall = float(np.ptp(clip.keypoints[0, :, 1]))
    to_and_fro = np.sin(2 * np.pi * np.arange(120) / 30)
    shoulder = clip.keypoints[0, H36M17.index("right_shoulder")]
    frames[:, H36M17.index("right_elbow"), :2] = shoulder - 0.1 * tall
    waving = np.stack([0.3 * to_and_fro - 0.1, np.full(120, -0.25)], axis=1)
    frames[:, H36M17.index("right_wrist"), :2] = shoulder + tall * waving
    frames[..., :2] += noise_px * np.random.default_rng(3).normal(size=(120, 17, 2))
    size = (int(clip.image_size[0, 0]), int(clip.image_size[0, 1]))
    found = pn3d.predict(pn3d.load_weights(), frames, layout="h36m17", fps=30, image_size=size, keep_sides=True)
    assert found.body_joints_cam_m is not None
    moved = np.linalg.norm(np.diff(found.body_joints_cam_m, axis=0), axis=-1).mean(axis=0) * 30
    assert moved[[SMPL24.index("left_ankle"), SMPL24.index("right_ankle")]].max() < 0.008
    assert moved[0] < 0.02
