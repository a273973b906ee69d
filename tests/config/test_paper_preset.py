"""The preset that leaves our additions out: Chen's views, no elevation head, the paper's terms."""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.config import flatten, preset
from pn3d.models.teacher import Teacher
from pn3d.training.parallel import AXIS
from pn3d.training.views import CHEN_ELEVATION, NovelView, draw_novel_view
from tests.support import tiny


def drawn(elevation: float, learned: bool) -> NovelView:
    keys = jax.random.split(jax.random.key(0), 400)
    one = jax.vmap(lambda k, e: draw_novel_view(k, e, learned=learned), axis_name=AXIS)
    view: NovelView = one(keys[None], jnp.full((1, 400), elevation))
    return view


def test_views_without_a_head_are_chens() -> None:
    view = drawn(0.0, learned=False)
    elevation = np.asarray(view.elevation[0])
    assert np.abs(elevation).max() <= CHEN_ELEVATION
    assert elevation.std() > 0.8 * CHEN_ELEVATION / np.sqrt(3)
    # Rx(e') Ry(a): the camera's own vertical stays in the plane of x = 0, turned by e' about x.
    up = np.asarray(view.rotation[0])[:, :, 1]
    np.testing.assert_allclose(up, np.stack([0 * elevation, np.cos(elevation), np.sin(elevation)], axis=-1), atol=1e-6)
    azimuth = np.arctan2(np.asarray(view.rotation[0])[:, 0, 2], np.asarray(view.rotation[0])[:, 0, 0])
    assert np.ptp(azimuth) > 6.0


def test_learned_views_follow_the_elevations_of_the_batch() -> None:
    elevation = np.asarray(drawn(0.7, learned=True).elevation[0])
    np.testing.assert_allclose(elevation, 0.7, atol=0.01)


def test_a_teacher_without_the_head_has_fewer_parameters_and_says_zero() -> None:
    xy, confidence = jnp.ones((2, 3, 17, 2)), jnp.ones((2, 3, 17))
    sizes = {"width": 8, "blocks": 1, "temporal": "flat"}
    whole, bare = Teacher(**sizes), Teacher(**sizes, elevation_head=False)
    variables = bare.init(jax.random.key(0), xy, confidence)
    assert not [name for name in variables["params"] if "elevation" in name]
    assert [name for name in whole.init(jax.random.key(0), xy, confidence)["params"] if "elevation" in name]
    np.testing.assert_array_equal(bare.apply(variables, xy, confidence).elevation, jnp.zeros(2))


def test_the_preset_has_the_papers_terms_only() -> None:
    on = {
        name.rsplit(".", 1)[1].removesuffix("_weight")
        for name, value in flatten(preset("paper")).items()
        if name.startswith("teacher.loss.") and value
    }
    assert on == {"reprojection", "relift", "pose_adversarial", "motion_adversarial"}
    assert tiny.config().model.elevation_head, "ours has the head"
