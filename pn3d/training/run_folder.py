"""The run folder: config, log, status; one writer at a time; a run of another config is refused."""

import contextlib
import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pn3d.config import Stage, from_json, to_json
from pn3d.files.atomic import write_atomically, write_json
from pn3d.files.errors import UserError
from pn3d.files.folders import make_folder
from pn3d.files.text import read_json


class RunFolder:
    """A folder that describes itself; open it in a ``with`` block, which locks it.

    Of several processes of one run one is the ``writer``; the others read, and everything they would write is left out.
    ``also_log`` gets every row that is logged.
    """

    def __init__(
        self, path: Path, writer: bool = True, also_log: Callable[[dict[str, Any]], None] | None = None
    ) -> None:
        self.path, self.writer, self._also_log = path, writer, also_log
        self._lock: Any = None
        self._made = False

    def __enter__(self) -> "RunFolder":
        if not self.writer:
            return self
        self._made = not self.path.exists()
        make_folder(self.path)
        try:
            # Opened without emptying it: another process may hold it.
            self._lock = open(self.path / "lock", "a")
        except OSError as error:
            raise UserError(f"cannot write to run folder {self.path}: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise UserError(f"run folder {self.path} is in use by another process") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is None:
            return
        lock = self.path / "lock"
        if self._made and list(self.path.iterdir()) == [lock]:
            # Nothing came of it, as where an input is missing: no trace is left.
            lock.unlink()
            self.path.rmdir()
        self._lock.close()

    def claim(self, identity: dict[str, Any]) -> None:
        """Writes ``config.json``, or compares it: raises UserError with the first difference to the run that is there.

        Args:
            identity: everything that determines the run (config, digests of data, body and first weights).
        """
        path = self.path / "config.json"
        if not self.writer:
            return
        if not path.exists():
            write_json(path, identity)
            return
        there, here = read_json(path), json.loads(json.dumps(identity))
        # A run of an older version lacks settings that came later; they were then as they are by default.
        for one in (there, here):
            if "config" in one:
                one["config"] = to_json(from_json(one["config"]))
        difference = first_difference(there, here)
        if difference:
            raise UserError(f"run folder {self.path} holds another run: {difference}; choose another --run")

    def checkpoints(self, stage: Stage) -> Path:
        """Folder of a stage's checkpoints."""
        return self.path / "checkpoints" / stage

    def log(self, row: dict[str, Any]) -> None:
        """Appends a line to ``metrics.jsonl``, and gives the row to ``also_log``."""
        if not self.writer:
            return
        if self._also_log is not None:
            self._also_log(row)
        try:
            with open(self.path / "metrics.jsonl", "a") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise UserError(f"cannot write {self.path / 'metrics.jsonl'}: {error.strerror or error}") from None

    def logged(self) -> list[dict[str, Any]]:
        """The rows of ``metrics.jsonl``."""
        return read_rows(self.path / "metrics.jsonl")

    def forget_after(self, stage: Stage, step: int) -> None:
        """Drops log lines of a stage beyond a step: what an interrupted run did after its last checkpoint."""
        path = self.path / "metrics.jsonl"
        if not self.writer or not path.exists():
            return
        kept = [row for row in self.logged() if row["stage"] != stage or row["step"] <= step]
        write_atomically(path, "".join(json.dumps(row) + "\n" for row in kept))

    def status(self, **changes: Any) -> dict[str, Any]:
        """Merges ``changes`` into ``status.json`` and returns it."""
        path = self.path / "status.json"
        status = (read_json(path) if path.exists() else {}) | changes
        if self.writer:
            write_json(path, status)
        return status


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a log, none where there is none; a line that a killed process left unfinished is left out."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else []:
        with contextlib.suppress(ValueError):
            rows.append(json.loads(line))
    return rows


def first_difference(there: Any, here: Any, name: str = "") -> str:
    """The first entry in which two containers differ, in words; empty where they are equal."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted(there.keys() | here.keys()):
            difference = first_difference(there.get(key), here.get(key), f"{name}.{key}" if name else key)
            if difference:
                return difference
        return ""
    return "" if there == here else f"{name} is {json.dumps(there)} there and {json.dumps(here)} here"
