"""Arms and legs as two bones: a ball joint, a hinge, and what hangs on them, turned in place."""

from typing import NamedTuple

import numpy as np

from pn3d.body.landmarks import Landmarks
from pn3d.geometry.skeleton import SMPL24


class Limb(NamedTuple):
    """Joints of the body. The upper bone goes from ball to hinge, the lower one from hinge to end.

    Attributes:
        ball: shoulder or hip.
        hinge: elbow or knee.
        end: wrist or ankle.
        beyond: the joint that hangs on the end.
    """

    ball: int
    hinge: int
    end: int
    beyond: int


def _limb(side: str, *joints: str) -> Limb:
    return Limb(*(SMPL24.index(f"{side}_{joint}") for joint in joints))


ARMS = tuple(_limb(side, "shoulder", "elbow", "wrist", "hand") for side in ("left", "right"))
LEGS = tuple(_limb(side, "hip", "knee", "ankle", "foot") for side in ("left", "right"))


def place_limb(
    limb: Limb,
    frames: np.ndarray,
    turns: tuple[np.ndarray, np.ndarray],
    landmarks: Landmarks,
    body_joints: np.ndarray,
    joints: np.ndarray,
) -> None:
    """Forward kinematics of just one limb, in place: of what hangs on its two bones.

    Args:
        limb: whose bones turn.
        frames: (F,) in which they do.
        turns: (F, 3, 3) each, rotations in camera axes of the upper and of the lower bone, from where they are.
        landmarks: how ``joints`` hang on the body.
        body_joints: (T, 24, 3) metres.
        joints: (T, J, 3) landmarks.
    """
    upper, lower = (turn - np.eye(3) for turn in turns)
    old = body_joints[frames].astype(np.float64)
    hinge = times(upper, old[:, limb.hinge] - old[:, limb.ball])
    hanging = (limb.hinge, limb.end, limb.beyond)
    moves = np.stack([hinge, *(hinge + times(lower, old[:, joint] - old[:, limb.hinge]) for joint in hanging[1:])])
    weights = np.asarray(landmarks.weights)
    shares = weights[:, list(hanging)]
    of_bone = {limb.ball: upper, limb.hinge: lower, limb.end: lower, limb.beyond: lower}
    for mark in range(len(weights)):
        carrier = of_bone.get(landmarks.bone[mark])
        if carrier is None and not shares[mark].any():
            continue
        move = np.tensordot(shares[mark], moves, axes=1)
        if carrier is not None:
            move += times(carrier, joints[frames, mark] - weights[mark] @ old)
        joints[frames, mark] += move.astype(joints.dtype)
    body_joints[frames[:, None], list(hanging)] += moves.swapaxes(0, 1).astype(body_joints.dtype)


def cross_matrix(vectors: np.ndarray) -> np.ndarray:
    """(*, 3) v -> (*, 3, 3) with M w = v x w."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    nothing = np.zeros_like(x)
    rows = [[nothing, -z, y], [z, nothing, -x], [-y, x, nothing]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(F, 3, 3) times (F, 3), one by one -> (F, 3)."""
    return np.einsum("fij,fj->fi", matrices, vectors)
