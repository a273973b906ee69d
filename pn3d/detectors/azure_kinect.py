"""Azure Kinect's body tracking, projected into the picture, as JSON.

``offline_processor`` writes ``{joint_names, frames: [{bodies: [{body_id, joint_positions}]}]}`` in 3D, and is refused;
two numbers a joint, or people with named points, are read. Sources: microsoft/Azure-Kinect-Samples
offline_processor/main.cpp; learn.microsoft.com, "Azure Kinect body tracking joints".
"""

import re
from dataclasses import replace
from typing import Any

from pn3d.detectors.collecting import Collector, shown
from pn3d.detectors.key_words import plain_key, values_for
from pn3d.detectors.named_points import any_points, frames_in, named_video
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.scores import of_levels
from pn3d.detectors.sources import Opened

_POSITIONS = ("jointpositions2d", "colorpositions", "positions2d", "joints2d", "keypoints2d", "jointpositions")
_LEVELS = ("confidencelevels", "jointconfidences", "confidences", "confidence")
LEVELS = (0.0, 0.5, 1.0, 1.0)  # confidence: none, low, medium, high
_NO_JOINT = re.compile(r"(k4abtjoint)?(head|neck|spine(chest|nav[ae]l)|(left|right)?clavicle(left|right)?)")


def is_azure_kinect(content: Any) -> bool:
    """Whether it has the names of Azure Kinect's joints."""
    named = isinstance(content, dict) and "'PELVIS'" in str(content.get("joint_names"))  # whatever that is
    return named or any_points(content, lambda points: any(plain_key(one).endswith("spinechest") for one in points))


def read_azure_kinect(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads one file; UserError where positions are 3D, or there is no person."""
    names = opened.content.get("joint_names") if isinstance(opened.content, dict) else None
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        collector = Collector(opened.where)
        frames = [_with_names(collector, i, frame, names) for i, frame in enumerate(frames_in(opened.content)[0])]
        opened = replace(opened, content={**opened.content, "frames": frames})
    raw = named_video(opened, _joint)
    raw.confidence = of_levels(raw.confidence, LEVELS) if (raw.confidence >= 2).any() else raw.confidence
    return [raw]


def _joint(name: str) -> str:
    """A joint's name without the SDK's prefix; "" for points of trunk and head that are no joint of ours."""
    return "" if _NO_JOINT.fullmatch(plain_key(name)) else name.removeprefix("K4ABT_JOINT_")


def _with_names(collector: Collector, i: int, frame: Any, names: list[str]) -> dict[str, Any]:
    """Frame ``i`` with named points in place of its bodies' lists; UserError where those do not fit ``names``."""
    if not isinstance(frame, dict) or not isinstance(frame.get("bodies", ""), list | None):
        raise collector.wrong(i, f"expected an object with 'bodies', found {shown(frame)}")
    bodies = []
    for body in frame["bodies"] or ():
        keys = body if isinstance(body, dict) else {}
        places, levels = (next(values_for(keys, words), None) for words in (_POSITIONS, _LEVELS))
        rows = collector.pairs(places, levels, i)
        if rows is None or len(rows) != len(names):
            raise collector.wrong(i, f"{len(names)} joint names, but other positions: {shown(places)}")
        bodies.append({**keys, "joints": dict(zip(names, rows.tolist(), strict=True))})
    return {**frame, "bodies": bodies}
