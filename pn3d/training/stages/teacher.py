"""Stage 1: the teacher learns to lift from 2D alone. PoseNet3D, section 3.1; Chen et al., CVPR 2019, Eq. 2-7."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from pn3d import losses
from pn3d.config import Config, TeacherLossConfig
from pn3d.data.disturbed import Batch
from pn3d.data.windows import NovelWindow, novel_window
from pn3d.geometry import camera, rotations
from pn3d.geometry.bones import bone_ratios, bone_vectors, knee_bend
from pn3d.lifting import teacher as lifting
from pn3d.lifting.teacher import Lifted
from pn3d.models.networks import Params, discriminator_logits
from pn3d.training.adversarial import Features, discriminator_gradients, discriminator_inputs
from pn3d.training.batch import clean_xy
from pn3d.training.parallel import varying
from pn3d.training.scene import Scene
from pn3d.training.terms import Terms, Weighted, logged, sum_terms
from pn3d.training.views import NovelView, draw_novel_view


def gradients(config: Config, scene: Scene, params: dict[str, Params], batch: Batch) -> tuple[dict[str, Params], Terms]:
    """Gradients of the teacher and both discriminators on one device's batch, and its metrics."""
    stage = config.teacher

    def teacher_loss(own: Params) -> tuple[jax.Array, tuple[Terms, Features, jax.Array]]:
        cycle = self_consistency_cycle(scene, own, batch, config.augment.wide_views)
        fakes = discriminator_inputs(cycle.novel.window.xy, batch, stage.discriminator)
        logits = discriminator_logits(scene.networks, params, fakes)
        weighted = teacher_terms(scene, cycle, batch, logits, stage.loss)
        if stage.loss.noise_weight and config.augment.noisy:
            weighted |= noise_terms(scene, own, cycle, batch, stage.loss)
        total, terms = sum_terms(weighted)
        return total, (terms, fakes, cycle.view.fake_weight)

    own = varying(params["teacher"])
    (total, (terms, fakes, fake_weight)), of_teacher = jax.value_and_grad(teacher_loss, has_aux=True)(own)
    of_discriminators, metrics = discriminator_gradients(
        scene.networks, params, fakes, fake_weight, batch, stage.discriminator
    )
    return {"teacher": of_teacher} | of_discriminators, logged("teacher", total, terms) | metrics


class Cycle(NamedTuple):
    """Lift, novel view, project, lift again, back (Chen et al., CVPR 2019, Fig. 2).

    Attributes:
        lifted: the skeleton.
        view: the random view.
        joints_in_view: (B, T, 17, 3) the skeleton in it.
        novel: its projection, as networks see it.
        relifted: the skeleton lifted again from that, in its units.
        relifted_joints: (B, T, 17, 3) the same in those of ``joints_in_view``.
        returned_xy: (B, T, 17, 2) that one, rotated back and projected.
        bone_ratios: (B, T, 16) bone lengths of the skeleton, free of scale.
        knee_bend: (B, T, 2) how its knees bend.
    """

    lifted: Lifted
    view: NovelView
    joints_in_view: jax.Array
    novel: NovelWindow
    relifted: Lifted
    relifted_joints: jax.Array
    returned_xy: jax.Array
    bone_ratios: jax.Array
    knee_bend: jax.Array


def self_consistency_cycle(scene: Scene, params: Params, batch: Batch, wide_views: float = 0.0) -> Cycle:
    """The teacher's cycle on a batch of windows without noise, a share of its views wide."""
    window, teacher = batch.masked, scene.networks.teacher
    lifted = lifting.lift(teacher, params, window)
    roll = lifted.roll if teacher.roll_head else None
    view = draw_novel_view(
        batch.draws.view_key, lifted.elevation, roll=roll, learned=teacher.elevation_head, wide=wide_views
    )
    in_view = camera.in_front(camera.rotate_about_root(lifted.joints, view.rotation, window.root_depth))
    novel = novel_window(camera.project_unit(in_view, window.root_depth), window)
    again = lifting.lift(teacher, params, novel.window)
    joints_again = camera.shift_and_scale(again.joints, novel.shift, novel.scale, window.root_depth)
    back = camera.rotate_about_root(joints_again, rotations.transpose(view.rotation), window.root_depth)
    returned_xy = camera.project_unit(camera.in_front(back), window.root_depth)
    bones = bone_vectors(lifted.joints)
    return Cycle(
        lifted=lifted,
        view=view,
        joints_in_view=in_view,
        novel=novel,
        relifted=again,
        relifted_joints=joints_again,
        returned_xy=returned_xy,
        bone_ratios=bone_ratios(bones),
        knee_bend=knee_bend(bones),
    )


def teacher_terms(
    scene: Scene, cycle: Cycle, batch: Batch, logits: dict[str, jax.Array], weights: TeacherLossConfig
) -> Weighted:
    """The teacher's terms with their weights; ``logits`` (B,) of its fakes, by discriminator."""
    window, lifted = batch.masked, cycle.lifted
    visible, target_xy = batch.visible, clean_xy(batch, window)
    hidden = (1.0 - visible) * batch.clean.confidence
    again, view = cycle.relifted, cycle.view
    denoise = weights.denoise_weight if scene.networks.teacher.correct else 0.0
    roll = weights.roll_weight if scene.networks.teacher.roll_head else 0.0
    pose_logits, motion_logits = logits["pose_discriminator"], logits["motion_discriminator"]
    return {
        "reprojection": (
            weights.reprojection_weight,
            losses.point_consistency,
            cycle.returned_xy,
            window.xy,
            visible,
        ),
        "relift": (
            weights.relift_weight,
            losses.point_consistency,
            cycle.relifted_joints,
            cycle.joints_in_view,
            jnp.ones_like(visible),
        ),
        "elevation": (weights.elevation_weight, losses.elevation_consistency, again.elevation, view.elevation),
        "roll": (roll, losses.roll_consistency, lifted.roll, batch.draws.roll, again.roll),
        "pose_adversarial": (
            weights.pose_adversarial_weight,
            losses.generator_adversarial,
            pose_logits,
            view.fake_weight,
        ),
        "motion_adversarial": (
            weights.motion_adversarial_weight,
            losses.generator_adversarial,
            motion_logits,
            view.fake_weight,
        ),
        "bone_constancy": (weights.bone_constancy_weight, losses.bone_constancy, cycle.bone_ratios),
        "symmetry": (weights.symmetry_weight, losses.symmetry, cycle.bone_ratios),
        "hinge": (weights.hinge_weight, losses.knee_hinge, cycle.knee_bend),
        "proportion": (weights.proportion_weight, losses.proportions, cycle.bone_ratios, scene.human_ratios),
        "inpaint": (weights.inpaint_weight, losses.point_consistency, lifted.own_xy, target_xy, hidden),
        "denoise": (denoise, losses.point_distance, lifted.corrected_xy, target_xy, visible),
    }


def noise_terms(scene: Scene, params: Params, cycle: Cycle, batch: Batch, weights: TeacherLossConfig) -> Weighted:
    """The teacher on windows as detectors give them, against itself on those without noise (our choice).

    Root-relative joints in the head-root units of ``batch.masked``, for noise changes the size of a window; elevation
    and roll in radians, with the weight of elevation; 2D with that of denoising. The side without noise is constant.
    """
    window, teacher = batch.window, scene.networks.teacher
    noisy, target = lifting.lift(teacher, params, window), jax.lax.stop_gradient(cycle.lifted)
    scale = (window.size / batch.masked.size)[:, None, None, None]
    terms: Weighted = {
        "noise": (
            weights.noise_weight,
            losses.point_distance,
            lifting.root_relative(lifting.corrected_joints(noisy, window)) * scale,
            lifting.root_relative(target.joints),
            jnp.ones_like(window.visible),
        ),
        "noise_up": (
            weights.elevation_weight,
            losses.elevation_consistency,
            jnp.concatenate([noisy.elevation, noisy.roll]),
            jnp.concatenate([target.elevation, target.roll]),
        ),
    }
    if teacher.correct:
        terms["denoise_noisy"] = denoising(noisy, batch, weights)
    return terms


def denoising(
    noisy: Lifted, batch: Batch, weights: TeacherLossConfig
) -> tuple[float, Callable[..., jax.Array], jax.Array, jax.Array, jax.Array]:
    """The term that takes the corrected 2D of ``batch.window``, window coordinates, to the 2D before noise."""
    window = batch.window
    return (weights.denoise_weight, losses.point_distance, noisy.corrected_xy, clean_xy(batch, window), window.visible)
