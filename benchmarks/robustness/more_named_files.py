"""Valid files of further tools, and changes of what they name whose right result is known (``fuzz_names``)."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from benchmarks.robustness.named_files import COCO, FRAMES, Change, Changed, NamedFile, json_change
from tools.stand_ins import more_forms as more
from tools.stand_ins.detector_files import SIZE, walking_people


def _people(layout: str = "coco17", people: int = 1) -> np.ndarray:
    return np.round(walking_people(layout, FRAMES, people), 3)


def posenet() -> list[Any]:
    """tfjs PoseNet's poses, a list per frame."""
    return [
        [
            {
                "score": 0.9,
                "keypoints": [
                    {"part": joint, "position": {"x": x, "y": y}, "score": trust}
                    for joint, (x, y, trust) in zip(COCO, frame[0].tolist(), strict=True)
                ],
            }
        ]
        for frame in _people()
    ]


def movenet() -> dict[str, Any]:
    """MoveNet's poses with ids, times and the picture's size."""
    frames = [
        {
            "frame": t,
            "timestamp_ms": 40.0 * t,
            "poses": [
                {
                    "id": who,
                    "keypoints": [
                        {"name": joint, "x": x, "y": y, "score": trust}
                        for joint, (x, y, trust) in zip(COCO, person.tolist(), strict=True)
                    ],
                }
                for who, person in enumerate(frame)
            ],
        }
        for t, frame in enumerate(_people(people=2))
    ]
    return {"width": SIZE[0], "height": SIZE[1], "frames": frames}


def vision() -> dict[str, Any]:
    """Apple Vision's points with times and the picture's size."""
    return {"width": SIZE[0], "height": SIZE[1], "frames": more.vision_frames(_people("halpe26"))}


def kinect() -> dict[str, Any]:
    """Azure Kinect's bodies with the picture's size."""
    return {"image_width": SIZE[0], "image_height": SIZE[1], **more.kinect_frames(_people("halpe26"))}


def pifpaf() -> list[Any]:
    """openpifpaf's lines."""
    return [{"frame": t + 1, "predictions": more.openpifpaf_people(frame)} for t, frame in enumerate(_people(people=2))]


def poseflow() -> dict[str, Any]:
    """PoseFlow's dictionary."""
    return {
        f"{t:06d}.jpg": [
            {"keypoints": person.ravel().tolist(), "scores": 2.5, "idx": who + 1} for who, person in enumerate(frame)
        ]
        for t, frame in enumerate(_people(people=2))
    }


def deeplabcut() -> list[list[str]]:
    """DeepLabCut's rows."""
    parts = [joint for joint in COCO for _ in range(3)]
    heads = [["scorer", *(["net"] * len(parts))], ["bodyparts", *parts]]
    heads.append(["coords", *(["x", "y", "likelihood"] * len(COCO))])
    return heads + [[str(t), *(f"{v:.3f}" for v in frame[0].ravel())] for t, frame in enumerate(_people())]


def change_deeplabcut(rows: list[list[str]], rng: np.random.Generator) -> Changed:
    """Columns permuted, dropped, doubled; parts renamed or exchanged; rows permuted, doubled, emptied."""
    clean, width = copy.deepcopy(rows), len(rows[0])
    one = int(rng.integers(1, width))
    part, other = (str(joint) for joint in rng.choice(COCO, 2, replace=False))
    kind = int(rng.integers(8))
    if kind == 0:
        order = [0, *(1 + rng.permutation(width - 1))]
        return [[row[i] for i in order] for row in rows], clean, Change("columns permuted", ())
    if kind == 1:
        return rows[:3] + [rows[3 + i] for i in rng.permutation(FRAMES)], clean, Change("rows permuted", ())
    if kind == 2:
        about = (rows[1][one], rows[2][one], "confidence")
        return [row[:one] + row[one + 1 :] for row in rows], clean, Change(f"column {one} dropped", about)
    if kind == 3:
        return [[*row, row[one]] for row in rows], clean, Change(f"column {one} doubled", (rows[1][one],))
    if kind == 4:
        rows[1] = ["ball" if word == part else word for word in rows[1]]
        return rows, clean, Change(f"{part} renamed", (part, "ball"))
    if kind == 5:
        rows[1] = [{part: other, other: part}.get(word, word) for word in rows[1]]
        clean[1] = list(rows[1])
        place = {(a, b): i for i, (a, b) in enumerate(zip(clean[1], clean[2], strict=True))}
        order = [0, *(place[joint, axis] for joint in COCO for axis in ("x", "y", "likelihood"))]
        return rows, [[row[i] for i in order] for row in clean], Change(f"{part} and {other} exchanged", (part, other))
    row = int(rng.integers(3, len(rows)))
    if kind == 6:
        return [*rows, list(rows[row])], clean, Change("row doubled", ("row",))
    name = rows[1][one]
    for i, word in enumerate(rows[1]):
        if word == name:
            clean[row][i] = ""
    rows[row][one] = ""
    return rows, clean, Change(f"a cell of {name} emptied", (name,))


SAID = {"bodies": ("filled",), "poses": ("filled",), "predictions": ("filled",), "observations": ("filled",)}
SAID |= {"joints": ("filled",), "timestamp_usec": ("times",), "num_bodies": ("filled",)}
"""Other words for a key in our sentences."""


def keys_only(change: Callable[[Any, np.random.Generator], Changed], names: Iterable[str]) -> Any:
    """``change`` where it touches none of these names, which are not keys but what the file says: joints, images."""
    spared = frozenset(names)

    def changed(content: Any, rng: np.random.Generator) -> Changed:
        while True:
            found, clean, what = change(copy.deepcopy(content), rng)
            if {"width", "height"} <= {name.removeprefix("image_") for name in what.about}:
                clean = copy.deepcopy(found)  # a picture of another shape, as good as the first
            if not spared & set(what.about):
                more_words = tuple(word for name in what.about for word in SAID.get(name, ()))
                return found, clean, Change(what.what, (*what.about, *more_words))

    return changed


_IMAGES = [f"{t:06d}.jpg" for t in range(FRAMES)]
_BY_FRAMES = json_change(None, lambda content: content["frames"])
MORE_FILES: tuple[NamedFile, ...] = (
    NamedFile("PoseNet", ".json", posenet, json_change(None, None)),
    NamedFile("MoveNet", ".json", movenet, keys_only(_BY_FRAMES, ())),
    NamedFile("Apple Vision", ".json", vision, keys_only(_BY_FRAMES, more.VISION.values())),
    NamedFile("Azure Kinect", ".json", kinect, keys_only(_BY_FRAMES, ())),
    NamedFile("openpifpaf", ".json", pifpaf, keys_only(json_change(None, lambda content: content), ())),
    NamedFile("PoseFlow", ".json", poseflow, keys_only(json_change(None, None), _IMAGES)),
    NamedFile("DeepLabCut", ".csv", deeplabcut, change_deeplabcut),
)
