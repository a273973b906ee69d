"""Cameras for built-in motion: where they stand, what they see, and what a detector would make of it."""

from dataclasses import dataclass

import numpy as np

IMAGE_PX = 1000
FOCAL_PX = (1000.0, 1300.0)
DISTANCE_M = (3.5, 10.0)
ELEVATION_DEG = (0.0, 30.0)
_MARGIN_PX = 12.0
_LEEWAY_M, _LEEWAY_DEG = 0.5, 6.0


@dataclass(frozen=True)
class Camera:
    """A camera that does not move.

    Attributes:
        rotation: (3, 3) world (x left, y up, z forward of the first frame) to camera (x right, y down, z forward).
        centre_m: (3,) its place in the world.
        intrinsics: (4,) fx, fy, cx, cy in px.
        travel: share of the horizontal travel that is kept: below 1 the person walks on a moving belt.
    """

    rotation: np.ndarray
    centre_m: np.ndarray
    intrinsics: np.ndarray
    travel: float

    def see(self, points_m: np.ndarray) -> np.ndarray:
        """World to camera axes, metres. (*, 3) -> (*, 3)."""
        return (points_m - self.centre_m) @ self.rotation.T


def project_px(points_cam_m: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Pinhole projection. (*, 3) metres in camera axes and (4,) or broadcastable (*, 4) -> (*, 2) px."""
    return intrinsics[..., :2] * points_cam_m[..., :2] / points_cam_m[..., 2:] + intrinsics[..., 2:]


def place_camera(generator: np.random.Generator, points_m: np.ndarray, path_m: np.ndarray) -> Camera:
    """A camera that has the whole person in its picture all the time.

    Azimuth, elevation, distance and focal length are drawn first. Where the picture is too small the camera steps back
    to at most ``DISTANCE_M[1]``; where that is not enough, the person's travel over ground is shortened.

    Args:
        generator: random numbers.
        points_m: (T, J, 3) the person in the world.
        path_m: (T, 3) of the pelvis.
    """
    azimuth = generator.uniform(-np.pi, np.pi)
    elevation = np.radians(generator.uniform(*ELEVATION_DEG))
    focal_px, first_m = generator.uniform(*FOCAL_PX), generator.uniform(*DISTANCE_M)
    slack = generator.uniform(-1.0, 1.0, 2)
    towards = np.array([np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth)])
    middle = 0.5 * (path_m.max(axis=0) + path_m.min(axis=0))
    for travel in 0.85 ** np.arange(30):
        path = shorten(path_m, travel)
        for distance_m in np.unique(np.maximum(first_m, np.linspace(*DISTANCE_M, 8))):
            centre_m = middle + distance_m * towards
            if not _well_placed(path - centre_m):
                continue
            camera = _aim(centre_m, points_m + (path - path_m)[:, None], focal_px, slack, float(travel))
            if camera is not None:
                return camera
    raise ValueError("no camera has the whole person in its picture")


def shorten(path_m: np.ndarray, travel: float) -> np.ndarray:
    """The path with its horizontal extent scaled about its middle. (T, 3) -> (T, 3)."""
    middle = 0.5 * (path_m.max(axis=0) + path_m.min(axis=0))
    return path_m + (travel - 1.0) * (path_m - middle) * [1.0, 0.0, 1.0]


def _well_placed(ray_m: np.ndarray) -> bool:
    """Whether the pelvis, (T, 3) from the camera, stays within distance and elevation."""
    distance_m = np.linalg.norm(ray_m, axis=1)
    elevation = np.degrees(np.arcsin(-ray_m[:, 1] / distance_m))
    near = distance_m.min() > DISTANCE_M[0] - _LEEWAY_M and distance_m.max() < DISTANCE_M[1] + _LEEWAY_M
    return bool(near and elevation.max() < ELEVATION_DEG[1] + _LEEWAY_DEG)


def _aim(
    centre_m: np.ndarray, points_m: np.ndarray, focal_px: float, slack: np.ndarray, travel: float
) -> Camera | None:
    """Turns a camera, upright, so that all points fall into the picture; None where they cannot.

    ``slack`` in [-1, 1] says where within the room that is left; one half of that room is used.
    """
    ray = points_m - centre_m
    middle = np.arctan2(ray[..., 0].mean(), ray[..., 2].mean())
    yaw = (np.arctan2(ray[..., 0], ray[..., 2]) - middle + np.pi) % (2 * np.pi) - np.pi + middle
    pitch = np.arctan2(ray[..., 1], np.hypot(ray[..., 0], ray[..., 2]))
    half = np.arctan(0.5 * IMAGE_PX / focal_px)
    room = [max(half - 0.5 * np.ptp(angle), 0.0) for angle in (yaw, pitch)]
    aim = [
        0.5 * (angle.max() + angle.min()) + 0.5 * place * free
        for angle, place, free in zip((yaw, pitch), slack, room, strict=True)
    ]
    forward = np.array([np.cos(aim[1]) * np.sin(aim[0]), np.sin(aim[1]), np.cos(aim[1]) * np.cos(aim[0])])
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    intrinsics = np.array([focal_px, focal_px, 0.5 * IMAGE_PX, 0.5 * IMAGE_PX])
    camera = Camera(np.stack([right, np.cross(forward, right), forward]), centre_m, intrinsics, travel)
    seen = camera.see(points_m)
    if seen[..., 2].min() < 0.5:
        return None
    picture = project_px(seen, intrinsics)
    inside = picture.min() > _MARGIN_PX and picture.max() < IMAGE_PX - _MARGIN_PX
    return camera if inside else None


_LIMB_ERROR = np.array([0.7, 0.8, 1.0, 1.3, 0.8, 1.0, 1.3, 0.8, 0.7, 0.7, 0.9, 0.8, 1.1, 1.4, 0.8, 1.1, 1.4])
"""How much worse than the mean each joint of h36m17 is detected: trunk well, wrists and ankles badly; our choice."""


def detect(
    generator: np.random.Generator, keypoints_px: np.ndarray, mean_error: float = 0.0165
) -> tuple[np.ndarray, np.ndarray]:
    """What a 2D detector would say: jitter in proportion to the person's size, correlated in time, outliers, misses.

    Args:
        generator: random numbers.
        keypoints_px: (T, 17, 2) true, h36m17.
        mean_error: mean length of the error as a share of the person's height in the picture.

    Returns:
        (T, 17, 2) px, (0, 0) where a joint was missed, and (T, 17) confidence, 0 there.
    """
    frames, joints = keypoints_px.shape[:2]
    height_px = np.median(np.ptp(keypoints_px[..., 1], axis=1))
    white = generator.normal(size=(frames, joints, 2))
    slow = np.empty_like(white)
    slow[0], memory = white[0], 0.85
    for frame in range(1, frames):
        slow[frame] = memory * slow[frame - 1] + np.sqrt(1 - memory**2) * white[frame]
    # the mean length of a 2D normal error is sqrt(pi / 2) times its sigma
    sigma_px = mean_error * height_px / np.sqrt(np.pi / 2) * (_LIMB_ERROR / _LIMB_ERROR.mean())[:, None]
    mixed = 0.85 * slow + np.sqrt(1 - 0.85**2) * generator.normal(size=slow.shape)
    wild = generator.uniform(size=(frames, joints)) < 0.006 * _LIMB_ERROR**2
    offset = sigma_px * mixed * np.where(wild, 6.0, 1.0)[..., None]
    missed = generator.uniform(size=(frames, joints)) < 0.008 * _LIMB_ERROR**2
    sure = np.exp(-0.35 * np.linalg.norm(offset, axis=-1) / (mean_error * height_px))
    confidence = np.clip(0.25 + 0.72 * sure + 0.04 * generator.normal(size=sure.shape), 0.05, 1.0)
    return np.where(missed[..., None], 0.0, keypoints_px + offset), np.where(missed, 0.0, confidence)
