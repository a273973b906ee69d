"""GAST-Net's JSON and ST-GCN's "kinetics-skeleton", which it imitates.

``{label, label_index, data: [{frame_index, skeleton: [{pose, score, bbox}]}]}`` with frames counted from 1; GAST-Net
writes ``pose`` (J, 2) in pixels and ``score`` (J, 1), ST-GCN flat lists of 18 joints, normalised.
"""

from typing import Any

from pn3d.detectors.collecting import Collector, first_number, shown, track_in
from pn3d.detectors.key_words import ANY_ID
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.files.errors import UserError


def is_kinetics(content: Any) -> bool:
    """Whether this is such a file."""
    return (
        isinstance(content, dict)
        and isinstance(content.get("data"), list)
        and any(isinstance(frame, dict) and "skeleton" in frame for frame in content["data"])
    )


def read_kinetics(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads one file; raises UserError where there is no person or the numbers are wrong."""
    content = opened.content
    if not is_kinetics(content):
        raise UserError(f"{opened.where}: expected 'data' with frames that have a 'skeleton', found {shown(content)}")
    collector = Collector(opened.where)
    collector.facts.look(content)
    labels: list[Any] = []
    for i, frame in enumerate(content["data"]):
        people = frame.get("skeleton") if isinstance(frame, dict) else None
        if not isinstance(people, list):
            raise UserError(f"{opened.where}: entry {i} of 'data': expected a list 'skeleton', found {shown(frame)}")
        label = frame.get("frame_index", i)
        if first_number(label) is None:
            raise UserError(f"{opened.where}: entry {i} of 'data': 'frame_index' must be a number")
        collector.add_frame(i, frame)
        labels.append(first_number(label))
        for person in people:
            if not isinstance(person, dict) or "pose" not in person:
                raise collector.wrong(i, f"a skeleton without 'pose', found {shown(person)}")
            rows = collector.pairs(person["pose"], person.get("score"), i)
            if rows is not None:
                collector.add(i, rows, track_in(person, ANY_ID))
    collector.renumber(labels)
    return [collector.finish(opened.name, "what GAST-Net's 17 detected joints are")]
