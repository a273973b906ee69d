"""Several devices and several processes: the same run, stopped together."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks import training_devices
from pn3d.commands.main import main

ROOT = Path(__file__).resolve().parents[2]


def test_device_and_process_counts_change_nothing(tmp_path: Path) -> None:
    """The joint stage, which has every player: 20 steps on 1, 2 and 4 devices and on 2 processes x 2 devices."""
    names = list(training_devices.LAYOUTS)
    with ThreadPoolExecutor(2) as pool:
        run = lambda name: training_devices.run_layout(name, "tiny", ["joint"], [20], tmp_path)  # noqa: E731
        results = dict(zip(names, pool.map(run, names), strict=True))
    for name in ("2", "4", "2x2"):
        worst, same = training_devices.differences(results["1"], results[name], "joint", 20)
        assert same, name
        assert worst < 1e-5, (name, worst)


def test_train_of_two_processes_stops_together_and_one_writes(tmp_path: Path) -> None:
    """Two processes of the command: a signal to one stops both at one step; process 1 says nothing."""
    port = training_devices.free_port()
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
