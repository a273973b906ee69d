"""Reference skeletons of other programs: bone names, parents, and the axes of every bone in the rig's rest pose."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.files.tables import read_table
from pn3d.geometry.skeleton import mirrored_name

MIRROR = np.diag([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Bone:
    """One bone.

    Attributes:
        name: in the rig.
        parent: name of its parent, "" for the root.
        joint: of smpl24; it takes that joint's rotation. "" = it stays at the origin.
        along: where it sits, as a share of the way from that joint to the joint's next one.
        axes: (3, 3) rotation from the bone's axes to the world's at rest.
    """

    name: str
    parent: str
    joint: str
    along: float
    axes: np.ndarray


@dataclass(frozen=True)
class Rig:
    """A reference skeleton.

    Attributes:
        name: how the option calls it.
        bones: parents before children.
        limbs: joint of smpl24 -> (3, 3) where the anatomical axes of that segment lie at rest (x left, y up, z forward
            of somebody who stands straight with the arms out to the sides, palms down).
        foot_yaw_deg: how far feet point outwards at rest.
        tips: bones that end a chain: name -> the bone at whose end they are.
        mover: the bone that carries the path through the world.
    """

    name: str
    bones: tuple[Bone, ...]
    limbs: dict[str, np.ndarray]
    foot_yaw_deg: float = 0.0
    tips: tuple[tuple[str, str], ...] = ()
    mover: str = ""


_TABLE = read_table(__file__, "rig_bones.csv")
_LIMBS = ("left_hip", "left_knee", "left_shoulder", "left_elbow", "left_wrist")


def _bones(rig: str, left: str, right: str, *, negated: bool, prefix: str = "") -> tuple[Bone, ...]:
    """Bones of ``rig_bones.csv`` and, where they are of the left side, their twins, a whole chain at a time.

    ``left`` and ``right`` are the sides in names. ``negated``: the twin's axes are the mirror images' opposites, else
    only its x is.
    """
    bones = []
    for row in _TABLE:
        if row["rig"] == rig:
            axes = Rotation.from_quat([float(row[key]) for key in "wxyz"], scalar_first=True).as_matrix()
            parent = row["parent"] and prefix + row["parent"]
            bones.append(Bone(prefix + row["bone"], parent, row["joint"], float(row["along"]), axes))

    def twin(bone: Bone) -> Bone:
        names = [word.replace(left, right) for word in (bone.name, bone.parent)]
        axes = -MIRROR @ bone.axes if negated else MIRROR @ bone.axes @ MIRROR
        return dataclasses.replace(bone, name=names[0], parent=names[1], joint=mirrored_name(bone.joint), axes=axes)

    return tuple(bones) + tuple(twin(bone) for bone in bones if bone.joint.startswith("left_"))


def _limbs(bones: tuple[Bone, ...], bone_axes: dict[str, str]) -> dict[str, np.ndarray]:
    """Where anatomical axes lie, from which axes of the bone they are, such as "-x -y +z"; no entry: left, up, forward.

    Of both sides, mirrored.
    """
    of_joint = {bone.joint: bone for bone in bones if bone.along == 0}
    limbs = {}
    for joint in _LIMBS:
        frame = np.eye(3)
        if joint in bone_axes:
            columns = [float(word[0] + "1") * np.eye(3)["xyz".index(word[1])] for word in bone_axes[joint].split()]
            frame = of_joint[joint].axes @ np.stack(columns, axis=1)
        limbs[joint], limbs[mirrored_name(joint)] = frame, MIRROR @ frame @ MIRROR
    return limbs


def _rigs() -> tuple[Rig, ...]:
    mixamo = _bones("mixamo", "Left", "Right", negated=False, prefix="mixamorig:")
    unreal = _bones("unreal", "_l", "_r", negated=True)
    vrm = _bones("vrm", "left", "right", negated=False)
    leg, arm = "-x -y +z", "+y -z -x"
    in_mixamo = {"left_hip": leg, "left_knee": leg, "left_shoulder": arm, "left_elbow": arm, "left_wrist": arm}
    leg = "-y +x +z"
    in_unreal = {"left_hip": leg, "left_knee": leg, "left_wrist": "+x +z -y"}
    in_unreal |= dict.fromkeys(("left_shoulder", "left_elbow"), "+x +y +z")
    tips = [("HeadTop_End", "Head"), ("LeftToe_End", "LeftToeBase"), ("RightToe_End", "RightToeBase")]
    return (
        Rig(
            "mixamo",
            mixamo,
            _limbs(mixamo, in_mixamo),
            tips=tuple((f"mixamorig:{tip}", f"mixamorig:{bone}") for tip, bone in tips),
            mover="mixamorig:Hips",
        ),
        Rig("unreal", unreal, _limbs(unreal, in_unreal), foot_yaw_deg=6.46, mover="pelvis"),
        Rig("vrm", vrm, _limbs(vrm, {}), mover="hips"),
    )


RIGS: dict[str, Rig] = {rig.name: rig for rig in _rigs()}
"""By name. ``smpl``, the body's own skeleton, needs no table."""
