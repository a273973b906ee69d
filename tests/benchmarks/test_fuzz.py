"""Damaged files of every kind: read, or refused in one line."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.robustness import fuzz_names
from benchmarks.robustness.fuzz_body import base_files, mutated_files, outcome
from benchmarks.robustness.fuzz_detectors import fuzz, mutate_bytes
from pn3d.detectors import tables
from pn3d.detectors.video_file import read_video_facts
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import COCO17
from tests.detectors.test_video_file import avi, mkv, mp4


def test_mutated_body_files(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for name, data in base_files().items():
        path.write_bytes(data)
        assert outcome(path) == "read", name
    results = set()
    for name, data in mutated_files(seed=7, count=300):
        path.write_bytes(data)
        results.add(outcome(path))
        assert results <= {"read", "refused"}, name
    assert results == {"read", "refused"}


def test_mutated_keypoint_files():
    lines: list[str] = []
    outcome = fuzz(330, seed=11, say=lines.append)
    assert outcome["failed"] == 0, "\n".join(lines)
    assert outcome["read"] > 30
    assert outcome["refused"] > 30


def test_mutated_videos(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    rng = np.random.default_rng(0)
    for whole in (mp4(), avi(), mkv()) * 100:
        path.write_bytes(mutate_bytes(whole, rng))
        with contextlib.suppress(UserError):
            read_video_facts(path)


def test_names_that_move_change_nothing_in_silence() -> None:
    outcome = fuzz_names.fuzz(96, 1, say=lambda text: None)
    assert outcome["failed"] == outcome["silent"] == 0
    assert outcome["refused"] <= fuzz_names.MOST_REFUSED * 96


def test_a_reader_that_goes_by_order_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_order(where: str, names: tuple[str, ...], layout: str | None) -> tuple[list[int], tuple[str, ...]]:
        return list(range(len(names))), COCO17.joints[: len(names)]

    monkeypatch.setattr(tables, "_joint_order", by_order)
    outcome = fuzz_names.fuzz(120, 0, say=lambda text: None)
    assert outcome["silent"]
