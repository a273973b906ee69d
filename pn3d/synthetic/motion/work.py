"""Work: carrying, lifting, sweeping, digging, chopping, climbing a ladder."""

from dataclasses import replace

import numpy as np

from pn3d.synthetic.motion import arms, gaits
from pn3d.synthetic.motion.angles import INDEX, both_sides, pose, within_limits
from pn3d.synthetic.motion.balance import on_feet
from pn3d.synthetic.motion.key_poses import KEY_POSES as _P
from pn3d.synthetic.motion.kinematics import posed
from pn3d.synthetic.motion.limbs import Dimensions, plant_ankles, reach
from pn3d.synthetic.motion.phrases import Step, act, merged, opposite, repeated, whole_body
from pn3d.synthetic.motion.timing import FPS, Motion, add, ease, mirrored, smooth_noise, times

_RUNG_M = 0.28


def carry(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Walking with a box before the belly, something on a shoulder, on the head, or heavy bags in both hands."""
    style = replace(gaits.natural_walk(generator), legs=generator.uniform(0.6, 0.9), arm_swing=0.0)
    base = gaits.gait(generator, frames, style, False, gaits.wandering(generator, frames, 0.6))
    angles, how = base.angles.copy(), str(generator.choice(["box", "box", "shoulder", "head", "bags"]))
    step = base.angles[:, INDEX["left_hip_flex"]] - base.angles[:, INDEX["left_hip_flex"]].mean()
    held = {
        "box": {"arm_flex": 34.0, "arm_abd": 10.0, "elbow": generator.uniform(60, 90), "arm_rot": 14.0},
        "shoulder": {"right_arm_flex": 78.0, "right_arm_abd": 62.0, "right_elbow": 126.0, "right_arm_rot": -40.0},
        "head": {"arm_flex": 100.0, "arm_abd": 85.0, "elbow": 92.0, "arm_rot": -30.0},
        "bags": {"arm_flex": -2.0, "arm_abd": 12.0, "elbow": 4.0, "collar_up": -4.0},
    }[how]
    for name, value in held.items():
        for full in both_sides(name):
            angles[:, INDEX[full]] = np.radians(value + 4 * generator.normal()) + 0.03 * step
    lean = {"box": -9.0, "shoulder": 6.0, "head": -2.0, "bags": 4.0}[how]
    add(angles, spine_flex=np.radians(lean + 3 * generator.normal()), knee=np.radians(8), hip_flex=np.radians(4))
    if how == "shoulder":
        add(angles, spine_side=np.radians(12), neck_side=np.radians(10))
    return replace(base, angles=angles)


def lift(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Boxes lifted from the floor to the belly or onto a shelf, and back."""
    top = merged(_P["lift.shelf"] if generator.uniform() < 0.5 else _P["lift.up"], pelvis_yaw=0.0)
    steps: list[Step] = []
    while len(steps) < frames / 20 + 5:
        twist_deg = float(generator.uniform(-50, 50))
        steps += [(_P["lift.low"], 0.8, 0.25), (_P["lift.up"], 0.8, 0.2)]
        steps += [
            (merged(top, spine_turn=0.6 * twist_deg, pelvis_yaw=0.5 * twist_deg), 0.7, 0.3),
            (_P["lift.up"], 0.6, 0.1),
        ]
    angles, tumble, _ = act(generator, frames, body, steps, spread_deg=3.0)
    return whole_body(*on_feet(angles, tumble, body))


def sweep(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Sweeping or raking with a long handle in both hands, a step now and then."""
    reach_out, pull = _P["sweep.reach"], _P["sweep.pull"]
    pace = generator.uniform(0.45, 0.8)
    steps: list[Step] = []
    while len(steps) < frames / FPS / pace + 6:
        ahead, other = float(generator.uniform(0.6, 1.3)), float(generator.uniform(-14, 14))
        far = merged(reach_out, left_hip_flex=42 * ahead, spine_flex=26 * ahead, pelvis_yaw=18.0 + other)
        steps += [(far, pace, 0.05), (merged(pull, pelvis_yaw=-24.0 + other), pace, generator.exponential(0.12))]
    angles, tumble, _ = act(generator, frames, body, steps, spread_deg=3.0)
    turn = 0.25 * smooth_noise(generator, frames, 1, 0.1, 0.3)[:, 0]
    return whole_body(*on_feet(angles, tumble, body), turn_rate=turn)


def dig(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """A spade into the ground, lifted, and thrown aside; or an axe or pick from above."""
    digs = generator.uniform() < 0.6
    order: tuple[tuple[str, float, float], ...]
    if digs:
        order = (("dig.ready", 0.5, 0.1), ("dig.down", 0.5, 0.15), ("dig.lift", 0.7, 0.1), ("dig.throw", 0.4, 0.1))
    else:
        order = (("chop.up", 0.8, 0.1), ("chop.hit", 0.32, 0.25))
    cycle: list[Step] = [(_P[name], travel, hold) for name, travel, hold in order]
    if generator.uniform() < 0.5:
        cycle = [(opposite(s), travel, hold) for s, travel, hold in cycle]
    angles, tumble, _ = act(generator, frames, body, repeated(cycle, frames), spread_deg=3.0)
    return whole_body(*on_feet(angles, tumble, body))


def climb(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Up or down a ladder: opposite hand and foot two rungs at a time, the body between."""
    half_s, ladder_m = generator.uniform(0.55, 1.1), generator.uniform(0.30, 0.40)
    now = generator.uniform(0.0, 2.0) + times(frames) / (2 * half_s)
    stairs = lambda phase: np.floor(phase) + ease((phase % 1.0) * 2.0)  # noqa: E731  moves, then rests
    rungs = {"left_foot": stairs(now), "right_foot": stairs(now + 0.5) - 0.5}
    rungs |= {"right_hand": stairs(now), "left_hand": stairs(now + 0.5) - 0.5}
    height = {name: 2 * _RUNG_M * value for name, value in rungs.items()}
    lowest = min(height["left_foot"].min(), height["right_foot"].min())
    height = {name: value - lowest for name, value in height.items()}
    feet_m = 0.5 * (height["left_foot"] + height["right_foot"])
    sway = 0.03 * np.sin(2 * np.pi * now)
    pelvis = np.stack([sway, feet_m + body.ankle_height_m + 0.83 * body.leg_m, 0.0 * now], axis=1)
    angles = np.repeat(pose(spine_flex=generator.uniform(0, 14), neck_flex=-generator.uniform(5, 25))[None], frames, 0)
    add(angles, pelvis_pitch=np.radians(generator.uniform(2, 14)), spine_side=-1.5 * sway, neck_turn=2.0 * sway)
    outside = generator.uniform(0.16, 0.24)
    for _ in range(2):  # hands twice: the shoulder girdle follows the arm
        body_now = posed(angles, None, body)
        ankles = np.zeros((frames, 2, 3))
        for row, (side, sign) in enumerate((("left", 1.0), ("right", -1.0))):
            lifted = 0.07 * np.sin(np.pi * np.clip((rungs[f"{side}_foot"] + 0.5 * row) % 1.0, 0, 1))
            ankles[:, row] = np.stack(
                [
                    sign * 0.10 - sway,
                    height[f"{side}_foot"] + body.ankle_height_m - pelvis[:, 1],
                    ladder_m - 0.13 - lifted,
                ],
                1,
            )
            hand = np.stack(
                [sign * outside - sway, height[f"{side}_hand"] + 1.06 * body.pelvis_height_m + 0.30 - pelvis[:, 1],
                 np.full(frames, ladder_m)], 1
            )  # fmt: skip
            shoulder, chest = (16, 17)[row], body_now.rotations[:, 9]
            point = np.einsum("tji,tj->ti", chest, hand - body_now.joints_m[:, shoulder]) * [sign, 1.0, 1.0]
            arms.set_arm(angles, side, np.stack(list(reach(point, np.full(frames, 0.35), body).values()), -1))
        angles = plant_ankles(angles, body_now.rotations[:, 0], ankles, np.zeros((frames, 2)), body)
    motion = Motion(
        within_limits(angles, trained=True),
        np.zeros(frames),
        np.zeros(frames, bool),
        np.zeros((frames, 2)),
        path_m=pelvis,
    )
    if generator.uniform() < 0.3:  # down again: the same in reverse
        motion = replace(motion, angles=motion.angles[::-1].copy(), path_m=pelvis[::-1].copy())
    return mirrored(motion) if generator.uniform() < 0.5 else motion
