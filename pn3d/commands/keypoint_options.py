"""The options with which predict, inspect and convert-data read keypoints, and what they print of them."""

import argparse
from pathlib import Path
from typing import Any

from pn3d.detectors import FORMATS, Detections, read_keypoints, read_video_facts
from pn3d.files.errors import UserError
from pn3d.video import VIDEO_SUFFIXES


def add_keypoint_options(parser: argparse.ArgumentParser, *, video: bool = False) -> None:
    """INPUT, which may be a ``video`` or not, and everything that says what it lacks."""
    kinds = "a detector's file or folder, or a native file"
    parser.add_argument("input", metavar="INPUT", help=f"a video, {kinds}" if video else kinds)
    parser.add_argument("--format", choices=sorted(FORMATS), help="instead of finding it out")
    add_lacking_options(parser)
    parser.add_argument("--person", type=int, metavar="K", help="only this person (0 = the largest)")
    parser.add_argument("--all-people", action="store_true", help="everybody, not only the largest person")


def add_lacking_options(parser: argparse.ArgumentParser) -> None:
    """What a keypoint file may lack: the sentences about assumptions name these options, so every reader has them."""
    parser.add_argument("--layout", metavar="NAME", help="joint layout, instead of finding it out")
    parser.add_argument("--fps", type=float, metavar="F", help="frames per second, where the file does not say it")
    parser.add_argument("--image-size", type=int, nargs=2, metavar=("W", "H"), help="of the video, pixels")
    parser.add_argument("--focal-px", type=float, metavar="F", help="focal length (default: 1.15 of the longer side)")
    parser.add_argument("--category", metavar="NAME", help="class of the detections to take (default: people)")
    parser.add_argument("--video", metavar="FILE", help="read frame rate and image size from this video")


def lacking_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """What ``add_lacking_options`` was told, as ``read_keypoints`` takes it; the video's header is read here."""
    fps, size = arguments.fps, arguments.image_size
    if arguments.video:
        facts = read_video_facts(arguments.video)
        if facts.note and fps is None:
            print(f"warning: {facts.note}")
        fps, size = fps or facts.fps, size or facts.image_size
    return {
        "layout": arguments.layout,
        "fps": fps,
        "image_size": None if size is None else (int(size[0]), int(size[1])),
        "focal_px": arguments.focal_px,
        "category": arguments.category,
    }


def require_keypoints(path: str) -> None:
    """Raises UserError where a path is a video, with the command that makes keypoints of it."""
    if Path(path).suffix.lower() in VIDEO_SUFFIXES and Path(path).is_file():
        raise UserError(f"{path}: a video, and keypoints are read here; pn3d detect {path} --output PEOPLE.npz first")


def detections_of(arguments: argparse.Namespace, *, say: bool = True) -> Detections:
    """Reads INPUT, and prints what was assumed and what is odd, unless the caller does that."""
    require_keypoints(arguments.input)
    detections = read_keypoints(
        arguments.input,
        format=arguments.format,
        person=arguments.person,
        all_people=arguments.all_people,
        **lacking_of(arguments),
    )
    for sentence in detections.assumptions if say else ():
        print(f"assumed: {sentence}")
    for sentence in detections.warnings if say else ():
        print(f"warning: {sentence}")
    return detections


def input_facts(detections: Detections) -> dict[str, Any]:
    """What ``summary.json`` says of the input: how it was understood, assumptions, warnings, and when tracks broke."""
    return {
        "format": detections.format,
        "layout": detections.layout.name,
        "input_assumptions": list(detections.assumptions),
        "input_warnings": list(detections.warnings),
        "tracks_broken_s": [round(time_s, 3) for time_s in detections.broken_s],
    }
