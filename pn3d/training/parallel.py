"""The one place that maps over devices: a step in, a pmapped step of many optimiser steps out.

In one process the step is `jax.pmap`; in several it is `jit(shard_map)`, which is what pmap lowers to. State and data
are replicated (axis None), every device takes its share of the global batch, and everything that leaves was pmeaned.
"""

from collections.abc import Callable
from typing import Any, Literal

import jax
import numpy as np

from pn3d.training.xla_options import compiler_options

AXIS = "data"
Backend = Literal["pmap", "shard_map", "lint"]
Step = Callable[[Any, Any, jax.Array], tuple[Any, Any]]
"""(state, data, device_index) -> (state, metrics)."""


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

    def many(state: Any, data: Any, device_index: jax.Array) -> tuple[Any, Any]:
        state, metrics = jax.lax.scan(lambda s, _: step(s, data, device_index), state, None, length=count)
        return state, jax.tree.map(lambda values: values.mean(axis=0), metrics)

    return many


def mapped_step(step: Step, mesh: jax.sharding.Mesh, *, backend: Backend | None = None) -> Any:
    """``step`` mapped over the mesh, the state donated: a function (state, data) -> (state, metrics).

    ``lint`` is shard_map with its replication checker on: it refuses a step that forgets a pmean. The result carries
    ``lower(state, data)`` and ``compile(state, data)`` for looking at what is compiled.
    """
    backend = backend or ("pmap" if jax.process_count() == 1 else "shard_map")
    indices = np.arange(mesh.devices.size, dtype=np.int32)
    if backend == "pmap":
        mapped = jax.pmap(
            step,
            axis_name=AXIS,
            in_axes=(None, None, 0),
            out_axes=(None, None),
            devices=list(mesh.devices.flat),
            donate_argnums=(0,),
        )
        return _Bound(mapped, indices)

    def one_device(state: Any, data: Any, index: jax.Array) -> tuple[Any, Any]:
        return step(state, data, index[0])

    sharded = jax.shard_map(
        one_device,
        mesh=mesh,
        in_specs=(jax.P(), jax.P(), jax.P(AXIS)),
        out_specs=(jax.P(), jax.P()),
        check_vma=(backend == "lint"),
    )
    indices_on_mesh = jax.device_put(indices, jax.sharding.NamedSharding(mesh, jax.P(AXIS)))
    return _Bound(jax.jit(sharded, donate_argnums=(0,)), indices_on_mesh)


class Agreement:
    """One decision of all processes, so that they stop at the same step: True where any of them voted so.

    Alone, a process gets its own vote at once. Of several, each is told the votes of the call before, which every
    process has by then, so nobody waits for the device.
    """

    def __init__(self, mesh: jax.sharding.Mesh) -> None:
        self._spread = jax.sharding.NamedSharding(mesh, jax.P(AXIS))
        self._share = sum(device.process_index == jax.process_index() for device in mesh.devices.flat)
        self._any = jax.jit(lambda votes: votes.max(), out_shardings=jax.sharding.NamedSharding(mesh, jax.P()))
        self._before: jax.Array | None = None

    def __call__(self, vote: bool) -> bool:
        """This process's vote in, the decision of all out."""
        if jax.process_count() == 1:
            return vote
        before = self._before
        votes = jax.make_array_from_process_local_data(self._spread, np.full(self._share, vote, np.int32))
        self._before = self._any(votes)
        return before is not None and bool(np.asarray(before.addressable_data(0)))


class _Bound:
    """A mapped step with the device indices filled in, compiled once for every kind of state and data."""

    def __init__(self, mapped: Any, indices: Any) -> None:
        self._mapped, self._indices = mapped, indices
        self._compiled: dict[Any, Any] = {}

    def __call__(self, state: Any, data: Any) -> tuple[Any, Any]:
        leaves, structure = jax.tree.flatten((state, data))
        kind = (structure, *(jax.typeof(leaf) for leaf in leaves))
        if kind not in self._compiled:
            self._compiled[kind] = self.compile(state, data)
        return self._compiled[kind](state, data, self._indices)

    def lower(self, state: Any, data: Any) -> Any:
        return self._mapped.lower(state, data, self._indices)

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


def varying(tree: Any) -> Any:
    """Marks replicated values as per-device before a gradient is taken, so that pmean of it is right everywhere."""
    return jax.tree.map(lambda leaf: jax.lax.pcast(leaf, AXIS, to="varying"), tree)


def mean_over_devices(tree: Any) -> Any:
    """pmean, which XLA copies everything for where there is only one device."""
    return tree if jax.lax.axis_size(AXIS) == 1 else jax.lax.pmean(tree, AXIS)


def batch_mean(values: jax.Array) -> jax.Array:
    """Mean over the global batch of a per-device (B,) array."""
    return mean_over_devices(values.mean())
