"""Dance: leaps, pirouettes, arabesques, high kicks, pliés, isolations."""

from dataclasses import replace

import numpy as np

from pn3d.synthetic.motion import arms
from pn3d.synthetic.motion.balance import balance, on_feet
from pn3d.synthetic.motion.key_poses import KEY_POSES as _P
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.phrases import Step, act, merged, opposite, while_at, whole_body
from pn3d.synthetic.motion.stances import feet_apart, stance
from pn3d.synthetic.motion.timing import FPS, Motion, add, ease, overlay, smooth_over_time, times


def _dance(name: str, **more: float) -> dict[str, float]:
    return merged(_P[f"dance.{name}"], **more)


def leap(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Running steps and leaps in a split, from one foot to the other."""
    steps: list[Step] = []
    flights: list[int] = []
    flight = generator.uniform(0.5, 0.66)
    mirror = lambda pose_deg, swapped: opposite(pose_deg) if swapped else pose_deg  # noqa: E731
    side = False
    while len(steps) < 9 * frames / 150 + 9:
        for _ in range(int(generator.integers(1, 4))):
            steps.append((mirror(_P["leap.step"], side), 0.32, 0.0))
            side = not side
        steps += [(mirror(_P["leap.gather"], side), 0.26, 0.0), (mirror(_P["leap.push"], side), 0.22, 0.0)]
        flights.append(len(steps) - 1)
        steps += [
            (mirror(_P["leap.split"], side), 0.5 * flight, 0.02),
            (mirror(_P["leap.land"], side), 0.5 * flight, 0.0),
        ]
        steps.append((mirror(merged(_P["leap.step"], right_knee=40.0), not side), 0.3, 0.0))
        side = not side
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=2.5, pace=1.0)
    air = np.zeros(frames, bool)
    for take_off in flights:
        first, last = (round(reached[i] * FPS) for i in (take_off, take_off + 2))
        air[max(first + 1, 0) : max(last, 0)] = True
    forward = np.where(air, generator.uniform(0.6, 1.8), 0.0)[:, None] * [0.0, 1.0]
    return whole_body(angles, tumble, airborne=air, glide_m_s=forward)


def pirouette(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Turns on the ball of the left foot, the right one at the knee, prepared and ended in a bend of both knees."""
    plie, steps, spun = _dance("plie"), [], []
    sign = generator.choice([-1.0, 1.0])
    for _ in range(int(frames / FPS / 2.5) + 2):
        turns = float(generator.choice([1, 2, 3], p=[0.4, 0.4, 0.2]))
        top = _dance("passe_up" if generator.uniform() < 0.4 else "passe")
        steps += [(plie, 0.7, 0.25), (top, 0.32, 0.0), (top, 0.62 * turns - 0.1, 0.0), (plie, 0.35, 0.2)]
        spun.append(turns)
        if generator.uniform() < 0.5:
            steps.append((_dance(str(generator.choice(["second", "first", "fifth"]))), 0.7, 0.4))
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=2.0, pace=generator.uniform(0.95, 1.2))
    rate, count = np.zeros(frames), 0
    for i in range(1, len(steps)):
        if "left_toe" not in steps[i][0] or "left_toe" not in steps[i - 1][0]:
            continue
        start, end = reached[i - 1] - 0.2, reached[i] + 0.22  # it starts in the bend and ends in it
        share = np.clip((times(frames) - start) / (end - start), -0.5, 1.5)
        rate += sign * 2 * np.pi * spun[count] * np.gradient(ease(0.5 * ease(share) + 0.5 * share) * 1.0) * FPS
        count += 1
    on_toe = while_at(reached, ["left_toe" in s for s, _, _ in steps], frames, 0.4)
    tumble = balance(angles, tumble, body, np.array([[1.0, 0.0]]) * np.ones((frames, 1)), on_toe, ("ball", "toes"))
    angles, tumble = on_feet(angles, tumble, body, 1 - on_toe)
    spotting = -0.5 * np.sin(np.cumsum(rate) / FPS)  # the head stays behind and comes round quickly
    add(angles, neck_turn=spotting * np.clip(np.abs(rate) / 6.0, 0, 1))
    return whole_body(angles, tumble, turn_rate=rate)


def _on_one_leg(
    generator: np.random.Generator, frames: int, body: Dimensions, steps: list[Step], spread_deg: float = 2.5
) -> Motion:
    """A phrase whose poses with a pointed right foot (ankle below -40) stand on the left leg, the others on both."""
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=spread_deg)
    lifted = while_at(reached, [s.get("right_ankle", 0.0) < -40 for s, _, _ in steps], frames, 0.35)
    return whole_body(*on_feet(angles, tumble, body, right=1 - lifted))


def arabesque(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Arabesques, attitudes and penchées held on the left leg, out of standing and back."""
    steps: list[Step] = []
    while len(steps) < frames / 24 + 3:
        steps.append((_dance(str(generator.choice(["first", "fifth", "low"]))), generator.uniform(0.8, 1.2), 0.15))
        for _ in range(int(generator.integers(1, 3))):
            name = str(generator.choice(["arabesque", "arabesque", "attitude", "penche"]))
            steps.append((_dance(name), generator.uniform(0.9, 1.4), generator.uniform(0.6, 1.6)))
    motion = _on_one_leg(generator, frames, body, steps)
    return replace(motion, turn_rate=np.full(frames, generator.normal() * 0.15))


def high_kick(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Grand battements and développés with the right leg, to the front, the side and behind."""
    steps: list[Step] = []
    while len(steps) < frames / 12 + 4:
        name = str(generator.choice(["front", "side", "arabesque"], p=[0.45, 0.35, 0.2]))
        rest = _dance("second", hip_abd=4.0)
        if generator.uniform() < 0.3:  # unfolded slowly over the knee
            steps += [(rest, 0.5, 0.1), (_dance("passe", left_ankle=2.0, left_toe=0.0, arm_abd=60.0), 0.7, 0.1)]
            steps.append((_dance(name), 0.8, generator.uniform(0.3, 1.0)))
        else:
            steps += [(rest, 0.5, generator.uniform(0.05, 0.3)), (_dance(name), 0.38, 0.02)]
    return _on_one_leg(generator, frames, body, steps)


def plies(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Deep bends of turned-out knees and carriage of the arms, on both feet."""
    names = ("first", "second", "grand", "grand", "fifth")
    steps: list[Step] = [
        (_dance(str(generator.choice(names))), generator.uniform(0.9, 1.6), generator.exponential(0.3))
        for _ in range(int(frames / FPS) + 3)
    ]
    bend = str(generator.choice(["spine_side", "spine_flex"]))
    steps = [
        (merged(s, **{bend: float(generator.uniform(-28, 28))}) if generator.uniform() < 0.4 else s, t, h)
        for s, t, h in steps
    ]
    return _on_one_leg(generator, frames, body, steps, 3.0)


def isolations(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """One part of the body at a time to the beat: head, shoulders, ribs, hips, arms locked and popped."""
    hertz = generator.uniform(0.9, 1.6)
    beat = times(frames) * hertz + generator.uniform(0, 1)
    count = int(beat[-1]) + 2
    sizes = {"neck_turn": 40, "neck_side": 22, "neck_flex": 24, "spine_side": 20, "spine_flex": 20, "spine_turn": 30}
    sizes |= {"pelvis_roll": 13, "pelvis_pitch": 15, "pelvis_yaw": 20, "left_collar_up": 20, "right_collar_up": 20}
    sizes |= {"left_elbow": 70, "right_elbow": 70, "left_arm_rot": 50, "right_arm_rot": 50}
    keys = np.zeros((count, len(sizes)))
    for row in range(count):
        for column in generator.choice(len(sizes), int(generator.integers(1, 3)), replace=False):
            keys[row, column] = generator.choice([-1.0, 1.0]) * list(sizes.values())[column] * generator.uniform(0.6, 1)
    now = np.floor(beat).astype(int)
    step = ease((beat - now) / generator.uniform(0.25, 0.6))[:, None]
    course = np.radians((1 - step) * keys[np.maximum(now - 1, 0)] + step * keys[now])
    hips = dict(zip(sizes, course.T, strict=True))
    feet = feet_apart(generator, frames, (0.16, 0.26), 0.02)
    drop = generator.uniform(0.05, 0.12) + 0.015 * np.cos(2 * np.pi * beat)
    lean = np.radians(8) + 0.4 * hips["pelvis_pitch"]
    angles = stance(generator, body, feet, drop_m=drop, lean=lean, sway=0.5)
    pose_name = str(generator.choice(["side_bent", "goalpost", "scarecrow", "fist_low", "forearm_out", "hang"]))
    held = arms.named_arm(pose_name, generator, body)
    arms.set_arms(angles, held)
    if generator.uniform() < 0.5:
        angles = overlay(angles, arms.signals(generator, frames, body, free=0.3), arms.ARM_CHANNELS, 0.6)
    # the pelvis goes to a side over bent knees: what it rolls, the trunk takes back
    add(angles, **hips)
    add(
        angles,
        spine_side=-1.2 * hips["pelvis_roll"],
        left_hip_abd=hips["pelvis_roll"],
        right_hip_abd=-hips["pelvis_roll"],
    )
    add(angles, left_hip_flex=0.0 * beat)
    angles, tumble = smooth_over_time(angles, 0.7), np.zeros((frames, 3))
    return whole_body(*on_feet(angles, tumble, body))
