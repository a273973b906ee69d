"""The same people seen from the side, over a ground with a line every half metre: depth, which the picture hides."""

from collections.abc import Sequence

import numpy as np

from pn3d.geometry.skeleton import H36M17
from pn3d.video.extras import require
from pn3d.video.figures import Figure
from pn3d.video.rasterise import draw_surfaces

_HALF_FIELD = np.tan(np.radians(13.0))  # of the height of the picture
_TILT = np.radians(7.0)  # the side camera looks down by this much
_FARTHEST_M = 16.0
_SMOOTH_S = 1.0  # how slowly the side camera follows
_SKY, _GROUND, _LINE, _AXIS = (238, 241, 245), (214, 219, 226), (188, 195, 204), (150, 158, 170)


class SideView:
    """A camera on the people's left that follows them; the video's camera is to the left of its picture.

    The upright world is that of the first figure: all people stand in the same one.

    Args:
        figures: at least one.
        size: (width, height) px of the picture.
        fps: frames per second of the figures.
    """

    def __init__(self, figures: Sequence[Figure], size: tuple[int, int], fps: float) -> None:
        self._lead = figures[0]
        self._width, self._height = size
        self._begin = min(one.first for one in figures)
        end = max(one.first + len(one.shown) for one in figures)
        rows = [slice(one.first - self._begin, one.first - self._begin + len(one.shown)) for one in figures]
        joints_m = [self._to_world(one.joints_cam_m, one.first) for one in figures]

        # Where the people who are shown stand on the ground, (x, z), in the mean: the camera follows it.
        total, count = np.zeros((end - self._begin, 2)), np.zeros((end - self._begin, 1))
        for one, part, world_m in zip(figures, rows, joints_m, strict=True):
            total[part] += np.where(one.shown[:, None], world_m[:, 0, ::2], 0)
            count[part] += one.shown[:, None]
        self._middle = _filled_smooth(total / np.maximum(count, 1), count[:, 0] > 0, _SMOOTH_S * fps)

        # How far from there, and how high, their joints reach: all but the most extreme frames must fit.
        reach_z, reach_y = [], []
        for one, part, world_m in zip(figures, rows, joints_m, strict=True):
            reach_z.append(np.abs(world_m[..., 2] - self._middle[part, None, 1]).max(axis=1)[one.shown])
            reach_y.append(world_m[..., 1].max(axis=1)[one.shown])
        high = float(np.percentile(np.concatenate(reach_y), 98)) + 0.3
        wide = float(np.percentile(np.concatenate(reach_z), 98)) + 0.3
        self._eye_height = 0.5 * high
        needed = max(0.58 * high, wide * self._height / self._width)
        self._distance_m = float(np.clip(needed / _HALF_FIELD, 2.0, _FARTHEST_M))
        focal = self._height / 2 / _HALF_FIELD
        self._intrinsics = np.array([focal, focal, self._width / 2 - 0.5, self._height / 2 - 0.5])

    def draw(
        self, time: float, bodies: Sequence[tuple[np.ndarray, np.ndarray]], faces: np.ndarray | None
    ) -> np.ndarray:
        """(H, W, 3) uint8 RGB of who is there.

        Args:
            time: in frames of the time line.
            bodies: points in camera axes, metres, and colours: (V, 3) vertices and their (V, 3), or (17, 3) joints and
                one (3,).
            faces: (F, 3) of the vertices; None: the points are joints.
        """
        at = int(np.clip(round(time) - self._begin, 0, len(self._middle) - 1))
        turn, shift = self._from_camera(time)
        eye, looks = self._eye(self._middle[at])
        picture = self._ground(self._middle[at], eye, looks)
        if faces is not None:
            placed = [(((points @ turn.T + shift - eye) @ looks.T).astype(np.float32), tint) for points, tint in bodies]
            draw_surfaces(picture, faces, placed, self._intrinsics, 1.0)
        else:
            for points, tint in bodies:
                draw_bones(picture, self._pixels(points @ turn.T + shift, eye, looks), tuple(tint.tolist()))
        return picture

    def _to_world(self, points: np.ndarray, first: int) -> np.ndarray:
        """(T, J, 3) in camera axes -> the lead's world."""
        rows = np.clip(np.arange(len(points)) + first - self._lead.first, 0, len(self._lead.turn) - 1)
        rotated = np.einsum("tij,tkj->tki", self._lead.turn[rows], points)
        return rotated + self._lead.shift_m[rows][:, None]

    def _from_camera(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        row = int(np.clip(round(time) - self._lead.first, 0, len(self._lead.turn) - 1))
        return self._lead.turn[row], self._lead.shift_m[row]

    def _eye(self, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the side camera stands in the world, and its axes as rows: right, down, forward."""
        forward = np.array([-np.cos(_TILT), -np.sin(_TILT), 0.0])
        right = np.array([0.0, 0.0, -1.0])
        target = np.array([middle[0], self._eye_height, middle[1]])
        return target - self._distance_m * forward, np.stack([right, np.cross(forward, right), forward])

    def _pixels(self, world_m: np.ndarray, eye: np.ndarray, looks: np.ndarray) -> np.ndarray:
        points = (world_m - eye) @ looks.T
        fx, fy, cx, cy = self._intrinsics
        return points[..., :2] / np.maximum(points[..., 2:], 0.05) * (fx, fy) + (cx, cy)

    def _ground(self, middle: np.ndarray, eye: np.ndarray, looks: np.ndarray) -> np.ndarray:
        """An empty picture with the ground in it."""
        cv2 = require("cv2", "video", "the overlay")
        picture = np.full((self._height, self._width, 3), _SKY, np.uint8)
        near, far = middle[0] + 0.7 * self._distance_m, middle[0] - 6.0
        left, right = middle[1] + 12.0, middle[1] - 12.0
        corners = np.array([[far, 0, left], [far, 0, right], [near, 0, right], [near, 0, left]])
        cv2.fillConvexPoly(picture, _fixed(self._pixels(corners, eye, looks)), _GROUND, shift=4)
        step = 0.5
        along = np.arange(np.ceil(right / step), np.floor(left / step) + 1) * step
        across = np.arange(np.ceil(far / step), np.floor(near / step) + 1) * step
        lines = [((far, 0, z), (near, 0, z)) for z in along] + [((x, 0, left), (x, 0, right)) for x in across]
        ends = _fixed(self._pixels(np.array(lines), eye, looks)).tolist()
        for (one, other), value in zip(ends, [*along, *across], strict=True):
            cv2.line(picture, one, other, _LINE if value else _AXIS, 1, cv2.LINE_AA, 4)
        cv2.putText(
            picture,
            "from the side",
            (8, self._height - 10),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.45,
            (96, 104, 116),
            1,
            cv2.LINE_AA,
        )
        return picture


def draw_bones(picture: np.ndarray, joints_px: np.ndarray, colour: tuple[float, ...] | None) -> None:
    """Bones of h36m17 as lines, in place; in the colours of left, right and middle where ``colour`` is None."""
    cv2 = require("cv2", "video", "the overlay")
    width = max(2, round(min(picture.shape[:2]) / 240))
    points = _fixed(joints_px)
    for parent, child in H36M17.bones:
        side = H36M17.joints[child].split("_")[0]
        shade = _SIDES.get(side, _SIDES["middle"]) if colour is None else [round(255 * value) for value in colour]
        cv2.line(picture, points[parent].tolist(), points[child].tolist(), shade, width, cv2.LINE_AA, 4)


_SIDES = {"left": (40, 140, 255), "right": (255, 90, 50), "middle": (245, 245, 245)}


def _fixed(pixels: np.ndarray) -> np.ndarray:
    """Pixels as OpenCV's fixed-point numbers of 1/16 px, far ones held within what it can draw."""
    return np.round(16 * np.clip(pixels, -30_000, 30_000)).astype(np.int32)


def _filled_smooth(path: np.ndarray, known: np.ndarray, reach: float) -> np.ndarray:
    """(T, 2) with unknown rows interpolated, averaged over about ``reach`` frames."""
    rows = np.arange(len(path))
    filled = np.stack([np.interp(rows, rows[known], path[known, axis]) for axis in range(path.shape[1])], axis=1)
    half = min(int(reach), len(path) - 1)
    kernel = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(filled, ((half, half), (0, 0)), mode="edge")
    smooth = [np.convolve(padded[:, axis], kernel / kernel.sum(), mode="valid") for axis in range(path.shape[1])]
    return np.stack(smooth, axis=1)
