"""Left and right of the input: where a detector has exchanged them for a while, found in the picture alone.

From frame to frame, joints go less far with their sides exchanged where an exchange begins or ends. Legs and arms each
have their sides as given or exchanged in every frame; of all such courses the one of least cost is taken (Viterbi).
It pays for the way of the joints, and for every moment that sides are exchanged; so a course of many short exchanges
costs what each of them saves, and one that does not end where limbs cross ends there. Our choice; constants were chosen
on AIST++ detections (``python -m benchmarks.accuracy.warnings``; docs/prediction.md). Distances are shares of the
person's height in the picture.

Exchanges that last for seconds and whole clips leave no trace of this kind: ``pn3d.inference.readings``.
"""

import numpy as np

from pn3d.geometry.skeleton import H36M17

PARTS = ("legs", "arms")
_JOINTS = (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"))
OWN = tuple(
    np.array([H36M17.index(f"{side}_{joint}") for side in ("left", "right") for joint in joints]) for joints in _JOINTS
)
OTHER = tuple(np.roll(own, 3) for own in OWN)

LARGEST_WAY = 0.4
"""A joint's way from frame to frame counts up to this."""

EXCHANGED_PER_S = 0.18
"""What a second of exchanged sides costs, of legs, arms or both."""

AT_ENDS = 0.1
"""What it costs that sides are exchanged in a clip's first or last frame: a change that nobody saw."""

NEAR_S = 0.25
"""In a second pass joints are compared with the median of their own course, as the first pass tells it, this far before
and after …"""

NEAR_PER_S = 12.0
"""… and pay for being further from it than from the other side's, per second."""

LEAST_APART = 0.1
"""Sides that are nearer than this to each other, on average over a part's joints, are never said to be exchanged."""


def exchanged_sides(keypoints_px: np.ndarray, confidence: np.ndarray, fps: float) -> np.ndarray:
    """Frames of one clip in which left and right are likely exchanged: (T, 2) bool, of legs and of arms.

    Args:
        keypoints_px: (T, 17, 2).
        confidence: (T, 17), 0 = missing.
        fps: frames per second.
    """
    measured = confidence > 0
    height_px = _height_px(keypoints_px, measured)
    if len(confidence) < 2 or height_px is None:
        return np.zeros((len(confidence), len(PARTS)), bool)
    changes = np.stack([_change_costs(keypoints_px, measured, part, height_px) for part in range(len(PARTS))], axis=1)
    found = _cheapest_course(changes, np.zeros((len(confidence), len(PARTS))), EXCHANGED_PER_S / fps)
    if not found.any():
        return found
    near = _nearness_costs(exchange(keypoints_px, found), keypoints_px, measured, found, round(NEAR_S * fps), height_px)
    found = _cheapest_course(changes, NEAR_PER_S / fps * near, EXCHANGED_PER_S / fps)
    apart = [_mean_distance(keypoints_px, keypoints_px, measured, part, height_px) for part in range(len(PARTS))]
    return found & (np.stack(apart, axis=1) > LEAST_APART)


def exchange(values: np.ndarray, exchanged: np.ndarray) -> np.ndarray:
    """(T, 17, *) values of joints with the sides of legs and arms exchanged where (T, 2) says so: a copy."""
    result = values.copy()
    for part in range(len(PARTS)):
        rows = np.flatnonzero(exchanged[:, part])[:, None]
        result[rows, OWN[part]] = values[rows, OTHER[part]]
    return result


def _height_px(keypoints_px: np.ndarray, measured: np.ndarray) -> float | None:
    """The median height of the person in the picture; None where nothing is measured."""
    there = measured.any(axis=1)
    if not there.any():
        return None
    y_px = np.where(measured, keypoints_px[..., 1], np.nan)[there]
    return max(float(np.median(np.nanmax(y_px, axis=1) - np.nanmin(y_px, axis=1))), 1.0)


def _change_costs(keypoints_px: np.ndarray, measured: np.ndarray, part: int, height_px: float) -> np.ndarray:
    """(T - 1,) how much further a part's joints go from frame to frame if their sides change between the two.

    A joint that goes on as it went before, or as it goes afterwards, makes no way by keeping its side: limbs that cross
    fast between two frames are no exchange.
    """
    own, other = OWN[part], OTHER[part]
    both = measured[1:, own] & measured[:-1, own] & measured[1:, other] & measured[:-1, other]

    def way(from_px: np.ndarray, to_px: np.ndarray) -> np.ndarray:
        return np.minimum(np.linalg.norm(to_px - from_px, axis=-1) / height_px, LARGEST_WAY)

    own_px, there = keypoints_px[:, own], measured[:, own]
    kept = way(own_px[:-1], own_px[1:])
    before, after = way(2 * own_px[1:-1] - own_px[:-2], own_px[2:]), way(own_px[:-2], 2 * own_px[1:-1] - own_px[2:])
    kept[1:] = np.where(there[:-2], np.minimum(kept[1:], before), kept[1:])
    kept[:-1] = np.where(there[2:], np.minimum(kept[:-1], after), kept[:-1])
    changed = way(keypoints_px[:-1, other], own_px[1:])
    return ((changed - kept) * both).sum(axis=1) / np.maximum(both.sum(axis=1), 1)


def _nearness_costs(
    mended_px: np.ndarray,
    keypoints_px: np.ndarray,
    measured: np.ndarray,
    found: np.ndarray,
    half: int,
    height_px: float,
) -> np.ndarray:
    """(T, 2) how much further each part is from its own course than from the other side's; 0 away from ``found``."""
    frames = len(mended_px)
    costs = np.zeros((frames, len(PARTS)))
    close = np.convolve(found.any(axis=1), np.ones(2 * half + 1), mode="same") > 0 if 2 * half < frames else None
    rows = np.arange(frames) if close is None else np.flatnonzero(close)
    index = np.clip(rows[:, None] + np.arange(-half, half + 1), 0, frames - 1)
    course_px = np.median(mended_px[index], axis=1)
    for part, (own, other) in enumerate(zip(OWN, OTHER, strict=True)):
        weight = measured[rows][:, own]
        here_px = keypoints_px[rows][:, own]

        def far(to: np.ndarray, here_px: np.ndarray = here_px) -> np.ndarray:
            return np.minimum(np.linalg.norm(here_px - course_px[:, to], axis=-1) / height_px, LARGEST_WAY)

        costs[rows, part] = ((far(other) - far(own)) * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1)
    return costs


def _mean_distance(
    keypoints_px: np.ndarray, others_px: np.ndarray, measured: np.ndarray, part: int, height_px: float
) -> np.ndarray:
    """(T,) how far the joints of one side are from those of the other, on average over a part."""
    both = measured[:, OWN[part]] & measured[:, OTHER[part]]
    apart = np.linalg.norm(keypoints_px[:, OWN[part]] - others_px[:, OTHER[part]], axis=-1)
    return (apart * both).sum(axis=1) / np.maximum(both.sum(axis=1), 1) / height_px


def _cheapest_course(changes: np.ndarray, exchanged: np.ndarray, any_exchanged: float) -> np.ndarray:
    """The course of least cost: (T, 2) bool, whether sides of legs and of arms are exchanged.

    Args:
        changes: (T - 1, 2) cost of a change of sides between two frames.
        exchanged: (T, 2) cost of exchanged sides in a frame.
        any_exchanged: cost of a frame in which those of legs, arms or both are.
    """
    if changes.min() >= 0 and exchanged.min() >= 0:
        return np.zeros(exchanged.shape, bool)
    # States: 0 as given, 1 legs, 2 arms, 3 both. Plain numbers, since each step is small and needs the one before.
    of_state = np.stack(
        [np.zeros(len(exchanged)), exchanged[:, 0], exchanged[:, 1], exchanged.sum(axis=1)], axis=1
    ) + np.array([0.0, any_exchanged, any_exchanged, any_exchanged])
    of_state[[0, -1], 1:] += AT_ENDS
    costs = of_state[0].tolist()
    came_from = []
    for (legs, arms), here in zip(changes.tolist(), of_state[1:].tolist(), strict=True):
        turns = (0.0, legs, arms, legs + arms)
        step, origin = [], []
        for state in range(4):
            options = [costs[state ^ turn] + turns[turn] for turn in range(4)]
            best = min(options)
            step.append(best + here[state])
            origin.append(state ^ options.index(best))
        costs = step
        came_from.append(origin)
    state = costs.index(min(costs))
    states = [state]
    for origin in reversed(came_from):
        state = origin[state]
        states.append(state)
    course = np.array(states[::-1])
    return np.stack([course & 1, course >> 1], axis=1).astype(bool)
