"""Teacher and student as functions from windows to joints: network, camera and body put together.

Training and inference both call these, so what is trained is what predicts.
"""

import dataclasses
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp

from pn3d.body import fitting
from pn3d.body import landmarks as landmark_room
from pn3d.body import model as body_model
from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.config import ModelConfig
from pn3d.geometry import camera, planes, rotations
from pn3d.geometry.planes import Points
from pn3d.geometry.skeleton import H36M17, SMPL24
from pn3d.lifting import posing
from pn3d.lifting.posing import Posed
from pn3d.models.discriminator import Discriminator
from pn3d.models.layers import run_network
from pn3d.models.student import Student
from pn3d.models.teacher import Teacher, TeacherOutput

Params = Any
"""A pytree of a network's parameters."""

_ROOT = H36M17.index("pelvis")
_HIPS = (H36M17.index("left_hip"), H36M17.index("right_hip"))


@flax.struct.dataclass
class Window:
    """A batch of windows, normalised.

    Attributes:
        xy: (B, T, 17, 2) centred rays over size: head-root units; missing joints at zero.
        confidence: (B, T, 17), 0 = missing.
        size: (B,) head-root length over depth; ``xy * size`` are rays.
        root_depth: (B,) virtual depth c of the root, head-root units.
    """

    xy: jax.Array
    confidence: jax.Array
    size: jax.Array
    root_depth: jax.Array

    @property
    def measured(self) -> jax.Array:
        """(B, T, 17) 1 where a joint was measured, else 0."""
        return (self.confidence > 0).astype(self.xy.dtype)

    @property
    def rays(self) -> jax.Array:
        """(B, T, 17, 2) centred rays."""
        return self.xy * self.size[:, None, None, None]


@flax.struct.dataclass
class Lifted:
    """The teacher's skeleton; of points the coordinates, (17, T, B) each (``pn3d.geometry.planes.split``).

    Attributes:
        joint_planes: in unit-camera axes, head-root units, root at (0, 0, c).
        believed_planes: window coordinates of the skeleton: measured, corrected, or the network's own.
        filled_planes: the network's own window coordinates of every joint.
        elevation: (B,) radians.
        root_shift: (T, B) how far behind c the root stands, which was taken out of ``joints``; None unless the
            teacher tells the root's depth.
    """

    joint_planes: Points
    believed_planes: Points
    filled_planes: Points
    elevation: jax.Array
    root_shift: jax.Array | None

    @property
    def joints(self) -> jax.Array:
        """(B, T, 17, 3) the skeleton."""
        return planes.joined(self.joint_planes)


@flax.struct.dataclass
class Networks:
    """The four networks of a config; stateless."""

    teacher: Teacher = flax.struct.field(pytree_node=False)
    student: Student = flax.struct.field(pytree_node=False)
    pose_discriminator: Discriminator = flax.struct.field(pytree_node=False)
    motion_discriminator: Discriminator = flax.struct.field(pytree_node=False)


def make_networks(config: ModelConfig) -> Networks:
    """Networks of the configured sizes."""
    trunk: dict[str, Any] = {"width": config.width, "blocks": config.blocks, "temporal": config.temporal}
    judge: dict[str, Any] = {"width": config.discriminator_width, "blocks": config.discriminator_blocks}
    return Networks(
        teacher=Teacher(
            **trunk,
            parts=config.parts,
            tells_elevation=config.elevation_head,
            tells_root=config.root_motion,
            correct=config.correct,
        ),
        student=Student(**trunk),
        pose_discriminator=Discriminator(**judge),
        motion_discriminator=Discriminator(**judge),
    )


def make_window(rays: jax.Array, confidence: jax.Array, root_depth: float) -> Window:
    """(B, T, 17, 2) centred rays, (B, T, 17) -> Window; one size per window, and where ``root_depth`` is 0 the depth
    that a person of this size stands at, in head-root units, kept between 3 and 40."""
    size = camera.person_size(planes.split(rays), planes.window_last(confidence))
    xy = jnp.where(confidence[..., None] > 0, rays / size[:, None, None, None], 0.0)
    depth = jnp.full_like(size, root_depth) if root_depth else jnp.clip(1.0 / size, 3.0, 40.0)
    return Window(xy=xy, confidence=confidence, size=size, root_depth=depth)


def lift(teacher: Teacher, params: Params, window: Window) -> Lifted:
    """The teacher on a batch of windows. Measured joints keep their 2D as far as it trusts it."""
    said: TeacherOutput = run_network(teacher, params, window.xy, window.confidence)
    return _lifted(said, said.xy, planes.split(window.xy), window.confidence, said.depth, window.root_depth)


def _lifted(
    said: TeacherOutput,
    own_xy: list[jax.Array],
    measured_xy: Points,
    confidence: jax.Array,
    depth: jax.Array,
    root_depth: jax.Array,
) -> Lifted:
    """The skeleton of what the network said, its 2D the measured one as far as the network trusts it."""
    seen = planes.window_last(confidence) > 0
    believed, held = [], []
    for own, measured in zip(own_xy, measured_xy, strict=True):
        axis = jnp.where(seen, own + said.trust * (measured - own), own)
        # 3D terms must not bend a measured joint's 2D to their liking; only what is known of the 2D teaches that.
        straight = measured + jax.lax.stop_gradient(axis - measured)
        believed.append(axis)
        held.append(jnp.where(seen, straight, axis))
    shift = None if said.root is None else root_depth[None] * (said.root - 1.0)
    x, y, z = camera.lift(held, depth if shift is None else depth + shift[None], root_depth)
    joints = (x, y, z if shift is None else z - shift[None])
    return Lifted(joints, believed_planes=believed, filled_planes=own_xy, elevation=said.elevation, root_shift=shift)


def seen_from_start(joints: Points, lifted: Lifted) -> tuple[jax.Array, ...]:
    """Joints around the root at c -> where the camera saw them, the root's own movement put back. Of (17, T, B)."""
    x, y, z = joints
    return x, y, z if lifted.root_shift is None else z + lifted.root_shift[None]


def mirrored(window: Window) -> Window:
    """The window seen in a mirror: x negated, left and right joints exchanged."""
    swap = jnp.array(H36M17.mirror)
    xy = window.xy[:, :, swap] * jnp.array([-1.0, 1.0]).reshape(1, 1, 1, 2)
    return dataclasses.replace(window, xy=xy, confidence=window.confidence[:, :, swap])


def mirrored_joints(joints: jax.Array) -> jax.Array:
    """(*, 17, 3) joints in centred axes -> the same in a mirror; its own inverse."""
    sign = jnp.array([-1.0, 1.0, 1.0]).reshape((1,) * (joints.ndim - 1) + (3,))
    return joints[..., jnp.array(H36M17.mirror), :] * sign


def average_lifted(teacher: Teacher, params: Params, window: Window) -> jax.Array:
    """The teacher's root-relative joints, averaged with what it says of the mirrored window. (B, T, 17, 3).

    The networks are trained to be symmetric, not made so, and the average is better than either (our choice).
    """
    other = mirrored_joints(lift(teacher, params, mirrored(window)).joints)
    return root_relative(0.5 * (lift(teacher, params, window).joints + other))


@flax.struct.dataclass
class Renormalised:
    """A picture of a turned skeleton, normalised by the rules that real windows went through.

    Attributes:
        window: what networks see.
        shift: the middle of the hips, which was moved to the origin: two of (1, T, B).
        scale: (B,) the size that was divided out.
    """

    window: Window
    shift: list[jax.Array]
    scale: jax.Array


def renormalise(xy: Points, window: Window) -> Renormalised:
    """Centres and sizes a skeleton's new picture as real windows are, so that no network tells them apart by it.

    Args:
        xy: two of (17, T, B), window coordinates of all joints, in the units of ``window``.
        window: the window that the skeleton was lifted from; its confidence is kept.
    """
    confidence = planes.window_last(window.confidence)
    shift = [0.5 * (axis[_HIPS[0] : _HIPS[0] + 1] + axis[_HIPS[1] : _HIPS[1] + 1]) for axis in xy]
    centred = [axis - middle for axis, middle in zip(xy, shift, strict=True)]
    scale = camera.person_size(centred, confidence)
    new_xy = planes.joined([jnp.where(confidence > 0, axis / scale[None, None], 0.0) for axis in centred])
    # A person that is larger in the picture is nearer: the virtual depth follows, so perspective stays the same.
    normal = dataclasses.replace(window, xy=new_xy, size=window.size * scale, root_depth=window.root_depth / scale)
    return Renormalised(window=normal, shift=shift, scale=scale)


def lift_again(teacher: Teacher, params: Params, xy: Points, seen: Renormalised) -> Lifted:
    """The teacher on a renormalised picture, its skeleton brought back to the units and place of ``xy``."""
    window = seen.window
    said: TeacherOutput = run_network(teacher, params, window.xy, window.confidence)
    scale = seen.scale[None, None]
    own_xy = [axis * scale + middle for axis, middle in zip(said.xy, seen.shift, strict=True)]
    return _lifted(said, own_xy, xy, window.confidence, said.depth * scale, window.root_depth * seen.scale)


def believed_joints(lifted: Lifted, window: Window) -> jax.Array:
    """The skeleton with gradients into its corrected 2D as well, for what is known in 3D. (B, T, 17, 3)."""
    z = lifted.joint_planes[2]
    _, _, seen_z = seen_from_start(lifted.joint_planes, lifted)
    far = seen_z / window.root_depth[None, None]
    return planes.joined([*(axis * far for axis in lifted.believed_planes), z])


def root_relative(joints: jax.Array) -> jax.Array:
    """(B, T, 17, 3) -> the same with the pelvis at the origin."""
    return joints - joints[..., _ROOT : _ROOT + 1, :]


def pose_body(student: Student, params: Params, window: Window, body: BodyModel, landmarks: Landmarks) -> Posed:
    """The student on a batch of windows, and forward kinematics of what it says."""
    return posing.posed_from_output(run_network(student, params, window.xy, window.confidence), body, landmarks)


@flax.struct.dataclass
class FittedFrames:
    """The student brought onto the keypoints of some frames of a window.

    Attributes:
        joints_m: (B, F, 17, 3) landmarks relative to their pelvis, centred-camera axes.
        rotations: (B, F, 24, 3, 3) local rotations.
        measured: (B, F, 17) 1 where a joint was measured.
    """

    joints_m: jax.Array
    rotations: jax.Array
    measured: jax.Array


def fitted_frames(frames: int) -> slice:
    """Every third frame of a window, the middle one among them: neighbours say nearly the same."""
    return slice(frames // 2 % 3, None, 3)


def fit_student(
    student: Student, params: Params, window: Window, body: BodyModel, landmarks: Landmarks, steps: int
) -> FittedFrames:
    """What the student says of a window and of its mirror image, averaged, and fitted to the keypoints of some frames.

    Better than what any network says by itself, and still from 2D alone (``pn3d.body.fitting``).
    """
    chosen = fitted_frames(window.xy.shape[1])
    seen = run_network(student, params, window.xy, window.confidence)
    reflected = mirrored(window)
    other = run_network(student, params, reflected.xy, reflected.confidence)
    local = 0.5 * (
        posing.local_rotations(seen)[:, chosen]
        + rotations.mirror_matrix(posing.local_rotations(other)[:, chosen], SMPL24.mirror)
    )
    local = rotations.sixd_to_matrix(rotations.matrix_to_sixd(local))
    batch, count = local.shape[:2]
    rest = body_model.rest_joints_m(body, 0.5 * (seen.betas + other.betas))
    flat = lambda values: values.reshape(batch * count, *values.shape[2:])  # noqa: E731
    picture = fitting.Picture(
        rays=flat(window.rays[:, chosen]),
        weight=flat(window.confidence[:, chosen]),
        size=jnp.repeat(window.size, count),
    )
    corrections, rest = posing.landmark_corrections(seen.landmark_raw), jnp.repeat(rest, count, axis=0)
    fitted = fitting.fit_body(body, landmarks, corrections, rest, flat(local), picture, steps=steps)
    joints, turns = body_model.posed_joints(body, rest, fitted)
    marks = landmark_room.landmark_joints(landmarks, joints, turns, corrections)
    return FittedFrames(
        joints_m=root_relative(marks).reshape(batch, count, -1, 3),
        rotations=fitted.reshape(local.shape),
        measured=window.measured[:, chosen],
    )


def placed_rays(posed: Posed, window: Window) -> jax.Array:
    """The landmarks' picture, the body where least squares puts it onto the measured rays. (B, T, 17, 2) rays."""
    rays, confidence = planes.window_last(window.rays), planes.window_last(window.confidence)
    size = jnp.broadcast_to(window.size[None], confidence.shape[1:])
    transl = camera.fit_translation_planes(posed.landmark_planes_m, rays, confidence, size)
    x, y, z = planes.coordinates(posed.landmark_planes_m + transl[None])
    return planes.window_first(jnp.stack([x / z, y / z], axis=1))
