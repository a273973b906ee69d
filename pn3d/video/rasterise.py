"""Triangles into pixels on a CPU, without a display, by OpenCV's rasteriser (OpenCV 5)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pn3d.files.errors import UserError
from pn3d.video.extras import require

NEAR_M = 0.1
FAR_M = 200.0
_LIGHT_CAM = np.array([-0.35, -0.75, -0.55], np.float32)  # towards the light: from above, left of the camera
_AMBIENT = 0.42


@dataclass(frozen=True)
class Surface:
    """A closed mesh's triangles, with what shading needs of them.

    Attributes:
        faces: (F, 3) int32, counter-clockwise from outside.
        around: (V, N) int64 faces of each vertex, padded with F.
    """

    faces: np.ndarray
    around: np.ndarray

    @classmethod
    def of(cls, faces: np.ndarray, vertices: int) -> "Surface":
        """From (F, 3) triangles of so many vertices."""
        faces = np.ascontiguousarray(faces, np.int32)
        corner = faces.reshape(-1)
        order = np.argsort(corner, kind="stable")
        counts = np.bincount(corner, minlength=vertices)
        around = np.full((vertices, max(1, int(counts.max(initial=0)))), len(faces), np.int64)
        column = np.arange(len(corner)) - np.repeat(np.cumsum(counts) - counts, counts)
        around[corner[order], column] = order // 3
        return cls(faces, around)

    def shaded(self, vertices_cam_m: np.ndarray, rgb: tuple[float, float, float] | np.ndarray) -> np.ndarray:
        """(V, 3) metres, and one colour in [0, 1] or (V, 3) -> (V, 3): Lambert's law on area-weighted normals."""
        a, b, c = (vertices_cam_m[self.faces[:, i]] for i in range(3))
        normals = np.concatenate([np.cross(b - a, c - a), np.zeros((1, 3), np.float32)])
        at_vertex = normals[self.around].sum(axis=1)
        at_vertex /= np.linalg.norm(at_vertex, axis=1, keepdims=True) + 1e-12
        light = _LIGHT_CAM / np.linalg.norm(_LIGHT_CAM)
        # Half of the light wraps around, so that the far side keeps its form.
        bright = _AMBIENT + (1 - _AMBIENT) * (0.5 + 0.5 * (at_vertex @ light))
        return np.ascontiguousarray(bright[:, None] * np.array(rgb, np.float32), np.float32)


def draw_surfaces(
    picture: np.ndarray,
    faces: np.ndarray,
    bodies: list[tuple[np.ndarray, np.ndarray]],
    intrinsics: np.ndarray,
    opacity: float,
) -> None:
    """Draws bodies into a picture, in place; the nearer hides the farther.

    Args:
        picture: (H, W, 3) uint8 RGB.
        faces: (F, 3) int32 of every body.
        bodies: vertices (V, 3) in metres in camera axes (x right, y down, z forward), and their colours (V, 3).
        intrinsics: (fx, fy, cx, cy) px; the middle of the top left pixel is (0, 0).
        opacity: 0 leaves the picture as it is, 1 hides it behind the bodies.
    """
    cv2 = require_rasteriser()
    region = _region(picture, [vertices for vertices, _ in bodies], intrinsics)
    if region is None:
        return
    left, top, right, bottom = region
    width, height = right - left, bottom - top
    colour = np.zeros((height, width, 3), np.float32)
    depth = np.full((height, width), FAR_M, np.float32)
    fx, fy, cx, cy = (float(value) for value in intrinsics)
    x, y, z = np.concatenate([vertices for vertices, _ in bodies]).T
    # The rasteriser has square pixels, the axis in the middle of the picture, y up and z backward.
    middle_x, middle_y = cx + 0.5 - left - width / 2, cy + 0.5 - top - height / 2
    vertices_gl = np.stack([x * (fx / fy) + middle_x / fy * z, -(y + middle_y / fy * z), -z], axis=1)
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in bodies[:-1])])
    # All bodies at once: every call rounds the whole depth buffer, which after many calls is full of holes.
    cv2.triangleRasterize(
        np.ascontiguousarray(vertices_gl, np.float32),
        np.concatenate([faces + start for start in starts]).astype(np.int32),
        np.concatenate([shaded for _, shaded in bodies]),
        colour,
        depth,
        np.eye(4, dtype=np.float32),
        float(2 * np.arctan(height / 2 / fy)),
        NEAR_M,
        FAR_M,
    )
    part = picture[top:bottom, left:right]
    drawn = cv2.convertScaleAbs(colour, alpha=255.0)
    mixed = drawn if opacity == 1 else cv2.addWeighted(part, 1 - opacity, drawn, opacity, 0)
    hit = cv2.compare(depth, 0.99 * FAR_M, cv2.CMP_LT)  # an empty buffer comes back rounded
    picture[top:bottom, left:right] = cv2.copyTo(mixed, hit, np.ascontiguousarray(part))


def _region(picture: np.ndarray, clouds: list[np.ndarray], intrinsics: np.ndarray) -> tuple[int, int, int, int] | None:
    """The part of the picture (left, top, right, bottom) that the vertices can reach; None where that is nothing."""
    fx, fy, cx, cy = intrinsics
    points = [cloud[cloud[:, 2] > NEAR_M] for cloud in clouds]
    if not any(map(len, points)):
        return None
    ahead = np.concatenate(points)
    pixels = ahead[:, :2] / ahead[:, 2:] * (fx, fy) + (cx, cy)
    low, high = np.floor(pixels.min(axis=0)) - 1, np.ceil(pixels.max(axis=0)) + 2
    if any((cloud[:, 2] <= NEAR_M).any() for cloud in clouds):  # partly behind the camera: no bound
        low, high = np.full(2, -np.inf), np.full(2, np.inf)
    height, width = picture.shape[:2]
    left, top = (int(side) for side in np.clip(low, 0, (width, height)))
    right, bottom = (int(side) for side in np.clip(high, 0, (width, height)))
    return (left, top, right, bottom) if right > left and bottom > top else None


def require_rasteriser() -> Any:
    """OpenCV with its rasteriser; UserError where there is none."""
    cv2 = require("cv2", "video", "the overlay")
    if not hasattr(cv2, "triangleRasterize"):
        raise UserError(
            f"the overlay needs OpenCV 5 or later, found {cv2.__version__}; pip install -U opencv-python-headless"
        )
    cv2.setNumThreads(1)  # its threads would wait for those of the encoder
    return cv2
