"""The optimiser against optax's own, and its updates that are not due."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from pn3d.training.adam import ClippedAdam
from tests.support import tiny

KEY = jax.random.key(0)
ADAM = ClippedAdam(optax.linear_schedule(1e-3, 1e-2, 5), b1=0.5, b2=0.99, clip_norm=10.0)
PARAMS = {"kernel": jax.random.normal(KEY, (7, 5)), "bias": jnp.zeros(5)}


def _gradients(step: int) -> dict[str, jax.Array]:
    """Longer than the clipping norm in every second step."""
    keys = jax.random.split(jax.random.fold_in(KEY, step), 2)
    return {
        name: (100.0 if step % 2 else 0.1) * jax.random.normal(key, leaf.shape)
        for key, (name, leaf) in zip(keys, PARAMS.items(), strict=True)
    }


def test_updates_are_those_of_optax() -> None:
    theirs, state, params = ADAM.as_optax, ADAM.init(PARAMS), PARAMS
    expected, their_state = PARAMS, theirs.init(PARAMS)
    for step in range(8):
        gradients = _gradients(step)
        before = params
        norm = optax.tree.norm(gradients)
        params, state, update_norm = ADAM.move(params, gradients, norm, state, jnp.array(True))
        updates, their_state = theirs.update(gradients, their_state, expected)
        expected = optax.apply_updates(expected, updates)
        for ours, other in zip(jax.tree.leaves((params, state)), jax.tree.leaves((expected, their_state)), strict=True):
            np.testing.assert_allclose(ours, other, rtol=2e-6, atol=1e-7)
        moved = optax.tree.norm(optax.tree.sub(params, before))
        np.testing.assert_allclose(update_norm, optax.tree.norm(updates), rtol=1e-5)
        np.testing.assert_allclose(update_norm, moved, rtol=1e-3)
    assert jax.tree.structure(state) == jax.tree.structure(their_state)


@pytest.mark.parametrize("bad", [1.0, np.nan])
def test_an_update_that_is_not_due_changes_no_bit(bad: float) -> None:
    state = ADAM.init(PARAMS)
    params, state, _ = ADAM.move(PARAMS, _gradients(0), jnp.array(1.0), state, jnp.array(True))
    lost = jax.tree.map(lambda leaf: leaf * bad, _gradients(1))
    after = ADAM.move(params, lost, optax.tree.norm(lost), state, jnp.array(False))
    assert tiny.bitwise_equal(after[:2], (params, state))
