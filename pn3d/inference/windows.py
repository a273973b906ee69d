"""Overlapping windows -> one value per frame: every window of a clip is predicted, and its frames are averaged."""

import itertools
from collections.abc import Iterator

import jax
import numpy as np

from pn3d.config import ModelConfig
from pn3d.data.rays import FrameRays
from pn3d.inference.networks import FrameOutputs, unpacked, window_predictor
from pn3d.inference.weights import Weights

CHUNK = 256
"""Windows per call of the networks; the last chunk is padded, so one shape is compiled. What is between their layers
then stays in a processor's cache, and few of a short clip's windows are padding."""

STRIDE_SHARE = 4
"""Windows start every ``window / 4`` frames (every second one for windows of 9): each frame is in four or five."""


def window_weights(length: int) -> np.ndarray:
    """(T,) weight of a window's frame: frames in the middle see both past and future, so they count most.

    Hann's window without its zeros (our choice): where windows start every second frame it sums to the same at every
    frame, and hardly counts at the ends, so windows begin and end without a seam.
    """
    return (np.sin(np.pi * (np.arange(length) + 1) / (length + 1)) ** 2).astype(np.float32)


def window_stride(length: int) -> int:
    """Frames between the starts of windows of this length."""
    return max(1, length // STRIDE_SHARE)


def average_windows(weights: Weights, frames: FrameRays, clip_start: np.ndarray) -> FrameOutputs:
    """Both networks on windows of every clip, averaged per frame; clips shorter than a window repeat their last frame.

    A clip's values depend on that clip alone; windows of all clips share the calls of the networks.

    Args:
        weights: the networks.
        frames: of all clips, N frames at the networks' rate.
        clip_start: (C + 1,).

    Returns:
        Outputs of the N frames.
    """
    gather, frame_of = window_frames(clip_start, weights.config.model.window)
    rays, confidence = np.asarray(frames.rays), np.asarray(frames.confidence)
    sums, weight_sums = np.zeros((0, 0), np.float32), np.zeros(len(rays), np.float32)
    begin = 0
    for values in predicted_windows(weights, rays, confidence, gather):
        if not len(sums):
            sums = np.zeros((len(rays), values.shape[-1]), np.float32)
        add_windows(sums, weight_sums, values, frame_of[begin : begin + len(values)])
        begin += len(values)
    return unpacked(sums / weight_sums[:, None])


def predicted_windows(
    weights: Weights, rays: np.ndarray, confidence: np.ndarray, gather: np.ndarray
) -> Iterator[np.ndarray]:
    """Windows through both networks, ``CHUNK`` of them at a time.

    Args:
        weights: the networks.
        rays: centred, (N, 17, 2), or of whole windows, (N, T, 17, 2).
        confidence: (N, 17) or (N, T, 17).
        gather: (W, T) which frames, or (W,) which windows.

    Yields:
        (n, T, D) packed outputs of the next n windows.
    """
    predict = window_predictor(weights)
    running: list[tuple[jax.Array, int]] = []
    for begin in range(0, len(gather), CHUNK):
        part = gather[begin : begin + CHUNK]
        padded = np.concatenate([part, np.repeat(part[-1:], CHUNK - len(part), axis=0)])
        running.append((predict(rays[padded], confidence[padded]), len(part)))
        # Waited for only when the next windows are under way.
        if len(running) > 1:
            values, count = running.pop(0)
            yield np.asarray(values)[:count]
    for values, count in running:
        yield np.asarray(values)[:count]


def add_windows(sums: np.ndarray, weight_sums: np.ndarray, values: np.ndarray, frame_of: np.ndarray) -> None:
    """Adds windows to the weighted sums of their frames, in place.

    Args:
        sums: (N, D).
        weight_sums: (N,).
        values: (W, T, D) of windows.
        frame_of: (W, T) the frame that each is of, -1 where it counts for none; no frame twice at one place of windows.
    """
    weight = window_weights(values.shape[1])
    for t in range(values.shape[1]):
        # At one t the frames of different windows differ, so a plain indexed sum is right.
        real = frame_of[:, t] >= 0
        frame = frame_of[real, t]
        weight_sums[frame] += weight[t]
        sums[frame] += weight[t] * values[real, t]


def spread_windows(frames: int, fps: float, model: ModelConfig, every_s: float, most: int | None = None) -> np.ndarray:
    """(W, T) frames of windows spread over a clip, at about the networks' rate; a short one repeats its last.

    Args:
        frames: of the clip.
        fps: its frames per second.
        model: of the networks.
        every_s: they are at least this far apart, seconds.
        most: so many at most.
    """
    step = fps / model.frame_rate
    last = max(frames - 1 - (model.window - 1) * step, 0.0)
    count = 1 + int(last / (every_s * fps))
    starts = np.linspace(0.0, last, count if most is None else min(count, most))
    index = starts[:, None] + step * np.arange(model.window)
    return np.minimum(np.round(index).astype(int), frames - 1)


def window_frames(clip_start: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """(W, T) frames to gather, and (W, T) frames they count for: -1 where a short clip was padded.

    The last window of a clip ends with the clip. Where it starts between two strides it counts only for frames that
    the next regular one would have covered, so that a stream, which cannot know that a clip ends, gives the same.
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
