"""Seconds to read keypoint files: ``python -m benchmarks.detectors_speed [FRAMES]`` (3,000; an hour is 108000).

One process per form, so that its peak memory is its own. Best of three after one reading, of files in the page cache.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.detector_files import SIZE, walking_people
from benchmarks.detector_forms import FORMS
from pn3d.detectors import person_clips, read_keypoints

MEASURED = ("native", "npy", "openpose body25", "alphapose", "mmpose bare", "ultralytics text", "gastnet")


def long_walk(layout: str, frames: int, people: int) -> np.ndarray:
    """(T, P, K, 3) of any length: a short walk there and back."""
    short = walking_people(layout, min(frames, 200), people)
    there_and_back = np.concatenate([short, short[::-1]])
    return there_and_back[np.arange(frames) % len(there_and_back)]


def measure(name: str, frames: int, people: int) -> None:
    """Writes, reads and prints one form."""
    form = FORMS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = form.write(
            Path(folder) / "x" if "folder" in name else Path(folder), long_walk(form.layout, frames, people)
        )
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds = []
        for _ in range(4 if frames < 20_000 else 2):
            begin = time.perf_counter()
            detections = read_keypoints(
                path,
                layout=form.layout if form.needs_layout else None,
                image_size=SIZE if form.normalised else None,
                all_people=True,
            )
            clips = person_clips(detections)
            seconds.append(time.perf_counter() - begin)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    best = min(seconds[1:])
    print(
        f"{name:<20} {people} people {frames} frames: {best:7.3f} s, {frames / best:9.0f} frames/s, "
        f"{clips.num_clips} clips, peak {peak:.0f} MB (writing took {before:.0f})"
    )


def main(frames: str = "3000", *one: str) -> None:
    """Measures every form in a process of its own."""
    if one:
        measure(one[0], int(frames), int(one[1]))
        return
    for name in MEASURED:
        for people in (1, 2) if FORMS[name].people > 1 else (1,):
            command = [sys.executable, "-m", "benchmarks.detectors_speed", frames, name, str(people)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
