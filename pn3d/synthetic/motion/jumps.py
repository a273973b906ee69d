"""Jumping: up, forward, sideways, tucked, over and over, on one leg, with arms and legs apart."""

from dataclasses import replace

import numpy as np

from pn3d.synthetic.motion import arms
from pn3d.synthetic.motion.angles import INDEX, pose
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.stances import feet_apart, stance
from pn3d.synthetic.motion.timing import FPS, Motion, add, key_curve, overlay, still, times

_COURSE = ("drop", "lean", "heel", "arm", "elbow", "fold")


def jump_course(
    generator: np.random.Generator, frames: int, body: Dimensions, flight_s: float, repeat: bool = False
) -> tuple[Motion, list[tuple[float, float, float]]]:
    """Jumps on both legs: knees bend, legs push, flight, landing; the arms swing along.

    Args:
        generator: random numbers.
        frames: T.
        body: lengths.
        flight_s: about how long a flight lasts; 0 bends and stretches without leaving the ground.
        repeat: the landing of one jump is the wind-up of the next.

    Returns:
        The motion, and (start, take-off, landing) seconds of each jump.
    """
    u = generator.uniform
    deep, lean, swing, fold = u(0.14, 0.34), u(20, 55), u(20, 115), u(0, 1) ** 2
    seconds, air = [-1.0], np.zeros(frames, bool)
    keys: list[tuple[float, ...]] = [(0.02, 4, 0, 0, 16, 0)]
    moments: list[tuple[float, float, float]] = []
    now = u(0.0, 0.7)
    while now < frames / FPS:
        flight = flight_s * u(0.7, 1.25)
        bend, push = (u(0.16, 0.26), u(0.14, 0.20)) if repeat else (u(0.35, 0.6), u(0.18, 0.26))
        size = u(0.75, 1.1) * (0.45 if repeat else 1.0)
        low, off = now + bend, now + bend + push
        down = off + flight
        keys += [(deep * size, lean * size, 6, -45 * size, 25, 0), (0.0, 4, 46, 0.8 * swing, 35, 0)]
        seconds += [low, off]
        if flight > 0:
            keys += [(0.0, 4, 40, swing, 40, fold), (0.03, 8, 24, 0.5 * swing, 35, 0.0)]
            seconds += [off + 0.5 * flight, down]
        keys += [(0.7 * deep * size, 0.7 * lean * size, 0, 0.3 * swing, 30, 0)]
        seconds += [down + u(0.12, 0.2)]
        first, last = int(np.ceil(off * FPS)), int(np.floor(down * FPS))
        if flight > 0:
            air[max(first, 0) : max(last, 0)] = True
        moments.append((now, off, down))
        now = seconds[-1] + 0.02
        if not repeat:
            keys.append((0.02, 4, 0, 0, 16, 0))
            seconds.append(now + u(0.35, 0.6))
            now = seconds[-1] + u(0.1, 0.9)
    course = dict(zip(_COURSE, key_curve(seconds, np.array(keys, float), frames).T, strict=True))
    feet = feet_apart(generator, frames, (0.08, 0.18), 0.03)
    heel_up = np.radians(course["heel"])[:, None] * np.ones(2)
    back = 0.35 * course["drop"]
    angles = stance(
        generator,
        body,
        replace(feet, heel_up=heel_up),
        drop_m=course["drop"],
        lean=np.radians(course["lean"]),
        back_m=back,
        sway=0.4,
    )
    add(angles, hip_flex=np.radians(85) * course["fold"], knee=np.radians(95) * course["fold"])
    out, rot = np.radians(u(8, 26)), np.radians(u(-5, 25))
    for side in ("left", "right"):
        lifted = np.radians(course["arm"]) + np.radians(u(-4, 4))
        values = np.stack([lifted, out + 0.15 * np.abs(lifted), rot + 0 * lifted, np.radians(course["elbow"])], axis=-1)
        arms.set_arm(angles, side, values)
    return replace(still(angles), airborne=air), moments


def jump(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """One of the ways to jump."""
    how = generator.uniform()
    if how < 0.16:
        return jumping_jacks(generator, frames, body)
    if how < 0.38:
        return hop(generator, frames, body)
    repeat = how < 0.58
    flight = generator.uniform(0.2, 0.4) if repeat else generator.uniform(0.28, 0.6)
    motion, _ = jump_course(generator, frames, body, flight, repeat)
    glide = np.zeros((frames, 2))
    if generator.uniform() < 0.5:
        glide += [generator.normal() * 0.3, generator.uniform(-0.5, 2.0)]
    turn = np.where(motion.airborne, generator.normal() * 2.0 * (generator.uniform() < 0.35), 0.0)
    angles = motion.angles
    if generator.uniform() < 0.3:  # hands where they like instead of swinging
        angles = overlay(angles, arms.signals(generator, frames, body), arms.ARM_CHANNELS)
    return replace(motion, angles=angles, glide_m_s=glide * motion.airborne[:, None], turn_rate=turn)


def jumping_jacks(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Legs and arms apart and together in small jumps."""
    hertz = generator.uniform(0.7, 1.1)
    phase = generator.uniform() + hertz * times(frames)
    apart = 0.5 * (1 - np.cos(2 * np.pi * phase))
    fast = np.abs(np.sin(2 * np.pi * phase))
    angles = np.repeat(pose(knee=12, hip_flex=8, ankle=4)[None], frames, axis=0)
    wide, high = np.radians(generator.uniform(14, 26)), np.radians(generator.uniform(80, 150))
    bent = np.radians(16) * (1 - fast)
    add(angles, hip_abd=wide * apart, ankle_inv=-0.6 * wide * apart, arm_abd=high * apart, elbow=np.radians(18) * fast)
    add(
        angles,
        knee=bent,
        hip_flex=0.5 * bent,
        ankle=0.5 * bent - np.radians(22) * fast,
        toe=np.radians(20) * (1 - fast),
    )
    return replace(still(angles), airborne=fast > 0.75)


def hop(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Hopping on one leg, or skipping from one to the other, on the spot or forward."""
    u = generator.uniform
    hertz, skipping = u(1.3, 2.2), generator.uniform() < 0.4
    phase = u() + hertz * times(frames)
    flying = (phase % 1.0) > u(0.55, 0.65)
    bent = np.cos(2 * np.pi * (phase - 0.28))
    stand = np.stack([14 + 8 * bent, 26 + 14 * bent, 8 + 14 * bent - 20 * flying, 15 - 10 * bent], axis=-1)
    held = np.array([u(5, 70), u(60, 110), -8.0, 0.0]) + np.stack([6 * bent, 5 * bent, 0 * bent, 0 * bent], axis=-1)
    turns = np.floor(phase) % 2 if skipping else np.zeros(frames)
    weight = np.clip(np.convolve(np.pad(turns, 4, mode="edge"), np.ones(9) / 9, "valid"), 0, 1)[:, None]
    angles = np.repeat(pose(spine_flex=u(0, 15), elbow=u(20, 90), arm_abd=u(8, 40))[None], frames, axis=0)
    for side, share in (("right", weight), ("left", 1 - weight)):
        values = np.radians(share * stand + (1 - share) * held)
        for column, name in enumerate(("hip_flex", "knee", "ankle", "toe")):
            angles[:, INDEX[f"{side}_{name}"]] = values[:, column]
    tilt = np.radians(5) * (weight[:, 0] - 0.5) * 2
    add(angles, pelvis_roll=-tilt, spine_side=0.8 * tilt, left_hip_abd=0.0 - tilt, right_hip_abd=tilt)
    add(angles, arm_flex=np.radians(u(4, 22)) * bent)
    glide = np.array([generator.normal() * 0.15, u(-0.2, 1.4)]) * flying[:, None]
    return replace(still(angles), airborne=flying, glide_m_s=glide)
