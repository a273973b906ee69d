"""Overlapping windows -> one value per frame: every window of a clip is predicted, and its frames are blended."""

import functools
import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.config import ModelConfig
from pn3d.data.rays import FrameRays
from pn3d.data.windows import flip_windows
from pn3d.geometry import rotations
from pn3d.geometry.skeleton import H36M17, SMPL24
from pn3d.inference.weights import Weights
from pn3d.lifting import lifters, posing
from pn3d.lifting.lifters import make_networks
from pn3d.models.layers import run_network

CHUNK = 1024
"""Windows per call of the networks; the last chunk is padded, so one shape is compiled."""


STRIDE_SHARE = 4
"""Windows start every ``window / 4`` frames (every second one for windows of 9): each frame is in four or five."""


class Blended(NamedTuple):
    """Values per frame, in centred-camera axes.

    Attributes:
        teacher_joints: (N, 17, 3) root-relative, in units of the root's depth.
        elevation_rad: (N,).
        size: (N,) the person's size in the picture, blended over windows.
        square: (N,) mean over windows and mirrored windows of the squared length of ``teacher_joints``; what it is
            above that of the blended joints is the spread between windows.
        sixd: (N, 24, 6) blended columns of the student's local rotations, not orthonormal; None without a student.
        betas: (N, 10) blended shapes.
    """

    teacher_joints: np.ndarray
    elevation_rad: np.ndarray
    size: np.ndarray
    square: np.ndarray
    sixd: np.ndarray | None
    betas: np.ndarray | None


def window_weights(length: int) -> np.ndarray:
    """(T,) weight of a window's frame: frames in the middle see both past and future, so they count most.

    Hann's window without its zeros (our choice): where windows start every second frame it sums to the same at every
    frame, and hardly counts at the ends, so windows begin and end without a seam.
    """
    return (np.sin(np.pi * (np.arange(length) + 1) / (length + 1)) ** 2).astype(np.float32)


def window_stride(length: int) -> int:
    """Frames between the starts of windows of this length."""
    return max(1, length // STRIDE_SHARE)


def blend_windows(weights: Weights, frames: FrameRays, clip_start: np.ndarray) -> Blended:
    """Predicts windows of every clip and blends them; clips shorter than a window repeat their last frame.

    A clip's values depend on that clip alone.

    Args:
        weights: the networks.
        frames: of all clips, at the networks' rate.
        clip_start: (C + 1,).
    """
    length = weights.config.model.window
    gather, frame_of = window_frames(clip_start, length)
    predict = window_predictor(weights)
    total = int(clip_start[-1])
    weight = window_weights(length)
    sums = np.zeros((0, 0), np.float32)
    weight_sum = np.zeros(total, np.float32)
    rays, confidence = np.asarray(frames.rays), np.asarray(frames.confidence)
    for begin in range(0, len(gather), CHUNK):
        part, own = gather[begin : begin + CHUNK], frame_of[begin : begin + CHUNK]
        padded = np.concatenate([part, np.repeat(part[-1:], CHUNK - len(part), axis=0)]) if len(part) < CHUNK else part
        values = np.asarray(predict(rays[padded], confidence[padded]))[: len(part)]
        if not len(sums):
            sums = np.zeros((total, values.shape[-1]), np.float32)
        for t in range(length):
            # Within one t the frames of different windows differ, so a plain indexed sum is right; padding has -1.
            real = own[:, t] >= 0
            frame = own[real, t]
            weight_sum[frame] += weight[t]
            sums[frame] += weight[t] * values[real, t]
    return unpacked(sums / weight_sum[:, None])


def unpacked(flat: np.ndarray) -> Blended:
    """(N, 54) or, with a student, (N, 208) -> the values per frame, in the order in which the predictor packs them."""
    count = len(flat)
    joints = flat[:, :51].reshape(count, 17, 3)
    shared = (joints, flat[:, 51], flat[:, 52], flat[:, 53])
    if flat.shape[1] == 54:
        return Blended(*shared, None, None)
    return Blended(*shared, flat[:, 54:198].reshape(count, 24, 6), flat[:, 198:])


def window_frames(clip_start: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """(W, T) frames to gather, and (W, T) frames they count for: -1 where a short clip was padded.

    The last window of a clip ends with the clip. Where it starts between two strides it counts only for frames that
    the next regular one would have seen, so that a stream, which cannot know that a clip ends, gives the same.
    """
    gather, own = [], []
    stride = window_stride(length)
    for begin, end in itertools.pairwise(clip_start):
        last = max(end - length, begin)
        starts = np.arange(begin, last + stride, stride)
        first = np.where(starts > last, starts, begin)
        index = np.minimum(starts, last)[:, None] + np.arange(length)
        gather.append(np.minimum(index, end - 1))
        own.append(np.where((index < end) & (index >= first[:, None]), index, -1))
    return np.concatenate(gather), np.concatenate(own)


def _unmirror(values: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
    """What mirrored windows gave, mirrored back."""
    joints, elevation, size, *body = values
    joints = joints[:, :, jnp.array(H36M17.mirror)] * jnp.array([-1.0, 1.0, 1.0]).reshape(1, 1, 1, 3)
    if body:
        body = [rotations.mirror_sixd(body[0], SMPL24.mirror), body[1]]
    return joints, elevation, size, *body


def window_predictor(weights: Weights):  # type: ignore[no-untyped-def]
    """A function (rays, confidence) -> (B, T, 54 or 208) values per window and frame, with the parameters bound.

    Every window is also seen mirrored, and both are averaged: the networks are trained to be symmetric, not made so.
    """
    predict = _compiled_predictor(weights.config.model)
    teacher = jax.tree.map(jnp.asarray, weights.teacher)
    student = None if weights.student is None else jax.tree.map(jnp.asarray, weights.student)
    return lambda rays, confidence: predict(teacher, student, rays, confidence)


@functools.cache
def _compiled_predictor(model: ModelConfig):  # type: ignore[no-untyped-def]
    """One jitted function for each shape of networks: weights of one shape, however many, are compiled once."""
    networks = make_networks(model)
    root_depth = model.root_depth

    def once(teacher, student, rays, confidence):  # type: ignore[no-untyped-def]
        window = lifters.make_window(rays, confidence, root_depth)
        lifted = lifters.lift(networks.teacher, teacher, window)
        # Over the person's depth instead of over its height: windows that judge the size differently agree on it.
        joints = lifters.root_relative(lifted.joints) * window.size[:, None, None, None]
        elevation = jnp.broadcast_to(lifted.elevation[:, None], confidence.shape[:2])
        size = jnp.broadcast_to(window.size[:, None], confidence.shape[:2])
        if student is None:
            return joints, elevation, size
        said = run_network(networks.student, student, window.xy, window.confidence)
        betas = jnp.broadcast_to(said.betas[:, None], (*confidence.shape[:2], said.betas.shape[-1]))
        # Columns as the student says them: averaging them is linear, and one Gram-Schmidt per frame comes after it.
        return joints, elevation, size, posing.local_sixd(said), betas

    @jax.jit
    def predict(teacher, student, rays, confidence):  # type: ignore[no-untyped-def]
        seen = once(teacher, student, rays, confidence)
        everyone = jnp.ones(rays.shape[0], bool)
        mirrored = _unmirror(once(teacher, student, *flip_windows(rays, confidence, everyone)))
        joints, elevation, size, *body = (0.5 * (a + b) for a, b in zip(seen, mirrored, strict=True))
        square = 0.5 * (jnp.sum(seen[0] ** 2, axis=(-2, -1)) + jnp.sum(mirrored[0] ** 2, axis=(-2, -1)))
        each = [joints, elevation, size, square, *body]
        return jnp.concatenate([value.reshape(*confidence.shape[:2], -1) for value in each], axis=-1)

    return predict
