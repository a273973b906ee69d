"""Other programs' skeletons: names, hierarchy and rest axes as in files of theirs, joints where the body's are."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.export.bvh import bvh_text
from pn3d.export.files import check_formats, write_exports
from pn3d.export.gltf import write_gltf
from pn3d.export.rig_tables import RIGS
from pn3d.export.rigs import RIG_NAMES, rigged
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import SMPL24
from tests.export.test_bvh import read_bvh
from tests.export.test_gltf import Glb
from tests.support.export_samples import sample_motion

MANNY = {
    "pelvis": ("root", [0, 0, -1, 0.06337, 0.99799, 0, 0.99799, -0.06337, 0]),
    "spine_04": ("spine_03", [0.99476, -0.10222, 0, 0.10222, 0.99476, 0, 0, 0, 1]),
    "neck_01": ("spine_05", [0.91405, 0.40559, 0, -0.40559, 0.91405, 0, 0, 0, 1]),
    "clavicle_r": ("spine_05", [0.14213, -0.17932, -0.97347, -0.07203, -0.98272, 0.17051, -0.98722, 0.04589, -0.15259]),
    "upperarm_r": ("clavicle_r", [0.69228, 0.02151, 0.72131, -0.05276, 0.99839, 0.02087, -0.7197, -0.05251, 0.6923]),
    "hand_l": ("lowerarm_l", [0.99915, -0.036, -0.02014, 0.03225, 0.37735, 0.92551, -0.02571, -0.92537, 0.37819]),
    "thigh_l": ("pelvis", [0.99659, 0.05347, -0.06291, -0.062, 0.98784, -0.1426, 0.05452, 0.14601, 0.98778]),
    "foot_l": ("calf_l", [0.99748, -0.04649, 0.05369, 0.04641, 0.99892, 0.00258, -0.05375, -0.00008, 0.99855]),
    "ball_r": ("foot_r", [0, 1, 0, -1, 0, 0, 0, 0, 1]),
}
"""Bone -> parent and its rotation at rest relative to that, row by row, of SKM_Manny as FBX (z up, facing -y)."""

X_BOT = {
    "Spine1": [1, 0, 0, 0, 0.98913, 0.14703, 0, -0.14703, 0.98913],
    "RightShoulder": [-0.2057, -0.97736, 0.04948, -0.01019, -0.04842, -0.99877, 0.97856, -0.20595, 0],
    "RightForeArm": [0, -1, 0, 0, 0, -1, 1, 0, 0],
    "LeftHand": [0, 1, 0, 0, 0, -1, -1, 0, 0],
    "RightLeg": [-1, 0, 0, 0, -0.99766, -0.06835, 0, -0.06835, 0.99766],
    "LeftFoot": [-1, 0, 0, 0, -0.63174, 0.77518, 0, 0.77518, 0.63174],
}
"""Bone -> its rotation in the world at rest, row by row, of Mixamo's X Bot (y up, facing z)."""


@pytest.mark.parametrize("rig", RIG_NAMES)
def test_joints_of_a_glb_are_the_bodys_on_any_rig(tmp_path, rig):
    motion = sample_motion(frames=7, proportions="other")
    write_gltf(tmp_path / "body.glb", motion, rig=rig)
    file, body = Glb((tmp_path / "body.glb").read_bytes()), rigged(motion, rig)
    bones = [index for index, joint in enumerate(body.joint_of_bone) if joint >= 0 and not body.tips[index]]
    if rig != "smpl":
        bones = [index for index in bones if RIGS[rig].bones[index].along == 0]
    expected = motion.body_joints_world_m()[:, body.joint_of_bone[bones]]
    found = np.array([file.posed(frame)[bones, :3, 3] for frame in range(7)])
    assert np.abs(found - expected).max() < 1e-4
    fingers_and_twists = ("twist", "index", "thumb", "Index", "Thumb", "ik_")
    assert not [name for name in body.names if any(word in name for word in fingers_and_twists)]
    assert file.array(0)[:, 1].min() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("rig", ["mixamo", "unreal"])
def test_joints_of_a_bvh_are_the_bodys_on_any_rig(rig):
    motion = sample_motion(frames=7)
    names, _, joints_cm, _ = read_bvh(bvh_text(motion, rig))
    expected = motion.body_joints_world_m()
    for bone in RIGS[rig].bones:
        if bone.joint and bone.along == 0:
            found = joints_cm[:, names.index(bone.name)] / 100
            assert np.abs(found - expected[:, SMPL24.index(bone.joint)]).max() < 1e-4, bone.name


def test_unreal_has_mannys_parents_and_rest_axes():
    body = rigged(sample_motion(frames=1), "unreal")
    z_up_of_y_up = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    # The FBX keeps x, its y is mirrored; glTF files of Unreal exchange y and z of every bone.
    fbx_of_glb = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    in_fbx = {name: z_up_of_y_up @ axes @ fbx_of_glb.T for name, axes in zip(body.names, body.rest_axes, strict=True)}
    for name, (parent, rows) in MANNY.items():
        assert body.names[body.parents[body.names.index(name)]] == parent
        local = in_fbx[parent].T @ in_fbx[name]
        np.testing.assert_allclose(local, np.reshape(rows, (3, 3)), atol=1e-4, err_msg=name)
    upper_arm = body.rest_joints_m[body.names.index("lowerarm_l")] - body.rest_joints_m[body.names.index("upperarm_l")]
    np.testing.assert_allclose(upper_arm / np.linalg.norm(upper_arm), (0.576, -0.817, 0.023), atol=2e-3)


def test_mixamo_has_x_bots_rest_axes_and_stands_in_a_t():
    body = rigged(sample_motion(frames=1, proportions="other"), "mixamo")
    for name, rows in X_BOT.items():
        found = body.rest_axes[body.names.index(f"mixamorig:{name}")]
        np.testing.assert_allclose(found, np.reshape(rows, (3, 3)), atol=2e-4, err_msg=name)
    for bone, child in (("LeftArm", "LeftForeArm"), ("RightForeArm", "RightHand"), ("LeftUpLeg", "LeftLeg")):
        first, second = (body.names.index(f"mixamorig:{name}") for name in (bone, child))
        along = body.rest_axes[first].T @ (body.rest_joints_m[second] - body.rest_joints_m[first])
        assert along[1] > 0
        assert np.hypot(along[0], along[2]) < 1e-6
    assert body.names[body.parents[body.names.index("mixamorig:HeadTop_End")]] == "mixamorig:Head"


def test_mannys_elbows_and_knees_bend_about_the_axis_they_bend_about_in_the_body(tmp_path):
    """Bending the body's elbow and knee by a hinge's turn is a turn about Manny's own hinge axis, z in Unreal."""
    motion = sample_motion(frames=1)
    poses = np.zeros((2, 24, 3))
    poses[1, SMPL24.index("left_elbow"), 1] = -0.6
    poses[1, SMPL24.index("left_knee"), 0] = 0.6
    motion = type(motion)("bend", 25.0, poses, np.zeros((2, 3)), motion.rest_joints_m, "test", mesh=motion.mesh)
    body = rigged(motion, "unreal")
    turns = Rotation.from_rotvec(body.local_rotvecs(bone_axes=True).reshape(-1, 3)).as_matrix()
    turns = turns.reshape(2, -1, 3, 3)
    for name in ("lowerarm_l", "calf_l"):
        bone = body.names.index(name)
        turned = Rotation.from_matrix(turns[0, bone].T @ turns[1, bone]).as_rotvec()
        # Unreal's z is y in a glTF file.
        assert abs(turned[1]) == pytest.approx(0.6, abs=0.02), name
        assert np.hypot(turned[0], turned[2]) < 0.06, name


def test_vrm_says_which_node_is_which_bone(tmp_path):
    write_exports(tmp_path, sample_motion(frames=3), ["glb"], rig="vrm")
    file = Glb((tmp_path / "body.glb").read_bytes())
    vrm = file.json["extensions"]["VRMC_vrm"]
    required = [
        "hips",
        "spine",
        "head",
        "leftUpperArm",
        "leftLowerArm",
        "leftHand",
        "leftUpperLeg",
        "leftLowerLeg",
        "leftFoot",
    ]
    required += [name.replace("left", "right") for name in required]
    bones = vrm["humanoid"]["humanBones"]
    assert set(required) <= set(bones)
    assert all(file.json["nodes"][bone["node"]]["name"] == name for name, bone in bones.items())
    assert vrm["specVersion"] == "1.0"
    assert {"name", "authors", "licenseUrl"} <= set(vrm["meta"])
    assert not any("rotation" in file.json["nodes"][bone["node"]] for bone in bones.values())
    # VRM's T-pose: legs, arms and hands straight, feet along z.
    rest = rigged(sample_motion(frames=1), "vrm")
    place = dict(zip(rest.names, rest.rest_joints_m, strict=True))
    np.testing.assert_allclose((place["leftHand"] - place["leftUpperArm"])[1:], 0, atol=1e-9)
    np.testing.assert_allclose((place["leftFoot"] - place["leftUpperLeg"])[[0, 2]], 0, atol=1e-9)
    assert (place["leftToes"] - place["leftFoot"])[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("formats", "rig", "message"),
    [
        (["glb"], "rigify", "unknown rig 'rigify'; expected some of smpl, mixamo, unreal, vrm"),
        (["bvh", "glb"], "vrm", "rig vrm is for glb alone, not for bvh"),
        (["csv"], "unreal", "rig unreal is for bvh and glb, found csv"),
    ],
)
def test_a_rig_that_cannot_be_is_refused_before_anything_is_written(tmp_path, formats, rig, message):
    with pytest.raises(UserError, match=message):
        check_formats(formats, rig)
    with pytest.raises(UserError, match=message):
        write_exports(tmp_path / "out", sample_motion(frames=2), formats, rig=rig)
    assert not (tmp_path / "out").exists()
