"""Azure Kinect's body tracking, projected into the picture, as JSON.

Microsoft's ``offline_processor`` writes ``{joint_names, frames: [{frame_id, timestamp_usec, bodies: [{body_id,
joint_positions}]}]}`` with positions in millimetres, which are 3D and refused; the same with two numbers a joint
(``joint_positions_2d``, ``color_positions``, …, and ``confidence_levels``), or people with named points, are read.
Sources: microsoft/Azure-Kinect-Samples offline_processor/main.cpp; learn.microsoft.com, "Azure Kinect body tracking
joints". Confidence levels 0, 1, 2, 3 (none, low, medium, high) become 0, 0.5, 1, 1.
"""

from typing import Any

import numpy as np

from pn3d.detectors.collecting import Collector, shown
from pn3d.detectors.key_words import plain_key, plain_keys
from pn3d.detectors.named_points import NamedPeople, any_points, frames_in
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened

_POSITIONS = ("jointpositions2d", "colorpositions", "positions2d", "joints2d", "keypoints2d", "jointpositions")
_LEVELS = ("confidencelevels", "jointconfidences", "confidences", "confidence")
LEVELS = np.array([0.0, 0.5, 1.0, 1.0])
_NO_JOINTS = frozenset(["head", "neck", "spinechest", "spinenavel", "spinenaval", "clavicleleft", "clavicleright"])
_NO_JOINTS |= {"leftclavicle", "rightclavicle"}
"""The middle of the head and of the trunk: none of them is a joint of ours."""


def is_azure_kinect(content: Any) -> bool:
    """Whether it has the names of Azure Kinect's joints."""
    names = content.get("joint_names") if isinstance(content, dict) else None
    if isinstance(names, list) and "PELVIS" in names:
        return True
    return any_points(content, lambda points: "spinechest" in {_plain_name(name) for name in points})


def _plain_name(name: str) -> str:
    """``K4ABT_JOINT_SPINE_CHEST``, ``SpineChest``, ``spine - chest`` -> ``spinechest``."""
    return plain_key(name).removeprefix("k4abtjoint")


def read_azure_kinect(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads one file; UserError where positions are 3D, or there is no person."""
    content = opened.content
    names = content.get("joint_names") if isinstance(content, dict) else None
    frames, note = frames_in(content)
    people = NamedPeople(opened.where)
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        frames = [_with_names(people.collector, i, frame, names) for i, frame in enumerate(frames)]
    people.add_frames(frames)
    people.collector.facts.look(content)
    found = {name for _, points, _, _ in people.found for name in points}
    rename = {name: "" if _plain_name(name) in _NO_JOINTS else name.removeprefix("K4ABT_JOINT_") for name in found}
    raw = people.raw(opened.name, rename, notes=[f"{opened.where}: {note}"] if note else [])
    known = raw.confidence[np.isfinite(raw.confidence)]
    if len(known) and np.isin(known, (0, 1, 2, 3)).all() and known.max() > 1:
        raw.confidence = np.append(LEVELS, np.nan)[np.nan_to_num(raw.confidence, nan=4).astype(int)]
    return [raw]


def _with_names(collector: Collector, i: int, frame: Any, names: list[str]) -> dict[str, Any]:
    """Frame ``i``, whose bodies have lists of positions in the order of ``names``, with named points instead.

    Raises:
        UserError: a body has no such list, one of another length, or one of 3D positions.
    """
    if not isinstance(frame, dict) or not isinstance(frame.get("bodies"), list):
        raise collector.wrong(i, f"expected an object with 'bodies', found {shown(frame)}")
    bodies = []
    for body in frame["bodies"]:
        keys = plain_keys(body) if isinstance(body, dict) else {}
        key = next((one for one in _POSITIONS if one in keys), None)
        if key is None:
            raise collector.wrong(i, f"expected a body with {', '.join(_POSITIONS[:3])}, found {shown(body)}")
        places = collector.numbers(keys[key], i)
        if places.ndim == 2 and places.shape[1] == 3:
            raise collector.wrong(i, "positions are 3D (millimetres?); expected places in the picture (2D)")
        rows = collector.pairs(places, next((keys[one] for one in _LEVELS if one in keys), None), i)
        if rows is None or len(rows) != len(names):
            raise collector.wrong(i, f"{len(names)} joint names, but positions of shape {places.shape}")
        joints = dict(zip(names, rows.tolist(), strict=True))
        bodies.append({"id": keys.get("bodyid"), "joints": joints})
    return {**frame, "bodies": bodies}
