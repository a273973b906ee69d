"""CSV tables: joints in metres, named joint angles in degrees; one row per frame, units in the column names."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pn3d.export.joint_angles import angle_names, joint_angles_deg, without_undetermined
from pn3d.export.motion import CONTACTS, Motion
from pn3d.files.atomic import write_atomically
from pn3d.geometry.skeleton import SMPL24


def table_text(columns: Sequence[str], values: np.ndarray, motion: Motion, digits: int) -> str:
    """``frame`` and ``time_s`` of the video, ``filled`` (1 where the person was not detected) and the given columns;
    ``values`` is (T, len(columns)), NaN an empty cell."""
    if values.shape[1:] != (len(columns),):
        raise ValueError(f"values: expected (T, {len(columns)}), found {values.shape}")
    template = ",".join(["%d", "%.6f", "%d"] + [f"%.{digits}f"] * len(columns))
    lines = [",".join(["frame", "time_s", "filled", *columns])]
    filled = np.zeros(len(values), bool) if motion.filled is None else motion.filled
    rows = zip(motion.frame_numbers, motion.times_s, filled, values, strict=True)
    # NaN is an empty cell.
    lines += [(template % (frame, time_s, mark, *row)).replace("nan", "") for frame, time_s, mark, row in rows]
    return "\n".join(lines) + "\n"


def joints_csv_text(motion: Motion) -> str:
    """Joints in the world in metres: the 24 of the body as ``body_<joint>_<axis>_m``, then, where the motion has them,
    the student's and the teacher's data-set joints as ``student_…`` and ``teacher_…``, and the probability that a foot
    stands as ``contact_…``."""
    sources = [("body", SMPL24.joints, motion.body_joints_world_m())]
    if motion.joints_world_m is not None:
        sources.append(("student", motion.joint_layout.joints, motion.joints_world_m))
    if motion.teacher_joints_world_m is not None:
        sources.append(("teacher", motion.joint_layout.joints, motion.teacher_joints_world_m))
    columns = [f"{who}_{joint}_{axis}_m" for who, joints, _ in sources for joint in joints for axis in "xyz"]
    values = np.concatenate([joints_m.reshape(motion.num_frames, -1) for _, _, joints_m in sources], axis=1)
    if motion.foot_contact is not None:
        columns += [f"contact_{point}" for point in CONTACTS]
        values = np.concatenate([values, motion.foot_contact], axis=1)
    return table_text(columns, values, motion, digits=5)


def angles_csv_text(motion: Motion) -> str:
    """Joint angles as ``<name>_deg``; names, signs and zero in ``joint_angles``. Cells of angles that nothing in the
    picture determines are empty."""
    columns = [f"{name}_deg" for name in angle_names()]
    angles = joint_angles_deg(motion.poses_world, motion.rest_joints_m)
    return table_text(columns, without_undetermined(angles, motion.ankles_measured), motion, digits=3)


def write_joints_csv(path: str | os.PathLike[str], motion: Motion) -> Path:
    """Writes ``joints_csv_text``. Raises UserError where it cannot be written."""
    return write_atomically(path, joints_csv_text(motion))


def write_angles_csv(path: str | os.PathLike[str], motion: Motion) -> Path:
    """Writes ``angles_csv_text``. Raises UserError where it cannot be written."""
    return write_atomically(path, angles_csv_text(motion))
