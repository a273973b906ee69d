"""Novel views: random cameras around a skeleton, at elevations like those of the data."""

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from pn3d.geometry import camera
from pn3d.training.parallel import batch_mean

WIDE_DEG = (-35.0, 60.0)
"""Elevations of wide views."""

CHEN_ELEVATION = 3.141592653589793 / 9
"""Half the range of Chen 2019's random elevations, radians."""


@flax.struct.dataclass
class NovelView:
    """A random view per example.

    Attributes:
        rotation: (B, 3, 3) about the root, in camera axes.
        elevation: (B,) of the new camera, radians.
        fake_weight: (B,) weights of the views before the discriminators, 1 on average: 0 for wide views.
    """

    rotation: jax.Array
    elevation: jax.Array
    fake_weight: jax.Array


def draw_novel_view(
    keys: Key[Array, " B"],
    elevation: Float[Array, " B"],
    *,
    roll: Float[Array, " B"] | None = None,
    learned: bool = True,
    wide: float = 0.0,
) -> NovelView:
    """Upright views: azimuth uniform, elevation normal with the global batch's mean and spread (ElePose, section 3.2).

    The statistics are those of all devices and are held constant; the gradient runs through each example's own
    elevation and roll, which turn its skeleton upright.

    Args:
        keys: one per example.
        elevation: of the examples, radians.
        roll: of the examples, radians; None: none of them has any.
        learned: whether ``elevation`` was learnt. If not, it is drawn uniformly as in Chen 2019.
        wide: share of views whose elevation is uniform in ``WIDE_DEG`` instead.
    """
    azimuth_key, elevation_key = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
    azimuth = jax.vmap(lambda k: jax.random.uniform(k, minval=-jnp.pi, maxval=jnp.pi))(azimuth_key)
    if learned:
        constant = jax.lax.stop_gradient(elevation)
        mean, mean_square = batch_mean(constant), batch_mean(constant**2)
        spread = jnp.sqrt(jnp.maximum(mean_square - mean**2, 0.0) + 1e-6)
        drawn = jnp.clip(mean + spread * jax.vmap(jax.random.normal)(elevation_key), -1.2, 1.2)
    else:
        low, high = -CHEN_ELEVATION, CHEN_ELEVATION
        drawn = jax.vmap(lambda k: jax.random.uniform(k, minval=low, maxval=high))(elevation_key)
    fake_weight = jnp.ones_like(drawn)
    if wide:
        low, high = np.radians(WIDE_DEG)
        wide_keys = jax.vmap(lambda k: jax.random.split(jax.random.fold_in(k, 1)))(elevation_key)
        is_wide = jax.vmap(lambda k: jax.random.bernoulli(k, wide))(wide_keys[:, 0])
        evenly = jax.vmap(lambda k: jax.random.uniform(k, minval=low, maxval=high))(wide_keys[:, 1])
        drawn, fake_weight = jnp.where(is_wide, evenly, drawn), jnp.where(is_wide, 0.0, 1.0 / (1.0 - wide))
    return NovelView(
        rotation=camera.view_rotation(elevation, azimuth, drawn, roll), elevation=drawn, fake_weight=fake_weight
    )


def draw_wide_views(
    keys: Key[Array, " B"], elevation: Float[Array, " B"], roll: Float[Array, " B"], share: float
) -> tuple[Bool[Array, " B"], Float[Array, "B 3 3"]]:
    """Whether an example is seen from elsewhere, and the turn about its root: azimuth uniform, elevation uniform in
    ``WIDE_DEG``, upright.

    Args:
        keys: one per example.
        elevation, roll: of the examples' own camera, radians.
        share: of the examples that are.
    """
    low, high = np.radians(WIDE_DEG)

    def draw(key: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        # What ``example_draws`` and ``draw_mixed`` draw from the same key is folded in as 1 to 3, and 5.
        chosen_key, azimuth_key, elevation_key = jax.random.split(jax.random.fold_in(key, 4), 3)
        return (
            jax.random.bernoulli(chosen_key, share),
            jax.random.uniform(azimuth_key, minval=-jnp.pi, maxval=jnp.pi),
            jax.random.uniform(elevation_key, minval=low, maxval=high),
        )

    chosen, azimuth, drawn = jax.vmap(draw)(keys)
    return chosen, camera.view_rotation(elevation, azimuth, drawn, roll)
