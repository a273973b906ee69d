"""One clip of a prediction as the exports take it."""

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import model as body_model
from pn3d.body.builtin import builtin_body
from pn3d.export.footage import Footage
from pn3d.export.motion import Mesh, Motion
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.camera_path import camera_to_world

if TYPE_CHECKING:
    from pn3d.inference.prediction import Prediction


def clip_motion(one: "Prediction", footage: Footage | None = None) -> Motion:
    """The motion of a prediction of one clip on its video; UserError where there is no body in it."""
    if one.poses_world is None or one.betas is None or one.transl_world_m is None:
        raise UserError("these weights hold no student yet, so there is no body to export")
    if one.body is None or one.image_size is None:
        raise UserError("export: this prediction does not hold its body model; only what predict returns does")
    betas = jnp.asarray(one.betas[0])
    vertices = _rest_vertices(one.body, betas)
    width, height = one.image_size[0]
    return Motion(
        name=str(one.clip_name[0]),
        fps=float(one.fps[0]),
        poses_world=one.poses_world,
        transl_world_m=one.transl_world_m,
        rest_joints_m=np.asarray(body_model.rest_joints_m(one.body, betas)),
        body_name=one.body_name,
        betas=one.betas[0],
        betas_are_smpl=one.body.sha256 != builtin_body().sha256,
        zero_shape_rest_joints_m=np.asarray(one.body.joint_template_m),
        mesh=Mesh(np.asarray(vertices), np.asarray(one.body.faces), np.asarray(one.body.skin_weights)),
        layout=H36M17.name,
        joints_world_m=one.joints_world_m,
        teacher_joints_world_m=one.teacher_joints_world_m,
        keypoints_px=one.keypoints_px,
        reprojected_px=one.reprojected_px,
        input_confidence=one.input_confidence,
        image_size=(int(width), int(height)),
        camera_to_world=camera_to_world(one, slice(None)),
        intrinsics=np.asarray(one.intrinsics[0]),
        footage=footage,
        frame_number=one.frame_number,
        time_s=one.time_s,
        filled=one.filled,
        foot_contact=one.foot_contact,
        has_joint=None if one.has_joint is None else one.has_joint[0],
        frame_flags={} if one.filled is None or not one.filled.any() else {"not detected, filled in": one.filled},
        ankles_measured=one.ankles_measured,
    )


@jax.jit
def _rest_vertices(body: body_model.BodyModel, betas: jax.Array) -> jax.Array:
    """(V, 3) the shaped surface in its rest pose."""
    return body_model.vertices(body, betas, jnp.broadcast_to(jnp.eye(3), (24, 3, 3)), jnp.zeros(3))
