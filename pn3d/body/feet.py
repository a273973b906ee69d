"""Where detectors mark a foot, as points of the body's own surface: heel, tip of the big toe, little toe."""

import numpy as np

from pn3d.body.model import BodyModel
from pn3d.geometry.skeleton import SMPL24


def foot_points_m(body: BodyModel, betas: np.ndarray) -> np.ndarray:
    """(S,) shape -> (2, 3, 3) left and right; heel, big toe, little toe; from the ankle joint, at rest, metres.

    Backmost and foremost point of the foot and the outermost of its front, on the level of the sole, so that a line
    from heel to toe is level where the sole is. Our choice: detectors' annotators mark what they see of a shoe.
    """
    vertices = np.asarray(body.v_template_m, np.float64) + np.asarray(body.shape_basis, np.float64) @ betas
    joints = np.asarray(body.joint_template_m, np.float64) + np.asarray(body.joint_shape_basis, np.float64) @ betas
    weights = np.asarray(body.skin_weights)
    points = np.zeros((2, 3, 3))
    for side, name in enumerate(("left", "right")):
        ankle, toes = (SMPL24.index(f"{name}_{part}") for part in ("ankle", "foot"))
        foot = vertices[weights[:, ankle] + weights[:, toes] > 0.5]
        front = foot[foot[:, 2] > np.quantile(foot[:, 2], 0.7)]
        outwards = 1.0 if side == 0 else -1.0
        picked = [foot[foot[:, 2].argmin()], foot[foot[:, 2].argmax()], front[(outwards * front[:, 0]).argmax()]]
        points[side] = np.array(picked) - joints[ankle]
        points[side, :, 1] = foot[:, 1].min() - joints[ankle, 1]
    return points
