"""Curves over time: key poses, blends, smooth noise, and the motion that they make up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pn3d.synthetic.motion.angles import CHANNELS, INDEX, both_sides, mirror
from pn3d.synthetic.motion.limbs import Dimensions

FPS = 30.0


@dataclass(frozen=True)
class Motion:
    """What a body does over T frames, before the ground has its say.

    Attributes:
        angles: (T, D) radians, ``angles.CHANNELS``.
        turn_rate: (T,) rad/s of the heading, positive to the left.
        airborne: (T,) bool, neither foot on the ground.
        glide_m_s: (T, 2) velocity over ground (left, forward) of the heading's frame that steps do not explain, used
            while airborne.
        tumble: (T, 3) radians pitch, roll and spin of the whole body (``kinematics.tumble_rotation``) where any part of
            it may touch the ground; None where feet carry it.
        path_m: (T, 3) of the pelvis over ground in the frame of the first heading, where no contact tells it (ladders).
    """

    angles: np.ndarray
    turn_rate: np.ndarray
    airborne: np.ndarray
    glide_m_s: np.ndarray
    tumble: np.ndarray | None = None
    path_m: np.ndarray | None = None

    @property
    def frames(self) -> int:
        """Number of frames T."""
        return len(self.angles)


MotionMaker = Callable[[np.random.Generator, int, Dimensions], Motion]


def still(angles: np.ndarray) -> Motion:
    """A motion that stays where it is: no turning, feet on the ground."""
    count = len(angles)
    return Motion(angles, np.zeros(count), np.zeros(count, bool), np.zeros((count, 2)))


def mirrored(motion: Motion) -> Motion:
    """The motion in a mirror."""
    return replace(
        motion,
        angles=mirror(motion.angles),
        turn_rate=-motion.turn_rate,
        glide_m_s=motion.glide_m_s * [-1.0, 1.0],
        tumble=None if motion.tumble is None else motion.tumble * [1.0, -1.0, -1.0],
        path_m=None if motion.path_m is None else motion.path_m * [-1.0, 1.0, 1.0],
    )


def times(frames: int) -> np.ndarray:
    """(T,) seconds of the frames."""
    return np.arange(frames) / FPS


def ease(fraction: np.ndarray) -> np.ndarray:
    """Minimum-jerk step from 0 to 1 (Flash and Hogan 1985)."""
    x = np.clip(fraction, 0.0, 1.0)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def key_curve(seconds: Sequence[float] | np.ndarray, values: np.ndarray, frames: int) -> np.ndarray:
    """Through keys without overshoot: monotone cubic Hermite (Fritsch and Butland 1984), constant outside.

    Args:
        seconds: (K,) increasing.
        values: (K, *) the keys.
        frames: T.

    Returns:
        (T, *) curve.
    """
    knots, keys = np.asarray(seconds, float), np.asarray(values, float)
    flat = keys.reshape(len(knots), -1)
    if len(knots) == 1:
        return np.repeat(keys, frames, axis=0)
    step = np.diff(knots)[:, None]
    slope = np.diff(flat, axis=0) / step
    tangent = np.zeros_like(flat)
    before, after = slope[:-1], slope[1:]
    weight = (step[:-1] + 2 * step[1:]) / (3 * (step[:-1] + step[1:]))
    same = before * after > 0
    harmonic = before * after / np.where(same, weight * after + (1 - weight) * before, 1.0)
    tangent[1:-1] = np.where(same, harmonic, 0.0)
    now = np.clip(times(frames), knots[0], knots[-1])
    left = np.clip(np.searchsorted(knots, now, side="right") - 1, 0, len(knots) - 2)
    u = ((now - knots[left]) / step[left, 0])[:, None]
    curve = (
        flat[left] * (1 + 2 * u) * (1 - u) ** 2
        + flat[left + 1] * u**2 * (3 - 2 * u)
        + step[left] * (tangent[left] * u * (1 - u) ** 2 + tangent[left + 1] * u**2 * (u - 1))
    )
    return curve.reshape(frames, *keys.shape[1:])


def smooth_noise(
    generator: np.random.Generator, frames: int, channels: int, lowest_hz: float, highest_hz: float
) -> np.ndarray:
    """Unit-variance noise between two frequencies: a sum of six sines of random phase per channel. -> (T, channels)."""
    count = 6
    hertz = np.exp(generator.uniform(np.log(lowest_hz), np.log(highest_hz), (count, channels)))
    phase = generator.uniform(0.0, 2 * np.pi, (count, channels))
    waves = np.sin(2 * np.pi * hertz * times(frames)[:, None, None] + phase)
    return waves.sum(axis=1) * np.sqrt(2.0 / count)


def smooth_over_time(values: np.ndarray, sigma_frames: float) -> np.ndarray:
    """Gaussian low pass along the first axis, the ends held. (T, *) -> (T, *)."""
    reach = int(np.ceil(3 * sigma_frames))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_frames) ** 2)
    kernel /= kernel.sum()
    padded = np.concatenate([np.repeat(values[:1], reach, axis=0), values, np.repeat(values[-1:], reach, axis=0)])
    return sum(weight * padded[i : i + len(values)] for i, weight in enumerate(kernel))


def cross_fade(first: Motion, second: Motion, overlap: int) -> Motion:
    """Two motions, the last ``overlap`` frames of the one becoming the first of the other."""
    weight = ease((np.arange(overlap) + 1.0) / (overlap + 1.0))

    def mix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        w = weight.reshape((-1,) + (1,) * (a.ndim - 1))
        return np.concatenate([a[:-overlap], (1 - w) * a[-overlap:] + w * b[:overlap], b[overlap:]])

    early = weight < 0.5
    air = np.where(early, first.airborne[-overlap:], second.airborne[:overlap])
    air = np.concatenate([first.airborne[:-overlap], air, second.airborne[overlap:]])
    tumbles = [np.zeros((m.frames, 3)) if m.tumble is None else m.tumble for m in (first, second)]
    return Motion(
        mix(first.angles, second.angles),
        mix(first.turn_rate, second.turn_rate),
        air,
        mix(first.glide_m_s, second.glide_m_s),
        None if first.tumble is None and second.tumble is None else mix(*tumbles),
    )


def overlay(base: np.ndarray, other: np.ndarray, names: Sequence[str], weight: np.ndarray | float = 1.0) -> np.ndarray:
    """Takes the named channels (a sided name without its side means both) from ``other``. (T, D) each."""
    chosen = [i for i, name in enumerate(CHANNELS) if name in names or name.split("_", 1)[-1] in names]
    result = base.copy()
    w = np.broadcast_to(np.asarray(weight, float), (len(base),))[:, None]
    result[:, chosen] = (1 - w) * base[:, chosen] + w * other[:, chosen]
    return result


def add(angles: np.ndarray, **radians: np.ndarray | float) -> np.ndarray:
    """Adds to named channels (both sides where no side is named), in place, and returns the array."""
    for name, value in radians.items():
        for full in both_sides(name):
            angles[:, INDEX[full]] += value
    return angles
