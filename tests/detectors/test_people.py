"""Who is who, missing frames, the time line, and what becomes of them as clips."""

import json

import numpy as np
import pytest

from pn3d.data.clips import Clips, read_clips, write_clips
from pn3d.detectors import frame_labels, person_clips, read_keypoints
from pn3d.detectors.filling import fill_frames
from pn3d.detectors.timeline import make_timeline
from pn3d.detectors.tracking import build_tracks, drop_duplicates
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import LAYOUTS
from tools.stand_ins.detector_files import (
    alphapose,
    dump,
    mmpose_frames,
    openpose_folder,
    openpose_frame,
    ultralytics_text,
    walking_people,
)


def crossing(frames: int = 80, layout: str = "coco17") -> np.ndarray:
    """(T, 2, K, 3): two people of nearly one size who walk through each other, in opposite directions."""
    data = walking_people(layout, frames, 2)
    middle = data[..., 0].mean(axis=-1, keepdims=True)
    path = np.stack([np.linspace(200, 900, frames), np.linspace(900, 200, frames)], axis=1)[..., None]
    data[..., 0] = data[..., 0] - middle + path
    return data


def shuffled(data: np.ndarray, seed: int = 0) -> np.ndarray:
    """The people of each frame in random order, as OpenPose gives them."""
    rng = np.random.default_rng(seed)
    return np.stack([frame[rng.permutation(len(frame))] for frame in data])


def identities(found, data: np.ndarray) -> list[set[int]]:
    """For each person found, the set of true people whose joints they have."""
    result = []
    for person in found.people:
        seen = ~person.filled
        truth = data[person.frames[seen]][..., :2]
        apart = np.linalg.norm(truth - person.keypoints_px[seen][:, None], axis=-1).mean(-1)
        result.append(set(np.nan_to_num(apart, nan=np.inf).argmin(axis=1).tolist()))
    return result


def test_crossing_people_keep_their_identity(tmp_path):
    data = crossing(layout="openpose18")
    found = read_keypoints(openpose_folder(tmp_path, shuffled(data)), all_people=True)
    assert len(found.people) == 2
    assert sorted(map(tuple, identities(found, data))) == [(0,), (1,)]
    assert all(person.frames_seen == len(data) for person in found.people)


def test_identical_people_who_hide_each_other_are_told_apart_by_their_movement():
    pose = walking_people("coco17", 1)[0, 0, :, :2]
    frames = np.arange(60)
    left = pose[None] + np.stack([frames * 8.0, 0 * frames], -1)[:, None]
    right = pose[None] + np.stack([59 * 8.0 - frames * 8.0, 0 * frames], -1)[:, None]
    seen = np.abs(frames - 29.5) > 4  # nobody is detected while they meet
    frame = np.repeat(frames[seen], 2)
    keypoints = np.stack([left, right], axis=1)[seen].reshape(-1, 17, 2)
    track = build_tracks(frame, keypoints, np.ones((len(frame), 17)), max_gap=30)
    assert track.tolist() == [0, 1] * int(seen.sum())


def test_tracks_bridge_gaps_and_lost_people(tmp_path):
    data = crossing(60)
    data[10:22, 0] = np.nan  # lost for 12 frames
    data[33:36, 1] = np.nan
    data[44] = np.nan  # nobody
    found = read_keypoints(dump(tmp_path / "v.json", mmpose_frames(shuffled(data, 3))), all_people=True)
    assert len(found.people) == 2
    assert sorted(map(tuple, identities(found, data))) == [(0,), (1,)]
    by_truth = {next(iter(who)): person for who, person in zip(identities(found, data), found.people, strict=True)}
    for truth, person in by_truth.items():
        absent = np.isnan(data[:, truth]).all((-1, -2))
        np.testing.assert_array_equal(person.filled, absent)
        assert (person.confidence[absent] == 0).all()
        middle = person.keypoints_px[:, :, 0].mean(1)
        assert np.abs(np.diff(middle)).max() < 40, "short gaps are interpolated"


def test_given_track_ids_are_kept(tmp_path):
    data = crossing(40)
    data[:20], data[20:] = data[:20], data[20:, ::-1]  # ids say that they swapped places
    found = read_keypoints(alphapose(tmp_path, data), all_people=True)
    assert sorted(person.track_id for person in found.people) == [1, 2]
    assert all(len(who) == 1 for who in identities(found, data))
    text = tmp_path / "yolo"
    text.mkdir()
    named = read_keypoints(ultralytics_text(text, data), all_people=True, image_size=(1280, 720))
    assert sorted(person.track_id for person in named.people) == [1, 2]


def test_ids_that_are_not_ids_are_ignored_aloud(tmp_path):
    people = [
        {"image_id": f"{t}.jpg", "category_id": 1, "keypoints": frame[p].ravel().tolist(), "score": 1.0, "idx": [0.0]}
        for t, frame in enumerate(crossing(20))
        for p in range(2)
    ]
    found = read_keypoints(dump(tmp_path / "alphapose-results.json", people), all_people=True)
    assert len(found.people) == 2
    assert any("not unique" in warning for warning in found.warnings)


def test_largest_person_comes_first_and_others_by_number(tmp_path):
    data = walking_people("coco17", 20, 3)
    data[5:, 0] = np.nan  # the tallest is there for 5 frames only
    path = dump(tmp_path / "v.json", mmpose_frames(data))
    found = read_keypoints(path)
    assert len(found.people) == 1
    assert found.people_found == 3
    assert identities(found, data) == [{1}]
    assert any("3 people; the largest" in warning for warning in found.warnings)
    assert identities(read_keypoints(path, person=2), data) == [{0}]
    assert [person.name for person in read_keypoints(path, all_people=True).people] == [
        f"v/person_{i:02d}" for i in range(3)
    ]
    with pytest.raises(UserError, match="--person 3: people are numbered 0 to 2"):
        read_keypoints(path, person=3)


def test_second_skeletons_on_one_person_are_left_out(tmp_path):
    data = walking_people("coco17", 15, 1)
    double = np.concatenate([data, data + np.array([2.0, -1.0, -0.2])], axis=1)
    found = read_keypoints(dump(tmp_path / "v.json", mmpose_frames(shuffled(double))), all_people=True)
    assert found.people_found == 1
    np.testing.assert_allclose(found.people[0].keypoints_px, data[:, 0, :, :2], atol=0.01)
    assert any("15 second skeletons" in warning for warning in found.warnings)


def test_duplicates_in_crowds_equal_the_pairwise_rule():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 12, 60)
    keypoints = rng.uniform(0, 300, (60, 1, 2)) // 60 * 60 + rng.normal(0, 1, (60, 17, 2)) + np.arange(17)[:, None] * 5
    confidence = rng.uniform(0.1, 1, (60, 17))
    keep = drop_duplicates(frame, keypoints, confidence, np.full(60, -1))
    for t in range(12):
        kept = np.flatnonzero((frame == t) & keep)
        for i in np.flatnonzero((frame == t) & ~keep):
            apart = np.linalg.norm(keypoints[kept] - keypoints[i], axis=-1).mean(-1)
            better = confidence[kept].sum(-1) > confidence[i].sum()
            assert (better & (apart < 5)).any()
        for i in kept:
            others = kept[kept != i]
            assert (np.linalg.norm(keypoints[others] - keypoints[i], axis=-1).mean(-1) > 3).all()


def test_pause_of_a_single_person_is_one_track_and_a_cut_is_two():
    data = walking_people("coco17", 200)[:, 0]
    away = np.r_[0:50, 140:200]
    track = build_tracks(away, data[away, :, :2], data[away, :, 2], max_gap=30)
    assert set(track) == {0}
    cut = data.copy()
    cut[100:, :, 0] += 900
    track = build_tracks(np.arange(200), cut[..., :2], cut[..., 2], max_gap=30)
    assert track.tolist() == [0] * 100 + [1] * 100


def test_filling_is_linear_and_marked():
    frame = np.array([0, 1, 5, 30])
    keypoints = np.stack([np.full((2, 2), value) for value in (0.0, 10, 50, 300)])
    keypoints[2, 1] = 0
    confidence = np.ones((4, 2))
    confidence[2, 1] = 0
    frames, filled_px, trust, filled = fill_frames(frame, keypoints, confidence, short_gap=3)
    assert frames.tolist() == list(range(31))
    assert np.flatnonzero(~filled).tolist() == frame.tolist()
    np.testing.assert_allclose(filled_px[2:5, 0, 0], [20, 30, 40])
    assert (filled_px[2:5, 1] == 0).all(), "measured on one side only"
    assert (filled_px[6:30] == 0).all(), "the gap is long"
    assert (trust[filled] == 0).all()
    np.testing.assert_array_equal(filled_px[frame], keypoints)


def test_missing_frames_and_empty_frames_are_filled(tmp_path):
    data = walking_people("openpose18", 30)
    data[12:15] = np.nan  # people: []
    folder = openpose_folder(tmp_path / "o", data)
    for t in (5, 6):
        (folder / f"clip_{t:012d}_keypoints.json").unlink()
    found = read_keypoints(folder)
    person = found.people[0]
    assert np.flatnonzero(person.filled).tolist() == [5, 6, 12, 13, 14]
    whole = walking_people("openpose18", 30)[:, 0]
    np.testing.assert_allclose(person.keypoints_px[5:7], whole[5:7, :, :2], atol=15)
    assert any("5 of 30 frames (longest gap 3)" in warning for warning in found.warnings)


def test_training_clips_are_cut_at_long_gaps(tmp_path):
    data = walking_people("coco17", 120)
    data[50:90] = np.nan
    data[100:103] = np.nan
    found = read_keypoints(dump(tmp_path / "v.json", mmpose_frames(data)))
    assert person_clips(found).lengths.tolist() == [120]
    clips = person_clips(found, split_gaps=True)
    assert clips.lengths.tolist() == [50, 30]
    assert clips.clip_name.tolist() == ["v/person_00/frames_000000", "v/person_00/frames_000090"]
    write_clips(tmp_path / "out.npz", clips)
    again = read_clips(tmp_path / "out.npz")
    np.testing.assert_array_equal(again.keypoints, clips.keypoints)
    assert read_keypoints(tmp_path / "out.npz").format == "native"


@pytest.mark.parametrize(
    ("numbers", "frames", "noted"),
    [
        ([0, 1, 2, 3], [0, 1, 2, 3], False),
        ([7, 8, 10], [0, 1, 3], False),
        ([100, 105, 110, 125], [0, 1, 2, 5], True),
        ([397133, 37777, 252219, 87038, 174482], [4, 0, 3, 1, 2], True),
        ([3], [0], False),
    ],
)
def test_frame_numbers_become_a_time_line(numbers, frames, noted):
    timeline, notes = make_timeline(np.array(numbers), "file")
    assert timeline.frame_of(np.array(numbers)).tolist() == frames
    assert bool(notes) == noted
    assert timeline.frames == max(frames) + 1


def frame_numbers(labels, where):
    return frame_labels.frame_numbers(labels, where)[0].tolist()


def test_frame_numbers_in_names():
    assert frame_numbers(["v_000000000010_keypoints.json", "v_000000000002_keypoints.json"], "f") == [10, 2]
    assert frame_numbers(["cam2_1080p_0004.json", "cam2_1080p_0012.json"], "f") == [4, 12]
    assert frame_numbers(["b.json", "a.json"], "f") == [1, 0]
    assert frame_numbers(["dir/7.jpg", "dir\\9.jpg"], "f") == [7, 9]
    assert frame_numbers([5, 3], "f") == [5, 3]
    with pytest.raises(UserError, match="frames of 2 videos"):
        frame_numbers([f"cam{c}_{t:03d}.json" for c in (1, 2) for t in range(5)], "f")
    with pytest.raises(UserError, match="frames of 2 videos"):
        frame_numbers([f"{name}_{t:03d}.json" for name in ("walk", "run") for t in range(5)], "f")


def test_unsorted_frames_are_sorted(tmp_path):
    data = walking_people("coco17", 10)
    frames = mmpose_frames(data)
    order = np.random.default_rng(2).permutation(10)
    found = read_keypoints(dump(tmp_path / "v.json", [frames[i] for i in order]))
    np.testing.assert_allclose(found.people[0].keypoints_px, data[:, 0, :, :2], atol=0.01)


def test_every_fifth_frame_is_one_step(tmp_path):
    data = walking_people("openpose18", 6)
    for t, frame in enumerate(data):
        dump(tmp_path / f"x_{5 * t:012d}_keypoints.json", openpose_frame(frame))
    found = read_keypoints(tmp_path)
    assert not found.people[0].filled.any()
    assert any("only every 5th" in warning for warning in found.warnings)


def test_native_files_stay_what_they_are(tmp_path):
    rng = np.random.default_rng(0)
    clips = Clips(
        keypoints=rng.uniform(0, 900, (30, 17, 2)).astype(np.float32),
        confidence=rng.uniform(0, 1, (30, 17)).astype(np.float32),
        clip_start=np.array([0, 10, 30]),
        clip_name=np.array(["walk/a/cam0", "run/b/cam1"]),
        image_size=np.array([[1000, 1000], [640, 480]], np.int32),
        fps=np.array([25, 50], np.float32),
        layout=LAYOUTS["h36m17"],
        intrinsics=np.full((2, 4), 500, np.float32),
    )
    write_clips(tmp_path / "n.npz", clips)
    found = read_keypoints(tmp_path / "n.npz")
    assert found.assumptions == ()
    assert [(p.name, p.video.fps, p.video.image_size) for p in found.people] == [
        ("walk/a/cam0", 25, (1000, 1000)),
        ("run/b/cam1", 50, (640, 480)),
    ]
    np.testing.assert_array_equal(person_clips(found).keypoints, clips.keypoints)
    one = person_clips(read_keypoints(tmp_path / "n.npz", person=1, fps=10))
    assert one.clip_name.tolist() == ["run/b/cam1"]
    assert one.fps.tolist() == [10]
    given = read_keypoints(tmp_path / "n.npz", fps=10, image_size=(200, 100), focal_px=77).video
    assert (given.fps_source, given.image_size_source, given.intrinsics_source) == ("given",) * 3
    assert given.intrinsics == (77, 77, 100, 50)
    with pytest.raises(UserError, match="layout 'coco' given, but the file says 'h36m17'"):
        read_keypoints(tmp_path / "n.npz", layout="coco")


def test_detections_without_an_id_among_others_are_told(tmp_path):
    data = walking_people("coco17", 30, 1)
    rows = [{"image_id": f"{t}.jpg", "idx": 4, "keypoints": frame[0].ravel().tolist()} for t, frame in enumerate(data)]
    del rows[-1]["idx"]
    path = tmp_path / "people.json"
    path.write_text(json.dumps(rows))
    found = read_keypoints(path, fps=30.0, image_size=(1280, 720))
    assert any("1 of 30 detections have no track id" in sentence for sentence in found.warnings)
