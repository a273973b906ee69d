"""Damaged files of every kind: read, or refused in one line."""

import contextlib
from pathlib import Path

import numpy as np

from benchmarks.robustness.fuzz_body import base_files, mutated_files, outcome
from benchmarks.robustness.fuzz_detectors import fuzz, mutate_bytes
from pn3d.detectors.video_file import read_video_facts
from pn3d.files.errors import UserError
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
