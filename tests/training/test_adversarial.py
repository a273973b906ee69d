"""The discriminators: what they see of fakes, and their gradients with R1 on reals."""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d import losses
from pn3d.config import DiscriminatorConfig
from pn3d.data.disturbed import Batch
from pn3d.data.windows import Window
from pn3d.models.networks import make_networks
from pn3d.training.adversarial import DISCRIMINATORS, discriminator_inputs, discriminator_loss
from tests.support import tiny

BATCH, FRAMES = 6, 3


def _batch() -> Batch:
    keys = jax.random.split(jax.random.key(0), 2)
    confidence = (jax.random.uniform(keys[0], (BATCH, FRAMES, 17)) > 0.3).astype(jnp.float32)
    xy = jax.random.normal(keys[1], (BATCH, FRAMES, 17, 2)) * confidence[..., None]
    window = Window(xy, confidence, size=jnp.ones(BATCH), root_depth=jnp.full((BATCH,), 10.0))
    frames = jnp.arange(BATCH, dtype=jnp.int32) % FRAMES
    return Batch(
        window=window,
        masked=window,
        clean=window,
        visible=confidence,
        upright_xy=xy,
        draws=tiny.draws(BATCH, pose_frame=frames),
    )


def test_fakes_carry_the_mask_of_their_reals() -> None:
    """Whatever stands where the real's joint is missing, a discriminator does not see it."""
    batch, config = _batch(), DiscriminatorConfig()
    fake = jax.random.normal(jax.random.key(2), (BATCH, FRAMES, 17, 2))
    hidden = (batch.masked.visible == 0)[..., None]
    assert bool(hidden.any())
    other = jnp.where(hidden, fake + 5.0, fake)
    for name in ("pose_discriminator", "motion_discriminator"):
        np.testing.assert_array_equal(*(discriminator_inputs(xy, batch, config)[name] for xy in (fake, other)))
        shown = jnp.where(hidden, fake, fake + 5.0)
        seen, otherwise = (discriminator_inputs(xy, batch, config)[name] for xy in (fake, shown))
        assert bool((seen != otherwise).any())


def test_the_pose_discriminator_sees_the_chosen_frame_alone() -> None:
    batch, config = _batch(), DiscriminatorConfig()
    at_frame = jnp.arange(FRAMES)[None] == batch.draws.pose_frame[:, None]
    others = jnp.where(at_frame[..., None, None], batch.masked.xy, 9.0)
    name = "pose_discriminator"
    np.testing.assert_array_equal(*(discriminator_inputs(xy, batch, config)[name] for xy in (batch.masked.xy, others)))


def test_the_loss_is_cross_entropy_with_the_penalty_on_reals_alone() -> None:
    """Of each discriminator by itself, on two sets of fakes, though both are differentiated at once."""
    batch, config = _batch(), DiscriminatorConfig(gradient_penalty=0.7)
    networks = make_networks(tiny.config().model)
    fake = jax.random.normal(jax.random.key(1), (BATCH, FRAMES, 17, 2))
    reals, fakes = (discriminator_inputs(xy, batch, config) for xy in (batch.upright_xy, fake))
    fakes["pose_discriminator"] = jnp.concatenate([fakes["pose_discriminator"], 2.0 * reals["pose_discriminator"]])
    weight = jnp.array([0.0, 1.2, 1.2, 1.2, 1.2, 1.2])
    weights = {"pose_discriminator": jnp.concatenate([weight, weight]), "motion_discriminator": weight}
    params = {name: getattr(networks, name).init(jax.random.key(3), real)["params"] for name, real in reals.items()}

    def by_hand(own, name):  # type: ignore[no-untyped-def]
        logits = lambda x: getattr(networks, name).apply({"params": own}, x)  # noqa: E731
        each = jax.vmap(jax.grad(lambda x: logits(x[None])[0]))(reals[name])
        r1 = 0.5 * jnp.mean(jnp.sum(each**2, axis=-1))
        cross_entropy = losses.discriminator_adversarial(logits(reals[name]), logits(fakes[name]), weights[name])
        return cross_entropy + config.gradient_penalty * r1

    loss = discriminator_loss(networks, batch, fakes, weights, config)
    slopes, metrics = jax.grad(loss, has_aux=True)(params)
    for name in DISCRIMINATORS:
        value, expected = jax.value_and_grad(by_hand)(params[name], name)
        np.testing.assert_allclose(metrics[f"loss/{name}"], value, rtol=1e-5)
        assert 0 <= float(metrics[f"d_acc/{name}"]) <= 1
        for a, b in zip(jax.tree.leaves(slopes[name]), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
