"""Where the camera of built-in motion stands: the whole person is in its picture all the time."""

import numpy as np

from pn3d.data.virtual_cameras import IMAGE_SIZE, VirtualCamera, look_along

IMAGE_PX = IMAGE_SIZE[0]
"""Width and height of the picture."""

FOCAL_PX = (1000.0, 1300.0)
DISTANCE_M = (3.5, 10.0)
ELEVATION_DEG = (0.0, 30.0)
WIDE_DEG = (-35.0, 55.0)
"""Elevations of everyday cameras, and of wide ones: below a stage, above a mat."""
_MARGIN_PX = 12.0
_LEEWAY_M, _LEEWAY_DEG = 0.5, 6.0


def place_camera(
    generator: np.random.Generator,
    points_m: np.ndarray,
    path_m: np.ndarray,
    elevation_deg: tuple[float, float] = ELEVATION_DEG,
) -> tuple[VirtualCamera, float]:
    """A camera that has the whole person in its picture all the time.

    Azimuth, elevation, distance and focal length are drawn first. Where the picture is too small the camera steps back
    to at most ``DISTANCE_M[1]``; where that is not enough, the person's travel over ground is shortened.

    Args:
        generator: random numbers.
        points_m: (T, J, 3) the person in the world.
        path_m: (T, 3) of the pelvis.
        elevation_deg: between these it is drawn.

    Returns:
        the camera, and the share of the horizontal travel that is kept: below 1 the person walks on a moving belt.
    """
    azimuth = generator.uniform(-np.pi, np.pi)
    elevation = np.radians(generator.uniform(*elevation_deg))
    focal_px, first_m = generator.uniform(*FOCAL_PX), generator.uniform(*DISTANCE_M)
    slack = generator.uniform(-1.0, 1.0, 2)
    towards = np.array([np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth)])
    middle = 0.5 * (path_m.max(axis=0) + path_m.min(axis=0))
    for travel in 0.85 ** np.arange(30):
        path = shorten(path_m, travel)
        for distance_m in np.unique(np.maximum(first_m, np.linspace(*DISTANCE_M, 8))):
            centre_m = middle + distance_m * towards
            if not _well_placed(path - centre_m, elevation_deg[1]):
                continue
            camera = _aim(centre_m, points_m + (path - path_m)[:, None], focal_px, slack)
            if camera is not None:
                return camera, float(travel)
    raise ValueError("no camera has the whole person in its picture")


def shorten(path_m: np.ndarray, travel: float) -> np.ndarray:
    """The path with its horizontal extent scaled about its middle. (T, 3) -> (T, 3)."""
    middle = 0.5 * (path_m.max(axis=0) + path_m.min(axis=0))
    return path_m + (travel - 1.0) * (path_m - middle) * [1.0, 0.0, 1.0]


def _well_placed(ray_m: np.ndarray, highest_deg: float) -> bool:
    """Whether the pelvis, (T, 3) from the camera, stays within distance and elevation."""
    distance_m = np.linalg.norm(ray_m, axis=1)
    elevation = np.degrees(np.arcsin(-ray_m[:, 1] / distance_m))
    near = distance_m.min() > DISTANCE_M[0] - _LEEWAY_M and distance_m.max() < DISTANCE_M[1] + _LEEWAY_M
    return bool(near and elevation.max() < highest_deg + _LEEWAY_DEG)


def _aim(centre_m: np.ndarray, points_m: np.ndarray, focal_px: float, slack: np.ndarray) -> VirtualCamera | None:
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
    intrinsics = np.array([focal_px, focal_px, 0.5 * IMAGE_PX, 0.5 * IMAGE_PX])
    camera = VirtualCamera(look_along(forward), centre_m, intrinsics)
    points_cam_m = camera.to_camera(points_m)
    if points_cam_m[..., 2].min() < 0.5:
        return None
    picture = camera.project(points_cam_m)
    inside = picture.min() > _MARGIN_PX and picture.max() < IMAGE_PX - _MARGIN_PX
    return camera if inside else None
