"""The people of a detector's file as clips of the 17 joints that the networks take."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pn3d.data.clips import Clips, concatenate
from pn3d.data.feet import feet_of
from pn3d.data.joints17 import h36m17_by_name
from pn3d.detectors.filling import SHORT_GAP_SECONDS
from pn3d.detectors.records import Detections, Person
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17, remap_indices

MIN_CLIP_FRAMES = 9


def person_clips(detections: Detections, *, split_gaps: bool = False) -> Clips:
    """The chosen people as h36m17 clips: for prediction one clip per person, for training split at long gaps.

    Args:
        detections: from read_keypoints.
        split_gaps: cut where a person is out of sight for longer than half a second, and drop pieces shorter than
            9 frames, so that no training window spans a gap.

    Returns:
        Clips, joints by name (``pn3d.data.joints17.to_h36m17`` masks guesses); ``intrinsics`` only where they are
        known, since readers of Clips make the same assumption. A native file of h36m17 comes back as it is.

    Raises:
        UserError: nothing is left after splitting.
    """
    if detections.clips is not None and detections.layout == H36M17 and not split_gaps:
        return detections.clips
    pieces = [(person, piece) for person in detections.people for piece in _pieces(person, split_gaps)]
    if not pieces:
        raise UserError(f"{detections.source}: nobody is seen for {MIN_CLIP_FRAMES} frames without a long gap")
    positions, trust, names, feet, turns = [], [], [], [], []
    numbers, times, filled = [], [], []
    for person, (first, last) in pieces:
        one = h36m17_by_name(person.keypoints_px[first:last], person.confidence[first:last], detections.layout)
        feet.append(feet_of(person.keypoints_px[first:last], person.confidence[first:last], detections.layout))
        turn = person.video.camera_turn_rad
        turns.append(np.zeros((last - first, 3), np.float32) if turn is None else turn[person.frames[first:last]])
        positions.append(one[0])
        trust.append(one[1])
        numbers.append(person.frame_number[first:last])
        times.append(person.time_s[first:last])
        filled.append(person.filled[first:last])
        whole = last - first == len(person.frames)
        names.append(person.name if whole else f"{person.name}/frames_{int(person.frame_number[first]):06d}")
    videos = [person.video for person, _ in pieces]
    known = any(video.intrinsics_source != "assumed" for video in videos)
    return Clips(
        keypoints=np.concatenate(positions),
        confidence=np.concatenate(trust),
        clip_start=np.cumsum([0, *map(len, positions)]).astype(np.int64),
        clip_name=np.array(names),
        image_size=np.array([video.image_size for video in videos], np.int32),
        fps=np.array([video.fps for video in videos], np.float32),
        layout=H36M17,
        intrinsics=np.array([video.intrinsics for video in videos], np.float32) if known else None,
        frame_number=np.concatenate(numbers),
        time_s=np.concatenate(times),
        filled=np.concatenate(filled),
        has_joint=np.tile(np.array(remap_indices(detections.layout, H36M17)) >= 0, (len(pieces), 1)),
        camera_turn_rad=np.concatenate(turns) if any(turn.any() for turn in turns) else None,
        feet=None if feet[0] is None else np.concatenate([part for part in feet if part is not None]),
    )


def view_clips(views: Sequence[Detections], scene: str) -> Clips:
    """Files of cameras that were started together, as clips of one moment: ``SCENE/cam0``, ``SCENE/cam1``, …

    Of each file the largest person, on the frames in which all files have one.

    Args:
        views: one per camera, from read_keypoints, at one frame rate.
        scene: what the moment is called.

    Raises:
        UserError: fewer than two files, other frame rates, or no 9 frames in common.
    """
    people = [view.people[0] for view in views]
    if len(people) < 2:
        raise UserError(f"views of one moment are at least two files, found {len(people)}")
    rates = [person.video.fps for person in people]
    if max(rates) - min(rates) > 1e-3 * max(rates):
        found = ", ".join(f"{rate:g}" for rate in rates)
        raise UserError(f"views of one moment must have one frame rate, found {found} frames/s")
    starts = [round(float(person.time_s[0]) * person.video.fps) for person in people]
    ends = [start + len(person.frames) for start, person in zip(starts, people, strict=True)]
    first, end = max(starts), min(ends)
    if end - first < MIN_CLIP_FRAMES:
        spans = ", ".join(f"{start} to {end - 1}" for start, end in zip(starts, ends, strict=True))
        raise UserError(f"views of one moment must share {MIN_CLIP_FRAMES} frames; their people are in frames {spans}")
    parts = []
    for camera, (view, person, start) in enumerate(zip(views, people, starts, strict=True)):
        own = slice(first - start, end - start)
        shared = replace(
            person,
            keypoints_px=person.keypoints_px[own],
            confidence=person.confidence[own],
            frames=person.frames[own],
            filled=person.filled[own],
            name=f"{scene}/cam{camera}",
        )
        parts.append(person_clips(replace(view, people=(shared,), clips=None)))
    return concatenate(parts)


def _pieces(person: Person, split: bool) -> list[tuple[int, int]]:
    """(first, last + 1) of the parts of a person between long gaps."""
    length = len(person.frames)
    if not split:
        return [(0, length)]
    seen = np.flatnonzero(~person.filled)
    breaks = np.flatnonzero(np.diff(seen) - 1 > SHORT_GAP_SECONDS * person.video.fps)
    firsts = [0, *(breaks + 1).tolist()]
    lasts = [*breaks.tolist(), len(seen) - 1]
    spans = [(int(seen[a]), int(seen[b]) + 1) for a, b in zip(firsts, lasts, strict=True)]
    return [(first, last) for first, last in spans if last - first >= MIN_CLIP_FRAMES]
