"""On the floor: lying on all sides, rolling, crawling, sitting down and getting up, and exercises there.

Phrases of ``key_poses``; parts that carry the body are made level frame by frame (``balance``).
"""

import numpy as np

from pn3d.synthetic.motion.balance import folded_shanks, level, on_feet
from pn3d.synthetic.motion.key_poses import KEY_POSES as _P
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.phrases import STANDING, Step, act, merged, opposite, repeated, while_at, whole_body
from pn3d.synthetic.motion.timing import FPS, Motion, add, times

_LYING = ("supine", "nap", "bent", "one_knee", "prone", "prone_low", "side", "curled", "side_head", "supine_up")
_UPPER, _LOWER = ("chest", "shoulder", "head", "elbow"), ("knee", "ankle", "heel", "toes")
_SITTING = ("long_sit", "reach_sit", "straddle", "crossed", "hug", "side_sit")


def _floor(name: str, **more: float) -> dict[str, float]:
    return merged(_P[f"floor.{name}"], **more)


def _either(generator: np.random.Generator, pose_deg: dict[str, float]) -> dict[str, float]:
    return opposite(pose_deg) if generator.uniform() < 0.5 else pose_deg


def lie(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Lying on the back, a side or the front, changing how now and then."""
    steps: list[Step] = []
    for _ in range(int(frames / FPS / 1.2) + 2):
        now = _either(generator, _floor(str(generator.choice(_LYING))))
        if now["pitch"] > 0:  # onto the front over a side, not through the air
            now = merged(now, pitch=-90.0, spin=180.0)
        steps.append((now, generator.uniform(0.9, 1.6), generator.exponential(1.2)))
    angles, tumble, _ = act(generator, frames, body, steps, spread_deg=5.0)
    return whole_body(angles, level(angles, tumble, body, _UPPER, _LOWER, ahead=-1.0))


def roll_over(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Rolling over and over about the long axis, arms beside the head or close to the body."""
    up = generator.uniform() < 0.5
    back, front = (_floor("supine_up"), _floor("prone_up")) if up else (_floor("supine"), _floor("prone_low"))
    close = {} if up else {"arm_abd": 10.0, "arm_flex": 12.0, "elbow": 40.0, "arm_rot": 40.0}
    quarter, sign = generator.uniform(0.3, 0.6), generator.choice([-1.0, 1.0])
    steps: list[Step] = [(back, 0.3, generator.uniform(0.0, 0.6))]
    for turn in range(1, int(frames / FPS / (1.2 * quarter)) + 3):
        side = merged(front if turn % 2 else back, pitch=-90.0, spin=sign * 180.0 * turn, neck_turn=0.0, **close)
        steps.append((side, 2 * quarter, 0.0))
    angles, tumble, _ = act(generator, frames, body, steps, spread_deg=4.0)
    wobble = np.abs(np.sin(tumble[:, 2]))
    add(angles, left_hip_flex=np.radians(18) * wobble, left_knee=np.radians(25) * wobble, spine_turn=-0.12 * wobble)
    return whole_body(angles, level(angles, tumble, body, _UPPER, _LOWER, ahead=-1.0))


def crawl(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """On hands and knees, or on hands and feet as a bear, opposite limbs together."""
    bear = generator.uniform() < 0.35
    base = _floor("bear" if bear else "fours")
    angles, tumble, _ = act(generator, frames, body, [(base, 0.1, 0.0)], spread_deg=3.0)
    hertz, stride = generator.uniform(0.5, 1.1), np.radians(generator.uniform(14, 22))
    cycle = 2 * np.pi * (generator.uniform() + hertz * times(frames))
    for side, shift in (("left", 0.0), ("right", np.pi)):
        swing, lifted = np.sin(cycle + shift), np.clip(np.cos(cycle + shift), 0.0, None)
        arm_swing, arm_lift = np.sin(cycle + shift + np.pi), np.clip(np.cos(cycle + shift + np.pi), 0.0, None)
        values = {"hip_flex": stride * swing, "arm_flex": 0.9 * stride * arm_swing + 0.1 * arm_lift}
        values |= {"knee": 0.5 * lifted if bear else 0.20 * lifted, "elbow": 0.55 * arm_lift}
        values |= {"hip_abd": 0.06 * lifted}
        add(angles, **{f"{side}_{name}": value for name, value in values.items()})
    sway = np.radians(generator.uniform(3, 8)) * np.sin(cycle)
    add(angles, spine_side=sway, spine_turn=0.5 * sway, neck_turn=-0.5 * sway)
    feet = ("toes", "ball") if bear else ("knee",)
    tumble = level(angles, tumble, body, ("hand", "wrist"), feet)
    angles = angles if bear else folded_shanks(angles, tumble, body)
    turn = np.radians(generator.normal() * 12) * np.ones(frames)
    return whole_body(angles, level(angles, tumble, body, ("hand", "wrist"), feet), turn_rate=turn)


_DOWN: tuple[tuple[str, float], ...] = (("low_back", 0.9), ("long_sit", 0.7), ("half_up", 0.8), ("supine", 0.9))
_UP: tuple[tuple[str, float], ...] = (
    *(("elbow_up", 1.0), ("side_sit", 0.9), ("fours", 0.9), ("one_down", 0.9)),
    *(("halfway", 0.6), ("stand", 0.6)),
)


def get_up(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Sitting down on the floor, lying down, and getting up over a side, hands and a knee; or any part of it."""
    stand: Step = (STANDING, 0.6, generator.uniform(0.2, 1.0))
    rest = str(generator.choice(_LYING[:4]))
    shown = [stand]
    for name, travel in _DOWN[: int(generator.integers(2, 5))]:
        shown.append((_floor(rest if name == "supine" else name), travel, generator.exponential(0.3)))
    if len(shown) == 3 and generator.uniform() < 0.7:
        shown[-1] = (_floor(str(generator.choice(_SITTING))), 0.9, generator.uniform(0.5, 1.5))
    lying = len(shown) == 5
    up = _UP if lying and generator.uniform() < 0.7 else (("low_back", 0.9), ("low", 0.4), ("stand", 0.7))
    for name, travel in up:
        shown.append((STANDING if name == "stand" else _floor(name), travel, 0.05))
    shown = [step for _ in range(4) for step in shown]
    first = int(generator.integers(0, 6))
    steps = [shown[first], *shown[first + 1 :]]
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=3.0)
    upright = [len(pose_deg) == 0 or ("rest" not in pose_deg and pose_deg["pitch"] < 30) for pose_deg, _, _ in steps]
    feet = while_at(reached, upright, frames)
    kneels = while_at(reached, ["right_ankle" in p and p.get("right_knee") == 92 for p, _, _ in steps], frames)
    return whole_body(*on_feet(angles, tumble, body, feet, right=1 - kneels))


def sit_floor(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Sitting on the floor in changing ways, and on the heels."""
    names = generator.choice((*_SITTING, "heels"), int(frames / FPS / 1.5) + 3)
    steps = [
        (_either(generator, _floor(str(n))), generator.uniform(0.8, 1.4), generator.exponential(1.5)) for n in names
    ]
    angles, tumble, _ = act(generator, frames, body, steps, spread_deg=5.0)
    return whole_body(angles, tumble)


def push_up(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Push-ups, at times with the knees on the floor."""
    knees = {"knee": 70.0, "ankle": -40.0, "toe": 0.0, "hip_flex": -4.0} if generator.uniform() < 0.25 else {}
    wide = generator.uniform(0, 25)
    high = _floor("plank", **{**knees, "arm_abd": 6.0 + 0.6 * wide})
    low = _floor("press", **{**knees, "arm_abd": 34.0 + wide})
    pace = generator.uniform(0.45, 1.1)
    cycle: list[Step] = [(low, pace, 0.05), (high, pace, generator.exponential(0.25))]
    angles, tumble, _ = act(generator, frames, body, repeated(cycle, frames), spread_deg=2.0, pace=1.0)
    feet = ("knee",) if knees else ("toes", "ball")
    return whole_body(angles, level(angles, tumble, body, ("hand", "wrist"), feet))


def sit_up(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Sit-ups and crunches with bent knees, feet on the floor."""
    arms_out = [{}, {"arm_abd": 15.0, "arm_flex": 70.0, "elbow": 10.0}, {"arm_flex": 40.0, "elbow": 120.0}]
    hands = arms_out[generator.integers(3)]
    far = generator.uniform(0.4, 1.0)
    down, full = _floor("curl_down", **hands), _floor("curl_up", **hands)
    top = {"pitch": -90 + 62 * far, "hip_flex": 54 + 62 * far, "spine_flex": 58.0 - 12 * far}
    pace = generator.uniform(0.5, 1.1)
    cycle: list[Step] = [(merged(full, **top), pace, 0.05), (down, pace, generator.exponential(0.15))]
    angles, tumble, _ = act(generator, frames, body, repeated(cycle, frames), spread_deg=2.5, pace=1.0)
    return whole_body(angles, level(angles, tumble, body, ("seat", "waist"), ("heel", "ball"), ahead=-1.0))


def plank(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Held: plank on hands or elbows, or a side plank on hand or elbow; hips dip, a leg or an arm is lifted."""
    kind = str(generator.choice(["plank", "elbows", "tip_side", "tip_elbow"]))
    base = _floor(kind)
    lifted = {"right_hip_flex": -14.0} if kind in ("plank", "elbows") else {"right_hip_abd": generator.uniform(8, 32)}
    dip = {"hip_flex": generator.uniform(8, 22)} if kind in ("plank", "elbows") else {"spine_side": 8.0}
    options = [base, merged(base, **dip), merged(base, **lifted), base]
    steps: list[Step] = [(base, 0.4, 0.8)]
    for _ in range(int(frames / FPS / 0.9) + 2):
        steps.append((options[generator.integers(4)], generator.uniform(0.5, 1.0), generator.exponential(0.7)))
    angles, tumble, _ = act(generator, frames, body, steps, spread_deg=2.0)
    hold = {"plank": ("hand", "wrist"), "elbows": ("elbow",), "tip_side": ("left_hand",), "tip_elbow": ("left_elbow",)}
    feet = ("toes", "ball") if kind in ("plank", "elbows") else ("left_ankle", "left_heel", "left_ball")
    if generator.uniform() < 0.5 and kind == "plank":  # mountain climbers
        beat = np.clip(np.sin(2 * np.pi * generator.uniform(0.6, 1.4) * times(frames)), -1, 1)
        for side, part in (("left", np.clip(beat, 0, None)), ("right", np.clip(-beat, 0, None))):
            add(angles, **{f"{side}_hip_flex": 1.6 * part, f"{side}_knee": 1.5 * part})
    ahead = 1.0 if kind in ("plank", "elbows") else -1.0
    return whole_body(angles, level(angles, tumble, body, hold[kind], feet, ahead=ahead))


_FLOW = ("fours", "cat", "cow", "bird", "child", "dog", "dog_leg", "plank", "cobra", "runner", "locust")
_BACK = ("supine", "bent", "shoulders", "boat", "reach_sit", "straddle", "candle", "plough", "crossed")
_LEVELLED = {
    **dict.fromkeys(("fours", "cat", "cow", "bird"), (("hand", "wrist"), ("knee", "toes", "ball"), 1.0)),
    **dict.fromkeys(("dog", "dog_leg", "plank", "runner"), (("hand", "wrist"), ("toes", "ball", "heel"), 1.0)),
    "cobra": (("hand", "wrist"), ("thigh", "knee"), 1.0),
    "child": (("hand", "wrist"), ("knee", "shank"), 1.0),
    "shoulders": (("shoulder", "chest"), ("heel", "ball"), -1.0),
    "wheel": (("hand", "wrist"), ("heel", "ball"), -1.0),
}


def yoga_floor(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """A flow of floor postures: dog, cobra, child, cat and cow, or bridge, boat, candle, plough."""
    names = _FLOW if generator.uniform() < 0.6 else _BACK
    drawn = [str(generator.choice(names)) for _ in range(int(frames / FPS / 1.6) + 3)]
    side = _either(generator, {"left_arm": 1.0})
    mirror_all = "right_arm" in side
    steps: list[Step] = []
    for name in drawn:
        step = _floor(name)
        steps.append((opposite(step) if mirror_all else step, generator.uniform(0.9, 1.5), generator.uniform(0.5, 2.0)))
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=3.0)
    return whole_body(angles, _levelled(angles, tumble, body, drawn, reached))


def _levelled(
    angles: np.ndarray, tumble: np.ndarray, body: Dimensions, names: list[str], reached: np.ndarray
) -> np.ndarray:
    """Each posture level over the parts that carry it."""
    for fore, aft, ahead in dict.fromkeys(_LEVELLED.values()):
        chosen = [_LEVELLED.get(name) == (fore, aft, ahead) for name in names]
        if any(chosen):
            weight = while_at(reached, chosen, len(angles))
            tumble = tumble + weight[:, None] * (level(angles, tumble, body, fore, aft, ahead=ahead) - tumble)
    return tumble


def bridge(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """From lying with bent knees up into the wheel on hands and feet, or the shoulder bridge, and down again."""
    kind = "wheel" if generator.uniform() < 0.6 else "shoulders"
    ready = {"arm_flex": 150.0, "elbow": 110.0, "arm_abd": 30.0} if kind == "wheel" else {}
    cycle: list[Step] = [
        (_floor("bent", **ready), 0.9, 0.5),
        (_floor(kind), 1.2, generator.uniform(0.8, 2.5)),
    ]
    steps = repeated(cycle, frames)
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=2.5)
    names = ["other" if "rest" in pose_deg else kind for pose_deg, _, _ in steps]
    return whole_body(angles, _levelled(angles, tumble, body, names, reached))


def yoga_balance(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Standing postures: tree, warrior three, dancer, half moon on one leg; chair, forward fold, arms up on both."""
    single, both = ("tree", "prayer", "warrior3", "dancer", "half_moon"), ("chair", "fold", "up", "hands")
    steps: list[Step] = []
    alone: list[bool] = []
    for _ in range(int(frames / FPS / 1.6) + 3):
        one = generator.uniform() < 0.65
        name = str(generator.choice(single if one else both))
        steps.append((_P[f"yoga.{name}"], generator.uniform(0.9, 1.5), generator.uniform(0.6, 2.2)))
        alone.append(one)
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=3.0)
    one_leg = while_at(reached, alone, frames)
    return whole_body(*on_feet(angles, tumble, body, right=1 - one_leg))
