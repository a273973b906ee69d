"""TRC: marker trajectories for OpenSim, in millimetres, x forward, y up, z to the right."""

import os
from pathlib import Path

import numpy as np

from pn3d.export.motion import Motion
from pn3d.files.atomic import write_atomically
from pn3d.geometry.skeleton import SMPL24

OPENSIM_OF_WORLD = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
"""Our (x left, y up, z forward) -> OpenSim's (x forward, y up, z right)."""


def trc_text(motion: Motion) -> str:
    """The whole file: the 24 joint centres of the body as markers named after the joints, frame numbers from 1, times
    of the video; ``OrigDataStartFrame`` is what the video's first frame is called."""
    joints_mm = motion.body_joints_world_m() @ OPENSIM_OF_WORLD.T * 1000.0
    frames, markers = joints_mm.shape[:2]
    rate = f"{motion.fps:.6g}"
    counts = "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"
    lines = [
        "PathFileType\t4\t(X/Y/Z)\tmotion.trc",
        counts,
        f"{rate}\t{rate}\t{frames}\t{markers}\tmm\t{rate}\t{motion.frame_numbers[0]}\t{frames}",
        "Frame#\tTime\t" + "\t\t\t".join(SMPL24.joints),
        "\t\t" + "\t".join(f"{axis}{number}" for number in range(1, markers + 1) for axis in "XYZ"),
        "",
    ]
    template = "\t".join(["%d", "%.6f"] + ["%.4f"] * (3 * markers))
    rows = zip(motion.times_s, joints_mm.reshape(frames, -1), strict=True)
    lines += [template % (number, time_s, *row) for number, (time_s, row) in enumerate(rows, 1)]
    return "\n".join(lines) + "\n"


def write_trc(path: str | os.PathLike[str], motion: Motion) -> Path:
    """Writes ``trc_text``. Raises UserError where it cannot be written."""
    return write_atomically(path, trc_text(motion))
