"""BVH: a rig's bones with the shaped rest offsets, in centimetres and degrees, y up."""

import os
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.export.motion import Motion
from pn3d.export.rigs import TIP, RiggedMotion, check_rig, rigged
from pn3d.files.atomic import write_atomically
from pn3d.geometry.euler import euler_angles, unwrap_euler_angles
from pn3d.geometry.kinematics import in_chunks

ORDER = "zyx"
"""Channels Zrotation Yrotation Xrotation, that is R = Rz Ry Rx on column vectors, the usual order of public files."""

_CM = 100.0


def bvh_text(motion: Motion, rig: str = "smpl") -> str:
    """The whole file.

    The root's OFFSET is zero, so that readers that add its position channels to it and readers that replace it by them
    agree. Where the root is the pelvis, its channels are the pelvis in the world; where it is a bone on the ground
    (``unreal``), it carries the path and the rest pose stands on the ground. BVH has no axes at rest: all bones have
    the world's. End sites are the rig's tips, else drawn on at ``TIP`` of the last bone (our choice).

    Raises UserError for a rig that BVH does not have.
    """
    check_rig(rig, ["bvh"])
    body = rigged(motion, rig)
    lines = ["HIERARCHY"]
    _append_bone(lines, 0, 0, body)
    place_cm = (body.mover_places_m() - (body.rest_joints_m[body.mover] if body.mover else 0.0)) * _CM
    order = [bone for bone in _depth_first(body.parents) if not body.tips[bone]]
    rotvecs = body.local_rotvecs(bone_axes=False)[:, order]
    angles = in_chunks(lambda part: euler_angles(Rotation.from_rotvec(part), ORDER), rotvecs)
    angles = np.degrees(unwrap_euler_angles(angles, ORDER))
    rows = np.concatenate([place_cm, angles.reshape(motion.num_frames, -1)], axis=1)
    lines += ["MOTION", f"Frames: {motion.num_frames}", f"Frame Time: {1.0 / motion.fps:.8f}"]
    template = " ".join(["%.4f"] * rows.shape[1])
    lines += [template % tuple(row) for row in rows]
    return "\n".join(lines) + "\n"


def write_bvh(path: str | os.PathLike[str], motion: Motion, rig: str = "smpl") -> Path:
    """Writes ``bvh_text``. Raises UserError where it cannot be written."""
    return write_atomically(path, bvh_text(motion, rig))


def _children(parents: tuple[int, ...], bone: int) -> list[int]:
    return [child for child, parent in enumerate(parents) if parent == bone]


def _depth_first(parents: tuple[int, ...], bone: int = 0) -> list[int]:
    """Bones in the order in which the hierarchy lists them, which is the order of the channels."""
    return [bone] + [index for child in _children(parents, bone) for index in _depth_first(parents, child)]


def _append_bone(lines: list[str], bone: int, depth: int, body: RiggedMotion) -> None:
    pad, inner = "\t" * depth, "\t" * (depth + 1)
    parent = body.parents[bone]
    offset_cm = (body.rest_joints_m[bone] - body.rest_joints_m[parent]) * _CM if parent >= 0 else np.zeros(3)
    rotations = " ".join(f"{axis.upper()}rotation" for axis in ORDER)
    channels = f"3 {rotations}" if parent >= 0 else f"6 Xposition Yposition Zposition {rotations}"
    lines += [
        f"{pad}{'JOINT' if parent >= 0 else 'ROOT'} {body.names[bone]}",
        f"{pad}{{",
        f"{inner}OFFSET {_numbers(offset_cm)}",
        f"{inner}CHANNELS {channels}",
    ]
    children = _children(body.parents, bone)
    for child in children:
        if not body.tips[child]:
            _append_bone(lines, child, depth + 1, body)
    if not children or body.tips[children[0]]:
        tip_cm = _CM * (body.rest_joints_m[children[0]] - body.rest_joints_m[bone]) if children else offset_cm * TIP
        lines += [f"{inner}End Site", f"{inner}{{", f"{inner}\tOFFSET {_numbers(tip_cm)}", f"{inner}}}"]
    lines.append(f"{pad}}}")


def _numbers(values: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in values)
