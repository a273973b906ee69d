"""COCO results, COCO annotations, and AlphaPose's default JSON, which is COCO results with names of images.

A list of ``{image_id, category_id, keypoints: [x, y, s, …], score}``, unsorted, images without people absent.
AlphaPose adds ``box`` and ``idx``; annotations are ``{images, annotations}`` with visibilities 0, 1, 2 for scores.
"""

from typing import Any

import numpy as np

from pn3d.detectors.collecting import Collector, first_number, frame_numbers, shown
from pn3d.detectors.records import RawVideo
from pn3d.detectors.sources import Opened
from pn3d.files.errors import UserError

OCCLUDED_CONFIDENCE = 0.5  # for annotations' visibility 1, "labelled but not visible" (our choice)


def is_coco_list(content: Any) -> bool:
    """Whether this is a list of people with an image each."""
    return isinstance(content, list) and any(isinstance(item, dict) and "image_id" in item for item in content)


def is_alphapose_list(content: Any) -> bool:
    """Whether a COCO list is AlphaPose's: images by name, or its own keys."""
    return is_coco_list(content) and any(
        isinstance(item, dict) and (isinstance(item.get("image_id"), str) or "idx" in item or "box" in item)
        for item in content
    )


def is_coco_annotations(content: Any) -> bool:
    """Whether this is an annotation file."""
    return isinstance(content, dict) and isinstance(content.get("annotations"), list)


def read_coco(opened: Opened) -> list[RawVideo]:
    """Reads COCO results, annotations, or AlphaPose's list.

    Raises:
        UserError: no person, wrong numbers or mixed layouts.
    """
    content = opened.content
    annotated = is_coco_annotations(content)
    people = content["annotations"] if annotated else content
    if not isinstance(people, list):
        raise UserError(f"{opened.where}: expected a list of people with 'image_id', found {shown(content)}")
    collector = Collector(opened.where)
    labels: dict[Any, int] = {}
    images = content.get("images") if annotated else None
    facts = _images(images, labels) if isinstance(images, list) else {}
    for i, person in enumerate(people):
        if not isinstance(person, dict) or "image_id" not in person:
            raise UserError(f"{opened.where}: entry {i}: expected an object with 'image_id', found {shown(person)}")
        if not isinstance(person["image_id"], str | int | float):
            raise UserError(f"{opened.where}: entry {i}: 'image_id' must be a name or number")
        if "keypoints" not in person:
            if annotated:
                continue
            raise UserError(f"{opened.where}: entry {i}: no 'keypoints', found {shown(person)}")
        frame = labels.setdefault(person["image_id"], len(labels))
        rows = collector.triplets(person["keypoints"], frame)
        if rows is not None:
            track = person.get("idx", person.get("track_id"))
            collector.add(frame, _confidence_of_visibility(rows) if annotated else rows, track, person.get("score"))
    for frame in labels.values():
        collector.see(frame)
    collector.renumber(frame_numbers(_names(labels, images), opened.where))
    raw = collector.finish(opened.name, **facts)
    if raw.keypoints.shape[1] == 17:
        raw.layout_name, raw.layout_reason = "coco17", "what COCO's and AlphaPose's 17 joints are"
    return [raw]


def _images(images: list[Any], labels: dict[Any, int]) -> dict[str, Any]:
    """Registers all images, those without people too, and returns their common size."""
    sizes = set()
    for image in images:
        if isinstance(image, dict) and isinstance(image.get("id"), int | str):
            labels.setdefault(image["id"], len(labels))
            sizes.add((first_number(image.get("width")), first_number(image.get("height"))))
    if len(sizes) != 1:
        return {}
    width, height = sizes.pop()
    return {"image_size": (int(width), int(height))} if width and height and width > 0 and height > 0 else {}


def _names(labels: dict[Any, int], images: Any) -> list[Any]:
    """What numbers the frames: names of image files where annotations give them, else the ids."""
    names = {}
    for image in images if isinstance(images, list) else ():
        if (
            isinstance(image, dict)
            and isinstance(image.get("file_name"), str)
            and isinstance(image.get("id"), int | str)
        ):
            names[image["id"]] = image["file_name"]
    if len(names) == len(labels) == len(set(names.values())):
        return [names[label] for label in labels]
    return list(labels)


def _confidence_of_visibility(rows: np.ndarray) -> np.ndarray:
    """Annotated visibilities 0 not labelled, 1 occluded, 2 visible as confidences."""
    rows = rows.copy()
    rows[:, 2] = np.select([rows[:, 2] >= 2, rows[:, 2] >= 1], [1.0, OCCLUDED_CONFIDENCE], 0.0)
    return rows
