"""One free function per loss term: arrays in, scalar out. Weights are applied by the caller.

Letters: B windows, T frames, J joints, N bones. ``weight`` arrays are confidences or masks; a term is a mean over what
counts.
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.geometry.bones import bone_vectors
from pn3d.geometry.skeleton import H36M17
from pn3d.geometry.vectors import safe_norm

Scalar = Float[Array, ""]

_MIRROR = H36M17.mirror
_MIRRORED_BONE = np.array([H36M17.bones.index((_MIRROR[a], _MIRROR[b])) for a, b in H36M17.bones])


def weighted_mean(values: Float[Array, "B *N"], weight: Float[Array, "B *N"]) -> Scalar:
    """Mean over windows of sum(w v) / sum(w); a window where nothing counts gives 0.

    Windows are normalised one by one, so the mean over devices is the mean over the global batch.
    """
    chex.assert_equal_shape([values, weight])
    axes = tuple(range(1, values.ndim))
    return jnp.mean(jnp.sum(values * weight, axis=axes) / (jnp.sum(weight, axis=axes) + 1e-6))


def point_consistency(a: Float[Array, "B T J C"], b: Float[Array, "B T J C"], weight: Float[Array, "B T J"]) -> Scalar:
    """Mean squared distance of points. Chen 2019, Eq. 3 and 4 (self-consistency)."""
    return weighted_mean(jnp.sum((a - b) ** 2, axis=-1), weight)


def point_distance(a: Float[Array, "B T J C"], b: Float[Array, "B T J C"], weight: Float[Array, "B T J"]) -> Scalar:
    """Mean distance of points, which outliers move little. Our choice."""
    return weighted_mean(_charbonnier(a - b), weight)


def _charbonnier(vectors: Float[Array, "*N C"]) -> Float[Array, "*N"]:
    """Lengths, smooth at zero (Charbonnier et al. 1994, epsilon 1e-3) and zero there."""
    return jnp.sqrt(jnp.sum(vectors**2, axis=-1) + 1e-6) - 1e-3


def elevation_consistency(lifted_again: Float[Array, " B"], drawn: Float[Array, " B"]) -> Scalar:
    """Mean squared difference of elevations in radians. Our choice, for ElePose's head."""
    chex.assert_equal_shape([lifted_again, drawn])
    return jnp.mean((lifted_again - drawn) ** 2)


def roll_consistency(
    lifted: Float[Array, " B"], turned_by: Float[Array, " B"], lifted_again: Float[Array, " B"]
) -> Scalar:
    """Mean squared error of rolls in radians: that of augmentation, and none in an upright view. Our addition."""
    chex.assert_equal_shape([lifted, turned_by, lifted_again])
    return jnp.mean((lifted - turned_by) ** 2 + lifted_again**2)


def generator_adversarial(logits_fake: Float[Array, " B"], weight: Float[Array, " B"]) -> Scalar:
    """Non-saturating loss of the player that makes fakes (Goodfellow et al. 2014). Weights are 1 on average."""
    chex.assert_equal_shape([logits_fake, weight])
    return jnp.mean(weight * jax.nn.softplus(-logits_fake))


def discriminator_adversarial(
    logits_real: Float[Array, "*N"], logits_fake: Float[Array, "*M"], weight: Float[Array, "*M"]
) -> Scalar:
    """Binary cross-entropy of the discriminator; 2 ln 2 = 1.386 where it learns nothing. Fakes' weights are 1 on
    average."""
    chex.assert_equal_shape([logits_fake, weight])
    return jnp.mean(jax.nn.softplus(-logits_real)) + jnp.mean(weight * jax.nn.softplus(logits_fake))


def gradient_penalty(input_gradients: Float[Array, "B C"]) -> Scalar:
    """R1, |grad_x D(x)|^2 / 2 on reals (Mescheder et al., ICML 2018, Eq. 9)."""
    return 0.5 * jnp.mean(jnp.sum(input_gradients**2, axis=-1))


def bone_constancy(ratios: Float[Array, "B T 16"]) -> Scalar:
    """Variance over time of bone ratios (lengths follow 1 / Z of the root; ratios do not). Our choice."""
    return jnp.mean((ratios - jnp.mean(ratios, axis=1, keepdims=True)) ** 2)


def symmetry(ratios: Float[Array, "B T 16"]) -> Scalar:
    """Squared difference of left and right bone ratios. Our addition."""
    return jnp.mean((ratios - ratios[..., _MIRRORED_BONE]) ** 2)


def proportions(ratios: Float[Array, "B T 16"], human_ratios: Float[Array, "16"]) -> Scalar:
    """Squared difference of a window's bone ratios from a human's. Our addition."""
    return jnp.mean((jnp.mean(ratios, axis=1) - human_ratios[None]) ** 2)


def knee_hinge(bend: Float[Array, "B T 2"]) -> Scalar:
    """Mean squared bend of knees the wrong way. Our addition.

    It breaks the depth twin: mirrored in depth, every bent knee bends backwards.
    """
    return jnp.mean(jax.nn.relu(-bend) ** 2)


def scale_onto(
    source: Float[Array, "B T J 3"], target: Float[Array, "B T J 3"], weight: Float[Array, "B T J"]
) -> Float[Array, "B T"]:
    """Least-squares scale per frame of source onto target."""
    along, square = jnp.sum(source * target, axis=-1), jnp.sum(source * source, axis=-1)
    return jnp.sum(weight * along, axis=-1) / (jnp.sum(weight * square, axis=-1) + 1e-8)


def distillation(
    student: Float[Array, "B T J 3"], teacher: Float[Array, "B T J 3"], weight: Float[Array, "B T J"]
) -> Scalar:
    """Mean distance of root-relative skeletons, the *student* scaled onto the teacher frame by frame.

    In the teacher's units. Which side learns is the caller's stop_gradient. PoseNet3D section 3.2 (distillation). The
    alignment is our choice (design, decision 10), and so is the gradient through the scale: with it the term says
    nothing about the student's size; with the scale held constant a mean of distances does, and the body drifts
    (measured: 19 mm of MPJPE on built-in motion).
    """
    chex.assert_equal_shape([student, teacher])
    scale = scale_onto(student, teacher, weight)[..., None, None]
    return point_distance(scale * student, teacher, weight)


def reprojection(
    rays: Float[Array, "B T J 2"],
    target_rays: Float[Array, "B T J 2"],
    size: Float[Array, " B"],
    weight: Float[Array, "B T J"],
) -> Scalar:
    """Mean distance in the picture, in head-root units of the person."""
    units = size[:, None, None, None]
    return point_distance(rays / units, target_rays / units, weight)


def shape_prior(betas: Float[Array, "B S"]) -> Scalar:
    """Mean squared shape coefficient."""
    return jnp.mean(betas**2)


def joint_limits(excess_rad: Float[Array, "B T 24 K"]) -> Scalar:
    """Mean over frames of the squared excess over the joints' ranges, radians."""
    return jnp.mean(jnp.sum(excess_rad**2, axis=(-2, -1)))


def rest_pose(relative_turns: Float[Array, "B T 24 3"]) -> Scalar:
    """Mean squared turn away from rest, in spreads of human movement. Our choice.

    It brings what no joint of the data shows (twists, hands, feet) to rest.
    """
    return jnp.mean(relative_turns**2)


def smoothness(joints: Float[Array, "B T 17 3"]) -> Scalar:
    """Mean distance of root-relative second differences, decimetres per frame^2 of an adult; 0 for fewer than 3 frames.

    Free of scale, or a body would shrink to move less: lengths count over the mean bone, 0.256 m of an adult's.
    """
    if joints.shape[1] < 3:
        return jnp.zeros(())
    unit = jnp.mean(safe_norm(bone_vectors(joints)), axis=(1, 2))[:, None, None, None] / 2.56
    joints = joints / unit
    return jnp.mean(_charbonnier(joints[:, 2:] - 2.0 * joints[:, 1:-1] + joints[:, :-2]))


def landmark_prior(corrections_m: Float[Array, "J 3"]) -> Scalar:
    """Mean squared landmark correction, in units of 40 mm."""
    return jnp.mean(jnp.sum((corrections_m / 0.04) ** 2, axis=-1))


def rotation_consistency(
    a: Float[Array, "B T 24 3 3"],
    b: Float[Array, "B T 24 3 3"],
    betas_a: Float[Array, "B S"],
    betas_b: Float[Array, "B S"],
) -> Scalar:
    """Squared chordal distance of local rotations but the root, and of shapes.

    PoseNet3D's self-consistency of the student: the body in a novel view, projected, gives the same pose and shape.
    """
    pose = jnp.mean(jnp.sum((a[:, :, 1:] - b[:, :, 1:]) ** 2, axis=(-2, -1)))
    return pose + 0.1 * jnp.mean((betas_a - betas_b) ** 2)


def body_distance(
    joints_a: Float[Array, "B T J 3"],
    joints_b: Float[Array, "B T J 3"],
    local_a: Float[Array, "B T 24 3 3"],
    local_b: Float[Array, "B T 24 3 3"],
) -> Scalar:
    """Mean distance of root-relative joints in decimetres, and a tenth of the squared chordal distance of rotations.

    The first is scaled onto the second: a body that learns from a fit of itself must not learn its own size, or it
    shrinks. Our choice.
    """
    rotation = jnp.mean(jnp.sum((local_a - local_b) ** 2, axis=(-2, -1)))
    return distillation(10.0 * joints_a, 10.0 * joints_b, jnp.ones_like(joints_a[..., 0])) + 0.1 * rotation
