"""Steps that nobody can make: exchanged track ids and cuts, told from fast motion and from outliers.

Our choice throughout. A step is the median way of the joints that two frames of one track have in common, in units of
the body's size (diagonal of the box). Faster than ``FASTEST`` sizes per second, gaps counted, is nobody: a sprinter
makes 7. Where another person's joints lie where this one's were, ids were exchanged; a jump that is back within
``OUTLIER_SECONDS`` is an outlier of the detector's; anything else is a cut, or another person.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pn3d.detectors.records import NO_TRACK, box_diagonal

FASTEST = 12.0
LEAST_STEP = 0.4  # body sizes: below it trembling at high frame rates is not told from motion
EXCHANGE_LEAST, EXCHANGE_SHARE = 0.15, 0.3
OUTLIER_SECONDS = 0.1
ZOOM, ZOOM_RATE = 1.2, 1.8  # a factor at once; its logarithm per second, 1.06 in a thirtieth
SIZE_RATIO = 1.5  # two pieces that differ more in size are not one person
BACK = 0.5  # of the step: nearer is back where it was
AS_BEFORE = 0.5  # of the step: nearer to where the last step leads is no exchange
OFTEN = 0.1
MIN_COMMON = 3


@dataclass
class Breaks:
    """What was found.

    Attributes:
        track: (D,) ids with pieces put together anew.
        changed: (D,) bool rows whose id is not the file's any more.
        exchanged: frames in which ids changed owners.
        cut: frames before which a track ends, since nothing goes on there.
        steps: how many steps were looked at.
    """

    track: np.ndarray
    changed: np.ndarray
    exchanged: list[int]
    cut: list[int]
    steps: int


class _People(NamedTuple):
    """Everybody in all frames: (D,) frame, (D, J, 2) keypoints, (D, J) bool measured, (D,) sizes, px."""

    frame: np.ndarray
    keypoints: np.ndarray
    measured: np.ndarray
    sizes: np.ndarray


def step_limit(frames: np.ndarray | float, fps: float) -> np.ndarray:
    """Body sizes that somebody may go in this many frames."""
    return np.maximum(LEAST_STEP, FASTEST * np.asarray(frames, np.float64) / fps)


def find_breaks(
    frame: np.ndarray, keypoints: np.ndarray, confidence: np.ndarray, track: np.ndarray, fps: float
) -> Breaks:
    """Looks through the tracks of ids ``track`` (D,), -1 = none, and puts their pieces together anew where they break.

    Args:
        frame: (D,) int64.
        keypoints: (D, J, 2) px; confidence: (D, J).
        track: (D,) each id at most once per frame.
        fps: frames per second.
    """
    people = _People(frame, keypoints, confidence > 0, np.maximum(box_diagonal(keypoints, confidence), 1.0))
    order = np.lexsort((frame, track))
    order = order[track[order] != NO_TRACK]
    before, after = order[:-1], order[1:]
    same = track[before] == track[after]
    before, after = before[same], after[same]
    scale = np.maximum(people.sizes[before], people.sizes[after])
    step = _way(people, before, after) / scale
    gap = frame[after] - frame[before]
    limit = step_limit(gap, fps)
    jumped = (step > limit) | (_zoomed(people, before, after, gap / fps) & (gap <= 2))
    suspect = np.flatnonzero(jumped | (step > EXCHANGE_LEAST))
    found = Breaks(track.copy(), np.zeros(len(track), bool), [], [], len(step))
    if not len(suspect):
        return found
    rows_of = _rows_by_frame(frame)
    next_of = dict(zip(before.tolist(), after.tolist(), strict=True))
    last_of = dict(zip(after.tolist(), before.tolist(), strict=True))
    broken = []
    for i in suspect.tolist():
        a, b = int(before[i]), int(after[i])
        others = [row for row in rows_of[int(frame[b])] if row != b]
        nearest = min((float(_way(people, [a], [row])[0]) / scale[i] for row in others), default=np.inf)
        exchanged = nearest < EXCHANGE_SHARE * step[i] and nearest < limit[i]
        if exchanged and _goes_on(people, a, b, last_of.get(a), next_of.get(b)):
            exchanged = False
        if exchanged:
            broken.append((a, b))
            found.exchanged.append(int(frame[b]))
        elif jumped[i] and not (_returns(people, a, b, next_of, fps) or _returns(people, b, a, last_of, fps)):
            broken.append((a, b))
            found.cut.append(int(frame[b]))
    _relink(found, broken, people, fps)
    found.cut = sorted(set(found.cut) - set(found.exchanged))
    return found


def shown_times(times: list[float]) -> str:
    """The first of these times, in words."""
    more = f" and {len(times) - 6} more" if len(times) > 6 else ""
    return ", ".join(f"{time:.2f}" for time in times[:6]) + f" s{more}"


def _way(people: _People, one: np.ndarray | list[int], other: np.ndarray | list[int]) -> np.ndarray:
    """(S,) median distance of the joints that rows ``one`` and ``other`` have in common; 0 where they have too few."""
    common = people.measured[one] & people.measured[other]
    apart = np.where(common, np.linalg.norm(people.keypoints[one] - people.keypoints[other], axis=-1), np.nan)
    enough = common.sum(-1) >= MIN_COMMON
    result = np.zeros(len(apart))
    if enough.any():
        result[enough] = np.nanmedian(apart[enough], axis=-1)
    return result


def _zoomed(people: _People, before: np.ndarray, after: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """(S,) whether (nearly) all distances between joints changed by ``ZOOM`` or more: a camera that is nearer at once.

    Nobody's joints do that; 1.04 in a thirtieth of a second is the most in recorded dance and motion capture, and over
    the ``seconds`` (S,) between two frames at 5 per second that grows to as much.
    """
    _, keypoints, measured, sizes = people
    result = np.zeros(len(before), bool)
    least = np.maximum(np.log(ZOOM), ZOOM_RATE * seconds)
    for i in np.flatnonzero(np.abs(np.log(sizes[after] / sizes[before])) > least).tolist():
        common = measured[before[i]] & measured[after[i]]
        one, other = np.triu_indices(int(common.sum()), 1)
        if len(one) < MIN_COMMON:
            continue
        apart = [np.linalg.norm((k := keypoints[rows[i]][common])[one] - k[other], axis=-1) for rows in (before, after)]
        long = apart[0] > np.quantile(apart[0], 0.3)
        ratio = np.log(np.maximum(apart[1][long], 1e-6) / np.maximum(apart[0][long], 1e-6))
        if long.any():
            low, high = np.quantile(ratio, (0.1, 0.9))
            result[i] = low > least[i] or high < -least[i]
    return result


def _rows_by_frame(frame: np.ndarray) -> dict[int, list[int]]:
    rows: dict[int, list[int]] = {}
    for row, number in enumerate(frame.tolist()):
        rows.setdefault(number, []).append(row)
    return rows


def _goes_on(people: _People, a: int, b: int, last: int | None, following: int | None) -> bool:
    """Whether the step from ``a`` to ``b`` is as the one before it, or else as the one after: then somebody follows
    somebody else, and nobody was exchanged."""
    frame, keypoints, measured, _ = people
    for one, other, third in ((a, b, last), (b, a, following)):
        if third is None:
            continue
        ahead = (keypoints[one] - keypoints[third]) * ((frame[other] - frame[one]) / (frame[one] - frame[third]))
        both = measured[one] & measured[other] & measured[third]
        if both.sum() < MIN_COMMON:
            continue
        off = np.linalg.norm(keypoints[one] + ahead - keypoints[other], axis=-1)[both]
        return float(np.median(off)) < AS_BEFORE * float(_way(people, [a], [b])[0])
    return False


def _returns(people: _People, a: int, b: int, next_of: dict[int, int], fps: float) -> bool:
    """Whether the track, followed from ``b`` (in time or against it), is back at ``a`` within a tenth of a second."""
    frame, sizes = people.frame, people.sizes
    reach = max(1, round(OUTLIER_SECONDS * fps))
    away = _way(people, [a], [b])[0]
    grown = abs(np.log(sizes[b] / sizes[a]))
    row = next_of.get(b)
    while row is not None and abs(frame[row] - frame[b]) <= reach:
        near = _way(people, [a], [row])[0] < BACK * away
        if near and abs(np.log(sizes[row] / sizes[a])) < max(BACK * grown, np.log(ZOOM)):
            return True
        row = next_of.get(row)
    return False


def _relink(found: Breaks, broken: list[tuple[int, int]], people: _People, fps: float) -> None:
    """Cuts tracks at ``broken`` steps, and lets each new piece go on from the nearest piece that ended before it."""
    if not broken:
        return
    frame, sizes = people.frame, people.sizes
    ends_at: dict[int, list[int]] = {}
    for a, _ in broken:
        ends_at.setdefault(int(frame[a]), []).append(a)
    fresh = int(found.track.max()) + 1
    piece = found.track.copy()
    for _, b in sorted(broken, key=lambda pair: frame[pair[1]]):
        rows = (piece == piece[b]) & (frame >= frame[b])
        piece[rows] = fresh
        fresh += 1
    steps = set(broken)
    owner: dict[int, int] = {}
    pairs = []
    for _, b in broken:
        for gap in range(1, max(1, round(fps)) + 1):
            for a in ends_at.get(int(frame[b]) - gap, ()):
                way = float(_way(people, [a], [b])[0]) / max(sizes[a], sizes[b])
                alike = abs(np.log(sizes[a] / sizes[b])) < np.log(SIZE_RATIO)
                if (a, b) not in steps and alike and way < step_limit(gap, fps):
                    pairs.append((way + 0.05 * gap, a, b))
    taken: set[int] = set()
    for _, a, b in sorted(pairs):
        if a not in taken and int(piece[b]) not in owner and piece[a] != piece[b]:
            taken.add(a)
            owner[int(piece[b])] = int(piece[a])

    def first_piece(number: int) -> int:
        while number in owner:
            number = owner[number]
        return number

    result = np.array([first_piece(int(number)) for number in piece], np.int64)
    found.changed = np.isin(result, np.unique(result[result != found.track]))
    found.track = result
    going_on = {int(frame[b]) for _, b in broken if int(piece[b]) in owner}
    found.exchanged = sorted(set(found.exchanged) | going_on)
