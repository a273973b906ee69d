"""One's own detections as training data: what files lack is given by the options that the remarks name."""

import argparse
import json
import re
from pathlib import Path

import jax
import numpy as np
import pytest

from pn3d.commands import run_inputs, train
from pn3d.commands.main import main
from pn3d.config import Config, Stage
from pn3d.data.clips import read_clips, without_truth, write_clips
from pn3d.evaluation.cross_view import cross_view
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights, save_weights
from pn3d.training.batch import TrainData
from pn3d.training.run_folder import RunFolder
from pn3d.training.state import TrainState, stage_optimiser
from tests.detectors.test_video_file import mp4
from tests.inference.test_predict import weights
from tests.support import tiny
from tools.stand_ins.detector_files import alphapose, coco_results, walking_people


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


def test_cameras_that_saw_one_moment_are_views_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two files of other lengths and people: the largest of each, on the frames that both have."""
    sources = []
    for camera, frames in enumerate((30, 20)):
        (tmp_path / str(camera)).mkdir()
        sources.append(str(alphapose(tmp_path / str(camera), walking_people("coco17", frames, people=2))))
    words = ["convert-data", "detector", *sources, str(tmp_path / "views.npz"), "--fps", "30", "--views", "dance"]
    assert main([*words, "--image-size", "1280", "720"]) == 0
    clips = read_clips(tmp_path / "views.npz")
    assert clips.clip_name.tolist() == ["dance/cam0", "dance/cam1"]
    assert clips.lengths.tolist() == [20, 20]
    assert cross_view(np.random.default_rng(0).normal(size=(40, 17, 3)), clips).pairs == 1
    assert main(["convert-data", "detector", sources[0], str(tmp_path / "o.npz"), "--views", "dance"]) == 2
    assert "at least two files, found 1" in capsys.readouterr().err


def test_coco_with_what_a_detector_lacks_is_the_detectors_format(tmp_path: Path) -> None:
    source, target = coco_results(tmp_path, walking_people("coco17", 12)), tmp_path / "mine.npz"
    assert main(["convert-data", "coco", str(source), str(target), "--fps", "30"]) == 0
    assert read_clips(target).frames == 12


def test_data_sets_do_not_swallow_these_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--fps 60`` beside ``bvh`` would have no effect: its option is ``--set fps=60``."""
    assert main(["convert-data", "bvh", str(tmp_path), str(tmp_path / "o.npz"), "--fps", "60"]) == 2
    assert "--fps is for detectors' files; bvh takes --set NAME=VALUE" in capsys.readouterr().err


def test_training_starts_from_given_weights_on_ones_own_detections(tmp_path: Path) -> None:
    """``train --train mine.npz other.npz --init WEIGHTS``: both players and their averages are those weights."""
    source, mine, other = alphapose(tmp_path, walking_people("coco17", 24)), tmp_path / "mine.npz", tmp_path / "b.npz"
    assert main(["convert-data", "detector", str(source), str(mine), "--fps", "30"]) == 0
    write_clips(other, without_truth(tiny.clips()))
    save_weights(tmp_path / "first.npz", weights())
    parser = argparse.ArgumentParser()
    run_inputs.add_arguments(parser)
    words = ["--train", str(mine), str(mine), str(other), "--init", str(tmp_path / "first.npz")]
    inputs = run_inputs.read_inputs(tiny.config(), parser.parse_args(words), lambda _: None)
    assert inputs.clips.frames == 24 + 24 + tiny.clips().frames  # a file named twice counts twice
    lacking = [H36M17.index(joint) for joint in ("pelvis", "spine", "thorax", "neck", "head")]
    assert not inputs.clips.confidence[:48, lacking].any()
    state = inputs.first_state()
    for player, given in ((state.teacher, weights().teacher), (state.student, weights().student)):
        for tree in (player.params, player.ema):
            jax.tree.map(np.testing.assert_array_equal, tree, given)


def test_init_without_a_preset_tunes_in_small_steps_beside_built_in_motion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The joint stage alone, from the weights, at the small rate; the few own frames are a sixth of what is seen."""
    source, mine = alphapose(tmp_path, walking_people("coco17", 24)), tmp_path / "mine.npz"
    assert main(["convert-data", "detector", str(source), str(mine), "--fps", "30"]) == 0
    ran: list[tuple[Stage, float]] = []
    shares: list[float] = []

    def look(config: Config, stage: Stage, state: TrainState, data: TrainData, *_: object) -> TrainState:
        ran.append((stage, stage_optimiser(config, stage).learning_rate))
        shares.append(1 - 40 * 150 / data.frames.rays.shape[0])
        shipped = load_weights(SHIPPED_WEIGHTS)
        jax.tree.map(np.testing.assert_array_equal, state.student.params, shipped.student)
        return state

    monkeypatch.setattr(train, "run_stage", look)
    monkeypatch.setattr(train._Job, "_finish_stage", lambda *_: None)
    monkeypatch.setattr(train._Job, "table", lambda _: "")
    monkeypatch.setattr(RunFolder, "status", lambda *_, **__: {"seconds_per_stage": {}, "peak_rss_mb": 0})
    assert main(["train", "--train", str(mine), "--init", "shipped", "--run", str(tmp_path / "run")]) == 0
    assert ran == [("joint", 4e-5)]
    assert 0.16 < shares[0] < 0.18
    assert "built-in motion beside it: 40 clips; the files count 50 times" in capsys.readouterr().out
    assert json.loads((tmp_path / "run" / "config.json").read_text())["config"]["preset"] == "tune"


def test_tune_without_weights_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--preset", "tune", "--run", str(tmp_path / "run")]) == 2
    assert "preset tune does not train the teacher (0 steps): give --init WEIGHTS" in capsys.readouterr().err
