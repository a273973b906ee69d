"""Small files of clips with truth, a small body, and predictions of them, for the tests of the evaluation."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from pn3d.body.model import POSE_FEATURES, BodyModel, make_body_model
from pn3d.data.clips import Clips
from pn3d.geometry.skeleton import H36M17, SMPL24

BODY_NAME = "small-test-body"
NAMES = ("walk/a/cam0", "walk/a/cam1", "box/b/cam3")


def small_body(seed: int = 0, vertices: int = 40) -> BodyModel:
    """A body of a few random vertices about 1.8 m high: metrics do not care what it looks like."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(vertices, 3)) * [0.2, 0.3, 0.1]
    points[:2, 1] = [-0.9, 0.9]
    regressor = rng.dirichlet(np.ones(vertices), size=24)
    return make_body_model(
        name=BODY_NAME,
        v_template_m=points,
        shape_basis=rng.normal(size=(vertices, 3, 10)) * 0.01,
        pose_basis=rng.normal(size=(vertices, 3, POSE_FEATURES)) * 0.001,
        joint_regressor=regressor,
        skin_weights=rng.dirichlet(np.ones(24), size=vertices),
        faces=[[0, 1, 2]],
        parents=SMPL24.parents,
    )


def make_clips(lengths: tuple[int, ...] = (8, 8, 5), names: tuple[str, ...] = NAMES, *, smpl: bool = True) -> Clips:
    """Clips whose truth is a random person 5 m away, seen exactly; SMPL truth is unrelated to the joints."""
    rng = np.random.default_rng(3)
    frames, count = sum(lengths), len(lengths)
    clip_start = np.concatenate([[0], np.cumsum(lengths)])
    joints = (rng.normal(size=(frames, 17, 3)) * [0.25, 0.5, 0.2] + [0, 0, 5]).astype(np.float32)
    intrinsics = np.tile(np.float32([1100, 1120, 500, 480]), (count, 1))
    pixels = joints[..., :2] / joints[..., 2:] * intrinsics[0, :2] + intrinsics[0, 2:]
    clips = Clips(
        keypoints=pixels.astype(np.float32),
        confidence=np.ones((frames, 17), np.float32),
        clip_start=clip_start.astype(np.int64),
        clip_name=np.array(names),
        image_size=np.tile(np.int32([1000, 1000]), (count, 1)),
        fps=np.full(count, 30, np.float32),
        layout=H36M17,
        intrinsics=intrinsics,
        joints_cam=joints,
    )
    if not smpl:
        return clips
    up = rng.normal(size=(count, 3)) * 0.1 + [0, -1, 0]
    return replace(
        clips,
        poses=(rng.normal(size=(frames, 24, 3)) * 0.3).astype(np.float32),
        betas=rng.normal(size=(count, 10)).astype(np.float32),
        transl_cam_m=joints[:, 0],
        body=BODY_NAME,
        up_cam=(up / np.linalg.norm(up, axis=1, keepdims=True)).astype(np.float32),
    )


def perfect_prediction(clips: Clips) -> SimpleNamespace:
    """A prediction that says the truth, with a teacher of another scale."""
    return SimpleNamespace(
        joints_cam_m=clips.joints_cam.copy(),
        teacher_joints_cam_m=clips.joints_cam * 1.7,
        poses_cam=clips.poses.copy(),
        betas=clips.betas.copy(),
        transl_cam_m=clips.transl_cam_m.copy(),
        up_cam=clips.up_cam.copy(),
        foot_contact=None,
        body_joints_world_m=None,
        clip_start=clips.clip_start.copy(),
        body_name=BODY_NAME,
    )
