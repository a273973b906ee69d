"""From the cleaned rows of one video to people on a time line: tracks, gaps, order, and which of them are taken."""

from dataclasses import dataclass, field, replace

import numpy as np

from pn3d.detectors import breaks, tracking
from pn3d.detectors.choosing import Choice, with_columns
from pn3d.detectors.cleaning import Clean, clean
from pn3d.detectors.filling import SHORT_GAP_SECONDS, fill_frames
from pn3d.detectors.plausibility import refuse_centred, refuse_tiny
from pn3d.detectors.records import NO_TRACK, Given, Person, RawVideo, Video
from pn3d.detectors.timeline import Timeline, make_timeline, timeline_of_times
from pn3d.files.errors import UserError
from pn3d.geometry.camera import ASSUMED_FOCAL
from pn3d.geometry.camera_turns import summed_turns

ASSUMED_FPS = 30.0
LOST_SECONDS = 1.0  # how long a person may be lost within one track that is built here
CRUMB_FRAMES = 5  # tracks shorter than this are noise where somebody is seen ten times as long


@dataclass
class Remarks:
    """Sentences for the user, gathered on the way; ``where`` names the file."""

    where: str
    assumptions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    broken_s: list[float] = field(default_factory=list)

    def warn(self, sentence: str) -> None:
        """Adds a warning."""
        self.warnings.append(f"{self.where}: {sentence}")


def people_of_video(raw: RawVideo, choice: Choice, screen: bool, given: Given, remarks: Remarks) -> list[Person]:
    """All people of one video, the largest first; ``screen`` as in cleaning.clean.

    Raises:
        UserError: nobody has a measured joint.
    """
    layout = choice.known.layout
    raw = with_columns(raw, choice)
    cleaned = clean(raw, layout.joints, remarks.where, given.image_size, screen)
    measured = np.isfinite(raw.keypoints[:, : len(layout.joints)]).all(-1)
    refuse_centred(raw.keypoints[:, : len(layout.joints)], measured, layout, remarks.where)
    refuse_tiny(cleaned.keypoints_px, cleaned.confidence, remarks.where)
    if raw.times is not None and given.fps is None:
        timeline, notes = timeline_of_times(raw.listed_frames, raw.times, remarks.where)
    else:
        timeline, notes = make_timeline(raw.listed_frames, remarks.where)
    video = _video(raw, cleaned, timeline, given, remarks)
    remarks.assumptions += cleaned.assumptions
    remarks.warnings += [*raw.notes, *cleaned.warnings, *notes]
    frame = timeline.frame_of(raw.frame)
    trusted, note = tracking.usable_ids(frame, raw.track_id)
    if note:
        remarks.warn(note)
    ids = raw.track_id if trusted else np.full_like(raw.track_id, NO_TRACK)
    without = int((ids == NO_TRACK).sum())
    if 0 < without < len(ids):
        remarks.warn(f"{without} of {len(ids)} detections have no track id, as others have; tracks of them are built")
    keep = tracking.drop_duplicates(frame, cleaned.keypoints_px, cleaned.confidence, ids)
    if not keep.any():
        raise UserError(
            f"{remarks.where}: no joint of anybody is measured (all confidences are 0 or all positions missing)"
        )
    doubles = int((~keep & (cleaned.confidence > 0).any(-1)).sum())
    if doubles:
        remarks.warn(f"{doubles} second skeletons on the same person were left out")
    frame, ids, place = frame[keep], ids[keep], timeline.place_of(raw.frame)[keep]
    pixels, confidence = cleaned.keypoints_px[keep], cleaned.confidence[keep]
    ids, changed = _trusted_ids(frame, pixels, confidence, ids, video, remarks)
    track = _tracks(frame, pixels, confidence, ids, video.fps)
    if not (ids != NO_TRACK).any():
        _remark_cuts(frame, track, video, remarks)
    return _ranked(place, pixels, confidence, track, np.where(changed, NO_TRACK, ids), video, remarks)


def _trusted_ids(
    frame: np.ndarray, pixels: np.ndarray, confidence: np.ndarray, ids: np.ndarray, video: Video, remarks: Remarks
) -> tuple[np.ndarray, np.ndarray]:
    """The file's ids with tracks put together anew where somebody would make an impossible step; and which changed."""
    if not (ids != NO_TRACK).any():
        return ids, np.zeros(len(ids), bool)
    found = breaks.find_breaks(frame, pixels, confidence, ids, video.fps)
    if video.fps_source == "assumed" and len(found.cut) > breaks.OFTEN * found.steps:
        remarks.warn(
            f"people move faster than anybody can in {len(found.cut)} of {found.steps} steps at the assumed "
            f"{video.fps:g} frames per second; is the rate lower? --fps says it"
        )
        return ids, np.zeros(len(ids), bool)
    for frames, what in (
        (found.exchanged, "track ids are exchanged"),
        (found.cut, "somebody makes a step that nobody can"),
    ):
        if frames:
            times = [_time(number, video) for number in frames]
            remarks.broken_s += times
            then = (
                "tracks are put together anew"
                if frames is found.exchanged
                else "a cut, or another person? The track ends there"
            )
            remarks.warn(f"{what} at {breaks.shown_times(times)}: {then}")
    return found.track, found.changed


def _remark_cuts(frame: np.ndarray, track: np.ndarray, video: Video, remarks: Remarks) -> None:
    """A word where one person alone is in the picture and is at once somewhere else."""
    if len(np.unique(frame)) < len(frame) or not (track != track[0]).any():
        return
    order = np.argsort(frame)
    frames, tracks = frame[order], track[order]
    lengths = np.bincount(track)
    at = np.flatnonzero((np.diff(tracks) != 0) & (np.diff(frames) <= max(1, round(breaks.OUTLIER_SECONDS * video.fps))))
    at = at[(lengths[tracks[at]] >= CRUMB_FRAMES) & (lengths[tracks[at + 1]] >= CRUMB_FRAMES)]
    if len(at):
        times = [_time(int(frames[i + 1]), video) for i in at]
        remarks.broken_s += times
        remarks.warn(
            f"somebody makes a step that nobody can at {breaks.shown_times(times)}: a cut, or another person? "
            "The track ends there"
        )


def _time(frame: int, video: Video) -> float:
    return round(video.start_s + frame / video.fps, 3)


def _video(raw: RawVideo, cleaned: Clean, timeline: Timeline, given: Given, remarks: Remarks) -> Video:
    fps, focal_px = given.fps, given.focal_px
    rate = fps if fps is not None else timeline.fps if timeline.fps is not None else raw.fps
    if fps is None and timeline.fps is not None and raw.fps is not None and abs(raw.fps / timeline.fps - 1) > 0.05:
        remarks.warn(f"the file states {raw.fps:g} frames per second, its times {timeline.fps:g}; the times are taken")
    known = rate is not None
    own = raw.fps if raw.times is None or len(raw.times) < 2 else float(1 / np.median(np.diff(raw.times)))
    if fps is not None and own is not None and abs(own / fps - 1) > 0.05:
        remarks.warn(f"the given {fps:g} frames per second are taken, not the file's {own:.5g}")
    if None not in (given.image_size, raw.image_size) and given.image_size != raw.image_size:
        sizes = [" x ".join(map(str, size)) for size in (given.image_size, raw.image_size) if size is not None]
        remarks.warn(f"the given image size {sizes[0]} is taken, not the file's {sizes[1]}")
    if rate is None:
        rate = ASSUMED_FPS
        remarks.assumptions.append(f"frame rate assumed {ASSUMED_FPS:g} per second; --fps gives the true one")
    width, height = cleaned.image_size
    focal = focal_px if focal_px is not None else ASSUMED_FOCAL * max(width, height)
    if focal_px is None:
        remarks.assumptions.append(
            f"focal length assumed {focal:.0f} px, {ASSUMED_FOCAL} of the longer side; --focal-px gives the true one"
        )
    first = timeline.first
    in_order_only = timeline.numbers is not None and timeline.places is None
    counted_from = 1 if int(raw.listed_frames[0]) == 1 else 0
    start_s = timeline.start_s if timeline.places is not None else (first - counted_from) / (timeline.step * rate)
    start_s += raw.cut[0] / (raw.cut[1] * rate)
    return Video(
        name=raw.name,
        frames=timeline.frames,
        fps=float(rate),
        fps_source="given" if fps is not None else "file" if known else "assumed",
        image_size=cleaned.image_size,
        image_size_source=cleaned.image_size_source,
        intrinsics=(float(focal), float(focal), width / 2, height / 2),
        intrinsics_source="given" if focal_px is not None else "assumed",
        numbers=raw.cut[0] + raw.cut[1] * timeline.all_numbers(),
        camera_turn_rad=_camera_turn(raw, timeline, float(focal)),
        start_s=0.0 if in_order_only else float(start_s),
    )


def _camera_turn(raw: RawVideo, timeline: Timeline, focal_px: float) -> np.ndarray | None:
    """(T, 3) of ``Video``. Pans and tilts of another focal length are larger by what it is shorter."""
    if raw.camera_steps_rad is None or timeline.frames != len(raw.camera_steps_rad):
        return None
    share = raw.steps_focal_px / focal_px
    return summed_turns(raw.camera_steps_rad * np.array([share, share, 1.0])).as_rotvec().astype(np.float32)


def _tracks(frame: np.ndarray, pixels: np.ndarray, confidence: np.ndarray, ids: np.ndarray, fps: float) -> np.ndarray:
    """(D,) track of each person: the file's ids first, built ones for those without."""
    known = ids != NO_TRACK
    track = np.full(len(frame), NO_TRACK, np.int64)
    values, numbered = np.unique(ids[known], return_inverse=True)
    track[known] = numbered
    if not known.all():
        built = tracking.build_tracks(frame[~known], pixels[~known], confidence[~known], round(LOST_SECONDS * fps), fps)
        track[~known] = built + len(values)
    return track


def _ranked(
    place: np.ndarray,
    pixels: np.ndarray,
    confidence: np.ndarray,
    track: np.ndarray,
    ids: np.ndarray,
    video: Video,
    remarks: Remarks,
) -> list[Person]:
    """The people of all tracks, frames filled, the largest (median size x frames seen) first."""
    people = []
    order = np.lexsort((place, track))
    bounds = np.flatnonzero(np.diff(track[order])) + 1
    rows = np.split(order, bounds)
    longest = max(map(len, rows))
    crumbs = [row for row in rows if len(row) < CRUMB_FRAMES and longest >= 10 * CRUMB_FRAMES]
    for row in rows:
        if len(row) >= CRUMB_FRAMES or longest < 10 * CRUMB_FRAMES:
            frames, positions, trust, filled = fill_frames(
                place[row], pixels[row], confidence[row], round(SHORT_GAP_SECONDS * video.fps)
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
            f"{person.name} is not in {missing} of {len(person.frames)} frames (longest gap {runs.max(initial=0)}); "
            "filled and marked"
        )
    never = [joints[j] for j in np.flatnonzero((person.confidence <= 0).all(axis=0))]
    if never:
        remarks.warn(f"{person.name}: never seen: {', '.join(never)}")
