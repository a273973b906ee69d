"""Gathers people one by one while a file is walked, checks their numbers, and makes one RawVideo of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pn3d.detectors.facts import VideoFactsFound
from pn3d.detectors.frame_labels import frame_numbers, natural_key
from pn3d.detectors.key_words import TRACKS, doubt_keys, joint_names, joint_scores, values_for
from pn3d.detectors.records import NO_TRACK, RawVideo
from pn3d.files.errors import UserError

_LARGEST_ID = 2**53


class Collector:
    """Collects people of one video; ``where`` names the file in messages.

    ``add`` never keeps Python numbers: an hour of video stays small in memory.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.rows: list[np.ndarray] = []
        self.frames: list[int] = []
        self.tracks: list[Any] = []
        self.listed: list[int] = []
        self.classes: list[str] = []
        self.facts = VideoFactsFound()
        self.notes: list[str] = []

    def add_frame(self, frame: int, content: Any = None) -> None:
        """Notes that the file has this frame, with or without people; ``content``, its object, may hold facts."""
        self.listed.append(frame)
        if isinstance(content, dict):
            self.facts.look_at_frame(frame, content)

    def add(self, frame: int, rows: np.ndarray, track: Any = None, label: str = "") -> None:
        """Adds one person: ``rows`` (K, 3) float64 x, y, confidence (NaN = the file has none); ``label``: its class."""
        self.rows.append(rows)
        self.classes.append(label)
        self.frames.append(frame)
        self.tracks.append(track_label(track))

    def keep_classes(self, chosen: set[str]) -> None:
        """Leaves out everybody whose class is not among ``chosen``; their frames stay."""
        keep = [label in chosen for label in self.classes]
        if not all(keep):
            self.rows, self.frames, self.tracks, self.classes = (
                [one for one, kept in zip(values, keep, strict=True) if kept]
                for values in (self.rows, self.frames, self.tracks, self.classes)
            )

    def renumber(self, labels: list[Any], once: bool = False) -> None:
        """Replaces frames counted 0, 1, 2 … by the numbers that their labels in the file mean.

        Raises:
            UserError: a frame that must be there ``once`` is there twice.
        """
        found, notes = frame_numbers(labels, self.where)
        numbers = found.tolist()
        distinct, times = np.unique(found, return_counts=True)
        if once and (times > 1).any():
            twice = distinct[times > 1][0]
            raise UserError(f"{self.where}: frame {twice} is there twice (two runs in one file?); expected each once")
        self.notes += notes
        self.frames = [numbers[frame] for frame in self.frames]
        self.listed = [numbers[frame] for frame in self.listed]
        self.facts.times = {numbers[frame]: time for frame, time in self.facts.times.items()}

    def triplets(self, values: Any, frame: int) -> np.ndarray | None:
        """x, y, confidence, x, y, … as (K, 3); None for an empty list, which is nobody."""
        flat = self.numbers(values, frame)
        if flat.size == 0:
            return None
        if flat.ndim == 1 and flat.size % 3 == 0:
            return flat.reshape(-1, 3)
        raise self.wrong(frame, f"expected x, y, confidence of each joint in one list, found shape {flat.shape}")

    def pairs(self, points: Any, confidence: Any, frame: int) -> np.ndarray | None:
        """(K, 2) positions, or 2 K numbers, and (K,) or (K, 1) confidences, or None, as (K, 3)."""
        positions = self.numbers(points, frame)
        if positions.size == 0:
            return None
        if positions.ndim == 1 and positions.size % 2 == 0:
            positions = positions.reshape(-1, 2)
        if positions.ndim != 2 or positions.shape[1] != 2:
            hint = ", which look 3D" if positions.ndim == 2 and positions.shape[1] == 3 else ""
            raise self.wrong(frame, f"expected x, y of each joint, found shape {positions.shape}{hint}")
        rows = np.full((len(positions), 3), np.nan)
        rows[:, :2] = positions
        if confidence is not None:
            values = self.numbers(confidence, frame)
            if values.size != len(positions):
                raise self.wrong(frame, f"{len(positions)} joints but {values.size} confidences")
            rows[:, 2] = values.reshape(-1)
        return rows

    def person(self, person: dict[str, Any], frame: int, key: str = "keypoints") -> np.ndarray | None:
        """(K, 3) of one person's object, in any of the forms of tools: x, y, s in one list, or in a list per joint, or
        pairs x, y with their scores under another key, which decide where both are there."""
        values = self.numbers(person[key], frame)
        self.facts.joint_names.update(joint_names(person))
        other = joint_scores(person)
        for doubt in doubt_keys(tuple(person)) if other is None else ():
            if doubt not in self.facts.left_out:
                self.facts.left_out.append(doubt)
        if other is None:
            if values.ndim == 2 and values.shape[1] == 3:
                return values
            return self.pairs(values, None, frame) if values.ndim == 2 else self.triplets(values, frame)
        scores = self.numbers(other, frame).reshape(-1)
        flat = values.ndim == 1 and values.size == 3 * scores.size  # x, y, visibility, and scores beside them
        if flat:
            values = values.reshape(-1, 3)
        elif values.ndim == 2 and values.shape[1] == 3 and np.allclose(values[:, 2], scores, equal_nan=True):
            values = values[:, :2]
        return self.pairs(values[:, :2] if flat else values, scores, frame)

    def numbers(self, values: Any, frame: int) -> np.ndarray:
        """Any (nested) list of numbers as float64; null becomes NaN."""
        if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
            return values.astype(np.float64)
        if isinstance(values, list | tuple):
            try:
                return np.array(values, dtype=np.float64)
            except (TypeError, ValueError, OverflowError):
                pass
        inner = f" ({shown(values[0])} …)" if isinstance(values, list) and values else ""
        raise self.wrong(frame, f"expected a list of numbers, found {shown(values)}{inner}")

    def people(self, people: Any, frame: int) -> None:
        """Adds a list of objects with ``keypoints``."""
        if not isinstance(people, list):
            raise self.wrong(frame, f"expected a list of people, found {shown(people)}")
        for person in people:
            if not isinstance(person, dict) or "keypoints" not in person:
                raise self.wrong(frame, f"a person without 'keypoints', found {shown(person)}")
            rows = self.person(person, frame)
            if rows is not None:
                self.add(frame, rows, track_in(person))

    def _names_in_file(self, joints: int) -> tuple[str, ...] | None:
        """What the file calls its joints, where it lists as many names as people have joints."""
        fitting = [names for names in self.facts.joint_names if len(names) == joints]
        if len(fitting) > 1:
            raise UserError(f"{self.where}: lists {len(fitting)} orders of joint names; expected one")
        return fitting[0] if fitting else None

    def wrong(self, frame: int, problem: str) -> UserError:
        """The error about one frame."""
        return UserError(f"{self.where}: frame {frame}: {problem}")

    def finish(self, name: str, coco17: str = "", **facts: Any) -> RawVideo:
        """All people as one RawVideo; ``facts`` are further fields of it, ``coco17`` the reason why 17 joints without
        names are COCO's, where they are.

        Raises:
            UserError: nobody is in the file, people have different numbers of joints, or names are in two orders.
        """
        listed = np.unique(np.array(self.listed + self.frames, np.int64))
        if not self.rows:
            raise UserError(f"{self.where}: no person in any of the {len(listed)} frames")
        counts = np.array([len(rows) for rows in self.rows])
        if (counts != counts[0]).any():
            odd = int(np.argmax(counts != counts[0]))
            raise UserError(
                f"{self.where}: mixed layouts: people have {counts[0]} joints, but {counts[odd]} in frame "
                f"{self.frames[odd]}; expected one layout per file"
            )
        stacked = np.stack(self.rows)
        found, notes = self.facts.as_fields(listed, self.where)
        if facts.get("joint_names") is None:
            facts["joint_names"] = self._names_in_file(int(counts[0]))
        if coco17 and counts[0] == 17 and facts["joint_names"] is None:
            facts |= {"layout_name": "coco17", "layout_reason": coco17}
        facts = found | {key: value for key, value in facts.items() if value is not None}
        facts["notes"] = [*facts.get("notes", []), *self.notes, *notes]
        return RawVideo(
            name=name,
            frame=np.array(self.frames, np.int64),
            keypoints=stacked[..., :2],
            confidence=stacked[..., 2],
            track_id=track_numbers(self.tracks),
            listed_frames=listed,
            **facts,
        )


def first_number(value: Any) -> float | None:
    """The first number of a scalar or of nested lists (AlphaPose writes ``idx`` as 0, [0.0] or [[0.0], [0.0]])."""
    for _ in range(8):
        if isinstance(value, list | tuple):
            if not value:
                return None
            value = value[0]
        elif isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
            number: Any = value
            return float(number) if abs(number) < _LARGEST_ID else None
        else:
            return None
    return None


def scalar(value: Any) -> float:
    """A number, NaN where there is none."""
    found = first_number(value)
    return float("nan") if found is None else found


def track_label(value: Any) -> float | str | None:
    """What a file calls a person, None where it does not."""
    if isinstance(value, str):
        return value.strip() or None
    found = first_number(value)
    return found if found is not None and np.isfinite(found) and found >= 0 else None


def track_in(person: Mapping[Any, Any], words: tuple[str, ...] = TRACKS) -> float | str | None:
    """What an object says who it is, None where it does not."""
    labels = (track_label(value) for value in values_for(person, words))
    return next((label for label in labels if label is not None), None)


def track_numbers(labels: list[Any]) -> np.ndarray:
    """(D,) int64 from what a file calls people: whole numbers as they are, anything else numbered in order; -1 = none.

    Ids are never rounded: 1.5 and 1 are two people.
    """
    known = {label for label in labels if label is not None}
    if all(isinstance(label, float) and label == int(label) for label in known):
        return np.array([NO_TRACK if label is None else int(label) for label in labels], np.int64)
    ordered = sorted(known, key=lambda label: natural_key(str(label)))
    number = {label: i for i, label in enumerate(ordered)}
    return np.array([number.get(label, NO_TRACK) for label in labels], np.int64)


def shown(value: Any) -> str:
    """A value made short and safe for a message."""
    if isinstance(value, dict):
        return f"an object with keys {', '.join(ascii(str(key))[1:-1][:20] for key in list(value)[:5])}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = ascii(value)
    return text if len(text) <= 40 else text[:37] + "..."
