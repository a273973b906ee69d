"""When a person is in the air: the longest stretch without a standing foot in which the body falls as gravity pulls.

A foot that pushes off or lands already moves, so feet that do not stand say too much. Between take-off and landing the
body's height is a parabola that gravity alone bends; before and after, legs hold it up. How strongly it is bent also
says how much larger the person is taken to be than they are, one number per clip. Our choice; settings were chosen on
built-in jumps (docs/log/path.md). Everything here is of one clip, T frames.
"""

from typing import NamedTuple

import numpy as np

GRAVITY_M_S2 = 9.81

SCALES = (0.9, 0.95, 1.0, 1.05, 1.1)
"""How many times as large as they are people may be taken to be, for a body's size is assumed …"""

SCALE_SPREAD = 0.1
"""… and the standard deviation of it."""

SHORTEST_S = 0.13
"""A flight that is shorter is not looked for."""

LONGEST_S = 1.2
"""Nobody flies longer: 1.7 m of height."""

SPREAD_M = (0.004, 0.4)
"""How far heights are off a parabola: where keypoints are exact, and, where they are not, over their jitter."""

GAIN = 1.8
"""What a frame of flight is worth: it belongs to the flight while it is nearer to the parabola than so many spreads."""

CLEARER = 16.0
"""How much more likely (twice the logarithm) than going on in a straight line a flight must be."""


class Flights(NamedTuple):
    """When a person is in the air, and what gravity is there.

    Attributes:
        falling: (T,) bool, frames whose height lies on the parabola; from the last frame of take-off to the first of
            landing.
        gravity_m_s2: in units of the person's assumed size.
    """

    falling: np.ndarray
    gravity_m_s2: float

    @property
    def airborne(self) -> np.ndarray:
        """(T,) without each flight's first frame, so that their number over the rate is the time of flight."""
        return self.falling & np.concatenate([[False], self.falling[:-1]])


def find_flights(height_m: np.ndarray, jitter: np.ndarray, loose: np.ndarray, cut: np.ndarray, fps: float) -> Flights:
    """Frames in the air.

    Args:
        height_m: (T,) of the body along the world's up.
        jitter: (T,) of the keypoints, head-root units.
        loose: (T,) frames in which feet are seen and none stands.
        cut: (T,) frames that do not follow the frame before them.
        fps: frames per second.
    """
    first = np.flatnonzero(loose & ~np.concatenate([[False], loose[:-1] & ~cut[1:]]))
    last = np.flatnonzero(loose & ~np.concatenate([loose[1:] & ~cut[1:], [False]])) + 1
    shortest = max(4, round(SHORTEST_S * fps))
    long = last - first >= shortest
    pieces = [slice(*piece) for piece in zip(first[long].tolist(), last[long].tolist(), strict=True)]
    spread = np.hypot(SPREAD_M[0], SPREAD_M[1] * jitter)
    best, gravity = 0.0, GRAVITY_M_S2
    found: list[tuple[int, int]] = []
    for scale in SCALES if pieces else ():
        worth, falls = -(((scale - 1.0) / SCALE_SPREAD) ** 2), []
        for piece in pieces:
            of_piece = _falls(height_m[piece], spread[piece], fps, shortest, scale * GRAVITY_M_S2)
            worth += sum(fall[2] for fall in of_piece)
            falls += [(piece.start + begin, piece.start + end) for begin, end, _ in of_piece]
        if falls and (not found or worth > best):
            best, found, gravity = worth, falls, scale * GRAVITY_M_S2
    falling = np.zeros(len(height_m), bool)
    for begin, end in found:
        falling[begin:end] = True
    return Flights(falling, gravity)


def _falls(
    height_m: np.ndarray, spread_m: np.ndarray, fps: float, shortest: int, gravity: float
) -> list[tuple[int, int, float]]:
    """Stretches that are likeliest falls, one after the other: first frame, the one after the last, worth."""
    count = len(height_m)
    now = np.arange(count) / fps
    longest = min(count, round(LONGEST_S * fps))
    starts, lengths = (grid.ravel() for grid in np.meshgrid(np.arange(count), np.arange(shortest, longest + 1)))
    inside = starts + lengths <= count
    starts, ends = starts[inside], (starts + lengths)[inside]
    weight = 1.0 / spread_m**2
    with_gravity, slope = _misfit(now, height_m + 0.5 * gravity * now**2, weight, starts, ends)
    straight, _ = _misfit(now, height_m, weight, starts, ends)
    up_and_down = (slope > gravity * now[starts]) & (slope < gravity * now[ends - 1])
    clear = with_gravity < straight - CLEARER
    worth = np.where(up_and_down & clear, (ends - starts) * GAIN**2 - with_gravity, -np.inf)
    found = []
    while len(worth) and worth.max() > 0:
        best = int(worth.argmax())
        found.append((int(starts[best]), int(ends[best]), float(worth[best])))
        apart = (ends < starts[best]) | (starts > ends[best])
        starts, ends, worth = starts[apart], ends[apart], worth[apart]
    return found


def _misfit(now: np.ndarray, values: np.ndarray, weight: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple:
    """Weighted sum of squares around the best line, of every stretch, from sums that run."""
    x, y = now - now.mean(), values - values.mean()
    sums = np.zeros((6, len(now) + 1))
    np.cumsum(weight * np.stack([np.ones_like(x), x, y, x * x, x * y, y * y]), axis=1, out=sums[:, 1:])
    n, sx, sy, sxx, sxy, syy = sums[:, ends] - sums[:, starts]
    cross, square = sxy - sx * sy / n, sxx - sx * sx / n
    square = np.maximum(square, 1e-12)
    return syy - sy * sy / n - cross**2 / square, cross / square
