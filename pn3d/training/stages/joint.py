"""Stage 3: teacher and student are tuned together. PoseNet3D, section 3.3."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from pn3d import losses
from pn3d.config import Config
from pn3d.data.disturbed import Batch
from pn3d.data.windows import NovelWindow, novel_window
from pn3d.geometry import camera
from pn3d.lifting import teacher as lifting
from pn3d.lifting.student import FittedFrames, Posed, fit_student, fitted_frames, pose_body
from pn3d.lifting.teacher import Lifted, corrected_joints, root_relative
from pn3d.models.networks import Params, discriminator_logits
from pn3d.training.adversarial import Features, discriminator_gradients, discriminator_inputs
from pn3d.training.parallel import varying
from pn3d.training.scene import Scene
from pn3d.training.stages.student import student_terms, teacher_targets
from pn3d.training.stages.teacher import Cycle, denoising, self_consistency_cycle, teacher_terms
from pn3d.training.terms import Terms, Weighted, logged, sum_terms


def gradients(config: Config, scene: Scene, params: dict[str, Params], batch: Batch) -> tuple[dict[str, Params], Terms]:
    """Gradients of all four players on one device's batch, and its metrics."""
    networks, stage = scene.networks, config.joint
    targets = joint_targets(config, scene, params, batch)

    def pair_loss(own: dict[str, Params]) -> tuple[jax.Array, tuple[Terms, Features, jax.Array]]:
        cycle = self_consistency_cycle(scene, own["teacher"], batch, config.augment.wide_views)
        posed = pose_body(networks.student, own["student"], batch.window, scene.body, scene.landmarks)
        # Without noise the windows are the ones of the cycle.
        noisy = config.augment.noisy
        lifted = lifting.lift(networks.teacher, own["teacher"], batch.window) if noisy else cycle.lifted
        in_view = student_in_view(config, scene, own["student"], posed, cycle, batch)
        fakes = discriminator_inputs(cycle.novel.window.xy, batch, stage.discriminator)
        logits = discriminator_logits(networks, params, fakes)
        weighted = teacher_terms(scene, cycle, batch, logits, config.teacher.loss)
        weighted |= _distillation_terms(config, lifted, posed, targets, batch)
        weighted |= _consistency_terms(config, posed, in_view)
        if stage.student_adversarial_weight:
            # Its pose alone: motion is judged on the teacher.
            pose = discriminator_inputs(in_view.novel.window.xy, batch, stage.discriminator)["pose_discriminator"]
            (of_pose,) = discriminator_logits(networks, params, {"pose_discriminator": pose}).values()
            weighted["student_adversarial"] = (
                stage.student_adversarial_weight,
                losses.generator_adversarial,
                of_pose,
                cycle.view.fake_weight,
            )
            fakes["pose_discriminator"] = jnp.concatenate([fakes["pose_discriminator"], pose])
        total, terms = sum_terms(weighted)
        return total, (terms, fakes, cycle.view.fake_weight)

    own = varying({name: params[name] for name in ("teacher", "student")})
    (total, (terms, fakes, fake_weight)), of_pair = jax.value_and_grad(pair_loss, has_aux=True)(own)
    of_discriminators, metrics = discriminator_gradients(
        networks, params, fakes, fake_weight, batch, stage.discriminator
    )
    return of_pair | of_discriminators, logged("pair", total, terms) | metrics


class Targets(NamedTuple):
    """What the players teach each other, held constant.

    Attributes:
        of_teacher: (B, T, 17, 3) the teacher's root-relative skeleton.
        of_student: the student's body, fitted to the keypoints.
    """

    of_teacher: jax.Array
    of_student: FittedFrames


def joint_targets(config: Config, scene: Scene, params: dict[str, Params], batch: Batch) -> Targets:
    """Both teach from the windows before noise and masks, averaged with the mirrored ones: better than what they make
    of the windows that they learn from."""
    networks, fit_steps = scene.networks, config.joint.fit_steps
    targets = Targets(
        teacher_targets(scene, params["teacher"], batch),
        fit_student(networks.student, params["student"], batch.clean, scene.body, scene.landmarks, fit_steps),
    )
    return jax.lax.stop_gradient(targets)


def _distillation_terms(config: Config, lifted: Lifted, posed: Posed, targets: Targets, batch: Batch) -> Weighted:
    """The student's own terms with distillation from the teacher, distillation back, and the student's own fit."""
    stage, fitted = config.joint, targets.of_student
    terms = student_terms(posed, targets.of_teacher, batch, config.student.loss)
    weight, *distillation = terms["distillation"]
    terms["distillation"] = (weight * stage.teacher_to_student_weight, *distillation)
    chosen = fitted_frames(posed.rotations.shape[1])
    skeleton = root_relative(corrected_joints(lifted, batch.window))[:, chosen]
    at_chosen = posed.at(chosen)
    terms["student_to_teacher"] = (
        stage.student_to_teacher_weight,
        losses.distillation,
        fitted.joints_m,
        skeleton,
        jnp.ones_like(skeleton[..., 0]),
    )
    terms["student_fit"] = (
        stage.fit_weight,
        losses.body_distance,
        at_chosen.skeleton_m,
        fitted.joints_m,
        at_chosen.rotations,
        fitted.rotations,
    )
    if config.augment.noisy and config.model.correct:
        terms["denoise_noisy"] = denoising(lifted, batch, config.teacher.loss)
    return terms


class StudentInView(NamedTuple):
    """The student's body in the teacher's novel view: its 2D as networks see it, and the student's body of that."""

    novel: NovelWindow
    again: Posed | None


def student_in_view(
    config: Config, scene: Scene, params: Params, posed: Posed, cycle: Cycle, batch: Batch
) -> StudentInView:
    """Scales the student onto the unit camera, turns it by the teacher's view (held constant), and poses it again."""
    window = batch.window
    lifted = root_relative(cycle.lifted.joints)
    scale = losses.scale_onto(posed.skeleton_m, lifted, jnp.ones_like(lifted[..., 0]))
    points = jax.lax.stop_gradient(scale)[..., None, None] * posed.skeleton_m + camera.on_axis(window.root_depth)
    rotation = jax.lax.stop_gradient(cycle.view.rotation)
    in_view = camera.in_front(camera.rotate_about_root(points, rotation, window.root_depth))
    # Fakes have the mask that discriminators see; a disturbed window may hold fewer joints (augment.detector_noise).
    shown = dataclasses.replace(window, confidence=batch.masked.confidence)
    novel = novel_window(camera.project_unit(in_view, window.root_depth), shown)
    if not config.joint.student_consistency_weight:
        return StudentInView(novel, None)
    return StudentInView(novel, pose_body(scene.networks.student, params, novel.window, scene.body, scene.landmarks))


def _consistency_terms(config: Config, posed: Posed, in_view: StudentInView) -> Weighted:
    """The student's self-consistency in the novel view."""
    if in_view.again is None:
        return Weighted()
    return {
        "student_consistency": (
            config.joint.student_consistency_weight,
            losses.rotation_consistency,
            in_view.again.rotations,
            posed.rotations,
            in_view.again.betas,
            posed.betas,
        )
    }
