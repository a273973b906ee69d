"""The ``pn3d`` command: one subcommand each of train, eval, … A user's mistake ends in one line and status 2."""

import argparse
import contextlib
import errno
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from pn3d import __version__
from pn3d.commands.determinism import ask_for_repeatable_operations
from pn3d.files.errors import TrainingDivergedError, UserError

COMMANDS = {
    "train": "train the three stages on 2D keypoints",
    "verify": "rerun a run and name the first step and player that differ",
    "eval": "score a run, weights or predictions on a file with truth",
    "predict": "3D joints, an SMPL body and exports from a video or a detector's keypoints",
    "detect": "the people of a video as a file of detections",
    "inspect": "what a keypoint file holds, and how that was decided",
    "convert-data": "a data set or a detector's keypoints to native keypoint files",
    "make-benchmark": "the CMU benchmark files from the public BVH release",
    "convert-body": "an SMPL model file to a plain npz",
    "adapt-body": "weights of one body to another body, without new 2D data",
}
"""Subcommand -> one line of help. Each is a module here with ``add_arguments(parser)`` and ``run(arguments)``."""


_IN_THE_WAY = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG),
    *(errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOENT, errno.ELOOP),
)
"""What a path can do to us that is for its owner to mend, wherever in a command it shows."""


def main(words: list[str] | None = None) -> int:
    """Runs a command line; returns the exit status (design of errors: 0 done, 1 ours, 2 the user's, 3 diverged)."""
    words = sys.argv[1:] if words is None else words
    parser = argparse.ArgumentParser(prog="pn3d", description="PoseNet3D in JAX/Flax (unofficial).")
    parser.add_argument("--version", action="version", version=f"pn3d {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    if "--deterministic" in words:
        ask_for_repeatable_operations()
    chosen = next((word for word in words if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        sub = subparsers.add_parser(name, help=summary, description=summary)
        # Only the chosen command is imported: others may need what this one does not.
        if name == chosen:
            importlib.import_module(f"pn3d.commands.{module_name(name)}").add_arguments(sub)
    arguments = parser.parse_args(words)
    try:
        with _files_whole_when_ended():
            return int(importlib.import_module(f"pn3d.commands.{module_name(arguments.command)}").run(arguments))
    except UserError as error:
        print(f"pn3d {arguments.command}: {error}", file=sys.stderr)
        return 2
    except TrainingDivergedError as error:
        print(f"pn3d {arguments.command}: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print(f"pn3d {arguments.command}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output left; nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.filename is None or error.errno not in _IN_THE_WAY:
            raise
        print(f"pn3d {arguments.command}: cannot use {error.filename}: {error.strerror}", file=sys.stderr)
        return 2


@contextlib.contextmanager
def _files_whole_when_ended() -> Iterator[None]:
    """In the block SIGTERM is an exception, so that files that are half written go; the exit status is 143."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def module_name(command: str) -> str:
    """``convert-body`` -> ``convert_body``."""
    return command.replace("-", "_")


if __name__ == "__main__":
    sys.exit(main())
