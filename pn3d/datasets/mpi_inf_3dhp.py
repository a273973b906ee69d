"""MPI-INF-3DHP: the npz forms of P-STMO, and ``annot_data.mat`` of the test set as it is distributed.

17 joints, mapped to h36m17. The truth is ``univ_annot3`` (millimetres in camera axes, scaled to a common height), which
is the one that tables report; only ``valid`` frames are scored, the others remain as context. Training gives 2D alone.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.data.clips import Clips
from pn3d.datasets.assembly import (
    DATA_SET_CAPS,
    ClipRecord,
    as_array,
    as_dict,
    as_list,
    assemble,
    check_pixels,
    describe,
    member,
)
from pn3d.files.errors import UserError
from pn3d.files.safe_npz import load_npz

TO_H36M17 = (14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4)
"""For each joint of h36m17 its index among the data set's 17."""

TRAIN_CAMERAS = (0, 1, 2, 4, 5, 6, 7, 8)
TEST_FPS = 25.0
"""Frame rate of the test videos, on which only accelerations depend (our choice: the files do not say)."""

ACTIVITIES = {
    1: "Standing-Walking",
    2: "Exercising",
    3: "Sitting",
    4: "Reaching-Crouching",
    5: "On-The-Floor",
    6: "Sports",
    7: "Miscellaneous",
}
_TRAIN, _TEST = "data_train_3dhp.npz", "data_test_3dhp.npz"
_TRAIN_SIZE = (2048, 2048)
_TEST_SIZES = {**dict.fromkeys(("TS1", "TS2", "TS3", "TS4"), (2048, 2048)), "TS5": (1920, 1080), "TS6": (1920, 1080)}


def read_mpi_inf_3dhp(source: str | Path, *, splits: tuple[str, ...] | None = None) -> dict[str, Clips]:
    """MPI-INF-3DHP as native clips of h36m17 joints.

    Args:
        source: a folder with ``data_train_3dhp.npz`` and ``data_test_3dhp.npz`` and/or ``TS1 … TS6/annot_data.mat``
            (which say the activity and are preferred), or one of these files.
        splits: ``train`` and ``test``; what is there where None.

    Returns:
        split name -> clips. Training clips are ``S1/Seq1/camK``; test clips ``TS1/TS1/cam0``, and with
        ``annot_data.mat`` cut where the activity changes, ``Sitting/TS1_k/cam0``. ``scored`` marks the valid frames.

    Raises:
        UserError: a part is missing, of another version, or its parts do not fit together; or a ``.mat`` is to be read
            and h5py is not installed.
    """
    source = Path(source)
    if not source.exists():
        raise UserError(f"{source}: no such file or folder; expected {_TRAIN}, {_TEST} or TS1 … TS6/annot_data.mat")
    train, test, mats = _find(source)
    found = {"train": train is not None, "test": bool(mats) or test is not None}
    wanted = tuple(split for split in found if found[split]) if splits is None else splits
    if not wanted:
        raise UserError(f"{source}: neither {_TRAIN}, {_TEST} nor TS1 … TS6/annot_data.mat is there")
    result = {}
    for split in wanted:
        if not found.get(split):
            raise UserError(f"{source}: no {split} split here; expected {_TRAIN}, {_TEST} or TS*/annot_data.mat")
        if split == "train" and train is not None:
            result[split] = assemble(list(_train_records(train)), train)
        elif mats:
            result[split] = assemble([record for path in mats for record in _mat_records(path)], source)
        elif test is not None:
            result[split] = assemble(list(_test_records(test)), test)
    return result


def _find(source: Path) -> tuple[Path | None, Path | None, list[Path]]:
    if source.is_file():
        if source.suffix == ".mat":
            return None, None, [source]
        is_train = "train" in source.name
        return (source, None, []) if is_train else (None, source, [])
    train, test = source / _TRAIN, source / _TEST
    mats = sorted(source.glob("TS*/annot_data.mat"))
    return (train if train.is_file() else None, test if test.is_file() else None, mats)


def _data(path: Path) -> dict[Any, Any]:
    return as_dict(path, "'data'", member(path, load_npz(path, caps=DATA_SET_CAPS), "data"))


def _train_records(path: Path) -> Iterator[ClipRecord]:
    """2D of each camera of each sequence; the 3D beside it is not looked at."""
    for name, entry in _data(path).items():
        found = re.fullmatch(r"(S\d+) (Seq\d+)", str(name))
        if not found:
            raise UserError(f"{path}: 'data' must have keys such as 'S1 Seq1', found {ascii(name)[:40]}")
        views, rate = as_list(path, f"{name!r}", entry, 2)
        fps = float(rate) if isinstance(rate, int | float) else 0.0
        if not 1 <= fps <= 1000:
            raise UserError(f"{path}: {name!r} must end with its frame rate, found {describe(rate)}")
        for camera, view in as_dict(path, f"cameras of {name!r}", views).items():
            key = f"{name!r} camera {ascii(camera)[:20]} 'data_2d'"
            if str(camera) not in map(str, TRAIN_CAMERAS):
                raise UserError(f"{path}: {key}: cameras are {', '.join(map(str, TRAIN_CAMERAS))}")
            keypoints = _keypoints(path, key, member(path, as_dict(path, key, view), "data_2d"))
            yield ClipRecord(f"{found[1]}/{found[2]}/cam{camera}", keypoints, _TRAIN_SIZE, fps)


def _test_records(path: Path) -> Iterator[ClipRecord]:
    for name, entry in _data(path).items():
        if name not in _TEST_SIZES:
            raise UserError(f"{path}: 'data' must have keys {', '.join(_TEST_SIZES)}, found {ascii(name)[:40]}")
        view = as_dict(path, f"{name!r}", entry)
        keypoints = _keypoints(path, f"{name!r} 'data_2d'", member(path, view, "data_2d"))
        truth = _truth(path, f"{name!r} 'data_3d'", member(path, view, "data_3d"), len(keypoints))
        valid = _flags(path, f"{name!r} 'valid'", member(path, view, "valid"), len(keypoints))
        yield ClipRecord(
            f"{name}/{name}/cam0",
            keypoints,
            _TEST_SIZES[name],
            TEST_FPS,
            joints_cam_m=truth,
            scored=valid,
        )


def _mat_records(path: Path) -> Iterator[ClipRecord]:
    """One test sequence, cut where the activity changes."""
    name = path.parent.name
    if name not in _TEST_SIZES:
        raise UserError(f"{path}: must lie in a folder named {', '.join(_TEST_SIZES)}, found {ascii(name)[:40]}")
    arrays = _load_mat(path, ("annot2", "univ_annot3", "valid_frame", "activity_annotation"))
    keypoints = _keypoints(path, "'annot2'", _one_person(arrays["annot2"]))
    frames = len(keypoints)
    truth = _truth(path, "'univ_annot3'", _one_person(arrays["univ_annot3"]), frames)
    valid = _flags(path, "'valid_frame'", arrays["valid_frame"].reshape(-1), frames)
    activity = as_array(path, "'activity_annotation'", arrays["activity_annotation"].reshape(-1), (frames,)).astype(int)
    places = np.flatnonzero(valid)
    unknown = sorted(set(activity[places].tolist()) - set(ACTIVITIES))
    if unknown or not len(places):
        found = unknown[0] if unknown else "no valid frame"
        raise UserError(f"{path}: 'activity_annotation' must be 1 to 7 in valid frames, found {found}")
    # What is said of frames that do not count is not used: they go with the valid frame before them.
    last = np.clip(np.searchsorted(places, np.arange(frames), side="right") - 1, 0, None)
    activity = activity[places[last]]
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(activity)) + 1, [frames]])
    for number, (a, b) in enumerate(pairwise(cuts)):
        action = ACTIVITIES[int(activity[a])]
        yield ClipRecord(
            f"{action}/{name}_{number}/cam0",
            keypoints[a:b],
            _TEST_SIZES[name],
            TEST_FPS,
            joints_cam_m=truth[a:b],
            scored=valid[a:b],
        )


def _one_person(array: np.ndarray) -> np.ndarray:
    """(N, 1, 17, C) -> (N, 17, C)."""
    return array[:, 0] if array.ndim == 4 else array


def _flags(path: Path, key: str, value: object, frames: int) -> np.ndarray:
    """(N,) bool, stored as bool or as numbers."""
    numbers = value.astype(np.uint8) if isinstance(value, np.ndarray) and value.dtype.kind == "b" else value
    return as_array(path, key, numbers, (frames,)) > 0


def _keypoints(path: Path, key: str, value: object) -> np.ndarray:
    """(T, 17, 2) px of h36m17."""
    keypoints = as_array(path, key, value, (None, 17, 2), finite=False)
    check_pixels(path, key, keypoints)
    return keypoints[:, TO_H36M17]


def _truth(path: Path, key: str, value: object, frames: int) -> np.ndarray:
    """(T, 17, 3) metres of h36m17."""
    if isinstance(value, np.ndarray) and value.ndim == 3 and len(value) != frames:
        raise UserError(f"{path}: {key} has {len(value)} frames of 3D and {frames} of 2D")
    return as_array(path, key, value, (frames, 17, 3))[:, TO_H36M17] / 1000


def _load_mat(path: Path, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Numeric arrays of a MATLAB 7.3 file, which is HDF5."""
    try:
        import h5py
    except ImportError as error:
        raise UserError(f"{path}: reading MATLAB 7.3 files needs h5py: pip install h5py") from error
    arrays = {}
    try:
        with h5py.File(path, "r") as file:
            for key in keys:
                if not isinstance(file.get(key), h5py.Dataset):
                    raise UserError(f"{path}: no key {key!r}; it has {', '.join(map(ascii, list(file)[:8]))}")
                dataset = file[key]
                if dataset.dtype.kind not in "fiu":
                    raise UserError(f"{path}: {key!r} must be numbers, found {dataset.dtype}")
                arrays[key] = np.asarray(dataset)
    except UserError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{path}: not a readable MATLAB 7.3 file: {' '.join(str(error).split())[:120]}") from error
    return arrays
