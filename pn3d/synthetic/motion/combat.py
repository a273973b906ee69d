"""Fighting: kicks out of a guard, stances with blocks and punches, cuts with a sword."""

from collections.abc import Mapping

import numpy as np

from pn3d.synthetic.motion.balance import on_feet
from pn3d.synthetic.motion.key_poses import KEY_POSES as _P
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.phrases import Step, act, merged, opposite, while_at, whole_body
from pn3d.synthetic.motion.timing import FPS, Motion, times

_KICKS = {"front": ("chamber", "front"), "round": ("rchamber", "round"), "side": ("schamber", "sidek")}
_HANDS = ("punch", "high_block", "low_block", "out_block", "knife", "ready")


def fight_kick(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Front, roundhouse and side kicks: knee up, kick, knee back, out of a guard and into it."""
    guard = _P["fight.guard"]
    steps: list[Step] = [(guard, 0.3, generator.uniform(0.1, 0.6))]
    alone: list[bool] = [False]
    height = generator.uniform(0.75, 1.1)
    while len(steps) < frames / 9 + 5:
        chamber, kick = (_P[f"fight.{n}"] for n in _KICKS[str(generator.choice(list(_KICKS)))])
        kick = merged(kick, right_hip_flex=kick["right_hip_flex"] * height)
        for pose_deg, travel, hold in ((chamber, 0.3, 0.02), (kick, 0.17, 0.05), (chamber, 0.24, 0.02)):
            steps.append((pose_deg, travel, hold))
        steps.append((guard, 0.38, generator.exponential(0.5)))
        alone += [True, True, True, False]
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=3.0, pace=generator.uniform(1.0, 1.5))
    lifted = while_at(reached, alone, frames, 0.25)
    return whole_body(*on_feet(angles, tumble, body, right=1 - lifted))


def kata(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Deep stances with blocks and punches, held shortly, to either side, turning now and then."""
    steps: list[Step] = []
    for _ in range(int(frames / FPS / 0.8) + 3):
        legs = _P[f"kata.{generator.choice(['front', 'front', 'horse', 'back'])}"]
        hands: Mapping[str, float] = _P[f"hands.{generator.choice(_HANDS)}"]
        if generator.uniform() < 0.5:
            hands = opposite(hands)
        whole = merged(legs, **hands, spine_turn=float(generator.uniform(-20, 20)))
        whole = opposite(whole) if generator.uniform() < 0.5 else whole
        steps.append((whole, generator.uniform(0.35, 0.6), generator.uniform(0.2, 0.8)))
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=2.5)
    turns = generator.choice([0.0, 0.0, 0.5 * np.pi, -0.5 * np.pi, np.pi], len(reached))
    bump = np.exp(-0.5 * ((times(frames)[:, None] - reached + 0.2) / 0.12) ** 2) / (0.12 * np.sqrt(2 * np.pi))
    return whole_body(*on_feet(angles, tumble, body), turn_rate=bump @ turns)


def sword(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Cuts with a sword in both hands: from above, slanting and level, in a long stance."""
    high, low = _P["chop.up"], _P["chop.hit"]
    legs = {k: v for k, v in _P["kata.front"].items() if "hip" in k or "knee" in k or "ankle" in k}
    upper = lambda pose_deg: {k: v for k, v in pose_deg.items() if not k.startswith(("hip", "knee", "ankle"))}  # noqa: E731
    short = {k: 0.4 * v for k, v in legs.items()}
    side, through = _P["sword.side"], _P["sword.through"]
    guard = merged(short, **_P["sword.guard"])
    cuts = [
        (merged(upper(high), **short), merged(upper(low), **legs, pelvis_pitch=10.0, spine_flex=18.0)),
        (merged(side, **short), merged(through, **legs)),
        (merged(upper(high), **short, spine_turn=-30.0), merged(upper(low), **legs, spine_turn=30.0, spine_flex=22.0)),
    ]
    steps: list[Step] = [(guard, 0.4, 0.3)]
    while len(steps) < frames / 12 + 5:
        wind, cut = cuts[int(generator.integers(len(cuts)))]
        swapped = generator.uniform() < 0.5 and "spine_turn" in wind
        wind, cut = (opposite(wind), merged(opposite(cut), **legs)) if swapped else (wind, cut)
        steps += [(wind, generator.uniform(0.5, 0.8), 0.1), (cut, 0.28, generator.uniform(0.1, 0.5))]
        if generator.uniform() < 0.5:
            steps.append((guard, 0.6, generator.exponential(0.5)))
    angles, tumble, _ = act(generator, frames, body, steps, spread_deg=2.5)
    return whole_body(*on_feet(angles, tumble, body))
