"""The moving picture at the top of the README, made anew: ``python -m tools.overlay_picture [FILE.webp]``.

A video of built-in motion (``tools.demo_video``), the person whom MediaPipe finds in it, the body on the video with the
weights that ship, and that overlay as an animated WebP. Needs the extras video and mediapipe.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.moving_picture import write_webp

MOTION, SIZE = "kata", (960, 540)
WIDTH, STRIDE, QUALITY = 800, 1, 70


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="The moving picture at the top of the README.")
    parser.add_argument("target", type=Path, nargs="?", default=Path("docs/pictures/overlay.webp"))
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep video, prediction and overlay here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        video, out = folder / "walk.mp4", folder / "out"
        size = [str(side) for side in SIZE]
        for command in (
            ["tools.demo_video", str(video), "--motion", MOTION, "--size", *size],
            ["pn3d", "predict", str(video), "--output", str(out), "--detector", "mediapipe", "--export", "mp4"],
        ):
            subprocess.run([sys.executable, "-m", *command], check=True)
        count = write_webp(out / "overlay.mp4", options.target, WIDTH, STRIDE, QUALITY, None, None)
    print(f"{options.target}: {count} frames, {options.target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
