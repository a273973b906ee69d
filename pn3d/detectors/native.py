"""The native keypoint file among the detectors' files: read strictly, taken as it is but for what the user gives."""

from dataclasses import replace
from tokenize import TokenError
from typing import Any

import numpy as np

from pn3d.data.clips import Clips, read_clips, with_defaults
from pn3d.detectors.breaks import find_breaks, shown_times
from pn3d.detectors.layouts import detector_layout
from pn3d.detectors.plausibility import place_warning, refuse_centred, turned_warning
from pn3d.detectors.records import ABSURD, Detections, Given, Person, Video
from pn3d.detectors.sources import Opened
from pn3d.files.errors import UserError
from pn3d.geometry.camera import ASSUMED_FOCAL, assumed_intrinsics
from pn3d.geometry.skeleton import Layout

LONGEST_MESSAGE = 300  # damaged headers and names would be quoted at length


def read_native(opened: Opened, reason: str, given: Given) -> Detections:
    """One person per clip; ``fps``, ``image_size`` and ``focal_px`` replace what the file has. See read_keypoints."""
    fps, image_size, person = given.fps, given.image_size, given.person
    clips = _read(opened)
    if given.layout is not None and detector_layout(given.layout).layout != clips.layout:
        raise UserError(f"{opened.where}: layout {given.layout!r} given, but the file says {clips.layout.name!r}")
    changed: dict[str, Any] = {}
    if fps is not None:
        changed["fps"] = np.full(clips.num_clips, fps, np.float32)
    if image_size is not None:
        changed["image_size"] = np.full((clips.num_clips, 2), image_size, np.int32)
    if given.focal_px is not None:
        centre = changed.get("image_size", clips.image_size) / 2
        focal = np.full((clips.num_clips, 2), given.focal_px)
        changed["intrinsics"] = np.concatenate([focal, centre], axis=1).astype(np.float32)
    clips = replace(clips, **changed)
    if person is not None and person >= clips.num_clips:
        raise UserError(f"{opened.where}: --person {person}: clips are numbered 0 to {clips.num_clips - 1}")
    filled = np.asarray((clips.confidence <= 0).all(axis=1)) if clips.filled is None else clips.filled
    timed = with_defaults(replace(clips, filled=filled), ("frame_number", "time_s"))
    people = tuple(_clip_person(timed, i, changed) for i in (range(clips.num_clips) if person is None else [person]))
    sane = tuple(map(_sane, people))
    broken = [_broken_s(person) for person in sane]
    assumed = clips.intrinsics is None
    sentence = f"focal length assumed {ASSUMED_FOCAL} of the longer side; --focal-px gives the true one"
    return Detections(
        source=opened.where,
        people=people,
        people_found=clips.num_clips,
        layout=clips.layout,
        layout_reason="the file says so",
        format="native",
        format_reason=reason,
        assumptions=(sentence,) if assumed else (),
        warnings=_implausible(sane, clips.layout, opened.where, broken),
        clips=clips if person is None else None,
        broken_s=tuple(sorted({time for times in broken for time in times})),
    )


def _sane(person: Person) -> Person:
    """Without places so large that they would overflow."""
    fine = (np.abs(person.keypoints_px) < ABSURD).all(-1)
    pixels = np.where(fine[..., None], person.keypoints_px, 0)
    return replace(person, keypoints_px=pixels, confidence=person.confidence * fine)


def _broken_s(person: Person) -> list[float]:
    """Times of steps that nobody can make. A clip is taken as it is, so nothing is cut there; its path is."""
    seen = np.flatnonzero((person.confidence > 0).any(-1))
    if not len(seen):
        return []
    pixels, trust, one = person.keypoints_px[seen], person.confidence[seen], np.zeros(len(seen), np.int64)
    found = find_breaks(seen, pixels, trust, one, person.video.fps)
    return [round(float(person.time_s[frame]), 3) for frame in sorted({*found.cut, *found.exchanged})]


def _implausible(people: tuple[Person, ...], layout: Layout, where: str, broken: list[list[float]]) -> tuple[str, ...]:
    """What is odd about the clips, a sentence each for the first that it is so of; UserError for joints that are 3D."""
    measured = [person.confidence > 0 for person in people]
    refuse_centred(np.concatenate([p.keypoints_px for p in people]), np.concatenate(measured), layout, where)
    found: list[list[str]] = [[], [], []]
    for person, times in zip(people, broken, strict=True):
        size, source = person.video.image_size, person.video.image_size_source
        odd_place = place_warning(person.keypoints_px, person.confidence, size, source)
        found[0] += [] if odd_place is None else [f"{person.name}: {odd_place}"]
        turned = turned_warning(person, layout)
        found[1] += [] if turned is None else [turned]
        step = "somebody makes a step that nobody can at"
        found[2] += [f"{person.name}: {step} {shown_times(times)}: a cut, or another person?"] if times else []
    return tuple(s[0] + (f" (and {len(s) - 1} more clips are so)" if len(s) > 1 else "") for s in found if s)


def _read(opened: Opened) -> Clips:
    """read_clips with damage inside members told in one short line, whatever characters the damage has."""
    try:
        return read_clips(opened.path)
    except (TokenError, AttributeError) as error:  # headers that NumPy cannot parse, members that are no arrays
        raise UserError(f"{opened.where}: not a readable npz file: one of its arrays is damaged") from error
    except UserError as error:
        text = str(error)
        raise UserError((text if text.isprintable() else ascii(text)[1:-1])[:LONGEST_MESSAGE]) from error


def _clip_person(clips: Clips, clip: int, changed: dict[str, Any]) -> Person:
    """One clip of a file whose frames have their times and whether they are filled."""
    first, last = int(clips.clip_start[clip]), int(clips.clip_start[clip + 1])
    assert clips.filled is not None
    assert clips.frame_number is not None
    assert clips.time_s is not None
    known = clips.intrinsics is not None
    one = slice(clip, clip + 1)
    intrinsics = assumed_intrinsics(clips.image_size[one]) if clips.intrinsics is None else clips.intrinsics[one]
    fx, fy, cx, cy = intrinsics[0].tolist()
    width, height = clips.image_size[clip].tolist()
    video = Video(
        name=str(clips.clip_name[clip]),
        frames=last - first,
        fps=float(clips.fps[clip]),
        fps_source="given" if "fps" in changed else "file",
        image_size=(width, height),
        image_size_source="given" if "image_size" in changed else "file",
        intrinsics=(fx, fy, cx, cy),
        intrinsics_source="given" if "intrinsics" in changed else "file" if known else "assumed",
        numbers=clips.frame_number[first:last],
        start_s=float(clips.time_s[first]),
    )
    confidence = clips.confidence[first:last]
    return Person(
        clips.keypoints[first:last],
        confidence,
        np.arange(last - first),
        clips.filled[first:last],
        None,
        video,
        video.name,
    )
