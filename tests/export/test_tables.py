"""CSV and TRC read back as text; joint angles against movements whose sign everybody knows, and mirrored poses."""

import csv
import dataclasses
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.export.csv_files import angles_csv_text, joints_csv_text, write_angles_csv, write_joints_csv
from pn3d.export.gltf import write_gltf
from pn3d.export.joint_angles import MIDLINE, SHOULDER_NAMES, SIDED, angle_names, joint_angles_deg
from pn3d.export.motion import CONTACTS
from pn3d.export.rest_turns import STRAIGHT, rest_turns
from pn3d.export.trc import trc_text, write_trc
from pn3d.geometry.kinematics import posed_joints, unit
from pn3d.geometry.skeleton import SMPL24
from tests.support.export_samples import rest_joints, sample_motion

NAMES = angle_names()


def test_joints_csv_holds_all_joints(tmp_path):
    motion = sample_motion(frames=7, fps=25.0)
    rows = list(csv.DictReader(io.StringIO(write_joints_csv(tmp_path / "j.csv", motion).read_text())))
    assert [row["frame"] for row in rows] == [str(frame) for frame in range(7)]
    assert float(rows[5]["time_s"]) == pytest.approx(0.2)
    body = motion.body_joints_world_m()
    for index, joint in enumerate(SMPL24.joints):
        found = [float(rows[5][f"body_{joint}_{axis}_m"]) for axis in "xyz"]
        np.testing.assert_allclose(found, body[5, index], atol=1e-5)
    assert float(rows[3]["teacher_head_y_m"]) == pytest.approx(motion.teacher_joints_world_m[3, 10, 1], abs=1e-5)
    assert len(rows[0]) == 3 + 3 * (24 + 17 + 17) == joints_csv_text(motion).split("\n")[0].count(",") + 1


def test_contacts_are_columns_of_the_joints_and_lists_in_the_glb(tmp_path):
    contact = np.random.default_rng(0).uniform(size=(7, 4)).astype(np.float32)
    motion = replace(sample_motion(frames=7), foot_contact=contact)
    table = np.genfromtxt(write_joints_csv(tmp_path / "joints.csv", motion), delimiter=",", names=True)
    for foot, name in enumerate(CONTACTS):
        np.testing.assert_allclose(table[f"contact_{name}"], contact[:, foot], atol=1e-5)
    write_gltf(tmp_path / "body.glb", motion)
    content = (tmp_path / "body.glb").read_bytes()
    document = json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])
    assert list(document["extras"]["foot_contact"]) == list(CONTACTS)
    np.testing.assert_allclose(document["extras"]["foot_contact"]["right_toe"], contact[:, 3], atol=0.006)
    with pytest.raises(ValueError, match="foot_contact"):
        replace(motion, foot_contact=contact[:3])


def test_angles_csv_columns_are_the_angles(tmp_path):
    motion = sample_motion(frames=3)
    rows = list(csv.DictReader(io.StringIO(write_angles_csv(tmp_path / "a.csv", motion).read_text())))
    values = joint_angles_deg(motion.poses_world, motion.rest_joints_m)
    undetermined = [name for name in NAMES if any(part in name for part in ("ankle", "toes", "wrist"))]
    assert len(undetermined) == 18
    for name, value in zip(NAMES, values[2], strict=True):
        cell = rows[2][f"{name}_deg"]
        assert cell == "" if name in undetermined else float(cell) == pytest.approx(value, abs=1e-3), name
    assert len(set(NAMES)) == len(NAMES) == values.shape[1]
    assert angles_csv_text(motion).count("\n") == 4


def test_ankles_that_were_measured_are_written_where_they_were():
    measured = np.array([[True, False], [False, False], [True, True]])
    motion = dataclasses.replace(sample_motion(frames=3), ankles_measured=measured)
    rows = list(csv.DictReader(io.StringIO(angles_csv_text(motion))))
    for column, side in enumerate(("left", "right")):
        written = [row[f"{side}_ankle_dorsiflexion_deg"] != "" for row in rows]
        assert written == measured[:, column].tolist()


@pytest.mark.parametrize("proportions", ["usual", "other"])
def test_zero_is_a_straight_limb_whatever_the_rest_pose(proportions):
    """Legs straight down and arms straight out read 0, although the body's own rest pose has them bent."""
    rest = rest_joints(proportions)
    turns = rest_turns(rest, STRAIGHT)
    above = turns[[max(parent, 0) for parent in SMPL24.parents]]
    above[0] = np.eye(3)
    pose = Rotation.from_matrix(np.swapaxes(above, 1, 2) @ turns).as_rotvec()[None]
    joints = posed_joints(rest, SMPL24.parents, pose, np.zeros((1, 3)))[0][0]
    hip, knee, ankle = (joints[SMPL24.index(f"left_{part}")] for part in ("hip", "knee", "ankle"))
    np.testing.assert_allclose((knee - hip)[[0, 2]], 0, atol=1e-9)
    np.testing.assert_allclose(np.cross(knee - hip, ankle - knee), 0, atol=1e-9)
    values = dict(zip(NAMES, joint_angles_deg(pose, rest)[0], strict=True))
    for side in ("left", "right"):
        assert values.pop(f"{side}_shoulder_elevation") == pytest.approx(90)
    others = {name: value for name, value in values.items() if not name.endswith(("plane", "internal_rotation"))}
    assert max(abs(value) for value in others.values()) < 1e-6
    at_rest = dict(zip(NAMES, joint_angles_deg(np.zeros((1, 24, 3)), rest)[0], strict=True))
    bend = np.degrees(np.arccos(unit(rest[4] - rest[1]) @ unit(rest[7] - rest[4])))
    turned = [at_rest[f"left_knee_{name}"] for name in ("flexion", "abduction")]
    assert np.hypot(*turned) == pytest.approx(bend, abs=0.05)
    assert bend > 1


def one_turn(joint: str, axis: str, degrees: float) -> np.ndarray:
    pose = np.zeros((1, 24, 3))
    pose[0, SMPL24.index(joint), "xyz".index(axis)] = np.radians(degrees)
    return pose


def moved(pose: np.ndarray, joint: str) -> np.ndarray:
    rest = rest_joints()
    posed = posed_joints(rest, SMPL24.parents, pose, np.zeros((1, 3)))[0][0]
    index = SMPL24.index(joint)
    return posed[index] - rest[index]


@pytest.mark.parametrize(
    ("angle", "joint", "axis", "degrees", "end", "direction"),
    [
        ("left_knee_flexion", "left_knee", "x", 50, "left_ankle", (0, 0, -1)),
        ("right_knee_flexion", "right_knee", "x", 50, "right_ankle", (0, 0, -1)),
        ("left_hip_flexion", "left_hip", "x", -50, "left_knee", (0, 0, 1)),
        ("left_hip_abduction", "left_hip", "z", 40, "left_knee", (1, 0, 0)),
        ("right_hip_abduction", "right_hip", "z", -40, "right_knee", (-1, 0, 0)),
        ("left_hip_internal_rotation", "left_hip", "y", -40, "left_foot", (-1, 0, 0)),
        ("right_hip_internal_rotation", "right_hip", "y", 40, "right_foot", (1, 0, 0)),
        ("left_ankle_dorsiflexion", "left_ankle", "x", -20, "left_foot", (0, 1, 0)),
        ("left_elbow_flexion", "left_elbow", "y", -80, "left_wrist", (0, 0, 1)),
        ("right_elbow_flexion", "right_elbow", "y", 80, "right_wrist", (0, 0, 1)),
        ("left_wrist_flexion", "left_wrist", "z", -40, "left_hand", (0, -1, 0)),
        ("right_wrist_radial_deviation", "right_wrist", "y", 20, "right_hand", (0, 0, 1)),
        ("left_clavicle_elevation", "left_collar", "z", 20, "left_shoulder", (0, 1, 0)),
        ("right_clavicle_protraction", "right_collar", "y", 20, "right_shoulder", (0, 0, 1)),
        ("trunk_flexion", "spine2", "x", 30, "head", (0, 0, 1)),
        ("trunk_bend_left", "spine1", "z", -30, "head", (1, 0, 0)),
        ("neck_flexion", "neck", "x", 30, "head", (0, 0, 1)),
        ("pelvis_tilt_forward", "pelvis", "x", 30, "neck", (0, 0, 1)),
        ("pelvis_left_side_up", "pelvis", "z", 30, "left_hip", (0, 1, 0)),
        ("pelvis_rotation_left", "pelvis", "y", 30, "left_hip", (0, 0, -1)),
    ],
)
def test_a_positive_angle_is_the_movement_of_its_name(angle, joint, axis, degrees, end, direction):
    pose = one_turn(joint, axis, degrees)
    values = dict(zip(NAMES, joint_angles_deg(pose)[0], strict=True))
    assert values.pop(angle) == pytest.approx(abs(degrees), abs=1e-9)
    others = {name: value for name, value in values.items() if "shoulder" not in name}
    assert max(abs(value) for value in others.values()) < 1e-9
    assert moved(pose, end) @ np.array(direction) > 0.01


@pytest.mark.parametrize(
    ("side", "axis", "degrees", "elevation", "plane"),
    [
        ("left", "z", 0, 90, 0),
        ("left", "z", -70, 20, 0),
        ("left", "y", -90, 90, 90),
        ("right", "z", 70, 20, 0),
        ("right", "y", 90, 90, 90),
        ("right", "z", -60, 150, 0),
    ],
)
def test_shoulder_elevation_and_its_plane(side, axis, degrees, elevation, plane):
    values = dict(zip(NAMES, joint_angles_deg(one_turn(f"{side}_shoulder", axis, degrees))[0], strict=True))
    assert values[f"{side}_shoulder_elevation"] == pytest.approx(elevation)
    assert values[f"{side}_shoulder_elevation_plane"] == pytest.approx(plane, abs=1e-6)


def test_a_hanging_arm_that_turns_inward_rotates_internally():
    for side, sign in (("left", 1), ("right", -1)):
        hang = Rotation.from_euler("XYZ", [0.0, 0.0, -90.0 * sign], degrees=True)
        inward = Rotation.from_euler("XYZ", [0.0, -30.0 * sign, 0.0], degrees=True)
        pose = np.zeros((1, 24, 3))
        pose[0, SMPL24.index(f"{side}_shoulder")] = (inward * hang).as_rotvec()
        values = dict(zip(NAMES, joint_angles_deg(pose)[0], strict=True))
        assert values[f"{side}_shoulder_elevation"] == pytest.approx(0, abs=1e-6)
        assert values[f"{side}_shoulder_internal_rotation"] == pytest.approx(30)


def test_a_mirrored_pose_swaps_the_sides_and_keeps_the_signs():
    rng = np.random.default_rng(5)
    pose = rng.normal(0, 0.4, (4, 24, 3))
    values = dict(zip(NAMES, joint_angles_deg(pose).T, strict=True))
    mirrored = dict(
        zip(NAMES, joint_angles_deg(pose[:, list(SMPL24.mirror)] * np.array([1.0, -1.0, -1.0])).T, strict=True)
    )
    for name in NAMES:
        if name.startswith(("left_", "right_")):
            twin = name.replace("left_", "right_") if name.startswith("left_") else name.replace("right_", "left_")
            np.testing.assert_allclose(mirrored[twin], values[name], atol=1e-9, err_msg=name)
        else:
            sign = 1 if name.endswith(("flexion", "tilt_forward")) else -1
            np.testing.assert_allclose(mirrored[name], sign * values[name], atol=1e-9, err_msg=name)


def test_the_three_angles_hold_the_whole_rotation():
    rng = np.random.default_rng(6)
    pose = rng.normal(0, 0.4, (3, 24, 3))
    values = dict(zip(NAMES, np.radians(joint_angles_deg(pose)).T, strict=True))
    single = [spec for spec in (*MIDLINE, *SIDED) if len(spec.chain) == 1]
    for spec in single:
        prefix, joint = ("", spec.chain[0]) if spec in MIDLINE else ("left_", f"left_{spec.chain[0]}")
        turns = np.stack([values[f"{prefix}{spec.joint}_{name}"] for name in spec.names], axis=-1)
        found = Rotation.from_euler(spec.order.upper(), turns * np.array(spec.signs)).as_rotvec()
        np.testing.assert_allclose(found, pose[:, SMPL24.index(joint)], atol=1e-9, err_msg=spec.joint)
    assert len(NAMES) == 3 * len(MIDLINE) + 2 * (3 * len(SIDED) + len(SHOULDER_NAMES))


def test_trc_holds_the_joint_centres_for_opensim(tmp_path):
    motion = sample_motion(frames=5, fps=50.0)
    lines = write_trc(tmp_path / "m.trc", motion).read_text().split("\n")
    assert lines == trc_text(motion).split("\n")
    assert lines[0].startswith("PathFileType\t4\t(X/Y/Z)")
    keys, numbers = lines[1].split("\t"), lines[2].split("\t")
    header = dict(zip(keys, numbers, strict=True))
    assert (header["DataRate"], header["NumFrames"], header["NumMarkers"], header["Units"]) == ("50", "5", "24", "mm")
    assert lines[5] == ""
    rows = np.array([[float(cell) for cell in line.split("\t")] for line in lines[6:11]])
    np.testing.assert_allclose(rows[:, 0], np.arange(1, 6))
    np.testing.assert_allclose(rows[:, 1], np.arange(5) / 50.0)
    markers = lines[3].split("\t")[2::3]
    assert markers == list(SMPL24.joints)
    found_mm = rows[:, 2:].reshape(5, 24, 3)
    body_mm = 1000 * motion.body_joints_world_m()
    # OpenSim: x forward (our z), y up, z to the right (our -x).
    np.testing.assert_allclose(found_mm[..., 0], body_mm[..., 2], atol=1e-3)
    np.testing.assert_allclose(found_mm[..., 1], body_mm[..., 1], atol=1e-3)
    np.testing.assert_allclose(found_mm[..., 2], -body_mm[..., 0], atol=1e-3)
