"""Windows of frames as the networks see them: where they may start, gathered on the device, normalised, mirrored, and
of skeletons in novel views.

Shapes: B windows of T frames of the 17 joints of h36m17.
"""

import dataclasses

import chex
import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from pn3d.data.clips import Clips
from pn3d.data.person_size import person_size
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17

_HIPS = np.array([H36M17.index("left_hip"), H36M17.index("right_hip")])
_MIRROR = np.array(H36M17.mirror)


def window_starts(clips: Clips, length: int) -> tuple[np.ndarray, int]:
    """Every frame at which a window of ``length`` frames fits into its clip.

    Returns:
        (W,) int32 first frames in increasing order, and the number of clips that are shorter than the window.

    Raises:
        UserError: no clip is as long as the window.
    """
    last_start = np.repeat(clips.clip_start[1:] - length, clips.lengths)
    starts = np.flatnonzero(np.arange(clips.frames) <= last_start).astype(np.int32)
    if not len(starts):
        raise UserError(
            f"no clip is as long as a window of {length} frames; the longest of {clips.num_clips} clips has "
            f"{int(clips.lengths.max())} frames"
        )
    return starts, int((clips.lengths < length).sum())


def gather_windows(
    frames: Shaped[Array, "N *F"], starts: Int[Array | np.ndarray, " B"], length: int
) -> Shaped[Array, "B T *F"]:
    """``frames[s : s + length]`` for each start, on the device. (N, *), (B,) int -> (B, length, *)."""
    chex.assert_rank(starts, 1)
    return jax.vmap(lambda start: jax.lax.dynamic_slice_in_dim(frames, start, length, axis=0))(starts)


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
    size = person_size(rays, confidence)
    xy = jnp.where(confidence[..., None] > 0, rays / size[:, None, None, None], 0.0)
    return Window(xy=xy, confidence=confidence, size=size, root_depth=virtual_depth(size, root_depth))


def virtual_depth(size: Float[Array, " B"], root_depth: float) -> Float[Array, " B"]:
    """The depth of the root, head-root units, of persons of these sizes: ``root_depth``, unless that is 0."""
    return jnp.full_like(size, root_depth) if root_depth else jnp.clip(1.0 / size, 3.0, 40.0)


def mirror_window(window: Window) -> Window:
    """The window seen in a mirror: x negated, left and right joints exchanged. Its own inverse."""
    xy = window.xy[:, :, _MIRROR] * jnp.array([-1.0, 1.0]).reshape(1, 1, 1, 2)
    return dataclasses.replace(window, xy=xy, confidence=window.confidence[:, :, _MIRROR])


def roll_window(window: Window, roll: Float[Array, " B"]) -> Window:
    """The window as a camera turned about its optical axis sees it; up leans to the right by ``roll`` radians."""
    cosine, sine = jnp.cos(roll)[:, None, None], jnp.sin(roll)[:, None, None]
    x, y = window.xy[..., 0], window.xy[..., 1]
    xy = jnp.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)
    return dataclasses.replace(window, xy=xy)


def middle_of_hips(xy: Float[Array, "B T 17 C"]) -> Float[Array, "B T 1 C"]:
    """What windows are centred on."""
    return jnp.mean(xy[:, :, _HIPS], axis=2, keepdims=True)


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
    shift = middle_of_hips(xy)
    centred = xy - shift
    scale = person_size(centred, window.confidence)
    new_xy = jnp.where(window.confidence[..., None] > 0, centred / scale[:, None, None, None], 0.0)
    # A person that is larger in the picture is nearer: the virtual depth follows, so perspective stays the same.
    normal = dataclasses.replace(window, xy=new_xy, size=window.size * scale, root_depth=window.root_depth / scale)
    return NovelWindow(window=normal, shift=shift, scale=scale)
