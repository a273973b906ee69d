"""Speed of the training step: ``python -m benchmarks.training [--torch PYTHON]``.

Per size and stage: steps/s, windows/s, FLOP/s as XLA counts them and their share of this machine's measured matmul
peak, host time outside the step, peak memory, compile time with an empty and a filled cache, and time per step on ten
times the data. With ``--torch`` (a Python with ``requirements-bench.txt``) the teacher stage is also timed against the
same stage written plainly in PyTorch, in turns, and the loss terms of both on one batch are compared.

Times are the best of ``--rounds``, the peak's taken in turns with the stage's; on a machine that does other work they
are not worth reading. Of PyTorch the ratio of every turn is told as well: speed drifts between turns, less within one.
"""

import argparse
import functools
import itertools
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
from jax.experimental.compilation_cache import compilation_cache

from benchmarks.training_setup import Setup, make_setup, repeated_data
from benchmarks.training_torch_job import compare_terms, write_job
from pn3d.config import STAGES, Stage, preset
from pn3d.training import loop
from pn3d.training.parallel import mapped_step, repeated, replicate
from pn3d.training.run_folder import RunFolder
from pn3d.training.state import stage_optimiser, start_stage
from pn3d.training.train_step import make_step


def best_of(rounds: int, work: Callable[[], object]) -> float:
    """Shortest seconds of one call."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


class Peak:
    """The fastest square float32 product of 1024 to 4096 on this machine."""

    def __init__(self, rounds: int) -> None:
        self._product = jax.jit(jnp.matmul)
        squares = [jnp.ones((size, size)) for size in (1024, 2048, 4096)]
        rates = {square.shape[0]: self._rate(square, rounds) for square in squares}
        self.flops_per_s = max(rates.values())
        self._square = max(squares, key=lambda square: rates[square.shape[0]])

    def _rate(self, square: jax.Array, rounds: int) -> float:
        work = lambda: self._product(square, square).block_until_ready()  # noqa: E731
        work()
        return 2 * square.shape[0] ** 3 / best_of(rounds, work)

    def now(self) -> float:
        """FLOP/s of the same product at this moment."""
        return self._rate(self._square, 3)


class Timed:
    """A stage's compiled dispatch and its state."""

    def __init__(self, setup: Setup, stage: Stage, block: int) -> None:
        self.setup, self.stage, self.block = setup, stage, block
        self.state = replicate(start_stage(setup.config, stage, setup.first), setup.mesh)
        self.advance = self._mapped()

    def _mapped(self) -> Any:
        return mapped_step(
            repeated(make_step(self.setup.config, self.stage, self.setup.scene), self.block), self.setup.mesh
        )

    def compile(self) -> tuple[float, Any]:
        """Seconds of tracing and compiling anew, and the compiled dispatch."""
        jax.clear_caches()
        began = time.perf_counter()
        compiled = self._mapped().compile(self.state, self.setup.data)
        return time.perf_counter() - began, compiled

    def dispatch(self, data: Any = None) -> None:
        """One dispatch, waited for."""
        self.state, metrics = self.advance(self.state, self.setup.data if data is None else data)
        jax.block_until_ready(metrics)

    def seconds_per_step(self, rounds: int, peak: Peak) -> tuple[float, float]:
        """Best of the rounds, compiled before, and the best matmul FLOP/s between them: the machine's speed drifts."""
        self.dispatch()
        seconds, rates = [], []
        for _ in range(rounds):
            rates.append(peak.now())
            seconds.append(best_of(1, self.dispatch) / self.block)
        return min(seconds), max(rates)


class Watched:
    """A stage's dispatch that waits for its result and notes when it began and ended."""

    def __init__(self, step: Any, mesh: jax.sharding.Mesh) -> None:
        self.advance = mapped_step(step, mesh)
        self.times: list[tuple[float, float]] = []

    def __call__(self, state: Any, data: Any) -> Any:
        """One dispatch."""
        began = time.perf_counter()
        result = jax.block_until_ready(self.advance(state, data))
        self.times.append((began, time.perf_counter()))
        return result


def share_outside(name: str, stage: Stage, clips: int, seconds_per_step: float, dispatches: int = 6) -> float:
    """Share of the loop's wall time in which no step runs, over one period of the preset's checkpoints.

    The loop is run with a step that is waited for; what passes between two steps is a log line, and after the last one
    digests and a checkpoint, until the loop could go on: its files are written beside the next steps. A real run
    writes log lines beside the next steps too, so this is an upper bound.
    """
    own = preset(name).run
    words = {f"{stage}.optimiser.steps": dispatches, "run.steps_per_dispatch": 1}
    words |= {"run.checkpoint_every": dispatches, "run.digest_every": dispatches}
    setup = make_setup(name, devices=1, clips=clips, **words)
    watched: list[Watched] = []
    saved: list[float] = []
    save = loop.Checkpoints.save

    def noted(*arguments: Any) -> None:
        save(*arguments)
        saved.append(time.perf_counter())

    def watch(step: Any, mesh: jax.sharding.Mesh) -> Watched:
        watched.append(Watched(step, mesh))
        return watched[0]

    quiet = loop.Reporter(lambda _: None)
    with (
        tempfile.TemporaryDirectory() as folder,
        RunFolder(Path(folder)) as run,
        mock.patch.object(loop, "mapped_step", watch),
        mock.patch.object(loop.Checkpoints, "save", noted),
    ):
        loop.run_stage(setup.config, stage, setup.first, setup.data, setup.scene, run, setup.mesh, quiet)
    times = watched[0].times
    line = statistics.median(after[0] - before[1] for before, after in itertools.pairwise(times))
    host = line * own.checkpoint_every / own.steps_per_dispatch + saved[-1] - times[-1][1]
    return host / (host + seconds_per_step * own.checkpoint_every)


def torch_turns(
    python: str, timed: Timed, rounds: int, steps: int, threads: int
) -> tuple[list[float], list[float], float]:
    """Seconds per step of PyTorch and ours, turn by turn, and the largest relative difference of a loss term."""
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.npz"
        ours = write_job(job, timed.setup, threads)
        script = Path(__file__).with_name("training_torch.py")
        with subprocess.Popen(
            [python, script, job], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin
            assert process.stdout
            difference = compare_terms(ours, json.loads(process.stdout.readline()))
            torch_seconds, our_seconds = [], []
            for _ in range(rounds):
                process.stdin.write(f"{steps}\n")
                process.stdin.flush()
                torch_seconds.append(float(process.stdout.readline()) / steps)
                began = time.perf_counter()
                timed.dispatch()
                our_seconds.append((time.perf_counter() - began) / timed.block)
            process.stdin.close()
    return torch_seconds, our_seconds, difference


def data_turns(timed: Timed, rounds: int) -> tuple[int, list[float], list[float]]:
    """How many windows ten times the data has, and seconds of a dispatch on the data and on ten times it, in turns."""
    larger = replicate(repeated_data(timed.setup.data, 10), timed.setup.mesh)
    timed.dispatch(larger)
    seconds: dict[int, list[float]] = {1: [], 10: []}
    for turn in range(rounds):
        # Whoever goes first in a turn goes second in the next.
        for times in (1, 10) if turn % 2 else (10, 1):
            data = timed.setup.data if times == 1 else larger
            seconds[times].append(best_of(1, functools.partial(timed.dispatch, data)))
    return larger.starts.size, seconds[1], seconds[10]


def measure(name: str, stage: Stage, arguments: argparse.Namespace, peak: Peak) -> None:
    """Prints the lines of a size and stage."""
    setup = make_setup(name, devices=1, clips=arguments.clips)
    timed = Timed(setup, stage, arguments.block or setup.config.run.steps_per_dispatch)
    batch = stage_optimiser(setup.config, stage).batch_size
    with tempfile.TemporaryDirectory() as cache:
        compilation_cache.reset_cache()
        jax.config.update("jax_compilation_cache_dir", cache)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        (cold, compiled), (warm, _) = timed.compile(), timed.compile()
        seconds, possible = timed.seconds_per_step(arguments.rounds, peak)
    # The folder is gone: nothing more is to be written there.
    jax.config.update("jax_compilation_cache_dir", None)
    compilation_cache.reset_cache()
    flops = compiled.cost_analysis()["flops"]
    memory = compiled.memory_analysis()
    rate = flops / seconds
    print(
        f"{name:9} {stage:8} {1 / seconds:8.2f} steps/s {batch / seconds:9.0f} windows/s {flops / 1e9:7.2f} GFLOP/step "
        f"{rate / 1e9:7.1f} GFLOP/s = {rate / possible:4.0%} of a peak of {possible / 1e9:.0f}; step needs "
        f"{(memory.argument_size_in_bytes + memory.temp_size_in_bytes) / 2**20:.0f} MiB, process peak "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB; "
        f"compile {cold:.1f} s cold, {warm:.1f} s warm",
        flush=True,
    )
    if not arguments.quick:
        larger, one, ten = data_turns(timed, arguments.rounds)
        turns = statistics.median(b / a for a, b in zip(one, ten, strict=True))
        outside = share_outside(name, stage, arguments.clips, seconds)
        print(
            f"{'':18} outside the step {outside:5.1%}; {setup.data.starts.size} -> {larger} windows "
            f"of data: {min(ten) / min(one) - 1:+.1%} time per step, median of turns {turns - 1:+.1%}",
            flush=True,
        )
    if arguments.torch and stage == "teacher":
        theirs, ours, difference = torch_turns(arguments.torch, timed, arguments.rounds, timed.block, arguments.threads)
        ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
        print(
            f"{'':18} PyTorch {batch / min(theirs):.0f} windows/s, ours {batch / min(ours):.0f}: "
            f"{min(theirs) / min(ours):.2f}x; turn by turn {min(ratios):.2f} to {max(ratios):.2f}x, median "
            f"{statistics.median(ratios):.2f}x; loss terms on one batch differ by {difference:.1e} relative",
            flush=True,
        )


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["cmu", "human36m"])
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--block", type=int, help="steps per dispatch (default: the preset's)")
    parser.add_argument("--clips", type=int, default=290, help="of 150 frames of built-in motion")
    parser.add_argument("--torch", metavar="PYTHON", help="a Python with torch, for the comparison")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of PyTorch")
    parser.add_argument("--quick", action="store_true", help="leave out data size and host time")
    arguments = parser.parse_args()
    peak = Peak(arguments.rounds)
    device = jax.devices()[0]
    print(
        f"{device.platform} ({device.device_kind}), {len(os.sched_getaffinity(0))} cores, load before "
        f"{os.getloadavg()[0]:.1f}, jax {jax.__version__}, seed 0; matmul peak {peak.flops_per_s / 1e9:.0f} GFLOP/s"
    )
    for name in arguments.sizes:
        for stage in arguments.stages:
            measure(name, stage, arguments, peak)


if __name__ == "__main__":
    main()
