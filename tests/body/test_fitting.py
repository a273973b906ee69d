"""Bringing a body onto keypoints: fixed points, descent, and agreement with derivatives by autodiff."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import fitting
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks, landmark_joints
from pn3d.body.model import posed_joints, rest_joints_m
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import SMPL24

BODY, LANDMARKS = builtin_body(), builtin_landmarks()
NOTHING = jnp.zeros((17, 3))
AWAY = jnp.array([0.0, 0.0, 5.0])
COUNT = 4
"""People in every test, so that programs are compiled once."""


@functools.partial(jax.jit, static_argnums=(0, 1))
def people(spread: float, key: int = 0) -> tuple[jax.Array, jax.Array]:
    """Rest joints (N, 24, 3) and local rotations (N, 24, 3, 3) of people who face the camera."""
    turns = spread * jax.random.normal(jax.random.key(key), (COUNT, 24, 3))
    local = rotations.axis_angle_to_matrix(turns)
    facing = jnp.diag(jnp.array([1.0, -1.0, -1.0]))
    local = local.at[:, 0].set(jnp.matmul(facing[None], local[:, 0]))
    return rest_joints_m(BODY, jnp.zeros((COUNT, BODY.num_betas))), local


@functools.partial(jax.jit, static_argnames="steps")
def fit(
    rest: jax.Array,
    local: jax.Array,
    picture: fitting.Picture,
    depths: fitting.Depths | None = None,
    *,
    steps: int = fitting.STEPS,
) -> jax.Array:
    """The people brought onto a picture."""
    return fitting.fit_body(BODY, LANDMARKS, NOTHING, rest, local, picture, depths, steps=steps)


@jax.jit
def marks_of(rest: jax.Array, local: jax.Array) -> jax.Array:
    """(N, 17, 3) landmarks."""
    return landmark_joints(LANDMARKS, *posed_joints(BODY, rest, local), NOTHING)


@jax.jit
def seen(rest: jax.Array, local: jax.Array) -> jax.Array:
    """(N, 17, 2) rays of people five metres away."""
    marks = landmark_joints(LANDMARKS, *posed_joints(BODY, rest, local), NOTHING)
    return camera.project(marks + AWAY.reshape(1, 1, 3))


def picture(rays: jax.Array, weight: jax.Array | None = None) -> fitting.Picture:
    return fitting.Picture(rays, jnp.ones((COUNT, 17)) if weight is None else weight, jnp.full(COUNT, 0.15))


@jax.jit
def gaps(rest: jax.Array, local: jax.Array, rays: jax.Array) -> jax.Array:
    """(N, 17) distances in the picture after placing, head-root units."""
    marks = landmark_joints(LANDMARKS, *posed_joints(BODY, rest, local), NOTHING)
    shift = camera.fit_translation(marks, rays, jnp.ones(rays.shape[:2]), jnp.full(rays.shape[0], 0.15))
    apart = camera.project(marks + shift[:, None]) - rays
    return jnp.sqrt(jnp.sum(apart**2, axis=-1)) / 0.15


def gap(rest: jax.Array, local: jax.Array, rays: jax.Array) -> np.ndarray:
    """(N,) their mean."""
    return np.asarray(gaps(rest, local, rays)).mean(axis=-1)


def test_a_body_that_lies_on_its_keypoints_stays() -> None:
    rest, local = people(0.2)
    fitted = fit(rest, local, picture(seen(rest, local)))
    np.testing.assert_allclose(fitted, local, atol=2e-3)


def test_steps_bring_the_body_onto_other_peoples_keypoints_and_leave_rotations() -> None:
    rest, local = people(0.2)
    rays = seen(rest, people(0.2, key=1)[1])
    before = gap(rest, local, rays)
    fitted = fit(rest, local, picture(rays))
    assert (gap(rest, fitted, rays) < 0.5 * before).all()
    np.testing.assert_allclose(
        jnp.swapaxes(fitted, -1, -2) @ fitted, np.broadcast_to(np.eye(3), (COUNT, 24, 3, 3)), atol=1e-5
    )


def test_what_was_not_measured_pulls_nothing_and_no_steps_change_nothing() -> None:
    rest, local = people(0.2)
    rays = seen(rest, people(0.2, key=1)[1])
    weight = jnp.ones((COUNT, 17)).at[:, 13].set(0.0)
    moved = rays.at[:, 13].add(0.3)
    a, b = (fit(rest, local, picture(r, weight)) for r in (rays, moved))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(fit(rest, local, picture(rays), steps=0), local)


def test_a_surer_joint_pulls_more() -> None:
    """Confidence is a weight, not a mask: the wrist comes nearer to where a detector is sure of it."""
    rest, local = people(0.2)
    rays = seen(rest, local)
    wrist = 13
    moved = rays.at[:, wrist, 1].add(0.01)
    apart = []
    for trust in (0.05, 1.0):
        weight = jnp.ones((COUNT, 17)).at[:, wrist].set(trust)
        fitted = fit(rest, local, picture(moved, weight))
        apart.append(np.asarray(gaps(rest, fitted, moved))[:, wrist])
    assert (apart[1] < 0.6 * apart[0]).all(), apart


def test_moves_are_the_derivatives_of_forward_kinematics() -> None:
    rest, local = people(0.4)

    def marks(turn: jax.Array) -> jax.Array:
        turned = jnp.matmul(local, rotations.axis_angle_to_matrix(fitting._spread(turn)))
        return landmark_joints(LANDMARKS, *posed_joints(BODY, rest, turned), NOTHING)

    @jax.jit
    def both() -> tuple[jax.Array, jax.Array]:
        joints, turns = posed_joints(BODY, rest, local)
        offset = jnp.sum(turns[:, np.array(LANDMARKS.bone)] * LANDMARKS.offset_m[None, :, None], axis=-1)
        moves = jnp.stack(fitting._moves(LANDMARKS, BODY.parents, joints, turns, offset), axis=1)
        return moves, jax.jacfwd(marks)(jnp.zeros((COUNT, moves.shape[-1])))  # (N, 17, 3, N, K)

    moves, exact = both()
    for person in range(COUNT):
        np.testing.assert_allclose(jnp.moveaxis(moves[person], 0, 1), exact[person, :, :, person], atol=1e-5)


def test_exact_depths_and_keypoints_give_the_truth_and_depths_that_weigh_nothing_change_nothing() -> None:
    rest, truth = people(0.2)
    axes = fitting._spread(jax.random.normal(jax.random.key(5), (COUNT, len(fitting._TURNS))))
    away = 0.3 * axes / jnp.maximum(jnp.linalg.norm(axes, axis=-1, keepdims=True), 1e-6)  # every joint that turns
    start = jnp.matmul(truth, rotations.axis_angle_to_matrix(away))
    rays = seen(rest, truth)
    marks = marks_of(rest, truth)
    relative = marks[..., 2] - marks[:, :1, 2]

    def found(depths: fitting.Depths | None, steps: int = fitting.STEPS) -> np.ndarray:
        fitted = marks_of(rest, fit(rest, start, picture(rays), depths, steps=steps))
        return np.asarray(fitted - fitted[:, :1])

    def error_mm(joints: np.ndarray) -> float:
        return float(1000 * np.linalg.norm(joints - np.asarray(marks - marks[:, :1]), axis=-1).mean(axis=1).max())

    exact = fitting.Depths(relative, 0.02)
    assert error_mm(found(exact, 6)) < 10.0
    assert error_mm(found(None)) > 20.0  # keypoints alone do not tell it
    assert error_mm(found(exact)) < error_mm(found(fitting.Depths(relative, 0.3))) < error_mm(found(None))
    # Far-off depths, at a sigma that they have no weight by.
    np.testing.assert_allclose(found(fitting.Depths(relative + 0.5, 1e6)), found(None), atol=1e-5)
    # One sigma for each landmark, and outliers: the same where they say the same.
    each = fitting.Depths(relative, jnp.full(17, 0.3), fitting.OUTLIER)
    np.testing.assert_allclose(found(each), found(fitting.Depths(relative, 0.3)), atol=1e-5)


def test_turns_that_cost_less_go_further_and_the_others_less_far() -> None:
    rest, truth = people(0.2)
    _, start = people(0.2, 1)
    rays = seen(rest, truth)
    np.testing.assert_array_equal(fitting.looser({}), fitting.FREE_RAD)
    arms = fitting.looser({"shoulder": 2.0, "elbow": 2.0})

    def angles(free_rad: np.ndarray) -> dict[str, float]:
        fit_freely = functools.partial(fitting.fit_body, BODY, LANDMARKS, NOTHING, steps=1, free_rad=free_rad)
        fitted = jax.jit(fit_freely)(rest, start, picture(rays))
        change = rotations.matrix_to_axis_angle(jnp.matmul(jnp.swapaxes(start, -1, -2), fitted))
        angle = np.linalg.norm(np.asarray(change), axis=-1).mean(axis=0)
        parts = {"arms": ("shoulder", "elbow"), "trunk": ("spine1", "spine2", "spine3")}
        return {
            part: float(angle[[i for i, name in enumerate(SMPL24.joints) if name.split("_")[-1] in names]].mean())
            for part, names in parts.items()
        }

    as_usual, freer = angles(fitting.FREE_RAD), angles(arms)
    assert freer["arms"] > 1.1 * as_usual["arms"]
    assert freer["trunk"] < as_usual["trunk"]
