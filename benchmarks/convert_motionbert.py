"""Time and peak memory of reading MotionBERT's Human3.6M pickle: ``python -m benchmarks.convert_motionbert``.

Writes a stand-in with as many frames as the true ``h36m_sh_conf_cam_source_final.pkl`` has (1,559,752 to train on,
566,920 to test on; 1.2 GB), every name an object of its own, which is the most that a file of this kind can ask
of a reader. Then it is read and written as native files in a process of its own, so that the peak is that of the
conversion alone.
"""

import argparse
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.datasets.convert import write_splits
from pn3d.datasets.human36m import SUBJECTS
from pn3d.datasets.human36m_cameras import CAMERA_NAMES
from pn3d.datasets.motionbert import ACTION_OF_NUMBER, read_motionbert

TRAIN_FRAMES, TEST_FRAMES = 1_559_752, 566_920
_TRIALS = (1, 2)


def write_stand_in(path: Path, train_frames: int, test_frames: int, seed: int) -> None:
    """A pickle of MotionBERT's layout; numbers are noise of the right size."""
    rng = np.random.default_rng(seed)
    content = {"train": _part(rng, "train", train_frames), "test": _part(rng, "test", test_frames)}
    test = content["test"]
    test["joints_2.5d_image"] = rng.normal(0, 300, (test_frames, 17, 3))
    test["joint3d_image"] = test["joint3d_image"].astype(np.float64)
    test["2.5d_factor"] = rng.uniform(3, 5, test_frames)
    test["action"] = [str(number) for number in rng.integers(2, 17, test_frames)]
    with path.open("wb") as stream:
        pickle.dump(content, stream, protocol=4)


def _part(rng: np.random.Generator, split: str, frames: int) -> dict[str, Any]:
    """What both splits hold: runs of frames of every subject, action, trial and camera."""
    names = [
        f"s_{int(subject[1:]):02d}_act_{action:02d}_subact_{trial:02d}_ca_{camera:02d}"
        for subject in SUBJECTS[split]
        for action in ACTION_OF_NUMBER
        for trial in _TRIALS
        for camera in range(1, 5)
    ]
    run = np.arange(frames) * len(names) // frames
    return {
        "joint_2d": rng.uniform(100, 900, (frames, 17, 2)).astype(np.float32),
        "confidence": rng.uniform(0, 1, (frames, 17, 1)).astype(np.float32),
        "joint3d_image": rng.uniform(100, 900, (frames, 17, 3)).astype(np.float32),
        "camera_name": ["".join(CAMERA_NAMES[i % 4]) for i in run],
        "source": ["".join([names[i][:4], names[i][4:]]) for i in run],
    }


def convert(source: Path, target: Path) -> None:
    """What the child process does; prints seconds, frames and the peak in MB."""
    start = time.perf_counter()
    splits = read_motionbert(source)
    write_splits(target, splits)
    seconds = time.perf_counter() - start
    frames = sum(clips.frames for clips in splits.values())
    print(seconds, frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the true number of frames")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--convert", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.convert:
        convert(*options.convert)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "h36m.pkl"
        write_stand_in(source, int(TRAIN_FRAMES * options.share), int(TEST_FRAMES * options.share), options.seed)
        size_mb = source.stat().st_size / 2**20
        command = [sys.executable, "-m", "benchmarks.convert_motionbert"]
        command += ["--convert", str(source), str(Path(folder) / "h36m.npz")]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, frames, peak_mb = (float(word) for word in output.split())
    print(f"a pickle of {size_mb:,.0f} MB, {frames:,.0f} frames kept: {seconds:.1f} s, peak {peak_mb:,.0f} MB")


if __name__ == "__main__":
    main()
