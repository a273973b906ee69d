"""The student on windows: 2D -> a posed body. Training and prediction call the same functions."""

import dataclasses

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.body import fitting
from pn3d.body.landmarks import Landmarks, landmark_joints, symmetric_corrections
from pn3d.body.model import BodyModel, posed_joints, rest_joints_m
from pn3d.data.windows import Window, mirror_window
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import SMPL24
from pn3d.lifting.teacher import root_relative
from pn3d.models.networks import Params, apply
from pn3d.models.student import Student, StudentOutput


@flax.struct.dataclass
class Posed:
    """The student's body in centred-camera axes, metres, without translation (root at its rest position).

    Attributes:
        rotations: (B, T, 24, 3, 3) local, the pelvis in camera axes.
        betas: (B, 10).
        body_joints_m: (B, T, 24, 3).
        joints_m: (B, T, 17, 3) landmarks.
        corrections_m: (17, 3) landmark corrections.
    """

    rotations: jax.Array
    betas: jax.Array
    body_joints_m: jax.Array
    joints_m: jax.Array
    corrections_m: jax.Array

    def at(self, frames: slice | np.ndarray) -> "Posed":
        """The body in some frames of every window."""
        return dataclasses.replace(
            self,
            rotations=self.rotations[:, frames],
            body_joints_m=self.body_joints_m[:, frames],
            joints_m=self.joints_m[:, frames],
        )

    @property
    def skeleton_m(self) -> jax.Array:
        """(B, T, 17, 3) landmarks relative to their pelvis."""
        return root_relative(self.joints_m)


def student_outputs(student: Student, params: Params, window: Window) -> StudentOutput:
    """The network's outputs for a batch of windows."""
    return apply(student, params, window.xy, window.confidence)


def pose_body(student: Student, params: Params, window: Window, body: BodyModel, landmarks: Landmarks) -> Posed:
    """The student on a batch of windows, and forward kinematics of its outputs."""
    return posed_from_output(student_outputs(student, params, window), body, landmarks)


def posed_from_output(output: StudentOutput, body: BodyModel, landmarks: Landmarks) -> Posed:
    """6D rotations and shape -> joints."""
    local = rotations.sixd_to_matrix(local_sixd(output))
    body_joints_m, turns = posed_joints(body, rest_joints_m(body, output.betas)[:, None], local)
    corrections_m = landmark_corrections(output.landmark_raw)
    return Posed(
        rotations=local,
        betas=output.betas,
        body_joints_m=body_joints_m,
        joints_m=landmark_joints(landmarks, body_joints_m, turns, corrections_m),
        corrections_m=corrections_m,
    )


def local_sixd(output: StudentOutput) -> Float[Array, "B T 24 6"]:
    """Columns of the student's local rotations, not yet orthonormal; an upright person who faces the camera is the
    rest pose turned by pi about x."""
    facing = jnp.array([1.0, -1.0, -1.0] * 2).reshape(1, 1, 1, 6)
    return jnp.concatenate([output.sixd[:, :, :1] * facing, output.sixd[:, :, 1:]], axis=2)


def landmark_corrections(raw: Float[Array, "17 3"]) -> Float[Array, "17 3"]:
    """The student's raw parameters -> metres, mirror-symmetric and bounded; one raw unit is a decimetre."""
    return symmetric_corrections(0.1 * raw)


def placed_rays(posed: Posed, window: Window) -> Float[Array, "B T 17 2"]:
    """The landmarks as seen, the body where least squares puts it onto the measured rays."""
    size = jnp.broadcast_to(window.size[:, None], window.confidence.shape[:2])
    transl_m = camera.fit_translation(posed.joints_m, window.rays, window.confidence, size)
    return camera.project(posed.joints_m + transl_m[:, :, None])


@flax.struct.dataclass
class FittedFrames:
    """The student brought onto the keypoints of some frames of a window.

    Attributes:
        joints_m: (B, F, 17, 3) landmarks relative to their pelvis, centred-camera axes.
        rotations: (B, F, 24, 3, 3) local rotations.
    """

    joints_m: jax.Array
    rotations: jax.Array


def fitted_frames(frames: int) -> slice:
    """Every third frame of a window, the middle one among them: neighbours are nearly the same."""
    return slice(frames // 2 % 3, None, 3)


def fit_student(
    student: Student, params: Params, window: Window, body: BodyModel, landmarks: Landmarks, steps: int
) -> FittedFrames:
    """The student's body of a window and of its mirror image, averaged, and fitted to the keypoints of some frames.

    Better than any network's output by itself, and still from 2D alone (``pn3d.body.fitting``).
    """
    chosen = fitted_frames(window.xy.shape[1])
    output, mirrored = (student_outputs(student, params, view) for view in (window, mirror_window(window)))
    local, other = (rotations.sixd_to_matrix(local_sixd(each)[:, chosen]) for each in (output, mirrored))
    local = 0.5 * (local + rotations.mirror_matrix(other, SMPL24.mirror))
    local = rotations.sixd_to_matrix(rotations.matrix_to_sixd(local))
    batch, count = local.shape[:2]
    rest_m = jnp.repeat(rest_joints_m(body, 0.5 * (output.betas + mirrored.betas)), count, axis=0)

    def flat(values: jax.Array) -> jax.Array:
        return values.reshape(batch * count, *values.shape[2:])

    picture = fitting.Picture(
        rays=flat(window.rays[:, chosen]),
        weight=flat(window.confidence[:, chosen]),
        size=jnp.repeat(window.size, count),
    )
    corrections_m = landmark_corrections(output.landmark_raw)
    fitted = fitting.fit_body(body, landmarks, corrections_m, rest_m, flat(local), picture, steps=steps)
    joints_m, turns = posed_joints(body, rest_m, fitted)
    marks_m = landmark_joints(landmarks, joints_m, turns, corrections_m)
    return FittedFrames(
        joints_m=root_relative(marks_m).reshape(batch, count, -1, 3), rotations=fitted.reshape(local.shape)
    )
