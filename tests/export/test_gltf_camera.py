"""The video's camera in the GLB sees the joints where the prediction says they are in the picture."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.export.gltf import write_gltf
from pn3d.export.motion import Motion

SIZE, FOCAL = (1280, 720), 1472.0


@pytest.fixture
def motion() -> Motion:
    rng = np.random.default_rng(0)
    to_world = np.tile(np.eye(4), (4, 1, 1))
    to_world[:, :3, :3] = Rotation.from_euler("xyz", [175, 20, 5], degrees=True).as_matrix()
    to_world[:, :3, 3] = (0.4, 1.5, 4.0)
    return Motion(
        name="walk",
        fps=30000 / 1001,
        poses_world=rng.normal(0, 0.1, (4, 24, 3)),
        transl_world_m=rng.normal(0, 0.1, (4, 3)),
        rest_joints_m=rng.normal(0, 0.3, (24, 3)),
        body_name="built-in",
        image_size=SIZE,
        camera_to_world=to_world,
        intrinsics=np.array([FOCAL, FOCAL, 640.0, 360.0]),
    )


def document(path: Path) -> dict:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length])


def test_a_point_has_the_same_picture(tmp_path: Path, motion: Motion) -> None:
    write_gltf(tmp_path / "body.glb", motion)
    found = document(tmp_path / "body.glb")
    node = next(node for node in found["nodes"] if "camera" in node)
    view = found["cameras"][node["camera"]]
    point_cam = np.array([0.3, -0.2, 3.5])
    world = motion.camera_to_world[0] @ [*point_cam, 1]
    seen = Rotation.from_quat(node["rotation"]).inv().apply(world[:3] - node["translation"])
    half = np.tan(view["perspective"]["yfov"] / 2)
    across = seen[0] / -seen[2] / (half * view["perspective"]["aspectRatio"])
    pixel = ((1 + across) / 2 * SIZE[0], (1 - seen[1] / -seen[2] / half) / 2 * SIZE[1])
    np.testing.assert_allclose(pixel, point_cam[:2] / point_cam[2] * FOCAL + (640, 360), atol=0.01)
    assert view["extras"]["fps"] == pytest.approx(29.97003, abs=1e-5)
    assert not [c for c in found["animations"][0]["channels"] if found["nodes"][c["target"]["node"]] is node]


def test_a_moving_camera_is_animated_and_none_is_left_out(tmp_path: Path, motion: Motion) -> None:
    moving = motion.camera_to_world.copy()
    moving[:, 0, 3] += np.arange(4)
    write_gltf(tmp_path / "a.glb", replace(motion, camera_to_world=moving))
    found = document(tmp_path / "a.glb")
    moved = {c["target"]["path"] for c in found["animations"][0]["channels"] if c["target"]["node"] == 25}
    assert moved == {"rotation", "translation"}
    write_gltf(tmp_path / "b.glb", replace(motion, camera_to_world=None))
    assert "cameras" not in document(tmp_path / "b.glb")
