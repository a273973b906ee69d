"""3DPW (``sequenceFiles/{train,validation,test}/*.pkl``): people outdoors, OpenPose's 2D, SMPL truth.

One clip per person, ``<place and action>/<sequence>_<person>/cam0``, 30 frames per second. The truth is turned from the
world into the moving camera; frames whose camera pose is not valid are not scored. Training gives 2D alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.body.landmarks import builtin_landmarks
from pn3d.body.regressors import read_regressor
from pn3d.body.smpl_file import load_body
from pn3d.data.clips import Clips
from pn3d.datasets.assembly import ClipRecord, as_array, as_dict, as_list, assemble, check_pixels, member
from pn3d.datasets.smpl_motion import JointsOfBody, joints_by_regressor, moved_frame
from pn3d.files.errors import UserError
from pn3d.files.safe_pickle import load_pickle
from pn3d.geometry.kinematics import posed_joints
from pn3d.geometry.skeleton import H36M17, LAYOUTS, SMPL24, remap_indices

SPLITS = ("train", "validation", "test")
FPS = 30.0
_LONG, _SHORT = 1920, 1080
_GENDERS = {"m": "male", "f": "female"}
_OPENPOSE = LAYOUTS["openpose18"]


@dataclass(frozen=True)
class _Person:
    """One person of one sequence, world axes, as the file has them; T frames."""

    poses: np.ndarray
    transl_m: np.ndarray
    joints24_m: np.ndarray
    betas: np.ndarray
    valid: np.ndarray


def read_threedpw(
    source: str | Path,
    *,
    splits: tuple[str, ...] | None = None,
    bodies: Mapping[str, str | Path] | None = None,
    regressor: str | Path | None = None,
    gender: str | None = None,
) -> dict[str, Clips]:
    """3DPW as native clips of h36m17 joints; what OpenPose has not is masked.

    The field's true joints are those of the gendered SMPL meshes through ``J_regressor_h36m``: give both ``bodies`` and
    ``regressor``. Without them the true joints are landmarks on the file's own 24 SMPL joints, which is close, but not
    what tables report.

    Args:
        source: the folder ``sequenceFiles``, the one above it, or one ``.pkl`` (then ``splits`` names its split).
        splits: of ``train`` (2D only), ``validation`` and ``test``; what is there where None.
        bodies: SMPL model files by gender, ``male`` and ``female``.
        regressor: ``J_regressor_h36m.npy``.
        gender: ``male`` or ``female`` to keep these people alone, so that one body fits all clips.

    Raises:
        UserError: a part is missing, of another version, or its parts do not fit together.
    """
    source = Path(source)
    files = _find(source, splits)
    if (bodies is None) != (regressor is None):
        raise UserError("3DPW's true joints need both the bodies (male and female SMPL files) and the regressor")
    joints_of = _joints_of_genders(bodies or {}, regressor)
    result = {}
    for split, paths in files.items():
        records = [record for path in paths for record in _sequence(path, split, joints_of, gender)]
        names = sorted({name for name, _ in joints_of.values()}) if split != "train" else []
        body = None if split == "train" else (names[0] if len(names) == 1 else "smpl")
        if gender is not None and gender in joints_of and split != "train":
            body = joints_of[gender][0]
        result[split] = assemble(records, source, body=body)
    return result


def _find(source: Path, splits: tuple[str, ...] | None) -> dict[str, list[Path]]:
    unknown = [split for split in splits or () if split not in SPLITS]
    if unknown:
        raise UserError(f"unknown split {unknown[0]!r} of 3DPW; known: {', '.join(SPLITS)}")
    if source.is_file():
        split = splits[0] if splits else source.parent.name
        return {split if split in SPLITS else "test": [source]}
    root = source / "sequenceFiles" if (source / "sequenceFiles").is_dir() else source
    found = {split: sorted((root / split).glob("*.pkl")) for split in SPLITS}
    there = [split for split in SPLITS if found[split]]
    wanted = there if splits is None else list(splits)
    for split in wanted:
        if not found[split]:
            raise UserError(f"{root}: no .pkl in {split}/; there are files for {', '.join(there) or 'no split'}")
    if not wanted:
        raise UserError(f"{source}: no train/, validation/ or test/ with .pkl files; expected 3DPW's sequenceFiles")
    return {split: found[split] for split in wanted}


def _joints_of_genders(
    bodies: Mapping[str, str | Path], regressor: str | Path | None
) -> dict[str, tuple[str, JointsOfBody]]:
    """gender -> (name of the body, its joints)."""
    found = {}
    for gender, path in bodies.items():
        if gender not in _GENDERS.values():
            raise UserError(f"unknown gender {gender!r} of a body; expected male and female")
        body = load_body(path)
        assert regressor is not None
        found[gender] = (body.name, joints_by_regressor(body, read_regressor(regressor, body)))
    return found


def _sequence(
    path: Path, split: str, joints_of: Mapping[str, tuple[str, JointsOfBody]], gender: str | None
) -> Iterator[ClipRecord]:
    """The people of one file."""
    content = as_dict(path, "the file", load_pickle(path, allow_objects=True))
    name = member(path, content, "sequence")
    if not isinstance(name, str) or not re.fullmatch(r"[\w .-]{1,100}", name):
        raise UserError(f"{path}: 'sequence' must be a name, found {ascii(name)[:40]}")
    genders = as_list(path, "'genders'", member(path, content, "genders"))
    count = len(genders)
    detections = as_list(path, "'poses2d'", member(path, content, "poses2d"), count)
    intrinsics = as_array(path, "'cam_intrinsics'", member(path, content, "cam_intrinsics"), (3, 3))
    fx, fy, cx, cy = intrinsics[[0, 1, 0, 1], [0, 1, 2, 2]]
    if min(fx, fy, cx, cy) <= 0:
        raise UserError(
            f"{path}: 'cam_intrinsics' must have positive focal lengths and centre, found {fx}, {fy}, {cx}, {cy}"
        )
    action = re.sub(r"_\d+$", "", name)
    for person in range(count):
        sex = _GENDERS.get(str(genders[person]))
        if sex is None:
            raise UserError(f"{path}: 'genders' must be m or f, found {ascii(genders[person])[:20]}")
        if gender is not None and sex != gender:
            continue
        keypoints, confidence = _detections(path, f"'poses2d' of person {person}", detections[person])
        record = ClipRecord(
            name=f"{action}/{name}_{person}/cam0",
            keypoints_px=keypoints,
            image_size=(_LONG, _SHORT) if cx > cy else (_SHORT, _LONG),
            fps=FPS,
            confidence=confidence,
            intrinsics=np.array([fx, fy, cx, cy], np.float32),
        )
        if split == "train":
            yield record
            continue
        yield _with_truth(path, content, person, record, joints_of.get(sex), bool(joints_of))


def _detections(path: Path, key: str, value: object) -> tuple[np.ndarray, np.ndarray]:
    """(T, 17, 2) px and (T, 17) confidence of h36m17, from rows x, y, confidence of OpenPose's 18."""
    table = as_array(path, key, value, (None, 3, 18)).transpose(0, 2, 1)
    if (table[..., 2] > 0).any():
        check_pixels(path, key, table[..., :2])
    source = np.array(remap_indices(_OPENPOSE, H36M17))
    has = source >= 0
    confidence = np.where(has, np.clip(table[:, source, 2], 0, 1), np.float32(0))
    return np.where((confidence > 0)[..., None], table[:, source, :2], np.float32(0)), confidence


def _with_truth(
    path: Path,
    content: dict[Any, Any],
    person: int,
    record: ClipRecord,
    of_body: tuple[str, JointsOfBody] | None,
    need_body: bool,
) -> ClipRecord:
    """The record with SMPL's parameters and the true joints in the camera's axes."""
    frames = len(record.keypoints_px)
    truth = _person(path, content, person, frames)
    camera = as_array(path, "'cam_poses'", member(path, content, "cam_poses"), (frames, 4, 4)).astype(np.float64)
    rotation, shift_m = camera[:, :3, :3], camera[:, :3, 3]
    if not np.allclose(rotation @ rotation.transpose(0, 2, 1), np.eye(3), atol=1e-3):
        raise UserError(f"{path}: 'cam_poses' must be rotations and translations, found another matrix")
    # The pelvis of the shaped body at rest: what the file's pelvis has beside the translation.
    pelvis_m = np.median(truth.joints24_m[:, 0] - truth.transl_m, axis=0)
    poses_cam, transl_cam_m = moved_frame(truth.poses, truth.transl_m, pelvis_m, rotation, shift_m)
    if need_body and of_body is None:
        raise UserError(f"{path}: person {person} needs the SMPL body of its gender; give male and female")
    if of_body is not None:
        joints_cam_m = of_body[1](truth.betas, poses_cam, transl_cam_m)
    else:
        joints_cam_m = np.einsum("tij,tkj->tki", rotation, _landmarks(truth)) + shift_m[:, None]
    return replace(
        record,
        joints_cam_m=joints_cam_m.astype(np.float32),
        poses_cam=poses_cam,
        betas=truth.betas,
        transl_cam_m=transl_cam_m,
        scored=truth.valid,
    )


def _person(path: Path, content: dict[Any, Any], person: int, frames: int) -> _Person:
    def of_person(key: str, shape: tuple[int | None, ...]) -> np.ndarray:
        entries = as_list(path, repr(key), member(path, content, key))
        if len(entries) <= person:
            raise UserError(f"{path}: {key!r} must have an entry for each person, found {len(entries)}")
        value = entries[person]
        if isinstance(value, np.ndarray) and value.dtype.kind == "b":
            value = value.astype(np.uint8)
        return as_array(path, f"{key!r} of person {person}", value, shape)

    return _Person(
        poses=of_person("poses", (frames, 72)).reshape(frames, 24, 3),
        transl_m=of_person("trans", (frames, 3)).astype(np.float64),
        joints24_m=of_person("jointPositions", (frames, 72)).reshape(frames, 24, 3).astype(np.float64),
        betas=_ten(of_person("betas", (None,))),
        valid=of_person("campose_valid", (frames,)) > 0,
    )


def _ten(betas: np.ndarray) -> np.ndarray:
    """The first ten coefficients; some releases keep 300."""
    return np.pad(betas[:10], (0, max(0, 10 - len(betas))))


def _landmarks(truth: _Person) -> np.ndarray:
    """(T, 17, 3) h36m17 as landmarks on the file's own 24 joints, world axes."""
    # Where the joints are is known; only their turns are wanted.
    _, turns = posed_joints(np.zeros((24, 3)), SMPL24.parents, truth.poses, truth.transl_m)
    landmarks = builtin_landmarks()
    offset_m = np.asarray(landmarks.offset_m, np.float64)
    points = np.einsum("jk,tkc->tjc", np.asarray(landmarks.weights, np.float64), truth.joints24_m)
    return points + np.einsum("tjab,jb->tja", turns[:, list(landmarks.bone)], offset_m)
