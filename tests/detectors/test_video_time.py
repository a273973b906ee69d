"""Which frames of the video a person is in, when that is, and which of them were filled in: kept from file to clips."""

import json
from pathlib import Path

import numpy as np
import pytest

from pn3d.data.clips import concatenate, read_clips, select, write_clips
from pn3d.detectors import person_clips, read_keypoints
from pn3d.detectors.inspect import facts_text

GIVEN = {"image_size": (1000, 1000)}


def _people(numbers: list[int], scale: float = 1.0) -> list[dict[str, object]]:
    """COCO results of somebody who stands, in images of these numbers."""
    places = np.stack([400 + 40 * np.cos(np.arange(17)), np.linspace(200, 800, 17)], axis=-1)
    rows = np.concatenate([places, np.full((17, 1), 0.9)], axis=-1)
    return [{"image_id": n, "category_id": 1, "keypoints": (scale * rows).reshape(-1).tolist()} for n in numbers]


def _file(folder: Path, numbers: list[int]) -> Path:
    path = folder / "people.json"
    path.write_text(json.dumps(_people(numbers)))
    return path


def test_a_person_who_comes_late_starts_at_the_files_frame(tmp_path: Path) -> None:
    numbers = [n for n in range(37, 97) if not 50 <= n < 54]
    read = read_keypoints(_file(tmp_path, numbers), fps=25.0, **GIVEN)
    clips = person_clips(read)
    assert clips.frame_number.tolist() == list(range(37, 97))
    np.testing.assert_allclose(clips.time_s, np.arange(37, 97) / 25.0)
    assert np.flatnonzero(clips.filled).tolist() == [13, 14, 15, 16]
    assert int(clips.has_joint.sum()) == 12  # of the 17, those that COCO has
    assert "from 37 to 96 (1.48 s on)" in facts_text(read)


def test_the_time_goes_through_a_native_file_and_through_putting_together(tmp_path: Path) -> None:
    clips = person_clips(read_keypoints(_file(tmp_path, list(range(37, 60))), fps=25.0, **GIVEN))
    write_clips(tmp_path / "native.npz", clips)
    again = person_clips(read_keypoints(tmp_path / "native.npz"))
    for key in ("frame_number", "time_s", "filled", "has_joint"):
        np.testing.assert_array_equal(getattr(again, key), getattr(clips, key))
    bare = read_clips(tmp_path / "native.npz")
    bare = type(bare)(**{**bare.__dict__, "frame_number": None, "time_s": None, "filled": None, "has_joint": None})
    both = select(concatenate([clips, bare]), [1, 0])
    assert both.frame_number.tolist() == [*range(23), *range(37, 60)]
    assert both.time_s[0] == 0.0
    assert both.time_s[23] == pytest.approx(1.48)


def test_every_fifth_frame_keeps_its_number(tmp_path: Path) -> None:
    clips = person_clips(read_keypoints(_file(tmp_path, list(range(10, 210, 5))), fps=6.0, **GIVEN))
    assert clips.frame_number.tolist() == list(range(10, 210, 5))
    np.testing.assert_allclose(np.diff(clips.time_s), 1 / 6)


def test_numbers_that_count_no_frames_are_kept_as_names(tmp_path: Path) -> None:
    numbers = sorted(np.random.default_rng(0).choice(10**8, 30, replace=False).tolist())
    clips = person_clips(read_keypoints(_file(tmp_path, numbers), fps=30.0, **GIVEN))
    assert clips.frame_number.tolist() == numbers
    assert clips.time_s[0] == 0.0


def test_times_in_the_file_are_the_times_of_the_clip(tmp_path: Path) -> None:
    rows = ["time," + ",".join(f"{name}" for j in range(17) for name in (f"x{j}", f"y{j}", f"c{j}"))]
    values = np.array(_people([0])[0]["keypoints"])
    rows += [f"{2.5 + t / 120:.5f}," + ",".join(f"{v:.2f}" for v in values + t / 10) for t in range(40)]
    (tmp_path / "table.csv").write_text("\n".join(rows))
    clips = person_clips(read_keypoints(tmp_path / "table.csv", layout="coco17", **GIVEN))
    assert clips.fps[0] == pytest.approx(120, rel=1e-3)
    assert clips.time_s[0] == pytest.approx(2.5, abs=1e-3)
    assert clips.time_s[-1] == pytest.approx(2.5 + 39 / 120, abs=2e-3)
