"""A finished or stopped run, run again: are the states of its log reached bitwise?"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import jax

from pn3d.config import STAGES, Config, Stage
from pn3d.files.errors import UserError
from pn3d.training.batch import TrainData
from pn3d.training.checkpoint import Checkpoints, player_digests
from pn3d.training.loop import check_devices
from pn3d.training.parallel import mapped_step, repeated, replicate
from pn3d.training.run_folder import RunFolder
from pn3d.training.scene import Scene
from pn3d.training.state import PLAYERS, TrainState, stage_optimiser, start_stage
from pn3d.training.train_step import make_step


@dataclasses.dataclass(frozen=True)
class Compared:
    """One recorded digest and its rerun.

    Attributes:
        stage, step: of the log row.
        player: first player that differs; "state" where only counters or keys do; None where all are equal.
        recorded, found: digests of it (of the whole state where all are equal).
    """

    stage: Stage
    step: int
    player: str | None
    recorded: str
    found: str


def recorded_digests(rows: list[dict[str, Any]]) -> dict[Stage, dict[int, dict[str, str]]]:
    """Log rows -> {stage: {step: {player: digest}}}, rows without digests left out."""
    found: dict[Stage, dict[int, dict[str, str]]] = {}
    for row in rows:
        if "digest" in row:
            found.setdefault(row["stage"], {})[row["step"]] = row["digest"]
    return found


def verify_run(
    config: Config,
    first: TrainState,
    data: TrainData,
    scene: Scene,
    folder: RunFolder,
    mesh: jax.sharding.Mesh,
    steps: int | None,
    say: Callable[[str], None],
) -> Iterator[Compared]:
    """Compares the recorded digests with those of a rerun, in order, up to the first that differs.

    Args:
        config: of the run.
        first: the state before the first stage.
        data: on the devices of the mesh.
        scene: of the run.
        folder: of the run; only read.
        mesh: devices.
        steps: of each stage; a stage that is not run to its end hands the next one the recorded end. None: all.
        say: prints a line.
    """
    recorded = recorded_digests(folder.logged())
    if not recorded:
        raise UserError(f"{folder.path} has no digests in its metrics.jsonl; was run.digest_every 0?")
    state = first
    for stage in STAGES:
        if stage not in recorded:
            continue
        check_devices(config, stage, mesh.devices.size)
        total, block = stage_optimiser(config, stage).steps, config.run.steps_per_dispatch
        wanted = {step: digests for step, digests in recorded[stage].items() if steps is None or step <= steps}
        state = replicate(start_stage(config, stage, state), mesh)
        template = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=leaf.sharding), state
        )
        advance, done, last = (
            mapped_step(repeated(make_step(config, stage, scene), block), mesh),
            0,
            max(wanted, default=0),
        )
        say(f"{stage}: {last} of {total} steps, {len(wanted)} recorded digests")
        while done < last:
            state, _ = advance(state, data)
            done += block
            if done in wanted:
                compared = _compare(stage, done, wanted[done], player_digests(state))
                yield compared
                if compared.player is not None:
                    return
        picked = stage == "teacher" and config.data.held_out_share > 0
        later = any(after in recorded for after in STAGES[STAGES.index(stage) + 1 :])
        if (done < total or picked) and later:
            with Checkpoints(folder.checkpoints(stage)) as checkpoints:
                state = checkpoints.restore(template, say, best=picked) or state


def _compare(stage: Stage, step: int, recorded: dict[str, str], found: dict[str, str]) -> Compared:
    for name in (*PLAYERS, "state"):
        if recorded[name] != found[name]:
            return Compared(stage, step, name, recorded[name], found[name])
    return Compared(stage, step, None, recorded["state"], found["state"])
