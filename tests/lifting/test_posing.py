"""The student's body, computed with the batch last, against the same put together with the batch first."""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d import losses
from pn3d.body import limits, rest
from pn3d.body.landmarks import landmark_joints
from pn3d.body.model import posed_joints, rest_joints_m
from pn3d.geometry import camera, planes, rotations
from pn3d.geometry.skeleton import H36M17
from pn3d.lifting import lifters, posing
from pn3d.models.layers import over_time, temporal_basis
from pn3d.models.student import StudentOutput
from pn3d.training.batch import Batch
from pn3d.training.stages.student import student_terms
from tests.support import tiny

BATCH, FRAMES = 5, 3


def _said() -> StudentOutput:
    keys = jax.random.split(jax.random.key(0), 3)
    return StudentOutput(
        sixd_planes=jax.random.normal(keys[0], (24, 6, FRAMES, BATCH)),
        betas=jax.random.normal(keys[1], (BATCH, 10)),
        landmark_raw=0.2 * jax.random.normal(keys[2], (17, 3)),
    )


def _window() -> lifters.Window:
    keys = jax.random.split(jax.random.key(1), 2)
    xy = jax.random.normal(keys[0], (BATCH, FRAMES, 17, 2))
    confidence = jax.random.uniform(keys[1], (BATCH, FRAMES, 17))
    return lifters.Window(xy, confidence, size=jnp.linspace(0.1, 0.3, BATCH), root_depth=jnp.full((BATCH,), 10.0))


def test_a_head_says_sums_of_the_basis() -> None:
    coefficients = np.asarray(jax.random.normal(jax.random.key(2), (BATCH, 2 * 7)))
    said = np.einsum("bkc,tk->btc", coefficients.reshape(BATCH, 2, 7), temporal_basis(FRAMES))
    np.testing.assert_allclose(planes.window_first(over_time(jnp.asarray(coefficients), FRAMES)), said, atol=1e-6)


def test_the_body_is_that_of_the_functions_with_the_batch_first() -> None:
    said, scene = _said(), tiny.scene()
    posed = jax.jit(posing.posed_from_output)(said, scene.body, scene.landmarks)
    sixd = np.moveaxis(np.asarray(said.sixd_planes), (3, 2), (0, 1)).copy()
    sixd[:, :, 0] *= np.float32([1, -1, -1, 1, -1, -1])
    np.testing.assert_array_equal(posing.local_sixd(said), sixd)
    local = rotations.sixd_to_matrix(jnp.asarray(sixd))
    np.testing.assert_allclose(posed.rotations, local, atol=1e-6)
    np.testing.assert_allclose(posing.local_rotations(said), local, atol=1e-6)
    joints, turns = posed_joints(scene.body, rest_joints_m(scene.body, said.betas)[:, None], local)
    np.testing.assert_allclose(posed.body_joints_m, joints, atol=1e-6)
    marks = landmark_joints(scene.landmarks, joints, turns, posed.corrections_m)
    np.testing.assert_allclose(posed.joints_m, marks, atol=1e-6)
    np.testing.assert_allclose(posed.skeleton_m, marks - marks[:, :, :1], atol=1e-6)
    some = posed.at(slice(1, None, 2))
    np.testing.assert_array_equal(some.rotations, posed.rotations[:, 1::2])
    np.testing.assert_array_equal(some.joints_m, posed.joints_m[:, 1::2])
    np.testing.assert_array_equal(some.body_joints_m, posed.body_joints_m[:, 1::2])


def test_the_picture_is_that_of_the_translated_body() -> None:
    scene, window = tiny.scene(), _window()
    posed = posing.posed_from_output(_said(), scene.body, scene.landmarks)
    size = jnp.broadcast_to(window.size[:, None], window.confidence.shape[:2])
    transl = camera.fit_translation(posed.joints_m, window.rays, window.confidence, size)
    placed = camera.project(posed.joints_m + transl[:, :, None])
    np.testing.assert_allclose(lifters.placed_rays(posed, window), placed, atol=1e-5)


def test_priors_see_every_fourth_frame_of_every_joint() -> None:
    scene, window = tiny.scene(), _window()
    posed = posing.posed_from_output(_said(), scene.body, scene.landmarks)
    # Five frames, of which the first and the fifth count.
    posed = posed.at(np.array([0, 1, 2, 0, 1]))
    keys = jax.random.split(jax.random.key(4), BATCH)
    batch = Batch(window=window, quiet=window, clean=window, keys=keys, judged=jnp.zeros(BATCH, jnp.int32))
    terms = student_terms(posed, posed.skeleton_m, batch, tiny.config().student.loss)
    seen = posed.rotations[:, ::4]
    excess = np.asarray(limits.limit_excess_rad(seen))
    np.testing.assert_allclose(terms["limits"][1](), (excess**2).sum(axis=(2, 3)).mean(), rtol=1e-5)
    turns = np.asarray(rest.relative_turns(limits.components_rad(seen)))
    np.testing.assert_allclose(terms["rest"][1](), (turns**2).mean(), rtol=1e-5)


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
    found = losses.scale_onto(planes.split(as_float[0]), planes.split(as_float[1]), planes.window_last(as_float[2]))
    np.testing.assert_allclose(planes.window_first(found), scale[:, :, 0, 0], atol=1e-5)
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
