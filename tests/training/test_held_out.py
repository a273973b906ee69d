"""Stage 1 with 2D held out: the best checkpoint by the 2D signal is handed on, also after a stop, and verify knows."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from pn3d.commands.main import main
from pn3d.config import validate
from pn3d.files.errors import UserError
from pn3d.training.checkpoint import digest
from pn3d.training.loop import Reporter, run_stage
from pn3d.training.model_selection import state_score
from pn3d.training.parallel import replicate
from pn3d.training.run_folder import RunFolder
from pn3d.training.state import TrainState, init_state
from tests.support import tiny


def _run(folder: Path, best_step: int, seen: dict[int, str]) -> TrainState:
    """Stage 1 with a signal that likes one step; the digests of what it is shown are kept in ``seen``."""
    cfg, mesh = tiny.config(), tiny.devices(2)

    def signal(state: TrainState) -> float:
        seen[int(state.step)] = digest(state)
        return abs(int(state.step) - best_step) + 0.25

    with RunFolder(folder) as run:
        quiet = Reporter(say=lambda _: None)
        data = replicate(tiny.data(), mesh)
        return run_stage(cfg, "teacher", init_state(cfg), data, tiny.scene(), run, mesh, quiet, signal)


def test_the_best_checkpoint_by_the_signal_is_returned_and_is_the_state_of_its_step(tmp_path: Path) -> None:
    seen: dict[int, str] = {}
    best = _run(tmp_path, 4, seen)
    assert int(best.step) == 4
    assert list(seen) == [4, 8]
    assert digest(best) == seen[4]
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert {row["step"]: row["signal"] for row in rows if "signal" in row} == {4: 0.25, 8: 4.25}
    # Nothing is left to train: the finished run says the same again.
    assert digest(_run(tmp_path, 4, {})) == digest(best)


def test_the_signal_sees_the_averaged_teacher_alone() -> None:
    state = replicate(init_state(tiny.config()), tiny.devices(1))
    signal = state_score(tiny.config().model, tiny.scene().networks.teacher, tiny.data())
    moved = dataclasses.replace(state, student=state.teacher, step=state.step + 1)
    assert signal(state) == signal(moved)
    assert np.isfinite(signal(state))


@pytest.mark.slow
def test_train_logs_the_signal_uses_its_pick_and_verify_reruns_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    words = ["train", "--preset", "tiny", "--run", str(folder), "--set", "data.held_out_share=0.4"]
    for stage in ("teacher", "student"):
        assert main([*words, "--stage", stage]) == 0
    said = capsys.readouterr().out
    assert "held out: the 2D of" in said
    assert "has the best 2D signal and is used" in said
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    signals = {row["step"]: row["signal"] for row in rows if "signal" in row}
    assert set(signals) == {4, 8}
    assert all(row["stage"] == "teacher" for row in rows if "signal" in row)
    assert f"step {min(signals, key=lambda step: signals[step])} has the best" in said
    # The student's stage is equal only if it starts from the picked teacher, also where stage 1 is not run to its end.
    assert main(["verify", str(folder)]) == 0
    assert main(["verify", str(folder), "--steps", "4"]) == 0


def test_a_share_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(UserError, match=r"data\.held_out_share is 1\.5, expected a share"):
        validate(tiny.config(data__held_out_share=1.5))
