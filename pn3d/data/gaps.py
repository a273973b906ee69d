"""Joints that a detector loses for a moment: carried between the frames around.

A joint that flickers is far better told by where it was and will be than by a network's idea of a hidden joint. The
networks see such joints, and the fit (``pn3d.inference.keyframes``), which trusts them less; nothing else takes them
for measured (our choice; docs/log/robustness.md).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

LONGEST = 5
"""Frames at the networks' rate: a joint that is lost for longer stays missing."""


def across_gaps(
    rays: Float[Array, "B T J 2"], confidence: Float[Array, "B T J"]
) -> tuple[Float[Array, "B T J 2"], Float[Array, "B T J"]]:
    """Windows in which no joint is missing for a few frames between two in which it is seen.

    Args:
        rays: (B, T, J, 2) centred rays, or any units of the picture.
        confidence: (B, T, J), 0 = missing.

    Returns:
        The same, with joints that are missing for up to ``LONGEST`` frames put on the line, in time, between the frames
        around, as sure as the less sure of these. What is seen, and what is missing at a window's ends, is as it was.
    """
    frames = confidence.shape[1]
    time = jnp.arange(frames)[None, :, None]
    seen = confidence > 0
    before = jax.lax.cummax(jnp.where(seen, time, -1), axis=1)
    after = jax.lax.cummin(jnp.where(seen, time, frames), axis=1, reverse=True)
    short = ~seen & (before >= 0) & (after < frames) & (after - before <= LONGEST + 1)
    at = [jnp.clip(index, 0, frames - 1) for index in (before, after)]
    share = ((time - before) / jnp.maximum(after - before, 1))[..., None].astype(rays.dtype)
    first, last = (jnp.take_along_axis(rays, index[..., None], axis=1) for index in at)
    how_sure = jnp.minimum(*(jnp.take_along_axis(confidence, index, axis=1) for index in at))
    return (
        jnp.where(short[..., None], first + share * (last - first), rays),
        jnp.where(short, how_sure, confidence),
    )
