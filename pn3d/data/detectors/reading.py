"""read_keypoints: any detector's output as people with pixels, confidences and a time line, and what was assumed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from pn3d.camera import ASSUMED_FOCAL
from pn3d.data.detectors import tracking
from pn3d.data.detectors.choosing import Choice, choose_layout
from pn3d.data.detectors.cleaning import Clean, checked_size, clean
from pn3d.data.detectors.coco_results import read_coco
from pn3d.data.detectors.filling import SHORT_GAP_SECONDS, fill_frames
from pn3d.data.detectors.kinetics import read_kinetics
from pn3d.data.detectors.mediapipe import read_mediapipe
from pn3d.data.detectors.mmpose import read_mmpose
from pn3d.data.detectors.native import read_native
from pn3d.data.detectors.openpose import read_openpose
from pn3d.data.detectors.records import NO_TRACK, Detections, Person, RawVideo, Video
from pn3d.data.detectors.sniffing import checked_format, sniff
from pn3d.data.detectors.sources import Opened, open_source
from pn3d.data.detectors.tables import read_array
from pn3d.data.detectors.timeline import make_timeline
from pn3d.data.detectors.ultralytics import read_ultralytics
from pn3d.data.detectors.videopose3d import read_videopose3d
from pn3d.errors import UserError

ASSUMED_FPS = 30.0
LOST_SECONDS = 1.0  # how long a person may be lost within one track that is built here
CRUMB_FRAMES = 5  # tracks shorter than this are noise where somebody is seen ten times as long
_FOLDER_FORMATS = ("openpose", "alphapose", "mmpose", "ultralytics", "mediapipe")


def read_keypoints(
    path: str | Path,
    *,
    format: str | None = None,
    layout: str | None = None,
    fps: float | None = None,
    image_size: tuple[int, int] | None = None,
    focal_px: float | None = None,
    person: int | None = None,
    all_people: bool = False,
) -> Detections:
    """Reads the output of any detector that is known here.

    Args:
        path: a file, or a folder with a file per frame.
        format: one of pn3d.data.detectors.FORMATS; None = by the content.
        layout: name of the joints' layout; None = what the file says, or what fits, or an error.
        fps: frames per second of the frames in the file; None = what the file says, else 30, aloud.
        image_size: (width, height) in px; None = what the file says, else one that holds the keypoints, aloud.
        focal_px: focal length; None = what the file says, else 1.15 of the longer side, aloud.
        person: which person to take, 0 = the largest (median size x frames seen); None = 0.
        all_people: take everybody.

    Returns:
        The people with everything that was decided, assumed and found odd. A native keypoint file gives one person
        per clip, all of them unless ``person`` chooses.

    Raises:
        UserError: what is wrong, where, what was expected and what was found, in one line.
    """
    _check_numbers(fps, focal_px, person)
    size = None if image_size is None else checked_size(*image_size, "--image-size")
    opened = open_source(path)
    name, reason = (checked_format(format), "given") if format is not None else sniff(opened)
    if name == "native":
        return read_native(opened, reason, layout, fps, size, focal_px, person)
    if opened.kind in ("json folder", "text folder") and name not in _FOLDER_FORMATS:
        raise UserError(
            f"{opened.where}: {name} keeps a video in one file; the folder has {len(opened.files)}, give one"
        )
    raws = _READERS[name](opened, layout)
    choice = choose_layout(raws[0], layout, opened.where)
    assumptions: list[str] = []
    warnings: list[str] = [*opened.notes, *choice.warnings]
    people: list[Person] = []
    found = 0
    for raw in raws:
        if raw.keypoints.shape[1] != choice.known.count:
            raise UserError(
                f"{opened.where}: mixed layouts: {raws[0].name} has {choice.known.count} joints, "
                f"{raw.name} {raw.keypoints.shape[1]}; expected one layout per file"
            )
        tracks = _people(raw, choice, opened.where, name, fps, size, focal_px, assumptions, warnings)
        found += len(tracks)
        people += _chosen(tracks, person, all_people, opened.where, warnings)
    for one in people:
        _warn_of_gaps(one, choice.known.layout.joints, opened.where, warnings)
    return Detections(
        source=opened.where,
        people=tuple(people),
        people_found=found,
        layout=choice.known.layout,
        layout_reason=choice.reason,
        format=name,
        format_reason=reason,
        assumptions=tuple(dict.fromkeys(assumptions)),
        warnings=tuple(dict.fromkeys(sentence.removeprefix(f"{opened.where}: ") for sentence in warnings)),
    )


def _alphapose(opened: Opened) -> list[RawVideo]:
    return read_coco(opened) if isinstance(opened.content, list) else read_openpose(opened)


_READERS: dict[str, Callable[[Opened, str | None], list[RawVideo]]] = {
    "openpose": lambda opened, _: read_openpose(opened),
    "alphapose": lambda opened, _: _alphapose(opened),
    "coco": lambda opened, _: read_coco(opened),
    "mmpose": lambda opened, _: read_mmpose(opened),
    "ultralytics": lambda opened, _: read_ultralytics(opened),
    "mediapipe": lambda opened, _: read_mediapipe(opened),
    "videopose3d": lambda opened, _: read_videopose3d(opened),
    "gastnet": lambda opened, _: read_kinetics(opened),
    "array": read_array,
}


def _check_numbers(fps: float | None, focal_px: float | None, person: int | None) -> None:
    if fps is not None and not 0 < fps <= 1000:
        raise UserError(f"--fps must be above 0 and at most 1000, found {fps:g}")
    if focal_px is not None and not 1 <= focal_px <= 1e6:
        raise UserError(f"--focal-px must be a focal length in pixels, found {focal_px:g}")
    if person is not None and person < 0:
        raise UserError(f"--person counts from 0, found {person}")


def _people(
    raw: RawVideo,
    choice: Choice,
    where: str,
    format_name: str,
    fps: float | None,
    image_size: tuple[int, int] | None,
    focal_px: float | None,
    assumptions: list[str],
    warnings: list[str],
) -> list[Person]:
    """All people of one video, the largest first, with sentences added to the two lists."""
    joints = len(choice.known.layout.joints)
    cleaned = clean(raw, joints, where, image_size, screen=format_name in ("array", "videopose3d"))
    timeline, notes = make_timeline(raw.listed_frames, where)
    video = _video(raw, cleaned, timeline.frames, timeline.first, fps, focal_px, assumptions)
    assumptions += cleaned.assumptions
    warnings += [*raw.notes, *cleaned.warnings, *notes]
    frame = timeline.frame_of(raw.frame)
    trusted, note = tracking.usable_ids(frame, raw.track_id)
    if note:
        warnings.append(f"{where}: {note}")
    ids = raw.track_id if trusted else np.full_like(raw.track_id, NO_TRACK)
    keep = tracking.drop_duplicates(frame, cleaned.keypoints_px, cleaned.confidence, ids)
    if not keep.any():
        raise UserError(f"{where}: no joint of anybody is measured (all confidences are 0 or all positions missing)")
    doubles = int((~keep & (cleaned.confidence > 0).any(-1)).sum())
    if doubles:
        warnings.append(f"{where}: {doubles} second skeletons on the same person were left out")
    frame, ids = frame[keep], ids[keep]
    pixels, confidence = cleaned.keypoints_px[keep], cleaned.confidence[keep]
    track = _tracks(frame, pixels, confidence, ids, round(LOST_SECONDS * video.fps))
    return _ranked(frame, pixels, confidence, track, ids, video, where, warnings)


def _video(
    raw: RawVideo,
    cleaned: Clean,
    frames: int,
    first: int,
    fps: float | None,
    focal_px: float | None,
    assumptions: list[str],
) -> Video:
    rate = fps if fps is not None else raw.fps
    if rate is None:
        assumptions.append(f"frame rate assumed {ASSUMED_FPS:g} per second; --fps gives the true one")
    width, height = cleaned.image_size
    focal = focal_px if focal_px is not None else ASSUMED_FOCAL * max(width, height)
    if focal_px is None:
        assumptions.append(
            f"focal length assumed {focal:.0f} px, {ASSUMED_FOCAL} of the longer side; --focal-px gives the true one"
        )
    return Video(
        name=raw.name,
        frames=frames,
        first_number=first,
        fps=ASSUMED_FPS if rate is None else float(rate),
        fps_source="given" if fps is not None else "file" if raw.fps is not None else "assumed",
        image_size=cleaned.image_size,
        image_size_source=cleaned.image_size_source,
        intrinsics=(float(focal), float(focal), width / 2, height / 2),
        intrinsics_source="given" if focal_px is not None else "assumed",
    )


def _tracks(frame: np.ndarray, pixels: np.ndarray, confidence: np.ndarray, ids: np.ndarray, max_gap: int) -> np.ndarray:
    """(D,) track of each person: the file's ids first, built ones for those without."""
    known = ids != NO_TRACK
    track = np.full(len(frame), NO_TRACK, np.int64)
    values, numbered = np.unique(ids[known], return_inverse=True)
    track[known] = numbered
    if not known.all():
        built = tracking.build_tracks(frame[~known], pixels[~known], confidence[~known], max_gap)
        track[~known] = built + len(values)
    return track


def _ranked(
    frame: np.ndarray,
    pixels: np.ndarray,
    confidence: np.ndarray,
    track: np.ndarray,
    ids: np.ndarray,
    video: Video,
    where: str,
    warnings: list[str],
) -> list[Person]:
    people = []
    order = np.lexsort((frame, track))
    bounds = np.flatnonzero(np.diff(track[order])) + 1
    rows = np.split(order, bounds)
    longest = max(map(len, rows))
    crumbs = [row for row in rows if len(row) < CRUMB_FRAMES and longest >= 10 * CRUMB_FRAMES]
    for row in rows:
        if len(row) >= CRUMB_FRAMES or longest < 10 * CRUMB_FRAMES:
            frames, positions, trust, filled = fill_frames(
                frame[row], pixels[row], confidence[row], round(SHORT_GAP_SECONDS * video.fps)
            )
            number = int(ids[row[0]])
            people.append(Person(positions, trust, frames, filled, None if number < 0 else number, video, video.name))
    if crumbs:
        warnings.append(f"{where}: {len(crumbs)} tracks of fewer than {CRUMB_FRAMES} frames were left out")
    people.sort(key=lambda one: -one.size_px * one.frames_seen)
    return [replace(one, name=f"{one.name}/person_{i:02d}") for i, one in enumerate(people)]


def _chosen(
    people: list[Person], person: int | None, all_people: bool, where: str, warnings: list[str]
) -> list[Person]:
    if person is not None:
        if person >= len(people):
            raise UserError(f"{where}: --person {person}: people are numbered 0 to {len(people) - 1}, largest first")
        return [people[person]]
    if len(people) > 1 and not all_people:
        seen = people[0].frames_seen
        warnings.append(
            f"{where}: {len(people)} people; the largest is taken, seen in {seen} of {people[0].video.frames} frames "
            f"(--person 1 … or --all-people for the others)"
        )
    return people if all_people else people[:1]


def _warn_of_gaps(person: Person, joints: tuple[str, ...], where: str, warnings: list[str]) -> None:
    """What the user should know about a chosen person: filled frames and joints that are never there."""
    missing = int(person.filled.sum())
    if missing:
        runs = np.diff(np.flatnonzero(~person.filled)) - 1
        warnings.append(
            f"{where}: {person.name} is not in {missing} of {len(person.frames)} frames (longest gap {runs.max()}); "
            "filled and marked"
        )
    never = [joints[j] for j in np.flatnonzero((person.confidence <= 0).all(axis=0))]
    if never:
        warnings.append(f"{where}: {person.name}: never seen: {', '.join(never)}")
