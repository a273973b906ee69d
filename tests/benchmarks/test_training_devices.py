"""The number of devices and processes changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.robustness import training_devices


@pytest.mark.slow
def test_device_and_process_counts_change_nothing(tmp_path: Path) -> None:
    """The joint stage, which has every player: 20 steps on 1, 2 and 4 devices and on 2 processes x 2 devices."""
    names = list(training_devices.LAYOUTS)
    with ThreadPoolExecutor(2) as pool:
        run = lambda name: training_devices.run_layout(name, "tiny", ["joint"], [20], tmp_path)  # noqa: E731
        results = dict(zip(names, pool.map(run, names), strict=True))
    for name in ("2", "4", "2x2"):
        worst, same = training_devices.differences(results["1"], results[name], "joint", 20)
        assert same, name
        assert worst < 1e-5, (name, worst)
