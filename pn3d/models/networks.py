"""The four networks of a configuration."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
from flax import linen as nn

from pn3d.config import ModelConfig
from pn3d.models.discriminator import Discriminator
from pn3d.models.student import Student
from pn3d.models.teacher import Teacher

Params = Any
"""A pytree of a network's parameters."""


class Networks(NamedTuple):
    """Modules without state; their parameters are passed in."""

    teacher: Teacher
    student: Student
    pose_discriminator: Discriminator
    motion_discriminator: Discriminator


def make_networks(config: ModelConfig) -> Networks:
    """Networks of the configured sizes."""
    trunk: dict[str, Any] = {"width": config.width, "blocks": config.blocks, "temporal": config.temporal}
    discriminator = Discriminator(width=config.discriminator_width, blocks=config.discriminator_blocks)
    return Networks(
        teacher=Teacher(
            **trunk, elevation_head=config.elevation_head, roll_head=config.roll_head, correct=config.correct
        ),
        student=Student(**trunk),
        pose_discriminator=discriminator,
        motion_discriminator=discriminator,
    )


def apply(network: nn.Module, params: Params, *inputs: jax.Array) -> Any:
    """A network's outputs; networks have no state but their parameters."""
    return network.apply({"params": params}, *inputs)


def discriminator_logits(
    networks: Networks, params: Mapping[str, Params], features: Mapping[str, jax.Array]
) -> dict[str, jax.Array]:
    """(B,) logits of each discriminator that ``features`` names; positive = real."""
    return {name: apply(getattr(networks, name), params[name], seen) for name, seen in features.items()}
