"""Opens what the user names: a folder of frames, a JSON file, JSON lines, an array file or a table."""

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tokenize import TokenError
from typing import Any, Literal

from pn3d.detectors.frame_labels import natural_key
from pn3d.detectors.json_text import parse_json
from pn3d.files import safe_npz
from pn3d.files.errors import UserError

Kind = Literal["json folder", "text folder", "json", "npz", "npy", "text"]
_SUFFIXES: dict[str, Kind] = {".json": "json", ".jsonl": "json", ".npz": "npz", ".npy": "npy"}
_SUFFIXES |= {".csv": "text", ".txt": "text", ".tsv": "text", ".trc": "text"}
_RESULT_FOLDERS = ("predictions", "labels", "sep-json", "keypoints", "json")
_NOT_FRAMES = ("classes.txt", "labels.txt", "notes.json", "readme.txt", "license.txt", "train.txt", "val.txt")
"""What annotation tools put beside the frames."""
NATIVE_KEYS = ("keypoints", "confidence", "clip_start")
MAX_FILE_BYTES = 4 << 30
TOLERATED_BAD_FILES = 0.1  # of a folder; more than this and the folder is something else


@dataclass
class Opened:
    """What was found at a path.

    Attributes:
        path: as given.
        kind: of the content.
        content: the parsed JSON, the array, the dictionary of an npz, or the text; for folders the first file's.
        files: names of the frames of a folder, in natural order.
        classes: names of the classes 0, 1, … that stand in the folder's ``classes.txt``.
    """

    path: Path
    kind: Kind
    content: Any = None
    files: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The path for messages."""
        return str(self.path)

    @property
    def name(self) -> str:
        """The stem, for names of clips."""
        return self.path.stem or "input"


def open_source(path: str | Path) -> Opened:
    """Opens a file or folder; raises UserError where it is missing, empty, cut off or of another kind."""
    path = Path(path)
    try:
        if path.is_dir():
            return _open_folder(path)
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
        kind = _SUFFIXES.get(path.suffix.lower())
        if kind == "npz":
            return Opened(path, kind, _load_npz(path))
        if kind == "npy":
            return Opened(path, kind, _of_arrays(path, safe_npz.load_npy))
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UserError(f"{path}: larger than {MAX_FILE_BYTES >> 30} GB, which no keypoint file is")
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    if kind == "text":
        return Opened(path, kind, _text(path, data))
    if kind == "json" or data.lstrip()[:1] in (b"{", b"["):
        return Opened(path, "json", parse_json(data, path))
    raise UserError(
        f"{path}: not a keypoint file: expected .json, .npz, .npy, .csv, .trc, .txt or a folder of .json or .txt, "
        f"found {path.suffix or 'no suffix'}"
    )


def _open_folder(path: Path) -> Opened:
    with os.scandir(path) as entries:
        found = [(entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith(".")]
    names = {suffix: [n for n, folder in found if not folder and n.lower().endswith(suffix)] for suffix in _SUFFIXES}
    if "alphapose-results.json" in names[".json"]:
        return open_source(path / "alphapose-results.json")
    for suffix, kind in ((".json", "json folder"), (".txt", "text folder")):
        names[suffix] = [name for name in names[suffix] if name.lower() not in _NOT_FRAMES] or names[suffix]
        if names[suffix]:
            files = sorted(names[suffix], key=natural_key)
            return _open_frames(path, files, kind)  # type: ignore[arg-type]
    lone = [name for suffix in (".jsonl", ".npz", ".npy", ".csv", ".tsv", ".trc") for name in names[suffix]]
    if len(lone) == 1:
        return open_source(path / lone[0])
    for folder in _RESULT_FOLDERS:
        if (folder, True) in found:
            return open_source(path / folder)
    content = f"{len(found)} other entries" if found else "nothing: it is empty"
    raise UserError(f"{path}: expected a folder of .json or .txt files, one per frame, found {content}")


def _open_frames(path: Path, files: list[str], kind: Kind) -> Opened:
    """A folder of frames with its first readable file; a folder with one file is that file."""
    if len(files) == 1:
        return open_source(path / files[0])
    opened = Opened(path, kind, None, files, classes=_classes(path) if kind == "text folder" else [])
    for _, content in frames_of(opened, files[:5] + files[5 :: max(1, len(files) // 50)]):
        opened.content = content
        if content:  # the first frames may be without people
            people = content.get("people") if isinstance(content, dict) else content
            if people:
                break
    if opened.content is None:
        raise UserError(f"{path / files[0]}: not readable, nor are the files after it; expected one file per frame")
    return opened


def _classes(folder: Path) -> list[str]:
    path = folder / "classes.txt"
    return [line.strip() for line in _text(path, path.read_bytes()).splitlines()] if path.is_file() else []


def frames_of(opened: Opened, files: list[str] | None = None) -> Any:
    """Yields (name, content) of the files of a folder: parsed JSON, or text. Unreadable files are noted, and skipped.

    Raises:
        UserError: too many files are unreadable.
    """
    chosen = opened.files if files is None else files
    as_text = opened.kind == "text folder"
    bad: list[str] = []
    for name in chosen:
        path = os.path.join(opened.path, name)
        try:
            with open(path, "rb", buffering=0) as file:
                data = file.read()
            yield name, (_text(path, data) if as_text else parse_json(data, path))
        except OSError as error:
            bad.append(f"{path}: cannot be read: {error.strerror or error}")
        except UserError as error:
            bad.append(str(error))
    if files is None and bad:
        if len(bad) > max(1, TOLERATED_BAD_FILES * len(chosen)):
            raise UserError(f"{bad[0]}; {len(bad)} of {len(chosen)} files of the folder are unreadable")
        opened.notes.append(f"{bad[0]}; {len(bad)} of {len(chosen)} files were left out as missing frames")


def _load_npz(path: Path) -> dict[str, Any]:
    """Arrays by name. Those of a native keypoint file are not read here: its own strict reader does that."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise UserError(f"{path}: not a readable npz file (cut off or of another kind): {error}") from error
    if all(key in names for key in NATIVE_KEYS):
        return dict.fromkeys(names)
    return _of_arrays(path, safe_npz.load_npz)


def _of_arrays(path: Path, load: Callable[[Path], Any]) -> Any:
    """``load(path)``; NumPy's parser of array headers lets an error of the tokenizer through on damaged ones."""
    try:
        return load(path)
    except TokenError as error:
        raise UserError(f"{path}: not a readable array file: the header of an array is damaged") from error


def _text(path: str | Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text file (byte {error.start} is not UTF-8)") from error
