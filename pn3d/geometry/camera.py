"""Two cameras, centring by rotation, and elevation-aware views.

Camera axes: x right, y down, z forward. A *ray* is (x / z, y / z): a pixel with the intrinsics taken out.

``px`` is the real camera, K = (fx, fy, cx, cy). ``unit`` is the teacher's: focal length 1, root on the optical axis
at depth c, the person scaled so that the mean head-root distance of a human is 1 (Chen et al., CVPR 2019). In between
stands the *window*: rays whose root was turned onto the optical axis, divided by the person's size in the picture, so
that coordinates are in head-root units; ``xy = ray / size`` and the unit camera sees ``xy / c``.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.geometry import rotations

ASSUMED_FOCAL = 1.15
"""Focal length over the longer image side where a file has none (a 47-degree lens; our choice)."""

NEAREST_M = 0.1
"""Points nearer to the camera than this, or behind it, are projected from here, so that they have a picture."""


def assumed_intrinsics(image_size: np.ndarray) -> np.ndarray:
    """(*, 2) (w, h) px -> (*, 4) (fx, fy, cx, cy) px: focal length 1.15 max(w, h), principal point in the middle."""
    size = np.asarray(image_size, np.float32)
    focal = ASSUMED_FOCAL * size.max(axis=-1)
    return np.stack([focal, focal, size[..., 0] / 2, size[..., 1] / 2], axis=-1).astype(np.float32)


def rays_from_px(keypoints_px: Float[Array, "*N J 2"], intrinsics: Float[Array, "*N 4"]) -> Float[Array, "*N J 2"]:
    """Pixels with K = (fx, fy, cx, cy) -> rays."""
    return (keypoints_px - intrinsics[..., None, 2:]) / intrinsics[..., None, :2]


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


def uncentre_points(joints_centred: Float[Array, "*N J 3"], root_ray: Float[Array, "*N 2"]) -> Float[Array, "*N J 3"]:
    """Points (or vectors) in the turned camera's axes -> the real camera's axes."""
    return rotations.rotate(rotations.transpose(centring_rotation(root_ray)), joints_centred)


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


def shift_and_scale(
    points: Float[Array, "B T J 3"],
    shift: Float[Array, "B T 1 2"],
    scale: Float[Array, " B"],
    root_depth: Float[Array, " B"],
) -> Float[Array, "B T J 3"]:
    """Points whose window coordinates are ``scale * xy + shift`` and whose depths are ``scale`` times as large, seen by
    a unit camera of that root depth, where ``points`` are seen by one of ``root_depth / scale``."""
    scaled = scale[:, None, None, None] * points
    moved = scaled[..., :2] + shift / root_depth[:, None, None, None] * scaled[..., 2:]
    return jnp.concatenate([moved, scaled[..., 2:]], axis=-1)


def on_axis(depth: Float[Array, " B"]) -> Float[Array, "B 1 1 3"]:
    """The points (0, 0, depth), where unit cameras have the root."""
    return depth[:, None, None, None] * jnp.array([0.0, 0.0, 1.0]).reshape(1, 1, 1, 3)


def rotate_about_root(
    points: Float[Array, "B T J 3"], rotation: Float[Array, "B 3 3"], root_depth: Float[Array, " B"]
) -> Float[Array, "B T J 3"]:
    """Rotates points about (0, 0, c). With the transposed rotation it is its own inverse."""
    root = on_axis(root_depth)
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
