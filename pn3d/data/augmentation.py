"""Augmentation of windows with per-example keys: mirrored, disturbed, and with joints hidden.

Shapes: B windows of T frames of J = 17 joints (h36m17). Augmentations are pure functions of arrays; randomness comes as
an array of B typed keys, one per example, so what an example draws does not depend on how a batch is split.
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from pn3d.geometry.skeleton import COCO17, H36M17

STANDING_HEIGHT = 2.37
"""Height of a standing person, head-root units: 1.75 m over 0.739 m."""

_LIMBS = tuple(i for i, joint in enumerate(H36M17.joints) if joint.endswith(("knee", "ankle", "elbow", "wrist")))
_NOT_IN_COCO = tuple(i for i, joint in enumerate(H36M17.joints) if joint not in COCO17.joints)
_TORSO = tuple(i for i, joint in enumerate(H36M17.joints) if joint.endswith(("hip", "shoulder")))
_PARTS = (
    ("left_knee", "left_ankle"),
    ("right_knee", "right_ankle"),
    ("left_elbow", "left_wrist"),
    ("right_elbow", "right_wrist"),
    ("left_knee", "left_ankle", "right_knee", "right_ankle"),
)


def _one_hot(joints: tuple[int, ...]) -> np.ndarray:
    """(17,) bool, True at the given joints."""
    return np.isin(np.arange(len(H36M17.joints)), joints)


_NOT_IN_COCO_MASK = _one_hot(_NOT_IN_COCO)
_TORSO_MASK = _one_hot(_TORSO)
_PART_MASKS = np.stack([_one_hot(tuple(H36M17.joints.index(joint) for joint in part)) for part in _PARTS])
_RELATIVE_SIGMA = np.where(_one_hot(_LIMBS), 1.0, 0.6).astype(np.float32)
_OUTLIER_PROBABILITY = 0.015
_OUTLIER_SIGMA = 7.0
_MAX_SINGLE_JOINTS = 3
_NOT_IN_COCO_OF_REST = 2 / 3


def flip_windows(
    x: Float[Array, "B T J 2"],
    mask: Float[Array, "B T J"],
    flip: Bool[Array | np.ndarray, " B"],
    mirror: tuple[int, ...] = H36M17.mirror,
) -> tuple[Float[Array, "B T J 2"], Float[Array, "B T J"]]:
    """Mirrors the chosen windows left to right: x -> -x, left joints become right joints and their masks go along.

    (B, T, J, 2), (B, T, J), (B,) bool -> (B, T, J, 2), (B, T, J).
    """
    chex.assert_shape(flip, x.shape[:1])
    chex.assert_equal_shape_prefix([x, mask], 3)
    swap = jnp.array(mirror)
    mirrored = x[:, :, swap] * jnp.array([-1.0, 1.0], x.dtype).reshape(1, 1, 1, 2)
    return (
        jnp.where(flip[:, None, None, None], mirrored, x),
        jnp.where(flip[:, None, None], mask[:, :, swap], mask),
    )


def add_detector_noise(
    keys: Key[Array, " B"],
    x: Float[Array, "B T 17 2"],
    mask: Float[Array, "B T 17"],
    strength: float | jax.Array,
) -> Float[Array, "B T 17 2"]:
    """Errors as detectors make them: correlated in time, limbs worse than the torso, and rare outliers.

    Each example has a strength of its own in [0, ``strength``], units of ``x``: the mean error of its joints is
    about that. Its correlation from frame to frame is its own too (0.4 to 0.9). Our choice, shaped after what the
    simulated detector of the CMU benchmark does. Joints whose mask is 0 are left as they are.

    Args:
        keys: (B,) typed keys.
        x: (B, T, 17, 2) normalised positions.
        mask: (B, T, 17) 0 = missing.
        strength: the largest; 0 changes nothing.
    """
    chex.assert_equal_shape_prefix([x, mask], 3)
    chex.assert_shape(keys, x.shape[:1])
    noise = jax.vmap(lambda key: _noise(key, x.shape[1]))(keys)
    return x + noise * (mask > 0)[..., None] * jnp.asarray(strength, x.dtype)


def _noise(key: jax.Array, length: int) -> jax.Array:
    """(T, 17, 2) noise of one example at scale 1 and height 1."""
    strength_key, rho_key, jitter_key, outlier_key, where_key = jax.random.split(key, 5)
    strength = jax.random.uniform(strength_key)
    rho = jax.random.uniform(rho_key, minval=0.4, maxval=0.9)
    shape = (length, len(H36M17.joints), 2)
    # A stationary AR(1) process as one product with its lower triangular factor: rho^(t-s), all but the first scaled.
    lag = np.arange(length)[:, None] - np.arange(length)[None, :]
    innovation = jnp.where(jnp.arange(length) == 0, 1.0, jnp.sqrt(1.0 - rho * rho))
    factor = jnp.where(lag >= 0, rho ** np.maximum(lag, 0), 0.0) * innovation[None, :]
    white = jax.random.normal(jitter_key, shape)
    jitter = jnp.einsum("ts,sjc->tjc", factor, white, precision=jax.lax.Precision.HIGHEST)
    outlier = jax.random.bernoulli(where_key, _OUTLIER_PROBABILITY, shape[:2])[..., None]
    jump = _OUTLIER_SIGMA * jax.random.normal(outlier_key, shape)
    return strength * (jitter * jnp.array(_RELATIVE_SIGMA).reshape(1, -1, 1) + jnp.where(outlier, jump, 0.0))


def drop_joints(
    keys: Key[Array, " B"], mask: Float[Array, "B T 17"], probability: float | jax.Array, limbs: float = 0.25
) -> Float[Array, "B T 17"]:
    """Hides joints of some windows, so that the network learns to do without them.

    With the given probability an example loses one of: a whole arm, leg or both legs for the whole window (a share of
    ``limbs``), or else the joints that COCO has not (pelvis, spine, thorax, neck, head; two thirds of the rest), or one
    to three single joints over a random span of frames. Hips and shoulders never all vanish from a frame that had one.
    Our choice.

    Args:
        keys: (B,) typed keys.
        mask: (B, T, 17), 0 = missing; may be a confidence.
        probability: chance of an example to lose anything; 0 changes nothing.
        limbs: share of the examples that lose anything to lose a limb.
    """
    chex.assert_shape(keys, mask.shape[:1])
    gone = jax.vmap(lambda key: _gone(key, mask.shape[1], probability, limbs))(keys)
    torso = jnp.array(_TORSO_MASK).reshape(1, 1, -1)
    bare = ~((mask > 0) & ~gone & torso).any(axis=-1, keepdims=True)
    return jnp.where(gone & ~(bare & torso), jnp.zeros_like(mask), mask)


def _gone(key: jax.Array, length: int, probability: float | jax.Array, limbs: float) -> jax.Array:
    """(T, 17) bool: what one example loses."""
    whether_key, kind_key, joint_key, span_key, part_key = jax.random.split(key, 5)
    joints = len(H36M17.joints)
    count_key, order_key = jax.random.split(joint_key)
    count = jax.random.randint(count_key, (), 1, _MAX_SINGLE_JOINTS + 1)
    score = jax.random.uniform(order_key, (joints,))
    single = (score[:, None] > score[None, :]).sum(axis=1) < count
    ends = jax.random.randint(span_key, (2,), 0, length)
    time = jnp.arange(length)
    span = (time >= ends.min()) & (time <= ends.max())
    part = jnp.array(_PART_MASKS)[jax.random.randint(part_key, (), 0, len(_PARTS))]
    choices = jnp.stack(
        [
            jnp.broadcast_to(jnp.array(_NOT_IN_COCO_MASK)[None, :], (length, joints)),
            span[:, None] & single[None, :],
            jnp.broadcast_to(part[None, :], (length, joints)),
        ]
    )
    shares = [(1.0 - limbs) * _NOT_IN_COCO_OF_REST, (1.0 - limbs) * (1.0 - _NOT_IN_COCO_OF_REST), limbs]
    kind = jax.random.categorical(kind_key, jnp.log(jnp.array(shares, jnp.float32)))
    return choices[kind] & jax.random.bernoulli(whether_key, probability)
