"""Names, numbers and scores that a file gives decide, whatever its form: each odd file against its clean twin."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pn3d.data.clips import write_clips
from pn3d.detectors import csv_cells, person_clips, read_keypoints
from pn3d.detectors.records import Detections
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import COCO17
from tests.detectors.test_facts import FRAMES, GIVEN, _coco, _walk
from tools.stand_ins.detector_files import walking_people

_NAMES = (
    "NOSE LEFT_EYE_INNER LEFT_EYE LEFT_EYE_OUTER RIGHT_EYE_INNER RIGHT_EYE RIGHT_EYE_OUTER LEFT_EAR RIGHT_EAR "
    "MOUTH_LEFT MOUTH_RIGHT LEFT_SHOULDER RIGHT_SHOULDER LEFT_ELBOW RIGHT_ELBOW LEFT_WRIST RIGHT_WRIST LEFT_PINKY "
    "RIGHT_PINKY LEFT_INDEX RIGHT_INDEX LEFT_THUMB RIGHT_THUMB LEFT_HIP RIGHT_HIP LEFT_KNEE RIGHT_KNEE LEFT_ANKLE "
    "RIGHT_ANKLE LEFT_HEEL RIGHT_HEEL LEFT_FOOT_INDEX RIGHT_FOOT_INDEX"
)
MEDIAPIPE = tuple(_NAMES.split())


def read(path: Path, content: Any, **given: Any) -> Detections:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_keypoints(path, **{**GIVEN, **given})


def assert_same(one: Detections, other: Detections) -> None:
    ours, theirs = person_clips(one), person_clips(other)
    np.testing.assert_allclose(ours.keypoints, theirs.keypoints, atol=2e-3)
    np.testing.assert_allclose(ours.confidence, theirs.confidence, atol=2e-6)


def mediapipe_frames(order: np.ndarray, **key_of: str) -> list[list[dict[str, Any]]]:
    """33 landmarks a frame in pixels, in this order; ``key_of`` a key -> "name" or "number"."""
    people = walking_people("mediapipe33", 12, 1)[:, 0]
    frames = []
    for frame in people:
        points = []
        for j in order.tolist():
            x, y, visibility = (round(float(value), 4) for value in frame[j])
            said = {key: MEDIAPIPE[j] if what == "name" else j for key, what in key_of.items()}
            points.append(said | {"x": x, "y": y, "z": 0.0, "visibility": visibility})
        frames.append(points)
    return frames


@pytest.mark.parametrize("key", [{"name": "name"}, {"landmark": "name"}, {"id": "number"}, {"index": "number"}])
def test_landmarks_go_by_the_name_or_number_that_they_give(key: dict[str, str], tmp_path: Path) -> None:
    plain = read(tmp_path / "plain.json", mediapipe_frames(np.arange(33)))
    order = np.random.default_rng(0).permutation(33)
    assert_same(plain, read(tmp_path / "shuffled.json", mediapipe_frames(order, **key)))


def test_landmarks_that_are_not_mediapipes_are_refused(tmp_path: Path) -> None:
    frames = mediapipe_frames(np.arange(33), name="name")
    frames[3][7]["name"] = "tail"
    with pytest.raises(UserError, match="tail"):
        read(tmp_path / "strange.json", frames)
    frames = mediapipe_frames(np.arange(33), id="number")
    frames[2][5]["id"] = 4
    with pytest.raises(UserError, match="numbered 0 to 32, each once"):
        read(tmp_path / "doubled.json", frames)


def test_capital_keys_are_keys(tmp_path: Path) -> None:
    frames = mediapipe_frames(np.arange(33))
    capital = [[{key.upper(): value for key, value in point.items()} for point in frame] for frame in frames]
    plain = read(tmp_path / "plain.json", frames)
    assert_same(plain, read(tmp_path / "capital.json", [{"Pose_Landmarks": frame} for frame in capital]))


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    values = _walk()
    clean = _coco(tmp_path, "clean", values, list(COCO17.joints)).read_text()
    twice = clean.replace('"track_id": 1,', '"track_id": 1, "keypoints": [1, 2, 3],', 1)
    with pytest.raises(UserError, match="key 'keypoints' twice"):
        read(tmp_path / "twice.json", twice)
    same = clean.replace('"track_id": 1,', '"track_id": 1, "track_id": 1,', 1)
    assert_same(read(tmp_path / "clean.json", clean), read(tmp_path / "same.json", same))
    in_text = clean.replace('"name": "person"', '"name": "person", "note": "a \\": b"', 1)
    assert_same(read(tmp_path / "clean.json", clean), read(tmp_path / "text.json", in_text))


def table(values: np.ndarray, header: list[str], extra: list[list[str]] | None = None, mark: str = ",") -> str:
    rows = [mark.join(header)]
    for t, frame in enumerate(values):
        rows.append(mark.join([str(t), *(f"{v:.4f}" for v in frame.ravel()), *(extra[t] if extra else [])]))
    return "\n".join(rows) + "\n"


HEADER = [f"{joint}_{axis}" for joint in COCO17.joints for axis in ("x", "y", "confidence")]


CHANGES = ("quotes", "semicolons", "tabs", "carriage returns", "gaps", "spaces", "empty lines", "words for nothing")


@pytest.mark.parametrize("block", [500, 1 << 22])
@pytest.mark.parametrize("change", CHANGES)
def test_both_ways_through_a_table_agree(
    change: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_cells, "_BLOCK_CHARACTERS", block)
    values = _walk()
    values[5, 3] = np.nan
    plain = table(values, ["frame", *HEADER])
    changed = {
        "quotes": plain.replace("nose_x", '"nose_x"'),
        "semicolons": plain.replace(",", ";").replace(".", ","),
        "tabs": plain.replace(",", "\t").replace(".", ",").replace("nan", ""),
        "words for nothing": plain.replace("nan", "None", 1).replace("nan", "N/A"),
        "carriage returns": plain.replace("\n", "\r\n"),
        "gaps": plain.replace("nan", ""),
        "spaces": plain.replace(",", ", "),
        "empty lines": plain.replace("\n", "\n\n,,,\n", 3),
    }[change]
    assert_same(read(tmp_path / "plain.csv", plain), read(tmp_path / "changed.csv", changed))


def test_rows_of_more_cells_than_headings_are_refused(tmp_path: Path) -> None:
    """R's write.table gives rows their names and no heading for them: every column would be its neighbour's."""
    rows = table(_walk(), ["frame", *HEADER]).splitlines()
    with pytest.raises(UserError, match="line 2: 53 cells, but the first row has 52"):
        read(tmp_path / "named.csv", "\n".join([rows[0], *(f"r{t},{row}" for t, row in enumerate(rows[1:]))]))
    plain = read(tmp_path / "plain.csv", "\n".join(rows))
    assert_same(plain, read(tmp_path / "ends.csv", "\n".join([rows[0], *(f"{row}," for row in rows[1:])])))


@pytest.mark.parametrize("mark", [",", ";", '"'])
@pytest.mark.parametrize("cell", ["five", "1_0", "true", "[7]", "1.2.3"])
def test_a_word_among_numbers_is_told_with_its_line(cell: str, mark: str, tmp_path: Path) -> None:
    rows = table(_walk(), ["frame", *HEADER]).splitlines()
    cells = rows[5].split(",")
    cells[7] = f'"{cell}"' if mark == '"' else cell
    text = "\n".join([*rows[:5], ",".join(cells), *rows[6:]])
    with pytest.raises(UserError, match=f"line 6: expected a number, found {re.escape(repr(cell))}"):
        read(tmp_path / "word.csv", text.replace(",", ";") if mark == ";" else text)


@pytest.mark.parametrize(
    "form", ["{joint}/{axis}", "{joint}[{axis}]", "{joint} ({axis})", "{axis}_{joint}", "{joint}.{axis}"]
)
def test_headings_of_joints(form: str, tmp_path: Path) -> None:
    values, order = _walk(), np.random.default_rng(6).permutation(17)
    header = [form.format(joint=COCO17.joints[j], axis=axis) for j in order for axis in ("x", "y", "score")]
    plain = read(tmp_path / "plain.csv", table(values, ["frame", *HEADER]))
    assert_same(plain, read(tmp_path / "other.csv", table(values[:, order], ["frame", *header])))


@pytest.mark.parametrize("name", ["frameNumber", "Frame_ID", "frame_no", "image_id", "FrameIndex"])
def test_headings_of_frames(name: str, tmp_path: Path) -> None:
    values = _walk()
    found = read(tmp_path / "table.csv", table(values[::-1], [name, *HEADER]))
    np.testing.assert_allclose(found.people[0].keypoints_px, values[::-1, :, :2], atol=1e-3)
    assert not any("left out" in sentence for sentence in found.warnings)


def test_columns_that_are_no_joints_leave_scores_as_they_are(tmp_path: Path) -> None:
    values = _walk()
    values[:, 7, 2] = 0.2
    plain = read(tmp_path / "plain.csv", table(values, ["frame", *HEADER]))
    extra = [[f"{400 + t}", "500"] for t in range(FRAMES)]
    found = read(tmp_path / "extra.csv", table(values, ["frame", *HEADER, "centroid_x", "centroid_y"], extra))
    assert_same(plain, found)
    assert any("centroid" in sentence for sentence in found.warnings)
    assert not any("no confidences" in sentence for sentence in found.warnings)


def test_people_of_a_column_are_people_and_two_rows_for_one_are_refused(tmp_path: Path) -> None:
    rows = [",".join(["frame", "person_id", *HEADER])]
    for t in range(FRAMES):
        for who in (0, 1):
            rows.append(",".join([str(t), str(who), *(f"{v:.3f}" for v in _walk(300.0 * who)[t].ravel())]))
    found = read(tmp_path / "two.csv", "\n".join(rows), all_people=True)
    assert sorted(person.track_id for person in found.people if person.track_id is not None) == [0, 1]
    with pytest.raises(UserError, match="two rows of person '0' for frame"):
        read(tmp_path / "twice.csv", "\n".join([*rows, rows[1]]))
    alone = [",".join(cells[:1] + cells[2:]) for cells in (row.split(",") for row in rows)]
    with pytest.raises(UserError, match="two rows for frame"):
        read(tmp_path / "nobody.csv", "\n".join(alone))


@pytest.mark.parametrize("scale", [5.0, 100.0, 12.5])
def test_scores_of_another_scale_end_within_a_fiftieth(scale: float, tmp_path: Path) -> None:
    values = _walk()
    generator = np.random.default_rng(3)
    values[..., 2] = np.clip(0.97 - np.abs(generator.normal(0, 0.06, values.shape[:2])), 0.02, 1.0)
    values[:, 13:, 2] = 0.05  # out of sight: a guess, and to stay one
    plain = read(tmp_path / "plain.csv", table(values, ["frame", *HEADER]))
    values[..., 2] *= scale
    large = read(tmp_path / "large.csv", table(values, ["frame", *HEADER]))
    off = np.abs(person_clips(plain).confidence - person_clips(large).confidence).max()
    assert off < (1e-4 if scale == 100 else 0.02)
    assert sum("are above 1" in sentence for sentence in large.warnings) == 1


@pytest.mark.parametrize("scale", [3, 5, 10, 25])
@pytest.mark.parametrize("usual", [0.957, 0.979])
def test_scores_up_to_a_whole_number_end_where_they_were(usual: float, scale: int, tmp_path: Path) -> None:
    values = _walk()
    values[..., 2] = np.random.default_rng(4).uniform(0.3, 1.0, values.shape[:2])
    values[..., 2] = np.minimum(values[..., 2] * usual / np.quantile(values[..., 2], 0.95), 1.0).round(4)
    plain = read(tmp_path / "plain.csv", table(values, ["frame", *HEADER]))
    large = read(tmp_path / "large.csv", table(values * [1, 1, scale], ["frame", *HEADER]))
    assert_same(plain, large)
    assert f"divided by {scale}, which makes their 95th percentile {usual:.2g}" in " ".join(large.warnings)


def test_a_joint_without_a_score_counts_and_the_others_keep_theirs(tmp_path: Path) -> None:
    values = _walk()
    header = [name for name in HEADER if name != "nose_confidence"]
    cells = np.delete(values.reshape(FRAMES, -1), 2, axis=1)
    found = read(tmp_path / "table.csv", table(cells, ["frame", *header]))
    confidence = found.people[0].confidence
    np.testing.assert_allclose(confidence[:, 0], 1.0)
    np.testing.assert_allclose(confidence[:, 1:], 0.9, atol=1e-4)
    assert any("without a confidence: nose" in sentence for sentence in found.warnings)
    assert not any("no confidences" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("names", [("keypoints", "scores"), ("arr_0", "arr_1"), ("preds", "maxvals"), ("xy", "conf")])
def test_scores_saved_beside_positions(names: tuple[str, str], tmp_path: Path) -> None:
    values = _walk()
    values[..., 2] = np.random.default_rng(4).uniform(0.2, 1.0, values.shape[:2])
    np.save(tmp_path / "one.npy", values)
    one = read_keypoints(tmp_path / "one.npy", layout="coco17", **GIVEN)
    for shape in ((FRAMES, 17), (FRAMES, 17, 1)):
        np.savez(tmp_path / "two.npz", **{names[0]: values[..., :2], names[1]: values[..., 2].reshape(shape)})
        assert_same(one, read_keypoints(tmp_path / "two.npz", layout="coco17", **GIVEN))


def test_the_size_of_the_canvas_is_that_of_the_picture(tmp_path: Path) -> None:
    people = walking_people("openpose18", 12, 1)[:, 0]
    size = {"canvas_width": 1280, "canvas_height": 720}
    frames = [{"people": [{"pose_keypoints_2d": frame.ravel().tolist()}], **size} for frame in people]
    found = read(tmp_path / "px.json", frames, image_size=None)
    assert found.video.image_size == (1280, 720)
    assert found.video.image_size_source == "file"
    shares = people / np.array([1280, 720, 1])
    frames = [{"people": [{"pose_keypoints_2d": frame.ravel().tolist()}], **size} for frame in shares]
    assert_same(found, read(tmp_path / "shares.json", frames, image_size=None))


def test_null_is_nobody(tmp_path: Path) -> None:
    people = walking_people("openpose18", 12, 1)[:, 0]
    frames: list[Any] = [{"people": [{"pose_keypoints_2d": frame.ravel().tolist()}]} for frame in people]
    frames[4] = {"people": [{"pose_keypoints_2d": None}]}
    assert np.flatnonzero(read(tmp_path / "null.json", frames).people[0].filled).tolist() == [4]


def test_a_clock_in_file_names_is_one_video(tmp_path: Path) -> None:
    people = walking_people("body25", 12, 1)[:, 0]
    folder = tmp_path / "frames"
    folder.mkdir()
    for t, frame in enumerate(people):
        content = {"people": [{"pose_keypoints_2d": frame.ravel().tolist()}]}
        (folder / f"cam_20240101_10{t // 6:02d}{10 * (t % 6):02d}_keypoints.json").write_text(json.dumps(content))
    found = read_keypoints(folder, layout="body25", **GIVEN)
    np.testing.assert_allclose(found.people[0].keypoints_px, people[..., :2], atol=1e-3)


def test_what_annotation_tools_put_beside_labels_is_no_frame(tmp_path: Path) -> None:
    people = walking_people("coco17", 12, 1)[:, 0]
    for t, frame in enumerate(people):
        cells = (frame / np.array([1280, 720, 1])).ravel()
        (tmp_path / f"{t:04d}.txt").write_text(" ".join(["0 0.5 0.5 0.2 0.6", *(f"{v:.6f}" for v in cells)]))
    (tmp_path / "classes.txt").write_text("person\n")
    found = read_keypoints(tmp_path, fps=30.0, image_size=(1280, 720))
    assert len(found.people[0].frames) == 12
    np.testing.assert_allclose(found.people[0].keypoints_px, people[..., :2], atol=0.01)


def test_numbers_of_frames_that_are_not_whole_go_by_value(tmp_path: Path) -> None:
    values = _walk()
    rows = table(values, ["frame", *HEADER]).splitlines()
    halves = [rows[0], *(f"{t / 2}," + row.split(",", 1)[1] for t, row in enumerate(rows[1:]))]
    shuffled = [halves[0], *(halves[1 + t] for t in np.random.default_rng(5).permutation(FRAMES))]
    found = read(tmp_path / "halves.csv", "\n".join(shuffled))
    np.testing.assert_allclose(found.people[0].keypoints_px, values[..., :2], atol=1e-3)
    assert any("not whole" in sentence for sentence in found.warnings)


def test_native_files_are_looked_at_as_others_are(tmp_path: Path) -> None:
    clips = person_clips(read(tmp_path / "walk.csv", table(_walk(), ["frame", *HEADER])))
    write_clips(tmp_path / "right.npz", clips)
    assert not read_keypoints(tmp_path / "right.npz").warnings
    assert "outside" in " ".join(read_keypoints(tmp_path / "right.npz", image_size=(400, 1000)).warnings)
    cut = clips.keypoints.copy()
    cut[FRAMES // 2 :] += np.float32(500)
    write_clips(tmp_path / "cut.npz", replace(clips, keypoints=cut))
    broken = read_keypoints(tmp_path / "cut.npz")
    assert broken.broken_s == (round(FRAMES // 2 / GIVEN["fps"], 3),)
    assert f"a step that nobody can at {broken.broken_s[0]:.2f} s" in " ".join(broken.warnings)
    assert read_keypoints(tmp_path / "right.npz").broken_s == ()
    turned = replace(clips, keypoints=1000 - clips.keypoints)
    write_clips(tmp_path / "turned.npz", turned)
    assert "180 degrees" in " ".join(read_keypoints(tmp_path / "turned.npz").warnings)


@pytest.mark.parametrize("key", ["keypoint_id2name", "keypoint_name2id", "keypoint_names", "counted from 1"])
def test_mmposes_names_decide(key: str, tmp_path: Path) -> None:
    values, order = _walk(), np.random.default_rng(7).permutation(17)
    names = [COCO17.joints[j] for j in order]
    meta = {
        "keypoint_id2name": {str(i): name for i, name in enumerate(names)},
        "keypoint_name2id": {name: i for i, name in enumerate(names)},
        "keypoint_names": names,
        "counted from 1": {str(i): name for i, name in enumerate(names, 1)},
    }[key]

    def content(people: np.ndarray, **more: Any) -> dict[str, Any]:
        frames = [
            {"frame_id": t, "instances": [{"keypoints": f[:, :2].tolist(), "keypoint_scores": f[:, 2].tolist()}]}
            for t, f in enumerate(people)
        ]
        return {"instance_info": frames, **more}

    said = {"keypoint_id2name" if key == "counted from 1" else key: meta}
    plain = read(tmp_path / "plain.json", content(values))
    assert_same(plain, read(tmp_path / "named.json", content(values[:, order], meta_info=said)))
    with pytest.raises(UserError, match="must name joints"):
        read(tmp_path / "odd.json", content(values, meta_info={"keypoint_id2name": {"7": "nose"}}))


def test_names_in_an_npz_decide(tmp_path: Path) -> None:
    values, order = _walk(), np.random.default_rng(8).permutation(17)
    np.save(tmp_path / "one.npy", values)
    names = np.array([COCO17.joints[j] for j in order])
    np.savez(tmp_path / "named.npz", positions=values[:, order], joint_names=names)
    one = read_keypoints(tmp_path / "one.npy", layout="coco17", **GIVEN)
    assert_same(one, read_keypoints(tmp_path / "named.npz", **GIVEN))


@pytest.mark.parametrize("rate", ["30000/1001", 29.97, "29.97"])
def test_rates_as_files_write_them(rate: str | float, tmp_path: Path) -> None:
    people = walking_people("openpose18", 12, 1)[:, 0]
    frames = [{"people": [{"pose_keypoints_2d": frame.ravel().tolist()}]} for frame in people]
    found = read(tmp_path / "video.json", {"fps": rate, "frames": frames}, fps=None)
    assert found.video.fps == pytest.approx(29.97, abs=1e-3)


@pytest.mark.parametrize("rate", [25.0, [25.0], [[25.0]]])
def test_a_rate_in_an_array_of_any_shape(rate: object, tmp_path: Path) -> None:
    np.savez(tmp_path / "walk.npz", keypoints=walking_people("coco17", 12, 1)[:, 0], fps=np.array(rate))
    found = read_keypoints(tmp_path / "walk.npz", layout="coco17", image_size=(1920, 1080))
    assert found.video.fps == 25.0


@pytest.mark.parametrize("key", ["video_id", "vid_id", "file_name"])
def test_frames_of_two_videos_are_not_one_video(key: str, tmp_path: Path) -> None:
    content = json.loads(_coco(tmp_path, "clean", _walk(), list(COCO17.joints)).read_text())
    for image in content["images"]:
        image[key] = f"clip_{image['id'] % 2}/{image['id'] // 2:04d}.jpg" if key == "file_name" else image["id"] % 2
    with pytest.raises(UserError, match=r"2 videos|2 folders"):
        read(tmp_path / "two.json", content)


def test_rows_of_another_class_are_left_out_by_name(tmp_path: Path) -> None:
    values = _walk()
    rows = table(values, ["frame", *HEADER, "class"], [["person"]] * FRAMES)
    moved = values + np.array([300.0, 0.0, 0.0])
    dogs = table(moved, ["frame", *HEADER, "class"], [["dog"]] * FRAMES).split("\n", 1)[1]
    plain = read(tmp_path / "plain.csv", table(values, ["frame", *HEADER]))
    both = read(tmp_path / "both.csv", rows + dogs)
    assert_same(plain, both)
    assert any(f"{FRAMES} of class 'dog'" in sentence for sentence in both.warnings)
    dog = read(tmp_path / "both.csv", rows + dogs, category="dog").people[0]
    np.testing.assert_allclose(dog.keypoints_px[..., 0], values[..., 0] + 300, atol=1e-3)


def test_rows_of_two_videos_are_refused(tmp_path: Path) -> None:
    text = table(_walk(), ["frame", *HEADER, "video"], [[f"v{t % 2}"] for t in range(FRAMES)])
    with pytest.raises(UserError, match="'video' has 2 videos"):
        read(tmp_path / "two.csv", text)


def test_headings_that_end_as_axes_do_are_no_joints(tmp_path: Path) -> None:
    extra = [["1", "2", "3"]] * FRAMES
    plain = read(tmp_path / "plain.csv", table(_walk(), ["frame", *HEADER]))
    found = read(tmp_path / "odd.csv", table(_walk(), ["frame", *HEADER, "max", "sex", "focus"], extra))
    assert_same(plain, found)
    assert any("max, sex, focus" in sentence for sentence in found.warnings)


def test_uneven_times_make_an_even_grid_of_their_mean_step(tmp_path: Path) -> None:
    values = _walk()
    times = np.arange(FRAMES) / 30 + 0.01 * (np.arange(FRAMES) % 3)
    header = ["time", *HEADER]
    rows = table(values, header).splitlines()
    text = [rows[0], *(f"{time:.5f}," + row.split(",", 1)[1] for time, row in zip(times, rows[1:], strict=True))]
    found = read(tmp_path / "uneven.csv", "\n".join(text), fps=None)
    assert found.video.fps == pytest.approx((FRAMES - 1) / times[-1], rel=1e-3)
    assert any("uneven" in sentence for sentence in found.warnings)
    grid = np.interp(np.arange(len(found.people[0].frames)) / found.video.fps, times, values[:, 5, 0])
    np.testing.assert_allclose(found.people[0].keypoints_px[:, 5, 0], grid, atol=0.05)
