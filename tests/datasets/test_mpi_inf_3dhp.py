"""MPI-INF-3DHP as P-STMO's npz and as annot_data.mat, written in those layouts, read back, and broken."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pn3d.data.clips import TRUTH_FIELDS
from pn3d.datasets.mpi_inf_3dhp import TO_H36M17, read_mpi_inf_3dhp
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17

# The data set's own names of its 17 joints, as its documentation lists them, in our words.
NAMES = [
    *("head", "thorax", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist"),
    *("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "pelvis", "spine", "neck"),
]


def train_data(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    view = lambda n: {  # noqa: E731
        "data_2d": rng.uniform(0, 2048, (n, 17, 2)),
        "data_3d": rng.uniform(-1000, 4000, (n, 17, 3)),
    }
    return {
        "S1 Seq1": [{"0": view(7), "8": view(7)}, 25],
        "S2 Seq2": [{"4": view(5)}, 50],
    }


def evaluation_data(seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        name: {
            "data_2d": rng.uniform(0, 1000, (n, 17, 2)),
            "data_3d": rng.uniform(-1000, 4000, (n, 17, 3)),
            "valid": (np.arange(n) % 3 == 0).astype(float),
        }
        for name, n in (("TS1", 8), ("TS6", 5))
    }


def write(folder: Path, split: str, data: Any) -> None:
    np.savez_compressed(folder / f"data_{split}_3dhp.npz", data=data)


def test_joint_order() -> None:
    assert tuple(NAMES[i] for i in TO_H36M17) == H36M17.joints


def test_npz_forms(tmp_path: Path) -> None:
    write(tmp_path, "train", train_data())
    write(tmp_path, "test", evaluation_data())
    clips = read_mpi_inf_3dhp(tmp_path)
    train, test = clips["train"], clips["test"]
    assert train.clip_name.tolist() == ["S1/Seq1/cam0", "S1/Seq1/cam8", "S2/Seq2/cam4"]
    assert train.fps.tolist() == [25, 25, 50]
    assert (train.image_size == 2048).all()
    assert all(getattr(train, key) is None for key in TRUTH_FIELDS)
    source = train_data()["S2 Seq2"][0]["4"]["data_2d"]
    for j, joint in enumerate(H36M17.joints):
        np.testing.assert_allclose(train.keypoints[14:, j], source[:, NAMES.index(joint)], rtol=1e-6)
    assert test.clip_name.tolist() == ["TS1/TS1/cam0", "TS6/TS6/cam0"]
    assert test.image_size.tolist() == [[2048, 2048], [1920, 1080]]
    assert test.scored.tolist() == [i % 3 == 0 for i in (*range(8), *range(5))]
    truth = evaluation_data()["TS1"]["data_3d"]
    np.testing.assert_allclose(test.joints_cam[:8, 0], truth[:, 14] / 1000, rtol=1e-5)
    only = read_mpi_inf_3dhp(tmp_path / "data_test_3dhp.npz")
    assert list(only) == ["test"]


def test_training_does_not_look_at_the_3d(tmp_path: Path) -> None:
    data = train_data()
    for views, _ in data.values():
        for view in views.values():
            view["data_3d"] = None
    write(tmp_path, "train", data)
    assert read_mpi_inf_3dhp(tmp_path)["train"].frames == 7 + 7 + 5


def _with(split: str, *path: Any, value: Any) -> tuple[str, Callable[[dict[str, Any]], None]]:
    def change(data: dict[str, Any]) -> None:
        target: Any = data
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return split, change


BAD = {
    "unknown sequence": (_with("train", "Seq1", value=[{}, 25]), "keys such as 'S1 Seq1', found 'Seq1'"),
    "no rate": (_with("train", "S1 Seq1", value=[{}]), "'S1 Seq1' must be a list of 2, found a list of 1"),
    "odd rate": (_with("train", "S1 Seq1", 1, value="25"), "must end with its frame rate"),
    "no cameras": (_with("train", "S1 Seq1", 0, value={}), "cameras of 'S1 Seq1' must be a dictionary with entries"),
    "unknown camera": (_with("train", "S1 Seq1", 0, "3", value={}), "cameras are 0, 1, 2, 4"),
    "no 2D": (_with("train", "S1 Seq1", 0, "0", value={"x": 1}), "no key 'data_2d'; it has 'x'"),
    "28 joints": (_with("train", "S1 Seq1", 0, "0", "data_2d", value=np.ones((7, 28, 2))), r"\(T, 17, 2\), found"),
    "normalised": (_with("train", "S1 Seq1", 0, "0", "data_2d", value=np.ones((7, 17, 2))), "must be in pixels"),
    "test key": (_with("test", "TS7", value={}), "keys TS1, TS2.*found 'TS7'"),
    "lengths": (_with("test", "TS1", "data_3d", value=np.ones((7, 17, 3))), "7 frames of 3D and 8 of 2D"),
    "NaN truth": (_with("test", "TS1", "data_3d", value=np.full((8, 17, 3), np.nan)), "'data_3d' must be finite"),
    "valid": (_with("test", "TS1", "valid", value=np.ones(7)), r"'valid' must have shape \(8\), found \(7,\)"),
    "empty": (_with("test", "TS1", "data_2d", value=np.ones((0, 17, 2))), r"found \(0, 17, 2\)"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_in_one_line(case: str, tmp_path: Path) -> None:
    (split, change), message = BAD[case]
    data = {"train": train_data, "test": evaluation_data}[split]()
    change(data)
    write(tmp_path, split, data)
    with pytest.raises(UserError, match=message) as caught:
        read_mpi_inf_3dhp(tmp_path)
    assert "\n" not in str(caught.value)


class _Explodes:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path(self.path),))


@pytest.mark.parametrize("split", ["train", "test"])
def test_unexpected_objects_are_never_executed(split: str, tmp_path: Path) -> None:
    write(tmp_path, split, {"S1 Seq1": _Explodes(tmp_path / "executed")})
    with pytest.raises(UserError) as caught:
        read_mpi_inf_3dhp(tmp_path)
    assert not (tmp_path / "executed").exists()
    assert "\n" not in str(caught.value)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_mpi_inf_3dhp(tmp_path / "none")
    with pytest.raises(UserError, match=r"neither data_train_3dhp\.npz"):
        read_mpi_inf_3dhp(tmp_path)
    write(tmp_path, "train", train_data())
    with pytest.raises(UserError, match="no test split"):
        read_mpi_inf_3dhp(tmp_path, splits=("test",))
    write(tmp_path, "test", {})
    with pytest.raises(UserError, match="'data' must be a dictionary with entries"):
        read_mpi_inf_3dhp(tmp_path)


def write_mat(folder: Path, name: str, **changes: Any) -> Path:
    """MATLAB 7.3 is HDF5 behind a text header of 512 bytes; its axes come out reversed."""
    h5py = pytest.importorskip("h5py")
    data, n = evaluation_data()["TS1"], 8
    arrays = {
        "annot2": data["data_2d"][:, None],
        "annot3": data["data_3d"][:, None] * 1.1,
        "univ_annot3": data["data_3d"][:, None],
        "valid_frame": (np.arange(n) % 2 == 0).astype(float)[:, None],
        "activity_annotation": np.array([1, 0, 1, 0, 5, 0, 1, 1.0])[:, None],
    } | changes
    path = folder / name / "annot_data.mat"
    path.parent.mkdir()
    with h5py.File(path, "w", userblock_size=512) as file:
        for key, value in arrays.items():
            if value is not None:
                file[key] = value
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return path


def test_annot_data_mat(tmp_path: Path) -> None:
    write_mat(tmp_path, "TS1")
    write_mat(tmp_path, "TS5")
    clips = read_mpi_inf_3dhp(tmp_path)["test"]
    names = ["Standing-Walking/{}_0/cam0", "On-The-Floor/{}_1/cam0", "Standing-Walking/{}_2/cam0"]
    assert clips.clip_name.tolist() == [name.format(ts) for ts in ("TS1", "TS5") for name in names]
    assert clips.lengths.tolist() == [4, 2, 2] * 2
    assert clips.scored.tolist() == [True, False] * 8
    assert clips.image_size[3].tolist() == [1920, 1080]
    data = evaluation_data()["TS1"]
    np.testing.assert_allclose(clips.keypoints[:8, 10], data["data_2d"][:, 0], rtol=1e-6)
    np.testing.assert_allclose(clips.joints_cam[:8, 10], data["data_3d"][:, 0] / 1000, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"univ_annot3": None}, "no key 'univ_annot3'; it has 'activity_annotation', 'annot2'"),
        ({"univ_annot3": np.full((8, 1, 17, 3), np.nan)}, "'univ_annot3' must be finite"),
        ({"annot2": np.ones((8, 1, 28, 2))}, r"'annot2' must have shape"),
        ({"activity_annotation": np.full((8, 1), 9.0)}, "1 to 7 in valid frames, found 9"),
        ({"valid_frame": np.zeros((8, 1))}, "found no valid frame"),
    ],
)
def test_bad_mat_files(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    write_mat(tmp_path, "TS2", **changes)
    with pytest.raises(UserError, match=message):
        read_mpi_inf_3dhp(tmp_path)


def test_damaged_mat_files(tmp_path: Path) -> None:
    path = write_mat(tmp_path, "TS2")
    whole = path.read_bytes()
    for cut in (0, 300, 700, len(whole) // 2):
        path.write_bytes(whole[:cut])
        with pytest.raises(UserError) as caught:
            read_mpi_inf_3dhp(tmp_path)
        assert "\n" not in str(caught.value)
