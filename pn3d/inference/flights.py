"""When a person is in the air: stretches in which pelvis and feet move as in flight, and the body as gravity pulls.

Between take-off and landing the body's height is a parabola that gravity alone bends. A stretch is worth what its
frames say (``flight_odds``) and how near it is to such a parabola; those that are worth most are taken. How strongly
they are bent also says how much larger the person is taken to be than they are, one number per clip. Our choice;
settings were chosen on built-in jumps (docs/log/path.md). Everything here is of one clip, T frames.
"""

from typing import NamedTuple

import numpy as np

from pn3d.geometry.kinematics import GRAVITY_M_S2
from pn3d.inference.cuts import uncut_runs
from pn3d.inference.flight_odds import RATE, AirView, air_logits

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
"""A frame of flight belongs to it while it is nearer to the parabola than so many spreads …"""

PARABOLA = 0.3
"""… which counts so much beside what ``flight_odds`` says of the frame: both see the same height."""

SUREST = 6.0
"""Of one frame's logarithm of the odds."""

THINKABLE = -5.0
"""Frames of smaller odds than this are in no flight: fewer stretches to look at."""

CLEARER = 16.0
"""How much more likely (twice the logarithm) than going on in a straight line a flight must be."""


class Flights(NamedTuple):
    """When a person is in the air, and what gravity is there.

    Attributes:
        airborne: (T,) bool, frames after take-off and before landing; their number over the rate is the time of flight.
        gravity_m_s2: in units of the person's assumed size.
    """

    airborne: np.ndarray
    gravity_m_s2: float


def find_flights(view: AirView) -> Flights:
    """(T,) frames in the air, and gravity, of what is seen of one clip."""
    fps = view.fps
    shortest = max(4, round(SHORTEST_S * fps))
    spread = np.hypot(SPREAD_M[0], SPREAD_M[1] * view.jitter)
    logits = air_logits(view)
    odds = np.concatenate([[0.0], np.cumsum(np.clip(logits, -SUREST, SUREST) * RATE / fps)])
    pieces = [
        _stretches(view.pelvis_m[begin:end], spread[begin:end], fps, shortest, begin)
        for begin, end in uncut_runs(logits > THINKABLE, view.cut)
        if end - begin >= shortest
    ]
    airborne = np.zeros(len(view.pelvis_m), bool)
    if not pieces:
        return Flights(airborne, GRAVITY_M_S2)
    # Together, since most pieces are so short that it is the calls that take time.
    every = _Stretches(*(np.concatenate(column) for column in zip(*pieces, strict=True)))
    best, gravity = 0.0, GRAVITY_M_S2
    found: list[tuple[int, int]] = []
    for scale in SCALES:
        falls = _falls(every, odds, scale * GRAVITY_M_S2, fps)
        worth = sum(fall[2] for fall in falls) - ((scale - 1.0) / SCALE_SPREAD) ** 2
        if falls and (not found or worth > best):
            best, found, gravity = worth, [fall[:2] for fall in falls], scale * GRAVITY_M_S2
    for begin, end in found:
        airborne[begin:end] = True
    return Flights(airborne, gravity)


class _Stretches(NamedTuple):
    """All stretches of pieces of a clip, and the best line through the heights of each: n of everything.

    Attributes:
        piece: first frame of the piece that it is of.
        starts: first frame; ends: the one after the last.
        misfit: weighted sum of squares around the line, without gravity.
        first_order, second_order: how it changes with gravity and with its square, m/s².
        leaves: speed along the line; leaves_by: how that changes with gravity.
        first_s, last_s: times of the first and the last frame.
    """

    piece: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    misfit: np.ndarray
    first_order: np.ndarray
    second_order: np.ndarray
    leaves: np.ndarray
    leaves_by: np.ndarray
    first_s: np.ndarray
    last_s: np.ndarray


def _stretches(height_m: np.ndarray, spread_m: np.ndarray, fps: float, shortest: int, offset: int) -> _Stretches:
    """Least squares of heights, and of the parabola that gravity adds, from sums that run. The piece begins in frame
    ``offset`` of the clip."""
    count = len(height_m)
    longest = min(count, round(LONGEST_S * fps))
    starts, lengths = (grid.ravel() for grid in np.meshgrid(np.arange(count), np.arange(shortest, longest + 1)))
    inside = starts + lengths <= count
    starts, ends = starts[inside], (starts + lengths)[inside]
    now = (np.arange(count) - 0.5 * (count - 1)) / fps
    y, fall = height_m - height_m.mean(), 0.5 * now**2
    weight = 1.0 / spread_m**2
    one = np.ones(count)
    products = (one, now, now * now, y, now * y, y * y, fall, now * fall, fall * fall, y * fall)
    sums = np.zeros((len(products), count + 1))
    np.cumsum(weight * np.stack(products), axis=1, out=sums[:, 1:])
    n, sx, sxx, sy, sxy, syy, sf, sxf, sff, syf = sums[:, ends] - sums[:, starts]
    square = np.maximum(sxx - sx * sx / n, 1e-12)
    along_y, along_f = sxy - sx * sy / n, sxf - sx * sf / n
    return _Stretches(
        np.full_like(starts, offset),
        starts + offset,
        ends + offset,
        syy - sy * sy / n - along_y**2 / square,
        2.0 * (syf - sy * sf / n - along_y * along_f / square),
        sff - sf * sf / n - along_f**2 / square,
        along_y / square,
        along_f / square,
        now[starts],
        now[ends - 1],
    )


def _falls(of: _Stretches, odds: np.ndarray, gravity: float, fps: float) -> list[tuple[int, int, float]]:
    """Stretches that are likeliest flights, one after the other: first frame, the one after the last, worth.

    ``odds`` (T + 1,) are sums over the frames before each of what ``flight_odds`` says, per frame of ``RATE``.
    """
    with_gravity = of.misfit + gravity * of.first_order + gravity**2 * of.second_order
    speed = of.leaves + gravity * of.leaves_by
    up_and_down = (speed > gravity * of.first_s) & (speed < gravity * of.last_s)
    clear = with_gravity < of.misfit - CLEARER
    parabola = ((of.ends - of.starts) * GAIN**2 - with_gravity) * RATE / fps
    worth = odds[of.ends] - odds[of.starts] + PARABOLA * parabola
    left = np.flatnonzero(up_and_down & clear & (worth > 0))
    found = []
    while len(left):
        best = left[worth[left].argmax()]
        found.append((int(of.starts[best]), int(of.ends[best]), float(worth[best])))
        apart = (of.ends[left] < of.starts[best]) | (of.starts[left] > of.ends[best])
        left = left[apart | (of.piece[left] != of.piece[best])]
    return found
