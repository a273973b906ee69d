"""One prediction against the truth of one file: the dictionary M of the eval JSON.

What does not apply is absent: a prediction without metric scale has no ``mpjpe_mm``, a file without SMPL truth gives no
joint angles. Positions are means over all frames that count; ``per_action`` are means within
each action.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from pn3d.body.builtin import BUILTIN_NAME, builtin_body
from pn3d.body.model import BodyModel
from pn3d.data.clips import Clips, require_truth
from pn3d.evaluation import metrics
from pn3d.evaluation.baselines import flat_joints
from pn3d.evaluation.body_metrics import SmplTrack, body_scores, sole_height_m
from pn3d.evaluation.joint_set import root_words
from pn3d.evaluation.joints import action_means, common_joints, counted_frames, true_joints
from pn3d.evaluation.path_metrics import path_scores
from pn3d.files.errors import UserError

if TYPE_CHECKING:
    from pn3d.inference.prediction import Prediction

Scores = dict[str, Any]
"""M of the eval JSON: {name: number} and ``per_action`` {action: number}."""


def score_joints(
    predicted_m: np.ndarray,
    clips: Clips,
    *,
    metric_scale: bool,
    predicted_smpl: SmplTrack | None = None,
    body: BodyModel | None = None,
) -> Scores:
    """Every metric that applies, over the joints that truth and prediction both have and the frames that count.

    Where the truth names its joints, or the prediction lacks some, ``joints`` names those that were compared, ``root``
    says what is aligned, and ``counted_frames`` how many frames count.

    Args:
        predicted_m: (N, 17, 3) h36m17 in camera axes; metres, or any unit where ``metric_scale`` is False. Joints that
            the method does not have are NaN in every frame.
        clips: the file with its truth.
        metric_scale: whether sizes and distances of the prediction mean anything (student yes, teacher and flat no).
        predicted_smpl: the body that the joints belong to; ``predicted_m`` then stands where the person stands.
        body: the model of ``predicted_smpl``.

    Raises:
        UserError: the file has no truth, in a layout without the 17 joints and without names, or truth and prediction
            have fewer than six joints in common.
        ValueError: shapes differ or a number is not finite.
    """
    truth_m, everywhere_m = true_joints(clips), predicted_m
    joints = common_joints(predicted_m, clips)
    counted = counted_frames(clips, joints.index)
    if clips.truth_joint_names is not None:
        truth_m = np.nan_to_num(truth_m)  # frames of unknown joints do not count; NaN would only be in the way
    if not joints.complete:
        predicted_m, truth_m = predicted_m[:, list(joints.index)], truth_m[:, list(joints.index)]
    metrics.check_pair(predicted_m, truth_m, len(joints.index))
    errors = metrics.frame_errors(predicted_m[counted], truth_m[counted], joints)
    per_frame = {
        "pa_mpjpe_mm": errors.pa_mpjpe_mm,
        "pa_mpjpe_14_mm": errors.pa_mpjpe_14_mm,
        "n_mpjpe_mm": errors.n_mpjpe_mm,
        "mpjpe_mm": errors.mpjpe_mm if metric_scale else None,
        "pa_mpjpe_reflected_mm": errors.pa_mpjpe_reflected_mm,
        "flip_min_pa_mpjpe_mm": errors.flip_min_pa_mpjpe_mm,
        "depth_flipped_frac": errors.depth_flipped,
        "pck150_pct": errors.pck150_pct,
        "auc_pct": errors.auc_pct,
    }
    scores: Scores = {key: float(values.mean()) for key, values in per_frame.items() if values is not None}
    acceleration = metrics.accel_err_mm_per_frame2(
        predicted_m,
        truth_m,
        clips.clip_start,
        scale_per_frame=not metric_scale,
        counted=np.isin(np.arange(clips.frames), counted),
        root=joints.root,
    )
    if acceleration is not None:
        scores["accel_err_mm_per_frame2"] = acceleration
    if joints.bones:
        std_pct, std_mm = metrics.bone_std(predicted_m, clips.clip_start, joints.bones)
        scores["bone_std_pct"] = std_pct
        if metric_scale:
            scores["bone_std_mm"] = std_mm
    if predicted_smpl is not None:
        apart = (predicted_m[counted].astype(np.float64) - truth_m[counted])[:, list(joints.root)].mean(axis=1)
        scores |= body_scores(predicted_smpl, clips, body)
        scores["root_err_m"] = float(metrics.distances(apart).mean())
        scores |= path_scores(
            everywhere_m,
            true_joints(clips),
            clips,
            tuple(joints.index[place] for place in joints.root),
            counted=np.isin(np.arange(clips.frames), counted),
            foot_contact=predicted_smpl.foot_contact,
            sole_height_m=predicted_smpl.sole_height_m,
        )
    if clips.truth_joint_names is not None or not joints.complete:
        scores |= {"joints": list(joints.names), "root": root_words(joints.root), "counted_frames": len(counted)}
    scores["per_action"] = action_means(errors.pa_mpjpe_mm, clips, counted)
    return scores


def evaluate_prediction(prediction: "Prediction", clips: Clips, *, body: BodyModel | None = None) -> dict[str, Scores]:
    """Scores of the flat skeleton, the teacher and the student on one file: {"flat": M, "teacher": M, "student": M}.

    Without a student in the prediction there is no "student".

    Args:
        prediction: of exactly these clips.
        clips: the file with its truth.
        body: the student's body; where None the built-in one, if that is what the prediction names.

    Raises:
        UserError: the prediction is of other clips, or the file has no truth.
    """
    require_truth(clips)
    if not np.array_equal(prediction.clip_start, clips.clip_start):
        raise UserError(
            f"the prediction has {prediction.clip_start[-1]} frames in {len(prediction.clip_start) - 1} clips, the "
            f"evaluation data {clips.frames} in {clips.num_clips}, or of other lengths; they must be the same clips"
        )
    scores = {
        "flat": score_joints(flat_joints(clips), clips, metric_scale=False),
        "teacher": score_joints(prediction.teacher_joints_cam_m, clips, metric_scale=False),
    }
    if prediction.joints_cam_m is not None:
        scores["student"] = score_joints(
            prediction.joints_cam_m,
            clips,
            metric_scale=True,
            predicted_smpl=predicted_track(prediction),
            body=body if body is not None else named_body(prediction.body_name),
        )
    return scores


def named_body(name: str) -> BodyModel | None:
    """The built-in body where it is the one of that name, else None (an official model must be handed over)."""
    return builtin_body() if name == BUILTIN_NAME else None


def predicted_track(prediction: "Prediction") -> SmplTrack | None:
    """The SMPL parameters of a prediction, None where it has no student."""
    if prediction.poses_cam is None or prediction.betas is None or prediction.transl_cam_m is None:
        return None
    world = prediction.body_joints_world_m
    return SmplTrack(
        prediction.poses_cam,
        prediction.betas,
        prediction.transl_cam_m,
        prediction.up_cam,
        prediction.foot_contact,
        None if world is None else sole_height_m(world),
    )
