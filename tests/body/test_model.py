"""The SMPL layer against a literal reading of its equations, its symmetries, and the built-in body."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.body.builtin import SHAPE_NAMES, builtin_body
from pn3d.body.model import (
    NUM_JOINTS,
    POSE_FEATURES,
    BodyModel,
    joints,
    make_body_model,
    posed_joints,
    rest_joints_m,
    vertices,
)
from pn3d.files.errors import UserError
from pn3d.geometry import rotations as rot
from pn3d.geometry.skeleton import SMPL24


def _random_arrays(seed: int = 0, count: int = 40) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    weights, regressor = rng.random((count, NUM_JOINTS)), rng.random((NUM_JOINTS, count))
    return {
        "v_template_m": rng.normal(size=(count, 3)) * 0.5,
        "shape_basis": rng.normal(size=(count, 3, 10)) * 0.03,
        "pose_basis": rng.normal(size=(count, 3, POSE_FEATURES)) * 0.01,
        "joint_regressor": regressor / regressor.sum(axis=1, keepdims=True),
        "skin_weights": weights / weights.sum(axis=1, keepdims=True),
        "faces": rng.integers(0, count, (50, 3)),
    }


@functools.cache
def _random_body() -> BodyModel:
    return make_body_model(name="random", **_random_arrays())


def _rodrigues(axis_angle: np.ndarray) -> np.ndarray:
    angle = np.linalg.norm(axis_angle)
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = axis_angle / angle
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew


def _literal_smpl(body: BodyModel, betas: np.ndarray, pose: np.ndarray, transl: np.ndarray) -> tuple:
    """SMPL's equations one by one, float64, four-by-four matrices and all."""
    template, shapes, correctives, regressor, weights = (
        np.asarray(array, np.float64)
        for array in (body.v_template_m, body.shape_basis, body.pose_basis, body.joint_regressor, body.skin_weights)
    )
    shaped = template + shapes @ betas
    rest = regressor @ shaped
    local = np.stack([_rodrigues(vector) for vector in pose])
    unposed = shaped + correctives @ (local[1:] - np.eye(3)).reshape(-1)
    chain: list[np.ndarray] = []
    for joint, parent in enumerate(body.parents):
        step = np.eye(4)
        step[:3, :3] = local[joint]
        step[:3, 3] = rest[joint] - (rest[parent] if parent >= 0 else 0.0)
        chain.append(step if parent < 0 else chain[parent] @ step)
    posed = np.zeros_like(unposed)
    for joint, matrix in enumerate(chain):
        moved = (unposed - rest[joint]) @ matrix[:3, :3].T + matrix[:3, 3]
        posed += weights[:, joint : joint + 1] * moved
    return posed + transl, np.stack([matrix[:3, 3] for matrix in chain]) + transl


def _pose(seed: int, scale: float = 1.0, lead: tuple[int, ...] = ()) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(*lead, 24, 3)).astype(np.float32) * scale


@jax.jit
def _vertices(body: BodyModel, betas: jax.Array, pose: jax.Array, transl: jax.Array) -> jax.Array:
    return vertices(body, betas, rot.axis_angle_to_matrix(pose), transl)


@jax.jit
def _joints(body: BodyModel, betas: jax.Array, pose: jax.Array, transl: jax.Array) -> jax.Array:
    return joints(body, betas, rot.axis_angle_to_matrix(pose), transl)


_REST, _STILL, _MEAN = np.zeros((24, 3), np.float32), np.zeros(3, np.float32), np.zeros(10, np.float32)


def test_equals_the_literal_equations_with_any_leading_axes() -> None:
    body = _random_body()
    pose, transl = _pose(1, lead=(2, 3)), np.random.default_rng(2).normal(size=(1, 3, 3)).astype(np.float32)
    betas = np.random.default_rng(3).normal(size=(2, 1, 10)).astype(np.float32)
    surface, skeleton = _vertices(body, betas, pose, transl), _joints(body, betas, pose, transl)
    assert surface.shape == (2, 3, body.num_vertices, 3)
    assert skeleton.shape == (2, 3, 24, 3)
    for clip in range(2):
        for frame in range(3):
            expected = _literal_smpl(body, betas[clip, 0], pose[clip, frame], transl[0, frame])
            np.testing.assert_allclose(surface[clip, frame], expected[0], atol=1e-5)
            np.testing.assert_allclose(skeleton[clip, frame], expected[1], atol=1e-5)


def test_a_subset_of_vertices_is_that_subset() -> None:
    body, pose, chosen = _random_body(), _pose(4), np.array([3, 17, 5])
    some = jax.jit(lambda p: vertices(body, jnp.zeros(10), rot.axis_angle_to_matrix(p), jnp.zeros(3), chosen))(pose)
    np.testing.assert_allclose(some, _vertices(body, _MEAN, pose, _STILL)[chosen], atol=1e-6)


def test_rest_joints_are_regressed_from_the_shaped_template() -> None:
    body = builtin_body()
    betas = np.linspace(-2, 2, 10, dtype=np.float32)
    shaped = np.asarray(_vertices(body, betas, _REST, _STILL))
    rest = np.asarray(_joints(body, betas, _REST, _STILL))
    np.testing.assert_allclose(rest, np.asarray(body.joint_regressor, np.float64) @ shaped, atol=2e-6)
    np.testing.assert_allclose(rest, jax.jit(rest_joints_m)(body, betas), atol=1e-6)


def test_the_root_turns_everything_about_the_pelvis() -> None:
    body, pose, transl = builtin_body(), _pose(5, 0.4), np.array([0.3, -1.0, 4.0], np.float32)
    betas = np.ones(10, np.float32)
    turn = _rodrigues(np.array([0.5, 2.0, -0.7]))
    turned = pose.copy()
    turned[0] = np.asarray(rot.matrix_to_axis_angle(jnp.asarray(turn @ _rodrigues(pose[0]), jnp.float32)))
    pelvis = np.asarray(_joints(body, betas, _REST, _STILL))[0]
    for of in (_vertices, _joints):
        before, after = np.asarray(of(body, betas, pose, transl)), np.asarray(of(body, betas, turned, transl))
        np.testing.assert_allclose(after, (before - transl - pelvis) @ turn.T + pelvis + transl, atol=3e-6)


def _mirrored(pose: np.ndarray) -> np.ndarray:
    """The pose in a mirror: sides swapped, turns about y and z reversed."""
    return pose[list(SMPL24.mirror)] * np.float32([1, -1, -1])


def _twins(body: BodyModel) -> np.ndarray:
    """Index of every vertex's exact mirror image."""
    place = {tuple(vertex): index for index, vertex in enumerate(np.asarray(body.v_template_m) + 0.0)}
    return np.array([place[tuple(v)] for v in np.asarray(body.v_template_m) * np.float32([-1, 1, 1]) + 0.0])


def test_mirroring_the_pose_mirrors_the_built_in_body() -> None:
    body, pose, betas = builtin_body(), _pose(6, 0.4), _pose(7)[:10, 0]
    mirrored = _mirrored(pose)
    flip = np.float32([-1, 1, 1])
    surface, image = (np.asarray(_vertices(body, betas, p, _STILL)) for p in (pose, mirrored))
    np.testing.assert_allclose(image[_twins(body)] * flip, surface, atol=3e-6)
    skeleton, image = (np.asarray(_joints(body, betas, p, _STILL)) for p in (pose, mirrored))
    np.testing.assert_allclose(image[list(SMPL24.mirror)] * flip, skeleton, atol=3e-6)
    np.testing.assert_array_equal(_mirrored(mirrored), pose)


def test_the_built_in_mesh_is_exactly_its_own_mirror_image() -> None:
    body = builtin_body()
    twin = _twins(body)
    np.testing.assert_array_equal(twin[twin], np.arange(len(twin)))
    flip = np.float32([-1, 1, 1])
    np.testing.assert_array_equal(np.asarray(body.shape_basis)[twin] * flip[:, None], body.shape_basis)
    weights = np.asarray(body.skin_weights)
    np.testing.assert_array_equal(weights[twin][:, list(SMPL24.mirror)], weights)
    triangles = np.asarray(body.faces)
    canonical = lambda f: {tuple(np.roll(t, -int(np.argmin(t)))) for t in f}  # noqa: E731
    assert canonical(twin[triangles][:, ::-1]) == canonical(triangles)


def test_the_built_in_mesh_is_closed_and_of_human_volume() -> None:
    body = builtin_body()
    faces, points = np.asarray(body.faces), np.asarray(body.v_template_m, np.float64)
    assert 3000 <= len(points) <= 7000
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    directed = edges[:, 0].astype(np.int64) * len(points) + edges[:, 1]
    backward = edges[:, 1].astype(np.int64) * len(points) + edges[:, 0]
    assert len(np.unique(directed)) == len(directed), "an edge has two faces of one orientation"
    assert set(directed) == set(backward), "an edge has one face"
    assert len(points) - len(directed) // 2 + len(faces) == 2, "not a sphere: several parts or a handle"
    corners = points[faces]
    volume = (corners[:, 0] * np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert 0.055 < volume < 0.080
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    assert area.min() > 1e-8
    assert 1.65 < np.ptp(points[:, 1]) < 1.75


def test_joints_lie_inside_and_weights_are_smooth_shares() -> None:
    body = builtin_body()
    weights, points = np.asarray(body.skin_weights, np.float64), np.asarray(body.v_template_m)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-6)
    assert weights.min() >= 0.0
    assert (weights.max(axis=0) > 0.5).all(), "a joint moves nothing"
    ends = np.asarray(body.faces)[:, :2]
    length = np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1)
    assert (np.abs(weights[ends[:, 0]] - weights[ends[:, 1]]).max(axis=1) < 0.05 + 45.0 * length).all()
    rest = np.asarray(body.joint_template_m)
    np.testing.assert_allclose(rest[list(SMPL24.mirror)] * [-1, 1, 1], rest, atol=1e-7)
    assert (np.abs(rest[:, None] - points[None]).sum(-1).min(1) < 0.2).all()


def _bone(joints_m: np.ndarray, a: str, b: str) -> float:
    return float(np.linalg.norm(joints_m[SMPL24.index(a)] - joints_m[SMPL24.index(b)]))


def test_each_shape_coefficient_changes_what_its_name_says() -> None:
    body = builtin_body()
    eye = jnp.concatenate([jnp.zeros((1, 10)), jnp.eye(10)])
    mean, *shaped = np.asarray(jax.jit(rest_joints_m)(body, eye))
    bones = {
        "thigh length": ("left_hip", "left_knee"),
        "shank length": ("left_knee", "left_ankle"),
        "upper arm length": ("left_shoulder", "left_elbow"),
        "forearm and hand length": ("left_elbow", "left_wrist"),
        "torso length": ("pelvis", "neck"),
        "shoulder breadth": ("left_shoulder", "right_shoulder"),
        "hip breadth": ("left_hip", "right_hip"),
        "neck and head size": ("neck", "head"),
    }
    for name, bone in bones.items():
        growth = [_bone(other, *bone) / _bone(mean, *bone) - 1 for other in shaped]
        assert 0.025 < growth[SHAPE_NAMES.index(name)] < 0.07, (name, growth)
        others = [g for i, g in enumerate(growth) if i not in (0, 1, SHAPE_NAMES.index(name))]
        assert np.abs(others).max() < 0.015, (name, growth)
    np.testing.assert_allclose(shaped[0], 1.039 * mean, atol=1e-6)
    girth = np.asarray(body.shape_basis)[:, :, 1]
    assert np.linalg.norm(girth, axis=1).max() > 0.008


def test_gradients_are_exact_at_rest_and_elsewhere() -> None:
    body, direction = _random_body(), np.random.default_rng(8).normal(size=(43, 3))

    def probe(betas: jax.Array, pose: jax.Array, transl: jax.Array) -> jax.Array:
        turns = rot.axis_angle_to_matrix(pose)
        surface, skeleton = vertices(body, betas, turns, transl), joints(body, betas, turns, transl)
        return jnp.sum(surface * direction[:40]) + jnp.sum(skeleton[20:23] * direction[40:])

    forward, reverse = (jax.jit(jac(probe, argnums=(0, 1, 2))) for jac in (jax.jacfwd, jax.jacrev))
    for pose in (_REST, _pose(9, 0.7)):
        exact = reverse(_MEAN, pose, _STILL)
        for one, two in zip(exact, forward(_MEAN, pose, _STILL), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-4)
        for joint, axis in ((0, 1), (4, 0), (16, 2), (22, 1)):
            values = []
            for sign in (1, -1):
                moved = pose.astype(np.float64)
                moved[joint, axis] += sign * 1e-5
                surface, skeleton = _literal_smpl(body, _MEAN, moved, _STILL)
                values.append((surface * direction[:40]).sum() + (skeleton[20:23] * direction[40:]).sum())
            assert (values[0] - values[1]) / 2e-5 == pytest.approx(float(exact[1][joint, axis]), abs=2e-4)


def test_root_position_moves_joints_rigidly() -> None:
    body, pose = _random_body(), _pose(10)

    @jax.jit
    def both(root_m: jax.Array) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]:
        rest, turns = rest_joints_m(body, jnp.zeros(10)), rot.axis_angle_to_matrix(pose)
        return posed_joints(body, rest, turns), posed_joints(body, rest, turns, root_m)

    (here, turned), (there, same) = both(np.float32([1, 2, 3]))
    np.testing.assert_allclose(there - here, np.broadcast_to(there[0] - here[0], (24, 3)), atol=1e-6)
    np.testing.assert_allclose(there[0], [1, 2, 3], atol=1e-6)
    np.testing.assert_array_equal(turned, same)


def test_correctives_keep_a_bent_knee_thick() -> None:
    body, pose = builtin_body(), _REST.copy()
    pose[SMPL24.index("left_knee"), 0] = np.pi / 2
    template, knee = np.asarray(body.v_template_m), np.asarray(body.joint_template_m)[SMPL24.index("left_knee")]
    offset = template - knee
    ring = np.flatnonzero((np.abs(offset[:, 1]) < 0.02) & (template[:, 0] > 0) & (np.abs(offset[:, 2]) > 0.03))
    assert len(ring) > 5
    plain = body.replace(blend_planes=body.blend_planes.at[10:].set(0.0))
    thin, kept = (
        np.linalg.norm(np.asarray(_vertices(b, _MEAN, pose, _STILL))[ring] - knee, axis=1).mean() for b in (plain, body)
    )
    true = np.linalg.norm(offset[ring], axis=1).mean()
    assert thin < 0.9 * true
    assert abs(kept - true) < 0.4 * abs(thin - true)


def test_the_same_body_every_time() -> None:
    body = builtin_body()
    assert builtin_body() is body
    assert builtin_body.__wrapped__().sha256 == body.sha256  # type: ignore[attr-defined]
    assert jax.jit(lambda: builtin_body().joint_template_m)().shape == (24, 3)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("v_template_m", np.zeros((40, 2)), "v_template_m"),
        ("shape_basis", np.zeros((39, 3, 10)), "shape_basis"),
        ("pose_basis", np.zeros((40, 3, 100)), "pose_basis"),
        ("joint_regressor", np.ones((24, 40)), "joint_regressor"),
        ("skin_weights", np.full((40, 24), np.nan), "skin_weights"),
        ("skin_weights", np.eye(24)[np.zeros(40, int)] * 2 - np.eye(24)[np.ones(40, int)], "skin_weights"),
        ("faces", np.array([[0, 1, 40]]), "faces"),
        ("faces", np.array([[0.0, 1.0, 2.0]]), "faces"),
        ("parents", (-1, 0, 5, *SMPL24.parents[3:]), "parents"),
    ],
)
def test_bad_arrays_are_named(key: str, value: object, said: str) -> None:
    with pytest.raises(UserError, match=f"body 'x': {said}"):
        make_body_model(name="x", **{**_random_arrays(), key: value})  # type: ignore[arg-type]
