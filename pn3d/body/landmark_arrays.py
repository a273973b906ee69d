"""Landmarks that travel in a body's npz: fitted once to a vertex regressor, and found again with the body."""

import hashlib
from pathlib import Path

import numpy as np

from pn3d.body.landmarks import Landmarks, builtin_landmarks, h36m17_landmarks
from pn3d.files.errors import UserError
from pn3d.files.plain_npz import read_plain_npz
from pn3d.geometry.skeleton import H36M17, SMPL24

_KEYS = ("landmark_weights", "landmark_offset_m", "landmark_bone")


def landmark_arrays(landmarks: Landmarks) -> dict[str, np.ndarray]:
    """What a body's file holds of its landmarks: (17, 24) weights, (17, 3) metres, (17,) bones."""
    values = (landmarks.weights, landmarks.offset_m, np.array(landmarks.bone, np.int32))
    return dict(zip(_KEYS, map(np.asarray, values), strict=True))


def joined_sha256(body_sha256: str, arrays: dict[str, np.ndarray]) -> str:
    """The digest of a body together with its landmarks: with others it is another body to a student."""
    digest = hashlib.sha256(body_sha256.encode())
    for key in _KEYS:
        digest.update(np.ascontiguousarray(arrays[key]).tobytes())
    return digest.hexdigest()


def load_landmarks(path: str | Path | None) -> Landmarks:
    """The landmarks in a body's file, or the built-in ones where the file has none.

    Raises:
        UserError: they are not 17 points on 24 joints.
    """
    if path is None or Path(path).suffix != ".npz":
        return builtin_landmarks()
    stored = read_plain_npz(Path(path), _KEYS, "a body with its landmarks")
    if len(stored) < len(_KEYS):
        return builtin_landmarks()
    weights, offset, bone = (stored[key] for key in _KEYS)
    marks, joints = len(H36M17.joints), len(SMPL24.joints)
    fits = weights.shape == (marks, joints) and offset.shape == (marks, 3) and bone.shape == (marks,)
    if not fits or bone.dtype.kind not in "iu" or bone.min() < 0 or bone.max() >= joints:
        raise UserError(
            f"{path}: landmarks: expected ({marks}, {joints}) weights, ({marks}, 3) offsets and bones of {joints}"
        )
    if not (np.isfinite(weights).all() and np.isfinite(offset).all()):
        raise UserError(f"{path}: landmarks: expected finite numbers, found NaN or infinity")
    return h36m17_landmarks(weights, offset, bone.tolist())
