"""AMASS-style npz (SMPL+H layout, z up) for the Meshcapade Blender add-on, aitviewer and motion models."""

import io
import os
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.export.motion import Motion
from pn3d.files.atomic import write_atomically
from pn3d.geometry.kinematics import resample_motion, retarget_rotations

RATES = (30, 60, 120)
"""Rates that the Blender add-on plays at the right speed: it truncates the rate to an integer and keeps every
``int(rate / 30)``-th frame."""

Z_UP_OF_Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""+90 degrees about x: (x, y, z) -> (x, -z, y)."""

_POSE_VALUES = 156
_BODY_JOINTS = 22


def amass_rate(fps: float) -> int:
    """The smallest of 30, 60, 120 that is not below ``fps``; 120 for anything faster."""
    return next((rate for rate in RATES if fps <= rate + 1e-6), RATES[-1])


def amass_arrays(motion: Motion, rate: int | None = None) -> dict[str, np.ndarray]:
    """The arrays of the file, by key.

    Poses are resampled by slerp to an integer ``rate`` (default ``amass_rate``), turned from y up to z up, and cut to
    the 22 joints that SMPL and SMPL+H share, hands zero. A turned root moves the translation with the pelvis' rest
    place as pivot: ``trans' = R (J0 + trans) - J0``.

    Shape coefficients are only written for a body with SMPL's own basis. For any other body they are zero, and the
    rotations are retargeted to the rest joints at zero shape, which is what the reader then poses: bone directions
    and the path of the pelvis stay, lengths become the reader's.

    Returns:
        ``poses (T, 156)``, ``trans (T, 3)`` and ``betas (16,)`` float64, ``gender``, both ``mocap_framerate`` and
        ``mocap_frame_rate`` float64 (whole numbers), and ``pn3d_…``, which readers ignore.
    """
    rate = amass_rate(motion.fps) if rate is None else rate
    poses, transl_m = resample_motion(motion.poses_world, motion.transl_world_m, motion.fps, rate)
    betas = np.zeros(16)
    rest_of_reader = np.asarray(motion.rest_joints_m, np.float64)
    if motion.betas_are_smpl:
        betas[: min(16, len(motion.betas))] = motion.betas[:16]
    elif motion.zero_shape_rest_joints_m is not None:
        rest_of_reader = np.asarray(motion.zero_shape_rest_joints_m, np.float64)
        poses = retarget_rotations(poses, motion.rest_joints_m, rest_of_reader, motion.parents)
    pelvis_m = motion.rest_joints_m[0] + transl_m
    values = np.zeros((len(poses), _POSE_VALUES))
    values[:, :3] = (Rotation.from_matrix(Z_UP_OF_Y_UP) * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
    values[:, 3 : 3 * _BODY_JOINTS] = poses[:, 1:_BODY_JOINTS].reshape(len(poses), -1)
    return {
        "poses": values,
        "trans": pelvis_m @ Z_UP_OF_Y_UP.T - rest_of_reader[0],
        "betas": betas,
        "gender": np.array("neutral"),
        "mocap_framerate": np.array(float(rate)),
        "mocap_frame_rate": np.array(float(rate)),
        "pn3d_body_name": np.array(motion.body_name),
        "pn3d_first_frame": np.array(motion.frame_numbers[0]),
        "pn3d_start_s": np.array(motion.times_s[0]),
    }


def write_amass(path: str | os.PathLike[str], motion: Motion, rate: int | None = None) -> Path:
    """Writes ``amass_arrays`` as a compressed npz without pickles. Raises UserError where it cannot be written."""
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **amass_arrays(motion, rate))
    return write_atomically(path, stream.getvalue())
