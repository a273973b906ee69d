"""The cameras of Human3.6M: read from a file of the user's, as the data set's calibration is not ours to pass on.

Three layouts are read, none of which is executed:
  - ``.py``: VideoPose3D's ``common/h36m_dataset.py``, of which only the literal tables are parsed;
  - ``.json``: ``camera-parameters.json`` (``intrinsics`` by camera, ``extrinsics`` by subject and camera, mm);
  - ``.npz``: plain arrays ``subjects (S,) str``, ``camera_names (K,) str``, ``intrinsics_px (K, 4)``, ``distortion
    (K, 5)``, ``rotation (S, K, 3, 3)`` world to camera, ``centre_m (S, K, 3)``.
"""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.datasets.assembly import as_array, as_dict, as_list, member, numbers
from pn3d.files.errors import UserError
from pn3d.files.safe_npz import load_npz
from pn3d.files.text import read_json, read_text

CAMERA_NAMES = ("54138969", "55011271", "58860488", "60457274")
"""The four cameras in the order in which VideoPose3D's files list them."""

IMAGE_SIZES = ((1000, 1002), (1000, 1000), (1000, 1000), (1000, 1002))
"""Width and height in px of the four cameras."""


@dataclass(frozen=True)
class Camera:
    """One camera at one subject's session.

    Attributes:
        intrinsics: (4,) fx, fy, cx, cy in px.
        distortion: (5,) k1, k2, k3 radial, then the tangential coefficients of x and of y.
        rotation: (3, 3) world to camera.
        centre_m: (3,) position in the world.
    """

    intrinsics: np.ndarray
    distortion: np.ndarray
    rotation: np.ndarray
    centre_m: np.ndarray

    def to_camera(self, points_m: np.ndarray) -> np.ndarray:
        """(*, 3) world -> (*, 3) camera axes, metres."""
        return ((points_m - self.centre_m) @ self.rotation.T).astype(np.float32)

    def project(self, points_cam_m: np.ndarray) -> np.ndarray:
        """(*, 3) in camera axes -> (*, 2) px, with distortion.

        The formula is that of VideoPose3D's 2D ground truth (``project_to_2d``): rays are held within +-1, and the
        tangential part is x (t . x) + t r^2. OpenCV doubles the first of these two; in these images that is less than
        half a pixel.
        """
        rays = np.clip(points_cam_m[..., :2] / points_cam_m[..., 2:], -1, 1)
        r2 = (rays**2).sum(axis=-1, keepdims=True)
        k1, k2, k3 = self.distortion[:3]
        tangential = self.distortion[3:]
        factor = 1 + r2 * (k1 + r2 * (k2 + r2 * k3)) + (rays * tangential).sum(axis=-1, keepdims=True)
        distorted = rays * factor + tangential * r2
        return (distorted * self.intrinsics[:2] + self.intrinsics[2:]).astype(np.float32)

    @property
    def up(self) -> np.ndarray:
        """(3,) the world's z axis, which is up, in camera axes."""
        return self.rotation[:, 2].astype(np.float32)


def load_cameras(path: str | Path) -> dict[str, list[Camera]]:
    """The four cameras of each subject, in the order of ``CAMERA_NAMES``.

    Raises:
        UserError: the file is missing, of none of the three layouts, or lacks a camera.
    """
    path = Path(path)
    readers = {".py": _from_python, ".json": _from_json, ".npz": _from_npz}
    if path.suffix not in readers:
        raise UserError(f"{path}: cameras must be a .py, .json or .npz file")
    if not path.is_file():
        raise UserError(f"{path}: no such file; expected the cameras of Human3.6M")
    cameras = readers[path.suffix](path)
    for subject, views in cameras.items():
        for name, camera in zip(CAMERA_NAMES, views, strict=True):
            if not np.allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-3):
                raise UserError(f"{path}: camera {name} of {subject} has no rotation matrix")
    return cameras


def subject_cameras(path: str | Path, cameras: dict[str, list[Camera]], subject: str) -> list[Camera]:
    """The cameras of one subject; raises UserError where the file lacks them."""
    if subject not in cameras:
        raise UserError(f"{path}: no cameras of subject {subject}; it has {', '.join(sorted(cameras))}")
    return cameras[subject]


def _from_python(path: Path) -> dict[str, list[Camera]]:
    """The two literal tables, known by what is in them: a list of intrinsics, a dictionary of extrinsics."""
    try:
        tree = ast.parse(read_text(path))
        values = [_literal(node.value) for node in tree.body if isinstance(node, ast.Assign)]
    except UserError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UserError(f"{path}: not the h36m_dataset.py of VideoPose3D: {type(error).__name__}") from error
    inner = next((v for v in values if isinstance(v, list) and v and _has(v[0], "focal_length")), None)
    outer = next((v for v in values if isinstance(v, dict) and any(_has_extrinsics(e) for e in v.values())), None)
    if inner is None or outer is None:
        raise UserError(f"{path}: no tables of intrinsics and extrinsics; expected VideoPose3D's h36m_dataset.py")
    intrinsics = []
    for name in CAMERA_NAMES:
        entry = next((e for e in inner if isinstance(e, dict) and str(e.get("id")) == name), None)
        if entry is None:
            raise UserError(f"{path}: no intrinsics of camera {name}")
        focal, centre, radial, tangential = (
            numbers(path, f"{key} of camera {name}", entry.get(key), shape)
            for key, shape in (
                ("focal_length", (2,)),
                ("center", (2,)),
                ("radial_distortion", (3,)),
                ("tangential_distortion", (2,)),
            )
        )
        intrinsics.append((np.concatenate([focal, centre]), np.concatenate([radial, tangential])))
    cameras = {}
    for subject, views in outer.items():
        if not _has_extrinsics(views):
            continue  # subjects without ground truth have empty entries
        pairs = []
        for k, view in enumerate(as_list(path, f"extrinsics of {subject}", views, len(CAMERA_NAMES))):
            where = f"of camera {k} of {subject}"
            entry = as_dict(path, f"extrinsics {where}", view)
            quaternion = numbers(path, f"orientation {where}", entry.get("orientation"), (4,))
            centre_mm = numbers(path, f"translation {where}", entry.get("translation"), (3,))
            camera_to_world = Rotation.from_quat(quaternion, scalar_first=True).as_matrix()
            pairs.append((camera_to_world.T, centre_mm / 1000))
        cameras[str(subject)] = _combine(intrinsics, pairs)
    return cameras


def _from_json(path: Path) -> dict[str, list[Camera]]:
    """``calibration_matrix`` and OpenCV's (k1, k2, p1, p2, k3) by camera; ``R`` and ``t`` in mm by subject."""
    tree = as_dict(path, "the file", read_json(path))
    inner = as_dict(path, "'intrinsics'", member(path, tree, "intrinsics"))
    outer = as_dict(path, "'extrinsics'", member(path, tree, "extrinsics"))
    intrinsics = []
    for name in CAMERA_NAMES:
        entry = as_dict(path, f"intrinsics of camera {name}", inner.get(name))
        matrix = numbers(path, f"calibration_matrix of camera {name}", entry.get("calibration_matrix"), (3, 3))
        k1, k2, p1, p2, k3 = numbers(path, f"distortion of camera {name}", entry.get("distortion"), (5,))
        # OpenCV's p2 multiplies x's own square, p1 that of y.
        intrinsics.append((matrix[[0, 1, 0, 1], [0, 1, 2, 2]], np.array([k1, k2, k3, p2, p1])))
    cameras = {}
    for subject, views in outer.items():
        pairs = []
        for name in CAMERA_NAMES:
            where = f"of camera {name} of {subject}"
            entry = as_dict(path, f"extrinsics {where}", as_dict(path, f"extrinsics of {subject}", views).get(name))
            rotation = numbers(path, f"R {where}", entry.get("R"), (3, 3))
            shift_mm = numbers(path, f"t {where}", entry.get("t"), (3, 1))[:, 0]
            pairs.append((rotation, -rotation.T @ shift_mm / 1000))
        cameras[subject] = _combine(intrinsics, pairs)
    return cameras


def _from_npz(path: Path) -> dict[str, list[Camera]]:
    members = load_npz(path)
    subjects = [str(s) for s in as_list(path, "'subjects'", member(path, members, "subjects"))]
    names = [str(s) for s in as_list(path, "'camera_names'", member(path, members, "camera_names"))]
    s, k = len(subjects), len(names)
    get = lambda key, *shape: as_array(path, repr(key), member(path, members, key), shape).astype(float)  # noqa: E731
    intrinsics, distortion = get("intrinsics_px", k, 4), get("distortion", k, 5)
    rotation, centre_m = get("rotation", s, k, 3, 3), get("centre_m", s, k, 3)
    missing = [name for name in CAMERA_NAMES if name not in names]
    if missing:
        raise UserError(f"{path}: no camera {missing[0]} in 'camera_names'; it has {', '.join(names)}")
    order = [names.index(name) for name in CAMERA_NAMES]
    return {
        subject: [Camera(intrinsics[j], distortion[j], rotation[i, j], centre_m[i, j]) for j in order]
        for i, subject in enumerate(subjects)
    }


def _combine(
    intrinsics: list[tuple[np.ndarray, np.ndarray]], pairs: list[tuple[np.ndarray, np.ndarray]]
) -> list[Camera]:
    return [Camera(*inner, *outer) for inner, outer in zip(intrinsics, pairs, strict=True)]


def _literal(node: ast.expr) -> Any:
    """The value of a literal expression, None for any other."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _has(value: object, key: str) -> bool:
    return isinstance(value, dict) and key in value


def _has_extrinsics(views: object) -> bool:
    return isinstance(views, list) and any(_has(view, "orientation") for view in views)
