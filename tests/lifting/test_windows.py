"""Windows as networks see them: what is divided by what, and what stands where a joint is missing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.geometry import camera
from pn3d.geometry.skeleton import H36M17
from pn3d.lifting.windows import Window, make_window, novel_window

BATCH, FRAMES = 4, 3
RAYS = 0.02 * jax.random.normal(jax.random.key(0), (BATCH, FRAMES, 17, 2))
CONFIDENCE = jnp.where(jax.random.uniform(jax.random.key(1), (BATCH, FRAMES, 17)) > 0.3, 0.7, 0.0)


@pytest.mark.parametrize("root_depth", [0.0, 10.0])
def test_a_window_is_in_units_of_the_person(root_depth: float) -> None:
    window = make_window(RAYS, CONFIDENCE, root_depth)
    size = np.asarray(camera.person_size(RAYS, CONFIDENCE))
    measured = np.asarray(CONFIDENCE)[..., None] > 0
    expected = np.where(measured, np.asarray(RAYS) / size[:, None, None, None], 0.0)
    np.testing.assert_allclose(window.xy, expected, rtol=1e-5)
    np.testing.assert_allclose(window.rays, np.where(measured, RAYS, 0.0), atol=1e-6)
    np.testing.assert_array_equal(window.visible, (np.asarray(CONFIDENCE) > 0).astype(np.float32))
    depth = np.full(BATCH, root_depth) if root_depth else np.clip(1.0 / size, 3.0, 40.0)
    np.testing.assert_allclose(window.root_depth, depth, rtol=1e-6)


def test_a_picture_that_is_moved_and_enlarged_is_the_same_novel_window() -> None:
    """The hips come to the middle, the size is divided out, and what was divided out is told."""
    window = make_window(RAYS, CONFIDENCE, 10.0)
    xy = jax.random.normal(jax.random.key(2), (BATCH, FRAMES, 17, 2))
    plain, changed = novel_window(xy, window), novel_window(2.0 * xy + 3.0, window)
    np.testing.assert_allclose(plain.window.xy, changed.window.xy, atol=1e-5)
    np.testing.assert_allclose(2.0 * plain.scale, changed.scale, rtol=1e-5)
    np.testing.assert_allclose(2.0 * plain.shift + 3.0, changed.shift, rtol=1e-4, atol=1e-5)
    # Twice as large is half as far: perspective stays.
    np.testing.assert_allclose(plain.window.root_depth, 2.0 * changed.window.root_depth, rtol=1e-5)
    np.testing.assert_allclose(plain.window.size * 2.0, changed.window.size, rtol=1e-5)
    np.testing.assert_allclose(plain.window.size, window.size * plain.scale, rtol=1e-6)
    hips = [H36M17.index(side + "_hip") for side in ("left", "right")]
    both = np.asarray(CONFIDENCE)[:, :, hips].all(axis=2)
    assert both.any()
    np.testing.assert_allclose(np.asarray(plain.window.xy)[:, :, hips].sum(axis=2)[both], 0.0, atol=1e-5)
    np.testing.assert_array_equal(plain.window.confidence, CONFIDENCE)


def test_nothing_measured_is_a_finite_window() -> None:
    window = make_window(RAYS, jnp.zeros_like(CONFIDENCE), 0.0)
    assert isinstance(window, Window)
    assert not np.asarray(window.xy).any()
    assert np.isfinite(np.asarray(window.root_depth)).all()
