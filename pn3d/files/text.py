"""Text files of others, read whole; and JSON."""

import json
from pathlib import Path
from typing import Any

from pn3d.files.errors import UserError

MOST_BYTES = 1 << 30


def read_text(path: Path) -> str:
    """The text of a file, whatever bytes are in it.

    Raises:
        UserError: it cannot be read, or is larger than ``MOST_BYTES``.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path}: more than {MOST_BYTES >> 30} GB")
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_json(path: Path) -> Any:
    """What a JSON file holds; UserError where it is missing, too large, or no JSON."""
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON: {' '.join(str(error).split())[:120]}") from error
