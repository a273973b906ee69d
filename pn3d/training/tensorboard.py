"""Metrics for TensorBoard, beside ``metrics.jsonl``; needs the extra ``tensorboard``."""

from pathlib import Path
from typing import Any

from pn3d.files.errors import UserError


class TensorboardLog:
    """Event files of a run in a folder; does nothing where ``wanted`` is false.

    Raises:
        UserError: it is wanted and tensorboardX is not installed.
    """

    def __init__(self, folder: Path, wanted: bool) -> None:
        self._writer = None
        if not wanted:
            return
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise UserError('--log tensorboard needs tensorboardX: pip install "pn3d[tensorboard]"') from None
        try:
            self._writer = SummaryWriter(str(folder))
        except OSError as error:
            raise UserError(f"cannot write {folder}: {error.strerror or error}") from None

    def write(self, row: dict[str, Any]) -> None:
        """The numbers of a row of ``metrics.jsonl``, as ``<stage>/<name>`` at its step."""
        if self._writer is None:
            return
        for name, value in row.items():
            if isinstance(value, float):
                self._writer.add_scalar(f"{row['stage']}/{name}", value, row["step"])

    def __enter__(self) -> "TensorboardLog":
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
