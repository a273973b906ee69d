"""What arms do while the body stands, walks or sits: named poses, free reaching, and sequences of them.

Poses are given by where the wrist is, in arm lengths from the shoulder (outward, up, forward, in the chest's frame),
and how far the elbow is lifted outward from where it hangs; the angles follow by ``limbs.reach``. The choice of poses
is ours: everyday gestures, referees' and traffic officers' signals, and free points of the reachable space.
"""

from collections.abc import Sequence

import numpy as np

from pn3d.files.tables import read_table
from pn3d.synthetic.motion.angles import INDEX, pose
from pn3d.synthetic.motion.limbs import Dimensions, reach
from pn3d.synthetic.motion.timing import FPS, ease, key_curve, smooth_noise, times

_REACH = ("arm_flex", "arm_abd", "arm_rot", "elbow")
ARM_CHANNELS = (*_REACH, "collar_up", "collar_fwd", "forearm_rot", "wrist_flex")

_POSES: dict[str, list[float]] = {
    row["pose"]: [float(row[column]) for column in ("outward", "up", "forward", "swivel_deg")]
    for row in read_table(__file__, "arm_poses.csv")
}
"""Outward, up and forward in arm lengths from the shoulder, and the elbow's swivel in degrees."""
_RESTING, _LOW, _HIGH, _TRAFFIC = (
    names.split()
    for names in (
        "hang hang hang pocket hip behind_back clasped_low folded chest",
        "hang hang hang hip hip chest clasped clasped_low folded offer tee face halt forearm_up forearm_out "
        "forearm_ahead fist_low forward_low wide_low across_low across",
        "face ear head behind_head salute side side_bent forward forward_high up up_wide up_bent goalpost scarecrow "
        "across across_high crossed_overhead tee halt",
        "side side forward halt goalpost up up_bent across side_bent tee forward_high hang hang chest forearm_up "
        "forearm_out forearm_ahead",
    )
)
"""Who draws from which poses; a name that stands twice is drawn twice as often."""
_SIGNALS = (*_LOW, *_LOW, *_HIGH)


def named_arm(name: str, generator: np.random.Generator, body: Dimensions, spread: float = 1.0) -> np.ndarray:
    """(4,) radians (arm_flex, arm_abd, arm_rot, elbow) of a named pose, as one person does it."""
    *wrist, swivel = _POSES[name]
    point = np.array(wrist) + 0.045 * spread * generator.normal(size=3)
    return _solve(point, np.radians(swivel + 11.0 * spread * generator.normal()), body)


def free_arm(generator: np.random.Generator, body: Dimensions) -> np.ndarray:
    """(4,) radians of an arm that reaches some point in front of, beside or above the body, outside trunk and head."""
    for _ in range(20):
        around = np.radians(generator.triangular(-70, 25, 120))
        rise = np.radians(generator.triangular(-88, -40, 85))
        point = generator.uniform(0.5, 1.0) ** 0.6 * np.array(
            [np.cos(rise) * np.sin(around), np.sin(rise), np.cos(rise) * np.cos(around)]
        )
        inward = abs(point[0] + 0.36)
        trunk = inward < 0.36 and point[1] < 0.05 and abs(point[2]) < 0.26
        head = inward < 0.22 and 0.0 < point[1] < 0.6 and abs(point[2]) < 0.24
        if not trunk and not head:
            break
    return _solve(point, np.radians(generator.normal(15, 22)), body)


def _solve(wrist: np.ndarray, swivel: float, body: Dimensions) -> np.ndarray:
    solved = reach(wrist * body.arm_m, np.asarray(swivel), body)
    return np.array([solved[name] for name in _REACH])


def set_arm(angles: np.ndarray, side: str, values: np.ndarray) -> np.ndarray:
    """Writes (T, 4) or (4,) arm angles of one side into (T, D), in place, and returns it."""
    for column, name in enumerate(_REACH):
        angles[..., INDEX[f"{side}_{name}"]] = values[..., column]
    return angles


def set_arms(angles: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``set_arm`` of both sides."""
    return set_arm(set_arm(angles, "left", values), "right", values)


def arm_of(angles: np.ndarray, side: str) -> np.ndarray:
    """(T, D) -> (T, 4) what ``set_arm`` writes."""
    return np.stack([angles[:, INDEX[f"{side}_{name}"]] for name in _REACH], -1)


def resting_arms(generator: np.random.Generator, frames: int, body: Dimensions) -> np.ndarray:
    """(T, D) of which the arm channels hold one carriage: hanging, on the hips, folded, in the pockets …"""
    angles = np.repeat(pose()[None], frames, axis=0)
    both = str(generator.choice(_RESTING))
    for side in ("left", "right"):
        kept = both in ("folded", "behind_back", "clasped_low", "chest") or generator.uniform() < 0.6
        set_arm(angles, side, named_arm(both if kept else "hang", generator, body))
    return angles


def signals(
    generator: np.random.Generator, frames: int, body: Dimensions, names: Sequence[str] = _SIGNALS, free: float = 0.2
) -> np.ndarray:
    """(T, D) arms that go through poses one after the other, each held or repeated as a signal is.

    One arm, both alike, or both differently; a share ``free`` of the keys are free points instead of named poses.
    """
    resting = {side: named_arm("hang", generator, body) for side in ("left", "right")}
    strong = str(generator.choice(["left", "right"]))
    last, seconds, now = resting, [], generator.uniform(-0.6, 0.2)
    keys: dict[str, list[np.ndarray]] = {"left": [], "right": []}
    while now < frames / FPS + 0.5:
        pair = _pair(generator, body, names, free, strong, resting)
        farthest = max(np.abs(pair[side] - last[side]).max() for side in pair)
        travel = generator.uniform(0.28, 0.75) * max(1.0, farthest / 1.4)
        hold = 0.05 + generator.exponential(0.45)
        seconds += [now + travel, now + travel + hold]
        now, last = now + travel + hold, pair
        for side in keys:
            keys[side] += [pair[side], pair[side] + 0.04 * generator.normal(size=4)]
    angles = np.repeat(pose()[None], frames, axis=0)
    for side, values in keys.items():
        set_arm(angles, side, key_curve(seconds, np.array(values), frames))
    return _repeated_moves(generator, angles)


def _pair(
    generator: np.random.Generator,
    body: Dimensions,
    names: Sequence[str],
    free: float,
    strong: str,
    resting: dict[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """The next pose of both arms: alike, each its own, one of them at rest, or both."""

    def pick() -> np.ndarray:
        if generator.uniform() < free:
            return free_arm(generator, body)
        return named_arm(str(generator.choice(names)), generator, body)

    how, first = generator.uniform(), pick()
    if how < 0.45:
        return {"left": first, "right": first + 0.06 * generator.normal(size=4)}
    if how < 0.68:
        return {"left": first, "right": pick()}
    if how < 0.92:
        return {side: first if side == strong else resting[side] for side in resting}
    return resting


def _repeated_moves(generator: np.random.Generator, angles: np.ndarray) -> np.ndarray:
    """Beckoning, waving, rolling or chopping: at times the forearms go to and fro for a while."""
    frames = len(angles)
    for _ in range(generator.poisson(frames / 110.0)):
        centre, width = generator.uniform(0, frames), generator.uniform(10, 30)
        envelope = np.exp(-0.5 * ((np.arange(frames) - centre) / width) ** 4)
        wave = np.sin(2 * np.pi * generator.uniform(1.0, 2.6) * times(frames) + generator.uniform(0, 6.3)) * envelope
        sides = [["left"], ["right"], ["left", "right"]][generator.integers(3)]
        name, size = [("elbow", 26.0), ("arm_rot", 22.0), ("arm_flex", 12.0), ("arm_abd", 12.0)][generator.integers(4)]
        opposed = generator.choice([-1.0, 1.0])
        for sign, side in zip((1.0, opposed), sides, strict=False):
            angles[:, INDEX[f"{side}_{name}"]] += sign * np.radians(size * generator.uniform(0.5, 1.2)) * wave
    return angles


def traffic_signals(generator: np.random.Generator, frames: int, body: Dimensions) -> np.ndarray:
    """(T, D) arms of somebody who directs traffic."""
    return signals(generator, frames, body, _TRAFFIC, free=0.15)


def waving(generator: np.random.Generator, frames: int, body: Dimensions) -> np.ndarray:
    """(T, D) arms: one (at times both) raised and waved, the other at rest."""
    angles = resting_arms(generator, frames, body)
    start, length = generator.uniform(0.1, 0.9), generator.uniform(1.6, 4.0)
    shown = ease((times(frames) - start) / 0.9) * (1 - ease((times(frames) - start - length) / 0.9))
    beat = np.sin(2 * np.pi * generator.uniform(1.0, 2.4) * times(frames))
    for side in ("left", "right") if generator.uniform() < 0.25 else (str(generator.choice(["left", "right"])),):
        name = str(generator.choice(["goalpost", "up_bent", "up", "up_wide", "forward_high"]))
        high = named_arm(name, generator, body)
        moved = high + beat[:, None] * np.radians([0.0, 6.0, 16.0, 12.0]) * generator.uniform(0.5, 1.5)
        low = arm_of(angles, side)
        set_arm(angles, side, (1 - shown[:, None]) * low + shown[:, None] * moved)
    return angles


def handling(generator: np.random.Generator, frames: int, body: Dimensions) -> np.ndarray:
    """(T, D) arms that work in front of the body, as people cook, sort, wash or talk with their hands."""
    centre = np.array([generator.uniform(-0.25, 0.1), generator.uniform(-0.7, -0.1), generator.uniform(0.35, 0.7)])
    angles = np.repeat(pose()[None], frames, axis=0)
    for side in ("left", "right"):
        path = centre + smooth_noise(generator, frames, 3, 0.2, 1.2) * generator.uniform(0.06, 0.16, 3)
        solved = reach(path * body.arm_m, np.full(frames, np.radians(generator.normal(18, 14))), body)
        for name, value in solved.items():
            angles[:, INDEX[f"{side}_{name}"]] = value
    return angles
