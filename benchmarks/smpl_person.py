"""A full-size body in SMPL's format with a person's shape, free of anybody's licence: the built-in body made foreign.

Its mesh is cut finer to 6,890 vertices and 13,776 faces, its rest pose has lower arms and legs apart, its limbs have
other lengths, its joints lie elsewhere, and its ten shape directions are a mixture of the built-in ones. So neither
shape coefficients nor rest joints nor landmarks of the built-in body hold for it.

    python -m benchmarks.smpl_person PERSON.pkl [--seed 0]
"""

import argparse
import heapq
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from benchmarks.smpl_files import FULL_VERTICES, in_file_layout, random_smpl, write_python2_pickle
from pn3d.body.builtin import builtin_body
from pn3d.body.model import joints, vertices
from pn3d.geometry.rotations import axis_angle_to_matrix
from pn3d.geometry.skeleton import SMPL24

_REST_DEG = {"left_hip": (0, 0, 4), "left_shoulder": (0, 0, -9), "left_elbow": (0, -6, 0), "spine1": (3, 0, 0)}
"""The built-in body turned like this is what this body rests in; left side, degrees about x, y, z."""
_MOVED_M = {
    "left_hip": (-0.01, -0.02, 0.0),
    "left_shoulder": (-0.01, 0.01, -0.005),
    "left_knee": (0.0, 0.01, -0.01),
    "spine1": (0.0, 0.02, -0.01),
    "neck": (0.0, 0.0, -0.01),
    "head": (0.0, 0.015, 0.02),
}
_SCATTER_M = 0.005
_SHAPE_SPREAD = 0.8


def person_smpl(seed: int = 0) -> dict[str, Any]:
    """The content of such a file, matrices dense; metres, x left, y up, z forward."""
    rng = np.random.default_rng(seed)
    body = builtin_body()
    points, rest = _at_rest(rng)
    arrays = [points, *(np.asarray(a, np.float64) for a in (body.shape_basis, body.pose_basis, body.skin_weights))]
    faces, (template, basis, correctives, weights) = _refined(np.asarray(body.faces), arrays)
    mixing, _ = np.linalg.qr(rng.normal(size=(basis.shape[-1], basis.shape[-1])))
    regressor = _regressor(template, rest + _moved(rng))
    changed = {
        "J": regressor @ template,
        "J_regressor": regressor,
        "J_regressor_prior": regressor,
        "f": faces.astype(np.uint32),
        "posedirs": correctives,
        "shapedirs": basis @ mixing,
        "v_template": template,
        "weights": weights,
        "weights_prior": weights,
    }
    return random_smpl(seed) | changed


def _both_sides(table: Mapping[str, tuple[float, float, float]], sign: tuple[int, int, int]) -> np.ndarray:
    """(24, 3) of a table of left and middle joints; the right side is its mirror image."""
    values = np.zeros((24, 3))
    for joint, name in enumerate(SMPL24.joints):
        if name in table:
            values[joint] = table[name]
            values[SMPL24.mirror[joint]] = values[SMPL24.mirror[joint]] if "left" not in name else values[joint] * sign
    return values


def _at_rest(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and joints (24, 3) of a built-in person of another shape in the other rest pose."""
    betas = jnp.asarray(_SHAPE_SPREAD * rng.normal(size=10), jnp.float32)
    turns = axis_angle_to_matrix(jnp.asarray(np.radians(_both_sides(_REST_DEG, (1, -1, -1))), jnp.float32))
    found = (of(builtin_body(), betas, turns, jnp.zeros(3)) for of in (vertices, joints))
    points, rest = (np.asarray(array, np.float64) for array in found)
    return points, rest


def _moved(rng: np.random.Generator) -> np.ndarray:
    """(24, 3) metres, how far joints lie from where the built-in body has them; mirror-symmetric."""
    scatter = _SCATTER_M * rng.normal(size=(24, 3))
    even = 0.5 * (scatter + scatter[list(SMPL24.mirror)] * [-1, 1, 1])
    return _both_sides(_MOVED_M, (-1, 1, 1)) + even


def _refined(faces: np.ndarray, arrays: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Cuts the longest edges in two until there are 6,890 vertices; new vertices are the means of the two ends.

    Args:
        faces: (F, 3) of a closed surface.
        arrays: (V, …) values of the vertices, the first their positions.

    Returns:
        faces (13776, 3) and the arrays (6890, …).
    """
    points = list(arrays[0])
    triangles = [tuple(triangle) for triangle in faces.tolist()]
    beside: dict[tuple[int, int], int] = {
        (t[k], t[(k + 1) % 3]): n for n, t in enumerate(triangles) for k in range(3)
    }  # directed edge -> its triangle
    length = lambda a, b: float(np.linalg.norm(points[a] - points[b]))  # noqa: E731
    queue = [(-length(a, b), a, b) for a, b in beside if a < b]
    heapq.heapify(queue)
    ends: list[tuple[int, int]] = []
    while len(points) < FULL_VERTICES:
        _, a, b = heapq.heappop(queue)
        if (a, b) not in beside:
            continue
        new = len(points)
        points.append(0.5 * (points[a] + points[b]))
        ends.append((a, b))
        for u, v in ((a, b), (b, a)):
            old = beside.pop((u, v))
            apex = next(corner for corner in triangles[old] if corner not in (u, v))
            triangles[old] = (u, new, apex)
            triangles.append((new, v, apex))
            beside |= {(u, new): old, (new, apex): old, (apex, u): old}
            beside |= {(new, v): len(triangles) - 1, (v, apex): len(triangles) - 1, (apex, new): len(triangles) - 1}
            heapq.heappush(queue, (-length(new, apex), min(new, apex), max(new, apex)))
        for end in (a, b):
            heapq.heappush(queue, (-length(new, end), min(new, end), max(new, end)))
    grown = []
    for array in arrays:
        rows = np.concatenate([array, np.zeros((len(ends), *array.shape[1:]))])
        for n, (a, b) in enumerate(ends):
            rows[len(array) + n] = 0.5 * (rows[a] + rows[b])
        grown.append(rows)
    return np.array(triangles), grown


def _regressor(points: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """(24, V) whose rows sum to one and give the rest joints exactly, of vertices near each joint."""
    regressor = np.zeros((len(rest), len(points)))
    for joint, place in enumerate(rest):
        offset = points - place
        distance = np.linalg.norm(offset, axis=1)
        near = np.maximum(1.0 - (distance / (1.5 * distance.min() + 0.03)) ** 2, 0.0) ** 2
        rows = np.concatenate([np.ones((len(points), 1)), offset], axis=1)
        regressor[joint] = near * (rows @ np.linalg.solve((rows * near[:, None]).T @ rows, np.eye(4)[0]))
    return regressor


def main() -> int:
    """Writes the file as Python 2 would, protocol 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    content = person_smpl(options.seed)
    write_python2_pickle(options.output, in_file_layout(content), 2)
    print(f"{options.output}: {content['v_template'].shape[0]} vertices, {len(content['f'])} faces")
    return 0


if __name__ == "__main__":
    sys.exit(main())
