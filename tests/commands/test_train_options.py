"""What ``pn3d train`` does before it trains, and what it leaves behind."""

import json
import sys
from pathlib import Path

import jax
import pytest

from pn3d.commands import session
from pn3d.commands.main import main
from pn3d.config import parse_overrides, preset, validate, with_overrides
from pn3d.files.errors import UserError
from pn3d.training.run_folder import RunFolder
from pn3d.training.tensorboard import TensorboardLog


@pytest.mark.parametrize(
    "bad", ["joint.optimiser.steps=7", f"teacher.optimiser.batch_size={jax.device_count() * 3 + 1}"]
)
def test_a_refused_setting_leaves_no_run_folder(bad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    assert main(["train", "--preset", "tiny", "--run", str(run), "--set", bad]) == 2
    assert bad.split("=")[0] in capsys.readouterr().err
    assert not run.exists()


@pytest.mark.parametrize(
    "bad",
    [
        "augment.mask_limbs=1.5",
        "augment.mask_probability=2",
        "augment.mask_rounds=0",
        "augment.undisturbed=1.01",
        "augment.wide_views=1",
    ],
)
def test_a_share_is_one_and_what_is_drawn_is_drawn_once_at_least(bad: str) -> None:
    with pytest.raises(UserError, match=bad.split("=")[0]):
        validate(with_overrides(preset("quick"), parse_overrides([bad])))
    ends = ["augment.mask_limbs=1", "augment.mask_probability=1", "augment.undisturbed=1", "augment.mask_rounds=1"]
    validate(with_overrides(preset("quick"), parse_overrides([*ends, "augment.wide_views=0"])))


def test_the_recorded_command_runs_whichever_way_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    for typed in (["train.py", "--seed", "1"], ["pn3d", "train", "--seed", "1"]):
        monkeypatch.setattr(sys, "argv", typed)
        assert session.command_line("train") == "pn3d train --seed 1"


def test_the_commit_is_recorded_of_this_project_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inside = tmp_path / "site-packages" / "pn3d" / "commands"
    inside.mkdir(parents=True)
    session.subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    commit = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty"]
    session.subprocess.run([*commit, "-m", "of somebody's own project"], check=True)
    monkeypatch.setattr(session, "__file__", str(inside / "session.py"))
    assert session.git_commit() is None


def test_rows_are_logged_for_tensorboard_too(tmp_path: Path) -> None:
    tensorboard = pytest.importorskip("tensorboardX.proto.event_pb2")
    with TensorboardLog(tmp_path / "tensorboard", True) as log, RunFolder(tmp_path, True, log.write) as folder:
        folder.log({"stage": "teacher", "step": 25, "wall_s": 1.5, "loss/teacher": 0.25, "digest": {"a": "b"}})
    (file,) = (tmp_path / "tensorboard").iterdir()
    data, found = file.read_bytes(), {}
    while data:
        length = int.from_bytes(data[:8], "little")
        event = tensorboard.Event.FromString(data[12 : 12 + length])
        found |= {value.tag: (event.step, value.simple_value) for value in event.summary.value}
        data = data[12 + length + 4 :]
    assert found == {"teacher/wall_s": (25, 1.5), "teacher/loss/teacher": (25, 0.25)}
    assert json.loads((tmp_path / "metrics.jsonl").read_text())["step"] == 25


def test_without_the_extra_one_line_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(UserError, match="tensorboard"):
        TensorboardLog(tmp_path, True)
    TensorboardLog(tmp_path, False).write({"stage": "teacher", "step": 1, "loss": 1.0})
