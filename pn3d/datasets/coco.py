"""COCO keypoint annotations (``person_keypoints_*.json``): 2D of people in single images, for training.

Every annotated person is a clip of one frame. Joints go by the names of ``categories[].keypoints``, COCO's own order
where a file has none, and are mapped to h36m17 by name; joints that the file has not are masked.
"""

from pathlib import Path
from typing import Any

import numpy as np

from pn3d.data.clips import Clips
from pn3d.data.joint_names import layout_of_named, named_joints
from pn3d.data.joints17 import to_h36m17
from pn3d.datasets.assembly import ClipRecord, as_dict, assemble, describe, member
from pn3d.files.errors import UserError
from pn3d.files.text import read_json
from pn3d.geometry.skeleton import COCO17, Layout

_CONFIDENCE = np.array([0.0, 0.5, 1.0], np.float32)
"""Of the flag v: 0 not labelled, 1 labelled though hidden, 2 visible. The half is our choice."""

_PEOPLE = ("person", "people", "human", "pedestrian")
_FPS = 30.0
"""Single images have no rate; one is needed, and windows of one frame do not use it (our choice)."""

_TORSO = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def read_coco(
    source: str | Path, *, min_joints: int = 8, split: str = "train", category: str | None = None
) -> dict[str, Clips]:
    """COCO keypoint annotations as native clips of one frame, ``coco/<image id>_<annotation id>/cam0``.

    Args:
        source: the JSON file.
        min_joints: people with fewer labelled joints, with no labelled hip or shoulder, and crowds are left out.
        split: the key of the result.
        category: name or id of the category to take; people where None.

    Raises:
        UserError: the file is no such JSON, or nobody in it has enough joints.
    """
    path = Path(source)
    content = as_dict(path, "the file", read_json(path))
    sizes = _image_sizes(path, member(path, content, "images"))
    annotations = member(path, content, "annotations")
    if not isinstance(annotations, list):
        raise UserError(f"{path}: 'annotations' must be a list, found {describe(annotations)}")
    chosen, (layout, columns, joints) = _category(path, content, category)
    torso = [layout.index(joint) for joint in _TORSO if joint in layout.joints]
    records = []
    for number, entry in enumerate(annotations):
        where = f"annotation {number}"
        person = as_dict(path, where, entry)
        if person.get("iscrowd") or person.get("keypoints") is None:
            continue
        if chosen is not None and str(person.get("category_id")) != chosen:
            continue
        table = _keypoints(path, where, person["keypoints"], joints)
        keypoints = np.where(columns[:, None] >= 0, table[columns, :2], 0).astype(np.float32)
        visibility = np.where(columns >= 0, table[columns, 2], 0).astype(int)
        labelled = visibility > 0
        if labelled.sum() < min_joints or not labelled[torso].any():
            continue
        image = person.get("image_id")
        if not isinstance(image, int | str) or image not in sizes:
            raise UserError(f"{path}: {where}: 'image_id' {ascii(image)[:40]} is not among 'images'")
        name = f"coco/{str(image)[:40]}_{str(person.get('id', number))[:40]}/cam0"
        confidence = _CONFIDENCE[visibility][None]
        records.append(ClipRecord(name, keypoints[None], sizes[image], _FPS, confidence))
    if not records:
        raise UserError(f"{path}: none of its {len(annotations)} annotations has {min_joints} labelled joints")
    return {split: to_h36m17(assemble(records, path, layout))}


def _image_sizes(path: Path, images: object) -> dict[int | str, tuple[int, int]]:
    """Image id -> (width, height)."""
    if not isinstance(images, list):
        raise UserError(f"{path}: 'images' must be a list, found {describe(images)}")
    sizes: dict[int | str, tuple[int, int]] = {}
    for number, entry in enumerate(images):
        image = as_dict(path, f"image {number}", entry)
        key, width, height = (image.get(name) for name in ("id", "width", "height"))
        good = isinstance(key, int | str) and isinstance(width, int) and isinstance(height, int)
        if not good or not (0 < width < 1 << 20 and 0 < height < 1 << 20):  # type: ignore[operator]
            raise UserError(f"{path}: image {number} needs 'id', and 'width' and 'height' in px")
        sizes[key] = (width, height)  # type: ignore[index,assignment]
    return sizes


def _category(
    path: Path, content: dict[str, Any], wanted: str | None
) -> tuple[str | None, tuple[Layout, np.ndarray, int]]:
    """The id to take (None = whatever there is), and its layout, the column of each of its joints (-1 = none) and how
    many columns there are. UserError where names are unknown, or no category is that of people."""
    listed = [one for one in content.get("categories") or () if isinstance(one, dict) and "id" in one]
    with_joints = [one for one in listed if isinstance(one.get("keypoints"), list) and one["keypoints"]]
    fitting = [one for one in listed if wanted in (str(one["id"]), one.get("name"))]
    if wanted is None:
        fitting = [one for one in listed if str(one.get("name", "")).lower() in _PEOPLE]
        if not fitting and len(with_joints) == 1:
            fitting = with_joints
    if not fitting and (wanted is not None or len(with_joints) > 1):
        there = ", ".join(str(one.get("name", one["id"]))[:40] for one in listed) or "none"
        asked = "no category is called person" if wanted is None else f"there is no category {wanted}"
        raise UserError(f"{path}: {asked}; --category NAME takes one of: {there}")
    if not fitting:
        return None, (COCO17, np.arange(17), 17)
    names = fitting[0].get("keypoints")
    key = str(fitting[0]["id"])
    return key, (COCO17, np.arange(17), 17) if not names else _named_columns(path, names)


def _named_columns(path: Path, names: Any) -> tuple[Layout, np.ndarray, int]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f"{path}: a category's 'keypoints' must be names of joints, found {describe(names)}")
    named = named_joints(tuple(names))
    odd = named.unknown or tuple(f"two joints called {joint}" for joint in named.doubled)
    if odd or not named.is_body:
        shown = ", ".join(ascii(name)[1:-1][:20] for name in (odd or named.names)[:8])
        raise UserError(f"{path}: names in categories[].keypoints that are no joints known here: {shown}")
    if all(joint in COCO17.joints for joint in named.joints):
        return COCO17, np.array([named.column(joint) for joint in COCO17.joints]), len(names)
    layout, columns = layout_of_named("coco", named)
    return layout, np.array(columns), len(names)


def _keypoints(path: Path, where: str, value: object, joints: int) -> np.ndarray:
    """(J, 3) px and flags of a flat list of x, y, v."""
    flat = np.array(value, object) if isinstance(value, list) else np.zeros(0, object)
    if flat.shape != (3 * joints,) or not all(type(item) in (int, float) and not abs(item) > 1e9 for item in flat):
        raise UserError(
            f"{path}: {where}: 'keypoints' must be {3 * joints} numbers (x, y, v of {joints} joints), "
            f"found {describe(value)}"
        )
    table = flat.astype(np.float64).reshape(joints, 3)
    if not np.isfinite(table).all() or not np.isin(table[:, 2], (0, 1, 2)).all():
        raise UserError(
            f"{path}: {where}: 'keypoints' must be finite with v = 0, 1 or 2 (detections are another format)"
        )
    return table
