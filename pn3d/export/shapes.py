"""Small meshes made by code: bones as octahedra; and vertex normals."""

import numpy as np

from pn3d.export.motion import Mesh
from pn3d.geometry.kinematics import rotation_between

BONE_AXIS = np.array([0.0, 1.0, 0.0])
OCTAHEDRON_FACES = np.array(
    [[0, 2, 1], [0, 3, 2], [0, 4, 3], [0, 1, 4], [5, 1, 2], [5, 2, 3], [5, 3, 4], [5, 4, 1]], np.int32
)


def octahedron(width: float) -> np.ndarray:
    """(6, 3): a bone of length 1 along +y from the origin, widest at a fifth of its length."""
    w = width / 2
    return np.array([[0, 0, 0], [w, 0.2, 0], [0, 0.2, -w], [-w, 0.2, 0], [0, 0.2, w], [0, 1, 0]], np.float64)


def stick_mesh(rest_joints_m: np.ndarray, parents: tuple[int, ...]) -> Mesh:
    """One octahedron per bone of the rest skeleton, moving rigidly with the bone's parent joint."""
    vertices: list[np.ndarray] = []
    faces: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    for child, parent in enumerate(parents):
        if parent < 0:
            continue
        bone = rest_joints_m[child] - rest_joints_m[parent]
        length = float(np.linalg.norm(bone))
        turn = rotation_between(BONE_AXIS, bone).as_matrix()
        faces.append(OCTAHEDRON_FACES + 6 * len(vertices))
        vertices.append(octahedron(0.22) * length @ turn.T + rest_joints_m[parent])
        weights.append(np.tile(np.eye(len(parents))[parent], (6, 1)))
    return Mesh(np.concatenate(vertices), np.concatenate(faces), np.concatenate(weights))


def flat_shaded(mesh: Mesh) -> Mesh:
    """The same surface with three vertices of its own per face, so that edges stay sharp."""
    corners = mesh.faces.reshape(-1)
    return Mesh(mesh.vertices_m[corners], np.arange(len(corners)).reshape(-1, 3), mesh.skin_weights[corners])


def vertex_normals(vertices_m: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals, faces weighted by area; +y for a vertex that no face uses."""
    corners = vertices_m[faces]
    face_normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros((len(vertices_m), 3))
    for corner in range(3):
        np.add.at(normals, faces[:, corner], face_normal)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 1e-12, normals / np.maximum(length, 1e-12), np.array([0.0, 1.0, 0.0]))
