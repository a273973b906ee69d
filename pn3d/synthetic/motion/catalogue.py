"""All the motions by name, and how a clip is put together from them."""

from dataclasses import dataclass, replace

import numpy as np

from pn3d.files.errors import UserError
from pn3d.synthetic.motion import arms, gaits, jumps, sports, stances
from pn3d.synthetic.motion.angles import channel_values, within_limits
from pn3d.synthetic.motion.families import FAMILIES, FAMILY_MOTIONS, RANDOM_POSES
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.timing import (
    Motion,
    MotionMaker,
    cross_fade,
    ease,
    mirrored,
    overlay,
    smooth_noise,
    smooth_over_time,
)


def _direct_traffic(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """Traffic signals while standing, or while stepping round to face another way."""
    busy = arms.traffic_signals(generator, frames, body)
    how = generator.uniform()
    base = stances.idle if how < 0.35 else stances.reach_out if how < 0.65 else gaits.turn
    motion = base(generator, frames, body)
    return replace(motion, angles=overlay(motion.angles, busy, arms.ARM_CHANNELS))


MOTIONS: dict[str, tuple[float, MotionMaker]] = {
    "walk": (0.15, gaits.walk),
    "styled_walk": (0.13, gaits.styled_walk),
    "run": (0.07, gaits.run),
    "turn": (0.04, gaits.turn),
    "sidestep": (0.02, gaits.sidestep),
    "idle": (0.03, stances.idle),
    "gesture": (0.12, stances.gesture),
    "direct_traffic": (0.06, _direct_traffic),
    "wave": (0.02, stances.wave),
    "handle": (0.02, stances.handle),
    "reach": (0.03, stances.reach_out),
    "stretch": (0.02, stances.stretch),
    "squat": (0.02, stances.squat),
    "sit": (0.03, stances.sit),
    "pick_up": (0.03, stances.pick_up),
    "lunge": (0.015, stances.lunge),
    "kneel": (0.015, sports.kneel),
    "dance": (0.02, stances.dance),
    "jump": (0.06, jumps.jump),
    "kick": (0.05, sports.kick),
    "throw": (0.02, sports.throw),
    "box": (0.02, sports.box),
    "dribble": (0.05, sports.dribble),
    "shoot": (0.02, sports.shoot),
    "swing": (0.02, sports.swing),
}
"""Name -> (share of clips, maker). Our choice: half of the clips are locomotion and signals."""

_ON_FOOT = ("walk", "styled_walk", "turn", "sidestep")
_COMPANIONS = ("walk", "styled_walk", "idle", "gesture", "turn", "run", "reach", "jump", "sidestep")
_HABIT = channel_values("habit")


@dataclass(frozen=True)
class Mixture:
    """Which motions clips are drawn from; the rest is everyday motion (``MOTIONS``).

    Attributes:
        families_share: of the clips, from ``families``.
        random_share: of the clips, random key poses.
        families: names of ``families.FAMILIES``.
        wide_share: of the clips, seen from far below to far above (``cameras.WIDE_DEG``).
    """

    families_share: float = 0.0
    random_share: float = 0.0
    families: tuple[str, ...] = tuple(FAMILIES)
    wide_share: float = 0.0


def draw_names(generator: np.random.Generator, count: int, mixture: Mixture = Mixture()) -> list[str]:
    """Names by their shares, spread evenly: with 24 clips already most motions occur.

    Raises:
        UserError: the mixture names an unknown family, or shares that are no shares.
    """
    names, shares = list(MOTIONS), np.array([share for share, _ in MOTIONS.values()])
    if mixture.families_share or mixture.random_share:
        more = _family_shares(mixture)
        everyday = (1 - mixture.families_share - mixture.random_share) * shares / shares.sum()
        names, shares = [*names, *more], np.array([*everyday, *more.values()])
    edges = np.cumsum(shares) / shares.sum()
    at = (generator.permutation(count) + generator.uniform(size=count)) / count
    return [names[min(int(np.searchsorted(edges, value)), len(names) - 1)] for value in at]


def _family_shares(mixture: Mixture) -> dict[str, float]:
    """Motion -> share of all clips, of what is not everyday."""
    families, random = mixture.families_share, mixture.random_share
    if not (families >= 0 and random >= 0 and families + random <= 1):
        raise UserError(
            f"shares of motion families and of random poses must add up to at most 1, found {families}, {random}"
        )
    if unknown := set(mixture.families) - set(FAMILIES):
        raise UserError(f"unknown motion family {sorted(unknown)[0]!r}; families: {', '.join(FAMILIES)}")
    if families and not mixture.families:
        raise UserError(f"a share of motion families needs one at least; families: {', '.join(FAMILIES)}")
    shares = {
        name: families / len(mixture.families) * share / sum(s for s, _ in FAMILIES[family].values())
        for family in mixture.families
        for name, (share, _) in FAMILIES[family].items()
    }
    return shares | {RANDOM_POSES: random}


def make_motion(generator: np.random.Generator, name: str, frames: int, body: Dimensions) -> Motion:
    """A clip's motion: the named one, at times with another before or after it, as this person does it today."""
    if name in FAMILY_MOTIONS:
        motion = FAMILY_MOTIONS[name](generator, frames, body)
        if motion.tumble is None and motion.path_m is None:
            motion = replace(motion, angles=_as_somebody(generator, motion.angles))
        return mirrored(motion) if generator.uniform() < 0.5 else motion
    motion = _piece(generator, name, frames, body)
    if frames >= 90 and generator.uniform() < 0.35:
        other, overlap = str(generator.choice(_COMPANIONS)), int(generator.integers(9, 25))
        short = int(generator.integers(35, 60))
        lengths = (frames - short + overlap, short) if generator.uniform() < 0.5 else (short, frames - short + overlap)
        makers = (name, other) if lengths[0] > lengths[1] else (other, name)
        first, second = (_piece(generator, n, f, body) for n, f in zip(makers, lengths, strict=True))
        motion = cross_fade(_landed(first, -overlap), _landed(second, overlap), overlap)
    if generator.uniform() < 0.5:
        motion = mirrored(motion)
    return replace(motion, angles=_as_somebody(generator, motion.angles))


def _piece(generator: np.random.Generator, name: str, frames: int, body: Dimensions) -> Motion:
    """One motion; who walks may do something else with the arms."""
    motion = MOTIONS[name][1](generator, frames, body)
    if name not in _ON_FOOT or generator.uniform() > 0.28:
        return motion
    makers = (arms.resting_arms, arms.signals, arms.signals, arms.waving, arms.handling)
    busy = makers[generator.integers(len(makers))](generator, frames, body)
    weight = np.ones(frames)
    if generator.uniform() < 0.5:  # for a while only
        start, length = generator.uniform(0, 0.6) * frames, generator.uniform(0.3, 0.7) * frames
        now = np.arange(frames)
        weight = ease((now - start) / 15.0) * (1 - ease((now - start - length) / 15.0))
    kept = 0.25  # of the swing stays in a carried arm
    swing = motion.angles - motion.angles.mean(axis=0)
    return replace(motion, angles=overlay(motion.angles, busy + kept * swing, arms.ARM_CHANNELS, weight))


def _landed(motion: Motion, part: int) -> Motion:
    """No flight in the first (positive) or last (negative) frames, where motions are blended."""
    airborne = motion.airborne.copy()
    airborne[slice(None, part) if part > 0 else slice(part, None)] = False
    return replace(motion, airborne=airborne)


def _as_somebody(generator: np.random.Generator, angles: np.ndarray) -> np.ndarray:
    """A person's own posture, small wandering of every joint, no corners in time, within anatomical limits."""
    posture = generator.normal(size=len(_HABIT)) * _HABIT
    drift = smooth_noise(generator, len(angles), len(_HABIT), 0.15, 1.2) * 0.35 * _HABIT
    return within_limits(smooth_over_time(angles + posture + drift, 0.8))
