"""The state of a run: four players and what a step must remember."""

import dataclasses
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from pn3d.config import Config, DiscriminatorConfig, OptimiserConfig, Stage
from pn3d.files.errors import UserError
from pn3d.models.discriminator import discriminator_features
from pn3d.models.networks import Networks, Params, make_networks

PLAYERS = ("teacher", "student", "pose_discriminator", "motion_discriminator")
TRAINED: dict[Stage, tuple[str, ...]] = {
    "teacher": ("teacher", "pose_discriminator", "motion_discriminator"),
    "student": ("student",),
    "joint": PLAYERS,
}
"""Which players learn in a stage; all others are frozen."""


@flax.struct.dataclass
class Player:
    """One network that learns.

    Attributes:
        params: its parameters.
        opt_state: of its own optax transformation; None while it is frozen.
        ema: moving average of params, what is evaluated and saved; None for discriminators.
    """

    params: Params
    opt_state: Any
    ema: Params


@flax.struct.dataclass
class TrainState:
    """Everything a stage changes.

    Attributes:
        step: () int32 optimiser steps done in this stage.
        key: typed key of the stage; the key of a step is fold_in(key, step).
        bad_step: () int32 first step whose numbers were not finite, else -1. The state is then that of the step before.
        bad_metric: () int32 index of the first metric (sorted by name) that was not finite, else -1.
    """

    step: jax.Array
    key: jax.Array
    bad_step: jax.Array
    bad_metric: jax.Array
    teacher: Player
    student: Player
    pose_discriminator: Player
    motion_discriminator: Player


def clipped_adam(optimiser: OptimiserConfig, learning_rate: float) -> optax.GradientTransformation:
    """Adam with warm-up and cosine decay, on gradients clipped by their norm."""
    schedule = optax.warmup_cosine_decay_schedule(
        0.1 * learning_rate,
        learning_rate,
        min(optimiser.warmup_steps, optimiser.steps),
        max(optimiser.steps, optimiser.warmup_steps + 1),
        learning_rate * optimiser.final_fraction,
    )
    adam = optax.adam(schedule, b1=optimiser.b1, b2=optimiser.b2, eps=1e-8)
    return optax.chain(optax.clip_by_global_norm(optimiser.clip_norm), adam)


def stage_optimiser(config: Config, stage: Stage) -> OptimiserConfig:
    """The optimiser settings of a stage."""
    stages: dict[Stage, OptimiserConfig] = {
        "teacher": config.teacher.optimiser,
        "student": config.student.optimiser,
        "joint": config.joint.optimiser,
    }
    return stages[stage]


def discriminator_config(config: Config, stage: Stage) -> DiscriminatorConfig:
    """The discriminators' settings of a stage (the student stage has none that learn)."""
    return config.joint.discriminator if stage == "joint" else config.teacher.discriminator


def stage_optimisers(config: Config, stage: Stage) -> dict[str, optax.GradientTransformation]:
    """One optimiser per player that learns in the stage."""
    optimiser = stage_optimiser(config, stage)
    rates = dict.fromkeys(TRAINED[stage], optimiser.learning_rate)
    for name in ("pose_discriminator", "motion_discriminator"):
        if name in rates:
            rates[name] = discriminator_config(config, stage).learning_rate
    return {name: clipped_adam(optimiser, rate) for name, rate in rates.items()}


def init_state(config: Config) -> TrainState:
    """The state before the first stage, from config.seed alone."""
    networks = make_networks(config.model)
    keys = dict(zip(PLAYERS, jax.random.split(jax.random.key(config.seed), len(PLAYERS)), strict=True))
    params = {name: _init_params(networks, name, config, key) for name, key in keys.items()}
    players = {name: Player(params=params[name], opt_state=None, ema=_ema(name, params[name])) for name in PLAYERS}
    return _with_counters(players, jax.random.key(config.seed))


def start_stage(config: Config, stage: Stage, before: TrainState) -> TrainState:
    """The first state of a stage: averaged weights of what was trained before, fresh optimisers, step 0."""
    optimisers = stage_optimisers(config, stage)
    players: dict[str, Player] = {}
    for name in PLAYERS:
        old: Player = getattr(before, name)
        params = old.params if old.ema is None else old.ema
        opt_state = optimisers[name].init(params) if name in optimisers else None
        # Copies: donated buffers must not be shared between params and ema.
        players[name] = Player(params=jax.tree.map(jnp.copy, params), opt_state=opt_state, ema=_ema(name, params))
    return _with_counters(players, jax.random.fold_in(jax.random.key(config.seed), 1 + _STAGE_NUMBER[stage]))


_STAGE_NUMBER: dict[Stage, int] = {"teacher": 0, "student": 1, "joint": 2}


def _with_counters(players: dict[str, Player], key: jax.Array) -> TrainState:
    minus_one = jnp.array(-1, jnp.int32)
    return TrainState(
        step=jnp.array(0, jnp.int32), key=key, bad_step=minus_one, bad_metric=jnp.copy(minus_one), **players
    )


def _ema(name: str, params: Params) -> Params:
    return jax.tree.map(jnp.copy, params) if name in ("teacher", "student") else None


def _init_params(networks: Networks, name: str, config: Config, key: jax.Array) -> Params:
    xy = jnp.zeros((1, config.model.window, 17, 2))
    confidence = jnp.ones((1, config.model.window, 17))
    if name in ("teacher", "student"):
        inputs: tuple[jax.Array, ...] = (xy, confidence)
    else:
        inputs = (discriminator_features(xy, confidence, jnp.zeros(1, jnp.int32), 1.0, 1.0)[name],)
    return jax.jit(getattr(networks, name).init)(key, *inputs)["params"]


def with_weights(state: TrainState, teacher: Params, student: Params | None) -> TrainState:
    """A state before the first stage with the teacher and student of trained weights in place of fresh ones.

    Raises:
        UserError: the weights' networks have other sizes than the config's.
    """
    players: dict[str, Any] = {}
    for name, params in (("teacher", teacher), ("student", student)):
        if params is None:
            continue
        fresh = getattr(state, name).params
        shapes = [jax.tree.map(jnp.shape, tree) for tree in (fresh, params)]
        if shapes[0] != shapes[1]:
            raise UserError(f"--init: the {name} of these weights has other sizes than this config's; use its preset")
        params = jax.tree.map(jnp.asarray, params)
        players[name] = Player(params=params, opt_state=None, ema=jax.tree.map(jnp.copy, params))
    return dataclasses.replace(state, **players)
