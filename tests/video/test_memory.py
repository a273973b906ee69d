"""What was freed goes back to the system."""

import ctypes
import sys
from pathlib import Path

import pytest

from pn3d.video.memory import give_back_memory


def resident_mb() -> float:
    """Of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc"
)
def test_freed_memory_goes_back_to_the_system() -> None:
    blocks = [bytes(1000) for _ in range(100_000)]
    kept = blocks[::1000]  # so that the allocator cannot give back its end by itself
    del blocks
    before = resident_mb()
    give_back_memory()
    assert resident_mb() < before - 50
    assert all(block == bytes(1000) for block in kept)
