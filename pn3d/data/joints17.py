"""One door for 2D: from any layout to the 17 joints that the networks take, for predict, train and eval alike.

Joints go by name, and nothing is invented: a joint that a layout does not have stays masked (confidence 0). COCO-17
gives the twelve joints of the limbs, and no pelvis, spine, thorax, neck or head; what networks are shown in their place
at prediction is the business of ``pn3d.data.trunk``. Eyes, ears and nose are not used: none of them is the top of the
head or the base of the skull, and how far off they are turns with the head. The middle of the ears as a neck helps the
student and harms the teacher (benchmarks/accuracy/ears.py; docs/detectors.md).

Two rules, both measured (docs/detectors.md):

- An ankle that was missed while knee, heel and big toe of its leg were measured follows from these three. On 531 legs
  of a 277-frame whole-body recording (GAST-Net's baseball sample) this gives the ankle to 0.55 % of the person's
  height, as far as two detectors disagree about it (0.55 %); on a BODY_25 picture it is 0.6 % and 1.5 %.
- A joint of low confidence that has been so for a while is a guess about something out of sight, such as legs below
  the picture, and is masked: the networks fill in missing joints better than they see through wrong ones. One that is
  hidden for a moment is kept: a detector's guess is then better than none.
"""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from pn3d.data.clips import Clips
from pn3d.data.feet import feet_of
from pn3d.geometry.skeleton import H36M17, Layout, remap_indices

ANKLE_FROM_HEEL = (0.0845, 0.196)  # shares of heel -> knee and heel -> big toe; least squares on the sample above
ANKLE_CONFIDENCE = 0.5
"""Confidence of such an ankle, as a share of the least of the three."""

LOW_CONFIDENCE = 0.12
"""A joint below it, now and on average over ``GUESS_SECONDS``, is a guess."""

FAR_OUTSIDE = 3.0
"""Image sizes beyond the border: detectors guess joints outside the picture, but not that far."""

GUESS_SECONDS = 1.0
"""Looks back only, so that a stream gives what a whole clip gives."""


def to_h36m17(clips: Clips) -> Clips:
    """Clips of any layout as h36m17, the rules of this file applied; the same object where nothing is to be done.

    Applying it twice changes nothing more. True joints go along where they have names of their own or the layout has
    all 17, and are left out otherwise.
    """
    positions, confidence = h36m17_by_name(clips.keypoints, clips.confidence, clips.layout)
    spans = zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True)
    masked = np.concatenate([mask_guesses(confidence[a:b], float(fps)) for (a, b), fps in spans])
    if clips.layout == H36M17:
        return clips if np.array_equal(masked, confidence) else replace(clips, confidence=masked)
    source = np.array(remap_indices(clips.layout, H36M17))
    joints_cam = clips.joints_cam
    if joints_cam is not None and clips.truth_joint_names is None:
        joints_cam = joints_cam[:, source] if (source >= 0).all() else None
    feet = feet_of(clips.keypoints, clips.confidence, clips.layout) if clips.feet is None else clips.feet
    changed: dict[str, Any] = {"keypoints": positions, "confidence": masked, "feet": feet, "joints_cam": joints_cam}
    return replace(clips, layout=H36M17, has_joint=_has_joint(clips, source, confidence), **changed)


def _has_joint(clips: Clips, source: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(C, 17) joints that the layout has, or that follow from others of it."""
    has = np.ones((clips.num_clips, len(clips.layout.joints)), bool) if clips.has_joint is None else clips.has_joint
    derived = np.logical_or.reduceat(confidence > 0, clips.clip_start[:-1])
    return ((source >= 0) & has[:, source]) | derived


def h36m17_by_name(keypoints_px: np.ndarray, confidence: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """The 17 joints by name, missed ankles from heel and toe; other joints that the layout lacks at confidence 0.

    (T, J, 2), (T, J) -> (T, 17, 2) float32, (0, 0) where the layout lacks a joint, and (T, 17) float32.
    """
    if layout == H36M17:
        return np.asarray(keypoints_px, np.float32), np.asarray(confidence, np.float32)
    source = np.array(remap_indices(layout, H36M17))
    has = source >= 0
    found = np.where(has, confidence[:, source], 0).astype(np.float32)
    positions = np.where(has[:, None], keypoints_px[:, source], 0).astype(np.float32)
    for side in ("left", "right"):
        parts = [f"{side}_{part}" for part in ("knee", "heel", "big_toe")]
        if all(part in layout.joints for part in parts):
            index = [layout.index(part) for part in parts]
            _fill_ankle(positions, found, H36M17.index(f"{side}_ankle"), keypoints_px[:, index], confidence[:, index])
    return positions, found


def near_picture(positions_px: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """(…, 2) px, (width, height) -> (…,) bool; not for what is not finite."""
    margin = FAR_OUTSIDE * max(image_size)
    return np.all((positions_px > -margin) & (positions_px < np.array(image_size) + margin), axis=-1)


def plain_keypoints(values: np.ndarray, layout: Layout, image_size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A plain array, (T, J, 2) or (T, J, 3) of px and confidence, as positions and confidence.

    Joints beyond the layout's are left out; (0, 0), (-1, -1), what is not finite or far outside of the picture, and
    confidence NaN are missing.
    """
    values = np.asarray(values[:, : len(layout.joints)], np.float64)
    positions = values[..., :2]
    nowhere = (positions == 0).all(axis=-1) | (positions == -1).all(axis=-1)
    there = near_picture(positions, image_size) & ~nowhere
    confidence = np.nan_to_num(np.clip(values[..., 2], 0, 1)) if values.shape[-1] == 3 else np.ones(there.shape)
    return np.where(there[..., None], positions, 0.0), np.where(there, confidence, 0.0)


def mask_guesses(confidence: np.ndarray, fps: float) -> np.ndarray:
    """Confidences of one clip, 0 where a joint is a guess about something out of sight. (T, J) -> (T, J) float32.

    Low is ``LOW_CONFIDENCE``, both now and on average over the measured frames of the last ``GUESS_SECONDS``.
    """
    if not ((confidence > 0) & (confidence < LOW_CONFIDENCE)).any():
        return confidence
    frames = len(confidence)
    sums = np.cumsum(np.concatenate([np.zeros((1, confidence.shape[1])), confidence]), axis=0, dtype=np.float64)
    counts = np.cumsum(np.concatenate([np.zeros((1, confidence.shape[1])), confidence > 0]), axis=0)
    end = np.arange(1, frames + 1)
    begin = np.maximum(end - max(1, round(GUESS_SECONDS * fps)), 0)
    mean = (sums[end] - sums[begin]) / np.maximum(counts[end] - counts[begin], 1)
    return np.where((confidence < LOW_CONFIDENCE) & (mean < LOW_CONFIDENCE), np.float32(0), confidence)


def _fill_ankle(
    positions: np.ndarray, found: np.ndarray, ankle: int, leg_px: np.ndarray, leg_confidence: np.ndarray
) -> None:
    """Fills in missed ankles from (T, 3, 2) knee, heel and toe and their (T, 3) confidences, in place."""
    knee, heel, toe = np.moveaxis(leg_px, 1, 0)
    least = ANKLE_CONFIDENCE * leg_confidence.min(axis=1)
    usable = (found[:, ankle] < LOW_CONFIDENCE) & (least > found[:, ankle])
    guess = heel + ANKLE_FROM_HEEL[0] * (knee - heel) + ANKLE_FROM_HEEL[1] * (toe - heel)
    positions[:, ankle] = np.where(usable[:, None], guess, positions[:, ankle])
    found[:, ankle] = np.where(usable, least, found[:, ankle])
