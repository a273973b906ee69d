"""Human3.6M in the layout of VideoPose3D: ``data_2d_h36m_*.npz`` and, for evaluation, ``data_3d_h36m.npz``.

Training subjects give 2D only, without opening the 3D file. Test subjects give true joints in camera axes, metres.
50 frames per second, 17 of 32 joints, four cameras. Clips are named ``Action/Subject_trial/camK``: trial 0 or 1 in the
order of the data set's own numbers, K the index into ``human36m_cameras.CAMERA_NAMES``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pn3d.data.clips import Clips
from pn3d.datasets.assembly import DATA_SET_CAPS, ClipRecord, as_array, as_dict, as_list, assemble, check_pixels, member
from pn3d.datasets.human36m_cameras import CAMERA_NAMES, IMAGE_SIZES, Camera, load_cameras, subject_cameras
from pn3d.files.errors import UserError
from pn3d.files.safe_npz import load_npz
from pn3d.geometry.skeleton import COCO17, H36M17, LAYOUTS, Layout, remap_indices

FPS = 50.0
SUBJECTS = {"train": ("S1", "S5", "S6", "S7", "S8"), "test": ("S9", "S11")}
ACTIONS = (
    *("Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases", "Sitting"),
    *("SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether"),
)
KEPT_JOINTS = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""The 17 of the 32 joints of the recordings, in the order of h36m17."""

_RENAMED = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}
_CORRUPT = ("S11", "Directions")
_LAYOUTS = {"h36m": H36M17, "coco": COCO17, "mpii": LAYOUTS["mpii16"]}
_CAMERA_FILES = ("cameras.npz", "camera-parameters.json", "h36m_dataset.py", "../common/h36m_dataset.py")
_PROJECTED = "projected"
_PREFIX = "data_2d_h36m_"
_MAX_EXTRA_FRAMES = 50


@dataclass(frozen=True)
class _Source:
    """The files of one conversion; ``detections`` is None where 2D is to be projected from the 3D."""

    detections: Path | None
    truth: Path
    cameras: Path | None


def read_human36m(
    source: str | Path,
    *,
    detections: str | None = None,
    cameras: str | Path | None = None,
    splits: tuple[str, ...] | None = None,
) -> dict[str, Clips]:
    """Human3.6M as native clips of h36m17 joints.

    Args:
        source: the folder of the files, or one ``data_2d_h36m_*.npz`` in it.
        detections: which 2D of the folder: ``gt``, ``cpn_ft_h36m_dbb``, ``detectron_ft_h36m``, ``detectron_pt_coco``,
            ``sh_pt_mpii``, ``sh_ft_h36m`` …, or ``projected`` to render it from the 3D. Not needed where there is one.
        cameras: the camera parameters (``human36m_cameras``): needed for true joints and for ``projected``; the clips
            then also know their intrinsics. The calibration belongs to the data set and is not part of this package.
            Where None, the usual names are looked for in the folder, and VideoPose3D's ``../common``.
        splits: ``train`` (S1, S5, S6, S7, S8; no 3D) and ``test`` (S9, S11; with 3D); both where None.

    Returns:
        split name -> clips. Joints that a detector has not are masked. The corrupt first "Directions" of S11 is left
        out.

    Raises:
        UserError: a file or key is missing, of another version, or its parts do not fit together.
    """
    wanted = tuple(SUBJECTS) if splits is None else splits
    unknown = [split for split in wanted if split not in SUBJECTS]
    if unknown or not wanted:
        raise UserError(f"unknown split {', '.join(unknown) or '(none)'} of Human3.6M; known: {', '.join(SUBJECTS)}")
    folder = Path(source) if Path(source).is_dir() else Path(source).parent
    files = _find(Path(source), detections, _nearby_cameras(folder) if cameras is None else Path(cameras))
    if files.cameras is None and (files.detections is None or "test" in wanted):
        what = "2D from 3D" if files.detections is None else "the true joints of the test subjects"
        raise UserError(
            f"{source}: no cameras given; {what} need the camera parameters of Human3.6M (a .py, .json or .npz file), "
            "or convert the training split alone (splits=train)"
        )
    table = None if files.cameras is None else load_cameras(files.cameras)
    truth = _load_truth(files.truth) if files.detections is None or "test" in wanted else {}
    layout, keypoints = _load_keypoints(files.detections) if files.detections else (H36M17, {})
    where = files.detections or files.truth
    result = {}
    for split in wanted:
        records: list[ClipRecord] = []
        for subject in SUBJECTS[split]:
            actions = truth if files.detections is None else keypoints
            if subject in actions:
                views = subject_cameras(files.cameras, table, subject) if files.cameras and table else None
                of_subject = as_dict(where, f"the actions of {subject}", actions[subject])
                records += _records(files, split, subject, of_subject, truth.get(subject), views, layout)
        if not records:
            raise UserError(f"{where}: no subject of the {split} split ({', '.join(SUBJECTS[split])}) is in it")
        result[split] = assemble(records, where)
    return result


def _nearby_cameras(folder: Path) -> Path | None:
    """The camera parameters where people usually keep them."""
    return next((folder / name for name in _CAMERA_FILES if (folder / name).is_file()), None)


def _find(source: Path, detections: str | None, cameras: Path | None) -> _Source:
    """The 2D and 3D files that ``source`` and the options mean."""
    if source.is_file():
        if not source.name.startswith("data_2d_"):
            raise UserError(f"{source}: expected the folder of the files, or a {_PREFIX}*.npz")
        return _Source(source, source.with_name("data_3d_h36m.npz"), cameras)
    if not source.is_dir():
        raise UserError(f"{source}: no such folder; expected the one with {_PREFIX}*.npz")
    found = sorted(source.glob(f"{_PREFIX}*.npz"))
    truth = source / "data_3d_h36m.npz"
    if detections == _PROJECTED:
        return _Source(None, truth, cameras)
    names = [path.stem.removeprefix(_PREFIX) for path in found]
    if detections is not None:
        if detections not in names:
            raise UserError(f"{source}: no {_PREFIX}{detections}.npz; there is 2D of {', '.join(names) or 'nothing'}")
        return _Source(found[names.index(detections)], truth, cameras)
    if len(found) > 1:
        raise UserError(f"{source}: several kinds of 2D ({', '.join(names)}); say which with detections")
    if not found and not truth.is_file():
        raise UserError(f"{source}: neither {_PREFIX}*.npz nor data_3d_h36m.npz is in this folder")
    return _Source(found[0] if found else None, truth, cameras)


def _load_truth(path: Path) -> dict[str, dict[str, object]]:
    if not path.is_file():
        raise UserError(f"{path}: no such file; the true joints of the test split are read from it")
    positions = as_dict(path, "'positions_3d'", member(path, load_npz(path, caps=DATA_SET_CAPS), "positions_3d"))
    return {str(subject): as_dict(path, f"the actions of {subject}", actions) for subject, actions in positions.items()}


def _load_keypoints(path: Path) -> tuple[Layout, dict[str, object]]:
    """The layout that the metadata name, and {subject: {action: [cameras]}}."""
    members = load_npz(path, caps=DATA_SET_CAPS)
    metadata = as_dict(path, "'metadata'", member(path, members, "metadata"))
    name, count, symmetry = (metadata.get(key) for key in ("layout_name", "num_joints", "keypoints_symmetry"))
    layout = _LAYOUTS.get(str(name))
    if layout is None:
        raise UserError(f"{path}: 'metadata' names the layout {ascii(name)[:40]}; expected {', '.join(_LAYOUTS)}")
    if count != len(layout.joints):
        raise UserError(f"{path}: 'metadata' has {ascii(count)[:20]} joints; layout {name!r} has {len(layout.joints)}")
    if symmetry is not None:
        # As sets: for MPII the two lists of the public files are not in step.
        sides = [as_list(path, "'keypoints_symmetry'", side) for side in as_list(path, "symmetry", symmetry, 2)]
        if [{str(i) for i in side} for side in sides] != [_side(layout, "left_"), _side(layout, "right_")]:
            raise UserError(f"{path}: 'keypoints_symmetry' is not that of layout {name!r}: joints in another order")
    return layout, as_dict(path, "'positions_2d'", member(path, members, "positions_2d"))


def _side(layout: Layout, prefix: str) -> set[str]:
    return {str(i) for i, joint in enumerate(layout.joints) if joint.startswith(prefix)}


def _records(
    files: _Source,
    split: str,
    subject: str,
    actions: dict[str, object],
    truth: dict[str, object] | None,
    cameras: list[Camera] | None,
    layout: Layout,
) -> Iterator[ClipRecord]:
    """The clips of one subject."""
    for original, action, trial in _sequences(files.detections or files.truth, subject, actions):
        world_m = None
        if files.detections is None or split == "test":
            world_m = _world_joints(files.truth, subject, original, truth)
        views: list[object] = [None] * len(CAMERA_NAMES)
        if files.detections is not None:
            views = as_list(files.detections, f"{subject} {original!r}", actions[original], len(CAMERA_NAMES))
        for k, view in enumerate(views):
            camera = None if cameras is None else cameras[k]
            joints_cam_m = None if world_m is None or camera is None else camera.to_camera(world_m)
            if files.detections is None:
                assert joints_cam_m is not None
                assert camera is not None
                keypoints = camera.project(joints_cam_m)
            else:
                keypoints = _view(files.detections, f"{subject} {original!r} camera {k}", view, layout, joints_cam_m)
            yield ClipRecord(
                name=f"{action}/{subject}_{trial}/cam{k}",
                keypoints_px=keypoints,
                image_size=IMAGE_SIZES[k],
                fps=FPS,
                intrinsics=None if camera is None else camera.intrinsics,
                joints_cam_m=joints_cam_m if split == "test" else None,
                up_cam=camera.up if split == "test" and camera is not None else None,
            )


def _sequences(where: Path, subject: str, actions: dict[str, object]) -> list[tuple[str, str, int]]:
    """(name in the file, action, trial) of each sequence; trials count from 0 within an action."""
    numbered: dict[str, list[tuple[int, str]]] = {}
    for name in actions:
        found = re.fullmatch(r"(\w+?)(?: (\d+))?", str(name))
        action = _RENAMED.get(found[1], found[1]) if found else ""
        if found is None or action not in ACTIONS:
            raise UserError(
                f"{where}: {subject} has the unknown action {ascii(name)[:40]}; known: {', '.join(ACTIONS)}"
            )
        numbered.setdefault(action, []).append((int(found[2] or 0), str(name)))
    sequences = []
    for action, trials in numbered.items():
        if (subject, action) == _CORRUPT and not any(number == 0 for number, _ in trials):
            trials.append((0, ""))  # the corrupt one, counted so that the good one keeps its place
        for trial, (_, name) in enumerate(sorted(trials)):
            if name and (subject, name) != _CORRUPT:
                sequences.append((name, action, trial))
    return sequences


def _world_joints(path: Path, subject: str, action: str, truth: dict[str, object] | None) -> np.ndarray:
    """(T, 17, 3) metres, z up."""
    if truth is None or action not in truth:
        raise UserError(f"{path}: no {subject} {action!r} in 'positions_3d', which the 2D has")
    value = truth[action]
    key = f"'positions_3d' of {subject} {action!r}"
    if isinstance(value, np.ndarray) and value.ndim == 3 and value.shape[1] == len(KEPT_JOINTS):
        return as_array(path, key, value, (None, len(KEPT_JOINTS), 3))
    return as_array(path, key, value, (None, 32, 3))[:, KEPT_JOINTS]


def _view(path: Path, key: str, value: object, layout: Layout, truth: np.ndarray | None) -> np.ndarray:
    """(T, 17, 2) px of one camera, cut to the frames of the truth where there is one; NaN = no such joint."""
    joints = len(layout.joints)
    if isinstance(value, np.ndarray) and value.ndim == 3 and value.shape[1] != joints:
        raise UserError(f"{path}: {key} has {value.shape[1]} joints; its metadata say {joints}")
    keypoints = as_array(path, key, value, (None, joints, 2), finite=False)
    check_pixels(path, key, keypoints)
    keypoints = _as_h36m17(keypoints, layout)
    if truth is None:
        return keypoints
    extra = len(keypoints) - len(truth)
    if not 0 <= extra <= _MAX_EXTRA_FRAMES:
        raise UserError(
            f"{path}: {key} has {len(keypoints)} frames of 2D and {len(truth)} of 3D; expected as many, or up to "
            f"{_MAX_EXTRA_FRAMES} more"
        )
    return keypoints[: len(truth)]


def _as_h36m17(keypoints: np.ndarray, layout: Layout) -> np.ndarray:
    """Joints by name; NaN where the layout has none of that name, which masks the joint."""
    if layout == H36M17:
        return keypoints
    source = np.array(remap_indices(layout, H36M17))
    return np.where((source >= 0)[:, None], keypoints[:, source], np.float32(np.nan))
