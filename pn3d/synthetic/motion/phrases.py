"""Phrases of key poses of the whole body, as somebody does them today: what the families of motion share."""

from collections.abc import Mapping, Sequence

import numpy as np

from pn3d.synthetic.motion.angles import CHANNELS, pose, within_limits
from pn3d.synthetic.motion.balance import settle
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.timing import FPS, Motion, key_curve, smooth_noise, smooth_over_time

Step = tuple[Mapping[str, float], float, float]
"""A key pose in degrees (``key_poses``), seconds to get there, seconds to stay."""

STANDING: dict[str, float] = {}
"""The key pose of a relaxed stance."""

_TUMBLE = ("pitch", "roll", "spin")
_CALM = {"pelvis": 0.0, "neck": 1.3, "arm_rot": 1.5, "forearm": 3.0, "ankle_rot": 0.0, "wrist": 2.0}
_SPREAD = np.array([next((v for k, v in _CALM.items() if k in name), 0.8) for name in CHANNELS])


def merged(pose_deg: Mapping[str, float], **more: float) -> dict[str, float]:
    """A key pose with some angles replaced."""
    return {**pose_deg, **more}


def opposite(pose_deg: Mapping[str, float]) -> dict[str, float]:
    """The key pose in a mirror."""
    swapped = {"left": "right", "right": "left"}
    result = {}
    for name, value in pose_deg.items():
        side = name.split("_")[0]
        sign = -1.0 if name in ("roll", "spin") or name.endswith(("_roll", "_yaw", "_side", "_turn")) else 1.0
        result[name.replace(side, swapped[side], 1) if side in swapped else name] = sign * value
    return result


def act(
    generator: np.random.Generator,
    frames: int,
    body: Dimensions,
    steps: Sequence[Step],
    *,
    spread_deg: float = 3.0,
    pace: float | None = None,
    lead_s: float | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Goes through key poses, each as this person does it, never twice alike.

    Args:
        generator: random numbers.
        frames: T.
        body: lengths.
        steps: poses in order; after the last one the person stays.
        spread_deg: how far somebody's posture, each repetition and restlessness are from the book.
        pace: stretches all times; drawn where None.
        lead_s: seconds of the first step that are over when the clip starts; drawn where None.

    Returns:
        (T, D) angles, (T, 3) tumble, and (K,) the second at which each step's pose is reached.
    """
    pace = generator.uniform(0.8, 1.3) if pace is None else pace
    own = generator.normal(size=len(CHANNELS)) * _SPREAD
    lead_s = generator.uniform(0.0, 0.8) if lead_s is None else lead_s
    now, seconds, reached = -lead_s, [], []
    for _, travel, hold in steps:
        now += pace * travel * generator.uniform(0.9, 1.15)
        reached.append(now)
        seconds += [now, now + pace * hold * generator.uniform(0.6, 1.3) + 0.02]
        now = seconds[-1]
    poses = np.stack([pose(**{k: v for k, v in step.items() if k not in (*_TUMBLE, "rest")}) for step, _, _ in steps])
    each = generator.normal(size=poses.shape) * _SPREAD
    poses = within_limits(poses + np.radians(spread_deg) * (own + 0.6 * each), trained=True)
    tumble = np.radians([[step.get(name, 0.0) for name in _TUMBLE] for step, _, _ in steps])
    lies = np.array([bool(step.get("rest")) for step, _, _ in steps])
    if lies.any():
        poses[lies], tumble[lies] = settle(poses[lies], tumble[lies], body)
    angles = key_curve(seconds, np.repeat(poses, 2, axis=0), frames)
    tumble_curve = key_curve(seconds, np.repeat(tumble, 2, axis=0), frames)
    drift = smooth_noise(generator, frames, len(CHANNELS), 0.15, 1.0) * _SPREAD
    angles = smooth_over_time(angles + 0.25 * np.radians(spread_deg) * drift, 0.8)
    return within_limits(angles, trained=True), smooth_over_time(tumble_curve, 0.8), np.array(reached)


def whole_body(angles: np.ndarray, tumble: np.ndarray, **more: np.ndarray) -> Motion:
    """A motion that any part of the body may carry. ``more``: fields of ``Motion``."""
    count = len(angles)
    rest = {"turn_rate": np.zeros(count), "airborne": np.zeros(count, bool), "glide_m_s": np.zeros((count, 2))}
    return Motion(within_limits(angles, trained=True), tumble=tumble, **(rest | more))


def while_at(reached: np.ndarray, chosen: Sequence[bool], frames: int, blend_s: float = 0.5) -> np.ndarray:
    """(T,) 0 to 1: how much the nearest steps in time are the chosen ones, for what applies to some poses only."""
    now = np.arange(frames)[:, None] / FPS
    return smooth_over_time(
        np.asarray(chosen, float)[np.abs(now - reached[None]).argmin(axis=1)], max(blend_s * FPS / 2, 0.5)
    )


def repeated(cycle: Sequence[Step], frames: int) -> list[Step]:
    """A cycle over and over, until the clip is full even at the quickest pace."""
    length = sum(travel + hold for _, travel, hold in cycle)
    return list(cycle) * max(int(np.ceil((frames / FPS + 1.5) / (0.5 * length))), 1)
