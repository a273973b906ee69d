"""From the cleaned rows of one video to people on a time line: tracks, gaps, order, and which of them are taken."""

from dataclasses import dataclass, field, replace

import numpy as np

from pn3d.detectors import tracking
from pn3d.detectors.choosing import Choice
from pn3d.detectors.cleaning import Clean, clean
from pn3d.detectors.filling import SHORT_GAP_SECONDS, fill_frames
from pn3d.detectors.records import NO_TRACK, Person, RawVideo, Video
from pn3d.detectors.timeline import make_timeline
from pn3d.files.errors import UserError
from pn3d.geometry.camera import ASSUMED_FOCAL

ASSUMED_FPS = 30.0
LOST_SECONDS = 1.0  # how long a person may be lost within one track that is built here
CRUMB_FRAMES = 5  # tracks shorter than this are noise where somebody is seen ten times as long


@dataclass(frozen=True)
class Given:
    """What the user gives beside the file; None = not given."""

    layout: str | None
    fps: float | None
    image_size: tuple[int, int] | None
    focal_px: float | None
    person: int | None
    all_people: bool


@dataclass
class Remarks:
    """Sentences for the user, gathered on the way; ``where`` names the file."""

    where: str
    assumptions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def warn(self, sentence: str) -> None:
        """Adds a warning."""
        self.warnings.append(f"{self.where}: {sentence}")


def people_of_video(raw: RawVideo, choice: Choice, screen: bool, given: Given, remarks: Remarks) -> list[Person]:
    """All people of one video, the largest first; ``screen`` as in cleaning.clean.

    Raises:
        UserError: nobody has a measured joint.
    """
    joints = len(choice.known.layout.joints)
    cleaned = clean(raw, joints, remarks.where, given.image_size, screen)
    timeline, notes = make_timeline(raw.listed_frames, remarks.where)
    video = _video(raw, cleaned, timeline.frames, timeline.first, given, remarks)
    remarks.assumptions += cleaned.assumptions
    remarks.warnings += [*raw.notes, *cleaned.warnings, *notes]
    frame = timeline.frame_of(raw.frame)
    trusted, note = tracking.usable_ids(frame, raw.track_id)
    if note:
        remarks.warn(note)
    ids = raw.track_id if trusted else np.full_like(raw.track_id, NO_TRACK)
    keep = tracking.drop_duplicates(frame, cleaned.keypoints_px, cleaned.confidence, ids)
    if not keep.any():
        raise UserError(
            f"{remarks.where}: no joint of anybody is measured (all confidences are 0 or all positions missing)"
        )
    doubles = int((~keep & (cleaned.confidence > 0).any(-1)).sum())
    if doubles:
        remarks.warn(f"{doubles} second skeletons on the same person were left out")
    frame, ids = frame[keep], ids[keep]
    pixels, confidence = cleaned.keypoints_px[keep], cleaned.confidence[keep]
    track = _tracks(frame, pixels, confidence, ids, round(LOST_SECONDS * video.fps))
    return _ranked(frame, pixels, confidence, track, ids, video, remarks)


def _video(raw: RawVideo, cleaned: Clean, frames: int, first: int, given: Given, remarks: Remarks) -> Video:
    fps, focal_px = given.fps, given.focal_px
    rate = fps if fps is not None else raw.fps
    if rate is None:
        remarks.assumptions.append(f"frame rate assumed {ASSUMED_FPS:g} per second; --fps gives the true one")
    width, height = cleaned.image_size
    focal = focal_px if focal_px is not None else ASSUMED_FOCAL * max(width, height)
    if focal_px is None:
        remarks.assumptions.append(
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
    remarks: Remarks,
) -> list[Person]:
    """The people of all tracks, frames filled, the largest (median size x frames seen) first."""
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
        remarks.warn(f"{len(crumbs)} tracks of fewer than {CRUMB_FRAMES} frames were left out")
    people.sort(key=lambda one: -one.size_px * one.frames_seen)
    return [replace(one, name=f"{one.name}/person_{i:02d}") for i, one in enumerate(people)]


def chosen_people(people: list[Person], given: Given, remarks: Remarks) -> list[Person]:
    """The person or people that the user wants; raises UserError where there is no such person."""
    if given.person is not None:
        if given.person >= len(people):
            raise UserError(
                f"{remarks.where}: --person {given.person}: people are numbered 0 to {len(people) - 1}, largest first"
            )
        return [people[given.person]]
    if len(people) > 1 and not given.all_people:
        seen = people[0].frames_seen
        remarks.warn(
            f"{len(people)} people; the largest is taken, seen in {seen} of {people[0].video.frames} frames "
            "(--person 1 … or --all-people for the others)"
        )
    return people if given.all_people else people[:1]


def remark_gaps(person: Person, joints: tuple[str, ...], remarks: Remarks) -> None:
    """What the user should know about a person: filled frames and joints that are never there."""
    missing = int(person.filled.sum())
    if missing:
        runs = np.diff(np.flatnonzero(~person.filled)) - 1
        remarks.warn(
            f"{person.name} is not in {missing} of {len(person.frames)} frames (longest gap {runs.max()}); "
            "filled and marked"
        )
    never = [joints[j] for j in np.flatnonzero((person.confidence <= 0).all(axis=0))]
    if never:
        remarks.warn(f"{person.name}: never seen: {', '.join(never)}")
