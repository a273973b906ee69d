"""Preset human36m from files to the last stage: ``python -m benchmarks.speed.train_human36m --folder DIR``.

Writes a stand-in of Human3.6M in VideoPose3D's layout, converts it with ``pn3d convert-data``, and trains all three
stages of the preset on it with ``python train.py``: the two commands that a holder of the data types. Each command runs
in a process of its own; its time and peak memory are printed. What follows ``--`` goes to ``train.py``, such as fewer
steps: ``-- --set teacher.optimiser.steps=4 run.steps_per_dispatch=2``.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.speed.human36m_files import write_folder


def run(name: str, command: list[str]) -> None:
    """Runs a command, its output on ours, then prints seconds and the peak of all children so far."""
    print(f"$ {' '.join(command)}", flush=True)
    start = time.perf_counter()
    subprocess.run([sys.executable, *command[1:]], check=True)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{name}: {time.perf_counter() - start:.1f} s, peak of all so far {peak_mb:,.0f} MB", flush=True)


def main() -> None:
    """Writes, converts, trains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="for the stand-in, the native files and the run")
    parser.add_argument("--train-frames", type=int, default=360_000, help="at 50 a second; 3 of 5 are trained on")
    parser.add_argument("--test-frames", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("train", nargs="*", metavar="-- OPTION", help="further options of train.py")
    options = parser.parse_args()
    source = options.folder / "h36m"
    source.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    counts = write_folder(source, options.train_frames, options.test_frames, options.seed)
    print(f"stand-in: {counts} frames, {time.perf_counter() - start:.1f} s", flush=True)
    native = options.folder / "h36m.npz"
    run("convert", ["python", "-m", "pn3d", "convert-data", "human36m", str(source), str(native)])
    files = [str(options.folder / f"h36m_{split}.npz") for split in ("train", "test")]
    words = ["python", "train.py", "--preset", "human36m", "--train", files[0], "--eval", files[1]]
    words += ["--seed", str(options.seed), "--run", str(options.folder / "run"), *options.train]
    run("train", words)


if __name__ == "__main__":
    main()
