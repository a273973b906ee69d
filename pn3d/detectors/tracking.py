"""Who is who from frame to frame: the file's track ids where they are, greedy matching with gaps where not.

Our choice throughout. A person's distance to a track is the mean distance of their common joints, in units of the
track's size, to where the track would be at its last speed; pairs are taken closest first.
"""

from dataclasses import dataclass

import numpy as np

from pn3d.detectors.breaks import step_limit
from pn3d.detectors.records import NO_TRACK, box_diagonal

MAX_DISTANCE = 0.4  # body diagonals per frame step; a sprinter at 10 frames/s moves 0.35
GAP_DISTANCE = 0.02  # added per frame of a gap
MAX_ALLOWED = 0.8
DUPLICATE_DISTANCE = 0.05
MIN_COMMON = 3
MAX_PAIRS_AT_ONCE = 50_000  # pairs of people compared at once, which bounds memory
SPEED_MEMORY = 0.6  # share of the old speed kept at each new frame
COASTING_FRAMES = 8  # how long a lost person is thought to keep moving
MAX_LINKED = 500  # pieces; more of them are noise
SIZE_RATIO = 1.6  # two ends of a gap that differ more in size are not one person


@dataclass
class _Track:
    number: int
    keypoints: np.ndarray
    measured: np.ndarray
    size: float
    frame: int
    speed: np.ndarray

    def expected(self, frame: int) -> np.ndarray:
        """(J, 2) where the joints should be in a later frame."""
        return self.keypoints + self.speed * min(frame - self.frame, COASTING_FRAMES)

    def allowed(self, frame: int) -> float:
        return min(MAX_DISTANCE + GAP_DISTANCE * (frame - self.frame - 1), MAX_ALLOWED)

    def extend(self, keypoints: np.ndarray, measured: np.ndarray, size: float, frame: int) -> None:
        common = measured & self.measured
        if common.any():
            speed = (keypoints - self.keypoints)[common].mean(0) / (frame - self.frame)
            self.speed = SPEED_MEMORY * self.speed + (1 - SPEED_MEMORY) * speed
        self.keypoints = np.where(measured[:, None], keypoints, self.expected(frame))
        self.measured = measured | self.measured if measured.sum() < MIN_COMMON else measured
        self.size = max(0.8 * self.size + 0.2 * size, 1.0)
        self.frame = frame


def drop_duplicates(frame: np.ndarray, keypoints: np.ndarray, confidence: np.ndarray, track: np.ndarray) -> np.ndarray:
    """(D,) bool of the people to keep.

    Left out are people without a measured joint, second skeletons on one person, and, of people with one track id in
    one frame, all but the most confident.
    """
    keep = np.asarray((confidence > 0).any(-1))
    sizes = box_diagonal(keypoints, confidence)
    order = np.lexsort((-confidence.sum(-1), frame))
    order = order[keep[order]]
    if not len(order):
        return keep
    starts = np.flatnonzero(np.diff(frame[order], prepend=frame[order[0]] - 1))
    counts = np.diff(starts, append=len(order))
    for count in np.unique(counts[counts > 1]).tolist():
        groups = order[starts[counts == count][:, None] + np.arange(count)]  # (frames, people)
        chunk = max(1, MAX_PAIRS_AT_ONCE // count**2)
        for first in range(0, len(groups), chunk):
            some = groups[first : first + chunk]
            same = _same(keypoints[some], confidence[some] > 0, sizes[some], track[some])
            for n in range(count):  # the most confident first
                doubled = same[:, n] & keep[some[:, n], None] & (np.arange(count) > n)
                keep[some[doubled]] = False
    return keep


def _same(keypoints: np.ndarray, measured: np.ndarray, sizes: np.ndarray, track: np.ndarray) -> np.ndarray:
    """(F, P, P) bool whether two people of one frame are one: the same track id, or nearly the same joints."""
    one_id = (track[:, :, None] == track[:, None]) & (track != NO_TRACK)[:, :, None]
    smaller = np.maximum(np.minimum(sizes[:, :, None], sizes[:, None]), 1.0)
    return one_id | (_mean_distance(keypoints, measured, keypoints, measured) < DUPLICATE_DISTANCE * smaller)


def usable_ids(frame: np.ndarray, track: np.ndarray) -> tuple[bool, str]:
    """Whether the file's track ids tell people apart, and why not in words.

    AlphaPose without tracking gives everybody the id 0.
    """
    known = track != NO_TRACK
    if not known.any():
        return False, ""
    if len(np.unique(track[known])) == known.sum() and len(np.unique(frame[known])) > 1:
        return False, "every detection has a track id of its own, so tracks are built here"
    pairs = np.stack([frame[known], track[known]], axis=-1)
    repeated = len(pairs) - len(np.unique(pairs, axis=0))
    if repeated > 0.02 * len(pairs):
        return False, f"track ids are not unique within frames ({repeated} repeats), so tracks are built here"
    return True, ""


def build_tracks(
    frame: np.ndarray, keypoints: np.ndarray, confidence: np.ndarray, max_gap: int, fps: float = 30.0
) -> np.ndarray:
    """Track number of each person.

    Args:
        frame: (D,) int64, in any order.
        keypoints: (D, J, 2) px.
        confidence: (D, J); > 0 = measured.
        max_gap: frames a person may be lost for within one track.
        fps: frames per second; at low rates people go further from frame to frame.

    Returns:
        (D,) int64 from 0, numbered in order of appearance.
    """
    order = np.argsort(frame, kind="stable")
    frames, starts = np.unique(frame[order], return_index=True)
    ends = np.append(starts[1:], len(order))
    sizes = np.maximum(box_diagonal(keypoints, confidence), 1.0)
    measured = confidence > 0
    result = np.full(len(frame), NO_TRACK, np.int64)
    reach = float(step_limit(1, fps)) / MAX_DISTANCE
    if len(order) == len(frames) and _steady(frames, keypoints[order], measured[order], sizes[order] * reach):
        result[:] = 0
        return result
    active: list[_Track] = []
    count = 0
    for now, first, last in zip(frames.tolist(), starts.tolist(), ends.tolist(), strict=True):
        people = order[first:last]
        active = [track for track in active if now - track.frame <= max_gap + 1]
        for track, person in _match(active, people, keypoints, measured, now, reach):
            track.extend(keypoints[person], measured[person], sizes[person], now)
            result[person] = track.number
        for person in people[result[people] == NO_TRACK].tolist():
            new = _Track(count, keypoints[person], measured[person], sizes[person], now, np.zeros(2))
            active.append(new)
            result[person] = count
            count += 1
    return _link(result, frame, sizes, max_gap)


def _steady(frames: np.ndarray, keypoints: np.ndarray, measured: np.ndarray, sizes: np.ndarray) -> bool:
    """Whether one person per frame moves without a jump or a long gap, the usual case, answered without a loop."""
    if len(frames) < 2:
        return True
    if np.diff(frames).max() > COASTING_FRAMES:
        return False
    common = measured[1:] & measured[:-1]
    apart = np.where(common, np.linalg.norm(np.diff(keypoints, axis=0), axis=-1), 0).sum(-1)
    return bool(((apart / np.maximum(common.sum(-1), 1) / sizes[:-1] < MAX_DISTANCE) & (common.sum(-1) > 0)).all())


def _match(
    active: list[_Track], people: np.ndarray, keypoints: np.ndarray, measured: np.ndarray, now: int, reach: float
) -> list[tuple[_Track, int]]:
    """Pairs of tracks and people, closest first, each once."""
    if not active:
        return []
    expected = np.stack([track.expected(now) for track in active])
    known = np.stack([track.measured for track in active])
    limit = reach * np.array([track.size * track.allowed(now) for track in active])
    costs = _mean_distance(expected, known, keypoints[people], measured[people]) / limit[:, None]
    pairs: list[tuple[_Track, int]] = []
    while costs.size:
        i, j = divmod(int(np.argmin(costs)), costs.shape[1])
        if not costs[i, j] < 1:
            break
        pairs.append((active[i], int(people[j])))
        costs[i, :] = np.inf
        costs[:, j] = np.inf
    return pairs


def _mean_distance(
    one: np.ndarray, one_measured: np.ndarray, other: np.ndarray, other_measured: np.ndarray
) -> np.ndarray:
    """(*, A, J, 2), (*, A, J), (*, P, J, 2), (*, P, J) -> (*, A, P) mean distance of common joints, else infinite."""
    common = one_measured[..., :, None, :] & other_measured[..., None, :, :]
    count = common.sum(-1)
    apart = np.linalg.norm(one[..., :, None, :, :] - other[..., None, :, :, :], axis=-1)
    mean = np.where(common, apart, 0).sum(-1) / np.maximum(count, 1)
    return np.where(count >= MIN_COMMON, mean, np.inf)


def _link(track: np.ndarray, frame: np.ndarray, sizes: np.ndarray, max_gap: int) -> np.ndarray:
    """Joins pieces of one person who was out of sight for long.

    Only where the file never has two people at once, so that a pause is likelier than somebody else, only over gaps
    longer than ``max_gap`` (a jump without a gap is a cut to somebody else), and only pieces of one size.
    """
    count = int(track.max()) + 1
    if not 1 < count <= MAX_LINKED or len(np.unique(frame)) < len(frame):
        return track
    target = np.arange(count)
    last_frame, last_size = -1, 0.0
    latest = 0
    for n in np.argsort([frame[track == n].min() for n in range(count)]).tolist():
        frames, size = frame[track == n], float(np.median(sizes[track == n]))
        similar = max(size, last_size) < SIZE_RATIO * min(size, last_size)
        if last_frame >= 0 and frames.min() - last_frame - 1 > max_gap and similar:
            target[n] = latest
        latest, last_frame, last_size = target[n], int(frames.max()), size
    return np.unique(target, return_inverse=True)[1][track]
