"""Stage 3: teacher and student are tuned together."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pn3d import camera, lifters, losses
from pn3d.config import Config
from pn3d.lifters import Params, Posed, Renormalised
from pn3d.training.batch import Batch
from pn3d.training.objectives import (
    Cycle,
    Scene,
    judged_frames,
    real_poses,
    teacher_cycle,
    teacher_terms,
)
from pn3d.training.parallel import varying
from pn3d.training.student_stage import student_terms
from pn3d.training.terms import Poses2D, Terms, Weighted, discriminator_gradients, judged_pose, sum_terms


class _Turned(NamedTuple):
    """The student's body in the teacher's random view: its picture as networks see it, and the body in it."""

    seen: Renormalised
    again: Posed | None


def gradients(config: Config, scene: Scene, params: dict[str, Params], batch: Batch) -> tuple[dict[str, Params], Terms]:
    """Gradients of all four players on one device's batch, and its metrics. PoseNet3D, section 3.3."""
    stage = config.joint

    def pair_loss(own: dict[str, Params]) -> tuple[jax.Array, tuple[Terms, jax.Array, jax.Array]]:
        cycle = teacher_cycle(scene, own["teacher"], batch)
        posed = lifters.pose_body(scene.networks.student, own["student"], batch.window, scene.body, scene.landmarks)
        turned = _turn_student(config, scene, own["student"], posed, cycle, batch)
        total, terms = sum_terms(_pair_terms(config, scene, params, posed, turned, cycle, batch))
        return total, (terms, cycle.seen.window.xy, turned.seen.window.xy)

    own = varying({name: params[name] for name in ("teacher", "student")})
    (total, (terms, fake_xy, student_xy)), of_pair = jax.value_and_grad(pair_loss, has_aux=True)(own)
    frame = judged_frames(batch)
    fakes = [Poses2D(xy=xy, measured=batch.window.measured, frame=frame) for xy in (fake_xy, student_xy)]
    if not stage.student_adversarial_weight:
        fakes = fakes[:1]
    of_judges, judged = discriminator_gradients(scene.networks, params, real_poses(batch), fakes, stage.discriminator)
    metrics = {"loss/pair": total} | {f"loss/{name}": value for name, value in terms.items()} | judged
    return of_pair | of_judges, metrics


def _pair_terms(
    config: Config,
    scene: Scene,
    params: dict[str, Params],
    posed: Posed,
    turned: _Turned,
    cycle: Cycle,
    batch: Batch,
) -> Weighted:
    """The teacher's and student's own terms, distillation both ways, and the student in new views."""
    stage = config.joint
    skeleton, lifted = lifters.root_relative(posed.joints_m), lifters.root_relative(cycle.lifted.joints)
    everything = jnp.ones_like(batch.window.confidence)
    terms = teacher_terms(scene, cycle, batch, params, config.teacher.loss, stage.discriminator)
    of_student = student_terms(posed, jax.lax.stop_gradient(lifted), batch, config.student.loss)
    weight, distillation = of_student["distillation"]
    of_student["distillation"] = (weight * stage.teacher_to_student_weight, distillation)
    terms |= of_student
    terms["student_to_teacher"] = (
        stage.student_to_teacher_weight,
        lambda: losses.distillation(jax.lax.stop_gradient(skeleton), lifted, everything),
    )
    again = turned.again
    if again is not None:
        terms["student_consistency"] = (
            stage.student_consistency_weight,
            lambda: losses.rotation_consistency(again.rotations, posed.rotations, again.betas, posed.betas),
        )
    fakes = Poses2D(xy=turned.seen.window.xy, measured=batch.window.measured, frame=judged_frames(batch))
    terms["student_adversarial"] = (
        stage.student_adversarial_weight,
        lambda: judged_pose(scene.networks, params["pose_discriminator"], fakes),
    )
    return terms


def _turn_student(config: Config, scene: Scene, params: Params, posed: Posed, cycle: Cycle, batch: Batch) -> _Turned:
    """Scales the student onto the unit camera, turns it by the teacher's view (held constant), and looks again."""
    window = batch.window
    skeleton = lifters.root_relative(posed.joints_m)
    lifted = jax.lax.stop_gradient(lifters.root_relative(cycle.lifted.joints))
    scale = jax.lax.stop_gradient(losses.scale_onto(skeleton, lifted, jnp.ones_like(window.confidence)))
    root = jnp.zeros((1, 1, 1, 3)).at[..., 2].set(1.0) * window.root_depth[:, None, None, None]
    rotation = jax.lax.stop_gradient(cycle.view.rotation)
    points = camera.turn_about_root(scale * skeleton + root, rotation, window.root_depth)
    seen = lifters.renormalise(camera.project_unit(points.at[..., 2].max(1.0), window.root_depth), window)
    if not config.joint.student_consistency_weight:
        return _Turned(seen=seen, again=None)
    return _Turned(seen, lifters.pose_body(scene.networks.student, params, seen.window, scene.body, scene.landmarks))
