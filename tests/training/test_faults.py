"""What may happen to a run: kills, signals, a full disk, another writer; and verify."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pn3d.commands.main import main
from pn3d.files.errors import UserError
from pn3d.training.checkpoint import Checkpoints
from pn3d.training.loop import Reporter
from tests.support import tiny

ROOT = Path(__file__).resolve().parents[2]
STEPS = [f"{stage}.optimiser.steps=8" for stage in ("teacher", "student", "joint")]


def fill(path: Path) -> None:
    """Writes to a file until the disk is full."""
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished teacher stage, made by the command."""
    run = tmp_path_factory.mktemp("verify") / "run"
    assert main(["train", "--preset", "tiny", "--stage", "teacher", "--run", str(run), "--set", *STEPS]) == 0
    return run


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_ends_with_its_status(tmp_path: Path, number: signal.Signals) -> None:
    words = ["--preset", "tiny", "--run", str(tmp_path), "--set", "teacher.optimiser.steps=100000"]
    words += ["run.checkpoint_every=100000", "run.digest_every=0"]
    with subprocess.Popen([sys.executable, "train.py", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "metrics.jsonl").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        said, _ = process.communicate()
    assert process.returncode == 128 + number
    assert "the same command resumes it" in said
    with Checkpoints(tmp_path / "checkpoints/teacher"):
        saved = [int(p.name) for p in (tmp_path / "checkpoints/teacher").iterdir() if p.name.isdigit()]
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert saved == [rows[-1]["step"]]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_named_and_older_checkpoints_stay(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("a small disk could not be mounted here")
    try:
        config = tiny.config(teacher__optimiser__steps=8)
        filler = disk / "filler"

        class FillUp:
            """Never stops, but leaves no room once the first checkpoint is whole."""

            def is_set(self) -> bool:
                first = disk / "run/checkpoints/teacher/4"
                if not filler.exists() and any(first.parent.glob("4*")):
                    while not first.is_dir():
                        time.sleep(0.01)
                    fill(filler)
                return False

        with pytest.raises(UserError, match=r"the disk is full|No space left"):
            tiny.train(disk / "run", config, ("teacher",), Reporter(lambda _: None, stop=FillUp()))  # type: ignore[arg-type]
        filler.unlink()
        said: list[str] = []
        state = tiny.train(disk / "run", config, ("teacher",), Reporter(said.append))
        assert int(state.step) == 8
        assert any("resuming at step 4" in line for line in said), said
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_newest_and_best_are_kept(tmp_path: Path) -> None:
    state = tiny.first_state()
    with Checkpoints(tmp_path) as checkpoints:
        for step, score in ((1, 3.0), (2, 1.0), (3, 2.0), (4, 5.0), (5, 4.0)):
            checkpoints.save(state.replace(step=state.step + step), score)
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.best() == 2
    assert sorted(int(p.name) for p in tmp_path.iterdir() if p.name.isdigit()) == [2, 4, 5]


@pytest.mark.slow
def test_verify_finds_a_run_equal(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(finished)]) == 0
    assert "equal: all 2 recorded digests" in capsys.readouterr().out
    assert main(["verify", str(finished), "--steps", "4"]) == 0
    assert "equal: all 1 recorded digests" in capsys.readouterr().out


@pytest.mark.slow
def test_verify_names_the_first_step_and_player_that_differ(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run is given another learning rate of the discriminators than it was made with."""
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    recorded = json.loads((run / "config.json").read_text())
    recorded["config"]["teacher"]["discriminator"]["learning_rate"] = 1e-5
    recorded["config"]["teacher"]["loss"]["pose_adversarial_weight"] = 0.0
    recorded["config"]["teacher"]["loss"]["motion_adversarial_weight"] = 0.0
    (run / "config.json").write_text(json.dumps(recorded))
    assert main(["verify", str(run)]) == 1
    assert "differs: teacher, step 4, player teacher" in capsys.readouterr().out
