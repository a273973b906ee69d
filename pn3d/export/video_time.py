"""Which part of the video a motion is: for formats that have no place for it, a JSON file beside them."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.export.motion import Motion
from pn3d.files.atomic import write_json
from pn3d.geometry.runs import runs


def video_time(motion: Motion) -> dict[str, Any]:
    """Number and time of the first frame, rate, and frames that were filled in, as [first, last + 1] of the motion."""
    filled = np.zeros(motion.num_frames, bool) if motion.filled is None else motion.filled
    return {
        "name": motion.name,
        "frames": motion.num_frames,
        "fps": float(motion.fps),
        "first_frame": int(motion.frame_numbers[0]),
        "last_frame": int(motion.frame_numbers[-1]),
        "start_s": round(float(motion.times_s[0]), 6),
        "filled": runs(filled),
    }


def write_video_time(path: str | os.PathLike[str], motion: Motion) -> Path:
    """Writes ``video_time``. Raises UserError where it cannot be written."""
    return write_json(path, video_time(motion))
