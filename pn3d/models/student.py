"""The student: a window of 2D joints -> SMPL pose per frame and one shape."""

import flax.struct
import jax
import jax.numpy as jnp
from flax import linen as nn

from pn3d.models.layers import Temporal, TemporalTrunk, dense, frame_channels, over_time, temporal_basis

BODY_JOINTS = 24
SHAPES = 10


@flax.struct.dataclass
class StudentOutput:
    """What the student says of a window.

    Attributes:
        sixd_planes: (24, 6, T, B) local rotations as 6D, the batch last (``geometry.planes``); the pelvis relative
            to a person who faces the camera upright.
        betas: (B, 10) one shape per window.
        landmark_raw: (17, 3) raw landmark corrections, constants of the body (see pn3d.body.landmarks).
    """

    sixd_planes: jax.Array
    betas: jax.Array
    landmark_raw: jax.Array


class Student(nn.Module):
    """The teacher's trunk with heads for 24 rotations per frame and 10 shape coefficients (our choice)."""

    width: int
    blocks: int
    temporal: Temporal
    landmarks: int = 17

    @nn.compact
    def __call__(self, xy: jax.Array, confidence: jax.Array) -> StudentOutput:
        """(B, T, J, 2) window coordinates, (B, T, J) confidence (0 = missing) -> StudentOutput."""
        frames = xy.shape[1]
        features = TemporalTrunk(self.width, self.blocks, self.temporal, name="trunk")(frame_channels(xy, confidence))
        coefficients = temporal_basis(frames).shape[1]
        turn = over_time(dense(coefficients * BODY_JOINTS * 6, scale=0.1, name="pose_head")(features), frames)
        identity = jnp.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
        sixd = turn.reshape(BODY_JOINTS, 6, *turn.shape[1:]) + identity.reshape(1, 6, 1, 1)
        raw = nn.Dense(SHAPES, kernel_init=nn.initializers.zeros_init(), name="shape_head")(
            nn.leaky_relu(dense(self.width // 2, name="shape_hidden")(features))
        )
        landmark_raw = self.param("landmark_raw", nn.initializers.zeros_init(), (self.landmarks, 3))
        # Nobody is more than about three standard deviations from the mean.
        return StudentOutput(sixd_planes=sixd, betas=3.0 * jnp.tanh(raw / 3.0), landmark_raw=landmark_raw)
