"""Two cameras, centring by rotation, the size rule, and elevation-aware views.

Camera axes: x right, y down, z forward. A *ray* is (x / z, y / z): a pixel with the intrinsics taken out.

``px`` is the real camera, K = (fx, fy, cx, cy). ``unit`` is the teacher's: focal length 1, root on the optical axis
at depth c, the person scaled so that the mean head-root distance of a human is 1 (Chen et al., CVPR 2019). In between
stands the *window*: rays whose root was turned onto the optical axis, divided by the person's size in the picture, so
that coordinates are in head-root units; ``xy = ray / size`` and the unit camera sees ``xy / c``.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pn3d.geometry import rotations
from pn3d.geometry.skeleton import H36M17
from pn3d.geometry.vectors import safe_norm

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


def rays_from_px(keypoints_px: Float[Array, "*N J 2"], intrinsics: Float[Array, "*N 4"]) -> Float[Array, "*N J 2"]:
    """Pixels with K = (fx, fy, cx, cy) -> rays."""
    return (keypoints_px - intrinsics[..., None, 2:]) / intrinsics[..., None, :2]


def px_from_rays(rays: Float[Array, "*N J 2"], intrinsics: Float[Array, "*N 4"]) -> Float[Array, "*N J 2"]:
    """The inverse of ``rays_from_px``."""
    return rays * intrinsics[..., None, :2] + intrinsics[..., None, 2:]


def project(joints_cam: Float[Array, "*N 3"]) -> Float[Array, "*N 2"]:
    """Points in camera axes -> rays. Depth must be positive; units do not matter."""
    return joints_cam[..., :2] / joints_cam[..., 2:]


def homogeneous(rays: Float[Array, "*N 2"]) -> Float[Array, "*N 3"]:
    """The rays' points at depth 1."""
    return jnp.pad(rays, [(0, 0)] * (rays.ndim - 1) + [(0, 1)], constant_values=1.0)


def centring_rotation(root_ray: Float[Array, "*N 2"]) -> Float[Array, "*N 3 3"]:
    """The shortest rotation that turns a ray onto the optical axis; its transpose turns back."""
    direction = homogeneous(root_ray)
    x, y, z = jnp.moveaxis(direction / jnp.linalg.norm(direction, axis=-1, keepdims=True), -1, 0)
    # Rodrigues about (y, -x, 0), whose length is the sine and whose complement z is the cosine; 1 + z is never small.
    k = 1.0 / (1.0 + z)
    return rotations.stack_matrix(((1.0 - k * x * x, -k * x * y, -x), (-k * x * y, 1.0 - k * y * y, -y), (x, y, z)))


def centre_rays(rays: Float[Array, "*N J 2"], root_ray: Float[Array, "*N 2"]) -> Float[Array, "*N J 2"]:
    """Rays as the camera would see them were it turned to the root."""
    return project(rotations.rotate(centring_rotation(root_ray), homogeneous(rays)))


def uncentre_rays(rays: Float[Array, "*N J 2"], root_ray: Float[Array, "*N 2"]) -> Float[Array, "*N J 2"]:
    """The inverse of ``centre_rays``."""
    return project(rotations.rotate(rotations.transpose(centring_rotation(root_ray)), homogeneous(rays)))


def uncentre_points(joints_centred: Float[Array, "*N J 3"], root_ray: Float[Array, "*N 2"]) -> Float[Array, "*N J 3"]:
    """Points (or vectors) in the turned camera's axes -> the real camera's axes."""
    return rotations.rotate(rotations.transpose(centring_rotation(root_ray)), joints_centred)


def person_size(rays: Float[Array, "B T J 2"], confidence: Float[Array, "B T J"]) -> Float[Array, " B"]:
    """The person's size in the picture, one number per window: the head-root distance over its depth.

    A high quantile of segment length over its human mean, over all measured segments and frames (design, decision 8).
    Never from the head, never per frame; a segment counts where both ends were measured.

    Args:
        rays: centred rays of h36m17.
        confidence: 0 = missing.

    Returns:
        Size, > 0; 0.1 where no segment at all was measured.
    """
    first, second, lengths = (np.array(column) for column in zip(*_SEGMENTS, strict=True))
    gaps = rays[:, :, first] - rays[:, :, second]
    ratios = safe_norm(gaps, 1e-12) / jnp.asarray(lengths, jnp.float32).reshape(1, 1, -1)
    measured = (confidence[:, :, first] > 0) & (confidence[:, :, second] > 0)
    ratios, measured = (values.reshape(values.shape[0], -1) for values in (ratios, measured))
    count = jnp.sum(measured, axis=1)
    rank = jnp.maximum(count - 1, 0)
    rank = rank - jnp.floor(SIZE_QUANTILE * rank).astype(rank.dtype)
    most = math.ceil((1.0 - SIZE_QUANTILE) * ratios.shape[1]) + 1
    picked = kth_largest(jnp.where(measured, ratios, -jnp.inf), rank, min(most, ratios.shape[1]))
    return jnp.where(count > 0, jnp.maximum(jnp.where(jnp.isfinite(picked), picked, 0.1), 1e-4), 0.1)


def kth_largest(values: Float[Array, "B N"], rank: Int[Array, " B"], most: int) -> Float[Array, " B"]:
    """The value of a rank (0 is the largest) among each row's values; the gradient goes to the value that was picked.

    ``rank`` is below ``most``; a processor finds some of the largest in a quarter of the time that sorting takes.
    """
    largest, _ = jax.lax.top_k(jax.lax.stop_gradient(values), most)
    picked = jnp.take_along_axis(largest, rank[:, None], axis=1)
    is_picked = values == picked
    return jnp.sum(jnp.where(is_picked, values, 0.0), axis=1) / jnp.sum(is_picked, axis=1)


def lift(
    xy: Float[Array, "B T J 2"], depth: Float[Array, "B T J"], root_depth: Float[Array, " B"]
) -> Float[Array, "B T J 3"]:
    """Window coordinates and depth offsets -> points in unit-camera axes, in head-root units (Chen 2019, Eq. 1).

    Args:
        xy: window coordinates (rays over size); the unit camera sees ``xy / c``.
        depth: offsets from the root.
        root_depth: the virtual depth c of the root.

    Returns:
        Points with z = max(1, c + d).
    """
    c = root_depth[:, None, None]
    z = jnp.maximum(1.0, c + depth)[..., None]
    return homogeneous(xy / c[..., None]) * z


def in_front(points: Float[Array, "B T J 3"]) -> Float[Array, "B T J 3"]:
    """Points with their depth held at 1 or more, so that they have a picture."""
    return jnp.maximum(points, jnp.array([-jnp.inf, -jnp.inf, 1.0]).reshape(1, 1, 1, 3))


def project_unit(points: Float[Array, "B T J 3"], root_depth: Float[Array, " B"]) -> Float[Array, "B T J 2"]:
    """The inverse of ``lift`` for the plane: points -> window coordinates."""
    return points[..., :2] * (root_depth[:, None, None, None] / points[..., 2:])


def rotate_about_root(
    points: Float[Array, "B T J 3"], rotation: Float[Array, "B 3 3"], root_depth: Float[Array, " B"]
) -> Float[Array, "B T J 3"]:
    """Rotates points about (0, 0, c). With the transposed rotation it is its own inverse."""
    root = root_depth[:, None, None, None] * jnp.array([0.0, 0.0, 1.0]).reshape(1, 1, 1, 3)
    return rotations.rotate(rotation[:, None], points - root) + root


def view_rotation(
    elevation: Float[Array, "*N"],
    azimuth: Float[Array, "*N"],
    new_elevation: Float[Array, "*N"],
    roll: Float[Array, "*N"] | None = None,
) -> Float[Array, "*N 3 3"]:
    """R = Rx(e') Ry(a) Rx(-e) Rz(-r): upright, turned about the vertical, seen from a new elevation. Radians.

    Elevation is positive where the camera is above the person and looks down; Rx(-e) turns the camera's picture of
    "up", (0, -cos e, -sin e), to (0, -1, 0). ElePose (Wandt et al., CVPR 2022), section 3.2. The inverse view has the
    elevations exchanged and the azimuth negated. Roll is positive where up leans to the right in the picture (our
    addition); the new view has none.
    """
    (ce, se), (ca, sa), (cn, sn) = ((jnp.cos(x), jnp.sin(x)) for x in (elevation, azimuth, new_elevation))
    upright = rotations.stack_matrix(
        (
            (ca, -sa * se, sa * ce),
            (sn * sa, cn * ce + sn * ca * se, cn * se - sn * ca * ce),
            (-cn * sa, sn * ce - cn * ca * se, sn * se + cn * ca * ce),
        )
    )
    return upright if roll is None else rotations.compose(upright, rotations.rotation_z(-roll))


def up_in_camera(elevation: Float[Array, "*N"], roll: Float[Array, "*N"] | float = 0.0) -> Float[Array, "*N 3"]:
    """The world's up direction in camera axes, unit vectors. Radians."""
    across, along = jnp.sin(roll) * jnp.cos(elevation), -jnp.cos(roll) * jnp.cos(elevation)
    return jnp.stack([across, along, -jnp.sin(elevation)], axis=-1)


HEAD_ROOT_M = 0.74
"""Head-root distance of an adult of about 1.7 m; a person of size s in the picture stands at about this over s."""


def fit_translation(
    joints: Float[Array, "*N J 3"],
    rays: Float[Array, "*N J 2"],
    weight: Float[Array, "*N J"],
    size: Float[Array, "*N"],
) -> Float[Array, "*N 3"]:
    """The translation that puts joints on their rays, by weighted linear least squares (our choice; closed form).

    Minimises sum_j w_j |(X_j + t)_xy - ray_j (X_j + t)_z|^2 over t.

    Args:
        joints: in camera axes, any origin, metres.
        rays: where they should be seen.
        weight: >= 0.
        size: the person's size in the picture; the depth of the mean joint is kept between 0.4 and 2.5 times that
            of an adult of this size, so that a pose that fits badly (an untrained student's) is not thrown far away.

    Returns:
        Translation in metres. Finite where nothing was measured.
    """
    w = (weight / (jnp.sum(weight, axis=-1, keepdims=True) + 1e-6))[..., None]
    gap = rays * joints[..., 2:] - joints[..., :2]
    mean_ray, mean_gap, mean_z = (jnp.sum(w * v, axis=-2) for v in (rays, gap, joints[..., 2:]))
    offset = rays - mean_ray[..., None, :]
    spread = jnp.sum(w * offset * offset, axis=(-2, -1)) + 1e-8
    depth = -jnp.sum(w * offset * gap, axis=(-2, -1)) / spread
    likely, middle = HEAD_ROOT_M / size, mean_z[..., 0]
    depth = jnp.clip(depth, 0.4 * likely - middle, 2.5 * likely - middle)[..., None]
    return jnp.concatenate([mean_gap + mean_ray * depth, depth], axis=-1)
