"""Npz files of plain arrays, as untrusted files are read that need no pickle: nothing pickled is ever opened."""

import tokenize
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from pn3d.files.errors import UserError

_DAMAGED = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, AttributeError)


def read_plain_npz(path: Path, wanted: Collection[str], what: str) -> dict[str, np.ndarray]:
    """Those of the ``wanted`` members that an npz has.

    Args:
        path: the file.
        wanted: names of members; others are not opened.
        what: what the file should be, for messages.

    Raises:
        UserError: it is missing, damaged, no npz, or holds pickles.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file; expected {what} (.npz)")
    try:
        with path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise UserError(f"{path}: not an npz file but a single array; expected {what}")
            with file:
                return {key: _member(path, file, key) for key in wanted if key in file.files}
    except UserError:
        raise
    except _DAMAGED as error:
        raise UserError(f"{path}: not a readable npz file (cut off or of another kind): {_one_line(error)}") from error


def one_text(path: Path, key: str, value: np.ndarray) -> str:
    """A str stored as an array of one element; raises UserError where it is something else."""
    if value.dtype.kind != "U" or value.size != 1:
        raise UserError(f"{path}: {key!r} must be one str, found {value.dtype} of shape {value.shape}")
    return str(value.reshape(-1)[0])


def _member(path: Path, file: np.lib.npyio.NpzFile, key: str) -> np.ndarray:
    try:
        value = file[key]
    except ValueError as error:
        if "allow_pickle" in str(error) or "Object arrays" in str(error):
            raise UserError(
                f"{path}: {key!r} is a pickled object array, which is never read; expected plain"
            ) from error
        raise UserError(f"{path}: {key!r} cannot be read: {_one_line(error)}") from error
    except (EOFError, zipfile.BadZipFile, zlib.error, MemoryError, AttributeError, tokenize.TokenError) as error:
        raise UserError(f"{path}: {key!r} cannot be read (cut off?): {_one_line(error)}") from error
    if not isinstance(value, np.ndarray):
        raise UserError(f"{path}: {key!r} is no array")
    return value


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.isprintable() and len(text) <= 200 else ascii(text)[:200]
