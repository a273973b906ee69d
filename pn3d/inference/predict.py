"""2D keypoints -> joints, SMPL pose, shape and translation, in the camera and in an upright world: clip by clip."""

import dataclasses
import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.data.clips import Clips, select, with_defaults, without_truth
from pn3d.data.feet import exchange_feet
from pn3d.data.joints17 import to_h36m17
from pn3d.data.rays import clip_intrinsics
from pn3d.inference.clip import Predictor, predict_clip
from pn3d.inference.fit import student_body
from pn3d.inference.lifted import LiftedClip, lift_clips
from pn3d.inference.prediction import Prediction, concatenated
from pn3d.inference.readings import exchanged_clips
from pn3d.inference.relift import relifted_apart
from pn3d.inference.sides import exchange, exchanged_sides
from pn3d.inference.weights import Weights, require_body

AT_ONCE = 2
"""Clips that are predicted side by side: NumPy works on one while another is in a compiled program."""


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
    clips = with_defaults(to_h36m17(without_truth(clips)))
    source = "assumed from the image size" if clips.intrinsics is None else "file"
    clips = dataclasses.replace(clips, intrinsics=clip_intrinsics(clips))
    student = None if weights.student is None else student_body(weights, body, landmarks)
    predictor = Predictor(weights, student, source, refine, height_m, path, smooth_s)
    exchanged = _exchanged_for_a_while(clips)
    mended = _with_sides(clips, exchanged)
    lifted, score = lift_clips(weights, mended), None
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
    parts = _predicted(predictor, clips, lifted)
    return dataclasses.replace(
        concatenated(parts), body=body, sides_exchanged=exchanged, sides_kept=keep_sides, reading_score=score
    )


def _predicted(predictor: Predictor, clips: Clips, lifted: Sequence[LiftedClip]) -> list[Prediction]:
    """Every clip's prediction, from what the networks made of it."""
    apart: Sequence[np.ndarray | None] = [None] * len(lifted)
    if predictor.student is not None:
        apart = relifted_apart(predictor.weights, lifted)

    def one(index: int) -> Prediction:
        return predict_clip(predictor, select(clips, [index]), lifted[index], apart[index])

    # The first by itself: what it compiles, the others need not.
    first = one(0)
    with ThreadPoolExecutor(AT_ONCE) as workers:
        return [first, *workers.map(one, range(1, len(lifted)))]


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
