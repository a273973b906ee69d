"""Stage 3: teacher and student are tuned together."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pn3d import losses
from pn3d.config import Config
from pn3d.geometry import camera, planes
from pn3d.lifting import lifters
from pn3d.lifting.lifters import Lifted, Params, Renormalised
from pn3d.lifting.posing import Posed
from pn3d.training.batch import Batch, clean_xy
from pn3d.training.objectives import Cycle, Scene, judged, teacher_cycle, teacher_terms
from pn3d.training.parallel import varying
from pn3d.training.stages.student import student_terms
from pn3d.training.terms import Terms, Verdicts, Weighted, discriminator_gradients, judge_all, sum_terms


class _Turned(NamedTuple):
    """The student's body in the teacher's random view: its picture as networks see it, and the body in it."""

    seen: Renormalised
    again: Posed | None


def gradients(config: Config, scene: Scene, params: dict[str, Params], batch: Batch) -> tuple[dict[str, Params], Terms]:
    """Gradients of all four players on one device's batch, and its metrics. PoseNet3D, section 3.3."""
    stage = config.joint

    def pair_loss(own: dict[str, Params]) -> tuple[jax.Array, tuple[Terms, Verdicts]]:
        cycle = teacher_cycle(scene, own["teacher"], batch)
        posed = lifters.pose_body(scene.networks.student, own["student"], batch.window, scene.body, scene.landmarks)
        turned = _turn_student(config, scene, own["student"], posed, cycle, batch)
        # Without noise the windows are the ones of the cycle.
        noisy = config.augment.noisy
        lifted = lifters.lift(scene.networks.teacher, own["teacher"], batch.window) if noisy else cycle.lifted
        fakes = [cycle.seen.window.xy]
        if stage.student_adversarial_weight:
            fakes.append(turned.seen.window.xy)
        said = judge_all(params, judged(batch, *fakes), stage.discriminator)
        total, terms = sum_terms(_pair_terms(config, scene, params, (lifted, posed), turned, cycle, said, batch))
        return total, (terms, said)

    own = varying({name: params[name] for name in ("teacher", "student")})
    (total, (terms, said)), of_pair = jax.value_and_grad(pair_loss, has_aux=True)(own)
    of_judges, seen = discriminator_gradients(params, said, stage.discriminator.gradient_penalty)
    metrics = {"loss/pair": total} | {f"loss/{name}": value for name, value in terms.items()} | seen
    return of_pair | of_judges, metrics


def _pair_terms(
    config: Config,
    scene: Scene,
    params: dict[str, Params],
    said: tuple[Lifted, Posed],
    turned: _Turned,
    cycle: Cycle,
    judgements: Verdicts,
    batch: Batch,
) -> Weighted:
    """The teacher's and student's own terms, distillation both ways, and the student in new views."""
    stage = config.joint
    lifted, posed = said
    skeleton = lifters.root_relative(lifters.believed_joints(lifted, batch.window))
    terms = teacher_terms(scene, cycle, batch, judgements, config.teacher.loss)
    # Both teach from the windows before noise and masks, averaged with the mirrored ones: better than what they say of
    # the windows that they learn from.
    taught = lifters.average_lifted(scene.networks.teacher, params["teacher"], batch.clean)
    fitted = jax.lax.stop_gradient(
        lifters.fit_student(
            scene.networks.student, params["student"], batch.clean, scene.body, scene.landmarks, stage.fit_steps
        )
    )
    chosen = lifters.fitted_frames(batch.clean.xy.shape[1])
    counted = jnp.ones_like(fitted.measured)
    of_student = student_terms(posed, jax.lax.stop_gradient(taught), batch, config.student.loss)
    weight, distillation = of_student["distillation"]
    of_student["distillation"] = (weight * stage.teacher_to_student_weight, distillation)
    terms |= of_student
    terms["student_to_teacher"] = (
        stage.student_to_teacher_weight,
        lambda: losses.distillation(fitted.joints_m, skeleton[:, chosen], counted),
    )
    if config.augment.noisy and config.model.correct:
        terms["denoise_noisy"] = (
            config.teacher.loss.denoise_weight,
            lambda: losses.point_distance(
                lifted.believed_planes,
                planes.split(clean_xy(batch, batch.window)),
                planes.window_last(batch.window.measured),
            ),
        )
    terms["student_fit"] = (
        stage.fit_weight,
        lambda: losses.body_distance(
            posed.at(chosen).skeleton_m, fitted.joints_m, posed.at(chosen).rotations, fitted.rotations
        ),
    )
    again = turned.again
    if again is not None:
        terms["student_consistency"] = (
            stage.student_consistency_weight,
            lambda: losses.rotation_consistency(again.rotations, posed.rotations, again.betas, posed.betas),
        )
    terms["student_adversarial"] = (
        stage.student_adversarial_weight,
        lambda: losses.generator_adversarial(judgements["pose_discriminator"].logits[2]),
    )
    return terms


def _turn_student(config: Config, scene: Scene, params: Params, posed: Posed, cycle: Cycle, batch: Batch) -> _Turned:
    """Scales the student onto the unit camera, turns it by the teacher's view (held constant), and looks again."""
    window = batch.window
    skeleton = planes.split(posed.skeleton_m)
    lifted = planes.split(lifters.root_relative(cycle.lifted.joints))
    scale = losses.scale_onto(skeleton, lifted, jnp.ones_like(lifted[0]))
    x, y, z = (jax.lax.stop_gradient(scale)[None] * axis for axis in skeleton)
    rotation = jax.lax.stop_gradient(cycle.view.rotation)
    points = camera.turn_about_root((x, y, z + window.root_depth[None, None]), rotation, window.root_depth)
    seen = lifters.renormalise(camera.project_unit(camera.in_front(points), window.root_depth), window)
    if not config.joint.student_consistency_weight:
        return _Turned(seen=seen, again=None)
    return _Turned(seen, lifters.pose_body(scene.networks.student, params, seen.window, scene.body, scene.landmarks))
