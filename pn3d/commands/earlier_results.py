"""Results of an earlier run in the folder of this one: named, so that nobody takes them for this run's, or cleared."""

import re
from collections.abc import Iterable
from pathlib import Path

from pn3d.export.files import EXPORTS
from pn3d.files.errors import UserError

_NAMES = frozenset(
    [
        "prediction.npz",
        "summary.json",
        "teacher.glb",
        "video.mp4",
        *(name for files in EXPORTS.values() for name, _ in files),
    ]
)
"""What ``pn3d predict`` writes; a video's detections stay, since the next run reads them."""
_OVERLAY = re.compile(r"overlay(_\d{3})?\.mp4")
_FOLDERS = ("person_[0-9][0-9]*", "clip_[0-9][0-9][0-9]*")


def earlier_results(output: Path) -> list[Path]:
    """Files of the names of results in a folder and in its folders of people and clips."""
    found = []
    for folder in [output, *(place for pattern in _FOLDERS for place in output.glob(pattern) if place.is_dir())]:
        names = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
        found += [folder / name for name in names if name in _NAMES or _OVERLAY.fullmatch(name)]
    return found


def clear(files: Iterable[Path], output: Path) -> None:
    """Deletes results, and folders of people and clips that are empty then."""
    folders = set()
    for path in files:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(f"--overwrite: cannot delete {path}: {error.strerror}") from None
        folders.add(path.parent)
    for folder in folders - {output}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def left_over(earlier: Iterable[Path], written: Iterable[Path], output: Path) -> str:
    """A sentence about results of an earlier run that this one has not replaced; "" where there are none."""
    replaced = set(written)
    left = [path for path in earlier if path not in replaced]
    whole = {path.parent for path in left} - {path.parent for path in replaced} - {output}
    names = sorted({str(path.parent if path.parent in whole else path) for path in left})
    if not names:
        return ""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f"of an earlier run, not of this one: {', '.join(names[:6])}{more} (--overwrite clears them first)"
