"""Motion beyond the everyday by family: what may be drawn beside ``catalogue.MOTIONS``."""

from pn3d.synthetic.motion import acrobatics, combat, dance_phrases, falls, floor, work
from pn3d.synthetic.motion.random_poses import random_poses
from pn3d.synthetic.motion.timing import MotionMaker


def _by_name(*makers: tuple[float, MotionMaker]) -> dict[str, tuple[float, MotionMaker]]:
    return {maker.__name__: (share, maker) for share, maker in makers}


FAMILIES: dict[str, dict[str, tuple[float, MotionMaker]]] = {
    "floor": _by_name(
        *((0.14, floor.lie), (0.10, floor.roll_over), (0.14, floor.crawl), (0.22, floor.get_up)),
        *((0.14, floor.sit_floor), (0.08, floor.push_up), (0.08, floor.sit_up), (0.10, floor.plank)),
    ),
    "yoga": _by_name((0.45, floor.yoga_floor), (0.15, floor.bridge), (0.40, floor.yoga_balance)),
    "acrobatics": _by_name(
        *((0.25, acrobatics.cartwheel), (0.25, acrobatics.handstand)),
        *((0.25, acrobatics.forward_roll), (0.25, acrobatics.turn_jump)),
    ),
    "dance": _by_name(
        *((0.20, dance_phrases.leap), (0.20, dance_phrases.pirouette), (0.18, dance_phrases.arabesque)),
        *((0.18, dance_phrases.high_kick), (0.10, dance_phrases.plies), (0.14, dance_phrases.isolations)),
    ),
    "combat": _by_name((0.40, combat.fight_kick), (0.35, combat.kata), (0.25, combat.sword)),
    "work": _by_name(*((0.20, maker) for maker in (work.carry, work.lift, work.sweep, work.dig, work.climb))),
    "falls": _by_name((1.0, falls.fall)),
}
"""Family -> name -> (share within the family, maker). Families are drawn equally often. Our choice."""

RANDOM_POSES = "random_poses"
FAMILY_MOTIONS: dict[str, MotionMaker] = {
    **{name: maker for family in FAMILIES.values() for name, (_, maker) in family.items()},
    RANDOM_POSES: random_poses,
}
"""Every maker of this module by the name of its motion."""
