"""One motion of AMASS: which of the SMPL family it is, by what is in the file, and its rotations as SMPL's.

AMASS keeps ``*_poses.npz`` (SMPL-H: ``poses`` of 52 joints) and ``*_stageii.npz`` (SMPL-X: ``poses`` of 55, and the
same as ``root_orient``, ``pose_body``, …; ``surface_model_type`` names the model). The first 22 joints are SMPL's in
all of them; others' files of the same kind hold SMPL's 24. ``shape.npz`` and ``*_stagei.npz`` are a subject's, without
motion.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.body.builtin import BUILTIN_NAME
from pn3d.body.model import BodyModel
from pn3d.datasets.assembly import as_array, member
from pn3d.datasets.notes import DataNote
from pn3d.files.errors import UserError
from pn3d.files.safe_npz import load_npz

_RATES = ("mocap_framerate", "mocap_frame_rate", "fps")
_WIDTHS = {72: "SMPL", 156: "SMPL-H", 165: "SMPL-X"}
_STATED = {"smpl": 72, "star": 72, "smplh": 156, "smplx": 165}
_SHARED_JOINTS = 22
_PARTS = ("root_orient", "pose_body")


def is_motion(path: Path) -> bool:
    """Whether a file of AMASS is a motion by its name, and not the shape of a subject."""
    return path.name != "shape.npz" and not path.name.endswith("_stagei.npz")


def read_amass_file(path: Path, body: BodyModel) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """(T, 24, 3) poses, (S,) betas of ``body``, (T, 3) translation in metres, in the file's z-up world; its rate.

    Hands are at rest where the model has fingers. Shape coefficients are used where ``body`` is an SMPL file, except
    those of STAR, which mean other shapes (said aloud).

    Raises:
        UserError: it is no motion, or an array is missing, of another shape, or contradicts the model that is named.
    """
    members = load_npz(path)
    poses, kind = _poses(path, members)
    transl_m = as_array(path, "'trans'", member(path, members, "trans"), (len(poses), 3))
    rates = [np.asarray(members[key]) for key in _RATES if key in members]
    if not rates or rates[0].size != 1 or rates[0].dtype.kind not in "fiu" or not 1 <= float(rates[0].item()) <= 1000:
        raise UserError(f"{path}: needs its frame rate in {' or '.join(_RATES[:2])}, a number from 1 to 1000")
    betas = np.zeros(body.num_betas)
    if kind == "STAR":
        note = f"{path}: motion of STAR, whose shape coefficients are its own; the mean shape is taken"
        warnings.warn(note, DataNote, stacklevel=3)
    elif body.name != BUILTIN_NAME:
        own = as_array(path, "'betas'", np.ravel(np.asarray(member(path, members, "betas"))), (None,))
        used = min(10, body.num_betas, len(own))
        betas[:used] = own[:used]
    full = np.zeros((len(poses), 24, 3), np.float32)
    joints = min(poses.shape[1] // 3, 24 if kind in ("SMPL", "STAR") else _SHARED_JOINTS)
    full[:, :joints] = poses[:, : 3 * joints].reshape(len(poses), joints, 3)
    return full, betas, transl_m, float(rates[0].item())


def _poses(path: Path, members: dict[str, Any]) -> tuple[np.ndarray, str]:
    """(T, W) axis-angle values, root and body first, and the name of the model."""
    if "poses" not in members and all(part in members for part in _PARTS):
        root = as_array(path, "'root_orient'", members["root_orient"], (None, 3))
        shared = np.concatenate([root, as_array(path, "'pose_body'", members["pose_body"], (len(root), 63))], axis=1)
        hands = any(key in members for key in ("pose_jaw", "pose_eye"))
        stated = _stated(members)
        return shared, "SMPL-X" if hands or stated == "smplx" else stated.upper() or "SMPL-H"
    if "poses" not in members and "betas" in members:
        found = ", ".join(list(members)[:6])
        raise UserError(f"{path}: no key 'poses': a subject's shape (stage I) is no motion; it has {found}")
    width = getattr(member(path, members, "poses"), "shape", (0,))[-1]
    stated = _stated(members)
    if width not in _WIDTHS:
        known = ", ".join(f"{n} ({kind})" for n, kind in _WIDTHS.items())
        raise UserError(f"{path}: 'poses' must have {known} values a frame, found {width}")
    if stated and _STATED.get(stated, width) != width:
        raise UserError(
            f"{path}: says that its model is {stated}, but 'poses' have {width} values a frame, as {_WIDTHS[width]} has"
        )
    if stated and stated not in _STATED:
        raise UserError(f"{path}: motion of a {stated[:20]!a} model; expected one of {', '.join(_STATED)}")
    return as_array(path, "'poses'", members["poses"], (None, width)), "STAR" if stated == "star" else _WIDTHS[width]


def _stated(members: dict[str, Any]) -> str:
    """The model that the file names, in small letters; empty where it names none."""
    for key in ("surface_model_type", "model_type"):
        value = np.asarray(members.get(key, "")).reshape(-1)
        if value.size == 1:
            text = value[0].decode("latin1") if isinstance(value[0], bytes) else str(value[0])
            return text.lower().replace("+", "").replace("-", "").strip()
    return ""
