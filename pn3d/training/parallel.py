"""The one place that maps over devices: a step in, a pmapped step of many optimiser steps out.

In one process the step is `jax.pmap`; in several it is `jit(shard_map)`, which is what pmap lowers to. State and data
are replicated (axis None), every device takes its lane of the global batch, and everything that leaves was pmeaned.
"""

import os
from collections.abc import Callable
from typing import Any, Literal

import jax
import numpy as np

AXIS = "data"
Backend = Literal["pmap", "shard_map", "lint"]
Step = Callable[[Any, Any, jax.Array], tuple[Any, Any]]
"""(state, data, lane) -> (state, metrics); lane is the device's number."""


def device_mesh(devices: list[jax.Device] | None = None) -> jax.sharding.Mesh:
    """A mesh of one axis over the given devices, or over all."""
    return jax.sharding.Mesh(np.array(jax.devices() if devices is None else devices), (AXIS,))


def replicate(tree: Any, mesh: jax.sharding.Mesh) -> Any:
    """Puts a pytree on every device of the mesh, without a device axis."""
    sharding = jax.sharding.NamedSharding(mesh, jax.P())
    if jax.process_count() == 1:
        return jax.device_put(tree, sharding)

    def put(leaf: Any) -> jax.Array:
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.jit(jax.random.wrap_key_data, out_shardings=sharding)(put(jax.random.key_data(leaf)))
        if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
            return jax.device_put(leaf, sharding)
        host = np.asarray(leaf)
        return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])

    return jax.tree.map(put, tree)


def repeated(step: Step, count: int) -> Step:
    """``count`` optimiser steps in one call; metrics are their mean."""

    def many(state: Any, data: Any, lane: jax.Array) -> tuple[Any, Any]:
        state, metrics = jax.lax.scan(lambda s, _: step(s, data, lane), state, None, length=count)
        return state, jax.tree.map(lambda values: values.mean(axis=0), metrics)

    return many


def mapped_step(step: Step, mesh: jax.sharding.Mesh, *, backend: Backend | None = None) -> Any:
    """``step`` mapped over the mesh, the state donated: a function (state, data) -> (state, metrics).

    ``lint`` is shard_map with its replication checker on: it refuses a step that forgets a pmean. The result carries
    ``lower(state, data)`` and ``compile(state, data)`` for looking at what is compiled.
    """
    backend = backend or ("pmap" if jax.process_count() == 1 else "shard_map")
    lanes = np.arange(mesh.devices.size, dtype=np.int32)
    if backend == "pmap":
        mapped = jax.pmap(
            step,
            axis_name=AXIS,
            in_axes=(None, None, 0),
            out_axes=(None, None),
            devices=list(mesh.devices.flat),
            donate_argnums=(0,),
        )
        return _Bound(mapped, lanes)

    def one_lane(state: Any, data: Any, lane: jax.Array) -> tuple[Any, Any]:
        return step(state, data, lane[0])

    sharded = jax.shard_map(
        one_lane,
        mesh=mesh,
        in_specs=(jax.P(), jax.P(), jax.P(AXIS)),
        out_specs=(jax.P(), jax.P()),
        check_vma=(backend == "lint"),
    )
    lanes_on_mesh = jax.device_put(lanes, jax.sharding.NamedSharding(mesh, jax.P(AXIS)))
    return _Bound(jax.jit(sharded, donate_argnums=(0,)), lanes_on_mesh)


class Agreement:
    """One decision of all processes, so that they stop at the same step: True where any of them said so.

    Alone, a process gets its own word at once. Of several, each is told what was said at the call before, which every
    process has heard by then, so nobody waits for the device.
    """

    def __init__(self, mesh: jax.sharding.Mesh) -> None:
        self._spread = jax.sharding.NamedSharding(mesh, jax.P(AXIS))
        self._share = sum(device.process_index == jax.process_index() for device in mesh.devices.flat)
        self._any = jax.jit(lambda said: said.max(), out_shardings=jax.sharding.NamedSharding(mesh, jax.P()))
        self._before: jax.Array | None = None

    def __call__(self, word: bool) -> bool:
        """This process's word in, the decision of all out."""
        if jax.process_count() == 1:
            return word
        heard = self._before
        said = jax.make_array_from_process_local_data(self._spread, np.full(self._share, word, np.int32))
        self._before = self._any(said)
        return heard is not None and bool(np.asarray(heard.addressable_data(0)))


class _Bound:
    """A mapped step with its lanes filled in, compiled once for every kind of state and data."""

    def __init__(self, mapped: Any, lanes: Any) -> None:
        self._mapped, self._lanes = mapped, lanes
        self._compiled: dict[Any, Any] = {}

    def __call__(self, state: Any, data: Any) -> tuple[Any, Any]:
        leaves, structure = jax.tree.flatten((state, data))
        kind = (structure, *(jax.typeof(leaf) for leaf in leaves))
        if kind not in self._compiled:
            self._compiled[kind] = self.compile(state, data)
        return self._compiled[kind](state, data, self._lanes)

    def lower(self, state: Any, data: Any) -> Any:
        return self._mapped.lower(state, data, self._lanes)

    def compile(self, state: Any, data: Any) -> Any:
        """The step as it runs, for looking at what was compiled."""
        lowered, options = self.lower(state, data), compiler_options()
        while True:
            try:
                return lowered.compile(compiler_options=options)
            except jax.errors.JaxRuntimeError as error:
                known = {name: value for name, value in options.items() if name not in str(error)}
                if "No such compile option" not in str(error) or known == options:
                    raise
                options = known


_EIGEN = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_REDUCE"}
"""Of XLA's two libraries on CPU, YNNPACK sums and Eigen multiplies."""
_BARRIERS = {"xla_disable_hlo_passes": "cse_barrier_expander"}
"""XLA on CPU takes barriers away before it fuses, and what they were to make once is made anew wherever it is read."""


def compiler_options() -> dict[str, str]:
    """How a step is compiled on CPU: barriers stand, and on several cores Eigen multiplies, which was up to a tenth
    faster for a whole step on two (``docs/training.md``; more were not at hand); on one core it is slower. What
    ``XLA_FLAGS`` says of either goes before."""
    if jax.default_backend() != "cpu":
        return {}
    said = os.environ.get("XLA_FLAGS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chosen = _BARRIERS | (_EIGEN if cores > 1 else {})
    return {name: value for name, value in chosen.items() if name not in said}


def varying(tree: Any) -> Any:
    """Marks replicated values as per-device before a gradient is taken, so that pmean of it is right everywhere."""
    return jax.tree.map(lambda leaf: jax.lax.pcast(leaf, AXIS, to="varying"), tree)


def mean_over_devices(tree: Any) -> Any:
    """pmean, which XLA copies everything for where there is only one device."""
    return tree if jax.lax.axis_size(AXIS) == 1 else jax.lax.pmean(tree, AXIS)


def batch_mean(values: jax.Array) -> jax.Array:
    """Mean over the global batch of a per-device (B,) array."""
    return mean_over_devices(values.mean())
