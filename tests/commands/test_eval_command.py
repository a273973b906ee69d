"""``pn3d eval`` as users type it: several runs and files, protocols, views without truth, pages, mistakes."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pn3d.commands.main import main
from pn3d.data.clips import TRUTH_FIELDS, read_clips, write_clips
from pn3d.inference.networks import _compiled_predictor
from pn3d.inference.weights import Weights, save_weights
from tests.support import tiny
from tests.support.evaluation_cases import make_clips

NAMES = ("walk/S9_0/cam0", "walk/S9_0/cam3", "box/S9_1/cam3")


@cache
def weights() -> Weights:
    state, scene = tiny.first_state(), tiny.scene()
    return Weights(tiny.config(), state.teacher.params, state.student.params, scene.body.name, scene.body.sha256)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``a.npz`` and ``b.npz`` hold truth, ``plain.npz`` none; ``w.npz`` and the run folder ``run`` hold weights."""
    folder = tmp_path_factory.mktemp("files")
    truth = make_clips((8, 8, 5), NAMES, smpl=False)
    write_clips(folder / "a.npz", truth)
    write_clips(folder / "b.npz", make_clips((6, 6, 6), NAMES, smpl=False))
    write_clips(folder / "plain.npz", replace(truth, **dict.fromkeys(TRUTH_FIELDS)))
    save_weights(folder / "w.npz", weights())
    for name in ("run", "run2"):
        (folder / name).mkdir()
        save_weights(folder / name / "weights.npz", weights())
    np.savez(folder / "perfect.npz", joints=truth.joints_cam, layout="h36m17")
    return folder


def test_several_files_make_one_table_one_json_and_one_page(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["eval", "--weights", str(files / "w.npz"), "--data", str(files / "a.npz"), str(files / "b.npz")]
    out = ["--json", str(tmp_path / "o.json"), "--report", str(tmp_path / "o.html")]
    assert main([*words, *out]) == 0
    table = capsys.readouterr().out.split("run  ")[-1]
    results = json.loads((tmp_path / "o.json").read_text())["results"]
    assert [result["data"]["file"] for result in results] == ["a.npz", "b.npz"]
    for result in results:
        for label in ("flat", "teacher", "student"):
            assert f"{result[label]['pa_mpjpe_mm']:.1f}" in table
    page = (tmp_path / "o.html").read_text()
    assert page.count("Frames of student</h2>") == 2
    assert main([*words, *out, "--protocol", "h36m-p2", "elepose"]) == 0
    table = capsys.readouterr().out.split("run  ")[-1]
    results = json.loads((tmp_path / "o.json").read_text())["results"]
    for result in results:
        for label in ("teacher", "student"):
            number = result["protocols"][label]["h36m-p2"]["numbers"]["pa_mpjpe_mm"]
            assert f"{number['value']:.1f}" in table
            assert table.count(number["convention"]) == 1
    assert "Human3.6M protocol 2" in (tmp_path / "o.html").read_text()


def test_several_runs_are_compiled_once(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Weights of one shape and files of any length: the networks are traced once."""
    compiled = _compiled_predictor(tiny.config().model, True)
    compiled.clear_cache()
    runs, data = (str(files / "run"), str(files / "run2")), (str(files / "a.npz"), str(files / "b.npz"))
    words = ["eval", "--run", *runs, "--data", *data]
    assert main([*words, "--protocol", "h36m-p2"]) == 0
    assert compiled._cache_size() == 1
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith(str(files / "run"))]
    assert len(table) == 2 * 2 * 2, "two runs, two files, teacher and student"


def test_views_are_compared_without_truth(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file without 3D gives what the file with 3D gives: the truth is not read."""
    found = []
    for name in ("plain.npz", "a.npz"):
        out = tmp_path / f"{name}.json"
        words = ["eval", "--run", str(files / "run"), "--data", str(files / name), "--cross-view", "--json", str(out)]
        assert main([*words, "--report", str(tmp_path / "o.html")]) == 0
        found.append(json.loads(out.read_text())["cross_view"])
    assert found[0] == found[1]
    assert set(found[0]) == {"teacher", "student"}
    views = found[0]["student"]
    assert (views["pairs"], views["frames"], list(views["per_scene"])) == (1, 8, ["walk/S9_0"])
    assert views["cross_view_pa_mm"] > 0
    said = capsys.readouterr().out
    assert f"{views['cross_view_pa_mm']:.1f}" in said
    assert views["convention"] in said
    assert views["convention"] in (tmp_path / "o.html").read_text()


def test_views_of_anybodys_predictions(files: Path, tmp_path: Path) -> None:
    """Eleven joints, which one camera saw from another side: the views agree, whatever the truth would say."""
    joints = read_clips(files / "a.npz", truth=True).joints_cam.copy()
    turn = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    joints[8:16] = joints[:8] @ turn.T
    kept = np.arange(11)
    names = np.array(["pelvis", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"])
    names = np.concatenate([names, ["spine", "thorax", "neck", "head"]])
    np.savez(tmp_path / "p.npz", joints=joints[:, kept], joint_names=names, metric_scale=False)
    words = ["eval", "--predictions", str(tmp_path / "p.npz"), "--data", str(files / "plain.npz"), "--cross-view"]
    assert main([*words, "--json", str(tmp_path / "o.json")]) == 0
    views = json.loads((tmp_path / "o.json").read_text())["cross_view"]["prediction"]
    assert views["cross_view_pa_mm"] == pytest.approx(0, abs=1e-3)


def test_predictions_get_numbers_and_a_page(files: Path, tmp_path: Path) -> None:
    words = ["eval", "--predictions", str(files / "perfect.npz"), "--data", str(files / "a.npz")]
    assert main([*words, "--json", str(tmp_path / "o.json"), "--report", str(tmp_path / "o.html")]) == 0
    result = json.loads((tmp_path / "o.json").read_text())
    assert result["prediction"]["mpjpe_mm"] == pytest.approx(0, abs=1e-3)
    assert result["protocols"]["prediction"]["h36m-p1"]["numbers"]["mpjpe_mm"]["frames"] == 21
    assert "Frames of prediction" in (tmp_path / "o.html").read_text()


def test_a_protocol_that_is_not_for_one_player_is_left_out_with_a_word(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The teacher has no metric scale, so the paper's own protocol is the student's alone."""
    words = ["eval", "--weights", str(files / "w.npz"), "--data", str(files / "a.npz"), "--protocol", "h36m-p1"]
    assert main([*words, "--json", str(tmp_path / "o.json")]) == 0
    protocols = json.loads((tmp_path / "o.json").read_text())["protocols"]
    assert protocols["teacher"] == {}
    value = protocols["student"]["h36m-p1"]["numbers"]["mpjpe_mm"]["value"]
    said = capsys.readouterr().out
    assert f"{value:.1f}" in said
    assert "h36m-p1: skipped" in said
    assert "no metric scale" in said
    clips = read_clips(files / "a.npz", truth=True)
    ours = {"joints_cam_m": clips.joints_cam, "teacher_joints_cam_m": clips.joints_cam, "layout": "h36m17"}
    np.savez(tmp_path / "ours.npz", **ours)
    words = ["eval", "--predictions", str(tmp_path / "ours.npz"), "--data", str(files / "a.npz")]
    assert main([*words, "--protocol", "h36m-p1"]) == 0
    assert "h36m-p1: skipped" in capsys.readouterr().out
    np.savez(tmp_path / "scaleless.npz", joints=clips.joints_cam, layout="h36m17", metric_scale=False)
    words = ["eval", "--predictions", str(tmp_path / "scaleless.npz"), "--data", str(files / "a.npz")]
    assert main([*words, "--protocol", "h36m-p1"]) == 2
    assert "does not apply to this prediction" in capsys.readouterr().err


def test_a_list_of_frames_needs_a_protocol(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--weights", str(files / "w.npz"), "--data", str(files / "a.npz"), "--frames", "f.txt"]) == 2
    assert "give --protocol NAME" in capsys.readouterr().err


MISTAKES = {
    "protocol": (["--protocol", "h36m"], "unknown protocol 'h36m'; known protocols: h36m-p1"),
    "folder of the numbers": (["--json", "none/o.json"], "cannot write none/o.json: there is no folder none"),
    "folder of the page": (["--report", "none/o.html"], "cannot write none/o.html: there is no folder none"),
    "both": (["--cross-view", "--protocol", "h36m-p1"], "reads no truth and --protocol needs it"),
    "frames": (["--protocol", "links"], "scores a list of frames and was given none"),
    "body": (["--body", "none.pkl"], "none.pkl"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_status_2(
    name: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    more, expected = MISTAKES[name]
    words = ["eval", "--predictions", str(files / "perfect.npz"), "--data", str(files / "a.npz")]
    assert main([*words, *more]) == 2
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1, said
    assert expected in said
    assert not list(tmp_path.iterdir())


def test_views_of_one_camera_are_refused(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_clips(tmp_path / "one.npz", make_clips((4, 4), ("a/x/cam0", "a/y/cam0"), smpl=False))
    assert main(["eval", "--run", str(files / "run"), "--data", str(tmp_path / "one.npz"), "--cross-view"]) == 2
    assert "no two clips are views of one moment" in capsys.readouterr().err
