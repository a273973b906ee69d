"""GLB: read back literally, by pygltflib and by trimesh; joints and skin agree with forward kinematics."""

import dataclasses
import json
import struct

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.export.gltf import measure_skin_loss, top_four, write_gltf, write_stick_gltf
from pn3d.export.rigs import rigged
from pn3d.geometry.kinematics import posed_joints, skinned_vertices
from pn3d.geometry.skeleton import H36M17, SMPL24
from tests.support.export_samples import sample_motion

DTYPE = {5126: "<f4", 5125: "<u4", 5123: "<u2", 5121: "u1"}
WIDTH = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Glb:
    """A reader that knows only the rules of the format."""

    def __init__(self, content: bytes) -> None:
        magic, version, total = struct.unpack_from("<4sII", content)
        assert (magic, version, total) == (b"glTF", 2, len(content))
        length, kind = struct.unpack_from("<I4s", content, 12)
        assert kind == b"JSON"
        assert length % 4 == 0
        self.json = json.loads(content[20 : 20 + length])
        size, kind = struct.unpack_from("<I4s", content, 20 + length)
        assert kind == b"BIN\0"
        assert size % 4 == 0
        assert self.json["buffers"] == [{"byteLength": size}]
        self.binary = content[28 + length :]
        assert len(self.binary) == size

    def array(self, index: int) -> np.ndarray:
        accessor = self.json["accessors"][index]
        view = self.json["bufferViews"][accessor["bufferView"]]
        assert view["byteOffset"] % 4 == 0
        count, width = accessor["count"], WIDTH[accessor["type"]]
        values = np.frombuffer(self.binary, DTYPE[accessor["componentType"]], count * width, view["byteOffset"])
        assert values.nbytes == view["byteLength"]
        return values.reshape(count, width)

    def posed(self, frame: int) -> np.ndarray:
        """World matrices (N, 4, 4) of all nodes at a key frame."""
        nodes = [dict(node) for node in self.json["nodes"]]
        animation = self.json["animations"][0]
        for channel in animation["channels"]:
            sampler = animation["samplers"][channel["sampler"]]
            assert sampler["interpolation"] == "LINEAR"
            nodes[channel["target"]["node"]][channel["target"]["path"]] = self.array(sampler["output"])[frame]
        world = np.zeros((len(nodes), 4, 4))

        def visit(index: int, parent: np.ndarray) -> None:
            node, local = nodes[index], np.eye(4)
            turn = Rotation.from_quat(node.get("rotation", [0, 0, 0, 1])).as_matrix()
            local[:3, :3] = turn * np.asarray(node.get("scale", [1, 1, 1]))
            local[:3, 3] = node.get("translation", [0, 0, 0])
            world[index] = parent @ local
            for child in node.get("children", []):
                visit(child, world[index])

        for root in self.json["scenes"][self.json["scene"]]["nodes"]:
            visit(root, np.eye(4))
        return world

    def skinned(self, frame: int) -> np.ndarray:
        """(V, 3) vertices of the first skinned mesh at a key frame."""
        skin = self.json["skins"][0]
        attributes = self.json["meshes"][0]["primitives"][0]["attributes"]
        inverse = self.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        matrices = self.posed(frame)[skin["joints"]] @ inverse
        points = np.concatenate([self.array(attributes["POSITION"]), np.ones((len(self.array(0)), 1))], axis=1)
        chosen = matrices[self.array(attributes["JOINTS_0"])]
        return np.einsum("vk,vkab,vb->va", self.array(attributes["WEIGHTS_0"]), chosen, points)[:, :3]


@pytest.mark.parametrize("proportions", ["usual", "other"])
def test_joints_and_skin_are_those_of_the_body(tmp_path, proportions):
    motion = sample_motion(frames=9, proportions=proportions)
    loss = write_gltf(tmp_path / "body.glb", motion)
    file = Glb((tmp_path / "body.glb").read_bytes())
    joints, rotations = posed_joints(motion.rest_joints_m, motion.parents, motion.poses_world, motion.transl_world_m)
    full = skinned_vertices(motion.mesh.vertices_m, motion.mesh.skin_weights, motion.rest_joints_m, joints, rotations)
    for frame in range(9):
        assert np.abs(file.posed(frame)[:24, :3, 3] - joints[frame]).max() < 1e-4
        shift_mm = 1000 * np.linalg.norm(file.skinned(frame) - full[frame], axis=-1)
        assert shift_mm.max() < 1.5 * loss.max_shift_mm + 0.1
    assert [node["name"] for node in file.json["nodes"][:24]] == list(SMPL24.joints)


def test_the_rest_pose_stands_on_the_floor(tmp_path):
    motion = sample_motion(frames=2)
    write_gltf(tmp_path / "body.glb", motion)
    file = Glb((tmp_path / "body.glb").read_bytes())
    assert file.array(0)[:, 1].min() == pytest.approx(0.0, abs=1e-6)
    offset = np.asarray(file.json["nodes"][0]["translation"]) - motion.rest_joints_m[0]
    np.testing.assert_allclose(file.array(0), motion.mesh.vertices_m + offset, atol=1e-6)


def test_keys_of_the_animation_and_bounds(tmp_path):
    motion = sample_motion(frames=60, fps=29.97)
    write_gltf(tmp_path / "body.glb", motion)
    file = Glb((tmp_path / "body.glb").read_bytes())
    animation = file.json["animations"][0]
    assert len(animation["channels"]) == 25
    for sampler in animation["samplers"]:
        times, values = file.array(sampler["input"]), file.array(sampler["output"])
        np.testing.assert_allclose(times[:, 0], np.arange(60) / 29.97, atol=1e-6)
        if values.shape[1] == 4:
            np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1, atol=1e-6)
            assert np.all(np.sum(values[1:] * values[:-1], axis=1) > 0)
    for index, accessor in enumerate(file.json["accessors"]):
        if "min" in accessor:
            np.testing.assert_allclose(accessor["min"], file.array(index).min(axis=0), rtol=0, atol=0)
            np.testing.assert_allclose(accessor["max"], file.array(index).max(axis=0), rtol=0, atol=0)


def test_the_four_largest_weights_are_kept_and_the_loss_is_measured():
    weights = np.zeros((2, 24))
    weights[0, [3, 5, 7, 9, 11, 13]] = [0.4, 0.3, 0.1, 0.1, 0.06, 0.04]
    weights[1, 8] = 1.0
    indices, kept, dropped = top_four(weights)
    assert dropped == pytest.approx(0.1)
    np.testing.assert_allclose(kept.sum(axis=1), 1, atol=1e-6)
    assert set(indices[0]) == {3, 5, 7, 9}
    assert indices[1].tolist() == [8, 0, 0, 0]
    motion = sample_motion(frames=9)
    loss = measure_skin_loss(rigged(motion))
    assert 0.005 < loss.dropped_weight < 0.02
    assert 0.1 < loss.max_shift_mm < 30
    assert 0 < loss.mean_shift_mm < loss.max_shift_mm


def test_a_stick_figure_needs_no_mesh(tmp_path):
    motion = dataclasses.replace(sample_motion(frames=5), mesh=None)
    loss = write_gltf(tmp_path / "stick.glb", motion)
    assert loss.max_shift_mm < 1e-3
    file = Glb((tmp_path / "stick.glb").read_bytes())
    vertices = file.skinned(4)
    joints = motion.body_joints_world_m()[4]
    # Every joint is the tip of the octahedron that ends or begins there.
    nearest = np.linalg.norm(vertices[None] - joints[:, None], axis=-1).min(axis=1)
    assert nearest.max() < 1e-4


def test_sticks_of_any_named_joints_end_at_the_joints(tmp_path):
    motion = sample_motion(frames=6)
    path = write_stick_gltf(tmp_path / "teacher.glb", motion.teacher_joints_world_m, H36M17, motion.fps)
    file = Glb(path.read_bytes())
    for frame in (0, 5):
        ends = file.posed(frame) @ np.array([0, 1, 0, 1])
        for end, (_, child) in zip(ends, H36M17.bones, strict=True):
            assert np.abs(end[:3] - motion.teacher_joints_world_m[frame, child]).max() < 1e-4


def test_libraries_from_elsewhere_read_the_file(tmp_path):
    pygltflib = pytest.importorskip("pygltflib", reason="pygltflib, an independent reader, is not installed")
    trimesh = pytest.importorskip("trimesh", reason="trimesh, an independent reader, is not installed")
    motion = sample_motion(frames=4)
    write_gltf(tmp_path / "body.glb", motion)
    document = pygltflib.GLTF2().load(str(tmp_path / "body.glb"))
    assert len(document.skins[0].joints) == 24
    accessor = document.accessors[document.skins[0].inverseBindMatrices]
    start = document.bufferViews[accessor.bufferView].byteOffset
    inverse = np.frombuffer(document.binary_blob()[start : start + 24 * 64], np.float32).reshape(24, 4, 4)
    body = rigged(motion)
    np.testing.assert_allclose(inverse[:, 3, :3], -body.rest_joints_m, atol=1e-6)
    scene = trimesh.load(tmp_path / "body.glb")
    mesh = next(iter(scene.geometry.values()))
    np.testing.assert_allclose(mesh.vertices, body.mesh.vertices_m, atol=1e-6)
    places = np.array([scene.graph.get(joint)[0][:3, 3] for joint in SMPL24.joints])
    assert np.abs(places - body.rest_joints_m).max() < 1e-3
