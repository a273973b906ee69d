"""``pn3d inspect``: what a keypoint file holds, how that was decided, and a picture of three frames."""

import argparse

from pn3d.commands.keypoint_options import add_keypoint_options, detections_of
from pn3d.detectors.inspect import facts_text
from pn3d.detectors.picture import three_frames_svg
from pn3d.files.atomic import write_atomically
from pn3d.files.folders import require_writable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d inspect``."""
    add_keypoint_options(parser)
    parser.add_argument("--picture", metavar="FILE.svg", help="write three frames with named joints here")


def run(arguments: argparse.Namespace) -> int:
    """Prints the facts, and returns the exit status."""
    require_writable([arguments.picture] if arguments.picture else [])
    detections = detections_of(arguments, say=False)  # the facts hold what was assumed and what is odd
    print(facts_text(detections))
    if arguments.picture:
        write_atomically(arguments.picture, three_frames_svg(detections))
        print(f"picture: {arguments.picture}")
    return 0
