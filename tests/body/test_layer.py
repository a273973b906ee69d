"""The SMPL layer under transformations: float64, vmap, forward mode, and what is never formed on the way."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body.model import BodyModel, joints, make_body_model, vertices
from pn3d.geometry import rotations as rot
from tests.body.test_model import _literal_smpl, _random_arrays, _random_body

Given = tuple[np.ndarray, np.ndarray, np.ndarray]


def _inputs(count: int, seed: int = 0) -> Given:
    rng = np.random.default_rng(seed)
    parts = (rng.normal(size=(count, 10)), rng.normal(size=(count, 24, 3)), rng.normal(size=(count, 3)))
    betas, pose, transl = (part.astype(np.float32) for part in parts)
    return betas, pose, transl


def _surface(body: BodyModel, betas: jax.Array, pose: jax.Array, transl: jax.Array) -> jax.Array:
    return vertices(body, betas, rot.axis_angle_to_matrix(pose), transl)


def _weighed(body: BodyModel, *given: Any) -> jax.Array:
    return jnp.sum(jnp.sin(3.0 * _surface(body, *given)))


def test_vmap_equals_a_batch() -> None:
    body, given = _random_body(), _inputs(4)
    batch = jax.jit(lambda *parts: _surface(body, *parts))(*given)
    one_by_one = jax.jit(jax.vmap(lambda *parts: _surface(body, *parts)))
    np.testing.assert_allclose(one_by_one(*given), batch, atol=1e-5)
    pairs = tuple(part.reshape(2, 2, *part.shape[1:]) for part in given)
    inside = jax.jit(jax.vmap(lambda *parts: _surface(body, *parts)))(*pairs)
    np.testing.assert_allclose(inside.reshape(batch.shape), batch, atol=1e-5)


def test_float64_is_exact_to_its_own_rounding() -> None:
    with jax.enable_x64(True):
        body = make_body_model(name="random", dtype=np.float64, **_random_arrays())
        betas, pose, transl = (part[0].astype(np.float64) for part in _inputs(1))
        surface = np.asarray(jax.jit(_surface)(body, betas, pose, transl))
        skeleton = np.asarray(jax.jit(joints)(body, betas, rot.axis_angle_to_matrix(pose), transl))
        assert surface.dtype == skeleton.dtype == np.float64
        for found, expected in zip((surface, skeleton), _literal_smpl(body, betas, pose, transl), strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def _equations(jaxpr: Any) -> Iterator[Any]:
    """Every step of a program, inner programs included."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for inner in value if isinstance(value, list | tuple) else [value]:
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from _equations(inner)


def test_no_matrix_per_vertex_is_formed() -> None:
    """A literal reading forms (B, V, 4, 4), 16 numbers for each vertex of each body; here it is not even 12."""
    body, given = _random_body(), _inputs(80)
    limit = 12 * 80 * body.num_vertices
    assert body.blend_planes.size < limit
    for function in (_surface, jax.grad(_weighed, argnums=(1, 2, 3))):
        steps = list(_equations(jax.make_jaxpr(function)(body, *given).jaxpr))
        assert len(steps) > 50
        assert max(formed.aval.size for step in steps for formed in step.outvars) < limit


def test_a_clips_shape_is_worked_on_once() -> None:
    """With one shape for many frames, only products of one row per clip see the shape basis of the joints."""
    body = _random_body()
    betas, pose = np.zeros((5, 1, 10), np.float32), np.zeros((5, 30, 24, 3), np.float32)
    of_joints = lambda b, p: joints(body, b, rot.axis_angle_to_matrix(p), jnp.zeros((5, 1, 3)))  # noqa: E731
    products = [
        step
        for step in _equations(jax.make_jaxpr(of_joints)(betas, pose).jaxpr)
        if step.primitive.name == "dot_general" and any(10 in operand.aval.shape for operand in step.invars)
    ]
    assert [step.outvars[0].aval.size for step in products] == [5 * 72]


def test_forward_mode_by_shape() -> None:
    body, (betas, pose, transl) = _random_body(), _inputs(2, seed=3)
    slope = lambda b: _surface(body, b, pose, transl)  # noqa: E731
    forward = np.asarray(jax.jit(jax.jacfwd(slope))(betas))
    step = np.zeros_like(betas)
    step[1, 4] = 1.0
    exact = (np.asarray(jax.jit(slope)(betas + step)) - np.asarray(jax.jit(slope)(betas - step))) / 2.0
    np.testing.assert_allclose(forward[..., 1, 4], exact, atol=1e-4)  # vertices are linear in the shape
