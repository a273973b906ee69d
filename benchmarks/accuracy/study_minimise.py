"""A teacher trained on any loss: for references that replace a part of the method. Adam, schedule and average are the
stage's own."""

from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from pn3d.config import Config
from pn3d.models.networks import Params
from pn3d.training.parallel import AXIS, device_mesh, mapped_step, repeated, replicate, varying
from pn3d.training.state import clipped_adam, init_state
from pn3d.training.train_step import ema_decay

Loss = Callable[[Params, Any, jax.Array, jax.Array], jax.Array]
"""(teacher's params, data, key of the step, lane) -> () on one device's share."""


@flax.struct.dataclass
class _State:
    step: jax.Array
    params: Params
    opt_state: Any
    ema: Params


def minimise(config: Config, data: Any, loss: Loss) -> Params:
    """Trains a fresh teacher by stage 1's optimiser on ``loss``; returns its averaged parameters."""
    optimiser = config.teacher.optimiser
    tx = clipped_adam(optimiser, optimiser.learning_rate).as_optax
    params = init_state(config).teacher.params
    key = jax.random.fold_in(jax.random.key(config.seed), 17)

    def step(state: _State, inputs: Any, lane: jax.Array) -> tuple[_State, jax.Array]:
        own = jax.random.fold_in(key, state.step)
        value, gradient = jax.value_and_grad(loss)(varying(state.params), inputs, own, lane)
        value, gradient = jax.lax.pmean((value, gradient), AXIS)
        updates, opt_state = tx.update(gradient, state.opt_state, state.params)
        moved = optax.apply_updates(state.params, updates)
        ema = optax.incremental_update(moved, state.ema, 1.0 - ema_decay(config, "teacher", state.step))
        return _State(state.step + 1, moved, opt_state, ema), value

    mesh, block = device_mesh(), config.run.steps_per_dispatch
    advance = mapped_step(repeated(step, block), mesh)
    copies = [jax.tree.map(jnp.copy, params) for _ in range(2)]
    state = replicate(_State(jnp.array(0, jnp.int32), copies[0], tx.init(params), copies[1]), mesh)
    inputs = replicate(data, mesh)
    for _ in range(optimiser.steps // block):
        state, _ = advance(state, inputs)
    return state.ema
