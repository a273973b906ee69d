"""The teacher's skeleton of one clip: in the camera's axes, smoothed, and at a scale in metres."""

import numpy as np

from pn3d.geometry.skeleton import H36M17
from pn3d.inference.lifted import LiftedClip
from pn3d.inference.smoothing import FAST_TEACHER, TEACHER, around, half_widths, smooth

HUMAN_BONES_M = 4.1
"""Sum of the 16 bones of h36m17 of an adult of about 1.7 m."""


def teacher_joints(clip: LiftedClip, smooth_s: float | None = None) -> np.ndarray:
    """(T, 17, 3) root-relative joints in camera axes, in units of the root's depth.

    Averaged over ``smooth_s`` seconds before and after where it is given, else as widely as keypoints jitter, and not
    where a joint is fast and surely seen.
    """
    everything = np.ones_like(clip.confidence)
    if smooth_s is not None:
        half = np.full_like(clip.confidence, smooth_s * clip.fps)
    else:
        half = half_widths(clip.jitter, TEACHER, FAST_TEACHER, around(clip.fast, clip.fps), clip.fps)
    smoothed = smooth(clip.outputs.teacher_joints, everything, half)
    return np.matmul(smoothed, np.swapaxes(clip.camera_from_centred, 1, 2))


def scaled_onto(teacher: np.ndarray, student_m: np.ndarray) -> np.ndarray:
    """Root-relative teacher joints -> the student's scale (least squares, one per frame) and pelvis. (T, 17, 3)."""
    relative = student_m - student_m[:, :1]
    scale = np.sum(teacher * relative, axis=(1, 2)) / (np.sum(teacher * teacher, axis=(1, 2)) + 1e-12)
    return (scale[:, None, None] * teacher + student_m[:, :1]).astype(np.float32)


def life_size(teacher: np.ndarray, camera_from_centred: np.ndarray) -> np.ndarray:
    """Root-relative teacher joints -> about life-size, without a student: the mean skeleton of the clip has a mean
    human's bones, and the root stands on its ray. (T, 17, 3) metres; the scale is an assumption, not a measurement."""
    bones = np.array(H36M17.bones)
    total = np.linalg.norm(teacher[:, bones[:, 1]] - teacher[:, bones[:, 0]], axis=-1).sum(axis=1)
    depth = HUMAN_BONES_M / max(float(total.mean()), 1e-6)
    direction = camera_from_centred[:, :, 2]
    return (depth * (teacher + direction[:, None])).astype(np.float32)
