"""A stand-in for Human3.6M in VideoPose3D's layout: the same files, names and shapes, on built-in motion.

Seven subjects, 15 actions in two trials, four cameras with distortion, 50 frames per second, 32 joints in a z-up world,
17 joints in pixels, dictionaries pickled inside the npz as the public files are. The calibration is invented: the true
one belongs to the data set.
"""

from pathlib import Path

import numpy as np

from pn3d.data.clips import Clips
from pn3d.datasets.human36m import ACTIONS, FPS, KEPT_JOINTS, SUBJECTS
from pn3d.datasets.human36m_cameras import CAMERA_NAMES, Camera
from pn3d.synthetic.scenes import make_synthetic_clips

SYMMETRY = ([4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16])
SEQUENCES = tuple(action + trial for action in ACTIONS for trial in ("", " 1"))
_VIEWS = len(CAMERA_NAMES)
_RADIUS_M = 1.2
"""How far people walk from the middle of the room."""
_ANKLE_M = 0.08


def write_folder(folder: Path, train_frames: int, test_frames: int, seed: int) -> dict[str, int]:
    """Writes ``data_3d_h36m.npz``, ``data_2d_h36m_gt.npz`` and ``cameras.npz``.

    Args:
        folder: where to.
        train_frames: at least that many frames of 2D, all cameras counted, of the training subjects.
        test_frames: likewise of the test subjects.
        seed: of motion, bodies and cameras.

    Returns:
        frames of 2D by split.
    """
    rng = np.random.default_rng(seed)
    cameras: dict[str, list[Camera]] = {}
    positions_3d: dict[str, dict[str, np.ndarray]] = {}
    positions_2d: dict[str, dict[str, list[np.ndarray]]] = {}
    counts = {}
    for number, (split, least) in enumerate((("train", train_frames), ("test", test_frames))):
        subjects = SUBJECTS[split]
        length = -(-least // (len(subjects) * len(SEQUENCES) * _VIEWS))
        counts[split] = length * len(subjects) * len(SEQUENCES) * _VIEWS
        worlds = _motion(2 * seed + number, len(subjects) * len(SEQUENCES), length)
        for s, subject in enumerate(subjects):
            cameras[subject] = _cameras(rng)
            of_subject = dict(zip(SEQUENCES, worlds[s * len(SEQUENCES) :], strict=False))
            positions_3d[subject] = {name: _as_32(joints_m) for name, joints_m in of_subject.items()}
            positions_2d[subject] = {
                name: [camera.project(camera.to_camera(joints_m)) for camera in cameras[subject]]
                for name, joints_m in of_subject.items()
            }
    _save(folder / "data_3d_h36m.npz", positions_3d=positions_3d)
    metadata = {"layout_name": "h36m", "num_joints": 17, "keypoints_symmetry": [list(side) for side in SYMMETRY]}
    _save(folder / "data_2d_h36m_gt.npz", positions_2d=positions_2d, metadata=metadata)
    _save_cameras(folder / "cameras.npz", cameras)
    return counts


def _save(path: Path, **members: object) -> None:
    """Dictionaries as NumPy pickles them into an npz."""
    np.savez_compressed(path, **{name: np.array(value, dtype=object) for name, value in members.items()})  # type: ignore[arg-type]


def _motion(seed: int, sequences: int, frames: int) -> list[np.ndarray]:
    """That many sequences of (T, 17, 3) metres, z up, feet near the ground, 50 frames per second."""
    made = make_synthetic_clips(seed, sequences, max(8, int(np.ceil(frames * 30 / FPS)) + 1))
    return [_into_room(made, clip, frames) for clip in range(sequences)]


def _into_room(made: Clips, clip: int, frames: int) -> np.ndarray:
    assert made.joints_cam is not None
    assert made.up_cam is not None
    up = made.up_cam[clip].astype(np.float64)
    right = np.cross(up, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    seen_m = made.joints_cam[made.clip_start[clip] : made.clip_start[clip + 1]].astype(np.float64)
    joints_m = seen_m @ np.stack([right, np.cross(up, right), up]).T
    # From 30 to 50 frames per second, between the frames there are.
    times = np.arange(frames) * 30 / FPS
    left = np.minimum(times.astype(int), len(joints_m) - 2)
    part = (times - left)[:, None, None]
    joints_m = (1 - part) * joints_m[left] + part * joints_m[left + 1]
    path_m = joints_m[:, 0, :2]
    middle_m = (path_m.max(axis=0) + path_m.min(axis=0)) / 2
    reach_m = float(np.linalg.norm(path_m - middle_m, axis=1).max())
    kept = min(1.0, _RADIUS_M / max(reach_m, 1e-6))
    joints_m[..., :2] += ((kept - 1) * (path_m - middle_m) - middle_m)[:, None]
    joints_m[..., 2] += _ANKLE_M - joints_m[..., 2].min()
    return joints_m.astype(np.float32)


def _as_32(joints_m: np.ndarray) -> np.ndarray:
    """(T, 17, 3) -> (T, 32, 3); joints that nobody reads lie in the pelvis."""
    full = np.repeat(joints_m[:, :1], 32, axis=1)
    full[:, list(KEPT_JOINTS)] = joints_m
    return full


def _cameras(rng: np.random.Generator) -> list[Camera]:
    """Four in the corners of the room, about 5 m away and 1.5 m high, z up."""
    cameras = []
    for k in range(_VIEWS):
        azimuth = np.pi / 4 + np.pi / 2 * k + rng.uniform(-0.2, 0.2)
        centre_m = np.array([5.2 * np.cos(azimuth), 5.2 * np.sin(azimuth), rng.uniform(1.3, 1.7)])
        aim_m = np.array([*rng.uniform(-0.1, 0.1, 2), 0.9]) - centre_m
        forward = aim_m / np.linalg.norm(aim_m)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(forward, right), forward])
        intrinsics = np.array([1145.0 + k, 1144.0 + k, 512.0 + 2 * k, 508.0 - k])
        distortion = np.array([-0.2, 0.24, -0.005, -0.001, -0.003])
        cameras.append(Camera(intrinsics, distortion, rotation, centre_m))
    return cameras


def _save_cameras(path: Path, cameras: dict[str, list[Camera]]) -> None:
    """The npz layout of ``pn3d.datasets.human36m_cameras``; inner parameters are those of the first subject."""
    first = next(iter(cameras.values()))
    np.savez(
        path,
        subjects=np.array(list(cameras)),
        camera_names=np.array(CAMERA_NAMES),
        intrinsics_px=np.array([camera.intrinsics for camera in first]),
        distortion=np.array([camera.distortion for camera in first]),
        rotation=np.array([[camera.rotation for camera in views] for views in cameras.values()]),
        centre_m=np.array([[camera.centre_m for camera in views] for views in cameras.values()]),
    )
