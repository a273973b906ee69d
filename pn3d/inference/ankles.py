"""Ankles from heels and toes: the 17 joints end at the ankle, so without them an ankle stays at rest.

Every frame by itself, then averaged over time: the turn of the ankle whose heel and toes point as they do in the
picture, by Gauss-Newton, against the turn itself over what people do (our choice). Only directions on the foot count,
not where it is seen, so that a detector's ankle, which lies elsewhere than the body's, turns nothing.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.body.feet import foot_points_m
from pn3d.data.joints17 import LOW_CONFIDENCE
from pn3d.geometry.skeleton import SMPL24
from pn3d.inference.fit import StudentBody
from pn3d.inference.limbs import cross_matrix
from pn3d.inference.placed import Posed
from pn3d.inference.smoothing import EXACT, JITTERING, HalfWidth, half_width, smooth

_SIDES = tuple(
    tuple(SMPL24.index(f"{side}_{part}") for part in ("hip", "knee", "ankle", "foot")) for side in ("left", "right")
)
_SPREAD_RAD = np.radians([25.0, 6.0, 6.0])
"""Turns about x, y, z that cost as much as one residual of ``_NOISE_M``; with it chosen on held-out built-in motion and
two side views (``benchmarks/accuracy/ankles.py``)."""

_NOISE_M = (0.045, 0.085)
"""What a residual is measured by, where keypoints are exact and where they jitter."""

_OUTLIER_M = 0.15
_STEPS = 6
_LENGTH_QUANTILE = 0.8
_LENGTH_RANGE = (0.85, 1.6)
"""A detector's foot over the body's: shoes are longer, and points inside a foot nearer to each other."""

AVERAGED = HalfWidth(0.0, 0.2)
"""How widely turns are averaged over time."""


def with_feet(
    student: StudentBody, betas: np.ndarray, posed: Posed, feet: np.ndarray, jitter: np.ndarray, fps: float
) -> tuple[Posed, np.ndarray]:
    """The same bodies with ankles turned as heels and toes are seen.

    Args:
        student: the body; betas: (10,) its shape.
        posed: T frames.
        feet: (T, 6, 3) rays and confidence of ``pn3d.data.feet.FEET``, 0 = missing.
        jitter: (T,) of the keypoints, head-root units.
        fps: frames per second.

    Returns:
        The bodies, and (T, 2) whether heel and big toe were seen, left and right.
    """
    if not feet[..., 2].any():
        return posed, np.zeros((len(feet), 2), bool)
    rest_m, points_m = student.rest_joints_m(betas), foot_points_m(student.body, betas)
    poses, body_joints, measured = ankles_from_feet(
        posed.poses, posed.body_joints, rest_m, points_m, feet[..., :2], feet[..., 2], jitter, fps
    )
    return posed._replace(poses=poses, body_joints=body_joints), measured


def ankles_from_feet(
    poses_cam: np.ndarray,
    joints_cam_m: np.ndarray,
    rest_joints_m: np.ndarray,
    points_m: np.ndarray,
    feet_rays: np.ndarray,
    confidence: np.ndarray,
    jitter: np.ndarray,
    fps: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One clip's ankles turned as heels and toes are seen.

    Args:
        poses_cam: (T, 24, 3) axis-angle.
        joints_cam_m: (T, 24, 3) where the body stands.
        rest_joints_m: (24, 3).
        points_m: (2, 3, 3) of ``pn3d.body.feet.foot_points_m``.
        feet_rays: (T, 6, 2) of ``pn3d.data.feet.FEET``.
        confidence: (T, 6), 0 = missing.
        jitter: (T,) of the keypoints, head-root units.
        fps: frames per second.

    Returns:
        ``poses_cam`` and ``joints_cam_m`` with other ankles, and (T, 2) whether heel and big toe were seen.
    """
    poses, joints = poses_cam.copy(), joints_cam_m.copy()
    seen = np.where(confidence >= LOW_CONFIDENCE, confidence, 0.0).reshape(-1, 2, 3)
    rays = feet_rays.reshape(-1, 2, 3, 2)
    measured = (seen[:, :, 0] > 0) & (seen[:, :, 1] > 0)
    for side, (hip, knee, ankle, foot) in enumerate(_SIDES):
        if not measured[:, side].any():
            continue
        shank = Rotation.from_rotvec(poses_cam[:, 0])
        for joint in (hip, knee):
            shank = shank * Rotation.from_rotvec(poses_cam[:, joint])
        shank_turns = shank.as_matrix()
        noise_m = np.interp(jitter, (EXACT, JITTERING), _NOISE_M)
        found = _ankle(noise_m, shank_turns, joints_cam_m[:, ankle, 2], points_m[side], rays[:, side], seen[:, side])
        trust = np.where(measured[:, side], seen[:, side, :2].min(axis=1), 0.0)[:, None]
        turns = smooth(found[:, None], trust, half_width(jitter, AVERAGED, fps))[:, 0]
        near = smooth(trust[..., None], np.ones_like(trust), half_width(jitter, AVERAGED, fps))[:, 0, 0] > 0
        poses[near, ankle] = turns[near]
        bone = Rotation.from_rotvec(poses[:, ankle]).apply(rest_joints_m[foot] - rest_joints_m[ankle])
        joints[:, foot] = joints[:, ankle] + np.einsum("tij,tj->ti", shank_turns, bone)
    return poses.astype(poses_cam.dtype), joints.astype(joints_cam_m.dtype), measured


def _ankle(
    noise_m: np.ndarray,
    shank_turns: np.ndarray,
    depth_m: np.ndarray,
    points_m: np.ndarray,
    rays: np.ndarray,
    seen: np.ndarray,
) -> np.ndarray:
    """(T, 3) axis-angle of one ankle. (T,), (T, 3, 3), (T,), (3, 3), (T, 3, 2), (T, 3)."""
    pairs = ((0, 1), (1, 2))  # heel to big toe, big toe to little toe
    lines = np.array([points_m[end] - points_m[start] for start, end in pairs])
    weight = np.stack([np.minimum(seen[:, start], seen[:, end]) for start, end in pairs], axis=1)
    target = np.stack([rays[:, end] - rays[:, start] for start, end in pairs], axis=1) * depth_m[:, None, None]
    lengths = np.linalg.norm(target[weight[:, 0] > 0, 0], axis=-1) / np.linalg.norm(lines[0])
    target /= np.clip(np.quantile(lengths, _LENGTH_QUANTILE), *_LENGTH_RANGE)
    middle = (rays[:, 0] + rays[:, 1]) / 2
    # What a small shift of a point moves in the picture, metres at its depth.
    picture = np.concatenate([np.tile(np.eye(2), (len(rays), 1, 1)), -middle[..., None]], axis=-1) @ shank_turns
    turn = Rotation.identity(len(rays))
    for _ in range(_STEPS):
        ends = np.stack([turn.apply(line) for line in lines], axis=1)
        gap = target - np.einsum("tij,tkj->tki", picture, ends)
        trust = np.sqrt(weight) / (noise_m[:, None] * (1.0 + np.sum(gap**2, axis=-1) / _OUTLIER_M**2))
        moves = -np.einsum("tij,tkjl->tkil", picture, cross_matrix(ends))
        rows = (trust[..., None, None] * moves).reshape(len(rays), -1, 3)
        residual = (trust[..., None] * gap).reshape(len(rays), -1)
        now = turn.as_rotvec()
        normal = np.swapaxes(rows, 1, 2) @ rows + np.diag(_SPREAD_RAD**-2.0)
        right = np.einsum("tki,tk->ti", rows, residual) - now / _SPREAD_RAD**2
        turn = Rotation.from_rotvec(np.linalg.solve(normal, right[..., None])[..., 0]) * turn
    return turn.as_rotvec()
