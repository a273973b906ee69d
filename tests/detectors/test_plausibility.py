"""The implausible is noticed: world landmarks, joints beside the picture, pictures on their side, steps of nobody."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pn3d.detectors import read_keypoints
from pn3d.detectors.breaks import FASTEST
from pn3d.detectors.records import Detections
from pn3d.files.errors import UserError
from tests.detectors.test_facts import GIVEN
from tools.stand_ins.detector_files import walking_people

SIZE = np.array([1280, 720])


def people(frames: int = 60, who: int = 1) -> np.ndarray:
    """(T, P, 17, 3)."""
    return walking_people("coco17", frames, who)


def read(folder: Path, values: np.ndarray, ids: np.ndarray | None = None, **given: object) -> Detections:
    """``values`` (T, P, 17, 3) with track ids (T, P), as AlphaPose writes them; NaN: not there."""
    entries = [
        {"image_id": f"{t:05d}.jpg", "idx": int(p if ids is None else ids[t, p]), "keypoints": one.ravel().tolist()}
        for t, frame in enumerate(values)
        for p, one in enumerate(frame)
        if np.isfinite(one).all()
    ]
    (folder / "people.json").write_text(json.dumps(entries))
    return read_keypoints(folder / "people.json", **{**GIVEN, "image_size": (1280, 720), **given})


def said(found: Detections) -> str:
    return "\n".join(found.warnings)


def test_a_plain_walk_is_not_spoken_of(tmp_path: Path) -> None:
    assert said(read(tmp_path, people())) == ""


def test_world_landmarks_are_refused_by_the_right_name(tmp_path: Path) -> None:
    points = walking_people("mediapipe33", 20, 1)[:, 0]
    hips = points[:, 23:25, :2].mean(axis=1)
    metres = (points[..., :2] - hips[:, None]) / 300
    frames = [
        [{"x": x, "y": y, "z": 0.0, "visibility": 0.9} for x, y in frame] for frame in np.round(metres, 4).tolist()
    ]
    (tmp_path / "world.json").write_text(json.dumps(frames))
    with pytest.raises(UserError, match="pose_landmarks instead of pose_world_landmarks"):
        read_keypoints(tmp_path / "world.json", **GIVEN)


@pytest.mark.parametrize("far_m", [(0.0, 0.0), (2.0, -1.0), (2.0, 2.0)])
def test_metres_in_front_of_a_camera_are_refused(far_m: tuple[float, float], tmp_path: Path) -> None:
    values = people()
    values[..., :2] = (values[..., :2] - SIZE / 2) / 250 + far_m
    with pytest.raises(UserError, match=r"metres \(3D\)\?"):
        read(tmp_path, values)
    values = people()
    values[..., :2] = values[..., :2] / 25 + SIZE / 2  # far away, 18 px across
    assert "px across" not in said(read(tmp_path, values))


def test_joints_beside_the_picture_are_a_warning_and_a_few_are_not(tmp_path: Path) -> None:
    values = people()
    assert "outside" in said(read(tmp_path, values, image_size=(300, 720)))
    reach = int(np.quantile(values[..., 0], 0.985))
    assert "outside" not in said(read(tmp_path, values, image_size=(reach, 720)))


@pytest.mark.parametrize(
    ("turn", "what"),
    [
        (lambda xy: SIZE - xy, "180 degrees"),
        (lambda xy: np.stack([720 - xy[..., 1], xy[..., 0]], axis=-1), "90 degrees (clockwise)"),
        (lambda xy: np.stack([xy[..., 1], 1280 - xy[..., 0]], axis=-1), "90 degrees (counter-clockwise)"),
    ],
)
def test_a_turned_picture_is_told(turn: Callable[[np.ndarray], np.ndarray], what: str, tmp_path: Path) -> None:
    values = people()
    size = (1280, 720) if "180" in what else (720, 1280)
    turned = np.concatenate([turn(values[..., :2]), values[..., 2:]], axis=-1)
    assert said(read(tmp_path, turned, image_size=size)).count(what) == 1
    briefly = values.copy()
    centre = values[20:45, ..., :2].mean(axis=2, keepdims=True)  # lies down for less than half of the time
    briefly[20:45, ..., :2] = centre + (values[20:45, ..., :2] - centre)[..., ::-1] * [1, -1]
    assert "degrees" not in said(read(tmp_path, briefly))


def test_a_cut_ends_the_track_at_its_time(tmp_path: Path) -> None:
    values = people()
    values[30:, ..., :2] = (values[30:, ..., :2] - 300) * 1.8 + 100
    found = read(tmp_path, values, all_people=True)
    assert found.broken_s == (1.0,)
    assert "at 1.00 s" in said(found)
    assert sorted(len(person.frames) for person in found.people) == [30, 30]


def test_a_zoom_at_once_is_a_cut_too(tmp_path: Path) -> None:
    values = people()
    middle = values[30:, :, :, :2].mean(axis=(1, 2), keepdims=True)
    values[30:, ..., :2] = middle + 1.5 * (values[30:, ..., :2] - middle)
    assert read(tmp_path, values).broken_s == (1.0,)


def test_one_frame_elsewhere_is_an_outlier_and_no_cut(tmp_path: Path) -> None:
    values = people()
    values[30, ..., 0] += 500
    found = read(tmp_path, values)
    assert found.broken_s == ()
    assert found.people[0].frames_seen == 60


@pytest.mark.parametrize("pattern", ["once", "every third", "with a gap"])
def test_exchanged_ids_are_put_right(pattern: str, tmp_path: Path) -> None:
    values = people(who=2)
    ids = np.tile([0, 1], (60, 1))
    swapped = {"once": np.arange(60) >= 30, "every third": np.arange(60) % 3 == 2, "with a gap": np.arange(60) >= 30}
    ids[swapped[pattern]] = [1, 0]
    if pattern == "with a gap":
        values[27:30] = np.nan
    found = read(tmp_path, values, ids, all_people=True)
    assert "exchanged" in said(found)
    assert len(found.people) == 2
    for person in found.people:
        x = person.keypoints_px[~person.filled, :, 0].mean(-1)
        assert np.abs(np.diff(x)).max() < 40


def test_runners_in_a_line_keep_their_ids(tmp_path: Path) -> None:
    one = people(20)
    step = 0.6 * np.hypot(np.ptp(one[0, 0, :, 0]), np.ptp(one[0, 0, :, 1]))  # 5 m/s at 5 frames per second
    one[..., 0] = one[:1, ..., 0] + step * np.arange(20)[:, None, None]
    follower = one.copy()
    follower[..., 0] -= step  # is where the first was a frame before
    values = np.concatenate([one, follower], axis=1)
    found = read(tmp_path, values, np.tile([0, 1], (20, 1)), fps=5.0, image_size=(20000, 720), all_people=True)
    assert "exchanged" not in said(found)
    assert found.broken_s == ()


def test_every_speed_is_counted_in_time_and_not_in_frames(tmp_path: Path) -> None:
    values = people(40)
    height = np.ptp(values[0, 0, :, 1])
    values[..., 0] += np.arange(40)[:, None, None] * 7.0 * height / 30  # a sprinter at 30 frames per second
    assert FASTEST > 7.0
    assert read(tmp_path, values, image_size=(30000, 720)).broken_s == ()
    assert read(tmp_path, values[::6], fps=5.0, image_size=(30000, 720)).broken_s == ()
