"""Checkpoints of a stage: orbax, the whole state, with a digest of its contents; newest intact one is resumed."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint import checkpoint_managers

from pn3d.errors import UserError
from pn3d.training.state import TrainState

KEPT = 2
"""Newest checkpoints that are kept of each stage."""


def digest(tree: Any) -> str:
    """SHA-256 of a replicated pytree: names, types, shapes and bytes of every leaf."""
    whole = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        array = np.asarray(leaf.addressable_data(0))
        whole.update(f"{jax.tree_util.keystr(path)}{array.dtype}{array.shape}".encode() + array.tobytes())
    return whole.hexdigest()


class Checkpoints:
    """The checkpoints of one stage in one folder; a context manager, since orbax writes in the background."""

    def __init__(self, folder: Path) -> None:
        """Opens (and makes) the folder; what a killed run left half-written is removed."""
        options = ocp.CheckpointManagerOptions(
            cleanup_tmp_directories=True,
            preservation_policy=checkpoint_managers.LatestN(KEPT),
        )
        try:
            self._manager = ocp.CheckpointManager(folder.resolve(), options=options)
        except OSError as error:
            raise UserError(f"cannot write checkpoints to {folder}: {error.strerror}") from None
        self._folder = folder

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: object) -> None:
        self._manager.wait_until_finished()
        self._manager.close()

    def save(self, state: TrainState) -> None:
        """Saves the state under its step, which must be new; waits for the save before, not for this one."""
        step = int(state.step)
        meta = {"step": step, "sha256": digest(state)}
        items = ocp.args.Composite(state=ocp.args.StandardSave(state), meta=ocp.args.JsonSave(meta))
        if step not in self._manager.all_steps() and not self._manager.save(step, args=items, force=True):
            raise UserError(f"checkpoint of step {step} was refused: {self._folder} holds a later one")

    def restore(self, like: TrainState, warn: Callable[[str], None]) -> TrainState | None:
        """The newest intact checkpoint, on the devices of ``like`` (a state or its shapes); None if there is none."""
        template = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=a.sharding), like)
        for step in sorted(self._manager.all_steps(), reverse=True):
            items = ocp.args.Composite(state=ocp.args.StandardRestore(template), meta=ocp.args.JsonRestore())
            try:
                found = self._manager.restore(step, args=items)
            # Orbax reports damage with bare Exception among others, so anything here means: try the one before.
            except Exception as error:
                reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
                warn(f"checkpoint {self._folder / str(step)} is damaged ({reason}); trying the one before")
                continue
            if digest(found.state) == found.meta["sha256"]:
                return found.state
            warn(f"checkpoint {self._folder / str(step)} is damaged (its contents changed); trying the one before")
        return None
