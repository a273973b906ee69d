"""Built-in motion as a keypoint file without truth, to train on beside recorded motion.

``python -m benchmarks.builtin_file OUT.npz --clips 400 --seed 0``
"""

import argparse
from pathlib import Path

from pn3d.data.clips import write_clips
from pn3d.inference.predict import without_truth
from pn3d.synthetic.scenes import make_synthetic_clips


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--frames", type=int, default=150, help="of every clip")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    clips = make_synthetic_clips(arguments.seed, arguments.clips, arguments.frames)
    write_clips(arguments.output, without_truth(clips))


if __name__ == "__main__":
    main()
