"""Exports that are half broken, or say in another way what they hold: each is right, or told by name, or refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pn3d.detectors import person_clips, read_keypoints
from pn3d.detectors.records import Detections
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import COCO17
from tools.stand_ins import more_forms as more
from tools.stand_ins.detector_files import SIZE, dump, openpose_frame, text, walking_people

T = 30
COCO = COCO17.joints
HEADING = [f"{joint}_{axis}" for joint in COCO for axis in ("x", "y", "confidence")]


def said(found: Detections) -> str:
    return " | ".join((*found.assumptions, *found.warnings))


def table(path: Path, heading: list[str], column: list[Any], people: np.ndarray) -> Path:
    rows = [",".join(map(str, [value, *row.ravel()])) for value, row in zip(column, people, strict=True)]
    return text(path, [",".join(heading), *rows])


def assert_same(one: Detections, other: Detections) -> None:
    ours, theirs = person_clips(one), person_clips(other)
    np.testing.assert_allclose(ours.keypoints, theirs.keypoints, atol=0.01)
    np.testing.assert_allclose(ours.confidence, theirs.confidence, atol=1e-5)
    assert ours.fps[0] == pytest.approx(theirs.fps[0], rel=3e-3)


def test_times_that_count_frames_are_no_times(tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    found = read_keypoints(table(tmp_path / "a.csv", ["timestamp", *HEADING], list(range(T)), people), image_size=SIZE)
    assert (found.video.fps, found.video.fps_source) == (30, "assumed")
    assert "times in the file are 1 apart: they count frames; left out" in said(found)


@pytest.mark.parametrize("rate", [25, 30, 50, 60])
@pytest.mark.parametrize("missing", [(), (11, 12, 20)])
def test_times_of_two_decimals_are_even(rate: int, missing: tuple[int, ...], tmp_path: Path) -> None:
    there = [t for t in range(T) if t not in missing]
    people = walking_people("coco17", T)[there, 0]
    times = [f"{3 + t / rate:.2f}" for t in there]
    found = read_keypoints(table(tmp_path / "a.csv", ["time", *HEADING], times, people), image_size=SIZE)
    assert "uneven" not in said(found)
    assert found.video.fps == pytest.approx(rate, rel=0.01)
    assert np.flatnonzero(found.people[0].filled).tolist() == list(missing)
    np.testing.assert_allclose(found.people[0].keypoints_px[there], people[..., :2], atol=1e-3)


def test_what_is_given_against_the_file_is_told(tmp_path: Path) -> None:
    frames = [openpose_frame(frame) for frame in walking_people("openpose18", T)]
    path = dump(tmp_path / "a.json", {"fps": 25, "width": SIZE[0], "height": SIZE[1], "frames": frames})
    other = said(read_keypoints(path, fps=30, image_size=(1920, 1080)))
    assert "the given 30 frames per second are taken, not the file's 25" in other
    assert "the given image size 1920 x 1080 is taken, not the file's 1280 x 720" in other
    assert "the given" not in said(read_keypoints(path, fps=25, image_size=SIZE))


def test_how_unsure_a_joint_is_is_no_confidence(tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    content = [
        {"image_id": t, "category_id": 1, "keypoints": frame[:, :2].tolist(), "uncertainty": (1 - frame[:, 2]).tolist()}
        for t, frame in enumerate(people)
    ]
    found = read_keypoints(dump(tmp_path / "a.json", content), image_size=SIZE)
    assert (found.people[0].confidence == 1).all()
    assert "left out: uncertainty" in said(found)


def test_arrays_of_doubts_are_no_scores(tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    np.savez(tmp_path / "a.npz", keypoints=people[..., :2], sigma=1 - people[..., 2])
    found = read_keypoints(tmp_path / "a.npz", layout="coco17", image_size=SIZE)
    assert (found.people[0].confidence == 1).all()
    assert "left out: arrays 'sigma'" in said(found)


@pytest.mark.parametrize("canvas", [{"canvas": list(SIZE)}, {"color_resolution": "1280x720"}])
def test_the_size_of_the_canvas_under_other_names(canvas: dict[str, Any], tmp_path: Path) -> None:
    frames = [openpose_frame(frame) for frame in walking_people("openpose18", T)]
    video = read_keypoints(dump(tmp_path / "a.json", {**canvas, "frames": frames})).video
    assert (video.image_size, video.image_size_source) == (SIZE, "file")


def test_the_one_video_of_a_coco_file_has_its_facts(tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    content = {
        "videos": [{"id": 1, "fps": 50, "width": SIZE[0], "height": SIZE[1]}],
        "images": [{"id": t, "video_id": 1} for t in range(T)],
        "annotations": [
            {"image_id": t, "category_id": 1, "keypoints": f.ravel().tolist()} for t, f in enumerate(people)
        ],
    }
    video = read_keypoints(dump(tmp_path / "a.json", content)).video
    assert (video.fps, video.fps_source, video.image_size) == (50, "file", SIZE)


def test_the_axes_of_an_array_of_people(tmp_path: Path) -> None:
    people = walking_people("coco17", T, 2)
    np.savez(tmp_path / "right.npz", people[..., :2], people[..., 2])
    np.savez(tmp_path / "people_first.npz", people[..., :2].swapaxes(0, 1), people[..., 2].swapaxes(0, 1))
    given: dict[str, Any] = {"layout": "coco17", "image_size": SIZE, "all_people": True}
    assert len(read_keypoints(tmp_path / "right.npz", **given).people) == 2
    with pytest.raises(UserError, match="are the first two axes exchanged"):
        read_keypoints(tmp_path / "people_first.npz", **given)
    crowd = np.concatenate(
        [people[:2] + np.array([60 * i, 20 * i, 0]) for i in range(5)], axis=1
    )  # 2 frames of 10 people
    np.save(tmp_path / "crowd.npy", crowd)
    assert read_keypoints(tmp_path / "crowd.npy", **given).video.frames == 2


def test_openpifpafs_frames_without_predictions_are_nobodys(tmp_path: Path) -> None:
    people = walking_people("coco17", T)
    frames = [{"frame": t + 1, "predictions": more.openpifpaf_people(frame)} for t, frame in enumerate(people)]
    frames[7]["predictions"] = None
    found = read_keypoints(text(tmp_path / "a.json", [json.dumps(frame) for frame in frames]))
    assert np.flatnonzero(found.people[0].filled).tolist() == [7]


def test_two_runs_of_openpifpaf_in_one_file_are_refused(tmp_path: Path) -> None:
    path = more.openpifpaf_video(tmp_path, walking_people("coco17", T))
    path.write_text(path.read_text() * 2)
    with pytest.raises(UserError, match="frame 1 is there twice"):
        read_keypoints(path)


def test_openpifpafs_names_and_scores_of_their_own_are_used(tmp_path: Path) -> None:
    people = walking_people("coco17", T)
    order = np.random.default_rng(0).permutation(17)
    frames = [
        {
            "frame": t + 1,
            "predictions": [
                {
                    "keypoints": frame[order, :2].tolist(),
                    "keypoint_scores": frame[order, 2].tolist(),
                    "keypoint_names": [COCO[j] for j in order],
                    "category_id": 1,
                }
            ],
        }
        for t, frame in enumerate(people[:, 0])
    ]
    clean = read_keypoints(more.openpifpaf_video(tmp_path, people))
    assert_same(clean, read_keypoints(text(tmp_path / "a.json", [json.dumps(frame) for frame in frames])))


def test_azure_kinects_frames_without_bodies_and_words_for_levels(tmp_path: Path) -> None:
    content = more.kinect_frames(walking_people("halpe26", T))
    content["frames"][5]["bodies"] = None
    found = read_keypoints(dump(tmp_path / "a.json", content))
    assert np.flatnonzero(found.people[0].filled).tolist() == [5]
    content["frames"][6]["bodies"][0]["confidence_levels"] = ["K4ABT_JOINT_CONFIDENCE_LOW"] * len(more.KINECT)
    with pytest.raises(UserError, match=r"frame 6: expected a list of numbers, found a list of 32 \('K4ABT"):
        read_keypoints(dump(tmp_path / "a.json", content))
    del content["frames"][6]["bodies"]
    with pytest.raises(UserError, match="frame 6: expected an object with 'bodies'"):
        read_keypoints(dump(tmp_path / "a.json", content))


def test_what_the_heading_of_a_trc_says(tmp_path: Path) -> None:
    path = more.sports2d(tmp_path, walking_people("halpe26", T))
    clean, whole = read_keypoints(path), path.read_text()
    small = whole.replace("\tNeck\t", "\tneck\t").replace("\tLHip\t", "\tlhip\t")
    assert_same(clean, read_keypoints(text(tmp_path / "small.trc", small.splitlines())))
    cut = read_keypoints(text(tmp_path / "cut.trc", whole.splitlines()[:20]))
    assert "the heading says '30' frames; the 15 that follow are taken" in said(cut)
    assert "heading" not in said(clean)
    other = read_keypoints(text(tmp_path / "rate.trc", whole.replace("25\t25\t", "60\t60\t", 1).splitlines()))
    assert "the file states 60 frames per second, its times 25; the times are taken" in said(other)
    with pytest.raises(UserError, match="markers in mm"):
        read_keypoints(text(tmp_path / "mm.trc", whole.replace("\tm\t", "\tmm\t", 1).splitlines()))


@pytest.mark.parametrize("unit", ["{} [px]", "{} (px)", "{}_px", "{} [pixels]", "{}px"])
def test_units_in_headings(unit: str, tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    plain = read_keypoints(table(tmp_path / "a.csv", ["frame", *HEADING], list(range(T)), people), image_size=SIZE)
    words = [head if head.endswith("confidence") else unit.format(head) for head in HEADING]
    found = read_keypoints(table(tmp_path / "b.csv", ["frame", *words], list(range(T)), people), image_size=SIZE)
    assert_same(plain, found)
    assert "left out" not in said(found)


@pytest.mark.parametrize("key", ["pose_world_landmarks", "poseWorldLandmarks"])
def test_world_landmarks_alone_are_refused_by_the_right_name(key: str, tmp_path: Path) -> None:
    people = walking_people("mediapipe33", T)[:, 0] / [*SIZE, 1]
    points = [[{"x": x, "y": y, "z": 0.0, "visibility": v} for x, y, v in frame.tolist()] for frame in people]
    with pytest.raises(UserError, match=r"only world landmarks .* expected the image's, pose_landmarks"):
        read_keypoints(dump(tmp_path / "a.json", [{key: frame} for frame in points]))
    both = dump(tmp_path / "b.json", [{key: frame, "pose_landmarks": frame} for frame in points])
    assert read_keypoints(both, image_size=SIZE).video.frames == T


def test_pixels_of_apple_vision_with_the_size_that_is_given(tmp_path: Path) -> None:
    frames = more.vision_frames(walking_people("halpe26", T))
    shares = read_keypoints(dump(tmp_path / "a.json", frames), image_size=SIZE)
    for frame in frames:
        for point in frame["observations"][0]["joints"].values():
            point["x"], point["y"] = point["x"] * SIZE[0], point["y"] * SIZE[1]
    assert_same(shares, read_keypoints(dump(tmp_path / "b.json", frames), image_size=SIZE))


def test_rows_of_two_cameras_are_refused(tmp_path: Path) -> None:
    people = np.repeat(walking_people("coco17", T)[:, 0], 2, axis=0)
    head = ["cam_id,frame", *HEADING]
    columns = [f"{row % 2},{row // 2}" for row in range(2 * T)]
    with pytest.raises(UserError, match="column 'cam_id' has 2 videos"):
        read_keypoints(table(tmp_path / "a.csv", head, columns, people), image_size=SIZE)


def test_a_larger_animal_of_as_many_joints_is_no_person(tmp_path: Path) -> None:
    people = walking_people("coco17", T)[:, 0]
    kinds = {1: ("athlete", people), 2: ("horse", people * [2, 2, 1])}
    annotations = [
        {"image_id": t, "category_id": key, "track_id": key, "keypoints": points[t].ravel().tolist()}
        for key, (_, points) in kinds.items()
        for t in range(T)
    ]
    content = {
        "images": [{"id": t} for t in range(T)],
        "annotations": annotations,
        "categories": [{"id": key, "name": name, "keypoints": list(COCO)} for key, (name, _) in kinds.items()],
    }
    path = dump(tmp_path / "a.json", content)
    found = read_keypoints(path, image_size=(2560, 1440), all_people=True)
    (person,) = found.people
    np.testing.assert_allclose(person.keypoints_px, people[..., :2], atol=1e-3)
    assert "taken as people: class 'athlete'" in said(found)
    assert f"{T} of class 'horse'" in said(found)
    horse = read_keypoints(path, image_size=(2560, 1440), category="horse").people[0]
    np.testing.assert_allclose(horse.keypoints_px, 2 * people[..., :2], atol=1e-3)
