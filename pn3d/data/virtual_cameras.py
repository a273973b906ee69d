"""Cameras that never were: seeded pinhole cameras around a motion, for 2D rendered from motion capture.

World: y up, metres. Cameras: x right, y down, z forward; 1000 x 1000 pixels.
"""

from dataclasses import dataclass

import numpy as np

from pn3d.geometry.skeleton import H36M17

IMAGE_SIZE = (1000, 1000)
_FOCAL_PX = (1030.0, 1260.0)
_ELEVATION_DEG = (3.0, 22.0)
_DISTANCE_M = (4.0, 7.0)
_FARTHEST_M = 10.0
_CENTRE_JITTER_PX = 15.0
_AZIMUTH_JITTER_DEG = 10.0
_MARGIN_PX = 20.0
_NEAREST_M = 1.5
_STEP_BACK = 1.05


@dataclass(frozen=True)
class VirtualCamera:
    """A pinhole camera.

    Attributes:
        rotation: (3, 3) world to camera.
        centre_m: (3,) its place in the world.
        intrinsics: (4,) fx, fy, cx, cy in px.
    """

    rotation: np.ndarray
    centre_m: np.ndarray
    intrinsics: np.ndarray

    @property
    def up(self) -> np.ndarray:
        """(3,) the world's up in camera axes."""
        return self.rotation[:, 1]

    def to_camera(self, points_m: np.ndarray) -> np.ndarray:
        """(*, 3) world -> (*, 3) camera axes."""
        return (points_m - self.centre_m) @ self.rotation.T

    def project(self, points_cam_m: np.ndarray) -> np.ndarray:
        """(*, 3) camera axes, in front of the camera -> (*, 2) px."""
        return project_px(points_cam_m, self.intrinsics)

    def sees(self, points_cam_m: np.ndarray, margin_px: float = 0.0) -> np.ndarray:
        """(*, 3) camera axes -> (*) bool: in front of the camera and inside the image by a margin."""
        in_front = points_cam_m[..., 2] > 0.1
        px = self.project(np.where(in_front[..., None], points_cam_m, 1.0))
        return in_front & (px >= margin_px).all(-1) & (px <= np.array(IMAGE_SIZE) - margin_px).all(-1)


def cameras_around(rng: np.random.Generator, joints_world_m: np.ndarray, count: int = 4) -> list[VirtualCamera]:
    """Cameras about a clip, evenly spread in azimuth (with some jitter), 3 to 22 degrees above the horizon.

    They look at the middle of the pelvis's path from 4 to 7 m and step back, to 10 m at most, until the whole clip is
    in the picture. Our choice, after the CMU benchmark's cameras.

    Args:
        rng: where the draws come from.
        joints_world_m: (T, 17, 3) h36m17 joints of the clip, y up.
        count: how many.
    """
    pelvis = joints_world_m[:, H36M17.index("pelvis")]
    target = (pelvis.min(axis=0) + pelvis.max(axis=0)) / 2
    first = rng.uniform(0, 2 * np.pi)
    return [_camera(rng, joints_world_m, target, first + 2 * np.pi * k / count) for k in range(count)]


def _camera(rng: np.random.Generator, joints_world_m: np.ndarray, target: np.ndarray, azimuth: float) -> VirtualCamera:
    azimuth += np.radians(rng.uniform(-_AZIMUTH_JITTER_DEG, _AZIMUTH_JITTER_DEG))
    elevation = np.radians(rng.uniform(*_ELEVATION_DEG))
    distance_m = rng.uniform(*_DISTANCE_M)
    focal_px = rng.uniform(*_FOCAL_PX)
    centre_px = np.array(IMAGE_SIZE) / 2 + rng.uniform(-_CENTRE_JITTER_PX, _CENTRE_JITTER_PX, 2)
    intrinsics = np.array([focal_px, focal_px, *centre_px])
    outwards = np.array([np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth)])
    rotation = look_along(-outwards)
    while True:
        camera = VirtualCamera(rotation, target + distance_m * outwards, intrinsics)
        joints_cam_m = camera.to_camera(joints_world_m)
        if distance_m >= _FARTHEST_M or (
            camera.sees(joints_cam_m, _MARGIN_PX).all() and joints_cam_m[..., 2].min() > _NEAREST_M
        ):
            return camera
        distance_m = min(distance_m * _STEP_BACK, _FARTHEST_M)


def project_px(points_cam_m: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Pinhole projection. (*, 3) metres in camera axes and (4,) or broadcastable (*, 4) -> (*, 2) px."""
    return intrinsics[..., :2] * points_cam_m[..., :2] / points_cam_m[..., 2:] + intrinsics[..., 2:]


def look_along(forward: np.ndarray) -> np.ndarray:
    """(3,) unit direction in a y-up world, not vertical -> (3, 3) world to camera, without roll."""
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])
