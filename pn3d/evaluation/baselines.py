"""What a method has to beat: the skeleton without depth, and the mean pose of the truth."""

import itertools

import numpy as np

from pn3d.body.model import BodyModel
from pn3d.data.clips import Clips, assumed_intrinsics
from pn3d.evaluation import body_metrics
from pn3d.evaluation.joints import counted_frames
from pn3d.evaluation.metrics import clip_of_frame
from pn3d.geometry.skeleton import H36M17, remap_indices


def flat_skeleton(
    keypoints_px: np.ndarray, intrinsics: np.ndarray, clip_start: np.ndarray, confidence: np.ndarray | None = None
) -> np.ndarray:
    """The 2D keypoints as a skeleton without depth: every joint on its ray, all at depth 1.

    Args:
        keypoints_px: (N, J, 2).
        intrinsics: (C, 4) fx, fy, cx, cy in px.
        clip_start: (C + 1,).
        confidence: (N, J); a joint at 0 takes the straight line in time between the frames of its clip that have it,
            or, where none has, the middle of the frame's other joints (our choice; a detector's (0, 0) is no position).

    Returns:
        (N, J, 3) in camera axes; it has no metric scale.
    """
    clip = clip_of_frame(clip_start, len(keypoints_px))
    points_px = keypoints_px.astype(np.float64)
    if confidence is not None:
        points_px = _filled(points_px, confidence > 0, clip_start)
    of_frame = intrinsics.astype(np.float64)[clip][:, None, :]
    rays = (points_px - of_frame[..., 2:]) / of_frame[..., :2]
    return np.concatenate([rays, np.ones_like(rays[..., :1])], axis=-1)


def _filled(points_px: np.ndarray, measured: np.ndarray, clip_start: np.ndarray) -> np.ndarray:
    """Positions of unseen joints, from the frames of the same clip. (N, J, 2), (N, J) bool -> (N, J, 2)."""
    filled = points_px.copy()
    for start, stop in itertools.pairwise(clip_start):
        time = np.arange(start, stop)
        for joint in np.flatnonzero(~measured[start:stop].all(axis=0)):
            known = time[measured[start:stop, joint]]
            if len(known):
                for axis in (0, 1):
                    filled[start:stop, joint, axis] = np.interp(time, known, points_px[known, joint, axis])
            else:
                others = measured[start:stop, :, None]
                count = np.maximum(others.sum(axis=1), 1)
                filled[start:stop, joint] = (points_px[start:stop] * others).sum(axis=1) / count
    return filled


def flat_joints(clips: Clips) -> np.ndarray:
    """``flat_skeleton`` of a keypoint file in h36m17, with its intrinsics or the assumed ones. (N, 17, 3).

    Joints that the layout does not have are NaN.
    """
    index = np.array(remap_indices(clips.layout, H36M17))
    intrinsics = clips.intrinsics if clips.intrinsics is not None else assumed_intrinsics(clips.image_size)
    flat = flat_skeleton(clips.keypoints[:, index], intrinsics, clips.clip_start, clips.confidence[:, index])
    return np.where((index >= 0)[:, None], flat, np.nan)


def mean_pose_baseline(clips: Clips, body: BodyModel) -> dict[str, float]:
    """What predicting the mean true pose and shape of the file for every frame would score.

    The mean is taken joint by joint over local rotations (root included, in camera axes).

    Returns:
        ``joint_angle_err_deg``, ``pa_pve_mm`` and ``pa_pve_frames`` as for the student; empty where the file has
        no SMPL truth; without the PVE where its truth belongs to another body.
    """
    truth = body_metrics.true_track(clips)
    if truth is None:
        return {}
    counted = counted_frames(clips)
    pose = body_metrics.mean_rotation(truth.poses_cam[counted])
    mean = body_metrics.SmplTrack(
        poses_cam=np.broadcast_to(pose, truth.poses_cam.shape),
        betas=np.broadcast_to(truth.betas.mean(axis=0), truth.betas.shape),
        transl_cam_m=truth.transl_cam_m,
    )
    angles_deg = body_metrics.joint_angle_err_deg(mean.poses_cam[counted], truth.poses_cam[counted])
    scores = {"joint_angle_err_deg": float(angles_deg.mean())}
    if body.name == clips.body:
        scores |= body_metrics.vertex_scores(mean, truth, clips.clip_start, body, counted)
    return scores
