"""What a keypoint file holds and how it was understood, as facts and as text."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pn3d.data.joints17 import h36m17_by_name
from pn3d.detectors.records import Detections, Person
from pn3d.geometry.skeleton import H36M17

SHOWN_PEOPLE = 200


@dataclass(frozen=True)
class PersonFacts:
    """One person: frames by the file's numbers, ``start_s`` in the video's time; ``size_px`` is the median diagonal of
    the box around the joints."""

    index: int
    name: str
    track_id: int | None
    first_frame: int
    last_frame: int
    start_s: float
    frames_seen: int
    frames_filled: int
    longest_gap: int
    size_px: float


@dataclass(frozen=True)
class KeypointFacts:
    """Facts of one input, all JSON-ready through ``as_json``.

    Attributes:
        frames: length of the time line of the first person's video.
        fps_source, image_size_source, intrinsics_source: "given", "file" or "assumed".
        shown: name of the person that joints are told of, the first that was chosen.
        people: everybody, the largest of each video first.
        missing_share: per joint of the layout, the share of the first person's frames in which it is missing.
        median_confidence: per joint, over the frames that have it; 0 where none has.
        masked: joints of h36m17 that this input never gives, which the networks do without.
    """

    source: str
    format: str
    format_reason: str
    layout: str
    layout_reason: str
    frames: int
    seconds: float
    fps: float
    fps_source: str
    image_size: tuple[int, int]
    image_size_source: str
    intrinsics: tuple[float, float, float, float]
    intrinsics_source: str
    people_found: int
    shown: str
    people: tuple[PersonFacts, ...]
    missing_share: dict[str, float]
    median_confidence: dict[str, float]
    masked: tuple[str, ...]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The facts as plain containers."""
        return asdict(self)


def keypoint_facts(detections: Detections) -> KeypointFacts:
    """The facts of ``detections``: everybody in the list, joints of the first person that was chosen."""
    first, video = detections.people[0], detections.video
    joints = detections.layout.joints
    measured = first.confidence > 0
    confidence = h36m17_by_name(first.keypoints_px, first.confidence, detections.layout)[1]
    return KeypointFacts(
        source=detections.source,
        format=detections.format,
        format_reason=detections.format_reason,
        layout=detections.layout.name,
        layout_reason=detections.layout_reason,
        frames=video.frames,
        seconds=video.frames / video.fps,
        fps=video.fps,
        fps_source=video.fps_source,
        image_size=video.image_size,
        image_size_source=video.image_size_source,
        intrinsics=video.intrinsics,
        intrinsics_source=video.intrinsics_source,
        people_found=detections.people_found,
        shown=first.name,
        people=tuple(
            _person_facts(number, person) for number, person in _numbered(detections.everybody or detections.people)
        ),
        missing_share={joint: float(1 - measured[:, j].mean()) for j, joint in enumerate(joints)},
        median_confidence={
            joint: float(np.median(first.confidence[measured[:, j], j])) if measured[:, j].any() else 0.0
            for j, joint in enumerate(joints)
        },
        masked=tuple(joint for j, joint in enumerate(H36M17.joints) if not (confidence[:, j] > 0).any()),
        assumptions=detections.assumptions,
        warnings=detections.warnings,
    )


def _numbered(people: Sequence[Person]) -> Iterator[tuple[int, Person]]:
    """People with the number that ``--person`` takes, which counts within each video."""
    seen: Counter[str] = Counter()
    for person in people:
        yield seen[person.video.name], person
        seen[person.video.name] += 1


def _person_facts(index: int, person: Person) -> PersonFacts:
    seen = np.flatnonzero(~person.filled)
    return PersonFacts(
        index=index,
        name=person.name,
        track_id=person.track_id,
        first_frame=int(person.frame_number[0]),
        last_frame=int(person.frame_number[-1]),
        start_s=float(person.time_s[0]),
        frames_seen=person.frames_seen,
        frames_filled=int(person.filled.sum()),
        longest_gap=int((np.diff(seen) - 1).max()) if len(seen) > 1 else 0,
        size_px=person.size_px,
    )


def facts_text(facts: KeypointFacts) -> str:
    """The facts as lines to print."""
    width, height = facts.image_size
    lines = [
        f"input     {facts.source}",
        f"format    {facts.format} ({facts.format_reason})",
        f"layout    {facts.layout} ({facts.layout_reason})",
        f"frames    {facts.frames}, {facts.seconds:.2f} s at {facts.fps:g} per second ({facts.fps_source})",
        f"image     {width} x {height} px ({facts.image_size_source}), "
        f"focal length {facts.intrinsics[0]:.0f} px ({facts.intrinsics_source})",
        f"people    {facts.people_found}",
    ]
    several = len({person.name.rsplit("/", 1)[0] for person in facts.people}) > 1
    for person in facts.people[:SHOWN_PEOPLE]:
        track = "" if person.track_id is None else f", track id {person.track_id}"
        of = f" of {person.name.rsplit('/', 1)[0]}" if several else ""
        gaps = f", {person.frames_filled} filled (longest gap {person.longest_gap})" if person.frames_filled else ""
        lines.append(
            f"  {person.index:3d}{of}  seen in {person.frames_seen} frames from {person.first_frame} to "
            f"{person.last_frame} ({person.start_s:.2f} s on){gaps}, {person.size_px:.0f} px across{track}"
        )
    if len(facts.people) > SHOWN_PEOPLE:
        lines.append(f"       and {len(facts.people) - SHOWN_PEOPLE} more")
    lines.append(f"joints of {facts.shown}: missing, and median confidence where there")
    for joint, share in facts.missing_share.items():
        lines.append(
            f"  {joint:<18}{100 * share:6.1f} %  {facts.median_confidence[joint]:5.2f}  {'#' * round(20 * share)}"
        )
    if facts.masked:
        lines.append(f"the networks do without: {', '.join(facts.masked)}")
    lines += [f"assumed   {sentence}" for sentence in facts.assumptions]
    lines += [f"warning   {sentence}" for sentence in facts.warnings]
    return "\n".join(lines)
