"""Objectives against NumPy on what the networks said: which points a term compares, and which of them count."""

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.config import Config
from pn3d.data.disturbed import Batch
from pn3d.data.windows import novel_window
from pn3d.geometry import camera
from pn3d.geometry.skeleton import H36M17
from pn3d.lifting.student import Posed, pose_body
from pn3d.lifting.teacher import lift, root_relative
from pn3d.models.networks import make_networks
from pn3d.training.batch import draw_batch
from pn3d.training.parallel import AXIS
from pn3d.training.stages.joint import StudentInView, joint_targets, student_in_view
from pn3d.training.stages.teacher import Cycle, noise_terms, self_consistency_cycle, teacher_terms
from pn3d.training.state import init_state
from tests.support import tiny

COUNT = 8
PLAIN = tiny.config(augment__mask_probability=0.0, joint__student_consistency_weight=0.0)
# Corrected 2D is part of a skeleton too; so near, hands reach behind the camera.
FULL = tiny.config(
    augment__mask_probability=0.8,
    augment__noise=1.0,
    model__correct=True,
    model__root_depth=1.3,
)


@cache
def _cycle(config: Config) -> tuple[Batch, Cycle, dict[str, jax.Array]]:
    """A batch, a fresh teacher's cycle on it, and the values of the terms without discriminators."""
    scene, data = tiny.scene()._replace(networks=make_networks(config.model)), tiny.data()
    # Heads that start at zero say something, too.
    params = jax.tree.map(
        lambda leaf: leaf + 0.02 * jnp.sin(jnp.arange(leaf.size)).reshape(leaf.shape), init_state(config).teacher.params
    )

    def of_device(device_index: jax.Array) -> tuple[Batch, Cycle, dict[str, jax.Array]]:
        batch = draw_batch(data, jax.random.key(3), device_index, COUNT, config)
        cycle = self_consistency_cycle(scene, params, batch)
        no_logits = dict.fromkeys(("pose_discriminator", "motion_discriminator"), jnp.zeros(COUNT))
        terms = teacher_terms(scene, cycle, batch, no_logits, config.teacher.loss)
        return (
            batch,
            cycle,
            {name: term(*given) for name, (_, term, *given) in terms.items() if "adversarial" not in name},
        )

    every_device = jax.jit(jax.vmap(of_device, axis_name=AXIS))(jnp.arange(1))
    return jax.tree.map(lambda leaf: leaf[0], every_device)


@cache
def _posed() -> Posed:
    """A fresh student's body on the windows."""
    scene, params = tiny.scene(), tiny.first_state().student.params
    window = _cycle(PLAIN)[0].window
    return jax.jit(lambda: pose_body(scene.networks.student, params, window, scene.body, scene.landmarks))()


@cache
def _student_in_view() -> Callable[[Posed, Cycle, Batch], StudentInView]:
    scene, params = tiny.scene(), tiny.first_state().student.params
    return jax.jit(lambda posed, cycle, batch: student_in_view(PLAIN, scene, params, posed, cycle, batch))


def _student_fake(posed: Posed, cycle: Cycle, batch: Batch) -> jax.Array:
    """(B, T, 17, 2) what discriminators see of a student's body."""
    return _student_in_view()(posed, cycle, batch).novel.window.xy


def _mean(values: np.ndarray, weight: np.ndarray) -> float:
    """Of (B, T, J) values by (B, T, J) weights, every window by itself; one in which nothing counts gives 0."""
    return float(((values * weight).sum(axis=(1, 2)) / (weight.sum(axis=(1, 2)) + 1e-6)).mean())


def _square(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances of points, (B, T, J, C) twice -> (B, T, J)."""
    return ((a - b) ** 2).sum(axis=-1)


def test_the_cycle_turns_lifts_again_and_turns_back() -> None:
    batch, cycle, _ = _cycle(FULL)
    depth = np.asarray(batch.masked.root_depth)[:, None, None]
    middle = depth[..., None] * np.array([0.0, 0.0, 1.0])
    rotation = np.asarray(cycle.view.rotation)
    rotated = np.einsum("bij,btkj->btki", rotation, np.asarray(cycle.lifted.joints) - middle) + middle
    assert (rotated[..., 2] < 1.0).any()
    rotated[..., 2] = np.maximum(rotated[..., 2], 1.0)
    np.testing.assert_allclose(cycle.joints_in_view, rotated, atol=1e-4)
    novel_xy = rotated[..., :2] / rotated[..., 2:] * depth[..., None]
    hips = np.mean([novel_xy[:, :, H36M17.index(side + "_hip")] for side in ("left", "right")], axis=0)
    expected = (novel_xy - hips[:, :, None]) / np.asarray(cycle.novel.scale)[:, None, None, None]
    expected = np.where(np.asarray(batch.masked.confidence)[..., None] > 0, expected, 0.0)
    np.testing.assert_allclose(cycle.novel.window.xy, expected, atol=1e-4)
    again = np.asarray(cycle.relifted_joints)
    back = np.einsum("bji,btkj->btki", rotation, again - middle) + middle
    returned = back[..., :2] / np.maximum(back[..., 2:], 1.0) * depth[..., None]
    np.testing.assert_allclose(cycle.returned_xy, returned, atol=1e-3)


def test_a_picture_of_another_size_is_lifted_to_a_skeleton_of_that_size() -> None:
    batch, _, _ = _cycle(PLAIN)
    teacher, params = tiny.scene().networks.teacher, tiny.first_state().teacher.params
    window = dataclasses.replace(batch.masked, root_depth=jnp.full_like(batch.masked.root_depth, 30.0))

    @jax.jit
    def depth_again(size: jax.Array) -> jax.Array:
        novel = novel_window(size * window.xy, window)
        joints = lift(teacher, params, novel.window).joints
        return camera.shift_and_scale(joints, novel.shift, novel.scale, window.root_depth)[..., 2] - 30.0

    depth, of_half = (np.asarray(depth_again(jnp.float32(size))) for size in (1.0, 0.5))
    assert np.abs(depth).max() > 0.05
    np.testing.assert_allclose(of_half, 0.5 * depth, atol=1e-5)


def test_terms_compare_and_count_what_they_say() -> None:
    batch, cycle, terms = _cycle(FULL)
    window, clean = batch.masked, batch.clean
    measured = np.asarray(window.confidence) > 0
    known = np.asarray(clean.confidence)
    assert (known > 0).all()
    assert 0.1 < measured.mean() < 0.9
    truth = np.asarray(clean.rays) / np.asarray(window.size)[:, None, None, None]
    own, corrected = np.asarray(cycle.lifted.own_xy), np.asarray(cycle.lifted.corrected_xy)
    gap = np.asarray(cycle.relifted_joints) - np.asarray(cycle.joints_in_view)
    elevations = np.asarray(cycle.relifted.elevation) - np.asarray(cycle.view.elevation)
    expected = {
        "inpaint": _mean(_square(own, truth), known * ~measured),
        "denoise": _mean(np.sqrt(_square(corrected, truth) + 1e-6) - 1e-3, measured.astype(float)),
        "reprojection": _mean(_square(np.asarray(cycle.returned_xy), np.asarray(window.xy)), measured.astype(float)),
        "relift": _mean((gap**2).sum(axis=-1), np.ones(gap.shape[:3])),
        "elevation": float((elevations**2).mean()),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(float(terms[name]), value, rtol=1e-3, err_msg=name)


def test_a_student_who_says_what_the_teacher_says_has_its_picture_in_the_new_view() -> None:
    """Whatever its size: the student is brought to the unit camera by least squares."""
    batch, cycle, _ = _cycle(PLAIN)
    skeleton = root_relative(cycle.lifted.joints)
    same = dataclasses.replace(_posed(), joints_m=0.3 * skeleton + 5.0)
    np.testing.assert_allclose(_student_fake(same, cycle, batch), cycle.novel.window.xy, atol=1e-4)
    assert float(jnp.abs(_student_fake(_posed(), cycle, batch) - cycle.novel.window.xy).max()) > 0.1


def test_what_players_teach_each_other_is_held_constant() -> None:
    """No gradient runs into the targets of the joint stage, nor through the teacher's view of the student."""
    batch, cycle, _ = _cycle(PLAIN)
    scene, first = tiny.scene(), tiny.first_state()
    players = {name: getattr(first, name).params for name in ("teacher", "student")}

    def targets(params: dict[str, Any]) -> jax.Array:
        return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(joint_targets(PLAIN, scene, params, batch)))

    def picture(joints: jax.Array, rotation: jax.Array) -> jax.Array:
        seen = cycle._replace(
            lifted=dataclasses.replace(cycle.lifted, joints=joints), view=cycle.view.replace(rotation=rotation)
        )
        return jnp.sum(_student_fake(_posed(), seen, batch) ** 2)

    slopes = jax.jit(jax.grad(targets))(players)
    slopes_of_view = jax.jit(jax.grad(picture, argnums=(0, 1)))(cycle.lifted.joints, cycle.view.rotation)
    for leaf in jax.tree.leaves((slopes, slopes_of_view)):
        assert not np.asarray(leaf).any()


def test_the_students_fake_has_the_mask_that_discriminators_see() -> None:
    """A disturbed window may hold fewer joints than the noise-free one; zeros there would give the fake away."""
    batch, cycle, _ = _cycle(PLAIN)
    fewer = dataclasses.replace(batch.window, confidence=batch.window.confidence.at[:, :, 5].set(0.0))
    disturbed = dataclasses.replace(batch, window=fewer)
    fakes = [_student_fake(_posed(), cycle, each) for each in (batch, disturbed)]
    assert bool((fakes[0][:, :, 5] != 0).any())
    np.testing.assert_array_equal(*fakes)


def test_a_noisy_window_is_taught_the_skeleton_without_noise_and_not_the_other_way_round() -> None:
    batch, cycle, _ = _cycle(FULL)
    scene = tiny.scene()._replace(networks=make_networks(FULL.model))
    weights, teacher = dataclasses.replace(FULL.teacher.loss, noise_weight=1.0), scene.networks.teacher
    params = init_state(FULL).teacher.params

    def noise(params: Any, target: Any) -> jax.Array:
        _, term, *given = noise_terms(scene, params, cycle._replace(lifted=target), batch, weights)["noise"]
        return term(*given)

    def both(params: Any) -> jax.Array:
        return noise(params, lift(teacher, params, batch.masked))

    @jax.jit
    def values(params: Any) -> tuple[Any, Any]:
        fixed = lift(teacher, params, batch.masked)
        return jax.value_and_grad(both)(params), jax.value_and_grad(noise)(params, fixed)

    every = noise_terms(scene, params, cycle, batch, weights)
    assert set(every) == {"noise", "noise_up", "denoise_noisy"}
    assert all(float(term(*given)) > 0 for _, term, *given in every.values())
    (value, together), (_, alone) = values(params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), together, alone)
    assert max(float(np.abs(leaf).max()) for leaf in jax.tree.leaves(alone)) > 1e-4
    noisy, clean = lift(teacher, params, batch.window), lift(teacher, params, batch.masked)
    size = np.asarray(batch.window.size / batch.masked.size)[:, None, None, None]
    x = np.asarray(noisy.corrected_xy) * np.asarray(noisy.joints)[..., 2:] / FULL.model.root_depth
    lifted = np.concatenate([x, np.asarray(noisy.joints)[..., 2:]], axis=-1)
    relative = [joints - joints[..., :1, :] for joints in (lifted * size, np.asarray(clean.joints))]
    np.testing.assert_allclose(value, np.linalg.norm(relative[0] - relative[1], axis=-1).mean(), rtol=0.02)
