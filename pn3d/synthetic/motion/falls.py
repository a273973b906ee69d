"""Falls: stumbling forward, slipping backward, toppling sideways, fainting; and lying there."""

import numpy as np

from pn3d.synthetic.motion.balance import on_feet
from pn3d.synthetic.motion.key_poses import KEY_POSES as _P
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.phrases import STANDING, Step, act, merged, while_at, whole_body
from pn3d.synthetic.motion.timing import FPS, Motion

_ON_SIDE = {"pitch": 0.0, "spin": 0.0, "roll": 90.0}
_FALLS: dict[str, tuple[tuple[str, float], ...]] = {
    "forward": (("trip", 0.32), ("knees", 0.28), ("hands", 0.26), ("prone", 0.3)),
    "backward": (("slip", 0.34), ("seat", 0.3), ("back", 0.26), ("supine", 0.4)),
    "sideways": (("lean", 0.4), ("hip", 0.34), ("side", 0.28)),
    "faint": (("faint", 0.5), ("hip", 0.42), ("curled", 0.4)),
}
_LYING: dict[str, dict[str, float]] = {
    "prone": _P["floor.prone"],
    "supine": _P["floor.supine"],
    "side": merged(_P["floor.side"], **_ON_SIDE),
    "curled": merged(_P["floor.side"], **_ON_SIDE, spine_flex=24.0, hip_flex=52.0, knee=74.0),
}


def fall(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """One fall out of standing, or two where the clip is long enough; who lies stirs a little."""
    steps: list[Step] = [(STANDING, 0.3, generator.uniform(0.3, 1.4))]
    for fall_number in range(1 + int(frames / FPS > 8)):
        kind = str(generator.choice(list(_FALLS)))
        for name, travel in _FALLS[kind]:
            pose_deg = _LYING.get(name) or _P[f"fall.{name}"]
            steps.append((pose_deg, travel, 0.0))
        lying = steps[-1][0]
        steps[-1] = (lying, steps[-1][1], generator.uniform(0.4, 1.2))
        for _ in range(3 if fall_number else 5):
            stirred = {n: lying.get(n, 10.0) + 9.0 * generator.normal() for n in ("arm_abd", "elbow", "neck_turn")}
            steps.append((merged(lying, **stirred), generator.uniform(0.6, 1.2), generator.exponential(0.6)))
        if fall_number == 0 and frames / FPS > 8:
            steps.append((STANDING, 2.5, 0.5))
    angles, tumble, reached = act(generator, frames, body, steps, spread_deg=3.5, pace=generator.uniform(0.9, 1.3))
    upright = while_at(reached, [not s for s, _, _ in steps], frames, 0.3)
    return whole_body(*on_feet(angles, tumble, body, upright))
