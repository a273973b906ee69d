"""Fast limbs brought onto the picture, after averages over time and the path have taken something of their motion.

What an average takes from a movement grows with its speed: a fist stays behind its punch by a twentieth of the body's
height. A fit of every frame by itself would follow it, but lets depths shake, of which a picture hardly tells anything.
So a limb that is fast and surely seen is turned until elbow and wrist, knee and ankle are drawn where they are seen,
with its depths held near where they were: a few Gauss-Newton steps of ball joint and hinge, every frame by itself (our
choice). What is missing to the picture is averaged over a moment first, less the faster and surer a joint is. Numbers
in docs/log/followed.md. One clip, T frames.
"""

import functools
from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.spatial.transform import Rotation

from pn3d.geometry.camera import HEAD_ROOT_M, NEAREST_M
from pn3d.geometry.skeleton import H36M17, SMPL24
from pn3d.inference.feet import EASE_S
from pn3d.inference.fit import StudentBody
from pn3d.inference.limbs import ARMS, LEGS, cross_matrix, place_limb, times
from pn3d.inference.placed import Posed, Seen
from pn3d.inference.smoothing import ARM_SPEED, LEG_SPEED, SURE, around, over_time, seen_speed, smooth

QUICK_ARM_SPEED, QUICK_LEG_SPEED = (2.5, 4.0), (2.0, 3.0)
"""Head-root units per second: up to the first what is missing is averaged over ``HALF_S``, from the second on not at
all."""

SURER = (0.7, 0.9)
"""Confidence, likewise."""

HALF_S = 0.1
"""Half the width of that average, seconds. Done twice, the second time with what the first left (Tukey's twicing), so
that a movement keeps its peaks."""

FADE_S = 0.07
"""Half the time over which following begins and ends."""

NOISE = 0.03
"""What a distance in the picture is measured by, head-root units, as in the fit."""

DEPTH = 0.05
"""What a change of depth is measured by, head-root units."""

TURN_RAD = 0.4
"""A turn of ball joint or hinge that costs as much as one of either."""

STEPS = 2

_LEAST = 0.02
"""A share below which a limb is left alone."""

_LIMBS = (*ARMS, *LEGS)
_SIDES = ("left", "right")
_SPINE = ("pelvis", "spine1", "spine2", "spine3")
_AT_REST = len(SMPL24.joints)
"""A joint that never turns, in the places of a leg's chain that an arm's has more."""

_CHAINS = np.array(
    [
        [_AT_REST if not joint else SMPL24.index(joint) for joint in chain]
        for chain in (
            *((*_SPINE, f"{side}_collar", f"{side}_shoulder", f"{side}_elbow") for side in _SIDES),
            *(("pelvis", "", "", "", "", f"{side}_hip", f"{side}_knee") for side in _SIDES),
        )
    ]
)
"""(4, 7) joints from the root to each limb's hinge."""

_HINGE_AXIS = np.eye(3)[[1, 1, 0, 0]]
"""(4, 3) what a limb's hinge bends about, in its own axes …"""

_STRAIGHTENS = np.array([1.0, -1.0, -1.0, -1.0])
"""… and the sign of the turn that straightens it."""

_ENDS = (("elbow", "wrist"), ("knee", "ankle"))
_MARKS = np.array([[H36M17.index(f"{side}_{end}") for end in ends] for ends in _ENDS for side in _SIDES])
"""(4, 2) landmarks at hinge and end."""

_ALL_MARKS = _MARKS.ravel()
_FAST = np.repeat(np.array([ARM_SPEED, LEG_SPEED]), 4, axis=0)
_QUICK = np.repeat(np.array([QUICK_ARM_SPEED, QUICK_LEG_SPEED]), 4, axis=0)


def followed_limbs(
    student: StudentBody, posed: Posed, seen: Seen, centred_rays: np.ndarray, foot_contact: np.ndarray
) -> Posed:
    """The same with arms and legs turned towards the picture, as far as they are fast and surely seen.

    Args:
        student: says how landmarks hang on the body.
        posed: T frames.
        seen: the same frames' keypoints.
        centred_rays: (T, 17, 2) the same with the root in the middle.
        foot_contact: (T, 4) probability that left heel, right heel, left toe, right toe stand: what stands is held, and
            not followed.
    """
    confidence = seen.confidence[:, _ALL_MARKS]
    speed = seen_speed(centred_rays[:, _ALL_MARKS], confidence, seen.size, seen.fps)
    share = _ramp(speed, _FAST) * _ramp(confidence, np.array([SURE]))
    if share.max(initial=0.0) <= _LEAST:
        return posed
    # As in averages over time, who is fast within moments counts as fast.
    share = over_time(around(share, seen.fps), round(FADE_S * seen.fps)) * (confidence > 0)
    share[:, 4:] *= 1.0 - np.repeat(_standing(foot_contact, seen.fps), 2, axis=1)
    drawn = _picture(posed.joints[:, _ALL_MARKS])
    gap = _missing(seen, drawn, confidence, speed)
    target = (drawn + share[..., None] * gap).reshape(-1, 4, 2, 2)
    frames, which = np.nonzero(share.reshape(-1, 4, 2).max(axis=2) > _LEAST)
    chain = np.concatenate([posed.poses, np.zeros_like(posed.poses[:, :1])], axis=1)[frames[:, None], _CHAINS[which]]
    turns = Rotation.from_rotvec(chain.reshape(-1, 3).astype(np.float64)).as_matrix().reshape(-1, 7, 3, 3)
    above, ball, hinge = functools.reduce(np.matmul, np.moveaxis(turns[:, :5], 1, 0)), turns[:, 5], turns[:, 6]
    bones = _bones(posed, frames, which, above @ ball @ hinge)
    turned, bent = _solve(bones, target[frames, which], 1.0 / (NOISE * seen.size[frames]))
    moved = Posed(posed.poses.copy(), posed.transl, posed.body_joints.copy(), posed.joints.copy())
    joints = np.array(_LIMBS)[which]
    moved.poses[frames, joints[:, 0]] = _rotvec(np.swapaxes(above, 1, 2) @ turned @ above @ ball)
    moved.poses[frames, joints[:, 1]] = _rotvec(hinge @ _matrix(bent[:, None] * _HINGE_AXIS[which]))
    lower = turned @ _matrix(bent[:, None] * bones.axis)
    for number, limb in enumerate(_LIMBS):
        rows = which == number
        if rows.any():
            bent_too = (turned[rows], lower[rows])
            place_limb(limb, frames[rows], bent_too, student.landmarks, moved.body_joints, moved.joints)
    return moved


def _standing(foot_contact: np.ndarray, fps: float) -> np.ndarray:
    """(T, 4) -> (T, 2) how much left and right foot stand, or did or will within moments."""
    stands = np.maximum(foot_contact[:, :2], foot_contact[:, 2:])
    stands = maximum_filter1d(stands, 2 * round(EASE_S * fps) + 1, axis=0, mode="nearest")
    return over_time(stands, round(FADE_S * fps))


def _missing(seen: Seen, drawn: np.ndarray, confidence: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """(T, 8, 2) from the rays where landmarks are ``drawn`` to those where they are seen, averaged; confidence and
    speed, (T, 8), head-root units per second, say over how long."""
    quick = _ramp(speed, _QUICK) * _ramp(confidence, np.array([SURER]))
    half = HALF_S * seen.fps * (1.0 - quick)
    weight = np.where(confidence > SURE[0], confidence, 0.0)
    missing = seen.rays[:, _ALL_MARKS] - drawn
    gap = smooth(missing, weight, half)
    return gap + smooth(missing - gap, weight, half)


class _Bones(NamedTuple):
    """R limbs, each in one frame, camera axes, metres.

    Attributes:
        ball: (R, 3) where the upper bone begins.
        reach: (R, 3) from there to the hinge.
        upper: (R, 3) from the ball to the landmark at the hinge.
        lower: (R, 3) from the hinge to the landmark at the end.
        axis: (R, 3) unit vector that the hinge bends about.
        straight: (R, 2) least and greatest turn about it: a limb is straightened until it is straight, not beyond.
    """

    ball: np.ndarray
    reach: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    axis: np.ndarray
    straight: np.ndarray


def _bones(posed: Posed, frames: np.ndarray, which: np.ndarray, hinge_turn: np.ndarray) -> _Bones:
    """R limbs: frame and limb of each, (R,), and (R, 3, 3) from its hinge's axes to the camera's."""
    joints = np.array(_LIMBS)[which]
    ball, hinge, end = (posed.body_joints[frames, joints[:, column]].astype(np.float64) for column in range(3))
    upper, lower = (posed.joints[frames, _MARKS[which, column]].astype(np.float64) for column in range(2))
    reach, shin = hinge - ball, end - hinge
    bend = np.arctan2(np.linalg.norm(np.cross(reach, shin), axis=1), np.einsum("ri,ri->r", reach, shin))
    sign = _STRAIGHTENS[which]
    straight = np.stack([np.where(sign < 0, -bend, -np.inf), np.where(sign > 0, bend, np.inf)], axis=1)
    axis = times(hinge_turn, _HINGE_AXIS[which])
    return _Bones(ball, reach, upper - ball, lower - hinge, axis, straight)


def _solve(bones: _Bones, target: np.ndarray, in_picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turns of ball and hinge that bring both landmarks onto (R, 2, 2) rays; (R,) what one ray unit of distance costs.

    Returns:
        (R, 3, 3) of the ball, camera axes, and (R,) radians of the hinge.
    """
    count = len(target)
    turned, spent = np.tile(np.eye(3), (count, 1, 1)), np.zeros((count, 4))
    places = np.stack([bones.ball + bones.upper, bones.ball + bones.reach + bones.lower], axis=1)
    in_depth = 1.0 / (DEPTH * HEAD_ROOT_M)
    for _ in range(STEPS):
        below = times(turned, times(_matrix(spent[:, 3:] * bones.axis), bones.lower))
        arms = np.stack([times(turned, bones.upper), times(turned, bones.reach) + below], axis=1)
        now = bones.ball[:, None] + arms
        depth = np.maximum(now[..., 2:], NEAREST_M)
        picture = now[..., :2] / depth
        # How both landmarks move per radian: (R, 2, 3, 4), turns of the ball about x, y, z, then of the hinge.
        moves = np.zeros((count, 2, 3, 4))
        moves[..., :3] = cross_matrix(-arms)
        moves[:, 1, :, 3] = np.cross(times(turned, bones.axis), below)
        across = moves[:, :, :2] - picture[..., None] * moves[:, :, 2:]
        across *= in_picture[:, None, None, None] / depth[..., None]
        rows = np.concatenate([across.reshape(-1, 4, 4), moves[:, :, 2] * in_depth], axis=1)
        gaps = ((target - picture) * in_picture[:, None, None]).reshape(-1, 4)
        gaps = np.concatenate([gaps, (places - now)[..., 2] * in_depth], axis=1)
        normal = np.swapaxes(rows, 1, 2) @ rows + np.eye(4) / TURN_RAD**2
        right = np.einsum("rni,rn->ri", rows, gaps) - spent / TURN_RAD**2
        step = np.linalg.solve(normal, right[..., None])[..., 0]
        turned = _matrix(step[:, :3]) @ turned
        spent = spent + step
        spent[:, 3] = np.clip(spent[:, 3], bones.straight[:, 0], bones.straight[:, 1])
    return turned, spent[:, 3]


def _ramp(values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """0 up to the lower bound, 1 from the upper one on. (T, J), (J or 1, 2) -> (T, J)."""
    return np.clip((values - bounds[:, 0]) / (bounds[:, 1] - bounds[:, 0]), 0.0, 1.0)


def _picture(points_m: np.ndarray) -> np.ndarray:
    return points_m[..., :2] / points_m[..., 2:]


def _matrix(rotvec: np.ndarray) -> np.ndarray:
    """(R, 3) -> (R, 3, 3)."""
    return Rotation.from_rotvec(rotvec).as_matrix()


def _rotvec(matrices: np.ndarray) -> np.ndarray:
    """(R, 3, 3) -> (R, 3)."""
    return Rotation.from_matrix(matrices).as_rotvec()
