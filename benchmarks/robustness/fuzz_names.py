"""Exchanges, drops, doubles and renames what files name: ``python -m benchmarks.robustness.fuzz_names [COUNT] [SEED]``.

Valid files of ``named_files`` and ``more_named_files`` are changed in what they call things. What is right follows from
the names: a file whose columns and headings move together holds the same people, one whose two headings are exchanged
holds people with these two joints exchanged. Each result must be the same, or say the name of what is odd, or be
refused in one line; a change without a word fails.
"""

import re
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.robustness.more_named_files import MORE_FILES
from benchmarks.robustness.named_files import FILES, Change, NamedFile
from pn3d.detectors import read_keypoints
from pn3d.detectors.records import Detections
from pn3d.files.errors import UserError

ALL_FILES = (*FILES, *MORE_FILES)
TIME_LIMIT_S = 2.0
MOST_REFUSED = 0.5
SAID_AS = {
    "fps": "frame rate",
    "info": "frame rate",
    "time": "frame rate",
    "timestamp": "frame rate",
    "width": "image size",
    "height": "image size",
    "size": "image size",
    "score": "confidence",
    "visib": "confidence",
    "people": "openpose frame",
    "conf": "confidence",
    "track": "track|people|skeletons",
    "person": "track|people|skeletons",
    "idx": "track|people",
    "id": "track|people|frame|class",
    "frame": "frame",
    "image": "frame|image size|skeletons",
    "category": "class",
    "meta": "frame rate|image size",
    "keypoints": "no person|filled|people",
    "landmarks": "filled|people",
}
"""Other words for a key in our sentences; a joint is called by its own name."""


class Read(NamedTuple):
    """What a file was understood as: people in an order that does not hang on the file's."""

    people: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
    fps: float
    image_size: tuple[int, int]
    said: str


def read(path: Path, layout: str | None) -> Read:
    """Reads everybody."""
    found: Detections = read_keypoints(path, all_people=True, layout=layout)
    people = [_joints(found, i) for i in range(len(found.people))]
    people.sort(key=lambda one: (len(one[0]), float(np.nanmedian(one[0][..., 0])) if one[0].size else 0.0))
    return Read(people, found.video.fps, found.video.image_size, "\n".join((*found.assumptions, *found.warnings)))


def _joints(found: Detections, which: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions (NaN where missing), confidences and frame numbers of one person, joints sorted by name."""
    person = found.people[which]
    names = found.layout.joints
    ever = [j for j in sorted(range(len(names)), key=lambda j: names[j]) if (person.confidence[:, j] > 0).any()]
    confidence = person.confidence[:, ever]
    return np.where(confidence[..., None] > 0, person.keypoints_px[:, ever], np.nan), confidence, person.frame_number


def same(one: Read, other: Read) -> bool:
    """Whether two files were understood as the same people."""
    if len(one.people) != len(other.people) or one.image_size != other.image_size:
        return False
    if abs(one.fps / other.fps - 1) > 1e-3:
        return False
    return all(
        a.shape == b.shape and np.allclose(a, b, atol=0.02, equal_nan=True)
        for ours, theirs in zip(one.people, other.people, strict=True)
        for a, b in zip(ours, theirs, strict=True)
    )


def names_it(said: str, change: Change) -> bool:
    """Whether sentences speak of what was changed."""
    plain = re.sub(r"[^a-z0-9|\n]", "", said.lower())
    for name in change.about:
        words = {re.sub(r"[^a-z0-9]", "", name.lower())}
        for part, meant in SAID_AS.items():
            if part in name.lower():
                words |= {re.sub(r"[^a-z0-9]", "", word) for word in meant.split("|")}
        if any(word and word in plain for word in words):
            return True
    return False


def judge(folder: Path, form: NamedFile, rng: np.random.Generator) -> tuple[str, str]:
    """What became of one changed file ("same", "said", "refused" or "silent"), and what was changed."""
    content, expected, change = form.changed(rng)
    path, clean = folder / f"changed{form.suffix}", folder / f"clean{form.suffix}"
    form.write(path, content)
    form.write(clean, expected)
    try:
        found = read(path, form.layout)
    except UserError as error:
        text = str(error)
        if "\n" in text or len(text) > 400:
            raise AssertionError(f"not one short line: {text!r}") from error
        return "refused", f"{change.what}: {text}"
    wanted = read(clean, form.layout)
    if same(found, wanted):
        return "same", change.what
    return ("said" if names_it(found.said, change) else "silent"), f"{change.what}: {found.said!r}"


def fuzz(count: int, seed: int, say: Callable[[str], None] = print) -> Counter[str]:
    """Reads ``count`` changed files, and counts what became of them; "failed" are errors and what took too long."""
    outcome: Counter[str] = Counter()
    of_form: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(count):
            rng = np.random.default_rng([seed, number])
            form = ALL_FILES[number % len(ALL_FILES)]
            begin = time.process_time()
            try:
                what, how = judge(Path(name), form, rng)
            except Exception:
                what, how = "failed", traceback.format_exc()
            if time.process_time() - begin > TIME_LIMIT_S:
                what, how = "failed", f"{how}: took {time.process_time() - begin:.1f} s"
            outcome[what] += 1
            of_form[form.name, what] += 1
            if what in ("silent", "failed"):
                say(f"number {number} ({form.name}), seed {seed}: {what}: {how}")
    for form in ALL_FILES:
        say(f"{form.name}: " + ", ".join(f"{what} {of_form[form.name, what]}" for what in sorted(outcome)))
    say(str(dict(outcome)))
    return outcome


def main(count: str = "2000", seed: str = "0") -> None:
    """Fuzzes and exits with 1 where something was silent or failed, or more than half was refused."""
    begin = time.perf_counter()
    outcome = fuzz(int(count), int(seed))
    print(f"{count} files in {time.perf_counter() - begin:.0f} s")
    too_many = outcome["refused"] > MOST_REFUSED * int(count)
    sys.exit(1 if outcome["silent"] or outcome["failed"] or too_many else 0)


if __name__ == "__main__":
    main(*sys.argv[1:3])
