"""The student's body brought closer to the keypoints, posed in the camera's axes, and placed in front of the camera.

Functions of frames, each by itself, for whole clips (``pn3d.inference.clip``) and for streams alike.
"""

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import fitting
from pn3d.body import landmarks as landmark_room
from pn3d.body import model as body_model
from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.batches import in_batches
from pn3d.inference.weights import Weights
from pn3d.lifting.student import landmark_corrections

DEPTH_SIGMA = 0.3
"""What the teacher's depths are measured by in the fit where a card has no other ``fit.depth_sigma``, head-root units;
0: they do not count. Chosen by ``python -m benchmarks.accuracy.prediction_dials`` (docs/prediction.md)."""

_LEGS_DEPTH = 0.6
DEPTH_SIGMA_TIMES = np.array(
    [_LEGS_DEPTH if name.split("_")[-1] in ("hip", "knee", "ankle") else 1.0 for name in H36M17.joints]
)
"""(17,) the same for each landmark, as a share: legs of the teacher are surer than its arms."""

DEPTH_OUTLIER = 1.0
"""The teacher's depths that are further off than this count little, head-root units."""

STEPS = 3
"""Gauss-Newton steps."""

FREE_RAD = fitting.looser({"collar": 1.75, "shoulder": 1.75, "elbow": 1.75})
"""Arms go further from the student than training's own fit lets them (docs/log/fit.md)."""


@flax.struct.dataclass
class StudentBody:
    """The body, its 17 landmarks, and the student's corrections of them, (17, 3) metres; how much depths count."""

    body: BodyModel
    landmarks: Landmarks
    corrections_m: jax.Array
    depth_sigma: float = flax.struct.field(default=DEPTH_SIGMA, pytree_node=False)

    def posed(self, betas: jax.Array, local: jax.Array) -> tuple[jax.Array, jax.Array]:
        """(n, 24, 3) body joints and (n, 17, 3) landmarks of one (10,) shape under (n, 24, 3, 3) rotations."""
        rest = jnp.broadcast_to(body_model.rest_joints_m(self.body, betas), (len(local), 24, 3))
        joints, turns = body_model.posed_joints(self.body, rest, local)
        return joints, landmark_room.landmark_joints(self.landmarks, joints, turns, self.corrections_m)

    def rest_joints_m(self, betas: np.ndarray) -> np.ndarray:
        """(10,) shape -> (24, 3)."""
        return np.asarray(_rest_joints(self.body, betas))


_rest_joints = jax.jit(body_model.rest_joints_m)


def student_body(weights: Weights, body: BodyModel, landmarks: Landmarks) -> StudentBody:
    """The body that the weights' student poses."""
    assert weights.student is not None
    corrections_m = landmark_corrections(jnp.asarray(weights.student["landmark_raw"]))
    sigma = float(weights.facts.get("fit", {}).get("depth_sigma", DEPTH_SIGMA))
    return StudentBody(body, landmarks, corrections_m, sigma)


def fit_frames(
    student: StudentBody,
    betas: np.ndarray,
    sixd: np.ndarray,
    rays: np.ndarray,
    confidence: np.ndarray,
    size: np.ndarray,
    teacher: np.ndarray,
) -> np.ndarray:
    """What brings the student's pose closer to keypoints and the teacher's depths (``pn3d.body.fitting``).

    Args:
        student: the body.
        betas: (10,) its shape.
        sixd: (T, 24, 6) columns of the student's local rotations, the pelvis in centred-camera axes.
        rays: (T, 17, 2) centred rays.
        confidence: (T, 17), 0 = missing.
        size: (T,) the person's size in the picture.
        teacher: (T, 17, 3) root-relative joints of the teacher, centred-camera axes, any unit. Their depths count, as
            much as ``student.depth_sigma`` says: errors of both networks are partly independent.

    Returns:
        (T, 24, 3) corrections, axis-angle about the joints' own axes.
    """
    function = lambda *part: (_fit(student, betas, *part),)  # noqa: E731
    return in_batches(function, sixd, rays, confidence, size, teacher, solves=True)[0]


def pose_frames(
    student: StudentBody,
    betas: np.ndarray,
    sixd: np.ndarray,
    corrections: np.ndarray,
    camera_from_centred: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The student's rotations, corrected, in the camera's axes, and the forward kinematics of just them.

    Args:
        student: the body.
        betas: (10,) its shape.
        sixd: (T, 24, 6) as in ``fit_frames``.
        corrections: (T, 24, 3).
        camera_from_centred: (T, 3, 3).

    Returns:
        ``poses_cam`` (T, 24, 3) axis-angle; body joints (T, 24, 3) and landmarks (T, 17, 3), metres, camera axes,
        without translation.
    """
    function = lambda *part: _pose(student, betas, *part)  # noqa: E731
    poses, body_joints, joints = in_batches(function, sixd, corrections.astype(np.float32), camera_from_centred)
    return poses, body_joints, joints


def translations(
    joints_m: np.ndarray, rays: np.ndarray, confidence: np.ndarray, size: np.ndarray, camera_from_centred: np.ndarray
) -> np.ndarray:
    """Where each frame by itself puts the body so that its landmarks lie on the keypoints, by least squares.

    (T, 17, 3) landmarks in camera axes; (T, 17, 2) centred rays, (T, 17), (T,), (T, 3, 3) -> (T, 3) metres.
    """
    return in_batches(lambda *part: (_translations(*part),), joints_m, rays, confidence, size, camera_from_centred)[0]


@jax.jit
def _fit(
    student: StudentBody,
    betas: jax.Array,
    sixd: jax.Array,
    rays: jax.Array,
    confidence: jax.Array,
    size: jax.Array,
    teacher: jax.Array,
) -> jax.Array:
    local = rotations.sixd_to_matrix(sixd)
    rest = jnp.broadcast_to(body_model.rest_joints_m(student.body, betas), (len(local), 24, 3))
    picture = fitting.Picture(rays, confidence, size)
    depths = None
    if student.depth_sigma > 0:
        _, joints = student.posed(betas, local)
        # At the scale that brings the teacher nearest to the student, as in distillation.
        relative = joints - joints[:, :1]
        scale = jnp.sum(teacher * relative, axis=(1, 2)) / (jnp.sum(teacher**2, axis=(1, 2)) + 1e-12)
        sigma = student.depth_sigma * jnp.asarray(DEPTH_SIGMA_TIMES, rays.dtype)
        depths = fitting.Depths(scale[:, None] * teacher[..., 2], sigma, DEPTH_OUTLIER)
    own = (student.landmarks, student.corrections_m, rest, local)
    fitted = fitting.fit_body(student.body, *own, picture, depths, steps=STEPS, free_rad=FREE_RAD)
    change = jnp.matmul(jnp.swapaxes(local, -1, -2), fitted, precision=jax.lax.Precision.HIGHEST)
    return rotations.matrix_to_axis_angle(change)


@jax.jit
def _pose(
    student: StudentBody, betas: jax.Array, sixd: jax.Array, corrections: jax.Array, camera_from_centred: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    change = rotations.axis_angle_to_matrix(corrections)
    local = jnp.matmul(rotations.sixd_to_matrix(sixd), change, precision=jax.lax.Precision.HIGHEST)
    root = jnp.sum(camera_from_centred[:, :, :, None] * local[:, 0, None, :, :], axis=-2)
    poses = rotations.matrix_to_axis_angle(jnp.concatenate([root[:, None], local[:, 1:]], axis=1))
    # Forward kinematics of what is written, so that files agree with themselves.
    return poses, *student.posed(betas, rotations.axis_angle_to_matrix(poses))


@jax.jit
def _translations(
    joints_m: jax.Array, rays: jax.Array, confidence: jax.Array, size: jax.Array, camera_from_centred: jax.Array
) -> jax.Array:
    centred = rotations.rotate(rotations.transpose(camera_from_centred), joints_m)
    found = camera.fit_translation(centred, rays, confidence, size)
    return rotations.rotate(camera_from_centred, found[:, None])[:, 0]
