"""``pn3d convert-body``: an SMPL model file -> a plain npz that is read fast and without any pickle."""

import argparse

from pn3d.body.smpl_file import convert_body


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d convert-body``."""
    parser.add_argument("input", metavar="IN.pkl")
    parser.add_argument("output", metavar="OUT.npz")


def run(arguments: argparse.Namespace) -> int:
    """Converts, and returns the exit status."""
    arrays = convert_body(arguments.input, arguments.output)
    print(f"{arguments.output}: {arrays.name}, SHA-256 of the source {arrays.sha256}")
    return 0
