"""Whole files or none: bytes go to a temporary name in the same folder and are renamed over the target."""

import os
import tempfile
from pathlib import Path

from pn3d.errors import UserError


def write_atomically(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Writes ``content`` (text as UTF-8, line ends as they are) to ``path`` and returns it.

    Raises UserError where the folder is missing or cannot be written.
    """
    target = Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise UserError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
