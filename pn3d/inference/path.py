"""The path of a clip: where the pelvis is in all frames, solved together.

Frame by frame, distance follows the person's size in the picture and trembles with it. Here one least-squares problem
per clip balances the keypoints, smoothness and feet that stand: Gauss-Newton steps, each a banded system, so time and
memory grow with the number of frames. Unknowns are the pelvis' places in camera axes, metres, in which every term but
the keypoints' is linear. Our choice; settings were chosen on built-in motion and development clips
(docs/log/path.md). Everything here is of one clip, T frames.
"""

from typing import NamedTuple, TypeVar

import numpy as np

from pn3d.geometry.camera import NEAREST_M
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.banded import BandedSquares
from pn3d.inference.flights import Flights
from pn3d.inference.smoothing import jittering

RATE = 30.0
"""Frames per second that the settings below are said for; at other rates they mean the same per second."""


_Share = TypeVar("_Share", float, np.ndarray)


class ByNoise(NamedTuple):
    """A setting where keypoints are exact, and where they are a detector's."""

    exact: float
    detected: float

    def at(self, share: _Share) -> _Share:
        """Between the two, 0 to 1."""
        return self.exact + (self.detected - self.exact) * share


_NOISE = {
    **{"pelvis": 0.002, "hip": 0.008, "knee": 0.011, "ankle": 0.007, "spine": 0.003, "thorax": 0.006},
    **{"neck": 0.009, "head": 0.009, "shoulder": 0.008, "elbow": 0.009, "wrist": 0.012},
}
NOISE = np.array([_NOISE[name.split("_")[-1]] for name in H36M17.joints])
"""(J,) what keypoints and pose err by beside the pelvis even where keypoints do not jitter, head-root units; of
built-in motion. Hands say less than hips of where the body is."""

MISFIT = 1.0
"""Times ``NOISE`` that keypoints are off the body, in the median of a clip; where it is more, they err by as much more.
A detector that smooths its keypoints jitters little, and errs all the same."""

SMOOTHED, MISFIT_DETECTED = 2.0, 2.0
"""… and, because that smoothing also brings them nearer to the body, what they are off more than exact ones counts so
many times, up to what detectors that do not smooth are off at least."""

CORRELATED = ByNoise(1.0, 2.0)
"""How much more a detector errs than its jitter says: errors that last are no jitter."""

OUTLIER = 0.3
"""Keypoints further than this from the body count little, head-root units (Geman and McClure's weight)."""

ACCELERATION_M = (ByNoise(0.05, 0.02), ByNoise(0.002, 0.001))
"""Second difference that costs as much as one keypoint's error: across the line of sight, and along it, where keypoints
say least, m per frame squared. With these the pelvis accelerates as much as the truth does."""

FALLING_M = (0.001, 0.001)
"""How far the second difference of who flies may be off gravity's, likewise."""

UNSEEN_STEP_M = 0.02
"""First difference that costs the same where too little is seen: who is not seen is not taken to run on."""

SEEN_JOINTS = 3.0
"""Keypoints that are enough to be seen."""

FEWEST_JOINTS = 2
"""A frame that shows fewer is placed by the frames around it: one joint may be at any distance."""

LOST_M = 100.0
"""Distance from where a frame was before that costs the same: it decides where nobody is seen in all of a clip."""

STANDING_STEP_M = (0.003, 0.002)
"""First difference of a foot that stands for certain, across the line of sight and along it, where the pose is less
sure of it."""

STILL_STEP_M = (0.001, 0.00012)
"""First difference of the pelvis of who stands on both feet, likewise: people sway little, depth trembles."""

STILL_M_S = 0.25
"""Who moves faster than this on both feet is not still: the weight of the above falls."""

STILL_POWER = 8
"""Of the probability that both feet stand; it must be high for the above."""

SLIDING_STEP_M = 0.02
"""Feet that would have to be held back by more than this per frame glide: their weight falls."""

NEARER = 0.1
"""A step brings no joint nearer than to this share of its distance: who is seen is in front of the camera."""

STEPS = 1
"""Gauss-Newton steps of one solve: each frame by itself is a start from which more change little."""


class ClipView(NamedTuple):
    """What the path of a clip is solved from.

    Attributes:
        offsets_m: (T, J, 3) landmarks from the pelvis, camera axes.
        rays: (T, J, 2) keypoints of the still camera, (x / z, y / z).
        confidence: (T, J), 0 = missing.
        size: (T,) head-root distance over depth.
        jitter: (T,) of the keypoints, head-root units.
        cut: (T,) frames to which no path leads from the frame before.
        up_cam: (3,) the predicted up.
        fps: frames per second.
        misfit: how many times ``NOISE`` keypoints and pose err by (``measure_misfit``).
    """

    offsets_m: np.ndarray
    rays: np.ndarray
    confidence: np.ndarray
    size: np.ndarray
    jitter: np.ndarray
    cut: np.ndarray
    up_cam: np.ndarray
    fps: float
    misfit: float = 1.0


class Standing(NamedTuple):
    """Feet that stand, and when none does.

    Attributes:
        offsets_m: (T, F, 3) from the pelvis, camera axes.
        contact: (T, F) probability that each stands.
        flights: when the person is in the air.
    """

    offsets_m: np.ndarray
    contact: np.ndarray
    flights: Flights


def measure_misfit(view: ClipView, pelvis_m: np.ndarray) -> float:
    """How far keypoints err, by how far they are off a body that is placed frame by frame, (T, 3), over ``MISFIT``; at
    least 1."""
    points = view.offsets_m + pelvis_m[:, None]
    drawn = points[..., :2] / np.maximum(points[..., 2:], NEAREST_M)
    off = np.linalg.norm(view.rays - drawn, axis=-1) / view.size[:, None] / NOISE
    measured = view.confidence > 0
    found = max(1.0, float(np.median(off[measured])) / MISFIT) if measured.any() else 1.0
    return max(found, min(MISFIT_DETECTED, 1.0 + SMOOTHED * (found - 1.0)))


def detected_share(jitter: np.ndarray, misfit: float) -> np.ndarray:
    """Where jitter, of any shape, and ``measure_misfit`` lie between those of exact keypoints, 0, and a detector's, 1:
    exact are keypoints that neither jitter nor miss the body."""
    return np.maximum(jittering(jitter), min(misfit - 1.0, 1.0))


def solve_path(
    view: ClipView, pelvis_m: np.ndarray, standing: Standing | None = None, *, steps: int = STEPS
) -> np.ndarray:
    """The pelvis' place in every frame.

    Minimises, over P, keypoints' errors |w (ray - project(P + offset))|² + |second difference of P|² +
    |first difference of (P + foot)|² of feet that stand, each over its tolerance.

    Args:
        view: keypoints and pose.
        pelvis_m: (T, 3) where to start, camera axes.
        standing: feet; none is held where None.
        steps: Gauss-Newton steps.

    Returns:
        (T, 3) float64.
    """
    frames = len(pelvis_m)
    pelvis_m = pelvis_m.astype(np.float64)
    rate = view.fps / RATE
    joined = ~view.cut[1:]
    seen = np.minimum(view.confidence.sum(axis=1, dtype=np.float64) / SEEN_JOINTS, 1.0)
    unseen = (1.0 - np.minimum(seen[1:], seen[:-1])) * joined * rate / UNSEEN_STEP_M**2
    detected = detected_share(view.jitter, view.misfit)
    lasting = CORRELATED.at(detected) * view.jitter
    spread = np.hypot(lasting[:, None], view.misfit * NOISE) * view.size[:, None]
    trust = (view.confidence / spread**2 / rate).astype(np.float32)
    for _ in range(steps):
        problem = BandedSquares(frames)
        problem.add((1.0,), *_keypoints(view, trust, pelvis_m))
        if frames > 2:
            smooth = rate**3 * (joined[1:] & joined[:-1])
            across, along = (tolerance.at(detected[1:-1]) for tolerance in ACCELERATION_M)
            bends = _across_and_along(_over_ground(_sight(pelvis_m[1:-1]), view.up_cam), (across, along))
            fall = np.zeros((frames - 2, 3))
            if standing is not None and standing.flights.airborne.any():
                airborne, gravity = standing.flights
                inside = airborne[2:] & airborne[1:-1] & airborne[:-2]
                fall[inside] = -gravity / view.fps**2 * view.up_cam
                bends[inside] = _across_and_along(_sight(pelvis_m[1:-1][inside]), FALLING_M)
            problem.add((1.0, -2.0, 1.0), smooth[:, None, None] * bends, fall)
        if frames > 1:
            problem.add((-1.0, 1.0), unseen[:, None, None] * np.eye(3))
            if standing is not None:
                still = _still(view, pelvis_m, standing) * joined * rate
                problem.add((-1.0, 1.0), still[:, None, None] * _across_and_along(_sight(pelvis_m[1:]), STILL_STEP_M))
            stays = _across_and_along(_sight(pelvis_m[1:]), STANDING_STEP_M)
            for weight, target in _held(view, pelvis_m, standing):
                problem.add((-1.0, 1.0), (weight * joined * rate)[:, None, None] * stays, target)
        pelvis_m = _in_front(view, pelvis_m, problem.solve())
    return pelvis_m


def _in_front(view: ClipView, before_m: np.ndarray, after_m: np.ndarray) -> np.ndarray:
    """(T, 3) places after a step, where few joints are seen nearer to those before it than the step would lead."""
    nearest = view.offsets_m[..., 2].min(axis=1)
    before, after = before_m[:, 2] + nearest, after_m[:, 2] + nearest
    behind = np.flatnonzero(after < NEARER * before)
    share = ((1.0 - NEARER) * before / (before - after))[behind, None] if len(behind) else 0.0
    after_m[behind] = before_m[behind] + share * (after_m[behind] - before_m[behind])
    return after_m


def _keypoints(view: ClipView, trust: np.ndarray, pelvis_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The keypoints' term, linear around ``pelvis_m``: (T, 3, 3) metric, and (T, 3) the place that it is least at."""
    points = view.offsets_m + pelvis_m[:, None].astype(np.float32)
    depth = np.maximum(points[..., 2], NEAREST_M)
    seen_x, seen_y = points[..., 0] / depth, points[..., 1] / depth
    error_x, error_y = view.rays[..., 0] - seen_x, view.rays[..., 1] - seen_y
    square = (error_x**2 + error_y**2) / (OUTLIER * view.size[:, None]) ** 2
    slope = trust / (1.0 + square) ** 2 / depth
    weight = slope / depth
    metric = np.zeros((len(pelvis_m), 3, 3))
    metric[:, 0, 0] = metric[:, 1, 1] = weight.sum(axis=1)
    metric[:, 0, 2] = metric[:, 2, 0] = -(weight * seen_x).sum(axis=1)
    metric[:, 1, 2] = metric[:, 2, 1] = -(weight * seen_y).sum(axis=1)
    # Two joints on one ray leave the distance open; rounding may not make less than nothing of that.
    least = (metric[:, 0, 2] ** 2 + metric[:, 1, 2] ** 2) / np.maximum(metric[:, 0, 0], 1e-30)
    metric[:, 2, 2] = np.maximum((weight * (seen_x**2 + seen_y**2)).sum(axis=1), least)
    pull = np.stack(
        [
            (slope * error_x).sum(axis=1),
            (slope * error_y).sum(axis=1),
            -(slope * (error_x * seen_x + error_y * seen_y)).sum(axis=1),
        ],
        axis=-1,
    )
    metric[:, range(3), range(3)] += 1.0 / LOST_M**2
    return metric, pelvis_m + np.linalg.solve(metric, pull[..., None])[..., 0]


def _across_and_along(sight: np.ndarray, tolerances_m: tuple[float | np.ndarray, float | np.ndarray]) -> np.ndarray:
    """(n, 3) directions -> (n, 3, 3) metric of differences, another along the line of sight than across; tolerances
    are numbers or (n,)."""
    across, along = (np.asarray(tolerance)[..., None, None] ** -2.0 for tolerance in tolerances_m)
    return across * np.eye(3) + (along - across) * sight[:, :, None] * sight[:, None]


def _sight(pelvis_m: np.ndarray) -> np.ndarray:
    """(n, 3) -> unit vectors along the line of sight."""
    return pelvis_m / np.linalg.norm(pelvis_m, axis=1, keepdims=True)


def _over_ground(sight: np.ndarray, up_cam: np.ndarray) -> np.ndarray:
    """(n, 3) -> (n, 3) its part along the ground, for height shows in the picture wherever the camera is but above."""
    return sight - (sight @ up_cam)[:, None] * up_cam


def _still(view: ClipView, pelvis_m: np.ndarray, standing: Standing) -> np.ndarray:
    """(T - 1,) how much the pelvis is held, from frame to frame, by both feet that stand."""
    both = standing.contact.reshape(len(pelvis_m), -1, 2).max(axis=1).min(axis=1)
    speed = np.linalg.norm(np.diff(pelvis_m, axis=0), axis=1) * view.fps
    return np.minimum(both[1:], both[:-1]) ** STILL_POWER / (1.0 + (speed / STILL_M_S) ** 2) ** 2


def _held(view: ClipView, pelvis_m: np.ndarray, standing: Standing | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of every foot: (T - 1,) weight of its standing still from frame to frame, and (T - 1, 3) how the pelvis then
    moves."""
    if standing is None:
        return []
    terms = []
    for foot in range(standing.contact.shape[1]):
        contact = np.minimum(standing.contact[1:, foot], standing.contact[:-1, foot])
        back = -np.diff(standing.offsets_m[:, foot].astype(np.float64), axis=0)
        sliding = np.linalg.norm(np.diff(pelvis_m, axis=0) - back, axis=1) * view.fps / RATE
        weight = contact**2 / (1.0 + (sliding / SLIDING_STEP_M) ** 2) ** 2
        terms.append((weight, back))
    return terms
