"""Reference skeletons of other programs: bone names, parents, and the axes of every bone in the rig's rest pose.

Facts read off files of the rigs: Mixamo's X Bot, Unreal Engine 5's SKM_Manny; VRM 1.0 leaves axes open, and files made
for it have none of their own. Lines of a table: bone, parent, the joint of ``smpl24`` whose rotation it takes, how far
along that joint's bone it sits, and the quaternion (w, x, y, z) from the bone's axes to the world's (x left, y up, z
forward, as in GLB) at rest. Bones of the left side stand for both.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

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


_MIXAMO = """
Hips          -            pelvis         0  0.99998 0.00646 0 0
Spine         Hips         spine1         0  0.99728 -0.07372 0 0
Spine1        Spine        spine2         0  0.99728 -0.07372 0 0
Spine2        Spine1       spine3         0  0.99815 -0.06086 0 0
Neck          Spine2       neck           0  0.99815 -0.06086 0 0
Head          Neck         head           0  0.99815 -0.06086 0 0
LeftShoulder  Spine2       left_collar    0  -0.43182 -0.45899 -0.53789 0.55994
LeftArm       LeftShoulder left_shoulder  0  0.5 0.5 0.5 -0.5
LeftForeArm   LeftArm      left_elbow     0  0.5 0.5 0.5 -0.5
LeftHand      LeftForeArm  left_wrist     0  0.5 0.5 0.5 -0.5
LeftUpLeg     Hips         left_hip       0  0 0 0.00391 0.99999
LeftLeg       LeftUpLeg    left_knee      0  0 0 -0.03421 0.99941
LeftFoot      LeftLeg      left_ankle     0  0 0 0.42910 0.90326
LeftToeBase   LeftFoot     left_foot      0  0 0 0.70711 0.70711
"""
# Manny's own axes are left-handed and z up; these are they as Unreal's glTF files hold them (y and z exchanged).
_UNREAL = """
root        -           -             0    1 0 0 0
pelvis      root        pelvis        0    0.70675 -0.02241 0.02241 0.70675
spine_01    pelvis      spine1        0    0.70395 0.06669 -0.06669 0.70395
spine_02    spine_01    spine1        0.5  0.70565 0.04538 -0.04538 0.70565
spine_03    spine_02    spine2        0    0.70676 -0.02213 0.02213 0.70676
spine_04    spine_03    spine2        0.5  0.70470 -0.05827 0.05827 0.70470
spine_05    spine_04    spine3        0    0.70434 -0.06246 0.06246 0.70434
neck_01     spine_05    neck          0    0.70199 0.08491 -0.08491 0.70199
neck_02     neck_01     neck          0.5  0.70331 0.07318 -0.07318 0.70331
head        neck_02     head          0    0.70711 0 0 0.70711
clavicle_l  spine_05    left_collar   0    0.99680 0.00004 0.02302 -0.07654
upperarm_l  clavicle_l  left_shoulder 0    0.88718 -0.03041 0.00259 -0.46041
lowerarm_l  upperarm_l  left_elbow    0    0.83721 -0.18228 -0.29355 -0.42388
hand_l      lowerarm_l  left_wrist    0    -0.59846 0.60887 -0.00965 0.52060
thigh_l     pelvis      left_hip      0    0.68574 0.04997 0.05370 0.72414
calf_l      thigh_l     left_knee     0    0.68743 0.08154 0.02370 0.72127
foot_l      calf_l      left_ankle    0    0.70589 0.06363 0.04138 0.70425
ball_l      foot_l      left_foot     0    0.52839 0.54297 -0.46988 0.45298
"""
_VRM = """
hips          -             pelvis        0  1 0 0 0
spine         hips          spine1        0  1 0 0 0
chest         spine         spine2        0  1 0 0 0
upperChest    chest         spine3        0  1 0 0 0
neck          upperChest    neck          0  1 0 0 0
head          neck          head          0  1 0 0 0
leftShoulder  upperChest    left_collar   0  1 0 0 0
leftUpperArm  leftShoulder  left_shoulder 0  1 0 0 0
leftLowerArm  leftUpperArm  left_elbow    0  1 0 0 0
leftHand      leftLowerArm  left_wrist    0  1 0 0 0
leftUpperLeg  hips          left_hip      0  1 0 0 0
leftLowerLeg  leftUpperLeg  left_knee     0  1 0 0 0
leftFoot      leftLowerLeg  left_ankle    0  1 0 0 0
leftToes      leftFoot      left_foot     0  1 0 0 0
"""

_LIMBS = ("left_hip", "left_knee", "left_shoulder", "left_elbow", "left_wrist")


def _bones(table: str, left: str, right: str, *, negated: bool, prefix: str = "") -> tuple[Bone, ...]:
    """Bones of a table and, where their names begin or end with ``left``, their twins, a whole chain at a time.

    ``negated``: the twin's axes are the mirror images' opposites, else only its x is.
    """
    lines = [line.split() for line in table.strip().splitlines()]
    bones = []
    for name, parent, joint, along, *numbers in lines:
        axes = Rotation.from_quat([float(number) for number in numbers], scalar_first=True).as_matrix()
        parent, joint = ("" if word == "-" else word for word in (parent, joint))
        bones.append(Bone(prefix + name, parent and prefix + parent, joint, float(along), axes))

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
    mixamo = _bones(_MIXAMO, "Left", "Right", negated=False, prefix="mixamorig:")
    unreal = _bones(_UNREAL, "_l", "_r", negated=True)
    vrm = _bones(_VRM, "left", "right", negated=False)
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
