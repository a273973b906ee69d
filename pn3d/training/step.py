"""One optimiser step of a stage: batch, gradients, pmean, a player at a time updated."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from pn3d.config import Config, Stage
from pn3d.lifters import Params
from pn3d.training import joint_stage, student_stage, teacher_stage
from pn3d.training.batch import Batch, TrainData, draw_batch
from pn3d.training.objectives import Scene
from pn3d.training.parallel import AXIS, Step
from pn3d.training.state import (
    PLAYERS,
    TRAINED,
    Player,
    TrainState,
    discriminator_config,
    stage_optimiser,
    stage_transformations,
)

Metrics = dict[str, jax.Array]
Gradients = Callable[[Config, Scene, dict[str, Params], Batch], tuple[dict[str, Params], Metrics]]

STAGE_GRADIENTS: dict[Stage, Gradients] = {
    "teacher": teacher_stage.gradients,
    "student": student_stage.gradients,
    "joint": joint_stage.gradients,
}

MATMUL: dict[str, Any] = {"default": None, "float32": "float32", "bfloat16": "BF16_BF16_F32"}
"""jax's names of ``config.run.matmul``."""


def stage_gradients(
    config: Config, stage: Stage, scene: Scene, state: TrainState, data: TrainData, lane: jax.Array
) -> tuple[dict[str, Params], Metrics]:
    """Gradients of the players that learn, meaned over the devices, at the state's step."""
    params = {name: getattr(state, name).params for name in PLAYERS}
    key = jax.random.fold_in(state.key, state.step)
    batch = draw_batch(data, key, lane, stage_optimiser(config, stage).batch_size, config)
    # What must be exact (body, cameras, losses) names its precision; what is left to the default is the networks.
    with jax.default_matmul_precision(MATMUL[config.run.matmul]):
        gradients = STAGE_GRADIENTS[stage](config, scene, params, batch)
    return jax.lax.pmean(gradients, AXIS)


def make_step(config: Config, stage: Stage, scene: Scene) -> Step:
    """The step of a stage, (state, data, lane) -> (state, metrics), to be mapped over devices.

    Where a metric is not finite the state stays as it was before that step, and says which step and metric it was.
    """
    transformations = stage_transformations(config, stage)
    every = discriminator_config(config, stage).every

    def step(state: TrainState, data: TrainData, lane: jax.Array) -> tuple[TrainState, Metrics]:
        gradients, metrics = stage_gradients(config, stage, scene, state, data, lane)
        changed: dict[str, Any] = {}
        for name in TRAINED[stage]:
            player: Player = getattr(state, name)
            moved, norms = update_player(
                player, gradients[name], transformations[name], ema_decay(config, stage, state.step)
            )
            if name.endswith("discriminator") and every > 1:
                moved = _choose(state.step % every == 0, moved, player)
            changed[name] = moved
            metrics |= {f"{kind}/{name}": value for kind, value in norms.items()}
        names = sorted(metrics)
        finite = jnp.stack([jnp.isfinite(metrics[name]) for name in names])
        good = finite.all() & (state.bad_step < 0)
        after = _choose(good, dataclasses.replace(state, step=state.step + 1, **changed), state)
        first_bad = ~finite.all() & (state.bad_step < 0)
        after = dataclasses.replace(
            after,
            bad_step=jnp.where(first_bad, state.step, state.bad_step),
            bad_metric=jnp.where(first_bad, jnp.argmin(finite).astype(jnp.int32), state.bad_metric),
        )
        return after, metrics

    return step


def ema_decay(config: Config, stage: Stage, step: jax.Array) -> jax.Array:
    """The moving average's decay; shorter at first, so that the start is forgotten (as in TensorFlow's EMA)."""
    count = step.astype(jnp.float32)
    return jnp.minimum(stage_optimiser(config, stage).ema, (1.0 + count) / (10.0 + count))


def update_player(
    player: Player, gradients: Params, tx: optax.GradientTransformation, decay: jax.Array
) -> tuple[Player, Metrics]:
    """One optax update of one player, its moving average, and the norms of gradient and update."""
    updates, opt_state = tx.update(gradients, player.opt_state, player.params)
    params = optax.apply_updates(player.params, updates)
    ema = None if player.ema is None else optax.incremental_update(params, player.ema, 1.0 - decay)
    norms = {"grad_norm": optax.tree.norm(gradients), "update_norm": optax.tree.norm(updates)}
    return Player(params=params, opt_state=opt_state, ema=ema), norms


def _choose(condition: jax.Array, if_true: Any, if_false: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), if_true, if_false)
