"""The surface of the built-in body as an implicit function: tapered tubes and ellipsoids, joined smoothly.

Measures are those of an adult 1.70 m tall between the male and the female mean: lengths after Drillis & Contini 1966
(segment lengths as shares of stature, in Winter, "Biomechanics and Motor Control of Human Movement"), breadths, depths
and girths after the ANSUR II survey (Gordon et al. 2014, NATICK/TR-15/007). How they are joined is our choice.

Metres; x left, y up from the floor, z forward; only the half x >= 0 is described.
"""

from collections.abc import Sequence

import numpy as np

Point = tuple[float, float, float]


def smooth_union(a: np.ndarray, b: np.ndarray, blend_m: float) -> np.ndarray:
    """The smaller distance, rounded off where both are within ``blend_m`` (the usual polynomial smooth minimum)."""
    overlap = np.maximum(blend_m - np.abs(a - b), 0.0) / blend_m
    return np.minimum(a, b) - overlap * overlap * (0.25 * blend_m)


def hermite(x: np.ndarray, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Cubic Hermite interpolation with three-point slopes, constant outside. (n,), (k,), (k, c) -> (n, c)."""
    secant = np.diff(values, axis=0) / np.diff(knots)[:, None]
    slope = np.concatenate([secant[:1] * 0.0, 0.5 * (secant[1:] + secant[:-1]), secant[:1] * 0.0])
    x = np.clip(x, knots[0], knots[-1])
    i = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
    width = (knots[i + 1] - knots[i])[:, None]
    t = (x - knots[i])[:, None] / width
    t2, t3 = t * t, t * t * t
    return (
        (2 * t3 - 3 * t2 + 1) * values[i]
        + (t3 - 2 * t2 + t) * width * slope[i]
        + (3 * t2 - 2 * t3) * values[i + 1]
        + (t3 - t2) * width * slope[i + 1]
    )


def ellipsoid(points: np.ndarray, centre: Point, radii: Point, tilt: Point = (0.0, 0.0, 0.0)) -> np.ndarray:
    """About the distance to an axis-parallel ellipsoid; ``tilt`` shears it: z moves by tilt[1] per metre of y, etc."""
    x, y, z = (points[:, axis] - centre[axis] for axis in range(3))
    z = z - tilt[1] * y - tilt[0] * x
    y = y - tilt[2] * x
    return _quasi_distance([x, y, z], list(radii), 0.0)


def _quasi_distance(offsets: Sequence[np.ndarray], radii: Sequence[np.ndarray | float], square: float) -> np.ndarray:
    """First-order distance to an ellipsoid of these radii; ``square`` 0..1 makes the first two axes boxier."""
    ratios = [offset / radius for offset, radius in zip(offsets, radii, strict=True)]
    squares = [ratio * ratio for ratio in ratios]
    round_norm = np.sqrt(sum(squares) + 1e-12)
    norm = round_norm
    if square:
        boxy = np.sqrt(np.sqrt(squares[0] * squares[0] + squares[1] * squares[1]) + squares[2] + 1e-12)
        norm = (1.0 - square) * round_norm + square * boxy
    slope = np.sqrt(sum(s / (radius * radius) for s, radius in zip(squares, radii, strict=True)) + 1e-12)
    return (norm - 1.0) * round_norm / slope


def tube(
    points: np.ndarray,
    start: Point,
    end: Point,
    profile: Sequence[tuple[float, ...]],
    wide: Point,
    square: float = 0.0,
    caps_m: tuple[float, float] = (0.03, 0.03),
) -> np.ndarray:
    """About the distance to a tube of elliptic sections along a straight line.

    Args:
        points: (N, 3).
        start: one end of the line.
        end: the other.
        profile: rows (share of the length 0..1, half width, half depth[, shift along width, shift along depth]).
        wide: about the direction of the width; the depth's is the line's direction cross it.
        square: 0 ellipse .. 1 boxy.
        caps_m: length of the rounded ends.
    """
    a, b = np.array(start), np.array(end)
    axis = b - a
    length = float(np.sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]))
    axis = axis / length
    side = np.array(wide)
    side = side - (side * axis).sum() * axis
    side = side / np.sqrt((side * side).sum())
    depth = np.cross(axis, side)
    p = points - a
    along, u, w = (p[:, 0] * d[0] + p[:, 1] * d[1] + p[:, 2] * d[2] for d in (axis, side, depth))
    rows = np.array([tuple(row) + (0.0,) * (5 - len(row)) for row in profile])
    half = hermite(along / length, rows[:, 0], rows[:, 1:])
    over = np.maximum(along - length, 0.0) + np.maximum(-along, 0.0)
    cap = np.where(along < 0, caps_m[0], caps_m[1])
    return _quasi_distance([u - half[:, 2], w - half[:, 3], over], [half[:, 0], half[:, 1], cap], square)


_TRUNK = (  # height, half breadth, half depth, shift along width, shift forward
    (0.850, 0.095, 0.085, 0.0, -0.006),
    (0.900, 0.145, 0.104, 0.0, -0.010),
    (0.960, 0.158, 0.110, 0.0, -0.010),
    (1.030, 0.149, 0.102, 0.0, 0.002),
    (1.090, 0.135, 0.093, 0.0, 0.010),
    (1.170, 0.139, 0.096, 0.0, 0.006),
    (1.260, 0.152, 0.106, 0.0, -0.002),
    (1.330, 0.158, 0.102, 0.0, -0.012),
    (1.385, 0.148, 0.080, 0.0, -0.028),
    (1.420, 0.112, 0.060, 0.0, -0.040),
    (1.440, 0.075, 0.046, 0.0, -0.044),
)


def figure(points: np.ndarray) -> np.ndarray:
    """The whole body. (N, 3) points with x >= 0 -> (N,) metres, negative inside."""
    body = _trunk(points)
    body = smooth_union(body, _leg(points), 0.05)
    body = smooth_union(body, _head(points), 0.035)
    return smooth_union(body, _arm(points), 0.05)


def _trunk(p: np.ndarray) -> np.ndarray:
    low, high = _TRUNK[0][0], _TRUNK[-1][0]
    profile = [((row[0] - low) / (high - low), *row[1:]) for row in _TRUNK]
    trunk = tube(p, (0.0, low, 0.0), (0.0, high, 0.0), profile, (-1.0, 0.0, 0.0), 0.35, (0.06, 0.03))
    trunk = smooth_union(trunk, ellipsoid(p, (0.076, 0.895, -0.070), (0.082, 0.085, 0.062)), 0.05)
    trunk = smooth_union(trunk, ellipsoid(p, (0.078, 1.300, 0.054), (0.080, 0.058, 0.034)), 0.05)
    slope = ((0.0, 0.034, 0.036), (0.5, 0.036, 0.028), (1.0, 0.034, 0.025))
    return smooth_union(trunk, tube(p, (0.0, 1.482, -0.042), (0.180, 1.426, -0.026), slope, (0.0, 0.0, 1.0)), 0.06)


def _arm(p: np.ndarray) -> np.ndarray:
    upper = (
        (0.00, 0.058, 0.056),
        (0.18, 0.056, 0.056),
        (0.45, 0.050, 0.051),
        (0.75, 0.043, 0.045),
        (1.00, 0.039, 0.041),
    )
    fore = ((0.00, 0.040, 0.040), (0.20, 0.045, 0.043), (0.55, 0.037, 0.034), (0.88, 0.029, 0.023), (1.0, 0.029, 0.021))
    arm = tube(p, (0.165, 1.397, -0.020), (0.460, 1.403, -0.034), upper, (0.0, 0.0, 1.0), 0.0, (0.05, 0.03))
    arm = smooth_union(
        arm, tube(p, (0.450, 1.404, -0.034), (0.715, 1.404, -0.022), fore, (0.0, 0.0, 1.0), 0.0, (0.03, 0.02)), 0.03
    )
    arm = smooth_union(arm, ellipsoid(p, (0.193, 1.401, -0.020), (0.062, 0.047, 0.058)), 0.03)
    return smooth_union(arm, _hand(p), 0.02)


def _hand(p: np.ndarray) -> np.ndarray:
    palm = (
        (0.00, 0.028, 0.019),
        (0.25, 0.038, 0.019),
        (0.50, 0.042, 0.017),
        (0.75, 0.039, 0.015),
        (1.00, 0.030, 0.013),
    )
    hand = tube(p, (0.712, 1.403, -0.022), (0.863, 1.399, -0.018), palm, (0.0, 0.0, 1.0), 0.3, (0.02, 0.030))
    thumb = ((0.0, 0.018, 0.017), (0.5, 0.0145, 0.0135), (1.0, 0.013, 0.012))
    return smooth_union(
        hand,
        tube(p, (0.735, 1.399, -0.004), (0.806, 1.393, 0.052), thumb, (-0.6, 0.0, 0.8), 0.0, (0.012, 0.012)),
        0.016,
    )


def _leg(p: np.ndarray) -> np.ndarray:
    thigh = (
        (0.00, 0.078, 0.094, 0.004, -0.006),
        (0.18, 0.080, 0.092, 0.002, 0.000),
        (0.45, 0.073, 0.080, 0.0, 0.006),
        (0.75, 0.059, 0.064, 0.0, 0.006),
        (1.00, 0.052, 0.057, 0.0, 0.003),
    )
    shank = (
        (0.00, 0.052, 0.056, 0.0, 0.002),
        (0.12, 0.053, 0.056, 0.0, -0.006),
        (0.30, 0.056, 0.060, 0.0, -0.013),
        (0.55, 0.046, 0.050, 0.0, -0.010),
        (0.82, 0.033, 0.038, 0.0, 0.0),
        (1.00, 0.034, 0.042, 0.0, 0.0),
    )
    leg = tube(p, (0.098, 0.895, -0.004), (0.106, 0.490, 0.0), thigh, (1.0, 0.0, 0.0), 0.0, (0.06, 0.03))
    leg = smooth_union(leg, tube(p, (0.106, 0.50, 0.0), (0.112, 0.070, -0.026), shank, (1.0, 0.0, 0.0)), 0.03)
    return smooth_union(leg, _foot(p), 0.03)


def _foot(p: np.ndarray) -> np.ndarray:
    sole = (
        (0.00, 0.031, 0.036, 0.0, 0.0),
        (0.25, 0.033, 0.038, 0.0, 0.002),
        (0.55, 0.040, 0.034, 0.003, -0.002),
        (0.78, 0.047, 0.024, 0.003, -0.012),
        (1.00, 0.040, 0.020, -0.002, -0.015),
    )
    foot = tube(p, (0.112, 0.036, -0.062), (0.126, 0.036, 0.150), sole, (1.0, 0.0, 0.0), 0.4, (0.022, 0.028))
    instep = ((0.0, 0.036, 0.040), (1.0, 0.032, 0.020))
    foot = smooth_union(foot, tube(p, (0.112, 0.085, -0.020), (0.120, 0.030, 0.085), instep, (1.0, 0.0, 0.0)), 0.03)
    return -smooth_union(-foot, p[:, 1], 0.012)


def _head(p: np.ndarray) -> np.ndarray:
    neck = ((0.0, 0.058, 0.052), (0.45, 0.050, 0.049), (1.0, 0.052, 0.053))
    head = tube(p, (0.0, 1.400, -0.048), (0.0, 1.570, -0.014), neck, (1.0, 0.0, 0.0))
    skull = smooth_union(
        ellipsoid(p, (0.0, 1.607, -0.012), (0.076, 0.093, 0.098)),
        ellipsoid(p, (0.0, 1.545, 0.038), (0.055, 0.064, 0.058), (0.0, 0.10, 0.0)),
        0.05,
    )
    nose = ((0.0, 0.010, 0.010), (0.8, 0.015, 0.014), (1.0, 0.014, 0.012))
    skull = smooth_union(
        skull, tube(p, (0.0, 1.588, 0.085), (0.0, 1.557, 0.103), nose, (1.0, 0.0, 0.0), 0.0, (0.012, 0.012)), 0.016
    )
    skull = smooth_union(skull, ellipsoid(p, (0.073, 1.575, -0.014), (0.014, 0.029, 0.020)), 0.012)
    return smooth_union(head, skull, 0.02)
