"""Quick whole-body actions from key poses: kicking, throwing, boxing, dribbling, shooting, swinging, kneeling.

Key poses (``key_poses``) follow one another as wind-up, action and follow-through; times and sizes are our choice and
vary from clip to clip and from one repetition to the next.
"""

from dataclasses import replace

import numpy as np

from pn3d.synthetic.motion import arms, gaits
from pn3d.synthetic.motion.angles import INDEX, pose
from pn3d.synthetic.motion.jumps import jump_course
from pn3d.synthetic.motion.key_poses import key_pose
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.stances import feet_apart, stance
from pn3d.synthetic.motion.timing import FPS, Motion, add, cross_fade, key_curve, overlay, smooth_noise, still, times


def _acted(
    generator: np.random.Generator, frames: int, keys: list[tuple[float, np.ndarray]], spread_deg: float = 4.0
) -> np.ndarray:
    """(T, D) through key poses at seconds, each a little different from the last time; rests, then does it again."""
    seconds: list[float] = []
    poses: list[np.ndarray] = []
    now = generator.uniform(0.0, 0.6)
    while not seconds or now < frames / FPS:  # once even where the clip ends before it begins
        pace, size = generator.uniform(0.85, 1.35), generator.uniform(0.8, 1.1)
        rest = keys[0][1]
        for when, key in keys:
            seconds.append(now + pace * when)
            poses.append(rest + size * (key - rest) + np.radians(spread_deg) * generator.normal(size=key.shape))
        now = seconds[-1] + generator.uniform(0.15, 1.0)
    return key_curve(seconds, np.array(poses), frames)


def kick(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """A soccer kick with the right leg, often after a run-up; passes, shots and volleys by their size."""
    names = ("ready", "plant", "strike", "through", "land", "ready")
    higher = {"through": {"right_hip_flex": generator.uniform(-30, 30)}}
    poses = [key_pose(f"kick.{name}", **higher.get(name, {})) for name in names]
    keys = list(zip((0.0, 0.30, 0.46, 0.64, 0.98, 1.35), poses, strict=True))
    approach, overlap = int(generator.integers(20, 70)), 12
    if generator.uniform() < 0.3 or frames < approach + 60:
        return still(_acted(generator, frames, keys))
    runs = generator.uniform() < 0.7
    style = gaits.jog_or_run(generator) if runs else gaits.natural_walk(generator)
    style = replace(style, legs=min(style.legs, 0.85), elbow=min(style.elbow, 65.0))
    path = 0.3 * gaits.wandering(generator, approach + overlap, 1.0)
    lead = gaits.gait(generator, approach + overlap, style, runs, path)
    lead = replace(lead, airborne=lead.airborne & (np.arange(lead.frames) < approach))
    return cross_fade(lead, still(_acted(generator, frames - approach, keys, 6.0)), overlap)


def throw(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """An overarm throw with the right arm and a step of the left foot; at times underarm."""
    ready = key_pose("throw.ready")
    if generator.uniform() < 0.3:
        seconds, names = (0.5, 0.8, 1.0, 1.6), ("bowl.wind", "bowl.loose", "bowl.after", "throw.ready")
    else:
        seconds, names = (0.5, 0.82, 0.98, 1.25), ("throw.wind", "throw.cocked", "throw.loose", "throw.after")
    keys = [(0.0, ready), *((when, key_pose(name)) for when, name in zip(seconds, names, strict=True)), (1.9, ready)]
    return still(_acted(generator, frames, keys))


def box(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Guard, jabs, crosses, hooks and uppercuts, bouncing on staggered feet."""
    bounce = 0.012 * np.sin(2 * np.pi * generator.uniform(1.2, 2.2) * times(frames))
    feet = feet_apart(generator, frames, (0.12, 0.20))
    feet = replace(feet, forward_m=np.array([0.17, -0.17]), heel_up=np.radians([[4.0, 22.0]]) * np.ones((frames, 1)))
    twist = np.zeros(frames)
    guard = {side: arms.named_arm("guard", generator, body, 0.6) for side in ("left", "right")}
    seconds: dict[str, list[float]] = {"left": [-2.0], "right": [-2.0]}
    keys = {side: [guard[side]] for side in guard}
    now = generator.uniform(0.0, 0.5)
    while now < frames / FPS:
        side = str(generator.choice(["left", "left", "right"]))
        kind = generator.choice(["forward", "across", "uppercut", "hook"], p=[0.55, 0.15, 0.12, 0.18])
        blow = {
            "uppercut": np.radians([55.0, 5.0, 10.0, 95.0]),
            "hook": np.radians([45.0, 70.0, 55.0, 85.0]),
        }.get(str(kind), np.zeros(4))
        if kind in ("forward", "across"):
            blow = arms.named_arm(str(kind), generator, body, 0.7)
        seconds[side] += [now, now + generator.uniform(0.13, 0.2), now + generator.uniform(0.34, 0.5)]
        keys[side] += [guard[side], blow, guard[side] + 0.05 * generator.normal(size=4)]
        sign = -1.0 if side == "left" else 1.0
        twist += sign * generator.uniform(0.3, 0.6) * np.exp(-0.5 * ((times(frames) - now - 0.17) / 0.11) ** 2)
        now += generator.uniform(0.36, 1.1)
        seconds[side][-1] = min(seconds[side][-1], now - 0.02)
    lean = np.radians(12 + 7 * smooth_noise(generator, frames, 1, 0.3, 1.0)[:, 0])
    angles = stance(generator, body, feet, drop_m=0.06 + bounce + 0.04 * np.abs(twist), lean=lean, sway=1.2)
    for name in guard:
        arms.set_arm(angles, name, key_curve(seconds[name], np.array(keys[name]), frames))
    return still(
        add(angles, pelvis_yaw=-0.25 + 0.35 * twist, spine_turn=-0.15 + 0.75 * twist, neck_turn=0.35 - 0.8 * twist)
    )


def dribble(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Bouncing a ball with one hand while walking, running or crouching; at times it changes hands."""
    how, u = generator.uniform(), generator.uniform
    if how < 0.4:
        style = replace(gaits.natural_walk(generator), crouch=u(4, 18), lean=u(4, 18), legs=u(0.5, 1.0))
        base = gaits.gait(generator, frames, style, False, gaits.wandering(generator, frames, 1.2))
    elif how < 0.7:
        style = replace(gaits.jog_or_run(generator), crouch=u(2, 10), legs=u(0.6, 0.95))
        base = gaits.gait(generator, frames, style, True, gaits.wandering(generator, frames, 1.0))
    else:
        lean = np.radians(u(10, 40) + 6 * smooth_noise(generator, frames, 1, 0.2, 0.8)[:, 0])
        feet = feet_apart(generator, frames, (0.12, 0.28), 0.16)
        base = still(stance(generator, body, feet, drop_m=u(0.03, 0.22), lean=lean, back_m=0.08, sway=1.5))
    bounce = np.sin(
        2 * np.pi * u(1.3, 2.2) * times(frames) * (1 + 0.05 * smooth_noise(generator, frames, 1, 0.2, 0.6)[:, 0])
    )
    angles = base.angles.copy()
    swap = 0.5 + 0.5 * np.tanh(4 * smooth_noise(generator, frames, 1, 0.08, 0.25)[:, 0] + 5 * generator.normal())
    guard = arms.named_arm(str(generator.choice(["offer", "wide_low", "hang", "guard"])), generator, body)
    for side, busy in (("right", swap), ("left", 1 - swap)):
        low = np.radians([u(12, 40), u(10, 26), u(-5, 25), u(45, 70)])
        pumping = low + bounce[:, None] * np.radians([u(5, 13), 1.0, 3.0, u(16, 32)])
        arms.set_arm(angles, side, busy[:, None] * pumping + (1 - busy[:, None]) * guard)
    add(angles, neck_flex=np.radians(u(-5, 20)), spine_side=np.radians(6) * (1 - 2 * swap))
    return replace(base, angles=angles)


def shoot(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Ball to the chest, knees bent, jump, arms up, wrist over: a basketball shot; or a chest pass without the jump."""
    jumping = generator.uniform() < 0.7
    motion, moments = jump_course(generator, frames, body, 0.45 if jumping else 0.0)
    seconds, keys = [-1.0], [arms.named_arm("chest", generator, body)]
    for start, off, down in moments:
        chest, face = arms.named_arm("chest", generator, body), arms.named_arm("face", generator, body)
        high = arms.named_arm("forward_high" if jumping or generator.uniform() < 0.3 else "forward", generator, body)
        seconds += [start, 0.5 * (start + off), off + 0.12, max(down, off + 0.35), down + 0.5]
        keys += [chest, face if jumping else chest, high, high, arms.named_arm("hang", generator, body)]
    order = np.argsort(seconds)
    curve = key_curve(np.array(seconds)[order] + 1e-3 * np.arange(len(order)), np.array(keys)[order], frames)
    angles = motion.angles.copy()
    for side in ("left", "right"):
        arms.set_arm(angles, side, curve + np.radians(5) * generator.normal(size=4))
    return replace(motion, angles=angles)


def swing(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """A club, bat or racket swung with both hands or one, from the right side to the left."""
    lean, high, wide = np.radians(generator.uniform(5, 40)), generator.uniform(-40, 40), generator.uniform(-8, 8)
    keys = [
        (0.0, key_pose("swing.ready")),
        (0.8, key_pose("swing.back", left_arm_flex=high, right_arm_flex=high, spine_turn=-wide)),
        (1.05, key_pose("swing.hit")),
        (1.35, key_pose("swing.after", left_arm_flex=high, right_arm_flex=high, spine_turn=wide)),
        (2.1, key_pose("swing.ready")),
    ]
    upper = _acted(generator, frames, keys, 3.0)
    feet = feet_apart(generator, frames, (0.16, 0.32), 0.06)
    yaw = upper[:, INDEX["pelvis_yaw"]]
    heel = np.radians(28) * np.stack([0.5 * np.clip(-yaw / 0.5, 0, 1), np.clip(yaw / 0.5, 0, 1)], axis=1)
    feet = replace(feet, heel_up=heel)
    angles = stance(generator, body, feet, drop_m=generator.uniform(0.03, 0.12), lean=lean, back_m=0.06)
    mixed = overlay(angles, upper, ("neck_turn", "spine_turn", *arms.ARM_CHANNELS))
    add(mixed, pelvis_yaw=0.8 * yaw, arm_flex=0.6 * lean)
    if generator.uniform() < 0.4:
        one = [f"left_{name}" for name in arms.ARM_CHANNELS]
        mixed = overlay(mixed, arms.resting_arms(generator, frames, body), one)
    return still(mixed)


def kneel(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Down on one knee or both, and up again; hands busy."""
    stand, lean = pose(), generator.uniform(-5, 25)
    half = key_pose("kneel.half")
    if generator.uniform() < 0.35:
        heels = generator.uniform(0, 40)
        down = key_pose("kneel.both", hip_flex=heels, knee=1.2 * heels, spine_flex=lean, pelvis_pitch=0.2 * lean)
    else:
        bent = 0.5 * lean
        down = key_pose("kneel.one", left_hip_flex=bent, right_hip_flex=bent, pelvis_pitch=bent, spine_flex=0.6 * lean)
    hold = generator.uniform(1.0, 4.0)
    keys = [(0.0, stand), (0.45, half), (0.95, down), (0.95 + hold, down), (1.5 + hold, half), (2.0 + hold, stand)]
    angles = _acted(generator, frames, keys, 2.0)
    busy = arms.handling if generator.uniform() < 0.5 else arms.resting_arms
    return still(overlay(angles, busy(generator, frames, body), arms.ARM_CHANNELS))
