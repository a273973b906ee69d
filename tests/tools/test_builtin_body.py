"""The built-in body's file is what the tool makes."""

import numpy as np

from pn3d.body.builtin import FILE, builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.geometry.skeleton import H36M17, SMPL24
from tools.builtin_body.make import body_arrays
from tools.builtin_body.skeleton import rest_joints


def test_the_tool_makes_the_file_that_is_there() -> None:
    made = body_arrays()
    with np.load(FILE) as stored:
        assert set(stored.files) == set(made)
        for key, array in made.items():
            assert stored[key].dtype == array.dtype
            np.testing.assert_array_equal(stored[key], array, err_msg=key)


def test_weights_name_this_body() -> None:
    assert builtin_body().sha256 == "226333a8987a0c3f4ff7da7701e6c64b94b0ad350357a7c5637f464cb76b0f6d"


def test_joints_and_landmarks_are_those_of_the_skeleton() -> None:
    rest = rest_joints()
    np.testing.assert_allclose(builtin_body().joint_template_m, rest, atol=2e-7)
    hips = 0.5 * (rest[SMPL24.index("left_hip")] + rest[SMPL24.index("right_hip")])
    offset = builtin_landmarks().offset_m[H36M17.index("spine")]
    np.testing.assert_allclose(offset, 0.5 * (hips - rest[SMPL24.index("pelvis")]), atol=1e-7)
