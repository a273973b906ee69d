"""The teacher: a window of 2D joints -> the depths of its frames, and the elevation of the camera."""

import flax.struct
import jax
import jax.numpy as jnp
from flax import linen as nn

from pn3d.models.layers import Temporal, TemporalTrunk, dense, frame_channels, over_time, temporal_basis

START_ELEVATION = 0.2
"""Radians. Elevation starts above zero, on the human side of the depth twin (design, decision 9)."""


@flax.struct.dataclass
class TeacherOutput:
    """What the teacher says of a window.

    Attributes:
        xy: (B, T, J, 2) window coordinates of every joint, head-root units; used only where a joint is missing.
        depth: (B, T, J) depth offset from the root, head-root units; exactly 0 at the pelvis.
        elevation: (B,) radians, positive = camera above the person.
    """

    xy: jax.Array
    depth: jax.Array
    elevation: jax.Array


class Teacher(nn.Module):
    """Temporal lifter. Widths and residual blocks after Chen 2019 / Yu 2021; elevation head after ElePose 2022."""

    width: int
    blocks: int
    temporal: Temporal
    tells_elevation: bool = True
    """Without it every elevation is 0."""
    joints: int = 17

    @nn.compact
    def __call__(self, xy: jax.Array, confidence: jax.Array) -> TeacherOutput:
        """(B, T, J, 2) window coordinates, (B, T, J) confidence (0 = missing) -> TeacherOutput."""
        batch, frames = xy.shape[:2]
        features = TemporalTrunk(self.width, self.blocks, self.temporal, name="trunk")(frame_channels(xy, confidence))
        coefficients = temporal_basis(frames).shape[1]
        pose = dense(coefficients * self.joints * 3, scale=0.1, name="pose_head")(features)
        pose = over_time(pose, frames).reshape(batch, frames, self.joints, 3)
        depth = pose[..., 2] - pose[..., :1, 2]
        if not self.tells_elevation:
            return TeacherOutput(xy=pose[..., :2], depth=depth, elevation=jnp.zeros(batch))
        raw = nn.Dense(1, kernel_init=nn.initializers.zeros_init(), name="elevation_head")(
            # A branch of its own: elevation is a property of the view, not of the pose.
            nn.leaky_relu(dense(self.width // 2, name="elevation_hidden")(features))
        )[:, 0]
        # Cameras of people stand within 70 degrees of the horizon; tanh keeps the view's rotation on one branch.
        elevation = 1.2 * jnp.tanh((START_ELEVATION + raw) / 1.2)
        return TeacherOutput(xy=pose[..., :2], depth=depth, elevation=elevation)
