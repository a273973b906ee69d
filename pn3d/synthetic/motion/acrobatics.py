"""Acrobatics: cartwheels, handstands, forward rolls, jumps with turns."""

from dataclasses import replace

import numpy as np

from pn3d.synthetic.motion.angles import INDEX
from pn3d.synthetic.motion.balance import balance, on_feet
from pn3d.synthetic.motion.jumps import jump_course
from pn3d.synthetic.motion.key_poses import KEY_POSES as _P
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.phrases import STANDING, Step, act, merged, while_at, whole_body
from pn3d.synthetic.motion.timing import FPS, Motion, add, smooth_over_time, times


def cartwheel(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Cartwheels to the left: sideways over the first foot, hand after hand, the second foot close behind the hands."""
    count = 1 + int(generator.integers(0, 3))
    turn_s = generator.uniform(1.7, 2.4)
    ready, spread = _P["wheel.ready"], _P["wheel.spread"]
    down = merged(spread, left_hip_abd=74.0, right_hip_abd=40.0, spine_side=26.0, left_arm_abd=150.0)
    over = merged(spread, left_hip_abd=40.0, right_hip_abd=74.0, spine_side=-26.0, right_arm_abd=150.0)
    steps: list[Step] = [(STANDING, 0.3, generator.uniform(0.0, 0.4)), (ready, 0.7, 0.2)]
    for wheel in range(count):
        start = 360.0 * wheel
        for pose_deg, roll, share in ((down, 78, 0.25), (spread, 180, 0.28), (over, 282, 0.25)):
            steps.append((merged(pose_deg, roll=start + roll), share * turn_s, 0.0))
        steps.append((merged(ready, roll=start + 360.0), 0.22 * turn_s, 0.1 if wheel + 1 < count else 0.3))
    steps.append((merged(STANDING, roll=360.0 * count), 0.7, 1.0))
    angles, tumble, _ = act(generator, frames, body, steps, spread_deg=2.5)
    return whole_body(angles, tumble)


def handstand(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Hands down, legs up one after the other, balance on the hands with legs together, apart or tucked, down again."""
    held = [_P["hand.stand"]]
    kinds = ("stand", "split", "straddle", "tuck")
    held += [_P[f"hand.{generator.choice(kinds)}"] for _ in range(int(generator.integers(0, 3)))]
    steps: list[Step] = [
        (STANDING, 0.3, generator.uniform(0.0, 0.3)),
        *((_P[f"hand.{n}"], s, 0.05) for n, s in (("reach", 0.6), ("lunge", 0.5), ("touch", 0.35), ("kick", 0.3))),
        *((pose_deg, generator.uniform(0.35, 0.8), generator.uniform(0.5, 1.5)) for pose_deg in held),
        *((_P[f"hand.{n}"], s, 0.05) for n, s in (("kick", 0.5), ("touch", 0.35), ("lunge", 0.45), ("reach", 0.5))),
        (STANDING, 0.6, 1.0),
    ]
    angles, tumble, reached = act(
        generator, frames, body, steps, spread_deg=2.0, lead_s=generator.uniform(0, 2.2) if frames < 240 else 0.3
    )
    up = while_at(reached, [s.get("pitch", 0.0) > 170 for s, _, _ in steps], frames)
    low = while_at(reached, [s.get("pitch", 0.0) < 10 for s, _, _ in steps], frames)
    tumble = balance(angles, tumble, body, np.ones((frames, 2)), up, ("hand", "wrist"))
    return whole_body(*on_feet(angles, tumble, body, low))


def forward_roll(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Forward rolls from a squat, tucked, up to a squat or to standing."""
    low, dive, tuck = _P["floor.low"], _P["floor.dive"], _P["floor.tuck"]
    roll_s = generator.uniform(0.8, 1.3)
    steps: list[Step] = [(STANDING, 0.3, generator.uniform(0.0, 0.4))]
    for roll in range(1 + int(generator.integers(0, 3))):
        before_deg = 360.0 * roll
        squat = merged(low, pitch=before_deg + low["pitch"])
        steps += [(squat, 0.7 if roll == 0 else 0.35, 0.1)]
        for pose_deg, pitch, share in ((dive, 92, 0.4), (tuck, 175, 0.3), (tuck, 265, 0.25), (tuck, 325, 0.25)):
            steps.append((merged(pose_deg, pitch=before_deg + pitch), share * roll_s, 0.0))
        steps.append((merged(low, pitch=before_deg + 360.0 + low["pitch"]), 0.25 * roll_s, 0.1))
        if generator.uniform() < 0.5:
            steps.append((merged(STANDING, pitch=before_deg + 360.0), 0.6, 0.3))
    if steps[-1][0].get("hip_flex"):
        steps.append((merged(STANDING, pitch=360.0 * round(steps[-1][0]["pitch"] / 360.0)), 0.7, 1.0))
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=2.5)
    upright = while_at(reached, [abs((s.get("pitch", 0.0) + 180) % 360 - 180) < 10 for s, _, _ in steps], frames, 0.3)
    return whole_body(*on_feet(angles, tumble, body, upright))


def turn_jump(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Jumps with half to one and a half turns about the long axis, arms close or up, at times tucked."""
    motion, moments = jump_course(generator, frames, body, generator.uniform(0.45, 0.68))
    rate, close = np.zeros(frames), np.zeros(frames)
    sign = generator.choice([-1.0, 1.0])
    for _, off, down in moments:
        turn = sign * generator.choice([np.pi, 2 * np.pi, 3 * np.pi], p=[0.3, 0.5, 0.2])
        now = times(frames)
        width = 0.33 * (down - off)
        bump = np.exp(-0.5 * ((now - 0.5 * (off + down)) / width) ** 2)
        whole = np.exp(-0.5 * ((np.arange(-2 * FPS, 2 * FPS) / FPS) / width) ** 2).sum() / FPS
        rate += turn * bump / whole
        close = np.maximum(close, bump)
    angles = motion.angles
    high = generator.uniform() < 0.4
    held = (
        {"arm_flex": 2.6, "elbow": 0.5} if high else {"arm_flex": 0.75, "elbow": 1.75, "arm_rot": 0.7, "arm_abd": 0.1}
    )
    weight = smooth_over_time(close, 1.0)
    for side in ("left", "right"):
        for name, value in held.items():
            column = f"{side}_{name}"
            angles[:, INDEX[column]] += weight * (value - angles[:, INDEX[column]])
    wind = -0.18 * np.gradient(smooth_over_time(rate, 4.0))
    add(angles, spine_turn=np.clip(wind * 3, -0.6, 0.6), neck_turn=np.clip(0.08 * rate, -0.7, 0.7))
    # feet leave the ground while it turns; what is turned before and after is on the balls of the feet
    return replace(motion, angles=angles, turn_rate=rate)
