"""How close the vertex path comes to the machine's limit: its FLOPs and bytes against measured peaks."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.smpl_inputs import inputs
from pn3d.body.model import NUM_JOINTS, POSE_FEATURES, BodyModel, vertices
from pn3d.geometry.rotations import axis_angle_to_matrix

MATMUL_SIZE = 2048
COPY_BYTES = 256 << 20
FLOAT = 4


def work(body: BodyModel, batch: int) -> dict[str, float]:
    """FLOPs of the vertex path, and the least bytes that must pass through memory, for the whole batch.

    FLOPs (a multiply and an add are two): shape and pose correctives 2 K 3 V per body, blending twelve entries of 24
    matrices 2 12 24 V, applying the result 18 V and adding template and translation 6 V; the tree itself is nothing
    beside them. Bytes: the blend basis, template and weights once, the vertices written once; what lies between need
    never leave the cache.
    """
    count, features = body.num_vertices, body.num_betas + POSE_FEATURES
    per_body = 2 * features * 3 * count + 2 * 12 * NUM_JOINTS * count + 18 * count + 6 * count
    model = (features + 1) * 3 * count + NUM_JOINTS * count
    inputs_and_outputs = batch * (3 * count + features + 3)
    return {"flops": float(batch * per_body), "bytes": float(FLOAT * (model + inputs_and_outputs))}


def limit_report(body: BodyModel, batch: int, rounds: int = 9) -> dict[str, Any]:
    """Times the vertex path, a large matrix product and a large copy in turns, and says what share was reached.

    Shares are medians of ratios within a round, so that other work on the machine meets both sides alike.

    Returns:
        numbers for JSON, and ``text``, two lines for people.
    """
    given = {key: jnp.asarray(value) for key, value in inputs(batch).items()}
    run = jax.jit(lambda betas, pose, transl: vertices(body, betas, axis_angle_to_matrix(pose), transl))
    square = jnp.asarray(np.random.default_rng(0).standard_normal((MATMUL_SIZE, MATMUL_SIZE)), jnp.float32)
    product = jax.jit(lambda a, b: jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST))
    source = np.ones(COPY_BYTES // FLOAT, np.float32)
    target = np.empty_like(source)
    calls: dict[str, Callable[[], Any]] = {
        "vertices": lambda: run(given["betas"], given["pose"], given["transl"]).block_until_ready(),
        "matmul": lambda: product(square, square).block_until_ready(),
        "copy": lambda: np.copyto(target, source),
    }
    spent = _rounds(calls, rounds)
    seconds = {name: statistics.median(values) for name, values in spent.items()}
    need = work(body, batch)
    matmul_peak, copy_peak = 2 * MATMUL_SIZE**3 / seconds["matmul"], 2 * COPY_BYTES / seconds["copy"]
    # How much of the peak's own work the path's need is; times (peak's seconds over path's seconds) of the same round.
    parts = {"matmul": need["flops"] / (2 * MATMUL_SIZE**3), "copy": need["bytes"] / (2 * COPY_BYTES)}
    shares = {
        name: statistics.median(part * own / path for own, path in zip(spent[name], spent["vertices"], strict=True))
        for name, part in parts.items()
    }
    binds = max(shares, key=lambda name: shares[name])
    text = (
        f"vertices, batch {batch}: {need['flops'] / 1e9:.2f} GFLOP and {need['bytes'] / 1e6:.0f} MB at least; measured "
        f"peaks {matmul_peak / 1e9:.0f} GFLOP/s (matmul) and {copy_peak / 1e9:.1f} GB/s (copy, read and written)\n"
        f"  reached {shares['matmul']:.0%} of the matmul peak and {shares['copy']:.0%} of the copy peak; "
        f"{'arithmetic' if binds == 'matmul' else 'memory'} binds (bar 50%)"
    )
    return {
        "batch": batch,
        **need,
        "us_per_body": round(seconds["vertices"] / batch * 1e6, 2),
        "matmul_peak_gflops": round(matmul_peak / 1e9, 1),
        "copy_peak_gb_s": round(copy_peak / 1e9, 2),
        "share_of_matmul_peak": round(shares["matmul"], 3),
        "share_of_copy_peak": round(shares["copy"], 3),
        "binds": binds,
        "text": text,
    }


def _rounds(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each call in every round, in turns, after two calls to warm up."""
    for call in calls.values():
        call()
        call()
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            spent[name].append(time.perf_counter() - began)
    return spent
