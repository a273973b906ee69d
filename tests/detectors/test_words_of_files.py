"""The words by which files say who, when, how sure and how large: however they are spelt, or left out by name."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pn3d.detectors import read_keypoints
from pn3d.detectors.key_words import WORDS, frame_labels, plain_key
from pn3d.detectors.records import Detections
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import COCO17
from tools.stand_ins.detector_files import SIZE, walking_people

T = 40
PEOPLE = walking_people("openpose18", T, 2)


def read(path: Path, content: Any, **given: Any) -> Detections:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_keypoints(path, **{"fps": 30.0, "image_size": SIZE, **given})


def said(found: Detections) -> str:
    return "\n".join([*found.warnings, *found.assumptions])


def frame_of(t: int, who: tuple[int, ...] = (0,), **facts: Any) -> dict[str, Any]:
    return {**facts, "people": [{"pose_keypoints_2d": PEOPLE[t, p].ravel().tolist()} for p in who]}


def assert_first(found: Detections) -> None:
    np.testing.assert_allclose(found.people[0].keypoints_px, PEOPLE[:, 0, :, :2], atol=1e-3)


@pytest.mark.parametrize("meaning", WORDS)
def test_words_of_the_table_can_be_found(meaning: str) -> None:
    """They are compared with plain keys, so a capital or a mark in one of them would never be met."""
    words = WORDS[meaning]
    assert [word for word in words if plain_key(word) != word or words.count(word) > 1] == []


@pytest.mark.parametrize("key", ["trackId", "tracker_id", "object_id", "pid", "Player ID", "subject", "ID"])
def test_who_it_is(key: str, tmp_path: Path) -> None:
    frames = [frame_of(t, (0, 1), frame=t) for t in range(T)]
    for frame in frames:
        for person, who in zip(frame["people"], (7, 9), strict=True):
            person[key] = who
    found = read(tmp_path / "a.json", frames, all_people=True)
    assert sorted(person.track_id or 0 for person in found.people) == [7, 9]


def test_ids_of_detections_are_nobodys(tmp_path: Path) -> None:
    """An id that is never there twice numbers detections, not people."""
    frames = [frame_of(t, (0, 1)) for t in range(T)]
    for t, frame in enumerate(frames):
        for n, person in enumerate(frame["people"]):
            person["id"] = 2 * t + n
    found = read(tmp_path / "a.json", frames)
    assert "a track id of its own" in said(found)
    assert_first(found)


@pytest.mark.parametrize("key", ["frame_nr", "frameNo", "Frame", "frame_count", "idx", "img", "image_path", "fileName"])
def test_which_frame_it_is(key: str, tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(T).tolist()
    name = key.lower().startswith(("im", "file"))
    frames = [frame_of(t, **{key: f"walk/{t:04d}.png" if name else t}) for t in order]
    assert_first(read(tmp_path / "a.json", frames))
    points = walking_people("mediapipe33", T)[:, 0]
    landmarks = [
        {key: frame_of(t, **{key: f"{t:04d}.png" if name else t})[key], "landmarks": points[t].tolist()} for t in order
    ]
    found = read(tmp_path / "b.json", landmarks)
    np.testing.assert_allclose(found.people[0].keypoints_px, points[..., :2], atol=1e-3)


def test_a_name_that_all_frames_have_is_no_frame() -> None:
    assert frame_labels([{"file": "walk.mp4"}, {"file": "walk.mp4"}]) == [0, 1]
    assert frame_labels([{"file": "walk.mp4", "frame": 5}, {"file": "walk.mp4", "frame": 3}]) == [5, 3]
    assert frame_labels([{"frame": 5}, None, {"frame": 3}]) == [5, 1, 3]


@pytest.mark.parametrize(
    "key", ["confidence", "score", "kpt_scores", "keypointConfidences", "probabilities", "visibility"]
)
def test_how_sure_each_joint_is(key: str, tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    places, scores = people[..., :2].tolist(), people[..., 2].tolist()
    coco = [{"image_id": t, "category_id": 1, "keypoints": places[t], key: scores[t]} for t in range(T)]
    mmpose = [{"frame_id": t, "instances": [{"keypoints": places[t], key: scores[t]}]} for t in range(T)]
    for name, content in (("coco", coco), ("mmpose", mmpose)):
        found = read(tmp_path / f"{name}.json", content)
        np.testing.assert_allclose(found.people[0].confidence, people[..., 2], atol=1e-5)
        assert not said(found).count("no confidences")


SIZES: dict[str, Any] = {"resolution": "1280x720", "Frame Size": "1280 x 720 px", "image_wh": [1280, 720]}
SIZES |= {"img_shape": [720, 1280, 3], "size": {"w": 1280, "h": 720}, "imageSize": {"width": "1280", "height": "720"}}


@pytest.mark.parametrize("key", SIZES)
def test_how_large_the_picture_is(key: str, tmp_path: Path) -> None:
    frames = [frame_of(t) for t in range(T)]
    found = read(tmp_path / "a.json", {key: SIZES[key], "frames": frames}, image_size=None)
    assert (found.video.image_size, found.video.image_size_source) == (SIZE, "file")


RATES: dict[str, Any] = {"fps": "25 fps", "avg_frame_rate": "25/1", "source_fps": 25, "samplingRate": "25 Hz"}


@pytest.mark.parametrize("key", RATES)
def test_how_fast_frames_follow(key: str, tmp_path: Path) -> None:
    frames = [frame_of(t) for t in range(T)]
    found = read(tmp_path / "a.json", {key: RATES[key], "inference_fps": 7, "frames": frames}, fps=None)
    assert (found.video.fps, found.video.fps_source) == (25, "file")
    assert "left out: inference_fps" in said(found)


TIMES: dict[str, Any] = {
    "pts": lambda t: t / 25,
    "t_sec": lambda t: t / 25,
    "elapsed_ms": lambda t: 40 * t,
    "ts": lambda t: 40 * t,
    "Time [ms]": lambda t: 40 * t,
    "timestampUs": lambda t: 40000 * t,
    "time_offset": lambda t: f"{t / 25}s",
    "datetime": lambda t: f"2024-01-01T10:00:{t / 25:09.6f}",
}


@pytest.mark.parametrize("key", TIMES)
def test_when_a_frame_was(key: str, tmp_path: Path) -> None:
    frames = [frame_of(t, **{key: TIMES[key](t)}) for t in range(T)]
    head = ",".join(f"j{j}_{axis}" for j in range(18) for axis in "xyc")
    rows = [f"{t},{TIMES[key](t)},{','.join(f'{v:.3f}' for v in PEOPLE[t, 0].ravel())}" for t in range(T)]
    table = "\n".join([f"frame,{key},{head}", *rows])
    for found in (
        read(tmp_path / "a.json", frames, fps=None),
        read(tmp_path / "a.csv", table, fps=None, layout="openpose18"),
    ):
        assert (found.video.fps, found.video.fps_source) == (pytest.approx(25), "file")
        assert_first(found)


def test_a_time_that_is_not_understood_is_left_out_by_name(tmp_path: Path) -> None:
    frames = [frame_of(t, timecode=f"00:00:{t // 25:02d}:{t % 25:02d}", processing_time=0.1) for t in range(T)]
    words = said(read(tmp_path / "a.json", frames, fps=None))
    assert "left out: timecode, processing_time" in words
    assert "frame rate assumed" in words
    boxes = [frame_of(t, bbox_width=30, box_height=50, score_time=1) for t in range(T)]
    assert "left out" not in said(read(tmp_path / "b.json", boxes))


def coco(points: np.ndarray) -> list[dict[str, Any]]:
    return [{"image_id": t, "category_id": 1, "keypoints": frame.ravel().tolist()} for t, frame in enumerate(points)]


def test_third_numbers_that_are_no_confidences(tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    people[..., 2] = np.random.default_rng(1).normal(0, 0.3, people.shape[:2])
    with pytest.raises(UserError, match="must be a confidence from 0 to 1"):
        read(tmp_path / "depth.json", coco(people))
    people[..., 2] = np.random.default_rng(1).uniform(300, 500, people.shape[:2])
    with pytest.raises(UserError, match=r"\(3D, or pixels\?\)"):
        read(tmp_path / "pixels.json", coco(people))
    people[..., 2] = np.arange(17) % 3
    found = read(tmp_path / "flags.json", coco(people))
    assert "visibilities 0, 1, 2" in said(found)
    np.testing.assert_array_equal(found.people[0].confidence[0], np.arange(17) % 3 / 2)
    people[3, 5, 2] = -1e300
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(tmp_path / "one_wild.json", coco(people)).people[0].confidence[3, 5] == 0


def test_everybody_in_a_corner_of_the_picture(tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    cent = people * [100 / SIZE[0], 100 / SIZE[1], 1]
    for size in (SIZE, None):
        assert said(read(tmp_path / "cent.json", coco(cent), image_size=size)).count("are they per cent?") == 1
    small = people * [0.35, 0.35, 1]
    assert "in the upper left corner" in said(read(tmp_path / "small.json", coco(small)))
    for content in (people, people + np.array([500, 0, 0])):
        assert "corner" not in said(read(tmp_path / "right.json", coco(content)))


def test_a_class_is_asked_of_formats_that_have_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="openpose files have no classes"):
        read(tmp_path / "a.json", [frame_of(t) for t in range(T)], category="dog")


COCO = COCO17.joints
NAMES_FIRST: dict[str, Any] = {
    "coco, at the top": lambda f, n: {
        "keypoints": n,
        "images": [{"id": t, "file_name": f"{t}.png"} for t in range(len(f))],
        "annotations": [{"image_id": t, "category_id": 1, "keypoints": p.ravel().tolist()} for t, p in enumerate(f)],
    },
    "coco, of a person": lambda f, n: [{"keypoint_names": n, **person} for person in coco(f)],
    "mmpose, of a person": lambda f, n: [
        {"frame_id": t, "instances": [{"keypoints": p.tolist(), "keypointNames": n}]} for t, p in enumerate(f)
    ],
    "openpose": lambda f, n: {
        "meta": {"joint_order": n},
        "frames": [{"people": [{"pose_keypoints_2d": p.ravel().tolist()}]} for p in f],
    },
    "kinetics": lambda f, n: {
        "joint_names": n,
        "data": [
            {"frame_index": t, "skeleton": [{"pose": p[:, :2].ravel().tolist(), "score": p[:, 2].tolist()}]}
            for t, p in enumerate(f)
        ],
    },
    "ultralytics": lambda f, n: [
        [
            {
                "name": "person",
                "box": {},
                "keypoints": dict(zip(("x", "y", "visible"), p.T.tolist(), strict=True), names=n),
            }
        ]
        for p in f
    ],
}


@pytest.mark.parametrize("form", NAMES_FIRST)
def test_names_of_joints_decide_wherever_they_stand(form: str, tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    order = np.random.default_rng(2).permutation(17)
    found = read(tmp_path / "a.json", NAMES_FIRST[form](people[:, order], [COCO[j] for j in order]))
    np.testing.assert_allclose(found.people[0].keypoints_px, people[..., :2], atol=1e-3)
    with pytest.raises(UserError, match="tail"):
        read(tmp_path / "b.json", NAMES_FIRST[form](people, [*COCO[:16], "tail"]))


@pytest.mark.parametrize("key", ["conf", "p", "Probability"])
def test_how_sure_a_named_point_is(key: str, tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    frames = [
        {"frame": t, "keypoints": [{"class": n, "x": x, "y": y, key: s} for n, (x, y, s) in zip(COCO, f, strict=True)]}
        for t, f in enumerate(people.tolist())
    ]
    found = read(tmp_path / "a.json", frames)
    np.testing.assert_allclose(found.people[0].confidence, people[..., 2], atol=1e-5)
    boxes = [
        {"image": {"width": 1280, "height": 720}, "predictions": [{"x": 1, "y": 2, "class": "person", **f}]}
        for f in frames
    ]
    boxed = read(tmp_path / "b.json", boxes, image_size=None)
    np.testing.assert_allclose(boxed.people[0].keypoints_px, people[..., :2], atol=1e-3)
    assert boxed.video.image_size_source == "file"


def test_classes_txt_names_the_classes_of_labels(tmp_path: Path) -> None:
    people = walking_people("coco17", T, 2)
    for t, frame in enumerate(people / [*SIZE, 1]):
        lines = [" ".join([kind, "0.5 0.5 0.2 0.6", *map(str, p.ravel())]) for kind, p in zip("10", frame, strict=True)]
        (tmp_path / f"{t:04d}.txt").write_text("\n".join(lines))
    (tmp_path / "classes.txt").write_text("dog\nperson\n")
    found = read_keypoints(tmp_path, fps=30.0, image_size=SIZE)
    np.testing.assert_allclose(found.people[0].keypoints_px, people[:, 0, :, :2], atol=0.01)
    assert f"{T} of class 'dog'" in said(found)
    (tmp_path / "classes.txt").write_text("dog\ncat\n")
    with pytest.raises(UserError, match="no people, only cat, dog"):
        read_keypoints(tmp_path, fps=30.0, image_size=SIZE)


@pytest.mark.parametrize("heading", ["type", "species", "Object Class", "cls", "category_id"])
def test_classes_of_rows_under_any_heading(heading: str, tmp_path: Path) -> None:
    people = walking_people("coco17", T, 2)
    head = ",".join(["frame", heading, *(f"{joint}_{axis}" for joint in COCO for axis in "xyc")])
    rows = [
        ",".join([str(t), kind, *map(str, p.ravel())])
        for t in range(T)
        for kind, p in zip(("person", "dog"), people[t], strict=True)
    ]
    found = read(tmp_path / "a.csv", "\n".join([head, *rows]))
    np.testing.assert_allclose(found.people[0].keypoints_px, people[:, 0, :, :2], atol=1e-3)
    assert f"{T} of class 'dog'" in said(found)


@pytest.mark.parametrize("place", ["x_px,y_px", "pixel_x,pixel_y", "X (px),Y (px)", "Y,X"])
@pytest.mark.parametrize("when", ["frame", "time"])
def test_places_of_a_long_table(place: str, when: str, tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    rows = [f"{when},joint,{place},confidence"]
    for t, frame in enumerate(people):
        for joint, (x, y, s) in zip(COCO, frame, strict=True):
            one, other = (y, x) if place == "Y,X" else (x, y)
            rows.append(f"{t / 25 if when == 'time' else t},{joint},{one},{other},{s}")
    found = read(tmp_path / "a.csv", "\n".join(rows), fps=None)
    np.testing.assert_allclose(found.people[0].keypoints_px, people[..., :2], atol=1e-3)
    assert found.video.fps == pytest.approx(25 if when == "time" else 30)


def test_a_frame_beside_the_image_is_the_frame(tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    ids = np.random.default_rng(3).permutation(10**6)[:T].tolist()
    content = [{**person, "image_id": ids[t], "frame_id": t} for t, person in enumerate(coco(people))]
    found = read(tmp_path / "a.json", content)
    np.testing.assert_allclose(found.people[0].keypoints_px, people[..., :2], atol=1e-3)


def test_minus_one_is_missing(tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    people[:, 13:, :2] = -1
    found = read(tmp_path / "a.json", coco(people))
    assert (found.people[0].confidence[:, 13:] == 0).all()
    assert "never seen: left_knee" in said(found)
    assert "outside" not in said(found)
