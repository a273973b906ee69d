"""Whole files or none: bytes go to a temporary name in the same folder and are renamed over the target."""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pn3d.files.errors import UserError


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A stream to write ``path`` with: the file appears, or replaces the old one, when the block ends without an error.

    Where the block raises, or the process dies, the old file stays as it was. The name in between is of its own
    (hidden, ends in ``.part``), so that two writers of one target do not mix.

    Raises:
        UserError: the folder is missing or cannot be written, the disk is full, the target is a folder.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        try:
            with open(temporary, "xb") as stream:
                yield stream
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}") from error


def write_atomically(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Writes ``content`` (text as UTF-8, line ends as they are) to ``path`` and returns it.

    Raises UserError where the folder is missing or cannot be written.
    """
    with whole_file(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)
    return Path(path)


def write_json(path: str | os.PathLike[str], value: Any) -> Path:
    """Writes plain containers as indented JSON and returns ``path``; ValueError for a number that is not finite."""
    return write_atomically(path, json.dumps(value, indent=1, allow_nan=False) + "\n")
