"""Several devices and several processes: the same run, stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pn3d.commands.main import main

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.slow
def test_train_of_two_processes_stops_together_and_one_writes(tmp_path: Path) -> None:
    """Two processes of the command: a signal to one stops both at one step; process 1 says nothing."""
    port = free_port()
    words = ["--preset", "tiny", "--run", str(tmp_path), "--coordinator", f"127.0.0.1:{port}", "--num-processes", "2"]
    words += ["--set", "teacher.optimiser.steps=100000", "run.checkpoint_every=100000", "run.digest_every=0"]
    processes = [
        subprocess.Popen(
            [sys.executable, "train.py", *words, "--process-id", str(i)],
            cwd=ROOT, env=os.environ | {"JAX_NUM_CPU_DEVICES": "2"}, stdout=subprocess.PIPE, text=True,
        )
        for i in range(2)
    ]  # fmt: skip
    while not (tmp_path / "metrics.jsonl").exists() and all(process.poll() is None for process in processes):
        time.sleep(0.01)
    processes[1].send_signal(signal.SIGTERM)
    said = [process.communicate()[0] for process in processes]
    assert processes[1].returncode == 128 + signal.SIGTERM
    assert processes[0].returncode == 128 + signal.SIGTERM
    assert "4 x cpu" in said[0]
    # The collectives' own library speaks on standard output, in broken lines; pn3d does so in one process only.
    assert not [word for word in ("devices", "teacher", "step", "results") if word in said[1]]
    assert any(p.name.isdigit() for p in (tmp_path / "checkpoints/teacher").iterdir())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--coordinator", "127.0.0.1:1"], "belong together"),
        (["--coordinator", "127.0.0.1:1", "--num-processes", "2", "--process-id", "2"], "not one of 0 to 1"),
    ],
)
def test_process_options_that_do_not_fit(
    words: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--preset", "tiny", "--run", str(tmp_path), *words]) == 2
    assert expected in capsys.readouterr().err
