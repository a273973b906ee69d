"""Clips through the networks: keypoints to rays, windows to one output per frame, at each clip's own rate."""

import itertools
from typing import NamedTuple

import jax
import numpy as np

from pn3d.data.clips import Clips
from pn3d.data.rays import frame_rays
from pn3d.data.resample import resample_clips, resample_values
from pn3d.geometry import camera, rotations
from pn3d.inference.batches import in_batches
from pn3d.inference.networks import FrameOutputs
from pn3d.inference.smoothing import fast_share, measure_jitter
from pn3d.inference.weights import Weights
from pn3d.inference.windows import average_windows


class LiftedClip(NamedTuple):
    """One clip of T frames as the centred camera and the networks see it.

    Attributes:
        rays: (T, 17, 2) after the root was turned onto the optical axis.
        confidence: (T, 17), 0 = missing.
        camera_from_centred: (T, 3, 3) rotation that turns back.
        outputs: of both networks.
        jitter: (T,) of the keypoints, head-root units (``pn3d.inference.smoothing``).
        fast: (T, 17) how fast and surely seen the joints are, 0 to 1.
        fps: frames per second.
        carried: (T,) bool, frames whose outputs were replaced (``pn3d.inference.leaps``); None where none were.
    """

    rays: np.ndarray
    confidence: np.ndarray
    camera_from_centred: np.ndarray
    outputs: FrameOutputs
    jitter: np.ndarray
    fast: np.ndarray
    fps: float
    carried: np.ndarray | None = None


def lift_clips(weights: Weights, clips: Clips) -> list[LiftedClip]:
    """Windows of all h36m17 clips share the calls of the networks; every clip's values depend on that clip alone."""
    frames = frame_rays(clips)
    resampled, times = resample_clips(clips, weights.config.model.frame_rate)
    at_network_rate = frames if times is None else frame_rays(resampled)
    outputs = average_windows(weights, at_network_rate, resampled.clip_start)
    jitter = _jitter(np.asarray(at_network_rate.rays), resampled, outputs.size)
    rays = np.asarray(frames.rays)
    if times is not None:
        outputs = FrameOutputs(*(None if value is None else resample_values(value, times) for value in outputs))  # type: ignore[arg-type]
        # Errors that last for two frames of the file do not show at its own rate; those between frames do not show at
        # the networks'.
        jitter = np.maximum(resample_values(jitter, times), _jitter(rays, clips, outputs.size))
    back = camera_from_centred(np.asarray(frames.root_ray))
    spans = [slice(int(begin), int(end)) for begin, end in itertools.pairwise(clips.clip_start)]
    lifted = []
    for span, fps in zip(spans, clips.fps, strict=True):
        seen = rays[span], clips.confidence[span]
        fast = fast_share(*seen, outputs.size[span], float(fps))
        lifted.append(LiftedClip(*seen, back[span], outputs.at(span), jitter[span], fast, float(fps)))
    return lifted


def camera_from_centred(root_ray: np.ndarray) -> np.ndarray:
    """(T, 2) where the root is -> (T, 3, 3) rotation from centred-camera axes back to the camera's."""
    return in_batches(lambda ray: (_camera_from_centred(ray),), root_ray)[0]


_camera_from_centred = jax.jit(lambda root_ray: rotations.transpose(camera.centring_rotation(root_ray)))


def _jitter(rays: np.ndarray, clips: Clips, size: np.ndarray) -> np.ndarray:
    """(N,) jitter of every frame within its clip."""
    spans = itertools.pairwise(clips.clip_start)
    return np.concatenate([measure_jitter(rays[a:b], clips.confidence[a:b], size[a:b]) for a, b in spans])
