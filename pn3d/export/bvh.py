"""BVH: the 24 joints as a skeleton with the shaped rest offsets, in centimetres and degrees, y up."""

import os
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.export.motion import Motion
from pn3d.files.atomic import write_atomically
from pn3d.geometry.euler import euler_angles, unwrap_euler_angles
from pn3d.geometry.kinematics import in_chunks
from pn3d.geometry.skeleton import SMPL24

ORDER = "zyx"
"""Channels Zrotation Yrotation Xrotation, that is R = Rz Ry Rx on column vectors, the usual order of public files."""

_CM = 100.0
_TIP = 0.6


def bvh_text(motion: Motion) -> str:
    """The whole file.

    The root's OFFSET is zero and its position channels are the pelvis in the world, so that readers that add the two
    and readers that replace one by the other agree. BVH has no place for end sites of a body without finger and toe
    joints; the tips are drawn on at 0.6 of the last bone (our choice).
    """
    lines = ["HIERARCHY"]
    _append_joint(lines, 0, 0, motion)
    pelvis_cm = (motion.rest_joints_m[0] + motion.transl_world_m) * _CM
    order = _depth_first(motion.parents)
    angles = in_chunks(lambda part: euler_angles(Rotation.from_rotvec(part), ORDER), motion.poses_world[:, order])
    angles = np.degrees(unwrap_euler_angles(angles, ORDER))
    rows = np.concatenate([pelvis_cm, angles.reshape(motion.num_frames, -1)], axis=1)
    lines += ["MOTION", f"Frames: {motion.num_frames}", f"Frame Time: {1.0 / motion.fps:.8f}"]
    template = " ".join(["%.4f"] * rows.shape[1])
    lines += [template % tuple(row) for row in rows]
    return "\n".join(lines) + "\n"


def write_bvh(path: str | os.PathLike[str], motion: Motion) -> Path:
    """Writes ``bvh_text``. Raises UserError where it cannot be written."""
    return write_atomically(path, bvh_text(motion))


def _children(parents: tuple[int, ...], joint: int) -> list[int]:
    return [child for child, parent in enumerate(parents) if parent == joint]


def _depth_first(parents: tuple[int, ...], joint: int = 0) -> list[int]:
    """Joint indices in the order in which the hierarchy lists them, which is the order of the channels."""
    return [joint] + [index for child in _children(parents, joint) for index in _depth_first(parents, child)]


def _append_joint(lines: list[str], joint: int, depth: int, motion: Motion) -> None:
    pad, inner = "\t" * depth, "\t" * (depth + 1)
    parent = motion.parents[joint]
    offset_cm = (motion.rest_joints_m[joint] - motion.rest_joints_m[parent]) * _CM if parent >= 0 else np.zeros(3)
    rotations = " ".join(f"{axis.upper()}rotation" for axis in ORDER)
    channels = f"3 {rotations}" if parent >= 0 else f"6 Xposition Yposition Zposition {rotations}"
    lines += [
        f"{pad}{'JOINT' if parent >= 0 else 'ROOT'} {SMPL24.joints[joint]}",
        f"{pad}{{",
        f"{inner}OFFSET {_numbers(offset_cm)}",
        f"{inner}CHANNELS {channels}",
    ]
    children = _children(motion.parents, joint)
    for child in children:
        _append_joint(lines, child, depth + 1, motion)
    if not children:
        lines += [f"{inner}End Site", f"{inner}{{", f"{inner}\tOFFSET {_numbers(offset_cm * _TIP)}", f"{inner}}}"]
    lines.append(f"{pad}}}")


def _numbers(values: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in values)
