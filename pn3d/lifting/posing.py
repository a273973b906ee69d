"""From what the student says to its body: rotations, joints and landmarks, the batch last from the head on."""

import dataclasses

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import landmarks as landmark_room
from pn3d.body import model as body_model
from pn3d.body.kinematics import posed_planes
from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.geometry import planes, rotations
from pn3d.geometry.skeleton import H36M17
from pn3d.models.student import StudentOutput

_ROOT = H36M17.index("pelvis")


@flax.struct.dataclass
class Posed:
    """The student's body in centred-camera axes, metres, without translation (root at its rest position).

    Attributes:
        rotation_planes: (24, 3, 3, T, B) ``rotations`` as they are computed, the batch last (``pn3d.geometry.planes``).
        betas: (B, 10).
        body_joints_m: (B, T, 24, 3).
        landmark_planes_m: (17, 3, T, B) ``joints_m`` as they are computed.
        corrections_m: (17, 3) landmark corrections.
    """

    rotation_planes: jax.Array
    betas: jax.Array
    body_joints_m: jax.Array
    landmark_planes_m: jax.Array
    corrections_m: jax.Array

    def at(self, frames: slice | np.ndarray) -> "Posed":
        """The body in some frames of every window, by a slice or by their numbers."""
        return dataclasses.replace(
            self,
            rotation_planes=self.rotation_planes[..., frames, :],
            body_joints_m=self.body_joints_m[:, frames],
            landmark_planes_m=self.landmark_planes_m[..., frames, :],
        )

    @property
    def joints_m(self) -> jax.Array:
        """(B, T, 17, 3) landmarks."""
        return planes.window_first(self.landmark_planes_m)

    @property
    def skeleton_m(self) -> jax.Array:
        """(B, T, 17, 3) landmarks relative to their pelvis."""
        return planes.window_first(self.landmark_planes_m - self.landmark_planes_m[_ROOT : _ROOT + 1])

    @property
    def rotations(self) -> jax.Array:
        """(B, T, 24, 3, 3) local rotations, the pelvis in camera axes."""
        return planes.window_first(self.rotation_planes)


def posed_from_output(said: StudentOutput, body: BodyModel, landmarks: Landmarks) -> Posed:
    """6D rotations and shape -> joints."""
    local = _local_planes(said)
    rest = jnp.moveaxis(body_model.rest_joints_m(body, said.betas), 0, -1)[:, :, None]
    flat = lambda array: array.reshape(*array.shape[:-2], -1)  # noqa: E731
    unflat = lambda array: array.reshape(*array.shape[:-1], *local.shape[-2:])  # noqa: E731
    rest = jnp.broadcast_to(rest, (*rest.shape[:2], *local.shape[-2:]))
    body_joints, turns = posed_planes(body.parents, flat(rest), flat(local))
    corrections = landmark_corrections(said.landmark_raw)
    marks = landmark_room.landmark_planes(landmarks, body_joints, turns, corrections)
    return Posed(
        rotation_planes=local,
        betas=said.betas,
        body_joints_m=planes.window_first(unflat(body_joints)),
        landmark_planes_m=unflat(marks),
        corrections_m=corrections,
    )


def _local_sixd_planes(said: StudentOutput) -> jax.Array:
    """``local_sixd`` with the batch last, (24, 6, T, B)."""
    facing = jnp.array([1.0, -1.0, -1.0] * 2).reshape(1, 6, 1, 1)
    return jnp.concatenate([said.sixd_planes[:1] * facing, said.sixd_planes[1:]])


def local_sixd(said: StudentOutput) -> jax.Array:
    """(B, T, 24, 6) columns of the student's local rotations, not yet orthonormal; an upright person who faces the
    camera is the rest pose turned by pi about x."""
    return planes.window_first(_local_sixd_planes(said))


def _local_planes(said: StudentOutput) -> jax.Array:
    """``local_rotations`` with the batch last, (24, 3, 3, T, B)."""
    rows = rotations.matrix_of_columns(planes.coordinates(_local_sixd_planes(said)))
    return planes.stacked([entry for row in rows for entry in row], 3, 3)


def local_rotations(said: StudentOutput) -> jax.Array:
    """(B, T, 24, 3, 3) of the student's output."""
    return planes.window_first(_local_planes(said))


def landmark_corrections(raw: jax.Array) -> jax.Array:
    """The student's raw parameters -> (17, 3) metres, mirror-symmetric and bounded; one raw unit is a decimetre."""
    return landmark_room.symmetric_corrections(0.1 * raw)
