"""openpifpaf's JSON: ``predict --json-output`` and ``video --json-output``.

Of an image a list of ``{keypoints: [x, y, c, …], bbox, score, category_id}`` in ``NAME.predictions.json``; of a video a
line ``{"frame": n, "predictions": [...]}`` per frame, with ``id_`` where it tracks. A joint that was not found is
(0, -3, 0). Sources: openpifpaf/openpifpaf src/openpifpaf/video.py, annotation.py; docs/coco/*.predictions.json.
"""

from typing import Any

from pn3d.detectors.collecting import Collector, shown, track_in
from pn3d.detectors.key_words import ANY_FRAME, ANY_ID, frame_labels
from pn3d.detectors.people_classes import PeopleClasses
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened, frames_of


def _is_list(content: Any) -> bool:
    return isinstance(content, list) and all(
        isinstance(one, dict) and "keypoints" in one and "category_id" in one and "image_id" not in one
        for one in content
    )


def is_openpifpaf(content: Any) -> bool:
    """Whether these are lines of frames with predictions, or the list of one image."""
    if isinstance(content, dict):
        return isinstance(content.get("predictions"), list) and "frame" in content
    return isinstance(content, list) and bool(content) and (_is_list(content) or any(map(is_openpifpaf, content[:50])))


def read_openpifpaf(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads JSON lines, the list of an image, or a folder of such lists; UserError where nobody is in it."""
    content = opened.content
    if opened.kind == "json folder":
        frames = list(frames_of(opened))
    elif _is_list(content) or isinstance(content, dict):
        frames = [(opened.name, content)]
    else:
        listed = content if isinstance(content, list) else []
        frames = list(zip(frame_labels(listed, ANY_FRAME), listed, strict=True))
    collector, classes = Collector(opened.where), PeopleClasses(opened.where, given.category)
    for i, (_, frame) in enumerate(frames):
        collector.add_frame(i, frame)
        people = frame.get("predictions", frame) if isinstance(frame, dict) else frame
        if not isinstance(people, list | None):
            raise collector.wrong(i, f"expected a list of predictions, found {shown(frame)}")
        for person in people or ():
            if not isinstance(person, dict) or "keypoints" not in person:
                raise collector.wrong(i, f"a prediction without 'keypoints', found {shown(person)}")
            rows = collector.person(person, i)
            if rows is not None:
                kind = classes.label(str(person.get("category_id", "")))
                collector.add(i, rows, track_in(person, ANY_ID), kind)
    taken, notes = classes.chosen()
    collector.keep_classes(taken)
    collector.renumber([label for label, _ in frames], once=True)
    return [collector.finish(opened.name, "what openpifpaf's 17 joints are", notes=notes)]
