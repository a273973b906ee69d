"""Data sets by name."""

from pathlib import Path

import pytest

from pn3d.commands.main import main
from pn3d.data.clips import read_clips
from pn3d.datasets.convert import KINDS, convert_data, write_splits
from pn3d.files.errors import UserError
from tests.datasets.test_cmu_benchmark import write_release
from tests.datasets.test_coco import make_content, write
from tests.datasets.test_mocap import write_bvh


def test_every_kind_names_its_options() -> None:
    assert set(KINDS) == {
        "human36m",
        "motionbert",
        "mpi_inf_3dhp",
        "3dpw",
        "aistpp",
        "amass",
        "bvh",
        "amc",
        "coco",
        "cmu-benchmark",
    }
    assert KINDS["coco"].options == ("min_joints", "split", "category")
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


def test_options_come_as_a_command_line_has_them(tmp_path: Path) -> None:
    """JSON values or text, as ``--set`` gives them."""
    source = write_bvh(tmp_path / "a.bvh", 61)
    clips = convert_data("bvh", source, {"fps": 60, "split": "test", "detector": True, "cameras": 2, "unit": "m"})
    assert clips["test"].num_clips == 2
    only = convert_data(
        "cmu-benchmark", write_release(tmp_path, ("07_01", "07_02")), {"motions": {"a": ["07_01", "07_02"]}}
    )
    assert set(only["dev_gt"].actions) == {"a"}
    for kind, options, message in (
        ("human36m", {"splits": "training,test"}, "unknown split training of Human3.6M"),
        ("human36m", {"splits": 3}, r"human36m: option 'splits' is 3, expected tuple"),
        ("human36m", {"cameras": 4}, "option 'cameras' is 4, expected str or Path"),
        ("bvh", {"seed": "x"}, "bvh: option 'seed' is 'x', expected int"),
        ("bvh", {"seed": -1}, "seed must be 0 or more, found -1"),
        ("bvh", {"seed": True}, "option 'seed' is True, expected int"),
        ("bvh", {"detector": 1}, "option 'detector' is 1, expected bool"),
        ("bvh", {"skip_frames": -1}, "none is left after skipping -1"),
        ("bvh", {"cameras": 0}, "no clips found"),
        ("3dpw", {"bodies": {"male": 3}}, "option 'bodies' is .*, expected Mapping"),
        ("cmu-benchmark", {"motions": "walking"}, "option 'motions' is 'walking', expected Mapping"),
    ):
        with pytest.raises(UserError, match=message):
            convert_data(kind, source.parent, options)


def test_unknown_kinds_options_and_outputs(tmp_path: Path) -> None:
    for call, message in (
        (lambda: convert_data("h36", tmp_path), "unknown kind of data 'h36'; known kinds: human36m"),
        (lambda: convert_data("coco", tmp_path, {"fps": 3}), "coco has no option 'fps'; it has min_joints, split"),
        (lambda: write_splits(tmp_path / "a.txt", {}), "must be an .npz file"),
    ):
        with pytest.raises(UserError, match=message):
            call()


def test_what_a_reader_notes_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_bvh(tmp_path / "a.bvh", 61)
    path.write_text(path.read_text().replace("Frames: 61", "Frames: 60"))
    assert main(["convert-data", "bvh", str(path), str(tmp_path / "o.npz")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{path}: more frames than it states: 61 for 60; 61 are taken"
    assert said[1].startswith("train:")
