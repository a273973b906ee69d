"""Stage 2: the student learns a body from the frozen teacher and from reprojection."""

import jax
import jax.numpy as jnp

from pn3d import losses
from pn3d.body import limits, rest
from pn3d.config import Config, StudentLossConfig
from pn3d.lifting import lifters
from pn3d.lifting.lifters import Params
from pn3d.lifting.posing import Posed
from pn3d.training.batch import Batch
from pn3d.training.objectives import Scene
from pn3d.training.parallel import varying
from pn3d.training.terms import Terms, Weighted, sum_terms


def gradients(config: Config, scene: Scene, params: dict[str, Params], batch: Batch) -> tuple[dict[str, Params], Terms]:
    """Gradients of the student on one device's batch, and its metrics. PoseNet3D, section 3.2."""
    taught = jax.lax.stop_gradient(lifters.average_lifted(scene.networks.teacher, params["teacher"], batch.clean))

    def student_loss(own: Params) -> tuple[jax.Array, Terms]:
        posed = lifters.pose_body(scene.networks.student, own, batch.window, scene.body, scene.landmarks)
        return sum_terms(student_terms(posed, taught, batch, config.student.loss))

    (total, terms), of_student = jax.value_and_grad(student_loss, has_aux=True)(varying(params["student"]))
    metrics = {"loss/student": total} | {f"loss/{name}": value for name, value in terms.items()}
    return {"student": of_student}, metrics


def student_terms(posed: Posed, taught: jax.Array, batch: Batch, weights: StudentLossConfig) -> Weighted:
    """The student's terms with their weights.

    Args:
        posed: the student's body.
        taught: (B, T, 17, 3) the teacher's skeleton, root-relative, head-root units.
        batch: the windows.
        weights: of the terms.
    """
    window = batch.window
    everything = jnp.ones_like(window.confidence)
    # Rotations are smooth over a window, so every fourth frame speaks for its neighbours. The barrier keeps XLA from
    # computing the matrices anew inside every term (seven times slower on CPU).
    sparse = jax.lax.optimization_barrier(posed.at(slice(None, None, 4)).rotation_planes)
    sparse = sparse.reshape(*sparse.shape[:3], -1)
    angles_rad = limits.angle_planes(sparse)

    def reprojection() -> jax.Array:
        seen = lifters.placed_rays(posed, window)
        return losses.reprojection(seen, batch.clean.rays, window.size, batch.clean.confidence)

    return {
        "distillation": (
            weights.distillation_weight,
            lambda: losses.distillation(posed.skeleton_m, taught, everything),
        ),
        "student_reprojection": (weights.reprojection_weight, reprojection),
        "shape": (weights.shape_weight, lambda: losses.shape_prior(posed.betas)),
        "limits": (weights.limit_weight, lambda: losses.joint_limits(limits.excess_planes(sparse, angles_rad))),
        "rest": (weights.rest_weight, lambda: losses.rest_pose(rest.relative_turns(jnp.moveaxis(angles_rad, -1, 0)))),
        "smoothness": (weights.smoothness_weight, lambda: losses.smoothness(posed.skeleton_m)),
        "landmarks": (weights.landmark_weight, lambda: losses.landmark_prior(posed.corrections_m)),
    }
