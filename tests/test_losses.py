"""Losses: zero at the truth, blind to what they should be blind to, positive where something is wrong."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d import losses
from pn3d.data.rays import frame_rays
from pn3d.data.windows import make_window, novel_window
from pn3d.geometry import camera, rotations
from pn3d.geometry.bones import bone_ratios, bone_vectors, knee_bend
from pn3d.geometry.skeleton import H36M17
from pn3d.lifting.student import placed_rays, pose_body
from pn3d.lifting.teacher import lift
from tests.support import tiny


def _ratios(joints: jax.Array) -> jax.Array:
    """(B, T, 17, 3) -> (B, T, 16)."""
    return bone_ratios(bone_vectors(joints))


def _hinge(joints: jax.Array) -> jax.Array:
    return losses.knee_hinge(knee_bend(bone_vectors(joints)))


@pytest.fixture(scope="module")
def people() -> jax.Array:
    """(N, 1, 17, 3) true skeletons in camera axes, root-relative, metres."""
    joints = jnp.asarray(tiny.clips().joints_cam[::3])[:, None]
    return joints - joints[:, :, :1]


def test_human_motion_costs_nothing_of_anatomy(people: jax.Array) -> None:
    # One frame per "window": constancy is checked on windows of one body below.
    assert float(losses.symmetry(_ratios(people))) < 1e-3
    assert float(_hinge(people)) < 1e-4
    window = jnp.asarray(tiny.clips().joints_cam[:9])[None]
    assert float(losses.bone_constancy(_ratios(window))) < 1e-6


def test_the_depth_twin_bends_its_knees_backwards(people: jax.Array) -> None:
    twin = people * jnp.array([1.0, 1.0, -1.0]).reshape(1, 1, 1, 3)
    assert float(_hinge(twin)) > 20 * float(_hinge(people)) + 0.01


def test_hinge_does_not_depend_on_the_view(people: jax.Array) -> None:
    turn = rotations.axis_angle_to_matrix(jnp.array([0.3, 1.0, -0.5]))
    twin = people * jnp.array([1.0, 1.0, -1.0]).reshape(1, 1, 1, 3)
    turned = jnp.einsum("ij,btkj->btki", turn, twin)
    np.testing.assert_allclose(_hinge(turned), _hinge(twin), rtol=1e-4)


def test_the_cycle_of_the_truth_is_closed(people: jax.Array) -> None:
    """Ground-truth poses, viewed, projected and lifted with their true depth, come back: zero self-consistency."""
    count = people.shape[0]
    depth = jnp.full((count,), 10.0)
    points = people / 0.74 + jnp.array([0.0, 0.0, 10.0]).reshape(1, 1, 1, 3)
    elevation, azimuth, drawn = jax.random.normal(jax.random.key(0), (3, count)) * 0.4
    view = camera.view_rotation(elevation, azimuth, drawn)
    rotated = camera.rotate_about_root(points, view, depth)
    novel_xy = camera.project_unit(rotated, depth)
    lifted = camera.lift(novel_xy, rotated[..., 2] - 10.0, depth)
    weight = jnp.ones((count, 1, 17))
    assert float(losses.point_consistency(lifted, rotated, weight)) < 1e-9
    back = camera.rotate_about_root(lifted, rotations.transpose(view), depth)
    returned = camera.project_unit(back, depth)
    assert float(losses.point_consistency(returned, camera.project_unit(points, depth), weight)) < 1e-9
    # The wrong frame is noticed: comparing the rotated pose with the pose before it was rotated.
    assert float(losses.point_consistency(points, rotated, weight)) > 0.01
    assert float(losses.elevation_consistency(drawn, drawn)) == 0.0


@pytest.mark.parametrize("scale", [0.1, 1.0, 7.0])
def test_distillation_of_the_truth_is_zero_at_any_size_of_the_student(people: jax.Array, scale: float) -> None:
    weight = jnp.ones(people.shape[:3])
    assert float(losses.distillation(scale * people, people / 0.74, weight)) < 1e-5
    wrong = people.at[:, :, 3].add(0.2)
    loss = losses.distillation(scale * wrong, people / 0.74, weight)
    np.testing.assert_allclose(loss, losses.distillation(wrong, people / 0.74, weight), rtol=1e-3)
    assert float(loss) > 0.01


def test_distillation_says_nothing_about_the_students_size(people: jax.Array) -> None:
    weight, wrong = jnp.ones(people.shape[:3]), people.at[:, :, 3].add(0.2)
    slope = jax.jit(jax.grad(lambda s: losses.distillation(s * wrong, people / 0.74, weight)))
    for size in (0.5, 1.0, 2.0):
        assert abs(float(slope(size))) < 1e-4
    values = [float(losses.distillation(s * wrong, people / 0.74, weight)) for s in (0.01, 0.1, 1.0)]
    np.testing.assert_allclose(values, values[-1], rtol=5e-3)


def test_mirrored_bones_are_the_mirror(people: jax.Array) -> None:
    mirrored = people[:, :, np.array(H36M17.mirror)] * jnp.array([-1.0, 1.0, 1.0]).reshape(1, 1, 1, 3)
    np.testing.assert_allclose(losses.symmetry(_ratios(mirrored)), losses.symmetry(_ratios(people)), rtol=1e-4)
    longer = people.at[:, :, H36M17.index("left_wrist")].multiply(1.5)
    assert float(losses.symmetry(_ratios(longer))) > float(losses.symmetry(_ratios(people))) + 1e-3


def test_terms_of_bones_and_points_are_those_of_numpy() -> None:
    generator = np.random.default_rng(6)
    a, b = generator.normal(size=(2, 4, 3, 17, 3))
    weight = generator.random((4, 3, 17))
    bones = np.stack([a[:, :, end] - a[:, :, start] for start, end in H36M17.bones], axis=2)
    lengths = np.linalg.norm(bones, axis=-1)
    ratios = lengths / lengths.mean(axis=-1, keepdims=True)
    arrays = [jnp.asarray(array, jnp.float32) for array in (a, b, weight)]
    ours = _ratios(arrays[0])
    np.testing.assert_allclose(ours, ratios, rtol=1e-5)
    np.testing.assert_allclose(losses.bone_constancy(ours), ratios.var(axis=1).mean(), rtol=1e-5)
    other = [H36M17.bones.index((H36M17.mirror[p], H36M17.mirror[q])) for p, q in H36M17.bones]
    np.testing.assert_allclose(losses.symmetry(ours), ((ratios - ratios[..., other]) ** 2).mean(), rtol=1e-5)
    human = np.linspace(0.5, 1.5, 16)
    expected = ((ratios.mean(axis=1) - human) ** 2).mean()
    np.testing.assert_allclose(losses.proportions(ours, jnp.asarray(human, jnp.float32)), expected, rtol=1e-5)
    square = ((a - b) ** 2).sum(axis=-1)
    for term, gap in (
        (losses.point_consistency, square),
        (losses.point_distance, np.sqrt(square + 1e-6) - 1e-3),
    ):
        expected = ((weight * gap).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))).mean()
        np.testing.assert_allclose(term(*arrays), expected, rtol=1e-5)


def test_the_hinge_is_the_triple_product_of_thigh_shank_and_hip_line() -> None:
    joints = np.random.default_rng(5).normal(size=(4, 3, 17, 3))
    unit = lambda v: v / np.linalg.norm(v, axis=-1, keepdims=True)  # noqa: E731
    at = lambda name: joints[:, :, H36M17.index(name)]  # noqa: E731
    hip_line, total = unit(at("left_hip") - at("right_hip")), 0.0
    for side in ("left_", "right_"):
        thigh, shank = unit(at(side + "knee") - at(side + "hip")), unit(at(side + "ankle") - at(side + "knee"))
        bend = (np.cross(thigh, shank) * hip_line).sum(axis=-1)
        total += 0.5 * np.mean(np.minimum(bend, 0.0) ** 2)
    assert total > 1e-3
    np.testing.assert_allclose(_hinge(jnp.asarray(joints, jnp.float32)), total, rtol=1e-5)


def test_ratios_are_free_of_scale_and_proportions_are_zero_at_their_own(people: jax.Array) -> None:
    np.testing.assert_allclose(_ratios(3.0 * people), _ratios(people), rtol=1e-4)
    one = people[:1]
    assert float(losses.proportions(_ratios(one), _ratios(one)[0, 0])) < 1e-10


def test_every_term_has_finite_gradients_for_a_point() -> None:
    point = jnp.zeros((2, 3, 17, 3))
    weight = jnp.ones((2, 3, 17))
    terms = {
        "constancy": lambda p: losses.bone_constancy(_ratios(p)),
        "symmetry": lambda p: losses.symmetry(_ratios(p)),
        "hinge": _hinge,
        "smoothness": losses.smoothness,
        "distillation": lambda p: losses.distillation(p, point, weight),
        "reprojection": lambda p: losses.reprojection(p[..., :2], point[..., :2], jnp.ones(2), weight),
        "proportions": lambda p: losses.proportions(_ratios(p), jnp.ones(16)),
    }
    slopes = jax.jit(lambda p: {name: jax.grad(term)(p) for name, term in terms.items()})(point)
    for name, slope in slopes.items():
        assert jnp.isfinite(slope).all(), name


def test_a_smaller_body_is_no_smoother() -> None:
    generator = np.random.default_rng(3)
    joints = jnp.asarray(generator.normal(size=(2, 5, 17, 3)), jnp.float32)
    smooth = jax.jit(losses.smoothness)
    np.testing.assert_allclose(smooth(0.5 * joints), smooth(joints), rtol=1e-4)
    still = jnp.broadcast_to(joints[:, :1], joints.shape)
    assert float(smooth(still)) < 1e-6 < float(smooth(joints))


ONES = jnp.ones(3)


def test_discriminator_losses_at_known_logits() -> None:
    np.testing.assert_allclose(
        losses.discriminator_adversarial(jnp.zeros(3), jnp.zeros(3), ONES), 2 * np.log(2), rtol=1e-6
    )
    assert float(losses.discriminator_adversarial(jnp.full(3, 9.0), jnp.full(3, -9.0), ONES)) < 1e-3
    assert float(losses.generator_adversarial(jnp.full(3, 9.0), ONES)) < 1e-3
    np.testing.assert_allclose(losses.gradient_penalty(jnp.array([[3.0, 4.0]])), 12.5)


def test_untrained_networks_give_finite_gradients_and_right_shapes() -> None:
    """Heads that start at (or near) zero."""
    frames = frame_rays(tiny.clips())
    window = make_window(frames.rays[None, :3], frames.confidence[None, :3], 10.0)
    networks, state, scene = tiny.scene().networks, tiny.first_state(), tiny.scene()

    def total(teacher, student):  # type: ignore[no-untyped-def]
        lifted = lift(networks.teacher, teacher, window)
        posed = pose_body(networks.student, student, window, scene.body, scene.landmarks)
        assert lifted.joints.shape == (1, 3, 17, 3)
        assert posed.body_joints_m.shape == (1, 3, 24, 3)
        return jnp.sum(lifted.joints**2) + lifted.elevation.sum() + jnp.sum(placed_rays(posed, window) ** 2)

    slopes = jax.jit(jax.grad(total, argnums=(0, 1)))(state.teacher.params, state.student.params)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(slopes))
    lifted = lift(networks.teacher, state.teacher.params, window)
    np.testing.assert_array_equal(lifted.joints[:, :, 0, 2], 10.0)
    np.testing.assert_allclose(lifted.elevation, 0.2, atol=3e-3)


def test_the_fake_of_a_skeleton_is_normalised_as_windows_are() -> None:
    """A person seen again from where it was seen is, to every network, the same picture."""
    frames = frame_rays(tiny.clips())
    window = make_window(frames.rays[None, :3], frames.confidence[None, :3], 10.0)
    moved = window.xy * 1.7 + jnp.array([0.3, -0.2]).reshape(1, 1, 1, 2)
    novel = novel_window(moved, window)
    again = novel_window(window.xy, window)
    np.testing.assert_allclose(novel.window.xy, again.window.xy, atol=1e-5)
    np.testing.assert_allclose(again.window.xy, window.xy, atol=2e-3)
    np.testing.assert_allclose(novel.scale, 1.7, rtol=1e-4)
    unseen = dataclasses.replace(window, confidence=window.confidence.at[:, 1, 4:7].set(0.0))
    where = np.asarray(novel_window(moved, unseen).window.xy)[0, 1]
    assert (where[4:7] == 0.0).all()
    assert (where[7:] != 0.0).any(axis=-1).all()
