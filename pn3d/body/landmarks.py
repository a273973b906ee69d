"""Landmarks: the joints of a data set as points that ride on a body's skeleton.

A landmark is a convex combination of at most three body joints plus an offset in the rest frame of one bone, so no
vertices are needed and nothing but the body's pose, shape and translation moves it. Metres; rest frames have the
model's axes (x left, y up, z forward).
"""

from collections.abc import Iterable

import chex
import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.geometry.skeleton import H36M17, SMPL24, Layout

CORRECTION_BOUND_M = 0.04
"""Largest length of a learned landmark correction (design: the student is a body, not points in disguise)."""

_HEAD_TOP_M = 0.118
"""Above the base of the skull: the data sets' "head" lies under the scalp (mean of CMU 118 mm, of Human3.6M 115 mm)."""

_HIP_OUT_M = 0.008
"""Data sets' hips lie outside the joint centre: mean distance from the pelvis 106 mm in CMU, 132 in Human3.6M, and
about 90 to 95 in anatomy (Bell, Pedersen and Brand 1990)."""

_PELVIS_TO_HIPS_M = (0.0, -0.073, 0.010)
"""From the built-in body's pelvis joint to the middle of its hips, at rest."""

_RECIPE: dict[str, tuple[str, dict[str, float]]] = {  # the bone that carries the offset, and the joints
    "pelvis": ("pelvis", {"left_hip": 0.5, "right_hip": 0.5}),
    "left_hip": ("pelvis", {"left_hip": 1.0}),
    "left_knee": ("left_hip", {"left_knee": 1.0}),
    "left_ankle": ("left_knee", {"left_ankle": 1.0}),
    "spine": ("pelvis", {"pelvis": 0.5, "left_shoulder": 0.25, "right_shoulder": 0.25}),
    "thorax": ("spine3", {"left_shoulder": 0.5, "right_shoulder": 0.5}),
    "neck": ("neck", {"head": 1.0}),
    "head": ("head", {"head": 1.0}),
    "left_shoulder": ("left_collar", {"left_shoulder": 1.0}),
    "left_elbow": ("left_shoulder", {"left_elbow": 1.0}),
    "left_wrist": ("left_elbow", {"left_wrist": 1.0}),
}


@flax.struct.dataclass
class Landmarks:
    """How the J joints of a layout follow from the 24 joints of a body.

    Attributes:
        weights: (J, 24) convex, at most three nonzero in a row.
        offset_m: (J, 3) added in the rest frame of ``bone``.
        layout: name of the layout whose joints these are.
        bone: J joint indices; an offset turns with the global rotation of its bone. Joints lie in the frame of their
            parent (the knee's offset turns with the thigh), so end joints' unseen twist moves nothing.
    """

    weights: jax.Array
    offset_m: jax.Array
    layout: str = flax.struct.field(pytree_node=False)
    bone: tuple[int, ...] = flax.struct.field(pytree_node=False)


def builtin_landmarks() -> Landmarks:
    """The h36m17 landmarks of the built-in body.

    Joint centres; pelvis and thorax are the middles of the hips and of the shoulders, spine the middle of those two,
    neck the base of the skull, head the top of the head as data sets place it.
    """
    weights = np.zeros((len(H36M17.joints), len(SMPL24.joints)))
    offset = np.zeros((len(H36M17.joints), 3))
    bones = []
    for row, name in enumerate(H36M17.joints):
        right = name.startswith("right_")
        bone, parts = _RECIPE[name.replace("right_", "left_")]
        for joint, share in parts.items():
            weights[row, SMPL24.index(joint.replace("left_", "right_") if right else joint)] = share
        bones.append(SMPL24.index(bone.replace("left_", "right_") if right else bone))
    # Four joints would give the middle of hips and shoulders; the hips' half is the pelvis joint and this offset.
    offset[H36M17.index("spine")] = 0.5 * np.array(_PELVIS_TO_HIPS_M)
    offset[H36M17.index("head")] = (0.0, _HEAD_TOP_M, 0.0)
    offset[H36M17.index("left_hip")] = (_HIP_OUT_M, 0.0, 0.0)
    offset[H36M17.index("right_hip")] = (-_HIP_OUT_M, 0.0, 0.0)
    return h36m17_landmarks(weights, offset, bones)


def h36m17_landmarks(weights: np.ndarray, offset_m: np.ndarray, bone: Iterable[int]) -> Landmarks:
    """(17, 24) weights, (17, 3) offsets in metres and 17 joint indices as the landmarks of h36m17."""
    return Landmarks(jnp.asarray(weights, jnp.float32), jnp.asarray(offset_m, jnp.float32), H36M17.name, tuple(bone))


def landmark_joints(
    landmarks: Landmarks,
    joints_m: Float[Array | np.ndarray, "*N 24 3"],
    global_rotations: Float[Array | np.ndarray, "*N 24 3 3"],
    correction_m: Float[Array, "J 3"] | None = None,
) -> Float[Array, "*N J 3"]:
    """The layout's joints on a posed body, metres, in the frame of ``joints_m``.

    Args:
        landmarks: J of them.
        joints_m: posed joints.
        global_rotations: as ``posed_joints`` gives them.
        correction_m: added to the offsets, one for all frames.
    """
    points = jnp.einsum("jk,...kc->...jc", landmarks.weights, joints_m, precision=jax.lax.Precision.HIGHEST)
    return points + landmark_offsets(landmarks, global_rotations, correction_m)


def landmark_offsets(
    landmarks: Landmarks,
    global_rotations: Float[Array | np.ndarray, "*N 24 3 3"],
    correction_m: Float[Array, "J 3"] | None = None,
) -> Float[Array, "*N J 3"]:
    """The part of ``landmark_joints`` that turns along with each landmark's bone, metres."""
    offset_m = landmarks.offset_m if correction_m is None else landmarks.offset_m + correction_m
    of_bone = global_rotations[..., np.array(landmarks.bone), :, :]
    return jnp.einsum("...jab,jb->...ja", of_bone, offset_m, precision=jax.lax.Precision.HIGHEST)


def symmetric_corrections(raw_m: jax.Array, bound_m: float = CORRECTION_BOUND_M, layout: Layout = H36M17) -> jax.Array:
    """Learned landmark corrections: mirror-symmetric, and shorter than the bound whatever the parameters are.

    Each raw vector is averaged with its twin's mirror image and then squashed, r / sqrt(1 + |r|^2 / bound^2): near
    zero the correction is the raw value itself, in metres, with unit gradient (our choice).

    Args:
        raw_m: (J, 3) unconstrained.
        bound_m: the largest length.
        layout: gives the twins.

    Returns:
        (J, 3) metres in the landmarks' bone frames.
    """
    chex.assert_shape(raw_m, (len(layout.joints), 3))
    sign = jnp.array([[-1.0, 1.0, 1.0]], raw_m.dtype)
    even = 0.5 * (raw_m + raw_m[np.array(layout.mirror)] * sign)
    # The bound itself is shrunk by more than rounding, so that the length never exceeds it.
    scaled = even / (bound_m * (1.0 - 1e-6))
    return even * jax.lax.rsqrt(1.0 + jnp.sum(scaled * scaled, axis=-1, keepdims=True))
