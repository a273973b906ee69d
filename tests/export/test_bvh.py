"""BVH: read back by a literal reader of the format and by bvhio, also for a body of other proportions."""

import numpy as np
import pytest

from pn3d.export.bvh import bvh_text, write_bvh
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import SMPL24
from tests.support.export_samples import sample_motion


def turn(axis: str, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    rows = {"X": [[1, 0, 0], [0, c, -s], [0, s, c]], "Y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            "Z": [[c, -s, 0], [s, c, 0], [0, 0, 1]]}  # fmt: skip
    return np.array(rows[axis])


def read_bvh(text: str) -> tuple[list[str], np.ndarray, np.ndarray, float]:
    """A reader that knows only the rules of the format -> names, channel rows, joints (T, J, 3), frame time."""
    head, motion = text.split("MOTION\n")
    names, offsets, channels, parents, stack = [], [], [], [], []
    for line in head.splitlines():
        words = line.split()
        if words[0] in ("ROOT", "JOINT", "End"):
            parents.append(stack[-1] if stack else -1)
            names.append(" ".join(words[1:]))
            channels.append([])
        elif words[0] == "{":
            stack.append(len(names) - 1)
        elif words[0] == "}":
            stack.pop()
        elif words[0] == "OFFSET":
            offsets.append([float(word) for word in words[1:]])
        elif words[0] == "CHANNELS":
            assert int(words[1]) == len(words[2:])
            channels[-1] = words[2:]
    lines = motion.splitlines()
    frame_time = float(lines[1].split(": ")[1])
    rows = np.array([[float(word) for word in line.split()] for line in lines[2:]])
    assert len(rows) == int(lines[0].split(": ")[1])
    joints = np.zeros((len(rows), len(names), 3))
    for frame, row in enumerate(rows):
        values, frames = iter(row), []
        for index, parent in enumerate(parents):
            matrix, place = np.eye(3), np.array(offsets[index])
            for channel in channels[index]:
                value = next(values)
                if channel.endswith("position"):
                    place = place + value * np.eye(3)["XYZ".index(channel[0])]
                else:
                    matrix = matrix @ turn(channel[0], value)
            if parent >= 0:
                place = joints[frame, parent] + frames[parent] @ place
                matrix = frames[parent] @ matrix
            joints[frame, index] = place
            frames.append(matrix)
    return names, rows, joints, frame_time


@pytest.mark.parametrize("proportions", ["usual", "other"])
def test_a_reader_of_the_format_finds_the_joints(proportions):
    motion = sample_motion(frames=12, fps=29.97, proportions=proportions)
    names, rows, joints, frame_time = read_bvh(bvh_text(motion))
    order = [names.index(joint) for joint in SMPL24.joints]
    found_m = joints[:, order] / 100.0
    expected_m = motion.body_joints_world_m()
    assert np.linalg.norm(found_m - expected_m, axis=-1).max() < 1e-4
    assert frame_time == pytest.approx(1 / 29.97, abs=1e-8)
    assert rows.shape == (12, 3 + 24 * 3)
    assert names.count("Site") == 5


def test_a_library_from_elsewhere_finds_the_joints(tmp_path):
    bvhio = pytest.importorskip("bvhio", reason="bvhio, an independent BVH reader, is not installed")
    for proportions in ("usual", "other"):
        motion = sample_motion(frames=5, proportions=proportions)
        root = bvhio.readAsHierarchy(str(write_bvh(tmp_path / "motion.bvh", motion)))
        expected_m = motion.body_joints_world_m()
        for frame in range(5):
            root.loadPose(frame)
            places = {joint.Name: np.array(list(joint.PositionWorld)) / 100.0 for joint, _, _ in root.layout()}
            found_m = np.array([places[joint] for joint in SMPL24.joints])
            assert np.linalg.norm(found_m - expected_m[frame], axis=-1).max() < 1e-3


def test_angles_run_on_over_whole_turns():
    rows = read_bvh(bvh_text(sample_motion(frames=60)))[1]
    assert np.abs(np.diff(rows[:, 3:], axis=0)).max() < 60
    assert np.ptp(rows[:, 4]) > 360


def test_one_frame_and_a_missing_folder(tmp_path):
    assert bvh_text(sample_motion(frames=1)).count("\n") > 100
    with pytest.raises(UserError, match=r"cannot write .*motion\.bvh"):
        write_bvh(tmp_path / "nowhere" / "motion.bvh", sample_motion(frames=1))
