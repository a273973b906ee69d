"""A posed clip on its path: cuts, the path, contacts, the path again with feet that stand, the ground, the legs."""

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.geometry.skeleton import H36M17, SMPL24
from pn3d.inference.contacts import ANKLES, POINTS, FeetView, find_contacts
from pn3d.inference.cuts import find_cuts
from pn3d.inference.feet import held_ankles, lifted_ankles
from pn3d.inference.fit import StudentBody, posed_frames
from pn3d.inference.ground import Ground, find_ground
from pn3d.inference.legs import reach
from pn3d.inference.lifted import LiftedClip
from pn3d.inference.path import ClipView, Standing, solve_path

_PELVIS = H36M17.index("pelvis")
_LEGS = tuple(
    tuple(SMPL24.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle")) for side in ("left", "right")
)
_LEAST_MOVE_M = 1e-4


class Posed(NamedTuple):
    """T frames of one body in camera axes.

    Attributes:
        poses: (T, 24, 3) axis-angle.
        transl: (T, 3).
        body_joints: (T, 24, 3) forward kinematics of both, metres.
        joints: (T, 17, 3) landmarks of it.
    """

    poses: np.ndarray
    transl: np.ndarray
    body_joints: np.ndarray
    joints: np.ndarray


class Placed(NamedTuple):
    """A body on its path.

    Attributes:
        posed: where it is.
        foot_contact: (T, 4) probability that left heel, right heel, left toe, right toe stand.
        cut: (T,) frames to which no path leads from the frame before.
        ground: under it.
    """

    posed: Posed
    foot_contact: np.ndarray
    cut: np.ndarray
    ground: Ground


def place_on_path(
    student: StudentBody,
    betas: np.ndarray,
    posed: Posed,
    lifted: LiftedClip,
    rays: np.ndarray,
    up_cam: np.ndarray,
) -> Placed:
    """Moves a clip's bodies onto one path, and their legs onto the feet that stand.

    Args:
        student: the body.
        betas: (10,) its shape.
        posed: each frame by itself.
        lifted: confidence, size, jitter and rate of the same frames.
        rays: (T, 17, 2) keypoints of the still camera, (x / z, y / z).
        up_cam: (3,) the predicted up.
    """
    start = posed.joints[:, _PELVIS]
    size, fps = lifted.outputs.size, lifted.fps
    cut = find_cuts(rays, lifted.confidence, size, fps)
    offsets = posed.joints - start[:, None]
    view = ClipView(offsets, rays, lifted.confidence, size, lifted.jitter, cut, fps)
    feet = posed.body_joints[:, list(POINTS)] - start[:, None]
    ankles = list(ANKLES)
    pelvis = solve_path(view, start)
    seen = (rays[:, ankles], lifted.confidence[:, ankles], lifted.jitter)
    contact = find_contacts(FeetView(pelvis[:, None] + feet, *seen, up_cam, fps))
    pelvis = solve_path(view, pelvis, Standing(feet, contact))
    points = pelvis[:, None] + feet
    ground = find_ground(points, contact, up_cam, fps)
    moves = held_ankles(points[:, :2], contact[:, :2], cut, fps, size)
    moves = lifted_ankles(moves, points, ground)
    shift = (pelvis - start).astype(np.float32)
    moved = Posed(
        posed.poses,
        posed.transl + shift,
        posed.body_joints + shift[:, None],
        posed.joints + shift[:, None],
    )
    return Placed(_with_ankles(student, betas, moved, moves), contact, cut, ground)


def _with_ankles(student: StudentBody, betas: np.ndarray, posed: Posed, moves_m: np.ndarray) -> Posed:
    """The same with both ankles moved, (T, 2, 3), by the turns of their hips and knees; feet turn along with shanks."""
    moving = np.linalg.norm(moves_m, axis=-1) > _LEAST_MOVE_M
    frames = np.flatnonzero(moving.any(axis=1))
    if not len(frames):
        return posed
    joints, poses = posed.body_joints[frames].astype(np.float64), posed.poses.copy()
    pelvis = Rotation.from_rotvec(poses[frames, 0])
    side = joints[:, _LEGS[0][0]] - joints[:, _LEGS[1][0]]
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    for leg, (hip, knee, ankle) in enumerate(_LEGS):
        target = joints[:, ankle] + moves_m[frames, leg]
        turns = reach(joints[:, hip], joints[:, knee], joints[:, ankle], target, side)
        thigh = pelvis * Rotation.from_rotvec(poses[frames, hip])
        shank = thigh * Rotation.from_rotvec(poses[frames, knee])
        thigh, shank = Rotation.from_rotvec(turns.thigh) * thigh, Rotation.from_rotvec(turns.shank) * shank
        turned = moving[frames, leg]
        poses[frames[turned], hip] = (pelvis.inv() * thigh).as_rotvec()[turned]
        poses[frames[turned], knee] = (thigh.inv() * shank).as_rotvec()[turned]
    # Forward kinematics of just what is written, so that files agree with themselves.
    body_joints, landmarks = posed.body_joints.copy(), posed.joints.copy()
    new_body, new_landmarks = posed_frames(student, betas, poses[frames])
    body_joints[frames] = new_body + posed.transl[frames, None]
    landmarks[frames] = new_landmarks + posed.transl[frames, None]
    return Posed(poses, posed.transl, body_joints, landmarks)
