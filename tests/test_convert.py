"""Data sets by name."""

from pathlib import Path

import pytest
from test_cmu_benchmark import write_release
from test_coco import make_content, write

from pn3d.data.clips import read_clips
from pn3d.data.convert import KINDS, convert_data, write_splits
from pn3d.errors import UserError


def test_every_kind_names_its_options() -> None:
    assert set(KINDS) == {"human36m", "motionbert", "mpi_inf_3dhp", "3dpw", "amass", "bvh", "coco", "cmu-benchmark"}
    assert KINDS["coco"].options == ("min_joints", "split")
    assert {"detections", "cameras", "splits"} == set(KINDS["human36m"].options)


def test_one_split_goes_to_the_file_and_several_beside_it(tmp_path: Path) -> None:
    source = write(tmp_path / "a.json", make_content())
    clips = convert_data("coco", source, {"min_joints": 3, "split": None})
    assert write_splits(tmp_path / "coco.npz", clips) == {"train": tmp_path / "coco.npz"}
    assert read_clips(tmp_path / "coco.npz").num_clips == 3
    files = convert_data("cmu-benchmark", write_release(tmp_path, ("07_01", "07_02"), 161), {"seed": 3})
    paths = write_splits(tmp_path / "cmu.npz", files)
    assert paths["dev_det"] == tmp_path / "cmu_dev_det.npz"
    assert read_clips(paths["dev_det"], truth=True).joints_cam is not None
    assert read_clips(paths["train_gt"], truth=True).joints_cam is None


def test_unknown_kinds_options_and_outputs(tmp_path: Path) -> None:
    for call, message in (
        (lambda: convert_data("h36", tmp_path), "unknown kind of data 'h36'; known kinds: human36m"),
        (lambda: convert_data("coco", tmp_path, {"fps": 3}), "coco has no option 'fps'; it has min_joints, split"),
        (lambda: write_splits(tmp_path / "a.txt", {}), "must be an .npz file"),
    ):
        with pytest.raises(UserError, match=message):
            call()
