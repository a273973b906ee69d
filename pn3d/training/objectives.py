"""What the three stages share: the fixed parts of a run, and the teacher's objective, which stages 1 and 3 use."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pn3d import losses
from pn3d.body import model as body_model
from pn3d.body.landmarks import Landmarks, landmark_joints
from pn3d.body.model import BodyModel
from pn3d.config import ModelConfig, TeacherLossConfig
from pn3d.geometry import camera, planes
from pn3d.geometry.planes import Points
from pn3d.lifting import lifters
from pn3d.lifting.lifters import Lifted, Networks, Params, Renormalised, make_networks
from pn3d.training.batch import Batch, clean_xy
from pn3d.training.parallel import mean_over_devices
from pn3d.training.terms import Poses2D, Verdicts, View, Weighted, draw_view


class Scene(NamedTuple):
    """What a run holds fixed: networks, body, landmarks, and the body's bone ratios."""

    networks: Networks
    body: BodyModel
    landmarks: Landmarks
    human_ratios: jax.Array


def make_scene(config: ModelConfig, body: BodyModel, landmarks: Landmarks) -> Scene:
    """The fixed parts of a run: networks of the configured sizes, and the bone ratios of the body at rest."""
    rest = jax.jit(body_model.rest_joints_m)(body, jnp.zeros((1, body.num_betas)))
    identity = jnp.broadcast_to(jnp.eye(3), (1, 24, 3, 3))
    joints = landmark_joints(landmarks, *body_model.posed_joints(body, rest, identity))
    ratios = losses.bone_ratios(losses.bone_vectors(planes.split(joints[:, None])))
    return Scene(make_networks(config), body, landmarks, ratios[:, 0, 0])


class Cycle(NamedTuple):
    """Lift, view, project, lift again, back (Chen et al., CVPR 2019, Fig. 2); points by coordinates."""

    lifted: Lifted
    view: View
    turned: Points
    seen: Renormalised
    relifted: Lifted
    returned_xy: Points


def teacher_cycle(scene: Scene, params: Params, batch: Batch) -> Cycle:
    """The teacher's cycle on a batch of windows; fakes keep the mask of the window they came from."""
    window, teacher = batch.quiet, scene.networks.teacher
    lifted = lifters.lift(teacher, params, window)
    view = draw_view(batch.keys, lifted.elevation, learned=teacher.tells_elevation)
    turned = camera.turn_about_root(lifted.joint_planes, view.rotation, window.root_depth)
    turned = camera.in_front(turned)
    fake_xy = camera.project_unit(turned, window.root_depth)
    seen = lifters.renormalise(fake_xy, window)
    relifted = lifters.lift_again(teacher, params, fake_xy, seen)
    back = camera.turn_about_root(relifted.joint_planes, jnp.swapaxes(view.rotation, -1, -2), window.root_depth)
    back = lifters.seen_from_start(back, lifted)
    returned_xy = camera.project_unit(camera.in_front(back), window.root_depth)
    return Cycle(lifted, view, turned, seen, relifted, returned_xy)


def judged(batch: Batch, *fakes: jax.Array) -> Poses2D:
    """The batch's windows and what was made of them, as discriminators see them: with the windows' own masks."""
    return Poses2D(xy=[batch.quiet.xy, *fakes], measured=batch.quiet.measured, frame=batch.judged)


def teacher_terms(
    scene: Scene,
    cycle: Cycle,
    batch: Batch,
    said: Verdicts,
    weights: TeacherLossConfig,
) -> Weighted:
    """The teacher's terms with their weights; ``said`` by the discriminators of reals and of the cycle's new views."""
    window, joints = batch.quiet, cycle.lifted.joint_planes
    bones = losses.bone_vectors(joints)
    ratios = losses.bone_ratios(bones)
    measured, clean_confidence = planes.window_last(window.measured), planes.window_last(batch.clean.confidence)
    everything = jnp.ones_like(measured)
    hidden = (1.0 - measured) * clean_confidence
    clean = planes.split(clean_xy(batch, window))
    depth = jax.lax.stop_gradient(joints[2] / window.root_depth[None, None])
    counted = measured * depth**weights.reprojection_depth_power
    back_in_2d = lambda: losses.point_consistency(cycle.returned_xy, planes.split(window.xy), counted)  # noqa: E731
    return {
        "reprojection": (weights.reprojection_weight, back_in_2d),
        "relift": (
            weights.relift_weight,
            lambda: losses.point_consistency(cycle.relifted.joint_planes, cycle.turned, everything),
        ),
        "elevation": (
            weights.elevation_weight,
            lambda: losses.elevation_consistency(cycle.relifted.elevation, cycle.view.elevation),
        ),
        "pose_adversarial": (
            weights.pose_adversarial_weight,
            lambda: losses.generator_adversarial(said["pose_discriminator"].logits[1]),
        ),
        "motion_adversarial": (
            weights.motion_adversarial_weight,
            lambda: losses.generator_adversarial(said["motion_discriminator"].logits[1]),
        ),
        "bone_constancy": (weights.bone_constancy_weight, lambda: losses.bone_constancy(ratios)),
        "deformation": (weights.deformation_weight, lambda: _deformation(cycle)),
        "symmetry": (weights.symmetry_weight, lambda: losses.symmetry(ratios)),
        "hinge": (weights.hinge_weight, lambda: losses.knee_hinge(bones)),
        "proportion": (weights.proportion_weight, lambda: losses.proportions(ratios, scene.human_ratios)),
        "inpaint": (
            weights.inpaint_weight,
            lambda: losses.point_consistency(cycle.lifted.filled_planes, clean, hidden),
        ),
        "denoise": (
            weights.denoise_weight if scene.networks.teacher.correct else 0.0,
            lambda: losses.point_distance(cycle.lifted.believed_planes, clean, measured),
        ),
    }


def _deformation(cycle: Cycle) -> jax.Array:
    gap = [a - b for a, b in zip(cycle.relifted.joint_planes, cycle.turned, strict=True)]
    return losses.pairwise_deformation(gap, mean_over_devices([axis.mean(axis=-1) for axis in gap]))
