"""Anatomical ranges of the SMPL joints, and which of their turns no data joint shows.

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

from pn3d.geometry import planes
from pn3d.geometry import rotations as rot
from pn3d.geometry.skeleton import SMPL24

_FREE = (-360.0, 360.0)


class JointRange(NamedTuple):
    """Least and greatest angle about each body axis in degrees, and the main axis (0 x, 1 y, 2 z)."""

    main_axis: int
    x: tuple[float, float]
    y: tuple[float, float]
    z: tuple[float, float]


_LEFT: dict[str, JointRange] = {
    "pelvis": JointRange(1, _FREE, _FREE, _FREE),
    "left_hip": JointRange(1, (-130, 30), (-50, 55), (-30, 55)),
    "left_knee": JointRange(0, (-10, 150), (-30, 30), (-15, 15)),
    "left_ankle": JointRange(0, (-32, 55), (-25, 25), (-35, 35)),
    "left_foot": JointRange(0, (-70, 45), (-15, 15), (-15, 15)),
    "spine1": JointRange(1, (-20, 40), (-22, 22), (-22, 22)),
    "spine2": JointRange(1, (-20, 40), (-25, 25), (-22, 22)),
    "spine3": JointRange(1, (-20, 40), (-25, 25), (-22, 22)),
    "neck": JointRange(1, (-45, 45), (-50, 50), (-35, 35)),
    "head": JointRange(1, (-35, 35), (-50, 50), (-25, 25)),
    "left_collar": JointRange(0, (-35, 35), (-38, 32), (-18, 45)),
    "left_shoulder": JointRange(0, (-160, 110), _FREE, _FREE),
    "left_elbow": JointRange(1, (-60, 60), (-152, 10), (-20, 20)),
    "left_wrist": JointRange(0, (-90, 90), (-30, 40), (-85, 75)),
    "left_hand": JointRange(2, (-20, 20), (-20, 20), (-95, 30)),
}


def _mirrored(low_high: tuple[float, float]) -> tuple[float, float]:
    return -low_high[1], -low_high[0]


RANGES: dict[str, JointRange] = {
    name: _LEFT[name]
    if name in _LEFT
    else _LEFT[name.replace("right_", "left_")]._replace(
        y=_mirrored(_LEFT[name.replace("right_", "left_")].y), z=_mirrored(_LEFT[name.replace("right_", "left_")].z)
    )
    for name in SMPL24.joints
}
"""The range of each of the 24 joints, in their order, degrees."""

SHOULDER_CONE_AXIS = (0.80, -0.15, 0.581)
"""Middle of the directions that the left upper arm reaches relative to the collar: to the side, forward, a bit down."""

SHOULDER_CONE_DEG = 112.0
"""Greatest angle of the upper arm from it: reaches straight up, hanging, 50 degrees back, across the chest."""

_MAIN = np.eye(3, dtype=np.float32)[[RANGES[name].main_axis for name in SMPL24.joints]]
_STEPS = (np.arange(3)[:, None] + np.argmax(_MAIN, axis=1)) % 3
_JOINTS = np.arange(len(SMPL24.joints))
_BY_MAIN = (9 * _JOINTS + 3 * _STEPS[:, None] + _STEPS[None]).reshape(-1)
"""Rows of (24, 3, 3) entries such that all joints' come together, each's main axis first, then on cyclically."""
_BY_BODY = ((np.arange(3)[None] - np.argmax(_MAIN, axis=1)[:, None]) % 3 * len(_JOINTS) + _JOINTS[:, None]).reshape(-1)
"""Rows of (3, 24) angles about main axis, the next and the one after, such that they come as (24, 3) of x, y, z."""
_LOW, _HIGH = (
    np.radians([[getattr(RANGES[name], axis)[end] for axis in "xyz"] for name in SMPL24.joints]).astype(np.float32)
    for end in (0, 1)
)
_SHOULDERS = slice(SMPL24.index("left_shoulder"), SMPL24.index("right_shoulder") + 1)
_REST_ARMS = np.array([1.0, -1.0], np.float32)  # along x
_CONE_AXES = np.array([SHOULDER_CONE_AXIS] * 2, np.float32) / np.linalg.norm(SHOULDER_CONE_AXIS).astype(np.float32)
_CONE_AXES[1, 0] *= -1.0
_CONE = float(np.radians(SHOULDER_CONE_DEG))

UNOBSERVED: tuple[tuple[str, str], ...] = (
    *(
        (f"{side}_{joint}", axes)
        for joint in ("ankle", "foot", "wrist", "hand")
        for side in ("left", "right")
        for axes in ("x", "y", "z")
    ),
    *((joint, "y") for joint in ("neck", "head", "left_knee", "right_knee")),
    *((f"{side}_{joint}", "x") for joint in ("collar", "elbow") for side in ("left", "right")),
)
"""(joint, axis) of the turns that move no joint of ``h36m17``: whole end joints, and twists about bones that carry no
bent joint behind them (the shank, the clavicle, the forearm, neck and head)."""

_UNOBSERVED_FLAT = np.array([3 * SMPL24.index(joint) + "xyz".index(axis) for joint, axis in UNOBSERVED])


def _as_matrices(rotations: jax.Array) -> jax.Array:
    """(*, 24, 3, 3) as it is, (*, 24, 3) axis-angle turned into it."""
    joints = len(SMPL24.joints)
    if rotations.ndim >= 3 and rotations.shape[-3:] == (joints, 3, 3):
        return rotations
    if rotations.ndim >= 2 and rotations.shape[-2:] == (joints, 3):
        return rot.axis_angle_to_matrix(rotations)
    raise ValueError(f"expected rotations (*, {joints}, 3, 3) or axis-angle (*, {joints}, 3), found {rotations.shape}")


def angle_planes(local: jax.Array) -> jax.Array:
    """``components_rad`` with the batch last: (24, 3, 3, N) -> (24, 3, N) radians.

    With main axis k and (k, i, j) cyclic, the twist's sine and cosine are (R_ji - R_ij) and (R_ii + R_jj), both over
    1 + R_kk, and the swing is the shortest turn from axis k to column k.
    """
    own = _rows(local.reshape(-1, local.shape[-1]), _BY_MAIN).reshape(9, len(_JOINTS), -1)
    # Split rather than sliced: slices' gradients would be padded and added (see rotations.components).
    kk, _, _, ik, ii, ij, jk, ji, jj = (plane[0] for plane in jax.lax.split(own, (1,) * 9))
    sine, cosine = ji - ij, ii + jj
    # A swing by 180 degrees leaves the twist undefined: it is then taken as zero.
    defined = sine * sine + cosine * cosine > 1e-8
    twist = jnp.arctan2(jnp.where(defined, sine, 0.0), jnp.where(defined, cosine, 1.0))
    squared = ik * ik + jk * jk
    small = squared < 1e-8
    length = jnp.sqrt(jnp.where(small, 1.0, squared))
    factor = jnp.where(small, 1.0 + squared / 6.0, jnp.arctan2(length, jnp.where(small, 1.0, kk)) / length)
    about_main = jnp.stack([twist, -factor * jk, factor * ik])
    return _rows(about_main.reshape(-1, local.shape[-1]), _BY_BODY).reshape(len(_JOINTS), 3, -1)


def _rows(array: jax.Array, order: np.ndarray) -> jax.Array:
    """Rows in another order, each once: cheap copies forward and back."""
    return array.at[order].get(unique_indices=True, mode="promise_in_bounds")


def components_rad(rotations: jax.Array) -> jax.Array:
    """Swing and twist of every joint as one vector of angles about the body axes; see the module.

    Args:
        rotations: (*, 24, 3, 3), or axis-angle (*, 24, 3).

    Returns:
        (*, 24, 3) radians; finite values and gradients everywhere, exact at rest.
    """
    matrices = _as_matrices(rotations)
    return planes.batch_first(angle_planes(planes.batch_last(matrices, 3)), matrices.shape[:-3])


def limit_excess_rad(rotations: jax.Array) -> jax.Array:
    """How far every joint is beyond its range; zero inside.

    Args:
        rotations: (*, 24, 3, 3), or axis-angle (*, 24, 3).

    Returns:
        (*, 24, 4) radians >= 0: about x, y, z, and beyond the cone of the upper arms.
    """
    matrices = _as_matrices(rotations)
    local = planes.batch_last(matrices, 3)
    return planes.batch_first(excess_planes(local, angle_planes(local)), matrices.shape[:-3])


def excess_planes(local: jax.Array, angles_rad: jax.Array) -> jax.Array:
    """``limit_excess_rad`` with the batch last: (24, 3, 3, N) and ``angle_planes`` of it -> (24, 4, N) radians."""
    low, high = (jnp.asarray(bound[:, :, None], local.dtype) for bound in (_LOW, _HIGH))
    beyond = jax.nn.relu(_cone_angle(local) - _CONE)
    around = ((_SHOULDERS.start, len(_JOINTS) - _SHOULDERS.stop), (0, 0))
    angular = jax.nn.relu(low - angles_rad) + jax.nn.relu(angles_rad - high)
    return jnp.concatenate([angular, jnp.pad(beyond, around)[:, None]], axis=1)


limit_violation = limit_excess_rad
"""The same under the name that evaluation uses."""


def _cone_angle(local: jax.Array) -> jax.Array:
    """Angle of both upper arms from the middle of their cone. (24, 3, 3, N) -> (2, N) radians."""
    x, y, z = (_REST_ARMS[:, None] * entry for entry in planes.entries(local[_SHOULDERS, :, 0]))
    a, b, c = (_CONE_AXES[:, axis, None] for axis in range(3))
    across = (b * z - c * y) ** 2 + (c * x - a * z) ** 2 + (a * y - b * x) ** 2
    return jnp.arctan2(jnp.sqrt(across + 1e-12), a * x + b * y + c * z)


def unobserved_twist_rad(rotations: jax.Array) -> jax.Array:
    """The angles of ``UNOBSERVED``, which data cannot teach and a prior must bring to rest.

    Args:
        rotations: (*, 24, 3, 3), or axis-angle (*, 24, 3).

    Returns:
        (*, K) radians, K = len(UNOBSERVED).
    """
    angles = components_rad(rotations)
    return angles.reshape(*angles.shape[:-2], -1)[..., _UNOBSERVED_FLAT]


def clamp_to_limits(rotations: jax.Array) -> jax.Array:
    """The nearest rotations within the ranges, component by component; the upper arm first goes back into its cone.

    Args:
        rotations: (*, 24, 3, 3), or axis-angle (*, 24, 3).

    Returns:
        (*, 24, 3, 3).
    """
    matrices = _as_matrices(rotations)
    lead = (None,) * (matrices.ndim - 3)
    shoulders = matrices[..., _SHOULDERS, :, :]
    arms = shoulders[..., 0] * jnp.asarray(_REST_ARMS[lead][..., None], matrices.dtype)
    turn = jnp.cross(arms, jnp.broadcast_to(jnp.asarray(_CONE_AXES[lead], matrices.dtype), arms.shape))
    turn = turn / jnp.sqrt(jnp.sum(turn * turn, axis=-1, keepdims=True) + 1e-12)
    excess = jax.nn.relu(_cone_angle(planes.batch_last(matrices, 3)) - _CONE).T.reshape(*matrices.shape[:-3], 2, 1)
    back = rot.axis_angle_to_matrix(turn * excess)
    matrices = matrices.at[..., _SHOULDERS, :, :].set(jnp.matmul(back, shoulders, precision=jax.lax.Precision.HIGHEST))
    angles = components_rad(matrices)
    angles = jnp.clip(angles, *(jnp.asarray(bound[lead], angles.dtype) for bound in (_LOW, _HIGH)))
    twist = angles * jnp.asarray(_MAIN[lead], angles.dtype)
    swing = rot.axis_angle_to_matrix(angles - twist)
    return jnp.matmul(swing, rot.axis_angle_to_matrix(twist), precision=jax.lax.Precision.HIGHEST)
