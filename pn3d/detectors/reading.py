"""read_keypoints: any detector's output as people with pixels, confidences and a time line, and what was assumed."""

from pathlib import Path

from pn3d.detectors.choosing import choose_layout
from pn3d.detectors.cleaning import checked_size
from pn3d.detectors.formats import READERS, checked_format, sniff
from pn3d.detectors.native import read_native
from pn3d.detectors.people import Remarks, chosen_people, people_of_video, remark_gaps
from pn3d.detectors.plausibility import turned_warning
from pn3d.detectors.records import Detections, Given, Person
from pn3d.detectors.sources import Opened, open_source
from pn3d.files.errors import UserError

_FOLDER_FORMATS = frozenset(
    ("openpose", "alphapose", "mmpose", "ultralytics", "mediapipe", "openpifpaf", "tfjs", "applevision")
)
_TABLE_FORMATS = ("deeplabcut", "trc", "simplehrnet")
_CLASS_FORMATS = ("coco", "alphapose", "ultralytics", "openpifpaf", "array")
_SCREEN_FORMATS = ("array", "videopose3d")  # where [-1, 1] means VideoPose3D's screen coordinates


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
    category: str | None = None,
) -> Detections:
    """Reads the output of any detector that is known here.

    Args:
        path: a file, or a folder with a file per frame.
        format: one of pn3d.detectors.FORMATS; None = by the content.
        layout: name of the joints' layout; None = what the file says, or what fits, or an error.
        fps: frames per second of the frames in the file; None = what the file says, else 30, aloud.
        image_size: (width, height) in px; None = what the file says, else one that holds the keypoints, aloud.
        focal_px: focal length; None = what the file says, else 1.15 of the longer side, aloud.
        person: which person to take, 0 = the largest (median size x frames seen); None = 0.
        all_people: take everybody.
        category: class of the detections to take, by name or number; None = people.

    Returns:
        The people with everything that was decided, assumed and found odd. A native keypoint file gives one person
        per clip, all of them unless ``person`` chooses.

    Raises:
        UserError: what is wrong, where, what was expected and what was found, in one line.
    """
    _check_numbers(fps, focal_px, person)
    size = None if image_size is None else checked_size(*image_size, "--image-size")
    given = Given(layout, fps, size, focal_px, person, all_people, category)
    opened = open_source(path)
    name, reason = (checked_format(format), "given") if format is not None else sniff(opened)
    if category is not None and (name not in _CLASS_FORMATS or opened.kind in ("npy", "npz")):
        raise UserError(f"{opened.where}: --category {category}: {name} files have no classes")
    if name == "native":
        return read_native(opened, reason, given)
    return _read(opened, name, reason, given)


def _read(opened: Opened, name: str, reason: str, given: Given) -> Detections:
    """Every format but the native one."""
    if opened.kind in ("json folder", "text folder") and name not in _FOLDER_FORMATS:
        count = len(opened.files)
        raise UserError(f"{opened.where}: {name} keeps a video in one file; the folder has {count}, give one")
    if name in _TABLE_FORMATS and opened.kind != "text":
        raise UserError(f"{opened.where}: {name} is a table, found {opened.kind}")
    raws = READERS[name](opened, given)
    choice = choose_layout(raws[0], given.layout, opened.where)
    remarks = Remarks(opened.where, warnings=[*opened.notes, *choice.warnings])
    people: list[Person] = []
    everybody: list[Person] = []
    for raw in raws:
        if raw.keypoints.shape[1] != choice.known.count:
            raise UserError(
                f"{opened.where}: mixed layouts: {raws[0].name} has {choice.known.count} joints, "
                f"{raw.name} {raw.keypoints.shape[1]}; expected one layout per file"
            )
        tracks = people_of_video(raw, choice, name in _SCREEN_FORMATS, given, remarks)
        everybody += tracks
        people += chosen_people(tracks, given, remarks)
    for person in people:
        remark_gaps(person, choice.known.layout.joints, remarks)
        turned = turned_warning(person, choice.known.layout)
        if turned is not None:
            remarks.warn(turned)
    return Detections(
        source=opened.where,
        people=tuple(people),
        people_found=len(everybody),
        layout=choice.known.layout,
        layout_reason=choice.reason,
        format=name,
        format_reason=reason,
        assumptions=tuple(dict.fromkeys(remarks.assumptions)),
        warnings=tuple(dict.fromkeys(sentence.removeprefix(f"{opened.where}: ") for sentence in remarks.warnings)),
        everybody=tuple(everybody),
        broken_s=tuple(remarks.broken_s),
    )


def _check_numbers(fps: float | None, focal_px: float | None, person: int | None) -> None:
    if fps is not None and not 0 < fps <= 1000:
        raise UserError(f"--fps must be above 0 and at most 1000, found {fps:g}")
    if focal_px is not None and not 1 <= focal_px <= 1e6:
        raise UserError(f"--focal-px must be a focal length in pixels, found {focal_px:g}")
    if person is not None and person < 0:
        raise UserError(f"--person counts from 0, found {person}")
