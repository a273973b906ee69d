import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.files.errors import UserError
from pn3d.geometry import rotations
from pn3d.geometry.skeleton import LAYOUTS, SMPL24, get_layout, remap_indices

VECTORS = np.concatenate(
    [
        np.random.default_rng(0).normal(size=(200, 3)) * 2,
        np.zeros((1, 3)),
        np.eye(3) * 1e-6,
        np.eye(3) * np.pi,
        np.array([[np.pi - 1e-4, 0, 0], [0, 0.00999, 0], [0, 0, 0.01001]]),
    ]
).astype(np.float32)


def test_axis_angle_agrees_with_scipy_everywhere() -> None:
    expected = Rotation.from_rotvec(VECTORS.astype(np.float64)).as_matrix()
    np.testing.assert_allclose(jax.jit(rotations.axis_angle_to_matrix)(VECTORS), expected, atol=2e-6)


@pytest.mark.parametrize("batch", [(), (1,), (3, 1, 2)])
def test_forms_round_trip_with_any_leading_axes(batch: tuple[int, ...]) -> None:
    vectors = jax.random.normal(jax.random.key(1), (*batch, 3))

    @jax.jit
    def round_trips(v: jax.Array) -> list[jax.Array]:
        m = rotations.axis_angle_to_matrix(v)
        return [
            m - rotations.axis_angle_to_matrix(rotations.matrix_to_axis_angle(m)),
            m - rotations.sixd_to_matrix(rotations.matrix_to_sixd(m)),
            m - rotations.axis_angle_to_matrix(rotations.quaternion_to_axis_angle(rotations.matrix_to_quaternion(m))),
        ]

    for gap in round_trips(vectors):
        assert gap.shape == (*batch, 3, 3)
        assert float(jnp.abs(gap).max()) < 5e-6


def test_gradients_at_zero_are_exact_and_finite() -> None:
    generators = np.zeros((3, 3, 3))
    for k, (i, j) in enumerate(((1, 2), (2, 0), (0, 1))):
        generators[i, j, k], generators[j, i, k] = -1.0, 1.0
    for jacobian in (jax.jacfwd, jax.jacrev):
        np.testing.assert_allclose(jacobian(rotations.axis_angle_to_matrix)(jnp.zeros(3)), generators, atol=1e-7)
    back = jax.jacfwd(lambda v: rotations.matrix_to_axis_angle(rotations.axis_angle_to_matrix(v)))(jnp.zeros(3))
    np.testing.assert_allclose(back, np.eye(3), atol=1e-5)
    second = jax.hessian(lambda v: rotations.axis_angle_to_matrix(v)[0, 0])(jnp.zeros(3))
    np.testing.assert_allclose(second, np.diag([0.0, -1.0, -1.0]), atol=1e-5)


@pytest.mark.parametrize("angle", [1e-3, 0.0101, 1.0, 3.0])
def test_gradients_agree_with_differences(angle: float) -> None:
    vector = jnp.array([0.6, -0.48, 0.64]) * angle
    with jax.enable_x64(True):
        chex.assert_numerical_grads(
            lambda v: jnp.sum(rotations.axis_angle_to_matrix(v) * jnp.arange(9.0).reshape(3, 3)),
            (jnp.asarray(np.asarray(vector), jnp.float64),),
            order=1,
            atol=1e-4,
        )


def test_degenerate_sixd_has_finite_gradients() -> None:
    for bad in (jnp.zeros(6), jnp.array([1.0, 0, 0, 2.0, 0, 0])):
        assert jnp.isfinite(jax.jacfwd(rotations.sixd_to_matrix)(bad)).all()


def test_axes_are_right_handed() -> None:
    quarter = jnp.array(np.pi / 2)
    np.testing.assert_allclose(rotations.rotation_z(quarter) @ np.eye(3)[0], np.eye(3)[1], atol=1e-6)


def test_a_mirrored_pose_has_sides_swapped_and_turns_about_y_and_z_reversed() -> None:
    pose = jax.random.normal(jax.random.key(2), (24, 3))
    mirrored = pose[np.array(SMPL24.mirror)] * jnp.array([[1.0, -1.0, -1.0]])
    matrices = rotations.mirror_matrix(rotations.axis_angle_to_matrix(pose), SMPL24.mirror)
    np.testing.assert_allclose(matrices, rotations.axis_angle_to_matrix(mirrored), atol=1e-6)


def test_layouts_are_trees_with_mirrors_and_map_by_name() -> None:
    for layout in LAYOUTS.values():
        mirror = np.array(layout.mirror)
        np.testing.assert_array_equal(mirror[mirror], np.arange(len(layout.joints)))
        assert len(set(layout.joints)) == len(layout.joints)
        for joint in range(len(layout.joints)):
            seen = joint
            for _ in layout.joints:
                seen = layout.parents[seen] if seen >= 0 else -1
            assert seen == -1, f"{layout.name}: {layout.joints[joint]} hangs in a cycle"
            parent, twin = layout.parents[joint], layout.parents[mirror[joint]]
            assert (mirror[parent] if parent >= 0 else -1) == twin or layout.name.startswith(
                ("coco", "body25b", "halpe")
            )
    coco, human = get_layout("coco17"), get_layout("h36m17")
    mapped = remap_indices(coco, human)
    for target, source in enumerate(mapped):
        assert source == -1 or coco.joints[source] == human.joints[target]
    assert {human.joints[i] for i, source in enumerate(mapped) if source < 0} == {
        "pelvis",
        "spine",
        "thorax",
        "neck",
        "head",
    }
    with pytest.raises(UserError, match=r"unknown layout 'h37m'; known layouts: .*h36m17"):
        get_layout("h37m")


def test_sixd_of_any_columns_is_the_rotation_that_gram_schmidt_makes() -> None:
    sixd = jax.random.normal(jax.random.key(3), (50, 6))
    found = np.asarray(rotations.sixd_to_matrix(sixd), np.float64)
    a, b = np.asarray(sixd[:, :3], np.float64), np.asarray(sixd[:, 3:], np.float64)
    for matrix, first, second in zip(found, a, b, strict=True):
        q, r = np.linalg.qr(np.stack([first, second], axis=1))
        x, y = (q * np.sign(np.diag(r))).T
        np.testing.assert_allclose(matrix, np.stack([x, y, np.cross(x, y)], axis=1), atol=1e-4)


def test_a_mirrored_sixd_is_the_mirrored_matrix() -> None:
    matrix = rotations.axis_angle_to_matrix(jax.random.normal(jax.random.key(4), (3, 24, 3)))
    mirrored = rotations.mirror_sixd(rotations.matrix_to_sixd(matrix), SMPL24.mirror)
    expected = rotations.matrix_to_sixd(rotations.mirror_matrix(matrix, SMPL24.mirror))
    np.testing.assert_allclose(mirrored, expected, atol=1e-6)
