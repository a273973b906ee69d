"""A video in the place of keypoints: the options, detection before prediction, and the overlay after it."""

import argparse
import dataclasses
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from pn3d.body.model import BodyModel
from pn3d.detectors import Detections
from pn3d.detectors.records import Person
from pn3d.export.footage import EMBED_UP_TO_BYTES, Footage
from pn3d.export.viewer import write_people_viewer
from pn3d.files.errors import UserError
from pn3d.inference.motion import clip_motion
from pn3d.inference.predict import Prediction
from pn3d.video import looks_like_video
from pn3d.video.decode import read_info, select
from pn3d.video.detect import DetectedVideo, DetectOptions, detect_video
from pn3d.video.detectors import MODES
from pn3d.video.figures import make_figures
from pn3d.video.overlay import STYLES, Background, grey_background, video_background, write_overlay
from pn3d.video.page_video import write_page_video

KEPT = "detections.npz"
PAGE_VIDEO = "video.mp4"


def add_video_options(parser: argparse.ArgumentParser) -> None:
    """How a video is read, and by which detector."""
    video = parser.add_argument_group("a video (needs the extra video, and rtmlib or mediapipe)")
    video.add_argument(
        "--detector", default="auto", metavar="NAME", help="rtmlib, mediapipe, or auto: what is installed"
    )
    video.add_argument("--detector-mode", default="balanced", choices=MODES, help="size of its models")
    video.add_argument(
        "--detector-model", nargs="+", default=[], metavar="FILE", help="its model files, instead of downloading"
    )
    video.add_argument("--start", type=float, metavar="S", help="seconds from the beginning")
    video.add_argument("--end", type=float, metavar="S", help="seconds from the beginning")
    video.add_argument("--still-camera", action="store_true", help="do not look for a turning of the camera")
    video.add_argument("--stride", type=int, default=1, metavar="N", help="every N-th frame")


def add_picture_options(parser: argparse.ArgumentParser) -> None:
    """What ``--export mp4`` draws, and where the video of ``--export html`` is."""
    parser.add_argument("--overlay", default="body", choices=STYLES, help="what --export mp4 draws (default: body)")
    parser.add_argument(
        "--embed-video",
        action="store_true",
        help=f"--export html: the video inside result.html, up to {EMBED_UP_TO_BYTES / 1e6:.0f} MB, not only beside it",
    )


def detect_into(arguments: argparse.Namespace, keep: Path) -> DetectedVideo:
    """Detects the people of the video INPUT into a file, unless it holds them already."""
    options = DetectOptions(
        detector=arguments.detector,
        mode=arguments.detector_mode,
        models=arguments.detector_model,
        start_s=arguments.start,
        end_s=arguments.end,
        stride=arguments.stride,
        still_camera=arguments.still_camera,
    )
    found = detect_video(arguments.input, options, keep)
    if found.reused:
        print(f"detections of an earlier run are used: {keep} (delete it to detect again)", flush=True)
    return found


def video_before(arguments: argparse.Namespace, output: Path) -> DetectedVideo | None:
    """Where INPUT is a video: detects its people, and makes their file the INPUT. None where it is none."""
    if not looks_like_video(arguments.input):
        return None
    found = detect_into(arguments, output / KEPT)
    arguments.input = str(output / KEPT)
    return found


def write_overlays(
    arguments: argparse.Namespace,
    output: Path,
    detections: Detections,
    predictions: Sequence[tuple[Prediction, int]],
    body: BodyModel,
    video: DetectedVideo | None,
) -> tuple[list[Path], bool]:
    """``overlay.mp4`` of each video of the input, with everybody who was predicted in it.

    Args:
        arguments: ``overlay`` and ``video``.
        output: folder of the files.
        detections: whose people the predictions are of, in their order.
        predictions: of each person, a prediction and the number of the clip in it.
        body: the student's.
        video: what the input was; None: keypoints, drawn on ``--video`` or on grey.

    Returns:
        What was written, and whether all of it was.
    """
    if any(prediction.poses_cam is None for prediction, _ in predictions):
        raise UserError("these weights hold no student yet, so there is no body to draw")
    videos = list(dict.fromkeys(person.video.name for person in detections.people))
    written = []
    for number, name in enumerate(videos):
        own = [i for i, person in enumerate(detections.people) if person.video.name == name]
        people = [detections.people[i] for i in own]
        path = output / ("overlay.mp4" if len(videos) == 1 else f"overlay_{number:03d}.mp4")
        figures = make_figures([predictions[i] for i in own], people, body)
        background = _background(arguments, people[0], video)
        whole = write_overlay(path, figures, background, people[0].video.fps, arguments.overlay)
        written.append(path)
        if not whole:
            return written, False
    return written, True


def write_footage(
    arguments: argparse.Namespace, output: Path, detections: Detections, video: DetectedVideo | None
) -> Footage | None:
    """``video.mp4``, which the pages show behind the 2D input; None where there is no video, or more than one."""
    videos = {person.video.name for person in detections.people}
    if len(videos) != 1 or (video is None and not arguments.video):
        if arguments.embed_video:
            raise UserError(
                "--embed-video: there is no video; give one as INPUT, or beside keypoints with --video FILE"
            )
        return None
    if video is None and not arguments.embed_video and importlib.util.find_spec("av") is None:
        # Beside keypoints, --video gives rate and size; the page shows it where it can be read.
        print('the page shows no video: reading one needs av; pip install "pn3d[video]"')
        return None
    return write_page_video(
        output / PAGE_VIDEO, _background(arguments, detections.people[0], video), arguments.embed_video
    )


def person_footage(footage: Footage | None, person: Person) -> Footage | None:
    """The footage for the page in a person's own folder: beside the page of all, never inside."""
    if footage is None:
        return None
    return dataclasses.replace(footage, source=f"../{footage.source}", first_s=_first_s(person), content=None)


def write_people_page(
    output: Path, predictions: Sequence[tuple[Prediction, int]], people: Sequence[Person], footage: Footage | None
) -> Path:
    """``result.html`` of everybody, with a choice."""
    motions = []
    for (prediction, clip), person in zip(predictions, people, strict=True):
        own = None if footage is None else dataclasses.replace(footage, first_s=_first_s(person))
        motions.append(clip_motion(prediction.clip(clip), own))
    return write_people_viewer(output / "result.html", motions)


def _first_s(person: Person) -> float:
    return float(person.frames[0]) / person.video.fps


def _background(arguments: argparse.Namespace, person: Person, video: DetectedVideo | None) -> Background:
    if video is not None:
        return video_background(video.info, video.selection, person.video.fps)
    if arguments.video:
        info = read_info(arguments.video)
        # Frame 0 of the time line is the first that the file speaks of, which need not be the video's first.
        start_s = person.video.start_s if person.video.start_s < info.seconds else None
        return video_background(info, select(info, start_s, None), person.video.fps)
    return grey_background(person.video.frames, person.video.image_size, person.video.fps)
