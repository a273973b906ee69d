"""Windows of 2D as the networks see them: normalised, mirrored, and of skeletons in novel views."""

import dataclasses

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import H36M17

_HIPS = np.array([H36M17.index("left_hip"), H36M17.index("right_hip")])
_MIRROR = np.array(H36M17.mirror)


@flax.struct.dataclass
class Window:
    """A batch of windows, normalised.

    Attributes:
        xy: (B, T, 17, 2) centred rays over size: head-root units; missing joints at zero.
        confidence: (B, T, 17), 0 = missing.
        size: (B,) head-root length over depth; ``xy * size`` are rays.
        root_depth: (B,) virtual depth c of the root, head-root units.
    """

    xy: jax.Array
    confidence: jax.Array
    size: jax.Array
    root_depth: jax.Array

    @property
    def visible(self) -> jax.Array:
        """(B, T, 17) 1 where a joint was measured, else 0."""
        return (self.confidence > 0).astype(self.xy.dtype)

    @property
    def rays(self) -> jax.Array:
        """(B, T, 17, 2) centred rays."""
        return self.xy * self.size[:, None, None, None]


def make_window(rays: Float[Array, "B T 17 2"], confidence: Float[Array, "B T 17"], root_depth: float) -> Window:
    """Centred rays -> Window; one size per window, and where ``root_depth`` is 0 the depth that a person of this size
    stands at, in head-root units, kept between 3 and 40."""
    size = camera.person_size(rays, confidence)
    xy = jnp.where(confidence[..., None] > 0, rays / size[:, None, None, None], 0.0)
    depth = jnp.full_like(size, root_depth) if root_depth else jnp.clip(1.0 / size, 3.0, 40.0)
    return Window(xy=xy, confidence=confidence, size=size, root_depth=depth)


def mirror_window(window: Window) -> Window:
    """The window seen in a mirror: x negated, left and right joints exchanged. Its own inverse."""
    xy = window.xy[:, :, _MIRROR] * jnp.array([-1.0, 1.0]).reshape(1, 1, 1, 2)
    return dataclasses.replace(window, xy=xy, confidence=window.confidence[:, :, _MIRROR])


def mirror_joints(joints: Float[Array, "B T 17 3"]) -> Float[Array, "B T 17 3"]:
    """Joints in centred axes -> the same in a mirror. Its own inverse."""
    return joints[:, :, _MIRROR] * jnp.array([-1.0, 1.0, 1.0]).reshape(1, 1, 1, 3)


def roll_window(window: Window, roll: Float[Array, " B"]) -> Window:
    """The window as a camera turned about its optical axis sees it; up leans to the right by ``roll`` radians."""
    turn = rotations.rotation_z(roll)[:, None, :2, :2]
    xy = jnp.einsum("btij,btkj->btki", turn, window.xy, precision=jax.lax.Precision.HIGHEST)
    return dataclasses.replace(window, xy=xy)


def roll_joints(joints: Float[Array, "B T 17 3"], roll: Float[Array, " B"]) -> Float[Array, "B T 17 3"]:
    """Joints of a window -> those of the rolled one."""
    turn = rotations.rotation_z(roll)
    return jnp.einsum("bij,btkj->btki", turn, joints, precision=jax.lax.Precision.HIGHEST)


@flax.struct.dataclass
class NovelWindow:
    """The 2D of a skeleton in a novel view, normalised by the rules that real windows went through.

    Attributes:
        window: what networks see.
        shift: (B, T, 1, 2) the middle of the hips, which was moved to the origin.
        scale: (B,) the size that was divided out.
    """

    window: Window
    shift: jax.Array
    scale: jax.Array


def novel_window(xy: Float[Array, "B T 17 2"], window: Window) -> NovelWindow:
    """Centres and sizes a skeleton's novel 2D as real windows are, so that no network tells them apart by it.

    Args:
        xy: window coordinates of all joints, in the units of ``window``.
        window: the window that the skeleton was lifted from; its confidence is kept, so fakes have the real's mask.
    """
    shift = jnp.mean(xy[:, :, _HIPS], axis=2, keepdims=True)
    centred = xy - shift
    scale = camera.person_size(centred, window.confidence)
    new_xy = jnp.where(window.confidence[..., None] > 0, centred / scale[:, None, None, None], 0.0)
    # A person that is larger in the picture is nearer: the virtual depth follows, so perspective stays the same.
    normal = dataclasses.replace(window, xy=new_xy, size=window.size * scale, root_depth=window.root_depth / scale)
    return NovelWindow(window=normal, shift=shift, scale=scale)
