"""The teacher: a window of 2D joints -> the depths of its frames, and the elevation of the camera."""

from typing import Literal

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from pn3d.geometry import planes
from pn3d.geometry.skeleton import H36M17
from pn3d.models.layers import Temporal, TemporalTrunk, dense, frame_channels, over_time, smooth_in_time, temporal_basis

START_ELEVATION = 0.2
"""Radians. Elevation starts above zero, on the human side of the depth twin (design, decision 9)."""

START_TRUST = 2.0
"""Logit of the trust in measured 2D that training starts with."""


_LEGS = tuple(i for i, joint in enumerate(H36M17.joints) if joint.endswith(("hip", "knee", "ankle")))
_REST = tuple(i for i in range(len(H36M17.joints)) if i not in _LEGS)
_HALVES = {"legs": (_LEGS, (0, *_LEGS)), "rest": (_REST, (*_REST, *(i for i in _LEGS if "hip" in H36M17.joints[i])))}
"""Name -> joints that a half's own trunk speaks of, and those that it sees."""


@flax.struct.dataclass
class TeacherOutput:
    """What the teacher says of a window, the batch last (``pn3d.geometry.planes``).

    Attributes:
        xy: window coordinates of every joint as the network sees them, head-root units: two of (J, T, B).
        trust: (J, T, B) in [0, 1] share of a measured joint's 2D that is kept; 1 where the network does not correct.
        depth: (J, T, B) depth offset from the root, head-root units; exactly 0 at the pelvis.
        elevation: (B,) radians, positive = camera above the person.
        root: (T, B) depth of the root over its depth in the window; None where the network does not tell.
    """

    xy: list[jax.Array]
    trust: jax.Array
    depth: jax.Array
    elevation: jax.Array
    root: jax.Array | None


class Teacher(nn.Module):
    """Temporal lifter. Widths and residual blocks after Chen 2019 / Yu 2021; elevation head after ElePose 2022."""

    width: int
    blocks: int
    temporal: Temporal
    parts: Literal["whole", "halves"] = "whole"
    """One trunk for the whole body, or one for the legs and one for the rest, which see little of each other."""
    tells_elevation: bool = True
    """Without it every elevation is 0."""
    tells_root: bool = False
    """Whether it tells how the root's depth changes within the window; otherwise it stays."""
    correct: bool = False
    """Whether measured 2D is corrected: a detector's errors are not a skeleton's (our addition)."""
    joints: int = 17

    @nn.compact
    def __call__(self, xy: jax.Array, confidence: jax.Array) -> TeacherOutput:
        """(B, T, J, 2) window coordinates, (B, T, J) confidence (0 = missing) -> TeacherOutput."""
        batch = xy.shape[0]
        if self.parts == "whole":
            features, pose = self._lift(xy, confidence, self.joints, "")
        else:
            half = {
                name: self._lift(xy[:, :, np.array(sees)], confidence[:, :, np.array(sees)], len(own), f"_{name}")
                for name, (own, sees) in _HALVES.items()
            }
            features = jnp.concatenate([said for said, _ in half.values()], axis=-1)
            order = np.argsort([joint for own, _ in _HALVES.values() for joint in own])
            pose = jnp.concatenate([joints for _, joints in half.values()])[order]
        # The barrier keeps XLA from computing a coordinate's whole gradient anew for each number that it turns round.
        *own_xy, depth = planes.coordinates(jax.lax.optimization_barrier(pose))
        depth = depth - depth[:1]
        elevation = jnp.zeros(batch)
        if self.tells_elevation:
            raw = nn.Dense(1, kernel_init=nn.initializers.zeros_init(), name="elevation_head")(
                # A branch of its own: elevation is a property of the view, not of the pose.
                nn.leaky_relu(dense(self.width // 2, name="elevation_hidden")(features))
            )[:, 0]
            # Cameras of people stand within 70 degrees of the horizon; tanh keeps the view's rotation on one branch.
            elevation = 1.2 * jnp.tanh((START_ELEVATION + raw) / 1.2)
        frames = xy.shape[1]
        root = None
        if self.tells_root:
            coefficients = temporal_basis(frames).shape[1]
            moved = over_time(dense(coefficients, scale=1e-4, name="root_head")(features), frames)[0]
            # People come at most half as near, or half as far again, within a window.
            root = 1.0 + 0.5 * jnp.tanh(moved - moved.mean(axis=0, keepdims=True))
        if not self.correct:
            return TeacherOutput(own_xy, jnp.ones_like(depth), depth, elevation, root)
        # What the network says is a correction of the smoothed 2D where a joint was measured throughout the window.
        always = planes.window_last(confidence > 0).all(axis=1, keepdims=True)
        smooth = planes.split(smooth_in_time(xy))
        own = [jnp.where(always, near, 0.0) + correction for near, correction in zip(smooth, own_xy, strict=True)]
        doubt = nn.Dense(
            frames * self.joints,
            kernel_init=nn.initializers.zeros_init(),
            bias_init=nn.initializers.constant(-START_TRUST),
            name="doubt_head",
        )(features)
        trust = 1.0 - planes.window_last(nn.sigmoid(doubt).reshape(batch, frames, self.joints))
        return TeacherOutput(own, trust, depth, elevation, root)

    def _lift(self, xy: jax.Array, confidence: jax.Array, joints: int, suffix: str) -> tuple[jax.Array, jax.Array]:
        """A trunk's features (B, W), and what it says of its joints, the batch last (joints, 3, T, B)."""
        batch, frames = xy.shape[:2]
        trunk = TemporalTrunk(self.width, self.blocks, self.temporal, name=f"trunk{suffix}")
        features = trunk(frame_channels(xy, confidence))
        coefficients = temporal_basis(frames).shape[1]
        pose = dense(coefficients * joints * 3, scale=0.1, name=f"pose_head{suffix}")(features)
        return features, over_time(pose, frames).reshape(joints, 3, frames, batch)
