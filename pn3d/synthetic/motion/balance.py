"""Bringing a posed body to rest on the ground: parts made level, standing bodies balanced, lying ones let down.

All change how the whole body is turned (``Motion.tumble``), frame by frame or at key poses; our choice, statics only.
"""

import numpy as np

from pn3d.synthetic.motion.angles import CHANNELS, INDEX
from pn3d.synthetic.motion.kinematics import Posed, posed, rows, touch
from pn3d.synthetic.motion.limbs import Dimensions, plant_ankles
from pn3d.synthetic.motion.timing import smooth_over_time

_ROUNDS = 5
_SETTLE_STEPS = np.radians([8.0, 4.0, 2.0, 1.0])
_SETTLE_TRIES = 4
_MOST_LEVELLED = np.radians(45.0)
_FARTHEST = np.radians(24.0)
_PITCH, _ROLL = np.eye(3)[:2]
_LIMP = (
    *("left_hip_flex", "right_hip_flex", "left_hip_abd", "right_hip_abd"),
    *("left_arm_flex", "right_arm_flex", "left_arm_abd", "right_arm_abd"),
)
_FREE = (0, 1, *(3 + INDEX[name] for name in _LIMP))
"""Pitch, roll, and what gravity moves in a resting body, as columns of (tumble, angles)."""
_WAYS = [sign * np.eye(3 + len(CHANNELS))[column] for column in _FREE for sign in (1.0, -1.0)]


def level(
    angles: np.ndarray,
    tumble: np.ndarray,
    body: Dimensions,
    fore: tuple[str, ...],
    aft: tuple[str, ...],
    *,
    ahead: float = 1.0,
) -> np.ndarray:
    """Pitches the body until the lowest of the parts ``fore`` and ``aft`` (``kinematics.PARTS``) are equally low.

    (T, D), (T, 3) -> (T, 3) tumble. ``ahead`` is 1 where ``fore`` ends up in front (face down), -1 behind (face up).
    """
    front, back = rows(*fore), rows(*aft)
    start = tumble
    for _ in range(_ROUNDS):
        points, _ = touch(*_parts(posed(angles, tumble, body)), body)
        between = _lowest(points[:, front]) - _lowest(points[:, back])
        slope = ahead * np.arctan2(between[:, 1], ahead * between[:, 2])
        pitch = np.clip(tumble[:, :1] + slope[:, None], start[:, :1] - _MOST_LEVELLED, start[:, :1] + _MOST_LEVELLED)
        tumble = np.concatenate([pitch, start[:, 1:]], axis=1)
    return smooth_over_time(tumble, 1.5)


def balance(
    angles: np.ndarray,
    tumble: np.ndarray,
    body: Dimensions,
    share: np.ndarray,
    weight: np.ndarray | float = 1.0,
    parts: tuple[str, ...] = ("ball", "heel"),
) -> np.ndarray:
    """Tilts the body until its centre of mass is over what carries it.

    Args:
        angles: (T, D).
        tumble: (T, 3).
        body: lengths.
        share: (T, 2) how much the left and the right of the parts carry.
        weight: (T,) how far the tilt goes.
        parts: sided names of ``kinematics.PARTS``.

    Returns:
        (T, 3) tumble.
    """
    sides = [rows(*(f"{side}_{part}" for part in parts)) for side in ("left", "right")]
    share = (share + 1e-3) / (share + 1e-3).sum(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        now = posed(angles, tumble, body)
        points, _ = touch(*_parts(now), body)
        under = sum(share[:, i, None] * points[:, side].mean(axis=1) for i, side in enumerate(sides))
        over = now.centre_of_mass_m - under
        high = np.maximum(over[:, 1], 0.2)
        turn = np.clip(np.stack([-np.arctan2(over[:, 2], high), -np.arctan2(over[:, 0], high)], -1), -0.5, 0.5)
        tumble = tumble + np.asarray(weight).reshape(-1, 1) * np.pad(turn, ((0, 0), (0, 1)))
    return smooth_over_time(tumble, 1.0)


def settle(angles: np.ndarray, tumble: np.ndarray, body: Dimensions) -> tuple[np.ndarray, np.ndarray]:
    """Lets bodies down to where they lie or sit by themselves, limbs as far as they are free.

    What is nearby (``_FARTHEST``) and least in height of the centre of mass over the ground is found by trying. Meant
    for key poses. (K, D), (K, 3) -> (K, D), (K, 3).
    """
    start = np.concatenate([tumble, angles], axis=1)
    found, least = start.copy(), _height_m(angles, tumble, body)
    for step in _SETTLE_STEPS:
        for _ in range(_SETTLE_TRIES):
            before = least.copy()
            for way in _WAYS:
                tried = found + step * way
                height = _height_m(tried[:, 3:], tried[:, :3], body)
                near = (np.abs(tried - start)[:, way != 0] <= _FARTHEST).all(axis=1)
                better = near & (height < least - 1e-5)
                found[better], least = tried[better], np.where(better, height, least)
            if (least > before - 1e-4).all():
                break
    return found[:, 3:], found[:, :3]


def flat_feet(angles: np.ndarray, tumble: np.ndarray, body: Dimensions, weight: np.ndarray) -> np.ndarray:
    """Feet that stand get flat soles on the ground by bending hip, knee and ankle; the body sinks as far as that takes.

    Args:
        angles: (T, D).
        tumble: (T, 3).
        body: lengths.
        weight: (T, 2) how much left and right foot stand.

    Returns:
        (T, D) angles.
    """
    now = posed(angles, tumble, body)
    points, _ = touch(*_parts(now), body)
    ground = points[..., 1].min(axis=1)
    hips, longest_m = now.joints_m[:, [1, 2]], 0.985 * body.leg_m
    aside = np.linalg.norm((now.joints_m[:, [7, 8]] - hips)[..., [0, 2]], axis=-1)
    down = hips[..., 1] - np.sqrt(np.maximum(longest_m**2 - aside**2, (0.3 * longest_m) ** 2)) - body.ankle_height_m
    ground = ground + (weight * np.maximum(down - ground[:, None], 0.0)).max(axis=1)
    ankles, feet = now.joints_m[:, [7, 8]].copy(), now.rotations[:, [7, 8]]
    ankles[..., 1] = ground[:, None] + body.ankle_height_m
    heading = np.arctan2(feet[..., 0, 2], feet[..., 2, 2])
    planted = plant_ankles(angles, now.rotations[:, 0], ankles, heading, body)
    result, legs = angles.copy(), ("hip_flex", "hip_abd", "hip_rot", "knee", "ankle", "ankle_inv", "ankle_rot", "toe")
    for row, side in enumerate(("left", "right")):
        columns = [INDEX[f"{side}_{name}"] for name in legs]
        share = weight[:, row, None]
        result[:, columns] = (1 - share) * angles[:, columns] + share * planted[:, columns]
    return result


def folded_shanks(angles: np.ndarray, tumble: np.ndarray, body: Dimensions) -> np.ndarray:
    """Knees of somebody who kneels bent further until the feet are no lower than the knees. (T, D) -> (T, D)."""
    angles, shank_m = angles.copy(), body.length_m(7, 4)
    for _ in range(_ROUNDS):
        points, _ = touch(*_parts(posed(angles, tumble, body)), body)
        for side in ("left", "right"):
            foot = points[:, rows(*(f"{side}_{part}" for part in ("toes", "ball", "ankle"))), 1].min(axis=1)
            below = points[:, rows(f"{side}_knee")[0], 1] - foot
            angles[:, INDEX[f"{side}_knee"]] += np.arcsin(np.clip(below / shank_m, 0.0, 0.5))
    return angles


def on_feet(
    angles: np.ndarray,
    tumble: np.ndarray,
    body: Dimensions,
    weight: np.ndarray | float = 1.0,
    *,
    right: np.ndarray | float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Balanced over the standing feet, their soles flat on the ground. (T, D), (T, 3) -> (T, D), (T, 3).

    ``weight`` (T,) is how far it goes, ``right`` (T,) how much the right foot stands; the left one always does.
    """
    stand = np.ones((len(angles), 2)) * np.stack(np.broadcast_arrays(1.0, right), axis=-1)
    for _ in range(2):
        tumble = balance(angles, tumble, body, stand, weight)
        angles = flat_feet(angles, tumble, body, stand * np.asarray(weight).reshape(-1, 1))
    return angles, tumble


def _parts(now: Posed) -> tuple[np.ndarray, np.ndarray]:
    return now.joints_m, now.rotations


def _lowest(points: np.ndarray) -> np.ndarray:
    """(T, P, 3) -> (T, 3), a soft choice, so that it does not jump from part to part."""
    share = np.exp(-(points[..., 1:2] - points[..., 1:2].min(axis=1, keepdims=True)) / 0.01)
    return (share * points).sum(axis=1) / share.sum(axis=1)


def _height_m(angles: np.ndarray, tumble: np.ndarray, body: Dimensions) -> np.ndarray:
    now = posed(angles, tumble, body)
    points, _ = touch(*_parts(now), body)
    return now.centre_of_mass_m[:, 1] - points[..., 1].min(axis=1)
