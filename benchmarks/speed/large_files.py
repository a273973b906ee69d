"""Seconds and memory to read one large file: ``python -m benchmarks.speed.large_files [MEGABYTES]`` (100).

One person who walks, as a table of a row per frame, a table of a row per joint, and a COCO results file;
each is read once in a process of its own, from the page cache. An hour of OpenPose files is
``python -m benchmarks.speed.detectors 108000 "openpose body25" 1``.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks.speed.detectors import long_walk
from pn3d.detectors import person_clips, read_keypoints
from pn3d.geometry.skeleton import COCO17

SIZE = (1280, 720)
FPS = 30.0


def _row_per_frame(walk: np.ndarray) -> Iterator[str]:
    yield "frame,time," + ",".join(f"{joint}_{axis}" for joint in COCO17.joints for axis in ("x", "y", "confidence"))
    rows = [",".join(f"{value:.3f}" for value in frame.reshape(-1)) for frame in walk]
    for frame in count():
        yield f"\n{frame},{frame / FPS:.4f},{rows[frame % len(rows)]}"


def _row_per_joint(walk: np.ndarray) -> Iterator[str]:
    yield "frame,landmark,x,y,visibility"
    rows = [
        [f"{joint},{x:.3f},{y:.3f},{score:.3f}" for joint, (x, y, score) in zip(COCO17.joints, frame, strict=True)]
        for frame in walk
    ]
    for frame in count():
        yield "".join(f"\n{frame},{row}" for row in rows[frame % len(rows)])


def _coco_results(walk: np.ndarray) -> Iterator[str]:
    yield "["
    rows = [
        json.dumps({"category_id": 1, "keypoints": np.round(frame.reshape(-1), 3).tolist(), "score": 0.9})[1:]
        for frame in walk.astype(np.float64)
    ]
    for frame in count():
        yield f'{"," if frame else ""}\n{{"image_id": {frame}, {rows[frame % len(rows)]}'


FORMS = {"wide.csv": _row_per_frame, "long.csv": _row_per_joint, "coco.json": _coco_results}


def write(path: Path, megabytes: float) -> None:
    """A file of this size, its last frame whole."""
    with path.open("w") as stream:
        for text in FORMS[path.name](long_walk("coco17", 400, 1)[:, 0]):
            stream.write(text)
            if stream.tell() > megabytes * 1e6:
                break
        stream.write("]\n" if path.suffix == ".json" else "\n")


def measure(path: Path) -> None:
    """Reads one file and prints what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    clips = person_clips(read_keypoints(path, fps=FPS, image_size=SIZE))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{path.name:<10} {clips.frames} frames: {wall:6.2f} s, processor {cpu:6.2f} s, peak {peak:.0f} MB")


def main(megabytes: str = "100", path: str = "") -> None:
    """Measures every form in a process of its own."""
    if path:
        measure(Path(path))
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in FORMS:
            file = Path(folder) / name
            write(file, float(megabytes))
            subprocess.run([sys.executable, "-m", "benchmarks.speed.large_files", megabytes, str(file)], check=True)
            file.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
