"""BVH: kinematics against SciPy, names, units and axes of several conventions, and files that are broken."""

import re
from pathlib import Path

import numpy as np
import pytest

from pn3d.datasets.bvh import read_bvh_file, world_joints
from pn3d.datasets.bvh_names import UNITS_M, h36m17_joints_m, plain_name
from pn3d.datasets.notes import DataNote
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from tests.support.bvh_files import bandai_skeleton, biovision_skeleton, bvh_text, cmu_skeleton, joints_of, motion_of

T = 9


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("order", ["ZYX", "XYZ", "YXZ", "ZXY"])
def test_kinematics_agree_with_scipy(order: str, tmp_path: Path) -> None:
    skeleton = cmu_skeleton()
    angles, path = motion_of(skeleton, T, seed=3)
    bvh = read_bvh_file(write(tmp_path / "a.bvh", bvh_text(skeleton, angles, path, order=order)))
    expected = joints_of(skeleton, angles, path, order)
    assert bvh.fps == pytest.approx(120, abs=0.01)
    assert set(bvh.names) == set(expected)
    positions = world_joints(bvh)
    for i, name in enumerate(bvh.names):
        np.testing.assert_allclose(positions[:, i], expected[name], atol=1e-5, err_msg=name)
    np.testing.assert_allclose(world_joints(bvh, slice(1, None, 4)), positions[1::4])


CONVENTIONS = {
    "cmu": (cmu_skeleton, {"unit_m": UNITS_M["cmu"]}, ("{}UpLeg", "{}Leg", "{}Foot", "{}Arm", "{}ForeArm", "{}Hand")),
    "bandai": (
        bandai_skeleton,
        {"unit_m": 0.01, "order": "ZXY", "positions_everywhere": True, "fps": 30.0},
        ("UpperLeg_{}", "LowerLeg_{}", "Foot_{}", "UpperArm_{}", "LowerArm_{}", "Hand_{}"),
    ),
    "biovision": (
        biovision_skeleton,
        {"unit_m": 0.0254, "z_up": True},
        ("{}Hip", "{}Knee", "{}Ankle", "{}Shoulder", "{}Elbow", "{}Wrist"),
    ),
}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_h36m17_of_a_convention(convention: str, tmp_path: Path) -> None:
    """Names, units by height, and the axis that is up."""
    make, options, names = CONVENTIONS[convention]
    skeleton = make()
    angles, path = motion_of(skeleton, T, seed=4)
    if convention == "bandai":
        path = path - [0, 0.95, 0]  # its root is on the ground
    order = str(options.get("order", "ZYX"))
    if options.get("z_up"):  # the file's channels are about turned axes, so the same numbers mean another order
        angles = {name: value * [1, 0, 0] for name, value in angles.items()}
    text = bvh_text(skeleton, angles, path, **options)
    joints = h36m17_joints_m(read_bvh_file(write(tmp_path / "a.bvh", text)))
    at = joints_of(skeleton, angles, path, order)
    expected = {}
    for side in ("left", "right"):
        word = side.capitalize() if convention != "bandai" else side[0].upper()
        for part, pattern in zip(("hip", "knee", "ankle", "shoulder", "elbow", "wrist"), names, strict=True):
            expected[f"{side}_{part}"] = at[pattern.format(word)]
    expected["pelvis"] = (expected["left_hip"] + expected["right_hip"]) / 2
    expected["thorax"] = (expected["left_shoulder"] + expected["right_shoulder"]) / 2
    expected["spine"] = (expected["pelvis"] + expected["thorax"]) / 2
    expected["neck"] = at["Head"]
    expected["head"] = at.get("Head end", at["Head"] + 0.93 * (at["Head"] - expected["thorax"]))
    for i, name in enumerate(H36M17.joints):
        np.testing.assert_allclose(joints[:, i], expected[name], atol=2e-5, err_msg=name)


def test_names_of_other_families() -> None:
    assert plain_name("mixamorig:LeftUpLeg") == "leftupleg"
    assert plain_name("upper_arm.L") == "upperarml"
    assert plain_name("Bip01 L Thigh") == "lthigh"


def test_units_and_axes_can_be_said(tmp_path: Path) -> None:
    skeleton = cmu_skeleton()
    angles, path = motion_of(skeleton, T, seed=5)
    bvh = read_bvh_file(write(tmp_path / "a.bvh", bvh_text(skeleton, angles, path)))
    metres = h36m17_joints_m(bvh)
    np.testing.assert_allclose(h36m17_joints_m(bvh, unit="cm"), metres * 0.01)
    np.testing.assert_allclose(h36m17_joints_m(bvh, up="z"), metres[..., [0, 2, 1]] * [1, 1, -1])
    for options, message in (({"unit": "ell"}, "unknown unit 'ell'"), ({"up": "x"}, "unknown up axis 'x'")):
        with pytest.raises(UserError, match=message):
            h36m17_joints_m(bvh, **options)
    giant = read_bvh_file(write(tmp_path / "b.bvh", bvh_text(skeleton, angles, path, unit_m=0.2)))
    with pytest.raises(UserError, match=r"units tall fits no known unit; say which: m, cm"):
        h36m17_joints_m(giant)


def _text() -> str:
    skeleton = cmu_skeleton()
    return bvh_text(skeleton, *motion_of(skeleton, T, seed=6))


BAD = {
    "empty": (lambda t: "", "not a BVH file"),
    "html": (lambda t: "<html>MOTION</html>", "not a BVH file"),
    "no motion": (lambda t: t[: t.index("MOTION")], "not a BVH file"),
    "cut off": (lambda t: t[: int(len(t) * 0.9)], r"numbers, found \d+ .*7 whole frames and \d+ numbers \(cut off\?\)"),
    "no frames": (lambda t: re.sub(r"Frames: \d+", "Frames: 0", t), "needs frames"),
    "no frame time": (lambda t: re.sub(r"Frame Time: .*", "Frame Time: 0", t), "positive frame time"),
    "frame time": (lambda t: re.sub(r"Frame Time: .*", "Frame Time: fast", t), "Frame Time must be a finite number"),
    "header": (lambda t: t.replace("Frames:", "Count:"), "expected 'Frames: N'"),
    "letters": (lambda t: t.rstrip() + "x\n", "the motion must be numbers"),
    "nan": (lambda t: t.rstrip().rsplit(" ", 1)[0] + " nan\n", "NaN or infinity in frame 8"),
    "unclosed": (lambda t: t.replace("}\nMOTION", "\nMOTION"), "does not end"),
    "overclosed": (lambda t: t.replace("}\nMOTION", "}\n}\nMOTION"), "did not expect '}'"),
    "no root": (lambda t: t.replace("ROOT", "JOINT"), "'JOINT Hips' stands where it cannot"),
    "two roots": (lambda t: t.replace("\nMOTION", "\nROOT b\n{\n}\nMOTION"), "more than one ROOT"),
    "offset": (lambda t: t.replace("OFFSET 0.000000", "OFFSET", 1), "OFFSET of 'Hips' needs 3 numbers, found 2"),
    "offset word": (lambda t: t.replace("OFFSET 0.000000", "OFFSET a", 1), "OFFSET of 'Hips' must be a finite"),
    "channel": (lambda t: t.replace("Zrotation", "Wrotation", 1), "CHANNELS of 'Hips' must be a count"),
    "channel count": (lambda t: t.replace("CHANNELS 6", "CHANNELS 5"), "CHANNELS of 'Hips' must be a count"),
    "unknown word": (lambda t: t.replace("OFFSET", "SIZE", 1), "did not expect 'SIZE"),
    "no elbow": (
        lambda t: t.replace("LeftForeArm", "Thing"),
        "no joints for shoulder, elbow and wrist.* lacks 'leftforearm'",
    ),
    "no head": (lambda t: t.replace("Head", "Thing"), "no joint for the head"),
}


@pytest.mark.parametrize("case", BAD)
def test_broken_files_are_refused_in_one_line(case: str, tmp_path: Path) -> None:
    change, message = BAD[case]
    path = write(tmp_path / "a.bvh", change(_text()))
    with pytest.raises(UserError, match=message) as caught:
        h36m17_joints_m(read_bvh_file(path))
    assert "\n" not in str(caught.value)
    assert "a.bvh" in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_bvh_file(tmp_path / "none.bvh")


def test_braces_on_the_line_of_a_name_and_windows_line_ends(tmp_path: Path) -> None:
    text = _text()
    a = read_bvh_file(write(tmp_path / "a.bvh", text))
    (tmp_path / "b.bvh").write_bytes(re.sub(r"\n\t*\{", " {", text).replace("\n", "\r\n").encode())
    b = read_bvh_file(tmp_path / "b.bvh")
    assert a.names == b.names
    np.testing.assert_array_equal(world_joints(a), world_joints(b))


def test_more_or_fewer_frames_than_stated_are_taken_with_a_note(tmp_path: Path) -> None:
    text = _text()
    whole = read_bvh_file(write(tmp_path / "a.bvh", text))
    for stated, word in ((7, "more"), (12, "fewer")):
        path = write(tmp_path / "b.bvh", re.sub(r"Frames: \d+", f"Frames: {stated}", text))
        with pytest.warns(DataNote, match=f"b.bvh: {word} frames than it states: 9 for {stated}; 9 are taken"):
            bvh = read_bvh_file(path)
        np.testing.assert_array_equal(bvh.motion, whole.motion)
    # As many numbers as whole frames of another skeleton are no whole frames of this one.
    rows = [" ".join(["0"] * 71)] * 72
    path = write(tmp_path / "c.bvh", text[: text.index("Frame Time")] + "Frame Time: 0.01\n" + "\n".join(rows))
    with pytest.raises(UserError, match="found 5112 in 72 lines"):
        read_bvh_file(path)


@pytest.mark.parametrize("name", ["MOTION", "MOTION_1", "EMOTION", "HIERARCHY", "End Site", "ROOT", "OFFSET"])
def test_a_joint_may_be_called_as_a_word_of_the_format(name: str, tmp_path: Path) -> None:
    text = _text()
    expected = world_joints(read_bvh_file(write(tmp_path / "a.bvh", text)))
    for joint, end in (("JOINT LowerBack", ""), ("ROOT Hips", ""), ("JOINT LeftFoot", "\r")):
        changed = text.replace(joint, f"{joint.split()[0]} {name}{end}")
        bvh = read_bvh_file(write(tmp_path / "b.bvh", changed))
        assert name in bvh.names
        np.testing.assert_array_equal(world_joints(bvh), expected)


def test_an_end_site_that_cannot_be_the_top_of_the_head_is_not(tmp_path: Path) -> None:
    """Many writers put the head's end into its joint, or anywhere: then the head is where it is in the mean person."""
    skeleton = cmu_skeleton()
    text = bvh_text(skeleton, *motion_of(skeleton, T, seed=6))
    head, top = H36M17.index("neck"), H36M17.index("head")
    lengths = []
    for end in ("0.120000", "0.000000", "1.000000"):
        changed = text.replace("OFFSET 0.000000 0.120000 0.000000", f"OFFSET 0.000000 {end} 0.000000")
        joints = h36m17_joints_m(read_bvh_file(write(tmp_path / "a.bvh", changed)))
        lengths.append(np.linalg.norm(joints[:, top] - joints[:, head], axis=-1).mean())
    assert lengths[0] == pytest.approx(0.12, abs=1e-4)
    assert lengths[1] == lengths[2] == pytest.approx(0.93 * 0.2, abs=0.02)


def test_somebody_who_lies_is_not_taken_for_a_z_up_file(tmp_path: Path) -> None:
    """The rest pose stands along y: a trunk along z is somebody on the floor, so the axis is asked for."""
    skeleton = cmu_skeleton()
    angles, path = motion_of(skeleton, T, seed=6)
    standing = h36m17_joints_m(read_bvh_file(write(tmp_path / "a.bvh", bvh_text(skeleton, angles, path))))
    angles = angles | {"Hips": angles["Hips"] * 0 + [80, 0, 0]}
    lying = read_bvh_file(write(tmp_path / "b.bvh", bvh_text(skeleton, angles, path)))
    with pytest.raises(UserError, match=r"stand along y at rest, but the trunk points along z .*; say which is up"):
        h36m17_joints_m(lying)
    joints = h36m17_joints_m(lying, up="y")
    head, pelvis = H36M17.index("head"), H36M17.index("pelvis")
    assert (standing[:, head] - standing[:, pelvis])[:, 1].mean() > 0.4
    assert abs((joints[:, head] - joints[:, pelvis])[:, 1].mean()) < 0.2
