import jax
import jax.numpy as jnp
import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.geometry import camera, rotations

KEY = jax.random.key(3)
POINTS = jax.random.normal(KEY, (4, 5, 17, 3)) * 0.5 + jnp.array([0.0, 0.0, 10.0]).reshape(1, 1, 1, 3)
DEPTH = jnp.full((4,), 10.0)


def test_projection_of_a_lift_returns_its_input() -> None:
    xy, depth = POINTS[..., :2], jax.random.normal(KEY, (4, 5, 17))
    lifted = camera.lift(xy, depth, DEPTH)
    np.testing.assert_allclose(camera.project_unit(lifted, DEPTH), xy, atol=2e-6)
    np.testing.assert_allclose(lifted[..., 2], np.maximum(1.0, 10.0 + depth), atol=1e-6)


def test_what_a_window_moved_and_scaled_comes_back() -> None:
    xy, depth = POINTS[..., :2], jax.random.normal(KEY, (4, 5, 17))
    scale, shift = jnp.linspace(0.5, 2.0, 4), jax.random.normal(jax.random.key(6), (4, 5, 1, 2))
    points = camera.lift(xy, depth, DEPTH / scale)
    back = camera.shift_and_scale(points, shift, scale, DEPTH)
    expected = scale[:, None, None, None] * xy + shift
    np.testing.assert_allclose(camera.project_unit(back, DEPTH), expected, atol=5e-6)
    np.testing.assert_allclose(back[..., 2], scale[:, None, None] * points[..., 2], rtol=1e-6)


def test_points_far_behind_are_held_in_front() -> None:
    xy, depth = POINTS[..., :2], jnp.full((4, 5, 17), -20.0)
    points = camera.in_front(camera.lift(xy, depth, DEPTH))
    np.testing.assert_array_equal(points[..., 2], 1.0)
    np.testing.assert_allclose(camera.project_unit(points, DEPTH), xy, atol=2e-6)
    near = camera.in_front(POINTS - 12.0)
    np.testing.assert_array_equal(near[..., 2], np.maximum(POINTS[..., 2] - 12.0, 1.0))
    np.testing.assert_array_equal(near[..., :2], POINTS[..., :2] - 12.0)


def test_a_view_and_its_inverse_are_the_identity_and_keep_the_root() -> None:
    e, a, f = jax.random.normal(KEY, (3, 4)) * 0.5
    there = camera.view_rotation(e, a, f)
    rotated = camera.rotate_about_root(POINTS, there, DEPTH)
    np.testing.assert_allclose(camera.rotate_about_root(rotated, rotations.transpose(there), DEPTH), POINTS, atol=5e-6)
    by_matrix = jnp.einsum("bij,btkj->btki", there, POINTS.at[..., 2].add(-10.0)).at[..., 2].add(10.0)
    np.testing.assert_allclose(rotated, by_matrix, atol=5e-6)
    np.testing.assert_allclose(camera.view_rotation(f, -a, e), rotations.transpose(there), atol=2e-6)
    root = jnp.zeros((4, 5, 1, 3)).at[..., 2].set(10.0)
    np.testing.assert_allclose(camera.rotate_about_root(root, there, DEPTH), root, atol=1e-6)


def _about(axis: str, angle: jax.Array) -> np.ndarray:
    """The rotation about one axis, by SciPy."""
    return Rotation.from_rotvec(np.asarray(angle)[..., None] * np.eye(3)["xyz".index(axis)]).as_matrix()


def test_a_view_is_upright_then_turned_then_elevated() -> None:
    e, a, f = jax.random.normal(KEY, (3, 4))
    composed = _about("x", f) @ _about("y", a) @ _about("x", -e)
    np.testing.assert_allclose(camera.view_rotation(e, a, f), composed, atol=1e-6)


def test_elevation_is_positive_where_the_camera_looks_down() -> None:
    # A camera 2 m above a person 4 m away, built from a look-at in a world with x right, y up, z towards the viewer.
    e = jnp.arctan2(2.0, 4.0)
    up = camera.up_in_camera(e)
    z = np.array([0.0, -2.0, -4.0]) / np.sqrt(20.0)
    x = np.cross(z, [0.0, 1.0, 0.0])
    x /= np.linalg.norm(x)
    to_camera = np.stack([x, np.cross(z, x), z])
    np.testing.assert_allclose(to_camera @ [0.0, 1.0, 0.0], up, atol=1e-6)
    assert up[1] < 0
    assert up[2] < 0
    np.testing.assert_allclose(_about("x", -e) @ up, [0.0, -1.0, 0.0], atol=1e-6)


def test_a_view_keeps_up_upright() -> None:
    e, f, a = jnp.array(0.3), jnp.array(-0.2), jnp.array(2.0)
    np.testing.assert_allclose(
        camera.view_rotation(e, a, f) @ camera.up_in_camera(e), camera.up_in_camera(f), atol=1e-6
    )


def test_centring_turns_the_root_onto_the_axis_and_back() -> None:
    root = jax.random.normal(KEY, (20, 2)) * 0.5
    rays = root[:, None] + jax.random.normal(jax.random.key(4), (20, 17, 2)) * 0.1
    centred = camera.centre_rays(jnp.concatenate([rays, root[:, None]], axis=1), root)
    np.testing.assert_allclose(centred[:, -1], 0.0, atol=1e-6)
    back = camera.project(camera.uncentre_points(camera.homogeneous(centred[:, :-1]), root))
    np.testing.assert_allclose(back, rays, atol=5e-6)
    turn = camera.centring_rotation(root)
    np.testing.assert_allclose(turn @ rotations.transpose(turn), np.broadcast_to(np.eye(3), (20, 3, 3)), atol=2e-6)
    points = camera.homogeneous(rays) * 3.0
    np.testing.assert_allclose(
        camera.project(camera.uncentre_points(rotations.rotate(turn, points), root)), rays, atol=5e-6
    )


def test_pixels_and_rays_are_inverses_and_project_agrees() -> None:
    intrinsics = jnp.array([[1100.0, 1150.0, 480.0, 510.0]])
    x, y, z = jnp.moveaxis(POINTS[0, :1], -1, 0)
    px = jnp.stack([1100 * x / z + 480, 1150 * y / z + 510], axis=-1)
    np.testing.assert_allclose(camera.rays_from_px(px, intrinsics), camera.project(POINTS[0, :1]), atol=1e-5)


def test_fitted_translation_recovers_the_truth() -> None:
    joints = jax.random.normal(KEY, (6, 17, 3)) * 0.4
    transl = jnp.array([[0.3, -0.2, 4.0]]) + jax.random.normal(jax.random.key(5), (6, 3)) * 0.3
    rays = camera.project(joints + transl[:, None])
    weight = jnp.ones((6, 17)).at[:, 5].set(0.0)
    rays = rays.at[:, 5].set(100.0)
    found = camera.fit_translation(joints, rays, weight, jnp.full((6,), 0.74 / 4.0))
    np.testing.assert_allclose(found, transl, atol=2e-3)
    nothing = camera.fit_translation(joints, rays, jnp.zeros((6, 17)), jnp.full((6,), 0.2))
    assert jnp.isfinite(nothing).all()


def test_assumed_intrinsics() -> None:
    np.testing.assert_allclose(camera.assumed_intrinsics(np.array([1920, 1080])), [2208, 2208, 960, 540])
