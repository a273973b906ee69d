"""The teacher on windows: 2D -> a 3D skeleton in the unit camera. Training and prediction call the same functions."""

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.data.windows import Window, mirror_window
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import H36M17
from pn3d.models.networks import Params, apply
from pn3d.models.teacher import Teacher

_ROOT = H36M17.index("pelvis")
_MIRROR = np.array(H36M17.mirror)


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
    visible = (window.confidence > 0)[..., None]
    corrected_xy = jnp.where(visible, output.xy + output.trust[..., None] * (window.xy - output.xy), output.xy)
    # 3D terms must not bend a measured joint's 2D to their liking; only what is known of the 2D teaches that.
    straight_through = window.xy + jax.lax.stop_gradient(corrected_xy - window.xy)
    return Lifted(
        joints=camera.lift(jnp.where(visible, straight_through, corrected_xy), output.depth, window.root_depth),
        corrected_xy=corrected_xy,
        own_xy=output.xy,
        elevation=output.elevation,
        roll=output.roll,
    )


def corrected_joints(lifted: Lifted, window: Window) -> Float[Array, "B T 17 3"]:
    """The skeleton with gradients into its corrected 2D as well, for what is known in 3D."""
    z = lifted.joints[..., 2:]
    return jnp.concatenate([lifted.corrected_xy * (z / window.root_depth[:, None, None, None]), z], axis=-1)


def average_lifted(teacher: Teacher, params: Params, window: Window) -> Float[Array, "B T 17 3"]:
    """The teacher's root-relative joints, averaged with those of the mirrored window.

    The networks are trained to be symmetric, not made so, and the average is better than either (our choice).
    """
    return average_with_up(teacher, params, window)[0]


def average_with_up(
    teacher: Teacher, params: Params, window: Window
) -> tuple[Float[Array, "B T 17 3"], Float[Array, " B"], Float[Array, " B"]]:
    """``average_lifted``, and elevation and roll likewise, radians."""
    plain, mirrored = lift(teacher, params, window), lift(teacher, params, mirror_window(window))
    joints = root_relative(0.5 * (plain.joints + mirror_joints(mirrored.joints)))
    return joints, 0.5 * (plain.elevation + mirrored.elevation), 0.5 * (plain.roll - mirrored.roll)


def root_relative(joints: Float[Array, "*N 17 3"]) -> Float[Array, "*N 17 3"]:
    """The same with the pelvis at the origin."""
    return joints - joints[..., _ROOT : _ROOT + 1, :]


def mirror_joints(joints: Float[Array, "B T 17 3"]) -> Float[Array, "B T 17 3"]:
    """Joints in centred axes -> the same in a mirror. Its own inverse."""
    return joints[:, :, _MIRROR] * jnp.array([-1.0, 1.0, 1.0]).reshape(1, 1, 1, 3)


def roll_joints(joints: Float[Array, "B T 17 3"], roll: Float[Array, " B"]) -> Float[Array, "B T 17 3"]:
    """Joints of a window -> those of the rolled one."""
    turn = rotations.rotation_z(roll)
    return jnp.einsum("bij,btkj->btki", turn, joints, precision=jax.lax.Precision.HIGHEST)
