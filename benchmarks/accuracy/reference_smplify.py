"""Fitting the built-in body to keypoints frame by frame, after SMPLify (Bogo et al., ECCV 2016). Nothing is learnt.

Each frame starts from rest, upright, facing four ways, and the start that ends lowest is taken. The error of a joint in
the picture goes through Geman and McClure's function; priors are joint limits, rest and shape, those that the student
has. Translation is the closed-form one. Weights are ours.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from pn3d.body import limits, rest
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks, landmark_joints
from pn3d.body.model import posed_joints, rest_joints_m
from pn3d.data.clips import Clips, without_truth
from pn3d.data.joints17 import to_h36m17
from pn3d.data.rays import frame_rays
from pn3d.data.windows import make_window
from pn3d.geometry import camera, rotations

STEPS = 250
FACINGS = 4
CHUNK = 128
_ROBUST = 0.5
"""Error in head-root units beyond which a joint counts as an outlier."""
_RATE = 0.05
_LIMIT, _REST, _SHAPE = 0.05, 0.003, 0.0005


class Body(NamedTuple):
    """Of n frames: (n, 24, 6) rotations, (n, 10) shapes."""

    sixd: jax.Array
    betas: jax.Array


def _posed(body: Body) -> tuple[jax.Array, jax.Array]:
    """(n, 17, 3) landmarks and (n, 24, 3, 3) local rotations."""
    model = builtin_body()
    local = rotations.sixd_to_matrix(body.sixd)
    posed = posed_joints(model, rest_joints_m(model, body.betas), local)
    return landmark_joints(builtin_landmarks(), *posed), local


def _start(count: int, facing: jax.Array | int) -> Body:
    """Rest, upright in camera axes (x right, y down), turned about the vertical."""
    yaw = jnp.full((count,), 2.0 * np.pi * facing / FACINGS)
    about_y = yaw[:, None] * jnp.array([[0.0, 1.0, 0.0]])
    upright = rotations.axis_angle_to_matrix(about_y) * jnp.array([1.0, -1.0, -1.0]).reshape(1, 3, 1)
    local = jnp.broadcast_to(jnp.eye(3), (count, 24, 3, 3)).at[:, 0].set(upright)
    return Body(rotations.matrix_to_sixd(local), jnp.zeros((count, 10)))


def _losses(body: Body, rays: jax.Array, confidence: jax.Array, size: jax.Array) -> jax.Array:
    """(n,) of every frame for itself."""
    joints, local = _posed(body)
    placed = joints + camera.fit_translation(joints, rays, confidence, size)[:, None]
    square = jnp.sum(((camera.project(placed) - rays) / size[:, None, None]) ** 2, axis=-1)
    robust = _ROBUST**2 * square / (square + _ROBUST**2)
    data = jnp.sum(confidence * robust, axis=-1) / (jnp.sum(confidence, axis=-1) + 1e-6)
    excess = jnp.sum(limits.limit_excess_rad(local) ** 2, axis=(-2, -1))
    turns = jnp.mean(rest.relative_turns(limits.components_rad(local)) ** 2, axis=(-2, -1))
    return data + _LIMIT * excess + _REST * turns + _SHAPE * jnp.sum(body.betas**2, axis=-1)


@jax.jit
def _fit(
    rays: jax.Array, confidence: jax.Array, size: jax.Array, facing: jax.Array, steps: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """(n, 17, 3) joints of the fitted bodies and (n,) their losses, after so many steps of Adam with cosine decay."""
    optimiser = optax.scale_by_adam()
    start = _start(rays.shape[0], facing)

    def step(count: jax.Array, carry: tuple[Body, optax.OptState]) -> tuple[Body, optax.OptState]:
        body, state = carry
        # Frames do not mix, so the gradient of the sum is every frame's own.
        gradient = jax.grad(lambda b: jnp.sum(_losses(b, rays, confidence, size)))(body)
        updates, state = optimiser.update(gradient, state)
        rate = 0.5 * _RATE * (1.0 + jnp.cos(jnp.pi * count / steps))
        return jax.tree.map(lambda value, update: value - rate * update, body, updates), state

    body, _ = jax.lax.fori_loop(0, steps, step, (start, optimiser.init(start)))
    return _posed(body)[0], _losses(body, rays, confidence, size)


def fit_frames(clips: Clips, frames: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """The fitted skeletons of some frames, root-relative, in camera axes. -> (n, 17, 3) metres."""
    seen = frame_rays(to_h36m17(without_truth(clips)))
    rays, confidence = np.asarray(seen.rays)[frames], np.asarray(seen.confidence)[frames]
    size = np.asarray(jax.jit(make_window, static_argnums=2)(rays[:, None], confidence[:, None], 0.0).size)
    fitted = []
    for begin in range(0, len(frames), CHUNK):
        index = np.minimum(np.arange(begin, begin + CHUNK), len(frames) - 1)
        given = [jnp.asarray(array[index]) for array in (rays, confidence, size)]
        tries = [_fit(*given, facing, steps) for facing in range(FACINGS)]
        joints, loss = (np.stack([np.asarray(one[i]) for one in tries]) for i in range(2))
        fitted.append(joints[loss.argmin(axis=0), np.arange(CHUNK)][: len(frames) - begin])
    centred = np.concatenate(fitted)
    back = camera.uncentre_points(jnp.asarray(centred - centred[:, :1]), seen.root_ray[jnp.asarray(frames)])
    return np.asarray(back)
