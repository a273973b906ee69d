"""Valid files that name what they hold, and changes of names whose right result is known (``fuzz_names``).

A table is a heading and rows of text; JSON is plain containers; an npz is a dictionary of arrays. ``changed`` gives the
changed content, a clean file that must be understood as the same, and what was changed.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pn3d.detectors.layouts import DETECTOR_LAYOUTS
from tools.stand_ins.detector_files import SIZE, walking_people

FRAMES = 12
COCO = DETECTOR_LAYOUTS["coco17"].layout.joints
BLAZE = DETECTOR_LAYOUTS["mediapipe33"].layout.joints


class Change(NamedTuple):
    """What was changed: in words, and the names that a sentence about it may use."""

    what: str
    about: tuple[str, ...]


Changed = tuple[Any, Any, Change]


@dataclass(frozen=True)
class NamedFile:
    """A form of file: ``make`` gives its content, ``change`` changes a copy of it."""

    name: str
    suffix: str
    make: Callable[[], Any]
    change: Callable[[Any, np.random.Generator], Changed]
    layout: str | None = None

    def changed(self, rng: np.random.Generator) -> Changed:
        """The changed content, the content of a clean file that means the same, and what was changed."""
        return self.change(self.make(), rng)

    def write(self, path: Path, content: Any) -> None:
        """Writes content of this form."""
        if self.suffix == ".csv":
            path.write_text("\n".join(",".join(row) for row in content) + "\n")
        elif self.suffix == ".npz":
            np.savez(path, **content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))


def _people(layout: str = "coco17", people: int = 1) -> np.ndarray:
    """(T, P, K, 3) rounded, so that text and arrays hold the same."""
    return np.round(walking_people(layout, FRAMES, people), 3)


# Tables ---------------------------------------------------------------------------------------------------------------


def wide(people: int = 1, time: bool = False, facts: bool = False) -> list[list[str]]:
    """A row per frame and person: frame, person_id, time_s, fps, width, height, nose_x, nose_y, nose_confidence, …"""
    heading = ["frame", *(["person_id"] if people > 1 else []), *(["time_s"] if time else [])]
    heading += ["fps", "width", "height"] if facts else []
    heading += [f"{joint}_{axis}" for joint in COCO for axis in ("x", "y", "confidence")]
    rows = [heading]
    for t, frame in enumerate(_people(people=people)):
        for who, person in enumerate(frame):
            row = [str(t), *([str(who)] if people > 1 else []), *([f"{t / 60:.5f}"] if time else [])]
            row += ["60", *map(str, SIZE)] if facts else []
            rows.append([*row, *(f"{value:.3f}" for value in person.ravel())])
    return rows


def long_table() -> list[list[str]]:
    """A row per frame and joint."""
    rows = [["frame", "landmark", "x", "y", "visibility"]]
    for t, frame in enumerate(_people()):
        for joint, values in zip(COCO, frame[0], strict=True):
            rows.append([str(t), joint, *(f"{value:.3f}" for value in values)])
    return rows


def change_table(rows: list[list[str]], rng: np.random.Generator) -> Changed:
    """Columns and rows permuted, exchanged, dropped, doubled, renamed, added."""
    clean, width = copy.deepcopy(rows), len(rows[0])
    one, other = (int(i) for i in rng.choice(width, 2, replace=False))
    name = rows[0][one]
    kind = int(rng.integers(9))
    if kind == 0:
        order = rng.permutation(width)
        return [[row[i] for i in order] for row in rows], clean, Change("columns permuted", ())
    if kind == 1:
        return [rows[0], *(rows[1 + i] for i in rng.permutation(len(rows) - 1))], clean, Change("rows permuted", ())
    if kind == 2:
        return [row[:one] + row[one + 1 :] for row in rows], clean, Change(f"column {name} dropped", _about(name))
    if kind == 3:
        doubled = [[*row, row[one] if i == 0 else row[other]] for i, row in enumerate(rows)]
        return doubled, clean, Change(f"column {name} doubled with numbers of {rows[0][other]}", _about(name))
    if kind == 4:
        rows[0][one] = f"x{name}q"
        return rows, clean, Change(f"column {name} renamed", (*_about(name), f"x{name}q"))
    if kind == 5:
        extra = [[*row, "remark" if i == 0 else str(i)] for i, row in enumerate(rows)]
        return extra, clean, Change("column added", ("remark",))
    if kind == 6:  # two joints' headings: the joints are exchanged, and that is what the names say
        joints = [head.removesuffix("_x") for head in rows[0] if head.endswith("_x")]
        if joints:
            return _joints_exchanged(rows, clean, *(str(j) for j in rng.choice(joints, 2, replace=False)))
        return _landmarks_exchanged(rows, clean, rng)
    if kind == 7:
        row = int(rng.integers(1, len(rows)))
        return [*rows, list(rows[row])], clean, Change(f"row {row} doubled", ("row", "rows", "skeleton"))
    row = int(rng.integers(1, len(rows)))
    rows[row][one] = ""
    joint = name.rsplit("_", 1)[0]  # a joint without all of its numbers is a missing joint
    for i, head in enumerate(clean[0]):
        if head in (f"{joint}_x", f"{joint}_y", f"{joint}_confidence") or (name in "x y visibility" and i > 1):
            clean[row][i] = ""
    return rows, clean, Change(f"cell of {name} emptied", (*_about(name), "row"))


def _about(name: str) -> tuple[str, ...]:
    """A column's name and, of a joint's, the joint."""
    return name, name.rsplit("_", 1)[0] if name.endswith(("_x", "_y", "_confidence")) else name


def _joints_exchanged(rows: list[list[str]], clean: list[list[str]], one: str, other: str) -> Changed:
    for i, head in enumerate(rows[0]):
        for a, b in ((one, other), (other, one)):
            if head.rsplit("_", 1)[0] == a:
                rows[0][i] = f"{b}_{head.rsplit('_', 1)[1]}"
    return rows, [list(rows[0]), *clean[1:]], Change(f"headings of {one} and {other} exchanged", (one, other))


def _landmarks_exchanged(rows: list[list[str]], clean: list[list[str]], rng: np.random.Generator) -> Changed:
    one, other = (str(joint) for joint in rng.choice(COCO, 2, replace=False))
    for row in rows[1:]:
        row[1] = {one: other, other: one}.get(row[1], row[1])
    ordered = sorted(rows[1:], key=lambda row: (int(row[0]), COCO.index(row[1])))
    return rows, [clean[0], *ordered], Change(f"landmarks {one} and {other} exchanged", (one, other))


# JSON -----------------------------------------------------------------------------------------------------------------


def coco() -> dict[str, Any]:
    """COCO annotations with the joints' names."""
    images = [{"id": t, "file_name": f"{t:04d}.jpg", "width": SIZE[0], "height": SIZE[1]} for t in range(FRAMES)]
    entries = [
        {"id": t, "image_id": t, "category_id": 1, "track_id": 3, "score": 0.9, "keypoints": frame[0].ravel().tolist()}
        for t, frame in enumerate(_people())
    ]
    category = {"id": 1, "name": "person", "keypoints": list(COCO)}
    return {"info": {"fps": 25}, "images": images, "annotations": entries, "categories": [category]}


def mmpose() -> dict[str, Any]:
    """MMPose's file of a video with the joints' names."""
    frames = [
        {
            "frame_id": t + 1,
            "instances": [
                {"keypoints": frame[0, :, :2].tolist(), "keypoint_scores": frame[0, :, 2].tolist(), "bbox_score": 0.9}
            ],
        }
        for t, frame in enumerate(_people())
    ]
    names = {str(i): joint for i, joint in enumerate(COCO)}
    return {"meta_info": {"dataset_name": "coco", "keypoint_id2name": names}, "instance_info": frames}


def mediapipe() -> dict[str, Any]:
    """Named landmarks of frames with times."""
    frames = [
        {
            "frame": t,
            "timestamp_ms": round(1000 * t / 25, 3),
            "landmarks": [
                {"name": joint, "x": x, "y": y, "visibility": trust}
                for joint, (x, y, trust) in zip(BLAZE, frame[0].tolist(), strict=True)
            ],
        }
        for t, frame in enumerate(_people("mediapipe33"))
    ]
    return {"width": SIZE[0], "height": SIZE[1], "frames": frames}


def openpose() -> list[Any]:
    """A list of frames with ids and the canvas."""
    return [
        {
            "frame_id": t,
            "canvas_width": SIZE[0],
            "canvas_height": SIZE[1],
            "people": [
                {"person_id": who, "pose_keypoints_2d": person.ravel().tolist()} for who, person in enumerate(frame)
            ],
        }
        for t, frame in enumerate(_people("openpose18", 2))
    ]


def alphapose() -> list[Any]:
    """AlphaPose's list of two people."""
    return [
        {"image_id": f"{t:04d}.jpg", "category_id": 1, "idx": who, "score": 2.5, "keypoints": person.ravel().tolist()}
        for t, frame in enumerate(_people(people=2))
        for who, person in enumerate(frame)
    ]


def ultralytics() -> list[Any]:
    """Ultralytics' results of frames."""
    return [
        [
            {
                "name": "person",
                "class": 0,
                "confidence": 0.9,
                "box": {"x1": 0.0, "y1": 0.0, "x2": 9.0, "y2": 9.0},
                "track_id": who,
                "keypoints": {key: person[:, i].tolist() for i, key in enumerate(("x", "y", "visible"))},
            }
            for who, person in enumerate(frame)
        ]
        for frame in _people(people=2)
    ]


def _objects(content: Any) -> list[dict[str, Any]]:
    """All objects of a JSON content."""
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return ([content] if isinstance(content, dict) else []) + [found for value in inner for found in _objects(value)]


def _shuffled_keys(content: Any, rng: np.random.Generator) -> Any:
    if isinstance(content, dict):
        keys = list(content)
        return {keys[i]: _shuffled_keys(content[keys[i]], rng) for i in rng.permutation(len(keys))}
    return [_shuffled_keys(value, rng) for value in content] if isinstance(content, list) else content


def json_change(
    named: Callable[[Any, np.ndarray], None] | None, entries: Callable[[Any], list[Any]] | None
) -> Callable[[Any, np.random.Generator], Changed]:
    """A function that changes keys, and, where the form has them, names of joints and the order of its entries.

    Args:
        named: puts the joints' names in another order, in place, numbers as they are.
        entries: the list whose order means nothing, since its entries say which frame they are of.
    """

    def change(content: Any, rng: np.random.Generator) -> Changed:
        clean, kind = copy.deepcopy(content), int(rng.integers(8))
        if kind == 0:
            return _shuffled_keys(content, rng), clean, Change("keys permuted", ())
        if kind == 1 and entries is not None:
            rng.shuffle(entries(content))
            return content, clean, Change("entries permuted", ())
        if kind in (1, 2) and named is not None:  # the same names for other numbers: what the clean reader maps by hand
            order = rng.permutation(17)
            named(content, order)
            return content, _renamed_clean(clean, named, order), Change("names of joints permuted", ())
        objects = [one for one in _objects(content) if one]
        chosen = objects[rng.integers(len(objects))]
        key = str(list(chosen)[rng.integers(len(chosen))])
        alike = [one for one in objects if set(one) == set(chosen)] if rng.random() < 0.5 else [chosen]
        which = f"{key!r} of {'all' if len(alike) > 1 else 'one'}"
        if kind in (2, 3):
            for one in alike:
                one.pop(key)
            return content, clean, Change(f"{which} dropped", _about_key(key))
        if kind == 4:
            for one in alike:
                one[f"x{key}q"] = one.pop(key)
            return content, clean, Change(f"{which} renamed", _about_key(key))
        if kind == 5:
            for one in alike:
                one["remark"] = [1, 2, 3] if rng.random() < 0.5 else "said"
            return content, clean, Change("key added", ("remark",))
        if kind == 6:
            return _doubled_key(content, chosen, key, rng), clean, Change(f"{which} doubled", _about_key(key))
        other = str(list(chosen)[rng.integers(len(chosen))])
        for one in alike:
            one[key], one[other] = one[other], one[key]
        sizes = sum(key in one and other in one for one in objects)
        if {key.removeprefix("canvas_"), other.removeprefix("canvas_")} == {"width", "height"} and len(alike) == sizes:
            clean = copy.deepcopy(content)  # a picture of another shape, as good as the first
        return content, clean, Change(f"{which} exchanged with {other!r}", (*_about_key(key), *_about_key(other)))

    return change


def _about_key(key: str) -> tuple[str, ...]:
    return (key, key.replace("_", " "))


def _renamed_clean(clean: Any, named: Callable[[Any, np.ndarray], None], order: np.ndarray) -> Any:
    """The same people with names in the usual order: numbers moved instead of names."""
    return NUMBERS_MOVED[named](clean, np.argsort(order))


def _doubled_key(content: Any, chosen: dict[str, Any], key: str, rng: np.random.Generator) -> str:
    """JSON text in which one object has a key twice, the second time with another value."""
    mark = f"mark{int(rng.integers(10**9))}"
    chosen[mark] = 0
    return json.dumps(content).replace(f'"{mark}": 0', f'"{key}": {json.dumps([0, 0, 0])}')


def _name_coco(content: Any, order: np.ndarray) -> None:
    names = content["categories"][0]["keypoints"]
    content["categories"][0]["keypoints"] = [names[i] for i in order]


def _move_coco(content: Any, place: np.ndarray) -> Any:
    for entry in content["annotations"]:
        entry["keypoints"] = np.array(entry["keypoints"]).reshape(17, 3)[place].ravel().tolist()
    return content


def _name_mmpose(content: Any, order: np.ndarray) -> None:
    content["meta_info"]["keypoint_id2name"] = {str(i): COCO[j] for i, j in enumerate(order)}


def _move_mmpose(content: Any, place: np.ndarray) -> Any:
    for frame in content["instance_info"]:
        for person in frame["instances"]:
            for key in ("keypoints", "keypoint_scores"):
                person[key] = [person[key][i] for i in place]
    return content


NUMBERS_MOVED: dict[Any, Callable[[Any, np.ndarray], Any]] = {_name_coco: _move_coco, _name_mmpose: _move_mmpose}


# Arrays ---------------------------------------------------------------------------------------------------------------


def arrays() -> dict[str, np.ndarray]:
    """Positions and scores in arrays of their own, with rate, size and frame numbers."""
    people = _people()[:, 0]
    facts = {"fps": np.array(25.0), "image_size": np.array(SIZE), "frame": np.arange(FRAMES)}
    return {"keypoints": people[..., :2], "scores": people[..., 2], **facts}


def change_arrays(content: dict[str, np.ndarray], rng: np.random.Generator) -> Changed:
    """Arrays permuted, dropped, renamed, exchanged, doubled, added; frames permuted with their numbers."""
    clean, keys = dict(content), list(content)
    one, other = (keys[i] for i in rng.choice(len(keys), 2, replace=False))
    kind = int(rng.integers(6))
    if kind == 0:
        return {keys[i]: content[keys[i]] for i in rng.permutation(len(keys))}, clean, Change("arrays permuted", ())
    if kind == 1:
        order = rng.permutation(FRAMES)
        moved = {key: value[order] if value.shape[:1] == (FRAMES,) else value for key, value in content.items()}
        return moved, clean, Change("frames permuted", ())
    if kind == 2:
        return {key: content[key] for key in keys if key != one}, clean, Change(f"{one} dropped", (one,))
    if kind == 3:
        renamed = {f"x{key}q" if key == one else key: value for key, value in content.items()}
        return renamed, clean, Change(f"{one} renamed", (one, f"x{one}q"))
    if kind == 4:
        content[one], content[other] = content[other], content[one]
        return content, clean, Change(f"{one} and {other} exchanged", (one, other))
    return content | {"remark": np.arange(5)}, clean, Change("array added", ("remark",))


FILES: tuple[NamedFile, ...] = (
    NamedFile("wide table", ".csv", wide, change_table),
    NamedFile("wide table of two", ".csv", lambda: wide(people=2), change_table),
    NamedFile("wide table with times", ".csv", lambda: wide(time=True), change_table),
    NamedFile("wide table with facts", ".csv", lambda: wide(facts=True), change_table),
    NamedFile("long table", ".csv", long_table, change_table),
    NamedFile("COCO", ".json", coco, json_change(_name_coco, lambda content: content["annotations"])),
    NamedFile("MMPose", ".json", mmpose, json_change(_name_mmpose, lambda content: content["instance_info"])),
    NamedFile("MediaPipe", ".json", mediapipe, json_change(None, lambda content: content["frames"])),
    NamedFile("OpenPose", ".json", openpose, json_change(None, lambda content: content)),
    NamedFile("AlphaPose", ".json", alphapose, json_change(None, lambda content: content)),
    NamedFile("Ultralytics", ".json", ultralytics, json_change(None, None)),
    NamedFile("arrays", ".npz", arrays, change_arrays, "coco17"),
)
