"""The student's body, its picture, its terms against NumPy, and mirrors."""

import dataclasses
from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from pn3d import losses
from pn3d.body import limits, rest
from pn3d.data.disturbed import Batch
from pn3d.data.windows import Window, mirror_window
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import H36M17
from pn3d.lifting.student import Posed, local_sixd, placed_rays, posed_from_output
from pn3d.lifting.teacher import mirror_joints
from pn3d.models.layers import over_time, temporal_basis
from pn3d.models.student import StudentOutput
from pn3d.training.stages.student import student_terms
from pn3d.training.terms import sum_terms
from tests.support import tiny

BATCH, FRAMES = 5, 3


def _output() -> StudentOutput:
    keys = jax.random.split(jax.random.key(0), 3)
    return StudentOutput(
        sixd=jax.random.normal(keys[0], (BATCH, FRAMES, 24, 6)),
        betas=jax.random.normal(keys[1], (BATCH, 10)),
        landmark_raw=0.2 * jax.random.normal(keys[2], (17, 3)),
    )


@cache
def _posing() -> Callable[[StudentOutput], Posed]:
    scene = tiny.scene()
    return jax.jit(lambda output: posed_from_output(output, scene.body, scene.landmarks))


def _posed(output: StudentOutput) -> Posed:
    return _posing()(output)


def _window() -> Window:
    keys = jax.random.split(jax.random.key(1), 2)
    xy = jax.random.normal(keys[0], (BATCH, FRAMES, 17, 2))
    confidence = jax.random.uniform(keys[1], (BATCH, FRAMES, 17))
    return Window(xy, confidence, size=jnp.linspace(0.1, 0.3, BATCH), root_depth=jnp.full((BATCH,), 10.0))


def test_a_head_gives_sums_of_the_basis() -> None:
    coefficients = np.asarray(jax.random.normal(jax.random.key(2), (BATCH, 2 * 7)))
    expected = np.einsum("bkc,tk->btc", coefficients.reshape(BATCH, 2, 7), temporal_basis(FRAMES))
    np.testing.assert_allclose(over_time(jnp.asarray(coefficients), FRAMES), expected, atol=1e-6)


def test_an_upright_person_who_faces_the_camera_is_the_rest_pose_turned_about_x() -> None:
    identity = jnp.broadcast_to(jnp.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]), (1, 1, 24, 6))
    output = StudentOutput(sixd=identity, betas=jnp.zeros((1, 10)), landmark_raw=jnp.zeros((17, 3)))
    local = np.asarray(rotations.sixd_to_matrix(local_sixd(output)))[0, 0]
    np.testing.assert_allclose(local[0], np.diag([1.0, -1.0, -1.0]), atol=1e-6)
    np.testing.assert_allclose(local[1:], np.broadcast_to(np.eye(3), (23, 3, 3)), atol=1e-6)
    joints = np.asarray(_posed(output).joints_m)[0, 0]
    head, pelvis, left = (joints[H36M17.index(name)] for name in ("head", "pelvis", "left_shoulder"))
    assert head[1] < pelvis[1] - 0.5, "y points down"
    assert left[0] > 0.1, "the person's left is on the right of the picture"


def test_some_frames_of_a_body() -> None:
    posed = _posed(_output())
    some = posed.at(slice(1, None, 2))
    for name in ("rotations", "joints_m", "body_joints_m", "skeleton_m"):
        np.testing.assert_array_equal(getattr(some, name), getattr(posed, name)[:, 1::2])
    np.testing.assert_allclose(posed.skeleton_m[:, :, 0], 0.0, atol=1e-7)


def test_the_picture_is_that_of_the_translated_body() -> None:
    window = _window()
    posed = _posed(_output())
    size = jnp.broadcast_to(window.size[:, None], window.confidence.shape[:2])
    transl = camera.fit_translation(posed.joints_m, window.rays, window.confidence, size)
    placed = camera.project(posed.joints_m + transl[:, :, None])
    np.testing.assert_allclose(placed_rays(posed, window), placed, atol=1e-5)


def test_mirrors_are_their_own_inverses_and_exchange_the_sides() -> None:
    window = _window()
    once = mirror_window(window)
    left, right = H36M17.index("left_knee"), H36M17.index("right_knee")
    np.testing.assert_array_equal(once.xy[:, :, left, 0], -window.xy[:, :, right, 0])
    np.testing.assert_array_equal(once.confidence[:, :, left], window.confidence[:, :, right])
    for name in ("xy", "confidence"):
        np.testing.assert_array_equal(getattr(mirror_window(once), name), getattr(window, name))
    joints = jax.random.normal(jax.random.key(3), (2, 3, 17, 3))
    np.testing.assert_array_equal(mirror_joints(mirror_joints(joints)), joints)
    np.testing.assert_array_equal(mirror_joints(joints)[:, :, left, 1:], joints[:, :, right, 1:])


def test_priors_look_at_every_fourth_frame_of_every_joint() -> None:
    window = _window()
    posed = _posed(_output())
    # Five frames, of which the first and the fifth count.
    five = np.array([0, 1, 2, 0, 1])
    posed = posed.at(five)
    window = dataclasses.replace(window, xy=window.xy[:, five], confidence=window.confidence[:, five])
    batch = Batch(
        window=window,
        masked=window,
        clean=window,
        visible=window.visible,
        upright_xy=window.xy,
        draws=tiny.draws(BATCH),
    )
    terms = student_terms(posed, posed.skeleton_m, batch, tiny.config().student.loss)
    sparse = posed.rotations[:, ::4]
    excess = np.asarray(limits.limit_excess_rad(sparse))
    values = sum_terms(terms)[1]
    np.testing.assert_allclose(values["limits"], (excess**2).sum(axis=(2, 3)).mean(), rtol=1e-5)
    turns = np.asarray(rest.relative_turns(limits.components_rad(sparse)))
    np.testing.assert_allclose(values["rest"], (turns**2).mean(), rtol=1e-5)


def test_terms_are_those_of_numpy() -> None:
    generator = np.random.default_rng(3)
    own, aim = generator.normal(size=(2, BATCH, 4, 17, 3))
    weight, size = generator.random((BATCH, 4, 17)), generator.random(BATCH) + 0.1
    weight[:, :, 3] = 0.0

    def mean_distance(gap: np.ndarray) -> float:
        distance = np.sqrt((gap**2).sum(axis=-1) + 1e-6) - 1e-3
        return float(np.mean((weight * distance).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))))

    w = weight[..., None]
    scale = (w * own * aim).sum(axis=(2, 3), keepdims=True) / (w * own * own).sum(axis=(2, 3), keepdims=True)
    as_float = [jnp.asarray(array, jnp.float32) for array in (own, aim, weight, size)]
    np.testing.assert_allclose(losses.scale_onto(*as_float[:3]), scale[:, :, 0, 0], atol=1e-5)
    np.testing.assert_allclose(losses.distillation(*as_float[:3]), mean_distance(scale * own - aim), rtol=1e-5)
    seen, target = as_float[0][..., :2], as_float[1][..., :2]
    expected = mean_distance((own[..., :2] - aim[..., :2]) / size[:, None, None, None])
    np.testing.assert_allclose(losses.reprojection(seen, target, as_float[3], as_float[2]), expected, rtol=1e-5)
    local = generator.normal(size=(2, BATCH, 4, 24, 3, 3))
    betas = generator.normal(size=(2, BATCH, 10))
    expected = ((local[0] - local[1])[:, :, 1:] ** 2).sum(axis=(3, 4)).mean() + 0.1 * (
        (betas[0] - betas[1]) ** 2
    ).mean()
    both = (*jnp.asarray(local, jnp.float32), *jnp.asarray(betas, jnp.float32))
    np.testing.assert_allclose(losses.rotation_consistency(*both), expected, rtol=1e-5)
    bones = np.stack([own[:, :, b] - own[:, :, a] for a, b in H36M17.bones], axis=2)
    still = own / (np.linalg.norm(bones, axis=-1).mean(axis=(1, 2))[:, None, None, None] / 2.56)
    moved = still[:, 2:] - 2.0 * still[:, 1:-1] + still[:, :-2]
    expected = np.mean(np.sqrt((moved**2).sum(axis=-1) + 1e-6) - 1e-3)
    np.testing.assert_allclose(losses.smoothness(as_float[0]), expected, rtol=1e-5)
