"""Reads damaged keypoint files: ``python -m benchmarks.robustness.fuzz_detectors [COUNT] [SEED] [SAMPLES_FOLDER]``.

Every form of ``tools.stand_ins.detector_forms``, and real files where a folder of them is given, is mutated as bytes
and, where it is JSON, as a structure. Each result must be read, or refused by UserError in one line, within the
time limit.
"""

import copy
import io
import json
import shutil
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.detectors import person_clips, read_keypoints
from pn3d.detectors.inspect import facts_text
from pn3d.detectors.picture import three_frames_svg
from pn3d.files.errors import UserError
from tools.stand_ins.detector_files import SIZE, walking_people
from tools.stand_ins.detector_forms import FORMS

TIME_LIMIT_S = 2.0
_ODD_VALUES: tuple[Any, ...] = (None, True, "", "x", "12", -1, 0, 1e308, -1e30, float("nan"), float("inf"), 10**400)
_ODD_VALUES += ([], {}, [[]], [None], [[[0.0]]], [1, 2, 3], {"a": 1}, 0.5, 2**70, "é" * 50, [0.0] * 51, [[1, 2]] * 17)


def mutate_json(content: Any, rng: np.random.Generator) -> Any:
    """A copy of ``content`` with one to four places changed."""
    content = copy.deepcopy(content)
    for _ in range(rng.integers(1, 5)):
        places = _places(content, rng)
        if not places:
            return _odd(rng)
        parent, key = places[rng.integers(len(places))]
        kind = rng.integers(5)
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent, list):
            parent.insert(int(rng.integers(len(parent) + 1)), copy.deepcopy(parent[key]))
        elif kind == 2 and isinstance(parent[key], list) and parent[key]:
            del parent[key][int(rng.integers(len(parent[key]))) :]
        elif kind == 3 and isinstance(parent[key], list):
            rng.shuffle(parent[key])
        else:
            parent[key] = _odd(rng)
    return content


def _odd(rng: np.random.Generator) -> Any:
    return copy.deepcopy(_ODD_VALUES[rng.integers(len(_ODD_VALUES))])


def _places(content: Any, rng: np.random.Generator) -> list[tuple[Any, Any]]:
    """Some containers on a random walk from the root, with a key of each, so that all depths are as likely."""
    places = []
    for _ in range(4):
        node = content
        while isinstance(node, dict | list) and node:
            keys = list(node) if isinstance(node, dict) else range(len(node))
            key = keys[rng.integers(len(keys))]
            places.append((node, key))
            node = node[key]
    return places


def mutate_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut off, flipped, repeated, removed or inserted bytes."""
    if not data:
        return b"\x00"
    start = int(rng.integers(len(data)))
    length = int(rng.integers(1, 40))
    kind = rng.integers(6)
    if kind == 0:
        return data[:start]
    if kind == 1:
        flipped = bytearray(data)
        for place in rng.integers(0, len(data), int(rng.integers(1, 6))):
            flipped[place] = int(rng.integers(256))
        return bytes(flipped)
    if kind == 2:
        return data[:start] + data[start : start + length] * int(rng.integers(2, 50)) + data[start + length :]
    if kind == 3:
        return data[:start] + data[start + length :]
    if kind == 4:
        return data[:start] + rng.bytes(length) + data[start:]
    return data[:start] + bytes(rng.choice(list(b'0123456789,[]{}":.-eE \nnul'), length)) + data[start:]


def mutate_npz(data: bytes, rng: np.random.Generator) -> bytes:
    """One member's bytes mutated inside an intact archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as result:
        names = source.namelist()
        chosen = names[rng.integers(len(names))]
        for name in names:
            member = source.read(name)
            result.writestr(name, mutate_bytes(member, rng) if name == chosen else member)
    return target.getvalue()


def mutate_file(path: Path, rng: np.random.Generator) -> None:
    """Changes one file in place."""
    data = path.read_bytes()
    try:
        content = json.loads(data) if path.suffix == ".json" else None
    except ValueError:  # damaged before
        content = None
    if content is not None and rng.random() < 0.7:
        text = json.dumps(mutate_json(content, rng))
        path.write_text(text.replace(str(10**400), "1e400") if rng.random() < 0.5 else text, encoding="utf-8")
    elif path.suffix == ".npz" and rng.random() < 0.7:
        path.write_bytes(mutate_npz(data, rng))
    else:
        path.write_bytes(mutate_bytes(data, rng))


def mutate(path: Path, rng: np.random.Generator) -> None:
    """Changes a file, or some files of a folder, in place."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    for _ in range(1 if len(files) == 1 else int(rng.integers(1, 5))):
        mutate_file(files[rng.integers(len(files))], rng)
        files = [file for file in files if file.exists()]
    if len(files) > 1 and rng.random() < 0.3:
        files[rng.integers(len(files))].unlink()


def use(path: Path, arguments: dict[str, Any]) -> str:
    """Reads a file as predict and inspect would; "read", or "refused" by a good UserError. Others pass through."""
    try:
        detections = read_keypoints(path, **arguments)
        clips = person_clips(detections)
        if not (np.isfinite(clips.keypoints).all() and 0 <= clips.confidence.min() <= clips.confidence.max() <= 1):
            raise AssertionError("keypoints that are not finite, or confidences outside [0, 1]")
        facts_text(detections)
        three_frames_svg(detections)
    except UserError as error:
        return refused(error, path)
    return "read"


def refused(error: UserError, path: Path, longest: int = 400) -> str:
    """ "refused", where the message is one line of at most so many letters that names the file; else AssertionError."""
    text = str(error)
    if "\n" in text or str(path) not in text or len(text) > longest:
        raise AssertionError(f"not one short line that names the file: {text!r}") from error
    return "refused"


def seeds(folder: Path, real: Path | None) -> list[tuple[str, Path, dict[str, Any]]]:
    """(name, path, arguments) of intact files of every form."""
    result = []
    for name, form in FORMS.items():
        target = folder / name.replace(" ", "_")
        target.mkdir(parents=True)
        path = form.write(target, walking_people(form.layout, min(form.frames, 8), form.people))
        arguments: dict[str, Any] = {"all_people": True}
        if form.needs_layout:
            arguments["layout"] = form.layout
        if form.normalised:
            arguments["image_size"] = SIZE
        result.append((name, path, arguments))
    if real is not None:
        for path in sorted(real.rglob("*.json")):
            if path.stat().st_size < 200_000:
                result.append((path.name, path, {}))
    return result


def fuzz(count: int, seed: int, real: Path | None = None, say: Callable[[str], None] = print) -> Counter[str]:
    """Reads ``count`` mutated files; counts what happened under "read", "refused" and "failed"."""
    outcome: Counter[str] = Counter()
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        forms = seeds(Path(folder) / "seeds", real)
        work = Path(folder) / "work"
        for number in range(count):
            rng = np.random.default_rng([seed, number])
            name, source, arguments = forms[number % len(forms)]
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            path = work / source.name
            shutil.copytree(source, path) if source.is_dir() else shutil.copyfile(source, path)
            mutate(path, rng)
            begin = time.process_time()
            try:
                outcome[use(path, arguments)] += 1
            except Exception:
                outcome["failed"] += 1
                say(f"number {number} ({name}), seed {seed}:\n{traceback.format_exc()}")
            taken = time.process_time() - begin
            slowest = max(slowest, (taken, f"number {number} ({name})"))
            if taken > TIME_LIMIT_S:
                outcome["failed"] += 1
                say(f"number {number} ({name}), seed {seed}: took {taken:.1f} s")
    say(f"{dict(outcome)}, slowest {slowest[0]:.2f} s: {slowest[1]}")
    return outcome


def main(count: str = "5000", seed: str = "0", real: str = "") -> None:
    """Fuzzes and exits with 1 where anything failed."""
    begin = time.perf_counter()
    outcome = fuzz(int(count), int(seed), Path(real) if real else None)
    print(f"{count} files in {time.perf_counter() - begin:.0f} s")
    sys.exit(1 if outcome["failed"] else 0)


if __name__ == "__main__":
    main(*sys.argv[1:4])
