"""``pn3d make-benchmark``: the CMU benchmark from the public BVH files, the same for everybody who runs it."""

import argparse

from pn3d.commands.convert_data import write_splits_aloud
from pn3d.datasets.convert import convert_data
from pn3d.datasets.notes import printed_notes
from pn3d.files.folders import require_writable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d make-benchmark``."""
    parser.add_argument("source", metavar="FOLDER", help="CMU's motion capture as BVH (the cgspeed conversion)")
    parser.add_argument("output", metavar="OUT.npz", help="files are named OUT_<split>.npz")
    parser.add_argument("--seed", type=int, default=0, help="of cameras, bodies and noise (default: 0)")


def run(arguments: argparse.Namespace) -> int:
    """Makes the files, prints what was written, and returns the exit status."""
    require_writable([arguments.output])
    with printed_notes():
        splits = convert_data("cmu-benchmark", arguments.source, {"seed": arguments.seed})
    write_splits_aloud(arguments.output, splits)
    return 0
