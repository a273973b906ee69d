"""Two cameras, centring by rotation, the size rule, and elevation-aware views.

Camera axes: x right, y down, z forward. A *ray* is (x / z, y / z): a pixel with the intrinsics taken out.

``px`` is the real camera, K = (fx, fy, cx, cy). ``unit`` is the teacher's: focal length 1, root on the optical axis
at depth c, the person scaled so that the mean head-root distance of a human is 1 (Chen et al., CVPR 2019). In between
stands the *window*: rays whose root was turned onto the optical axis, divided by the person's size in the picture, so
that coordinates are in head-root units; ``xy = ray / size`` and the unit camera sees ``xy / c``.

What happens in windows takes points by coordinates with the batch last (``pn3d.geometry.planes.Points``).
"""

from collections.abc import Sequence

import chex
import jax
import jax.numpy as jnp
import numpy as np

from pn3d.geometry import planes, rotations
from pn3d.geometry.planes import Points
from pn3d.geometry.skeleton import H36M17

ASSUMED_FOCAL = 1.15
"""Focal length over the longer image side where a file has none (a 47-degree lens; our choice)."""

_SEGMENTS = tuple(
    (H36M17.index(a), H36M17.index(b), length)
    for side in ("left_", "right_")
    for a, b, length in (
        (side + "hip", side + "knee", 0.595),
        (side + "knee", side + "ankle", 0.562),
        (side + "shoulder", side + "elbow", 0.365),
        (side + "elbow", side + "wrist", 0.350),
        (side + "shoulder", side + "hip", 0.681),
    )
)
"""Torso and limb segments that every detector gives, with their mean length in head-root units (people of the CMU
motion capture database: thigh 440, shank 415, upper arm 270, forearm 259, side of the trunk 503, head-root 739 mm)."""

SIZE_QUANTILE = 0.8
"""Foreshortening only ever shortens a segment, so a high quantile over segments and frames is close to the truth, and
still ignores the longest fifth, where outliers are (our choice)."""


def assumed_intrinsics(image_size: np.ndarray) -> np.ndarray:
    """(*, 2) (w, h) px -> (*, 4) (fx, fy, cx, cy) px: focal length 1.15 max(w, h), principal point in the middle."""
    size = np.asarray(image_size, np.float32)
    focal = ASSUMED_FOCAL * size.max(axis=-1)
    return np.stack([focal, focal, size[..., 0] / 2, size[..., 1] / 2], axis=-1).astype(np.float32)


def rays_from_px(keypoints_px: jax.Array, intrinsics: jax.Array) -> jax.Array:
    """(*, J, 2) px with (*, 4) K -> (*, J, 2) rays."""
    chex.assert_axis_dimension(intrinsics, -1, 4)
    return (keypoints_px - intrinsics[..., None, 2:]) / intrinsics[..., None, :2]


def px_from_rays(rays: jax.Array, intrinsics: jax.Array) -> jax.Array:
    """The inverse of ``rays_from_px``. (*, J, 2) -> (*, J, 2) px."""
    chex.assert_axis_dimension(intrinsics, -1, 4)
    return rays * intrinsics[..., None, :2] + intrinsics[..., None, 2:]


def project(joints_cam: jax.Array) -> jax.Array:
    """Points in camera axes -> rays. (*, 3) -> (*, 2). Depth must be positive; units do not matter."""
    x, y, z = rotations.components(joints_cam)
    return jnp.stack([x / z, y / z], axis=-1)


def homogeneous(rays: jax.Array) -> jax.Array:
    """(*, 2) -> (*, 3), the ray's point at depth 1."""
    return jnp.concatenate([rays, jnp.ones_like(rays[..., :1])], axis=-1)


def centring_rotation(root_ray: jax.Array) -> jax.Array:
    """The shortest rotation that turns a ray onto the optical axis. (*, 2) -> (*, 3, 3); its transpose turns back."""
    direction = homogeneous(root_ray)
    x, y, z = jnp.moveaxis(direction / jnp.linalg.norm(direction, axis=-1, keepdims=True), -1, 0)
    # Rodrigues about (y, -x, 0), whose length is the sine and whose complement z is the cosine; 1 + z is never small.
    k = 1.0 / (1.0 + z)
    return rotations.stack_matrix(((1.0 - k * x * x, -k * x * y, -x), (-k * x * y, 1.0 - k * y * y, -y), (x, y, z)))


def centre_rays(rays: jax.Array, root_ray: jax.Array) -> jax.Array:
    """Rays as the camera would see them were it turned to the root. (*, J, 2), (*, 2) -> (*, J, 2)."""
    return project(rotations.rotate(centring_rotation(root_ray), homogeneous(rays)))


def uncentre_rays(rays: jax.Array, root_ray: jax.Array) -> jax.Array:
    """The inverse of ``centre_rays``."""
    return project(rotations.rotate(rotations.transpose(centring_rotation(root_ray)), homogeneous(rays)))


def uncentre_points(joints_centred: jax.Array, root_ray: jax.Array) -> jax.Array:
    """Points (or vectors) in the turned camera's axes -> the real camera's axes. (*, J, 3), (*, 2) -> (*, J, 3)."""
    return rotations.rotate(rotations.transpose(centring_rotation(root_ray)), joints_centred)


def person_size(rays: Points, confidence: jax.Array) -> jax.Array:
    """The person's size in the picture, one number per window: the head-root distance over its depth.

    A high quantile of segment length over its human mean, over all measured segments and frames (design, decision 8).
    Never from the head, never per frame; a segment counts where both ends were measured.

    Args:
        rays: two of (17, T, B), centred rays of h36m17.
        confidence: (17, T, B), 0 = missing.

    Returns:
        (B,) size, > 0; 0.1 where no segment at all was measured.
    """
    chex.assert_equal_shape([*rays, confidence])
    a, b, lengths = (np.array(column) for column in zip(*_SEGMENTS, strict=True))
    x, y = (differences(axis, a, b) for axis in rays)
    ratios = jnp.sqrt(x * x + y * y + 1e-12) / jnp.asarray(lengths, jnp.float32)[:, None, None]
    measured = (confidence > 0)[a] & (confidence > 0)[b]
    ratios, measured = (v.reshape(-1, v.shape[-1]) for v in (ratios, measured))
    count = jnp.sum(measured, axis=0)
    place = jnp.floor(SIZE_QUANTILE * jnp.maximum(count - 1, 0)).astype(jnp.int32)
    picked = kth_smallest(jnp.where(measured, ratios, jnp.inf), place)
    return jnp.where(count > 0, jnp.maximum(jnp.where(jnp.isfinite(picked), picked, 0.1), 1e-4), 0.1)


def kth_smallest(values: jax.Array, place: jax.Array) -> jax.Array:
    """The value at a place of the ordered first axis. (N, *) all >= 0, (*) int32 from 0 -> (*).

    Non-negative floats are ordered as their bits are, so 31 comparisons with the bits found so far give it exactly;
    sorting is slow, above all where a gradient follows. The gradient goes to the value's own place.
    """
    bits = jax.lax.bitcast_convert_type(jax.lax.stop_gradient(values), jnp.int32)

    def next_bit(i: jax.Array, found: jax.Array) -> jax.Array:
        candidate = found | (jnp.int32(1) << (30 - i))
        return jnp.where(jnp.sum((bits < candidate[None]).astype(jnp.int32), axis=0) <= place, candidate, found)

    found = jax.lax.fori_loop(0, 31, next_bit, place ^ place)
    here = bits == found[None]
    return jnp.sum(jnp.where(here, values, 0.0), axis=0) / jnp.sum(here, axis=0)


def differences(points: jax.Array, first: np.ndarray, second: np.ndarray) -> jax.Array:
    """``points[first] - points[second]``, as one product with a matrix of 1 and -1.

    (J, *), (K,) and (K,) joint numbers -> (K, *). Exact in float32 all the same. Gathering joints instead makes the
    gradient a scatter, which is slow on every device.
    """
    every = np.eye(points.shape[0], dtype=np.float32)
    flat = points.reshape(points.shape[0], -1)
    apart = jnp.matmul(every[first] - every[second], flat, precision=jax.lax.Precision.HIGHEST)
    return apart.reshape(-1, *points.shape[1:])


def lift(xy: Points, depth: jax.Array, root_depth: jax.Array) -> tuple[jax.Array, ...]:
    """Window coordinates and depth offsets -> points in unit-camera axes, in head-root units (Chen 2019, Eq. 1).

    Args:
        xy: two of (J, T, B), window coordinates (rays over size); the unit camera sees ``xy / c``.
        depth: (J, T, B) depth offsets from the root.
        root_depth: (B,) the virtual depth c of the root.

    Returns:
        Three of (J, T, B), with z = max(1, c + d).
    """
    c = root_depth[None, None]
    z = jnp.maximum(1.0, c + depth)
    x, y = xy
    return x * (z / c), y * (z / c), z


def in_front(points: Points) -> tuple[jax.Array, ...]:
    """Points with their depth held at 1 or more, so that they have a picture. Three of (J, T, B)."""
    x, y, z = points
    return x, y, jnp.maximum(z, 1.0)


def project_unit(points: Points, root_depth: jax.Array) -> tuple[jax.Array, ...]:
    """The inverse of ``lift`` for the plane: three of (J, T, B), (B,) -> window coordinates, two of (J, T, B)."""
    x, y, z = points
    focal = root_depth[None, None] / z
    return x * focal, y * focal


def turn_about_root(points: Points, rotation: jax.Array, root_depth: jax.Array) -> tuple[jax.Array, ...]:
    """Rotates points about (0, 0, c). Three of (J, T, B), (B, 3, 3), (B,) -> three. Transposed, it is its inverse."""
    c = root_depth[None, None]
    x, y, z = points
    entries = [entry[:, None] for entry in planes.entries(jnp.moveaxis(rotation, 0, -1)[None])]
    rows = [entries[i : i + 3] for i in (0, 3, 6)]
    u, v, w = (r * x + s * y + t * (z - c) for r, s, t in rows)
    return u, v, w + c


def view_rotation(elevation: jax.Array, azimuth: jax.Array, new_elevation: jax.Array) -> jax.Array:
    """R = Rx(e') Ry(a) Rx(-e): upright, turned about the vertical, seen from a new elevation. (*) each -> (*, 3, 3).

    Elevation is positive where the camera is above the person and looks down; Rx(-e) turns the camera's picture of
    "up", (0, -cos e, -sin e), to (0, -1, 0). ElePose (Wandt et al., CVPR 2022), section 3.2. The inverse view has the
    elevations exchanged and the azimuth negated.
    """
    (ce, se), (ca, sa), (cn, sn) = ((jnp.cos(x), jnp.sin(x)) for x in (elevation, azimuth, new_elevation))
    return rotations.stack_matrix(
        (
            (ca, -sa * se, sa * ce),
            (sn * sa, cn * ce + sn * ca * se, cn * se - sn * ca * ce),
            (-cn * sa, sn * ce - cn * ca * se, sn * se + cn * ca * ce),
        )
    )


def up_in_camera(elevation: jax.Array) -> jax.Array:
    """The world's up direction in camera axes. (*) radians -> (*, 3) unit vectors."""
    return jnp.stack([jnp.zeros_like(elevation), -jnp.cos(elevation), -jnp.sin(elevation)], axis=-1)


HEAD_ROOT_M = 0.74
"""Head-root distance of an adult of about 1.7 m; a person of size s in the picture stands at about this over s."""


def fit_translation(joints: jax.Array, rays: jax.Array, weight: jax.Array, size: jax.Array) -> jax.Array:
    """The translation that puts joints on their rays, by weighted linear least squares (our choice; closed form).

    Minimises sum_j w_j |(X_j + t)_xy - ray_j (X_j + t)_z|^2 over t.

    Args:
        joints: (*, J, 3) in camera axes, any origin, metres.
        rays: (*, J, 2).
        weight: (*, J), >= 0.
        size: (*) the person's size in the picture; the depth of the mean joint is kept between 0.4 and 2.5 times that
            of an adult of this size, so that a pose that fits badly (an untrained student's) is not thrown far away.

    Returns:
        (*, 3) translation in metres. Finite where nothing was measured.
    """
    found = _fitted(rotations.components(joints), rotations.components(rays), weight, size, axis=-1)
    return jnp.stack(found, axis=-1)


def fit_translation_planes(joints: jax.Array, rays: jax.Array, weight: jax.Array, size: jax.Array) -> jax.Array:
    """``fit_translation`` with the batch last: metres (J, 3, *), (J, 2, *), (J, *), (*) -> metres (3, *)."""
    return jnp.stack(_fitted(planes.coordinates(joints), planes.coordinates(rays), weight, size, axis=0))


def _fitted(
    joints: Sequence[jax.Array], rays: Sequence[jax.Array], weight: jax.Array, size: jax.Array, axis: int
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Coordinates of joints and rays, joints along an axis -> those of the translation."""
    w = weight / (jnp.sum(weight, axis=axis, keepdims=True) + 1e-6)
    (u, v), (x, y, z) = rays, joints
    mean = lambda values: jnp.sum(w * values, axis=axis)  # noqa: E731
    gap_x, gap_y = u * z - x, v * z - y
    mean_u, mean_v, mean_x, mean_y = mean(u), mean(v), mean(gap_x), mean(gap_y)
    du, dv = u - jnp.expand_dims(mean_u, axis), v - jnp.expand_dims(mean_v, axis)
    spread = mean(du * du + dv * dv) + 1e-8
    depth = -(mean(du * gap_x) + mean(dv * gap_y)) / spread
    likely, middle = HEAD_ROOT_M / size, mean(z)
    depth = jnp.clip(depth, 0.4 * likely - middle, 2.5 * likely - middle)
    return mean_x + mean_u * depth, mean_y + mean_v * depth, depth
