"""The size of a person in the picture: what it looks at, and what it ignores."""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.data.person_size import _SEGMENTS, kth_largest, person_size
from pn3d.geometry.skeleton import H36M17

KEY = jax.random.key(3)


def test_size_ignores_the_head_missing_joints_and_single_outliers() -> None:
    rays = jax.random.normal(KEY, (1, 9, 17, 2)) * 0.01
    confidence = jnp.ones((1, 9, 17))
    size = person_size(rays, confidence)
    head = rays.at[:, :, H36M17.index("head")].add(5.0)
    np.testing.assert_allclose(person_size(head, confidence), size)
    outlier = rays.at[:, 4, H36M17.index("left_ankle")].add(5.0)
    assert abs(float(person_size(outlier, confidence)[0] / size[0]) - 1.0) < 0.05
    hidden = confidence.at[:, 4, H36M17.index("left_ankle")].set(0.0)
    np.testing.assert_allclose(person_size(outlier, hidden), person_size(rays, hidden))
    np.testing.assert_allclose(person_size(2.0 * rays, confidence), 2.0 * size, rtol=1e-5)
    assert float(person_size(rays, jnp.zeros((1, 9, 17)))[0]) == np.float32(0.1)


def test_size_is_the_same_in_a_picture_turned_in_its_plane() -> None:
    rays = jax.random.normal(KEY, (4, 9, 17, 2)) * 0.01
    confidence = jnp.ones((4, 9, 17))
    for angle in (0.3, 1.6, 2.8):
        turn = jnp.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], jnp.float32)
        turned = jnp.einsum("ij,btkj->btki", turn, rays)
        np.testing.assert_allclose(person_size(turned, confidence), person_size(rays, confidence), rtol=1e-5)


def test_size_has_finite_gradients_for_a_point() -> None:
    slope = jax.grad(lambda r: person_size(r, jnp.ones((1, 3, 17))).sum())(jnp.zeros((1, 3, 17, 2)))
    assert jnp.isfinite(slope).all()


def test_the_kth_largest_is_that_of_a_sort_with_its_gradient() -> None:
    values = jax.random.uniform(jax.random.key(0), (7, 90)).at[:, 60:].set(-jnp.inf).at[3].set(-jnp.inf)
    rank, rows = jnp.array([0, 1, 30, 0, 59, 47, 12], jnp.int32), np.arange(7)
    found = kth_largest(values, rank, 60)
    order = np.argsort(-np.asarray(values), axis=1)
    np.testing.assert_array_equal(found, np.asarray(values)[rows, order[rows, rank]])
    slope = jax.grad(lambda v: kth_largest(v, rank, 60)[:3].sum())(values)
    expected = np.zeros((7, 90), np.float32)
    expected[rows[:3], order[rows[:3], rank[:3]]] = 1.0
    np.testing.assert_array_equal(slope, expected)


def test_size_is_the_value_of_its_rank_among_what_was_measured() -> None:
    """For any number of measured segments: four fifths of them are shorter."""
    rays = jax.random.normal(jax.random.key(1), (40, 3, 17, 2))
    confidence = (jax.random.uniform(jax.random.key(2), (40, 3, 17)) > jnp.linspace(0, 1, 40)[:, None, None]) * 1.0
    first, second, lengths = (np.array(column) for column in zip(*_SEGMENTS, strict=True))
    for found, xy, seen in zip(person_size(rays, confidence), np.asarray(rays), confidence, strict=True):
        ratios = np.linalg.norm(xy[:, first] - xy[:, second], axis=-1) / lengths
        measured = np.sort(ratios[np.asarray((seen[:, first] > 0) & (seen[:, second] > 0))])
        expected = measured[int(0.8 * (len(measured) - 1))] if len(measured) else 0.1
        np.testing.assert_allclose(found, expected, rtol=1e-5)
