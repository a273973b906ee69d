"""2D keypoints -> joints, SMPL pose, shape and translation, in the camera and in an upright world: clip by clip."""

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.data.clips import Clips, select, with_defaults, without_truth
from pn3d.data.feet import exchange_feet
from pn3d.data.joints17 import to_h36m17
from pn3d.data.rays import clip_intrinsics
from pn3d.inference.clip import Predictor, predict_clip
from pn3d.inference.fit import student_body
from pn3d.inference.lifted import lift_clips
from pn3d.inference.prediction import Prediction, concatenated
from pn3d.inference.readings import exchanged_clips
from pn3d.inference.relift import relifted_apart
from pn3d.inference.sides import exchange, exchanged_sides
from pn3d.inference.weights import Weights, require_body

AT_ONCE = 2
"""Groups of clips that are predicted side by side: NumPy works on one while another is in a compiled program."""

GROUP_FRAMES = 4096
"""Clips of about so many frames are a group: few, and the calls of the networks are not full; many, and more memory is
needed."""


def predict(
    weights: Weights,
    clips: Clips,
    body: BodyModel,
    landmarks: Landmarks,
    *,
    refine: bool = True,
    height_m: float | None = None,
    path: bool = True,
    keep_sides: bool = False,
    smooth_s: float | None = None,
) -> Prediction:
    """Predicts every frame of every clip. Truth in the clips is never looked at.

    Args:
        weights: teacher, and student where there is one.
        clips: any layout, any rate.
        body: the body that the student poses.
        landmarks: of h36m17 on it.
        refine: bring the student's pose closer to the keypoints (``pn3d.body.fitting``).
        height_m: how tall the people are, where it is known; else as the student's shape is.
        path: solve translation for all frames of a clip together and hold feet that stand (``pn3d.inference.placed``);
            False takes every frame by itself.
        smooth_s: half the width of the averages over time, seconds, 0 for none; None lets them follow the motion.
        keep_sides: leave left and right as the input has them, where they seem exchanged too.

    Raises:
        UserError: the weights' student poses another body.
    """
    require_body(weights, body)
    # On the device once, and not for every call of the networks.
    weights = dataclasses.replace(weights, **jax.device_put({"teacher": weights.teacher, "student": weights.student}))
    clips = with_defaults(to_h36m17(without_truth(clips)))
    source = "assumed from the image size" if clips.intrinsics is None else "file"
    clips = dataclasses.replace(clips, intrinsics=clip_intrinsics(clips))
    student = None if weights.student is None else student_body(weights, body, landmarks)
    predictor = Predictor(weights, student, source, refine, height_m, path, smooth_s)
    of_group = functools.partial(_predict_group, predictor, keep_sides)
    groups = _groups(clips.clip_start)
    if len(groups) == 1:
        return dataclasses.replace(of_group(clips), body=body)
    with ThreadPoolExecutor(AT_ONCE) as workers:
        parts = list(workers.map(lambda group: of_group(select(clips, group)), groups))
    return dataclasses.replace(concatenated(parts), body=body)


def _groups(clip_start: np.ndarray) -> list[np.ndarray]:
    """The numbers of each group's clips: whole clips, of about as many frames as any other group's, and ``AT_ONCE``
    groups or a multiple of it where there are so many clips."""
    frames = int(clip_start[-1])
    count = AT_ONCE * math.ceil(frames / (AT_ONCE * GROUP_FRAMES))
    group_of = (0.5 * (clip_start[1:] + clip_start[:-1]) * count / frames).astype(int)
    return np.split(np.arange(len(group_of)), np.flatnonzero(np.diff(group_of)) + 1)


def _predict_group(predictor: Predictor, keep_sides: bool, clips: Clips) -> Prediction:
    """Clips that share the calls of the networks: sides, networks, then one clip after the other."""
    weights, student = predictor.weights, predictor.student
    exchanged = _exchanged_for_a_while(clips)
    mended = _with_sides(clips, exchanged)
    lifted, score = lift_clips(weights, mended), None
    apart: Sequence[np.ndarray | None] = [None] * len(lifted)
    if student is not None:
        throughout, score = exchanged_clips(weights, student, lifted)
        if throughout.any():
            exchanged = exchanged ^ np.repeat(throughout, clips.lengths)[:, None]
            mended = _with_sides(clips, exchanged)
            which = np.flatnonzero(throughout)
            for index, clip in zip(which, lift_clips(weights, select(mended, which)), strict=True):
                lifted[index] = clip
    if keep_sides and mended is not clips:
        lifted = lift_clips(weights, clips)
    clips = clips if keep_sides else mended
    if student is not None:
        apart = relifted_apart(weights, lifted)
    each = enumerate(zip(lifted, apart, strict=True))
    parts = [predict_clip(predictor, select(clips, [index]), *of_clip) for index, of_clip in each]
    facts: dict[str, Any] = {"sides_exchanged": exchanged, "sides_kept": keep_sides, "reading_score": score}
    return dataclasses.replace(concatenated(parts), **facts)


def _exchanged_for_a_while(clips: Clips) -> np.ndarray:
    """(N, 2) bool: frames of h36m17 clips in which left and right of legs, of arms are clearly exchanged."""
    spans = zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True)
    found = [exchanged_sides(clips.keypoints[a:b], clips.confidence[a:b], float(fps)) for (a, b), fps in spans]
    return np.concatenate(found)


def _with_sides(clips: Clips, exchanged: np.ndarray) -> Clips:
    if not exchanged.any():
        return clips
    return dataclasses.replace(
        clips,
        keypoints=exchange(clips.keypoints, exchanged),
        confidence=exchange(clips.confidence, exchanged),
        feet=None if clips.feet is None else exchange_feet(clips.feet, exchanged[:, 0]),
    )
