"""Time and peak memory of converting Human3.6M: ``python -m benchmarks.convert_human36m``.

Writes a stand-in of the true layout (training subjects, 30 sequences each, four cameras, 17 joints in pixels, pickled
inside the npz as the public files are), then reads it and writes the native file in a process of its own, so that the
peak is that of the conversion alone.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pn3d.data.clips import write_clips
from pn3d.datasets.human36m import ACTIONS, SUBJECTS, read_human36m

_SEQUENCES = len(SUBJECTS["train"]) * len(ACTIONS) * 2
_SYMMETRY = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]


def write_stand_in(path: Path, frames: int, seed: int) -> int:
    """A ``data_2d_h36m_gt.npz`` of at least ``frames`` frames; returns how many."""
    rng = np.random.default_rng(seed)
    length = -(-frames // (_SEQUENCES * 4))
    positions = {
        subject: {
            action + trial: [rng.uniform(0, 1000, (length, 17, 2)).astype(np.float32) for _ in range(4)]
            for action in ACTIONS
            for trial in ("", " 1")
        }
        for subject in SUBJECTS["train"]
    }
    metadata = {"layout_name": "h36m", "num_joints": 17, "keypoints_symmetry": _SYMMETRY}
    np.savez_compressed(path, positions_2d=np.array(positions, dtype=object), metadata=np.array(metadata, dtype=object))
    return length * _SEQUENCES * 4


def convert(source: Path, target: Path) -> None:
    """What the child process does; prints seconds, frames and the peak in MB."""
    start = time.perf_counter()
    clips = read_human36m(source, splits=("train",))["train"]
    write_clips(target, clips)
    seconds = time.perf_counter() - start
    print(seconds, clips.frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_500_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--convert", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.convert:
        convert(*options.convert)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "data_2d_h36m_gt.npz"
        write_stand_in(source, options.frames, options.seed)
        size_mb = source.stat().st_size / 2**20
        command = [sys.executable, "-m", "benchmarks.convert_human36m"]
        command += ["--convert", str(source), str(Path(folder) / "train.npz")]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, frames, peak_mb = (float(word) for word in output.split())
    print(
        f"converting {frames:,.0f} frames of 2D ({size_mb:,.0f} MB): {seconds:.1f} s, peak {peak_mb:,.0f} MB "
        "(bars 60 s, 4,096 MB)"
    )


if __name__ == "__main__":
    main()
