"""Bodies that nobody moved: the legs of one example with the upper body of another (our choice, after PoseAug).

What the data shows, arms and legs do together; a dancer's do not. Both halves keep how they stand to the pelvis, so a
mixed body bends and turns at hips and spine no further than people do.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from pn3d.geometry import rotations
from pn3d.geometry.skeleton import H36M17

_LEGS = np.array([joint == "pelvis" or joint.endswith(("hip", "knee", "ankle")) for joint in H36M17.joints])
_LEFT_HIP, _RIGHT_HIP, _SPINE = (H36M17.index(joint) for joint in ("left_hip", "right_hip", "spine"))


def pelvis_axes(skeleton: Float[Array, "*N 17 3"]) -> Float[Array, "*N 3 3"]:
    """The pelvis' turn, from the line of the hips and the lowest part of the spine. Root-relative joints, any scale."""
    across = skeleton[..., _LEFT_HIP, :] - skeleton[..., _RIGHT_HIP, :]
    return rotations.sixd_to_matrix(jnp.concatenate([across, skeleton[..., _SPINE, :]], axis=-1))


def mixed_bodies(skeleton: Float[Array, "B T 17 3"], mixed: Bool[Array, " B"]) -> Float[Array, "B T 17 3"]:
    """Where ``mixed``, everything above the pelvis is that of the example's neighbour (0 and 1, 2 and 3, …).

    Neighbours are the same on any number of devices as long as each has an even number of examples.

    Args:
        skeleton: root-relative, of an even number of examples, all at one scale.
        mixed: of the examples.
    """
    axes = pelvis_axes(skeleton)
    partner = skeleton.reshape(-1, 2, *skeleton.shape[1:])[:, ::-1].reshape(skeleton.shape)
    turn = rotations.compose(axes, rotations.transpose(pelvis_axes(partner)))
    upper = rotations.rotate(turn, partner)
    taken = mixed[:, None, None, None] & ~jnp.asarray(_LEGS).reshape(1, 1, -1, 1)
    return jnp.where(taken, upper, skeleton)


def draw_mixed(keys: Key[Array, " B"], share: float) -> Bool[Array, " B"]:
    """Which examples are, each by its own key; ``draw_wide_views`` folds in 4."""
    return jax.vmap(lambda key: jax.random.bernoulli(jax.random.fold_in(key, 5), share))(keys)
