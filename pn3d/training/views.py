"""Novel views: random cameras around a skeleton, at elevations like those of the data."""

import flax.struct
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from pn3d.geometry import camera
from pn3d.training.parallel import batch_mean

CHEN_ELEVATION = 3.141592653589793 / 9
"""Half the range of Chen 2019's random elevations, radians."""


@flax.struct.dataclass
class NovelView:
    """A random view per example.

    Attributes:
        rotation: (B, 3, 3) about the root, in camera axes.
        elevation: (B,) of the new camera, radians.
    """

    rotation: jax.Array
    elevation: jax.Array


def draw_novel_view(keys: Key[Array, " B"], elevation: Float[Array, " B"], *, learned: bool = True) -> NovelView:
    """Upright views: azimuth uniform, elevation normal with the global batch's mean and spread (ElePose, section 3.2).

    The statistics are those of all devices and are held constant; the gradient runs through each example's own
    elevation, which turns its skeleton upright.

    Args:
        keys: one per example.
        elevation: of the examples, radians.
        learned: whether ``elevation`` was learnt. If not, it is drawn uniformly as in Chen 2019.
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
    return NovelView(rotation=camera.view_rotation(elevation, azimuth, drawn), elevation=drawn)
