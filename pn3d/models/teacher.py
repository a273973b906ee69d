"""The teacher: a window of 2D joints -> the depths of its frames, and where up is: elevation and roll of the camera."""

import flax.struct
import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from pn3d.models.layers import Temporal, TemporalTrunk, dense, frame_channels, over_time, smooth_in_time, temporal_basis

START_ELEVATION = 0.2
"""Radians. Elevation starts above zero, on the human side of the depth twin (design, decision 9)."""

_MOST_RAD = 1.2
"""Bound of elevation and roll, 69 degrees: cameras of people stand within it, and tanh keeps the view's rotation on one
branch. Our choice."""

START_TRUST = 2.0
"""Logit of the trust in measured 2D that training starts with."""


@flax.struct.dataclass
class TeacherOutput:
    """The teacher's outputs for a batch of windows.

    Attributes:
        xy: (B, T, J, 2) the network's own window coordinates of every joint, head-root units.
        trust: (B, T, J) in [0, 1] share of a measured joint's 2D that is kept; 1 where the network does not correct.
        depth: (B, T, J) depth offset from the root, head-root units; exactly 0 at the pelvis.
        elevation: (B,) radians, positive = camera above the person.
        roll: (B,) radians, positive = up leans to the right in the picture; 0 without a roll head.
    """

    xy: jax.Array
    trust: jax.Array
    depth: jax.Array
    elevation: jax.Array
    roll: jax.Array


class Teacher(nn.Module):
    """Temporal lifter. Widths and residual blocks after Chen 2019 / Yu 2021; elevation head after ElePose 2022."""

    width: int
    blocks: int
    temporal: Temporal
    elevation_head: bool = True
    """Without it every elevation and roll is 0."""
    roll_head: bool = False
    """Without it every roll is 0."""
    correct: bool = False
    """Whether measured 2D is corrected: a detector's errors are not a skeleton's (our addition)."""
    joints: int = 17

    @nn.compact
    def __call__(self, xy: Float[Array, "B T J 2"], confidence: Float[Array, "B T J"]) -> TeacherOutput:
        """Window coordinates and confidence (0 = missing) -> TeacherOutput."""
        batch, frames = xy.shape[:2]
        features = TemporalTrunk(self.width, self.blocks, self.temporal, name="trunk")(frame_channels(xy, confidence))
        coefficients = temporal_basis(frames).shape[1]
        pose = over_time(dense(coefficients * self.joints * 3, scale=0.1, name="pose_head")(features), frames)
        pose = pose.reshape(batch, frames, self.joints, 3)
        own_xy, depth = pose[..., :2], pose[..., 2] - pose[:, :, :1, 2]
        elevation = roll = jnp.zeros(batch)
        if self.elevation_head:
            # A branch of its own: where up is, is a property of the view, not of the pose.
            hidden = nn.leaky_relu(dense(self.width // 2, name="elevation_hidden")(features))
            raw = nn.Dense(1, kernel_init=nn.initializers.zeros_init(), name="elevation_head")(hidden)[:, 0]
            elevation = _MOST_RAD * jnp.tanh((START_ELEVATION + raw) / _MOST_RAD)
            if self.roll_head:
                roll = nn.Dense(1, kernel_init=nn.initializers.zeros_init(), name="roll_head")(hidden)[:, 0]
                roll = _MOST_RAD * jnp.tanh(roll / _MOST_RAD)
        if not self.correct:
            return TeacherOutput(own_xy, jnp.ones_like(depth), depth, elevation, roll)
        # The network's output is a correction of the smoothed 2D where a joint was measured throughout the window.
        always = (confidence > 0).all(axis=1, keepdims=True)[..., None]
        own_xy = jnp.where(always, smooth_in_time(xy), 0.0) + own_xy
        distrust = nn.Dense(
            frames * self.joints,
            kernel_init=nn.initializers.zeros_init(),
            bias_init=nn.initializers.constant(-START_TRUST),
            name="doubt_head",
        )(features)
        trust = 1.0 - nn.sigmoid(distrust).reshape(batch, frames, self.joints)
        return TeacherOutput(own_xy, trust, depth, elevation, roll)
