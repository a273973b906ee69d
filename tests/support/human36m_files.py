"""Human3.6M files as VideoPose3D's scripts write them, and its cameras in the three layouts that are read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.datasets.human36m import KEPT_JOINTS
from pn3d.datasets.human36m_cameras import CAMERA_NAMES, IMAGE_SIZES

SYMMETRY = {
    "h36m": ([4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]),
    "coco": ([1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]),
    "mpii": ([3, 4, 5, 13, 14, 15], [0, 1, 2, 10, 11, 12]),
}
SEQUENCES = {
    "S1": {"Walking 1": 7, "Walking": 6, "TakingPhoto": 5},
    "S5": {"Directions 1": 4, "Directions 2": 4},
    "S9": {"SittingDown 1": 6, "Sitting": 5, "WalkingDog": 3},
    "S11": {"Directions": 9, "Directions 1": 5},
}


def make_cameras(seed: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Four cameras about the origin at 5 m, z up, in VideoPose3D's terms; quaternions camera to world."""
    rng = np.random.default_rng(seed)
    cameras: dict[str, list[dict[str, Any]]] = {}
    for subject in SEQUENCES:
        cameras[subject] = []
        for k in range(4):
            azimuth = np.pi / 2 * k + rng.uniform(-0.3, 0.3)
            centre = np.array([5 * np.cos(azimuth), 5 * np.sin(azimuth), 1.5])
            forward = np.array([0, 0, 1.0]) - centre
            forward /= np.linalg.norm(forward)
            right = np.cross(forward, [0, 0, 1.0])
            right /= np.linalg.norm(right)
            to_camera = np.stack([right, np.cross(forward, right), forward])
            x, y, z, w = Rotation.from_matrix(to_camera.T).as_quat().tolist()
            cameras[subject].append({"orientation": [w, x, y, z], "translation": (centre * 1000).tolist()})
    return cameras


INTRINSICS = [
    {
        "id": name,
        "center": [512.5 + k, 509.0 - k],
        "focal_length": [1145.0 + k, 1143.0],
        "radial_distortion": [-0.2, 0.24, -0.3],
        "tangential_distortion": [-0.001 * k, -0.0014],
        "res_w": IMAGE_SIZES[k][0],
        "res_h": IMAGE_SIZES[k][1],
        "azimuth": 70,
    }
    for k, name in enumerate(CAMERA_NAMES)
]


def write_cameras(folder: Path, kind: str) -> Path:
    """The same cameras in one of the three layouts."""
    cameras = make_cameras()
    rotations = {s: [Rotation.from_quat([*v["orientation"][1:], v["orientation"][0]]).as_matrix().T for v in c]
                 for s, c in cameras.items()}  # fmt: skip
    path = folder / f"h36m_dataset.{kind}"
    if kind == "py":
        empty = {"S2": [{}, {}, {}, {}]}
        path.write_text(
            "import os\nos.remove(__file__)\nraise SystemExit\nparents = [-1, 0]\n"
            f"h36m_cameras_intrinsic_params = {INTRINSICS!r}\nh36m_cameras_extrinsic_params = {empty | cameras!r}\n"
            "class Human36mDataset(MocapDataset):\n    pass\n"
        )
    elif kind == "json":
        inner = {
            e["id"]: {
                "calibration_matrix": [
                    [e["focal_length"][0], 0, e["center"][0]],
                    [0, e["focal_length"][1], e["center"][1]],
                    [0, 0, 1],
                ],
                "distortion": [
                    *e["radial_distortion"][:2],
                    *e["tangential_distortion"][::-1],
                    e["radial_distortion"][2],
                ],
            }
            for e in INTRINSICS
        }
        outer = {
            s: {
                name: {"R": r.tolist(), "t": (-r @ np.array(v["translation"]))[:, None].tolist()}
                for name, r, v in zip(CAMERA_NAMES, rotations[s], views, strict=True)
            }
            for s, views in cameras.items()
        }
        path.write_text(json.dumps({"intrinsics": inner, "extrinsics": outer}))
    else:
        np.savez(
            path,
            subjects=np.array(list(cameras)),
            camera_names=np.array(CAMERA_NAMES),
            intrinsics_px=np.array([[*e["focal_length"], *e["center"]] for e in INTRINSICS]),
            distortion=np.array([[*e["radial_distortion"], *e["tangential_distortion"]] for e in INTRINSICS]),
            rotation=np.array(list(rotations.values())),
            centre_m=np.array([[np.array(v["translation"]) / 1000 for v in c] for c in cameras.values()]),
        )
    return path


def project_point(point: np.ndarray, view: dict[str, Any], inner: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """One world point, written out by hand: (camera point, pixel)."""
    w, *xyz = view["orientation"]
    p = Rotation.from_quat([*xyz, w]).inv().apply(point - np.array(view["translation"]) / 1000)
    x, y = p[0] / p[2], p[1] / p[2]
    r2 = x * x + y * y
    k, t = inner["radial_distortion"], inner["tangential_distortion"]
    factor = 1 + k[0] * r2 + k[1] * r2**2 + k[2] * r2**3 + t[0] * x + t[1] * y
    f, c = inner["focal_length"], inner["center"]
    return p, np.array([f[0] * (x * factor + t[0] * r2) + c[0], f[1] * (y * factor + t[1] * r2) + c[1]])


def world_joints() -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    return {
        s: {a: rng.normal([0, 0, 1], 0.4, (n, 32, 3)).astype(np.float32) for a, n in actions.items()}
        for s, actions in SEQUENCES.items()
    }


def write_3d(folder: Path, positions: dict[str, Any]) -> None:
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=positions)


def write_2d(
    folder: Path,
    name: str = "gt",
    layout: str = "h36m",
    extra: int = 0,
    change: Callable[[dict[str, Any], dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """data_2d_h36m_NAME.npz; of layout h36m the exact projection, else noise. ``extra`` frames beyond the 3D."""
    rng = np.random.default_rng(2)
    count = {"h36m": 17, "coco": 17, "mpii": 16}[layout]
    cameras, positions = make_cameras(), {}
    for subject, actions in world_joints().items():
        positions[subject] = {}
        for action, joints in actions.items():
            views = []
            for k in range(4):
                px = rng.uniform(200, 800, (len(joints) + extra, count, 2))
                if layout == "h36m":
                    px[: len(joints)] = [
                        [project_point(p, cameras[subject][k], INTRINSICS[k])[1] for p in frame[list(KEPT_JOINTS)]]
                        for frame in joints
                    ]
                views.append(px.astype(np.float32))
            positions[subject][action] = views
    metadata = {
        "layout_name": layout,
        "num_joints": count,
        "keypoints_symmetry": [list(side) for side in SYMMETRY[layout]],
    }
    if change is not None:
        change(positions, metadata)
    np.savez_compressed(folder / f"data_2d_h36m_{name}.npz", positions_2d=positions, metadata=metadata)
    return positions
