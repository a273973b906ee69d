"""Stage 2: the student learns a body from the frozen teacher and from reprojection. PoseNet3D, section 3.2."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from pn3d import losses
from pn3d.body import limits, rest
from pn3d.config import Config, StudentLossConfig
from pn3d.data.disturbed import Batch, disturbed_windows
from pn3d.data.windows import middle_of_hips, roll_window, virtual_depth
from pn3d.geometry import camera, rotations
from pn3d.lifting.student import Posed, placed_rays, pose_body
from pn3d.lifting.teacher import average_lifted, average_with_up, roll_joints
from pn3d.models.networks import Params
from pn3d.training.mixed_bodies import draw_mixed, mixed_bodies
from pn3d.training.parallel import varying
from pn3d.training.scene import Scene
from pn3d.training.terms import Terms, Weighted, logged, sum_terms
from pn3d.training.views import draw_wide_views


def gradients(config: Config, scene: Scene, params: dict[str, Params], batch: Batch) -> tuple[dict[str, Params], Terms]:
    """Gradients of the student on one device's batch, and its metrics."""
    if config.student.wide_views:
        batch, targets = jax.lax.stop_gradient(turned_people(config, scene, params["teacher"], batch))
    else:
        targets = jax.lax.stop_gradient(teacher_targets(scene, params["teacher"], batch))

    def student_loss(own: Params) -> tuple[jax.Array, Terms]:
        posed = pose_body(scene.networks.student, own, batch.window, scene.body, scene.landmarks)
        return sum_terms(student_terms(posed, targets, batch, config.student.loss))

    (total, terms), of_student = jax.value_and_grad(student_loss, has_aux=True)(varying(params["student"]))
    return {"student": of_student}, logged("student", total, terms)


def teacher_targets(scene: Scene, params: Params, batch: Batch) -> Float[Array, "B T 17 3"]:
    """The teacher's skeletons of the clean windows, averaged with the mirrored ones; it looks at them upright."""
    teacher = scene.networks.teacher
    if not teacher.roll_head:
        return average_lifted(teacher, params, batch.clean)
    roll = batch.draws.roll
    return roll_joints(average_lifted(teacher, params, roll_window(batch.clean, -roll)), roll)


def turned_people(config: Config, scene: Scene, params: Params, batch: Batch) -> tuple[Batch, Float[Array, "B T 17 3"]]:
    """A share of the windows exchanged for what a camera elsewhere would see of the teacher's skeleton (our choice).

    The teacher lifts views like the data's best; the student so learns from them what cameras far below and above see.

    Returns:
        The batch, disturbed as its examples drew, and the teacher's skeletons in its views, root-relative.
    """
    draws = batch.draws
    upright = roll_window(batch.clean, -draws.roll)
    skeleton, elevation, roll = average_with_up(scene.networks.teacher, params, upright)
    chosen, rotation = draw_wide_views(draws.view_key, elevation, roll, config.student.wide_views)
    body = skeleton
    if config.student.mixed_share:
        body = mixed_bodies(skeleton, draw_mixed(draws.view_key, config.student.mixed_share))
    turned = rotations.rotate(rotation[:, None], body)
    # Perspective is that of the person's own distance.
    away = camera.on_axis(virtual_depth(upright.size, 0.0))
    rays = camera.project(camera.in_front(turned + away))
    rays = rays - middle_of_hips(rays)
    chosen = chosen[:, None, None, None]
    seen = disturbed_windows(jnp.where(chosen, rays, upright.rays), upright.confidence, draws, config)
    return seen, roll_joints(jnp.where(chosen, turned, skeleton), draws.roll)


def student_terms(
    posed: Posed, targets: Float[Array, "B T 17 3"], batch: Batch, weights: StudentLossConfig
) -> Weighted:
    """The student's terms with their weights.

    Args:
        posed: the student's body.
        targets: the teacher's skeleton, root-relative, head-root units.
        batch: the windows.
        weights: of the terms.
    """
    window, clean = batch.window, batch.clean
    # Rotations are smooth over a window, so every fourth frame speaks for its neighbours.
    sparse = posed.rotations[:, ::4]
    skeleton_m, rays = posed.skeleton_m, placed_rays(posed, window)
    excess_rad, turns = limits.limit_excess_rad(sparse), rest.relative_turns(limits.components_rad(sparse))
    return {
        "distillation": (
            weights.distillation_weight,
            losses.distillation,
            skeleton_m,
            targets,
            jnp.ones_like(window.confidence),
        ),
        "student_reprojection": (
            weights.reprojection_weight,
            losses.reprojection,
            rays,
            clean.rays,
            window.size,
            clean.confidence,
        ),
        "shape": (weights.shape_weight, losses.shape_prior, posed.betas),
        "limits": (weights.limit_weight, losses.joint_limits, excess_rad),
        "rest": (weights.rest_weight, losses.rest_pose, turns),
        "smoothness": (weights.smoothness_weight, losses.smoothness, skeleton_m),
        "landmarks": (weights.landmark_weight, losses.landmark_prior, posed.corrections_m),
    }
