"""A few kills of the benchmark of kills."""

from pathlib import Path

import pytest

from benchmarks.robustness import kills


@pytest.mark.slow
def test_three_kills_change_nothing(tmp_path: Path) -> None:
    met, equal = kills.kill_and_finish(tmp_path, kills=3, seed=3)
    assert len(met) == 3
    assert "after its end" not in met
    assert equal
