"""Motion on planted feet: standing, gesturing, squatting, sitting, bending, lunging, jumping, dancing.

The pelvis follows a course, the feet stay where they are (``limbs.plant_legs``), trunk and arms go along. How deep,
how fast and how far is our choice, within what is seen of healthy adults.
"""

from dataclasses import replace

import numpy as np

from pn3d.synthetic.motion import arms
from pn3d.synthetic.motion.angles import INDEX, pose
from pn3d.synthetic.motion.limbs import Dimensions, Feet, plant_legs
from pn3d.synthetic.motion.timing import FPS, Motion, add, ease, key_curve, overlay, smooth_noise, still, times

_TRUNK_SHARE = 0.45
"""Of a forward lean, what the pelvis takes; the spine takes the rest (lumbopelvic rhythm, Esola et al. 1996)."""


def feet_apart(
    generator: np.random.Generator, frames: int, wide_m: tuple[float, float] = (0.07, 0.22), ahead_m: float = 0.10
) -> Feet:
    """Feet at some width, one a little in front of the other, toes out, heels down."""
    out, ahead = generator.uniform(*wide_m), generator.normal() * ahead_m
    return Feet(
        out_m=np.array([out, out]),
        forward_m=np.array([ahead, -ahead]),
        toe_out=np.radians(np.clip(generator.normal(9, 8, 2), -10, 32)),
        heel_up=np.zeros((frames, 2)),
    )


def stance(
    generator: np.random.Generator,
    body: Dimensions,
    feet: Feet,
    *,
    drop_m: np.ndarray | float = 0.0,
    lean: np.ndarray | float = 0.0,
    back_m: np.ndarray | float = 0.0,
    sway: float = 1.0,
) -> np.ndarray:
    """(T, D): a body over its feet, with postural sway, weight shifted now and then.

    Args:
        generator: random numbers.
        body: lengths.
        feet: where they stand.
        drop_m: (T,) the pelvis lowered from straight legs.
        lean: (T,) radians the trunk bends forward, shared by pelvis and spine.
        back_m: (T,) the pelvis moved back.
        sway: how restless.
    """
    frames = len(feet.heel_up)
    angles = np.repeat(pose()[None], frames, axis=0)
    slow = smooth_noise(generator, frames, 6, 0.08, 0.35) * sway
    contrapposto = generator.normal() * 0.025 * sway
    shift = np.zeros((frames, 3))
    shift[:, 0] = contrapposto + 0.018 * slow[:, 0]
    ball_m = np.linalg.norm(body.offset_m(10, 7))
    shift[:, 1] = -drop_m - generator.uniform(0.004, 0.030) + ball_m * np.sin(feet.heel_up).min(axis=1)
    shift[:, 2] = 0.015 * slow[:, 1] - back_m + generator.normal() * 0.015
    add(
        angles,
        pelvis_pitch=_TRUNK_SHARE * lean + np.radians(2.0) * slow[:, 2],
        spine_flex=(1 - _TRUNK_SHARE) * lean + np.radians(3.0 + 2.0 * slow[:, 3]),
        pelvis_roll=0.9 * shift[:, 0] + np.radians(1.0) * slow[:, 4],
        spine_side=-1.2 * shift[:, 0] - np.radians(1.0) * slow[:, 4],
        pelvis_yaw=np.radians(4.0) * slow[:, 5],
        spine_turn=np.radians(3.0) * slow[:, 0],
        neck_flex=-0.35 * lean,
    )
    return plant_legs(angles, shift, feet, body)


def _with_arms(angles: np.ndarray, arm_angles: np.ndarray) -> np.ndarray:
    return overlay(angles, arm_angles, arms.ARM_CHANNELS)


def _looking(generator: np.random.Generator, angles: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """The head turns to things, the trunk goes along a little."""
    course = np.tanh(1.5 * smooth_noise(generator, len(angles), 2, 0.1, 0.5)) * strength
    return add(
        angles,
        neck_turn=np.radians(26) * course[:, 0],
        spine_turn=np.radians(7) * course[:, 0],
        neck_flex=np.radians(8) * course[:, 1],
    )


def idle(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Standing about."""
    angles = stance(generator, body, feet_apart(generator, frames), drop_m=generator.uniform(0.0, 0.04), sway=1.5)
    return still(_looking(generator, _with_arms(angles, arms.resting_arms(generator, frames, body))))


def _gesturing(generator: np.random.Generator, frames: int, body: Dimensions, arm_angles: np.ndarray) -> Motion:
    """Arms over a stance; the trunk gives way to where the arms go."""
    deep = generator.uniform(0.0, 0.04) if generator.uniform() < 0.8 else generator.uniform(0.04, 0.13)
    lean = np.radians(generator.normal(3, 5) + 4 * smooth_noise(generator, frames, 1, 0.1, 0.6)[:, 0])
    angles = stance(generator, body, feet_apart(generator, frames, ahead_m=0.13), drop_m=deep, lean=lean, sway=1.3)
    angles = _with_arms(angles, arm_angles)
    reach_out = angles[:, INDEX["left_arm_flex"]] - angles[:, INDEX["right_arm_flex"]]
    raise_out = angles[:, INDEX["left_arm_abd"]] - angles[:, INDEX["right_arm_abd"]]
    add(angles, spine_turn=-0.10 * reach_out, spine_side=-0.06 * raise_out, pelvis_roll=0.02 * raise_out)
    return still(_looking(generator, angles, 0.8))


def gesture(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """A referee's or a talker's signals, standing."""
    return _gesturing(generator, frames, body, arms.signals(generator, frames, body))


def wave(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Waving, standing."""
    return _gesturing(generator, frames, body, arms.waving(generator, frames, body))


def handle(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Work with both hands, standing, bent over it a little."""
    motion = _gesturing(generator, frames, body, arms.handling(generator, frames, body))
    bent = np.radians(generator.uniform(0, 22))
    return replace(motion, angles=add(motion.angles, spine_flex=bent, neck_flex=0.5 * bent))


def reach_out(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Reaching for things around, high and low, with turns and bends of the trunk."""
    motion = _gesturing(generator, frames, body, arms.signals(generator, frames, body, ("hang", "chest"), free=0.8))
    bend = np.tanh(1.3 * smooth_noise(generator, frames, 3, 0.1, 0.4))
    return replace(
        motion,
        angles=add(
            motion.angles,
            spine_flex=np.radians(14) * bend[:, 0] + np.radians(8),
            spine_side=np.radians(12) * bend[:, 1],
            spine_turn=np.radians(18) * bend[:, 2],
        ),
    )


def stretch(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Warming up: side bends, trunk turns, bends to the toes, arms overhead."""
    seconds = np.cumsum(generator.uniform(0.7, 1.6, int(frames / FPS / 0.7) + 3)) - 1.0
    kinds = generator.integers(0, 4, len(seconds))
    size = generator.uniform(0.5, 1.0, len(seconds)) * generator.choice([-1.0, 1.0], len(seconds))
    side = key_curve(seconds, np.where(kinds == 0, 28.0 * size, 0.0), frames)
    turn_deg = key_curve(seconds, np.where(kinds == 1, 40.0 * size, 0.0), frames)
    bent = key_curve(seconds, np.where(kinds == 2, 95.0 * np.abs(size), np.where(kinds == 3, -14.0, 0.0)), frames)
    lean = np.radians(bent)
    feet = feet_apart(generator, frames, (0.10, 0.32))
    angles = stance(generator, body, feet, drop_m=0.01, lean=lean, back_m=0.13 * np.sin(np.maximum(lean, 0)))
    add(angles, spine_side=np.radians(side), spine_turn=np.radians(turn_deg), pelvis_yaw=0.3 * np.radians(turn_deg))
    carried = arms.signals(
        generator, frames, body, ("up", "hip", "side", "crossed_overhead", "behind_head", "hang"), 0.0
    )
    angles = _with_arms(angles, carried)
    for name in ("left", "right"):  # arms hang from a bent trunk
        index = INDEX[f"{name}_arm_flex"]
        angles[:, index] += np.clip(lean, 0, 1.4) * np.clip(1.2 - np.abs(angles[:, index]), 0.0, 1.0)
    return still(angles)


def _visits(
    generator: np.random.Generator, frames: int, rise: tuple[float, float], hold: tuple[float, float], rest: float
) -> np.ndarray:
    """(T,) a course between 0 and 1 that goes up, stays, comes down and rests, over and over (seconds)."""
    seconds: list[float] = []
    values: list[float] = []
    now = generator.uniform(-1.0, 0.7)
    while not seconds or now < frames / FPS:  # once even where the clip ends before it begins
        up, stay, pause = generator.uniform(*rise), generator.uniform(*hold), generator.exponential(rest)
        level = generator.uniform(0.75, 1.0)
        seconds += [now, now + up, now + up + stay + 0.04, now + 2 * up + stay + 0.08]
        values += [0.0, level, level, 0.0]
        now += 2 * up + stay + pause + 0.16
    return key_curve(seconds, np.array(values), frames)


def squat(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Knee bends of any depth, arms as they like."""
    depth = body.leg_m * generator.uniform(0.15, 0.60)
    course = _visits(generator, frames, (0.4, 1.1), (0.0, 0.8), 0.4)
    lean = course * np.radians(generator.uniform(20, 65))
    feet = feet_apart(generator, frames, (0.11, 0.28), 0.03)
    feet = replace(
        feet,
        toe_out=feet.toe_out + 0.15,
        heel_up=np.radians(generator.choice([0.0, 25.0])) * course[:, None] * np.ones(2),
    )
    angles = stance(generator, body, feet, drop_m=depth * course, lean=lean, back_m=0.45 * depth * course, sway=0.6)
    low = arms.named_arm(str(generator.choice(["hang", "hip", "chest", "folded", "behind_head"])), generator, body)
    high = arms.named_arm(str(generator.choice(["forward", "chest", "hang", "hip", "clasped"])), generator, body)
    mixed = low + course[:, None] * (high - low)
    return still(arms.set_arms(angles.copy(), mixed))


def sit(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Sitting down on a chair, sitting, getting up; legs also stretched out or crossed."""
    seat_m = generator.uniform(0.40, 0.56)
    drop = body.pelvis_height_m - seat_m - 0.10
    if generator.uniform() < 0.5:
        course = np.ones(frames)
    else:
        start, up = generator.uniform(0.2, 1.5), generator.uniform(0.9, 1.5)
        course = ease((times(frames) - start) / up) * (1 - ease((times(frames) - generator.uniform(3.0, 7.0)) / up))
    moving = 4 * course * (1 - course)
    lean = np.radians(generator.uniform(-14, 14)) * course + np.radians(generator.uniform(28, 50)) * moving
    feet = feet_apart(generator, frames, (0.08, 0.20), 0.03)
    back = course * (0.55 * body.leg_m - generator.uniform(0.0, 0.22))
    angles = stance(generator, body, feet, drop_m=drop * course, lean=lean, back_m=back, sway=0.5)
    add(angles, spine_flex=np.radians(generator.uniform(0, 18)) * course)
    style = generator.uniform()
    if style < 0.2:  # legs stretched out
        add(angles, knee=-np.radians(generator.uniform(20, 60)) * course)
    elif style < 0.4:  # one leg over the other
        over = course * course
        add(
            angles,
            left_hip_flex=np.radians(16) * over,
            left_hip_abd=-np.radians(24) * over,
            left_knee=np.radians(8) * over,
        )
    makers = (arms.handling, arms.signals, arms.resting_arms, arms.waving)
    busy = makers[generator.integers(len(makers))](generator, frames, body)
    lap = arms.named_arm("offer", generator, body) * np.array([1.0, 1.0, 1.0, 0.75])
    if generator.uniform() < 0.4:
        busy = arms.set_arms(busy, lap)
    return still(_looking(generator, _with_arms(angles, busy)))


def pick_up(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Bending, squatting or both to take something from the floor, with one hand or two."""
    course = _visits(generator, frames, (0.6, 1.1), (0.1, 0.7), 0.7)
    squatting = generator.uniform(0.1, 0.9)
    lean = course * np.radians(generator.uniform(60, 105) * (1 - 0.35 * squatting))
    depth = body.leg_m * squatting * 0.55
    feet = feet_apart(generator, frames, (0.09, 0.24), 0.14)
    back = 0.40 * depth * course + 0.12 * np.sin(lean)
    angles = stance(generator, body, feet, drop_m=depth * course, lean=lean, back_m=back, sway=0.6)
    angles = _with_arms(angles, arms.resting_arms(generator, frames, body))
    both = generator.uniform() < 0.5
    for side in ("left", "right") if both else ("left",):
        down = arms.named_arm("hang", generator, body) + np.array([0.0, 0.0, 0.0, 0.1])
        toward = arms.arm_of(angles, side)
        goal = down + np.stack([np.clip(1.05 * lean, 0, 1.9), 0 * lean - 0.1, 0 * lean, 0 * lean], -1)
        arms.set_arm(angles, side, toward + ease(course * 1.6)[:, None] * (goal - toward))
    if not both:
        add(angles, spine_turn=-np.radians(generator.uniform(5, 25)) * course, spine_side=np.radians(10) * course)
    return still(angles)


def lunge(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """One foot well in front, the body going down and up between the feet, or fencing to and fro."""
    half = body.leg_m * generator.uniform(0.32, 0.50)
    course = _visits(generator, frames, (0.4, 1.0), (0.0, 0.7), 0.2)
    out = generator.uniform(0.04, 0.14)
    heel = np.stack([np.zeros(frames), np.radians(20 + generator.uniform(10, 30) * course)], axis=1)
    feet = Feet(np.array([out, out]), np.array([half, -half]), np.radians([4.0, -2.0]), heel)
    drop = body.leg_m * (0.16 + generator.uniform(0.12, 0.30) * course)
    lean = np.radians(generator.uniform(-4, 30)) * (0.4 + 0.6 * course)
    angles = stance(
        generator, body, feet, drop_m=drop, lean=lean, back_m=-generator.uniform(0, 0.14) * course, sway=0.5
    )
    arm_angles = (
        arms.resting_arms(generator, frames, body)
        if generator.uniform() < 0.5
        else arms.signals(generator, frames, body)
    )
    return still(_with_arms(angles, arm_angles))


def dance(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Knees to the beat, hips and shoulders swinging, arms anywhere."""
    beat = 2 * np.pi * generator.uniform(1.2, 2.2) * times(frames) + generator.uniform(0, 6)
    strong = 0.5 + 0.5 * smooth_noise(generator, frames, 1, 0.1, 0.3)[:, 0]
    feet = feet_apart(generator, frames, (0.10, 0.28), 0.08)
    heel = np.radians(generator.uniform(0, 28)) * np.stack([np.sin(beat / 2), -np.sin(beat / 2)], axis=1).clip(0)
    drop = generator.uniform(0.02, 0.08) + generator.uniform(0.01, 0.05) * (1 + np.cos(beat))
    lean = np.radians(generator.uniform(0, 15) + 5 * np.sin(beat))
    angles = stance(generator, body, replace(feet, heel_up=heel), drop_m=drop, lean=lean, sway=2.2)
    angles = _with_arms(angles, arms.signals(generator, frames, body, free=0.5))
    hips = np.radians(generator.uniform(3, 10)) * np.sin(beat / 2) * strong
    add(angles, spine_side=-1.4 * hips, spine_turn=np.radians(generator.uniform(0, 16)) * np.sin(beat / 2 + 1.0))
    add(angles, arm_flex=np.radians(10) * np.sin(beat), elbow=np.radians(12) * np.cos(beat))
    return still(angles)
