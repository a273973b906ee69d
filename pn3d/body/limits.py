"""Anatomical ranges of the SMPL joints.

Conventions. A joint's local rotation R (relative to its parent, T-pose = identity, axes x left, y up, z forward) is
split into a twist about one main axis a, done first, and a swing about an axis at right angles to it:
R = swing . twist. The swing's rotation vector has no part along a, so swing and twist together are one vector of three
angles, ``components_rad``, named by the body axis they turn about. a is the bone for ball joints and the hinge for
hinges, so neither is singular in its range. Left and right mirror: angles about y and z change sign.

Signs for the left side (right-handed turns):
    hip      a = y   -x flexion       +y outward rotation    +z abduction
    knee     a = x   +x flexion       +y outward rotation
    ankle    a = x   -x dorsiflexion  +y toes outward        +z sole outward
    spine    a = y   +x flexion       +y turn to the left    -z lean to the left
    collar   a = x   +z shoulder up   -y shoulder forward
    shoulder a = x   +x inward rotation; the upper arm's direction stays in a cone, see ``SHOULDER_CONE_DEG``
    elbow    a = y   -y flexion       +x pronation
    wrist    a = x   -z palm flexion  -y to the thumb        +x pronation

Ranges are those of healthy adults: American Academy of Orthopaedic Surgeons, "Joint Motion", 1965, and Boone and Azen,
J. Bone Joint Surg. 61-A, 1979, rounded up by a few degrees; how the spine's and the neck's are shared out over SMPL's
joints, and the small angles of hinges about their other axes, are our choice.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.body.joint_turns import row_of
from pn3d.geometry import rotations as rot
from pn3d.geometry.skeleton import SMPL24
from pn3d.geometry.vectors import safe_norm


class JointRange(NamedTuple):
    """Least and greatest angle about each body axis in degrees, and the main axis (0 x, 1 y, 2 z)."""

    main_axis: int
    x: tuple[float, float]
    y: tuple[float, float]
    z: tuple[float, float]


def _range(name: str) -> JointRange:
    row = row_of(name)
    x, y, z = ((float(row[f"{axis}_low"]), float(row[f"{axis}_high"])) for axis in "xyz")
    if name.startswith("right_"):
        y, z = (-y[1], -y[0]), (-z[1], -z[0])
    return JointRange("xyz".index(row["main_axis"]), x, y, z)


RANGES: dict[str, JointRange] = {name: _range(name) for name in SMPL24.joints}
"""The range of each of the 24 joints, in their order, degrees."""

SHOULDER_CONE_AXIS = (0.80, -0.15, 0.581)
"""Middle of the directions that the left upper arm reaches relative to the collar: to the side, forward, a bit down."""

SHOULDER_CONE_DEG = 112.0
"""Greatest angle of the upper arm from it: reaches straight up, hanging, 50 degrees back, across the chest."""

_MAIN = np.eye(3, dtype=np.float32)[[RANGES[name].main_axis for name in SMPL24.joints]]
_JOINT = np.arange(len(SMPL24.joints))[:, None]
_FROM_MAIN = (np.argmax(_MAIN, axis=1)[:, None] + np.arange(3)) % 3
"""(24, 3) each joint's axes, its main axis first, the others after it cyclically."""
_TO_BODY = np.argsort(_FROM_MAIN, axis=1)
_LOW, _HIGH = (
    np.radians([[getattr(RANGES[name], axis)[end] for axis in "xyz"] for name in SMPL24.joints]).astype(np.float32)
    for end in (0, 1)
)
_SHOULDERS = slice(SMPL24.index("left_shoulder"), SMPL24.index("right_shoulder") + 1)
_REST_ARMS = np.array([1.0, -1.0], np.float32)  # along x
_CONE_AXES = np.array([SHOULDER_CONE_AXIS] * 2, np.float32) / np.linalg.norm(SHOULDER_CONE_AXIS).astype(np.float32)
_CONE_AXES[1, 0] *= -1.0
_CONE = float(np.radians(SHOULDER_CONE_DEG))


def _as_matrices(rotations: jax.Array) -> jax.Array:
    """(*, 24, 3, 3) as it is, (*, 24, 3) axis-angle turned into it."""
    joints = len(SMPL24.joints)
    if rotations.ndim >= 3 and rotations.shape[-3:] == (joints, 3, 3):
        return rotations
    if rotations.ndim >= 2 and rotations.shape[-2:] == (joints, 3):
        return rot.axis_angle_to_matrix(rotations)
    raise ValueError(f"expected rotations (*, {joints}, 3, 3) or axis-angle (*, {joints}, 3), found {rotations.shape}")


def components_rad(rotations: Float[Array, "..."]) -> Float[Array, "*N 24 3"]:
    """Swing and twist of every joint as one vector of angles about the body axes; see the module.

    With main axis k and (k, i, j) cyclic, the twist's sine and cosine are (R_ji - R_ij) and (R_ii + R_jj), both over
    1 + R_kk, and the swing is the shortest turn from axis k to column k.

    Args:
        rotations: (*, 24, 3, 3), or axis-angle (*, 24, 3).

    Returns:
        (*, 24, 3) radians; finite values and gradients everywhere, exact at rest.
    """
    own = _as_matrices(rotations)[..., _JOINT[..., None], _FROM_MAIN[:, :, None], _FROM_MAIN[:, None]]
    sine, cosine = own[..., 2, 1] - own[..., 1, 2], own[..., 1, 1] + own[..., 2, 2]
    # A swing by 180 degrees leaves the twist undefined: it is then taken as zero.
    defined = sine * sine + cosine * cosine > 1e-8
    twist = jnp.arctan2(jnp.where(defined, sine, 0.0), jnp.where(defined, cosine, 1.0))
    ik, jk, kk = own[..., 1, 0], own[..., 2, 0], own[..., 0, 0]
    squared = ik * ik + jk * jk
    small = squared < 1e-8
    length = jnp.sqrt(jnp.where(small, 1.0, squared))
    factor = jnp.where(small, 1.0 + squared / 6.0, jnp.arctan2(length, jnp.where(small, 1.0, kk)) / length)
    about_main = jnp.stack([twist, -factor * jk, factor * ik], axis=-1)
    return about_main[..., _JOINT, _TO_BODY]


def limit_excess_rad(rotations: jax.Array) -> jax.Array:
    """How far every joint is beyond its range; zero inside.

    Args:
        rotations: (*, 24, 3, 3), or axis-angle (*, 24, 3).

    Returns:
        (*, 24, 4) radians >= 0: about x, y, z, and beyond the cone of the upper arms.
    """
    matrices = _as_matrices(rotations)
    angles = components_rad(matrices)
    low, high = (jnp.broadcast_to(jnp.asarray(bound, angles.dtype), angles.shape) for bound in (_LOW, _HIGH))
    angular = jax.nn.relu(low - angles) + jax.nn.relu(angles - high)
    beyond = jax.nn.relu(_cone_angle(matrices) - _CONE)
    around = [(0, 0)] * (beyond.ndim - 1) + [(_SHOULDERS.start, len(SMPL24.joints) - _SHOULDERS.stop)]
    return jnp.concatenate([angular, jnp.pad(beyond, around)[..., None]], axis=-1)


def _cone_angle(matrices: Float[Array, "*N 24 3 3"]) -> Float[Array, "*N 2"]:
    """Angle of both upper arms from the middle of their cone, radians."""
    arms = _upper_arms(matrices)
    axes = jnp.broadcast_to(jnp.asarray(_CONE_AXES, arms.dtype), arms.shape)
    return jnp.arctan2(safe_norm(jnp.cross(arms, axes), 1e-12), jnp.sum(arms * axes, axis=-1))


def _upper_arms(matrices: Float[Array, "*N 24 3 3"]) -> Float[Array, "*N 2 3"]:
    """Directions of the upper arms relative to the collars."""
    arms = matrices[..., _SHOULDERS, :, 0]
    return arms * jnp.broadcast_to(jnp.asarray(_REST_ARMS[:, None], arms.dtype), arms.shape)
