"""Time: clips at any rate -> the weights' rate, and predictions back."""

import dataclasses
import itertools
from typing import NamedTuple

import numpy as np

from pn3d.data.clips import Clips


class FrameTimes(NamedTuple):
    """Where each frame of one sequence lies in another: between frames ``left`` and ``left + 1``, at ``part``.

    Attributes:
        left: (N,) int; right: (N,) int, both of the same clip; part: (N,) float32 in [0, 1).
    """

    left: np.ndarray
    right: np.ndarray
    part: np.ndarray


def resample_clips(clips: Clips, frame_rate: float) -> tuple[Clips, FrameTimes | None]:
    """Clips at ``frame_rate``, and where the original frames lie in them (None where every clip has that rate).

    Keypoints and confidence are interpolated linearly in time where both neighbours were measured, else the one
    that was is taken. Our choice (the lower of both confidences cost 1.5 to 2 mm on noisy 2D at 15 and 60 frames/s).
    """
    rates = np.asarray(clips.fps, np.float64)
    if np.all(np.abs(rates - frame_rate) < 1e-3 * frame_rate):
        return clips, None
    forward, backward, starts = [], [], [0]
    for clip, (begin, end) in enumerate(itertools.pairwise(clips.clip_start)):
        count = int(end - begin)
        new_count = max(round(float((count - 1) * frame_rate / rates[clip])) + 1, 1)
        step = (count - 1) / (new_count - 1) if new_count > 1 else 0.0
        forward.append(_times(np.arange(new_count) * step, count, int(begin)))
        back = np.arange(count) / step if step > 0 else np.zeros(count)
        backward.append(_times(back, new_count, starts[-1]))
        starts.append(starts[-1] + new_count)
    times = FrameTimes(*(np.concatenate(column) for column in zip(*forward, strict=True)))
    keypoints, confidence = _interpolate_measured(clips.keypoints, clips.confidence, times)
    resampled = dataclasses.replace(
        clips,
        keypoints=keypoints,
        confidence=confidence,
        clip_start=np.array(starts, np.int64),
        fps=np.full(len(rates), frame_rate, np.float32),
        frame_number=None,
        time_s=None,
        filled=None,
        feet=None,
        camera_turn_rad=None,
    )
    return resampled, FrameTimes(*(np.concatenate(column) for column in zip(*backward, strict=True)))


def resample_values(values: np.ndarray, times: FrameTimes) -> np.ndarray:
    """Linear interpolation in time of (N, *) values; rotations as 6D columns are made orthonormal afterwards."""
    part = times.part.reshape(-1, *[1] * (values.ndim - 1))
    return ((1.0 - part) * values[times.left] + part * values[times.right]).astype(values.dtype)


def _times(position: np.ndarray, count: int, offset: int) -> FrameTimes:
    left = np.clip(np.floor(position + 1e-6).astype(np.int64), 0, count - 1)
    right = np.minimum(left + 1, count - 1)
    part = np.clip(position - left, 0.0, 1.0).astype(np.float32)
    return FrameTimes(left + offset, right + offset, part)


def _interpolate_measured(
    keypoints: np.ndarray, confidence: np.ndarray, times: FrameTimes
) -> tuple[np.ndarray, np.ndarray]:
    part = np.broadcast_to(times.part[:, None], confidence[times.left].shape)
    # At a frame of the file itself its neighbour has no say, not even where the frame lacks a joint.
    left, right = confidence[times.left] > 0, (confidence[times.right] > 0) & (part > 0)
    part = np.where(left & right, part, np.where(right, 1.0, 0.0))
    of_joints = part[..., None]
    mixed = ((1.0 - of_joints) * keypoints[times.left] + of_joints * keypoints[times.right]).astype(keypoints.dtype)
    return mixed, ((1.0 - part) * confidence[times.left] + part * confidence[times.right]).astype(confidence.dtype)
