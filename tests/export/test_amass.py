"""AMASS npz: read by the rules of its readers, with a body of the same and of other proportions."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.export.amass import RATES, amass_rate, write_amass
from pn3d.geometry.skeleton import SMPL24
from tests.support.export_samples import rest_joints, sample_motion

BODY = 22


def read_as_smplh(path, rest_joints_m: np.ndarray) -> tuple[np.ndarray, float]:
    """What SMPL+H readers do with the file: pose the rest joints (22, 3), pivot at the pelvis, add trans. Z up."""
    with np.load(path, allow_pickle=False) as file:
        data = dict(file)
    assert data["poses"].shape == (len(data["trans"]), 156)
    assert data["poses"].dtype == data["trans"].dtype == data["betas"].dtype == np.float64
    assert not data["poses"][:, 66:].any()
    assert data["betas"].shape == (16,)
    assert str(data["gender"]) == data["gender"].item() == "neutral"
    rate = float(data["mocap_framerate"])
    assert rate == float(data["mocap_frame_rate"]) == int(rate)
    joints = np.zeros((len(data["poses"]), BODY, 3))
    turns: list[Rotation] = []
    for joint, parent in enumerate(SMPL24.parents[:BODY]):
        local = Rotation.from_rotvec(data["poses"][:, 3 * joint : 3 * joint + 3])
        if parent < 0:
            turns.append(local)
            joints[:, joint] = rest_joints_m[joint] + data["trans"]
        else:
            turns.append(turns[parent] * local)
            joints[:, joint] = joints[:, parent] + turns[parent].apply(rest_joints_m[joint] - rest_joints_m[parent])
    return joints, rate


def y_up(z_up: np.ndarray) -> np.ndarray:
    """aitviewer's own matrix, applied to points."""
    return z_up @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]).T


@pytest.mark.parametrize("proportions", ["usual", "other"])
def test_a_reader_with_the_same_body_finds_the_joints(tmp_path, proportions):
    motion = sample_motion(frames=30, fps=30.0, proportions=proportions)
    motion = dataclasses.replace(motion, betas_are_smpl=True, betas=np.arange(1, 11) / 10)
    path = write_amass(tmp_path / "motion.npz", motion)
    joints, rate = read_as_smplh(path, motion.rest_joints_m)
    assert rate == 30
    assert np.abs(y_up(joints) - motion.body_joints_world_m()[:, :BODY]).max() < 1e-4
    np.testing.assert_allclose(np.load(path)["betas"][:10], motion.betas)


def test_a_reader_with_zero_shape_finds_the_directions_and_the_pelvis(tmp_path):
    motion = sample_motion(frames=30, fps=30.0, proportions="other")
    path = write_amass(tmp_path / "motion.npz", motion)
    assert not np.load(path)["betas"].any()
    joints = y_up(read_as_smplh(path, rest_joints("usual"))[0])
    expected = motion.body_joints_world_m()[:, :BODY]
    assert np.abs(joints[:, 0] - expected[:, 0]).max() < 1e-4
    for parent, child in SMPL24.bones:
        if child >= BODY or parent in (0, 9):
            continue
        a, b = joints[:, child] - joints[:, parent], expected[:, child] - expected[:, parent]
        sine = np.linalg.norm(np.cross(a, b), axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert np.degrees(np.arcsin(sine)).max() < 0.1, SMPL24.joints[child]


def test_rates():
    assert [amass_rate(fps) for fps in (12, 23.976, 29.97, 30, 50, 59.94, 90, 240)] == [
        30, 30, 30, 30, 60, 60, 120, 120,
    ]  # fmt: skip


@pytest.mark.parametrize("fps", [25.0, 29.97, 50.0, 240.0])
def test_resampled_motion_keeps_its_duration_and_its_path(tmp_path, fps):
    motion = sample_motion(frames=60, fps=fps)
    joints, rate = read_as_smplh(write_amass(tmp_path / "motion.npz", motion), rest_joints("usual"))
    assert rate in RATES
    assert 0 <= 59 / fps - (len(joints) - 1) / rate < 1 / rate
    exact = motion.body_joints_world_m()[:, 0]
    path = np.stack([np.interp(np.arange(len(joints)) / rate, np.arange(60) / fps, exact[:, i]) for i in range(3)], 1)
    assert np.abs(y_up(joints)[:, 0] - path).max() < 1e-6
