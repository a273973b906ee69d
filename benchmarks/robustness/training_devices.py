"""Device counts compared: ``python -m benchmarks.robustness.training_devices [--steps 20 200] [--seeds 0 1 2]``.

Trains every stage for some steps with the same global batch on 1, 2 and 4 devices of one process and on 2 processes x 2
devices, each in processes of its own on virtual CPU devices, and prints the largest difference of any parameter from
one device, and whether the batches drawn were the same.

A leaky ReLU's slope jumps at zero. Where a unit stands there within rounding, sums in another order can put it on the
other side, its gradient is another one from that step on, and so are its weights: a difference that begins in one unit
of one player, and not in all. That is why the players that differ are named, and why there are several seeds.
"""

import argparse
import itertools
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

LAYOUTS = {"1": (1, 1), "2": (1, 2), "4": (1, 4), "2x2": (2, 2)}
"""Name -> processes, devices of each."""
BARS = {20: 1e-5, 200: 1e-4}
SCHEDULE = 2000
"""Steps over which the learning rate falls: the preset's own few would have it at zero long before the last step."""
ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(
    layout: str, preset: str, stages: list[str], steps: list[int], out: Path, port: int, seed: int = 0
) -> list[subprocess.Popen[str]]:
    """The worker processes of a layout."""
    processes, devices = LAYOUTS[layout]
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": str(devices), "JAX_PLATFORMS": "cpu"}
    words = [sys.executable, "-m", "benchmarks.robustness.training_devices", "--preset", preset, "--stages", *stages]
    words += ["--steps", *map(str, steps), "--worker", str(out), "--processes", str(processes), "--port", str(port)]
    words += ["--seeds", str(seed)]
    return [
        subprocess.Popen(
            [*words, "--process", str(i)],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for i in range(processes)
    ]


def run_layout(
    layout: str, preset: str, stages: list[str], steps: list[int], folder: Path, seed: int = 0
) -> dict[str, np.ndarray]:
    """Parameters after each number of steps and what was drawn, by name."""
    out = folder / f"{layout}.npz"
    workers = start(layout, preset, stages, steps, out, free_port(), seed)
    for worker in workers:
        _, errors = worker.communicate()
        if worker.returncode:
            raise RuntimeError(f"{layout}: a process ended with {worker.returncode}: {errors[-2000:]}")
    with np.load(out) as archive:
        return {name: archive[name] for name in archive.files}


def differences(one: dict[str, np.ndarray], other: dict[str, np.ndarray], stage: str, steps: int) -> tuple[float, bool]:
    """Largest difference of any parameter of a stage after some steps, and whether all that was drawn is the same."""
    assert one.keys() == other.keys()
    params = [name for name in one if name.startswith(f"{stage}/params {steps}/")]
    drawn = [name for name in one if name.startswith(f"{stage}/drawn")]
    assert params
    assert drawn
    worst = max(float(np.abs(one[name] - other[name]).max()) for name in params)
    return worst, all(np.array_equal(one[name], other[name]) for name in drawn)


def beyond(one: dict[str, np.ndarray], other: dict[str, np.ndarray], stage: str, steps: int, bar: float) -> str:
    """Who differs by more than a bar, and in how many of its parameters."""
    counts: dict[str, int] = {}
    for name in one:
        prefix = f"{stage}/params {steps}/['"
        if name.startswith(prefix):
            player = name.removeprefix(prefix).split("'")[0]
            counts[player] = counts.get(player, 0) + int((np.abs(one[name] - other[name]) > bar).sum())
    return ", ".join(f"{count} parameters of the {player}" for player, count in counts.items() if count)


def worker(arguments: argparse.Namespace) -> None:
    """Trains and writes, in one process of a layout."""
    import jax

    if arguments.processes > 1:
        jax.distributed.initialize(f"127.0.0.1:{arguments.port}", arguments.processes, arguments.process)
    from benchmarks.speed.training_setup import make_setup
    from pn3d.training.batch import draw_batch
    from pn3d.training.parallel import AXIS, mapped_step, repeated, replicate
    from pn3d.training.state import PLAYERS, stage_optimiser, start_stage
    from pn3d.training.train_step import make_step

    found: dict[str, Any] = {}

    def keep(name: str, tree: Any) -> None:
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
            # A copy: the next dispatch takes the state's memory over.
            found[f"{name}{jax.tree_util.keystr(path)}"] = np.array(leaf.addressable_data(0))

    for stage in arguments.stages:
        words = {f"{stage}.optimiser.steps": SCHEDULE, "seed": arguments.seeds[0]}
        setup = make_setup(arguments.preset, devices=None, clips=6, **words)
        config, mesh = setup.config, setup.mesh
        state = replicate(start_stage(config, stage, setup.first), mesh)

        def draw(state, data, lane, stage=stage, config=config):  # type: ignore[no-untyped-def]
            batch = draw_batch(
                data, jax.random.fold_in(state.key, 7), lane, stage_optimiser(config, stage).batch_size, config
            )
            drawn = (batch.window.xy, batch.window.confidence, jax.random.key_data(batch.draws.view_key))
            return state, jax.tree.map(lambda part: jax.lax.all_gather(part, AXIS, tiled=True), drawn)

        state, drawn = mapped_step(draw, mesh)(state, setup.data)
        keep(f"{stage}/drawn", drawn)
        block = 10
        advance = mapped_step(repeated(make_step(config, stage, setup.scene), block), mesh)
        for step in range(block, max(arguments.steps) + 1, block):
            state, _ = advance(state, setup.data)
            if step in arguments.steps:
                keep(f"{stage}/params {step}/", {name: getattr(state, name).params for name in PLAYERS})
    if arguments.process == 0:
        np.savez(arguments.worker, **found)


def main() -> int:
    """The table; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--stages", nargs="+", default=["teacher", "student", "joint"])
    parser.add_argument("--steps", type=int, nargs="+", default=[20, 200], help="multiples of 10")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--worker", metavar="OUT", help=argparse.SUPPRESS)
    for name in ("processes", "process", "port"):
        parser.add_argument(f"--{name}", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments)
        return 0
    return int(sum(table(arguments, seed) for seed in arguments.seeds) > 0)


def table(arguments: argparse.Namespace, seed: int) -> bool:
    """The lines of a seed; True where a bar is missed."""
    missed = False
    print(f"largest difference of a parameter from one device; preset {arguments.preset}, seed {seed}, CPU", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        results = {
            name: run_layout(name, arguments.preset, arguments.stages, arguments.steps, Path(folder), seed)
            for name in LAYOUTS
        }
    for steps, stage, layout in itertools.product(arguments.steps, arguments.stages, list(LAYOUTS)[1:]):
        worst, same = differences(results["1"], results[layout], stage, steps)
        bar = BARS.get(steps)
        far = bar is not None and worst > bar
        missed |= far or not same
        who = f" ({beyond(results['1'], results[layout], stage, steps, bar)})" if far and bar is not None else ""
        draws = "same" if same else "DIFFER"
        print(f"{stage:8} {steps:4} steps  {layout:>4} devices: {worst:.1e}{who}  draws {draws}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
