"""Weights that ship: means of two trainings player by player, and a card that tells what went into them."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from pn3d.files.errors import UserError
from pn3d.inference.weights import Weights, load_weights, save_weights
from pn3d.models.networks import Params
from tests.support import tiny
from tools import ship_weights


def _weights(folder: Path, name: str, scale: float, facts: dict[str, Any]) -> Path:
    """Weights of the tiny networks, every number of a fresh one times ``scale``."""
    state, path = tiny.first_state(), folder / name / "weights.npz"
    path.parent.mkdir()
    teacher, student = (_scaled(player.params, scale) for player in (state.teacher, state.student))
    save_weights(path, Weights(tiny.config(), teacher, student, "body", "0" * 64, facts))
    return path


def _scaled(params: Params, scale: float) -> Params:
    return jax.tree.map(lambda leaf: scale * np.asarray(leaf), params)


def _ship(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["ship_weights", *(str(word) for word in words)])
    ship_weights.main()


def test_players_are_averaged_one_by_one_and_the_card_says_of_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "walks.npz"
    data.write_bytes(b"keypoints")
    first = _weights(tmp_path, "first", 1.0, {"stage": "joint", "seconds_per_stage": {"teacher": 50.0}})
    before = _weights(tmp_path, "before", 1.0, {"stage": "joint"})
    status = {"inputs": {"init": str(first)}, "seconds_per_stage": {"teacher": 10.0}}
    before.with_name("status.json").write_text(json.dumps(status))
    facts = {"stage": "student", "training_data": {"files": ["walks.npz"]}}
    run = _weights(tmp_path, "run", 3.0, facts).parent
    status = {
        "inputs": {"init": str(before)},
        "seconds_per_stage": {"teacher": 1.5, "student": 30.0},
        "devices": "1 x cpu",
        "versions": {"jax": "0"},
    }
    (run / "status.json").write_text(json.dumps(status))
    written = tmp_path / "shipped.npz"
    common = (run, "--command", "python train.py", "--date", "2026-01-02", "--output", written)
    _ship(monkeypatch, *common, "--train", data, "--average-teacher", before, "0.25")
    shipped, state = load_weights(written), tiny.first_state()
    for player, scale in (("teacher", 1.5), ("student", 3.0)):
        expected, found = _scaled(getattr(state, player).params, scale), getattr(shipped, player)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6), found, expected)
    card = shipped.facts
    assert card["input_sha256"] == {"walks.npz": hashlib.sha256(b"keypoints").hexdigest()}
    assert card["seconds_per_stage"] == {"teacher": 61.5, "student": 30.0}
    source = {"stage": "joint", "sha256": load_weights(before).sha256, "share_of_the_end": 0.25}
    assert card["averaged_with"] == {"teacher": source}
    assert (card["command"], card["date"], card["devices"]) == ("python train.py", "2026-01-02", "1 x cpu")
    other = tmp_path / "runs.npz"
    other.write_bytes(b"")
    with pytest.raises(UserError, match=r"--train: the run was trained on walks\.npz"):
        _ship(monkeypatch, *common, "--train", other)
