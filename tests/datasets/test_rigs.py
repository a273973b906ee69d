"""Every rig's own hierarchy is read to the joints that it means; what only looks like a rig is refused."""

from pathlib import Path

import numpy as np
import pytest

from pn3d.datasets.bvh import read_bvh_file
from pn3d.datasets.bvh_names import h36m17_joints_m, joint_places
from pn3d.datasets.rigs import RIGS
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from tests.support.bvh_files import Joint, bvh_text, joints_of, motion_of

_AT = {
    "hip": (0.1, -0.08, 0.0),
    "knee": (0.11, -0.5, 0.02),
    "ankle": (0.11, -0.9, -0.02),
    "shoulder": (0.19, 0.45, -0.01),
    "elbow": (0.46, 0.44, -0.03),
    "wrist": (0.71, 0.44, 0.0),
}
_PARTS = tuple(_AT)

# A chain from the trunk outwards: joints apart by "|", those that are meant behind "=" (the side is "*").
HIERARCHIES: dict[str, dict[str, str]] = {
    "mixamo": {
        "trunk": "mixamorig:Hips|mixamorig:Spine|mixamorig:Spine1|mixamorig:Spine2",
        "head": "mixamorig:Neck|=mixamorig:Head|mixamorig:HeadTop_End",
        "leg": "=mixamorig:*UpLeg|=mixamorig:*Leg|=mixamorig:*Foot|mixamorig:*ToeBase|mixamorig:*Toe_End",
        "arm": "mixamorig:*Shoulder|=mixamorig:*Arm|=mixamorig:*ForeArm|=mixamorig:*Hand|mixamorig:*HandThumb1",
        "side": "Left Right",
    },
    "mixamo, names without a colon": {
        "trunk": "mixamorigHips|mixamorigSpine|mixamorigSpine1",
        "head": "mixamorigNeck|=mixamorigHead|mixamorigHeadTop_End",
        "leg": "=mixamorig*UpLeg|=mixamorig*Leg|=mixamorig*Foot|mixamorig*ToeBase",
        "arm": "mixamorig*Shoulder|=mixamorig*Arm|=mixamorig*ForeArm|=mixamorig*Hand|mixamorig*HandIndex1",
        "side": "Left Right",
    },
    "mixamo without the prefix": {
        "trunk": "Hips|Spine|Spine1|Spine2",
        "head": "Neck|=Head|HeadTop_End",
        "leg": "=*UpLeg|=*Leg|=*Foot|*ToeBase",
        "arm": "*Shoulder|=*Arm|=*ForeArm|=*Hand|*HandMiddle1",
        "side": "Left Right",
    },
    "cmu for daz": {
        "trunk": "hip|abdomen|chest",
        "head": "neck|=head|leftEye",
        "leg": "*Buttock|=*Thigh|=*Shin|=*Foot",
        "arm": "*Collar|=*Shldr|=*ForeArm|=*Hand|*Thumb1",
        "side": "l r",
    },
    "daz genesis 8": {
        "trunk": "hip|pelvis|abdomenLower|abdomenUpper|chestLower|chestUpper",
        "head": "neckLower|neckUpper|=head|upperTeeth",
        "leg": "=*ThighBend|*ThighTwist|=*Shin|=*Foot|*Metatarsals",
        "arm": "*Collar|=*ShldrBend|*ShldrTwist|=*ForearmBend|*ForearmTwist|=*Hand|*Carpal1",
        "side": "l r",
    },
    "daz genesis 9": {
        "trunk": "hip|pelvis|spine1|spine2|spine3",
        "head": "neck1|neck2|=head",
        "leg": "=*_thigh|*_thightwist1|=*_shin|=*_foot|*_toes",
        "arm": "*_shoulder|=*_upperarm|*_upperarmtwist1|=*_forearm|*_forearmtwist1|=*_hand",
        "side": "l r",
    },
    "character creator": {
        "trunk": "RL_BoneRoot|CC_Base_Hip|CC_Base_Waist|CC_Base_Spine01|CC_Base_Spine02",
        "head": "CC_Base_NeckTwist01|CC_Base_NeckTwist02|=CC_Base_Head|CC_Base_FacialBone",
        "leg": "=CC_Base_*_Thigh|=CC_Base_*_Calf|=CC_Base_*_Foot|CC_Base_*_ToeBaseShareBone",
        "arm": "CC_Base_*_Clavicle|=CC_Base_*_Upperarm|=CC_Base_*_Forearm|=CC_Base_*_Hand|CC_Base_*_Mid1",
        "side": "L R",
    },
    "accurig": {
        "trunk": "CC_Base_BoneRoot|CC_Base_Hip|CC_Base_Pelvis|CC_Base_Waist|CC_Base_Spine01",
        "head": "CC_Base_NeckTwist01|=CC_Base_Head",
        "leg": "=CC_Base_*_Thigh|CC_Base_*_ThighTwist01|=CC_Base_*_Calf|=CC_Base_*_Foot|CC_Base_*_ToeBase",
        "arm": "CC_Base_*_Clavicle|=CC_Base_*_Upperarm|CC_Base_*_UpperarmTwist01|=CC_Base_*_Forearm|=CC_Base_*_Hand",
        "side": "L R",
    },
    "rokoko": {
        "trunk": "Hips|Spine1|Spine2|Spine3|Spine4",
        "head": "Neck|=Head",
        "leg": "=*Thigh|=*Shin|=*Foot|*Toe|*ToeTip",
        "arm": "*Shoulder|=*Arm|=*ForeArm|=*Hand|*Finger1Metacarpal",
        "side": "Left Right",
    },
    "unreal": {
        "trunk": "root|pelvis|spine_01|spine_02|spine_03",
        "head": "neck_01|=head",
        "leg": "=thigh_*|=calf_*|=foot_*|ball_*",
        "arm": "clavicle_*|=upperarm_*|=lowerarm_*|=hand_*|index_01_*",
        "side": "l r",
    },
    "vroid": {
        "trunk": "Root|J_Bip_C_Hips|J_Bip_C_Spine|J_Bip_C_Chest|J_Bip_C_UpperChest",
        "head": "J_Bip_C_Neck|=J_Bip_C_Head|J_Adj_L_FaceEye",
        "leg": "=J_Bip_*_UpperLeg|=J_Bip_*_LowerLeg|=J_Bip_*_Foot|J_Bip_*_ToeBase",
        "arm": "J_Bip_*_Shoulder|=J_Bip_*_UpperArm|=J_Bip_*_LowerArm|=J_Bip_*_Hand|J_Bip_*_Index1",
        "side": "L R",
    },
    "vrm humanoid": {
        "trunk": "hips|spine|chest|upperChest",
        "head": "neck|=head",
        "leg": "=*UpperLeg|=*LowerLeg|=*Foot|*Toes",
        "arm": "*Shoulder|=*UpperArm|=*LowerArm|=*Hand",
        "side": "left right",
    },
    "unity humanoid": {
        "trunk": "Hips|Spine|Chest|UpperChest",
        "head": "Neck|=Head",
        "leg": "=*UpperLeg|=*LowerLeg|=*Foot|*Toes",
        "arm": "*Shoulder|=*UpperArm|=*LowerArm|=*Hand|*IndexProximal",
        "side": "Left Right",
    },
    "biped": {
        "trunk": "Bip01|Bip01 Pelvis|Bip01 Spine|Bip01 Spine1",
        "head": "Bip01 Neck|=Bip01 Head|Bip01 HeadNub",
        "leg": "=Bip01 * Thigh|=Bip01 * Calf|=Bip01 * Foot|Bip01 * Toe0|Bip01 * Toe0Nub",
        "arm": "Bip01 * Clavicle|=Bip01 * UpperArm|=Bip01 * Forearm|=Bip01 * Hand|Bip01 * Finger0",
        "side": "L R",
    },
    "biped, spaces lost": {
        "trunk": "Bip001|Bip001_Pelvis|Bip001_Spine",
        "head": "Bip001_Neck|=Bip001_Head|Bip001_HeadNub",
        "leg": "=Bip001_*_Thigh|=Bip001_*_Calf|=Bip001_*_Foot|Bip001_*_Toe0",
        "arm": "Bip001_*_Clavicle|=Bip001_*_UpperArm|=Bip001_*_Forearm|=Bip001_*_Hand",
        "side": "L R",
    },
    "xsens bvh": {
        "trunk": "Hips|Chest|Chest2|Chest3|Chest4",
        "head": "Neck|=Head",
        "leg": "=*Hip|=*Knee|=*Ankle|*Toe",
        "arm": "*Collar|=*Shoulder|=*Elbow|=*Wrist",
        "side": "Left Right",
    },
    "mvn segments": {
        "trunk": "Pelvis|L5|L3|T12|T8",
        "head": "Neck|=Head",
        "leg": "=*UpperLeg|=*LowerLeg|=*Foot|*Toe",
        "arm": "*Shoulder|=*UpperArm|=*ForeArm|=*Hand",
        "side": "Left Right",
    },
    "auto-rig pro": {
        "trunk": "root.x|spine_01.x|spine_02.x|spine_03.x",
        "head": "neck.x|=head.x",
        "leg": "=thigh_stretch.*|=leg_stretch.*|=foot.*|toes_01.*",
        "arm": "shoulder.*|=arm_stretch.*|=forearm_stretch.*|=hand.*|c_thumb1.*",
        "side": "l r",
    },
    "rigify, deforming bones": {
        "trunk": "DEF-spine|DEF-spine.001|DEF-spine.002|DEF-spine.003",
        "head": "DEF-spine.004|DEF-spine.005|=DEF-spine.006",
        "leg": "=DEF-thigh.*|DEF-thigh.*.001|=DEF-shin.*|DEF-shin.*.001|=DEF-foot.*|DEF-toe.*",
        "arm": "DEF-shoulder.*|=DEF-upper_arm.*|DEF-upper_arm.*.001|=DEF-forearm.*|DEF-forearm.*.001|=DEF-hand.*",
        "side": "L R",
    },
    "motive": {
        "trunk": "Skeleton 002:Hip|Skeleton 002:Ab|Skeleton 002:Chest",
        "head": "Skeleton 002:Neck|=Skeleton 002:Head",
        "leg": "=Skeleton 002:*Thigh|=Skeleton 002:*Shin|=Skeleton 002:*Foot|Skeleton 002:*Toe",
        "arm": "Skeleton 002:*Shoulder|=Skeleton 002:*UArm|=Skeleton 002:*FArm|=Skeleton 002:*Hand",
        "side": "L R",
    },
    "synty": {
        "trunk": "Root|Hips|Spine_01|Spine_02|Spine_03",
        "head": "Neck|=Head",
        "leg": "=UpperLeg_*|=LowerLeg_*|=Ankle_*|Ball_*|Toes_*",
        "arm": "Clavicle_*|=Shoulder_*|=Elbow_*|=Hand_*",
        "side": "L R",
    },
    "bento": {
        "trunk": "mPelvis|mTorso|mChest",
        "head": "mNeck|=mHead|mSkull",
        "leg": "=mHip*|=mKnee*|=mAnkle*|mFoot*",
        "arm": "mCollar*|=mShoulder*|=mElbow*|=mWrist*",
        "side": "Left Right",
    },
    "makehuman": {
        "trunk": "root|spine05|spine04|spine03",
        "head": "neck01|neck02|=head",
        "leg": "pelvis.*|=upperleg01.*|upperleg02.*|=lowerleg01.*|lowerleg02.*|=foot.*|toe1-1.*",
        "arm": "clavicle.*|shoulder01.*|=upperarm01.*|upperarm02.*|=lowerarm01.*|lowerarm02.*|=wrist.*",
        "side": "L R",
    },
    "asf names": {
        "trunk": "root|lowerback|upperback|thorax",
        "head": "lowerneck|upperneck|=head",
        "leg": "*hipjoint|=*femur|=*tibia|=*foot|*toes",
        "arm": "*clavicle|=*humerus|=*radius|=*wrist|*hand|*fingers",
        "side": "l r",
    },
    "numbers behind every name": {
        "trunk": "Hips_01|Spine_02|Spine1_03",
        "head": "Neck_04|=Head_05",
        "leg": "=*UpLeg_11|=*Leg_12|=*Foot_13|*ToeBase_14",
        "arm": "*Shoulder_21|=*Arm_22|=*ForeArm_23|=*Hand_24",
        "side": "Left Right",
    },
    "something behind every name": {
        "trunk": "hips_JNT|spine_JNT|spine1_JNT",
        "head": "neck_JNT|=head_JNT",
        "leg": "=*_upleg_JNT|=*_leg_JNT|=*_foot_JNT|*_toebase_JNT",
        "arm": "*_shoulder_JNT|=*_arm_JNT|=*_forearm_JNT|=*_hand_JNT",
        "side": "l r",
    },
}


def _limb(chain: list[str], parts: tuple[str, ...], x: float, meant: dict[str, str], side: str) -> Joint:
    """A chain of joints; those behind "=" stand at their parts, others between their neighbours."""
    roles = iter(parts)
    first = np.array([0.03, 0.0 if "hip" in parts else 0.42, 0.0])
    places: list[np.ndarray] = []
    for name in chain:
        if name.startswith("="):
            role = next(roles)
            meant[f"{side}_{role}"] = name[1:]
            places.append(np.array(_AT[role]))
        else:
            done = [part for part in parts if f"{side}_{part}" in meant]
            if not done:
                places.append(first)
            elif len(done) == len(parts):
                places.append(places[-1] + [0.0, -0.03, 0.1])
            else:
                places.append((np.array(_AT[done[-1]]) + np.array(_AT[parts[len(done)]])) / 2)
    joint: Joint | None = None
    for i in reversed(range(len(chain))):
        before = places[i - 1] if i else np.zeros(3)
        offset = (places[i] - before) * [np.sign(x), 1, 1]
        joint = Joint(chain[i].removeprefix("="), tuple(offset), [joint] if joint else [], end=(0, -0.01, 0.05))
    assert joint is not None
    return joint


def skeleton_of(rig: dict[str, str]) -> tuple[Joint, dict[str, str]]:
    """The hierarchy as joints, and for each joint of ours the name that means it."""
    meant: dict[str, str] = {}
    limbs: dict[str, list[Joint]] = {"leg": [], "arm": []}
    for side, word, x in zip(("left", "right"), rig["side"].split(), (1, -1), strict=True):
        for limb, parts in (("leg", _PARTS[:3]), ("arm", _PARTS[3:])):
            chain = [name.replace("*", word) for name in rig[limb].split("|")]
            limbs[limb].append(_limb(chain, parts, x, meant, side))
    head: Joint | None = None
    names = rig["head"].split("|")
    for i, name in reversed(list(enumerate(names))):
        offset = (0.0, 0.45, 0.0) if i == 0 else (0.0, 0.08, 0.01)
        head = Joint(name.removeprefix("="), offset, [head] if head else [], end=(0, 0.12, 0))
        if name.startswith("="):
            meant["neck"] = name[1:]
    assert head is not None
    trunk = rig["trunk"].split("|")
    # Chests sit in the pelvis: what matters is where limbs are.
    joint = Joint(trunk[-1], (0, 0, 0), [head, *limbs["arm"]])
    for name in reversed(trunk[1:-1]):
        joint = Joint(name, (0, 0, 0), [joint])
    return Joint(trunk[0], (0, 0, 0), [*limbs["leg"], joint]), meant


@pytest.mark.parametrize("name", HIERARCHIES)
def test_joints_of_a_rig(name: str, tmp_path: Path) -> None:
    skeleton, meant = skeleton_of(HIERARCHIES[name])
    angles, path = motion_of(skeleton, 5, seed=1)
    (tmp_path / "a.bvh").write_text(bvh_text(skeleton, angles, path, unit_m=0.01))
    bvh = read_bvh_file(tmp_path / "a.bvh")
    found = {joint: bvh.names[place] for joint, place in joint_places(bvh).items() if joint != "head"}
    assert found == meant
    at = joints_of(skeleton, angles, path)
    joints = h36m17_joints_m(bvh)
    for joint, own in meant.items():
        np.testing.assert_allclose(joints[:, H36M17.index(joint)], at[own], atol=2e-5, err_msg=joint)


def test_every_row_of_the_table_is_tried_and_names_its_source() -> None:
    tried = set()
    for rig in HIERARCHIES.values():
        for limb in ("leg", "arm"):
            for row in RIGS:
                names = [n[1:] for n in rig[limb].split("|") if n.startswith("=")]
                plain = ["".join(c for c in n.lower() if c.isalnum() or c == "*") for n in names]
                wanted = ["".join(c for c in n.lower() if c.isalnum() or c == "*") for n in getattr(row, limb)]
                if all(one.endswith(other) or other in one for one, other in zip(plain, wanted, strict=True)):
                    tried.add((row.name, limb))
    untried = {row.name for row in RIGS} - {name for name, _ in tried}
    assert untried <= {"Sintel", "Rigify of Blender 2.7", "Bandai-Namco"}, "the last is in test_bvh.py"
    assert all(len(row.source) > 15 for row in RIGS)


REFUSED = {
    "a joint between": ("arm", "Up_*|=Shoulder_*|Arm_*|=Elbow_*|=Hand_*", "'Arm_Left' stands between 'Shoulder_Left'"),
    "an elbow of no rig": ("arm", "*Shoulder|=*Arm|=*Cubit|=*Hand", "lacks 'leftforearm' of MotionBuilder"),
    "legs of nobody": ("leg", "=*Haunch|=*Stifle|=*Hock", "no joints for hip, knee and ankle"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_known_rig_is_refused_by_name(case: str, tmp_path: Path) -> None:
    limb, chain, message = REFUSED[case]
    skeleton, _ = skeleton_of(HIERARCHIES["mixamo without the prefix"] | {limb: chain})
    (tmp_path / "a.bvh").write_text(bvh_text(skeleton, *motion_of(skeleton, 3, seed=1)))
    with pytest.raises(UserError, match=message) as caught:
        h36m17_joints_m(read_bvh_file(tmp_path / "a.bvh"))
    assert "\n" not in str(caught.value)


def test_sides_of_two_kinds_and_a_leg_elsewhere_are_refused(tmp_path: Path) -> None:
    skeleton, _ = skeleton_of(HIERARCHIES["unreal"])
    text = bvh_text(skeleton, *motion_of(skeleton, 3, seed=1))
    (tmp_path / "a.bvh").write_text(text.replace("JOINT calf_r", "JOINT calf_x"))
    with pytest.raises(UserError, match="lacks 'calfr' of Unreal"):
        h36m17_joints_m(read_bvh_file(tmp_path / "a.bvh"))
    (tmp_path / "a.bvh").write_text(
        text.replace("calf_r", "SWAP").replace("calf_l", "calf_r").replace("SWAP", "calf_l")
    )
    with pytest.raises(UserError, match="does not hang on"):
        h36m17_joints_m(read_bvh_file(tmp_path / "a.bvh"))


def test_the_page_lists_the_table() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "datasets.md").read_text()
    for rig in RIGS:
        names = [", ".join(f"`{name}`" for name in limb) for limb in (rig.leg, rig.arm)]
        assert f"| {rig.name} | {names[0]} | {names[1]} | {rig.source} |" in page
