"""One free function per loss term: arrays in, scalar out. Weights are applied by the caller.

Letters: B windows, T frames, J joints. ``Points`` are coordinates, (J, T, B) each (``pn3d.geometry.planes``).
``weight`` arrays are confidences or masks; a term is a mean over what counts.
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np

from pn3d.geometry import camera, planes
from pn3d.geometry.planes import Points
from pn3d.geometry.skeleton import H36M17

_BONES = np.array(H36M17.bones)
_MIRROR = H36M17.mirror
_MIRRORED_BONE = np.array([H36M17.bones.index((_MIRROR[a], _MIRROR[b])) for a, b in H36M17.bones])


def weighted_mean(values: jax.Array, weight: jax.Array) -> jax.Array:
    """Mean over windows of sum(w v) / sum(w); a window where nothing counts gives 0. (*, B) twice.

    Windows are normalised one by one, so the mean over devices is the mean over the global batch.
    """
    chex.assert_equal_shape([values, weight])
    axes = tuple(range(values.ndim - 1))
    return jnp.mean(jnp.sum(values * weight, axis=axes) / (jnp.sum(weight, axis=axes) + 1e-6))


def _square(coordinates: Points, floor: float = 0.0) -> jax.Array:
    """Sum of squared coordinates, arrays of one shape, and a floor."""
    return sum((axis * axis for axis in coordinates), jnp.full((), floor))


def _length(coordinates: Points, floor: float) -> jax.Array:
    """Its square root, with finite gradients at zero."""
    return jnp.sqrt(_square(coordinates, floor))


def _gaps(a: Points, b: Points) -> list[jax.Array]:
    """Differences of points, coordinate by coordinate."""
    return [one - other for one, other in zip(a, b, strict=True)]


def point_consistency(a: Points, b: Points, weight: jax.Array) -> jax.Array:
    """Mean squared distance of points. Chen 2019, Eq. 3 and 4 (self-consistency).

    Their coordinates, (J, T, B) each (``pn3d.geometry.planes.split``), and (J, T, B).
    """
    return weighted_mean(_square(_gaps(a, b)), weight)


def pairwise_deformation(gap: Points, mean_gap: Points) -> jax.Array:
    """Half the mean squared change of the difference between any two skeletons, lifted again in their new views.

    Coordinates (J, T, B) of lifted again minus turned, (J, T) of its mean over the global batch: the variance is half
    the mean over all pairs, so no pair is drawn. After ElePose (Wandt et al., CVPR 2022), section 3.4.
    """
    return jnp.mean(_square(_gaps(gap, [mean[..., None] for mean in mean_gap])))


def point_distance(a: Points, b: Points, weight: jax.Array) -> jax.Array:
    """Mean distance of points, which outliers move little. As ``point_consistency``. Our choice."""
    return _mean_distance(_gaps(a, b), weight)


def elevation_consistency(lifted_again: jax.Array, drawn: jax.Array) -> jax.Array:
    """Mean squared difference of elevations in radians. (B,) twice. Our choice, for ElePose's head."""
    chex.assert_equal_shape([lifted_again, drawn])
    return jnp.mean((lifted_again - drawn) ** 2)


def generator_adversarial(logits_fake: jax.Array) -> jax.Array:
    """Non-saturating loss of the player that makes fakes (Goodfellow et al. 2014). (B,) logits."""
    return jnp.mean(jax.nn.softplus(-logits_fake))


def discriminator_adversarial(logits_real: jax.Array, logits_fake: jax.Array) -> jax.Array:
    """Binary cross-entropy of the discriminator; 2 ln 2 = 1.386 where it learns nothing. (B,) logits each."""
    return jnp.mean(jax.nn.softplus(-logits_real)) + jnp.mean(jax.nn.softplus(logits_fake))


def gradient_penalty(input_gradients: jax.Array) -> jax.Array:
    """R1, |grad_x D(x)|^2 / 2 on reals (Mescheder et al., ICML 2018, Eq. 9). (B, C)."""
    chex.assert_rank(input_gradients, 2)
    return 0.5 * jnp.mean(jnp.sum(input_gradients**2, axis=-1))


def bone_vectors(joints: Points) -> list[jax.Array]:
    """From each bone's parent joint to its own. Three of (17, T, B) (``planes.split``) -> three of (16, T, B)."""
    return [camera.differences(axis, _BONES[:, 1], _BONES[:, 0]) for axis in joints]


def bone_ratios(bones: Points) -> jax.Array:
    """Bone lengths over their frame's mean bone: free of the frame's scale. Three of (16, T, B) -> (16, T, B)."""
    lengths = _length(bones, 1e-8)
    return lengths / jnp.mean(lengths, axis=0, keepdims=True)


def bone_constancy(ratios: jax.Array) -> jax.Array:
    """Variance over time of bone ratios (lengths follow 1 / Z of the root; ratios do not). (16, T, B).

    Our choice.
    """
    chex.assert_shape(ratios, (len(_BONES), None, None))
    return jnp.mean((ratios - jnp.mean(ratios, axis=1, keepdims=True)) ** 2)


def symmetry(ratios: jax.Array) -> jax.Array:
    """Squared difference of left and right bone ratios. (16, T, B). Our addition."""
    chex.assert_shape(ratios, (len(_BONES), None, None))
    every = np.arange(len(_BONES))
    return jnp.mean(camera.differences(ratios, every, _MIRRORED_BONE) ** 2)


def proportions(ratios: jax.Array, human_ratios: jax.Array) -> jax.Array:
    """Squared difference of bone ratios from a human's. (16, T, B), (16,). Our addition."""
    chex.assert_shape(ratios, (len(_BONES), None, None))
    chex.assert_shape(human_ratios, (len(_BONES),))
    return jnp.mean((jnp.mean(ratios, axis=1) - human_ratios[:, None]) ** 2)


def _bone(end: str) -> int:
    """Number of the bone that ends in a joint."""
    return [H36M17.joints[joint] for joint in _BONES[:, 1]].index(end)


def knee_hinge(bones: Points) -> jax.Array:
    """How far knees bend the wrong way: relu(-s)^2 with s the sine-like triple product of thigh, shank and hip line.

    ``bone_vectors`` in camera axes, three of (16, T, B). It breaks the depth twin: mirrored in depth, every bent knee
    bends backwards. Our addition.
    """
    own = [jax.lax.split(axis, (1,) * len(_BONES)) for axis in bones]
    side = ("left_", "right_")
    thighs, shanks = (
        _unit([jnp.concatenate([axis[_bone(s + end)] for s in side]) for axis in own]) for end in ("knee", "ankle")
    )
    hip_line = _unit([axis[_bone("left_hip")] - axis[_bone("right_hip")] for axis in own])
    (x, y, z), (a, b, c), (p, q, r) = hip_line, thighs, shanks
    bend = (b * r - c * q) * x + (c * p - a * r) * y + (a * q - b * p) * z
    return jnp.mean(jax.nn.relu(-bend) ** 2)


def _unit(coordinates: list[jax.Array]) -> list[jax.Array]:
    over_length = jax.lax.rsqrt(_square(coordinates, 1e-8))
    return [axis * over_length for axis in coordinates]


def scale_onto(source: Points, target: Points, weight: jax.Array) -> jax.Array:
    """Least-squares scale per frame of source onto target. Coordinates (J, T, B) of both, (J, T, B) -> (T, B)."""
    along = sum((s * t for s, t in zip(source, target, strict=True)), jnp.zeros(()))
    return jnp.sum(weight * along, axis=0) / (jnp.sum(weight * _square(source), axis=0) + 1e-8)


def _mean_distance(gaps: Points, weight: jax.Array) -> jax.Array:
    """Mean length of differences, by their coordinates, (J, T, B) each, and (J, T, B)."""
    return weighted_mean(_length(gaps, 1e-6) - 1e-3, weight)


def distillation(student: jax.Array, teacher: jax.Array, weight: jax.Array) -> jax.Array:
    """Mean distance of root-relative skeletons, the *student* scaled onto the teacher frame by frame.

    (B, T, J, 3) root-relative each, (B, T, J) weight; in the teacher's units. Which side learns is the caller's
    stop_gradient. PoseNet3D section 3.2 (distillation). The alignment is our choice (design, decision 10), and so is
    the gradient through the scale: with it the term says nothing about the student's size; with the scale held
    constant a mean of distances does, and the body drifts (measured: 19 mm of MPJPE on built-in motion).
    """
    chex.assert_equal_shape([student, teacher])
    own, aim, w = planes.split(student), planes.split(teacher), planes.window_last(weight)
    scale = scale_onto(own, aim, w)[None]
    return _mean_distance(_gaps([scale * axis for axis in own], aim), w)


def reprojection(rays: jax.Array, target_rays: jax.Array, size: jax.Array, weight: jax.Array) -> jax.Array:
    """Mean distance in the picture, in head-root units of the person. (B, T, J, 2) twice, (B,), (B, T, J)."""
    apart = _gaps(planes.split(rays), planes.split(target_rays))
    return _mean_distance([axis / size[None, None] for axis in apart], planes.window_last(weight))


def shape_prior(betas: jax.Array) -> jax.Array:
    """Mean squared shape coefficient. (B, S)."""
    return jnp.mean(betas**2)


def joint_limits(excess_rad: jax.Array) -> jax.Array:
    """Mean squared excess over the joints' ranges, of all frames. (24, k, N) radians, >= 0, frames last."""
    return jnp.mean(jnp.sum(excess_rad**2, axis=(0, 1)))


def rest_pose(relative_turns: jax.Array) -> jax.Array:
    """Mean squared turn away from rest, in spreads of human movement. (B, T, 24, 3). Our choice.

    It brings what no joint of the data shows (twists, hands, feet) to rest.
    """
    return jnp.mean(relative_turns**2)


def smoothness(joints: jax.Array) -> jax.Array:
    """Mean distance of root-relative second differences, decimetres per frame^2 of an adult. (B, T, J, 3); T >= 3.

    Free of scale, or a body would shrink to move less: lengths count over the mean bone, 0.256 m of an adult's.
    """
    if joints.shape[1] < 3:
        return jnp.zeros(())
    points = planes.split(joints)
    unit = jnp.mean(_length(bone_vectors(points), 1e-8), axis=(0, 1))[None, None] / 2.56
    moves = [x[:, 2:] - 2.0 * x[:, 1:-1] + x[:, :-2] for x in (axis / unit for axis in points)]
    return jnp.mean(_length(moves, 1e-6) - 1e-3)


def landmark_prior(corrections_m: jax.Array) -> jax.Array:
    """Mean squared landmark correction, in units of 40 mm. (J, 3)."""
    return jnp.mean(jnp.sum((corrections_m / 0.04) ** 2, axis=-1))


def rotation_consistency(a: jax.Array, b: jax.Array, betas_a: jax.Array, betas_b: jax.Array) -> jax.Array:
    """Squared chordal distance of local rotations but the root, and of shapes. (B, T, 24, 3, 3) and (B, S) twice.

    PoseNet3D's self-consistency of the student: the turned and projected body gives the same pose and shape again.
    """
    chex.assert_equal_shape([a, b])
    gap = planes.window_last(a)[1:] - planes.window_last(b)[1:]
    pose = jnp.mean(jnp.sum(gap**2, axis=(1, 2)))
    return pose + 0.1 * jnp.mean((betas_a - betas_b) ** 2)


def body_distance(joints_a: jax.Array, joints_b: jax.Array, local_a: jax.Array, local_b: jax.Array) -> jax.Array:
    """Mean distance of root-relative joints in decimetres, and a tenth of the squared chordal distance of rotations.

    (B, F, J, 3) metres twice, (B, F, 24, 3, 3) twice. The first is scaled onto the second: a body that learns from a
    fit of itself must not learn its own size, or it shrinks. Our choice.
    """
    turned = jnp.mean(jnp.sum((planes.window_last(local_a) - planes.window_last(local_b)) ** 2, axis=(1, 2)))
    return distillation(10.0 * joints_a, 10.0 * joints_b, jnp.ones_like(joints_a[..., 0])) + 0.1 * turned
