"""``pn3d convert-data``: a data set, or any detector's keypoints, -> native keypoint files."""

import argparse
from pathlib import Path
from typing import Any

from pn3d.commands.keypoint_options import add_lacking_options, lacking_of, require_keypoints
from pn3d.config import add_set_argument, parse_overrides
from pn3d.data.clips import Clips, concatenate, write_clips
from pn3d.datasets.convert import KINDS, convert_data, write_splits
from pn3d.datasets.notes import printed_notes
from pn3d.detectors import FORMATS, person_clips, read_keypoints, view_clips
from pn3d.files.errors import UserError
from pn3d.files.folders import require_writable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d convert-data``."""
    kinds = f"of {', '.join(KINDS)}; or detector ({', '.join(sorted(FORMATS))})"
    parser.add_argument("kind", metavar="KIND", help=kinds)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="SOURCE … OUT.npz")
    parser.add_argument("--sequences", nargs="+", metavar="NAME", help="aistpp: only these (default: all usable ones)")
    parser.add_argument(
        "--views", metavar="SCENE", help="detectors: the SOURCEs are cameras that saw one moment (SCENE/cam0, ...)"
    )
    add_lacking_options(parser)
    add_set_argument(parser, "a data set's own options")


def run(arguments: argparse.Namespace) -> int:
    """Converts, prints what was written, and returns the exit status."""
    *sources, target = arguments.paths
    if not sources:
        raise UserError(f"expected SOURCE and OUT.npz, found only {target}")
    require_writable([target])
    lacking = lacking_of(arguments)
    for_detector = [name for name, value in lacking.items() if value is not None and name != "category"]
    for_detector += ["views"] if arguments.views else []
    # COCO is a data set and a detector's format; what detectors' files lack tells which is meant.
    if arguments.kind in KINDS and not (for_detector and arguments.kind in FORMATS):
        if len(sources) > 1:
            raise UserError(f"{arguments.kind} takes one SOURCE, found {len(sources)}")
        options = parse_overrides(arguments.overrides)
        if arguments.category is not None:
            options["category"] = arguments.category
        if for_detector:
            option = "--" + for_detector[0].replace("_", "-")
            raise UserError(f"{option} is for detectors' files; {arguments.kind} takes --set NAME=VALUE")
        if arguments.sequences:
            options["sequences"] = tuple(arguments.sequences)
        with printed_notes():
            splits = convert_data(arguments.kind, sources[0], options)
        write_splits_aloud(target, splits)
        return 0
    if arguments.sequences:
        raise UserError(f"--sequences is for aistpp, and {arguments.kind} has no option of that name")
    if arguments.kind not in ("detector", *FORMATS):
        raise UserError(f"unknown kind of data {arguments.kind!r}; known: detector, {', '.join([*KINDS, *FORMATS])}")
    return _detections(arguments, lacking, sources, Path(target))


def write_splits_aloud(target: str, splits: dict[str, Clips]) -> None:
    """``write_splits``, and prints what lies where."""
    for split, path in write_splits(target, splits).items():
        print(f"{split}: {path}, {splits[split].frames} frames in {splits[split].num_clips} clips")


def _detections(arguments: argparse.Namespace, lacking: dict[str, Any], sources: list[str], target: Path) -> int:
    """Everybody in the given detector files, cut at gaps, or the largest person of each view, as one file."""
    found = []
    for source in sources:
        require_keypoints(source)
        detections = read_keypoints(
            source,
            format=None if arguments.kind == "detector" else arguments.kind,
            all_people=not arguments.views,
            **lacking,
        )
        for sentence in (*detections.assumptions, *detections.warnings):
            print(f"{source}: {sentence}")
        found.append(detections)
    if arguments.views:
        clips = view_clips(found, arguments.views)
    else:
        clips = concatenate([person_clips(detections, split_gaps=True) for detections in found])
    write_clips(target, clips)
    print(f"{target}: {clips.frames} frames in {clips.num_clips} clips")
    return 0
