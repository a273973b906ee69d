"""Whole runs: the same seed, stop and resume, damage, stages one by one, truth that changes nothing."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from pn3d.config import STAGES, Stage
from pn3d.files.errors import TrainingDivergedError, UserError
from pn3d.training.checkpoint import Checkpoints, digest
from pn3d.training.loop import Reporter, StoppedError
from pn3d.training.run_folder import RunFolder
from tests.support import tiny


@pytest.fixture(scope="module")
def teacher_digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the end of an uninterrupted stage 1."""
    return digest(tiny.train(tmp_path_factory.mktemp("whole"), tiny.config(), ("teacher",)))


def stopping(folder: Path, stage: Stage, step: int) -> Reporter:
    class Flag:
        """Rises once the log of the stage shows the step."""

        def is_set(self) -> bool:
            log = folder / "metrics.jsonl"
            rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
            return any(row["stage"] == stage and row["step"] >= step for row in rows)

    return Reporter(say=lambda _: None, stop=Flag())  # type: ignore[arg-type]


@pytest.mark.slow
def test_stopped_and_resumed_in_every_stage_ends_bitwise_the_same(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    uninterrupted = tiny.train(whole, tiny.config())
    for stage in STAGES:
        with pytest.raises(StoppedError, match=f"{stage} stopped at step"):
            tiny.train(parts, tiny.config(), reporter=stopping(parts, stage, 2))
    assert digest(tiny.train(parts, tiny.config())) == digest(uninterrupted)
    logged = [json.loads(line) for line in (parts / "metrics.jsonl").read_text().splitlines()]
    steps = [(row["stage"], row["step"]) for row in logged]
    assert steps == [(stage, step) for stage in STAGES for step in (2, 4, 6, 8)]
    expected = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    for ours, theirs in zip(logged, expected, strict=True):
        assert {k: v for k, v in ours.items() if k != "wall_s"} == {k: v for k, v in theirs.items() if k != "wall_s"}


def test_the_same_seed_is_the_same_run_and_a_damaged_newest_checkpoint_gives_way_to_the_one_before(
    tmp_path: Path, teacher_digest: str
) -> None:
    said: list[str] = []
    config = tiny.config()
    assert digest(tiny.train(tmp_path, config, ("teacher",))) == teacher_digest
    # Orbax's threads divide the arrays among files as they come; beside these lie metadata that may be larger.
    arrays = max((tmp_path / "checkpoints/teacher/8").rglob("d/*"), key=lambda path: path.stat().st_size)
    content = bytearray(arrays.read_bytes())
    content[len(content) // 2] ^= 0xFF
    arrays.write_bytes(content)
    state = tiny.train(tmp_path, config, ("teacher",), Reporter(say=said.append))
    assert any("8 is damaged" in line for line in said), said
    assert any("resuming at step 4" in line for line in said), said
    assert digest(state) == teacher_digest


def test_another_seed_is_another_run(tmp_path: Path, teacher_digest: str) -> None:
    other = dataclasses.replace(tiny.config(), seed=1)
    assert digest(tiny.train(tmp_path, other, ("teacher",))) != teacher_digest


def test_divergence_saves_the_last_good_state_and_names_step_and_term(tmp_path: Path) -> None:
    config = tiny.config(student__optimiser__learning_rate=1e30, student__optimiser__warmup_steps=0)
    with pytest.raises(TrainingDivergedError, match=r"student diverged: .* not finite at step \d+"):
        tiny.train(tmp_path, config, ("student",))
    with Checkpoints(tmp_path / "checkpoints/student") as checkpoints:
        assert checkpoints is not None
    saved = [int(p.name) for p in (tmp_path / "checkpoints/student").iterdir() if p.name.isdigit()]
    assert saved
    assert max(saved) < 8
    with pytest.raises(TrainingDivergedError, match="would again"):
        tiny.train(tmp_path, config, ("student",))


def test_another_config_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with RunFolder(tmp_path) as folder:
        folder.claim({"config": {"seed": 0}})
        folder.claim({"config": {"seed": 0}})
        with pytest.raises(UserError, match=r"config\.seed is 0 there and 1 here"):
            folder.claim({"config": {"seed": 1}})


def test_a_run_folder_has_one_writer(tmp_path: Path) -> None:
    with RunFolder(tmp_path), pytest.raises(UserError, match="in use by another process"), RunFolder(tmp_path):
        pass
    with RunFolder(tmp_path):
        pass


def test_a_run_that_never_began_leaves_no_folder(tmp_path: Path) -> None:
    new, there, claimed = (tmp_path / name for name in ("new", "there", "claimed"))
    there.mkdir()
    for path in (new, there):
        with RunFolder(path):
            assert (path / "lock").is_file()
    with RunFolder(claimed) as folder:
        folder.claim({"data": "walks"})
    assert not new.exists()
    assert there.is_dir()
    assert (claimed / "config.json").is_file()


def test_log_lines_after_the_checkpoint_are_forgotten(tmp_path: Path) -> None:
    with RunFolder(tmp_path) as folder:
        for step in (2, 4, 6):
            folder.log({"stage": "teacher", "step": step})
        with open(tmp_path / "metrics.jsonl", "a") as file:
            file.write('{"stage": "teac')
        folder.forget_after("teacher", 4)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4]


def test_status_is_merged(tmp_path: Path) -> None:
    with RunFolder(tmp_path) as folder:
        folder.status(a=1, b=2)
        assert folder.status(b=3) == {"a": 1, "b": 3}
    np.testing.assert_equal(json.loads((tmp_path / "status.json").read_text()), {"a": 1, "b": 3})
