"""Where a clip's picture changes as no person moves: a cut of the film, another person. No path is carried over it."""

from typing import NamedTuple

import numpy as np

from pn3d.geometry.camera import HEAD_ROOT_M

FASTEST_M_S = 12.0
"""Nobody's middle moves faster than this across the picture."""

LEAST_M = 0.4
"""Steps shorter than this are a detector's errors, whatever the rate."""

GROWTH_PER_S = 9.0
"""Natural logarithm of how much larger or smaller in the picture a person gets in a second …"""

LEAST_GROWTH = 0.5
"""… and what a turn of the body does to it within a frame."""

AROUND = 2
"""Frames next to the one on each side whose middle size must have changed too, so that one odd frame is no cut."""

ASTRAY_S = 0.5
"""Who is back within so long where they were has not left: the frames between are not believed, and nothing is cut."""

FEWEST_JOINTS = 4
"""Joints that two frames must both have to be compared."""


class Cuts(NamedTuple):
    """Where a clip of T frames breaks.

    Attributes:
        cut: (T,) bool, frames that cannot follow the frame before them.
        astray: (T,) bool, frames that nobody can have been in, between two that follow each other well.
    """

    cut: np.ndarray
    astray: np.ndarray


def find_cuts(rays: np.ndarray, confidence: np.ndarray, size: np.ndarray, fps: float) -> Cuts:
    """Frames of one clip that cannot follow the frame before them, and frames that are not believed.

    The step of the keypoints' middle, in which sides that are exchanged cancel, and the change of their spread, between
    measured frames that follow each other.

    Args:
        rays: (T, J, 2) of the still camera.
        confidence: (T, J), 0 = missing.
        size: (T,) head-root distance over depth.
        fps: frames per second.
    """
    cut, astray = np.zeros(len(rays), bool), np.zeros(len(rays), bool)
    measured = confidence > 0
    seen = np.flatnonzero(measured.sum(axis=1) >= FEWEST_JOINTS)
    if len(seen) < 2:
        return Cuts(cut, astray)
    spread = np.log(_spread(rays[seen], measured[seen]))
    padded = np.concatenate([spread[:1].repeat(AROUND), spread, spread[-1:].repeat(AROUND)])
    near = np.sort(np.lib.stride_tricks.sliding_window_view(padded, AROUND + 1), axis=1)[:, (AROUND + 1) // 2]
    # near[k] is the middle of the AROUND + 1 frames that end with frame k: before the step, and after it.
    growth = np.minimum(np.abs(near[AROUND + 1 :] - near[: -AROUND - 1]), np.abs(np.diff(spread)))
    steps = np.arange(1, len(seen))
    comparable = (measured[seen[:-1]] & measured[seen[1:]]).sum(axis=1) >= FEWEST_JOINTS
    far = _too_far(rays, measured, size, seen[:-1], seen[1:], fps)
    breaks = np.flatnonzero(far | (comparable & _too_large(growth, np.diff(seen), fps)))
    cut[seen[steps[breaks]]] = True
    for first, last in zip(steps[breaks][:-1].tolist(), steps[breaks][1:].tolist(), strict=True):
        before, away, after = seen[first - 1], seen[first], seen[last]
        if not cut[away] or after - before > ASTRAY_S * fps + 1:
            continue
        grown = np.abs(spread[last] - spread[first - 1])
        ends = np.array([before]), np.array([after])
        if not (_too_far(rays, measured, size, *ends, fps) | _too_large(grown, after - before, fps)).any():
            cut[[away, after]] = False
            astray[away:after] = True
    return Cuts(cut, astray)


def uncut_runs(marks: np.ndarray, cut: np.ndarray) -> list[tuple[int, int]]:
    """(T,) bool, (T,) bool -> first frame and the one after the last of every run of marks; a cut ends it."""
    joined = marks[:-1] & marks[1:] & ~cut[1:]
    begins = np.flatnonzero(marks & ~np.concatenate([[False], joined]))
    ends = np.flatnonzero(marks & ~np.concatenate([joined, [False]])) + 1
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


def _too_far(
    rays: np.ndarray, measured: np.ndarray, size: np.ndarray, before: np.ndarray, after: np.ndarray, fps: float
) -> np.ndarray:
    """(n,) whether the middle of the joints that both frames have moves as nobody does. (n,) frames, twice."""
    both = measured[before] & measured[after]
    number = both.sum(axis=1)
    step = np.where(both[..., None], rays[after] - rays[before], 0.0).sum(axis=1) / np.maximum(number, 1)[:, None]
    way_m = np.linalg.norm(step, axis=1) * HEAD_ROOT_M / np.minimum(size[before], size[after])
    return (number >= FEWEST_JOINTS) & (way_m > np.maximum(FASTEST_M_S * (after - before) / fps, LEAST_M))


def _too_large(growth: np.ndarray, frames: np.ndarray, fps: float) -> np.ndarray:
    """(n,) whether the logarithm of the spread changes as nobody's does in so many frames."""
    return growth > np.maximum(GROWTH_PER_S * frames / fps, LEAST_GROWTH)


def _spread(rays: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(n, J, 2), (n, J) -> (n,) root of the mean squared distance from the middle, never 0."""
    number = np.maximum(counts.sum(axis=1), 1)
    kept = np.where(counts[..., None], rays, 0.0)
    mean = kept.sum(axis=1) / number[:, None]
    square = (np.where(counts[..., None], rays - mean[:, None], 0.0) ** 2).sum(axis=(1, 2)) / number
    return np.sqrt(square) + 1e-6
