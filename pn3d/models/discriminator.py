"""The discriminators: is this 2D pose, or this 2D motion, one that people show to cameras?"""

import chex
import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float, Int

from pn3d.models.layers import ResidualBlock, dense


class Discriminator(nn.Module):
    """A plain residual network on a flat vector, no normalisation layers (Yu et al. 2021); returns logits."""

    width: int
    blocks: int

    @nn.compact
    def __call__(self, features: jax.Array) -> jax.Array:
        """(B, C) of about unit scale -> (B,) logits, positive = real."""
        chex.assert_rank(features, 2)
        x = dense(self.width)(features)
        for _ in range(self.blocks):
            x = ResidualBlock(self.width)(x)
        return dense(1, scale=1.0)(nn.leaky_relu(x))[:, 0]


def discriminator_features(
    xy: Float[Array, "B T J 2"],
    measured: Float[Array, "B T J"],
    pose_frame: Int[Array, " B"],
    input_scale: float | jax.Array,
    motion_gain: float | jax.Array,
) -> dict[str, Float[Array, "B _"]]:
    """What each discriminator sees of windows: the pose of one frame of each, and the motion of all frames.

    Args:
        xy: window coordinates.
        measured: 0 or 1.
        pose_frame: the frame of each window whose pose is seen.
        input_scale: of the coordinates.
        motion_gain: of differences between frames.
    """
    rows, scaled = jnp.arange(len(xy)), input_scale * xy
    return {
        "pose_discriminator": pose_features(scaled[rows, pose_frame], measured[rows, pose_frame]),
        "motion_discriminator": motion_features(scaled, measured, motion_gain),
    }


def pose_features(xy: jax.Array, measured: jax.Array) -> jax.Array:
    """One frame's pose for the pose discriminator. (B, J, 2), (B, J) 0 or 1 -> (B, 3 J); missing joints at zero."""
    chex.assert_equal_shape_prefix([xy, measured], 2)
    both = jnp.concatenate([xy * measured[..., None], measured[..., None]], axis=-1)
    return both.reshape(both.shape[0], -1)


def motion_features(xy: jax.Array, measured: jax.Array, gain: float | jax.Array) -> jax.Array:
    """A window for the motion discriminator: its frames, and their differences brought to about unit scale.

    (B, T, J, 2), (B, T, J) 0 or 1 -> (B, T J 3 + (T - 1) J 2); a difference counts where both ends were measured.
    """
    chex.assert_equal_shape_prefix([xy, measured], 3)
    batch, frames = xy.shape[:2]
    # Both coordinates of a joint side by side, since short last axes are slow.
    flat, visible = xy.reshape(batch, frames, -1), jnp.repeat(measured, 2, axis=-1)
    moves = (flat[:, 1:] - flat[:, :-1]) * (visible[:, 1:] * visible[:, :-1]) * gain
    return jnp.concatenate([part.reshape(batch, -1) for part in (flat * visible, measured, moves)], axis=-1)
