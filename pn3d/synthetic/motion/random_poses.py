"""Random key poses within the ranges of trained people, in any attitude of the body, at random speed. Our choice."""

import numpy as np

from pn3d.synthetic.motion.angles import CHANNELS, INDEX, channel_values, pose
from pn3d.synthetic.motion.balance import on_feet, settle
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.phrases import whole_body
from pn3d.synthetic.motion.timing import FPS, Motion, key_curve, smooth_over_time

_SLOWEST_RAD_S, _FASTEST_RAD_S = 1.0, 6.0
_UPSIDE_SHARE, _LYING_SHARE, _STANDING_SHARE = 0.12, 0.38, 0.30


def random_poses(generator: np.random.Generator, frames: int, body: Dimensions) -> Motion:
    """From one random pose to the next: standing on both feet, bent, kneeling, lying on any side, upside down."""
    low, high = channel_values("trained_low"), channel_values("trained_high")
    relaxed, wild = pose(), generator.uniform(0.45, 1.0)
    speed = np.exp(generator.uniform(np.log(_SLOWEST_RAD_S), np.log(_FASTEST_RAD_S)))
    seconds, stands = [-generator.uniform(0, 1.0)], []
    angles: list[np.ndarray] = []
    tumbles: list[np.ndarray] = []
    while seconds[-1] < frames / FPS + 0.5 or len(seconds) < 3:
        drawn = generator.triangular(low, np.clip(relaxed, low + 1e-6, high - 1e-6), high)
        if generator.uniform() < 0.5:  # both sides alike
            for name in CHANNELS:
                if name.startswith("left_") and not name.startswith("left_a"):
                    drawn[INDEX[name.replace("left", "right")]] = drawn[INDEX[name]]
        angles.append(relaxed + wild * (drawn - relaxed))
        tumble, standing = _attitude(generator)
        if tumbles:  # the short way round
            tumble = tumbles[-1] + (tumble - tumbles[-1] + np.pi) % (2 * np.pi) - np.pi
        tumbles.append(tumble)
        stands.append(standing)
        far = (
            0.6
            if len(angles) < 2
            else max(np.abs(angles[-1] - angles[-2]).max(), np.abs(np.diff(tumbles[-2:], axis=0)).max())
        )
        seconds.append(seconds[-1] + max(0.25, 1.6 * far / speed) + generator.exponential(0.2))
    keys, tumble_keys = np.array(angles), np.array(tumbles)
    resting = ~np.array(stands) & (generator.uniform(size=len(stands)) < 0.8)
    if resting.any():
        keys[resting], tumble_keys[resting] = settle(keys[resting], tumble_keys[resting], body)
    curve = smooth_over_time(key_curve(seconds[:-1], keys, frames), 1.0)
    tumble_curve = smooth_over_time(key_curve(seconds[:-1], tumble_keys, frames), 1.0)
    weight = key_curve(seconds[:-1], np.array(stands, float), frames)
    return whole_body(*on_feet(curve, tumble_curve, body, np.clip(weight, 0, 1)))


def _attitude(generator: np.random.Generator) -> tuple[np.ndarray, bool]:
    """(3,) tumble in radians of a key pose, and whether it stands on its feet."""
    kind = generator.uniform()
    if kind < _STANDING_SHARE:
        return np.zeros(3), True
    if kind < _STANDING_SHARE + _LYING_SHARE:
        return np.array([-0.5 * np.pi, 0.0, generator.uniform(-np.pi, np.pi)]), False
    if kind < _STANDING_SHARE + _LYING_SHARE + _UPSIDE_SHARE:
        return np.array(
            [generator.choice([-1.0, 1.0]) * generator.uniform(2.1, np.pi), generator.normal() * 0.3, 0.0]
        ), False
    return np.array([generator.normal() * 0.6, generator.normal() * 0.4, generator.normal() * 0.5]), False
