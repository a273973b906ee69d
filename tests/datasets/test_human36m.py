"""Human3.6M in VideoPose3D's layout: files written as its scripts write them and read back."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.commands.main import main
from pn3d.data.clips import TRUTH_FIELDS, Clips, read_clips, write_clips
from pn3d.datasets.human36m import KEPT_JOINTS, read_human36m
from pn3d.datasets.human36m_cameras import IMAGE_SIZES, load_cameras
from pn3d.geometry.skeleton import COCO17, H36M17, LAYOUTS
from tests.support.human36m_files import (
    INTRINSICS,
    SEQUENCES,
    make_cameras,
    project_point,
    world_joints,
    write_2d,
    write_3d,
    write_cameras,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("h36m")
    write_3d(path, world_joints())
    write_2d(path, extra=2)
    write_cameras(path, "py")
    return path


@pytest.fixture(scope="module")
def splits(folder: Path) -> dict[str, Clips]:
    return read_human36m(folder)


def test_subjects_actions_trials_and_cameras(splits: dict[str, Clips]) -> None:
    sequences = {split: [str(n)[:-5] for n in clips.clip_name[::4]] for split, clips in splits.items()}
    assert sorted(sequences["train"]) == [
        *("Directions/S5_0", "Directions/S5_1", "Photo/S1_0", "Walking/S1_0", "Walking/S1_1")
    ]
    # The corrupt first trial of S11 is gone, and the second keeps its number.
    assert sorted(sequences["test"]) == ["Directions/S11_1", "Sitting/S9_0", "SittingDown/S9_0", "WalkDog/S9_0"]
    for clips in splits.values():
        assert [str(name)[-5:] for name in clips.clip_name] == ["/cam0", "/cam1", "/cam2", "/cam3"] * (
            clips.num_clips // 4
        )
        np.testing.assert_array_equal(clips.image_size[:4], IMAGE_SIZES)
        assert (clips.fps == 50).all()
        assert clips.layout == H36M17
        assert (clips.confidence == 1).all()
    lengths = dict(zip(splits["train"].clip_name.tolist(), splits["train"].lengths, strict=True))
    assert lengths["Walking/S1_0/cam0"] == 6 + 2
    assert lengths["Walking/S1_1/cam0"] == 7 + 2
    lengths = dict(zip(splits["test"].clip_name.tolist(), splits["test"].lengths, strict=True))
    assert lengths["SittingDown/S9_0/cam3"] == 6, "2D is cut to the frames of the 3D"


def test_the_good_trial_keeps_its_number_where_the_corrupt_one_is_not_in_the_file(tmp_path: Path, folder: Path) -> None:
    write_2d(tmp_path, change=lambda positions, _: positions["S11"].pop("Directions"))
    write_3d(tmp_path, world_joints())
    clips = read_human36m(tmp_path, cameras=folder / "h36m_dataset.py", splits=("test",))["test"]
    assert "Directions/S11_1/cam0" in clips.clip_name.tolist()


def test_training_has_no_3d_and_never_opens_the_file(folder: Path, tmp_path: Path, splits: dict[str, Clips]) -> None:
    assert all(getattr(splits["train"], key) is None for key in TRUTH_FIELDS)
    write_2d(tmp_path, extra=2)
    (tmp_path / "data_3d_h36m.npz").write_text("broken")
    alone = read_human36m(tmp_path, splits=("train",))["train"]
    np.testing.assert_array_equal(alone.keypoints, splits["train"].keypoints)
    assert alone.intrinsics is None, "no cameras, no intrinsics"


def test_truth_is_in_camera_axes_and_projects_onto_the_2d(splits: dict[str, Clips]) -> None:
    clips, cameras = splits["test"], make_cameras()
    world = world_joints()["S9"]["WalkingDog"][:, list(KEPT_JOINTS)]
    for k in range(4):
        clip = clips.clip_name.tolist().index(f"WalkDog/S9_0/cam{k}")
        frames = slice(clips.clip_start[clip], clips.clip_start[clip + 1])
        for t, j in ((0, 0), (1, 7), (2, 16)):
            camera_point, pixel = project_point(world[t, j], cameras["S9"][k], INTRINSICS[k])
            np.testing.assert_allclose(clips.joints_cam[frames][t, j], camera_point, atol=1e-5)
            np.testing.assert_allclose(clips.keypoints[frames][t, j], pixel, atol=1e-3)
        np.testing.assert_allclose(clips.intrinsics[clip], [1145 + k, 1143, 512.5 + k, 509 - k])
        w, *xyz = cameras["S9"][k]["orientation"]
        np.testing.assert_allclose(clips.up_cam[clip], Rotation.from_quat([*xyz, w]).inv().apply([0, 0, 1]), atol=1e-6)


def test_projecting_the_3d_gives_the_2d_ground_truth(folder: Path, tmp_path: Path, splits: dict[str, Clips]) -> None:
    write_3d(tmp_path, world_joints())
    projected = read_human36m(tmp_path, detections="projected", cameras=folder / "h36m_dataset.py")
    np.testing.assert_allclose(projected["test"].keypoints, splits["test"].keypoints, atol=2e-3)
    np.testing.assert_array_equal(projected["test"].joints_cam, splits["test"].joints_cam)
    assert projected["train"].joints_cam is None


@pytest.mark.parametrize("kind", ["json", "npz"])
def test_camera_layouts_agree(kind: str, folder: Path, tmp_path: Path) -> None:
    a, b = load_cameras(folder / "h36m_dataset.py"), load_cameras(write_cameras(tmp_path, kind))
    assert a.keys() == b.keys() == SEQUENCES.keys()
    for subject in a:
        for left, right in zip(a[subject], b[subject], strict=True):
            for key in ("intrinsics", "distortion", "rotation", "centre_m"):
                np.testing.assert_allclose(getattr(left, key), getattr(right, key), atol=1e-5, err_msg=key)


@pytest.mark.parametrize(("name", "layout"), [("detectron_pt_coco", "coco"), ("sh_ft_h36m", "mpii")])
def test_detectors_of_other_layouts_are_mapped_by_name(name: str, layout: str, folder: Path, tmp_path: Path) -> None:
    write_3d(tmp_path, world_joints())
    positions = write_2d(tmp_path, name, layout)
    clips = read_human36m(tmp_path, cameras=folder / "h36m_dataset.py")["test"]
    source = COCO17 if layout == "coco" else LAYOUTS["mpii16"]
    clip = clips.clip_name.tolist().index("Sitting/S9_0/cam2")
    frames = slice(clips.clip_start[clip], clips.clip_start[clip + 1])
    for j, joint in enumerate(H36M17.joints):
        if joint in source.joints:
            np.testing.assert_array_equal(
                clips.keypoints[frames, j], positions["S9"]["Sitting"][2][:, source.index(joint)]
            )
        assert (clips.confidence[frames, j] == (joint in source.joints)).all()
    assert clips.joints_cam.shape == (clips.frames, 17, 3)


def test_the_command_writes_a_file_for_each_split(
    folder: Path, tmp_path: Path, splits: dict[str, Clips], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert-data", "human36m", str(folder), str(tmp_path / "h36m.npz")]) == 0
    for split, clips in splits.items():
        written = read_clips(tmp_path / f"h36m_{split}.npz", truth=True)
        np.testing.assert_array_equal(written.keypoints, clips.keypoints)
        assert (written.joints_cam is None) == (split == "train")
    only = ["convert-data", "human36m", str(folder), str(tmp_path / "only.npz"), "--set", "splits=train"]
    assert main(only) == 0
    assert read_clips(tmp_path / "only.npz").frames == splits["train"].frames
    capsys.readouterr()
    assert main([*only[:-1], "splits=dev"]) == 2
    assert "unknown split dev of Human3.6M" in capsys.readouterr().err


def test_native_round_trip(splits: dict[str, Clips], tmp_path: Path) -> None:
    for split, clips in splits.items():
        write_clips(tmp_path / f"{split}.npz", clips)
        again = read_clips(tmp_path / f"{split}.npz", truth=True)
        np.testing.assert_array_equal(again.keypoints, clips.keypoints)
        assert (again.joints_cam is None) == (split == "train")
