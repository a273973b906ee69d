"""The discriminators: what they see of fakes, and their gradients with R1 on reals."""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d import losses
from pn3d.config import DiscriminatorConfig
from pn3d.lifting.windows import Window
from pn3d.models.discriminator import Discriminator
from pn3d.training.adversarial import discriminator_input, discriminator_loss
from pn3d.training.batch import Batch

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
        keys=jax.random.split(keys[0], BATCH),
        roll=jnp.zeros(BATCH),
        upright_xy=xy,
        pose_frame=frames,
    )


def test_fakes_carry_the_mask_of_their_reals() -> None:
    """Whatever stands where the real's joint is missing, a discriminator does not see it."""
    batch, config = _batch(), DiscriminatorConfig()
    fake = jax.random.normal(jax.random.key(2), (BATCH, FRAMES, 17, 2))
    hidden = (batch.masked.visible == 0)[..., None]
    assert bool(hidden.any())
    other = jnp.where(hidden, fake + 5.0, fake)
    for name in ("pose_discriminator", "motion_discriminator"):
        np.testing.assert_array_equal(*(discriminator_input(name, xy, batch, config) for xy in (fake, other)))
        shown = jnp.where(hidden, fake, fake + 5.0)
        assert bool(
            (discriminator_input(name, shown, batch, config) != discriminator_input(name, fake, batch, config)).any()
        )


def test_the_pose_discriminator_sees_the_chosen_frame_alone() -> None:
    batch, config = _batch(), DiscriminatorConfig()
    at_frame = jnp.arange(FRAMES)[None] == batch.pose_frame[:, None]
    others = jnp.where(at_frame[..., None, None], batch.masked.xy, 9.0)
    name = "pose_discriminator"
    np.testing.assert_array_equal(*(discriminator_input(name, xy, batch, config) for xy in (batch.masked.xy, others)))


def test_the_loss_is_cross_entropy_with_the_penalty_on_reals_alone() -> None:
    module, penalty = Discriminator(width=8, blocks=1), 0.7
    real, fake = jax.random.normal(jax.random.key(1), (2, BATCH, 5))
    weight = jnp.array([0.0, 1.2, 1.2, 1.2, 1.2, 1.2])
    params = module.init(jax.random.key(3), real)["params"]
    logits = lambda p, x: module.apply({"params": p}, x)  # noqa: E731

    def by_hand(p):  # type: ignore[no-untyped-def]
        each = jax.vmap(jax.grad(lambda x: logits(p, x[None])[0]))(real)
        r1 = 0.5 * jnp.mean(jnp.sum(each**2, axis=-1))
        return losses.discriminator_adversarial(logits(p, real), logits(p, fake), weight) + penalty * r1

    value, slopes = jax.value_and_grad(by_hand)(params)
    loss = discriminator_loss(module, real, fake, weight, penalty)
    (ours, accuracy), ours_slopes = jax.value_and_grad(loss, has_aux=True)(params)
    np.testing.assert_allclose(ours, value, rtol=1e-5)
    assert 0 <= float(accuracy) <= 1
    for a, b in zip(jax.tree.leaves(ours_slopes), jax.tree.leaves(slopes), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
