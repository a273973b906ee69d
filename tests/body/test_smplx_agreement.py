"""The SMPL layer against smplx on PyTorch. Needs requirements-bench.txt; skipped where those are not installed."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.smpl_files import random_smpl
from pn3d.body.model import BodyModel, joints, make_body_model, vertices
from pn3d.geometry.rotations import axis_angle_to_matrix
from pn3d.geometry.skeleton import SMPL24

torch = pytest.importorskip("torch", reason="PyTorch is not installed (requirements-bench.txt)")
smplx = pytest.importorskip("smplx", reason="smplx is not installed (requirements-bench.txt)")

POSES = 256


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return random_smpl(11)


@pytest.fixture(scope="module")
def body(content: dict[str, Any]) -> BodyModel:
    return make_body_model(
        name="random",
        v_template_m=content["v_template"],
        shape_basis=content["shapedirs"],
        pose_basis=content["posedirs"],
        joint_regressor=content["J_regressor"],
        skin_weights=content["weights"],
        faces=content["f"].astype(np.int64),
        parents=SMPL24.parents,
    )


@pytest.fixture(scope="module")
def layer(content: dict[str, Any]) -> Any:
    parameters = ("create_body_pose", "create_betas", "create_global_orient", "create_transl")
    return smplx.SMPL("", data_struct=smplx.utils.Struct(**content), **dict.fromkeys(parameters, False))


def _inputs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shapes up to 3, poses up to pi (some zero: the whole rest pose, and single joints), translations."""
    rng = np.random.default_rng(seed)
    axis = rng.standard_normal((count, 24, 3))
    axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
    pose = axis * rng.uniform(0, np.pi, (count, 24, 1))
    pose[0] = 0.0
    pose[1, ::2] = 0.0
    betas, transl = rng.uniform(-3, 3, (count, 10)), rng.uniform(-2, 2, (count, 3))
    return betas.astype(np.float32), pose.astype(np.float32), transl.astype(np.float32)


def _theirs(layer: Any, betas: Any, pose: Any, transl: Any) -> tuple[Any, Any]:
    found = layer(betas=betas, global_orient=pose[:, 0], body_pose=pose[:, 1:].reshape(len(pose), 69), transl=transl)
    return found.vertices, found.joints[:, :24]


@jax.jit
def _ours(body: BodyModel, betas: jax.Array, pose: jax.Array, transl: jax.Array) -> tuple[jax.Array, jax.Array]:
    rotations = axis_angle_to_matrix(pose)
    return vertices(body, betas, rotations, transl), joints(body, betas, rotations, transl)


def test_vertices_and_joints_within_a_hundredth_of_a_millimetre(body: BodyModel, layer: Any) -> None:
    given = _inputs(POSES, 1)
    with torch.no_grad():
        expected = [array.numpy() for array in _theirs(layer, *(torch.from_numpy(array) for array in given))]
    for found, wanted in zip(_ours(body, *given), expected, strict=True):
        assert found.shape == wanted.shape
        assert np.abs(np.asarray(found) - wanted).max() < 1e-5


def test_gradients_within_a_ten_thousandth(body: BodyModel, layer: Any) -> None:
    given = _inputs(16, 2)
    weights = np.random.default_rng(3).standard_normal((body.num_vertices + 24, 3)).astype(np.float32)

    @jax.jit
    def loss(betas: jax.Array, pose: jax.Array, transl: jax.Array) -> jax.Array:
        return jnp.sum(jnp.concatenate(_ours(body, betas, pose, transl), axis=1) * weights[None])

    found = jax.grad(loss, argnums=(0, 1, 2))(*given)
    # smplx's own gradients are taken in float64, where its rounding cannot be seen.
    layer = layer.double()
    leaves = [torch.from_numpy(array).double().requires_grad_() for array in given]
    total = (torch.cat(_theirs(layer, *leaves), dim=1) * torch.from_numpy(weights).double()).sum()
    for own, wanted in zip(found, torch.autograd.grad(total, leaves), strict=True):
        scale = np.abs(wanted.numpy()).max(axis=tuple(range(1, wanted.ndim)), keepdims=True)
        assert (np.abs(np.asarray(own) - wanted.numpy()) / scale).max() < 1e-4
