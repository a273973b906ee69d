"""The demo video: a dressed body in a room, whole in the picture; and a moving picture of a video."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="needs the extra video (PyAV)")
pytest.importorskip("cv2", reason="needs the extra video (OpenCV)")

from pn3d.data.clips import Clips
from pn3d.files.errors import UserError
from pn3d.synthetic.scenes import make_synthetic_clips
from tests.support.video_files import gradient_pictures, write_video
from tools import demo_video, moving_picture

SIZE = (320, 180)


@pytest.fixture(scope="module")
def clip() -> Clips:
    return make_synthetic_clips(3, 1, 8)


def test_the_body_moves_whole_in_front_of_a_still_room(clip: Clips) -> None:
    frames = np.stack(list(demo_video.room_frames(clip, SIZE)))
    assert frames.shape == (8, 180, 320, 3)
    red = (frames[..., 0] > 120) & (frames[..., 1] < 80)
    assert red.sum(axis=(1, 2)).min() > 100, "a red shirt"
    moved = (frames.max(axis=0).astype(int) - frames.min(axis=0)).max(axis=-1) > 30
    rows, columns = np.nonzero(moved)
    assert 0 < rows.min() < rows.max() < 179
    assert 0 < columns.min() < columns.max() < 319
    assert not moved[:8].any(), "the wall stands still"


def test_the_motion_fills_the_picture_and_stays_in_it(clip: Clips) -> None:
    focal_px = demo_video.FOCAL * max(SIZE)
    intrinsics = np.array([focal_px, focal_px, 159.5, 89.5])
    points, up = demo_video._framed(demo_video._vertices_cam_m(clip), clip.up_cam[0], intrinsics, SIZE)
    pixels = points[..., :2] / points[..., 2:] * focal_px + intrinsics[2:]
    inside = np.abs(pixels - intrinsics[2:]) / (np.array(SIZE) / 2)
    assert 0.8 * demo_video.FILLED < inside.max() <= demo_video.FILLED + 1e-3
    assert abs(up[0]) < 1e-6, "upright"
    assert up[1] < -0.7


def test_a_motion_that_is_not_there_is_one_line() -> None:
    with pytest.raises(UserError, match="no held-out clip"):
        demo_video.find_clip("flying")


def test_a_moving_picture_repeats_and_is_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_video(tmp_path / "a.mp4", gradient_pictures(12))
    target = tmp_path / "a.webp"
    monkeypatch.setattr(sys, "argv", ["moving_picture", str(source), str(target), "--width", "160"])
    moving_picture.main()
    data = target.read_bytes()
    assert (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
    assert data.count(b"ANMF") == 6
    assert "6 frames" in capsys.readouterr().out
