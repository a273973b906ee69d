"""``pn3d convert-data`` on detectors' files: what the files lack is given by the options that the remarks name."""

import re
from pathlib import Path

import numpy as np
import pytest
from test_video_file import mp4

from benchmarks.detector_files import alphapose, walking_people
from pn3d.commands.main import main
from pn3d.data.clips import read_clips


def test_every_option_that_a_remark_names_exists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = alphapose(tmp_path, walking_people("coco17", 12)), tmp_path / "mine.npz"
    words = ["convert-data", "detector", str(source), str(target)]
    assert main(words) == 0
    named = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    values = {"--fps": ["25"], "--image-size": ["1000", "800"], "--focal-px": ["900"]}
    assert named == set(values)
    assert main([*words, *(word for name in sorted(named) for word in (name, *values[name]))]) == 0
    assert "assumed" not in capsys.readouterr().out
    clips = read_clips(target)
    assert clips.fps.tolist() == [25]
    assert clips.intrinsics is not None
    np.testing.assert_array_equal(clips.intrinsics, [[900, 900, 500, 400]])


def test_a_video_gives_rate_and_size(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(mp4())
    source, target = alphapose(tmp_path, walking_people("coco17", 12)), tmp_path / "mine.npz"
    assert main(["convert-data", "alphapose", str(source), str(target), "--video", str(tmp_path / "v.mp4")]) == 0
    clips = read_clips(target)
    assert clips.fps[0] == pytest.approx(30000 / 1001)
    assert clips.image_size.tolist() == [[1920, 1080]]


def test_data_sets_do_not_swallow_these_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--fps 60`` beside ``bvh`` would have no effect: its option is ``--set fps=60``."""
    assert main(["convert-data", "bvh", str(tmp_path), str(tmp_path / "o.npz"), "--fps", "60"]) == 2
    assert "--fps is for detectors' files; bvh takes --set NAME=VALUE" in capsys.readouterr().err
