"""Where the ground puts a moving body: height from what touches it, travel from the feet that stand on it."""

import numpy as np

from pn3d.geometry.kinematics import GRAVITY_M_S2
from pn3d.geometry.runs import runs
from pn3d.synthetic.motion.angles import about
from pn3d.synthetic.motion.kinematics import skin_velocity_m_s, touch
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.timing import FPS, Motion, smooth_over_time

_TOUCH_SOFTNESS_M = 0.015
_SLIP_M_S = 0.8
_LEGS_END = 4
_SINKS_M = 0.012


def heading_rad(motion: Motion) -> np.ndarray:
    """(T,) heading over time, from 0, positive to the left."""
    return np.concatenate([[0.0], np.cumsum(motion.turn_rate[:-1])]) / FPS


def pelvis_path_m(motion: Motion, joints_m: np.ndarray, rotations: np.ndarray, body: Dimensions) -> np.ndarray:
    """Positions of the pelvis over ground (y = 0 is the ground).

    The lowest point of the body touches the ground, but in flight, which is a parabola under gravity between take-off
    and landing. A foot that touches does not slide: the body travels against the foot's own motion; flight keeps the
    speed of take-off and landing.

    Args:
        motion: angles (not read), turning and flight.
        joints_m: (T, 24, 3) in world axes, relative to the pelvis.
        rotations: (T, 24, 3, 3) global rotations in world axes.
        body: lengths.

    Returns:
        (T, 3) world, starting above the origin.
    """
    if motion.path_m is not None:
        return motion.path_m
    if motion.tumble is not None:
        points, arm = touch(joints_m, rotations, body)
        standing = -points[..., 1].min(axis=1)
        height = np.maximum(_heights_m(standing, motion.airborne), standing - _SINKS_M)
        above = points[..., 1] - points[..., 1].min(axis=1, keepdims=True)
        velocity = _against(above, -skin_velocity_m_s(joints_m, rotations, arm, FPS)[..., [0, 2]])
    else:
        points = touching_points_m(joints_m, rotations, body)
        height = _heights_m(-points[..., 1].min(axis=1), motion.airborne)
        velocity = _against_standing_feet(points[:, :_LEGS_END])
    velocity = _carry_through_flight(velocity, motion.airborne)
    heading = about(1, heading_rad(motion))
    glide = np.einsum("tij,tj->ti", heading[:, [0, 2]][:, :, [0, 2]], motion.glide_m_s)
    velocity = smooth_over_time(velocity + glide, 1.5)
    travelled = np.concatenate([np.zeros((1, 2)), np.cumsum(0.5 * (velocity[1:] + velocity[:-1]), axis=0)]) / FPS
    return np.stack([travelled[:, 0], height, travelled[:, 1]], axis=-1)


def touching_points_m(joints_m: np.ndarray, rotations: np.ndarray, body: Dimensions) -> np.ndarray:
    """(T, P, 3) points of the skin that may touch the ground: heels and toes first, then knees, seat and hands."""
    points = []
    for ankle, toes in ((7, 10), (8, 11)):
        heel = np.array([0.0, -body.ankle_height_m, -0.04])
        tip = np.array([0.0, -body.sole_height_m, 0.05])
        points += [joints_m[:, ankle] + rotations[:, ankle] @ heel, joints_m[:, toes] + rotations[:, toes] @ tip]
    down = np.array([0.0, -1.0, 0.0])
    points += [joints_m[:, knee] + 0.055 * down for knee in (4, 5)]
    points += [joints_m[:, hip] + rotations[:, 0] @ np.array([0.0, -0.05, -0.06]) + 0.05 * down for hip in (1, 2)]
    points += [joints_m[:, hand] + 0.03 * down for hand in (22, 23)]
    return np.stack(points, axis=1)


def _against_standing_feet(feet_m: np.ndarray) -> np.ndarray:
    """Velocity over ground of the pelvis such that the standing foot rests. (T, 4, 3) points -> (T, 2) m/s.

    A low point stands; of two low points (a swinging foot passes a centimetre or two above the ground) the one stands
    whose motion agrees with how the body travels, which two rounds of weighing find out.
    """
    above = feet_m[..., 1] - feet_m[..., 1].min(axis=1, keepdims=True)
    return _against(above, -np.gradient(feet_m[..., [0, 2]], axis=0) * FPS)


def _against(above: np.ndarray, backwards: np.ndarray) -> np.ndarray:
    """The same from heights over the lowest point, (T, P), and the points' reversed velocities, (T, P, 2)."""
    weight = low = np.exp(-above / _TOUCH_SOFTNESS_M)
    for _ in range(3):
        velocity = (weight[..., None] * backwards).sum(axis=1) / weight.sum(axis=1, keepdims=True)
        course = smooth_over_time(velocity, 6.0)
        differs = np.linalg.norm(backwards - course[:, None], axis=-1) / _SLIP_M_S
        weight = low / (1.0 + differs**4)
    return velocity


def _heights_m(standing: np.ndarray, airborne: np.ndarray) -> np.ndarray:
    """Height of the pelvis: as it stands, and a parabola wherever it flies. (T,) each."""
    height, now = standing.copy(), np.arange(len(standing))
    for first, end in runs(airborne):
        last = min(end, len(standing) - 1)
        before = standing[first - 1] if first > 0 else standing[last]
        after = standing[last] if end < len(standing) else before
        flight = now[first:end]
        since, until = flight - (first - 1), end - flight
        straight = (before * until + after * since) / (since + until)
        height[first:end] = straight + 0.5 * GRAVITY_M_S2 * since * until / FPS**2
    return smooth_over_time(np.maximum(height, standing), 0.8)


def _carry_through_flight(velocity: np.ndarray, airborne: np.ndarray) -> np.ndarray:
    """In flight, the velocity between the mean of the frames before and that of the frames after. (T, 2)."""
    result = velocity.copy()
    for first, end in runs(airborne):
        before = velocity[max(first - 4, 0) : max(first - 1, 1)].mean(axis=0)
        after = velocity[end + 1 : end + 4].mean(axis=0) if end + 1 < len(velocity) else before
        before = before if first > 1 else after
        share = ((np.arange(first, end) - first + 1) / (end - first + 1))[:, None]
        result[first:end] = (1 - share) * before + share * after
    return result
