"""Azure Kinect's body tracking, projected into the picture, as JSON.

``offline_processor`` writes ``{joint_names, frames: [{bodies: [{body_id, joint_positions}]}]}`` in 3D, and is refused;
two numbers a joint, or people with named points, are read. Sources: microsoft/Azure-Kinect-Samples
offline_processor/main.cpp; learn.microsoft.com, "Azure Kinect body tracking joints".
"""

import re
from typing import Any

import numpy as np

from pn3d.detectors.collecting import Collector, shown
from pn3d.detectors.key_words import plain_key, values_for
from pn3d.detectors.named_points import NamedPeople, any_points, frames_in
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened

_POSITIONS = ("jointpositions2d", "colorpositions", "positions2d", "joints2d", "keypoints2d", "jointpositions")
_LEVELS = ("confidencelevels", "jointconfidences", "confidences", "confidence")
LEVELS = np.array([0.0, 0.5, 1.0, 1.0, np.nan])  # confidence: none, low, medium, high, not in the file
_NO_JOINT = re.compile(r"(k4abtjoint)?(head|neck|spine(chest|nav[ae]l)|(left|right)?clavicle(left|right)?)")


def is_azure_kinect(content: Any) -> bool:
    """Whether it has the names of Azure Kinect's joints."""
    named = isinstance(content, dict) and "'PELVIS'" in str(content.get("joint_names"))  # whatever that is
    return named or any_points(content, lambda points: any(plain_key(one).endswith("spinechest") for one in points))


def read_azure_kinect(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads one file; UserError where positions are 3D, or there is no person."""
    names = opened.content.get("joint_names") if isinstance(opened.content, dict) else None
    frames, note = frames_in(opened.content)
    people = NamedPeople(opened.where)
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        frames = [_with_names(people.collector, i, frame, names) for i, frame in enumerate(frames)]
    people.add_frames(frames)
    people.collector.facts.look(opened.content)
    found = {name for _, points, _, _ in people.found for name in points}
    rename = {n: "" if _NO_JOINT.fullmatch(plain_key(n)) else n.removeprefix("K4ABT_JOINT_") for n in found}
    raw = people.raw(opened.name, rename, notes=[f"{opened.where}: {note}"] if note else [])
    levels = np.nan_to_num(raw.confidence, nan=4)
    if np.isin(levels, range(5)).all() and np.isin(levels, (2, 3)).any():
        raw.confidence = LEVELS[levels.astype(int)]
    return [raw]


def _with_names(collector: Collector, i: int, frame: Any, names: list[str]) -> dict[str, Any]:
    """Frame ``i`` with named points in place of its bodies' lists; UserError where those do not fit ``names``."""
    if not isinstance(frame, dict) or not isinstance(frame.get("bodies", ""), list | None):
        raise collector.wrong(i, f"expected an object with 'bodies', found {shown(frame)}")
    bodies = []
    for body in frame["bodies"] or ():
        keys = body if isinstance(body, dict) else {}
        places, levels = (next(values_for(keys, words), None) for words in (_POSITIONS, _LEVELS))
        if (rows := collector.pairs(places, levels, i)) is None or len(rows) != len(names):
            raise collector.wrong(i, f"{len(names)} joint names, but other positions: {shown(places)}")
        bodies.append(keys | {"joints": dict(zip(names, rows.tolist(), strict=True))})
    return {**frame, "bodies": bodies}
