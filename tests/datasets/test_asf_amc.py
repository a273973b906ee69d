"""ASF and AMC: any channels in any order and unit, against kinematics of its own, one matrix after the other."""

import re
from pathlib import Path

import numpy as np
import pytest

from pn3d.datasets.asf_amc import read_amc, read_asf
from pn3d.datasets.bvh_names import joints17_of_tree_m
from pn3d.datasets.mocap import read_amc as read_amc_clips
from pn3d.datasets.notes import DataNote
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from tests.datasets.test_mocap import assert_truth_fits_the_picture

UNIT = 0.45 / 0.0254  # of the file in a metre

# CMU's bones: parent, direction and metres, axis in degrees, channels. Directions need not have length 1.
BONES: dict[str, tuple[str, tuple[float, ...], float, tuple[float, ...], str]] = {
    "lhipjoint": ("root", (0.66, -0.71, 0.25), 0.14, (0, 0, 0), ""),
    "lfemur": ("lhipjoint", (0.34, -0.94, 0), 0.42, (0, 0, 20), "rx ry rz"),
    "ltibia": ("lfemur", (0.34, -0.94, 0), 0.41, (0, 0, 20), "rx"),
    "lfoot": ("ltibia", (0.02, -0.13, 0.99), 0.13, (-90, 0, 20), "rx rz"),
    "rhipjoint": ("root", (-0.66, -0.71, 0.25), 0.14, (0, 0, 0), ""),
    "rfemur": ("rhipjoint", (-0.34, -0.94, 0), 0.42, (0, 0, -20), "rx ry rz"),
    "rtibia": ("rfemur", (-0.34, -0.94, 0), 0.41, (0, 0, -20), "rx"),
    "rfoot": ("rtibia", (-0.02, -0.13, 0.99), 0.13, (-90, 0, -20), "rx rz"),
    "lowerback": ("root", (0.01, 0.99, -0.02), 0.12, (0, 0, 0), "rx ry rz"),
    "thorax": ("lowerback", (0, 1, 0.02), 0.24, (0, 0, 0), "rx ry rz"),
    "upperneck": ("thorax", (0, 1, -0.05), 0.18, (0, 0, 0), "rx ry rz"),
    "head": ("upperneck", (0, 0.98, 0.18), 0.12, (0, 0, 0), "rx ry rz"),
    "lclavicle": ("thorax", (0.93, 0.36, -0.03), 0.19, (0, 0, 0), "ry rz"),
    "lhumerus": ("lclavicle", (1, 0, 0), 0.28, (180, 30, 90), "rx ry rz"),
    "lradius": ("lhumerus", (1, 0, 0), 0.18, (180, 30, 90), "rx"),
    "lwrist": ("lradius", (1, 0, 0), 0.09, (180, 30, 90), "ry"),
    "rclavicle": ("thorax", (-0.93, 0.36, -0.03), 0.19, (0, 0, 0), "ry rz"),
    "rhumerus": ("rclavicle", (-1, 0, 0), 0.28, (180, -30, -90), "rx ry rz"),
    "rradius": ("rhumerus", (-1, 0, 0), 0.18, (180, -30, -90), "rx"),
    "rwrist": ("rradius", (-1, 0, 0), 0.09, (180, -30, -90), "ry"),
}
JOINTS = {"hip": "{}femur", "knee": "{}tibia", "ankle": "{}foot", "shoulder": "{}humerus"}
JOINTS |= {"elbow": "{}radius", "wrist": "{}wrist"}


def _turn(letter: str, angle: float) -> np.ndarray:
    """The rotation matrix about one fixed axis, radians."""
    a, b = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[letter]
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[b, a], matrix[a, b] = np.sin(angle), -np.sin(angle)
    return matrix


def _turns(letters: str, angles: list[float]) -> np.ndarray:
    """One fixed axis after the other, the first letter first."""
    matrix = np.eye(3)
    for letter, angle in zip(letters, angles, strict=True):
        matrix = _turn(letter, angle) @ matrix
    return matrix


class Written:
    """A skeleton and a motion with drawn orders of channels, their texts, and where the bones are."""

    def __init__(self, seed: int, frames: int = 4, degrees: bool = True, shuffled: bool = True, shifts: bool = False):
        self.rng = rng = np.random.default_rng(seed)
        self.degrees, self.frames = degrees, frames
        self.order = ["tx", "ty", "tz", "rx", "ry", "rz"]
        self.dof = {name: bone[4].split() for name, bone in BONES.items()}
        if shifts:
            self.dof["lfemur"] = [*self.dof["lfemur"], "ty"]
            self.dof["rhumerus"] = [*self.dof["rhumerus"], "l"]
        if shuffled:
            for channels in (self.order, *self.dof.values()):
                rng.shuffle(channels)
        self.axis_order = {name: "".join(rng.permutation(list("xyz"))) if shuffled else "xyz" for name in BONES}
        self.values = {
            name: np.column_stack([self._curve(channel) for channel in dof]) if dof else np.zeros((frames, 0))
            for name, dof in {"root": self.order, **self.dof}.items()
        }

    def _curve(self, channel: str) -> np.ndarray:
        if channel[0] == "r":
            return self.rng.uniform(-0.5, 0.5, self.frames)
        return (0.9 if channel == "ty" else 0.1) * UNIT + self.rng.uniform(-1, 1, self.frames)

    def _angles(self, radians: np.ndarray | tuple[float, ...]) -> np.ndarray:
        return np.degrees(radians) if self.degrees else np.asarray(radians)

    def asf(self) -> str:
        lines = ["# a comment", ":version 1.10", ":name VICON", ":units", "  mass 1.0", "  length 0.45"]
        lines += [f"  angle {'deg' if self.degrees else 'rad'}", ":documentation", "   root of all begin end", ":root"]
        lines += [
            f"   order {' '.join(self.order).upper()}",
            "   axis XYZ",
            "   position 0 0 0",
            "   orientation 0 0 0",
        ]
        lines.append(":bonedata")
        for i, (name, (_, direction, length, axis, _)) in enumerate(BONES.items()):
            angles = " ".join(f"{v:.9f}" for v in self._angles(np.radians(axis)))
            lines += [
                "  begin",
                f"     id {i + 1}",
                f"     name {name}",
                f"     direction {direction[0]} {direction[1]}",
            ]
            lines[-1] += f" {direction[2]}"
            lines += [f"     length {length * UNIT:.9f}", f"     axis {angles}  {self.axis_order[name].upper()}"]
            if self.dof[name]:
                lines += [f"    dof {' '.join(self.dof[name])}", "    limits (-160.0 20.0)", "           (-70.0, 70.0)"]
            lines.append("  end")
        lines += [":hierarchy", "  begin"]
        parents = dict.fromkeys(bone[0] for bone in BONES.values())
        lines += [f"    {p} {' '.join(n for n, bone in BONES.items() if bone[0] == p)}" for p in parents] + ["  end"]
        return "\n".join(lines) + "\n"

    def amc(self, without: tuple[str, ...] = ()) -> str:
        lines = ["#!OML:ASF F:\\VICON", ":FULLY-SPECIFIED", ":DEGREES" if self.degrees else ":RADIANS"]
        for t in range(self.frames):
            lines.append(str(t + 1))
            for name, values in self.values.items():
                dof = self.order if name == "root" else self.dof[name]
                if dof and name not in without:
                    shown = [self._angles(v) if c[0] == "r" else v for c, v in zip(dof, values[t], strict=True)]
                    lines.append(f"{name} {' '.join(f'{v:.9f}' for v in shown)}")
        return "\n".join(lines) + "\n"

    def begins(self, t: int) -> dict[str, np.ndarray]:
        """Where bones begin and end in frame t, metres, by multiplying matrices."""
        at: dict[str, np.ndarray] = {}
        turn: dict[str, np.ndarray] = {}
        for name in ("root", *BONES):
            dof, values = (self.order if name == "root" else self.dof[name]), self.values[name][t]
            own = _turns(
                "".join(c[1] for c in dof if c[0] == "r"),
                [v for c, v in zip(dof, values, strict=True) if c[0] == "r"],
            )
            shift = np.zeros(3)
            for channel, value in zip(dof, values, strict=True):
                if channel[0] == "t":
                    shift["xyz".index(channel[1])] = value / UNIT
            if name == "root":
                at[name], turn[name] = shift, own
                continue
            parent, direction, length, axis, _ = BONES[name]
            order = self.axis_order[name]
            c = _turns(order, [np.radians(axis["xyz".index(letter)]) for letter in order])
            begin = at[parent if parent == "root" else f"{parent} end"] + turn[parent] @ shift
            turn[name] = turn[parent] @ c @ own @ c.T
            unit = np.array(direction) / np.linalg.norm(direction)
            stretch = sum(value for channel, value in zip(dof, values, strict=True) if channel == "l") / UNIT
            at[name], at[f"{name} end"] = begin, begin + turn[name] @ unit * (length + stretch)
        return at

    def write(self, folder: Path, **changes: tuple[str, ...]) -> Path:
        (folder / "07.asf").write_text(self.asf())
        (folder / "07_01.amc").write_text(self.amc(**changes))
        return folder / "07_01.amc"


@pytest.mark.parametrize("seed", range(8))
def test_kinematics_agree_with_matrices(seed: int, tmp_path: Path) -> None:
    """Orders of channels and axes, degrees or radians, shifts and stretching of a bone."""
    written = Written(seed, degrees=seed % 2 == 0, shuffled=seed > 1, shifts=seed > 5)
    amc = read_amc(written.write(tmp_path), read_asf(tmp_path / "07.asf"))
    positions = amc.world_joints() / UNIT
    for t in range(written.frames):
        at = written.begins(t)
        for i, name in enumerate(amc.names):
            np.testing.assert_allclose(positions[t, i], at[name], atol=1e-6, err_msg=name)
    np.testing.assert_allclose(amc.world_joints(slice(1, None, 2)) / UNIT, positions[1::2])


def test_joints_are_those_of_the_bones(tmp_path: Path) -> None:
    written = Written(3, shuffled=False)
    amc = read_amc(written.write(tmp_path), read_asf(tmp_path / "07.asf"))
    joints = joints17_of_tree_m(amc, amc.world_joints(), unit="cmu", up="y")
    at = written.begins(2)
    for side, letter in (("left", "l"), ("right", "r")):
        for part, bone in JOINTS.items():
            place = H36M17.index(f"{side}_{part}")
            np.testing.assert_allclose(joints[2, place], at[bone.format(letter)], atol=1e-6)
    np.testing.assert_allclose(joints[2, H36M17.index("neck")], at["head"], atol=1e-6)
    np.testing.assert_allclose(joints[2, H36M17.index("head")], at["head end"], atol=1e-6)


def test_angles_of_the_motion_have_the_unit_that_it_states(tmp_path: Path) -> None:
    written = Written(4, shuffled=False)
    path = written.write(tmp_path)
    expected = read_amc(path, read_asf(tmp_path / "07.asf")).world_joints()
    path.write_text(path.read_text().replace(":DEGREES\n", ""))  # then the skeleton's
    np.testing.assert_allclose(read_amc(path, read_asf(tmp_path / "07.asf")).world_joints(), expected)
    written.degrees = False
    path.write_text(written.amc())
    np.testing.assert_allclose(read_amc(path, read_asf(tmp_path / "07.asf")).world_joints(), expected, atol=1e-6)


def test_bones_that_are_missing(tmp_path: Path) -> None:
    """A bone that the motion leaves out rests; one that some frames leave out is held; others need not be there."""
    written = Written(5, shuffled=False)
    path = written.write(tmp_path, without=("lwrist", "upperneck"))
    amc = read_amc(path, read_asf(tmp_path / "07.asf"))
    assert amc.still == ("upperneck", "lwrist")
    for name in amc.still:
        written.values[name][:] = 0
    np.testing.assert_allclose(
        amc.world_joints()[1, amc.names.index("head end")] / UNIT, written.begins(1)["head end"], atol=1e-6
    )
    lines = written.amc().splitlines()
    third = lines.index("3")
    del lines[next(i for i in range(third, len(lines)) if lines[i].startswith("lfemur"))]
    path.write_text("\n".join(lines))
    held = read_amc(path, read_asf(tmp_path / "07.asf"))
    assert held.held == ("lfemur",)
    femur = held.channels[[bone.name for bone in held.asf.bones].index("lfemur")]
    np.testing.assert_array_equal(femur[2], femur[1])
    assert (femur[3] != femur[2]).any()


@pytest.mark.filterwarnings("ignore:AMC states no frame rate")
def test_clips_of_a_folder(tmp_path: Path) -> None:
    Written(6, frames=24, shuffled=False).write(tmp_path)
    clips = read_amc_clips(tmp_path, split="test", cameras=2)["test"]
    assert clips.clip_name.tolist() == ["07_01/cam0", "07_01/cam1"]
    assert clips.lengths.tolist() == [6, 6]
    assert_truth_fits_the_picture(clips)
    assert read_amc_clips(tmp_path, cameras=1, rate=60.0, skip_frames=4)["train"].lengths.tolist() == [10]
    path = Written(6, frames=24, shuffled=False).write(tmp_path, without=("lwrist",))
    with pytest.warns(DataNote, match="moves nowhere, at rest: lwrist"):
        read_amc_clips(path, cameras=1)
    Written(6, frames=24, shuffled=False).write(tmp_path)
    (tmp_path / "07.asf").rename(tmp_path / "x.asf")
    assert read_amc_clips(tmp_path, cameras=1)["train"].lengths.tolist() == [6], "the only one beside it"
    (tmp_path / "y.asf").write_text("")
    with pytest.raises(UserError, match=r"not clear: expected 07_01\.asf or one \.asf .* found x\.asf, y\.asf"):
        read_amc_clips(tmp_path)
    assert read_amc_clips(tmp_path, cameras=1, skeleton=str(tmp_path / "x.asf"))["train"].frames == 6


BAD = {
    "empty asf": ("07.asf", lambda t: "", "not an ASF skeleton"),
    "an unknown channel": (
        "07.asf",
        lambda t: t.replace("dof rx ry rz", "dof rx ry w", 1),
        "channels 'rx ry w'",
    ),
    "a channel twice": ("07.asf", lambda t: t.replace("dof rx ry rz", "dof rx rx rz", 1), "channels 'rx rx rz'"),
    "an order": ("07.asf", lambda t: t.replace("  XYZ", "  XYX", 1), "expected an order such as XYZ"),
    "a word": ("07.asf", lambda t: t.replace("direction 0.66", "direction left", 1), "direction: expected 3 numbers"),
    "an orphan": (
        "07.asf",
        lambda t: t.replace("lhipjoint lfemur\n", "\n"),
        "'lfemur' hangs on nothing",
    ),
    "a ring": ("07.asf", lambda t: t.replace("lfoot\n", "lfoot lfemur\n"), "hangs on two|no bone"),
    "preset orientation": (
        "07.asf",
        lambda t: t.replace("tion 0 0 0", "tion 0 9 0"),
        "preset orientation",
    ),
    "no frames": ("07_01.amc", lambda t: ":DEGREES\n", "no frames"),
    "another's motion": ("07_01.amc", lambda t: t.replace("lradius", "ltail", 1), "has no bone 'ltail'"),
    "too few numbers": (
        "07_01.amc",
        lambda t: re.sub(r"lfemur (\S+) ", "lfemur ", t, count=1),
        "lfemur: expected 3",
    ),
    "cut off": ("07_01.amc", lambda t: t[: t.rindex("rhumerus") + 15], "line .*bone rhumerus: expected 3 numbers"),
    "letters": ("07_01.amc", lambda t: t.replace("lradius ", "lradius x", 1), "expected 1 numbers"),
    "no number of a frame": ("07_01.amc", lambda t: t.replace("\n1\n", "\n", 1), "expected the number of a frame"),
    "no elbow": ("both", lambda t: t.replace("lradius", "lthing"), "no joints for shoulder, elbow and wrist"),
}


@pytest.mark.parametrize("case", BAD)
def test_broken_files_are_refused_in_one_line(case: str, tmp_path: Path) -> None:
    name, change, message = BAD[case]
    Written(7, shuffled=False).write(tmp_path)
    for path in (tmp_path / "07.asf", tmp_path / "07_01.amc"):
        if name in (path.name, "both"):
            path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=message) as caught:
        read_amc_clips(tmp_path, rate=120.0, fps=120.0)
    assert "\n" not in str(caught.value)
    assert "07" in str(caught.value)
