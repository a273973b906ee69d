"""Windows through both networks, as they are and mirrored: the one place where prediction calls them."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.config import ModelConfig
from pn3d.data.gaps import across_gaps
from pn3d.data.trunk import with_whole_trunk
from pn3d.data.windows import Window, make_window, mirror_window
from pn3d.geometry import rotations
from pn3d.geometry.skeleton import SMPL24
from pn3d.inference.weights import NEVER_SEEN, Weights
from pn3d.lifting.student import local_sixd, student_outputs
from pn3d.lifting.teacher import lift, mirror_joints, root_relative
from pn3d.models.networks import make_networks

LEAST_SIZE = 1e-4
"""What sizes in the picture are taken for at least where something is measured by them: nobody is so small."""


class FrameOutputs(NamedTuple):
    """What the networks give for T frames, in centred-camera axes; leading axes may be (B, T) within windows.

    Attributes:
        teacher_joints: (T, 17, 3) root-relative, in units of the root's depth.
        elevation_rad: (T,).
        size: (T,) the person's size in the picture.
        mean_square: (T,) mean over windows of the squared length of ``teacher_joints``; what it is above that of the
            mean joints is the spread between windows.
        roll_rad: (T,).
        sixd: (T, 24, 6) columns of the student's local rotations, not orthonormal where averaged; None without a
            student.
        betas: (T, 10) shapes; None without a student.
    """

    teacher_joints: np.ndarray
    elevation_rad: np.ndarray
    size: np.ndarray
    mean_square: np.ndarray
    roll_rad: np.ndarray
    sixd: np.ndarray | None
    betas: np.ndarray | None

    def at(self, frames: Any) -> "FrameOutputs":
        """The outputs of some frames, by anything that indexes an array."""
        return FrameOutputs(*(None if value is None else value[frames] for value in self))  # type: ignore[arg-type]


def packed(outputs: FrameOutputs) -> jax.Array:
    """(B, T, *) values -> (B, T, 55), or (B, T, 209) with a student: one array to average and to copy."""
    lead = outputs.size.shape
    return jnp.concatenate([value.reshape(*lead, -1) for value in outputs if value is not None], axis=-1)


def unpacked(flat: np.ndarray) -> FrameOutputs:
    """The inverse of ``packed``."""
    lead = flat.shape[:-1]
    joints = flat[..., :51].reshape(*lead, 17, 3)
    shared = (joints, flat[..., 51], flat[..., 52], flat[..., 53], flat[..., 54])
    if flat.shape[-1] == 55:
        return FrameOutputs(*shared, None, None)
    return FrameOutputs(*shared, flat[..., 55:199].reshape(*lead, 24, 6), flat[..., 199:])


def window_predictor(weights: Weights) -> Callable[[np.ndarray, np.ndarray], jax.Array]:
    """A compiled function from (B, T, 17, 2) centred rays and (B, T, 17) confidences to packed outputs.

    Joints that flicker are carried over gaps (``pn3d.data.gaps``), and the middle of the trunk is made whole first
    (``pn3d.data.trunk``). Every window is also lifted mirrored, and both
    are averaged: the networks are trained to be symmetric, not made so. What is seen is seen at least at the confidence
    ``windows.least_confidence`` of the weights' card (0 where it has none): weights that learnt most of what they know
    without noise lose more by doubt than by the errors it tells.
    """
    # Networks that never saw a pelvis, as after training on COCO's joints alone, are not shown one now.
    unseen = (weights.facts.get("training_data") or {}).get(NEVER_SEEN)
    predict = _compiled_predictor(weights.config.model, not unseen)
    least = np.float32(weights.facts.get("windows", {}).get("least_confidence", 0.0))
    teacher = jax.tree.map(jnp.asarray, weights.teacher)
    student = None if weights.student is None else jax.tree.map(jnp.asarray, weights.student)
    return lambda rays, confidence: predict(teacher, student, rays, confidence, least)


@functools.cache
def _compiled_predictor(model: ModelConfig, whole_trunk: bool) -> Callable[..., jax.Array]:
    """One jitted function for each shape of networks: weights of one shape, however many, are compiled once."""
    networks = make_networks(model)

    def outputs_of(teacher: Any, student: Any, window: Window) -> FrameOutputs:
        lifted = lift(networks.teacher, teacher, window)
        # Over the person's depth instead of over its height: windows that find different sizes agree on it.
        joints = root_relative(lifted.joints) * window.size[:, None, None, None]
        per_frame = window.confidence.shape[:2]
        elevation, roll = (jnp.broadcast_to(of[:, None], per_frame) for of in (lifted.elevation, lifted.roll))
        size = jnp.broadcast_to(window.size[:, None], per_frame)
        square = jnp.sum(joints**2, axis=(-2, -1))
        if student is None:
            return FrameOutputs(joints, elevation, size, square, roll, None, None)  # type: ignore[arg-type]
        outputs = student_outputs(networks.student, student, window)
        betas = jnp.broadcast_to(outputs.betas[:, None], (*per_frame, outputs.betas.shape[-1]))
        # Columns as the student gives them: averaging them is linear, and one Gram-Schmidt per frame comes after it.
        return FrameOutputs(joints, elevation, size, square, roll, local_sixd(outputs), betas)  # type: ignore[arg-type]

    @jax.jit
    def predict(teacher: Any, student: Any, rays: jax.Array, confidence: jax.Array, least: jax.Array) -> jax.Array:
        rays, confidence = across_gaps(rays, confidence)
        if whole_trunk:
            rays, confidence = with_whole_trunk(rays, confidence)
        confidence = jnp.where(confidence > 0, jnp.maximum(confidence, least), 0.0)
        window = make_window(rays, confidence, model.root_depth)
        plain = outputs_of(teacher, student, window)
        mirrored = mirrored_outputs(outputs_of(teacher, student, mirror_window(window)))
        return 0.5 * (packed(plain) + packed(mirrored))

    return predict


def mirrored_outputs(outputs: FrameOutputs) -> FrameOutputs:
    """What the networks would give for the mirror image: the counterpart of ``mirror_window``; its own inverse."""
    sixd = None if outputs.sixd is None else rotations.mirror_sixd(outputs.sixd, SMPL24.mirror)
    joints = mirror_joints(outputs.teacher_joints)  # type: ignore[arg-type]
    return outputs._replace(teacher_joints=joints, roll_rad=-outputs.roll_rad, sixd=sixd)  # type: ignore[arg-type]
