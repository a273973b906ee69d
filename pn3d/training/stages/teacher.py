"""Stage 1: the teacher learns to lift from 2D alone. PoseNet3D, section 3.1; Chen et al., CVPR 2019, Eq. 2-7."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pn3d import losses
from pn3d.config import Config, TeacherLossConfig
from pn3d.geometry import camera, rotations
from pn3d.lifting import teacher as lifting
from pn3d.lifting.teacher import Lifted
from pn3d.lifting.windows import NovelWindow, novel_window
from pn3d.models.networks import Params
from pn3d.training.adversarial import discriminator_gradients, fake_logits
from pn3d.training.batch import Batch, clean_xy
from pn3d.training.parallel import varying
from pn3d.training.scene import Scene
from pn3d.training.terms import Terms, Weighted, logged, sum_terms
from pn3d.training.views import NovelView, draw_novel_view


def gradients(config: Config, scene: Scene, params: dict[str, Params], batch: Batch) -> tuple[dict[str, Params], Terms]:
    """Gradients of the teacher and both discriminators on one device's batch, and its metrics."""
    stage = config.teacher

    def teacher_loss(own: Params) -> tuple[jax.Array, tuple[Terms, Cycle]]:
        cycle = self_consistency_cycle(scene, own, batch, config.augment.wide_views)
        fake_xy = cycle.novel.window.xy
        logits = {
            name: fake_logits(scene.networks, params, name, fake_xy, batch, stage.discriminator)
            for name in ("pose_discriminator", "motion_discriminator")
        }
        total, terms = sum_terms(teacher_terms(scene, cycle, batch, logits, stage.loss))
        return total, (terms, cycle)

    own = varying(params["teacher"])
    (total, (terms, cycle)), of_teacher = jax.value_and_grad(teacher_loss, has_aux=True)(own)
    fakes = {name: [cycle.novel.window.xy] for name in ("pose_discriminator", "motion_discriminator")}
    of_discriminators, metrics = discriminator_gradients(
        scene.networks, params, fakes, cycle.view.fake_weight, batch, stage.discriminator
    )
    return {"teacher": of_teacher} | of_discriminators, logged("teacher", total, terms) | metrics


class Cycle(NamedTuple):
    """Lift, novel view, project, lift again, back (Chen et al., CVPR 2019, Fig. 2).

    Attributes:
        lifted: the skeleton.
        view: the random view.
        joints_in_view: (B, T, 17, 3) the skeleton in it.
        novel: its projection, as networks see it.
        relifted: the skeleton lifted again from that.
        returned_xy: (B, T, 17, 2) that one, rotated back and projected.
    """

    lifted: Lifted
    view: NovelView
    joints_in_view: jax.Array
    novel: NovelWindow
    relifted: Lifted
    returned_xy: jax.Array


def self_consistency_cycle(scene: Scene, params: Params, batch: Batch, wide_views: float = 0.0) -> Cycle:
    """The teacher's cycle on a batch of windows without noise, a share of its views wide."""
    window, teacher = batch.masked, scene.networks.teacher
    lifted = lifting.lift(teacher, params, window)
    roll = lifted.roll if teacher.roll_head else None
    view = draw_novel_view(batch.keys, lifted.elevation, roll=roll, learned=teacher.elevation_head, wide=wide_views)
    in_view = camera.in_front(camera.rotate_about_root(lifted.joints, view.rotation, window.root_depth))
    fake_xy = camera.project_unit(in_view, window.root_depth)
    novel = novel_window(fake_xy, window)
    relifted = lifting.lift_again(teacher, params, fake_xy, novel)
    back = camera.rotate_about_root(relifted.joints, rotations.transpose(view.rotation), window.root_depth)
    returned_xy = camera.project_unit(camera.in_front(back), window.root_depth)
    return Cycle(lifted, view, in_view, novel, relifted, returned_xy)


def teacher_terms(
    scene: Scene, cycle: Cycle, batch: Batch, logits: dict[str, jax.Array], weights: TeacherLossConfig
) -> Weighted:
    """The teacher's terms with their weights; ``logits`` (B,) of its fakes, by discriminator."""
    window, lifted = batch.masked, cycle.lifted
    bones = losses.bone_vectors(lifted.joints)
    ratios = losses.bone_ratios(bones)
    visible, target_xy = window.visible, clean_xy(batch, window)
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
            again.joints,
            cycle.joints_in_view,
            jnp.ones_like(visible),
        ),
        "elevation": (weights.elevation_weight, losses.elevation_consistency, again.elevation, view.elevation),
        "roll": (roll, losses.roll_consistency, lifted.roll, batch.roll, again.roll),
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
        "bone_constancy": (weights.bone_constancy_weight, losses.bone_constancy, ratios),
        "symmetry": (weights.symmetry_weight, losses.symmetry, ratios),
        "hinge": (weights.hinge_weight, losses.knee_hinge, bones),
        "proportion": (weights.proportion_weight, losses.proportions, ratios, scene.human_ratios),
        "inpaint": (weights.inpaint_weight, losses.point_consistency, lifted.own_xy, target_xy, hidden),
        "denoise": (denoise, losses.point_distance, lifted.corrected_xy, target_xy, visible),
    }
