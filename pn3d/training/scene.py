"""What a run holds fixed."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pn3d.body.landmarks import Landmarks, landmark_joints
from pn3d.body.model import BodyModel, posed_joints, rest_joints_m
from pn3d.config import ModelConfig
from pn3d.geometry import bones
from pn3d.models.networks import Networks, make_networks


class Scene(NamedTuple):
    """Networks, body, landmarks, and (16,) the bone ratios of the body at rest."""

    networks: Networks
    body: BodyModel
    landmarks: Landmarks
    human_ratios: jax.Array


def make_scene(config: ModelConfig, body: BodyModel, landmarks: Landmarks) -> Scene:
    """The fixed parts of a run: networks of the configured sizes, and the bone ratios of the body at rest."""
    rest = jax.jit(rest_joints_m)(body, jnp.zeros((1, body.num_betas)))
    identity = jnp.broadcast_to(jnp.eye(3), (1, 24, 3, 3))
    joints = landmark_joints(landmarks, *posed_joints(body, rest, identity))
    ratios = bones.bone_ratios(bones.bone_vectors(joints[:, None]))
    return Scene(make_networks(config), body, landmarks, ratios[0, 0])
