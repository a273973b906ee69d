"""One optimiser step of a stage: batch, gradients, pmean, a player at a time updated."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from pn3d.config import Config, Stage
from pn3d.data.disturbed import Batch
from pn3d.models.networks import Params
from pn3d.training.batch import TrainData, draw_batch
from pn3d.training.parallel import Step, mean_over_devices
from pn3d.training.scene import Scene
from pn3d.training.stages import joint as joint_stage
from pn3d.training.stages import student as student_stage
from pn3d.training.stages import teacher as teacher_stage
from pn3d.training.state import (
    PLAYERS,
    TRAINED,
    Player,
    TrainState,
    discriminator_config,
    stage_optimiser,
    stage_optimisers,
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
    config: Config, stage: Stage, scene: Scene, state: TrainState, data: TrainData, device_index: jax.Array
) -> tuple[dict[str, Params], Metrics]:
    """Gradients of the players that learn, meaned over the devices, at the state's step."""
    params = {name: getattr(state, name).params for name in PLAYERS}
    key = jax.random.fold_in(state.key, state.step)
    batch = draw_batch(data, key, device_index, stage_optimiser(config, stage).batch_size, config)
    # What must be exact (body, cameras, losses) names its precision; what is left to the default is the networks.
    with jax.default_matmul_precision(MATMUL[config.run.matmul]):
        gradients = STAGE_GRADIENTS[stage](config, scene, params, batch)
    return mean_over_devices(gradients)


def make_step(config: Config, stage: Stage, scene: Scene) -> Step:
    """The step of a stage, (state, data, device_index) -> (state, metrics), to be mapped over devices.

    Where a metric is not finite the state stays as it was before that step, and says which step and metric it was.
    """
    optimisers = stage_optimisers(config, stage)
    every = discriminator_config(config, stage).every

    def step(state: TrainState, data: TrainData, device_index: jax.Array) -> tuple[TrainState, Metrics]:
        gradients, metrics = stage_gradients(config, stage, scene, state, data, device_index)
        metrics |= {f"grad_norm/{name}": optax.tree.norm(gradients[name]) for name in TRAINED[stage]}
        # Finite gradients give finite updates, for Adam divides them by their own size.
        finite = {name: jnp.isfinite(value) for name, value in metrics.items()}
        all_finite = jnp.stack(list(finite.values())).all()
        update = all_finite & (state.bad_step < 0)
        decay = ema_decay(config, stage, state.step)
        changed: dict[str, Any] = {}
        for name in TRAINED[stage]:
            update_player = update & (state.step % every == 0) if name.endswith("discriminator") else update
            changed[name], metrics[f"update_norm/{name}"] = updated_player(
                getattr(state, name), gradients[name], optimisers[name], decay, update_player
            )
        first_bad = ~all_finite & (state.bad_step < 0)
        in_order = jnp.stack([finite.get(name, jnp.array(True)) for name in sorted(metrics)])
        after = dataclasses.replace(
            state,
            **changed,
            step=state.step + update.astype(state.step.dtype),
            bad_step=jnp.where(first_bad, state.step, state.bad_step),
            bad_metric=jnp.where(first_bad, jnp.argmin(in_order).astype(jnp.int32), state.bad_metric),
        )
        return after, metrics

    return step


def ema_decay(config: Config, stage: Stage, step: jax.Array) -> jax.Array:
    """The moving average's decay; shorter at first, so that the start is forgotten (as in TensorFlow's EMA)."""
    count = step.astype(jnp.float32)
    return jnp.minimum(stage_optimiser(config, stage).ema, (1.0 + count) / (10.0 + count))


def updated_player(
    player: Player, gradients: Params, optimiser: optax.GradientTransformation, decay: jax.Array, update: jax.Array
) -> tuple[Player, jax.Array]:
    """One update of one player and its moving average, and the update's norm; no change where not ``update``.

    Args:
        player: with its optimiser's state.
        gradients: by its parameters.
        optimiser: its own.
        decay: () of the moving average.
        update: () bool.
    """
    updates, opt_state = optimiser.update(gradients, player.opt_state, player.params)
    params = optax.apply_updates(player.params, updates)
    ema = None if player.ema is None else optax.incremental_update(params, player.ema, 1.0 - decay)
    after = Player(params=params, opt_state=opt_state, ema=ema)
    return optax.tree.where(update, after, player), optax.tree.norm(updates)
