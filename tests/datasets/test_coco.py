"""COCO annotations: 2D of single people, mapped by name, and files that are broken."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pn3d.data.clips import TRUTH_FIELDS
from pn3d.datasets.coco import read_coco
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import COCO17, H36M17

FACE_AND_ARMS = np.array([joint.endswith(("nose", "eye", "ear", "elbow", "wrist")) for joint in COCO17.joints])[:, None]


def make_content() -> dict[str, Any]:
    rng = np.random.default_rng(0)

    def person(number: int, image: int, labelled: int = 17, **more: Any) -> dict[str, Any]:
        table = np.zeros((17, 3), int)
        chosen = rng.permutation(17)[:labelled]
        table[chosen, :2] = rng.integers(1, 400, (labelled, 2))
        table[chosen, 2] = 2
        return {
            "id": number,
            "image_id": image,
            "category_id": 1,
            "iscrowd": 0,
            "keypoints": table.ravel().tolist(),
        } | more

    return {
        "images": [
            {"id": 7, "width": 640, "height": 480, "file_name": "a.jpg"},
            {"id": 9, "width": 300, "height": 500},
        ],
        "annotations": [
            person(100, 7),
            person(101, 9, iscrowd=1),
            person(102, 9, labelled=5),
            person(103, 9),
            {"id": 104, "image_id": 9, "bbox": [1, 2, 3, 4]},
            person(105, 7, labelled=0, keypoints=(FACE_AND_ARMS * [100, 100, 2]).ravel().tolist()),
        ],
        "categories": [{"id": 1, "name": "person"}],
    }


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_people_become_clips_of_one_frame(tmp_path: Path) -> None:
    content = make_content()
    content["annotations"][3]["keypoints"][2] = 1  # the nose is hidden
    content["annotations"][3]["keypoints"][3 * COCO17.index("left_knee") + 2] = 1
    content["annotations"][0]["keypoints"][3 * COCO17.index("left_wrist") : 3 * COCO17.index("left_wrist") + 3] = [
        0,
        0,
        0,
    ]
    clips = read_coco(write(tmp_path / "a.json", content))["train"]
    assert clips.clip_name.tolist() == ["coco/7_100/cam0", "coco/9_103/cam0"]
    assert clips.lengths.tolist() == [1, 1]
    assert clips.image_size.tolist() == [[640, 480], [300, 500]]
    assert all(getattr(clips, key) is None for key in TRUTH_FIELDS)
    for row, annotation in ((0, 0), (1, 3)):
        table = np.array(content["annotations"][annotation]["keypoints"]).reshape(17, 3)
        for j, joint in enumerate(H36M17.joints):
            if joint not in COCO17.joints:
                assert clips.confidence[row, j] == 0
                continue
            x, y, v = table[COCO17.index(joint)]
            assert clips.confidence[row, j] == v / 2
            assert clips.keypoints[row, j].tolist() == [x, y]
    assert clips.confidence[1, H36M17.index("left_knee")] == 0.5
    assert read_coco(tmp_path / "a.json", min_joints=3)["train"].num_clips >= 2


def _annotation(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content["annotations"][0].update(changes)


BAD = {
    "no images": (lambda c: c.pop("images"), "no key 'images'"),
    "no annotations": (lambda c: c.pop("annotations"), "no key 'annotations'"),
    "no list": (lambda c: c.update(annotations={}), "'annotations' must be a list"),
    "image": (lambda c: c["images"][0].pop("width"), "image 0 needs 'id', and 'width' and 'height'"),
    "image size": (lambda c: c["images"][0].update(width=0), "image 0 needs"),
    "unknown image": (_annotation(image_id=8), "annotation 0: 'image_id' 8 is not among 'images'"),
    "short": (_annotation(keypoints=[1] * 50), "must be 51 numbers"),
    "text": (_annotation(keypoints=["a"] * 51), "must be 51 numbers"),
    "nested": (_annotation(keypoints=[[1, 1, 2]] * 17), "must be 51 numbers"),
    "scores": (_annotation(keypoints=[1, 1, 0.7] * 17), "v = 0, 1 or 2"),
    "huge": (_annotation(keypoints=[10**400] * 51), "must be 51 numbers"),
    "NaN": (_annotation(keypoints=[float("nan")] * 51), "must be finite"),
    "nobody": (lambda c: c.update(annotations=c["annotations"][1:3]), "none of its 2 annotations has 8 labelled"),
}


@pytest.mark.parametrize("case", BAD)
def test_broken_files_are_refused_in_one_line(case: str, tmp_path: Path) -> None:
    change, message = BAD[case]
    content = make_content()
    change(content)
    with pytest.raises(UserError, match=message) as caught:
        read_coco(write(tmp_path / "a.json", content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "not valid JSON"), ("[1]", "the file must be a dictionary"), ("[" * 99999, "JSON")]
)
def test_other_json(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read_coco(write(tmp_path / "a.json", text))
    with pytest.raises(UserError, match="no such file"):
        read_coco(tmp_path / "none.json")


def test_joints_go_by_the_names_of_the_category(tmp_path: Path) -> None:
    content = make_content()
    clean = read_coco(write(tmp_path / "clean.json", content))["train"]
    order = np.random.default_rng(1).permutation(17)
    for person in content["annotations"]:
        if "keypoints" in person:
            person["keypoints"] = np.array(person["keypoints"]).reshape(17, 3)[order].ravel().tolist()
    content["categories"][0]["keypoints"] = [COCO17.joints[joint] for joint in order]
    shuffled = read_coco(write(tmp_path / "shuffled.json", content))["train"]
    np.testing.assert_array_equal(shuffled.keypoints, clean.keypoints)
    np.testing.assert_array_equal(shuffled.confidence, clean.confidence)
    content["categories"][0]["keypoints"][3] = "tail"
    with pytest.raises(UserError, match="tail"):
        read_coco(write(tmp_path / "strange.json", content))


def test_another_category_is_left_out_and_can_be_chosen(tmp_path: Path) -> None:
    content = make_content()
    alone = read_coco(write(tmp_path / "alone.json", content))["train"]
    dogs = [person | {"id": 200 + i, "category_id": 2} for i, person in enumerate(content["annotations"])]
    content["annotations"] += dogs
    content["categories"].append({"id": 2, "name": "dog", "keypoints": list(COCO17.joints)})
    path = write(tmp_path / "both.json", content)
    assert read_coco(path)["train"].num_clips == alone.num_clips
    names = [str(name) for name in read_coco(path, category="dog")["train"].clip_name]
    assert all("_20" in name for name in names)
    with pytest.raises(UserError, match="no category cat; --category NAME takes one of: person, dog"):
        read_coco(path, category="cat")
