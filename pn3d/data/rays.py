"""Clips -> centred rays on the device: what windows are cut from."""

import itertools
from collections.abc import Callable
from typing import no_type_check

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from pn3d.data.clips import Clips
from pn3d.data.hidden_root import hidden_root
from pn3d.geometry import camera
from pn3d.geometry.skeleton import H36M17

_HIPS = [H36M17.index("left_hip"), H36M17.index("right_hip")]
_PELVIS = H36M17.index("pelvis")


# jax rebuilds pytrees with shardings and axes in the place of arrays, which run-time checks would refuse.
@no_type_check
@flax.struct.dataclass
class FrameRays:
    """All frames of a data set, as the networks see them, before windows and sizes.

    Attributes:
        rays: (N, 17, 2) rays after the root was turned onto the optical axis.
        confidence: (N, 17) in [0, 1], 0 = missing.
        root_ray: (N, 2) where the root was; turns predictions back.
    """

    rays: jax.Array
    confidence: jax.Array
    root_ray: jax.Array


def clip_intrinsics(clips: Clips) -> Float[np.ndarray, "C 4"]:
    """(C, 4) px: the file's own, or assumed from the image size."""
    if clips.intrinsics is not None:
        return np.asarray(clips.intrinsics, np.float32)
    return camera.assumed_intrinsics(clips.image_size)


def frame_rays(clips: Clips) -> FrameRays:
    """Rays of every frame of h36m17 clips, centred on the middle of the hips (the pelvis where a hip is missing)."""
    lengths = np.diff(clips.clip_start)
    intrinsics = np.repeat(clip_intrinsics(clips), lengths, axis=0)
    confidence = np.asarray(clips.confidence, np.float32)
    rays = _in_one_shape(_rays, np.asarray(clips.keypoints, np.float32), intrinsics)
    rays[confidence <= 0] = 0.0
    root = root_rays(rays, confidence, clips.clip_start)
    centred = _in_one_shape(_centre, rays, root)
    masked = np.where(confidence[..., None] > 0, centred, np.float32(0))
    return FrameRays(rays=jnp.asarray(masked), confidence=jnp.asarray(confidence), root_ray=jnp.asarray(root))


def _in_one_shape(function: Callable[..., jax.Array], *arrays: np.ndarray) -> np.ndarray:
    """``function`` with frames filled up to a power of two, at least 1024, so that few lengths are ever compiled."""
    frames = len(arrays[0])
    bucket = 1 << max(10, (frames - 1).bit_length())
    filled = [np.concatenate([a, np.zeros((bucket - frames, *a.shape[1:]), a.dtype)]) for a in arrays]
    return np.array(np.asarray(function(*filled))[:frames])


_rays = jax.jit(camera.rays_from_px)
_centre = jax.jit(camera.centre_rays)


def root_rays(
    rays: Float[np.ndarray, "N 17 2"], confidence: Float[np.ndarray, "N 17"], clip_start: Int[np.ndarray, " C1"]
) -> Float[np.ndarray, "N 2"]:
    """(N, 17, 2), (N, 17) -> (N, 2): middle of the hips, else the pelvis, else linear in time between such frames.

    Before the first of them and after the last, and in a clip that has none, the root goes where the shoulders go
    (``pn3d.data.hidden_root``).
    """
    measured = confidence > 0
    hips = np.all(measured[:, _HIPS], axis=1)
    root = np.where(hips[:, None], 0.5 * (rays[:, _HIPS[0]] + rays[:, _HIPS[1]]), rays[:, _PELVIS])
    known = hips | measured[:, _PELVIS]
    for begin, end in itertools.pairwise(clip_start):
        if not known[begin:end].all():
            clip = slice(begin, end)
            root[clip] = hidden_root(root[clip], known[clip], rays[clip], measured[clip])
    return root.astype(np.float32)
