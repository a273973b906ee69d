"""COCO keypoint annotations (``person_keypoints_*.json``): 2D of people in single images, for training.

Every annotated person is a clip of one frame. COCO-17 joints are mapped to h36m17 by name; the five joints that COCO
has not are masked.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.data.clips import Clips
from pn3d.data.windows import to_h36m17
from pn3d.datasets.assembly import ClipRecord, as_dict, assemble, describe, member
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import COCO17

_CONFIDENCE = np.array([0.0, 0.5, 1.0], np.float32)
"""Of the flag v: 0 not labelled, 1 labelled though hidden, 2 visible. The half is our choice."""

_FPS = 30.0
"""Single images have no rate; one is needed, and windows of one frame do not use it (our choice)."""

_TORSO = [COCO17.index(joint) for joint in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]


def read_coco(source: str | Path, *, min_joints: int = 8, split: str = "train") -> dict[str, Clips]:
    """COCO keypoint annotations as native clips of one frame, ``coco/<image id>_<annotation id>/cam0``.

    Args:
        source: the JSON file.
        min_joints: people with fewer labelled joints, with no labelled hip or shoulder, and crowds are left out.
        split: the key of the result.

    Raises:
        UserError: the file is no such JSON, or nobody in it has enough joints.
    """
    path = Path(source)
    content = as_dict(path, "the file", _read_json(path))
    sizes = _image_sizes(path, member(path, content, "images"))
    annotations = member(path, content, "annotations")
    if not isinstance(annotations, list):
        raise UserError(f"{path}: 'annotations' must be a list, found {describe(annotations)}")
    records = []
    for number, entry in enumerate(annotations):
        where = f"annotation {number}"
        person = as_dict(path, where, entry)
        if person.get("iscrowd") or "keypoints" not in person:
            continue
        keypoints, visibility = _keypoints(path, where, person["keypoints"])
        labelled = visibility > 0
        if labelled.sum() < min_joints or not labelled[_TORSO].any():
            continue
        image = person.get("image_id")
        if not isinstance(image, int | str) or image not in sizes:
            raise UserError(f"{path}: {where}: 'image_id' {ascii(image)[:40]} is not among 'images'")
        name = f"coco/{str(image)[:40]}_{str(person.get('id', number))[:40]}/cam0"
        confidence = _CONFIDENCE[visibility][None]
        records.append(ClipRecord(name, keypoints[None], sizes[image], _FPS, confidence))
    if not records:
        raise UserError(f"{path}: none of its {len(annotations)} annotations has {min_joints} labelled joints")
    return {split: to_h36m17(assemble(records, path, COCO17))}


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON: {' '.join(str(error).split())[:120]}") from error


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


def _keypoints(path: Path, where: str, value: object) -> tuple[np.ndarray, np.ndarray]:
    """(17, 2) px and (17,) flags of a flat list of x, y, v."""
    flat = np.array(value, object) if isinstance(value, list) else np.zeros(0, object)
    if flat.shape != (51,) or not all(type(item) in (int, float) and not abs(item) > 1e9 for item in flat):
        raise UserError(
            f"{path}: {where}: 'keypoints' must be 51 numbers (x, y, v of 17 joints), found {describe(value)}"
        )
    table = flat.astype(np.float64).reshape(17, 3)
    if not np.isfinite(table).all() or not np.isin(table[:, 2], (0, 1, 2)).all():
        raise UserError(
            f"{path}: {where}: 'keypoints' must be finite with v = 0, 1 or 2 (detections are another format)"
        )
    return table[:, :2].astype(np.float32), table[:, 2].astype(int)
