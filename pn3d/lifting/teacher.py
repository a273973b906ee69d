"""The teacher on windows: 2D -> a 3D skeleton in the unit camera. Training and prediction call the same functions."""

import flax.struct
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from pn3d.geometry import camera
from pn3d.geometry.skeleton import H36M17
from pn3d.lifting.windows import NovelWindow, Window, mirror_joints, mirror_window
from pn3d.models.networks import Params, apply
from pn3d.models.teacher import Teacher, TeacherOutput

_ROOT = H36M17.index("pelvis")


@flax.struct.dataclass
class Lifted:
    """The teacher's skeleton.

    Attributes:
        joints: (B, T, 17, 3) in unit-camera axes, head-root units, root at (0, 0, c).
        corrected_xy: (B, T, 17, 2) window coordinates of the skeleton: measured, corrected, or the network's own.
        own_xy: (B, T, 17, 2) the network's own window coordinates of every joint.
        elevation: (B,) radians.
        roll: (B,) radians.
    """

    joints: jax.Array
    corrected_xy: jax.Array
    own_xy: jax.Array
    elevation: jax.Array
    roll: jax.Array


def lift(teacher: Teacher, params: Params, window: Window) -> Lifted:
    """The teacher on a batch of windows. Measured joints keep their 2D as far as it trusts it."""
    output = apply(teacher, params, window.xy, window.confidence)
    return _lifted(output, output.xy, window.xy, window.confidence, output.depth, window.root_depth)


def lift_again(teacher: Teacher, params: Params, xy: Float[Array, "B T 17 2"], novel: NovelWindow) -> Lifted:
    """The teacher on a novel view, its skeleton brought back to the units and place of ``xy``."""
    window, scale = novel.window, novel.scale[:, None, None]
    output = apply(teacher, params, window.xy, window.confidence)
    own_xy = output.xy * scale[..., None] + novel.shift
    return _lifted(output, own_xy, xy, window.confidence, output.depth * scale, window.root_depth * novel.scale)


def _lifted(
    output: TeacherOutput,
    own_xy: jax.Array,
    measured_xy: jax.Array,
    confidence: jax.Array,
    depth: jax.Array,
    root_depth: jax.Array,
) -> Lifted:
    """The skeleton of the network's outputs, its 2D the measured one as far as the network trusts it."""
    visible = (confidence > 0)[..., None]
    corrected = jnp.where(visible, own_xy + output.trust[..., None] * (measured_xy - own_xy), own_xy)
    # 3D terms must not bend a measured joint's 2D to their liking; only what is known of the 2D teaches that.
    straight_through = measured_xy + jax.lax.stop_gradient(corrected - measured_xy)
    joints = camera.lift(jnp.where(visible, straight_through, corrected), depth, root_depth)
    return Lifted(joints, corrected_xy=corrected, own_xy=own_xy, elevation=output.elevation, roll=output.roll)


def corrected_joints(lifted: Lifted, window: Window) -> Float[Array, "B T 17 3"]:
    """The skeleton with gradients into its corrected 2D as well, for what is known in 3D."""
    z = lifted.joints[..., 2:]
    return jnp.concatenate([lifted.corrected_xy * (z / window.root_depth[:, None, None, None]), z], axis=-1)


def average_lifted(teacher: Teacher, params: Params, window: Window) -> Float[Array, "B T 17 3"]:
    """The teacher's root-relative joints, averaged with those of the mirrored window.

    The networks are trained to be symmetric, not made so, and the average is better than either (our choice).
    """
    mirrored = mirror_joints(lift(teacher, params, mirror_window(window)).joints)
    return root_relative(0.5 * (lift(teacher, params, window).joints + mirrored))


def root_relative(joints: Float[Array, "*N 17 3"]) -> Float[Array, "*N 17 3"]:
    """The same with the pelvis at the origin."""
    return joints - joints[..., _ROOT : _ROOT + 1, :]
