"""The teacher against itself: its skeleton, turned about up and seen from elsewhere, is lifted again.

In training the two agree; where motion is unlike all that was seen there they do not, and neither is right.
The cycle is that of training (``pn3d.training.stages.teacher``), from a few fixed sides, on some windows of a clip.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.config import ModelConfig
from pn3d.data.windows import Window, novel_window, virtual_depth
from pn3d.geometry import camera
from pn3d.inference.batches import in_batches
from pn3d.inference.lifted import LiftedClip
from pn3d.inference.networks import LEAST_SIZE
from pn3d.inference.weights import Weights
from pn3d.inference.windows import spread_windows
from pn3d.lifting.teacher import average_lifted
from pn3d.models.networks import make_networks

VIEWS_RAD = tuple(np.radians((60.0, -60.0, 180.0)))
"""How far the skeleton is turned about up."""

EVERY_S = 1.0
"""A window is looked at so often."""


def relifted_apart(weights: Weights, clips: Sequence[LiftedClip]) -> list[np.ndarray]:
    """Of every clip, (T,): how far the teacher's skeletons are from what it makes of their pictures from elsewhere,
    head-root units; the mean over views and joints after alignment, linear between the windows that are looked at."""
    model = weights.config.model
    parts = [spread_windows(len(clip.rays), clip.fps, model, EVERY_S) for clip in clips]
    middles = [index[:, model.window // 2] for index in parts]
    # Windows of all clips share the calls of the network.
    seen = [clip.outputs.at(at) for clip, at in zip(clips, middles, strict=True)]
    size = np.maximum(np.concatenate([outputs.size for outputs in seen]), LEAST_SIZE)
    joints = np.concatenate([clip.outputs.teacher_joints[index] for clip, index in zip(clips, parts, strict=True)])
    joints = (joints / size[:, None, None, None]).astype(np.float32)
    up = (np.concatenate([getattr(outputs, name) for outputs in seen]) for name in ("elevation_rad", "roll_rad"))
    relift = _compiled(model)
    teacher = jax.tree.map(jnp.asarray, weights.teacher)
    turned, again = in_batches(lambda *part: relift(teacher, *part), joints, *up, size)
    apart = aligned_distance(again.reshape(-1, 17, 3), turned.reshape(-1, 17, 3)).reshape(len(size), -1).mean(axis=1)
    of_clips = np.split(apart, np.cumsum([len(at) for at in middles])[:-1])
    return [
        np.interp(np.arange(len(clip.rays)), at, own).astype(np.float32)
        for clip, at, own in zip(clips, middles, of_clips, strict=True)
    ]


def aligned_distance(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Mean distance of points after the similarity that brings them nearest. (n, J, 3), (n, J, 3) -> (n,).

    As PA-MPJPE is measured (``pn3d.evaluation.metrics.procrustes``, in a room above this one).
    """
    source, goal = (each - each.mean(axis=1, keepdims=True) for each in (points.astype(np.float64), target))
    u, s, vt = np.linalg.svd(np.matmul(source.transpose(0, 2, 1), goal))
    third = np.where(np.linalg.det(u) * np.linalg.det(vt) < 0, -1.0, 1.0)
    scale = (s[:, 0] + s[:, 1] + third * s[:, 2]) / (np.einsum("njk,njk->n", source, source) + 1e-12)
    signs = np.stack([scale, scale, third * scale], axis=-1)
    return np.linalg.norm(np.matmul(source, np.matmul(u * signs[:, None], vt)) - goal, axis=-1).mean(axis=1)


@functools.cache
def _compiled(model: ModelConfig) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """One jitted function for each shape of networks, as in ``pn3d.inference.networks``."""
    network = make_networks(model).teacher

    @jax.jit
    def relift(
        teacher: Any, joints: jax.Array, elevation: jax.Array, roll: jax.Array, size: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """(n, T, 17, 3) root-relative joints in head-root units, (n,) radians, radians and size -> (n, V, 17, 3) the
        middle frame's from each view, and what is made of its picture there."""
        depth = virtual_depth(size, model.root_depth)
        window = Window(joints[..., :2], jnp.ones(joints.shape[:3], joints.dtype), size, depth)
        placed = joints + camera.on_axis(depth)
        views, novels = [], []
        for azimuth in VIEWS_RAD:
            turn = camera.view_rotation(elevation, jnp.full_like(elevation, azimuth), elevation, roll)
            views.append(camera.in_front(camera.rotate_about_root(placed, turn, depth)))
            novels.append(novel_window(camera.project_unit(views[-1], depth), window).window)
        # One call for all views.
        every = jax.tree.map(lambda *parts: jnp.concatenate(parts), *novels)
        again = average_lifted(network, teacher, every)
        middle = joints.shape[1] // 2
        again = again[:, middle].reshape(len(VIEWS_RAD), -1, 17, 3)
        return jnp.stack([view[:, middle] for view in views], axis=1), jnp.moveaxis(again, 0, 1)

    return relift
