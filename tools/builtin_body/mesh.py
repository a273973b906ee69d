"""A closed mirror-symmetric mesh of an implicit surface: surface nets on one half, relaxed and mirrored.

Only additions, products, quotients and square roots are used, each one array operation, so every machine with IEEE
arithmetic gets the same mesh, bit for bit.
"""

from collections.abc import Callable

import numpy as np

Field = Callable[[np.ndarray], np.ndarray]
"""(N, 3) points with x >= 0 -> (N,) about the signed distance in metres, negative inside."""

_LONGEST_STEP_M = 0.004
_CORNERS = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
_EDGES = [(a, b) for a in range(8) for b in range(a) if sum(np.abs(np.subtract(_CORNERS[a], _CORNERS[b]))) == 1]


def mesh_half(field: Field, axes_m: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Surface nets (Gibson, MERL TR-99-24) of the half x >= 0: one vertex in each cell that the surface crosses.

    Args:
        field: the implicit surface; must not reach the end of the grid.
        axes_m: increasing node coordinates of x, y, z; x starts with (-a, a), so the first cells straddle the plane
            x = 0 and their vertices lie on it.

    Returns:
        vertices (n, 3) and quads (m, 4), counter-clockwise seen from outside; the quads of the half x > 0.
    """
    xs, ys, zs = axes_m
    shape = (len(xs), len(ys), len(zs))
    nodes = np.stack(np.meshgrid(xs[1:], ys, zs, indexing="ij"), axis=-1)
    value = field(nodes.reshape(-1, 3)).reshape(nodes.shape[:-1])
    value = _without_saddles(np.concatenate([value[:1], value]))
    inside = value < 0
    cells = tuple(size - 1 for size in shape)

    def corner(array: np.ndarray, offset: tuple[int, int, int]) -> np.ndarray:
        return array[tuple(slice(o, o + size) for o, size in zip(offset, cells, strict=True))]

    count_inside = sum(corner(inside, offset).astype(int) for offset in _CORNERS)
    active = np.argwhere((count_inside > 0) & (count_inside < 8))
    number = np.full(cells, -1)
    number[tuple(active.T)] = np.arange(len(active))
    vertices = _cell_vertices(value, active, axes_m)
    return vertices, _crossing_quads(inside, number)


def _without_saddles(value: np.ndarray) -> np.ndarray:
    """Fills in grid squares whose corners alternate inside and outside, where two sheets of surface would touch.

    Of the two corners outside the one nearer to the surface goes inside, by a hair, until no such square is left;
    with them every edge of the mesh has exactly two faces. The first column stays the mirror image of the second.
    """
    value = value.copy()
    for _ in range(20):
        found = False
        for axis in range(3):
            ahead, aside = np.eye(3, dtype=int)[[(axis + 1) % 3, (axis + 2) % 3]]
            size = np.array(value.shape) - ahead - aside
            a, b, c, d = (
                value[tuple(slice(o, o + n) for o, n in zip(offset, size, strict=True))]
                for offset in (0 * ahead, ahead, ahead + aside, aside)
            )
            for pair, others in (((a, c), (b, d)), ((b, d), (a, c))):
                saddle = (pair[0] < 0) & (pair[1] < 0) & (others[0] >= 0) & (others[1] >= 0)
                found = found or bool(saddle.any())
                first = saddle & (others[0] <= others[1])
                others[0][first] = -1e-6
                others[1][saddle & ~first] = -1e-6
        value[0] = value[1]
        if not found:
            break
    return value


def _cell_vertices(value: np.ndarray, active: np.ndarray, axes_m: tuple[np.ndarray, ...]) -> np.ndarray:
    """The mean of the points where the surface crosses a cell's edges. (n, 3) cell indices -> (n, 3) metres."""
    places, values = [], []
    for offset in _CORNERS:
        index = active + np.array(offset)
        values.append(value[tuple(index.T)])
        places.append(np.stack([axes_m[axis][index[:, axis]] for axis in range(3)], axis=-1))
    total, count = np.zeros((len(active), 3)), np.zeros((len(active), 1))
    for a, b in _EDGES:
        crossed = (values[a] < 0) != (values[b] < 0)
        span = np.where(crossed, values[b] - values[a], 1.0)
        part = (-values[a] / span)[:, None]
        total += np.where(crossed[:, None], places[a] + part * (places[b] - places[a]), 0.0)
        count += crossed[:, None]
    vertices = total / count
    vertices[active[:, 0] == 0, 0] = 0.0
    return vertices


def _crossing_quads(inside: np.ndarray, number: np.ndarray) -> np.ndarray:
    """One quad around each grid edge that the surface crosses, joining the vertices of its four cells."""
    quads = []
    for axis in range(3):
        head, tail = [slice(None)] * 3, [slice(None)] * 3
        head[axis], tail[axis] = slice(1, None), slice(None, -1)
        edges = np.argwhere(inside[tuple(head)] != inside[tuple(tail)])
        edges = edges[edges[:, 0] > 0]  # the first column of nodes is the mirror image of the second
        second, third = (axis + 1) % 3, (axis + 2) % 3
        ring = []
        for da, db in ((1, 1), (0, 1), (0, 0), (1, 0)):
            cell = edges.copy()
            cell[:, second] -= da
            cell[:, third] -= db
            ring.append(number[tuple(cell.T)])
        quad = np.stack(ring, axis=-1)
        leaving = inside[tuple(edges.T)]
        quads.append(np.where(leaving[:, None], quad, quad[:, ::-1]))
    return np.concatenate(quads)


def relax(field: Field, vertices: np.ndarray, quads: np.ndarray, rounds: int, step: float) -> np.ndarray:
    """Evens out the vertices along the surface, and pulls them onto it. (n, 3), (m, 4) -> (n, 3).

    Each round moves every vertex ``step`` of the way to the mean of its neighbours, along the surface only, and then
    takes one Newton step onto the surface. Vertices at x = 0 stay there.
    """
    ends = np.concatenate([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    ends = np.unique(np.sort(ends, axis=1), axis=0)
    middle = vertices[:, 0] == 0
    one, two = np.concatenate([ends, ends[:, ::-1]]).T
    # A vertex of the plane sees each neighbour off the plane twice: itself and its mirror image.
    share = np.where(middle[one] & ~middle[two], 2.0, 1.0)[:, None]
    degree = np.zeros((len(vertices), 1))
    np.add.at(degree, one, share)
    _, slope = _value_and_slope(field, vertices)
    for _ in range(rounds):
        total = np.zeros_like(vertices)
        np.add.at(total, one, share * vertices[two])
        move = step * (total / degree - vertices)
        move[middle, 0] = 0.0
        vertices = vertices + move - _dot(move, slope) * slope / _dot(slope, slope)
        value, slope = _value_and_slope(field, vertices)
        # Newton's step, never further than a cell: on tips the value is no good distance.
        reach = np.clip(value, -_LONGEST_STEP_M, _LONGEST_STEP_M)
        vertices = vertices - reach * slope / np.maximum(_dot(slope, slope), 0.25)
        vertices[middle, 0] = 0.0
    return vertices


def _value_and_slope(field: Field, points: np.ndarray, step_m: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
    """Field (n, 1) and its gradient (n, 3); across the plane x = 0 the field is its mirror image."""
    steps = np.concatenate([np.zeros((1, 3)), step_m * np.eye(3)])
    probes = (points[None] + steps[:, None]).reshape(-1, 3)
    probes[:, 0] = np.abs(probes[:, 0])
    values = field(probes).reshape(4, -1).T
    slope = (values[:, 1:] - values[:, :1]) / step_m
    slope[points[:, 0] == 0, 0] = 0.0
    return values[:, :1], slope


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, :1] * b[:, :1] + a[:, 1:2] * b[:, 1:2] + a[:, 2:] * b[:, 2:]


def _length(a: np.ndarray) -> np.ndarray:
    return np.sqrt(_dot(a, a))


def triangulate(vertices: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Splits every quad along its shorter diagonal. (m, 4) -> (2 m, 3)."""
    corners = vertices[quads]
    first, second = _length(corners[:, 0] - corners[:, 2]), _length(corners[:, 1] - corners[:, 3])
    along_first = first <= second + 1e-9
    a = np.where(along_first, quads[:, [0, 1, 2]], quads[:, [1, 2, 3]])
    b = np.where(along_first, quads[:, [0, 2, 3]], quads[:, [1, 3, 0]])
    return np.concatenate([a, b])


def mirror_half(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adds the mirror image of the half x >= 0.

    Returns:
        vertices (V, 3): the given ones first; triangles (F, 3); and for each vertex the index of its mirror image.
    """
    count = len(vertices)
    off_plane = np.flatnonzero(vertices[:, 0] != 0)
    twin = np.arange(count)
    twin[off_plane] = count + np.arange(len(off_plane))
    image = vertices[off_plane] * np.array([-1.0, 1.0, 1.0])
    all_vertices = np.concatenate([vertices, image])
    mirror = np.concatenate([twin, off_plane])
    return all_vertices, np.concatenate([triangles, twin[triangles][:, ::-1]]), mirror
