"""Motion beyond the everyday by family: what may be drawn beside ``catalogue.MOTIONS``."""

from pn3d.synthetic.motion import acrobatics, combat, dance_phrases, falls, floor, work
from pn3d.synthetic.motion.random_poses import random_poses
from pn3d.synthetic.motion.timing import MotionMaker

FAMILIES: dict[str, dict[str, tuple[float, MotionMaker]]] = {
    "floor": {
        "lie": (0.14, floor.lie),
        "roll_over": (0.10, floor.roll_over),
        "crawl": (0.14, floor.crawl),
        "get_up": (0.22, floor.get_up),
        "sit_floor": (0.14, floor.sit_floor),
        "push_up": (0.08, floor.push_up),
        "sit_up": (0.08, floor.sit_up),
        "plank": (0.10, floor.plank),
    },
    "yoga": {
        "yoga_floor": (0.45, floor.yoga_floor),
        "bridge": (0.15, floor.bridge),
        "yoga_balance": (0.40, floor.yoga_balance),
    },
    "acrobatics": {
        "cartwheel": (0.25, acrobatics.cartwheel),
        "handstand": (0.25, acrobatics.handstand),
        "forward_roll": (0.25, acrobatics.forward_roll),
        "turn_jump": (0.25, acrobatics.turn_jump),
    },
    "dance": {
        "leap": (0.20, dance_phrases.leap),
        "pirouette": (0.20, dance_phrases.pirouette),
        "arabesque": (0.18, dance_phrases.arabesque),
        "high_kick": (0.18, dance_phrases.high_kick),
        "plies": (0.10, dance_phrases.plies),
        "isolations": (0.14, dance_phrases.isolations),
    },
    "combat": {
        "fight_kick": (0.40, combat.fight_kick),
        "kata": (0.35, combat.kata),
        "sword": (0.25, combat.sword),
    },
    "work": {
        "carry": (0.20, work.carry),
        "lift": (0.20, work.lift),
        "sweep": (0.20, work.sweep),
        "dig": (0.20, work.dig),
        "climb": (0.20, work.climb),
    },
    "falls": {"fall": (1.0, falls.fall)},
}
"""Family -> name -> (share within the family, maker). Families are drawn equally often. Our choice."""

RANDOM_POSES = "random_poses"
FAMILY_MOTIONS: dict[str, MotionMaker] = {
    **{name: maker for family in FAMILIES.values() for name, (_, maker) in family.items()},
    RANDOM_POSES: random_poses,
}
"""Every maker of this module by the name of its motion."""
