"""Motion capture seen by virtual cameras: BVH and AMASS in, native clips out; truth that fits its picture."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.body.builtin import BUILTIN_NAME, builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.data.clips import TRUTH_FIELDS, Clips
from pn3d.data.simulated_detector import detect
from pn3d.data.virtual_cameras import cameras_around, look_along
from pn3d.datasets.bvh import read_bvh_file
from pn3d.datasets.bvh_names import h36m17_joints_m
from pn3d.datasets.mocap import read_amass, read_bvh
from pn3d.datasets.notes import DataNote
from pn3d.datasets.smpl_motion import joints_by_landmarks
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from tests.support.bvh_files import bvh_text, cmu_skeleton, motion_of

LIMBS = [joint.endswith(("knee", "ankle", "elbow", "wrist")) for joint in H36M17.joints]


def write_bvh(path: Path, frames: int = 90, seed: int = 0) -> Path:
    skeleton = cmu_skeleton()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(bvh_text(skeleton, *motion_of(skeleton, frames, seed)))
    return path


def assert_truth_fits_the_picture(clips: Clips) -> None:
    k = clips.intrinsics[clips.clip_of_frame][:, None]
    px = clips.joints_cam[..., :2] / clips.joints_cam[..., 2:] * k[..., :2] + k[..., 2:]
    seen = clips.confidence > 0
    assert seen.mean() > 0.9
    np.testing.assert_allclose(clips.keypoints[seen], px[seen], atol=0.02)
    np.testing.assert_array_equal(clips.keypoints[~seen], 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bvh")
    write_bvh(path / "walk" / "a.bvh", 90, 0)
    write_bvh(path / "walk" / "b.BVH", 61, 1)
    write_bvh(path / "run.bvh", 45, 2)
    return path


def test_bvh_clips(folder: Path) -> None:
    train, test = (read_bvh(folder, split=split)[split] for split in ("train", "test"))
    assert train.clip_name.tolist() == [f"{n}/cam{k}" for n in ("run", "walk/a", "walk/b") for k in range(4)]
    assert train.actions.tolist() == ["run"] * 4 + ["walk"] * 8
    assert train.lengths[::4].tolist() == [12, 23, 16], "120 frames per second become 30"
    np.testing.assert_allclose(train.fps, 30, atol=0.01)
    assert all(getattr(train, key) is None for key in (*TRUTH_FIELDS, "intrinsics"))
    np.testing.assert_array_equal(train.keypoints, test.keypoints)
    assert_truth_fits_the_picture(test)
    joints = h36m17_joints_m(read_bvh_file(folder / "walk" / "a.bvh"))[::4]
    for clip in range(4, 8):  # the same motion from each camera, upright
        seen = test.joints_cam[test.clip_start[clip] : test.clip_start[clip + 1]].astype(float)
        turn, spread = Rotation.align_vectors(
            (seen - seen[0, 0]).reshape(-1, 3), (joints - joints[0, 0]).reshape(-1, 3)
        )
        assert spread < 1e-3
        np.testing.assert_allclose(test.up_cam[clip], turn.apply([0, 1, 0]), atol=1e-4)
        assert test.up_cam[clip][1] < -0.9
        assert -0.4 < test.up_cam[clip][2] < -0.04, "cameras look down by 3 to 22 degrees"


def test_draws_depend_on_seed_and_name_alone(folder: Path) -> None:
    whole = read_bvh(folder, seed=3)["train"]
    again = read_bvh(folder, seed=3)["train"]
    np.testing.assert_array_equal(whole.keypoints, again.keypoints)
    alone = read_bvh(folder / "run.bvh", seed=3)["train"]
    np.testing.assert_array_equal(alone.keypoints, whole.keypoints[: alone.frames])
    assert np.abs(read_bvh(folder, seed=4)["train"].keypoints - whole.keypoints).max() > 10
    focal = read_bvh(folder, seed=3, split="test")["test"].intrinsics[:, 0]
    assert len(np.unique(focal)) == len(focal), "each file has cameras of its own"


def test_options_of_bvh(folder: Path) -> None:
    path = folder / "walk" / "a.bvh"
    slow = read_bvh(path, cameras=2, fps=60, skip_frames=1, detector=True)["train"]
    assert slow.lengths.tolist() == [45, 45]
    np.testing.assert_allclose(slow.fps, 60, atol=0.02)
    assert len(np.unique(slow.confidence)) > 100
    for call, message in (
        (lambda: read_bvh(path, split="dev"), "unknown split 'dev'"),
        (lambda: read_bvh(path, skip_frames=90), "none is left after skipping 90"),
        (lambda: read_bvh(path, fps=0), "cannot come from 120 to 0"),
        (lambda: read_bvh(folder / "none"), "no such file or folder"),
        (lambda: read_amass(folder), r"no \.npz file is in it"),
    ):
        with pytest.raises(UserError, match=message):
            call()


def test_cameras_stand_around_and_see_the_whole_clip() -> None:
    joints = np.random.default_rng(0).normal([1, 1, 2], 0.3, (20, 17, 3)) + np.linspace(0, 5, 20)[:, None, None] * [
        1,
        0,
        0,
    ]
    cameras = cameras_around(np.random.default_rng(1), joints, 4)
    path = joints[:, 0]
    target = (path.min(axis=0) + path.max(axis=0)) / 2
    azimuths = []
    for camera in cameras:
        assert camera.sees(camera.to_camera(joints)).all()
        np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(camera.rotation) == pytest.approx(1)
        np.testing.assert_allclose(camera.to_camera(target)[:2], 0, atol=1e-9)
        out = camera.centre_m - target
        assert 4 <= np.linalg.norm(out) <= 10
        assert 3 <= np.degrees(np.arcsin(out[1] / np.linalg.norm(out))) <= 22
        azimuths.append(np.degrees(np.arctan2(out[0], out[2])))
        behind = camera.centre_m + out
        assert not camera.sees(camera.to_camera(behind))
    steps = np.diff(np.unwrap(azimuths, period=360))
    assert ((steps >= 70) & (steps <= 110)).all()
    np.testing.assert_allclose(look_along(np.array([0, 0, -1.0])), np.diag([1, -1, -1]), atol=1e-12)


def test_simulated_detections_have_the_sizes_of_the_benchmark() -> None:
    rng = np.random.default_rng(0)
    exact = np.broadcast_to(rng.uniform(300, 700, (17, 2)), (6000, 17, 2)).copy()
    exact[:, 0, 1], exact[:, 1, 1] = 300, 700
    visible = np.ones((6000, 17), bool)
    visible[:, 5] = False
    found, confidence = detect(rng, exact, 30.0, visible)
    assert (confidence[:, 5] == 0).all()
    dropped = confidence == 0
    assert (found[dropped] == 0).all()
    np.testing.assert_allclose(np.delete(dropped, 5, axis=1).mean(), 0.01, atol=0.002)
    error = (found - exact) / 400
    size = np.where(dropped, np.nan, np.linalg.norm(error, axis=-1))
    np.testing.assert_allclose(np.nanmean(size), 0.0165, atol=0.0008)
    outlier = ~dropped & (confidence < 0.5)
    np.testing.assert_allclose(outlier.mean(), 0.015, atol=0.002)
    calm = np.where(outlier, np.nan, size)
    np.testing.assert_allclose(np.nanmedian(calm[:, LIMBS]), 0.0178, rtol=0.03)
    np.testing.assert_allclose(np.nanmedian(calm[:, ~np.array(LIMBS)]), 0.0107, rtol=0.03)
    steady = np.where((dropped | outlier)[..., None], np.nan, error)
    correlation = np.nanmean(steady[1:] * steady[:-1]) / np.nanmean(steady**2)
    np.testing.assert_allclose(correlation, 0.7, atol=0.03)
    assert abs(np.nanmean(steady)) < 1e-3, "no bias"
    # Half as large a person at twice the rate: half the error, and closer from frame to frame.
    found, confidence = detect(rng, exact / 2, 60.0)
    steady = np.where((confidence < 0.5)[..., None], np.nan, (found - exact / 2) / 200)
    np.testing.assert_allclose(np.nanmean(np.linalg.norm(steady, axis=-1)), 0.0149, rtol=0.03)
    correlation = np.nanmean(steady[1:] * steady[:-1]) / np.nanmean(steady**2)
    np.testing.assert_allclose(correlation, 0.7**0.5, atol=0.02)


def amass_file(path: Path, kind: str = "smplh", frames: int = 25, seed: int = 0, **changes: Any) -> dict[str, Any]:
    """As AMASS distributes them: float64, z up, gender as text or bytes."""
    rng = np.random.default_rng(seed)
    width = {"smplh": 156, "smplx": 165}[kind]
    poses = 0.2 * rng.standard_normal((1, width)) + np.cumsum(0.01 * rng.standard_normal((frames, width)), axis=0)
    poses[:, :3] = Rotation.from_euler("xz", [np.pi / 2, 0.7]).as_rotvec() + 0.05 * rng.standard_normal(3)
    arrays = {
        "poses": poses,
        "betas": rng.standard_normal(16),
        "trans": rng.normal([1, 2, 0.9], 0.1, (1, 3)) + np.linspace(0, 0.5, frames)[:, None],
        "gender": np.array(b"female", "S6") if kind == "smplh" else np.array("neutral"),
        "mocap_framerate" if kind == "smplh" else "mocap_frame_rate": np.array(120.0),
        "dmpls": np.zeros((frames, 8)),
    }
    if kind == "smplh":
        arrays["marker_labels"] = np.array(["LFHD", "RFHD"], dtype=object)  # some parts keep them pickled
    arrays = {key: value for key, value in (arrays | changes).items() if value is not None}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return arrays


def test_amass_truth_is_the_body_that_is_seen(tmp_path: Path) -> None:
    source = amass_file(tmp_path / "CMU" / "01" / "01_01_poses.npz")
    amass_file(tmp_path / "KIT" / "x_stageii.npz", "smplx", frames=9)
    np.savez(tmp_path / "CMU" / "01" / "shape.npz", betas=np.zeros(16))
    np.savez(tmp_path / "KIT" / "neutral_stagei.npz", betas=np.zeros(16), markers_latent=np.zeros((4, 3)))
    clips = read_amass(tmp_path, split="test")["test"]
    assert clips.clip_name[[0, 3, 4]].tolist() == [
        "CMU/01/01_01_poses/cam0",
        "CMU/01/01_01_poses/cam3",
        "KIT/x_stageii/cam0",
    ]
    assert clips.lengths.tolist() == [7] * 4 + [3] * 4
    assert clips.body == BUILTIN_NAME
    assert (clips.betas == 0).all(), "coefficients of SMPL mean nothing to the built-in body"
    assert_truth_fits_the_picture(clips)
    # Forward kinematics of the parameters in the camera gives the joints in the camera.
    frames = np.arange(7)
    of_body = joints_by_landmarks(builtin_body(), builtin_landmarks())
    joints = of_body(np.zeros(10), clips.poses[frames], clips.transl_cam_m[frames])
    np.testing.assert_allclose(joints, clips.joints_cam[frames], atol=2e-5)
    # The file's own axes: z up, so the person stands along the camera's up.
    np.testing.assert_allclose(clips.poses[frames][:, 1:22], source["poses"][::4, 3:66].reshape(7, 21, 3), atol=1e-6)
    assert (clips.poses[:, 22:] == 0).all()
    trunk = clips.joints_cam[:, 8] - clips.joints_cam[:, 0]
    assert (np.sum(trunk * clips.up_cam[clips.clip_of_frame], axis=1) > 0.3).all()
    moved = clips.joints_cam[frames[-1], 0] - clips.joints_cam[0, 0]
    climbed = source["trans"][24, 2] - source["trans"][0, 2]
    np.testing.assert_allclose(moved @ clips.up_cam[0], climbed, atol=0.03)
    train = read_amass(tmp_path)["train"]
    assert all(getattr(train, key) is None for key in (*TRUTH_FIELDS, "intrinsics"))
    np.testing.assert_array_equal(train.keypoints, clips.keypoints)


def test_models_of_the_family_are_told_apart_by_what_is_in_the_file(tmp_path: Path) -> None:
    """The same 22 rotations as SMPL, SMPL-H, SMPL-X, in parts, and as STAR: one motion."""
    path = tmp_path / "a_stageii.npz"
    source = amass_file(path, "smplx", frames=9)
    expected = read_amass(path, split="test")["test"]
    shared, rest = source["poses"][:, :66], np.zeros((9, 99))
    parts = {"root_orient": shared[:, :3], "pose_body": shared[:, 3:], "pose_jaw": rest[:, :3], "poses": None}
    cases: tuple[dict[str, Any], ...] = (
        {"poses": np.concatenate([shared, rest[:, :90]], axis=1), "surface_model_type": np.array("smplh")},
        {"surface_model_type": np.array(["smplx"], dtype=object)},
        {"poses": np.concatenate([shared, rest[:, :6]], axis=1)},
        parts,
    )
    for changes in cases:
        amass_file(path, "smplx", frames=9, **changes)
        np.testing.assert_array_equal(read_amass(path, split="test")["test"].poses, expected.poses)
    hands = np.concatenate([shared, rest[:, :6] + 0.2], axis=1)
    amass_file(path, "smplx", frames=9, poses=hands, surface_model_type=np.array(b"STAR"))
    with pytest.warns(DataNote, match="motion of STAR, whose shape"):
        star = read_amass(path, split="test")["test"]
    np.testing.assert_allclose(star.poses[:, 22:], 0.2, atol=1e-6)
    np.savez(path, betas=np.zeros(16), gender="neutral", markers_latent=np.zeros((4, 3)))
    with pytest.raises(UserError, match=r"shape \(stage I\) is no motion"):
        read_amass(path)
    path.rename(tmp_path / "neutral_stagei.npz")
    with pytest.raises(UserError, match="only shapes of subjects"):
        read_amass(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"poses": np.zeros((5, 93))},
            r"have 72 \(SMPL\), 156 \(SMPL-H\), 165 \(SMPL-X\) values a frame, found 93",
        ),
        ({"surface_model_type": np.array("smplx")}, "says that its model is smplx, but 'poses' have 156 values"),
        ({"poses": np.zeros((25, 72)), "surface_model_type": np.array("mano")}, "motion of a 'mano' model"),
        ({"poses": None}, "no key 'poses'"),
        ({"poses": np.full((25, 156), np.nan)}, "'poses' must be finite"),
        ({"poses": np.zeros((0, 156))}, r"found \(0, 156\)"),
        ({"trans": np.zeros((24, 3))}, r"'trans' must have shape \(25, 3\), found \(24, 3\)"),
        ({"mocap_framerate": None}, "needs its frame rate in mocap_framerate or mocap_frame_rate"),
        ({"mocap_framerate": np.array("fast")}, "needs its frame rate"),
        ({"poses": np.array({"a": 1}, dtype=object)}, "'poses' must have 72"),
    ],
)
def test_bad_amass_files(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    amass_file(tmp_path / "a_poses.npz", **changes)
    with pytest.raises(UserError, match=message) as caught:
        read_amass(tmp_path)
    assert "\n" not in str(caught.value)
    assert re.search(r"a_poses\.npz", str(caught.value))
