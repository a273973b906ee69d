"""``pn3d detect``: the people of a video as a file of detections, which predict, inspect and convert-data read."""

import argparse
from pathlib import Path

from pn3d.commands.video_input import add_video_options, detect_into
from pn3d.files.folders import require_writable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d detect``."""
    parser.add_argument("input", metavar="VIDEO")
    parser.add_argument("--output", required=True, metavar="FILE", help="detections, an .npz")
    add_video_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Detects, writes the file, and returns the exit status."""
    output = Path(arguments.output)
    require_writable([output])
    found = detect_into(arguments, output)
    frames, people = len(found.raw.listed_frames), len(found.raw.frame)
    with_people = len(set(found.raw.frame.tolist()))
    print(f"{people} people in {with_people} of {frames} frames; wrote {output}")
    if found.stopped:
        print(f"stopped after {frames} of {found.selection.frames} frames")
        return 130
    return 0
