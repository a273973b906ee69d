"""The shared pass through a discriminator against autodiff, which runs through it once for every question."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d import losses
from pn3d.lifting.lifters import Params
from pn3d.models.discriminator import Discriminator
from pn3d.models.layers import run_network
from pn3d.training.judgement import Judgement, judge
from pn3d.training.parallel import mapped_step
from pn3d.training.terms import Terms, discriminator_gradients
from tests.support import tiny

NETWORK = Discriminator(width=12, blocks=2)
REALS, FAKES = (jax.random.normal(jax.random.key(seed), (6, 7)) for seed in (1, 2))


def _params() -> Params:
    """Initial ones have biases of zero, which would hide a bias that is not counted."""
    params = NETWORK.init(jax.random.key(0), REALS)["params"]
    keys = iter(jax.random.split(jax.random.key(3), len(jax.tree.leaves(params))))
    return jax.tree.map(lambda leaf: leaf + 0.2 * jax.random.normal(next(keys), leaf.shape), params)


def _mapped(work, *arguments):  # type: ignore[no-untyped-def]
    """``work`` inside a mapped step, where judgements are made."""
    advance = mapped_step(lambda state, data, lane: (state, work(*data)), tiny.devices(1))
    return advance(jnp.zeros(()), tiny.on_devices(arguments, 1))[1]


def _logits(params: Params, features: jax.Array) -> jax.Array:
    return run_network(NETWORK, params, features)


def _slopes(params: Params, features: jax.Array) -> jax.Array:
    return jax.vmap(jax.grad(lambda row: _logits(params, row[None])[0]))(features)


def test_a_judgement_holds_logits_and_slopes() -> None:
    params = _params()
    said: Judgement = _mapped(lambda p, *sets: judge(p, jnp.concatenate(sets), len(sets)), params, REALS, FAKES)
    for i, features in enumerate((REALS, FAKES)):
        np.testing.assert_allclose(said.logits[i], _logits(params, features), rtol=1e-6)
        np.testing.assert_allclose(said.slopes[i], _slopes(params, features), rtol=1e-5, atol=1e-6)
    # One input and one chain for each of the six layers.
    assert len(said.inputs) == len(said.chains) == 6


def _cost_of_fakes(fakes: jax.Array, params: Params, reals: jax.Array) -> jax.Array:
    return losses.generator_adversarial(judge(params, jnp.concatenate([reals, fakes]), 2).logits[1])


def test_makers_of_fakes_get_the_gradient_by_the_fakes() -> None:
    params = _params()
    ours = _mapped(jax.grad(_cost_of_fakes), FAKES, params, REALS)
    theirs = jax.grad(lambda fakes: losses.generator_adversarial(_logits(params, fakes)))(FAKES)
    assert float(jnp.abs(theirs).max()) > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


def test_makers_of_fakes_do_not_move_the_discriminator() -> None:
    moved = _mapped(jax.grad(_cost_of_fakes, argnums=1), FAKES, _params(), REALS)
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(moved))


@pytest.mark.parametrize("penalty", [0.0, 0.7])
@pytest.mark.parametrize("makers", [1, 2])
def test_the_discriminators_gradient_is_that_of_autodiff(makers: int, penalty: float) -> None:
    params, fakes = _params(), [FAKES, FAKES[::-1] + 0.5][:makers]

    def plain(own: Params) -> jax.Array:
        adversarial = losses.discriminator_adversarial(_logits(own, REALS), _logits(own, jnp.concatenate(fakes)))
        return adversarial + penalty * losses.gradient_penalty(_slopes(own, REALS))

    def ours(own: Params, *sets: jax.Array) -> tuple[dict[str, Params], Terms]:
        said = {"pose_discriminator": judge(own, jnp.concatenate(sets), len(sets))}
        return discriminator_gradients({"pose_discriminator": own}, said, penalty)

    value, theirs = jax.value_and_grad(plain)(params)
    assert all(float(jnp.abs(leaf).max()) > 1e-3 for leaf in jax.tree.leaves(theirs))
    gradients, metrics = _mapped(ours, params, REALS, *fakes)
    np.testing.assert_allclose(metrics["loss/pose_discriminator"], value, rtol=1e-6)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6),
        gradients["pose_discriminator"],
        dict(theirs),
    )
