"""GLB (glTF 2.0): a skinned, animated body on a rig's bones, or a stick figure. Metres, y up, front +z."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.export.glb import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, Animation, GltfBuffer
from pn3d.export.gltf_camera import camera_parts
from pn3d.export.motion import CONTACTS, Mesh, Motion
from pn3d.export.rigs import RiggedMotion, rigged
from pn3d.export.shapes import (
    BONE_AXIS,
    OCTAHEDRON_FACES,
    flat_shaded,
    octahedron,
    rotation_between,
    stick_mesh,
    vertex_normals,
)
from pn3d.export.video_time import video_time
from pn3d.export.vrm import vrm_extensions
from pn3d.files.atomic import write_atomically
from pn3d.geometry.kinematics import continuous_quaternions, posed_joints, skinned_vertices
from pn3d.geometry.skeleton import Layout

_GENERATOR = "pn3d"
_SKIN_COLOUR = (0.62, 0.66, 0.72, 1.0)
_SIDE_COLOURS = {"left": (0.16, 0.47, 0.84, 1.0), "right": (0.85, 0.33, 0.19, 1.0), "": (0.45, 0.47, 0.5, 1.0)}


@dataclass(frozen=True)
class SkinLoss:
    """What four joints per vertex cost against all weights.

    Attributes:
        dropped_weight: largest weight that any vertex lost.
        max_shift_mm: largest displacement of a vertex over the frames that were looked at.
        mean_shift_mm: mean over vertices and those frames.
    """

    dropped_weight: float
    max_shift_mm: float
    mean_shift_mm: float


def top_four(skin_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The four largest weights per vertex, made to sum to 1.

    Returns:
        Joint indices (V, 4) uint8, 0 where the weight is 0 (as the format wants it), weights (V, 4) float32, and the
        largest sum of dropped weights.
    """
    indices = np.argsort(-skin_weights, axis=1, kind="stable")[:, :4]
    kept = np.take_along_axis(skin_weights, indices, axis=1)
    total = kept.sum(axis=1, keepdims=True)
    weights = (kept / total).astype(np.float32)
    return np.where(weights > 0, indices, 0).astype(np.uint8), weights, float(np.max(1.0 - total, initial=0.0))


def measure_skin_loss(body: RiggedMotion, frames: int = 8) -> SkinLoss:
    """Skins ``frames`` evenly spread frames as the file does and with all weights from the body's own rest pose."""
    motion, mesh = body.motion, body.mesh
    assert mesh is not None
    assert motion.mesh is not None
    indices, weights, dropped = top_four(mesh.skin_weights)
    reduced = np.zeros(mesh.skin_weights.shape)
    np.add.at(reduced, (np.arange(len(reduced))[:, None], indices), weights.astype(np.float64))
    picked = np.unique(np.linspace(0, motion.num_frames - 1, frames).astype(int))
    four = skinned_vertices(mesh.vertices_m, reduced, body.rest_joints_m, *body.posed(picked))
    posed = posed_joints(
        motion.rest_joints_m, motion.parents, motion.poses_world[picked], motion.transl_world_m[picked]
    )
    full = skinned_vertices(motion.mesh.vertices_m, motion.mesh.skin_weights, motion.rest_joints_m, *posed)
    shift_mm = 1000.0 * np.linalg.norm(full - four, axis=-1)
    return SkinLoss(dropped, float(shift_mm.max(initial=0.0)), float(shift_mm.mean()) if shift_mm.size else 0.0)


def write_gltf(
    path: str | os.PathLike[str], motion: Motion, *, stick_figure: bool = False, rig: str = "smpl"
) -> SkinLoss:
    """Writes the body as a GLB and returns what four weights per vertex, and the rig's rest pose, cost.

    The shape is baked into the rest vertices; pose correctives have no place in the format's skinning and are lost.
    Where the motion has no mesh, or with ``stick_figure``, the surface is one octahedron per bone. ``rig`` is one of
    ``RIG_NAMES``. Raises UserError for an unknown one, and where the file cannot be written.
    """
    if stick_figure or motion.mesh is None:
        motion = replace(motion, mesh=flat_shaded(stick_mesh(motion.rest_joints_m, motion.parents)))
    body = rigged(motion, rig)
    assert body.mesh is not None
    buffer = GltfBuffer()
    loss = measure_skin_loss(body)
    bones = range(len(body.parents))
    nodes: list[dict[str, Any]] = [_bone_node(body, bone) for bone in bones]
    nodes.append({"name": "body", "mesh": 0, "skin": 0})
    body_node = len(nodes) - 1
    primitive, inverse = _primitive(buffer, body.mesh), _inverse_bind(buffer, body)
    animation = _body_animation(buffer, body)
    filmed = camera_parts(motion)
    if filmed is not None:
        nodes.append(filmed.node)
        for target, values in filmed.curves.items():
            animation.add(len(nodes) - 1, target, values)
    document = {
        "asset": _asset(motion.attribution),
        "scene": 0,
        "scenes": [{"name": motion.name, "nodes": [0, *range(body_node, len(nodes))]}],
        "nodes": nodes,
        "meshes": [{"name": motion.body_name, "primitives": [primitive]}],
        "materials": [_material("body", _SKIN_COLOUR)],
        "skins": [{"skeleton": 0, "joints": list(bones), "inverseBindMatrices": inverse}],
        "animations": [animation.document],
        **({"cameras": [filmed.camera]} if filmed is not None else {}),
        **(vrm_extensions(body) if rig == "vrm" else {}),
        "extras": {
            "rig": rig,
            "skin_max_dropped_weight": loss.dropped_weight,
            "skin_max_shift_mm": loss.max_shift_mm,
            **video_time(motion),
            **_contacts(motion),
        },
    }
    write_atomically(path, buffer.pack(document))
    return loss


def write_stick_gltf(
    path: str | os.PathLike[str],
    joints_world_m: np.ndarray,
    layout: Layout,
    fps: float,
    name: str = "skeleton",
    extras: dict[str, Any] | None = None,
) -> Path:
    """Any named joints (T, J, 3), such as the teacher's, as octahedra that stretch from joint to joint.

    Needs no body: each bone is a node with translation, rotation and scale of its own, so bone lengths may change.
    ``extras`` go into the document as they are.
    """
    buffer = GltfBuffer()
    # Flat shading: each face has corners of its own.
    vertices = octahedron(0.14)[OCTAHEDRON_FACES.reshape(-1)]
    corners = np.arange(len(vertices)).reshape(-1, 3)
    mesh = {
        "POSITION": buffer.add(vertices.astype(np.float32), target=ARRAY_BUFFER, bounds=True),
        "NORMAL": buffer.add(vertex_normals(vertices, corners).astype(np.float32), target=ARRAY_BUFFER),
    }
    animation = buffer.animation(name, len(joints_world_m), fps)
    nodes: list[dict[str, Any]] = []
    sides = list(_SIDE_COLOURS)
    for parent, child in layout.bones:
        bone = joints_world_m[:, child] - joints_world_m[:, parent]
        length = np.maximum(np.linalg.norm(bone, axis=-1), 1e-6)
        curves = {
            "translation": joints_world_m[:, parent],
            "rotation": _xyzw(continuous_quaternions(_bone_rotations(bone))),
            "scale": np.repeat(length[:, None], 3, axis=1),
        }
        first = {path: values[0].astype(np.float32).tolist() for path, values in curves.items()}
        nodes.append({"name": layout.joints[child], "mesh": _side(layout.joints[child], sides), **first})
        for target, values in curves.items():
            animation.add(len(nodes) - 1, target, values)
    document = {
        "asset": _asset(""),
        "scene": 0,
        "scenes": [{"name": name, "nodes": list(range(len(nodes)))}],
        "nodes": nodes,
        "meshes": [
            {"name": side or "middle", "primitives": [{"attributes": mesh, "material": index}]}
            for index, side in enumerate(sides)
        ],
        "materials": [_material(side or "middle", colour) for side, colour in _SIDE_COLOURS.items()],
        "animations": [animation.document],
        **({} if extras is None else {"extras": extras}),
    }
    return write_atomically(path, buffer.pack(document))


def _contacts(motion: Motion) -> dict[str, Any]:
    """``foot_contact``: of each point of the feet, the probability that it stands in every frame of the animation."""
    if motion.foot_contact is None:
        return {}
    columns = np.round(motion.foot_contact.astype(np.float64), 2).T.tolist()
    return {"foot_contact": dict(zip(CONTACTS, columns, strict=True))}


def _bone_rotations(bone: np.ndarray) -> Rotation:
    """(T, 3) -> T rotations, from +y over the mean direction, so that a bone that hangs straight down does not spin."""
    mean = bone.mean(axis=0)
    return rotation_between(mean, bone) * rotation_between(BONE_AXIS, mean)


def _asset(attribution: str) -> dict[str, str]:
    asset = {"version": "2.0", "generator": _GENERATOR}
    return {**asset, "copyright": attribution} if attribution else asset


def _material(name: str, colour: tuple[float, ...]) -> dict[str, Any]:
    surface = {"baseColorFactor": list(colour), "metallicFactor": 0.0, "roughnessFactor": 0.8}
    return {"name": name, "pbrMetallicRoughness": surface}


def _side(joint: str, sides: list[str]) -> int:
    prefix = joint.split("_")[0]
    return sides.index(prefix if prefix in sides else "")


def _xyzw(quaternion: np.ndarray) -> np.ndarray:
    return np.roll(quaternion, -1, axis=-1)


def _bone_node(body: RiggedMotion, bone: int) -> dict[str, Any]:
    parent = body.parents[bone]
    offset, axes = body.rest_joints_m[bone], body.rest_axes[bone]
    if parent >= 0:
        offset = body.rest_axes[parent].T @ (offset - body.rest_joints_m[parent])
        axes = body.rest_axes[parent].T @ axes
    node: dict[str, Any] = {"name": body.names[bone], "translation": [float(value) for value in offset]}
    turn = Rotation.from_matrix(axes)
    if turn.magnitude() > 1e-9:
        node["rotation"] = [float(value) for value in turn.as_quat()]
    children = [child for child, of in enumerate(body.parents) if of == bone]
    return {**node, "children": children} if children else node


def _primitive(buffer: GltfBuffer, mesh: Mesh) -> dict[str, Any]:
    indices, weights, _ = top_four(mesh.skin_weights)
    wide = np.uint16 if len(mesh.vertices_m) < 65535 else np.uint32
    attributes = {
        "POSITION": buffer.add(mesh.vertices_m.astype(np.float32), target=ARRAY_BUFFER, bounds=True),
        "NORMAL": buffer.add(vertex_normals(mesh.vertices_m, mesh.faces).astype(np.float32), target=ARRAY_BUFFER),
        "JOINTS_0": buffer.add(indices, target=ARRAY_BUFFER),
        "WEIGHTS_0": buffer.add(weights, target=ARRAY_BUFFER),
    }
    faces = buffer.add(mesh.faces.reshape(-1).astype(wide), target=ELEMENT_ARRAY_BUFFER)
    return {"attributes": attributes, "indices": faces, "material": 0}


def _inverse_bind(buffer: GltfBuffer, body: RiggedMotion) -> int:
    matrices = np.tile(np.eye(4), (len(body.parents), 1, 1))
    matrices[:, :3, :3] = np.swapaxes(body.rest_axes, -1, -2)
    matrices[:, :3, 3] = -np.einsum("bji,bj->bi", body.rest_axes, body.rest_joints_m)
    return buffer.add(matrices.astype(np.float32))


def _body_animation(buffer: GltfBuffer, body: RiggedMotion) -> Animation:
    motion = body.motion
    animation = buffer.animation(motion.name, motion.num_frames, motion.fps)
    quaternions = _xyzw(continuous_quaternions(Rotation.from_rotvec(body.local_rotvecs(bone_axes=True))))
    for bone in np.flatnonzero((body.joint_of_bone >= 0) & ~body.tips):
        animation.add(int(bone), "rotation", quaternions[:, bone])
    animation.add(body.mover, "translation", body.mover_places_m())
    return animation
