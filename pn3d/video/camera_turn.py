"""How a video's camera turns, from the background: points outside the people's boxes that all move as one turn says.

Points of a key frame are tracked from frame to frame (Lucas and Kanade 1981; Shi and Tomasi 1994; OpenCV's), and the
turn since the key frame is the rotation that most of them agree with (RANSAC, Fischler and Bolles 1981, on pairs of
rays; then Kabsch 1976 on those that agree), so errors add up over key frames only. A camera that turns on a spot sees
all points of the background move by one rotation, near or far; one that is carried along does not, and neither does a
zoom: then too few points agree, and it is said that the turning cannot be told.
"""

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.geometry.camera import ASSUMED_FOCAL
from pn3d.geometry.camera_turns import furthest_look_rad, summed_turns
from pn3d.video.extras import require

_WIDTH_PX = 640
"""Pictures are made this wide."""

_POINTS, _QUALITY, _APART_PX = 300, 0.01, 8
_LEAST_POINTS = 24
_LEAST_SPREAD = 0.3
"""Of the picture's width: how far apart the points that agree must reach."""

_KEPT = 0.5
"""A new key frame where fewer of the key frame's points are left …"""

_KEY_FRAMES = 30
"""… or it is further away than this."""

_AGREE_PX, _AGREE_SHARE = 1.5, 0.5
"""A point agrees with a turn that brings it this near to where it was tracked; a turn counts where as many agree."""

_TRIES = 200
_BOX_MARGIN = 0.15
"""Of a person's box, added on every side."""

_MOST_COVERED = 0.5
"""Share of the picture that boxes may cover."""

LOST_SHARE, MOST_LOST_SHARE = 0.2, 0.5
"""Of all frames, without a turn: beyond, the turning cannot be told, of a camera that turns and of one that stands
still as far as can be seen."""

_SLOWING = 0.7
"""A camera's step in a frame that is lost, of the one before."""

STANDS_DEG = 2.0
"""A camera that turns less than this in all of a video stands still."""


class CameraTurns:
    """Takes the frames of one video in their order.

    Attributes:
        focal_px: focal length with which turns are measured; another makes pans and tilts smaller or larger.
    """

    def __init__(self, image_size: tuple[int, int]) -> None:
        self._cv2 = require("cv2", "video", "finding out how the camera turns")
        width, height = image_size
        self.focal_px = ASSUMED_FOCAL * max(width, height)
        self._scale = min(1.0, _WIDTH_PX / width)
        self._focal = self.focal_px * self._scale
        self._middle = np.array([width, height]) * self._scale / 2
        self._random = np.random.default_rng(0)
        self._steps: list[np.ndarray] = []
        self._lost = 0
        self._key_points = self._points = np.zeros((0, 2), np.float32)
        self._since_key = self._key_count = 0
        self._turn = Rotation.identity()  # since the key frame
        self._step = Rotation.identity()  # the last one
        self._before: np.ndarray | None = None

    def add(self, picture: np.ndarray, people_px: np.ndarray) -> None:
        """The next frame, (H, W, 3) uint8 RGB, and (P, K, 2) px of everybody's measured joints, NaN where missing."""
        small = self._cv2.resize(picture, None, fx=self._scale, fy=self._scale, interpolation=self._cv2.INTER_AREA)
        grey = self._cv2.cvtColor(small, self._cv2.COLOR_RGB2GRAY)
        allowed = self._background(grey.shape, people_px)
        if self._before is None:
            self._steps.append(np.zeros(3))
        else:
            found = self._turn_since_key(grey, allowed)
            self._lost += found is None
            # In a frame that is lost the camera comes to rest, and a key frame begins.
            if found is not None:
                self._step, self._turn = found * self._turn.inv(), found
            else:
                self._step, self._points = self._step**_SLOWING, self._points[:0]
            self._steps.append(self._step.as_rotvec())
        if len(self._points) < max(_LEAST_POINTS, _KEPT * self._key_count) or self._since_key >= _KEY_FRAMES:
            self._start_key(grey, allowed)
        self._since_key += 1
        self._before = grey

    @property
    def steps_rad(self) -> np.ndarray | None:
        """(F, 3) rotation vector from the axes of the frame before to each frame's, the first 0; x right, y down.

        None where the camera stands still, or where it cannot be told.
        """
        if not self._steps or self.unknown or self._stands:
            return None
        return np.array(self._steps)

    @property
    def notice(self) -> str | None:
        """A line for the user; None where the camera stands still."""
        if self.unknown:
            return "the camera's turning cannot be told from the background; it is taken to stand still"
        steps = self.steps_rad
        if steps is None:
            return None
        turned_deg = np.degrees(furthest_look_rad(summed_turns(steps)))
        return f"the camera turns by {turned_deg:.0f} degrees, which is taken into account"

    @property
    def unknown(self) -> bool:
        """Whether too many frames show too little of the background, or one that does not turn as a whole."""
        most = MOST_LOST_SHARE if self._stands else LOST_SHARE
        return self._lost > most * max(len(self._steps) - 1, 1)

    @property
    def _stands(self) -> bool:
        return np.degrees(furthest_look_rad(summed_turns(np.array(self._steps)))) < STANDS_DEG

    def _background(self, shape: tuple[int, ...], people_px: np.ndarray) -> np.ndarray:
        """(H, W) uint8, 255 where nobody is; all 0 where people cover too much."""
        allowed = np.full(shape[:2], 255, np.uint8)
        for person in people_px * self._scale:
            there = person[np.isfinite(person).all(axis=1)]
            if not len(there):
                continue
            low, high = there.min(axis=0), there.max(axis=0)
            margin = _BOX_MARGIN * (high - low).max()
            x0, y0, x1, y1 = np.concatenate([low - margin, high + margin]).astype(int)
            allowed[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = 0
        return allowed if (allowed > 0).mean() > 1 - _MOST_COVERED else np.zeros_like(allowed)

    def _turn_since_key(self, grey: np.ndarray, allowed: np.ndarray) -> Rotation | None:
        """The turn since the key frame; points that are lost or on people are dropped."""
        if len(self._points) < _LEAST_POINTS:
            return None
        # Tracking starts where points would be if the camera went on as before.
        guess = self._pixels(self._step.apply(self._rays(self._points)))
        track = {"winSize": (15, 15), "maxLevel": 4, "flags": self._cv2.OPTFLOW_USE_INITIAL_FLOW}
        after, there, _ = self._cv2.calcOpticalFlowPyrLK(self._before, grey, self._points, guess, **track)
        back, again, _ = self._cv2.calcOpticalFlowPyrLK(grey, self._before, after, self._points.copy(), **track)
        good = (there.ravel() > 0) & (again.ravel() > 0)
        good &= np.linalg.norm(back - self._points, axis=1) < _AGREE_PX
        column, row = np.round(np.nan_to_num(after, nan=-1.0, posinf=-1.0, neginf=-1.0)).astype(int).T
        inside = (column >= 0) & (row >= 0) & (column < grey.shape[1]) & (row < grey.shape[0])
        good &= inside
        good[inside] &= allowed[row[inside], column[inside]] > 0
        self._key_points, self._points = self._key_points[good], after[good]
        if len(self._points) < _LEAST_POINTS:
            return None
        before, now = self._rays(self._key_points), self._rays(self._points)
        turn, agree = best_turn(before, now, _AGREE_PX / self._focal, self._random)
        if agree.mean() < _AGREE_SHARE or agree.sum() < _LEAST_POINTS:
            return None
        if np.ptp(self._points[agree], axis=0).max() < _LEAST_SPREAD * grey.shape[1]:
            return None
        return turn

    def _start_key(self, grey: np.ndarray, allowed: np.ndarray) -> None:
        found = self._cv2.goodFeaturesToTrack(grey, _POINTS, _QUALITY, _APART_PX, mask=allowed)
        self._points = np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2)
        self._key_points, self._since_key, self._turn = self._points, 0, Rotation.identity()
        self._key_count = len(self._points)

    def _rays(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) px of the small picture -> (N, 3) unit vectors."""
        rays = np.concatenate([(points - self._middle) / self._focal, np.ones((len(points), 1))], axis=1)
        return rays / np.linalg.norm(rays, axis=1, keepdims=True)

    def _pixels(self, rays: np.ndarray) -> np.ndarray:
        """The inverse, float32."""
        places = rays[:, :2] / np.maximum(rays[:, 2:], 0.1) * self._focal + self._middle
        return np.ascontiguousarray(places, np.float32)


def best_turn(before: np.ndarray, after: np.ndarray, agree_rad: float, random: Any) -> tuple[Rotation, np.ndarray]:
    """The rotation that takes most unit vectors ``before`` to ``after``, (N, 3) each, and (N,) which of them."""
    pairs = random.integers(0, len(before), (_TRIES, 2))
    first, second = (_frames(rays[pairs[:, 0]], rays[pairs[:, 1]]) for rays in (before, after))
    turns = second @ np.swapaxes(first, 1, 2)
    gaps = np.linalg.norm(np.einsum("tij,nj->tni", turns, before) - after, axis=2)
    agree = gaps[(gaps < agree_rad).sum(axis=1).argmax()] < agree_rad
    turn = Rotation.identity()
    for _ in range(3):
        if agree.sum() < 2:
            break
        turn, _ = Rotation.align_vectors(after[agree], before[agree])
        agree = np.linalg.norm(turn.apply(before) - after, axis=1) < agree_rad
    return turn, agree


def _frames(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, 3) two unit vectors -> (N, 3, 3) orthonormal axes; nonsense where both are the same."""
    across = np.cross(first, second)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    return np.stack([first, across, np.cross(first, across)], axis=2)
