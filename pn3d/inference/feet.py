"""Feet that stand, held in one place: where their ankles shall be. One clip, T frames, F feet."""

import numpy as np

from pn3d.geometry.camera import NEAREST_M
from pn3d.inference.cuts import uncut_runs
from pn3d.inference.ground import Ground
from pn3d.inference.path import ByNoise

STANDS = 0.5
"""Probability of a contact from which a foot is held."""

SHORTEST_S = 0.1
"""A foot that stands for less is not held."""

EASE_S = 0.2
"""Seconds before and after, over which a foot comes to its place and leaves it."""

FURTHEST = ByNoise(0.015, 0.06)
"""What a held foot may move in the picture, head-root units: beyond, it follows. Exact keypoints show where it is, a
detector's err by about the second (2.6 % of the person's height)."""

FURTHEST_M = 0.15
"""And what it may move at all."""


def held_ankles(
    ankles_m: np.ndarray, contact: np.ndarray, cut: np.ndarray, fps: float, size: np.ndarray, detected: np.ndarray
) -> np.ndarray:
    """How far each ankle moves to where its foot stands.

    While a foot stands, its ankle stays at the middle of its places, weighted by the contact's probability; before and
    after, the correction fades.

    Args:
        ankles_m: (T, F, 3) camera axes.
        contact: (T, F) probability.
        cut: (T,) frames at which no foot goes on standing.
        fps: frames per second.
        size: (T,) head-root distance over depth.
        detected: (T,) 0 where keypoints are exact, 1 where they are a detector's (``path.detected_share``).

    Returns:
        (T, F, 3) metres; at most ``FURTHEST`` in the picture and ``FURTHEST_M`` in space.
    """
    moves = np.zeros(ankles_m.shape)
    for foot in range(contact.shape[1]):
        moves[:, foot] = _held(ankles_m[:, foot], contact[:, foot], cut, fps)
    depth = np.maximum(ankles_m[..., 2], NEAREST_M)
    across = moves[..., :2] - ankles_m[..., :2] / depth[..., None] * moves[..., 2:]
    seen = np.linalg.norm(across, axis=-1) / depth / size[:, None]
    share = np.minimum(1.0, FURTHEST.at(detected)[:, None] / np.maximum(seen, 1e-9))
    share = np.minimum(share, FURTHEST_M / np.maximum(np.linalg.norm(moves, axis=-1), 1e-9))
    return moves * share[..., None]


def lifted_ankles(moves_m: np.ndarray, points_m: np.ndarray, ground: Ground) -> np.ndarray:
    """The moves of both ankles, more where a foot would be below the ground.

    (T, 2, 3) moves, (T, 4, 3) ankles and toes before them -> (T, 2, 3).
    """
    if not ground.one_plane:
        return moves_m
    height = points_m @ ground.up_cam - ground.level_m
    lowest = np.minimum(height[:, :2], height[:, 2:]) + moves_m @ ground.up_cam
    below = np.clip(-lowest, 0.0, FURTHEST_M)
    return moves_m + below[..., None] * ground.up_cam


def _held(ankle_m: np.ndarray, contact: np.ndarray, cut: np.ndarray, fps: float) -> np.ndarray:
    """(T, 3), (T,), (T,) -> (T, 3) moves of one ankle."""
    frames = len(ankle_m)
    shortest = max(2, round(SHORTEST_S * fps))
    long = [(begin, end) for begin, end in uncut_runs(contact > STANDS, cut) if end - begin >= shortest]
    moves = np.zeros((frames, 3))
    if not long:
        return moves
    held = np.zeros(frames, bool)
    for begin, end in long:
        weight = contact[begin:end, None].astype(np.float64)
        moves[begin:end] = (weight * ankle_m[begin:end]).sum(axis=0) / weight.sum() - ankle_m[begin:end]
        held[begin:end] = True
    index, piece = np.arange(frames), np.cumsum(cut)
    before = np.maximum.accumulate(np.where(held, index, -1))
    after = np.minimum.accumulate(np.where(held, index, frames)[::-1])[::-1]
    faded = moves.copy()
    for near, gap in ((before, index - before), (after, after - index)):
        there = np.clip(near, 0, frames - 1)
        share = np.maximum(0.0, 1.0 - gap / (EASE_S * fps + 1.0)) * ~held
        share *= (near >= 0) & (near < frames) & (piece[there] == piece)
        faded += share[:, None] * moves[there]
    return faded
