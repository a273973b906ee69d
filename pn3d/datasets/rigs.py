"""How rigs call the joints of limbs and head: one table, a row for each family of names, with a public source of it.

``*`` is the side, as a word (left, right) or a letter (l, r), in any case; spaces, dots, dashes and underscores do not
count, and whatever stands before and behind the name in the same way on all joints of a rig (``mixamorig:``, ``DEF-``,
``CC_Base_``, ``_JNT``) does not either. A joint is where its bone begins: the thigh begins at the hip.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rig:
    """A family of names.

    Attributes:
        name: whose they are.
        leg: hip, knee and ankle.
        arm: shoulder, elbow and wrist.
        source: where the names are published.
        head: names of the joint at the base of the skull.
    """

    name: str
    leg: tuple[str, str, str]
    arm: tuple[str, str, str]
    source: str
    head: tuple[str, ...] = ("Head",)


def _rig(name: str, leg: str, arm: str, source: str, *head: str) -> Rig:
    hip, knee, ankle = leg.split(", ")
    shoulder, elbow, wrist = arm.split(", ")
    return Rig(name, (hip, knee, ankle), (shoulder, elbow, wrist), source, head or ("Head",))


RIGS: tuple[Rig, ...] = (
    _rig(
        "MotionBuilder, HumanIK, Mixamo, CMU for MotionBuilder, LAFAN1, Perception Neuron",
        "*UpLeg, *Leg, *Foot",
        "*Arm, *ForeArm, *Hand",
        "Autodesk MotionBuilder help, 'Bone naming conventions'; una-dinosauria/cmu-mocap; "
        "saturday06/VRM-Addon-for-Blender human_bone_mapper/mixamo_mapping.py",
    ),
    _rig(
        "Biovision, Xsens MVN's BVH, SMPL",
        "*Hip, *Knee, *Ankle",
        "*Shoulder, *Elbow, *Wrist",
        "Motion Capture File Formats Explained (M. Meredith, S. Maddock), section BVH; vchoutas/smplx joint_names.py",
    ),
    _rig(
        "Xsens MVN's segments",
        "*UpperLeg, *LowerLeg, *Foot",
        "*UpperArm, *ForeArm, *Hand",
        "Xsens MVN user manual, names of segments (Pelvis, L5, L3, T12, T8, …)",
    ),
    _rig(
        "Unity humanoid, VRM",
        "*UpperLeg, *LowerLeg, *Foot",
        "*UpperArm, *LowerArm, *Hand",
        "docs.unity3d.com HumanBodyBones; vrm-c/vrm-specification VRMC_vrm-1.0/humanoid.md",
    ),
    _rig(
        "VRoid",
        "J_Bip_*_UpperLeg, J_Bip_*_LowerLeg, J_Bip_*_Foot",
        "J_Bip_*_UpperArm, J_Bip_*_LowerArm, J_Bip_*_Hand",
        "saturday06/VRM-Addon-for-Blender human_bone_mapper/vroid_mapping.py",
        "J_Bip_C_Head",
    ),
    _rig("Rokoko", "*Thigh, *Shin, *Foot", "*Arm, *ForeArm, *Hand", "DADIU-2019-Team-4/MoMa BoneType.cs (Newton)"),
    _rig(
        "DAZ and Poser figures to Genesis 2, CMU for DAZ, Second Life",
        "*Thigh, *Shin, *Foot",
        "*Shldr, *ForeArm, *Hand",
        "cgspeed.com, 'The Daz-friendly BVH release of CMU's motion capture database'",
    ),
    _rig(
        "DAZ Genesis 3 and 8",
        "*ThighBend, *Shin, *Foot",
        "*ShldrBend, *ForearmBend, *Hand",
        "pKrime/Expy-Kit rig_mapping/presets/Daz_Genesis_8.py",
    ),
    _rig(
        "Blender Rigify, DAZ Genesis 9",
        "thigh.*, shin.*, foot.*",
        "upper_arm.*, forearm.*, hand.*",
        "pKrime/Expy-Kit rig_mapping/presets/Rigify_Metarig.py, Rigify_Deform.py; DAZ Genesis 9 bones (l_thigh …)",
        "Head",
        "spine.006",
    ),
    _rig(
        "Rigify of Blender 2.7",
        "thigh.01.*, shin.01.*, foot.*",
        "upper_arm.01.*, forearm.01.*, hand.*",
        "pKrime/Expy-Kit rig_mapping/presets/Rigify_Legacy_Deform.py",
    ),
    _rig(
        "Auto-Rig Pro",
        "thigh_stretch.*, leg_stretch.*, foot.*",
        "arm_stretch.*, forearm_stretch.*, hand.*",
        "lucky3d.fr/auto-rig-pro/doc/ge_export_doc.html",
        "head.x",
    ),
    _rig(
        "Unreal's mannequin",
        "thigh_*, calf_*, foot_*",
        "upperarm_*, lowerarm_*, hand_*",
        "saturday06/VRM-Addon-for-Blender human_bone_mapper/unreal_mapping.py",
    ),
    _rig(
        "3ds Max Biped, Rocketbox, Character Creator, ActorCore, AccuRIG",
        "* Thigh, * Calf, * Foot",
        "* UpperArm, * Forearm, * Hand",
        "saturday06/VRM-Addon-for-Blender human_bone_mapper/biped_mapping.py, reallusion_mapping.py; "
        "pKrime/Expy-Kit rig_mapping/presets/ActorCore.py",
    ),
    _rig(
        "Bandai-Namco",
        "UpperLeg_*, LowerLeg_*, Foot_*",
        "UpperArm_*, LowerArm_*, Hand_*",
        "BandaiNamcoResearchInc/Bandai-Namco-Research-Motiondataset",
    ),
    _rig(
        "Synty",
        "UpperLeg_*, LowerLeg_*, Ankle_*",
        "Shoulder_*, Elbow_*, Hand_*",
        "hierarchy of Synty's Polygon characters (Clavicle_L, Shoulder_L, Elbow_L, Hand_L)",
    ),
    _rig(
        "OptiTrack Motive",
        "*Thigh, *Shin, *Foot",
        "*UArm, *FArm, *Hand",
        "OptiTrack NatNet's names of bones (Hip, Ab, Chest, LUArm, …)",
    ),
    _rig(
        "Kinect, Second Life's Bento, Advanced Skeleton",
        "Hip*, Knee*, Ankle*",
        "Shoulder*, Elbow*, Wrist*",
        "learn.microsoft.com, Azure Kinect body joints; wiki.secondlife.com, Bento skeleton (mHipLeft …)",
        "Head",
        "Head_M",
    ),
    _rig(
        "CMU's ASF",
        "*femur, *tibia, *foot",
        "*humerus, *radius, *wrist",
        "mocap.cs.cmu.edu, .asf files",
    ),
    _rig(
        "MakeHuman",
        "upperleg01.*, lowerleg01.*, foot.*",
        "upperarm01.*, lowerarm01.*, wrist.*",
        "saturday06/VRM-Addon-for-Blender human_bone_mapper/mpfb_mapping.py",
    ),
    _rig(
        "Sintel",
        "UpLeg_*, LoLeg_*, Foot_*",
        "UpArm_*, LoArm_*, Hand_*",
        "Blender MakeWalk target 'Sintel_Light'",
    ),
)
