"""One clip's prediction, step by step: what docs/prediction.md tells, in the same order."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pn3d import __version__
from pn3d.body.stature import with_stature
from pn3d.data.clips import Clips
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.ankles import with_feet
from pn3d.inference.fit import StudentBody, fit_frames, pose_frames, translations
from pn3d.inference.followed import followed_limbs
from pn3d.inference.keyframes import keyframe_keypoints, keyframe_stride, smooth_corrections
from pn3d.inference.leaps import carried_over_leaps
from pn3d.inference.lifted import LiftedClip
from pn3d.inference.placed import Posed, Seen, place_on_path
from pn3d.inference.prediction import Prediction
from pn3d.inference.stillness import still_joints, still_turns, stillness
from pn3d.inference.teacher import life_size, scaled_onto, teacher_joints
from pn3d.inference.turning import can_be_followed, put_back, still_from_camera, turned_rays
from pn3d.inference.uncertainty import error_signs, expected_error_mm
from pn3d.inference.weights import Weights
from pn3d.inference.world import mean_up, shown_frames, upright_world


@dataclass(frozen=True)
class Predictor:
    """What all clips of one ``predict`` share.

    Attributes:
        weights: teacher, and student where there is one.
        student: the body that the student poses; None without a student.
        intrinsics_source: "file", or what they were assumed from.
        refine: whether the pose is brought closer to the keypoints.
        height_m: how tall the people are; None = about an average adult, as the shape is.
        smooth_s: half the width of the averages over time, seconds, 0 for none; they follow the motion where None.
        path: whether translation is solved for all frames together and feet that stand are held; else frame by frame.
    """

    weights: Weights
    student: StudentBody | None
    intrinsics_source: str
    refine: bool = True
    height_m: float | None = None
    path: bool = True
    smooth_s: float | None = None


def predict_clip(predictor: Predictor, clip: Clips, lifted: LiftedClip, relifted: np.ndarray | None) -> Prediction:
    """One clip of T frames -> its prediction.

    Args:
        predictor: weights, body and options.
        clip: one clip of h36m17 with intrinsics and its frames' times, without truth.
        lifted: the same through the networks (``lift_clips``).
        relifted: (T,) of ``relifted_apart``; only without a student there is none.
    """
    turns = _turns(clip, lifted)
    if turns is not None:
        lifted = lifted._replace(camera_from_centred=(turns @ lifted.camera_from_centred).astype(np.float32))
    overruled: dict[str, Any] = {}
    if predictor.student is not None and predictor.refine:
        lifted = carried_over_leaps(predictor.student, _shape(predictor, lifted), lifted)
        overruled = {"depth_carried": _carried(lifted)}
    views = lifted.outputs.elevation_rad, lifted.outputs.roll_rad, lifted.camera_from_centred
    up_cam = mean_up(*views, lifted.confidence)
    teacher = teacher_joints(lifted, predictor.smooth_s)
    shared = _facts(predictor, clip) | {"elevation_rad": lifted.outputs.elevation_rad}
    if turns is None and clip.camera_turn_rad is not None:
        shared["camera_turn_rad"] = np.zeros_like(clip.camera_turn_rad)
    if predictor.student is None:
        teacher = life_size(teacher, lifted.camera_from_centred)
        if turns is not None:
            teacher = np.einsum("tji,tkj->tki", turns, teacher).astype(np.float32)
        return Prediction(teacher_joints_cam_m=teacher, up_cam=up_cam[None], **shared)
    rays = _still_rays(clip, clip.keypoints, turns)
    seen = Seen(rays, lifted.confidence, lifted.outputs.size, lifted.jitter, lifted.fps)
    lifted = _held_still(lifted, seen) if predictor.path else lifted
    student, outputs = predictor.student, lifted.outputs
    assert outputs.sixd is not None
    betas = _shape(predictor, lifted)
    corrections = _fitted(predictor, betas, lifted)
    poses, body_joints, joints = pose_frames(student, betas, outputs.sixd, corrections, lifted.camera_from_centred)
    transl = translations(joints, lifted.rays, lifted.confidence, outputs.size, lifted.camera_from_centred)
    posed = Posed(poses, transl, body_joints + transl[:, None], joints + transl[:, None])
    posed, ankles_measured = _with_feet(student, betas, posed, clip, lifted, turns)
    level_m: float | None = None
    paths: dict[str, Any] = {}
    if predictor.path:
        placed = place_on_path(student, posed, seen, up_cam)
        posed, level_m, up_cam = placed.posed, placed.ground.level_m, placed.ground.up_cam.astype(np.float32)
        paths = {"foot_contact": placed.foot_contact, "path_cut": placed.cut, "airborne": placed.airborne}
        if predictor.refine and predictor.smooth_s is None:
            posed = followed_limbs(student, posed, seen, lifted.rays, placed.foot_contact)
        # Legs have moved, and feet with them.
        posed, _ = _with_feet(student, betas, posed, clip, lifted, turns)
    poses, transl, body_joints, joints = posed
    teacher_m = scaled_onto(teacher, joints)
    assert relifted is not None
    signs = error_signs(joints, teacher_m, relifted, lifted.fps)
    rest_pelvis = student.rest_joints_m(betas)[0]
    points = {"body_joints": body_joints, "joints": joints, "teacher_joints": teacher_m}
    upright: dict[str, Any] = upright_world(up_cam, poses, transl, points, rest_pelvis, level_m)
    if turns is not None:
        cameras = put_back(turns, poses, transl, rest_pelvis, **points)
        poses, transl = cameras["poses"], cameras["transl_m"]
        body_joints, joints, teacher_m = (cameras[name] for name in ("body_joints", "joints", "teacher_joints"))
    assert clip.intrinsics is not None
    focal, centre = np.split(clip.intrinsics[0], 2)
    return Prediction(
        **shared,
        **overruled,
        **paths,
        up_cam=up_cam[None],
        teacher_joints_cam_m=teacher_m,
        joints_cam_m=joints,
        body_joints_cam_m=body_joints,
        poses_cam=poses,
        betas=betas[None],
        transl_cam_m=transl,
        height_source="shape" if predictor.height_m is None else "given",
        reprojected_px=joints[..., :2] / joints[..., 2:] * focal + centre,
        ankles_measured=ankles_measured,
        error_signs=signs,
        expected_error_mm=expected_error_mm(signs, predictor.weights.facts, _seen(clip, lifted)),
        **upright,
    )


def _seen(clip: Clips, lifted: LiftedClip) -> np.ndarray:
    """(T,) frames in which the person was detected, and what is predicted is what the networks say."""
    measured = np.any(clip.confidence > 0, axis=1)
    # One body is in the place of both networks, which cannot disagree then.
    measured &= ~_carried(lifted)
    return measured if clip.filled is None else measured & ~clip.filled


def _carried(lifted: LiftedClip) -> np.ndarray:
    """(T,) frames in which the networks were overruled."""
    return np.zeros(len(lifted.rays), bool) if lifted.carried is None else lifted.carried


def _shape(predictor: Predictor, lifted: LiftedClip) -> np.ndarray:
    """(10,) the mean over the clip, as tall as is known."""
    assert lifted.outputs.betas is not None
    assert predictor.student is not None
    mean = lifted.outputs.betas[shown_frames(lifted.confidence)].mean(axis=0, dtype=np.float64).astype(np.float32)
    if predictor.height_m is None:
        return mean
    return with_stature(predictor.student.body, mean[None], predictor.height_m)[0]


def _fitted(predictor: Predictor, betas: np.ndarray, lifted: LiftedClip) -> np.ndarray:
    """The fit at keyframes -> (T, 24, 3) corrections of every frame."""
    assert predictor.student is not None
    assert lifted.outputs.sixd is not None
    if not predictor.refine:
        return np.zeros((len(lifted.rays), 24, 3), np.float32)
    # Without averages every frame is a keyframe: what lies between two is an average too.
    stride = 1 if predictor.smooth_s == 0 else keyframe_stride(lifted.fps)
    frames = len(lifted.rays)
    target, sure = keyframe_keypoints(lifted.rays, lifted.confidence, lifted.fps, stride, lifted.fast)
    at = slice(0, frames, stride)
    corrections = fit_frames(
        predictor.student,
        betas,
        lifted.outputs.sixd[at],
        target[at],
        sure[at],
        lifted.outputs.size[at],
        lifted.outputs.teacher_joints[at],
    )
    measured = np.any(lifted.confidence[at] > 0, axis=1)
    seen = (measured, lifted.jitter, lifted.fast)
    return smooth_corrections(corrections, *seen, lifted.fps, stride, half_s=predictor.smooth_s)


def _held_still(lifted: LiftedClip, seen: Seen) -> LiftedClip:
    """The same, trunk and legs at rest while they keep their places in the picture."""
    outputs = lifted.outputs
    assert outputs.sixd is not None
    still = stillness(*seen)
    turns = still_turns(outputs.sixd, still, seen.fps)
    joints = still_joints(outputs.teacher_joints, still, seen.fps)
    return lifted._replace(outputs=outputs._replace(sixd=turns, teacher_joints=joints))


def _with_feet(
    student: StudentBody,
    betas: np.ndarray,
    posed: Posed,
    clip: Clips,
    lifted: LiftedClip,
    turns: np.ndarray | None,
) -> tuple[Posed, np.ndarray]:
    """The same with ankles turned as heels and toes are seen, and (T, 2) where they are."""
    if clip.feet is None:
        return posed, np.zeros((len(posed.poses), 2), bool)
    rays = _still_rays(clip, clip.feet[..., :2], turns)
    feet = np.concatenate([rays, clip.feet[..., 2:]], axis=-1)
    return with_feet(student, betas, posed, feet, lifted.jitter, lifted.fps)


def _turns(clip: Clips, lifted: LiftedClip) -> np.ndarray | None:
    """(T, 3, 3) from each frame's camera to one that stands still; None where the camera does, or turns too far."""
    if clip.camera_turn_rad is None or not clip.camera_turn_rad.any():
        return None
    turns = still_from_camera(clip.camera_turn_rad)
    return turns if can_be_followed(lifted.camera_from_centred, turns) else None


def _still_rays(clip: Clips, pixels: np.ndarray, turns: np.ndarray | None) -> np.ndarray:
    """(T, J, 2) px -> rays of the still camera."""
    assert clip.intrinsics is not None
    focal, centre = np.split(clip.intrinsics[0], 2)
    rays = (pixels - centre) / focal
    return rays if turns is None else turned_rays(rays, turns)


def _facts(predictor: Predictor, clip: Clips) -> dict[str, Any]:
    """The fields of a prediction that only repeat the input and the weights."""
    assert clip.frame_number is not None
    config = predictor.weights.config
    return {
        "keypoints_px": clip.keypoints,
        "input_confidence": clip.confidence,
        "intrinsics": clip.intrinsics,
        "intrinsics_source": predictor.intrinsics_source,
        "fps": clip.fps,
        "clip_start": clip.clip_start,
        "clip_name": clip.clip_name,
        "joint_names": np.array(H36M17.joints),
        "body_name": predictor.weights.body_name,
        "body_sha256": predictor.weights.body_sha256,
        "pn3d_version": __version__,
        "image_size": clip.image_size,
        "first_frame": clip.frame_number[:1],
        "frame_number": clip.frame_number,
        "time_s": clip.time_s,
        "filled": clip.filled,
        "has_joint": clip.has_joint,
        "camera_turn_rad": clip.camera_turn_rad,
        "wide_views": config.augment.wide_views > 0 or config.data.wide_share > 0,
    }
