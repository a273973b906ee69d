"""Human3.6M in MotionBERT's file (``h36m_sh_conf_cam_source_final.pkl``): detections with confidence, frame by frame.

A pickle of ``{"train", "test"}``, each a dictionary of ``joint_2d (N, 17, 2) px``, ``confidence (N, 17[, 1])``,
``camera_name`` and ``source`` (N names such as ``s_09_act_05_subact_02_ca_01``); the test part also ``joints_2.5d_image
(N, 17, 3)`` mm and ``2.5d_factor (N,)`` mm per pixel. 50 frames per second, joints in the order of h36m17.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
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
    assemble,
    check_pixels,
    describe,
    member,
)
from pn3d.datasets.human36m import FPS, SUBJECTS
from pn3d.datasets.human36m_cameras import CAMERA_NAMES, IMAGE_SIZES, load_cameras, subject_cameras
from pn3d.files.errors import UserError
from pn3d.files.safe_pickle import load_pickle
from pn3d.geometry.camera import assumed_intrinsics

ACTION_OF_NUMBER = dict(
    enumerate(
        (
            *("Directions", "Discussion", "Eating", "Greeting", "Phoning", "Posing", "Purchases", "Sitting"),
            *("SittingDown", "Smoking", "Photo", "Waiting", "Walking", "WalkDog", "WalkTogether"),
        ),
        start=2,
    )
)
"""The data set's own numbers of its 15 actions."""

LEFT_OUT = ("s_09_act_05_subact_02", "s_09_act_10_subact_02", "s_09_act_13_subact_01")
"""Test sequences with shifted annotation, which MotionBERT's tables leave out."""

_SOURCE = re.compile(r"s_(\d+)_act_(\d+)_subact_(\d+)_ca_(\d+)")


def read_motionbert(
    source: str | Path, *, cameras: str | Path | None = None, splits: tuple[str, ...] | None = None
) -> dict[str, Clips]:
    """MotionBERT's Human3.6M file as native clips.

    The true joints are MotionBERT's own: millimetres about the pelvis in a weak-perspective picture, as its tables use
    them, set at the depth at which the pelvis has their scale (factor times focal length), in metres.

    Args:
        source: the pickle.
        cameras: camera parameters (``human36m_cameras``) for exact intrinsics; the assumed ones where None.
        splits: ``train`` (no 3D) and ``test``; both where None.

    Raises:
        UserError: a part is missing, of another version, or its parts do not fit together.
    """
    path = Path(source)
    content = as_dict(path, "the file", load_pickle(path, allow_objects=True, caps=DATA_SET_CAPS))
    table = None if cameras is None else load_cameras(cameras)
    result = {}
    for split in tuple(SUBJECTS) if splits is None else splits:
        part = as_dict(path, f"{split!r}", member(path, content, split))
        records = []
        for subject, record in _records(path, split, part):
            if table is not None and cameras is not None:
                k = int(record.name[-1])
                record = replace(record, intrinsics=subject_cameras(cameras, table, subject)[k].intrinsics)
            records.append(record)
        result[split] = assemble(records, f"{path} ({split})")
    return result


def _records(path: Path, split: str, part: dict[str, Any]) -> Iterator[tuple[str, ClipRecord]]:
    """(subject, clip) for each run of frames of one source; training parts are read without their 3D."""
    key = lambda name: f"{split!r} {name!r}"  # noqa: E731
    keypoints = as_array(path, key("joint_2d"), _cut(member(path, part, "joint_2d"), 2), (None, 17, 2), finite=False)
    check_pixels(path, key("joint_2d"), keypoints)
    frames = len(keypoints)
    names = _texts(path, key("source"), member(path, part, "source"), frames)
    cameras = _texts(path, key("camera_name"), member(path, part, "camera_name"), frames)
    confidence = np.ones((frames, 17), np.float32)
    if "confidence" in part:
        value = part["confidence"]
        flat = value[..., 0] if isinstance(value, np.ndarray) and value.ndim == 3 else value
        confidence = np.clip(as_array(path, key("confidence"), flat, (frames, 17)), 0, 1)
    truth = factor = None
    if split == "test":
        truth = as_array(path, key("joints_2.5d_image"), member(path, part, "joints_2.5d_image"), (frames, 17, 3))
        factor = np.asarray(member(path, part, "2.5d_factor"))
        factor = as_array(path, key("2.5d_factor"), factor, (frames,))
    starts = np.concatenate([[0], np.flatnonzero(names[1:] != names[:-1]) + 1, [frames]])
    for a, b in pairwise(starts):
        name = str(names[a])
        subject, clip_name, k = _parse(path, key("source"), name)
        if (cameras[a:b] != CAMERA_NAMES[k]).any():
            raise UserError(f"{path}: {key('camera_name')} of {name!a} must be {CAMERA_NAMES[k]}")
        if split == "test" and name.rsplit("_ca_", 1)[0] in LEFT_OUT:
            continue
        size = IMAGE_SIZES[k]
        joints_cam_m = None
        if truth is not None and factor is not None:
            joints_cam_m = _in_camera(truth[a:b], factor[a:b], keypoints[a:b, 0], np.array(size))
        yield subject, ClipRecord(clip_name, keypoints[a:b], size, FPS, confidence[a:b], joints_cam_m=joints_cam_m)


def _parse(path: Path, key: str, name: str) -> tuple[str, str, int]:
    """(subject, clip name, camera index) of a source name."""
    found = _SOURCE.fullmatch(name)
    subject, number, trial, camera = (int(word) for word in found.groups()) if found else (0, 0, 0, 0)
    if number not in ACTION_OF_NUMBER or not 1 <= camera <= len(CAMERA_NAMES) or trial < 1:
        raise UserError(f"{path}: {key} must be names such as 's_09_act_05_subact_02_ca_01', found {ascii(name)[:60]}")
    return f"S{subject}", f"{ACTION_OF_NUMBER[number]}/S{subject}_{trial - 1}/cam{camera - 1}", camera - 1


def _in_camera(truth_mm: np.ndarray, factor: np.ndarray, root_px: np.ndarray, size: np.ndarray) -> np.ndarray:
    """MotionBERT's joints about the pelvis, moved to where the pelvis is seen. (T, 17, 3) mm -> (T, 17, 3) m."""
    focal_px, _, centre_x, centre_y = assumed_intrinsics(size)
    depth_m = factor * focal_px / 1000
    rays = (np.nan_to_num(root_px) - [centre_x, centre_y]) / focal_px
    root_m = np.concatenate([rays * depth_m[:, None], depth_m[:, None]], axis=1)
    return ((truth_mm - truth_mm[:, :1]) / 1000 + root_m[:, None]).astype(np.float32)


def _texts(path: Path, key: str, value: object, frames: int) -> np.ndarray:
    """(N,) str of a list or an array of text."""
    texts = np.array([str(text) for text in value]) if isinstance(value, list | np.ndarray) else np.zeros(0, str)
    if texts.shape != (frames,):
        raise UserError(f"{path}: {key} must be {frames} names, one for each frame, found {describe(value)}")
    return texts


def _cut(value: object, columns: int) -> object:
    """The first coordinates of each joint; some versions keep a third in ``joint_2d``."""
    return value[..., :columns] if isinstance(value, np.ndarray) and value.ndim == 3 else value
