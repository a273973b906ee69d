"""AIST++ (Li, Yang, Ross, Kanazawa, ICCV 2021; annotations CC BY 4.0): people who dance, detected from nine cameras.

The release's layout, as its own loader reads it (github.com/google/aistplusplus_api): ``keypoints2d/SEQUENCE.pkl``
(nine views of COCO-17 as detected, 60 fps), ``keypoints3d/SEQUENCE.pkl`` (triangulated and optimised, cm), ``motions/``
(SMPL fitted to them), ``cameras/mapping.txt`` and ``cameras/SETTING.json`` (x_cam = R x + t, cm), ``ignore_list.txt``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.data.clips import Clips
from pn3d.datasets.assembly import ClipRecord, as_array, as_dict, assemble, check_pixels, member, numbers
from pn3d.datasets.smpl_motion import moved_frame
from pn3d.files.errors import UserError
from pn3d.files.safe_pickle import load_pickle
from pn3d.files.text import read_json, read_text
from pn3d.geometry.skeleton import COCO17

FPS = 60.0
VIEWS = tuple(f"c{number:02d}" for number in range(1, 10))
"""Names of the cameras; clips are called ``SEQUENCE/cam0`` to ``cam8`` in this order."""

TRUE_JOINTS = tuple(
    f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
)
"""The limb joints; the face's five are no joints of h36m17."""

BODY = "smpl, scaled by AIST++"
"""Mean male SMPL times a size of the sequence. No body has this name, so poses are compared but surfaces are not."""

LEFT_OUT = (("gBR_sBM_cAll_d04_mBR0_ch01", "c05"), ("gJB_sBM_cAll_d07_mJB3_ch05", "c07"))
"""Views that the authors' own code leaves out: one is not synchronous, one has another image size."""

_FOLDERS = ("", "aist_plusplus_final", "annotations")


@dataclass(frozen=True)
class _Camera:
    """One camera: x_cam = ``rotation`` x + ``shift_m``; ``intrinsics`` fx, fy, cx, cy in px."""

    size: tuple[int, int]
    intrinsics: np.ndarray
    rotation: np.ndarray
    shift_m: np.ndarray


def read_aistpp(source: str | Path, *, sequences: tuple[str, ...] | None = None) -> dict[str, Clips]:
    """AIST++ as native clips: COCO-17 as detected, and as truth the twelve limb joints and SMPL's poses.

    A clip for each sequence and camera in which somebody was detected. Detections are kept as they are, with the lens's
    distortion. SMPL's size of each sequence is not kept, and its translation is about a rest pelvis that is taken to be
    the middle of the hips (our choice).

    Args:
        source: the release's annotations folder.
        sequences: names such as ``gBR_sBM_cAll_d06_mBR2_ch06``; all that ``ignore_list.txt`` does not name where None.

    Returns:
        {"all": clips} with ``truth_joint_names``; NaN where the release knows no position.

    Raises:
        UserError: a part is missing or its parts do not fit together; a named sequence is on the ignore list.
    """
    root = _root(Path(source))
    names = _sequences(root, sequences)
    settings = _settings(root)
    cameras: dict[str, dict[str, _Camera]] = {}
    records: list[ClipRecord] = []
    for name in names:
        if name not in settings:
            raise UserError(f"{root / 'cameras' / 'mapping.txt'}: no cameras for sequence {name}")
        setting = settings[name]
        if setting not in cameras:
            cameras[setting] = _read_cameras(root / "cameras" / f"{setting}.json")
        found = list(_views(root, name, cameras[setting]))
        if not found and sequences is not None:
            raise UserError(f"{root / 'keypoints2d' / name}.pkl: nobody was detected from any camera")
        records += found
    return {"all": assemble(records, root, COCO17, BODY if _has_motions(root) else None, TRUE_JOINTS)}


def _root(source: Path) -> Path:
    for folder in _FOLDERS:
        if (source / folder / "keypoints2d").is_dir():
            return source / folder
    raise UserError(f"{source}: no folder keypoints2d/; expected AIST++'s annotations (keypoints2d/, keypoints3d/, …)")


def _has_motions(root: Path) -> bool:
    return (root / "motions").is_dir()


def _sequences(root: Path, wanted: tuple[str, ...] | None) -> list[str]:
    """The sequences to be read, none of them ignored."""
    ignored = {line.strip() for line in read_text(root / "ignore_list.txt").splitlines() if line.strip()}
    there = sorted(path.stem for path in (root / "keypoints2d").glob("*.pkl"))
    if wanted is None:
        if chosen := [name for name in there if name not in ignored]:
            return chosen
        raise UserError(f"{root / 'keypoints2d'}: no .pkl of a sequence that ignore_list.txt does not name")
    for name in wanted:
        if name not in there:
            raise UserError(f"{root / 'keypoints2d'}: no sequence {name!a}; it has {len(there)}, {_some(there)}")
        if name in ignored:
            raise UserError(f"{root / 'ignore_list.txt'}: names {name}, whose annotations are wrong; leave it out")
        if wanted.count(name) > 1:
            raise UserError(f"sequence {name} is named twice; expected each once")
    return list(wanted)


def _some(names: list[str]) -> str:
    return f"such as {names[0]}" if names else "no .pkl at all"


def _settings(root: Path) -> dict[str, str]:
    """The camera setting of each sequence."""
    path = root / "cameras" / "mapping.txt"
    rows = [line.split() for line in read_text(path).splitlines() if line.strip()]
    for row in rows:
        if len(row) != 2 or Path(row[1]).name != row[1]:
            raise UserError(f"{path}: each line must be a sequence and its setting, found {ascii(' '.join(row))[:60]}")
    return dict(rows)


def _read_cameras(path: Path) -> dict[str, _Camera]:
    """The nine cameras of one setting, by name."""
    listed = read_json(path)
    cameras = {}
    for entry in listed if isinstance(listed, list) else []:
        content = as_dict(path, "a camera", entry)
        cameras[str(member(path, content, "name"))] = _camera(path, content)
    if missing := [view for view in VIEWS if view not in cameras]:
        raise UserError(f"{path}: no camera {', '.join(missing)}; expected the nine {VIEWS[0]} to {VIEWS[-1]}")
    return cameras


def _camera(path: Path, content: dict[str, Any]) -> _Camera:
    def entry(key: str, *shape: int) -> np.ndarray:
        return numbers(path, f"{key!r} of {content['name']}", member(path, content, key), shape)

    width, height = entry("size", 2)
    matrix = entry("matrix", 3, 3)
    fx, fy, cx, cy = matrix[[0, 1, 0, 1], [0, 1, 2, 2]]
    if min(fx, fy, cx, cy, width, height) <= 0:
        raise UserError(f"{path}: {content['name']} must have positive focal lengths, centre and size, found {fx:g} px")
    return _Camera(
        size=(int(width), int(height)),
        intrinsics=np.array([fx, fy, cx, cy], np.float32),
        rotation=Rotation.from_rotvec(entry("rotation", 3)).as_matrix(),
        shift_m=entry("translation", 3) / 100,
    )


def _views(root: Path, name: str, cameras: Mapping[str, _Camera]) -> Iterator[ClipRecord]:
    """The clips of one sequence."""
    path = root / "keypoints2d" / f"{name}.pkl"
    detected = as_array(path, "'keypoints2d'", _member_of(path, "keypoints2d"), (len(VIEWS), None, 17, 3), finite=False)
    if np.isfinite(detected[..., :2]).any():
        check_pixels(path, "'keypoints2d'", detected[..., :2])
    joints_m = _true_joints(root / "keypoints3d" / f"{name}.pkl", detected.shape[1])
    smpl = _motion(root / "motions" / f"{name}.pkl", joints_m) if _has_motions(root) else None
    for number, (view, keypoints) in enumerate(zip(VIEWS, detected, strict=True)):
        confidence = np.clip(np.nan_to_num(keypoints[..., 2]), 0, 1)
        known = np.isfinite(keypoints).all(axis=-1) & (confidence > 0)
        if (name, view) in LEFT_OUT or not known.any():
            continue
        camera = cameras[view]
        poses = transl_m = None
        if smpl is not None:
            poses, transl_m = moved_frame(*smpl, camera.rotation, camera.shift_m)
        yield ClipRecord(
            name=f"{name}/cam{number}",
            keypoints_px=np.where(known[..., None], keypoints[..., :2], np.float32(0)),
            image_size=camera.size,
            fps=FPS,
            confidence=np.where(known, confidence, np.float32(0)),
            intrinsics=camera.intrinsics,
            joints_cam_m=(joints_m @ camera.rotation.T + camera.shift_m).astype(np.float32),
            poses_cam=poses,
            betas=None if smpl is None else np.zeros(10, np.float32),
            transl_cam_m=transl_m,
        )


def _true_joints(path: Path, frames: int) -> np.ndarray:
    """(T, 12, 3) world metres of ``TRUE_JOINTS``, NaN where unknown."""
    key = "'keypoints3d_optim'"
    joints_cm = as_array(path, key, _member_of(path, "keypoints3d_optim"), (frames, 17, 3), finite=False)
    limbs = joints_cm[:, [COCO17.index(joint) for joint in TRUE_JOINTS]].astype(np.float64)
    if np.isinf(limbs).any():
        raise UserError(f"{path}: {key} must be finite or NaN, found infinity")
    if np.isnan(limbs).any(axis=-1).all():
        raise UserError(f"{path}: {key} is NaN for all limbs in all frames; leave this sequence out")
    return limbs / 100


def _motion(path: Path, joints_m: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """SMPL in the world: (T, 24, 3) poses, (T, 3) translation in metres, and the rest pelvis that it is about."""
    frames = len(joints_m)
    content = as_dict(path, "the file", load_pickle(path))
    poses = member(path, content, "smpl_poses")
    flat = poses.reshape(len(poses), -1) if isinstance(poses, np.ndarray) and poses.ndim == 3 else poses
    turns = as_array(path, "'smpl_poses'", flat, (frames, 72)).reshape(frames, 24, 3)
    transl_m = as_array(path, "'smpl_trans'", member(path, content, "smpl_trans"), (frames, 3)).astype(np.float64) / 100
    hips_m = joints_m[:, [TRUE_JOINTS.index("left_hip"), TRUE_JOINTS.index("right_hip")]].mean(axis=1)
    known = np.isfinite(hips_m).all(axis=1)
    pelvis_m = np.median((hips_m - transl_m)[known], axis=0) if known.any() else np.zeros(3)
    return turns, transl_m, pelvis_m


def _member_of(path: Path, key: str) -> object:
    if not path.exists():
        raise UserError(f"{path}: no such file; expected the {key} of this sequence")
    return member(path, as_dict(path, "the file", load_pickle(path)), key)
