"""The commands as users type them: a tiny run end to end, and one line for every mistake."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pn3d.commands.main import main
from pn3d.data.clips import write_clips
from pn3d.synthetic.scenes import make_synthetic_clips
from tests.support import tiny

TINY = ["--preset", "tiny", "--set", "run.checkpoint_every=8"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Native files: ``truth.npz`` holds 3D, ``plain.npz`` the same clips without."""
    folder = tmp_path_factory.mktemp("files")
    write_clips(folder / "truth.npz", tiny.clips())
    with np.load(folder / "truth.npz") as archive:
        truth = ("joints_cam", "poses", "betas", "transl_cam_m", "body", "up_cam")
        np.savez(folder / "plain.npz", **{name: archive[name] for name in archive.files if name not in truth})
    write_clips(folder / "held.npz", make_synthetic_clips(5, 2, 30))
    return folder


@pytest.fixture(scope="module")
def finished(files: Path) -> Path:
    """A finished tiny run."""
    run = files / "run"
    words = ["train", *TINY, "--train", str(files / "truth.npz"), "--eval", str(files / "held.npz"), "--run", str(run)]
    assert main(words) == 0
    return run


def test_a_run_leaves_what_the_design_names(finished: Path) -> None:
    result = json.loads((finished / "eval.json").read_text())
    assert result["version"] == 1
    assert set(result["stages"]) == {"teacher", "student", "joint"}
    assert set(result["stages"]["joint"]) == {"teacher", "student"}
    for player in ("flat", "teacher", "student"):
        assert result[player]["pa_mpjpe_mm"] > 0
    assert "mpjpe_mm" in result["student"]
    assert "mpjpe_mm" not in result["teacher"]
    assert result["data"]["frames"] == 60
    assert result["config"]["preset"] == "tiny"
    status = json.loads((finished / "status.json").read_text())
    assert status["finished"]
    assert set(status["seconds_per_stage"]) == {"teacher", "student", "joint"}
    assert status["peak_rss_mb"] > 0
    row = json.loads((finished / "metrics.jsonl").read_text().splitlines()[0])
    assert {"stage", "step", "wall_s", "loss/reprojection", "grad_norm/teacher", "d_acc/pose_discriminator"} <= set(row)
    assert {"weights.npz", "weights.json", "config.json"} <= {p.name for p in finished.iterdir()}


def test_the_same_command_again_prints_the_table(
    files: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (finished / "metrics.jsonl").read_bytes()
    words = ["train", *TINY, "--train", str(files / "truth.npz"), "--eval", str(files / "held.npz")]
    assert main([*words, "--run", str(finished)]) == 0
    assert "student after stage 3" in capsys.readouterr().out
    assert (finished / "metrics.jsonl").read_bytes() == before


def test_verify_refuses_other_data(files: Path, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(finished), "--train", str(files / "held.npz")]) == 2
    assert "made from something else: data" in capsys.readouterr().err


@pytest.mark.slow
def test_stages_one_by_one_and_truth_in_the_file_change_nothing(files: Path, finished: Path) -> None:
    """The other run trains on the file without 3D, stage by stage; its weights are bitwise the same."""
    run = files / "stepwise"
    words = ["train", *TINY, "--train", str(files / "plain.npz"), "--eval", str(files / "held.npz"), "--run", str(run)]
    for stage in ("teacher", "student", "joint"):
        assert main([*words, "--stage", stage]) == 0
    ours, theirs = (np.load(folder / "weights.npz") for folder in (run, finished))
    assert set(ours.files) == set(theirs.files)
    for name in ours.files:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


def test_eval_writes_the_document_of_the_design(files: Path, finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "numbers.json"
    words = ["eval", "--run", str(finished), "--data", str(files / "held.npz"), "--json", str(out)]
    assert main(words) == 0
    document = json.loads(out.read_text())
    trained = json.loads((finished / "eval.json").read_text())
    assert document["student"] == trained["student"]
    assert document["stages"] == trained["stages"]
    assert main([*words[:4], str(files / "held.npz"), *words[4:]]) == 0
    assert len(json.loads(out.read_text())["results"]) == 2


def damaged(change: Callable[[dict[str, np.ndarray]], None]) -> Callable[[Path, Path], Path]:
    def write(source: Path, target: Path) -> Path:
        with np.load(source) as archive:
            arrays = {name: archive[name] for name in archive.files}
        change(arrays)
        np.savez(target, **arrays)
        return target

    return write


MISTAKES = {
    "missing file": ([], None, "does not exist|no such file"),
    "batch": (["teacher.optimiser.batch_size=7"], None, "batch_size 7 is not divisible by the 2 devices"),
    "unknown setting": (["teacher.hinge=1"], None, "config has no 'teacher.hinge'"),
    "type": (["model.width=big"], None, "model.width is 'big', expected a value of type int"),
    "window": (["model.window=4"], None, "power of 3"),
    "long window": (["model.window=81"], None, "81"),
    "steps": (["teacher.optimiser.steps=3"], None, "multiple of run.steps_per_dispatch"),
    "no keys": ([], damaged(lambda a: a.pop("keypoints")), "keypoints"),
    "nan": ([], damaged(lambda a: a["keypoints"].__setitem__((3, 2), np.nan)), "keypoints"),
    "confidence": ([], damaged(lambda a: a["confidence"].__setitem__((3, 2), 1.5)), "confidence"),
    "layout": ([], damaged(lambda a: a.__setitem__("layout", np.array("h37m16"))), "h37m16"),
    "type of array": ([], damaged(lambda a: a.__setitem__("fps", np.array(["30"] * 4))), "fps"),
    "shape": ([], damaged(lambda a: a.__setitem__("confidence", a["confidence"][:, :5])), "confidence"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_status_2(
    name: str, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, change, expected = MISTAKES[name]
    data = tmp_path / "bad.npz"
    if change is not None:
        change(files / "plain.npz", data)
    elif name != "missing file":
        data = files / "plain.npz"
    run = tmp_path / "run"
    words = ["train", *TINY, *settings, "--train", str(data), "--eval", str(files / "held.npz"), "--run", str(run)]
    assert main(words) == 2
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1, said
    assert pytest.importorskip("re").search(expected, said), said
    assert not (run / "weights.npz").exists()


def test_an_empty_file_and_a_text_file_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content in (b"", b"not an archive"):
        bad = tmp_path / "bad.npz"
        bad.write_bytes(content)
        assert main(["train", *TINY, "--train", str(bad), "--run", str(tmp_path / "run")]) == 2
        assert "bad.npz" in capsys.readouterr().err


def test_evaluation_data_without_truth_is_refused(
    files: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "--run", str(finished), "--data", str(files / "plain.npz")]) == 2
    assert "joints_cam" in capsys.readouterr().err


def test_another_config_on_a_finished_run_is_refused(
    files: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", *TINY, "model.width=8", "--train", str(files / "truth.npz"), "--run", str(finished)]
    assert main(words) == 2
    assert "config.model.width is 16 there and 8 here" in capsys.readouterr().err


def test_an_unwritable_folder_is_refused(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    os.chmod(blocked, stat.S_IRUSR)
    words = ["train", *TINY, "--train", str(files / "plain.npz"), "--run", str(blocked / "run")]
    assert main(words) == 2
    assert "cannot write" in capsys.readouterr().err


def test_a_stage_without_the_one_before_is_refused(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", *TINY, "--train", str(files / "plain.npz"), "--run", str(tmp_path), "--stage", "student"]
    assert main(words) == 2
    assert "run --stage teacher first" in capsys.readouterr().err
