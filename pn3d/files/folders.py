"""Folders for results: made before anything is written into them, with a word on what stands in the way."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pn3d.files.errors import UserError


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Makes a folder and those above it; UserError where one of them is a file, or nothing can be written there."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {_reason(folder, error)}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"cannot write to {folder}: no permission")
    return folder


@contextlib.contextmanager
def folder_in_use(path: str | os.PathLike[str]) -> Iterator[Path]:
    """``make_folder``, for work that may come to nothing: where the block raises, folders that were made for it and are
    still empty go again."""
    missing = [place for place in (Path(path), *Path(path).parents) if not os.path.lexists(place)]
    try:
        yield make_folder(path)
    except BaseException:
        with contextlib.suppress(OSError):  # not empty: something is finished and stays
            for place in missing:
                place.rmdir()
        raise


def require_writable(targets: Iterable[str | os.PathLike[str]]) -> None:
    """UserError where a file cannot come to be at one of these places: its folder is missing, write-protected or a
    file, or a folder has its name. For what takes long to make: nobody should wait for an hour to learn this."""
    for target in map(Path, targets):
        if target.is_dir():
            raise UserError(f"cannot write {target}: a folder has this name")
        folder = target.parent
        if not folder.is_dir():
            raise UserError(f"cannot write {target}: {_obstacle(folder) or f'there is no folder {folder}'}")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UserError(f"cannot write {target}: no permission in {folder}")


def _reason(folder: Path, error: OSError) -> str:
    return _obstacle(folder) or error.strerror or str(error)


def _obstacle(folder: Path) -> str:
    """What among a folder and those above it is no folder."""
    for place in (folder, *folder.parents):
        if os.path.lexists(place):
            return "" if place.is_dir() else f"{place} is a file"
    return ""
