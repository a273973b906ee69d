"""``kill -9`` at random moments of a tiny run, again and again: ``python -m benchmarks.kills [--kills 25] [--seed 0]``.

Moments are spread over the steps of the three stages; at every other one the kill waits for a checkpoint that is being
written. Then the run is finished and its state compared with that of an uninterrupted run, bitwise.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pn3d.config import STAGES
from pn3d.data.clips import write_clips
from pn3d.synthetic.scenes import make_synthetic_clips

STEPS = 40
"""Of each stage."""
ROOT = Path(__file__).resolve().parents[1]


def command(run: Path, data: Path) -> list[str]:
    """A tiny run that logs every second step and saves every fourth."""
    steps = [f"{stage}.optimiser.steps={STEPS}" for stage in STAGES]
    words = ["--preset", "tiny", "--train", str(data), "--eval", str(data), "--run", str(run), "--set", *steps]
    return [sys.executable, str(ROOT / "train.py"), *words]


def surroundings(run: Path) -> dict[str, str]:
    """A cache of compiled programs, of these runs alone where none is named."""
    return {"JAX_COMPILATION_CACHE_DIR": str(run.parent / "compiled"), **os.environ}


def progress(run: Path) -> int:
    """Steps that the log shows over all stages."""
    log = run / "metrics.jsonl"
    count = 0
    for line in log.read_text().splitlines() if log.exists() else []:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        count = max(count, STAGES.index(row["stage"]) * STEPS + row["step"])
    return count


def is_saving(run: Path) -> bool:
    """Whether a checkpoint is half-written now."""
    return any(run.glob("checkpoints/*/*orbax-checkpoint-tmp*"))


def kill_once(run: Path, data: Path, target: int, wait_for_save: bool, extra_s: float) -> str:
    """Starts the run and kills it once it has come to ``target``; says what it met."""
    process = subprocess.Popen(
        command(run, data),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=surroundings(run),
    )
    saving = False
    while process.poll() is None and progress(run) < target:
        time.sleep(0.002)
    deadline = time.monotonic() + 2.0
    while wait_for_save and process.poll() is None and time.monotonic() < deadline:
        if is_saving(run):
            saving = True
            break
    if not saving:
        time.sleep(extra_s)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    if not alive and process.returncode != 0:
        raise RuntimeError(f"the run ended with {process.returncode}: {errors[-2000:]}")
    return ("while saving" if saving else f"near step {target}") if alive else "after its end"


def finish(run: Path, data: Path) -> None:
    """Runs to the end; raises RuntimeError with its words where it fails."""
    done = subprocess.run(command(run, data), capture_output=True, text=True, cwd=ROOT, env=surroundings(run))
    if done.returncode:
        raise RuntimeError(f"the run ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-2000:]}")


def final_digests(run: Path) -> dict[str, dict[str, str]]:
    """The recorded digests of each stage's end."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {row["stage"]: row["digest"] for row in rows if row["step"] == STEPS}


def kill_and_finish(folder: Path, kills: int, seed: int) -> tuple[list[str], bool]:
    """An uninterrupted run and one killed ``kills`` times: what each kill met, and whether both end the same."""
    draw = random.Random(seed)
    data = folder / "data.npz"
    write_clips(data, make_synthetic_clips(0, 4, 30))
    whole, killed = folder / "whole", folder / "killed"
    finish(whole, data)
    # A share of the way each, so that every stage has its kills; a run must first come back to where it was.
    last = len(STAGES) * STEPS - 2
    targets = sorted(draw.randint(1, last) for _ in range(kills))
    met = [
        kill_once(killed, data, target, wait_for_save=i % 2 == 1, extra_s=draw.uniform(0.0, 0.2))
        for i, target in enumerate(targets)
    ]
    finish(killed, data)
    ours, theirs = final_digests(killed), final_digests(whole)
    weights = [(run / "weights.npz").read_bytes() for run in (killed, whole)]
    return met, ours == theirs and set(ours) == set(STAGES) and weights[0] == weights[1]


def main() -> int:
    """Prints every kill, and whether the final states are equal; 1 where they are not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        met, equal = kill_and_finish(Path(folder), arguments.kills, arguments.seed)
    for i, words in enumerate(met):
        print(f"kill {i + 1}: {words}")
    print(f"{len(met)} kills, seed {arguments.seed}: final states {'bitwise equal' if equal else 'DIFFER'}")
    return int(not equal)


if __name__ == "__main__":
    sys.exit(main())
