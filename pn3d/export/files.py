"""Which files each export format makes, and writing several at once."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pn3d.export.amass import write_amass
from pn3d.export.bvh import write_bvh
from pn3d.export.csv_files import write_angles_csv, write_joints_csv
from pn3d.export.gltf import write_gltf, write_stick_gltf
from pn3d.export.motion import Motion
from pn3d.export.rigs import check_rig
from pn3d.export.trc import write_trc
from pn3d.export.video_time import video_time, write_video_time
from pn3d.export.viewer import write_viewer
from pn3d.files.errors import UserError

EXPORTS: dict[str, tuple[tuple[str, Callable[..., object]], ...]] = {
    "npz": (),
    "amass": (("motion_amass.npz", write_amass),),
    "bvh": (("motion.bvh", write_bvh), ("motion.json", write_video_time)),
    "glb": (("body.glb", write_gltf),),
    "csv": (("joints.csv", write_joints_csv), ("angles.csv", write_angles_csv)),
    "trc": (("motion.trc", write_trc),),
    "html": (("result.html", write_viewer),),
}
"""Format -> (file name, writer) pairs. ``npz`` is the prediction itself, which is written in any case. ``glb`` also
writes ``teacher.glb``, a stick figure, if there is a teacher."""


def check_formats(formats: Sequence[str], rig: str = "smpl") -> None:
    """Raises UserError for a format or a rig that does not exist, and for a rig that a format cannot have."""
    for name in formats:
        if name not in EXPORTS:
            raise UserError(f"unknown export format {name!r}; expected some of {', '.join(EXPORTS)}")
    check_rig(rig, formats)


def write_exports(
    folder: str | os.PathLike[str], motion: Motion, formats: Sequence[str], *, rig: str = "smpl"
) -> list[Path]:
    """Writes the files of each format into a folder, made where there is none, and returns their paths.

    ``rig`` is the skeleton of BVH and GLB. Raises UserError for a format or rig that does not exist, before anything is
    written, and where a file cannot be written.
    """
    check_formats(formats, rig)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}") from None
    written = []
    for name in formats:
        for file_name, write in EXPORTS[name]:
            own: dict[str, str] = {"rig": rig} if write in (write_bvh, write_gltf) else {}
            write(Path(folder) / file_name, motion, **own)
            written.append(Path(folder) / file_name)
        if name == "glb" and motion.teacher_joints_world_m is not None:
            path = Path(folder) / "teacher.glb"
            layout, extras = motion.joint_layout, video_time(motion)
            written.append(write_stick_gltf(path, motion.teacher_joints_world_m, layout, motion.fps, extras=extras))
    return written
