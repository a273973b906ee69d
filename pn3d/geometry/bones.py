"""Bones of h36m17 skeletons: their vectors, their lengths free of scale, and how knees bend."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.geometry.skeleton import H36M17
from pn3d.geometry.vectors import safe_norm, safe_unit

_BONES = np.array(H36M17.bones)
_JOINTS = np.arange(len(H36M17.joints))
_BONE_ENDS = (_BONES[:, 1:] == _JOINTS).astype(np.float32) - (_BONES[:, :1] == _JOINTS).astype(np.float32)
"""(16, 17) 1 at each bone's own joint, -1 at its parent."""
_BONE_OF = {H36M17.joints[joint]: bone for bone, (_, joint) in enumerate(_BONES)}
"""Joint -> number of the bone that ends in it."""
_THIGHS_SHANKS = np.array([[_BONE_OF[f"{side}_{joint}"] for side in ("left", "right")] for joint in ("knee", "ankle")])


def bone_vectors(joints: Float[Array, "B T 17 3"]) -> Float[Array, "B T 16 3"]:
    """From each bone's parent joint to its own."""
    # One product: the gradient of picking joints would be a scatter, which is slow on every device.
    return jnp.einsum("nj,btjc->btnc", _BONE_ENDS, joints, precision=jax.lax.Precision.HIGHEST)


def bone_ratios(bones: Float[Array, "B T 16 3"]) -> Float[Array, "B T 16"]:
    """Bone lengths over their frame's mean bone: free of the frame's scale."""
    lengths = safe_norm(bones)
    return lengths / jnp.mean(lengths, axis=-1, keepdims=True)


def knee_bend(bones: Float[Array, "B T 16 3"]) -> Float[Array, "B T 2"]:
    """Triple product of the directions of thigh, shank and hip line, like a sine: negative where a knee (left, right)
    bends the wrong way. ``bone_vectors`` in camera axes; our choice."""
    hip_line = bones[:, :, _BONE_OF["left_hip"]] - bones[:, :, _BONE_OF["right_hip"]]
    thighs, shanks = (bones[:, :, pair] for pair in _THIGHS_SHANKS)
    units = safe_unit(jnp.concatenate([thighs, shanks, hip_line[:, :, None]], axis=2))
    return jnp.sum(jnp.cross(units[:, :, :2], units[:, :, 2:4]) * units[:, :, 4:], axis=-1)
