"""What goes wrong with keypoint files: handled as people expect, or refused in one line that names the file."""

import contextlib
import json
import re
import time

import numpy as np
import pytest

from pn3d.detectors import person_clips, read_keypoints
from pn3d.files.errors import UserError
from tools.stand_ins.detector_files import (
    SIZE,
    alphapose,
    dump,
    mmpose_frames,
    openpose_folder,
    openpose_frame,
    ultralytics_frame,
    walking_people,
)
from tools.stand_ins.detector_forms import native


def refusal(path, **arguments) -> str:
    """The one line with which a path is refused."""
    with pytest.raises(UserError) as caught:
        read_keypoints(path, **arguments)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_empty_folders_and_missing_files(tmp_path):
    assert "it is empty" in refusal(tmp_path)
    (tmp_path / "video.mp4").write_bytes(b"\x00" * 100)
    assert "expected a folder of .json or .txt files" in refusal(tmp_path)
    assert "no such file" in refusal(tmp_path / "nothing.json")
    assert "not a keypoint file" in refusal(tmp_path / "video.mp4")


def test_folders_that_tools_make_are_entered(tmp_path):
    alphapose(tmp_path, walking_people("coco17", 3))
    (tmp_path / "vis").mkdir()
    assert read_keypoints(tmp_path).format == "alphapose"
    other = tmp_path / "other"
    (other / "predictions").mkdir(parents=True)
    dump(other / "predictions" / "video.json", mmpose_frames(walking_people("coco17", 3)))
    assert read_keypoints(other).video.frames == 3
    dump(other / "predictions" / "video2.json", mmpose_frames(walking_people("coco17", 3)))
    assert "whole video; give that file" in refusal(other / "predictions")


@pytest.mark.parametrize("content", [[], {}, [[]], [[], []], {"people": []}, {"data": []}, {"instance_info": []}])
def test_nobody_in_the_file(content, tmp_path):
    refusal(dump(tmp_path / "a.json", content))


def test_nobody_in_any_frame(tmp_path):
    folder = openpose_folder(tmp_path, np.full((4, 1, 25, 3), np.nan))
    assert "no person in any of the 4 frames" in refusal(folder)
    empty = walking_people("openpose18", 3) * 0
    assert "no joint of anybody is measured" in refusal(openpose_folder(tmp_path / "zero", empty))


def test_legs_that_are_never_seen(tmp_path):
    data = walking_people("coco17", 10)
    data[:, :, 13:] = 0
    found = read_keypoints(dump(tmp_path / "v.json", mmpose_frames(data)))
    assert any(warning.endswith("left_knee, right_knee, left_ankle, right_ankle") for warning in found.warnings)
    clips = person_clips(found)
    legs = [2, 3, 5, 6]
    assert (clips.confidence[:, legs] == 0).all()
    assert (clips.keypoints[:, legs] == 0).all()
    assert (clips.confidence[:, [1, 4, 11, 16]] > 0).all()


def test_confidences_above_one_negative_and_missing(tmp_path):
    data = walking_people("coco17", 10)
    data[0, 0, 0, 2], data[1, 0, 1, 2], data[2, 0, 2, 2] = 1.3, -0.5, np.nan
    found = read_keypoints(alphapose(tmp_path, data))
    trust = found.people[0].confidence
    assert (trust[0, 0], trust[1, 1], trust[2, 2]) == (1, 0, 0)
    assert any("1 confidences (0.6 %) are above 1, up to 1.3" in warning for warning in found.warnings)


def test_negative_huge_and_nan_coordinates(tmp_path):
    data = walking_people("coco17", 10)
    data[0, 0, 9, 0] = -40.0  # a wrist outside the picture is a measurement
    data[1, 0, 9, 0], data[2, 0, 9, 1], data[3, 0, 9, 0], data[4, 0, 9, :2] = 1e7, -1e30, np.nan, np.inf
    found = read_keypoints(alphapose(tmp_path, data), image_size=SIZE)
    person = found.people[0]
    assert person.keypoints_px[0, 9, 0] == -40
    assert person.confidence[0, 9] > 0
    assert (person.confidence[1:5, 9] == 0).all()
    assert (person.keypoints_px[1:5, 9] == 0).all()
    assert np.isfinite(person.keypoints_px).all()
    assert any("far outside" in warning for warning in found.warnings)
    assert person.frames_seen == 10


def test_mixed_layouts(tmp_path):
    folder = openpose_folder(tmp_path, walking_people("body25", 3))
    dump(folder / "clip_000000000003_keypoints.json", openpose_frame(walking_people("openpose18", 1)[0]))
    assert "mixed layouts: people have 25 joints, but 18 in frame 3" in refusal(folder)


def test_cut_off_files(tmp_path):
    path = alphapose(tmp_path, walking_people("coco17", 5))
    path.write_text(path.read_text()[:-500])
    assert re.search(r"cut off or damaged at line 1 column \d+", refusal(path))
    folder = openpose_folder(tmp_path / "o", walking_people("openpose18", 20))
    last = folder / "clip_000000000019_keypoints.json"
    last.write_text(last.read_text()[:50])
    (folder / "clip_000000000007_keypoints.json").write_text("")
    found = read_keypoints(folder)
    assert found.people[0].filled.nonzero()[0].tolist() == [7]
    assert any("2 of 20 files were left out" in warning for warning in found.warnings)
    for t in range(10):
        (folder / f"clip_{t:012d}_keypoints.json").write_text("{")
    assert "of the folder are unreadable" in refusal(folder)


def test_files_of_another_kind(tmp_path):
    assert "not the output of a detector" in refusal(dump(tmp_path / "a.json", {"name": "pn3d", "version": 3}))
    assert "not the output of a detector" in refusal(dump(tmp_path / "b.json", [1, 2, 3]))
    (tmp_path / "c.json").write_bytes(b"\xff\xfe\x00garbage\x00")
    assert "not readable JSON" in refusal(tmp_path / "c.json")
    (tmp_path / "d.npz").write_bytes(b"PK\x03\x04 no archive")
    assert "npz" in refusal(tmp_path / "d.npz")
    (tmp_path / "e.npy").write_bytes(b"\x93NUMPY")
    refusal(tmp_path / "e.npy")
    (tmp_path / "f.csv").write_text("name;age\nada;36\n")
    refusal(tmp_path / "f.csv")
    detections = ultralytics_frame(walking_people("coco17", 1)[0])
    del detections[0]["keypoints"]
    assert "results of a pose model" in refusal(dump(tmp_path / "g.json", detections))
    np.savez(tmp_path / "h.npz", image=np.zeros((5, 5)))
    refusal(tmp_path / "h.npz", layout="coco17")


def test_pickles_run_nothing(tmp_path):
    class Trap:
        def __reduce__(self):
            return (print, ("run",))

    trap = np.empty(1, object)
    trap[0] = Trap()
    np.savez(tmp_path / "trap.npz", boxes=trap, keypoints=trap)
    refusal(tmp_path / "trap.npz")
    np.savez(tmp_path / "trap2.npz", keypoints=trap, confidence=trap, clip_start=trap)
    refusal(tmp_path / "trap2.npz")


def test_numbers_that_are_none(tmp_path):
    frames = mmpose_frames(walking_people("coco17", 3))
    frames[1]["instances"][0]["keypoints"][3] = [None, None]
    found = read_keypoints(dump(tmp_path / "null.json", frames))
    assert found.people[0].confidence[1, 3] == 0
    for odd in ("x", {"a": 1}, [1.0], [[1.0, 2.0]] * 5, 7, True, [[1.0, 2.0]] * 16 + [[1.0]]):
        frames[1]["instances"][0]["keypoints"] = odd
        refusal(dump(tmp_path / "odd.json", frames))
    frames[1]["instances"][0]["keypoints"] = [[10**400, 1.0]] * 17
    refusal(dump(tmp_path / "huge.json", frames))
    frames[1]["frame_id"] = "first"
    assert "'frame_id' must be a whole number" in refusal(dump(tmp_path / "id.json", frames))


@pytest.mark.parametrize("name", ["openpose", "alphapose", "native"])
def test_one_frame_only(name, tmp_path):
    if name == "openpose":
        path = openpose_folder(tmp_path, walking_people("openpose18", 1))
    else:
        layout = "h36m17" if name == "native" else "coco17"
        path = {"alphapose": alphapose, "native": native}[name](tmp_path, walking_people(layout, 1))
    clips = person_clips(read_keypoints(path))
    assert clips.lengths.tolist() == [1]


def test_hour_of_standing_still(tmp_path):
    pose = walking_people("coco17", 1)[0, 0]
    np.save(tmp_path / "still.npy", np.broadcast_to(pose, (108_000, 17, 3)).astype(np.float32))
    clips = person_clips(read_keypoints(tmp_path / "still.npy", layout="coco17"))
    assert clips.frames == 108_000
    assert np.ptp(clips.keypoints, axis=0).max() == 0


def test_folders_are_read_at_three_thousand_files_a_second(tmp_path):
    frame = json.dumps(openpose_frame(walking_people("body25", 1)[0]))
    for t in range(1000):
        (tmp_path / f"clip_{t:012d}_keypoints.json").write_text(frame)
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        found = read_keypoints(tmp_path, layout="body25")
        seconds.append(time.process_time() - begin)
    assert found.people[0].frames_seen == 1000
    assert min(seconds) < 1 / 3


@pytest.mark.parametrize("number", [10**400, -(10**400), 2**70], ids=["googols", "minus googols", "70 bits"])
def test_whole_numbers_beyond_floats_are_no_facts(number, tmp_path):
    """JSON has whole numbers of any size: as rate, size, time, id or frame they are left out, or refused."""
    frame = openpose_frame(walking_people("openpose18", 1)[0])
    for key in ("fps", "canvas_width", "timestamp_ms", "frame_id"):
        (tmp_path / "a.json").write_text(
            json.dumps([{**frame, key: 7, "canvas_height": 9}] * 2).replace("7,", f"{number},")
        )
        with contextlib.suppress(UserError):
            assert read_keypoints(tmp_path / "a.json", all_people=True).video.fps == 30
