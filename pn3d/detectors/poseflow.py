"""PoseFlow's tracked dictionary, and AlphaPose's ``alphapose-results-forvis*.json`` that it is made from.

``{"000001.jpg": [{"keypoints": [x, y, s, …], "scores": of the person, "idx": who}]}`` with COCO's 17 joints or MPII's
16. Source: YuliangXiu/PoseFlow tracker-general.py.
"""

from typing import Any

from pn3d.detectors.collecting import Collector, shown
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.files.errors import UserError

_LAYOUTS = {17: "coco17", 16: "mpii16"}


def is_poseflow(content: Any) -> bool:
    """Whether images have lists of people with keypoints."""
    if not isinstance(content, dict) or not content or not all(isinstance(one, list) for one in content.values()):
        return False
    people = [person for frame in content.values() for person in frame]
    return any(isinstance(person, dict) and "keypoints" in person for person in people) and any(
        isinstance(person, dict) and ("idx" in person or "scores" in person) for person in people
    )


def read_poseflow(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads one file; raises UserError where nobody is in it, or numbers are wrong."""
    if not isinstance(opened.content, dict):
        raise UserError(f"{opened.where}: expected lists of people by image name, found {shown(opened.content)}")
    collector = Collector(opened.where)
    for i, people in enumerate(opened.content.values()):
        collector.add_frame(i)
        collector.people(people, i)
    collector.renumber(list(opened.content))
    raw = collector.finish(opened.name)
    if raw.keypoints.shape[1] in _LAYOUTS:
        raw.layout_name = _LAYOUTS[raw.keypoints.shape[1]]
        raw.layout_reason = f"what PoseFlow's {raw.keypoints.shape[1]} joints are"
    return [raw]
