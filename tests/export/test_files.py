"""Writing several formats at once, and motions that are not as declared."""

import dataclasses

import numpy as np
import pytest

from pn3d.export.files import EXPORTS, write_exports
from pn3d.export.motion import Mesh
from pn3d.files.errors import UserError
from tests.support.export_samples import sample_motion


def test_every_format_writes_its_files(tmp_path):
    paths = write_exports(tmp_path, sample_motion(frames=3), list(EXPORTS))
    assert sorted(paths) == sorted(tmp_path.iterdir())
    assert {path.name for path in paths} == {
        "motion_amass.npz", "motion.bvh", "motion.json", "body.glb", "teacher.glb", "joints.csv", "angles.csv",
        "motion.trc", "result.html",
    }  # fmt: skip
    assert all(path.stat().st_mode & 0o044 for path in paths)


def test_a_motion_with_nothing_but_poses_can_be_written(tmp_path):
    full = sample_motion(frames=1)
    bare = type(full)("bare", 30.0, full.poses_world, full.transl_world_m, full.rest_joints_m, "test-body")
    assert len(write_exports(tmp_path, bare, list(EXPORTS))) == 8


def test_an_unknown_format_is_named_before_anything_is_written(tmp_path):
    with pytest.raises(UserError, match=r"unknown export format 'fbx'; expected some of npz, amass, bvh"):
        write_exports(tmp_path, sample_motion(frames=1), ["bvh", "fbx"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"poses_world": np.zeros((3, 23, 3))}, r"poses_world: expected shape \(3, 24, 3\), found \(3, 23, 3\)"),
        ({"transl_world_m": np.full((3, 3), np.nan)}, "transl_world_m: expected finite numbers"),
        ({"fps": 0.0}, "fps: expected a positive number"),
        ({"input_confidence": np.ones((2, 17))}, "input_confidence"),
        ({"frame_flags": {"flip": np.ones(2, bool)}}, "flip"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(sample_motion(frames=3), **change)


def test_meshes_that_do_not_fit_are_refused():
    mesh = sample_motion(frames=1).mesh
    with pytest.raises(ValueError, match="faces"):
        Mesh(mesh.vertices_m[:10], mesh.faces, mesh.skin_weights[:10])
    with pytest.raises(ValueError, match="sum to 1"):
        Mesh(mesh.vertices_m, mesh.faces, 0.5 * mesh.skin_weights)


def test_reprojection_error_is_the_mean_weighted_by_confidence():
    motion = sample_motion(frames=2)
    keypoints = motion.reprojected_px + np.array([3.0, 4.0])
    keypoints[0, :16] += np.array([3.0, 4.0])
    keypoints[1] = np.nan
    weight = np.ones((2, 17))
    weight[0, 16] = 0.5
    error = dataclasses.replace(motion, keypoints_px=keypoints, input_confidence=weight).reprojection_error_px()
    np.testing.assert_allclose(error, [(16 * 10 + 0.5 * 5) / 16.5, np.nan])
