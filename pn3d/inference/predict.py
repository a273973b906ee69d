"""2D keypoints -> joints, SMPL pose, shape and translation, in the camera and in an upright world: clip by clip."""

import dataclasses

from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.data.clips import Clips, select, with_defaults, without_truth
from pn3d.data.joints17 import to_h36m17
from pn3d.data.rays import clip_intrinsics
from pn3d.inference.clip import Predictor, predict_clip
from pn3d.inference.fit import student_body
from pn3d.inference.lifted import lift_clips
from pn3d.inference.prediction import Prediction, concatenated
from pn3d.inference.weights import Weights, require_body


def predict(
    weights: Weights,
    clips: Clips,
    body: BodyModel,
    landmarks: Landmarks,
    *,
    refine: bool = True,
    height_m: float | None = None,
    path: bool = True,
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

    Raises:
        UserError: the weights' student poses another body.
    """
    require_body(weights, body)
    clips = with_defaults(to_h36m17(without_truth(clips)))
    source = "assumed from the image size" if clips.intrinsics is None else "file"
    clips = dataclasses.replace(clips, intrinsics=clip_intrinsics(clips))
    student = None if weights.student is None else student_body(weights, body, landmarks)
    predictor = Predictor(weights, student, source, refine, height_m, path)
    lifted = lift_clips(weights, clips)
    parts = [predict_clip(predictor, select(clips, [index]), clip) for index, clip in enumerate(lifted)]
    return dataclasses.replace(concatenated(parts), body=body)
