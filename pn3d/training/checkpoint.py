"""Checkpoints of a stage: orbax, the whole state, with a digest of its contents.

The newest and the best are kept. The newest intact one is resumed; one that is damaged is named and skipped.
"""

import errno
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint import checkpoint_managers

from pn3d.files.errors import UserError
from pn3d.training.state import PLAYERS, TrainState

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


def player_digests(state: TrainState) -> dict[str, str]:
    """Digest of the whole state (``state``) and of every player with its optimiser and average, by name."""
    return {"state": digest(state)} | {name: digest(getattr(state, name)) for name in PLAYERS}


def _score(metrics: Any) -> float:
    return float(metrics["score"])


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


def _is_full_disk(error: BaseException | None) -> bool:
    while error is not None:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return True
        if any(words in str(error) for words in ("No space left", "RESOURCE_EXHAUSTED", "ENOSPC", "File too large")):
            return True
        error = error.__cause__ or error.__context__
    return False


class Checkpoints:
    """The checkpoints of one stage in one folder; a context manager, since orbax writes in the background."""

    def __init__(self, folder: Path) -> None:
        """Opens (and makes) the folder; what a killed run left half-written is removed."""
        options = ocp.CheckpointManagerOptions(
            cleanup_tmp_directories=True,
            # Only for scores to be written at all; what is kept is the policy's business.
            best_fn=_score,
            best_mode="min",
            preservation_policy=checkpoint_managers.AnyPreservationPolicy(
                [
                    checkpoint_managers.LatestN(KEPT),
                    # ``reverse``: the last of a falling order, so the smallest score.
                    checkpoint_managers.BestN(
                        get_metric_fn=_score,
                        reverse=True,
                        n=1,
                        keep_checkpoints_without_metrics=False,
                    ),
                ]
            ),
        )
        try:
            self._manager = ocp.CheckpointManager(folder.resolve(), options=options)
        except OSError as error:
            raise UserError(f"cannot write checkpoints to {folder}: {error.strerror}") from None
        self._folder = folder

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._manager.wait_until_finished()
        except Exception as error:
            # What ended the run already is said; a failed save only where nothing else was.
            if kind is None:
                raise self._unsaved(error) from None
        finally:
            self._manager.close()

    def save(self, state: TrainState, score: float, sha256: str | None = None) -> None:
        """Saves the state under its step, which must be new; waits for the save before, not for this one.

        Args:
            state: of the stage.
            score: smaller is better; the best is kept beside the newest. It knows no 3D.
            sha256: ``digest(state)``, where it is known already.

        Raises:
            UserError: this checkpoint, or the one before it, could not be written.
        """
        step = int(state.step)
        if step in self._manager.all_steps():
            return
        meta = {"step": step, "sha256": sha256 or digest(state), "score": score}
        items = ocp.args.Composite(state=ocp.args.StandardSave(state), meta=ocp.args.JsonSave(meta))
        try:
            taken = self._manager.save(step, args=items, metrics={"score": score}, force=True)
        # Orbax passes on what its threads and its C++ parts met, in many types: full disk, lost mount, no permission.
        except Exception as error:
            raise self._unsaved(error) from None
        if not taken:
            raise UserError(f"checkpoint of step {step} was refused: {self._folder} holds a later one")

    def _unsaved(self, error: BaseException) -> UserError:
        reason = "the disk is full" if _is_full_disk(error) else _first_line(error)
        whole = sorted(int(entry.name) for entry in self._folder.iterdir() if entry.name.isdigit())
        kept = f"the checkpoints before it are whole: steps {whole}" if whole else "there is none before it"
        return UserError(f"cannot write a checkpoint to {self._folder}: {reason}; {kept}")

    def best(self) -> int | None:
        """The step of the best checkpoint; None if there is none with a score."""
        return next(iter(self._by_score()), None)

    def _by_score(self) -> list[int]:
        """Steps with a score, the best first."""
        scores = {step: self._manager.metrics(step) for step in self._manager.all_steps()}
        scored = {step: found["score"] for step, found in scores.items() if found}
        return sorted(scored, key=lambda step: (scored[step], step))

    def restore(self, like: TrainState, warn: Callable[[str], None], *, best: bool = False) -> TrainState | None:
        """The newest (or the best) intact checkpoint, on the devices of ``like`` (a state or its shapes); None if there
        is none."""
        self._manager.wait_until_finished()
        template = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=a.sharding), like)
        for step in self._by_score() if best else sorted(self._manager.all_steps(), reverse=True):
            items = ocp.args.Composite(state=ocp.args.StandardRestore(template), meta=ocp.args.JsonRestore())
            try:
                found = self._manager.restore(step, args=items)
            # Orbax reports damage with bare Exception among others, so anything here means: try the one before.
            except Exception as error:
                warn(f"checkpoint {self._folder / str(step)} is damaged ({_first_line(error)}); trying the one before")
                continue
            if digest(found.state) == found.meta["sha256"]:
                return found.state
            warn(f"checkpoint {self._folder / str(step)} is damaged (its contents changed); trying the one before")
        return None
