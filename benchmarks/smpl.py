"""Speed of the SMPL layer beside smplx (PyTorch) and the JAX backend of body-models, on one random full-size model.

    pip install -r requirements-bench.txt
    python -m benchmarks.smpl [--rounds 9] [--batches 1 64 512] [--json OUT.json]

Pose (axis-angle), shape and translation in; vertices (B, V, 3) or the 24 joints out, everything in between inside the
timing. The contestants take turns in every round, and medians over the rounds are compared, so that other work on the
machine meets all of them alike. A library that is not installed leaves its column empty.
"""

import argparse
import importlib.metadata
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.smpl_files import in_file_layout, random_smpl, write_python2_pickle
from benchmarks.smpl_inputs import inputs
from benchmarks.smpl_limit import limit_report
from pn3d.body.model import BodyModel, joints, vertices
from pn3d.body.smpl_file import load_body
from pn3d.geometry.rotations import axis_angle_to_matrix

TASKS = ("vertices", "gradients", "joints")
ROUND_SECONDS = 0.4
BARS: dict[tuple[str, str, int], float] = {
    **{("smplx", "vertices", batch): bar for batch, bar in ((1, 3.5), (64, 3.0), (512, 4.0))},
    **{("smplx", "gradients", batch): 2.0 for batch in (64, 512)},
    **{("smplx", "joints", batch): 50.0 for batch in (64, 512)},
    **{("body-models", "vertices", batch): 4.0 for batch in (64, 512)},
    **{("body-models", "joints", batch): 2.0 for batch in (64, 512)},
}
"""How many times faster than (library, task, batch) this layer is to be."""


@dataclass
class Contestant:
    """A library: for each task and batch a call that does it once and waits for the result."""

    version: str
    make: Callable[[str, int], Callable[[], Any]]
    note: str = ""
    missing: bool = False
    seconds: dict[tuple[str, int], list[float]] = field(default_factory=dict)


def ours(body: BodyModel) -> Contestant:
    """This project's layer."""

    def all_vertices(betas: jax.Array, pose: jax.Array, transl: jax.Array) -> jax.Array:
        return vertices(body, betas, axis_angle_to_matrix(pose), transl)

    def all_joints(betas: jax.Array, pose: jax.Array, transl: jax.Array) -> jax.Array:
        return joints(body, betas, axis_angle_to_matrix(pose), transl)

    return Contestant(importlib.metadata.version("jax"), _jax_tasks(all_vertices, all_joints), "on jax")


def _jax_tasks(all_vertices: Callable[..., Any], all_joints: Callable[..., Any]) -> Callable[[str, int], Any]:
    def make(task: str, batch: int) -> Callable[[], Any]:
        given = {key: jnp.asarray(value) for key, value in inputs(batch).items()}
        arguments = (given["betas"], given["pose"], given["transl"])

        def loss(betas: jax.Array, pose: jax.Array, transl: jax.Array) -> jax.Array:
            return jnp.sum(all_vertices(betas, pose, transl) * given["weight"])

        run = {
            "vertices": jax.jit(all_vertices),
            "gradients": jax.jit(jax.grad(loss, argnums=(0, 1, 2))),
            "joints": jax.jit(all_joints),
        }[task]
        return lambda: jax.block_until_ready(run(*arguments))

    return make


def smplx(content: dict[str, Any]) -> Contestant:
    """The reference implementation, on PyTorch; its call gives vertices and joints together."""
    try:
        import smplx as library
        import torch
    except ImportError as error:
        return Contestant("", lambda task, batch: lambda: None, f"not installed ({error.name})", missing=True)
    layer = library.SMPL(
        "", data_struct=library.utils.Struct(**content), create_body_pose=False, create_betas=False,
        create_global_orient=False, create_transl=False,
    )  # fmt: skip

    def make(task: str, batch: int) -> Callable[[], Any]:
        given = {key: torch.from_numpy(value) for key, value in inputs(batch).items()}
        pose = given["pose"].reshape(batch, 72)

        def call(**changed: Any) -> Any:
            return layer(
                **{
                    "betas": given["betas"],
                    "global_orient": pose[:, :3],
                    "body_pose": pose[:, 3:],
                    "transl": given["transl"],
                }
                | changed
            )

        def gradients() -> Any:
            leaves = [array.clone().requires_grad_() for array in (given["betas"], pose, given["transl"])]
            found = call(betas=leaves[0], global_orient=leaves[1][:, :3], body_pose=leaves[1][:, 3:], transl=leaves[2])
            return torch.autograd.grad((found.vertices * given["weight"]).sum(), leaves)

        def forward() -> Any:
            with torch.no_grad():
                found = call()
            return found.vertices if task == "vertices" else found.joints[:, :24]

        return gradients if task == "gradients" else forward

    return Contestant(importlib.metadata.version("smplx"), make, f"on torch {torch.__version__}")


def body_models(content: dict[str, Any]) -> Contestant:
    """The JAX backend of body-models, inside jit like ours."""
    try:
        from body_models.smpl.jax import SMPL
    except ImportError as error:
        return Contestant("", lambda task, batch: lambda: None, f"not installed ({error.name})", missing=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        arrays: dict[str, Any] = {key: value for key, value in content.items() if isinstance(value, np.ndarray)}
        np.savez(path, **arrays)
        layer = SMPL(model_path=path)

    def arguments(betas: jax.Array, pose: jax.Array, transl: jax.Array) -> dict[str, jax.Array]:
        return {"shape": betas, "body_pose": pose[:, 1:], "pelvis_rotation": pose[:, 0], "global_translation": transl}

    def all_vertices(*given: jax.Array) -> jax.Array:
        return layer.forward_vertices(**arguments(*given))

    def all_joints(*given: jax.Array) -> jax.Array:
        return layer.forward_skeleton(**arguments(*given))[..., :3, 3]

    return Contestant(importlib.metadata.version("body-models"), _jax_tasks(all_vertices, all_joints), "on jax")


def race(contestants: dict[str, Contestant], batches: list[int], rounds: int) -> None:
    """Fills in the seconds per call of everybody's tasks, round by round in turns."""
    for task in TASKS:
        for batch in batches:
            calls = {name: c.make(task, batch) for name, c in contestants.items() if not c.missing}
            repeats = {name: _repeats(call) for name, call in calls.items()}
            for number in range(rounds):
                names = list(calls)
                for name in names[number % len(names) :] + names[: number % len(names)]:
                    calls[name]()  # whoever had the caches and the memory before does not count
                    began = time.perf_counter()
                    for _ in range(repeats[name]):
                        calls[name]()
                    spent = (time.perf_counter() - began) / repeats[name]
                    contestants[name].seconds.setdefault((task, batch), []).append(spent)


def _repeats(call: Callable[[], Any]) -> int:
    """How many calls fill a round; compiles and warms up on the way."""
    for _ in range(3):
        call()
    began = time.perf_counter()
    call()
    return max(1, min(1000, int(ROUND_SECONDS / (time.perf_counter() - began + 1e-9))))


def table(contestants: dict[str, Contestant], batches: list[int]) -> tuple[str, list[dict[str, Any]]]:
    """The table in text, and its rows."""
    rows = []
    for task in TASKS:
        for batch in batches:
            row: dict[str, Any] = {"task": task, "batch": batch, "us_per_body": {}, "times_faster": {}, "bar": {}}
            for name, contestant in contestants.items():
                if contestant.missing:
                    continue
                row["us_per_body"][name] = round(statistics.median(contestant.seconds[task, batch]) / batch * 1e6, 2)
                if name != "pn3d":
                    pairs = zip(contestant.seconds[task, batch], contestants["pn3d"].seconds[task, batch], strict=True)
                    row["times_faster"][name] = round(statistics.median(theirs / own for theirs, own in pairs), 2)
                    if (name, task, batch) in BARS:
                        row["bar"][name] = BARS[name, task, batch]
            rows.append(row)
    lines = [f"{'microseconds per body':<24}" + "".join(f"{name:>28}" for name in contestants)]
    for row in rows:
        cells = [f"{row['task'] + ', batch ' + str(row['batch']):<24}"]
        for name in contestants:
            cell = f"{row['us_per_body'][name]:,.1f}" if name in row["us_per_body"] else "-"
            if name in row["times_faster"]:
                bar = f", bar {row['bar'][name]:g}" if name in row["bar"] else ""
                cell += f" ({row['times_faster'][name]:.1f}x{bar})"
            cells.append(f"{cell:>28}")
        lines.append("".join(cells))
    return "\n".join(lines), rows


def main() -> int:
    """Runs the benchmark; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64, 512])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    content = random_smpl(0)
    with tempfile.TemporaryDirectory() as folder:
        write_python2_pickle(Path(folder) / "random.pkl", in_file_layout(content), 2)
        body = load_body(Path(folder) / "random.pkl")
    contestants = {"pn3d": ours(body), "smplx": smplx(content), "body-models": body_models(content)}
    where = f"{os.cpu_count()} cores, {jax.devices()[0].platform}"
    print(f"{where}; {body.num_vertices} vertices, medians of {options.rounds} rounds")
    for name, contestant in contestants.items():
        print(f"  {name} {contestant.version} {contestant.note}".rstrip())
    race(contestants, options.batches, options.rounds)
    text, rows = table(contestants, options.batches)
    print(text)
    limit = limit_report(body, max(options.batches))
    print(limit["text"])
    if options.json:
        versions = {name: contestant.version or None for name, contestant in contestants.items()}
        report = {"version": 1, "cores": os.cpu_count(), "versions": versions, "rows": rows, "limit": limit}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
