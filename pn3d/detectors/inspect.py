"""What a keypoint file holds and how it was understood, as text."""

from collections import Counter

import numpy as np

from pn3d.data.joints17 import h36m17_by_name
from pn3d.detectors.records import Detections, Person
from pn3d.geometry.skeleton import H36M17

SHOWN_PEOPLE = 200


def facts_text(detections: Detections) -> str:
    """Lines to print: the file, its video, everybody, the joints of the first person that was chosen, and what was
    assumed. Joints are told with the share of frames in which they are missing, and the median confidence of the
    others; the networks do without those joints of h36m17 that this input never gives."""
    first, video = detections.people[0], detections.video
    width, height = video.image_size
    lines = [
        f"input     {detections.source}",
        f"format    {detections.format} ({detections.format_reason})",
        f"layout    {detections.layout.name} ({detections.layout_reason})",
        f"frames    {video.frames}, {video.frames / video.fps:.2f} s at {video.fps:g} per second ({video.fps_source})",
        f"image     {width} x {height} px ({video.image_size_source}), "
        f"focal length {video.intrinsics[0]:.0f} px ({video.intrinsics_source})",
        f"people    {detections.people_found}",
        *_people_lines(detections.everybody or detections.people),
        f"joints of {first.name}: missing, and median confidence where there",
    ]
    for joint, confidence in zip(detections.layout.joints, first.confidence.T, strict=True):
        measured = confidence > 0
        median = np.median(confidence[measured]) if measured.any() else 0.0
        missing = float(1 - measured.mean())
        lines.append(f"  {joint:<18}{100 * missing:6.1f} %  {median:5.2f}  {'#' * round(20 * missing)}")
    given = (h36m17_by_name(first.keypoints_px, first.confidence, detections.layout)[1] > 0).any(axis=0)
    if not given.all():
        lines.append(f"the networks do without: {', '.join(np.array(H36M17.joints)[~given])}")
    lines += [f"assumed   {sentence}" for sentence in detections.assumptions]
    lines += [f"warning   {sentence}" for sentence in detections.warnings]
    return "\n".join(lines)


def _people_lines(people: tuple[Person, ...]) -> list[str]:
    """A line for each with the number that ``--person`` takes, which counts within each video; frames by the file's
    numbers, seconds of the video, and the median diagonal of the box around the joints."""
    lines = []
    videos: Counter[str] = Counter()
    several = len({person.name.rsplit("/", 1)[0] for person in people}) > 1
    for person in people[:SHOWN_PEOPLE]:
        number = videos[person.video.name]
        videos[person.video.name] += 1
        of = f" of {person.name.rsplit('/', 1)[0]}" if several else ""
        filled, longest = int(person.filled.sum()), (np.diff(np.flatnonzero(~person.filled)) - 1).max(initial=0)
        gaps = f", {filled} filled (longest gap {longest})" if filled else ""
        track = "" if person.track_id is None else f", track id {person.track_id}"
        lines.append(
            f"  {number:3d}{of}  seen in {person.frames_seen} frames from {person.frame_number[0]} to "
            f"{person.frame_number[-1]} ({person.time_s[0]:.2f} s on){gaps}, {person.size_px:.0f} px across{track}"
        )
    if len(people) > SHOWN_PEOPLE:
        lines.append(f"       and {len(people) - SHOWN_PEOPLE} more")
    return lines
