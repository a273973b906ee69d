"""Arrays with the batch in the last axis."""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.geometry import planes


def test_batch_last_and_first_are_inverses() -> None:
    array = jax.random.normal(jax.random.key(0), (2, 5, 4, 3, 3))
    turned = planes.batch_last(array, 3)
    assert turned.shape == (4, 3, 3, 10)
    np.testing.assert_array_equal(turned[1, 2, 0], array[:, :, 1, 2, 0].reshape(-1))
    np.testing.assert_array_equal(planes.batch_first(turned, (2, 5)), array)


def test_window_last_and_first_are_inverses_and_cost_nothing_together() -> None:
    array = jax.random.normal(jax.random.key(2), (5, 2, 4, 3))
    turned = planes.window_last(array)
    assert turned.shape == (4, 3, 2, 5)
    np.testing.assert_array_equal(turned[1, 2, 1], array[:, 1, 1, 2])
    np.testing.assert_array_equal(planes.window_first(turned), array)
    both = jax.jit(lambda a: 2.0 * planes.window_last(planes.window_first(3.0 * a)))
    assert "transpose" not in both.lower(array).compile().as_text()


def test_entries_in_order_and_back() -> None:
    array = jax.random.normal(jax.random.key(1), (4, 3, 2, 7))
    entries = planes.entries(array)
    assert len(entries) == 6
    np.testing.assert_array_equal(entries[3], array[:, 1, 1])
    np.testing.assert_array_equal(planes.stacked(entries, 3, 2), array)


def test_gradients_of_entries_are_neither_padded_nor_scattered() -> None:
    array = jnp.ones((4, 3, 3, 7))
    text = jax.jit(jax.grad(lambda a: sum(jnp.sum(e * e) for e in planes.entries(a)))).lower(array).as_text()
    assert "concatenate" in text
    assert "stablehlo.pad" not in text
    assert "scatter" not in text
