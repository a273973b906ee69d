"""Counts what reading warns of where nothing is wrong: ``python -m benchmarks.robustness.false_alarms FILE [FILE …]``.

Of a native file every clip is also looked at as a track of a detector's file is, for steps that nobody can make, at its
own rate and at every sixth frame of it (5 of 30 per second).
"""

import itertools
import sys
from collections import Counter

import numpy as np

from pn3d.data.clips import Clips
from pn3d.detectors import read_keypoints
from pn3d.detectors.breaks import find_breaks

EVERY = (1, 6)


def broken_steps(clips: Clips, every: int) -> list[str]:
    """Where clips break, as text."""
    found = []
    for clip, (begin, end) in enumerate(itertools.pairwise(clips.clip_start)):
        rows = slice(int(begin), int(end), every)
        keypoints, confidence = clips.keypoints[rows], clips.confidence[rows]
        seen = np.asarray((confidence > 0).any(-1))
        frames = np.arange(len(seen))[seen]
        rate = float(clips.fps[clip]) / every
        breaks = find_breaks(frames, keypoints[seen], confidence[seen], np.zeros(len(frames), np.int64), rate)
        found += [f"{clips.clip_name[clip]} at {frame / rate:.2f} s" for frame in breaks.exchanged + breaks.cut]
    return found


def main() -> None:
    """Prints, for each file, the clips, the warnings, and the steps."""
    for name in sys.argv[1:]:
        read = read_keypoints(name, all_people=True)
        print(f"{name}: {len(read.people)} people or clips, {len(read.warnings)} warnings")
        for sentence, count in Counter(read.warnings).items():
            print(f"  {count} x {sentence}")
        if read.clips is None:
            print(f"  broken at {list(read.broken_s)} s")
            continue
        for every in EVERY:
            steps = broken_steps(read.clips, every)
            print(f"  every {every}: {read.clips.frames // every} steps, broken: {len(steps)} {steps[:6]}")


if __name__ == "__main__":
    main()
