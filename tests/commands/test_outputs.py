"""Where results go: what is in the way ends in one line; an earlier run's results are not taken for this one's."""

import json
import os
import signal
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pn3d.commands.main import COMMANDS, main
from pn3d.data.clips import write_clips
from pn3d.files.atomic import whole_file
from pn3d.files.folders import folder_in_use
from pn3d.inference.weights import save_weights
from tests.inference.test_predict import weights
from tests.support import tiny

FRAMES = 12


@cache
def people(count: int, category: str = "person") -> str:
    """COCO results of people side by side, the first of them the tallest, as text."""
    rows = []
    for who in range(count):
        tall = np.linspace(200, 800 - 100 * who, 17)
        joints = np.stack([200 + 300 * who + 30 * np.cos(np.arange(17)), tall, np.full(17, 0.9)], axis=-1)
        rows += [
            {"image_id": t, "category_id": 1, "track_id": who, "keypoints": (joints + 0.1 * t).ravel().tolist()}
            for t in range(FRAMES)
        ]
    return json.dumps(rows)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "one.json").write_text(people(1))
    (tmp_path / "two.json").write_text(people(2))
    write_clips(tmp_path / "truth.npz", tiny.clips())
    save_weights(tmp_path / "weights.npz", weights())
    (tmp_path / "file").write_text("in the way")
    return tmp_path


def predict_words(files: Path, name: str, output: Path, *more: str) -> list[str]:
    given = ["--fps", "30", "--image-size", "1000", "1000", "--weights", str(files / "weights.npz")]
    return ["predict", str(files / name), "--output", str(output), *given, *more]


def one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says of the user's mistake."""
    assert main(words) == 2, words
    said = capsys.readouterr().err.strip()
    assert said, words
    assert len(said.splitlines()) == 1, said
    return said


def test_a_file_in_the_place_of_an_output_folder_is_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for output in (files / "file", files / "file" / "out", files / "file" / "a" / "b"):
        assert f"{files / 'file'} is a file" in one_line(predict_words(files, "one.json", output), capsys)
    (files / "out").mkdir()
    (files / "out" / "person_00").write_text("in the way")
    assert "person_00 is a file" in one_line(predict_words(files, "one.json", files / "out"), capsys)
    (files / "out" / "person_00").unlink()
    (files / "out" / "person_00" / "prediction.npz").mkdir(parents=True)
    said = one_line(predict_words(files, "one.json", files / "out"), capsys)
    assert "prediction.npz: a folder has this name" in said


def test_a_height_that_nobody_has_is_refused_before_anything_is_made(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = files / "out"
    assert "0.8 to 2.3 m" in one_line(predict_words(files, "one.json", output, "--height-m", "3"), capsys)
    assert not output.exists()


def test_a_video_in_the_place_of_keypoints_is_told_apart(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "walk.mp4").write_bytes(b"\x00" * 100)
    for words in (["inspect"], ["convert-data", "detector"]):
        target = [str(files / "x.npz")] if words[0] == "convert-data" else []
        assert "pn3d detect" in one_line([*words, str(files / "walk.mp4"), *target], capsys)
        assert not (files / "x.npz").exists()


def test_every_command_says_in_one_line_that_it_cannot_write(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = files / "file" / "below"
    (files / "empty").mkdir()
    (files / "run").mkdir()
    (files / "run" / "checkpoints").write_text("in the way")
    truth, tiny_run = str(files / "truth.npz"), ["--preset", "tiny", "--stage", "teacher"]
    words = {
        "train": ["--train", truth, *tiny_run, "--run", str(bad)],
        "verify": [str(bad)],
        "eval": ["--weights", str(files / "weights.npz"), "--data", truth, "--json", str(bad / "numbers.json")],
        "predict": predict_words(files, "one.json", bad)[1:],
        "detect": [str(files / "none.mp4"), "--output", str(bad / "detections.npz")],
        "inspect": [str(files / "one.json"), "--fps", "30", "--picture", str(bad / "picture.svg")],
        "convert-data": ["detector", str(files / "one.json"), str(bad / "out.npz"), "--fps", "30"],
        "make-benchmark": [str(files / "empty"), str(bad / "out.npz")],
        "convert-body": [str(files / "none.pkl"), str(bad / "body.npz")],
        "adapt-body": [str(files / "none.pkl"), "--output", str(bad / "weights.npz")],
    }
    assert set(words) == set(COMMANDS)
    for command, rest in words.items():
        assert str(files / "file") in one_line([command, *rest], capsys), command
    one_line(["train", "--train", truth, *tiny_run, "--run", str(files / "run")], capsys)
    assert not any(path.name.endswith(".part") for path in files.rglob("*"))


def test_a_command_that_is_ended_leaves_nothing_half_written(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def long_work(*_: object) -> int:
        with whole_file(files / "mine.bin") as stream:
            stream.write(b"half")
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1_000_000):  # the interpreter hands the signal over between two steps
                pass
        return 0

    monkeypatch.setattr("pn3d.commands.inspect.run", long_work)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stop:
        main(["inspect", str(files / "one.json")])
    assert stop.value.code == 128 + signal.SIGTERM
    assert not [path for path in files.iterdir() if "mine.bin" in path.name]
    assert signal.getsignal(signal.SIGTERM) is before


def test_folders_made_for_work_that_failed_go_again(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    kept = tmp_path / "there" / "a" / "b"
    for content in (False, True):
        with pytest.raises(KeyboardInterrupt), folder_in_use(kept) as folder:  # noqa: PT012
            if content:
                (folder / "detections.npz").write_bytes(b"finished")
            raise KeyboardInterrupt
        assert kept.exists() == content
        assert (tmp_path / "there").exists()


def test_results_of_an_earlier_run_are_named_or_cleared(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = files / "out"
    assert main(predict_words(files, "two.json", output, "--all-people", "--export", "csv")) == 0
    assert "earlier run" not in capsys.readouterr().out
    summary = json.loads((output / "person_00" / "summary.json").read_text())
    assert any("focal length assumed" in sentence for sentence in summary["input_assumptions"])
    assert summary["tracks_broken_s"] == []
    (output / "mine.txt").write_text("the user's own")
    assert main(predict_words(files, "one.json", output)) == 0
    said = capsys.readouterr().out
    assert "of an earlier run, not of this one" in said
    assert f"{output / 'person_01'}" in said
    assert f"{output / 'person_00' / 'joints.csv'}" in said
    assert main(predict_words(files, "one.json", output, "--overwrite")) == 0
    assert "earlier run" not in capsys.readouterr().out
    left = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    assert left == {"mine.txt", "person_00/prediction.npz", "person_00/summary.json"}


def test_nothing_is_cleared_where_the_input_cannot_be_read(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = files / "out"
    assert main(predict_words(files, "one.json", output)) == 0
    (files / "broken.json").write_text(people(1)[:500])
    one_line(predict_words(files, "broken.json", output, "--overwrite"), capsys)
    assert (output / "person_00" / "prediction.npz").is_file()


def test_inspect_lists_everybody_and_says_everything_once(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(files / "two.json"), "--person", "1"]) == 0
    said = capsys.readouterr().out
    assert said.count("frame rate assumed") == 1
    listed = [line for line in said.splitlines() if "seen in" in line]
    assert [line.split()[0] for line in listed] == ["0", "1"]
    assert "track id 0" in listed[0]
    assert "track id 1" in listed[1]
    assert "joints of two/person_01" in said


def test_a_category_can_be_chosen(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(people(2))
    content = {
        "images": [{"id": t, "width": 1000, "height": 1000} for t in range(FRAMES)],
        "annotations": [row | {"category_id": 1 + (row["track_id"] == 0)} for row in rows],
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "horse"}],
    }
    (files / "horse.json").write_text(json.dumps(content))
    words = ["inspect", str(files / "horse.json"), "--fps", "30"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "people    1" in said
    assert f"{FRAMES} of class 'horse'" in said  # larger, and left out all the same
    assert main([*words, "--category", "horse"]) == 0
    assert f"{FRAMES} of class 'person'" in capsys.readouterr().out
    assert "no such class" in one_line([*words, "--category", "zebra"], capsys)
