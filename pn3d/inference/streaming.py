"""One frame in, one pose out: prediction while the video still runs, with a bounded delay."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmark_arrays import load_landmarks
from pn3d.body.smpl_file import load_body
from pn3d.data.joints17 import to_h36m17
from pn3d.detectors.layouts import detector_layout
from pn3d.files.errors import UserError
from pn3d.geometry import camera
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.blend import unpacked, window_predictor, window_stride, window_weights
from pn3d.inference.pose import Figure, Said, fit_piece, place_piece
from pn3d.inference.smoothing import SHAKE_REACH, TURNS, Between, fit_stride, half_width, heard, reach, shake, smooth
from pn3d.inference.weights import Weights

_HIPS = [H36M17.index("left_hip"), H36M17.index("right_hip")]
_PELVIS = H36M17.index("pelvis")
_RATE_TOLERANCE = 0.2


@dataclass(frozen=True)
class StreamPose:
    """One frame's pose; arrays as in ``Prediction``, without the leading axis of frames.

    Attributes:
        frame: number of the pushed frame that this is, from 0.
        joints_cam_m: (17, 3); body_joints_cam_m: (24, 3); poses_cam: (24, 3); transl_cam_m: (3,); betas: (10,).
        elevation_rad: of the camera.
        reprojected_px: (17, 2).
    """

    frame: int
    joints_cam_m: np.ndarray
    body_joints_cam_m: np.ndarray
    poses_cam: np.ndarray
    transl_cam_m: np.ndarray
    betas: np.ndarray
    elevation_rad: float
    reprojected_px: np.ndarray


@dataclass
class _Frame:
    rays: np.ndarray
    confidence: np.ndarray
    root_ray: np.ndarray
    total: np.ndarray | float = 0.0
    weight: float = 0.0
    turns: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros((24, 3), np.float32))
    size: float | None = None  # of the person, once all windows are in


class PoseStream:
    """Poses of one person, frame by frame.

    A pose comes ``delay`` frames after its frame was pushed, and is what ``predict`` gives for the same clip
    (within rounding, from the first frame on) if ``betas`` is the shape that ``predict`` found. Without ``betas`` the
    shape is the mean over the frames so far, and settles within seconds; and where hips are missing, the last place
    of the person is taken instead of one between the last and the next. With ``causal`` there is no delay: each pose
    is the end of the newest window, and the first ones are missing until a window is full.

    Args:
        weights: with a student.
        image_size: (width, height) px.
        layout: joints of the frames that are pushed, e.g. "coco17".
        fps: must be within 20 % of the weights' rate (30); drop or repeat frames otherwise.
        focal_px: 1.15 of the longer side where None.
        betas: (10,) the person's shape, where it is known.
        causal: no delay, less smooth.
        body_file: SMPL file where the weights speak of another body than the built-in one.

    Raises:
        UserError: the weights have no student, or a number does not fit.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        image_size: tuple[int, int],
        layout: str = "coco17",
        fps: float = 30.0,
        focal_px: float | None = None,
        betas: np.ndarray | None = None,
        causal: bool = False,
        body_file: str | Path | None = None,
    ) -> None:
        rate = weights.config.model.frame_rate
        if weights.student is None:
            raise UserError("these weights hold no student yet, so there is no body to stream")
        if abs(fps - rate) > _RATE_TOLERANCE * rate:
            raise UserError(f"streaming needs about {rate:g} frames per second, found {fps:g}; drop or repeat frames")
        self.body = builtin_body() if body_file is None else load_body(Path(body_file))
        if self.body.sha256 != weights.body_sha256:
            raise UserError(f"the weights speak of body {weights.body_name!r}, not of {self.body.name!r}")
        self._known = detector_layout(layout)
        self._figure = Figure(self.body, load_landmarks(body_file), jnp.asarray(weights.student["landmark_raw"]))
        self._network = window_predictor(weights)
        self._length = weights.config.model.window
        self._stride = window_stride(self._length)
        self._weights = window_weights(self._length)
        self._fps, self._reach = fps, reach(TURNS, fps)
        # Without a delay there is no next fit to interpolate to, so every frame has one of its own.
        self._fit_stride = 1 if causal else fit_stride(fps)
        self._kept = max(self._reach + self._fit_stride - 1, SHAKE_REACH)
        self._causal = causal
        self._given = None if betas is None else np.asarray(betas, np.float32)
        self._shape_sum, self._shape_count = np.zeros(10, np.float64), 0
        intrinsics = camera.assumed_intrinsics(np.array(image_size))
        if focal_px is not None:
            intrinsics[:2] = focal_px
        self._intrinsics = intrinsics
        self._frames: dict[int, _Frame] = {}
        self._pushed, self._windows_from, self._finished, self._given_out = 0, 0, 0, 0

    @property
    def delay(self) -> int:
        """Frames that are pushed after a frame before its pose comes: of its windows, and of its fits' average."""
        return 0 if self._causal else self._length - 1 + self._reach + self._fit_stride - 1

    def push(self, keypoints: np.ndarray) -> StreamPose | None:
        """Takes the next frame, (J, 2) or (J, 3) px and confidence; gives the pose that is ready, if one is."""
        index = self._pushed
        self._frames[index] = self._seen(keypoints)
        self._pushed += 1
        start = self._pushed - self._length
        if start < 0:
            return None
        if self._causal:
            pose = self._newest(start, index)
            self._forget(index - max(self._length, self._kept))
            return pose
        if start % self._stride == 0:
            self._add_window(start)
            self._windows_from = start + self._stride
        while self._finished < min(self._windows_from, self._pushed):
            self._finish(self._finished)
        return self._give(self._given_out) if index - self._given_out >= self.delay else None

    def flush(self) -> list[StreamPose]:
        """The poses that are still owed, when no more frames come."""
        if self._causal or not self._pushed:
            return []
        last = max(self._pushed - self._length, 0)
        if last >= self._windows_from or last % self._stride:
            self._add_window(last, first=self._windows_from)
        while self._finished < self._pushed:
            self._finish(self._finished)
        return [self._give(index) for index in range(self._given_out, self._pushed)]

    def _seen(self, keypoints: np.ndarray) -> _Frame:
        values = np.asarray(keypoints, np.float32)
        if values.ndim != 2 or values.shape[0] != self._known.count or values.shape[1] not in (2, 3):
            raise UserError(f"push: expected ({self._known.count}, 2 or 3), found {values.shape}")
        values = values[: len(self._known.layout.joints)]
        there = np.isfinite(values[:, :2]).all(axis=-1) & (values[:, :2] != 0).any(axis=-1)
        trust = np.nan_to_num(np.clip(values[:, 2], 0, 1)) if values.shape[1] == 3 else np.ones(len(values))
        trust = np.where(there, trust, 0.0).astype(np.float32)
        pixels, confidence = to_h36m17(
            np.where(there[:, None], values[:, :2], 0)[None], trust[None], self._known.layout
        )
        rays = (pixels[0] - self._intrinsics[2:]) / self._intrinsics[:2]
        measured = confidence[0] > 0
        if measured[_HIPS].all():
            root = rays[_HIPS].mean(axis=0)
        elif measured[_PELVIS]:
            root = rays[_PELVIS]
        elif self._pushed:
            root = self._frames[self._pushed - 1].root_ray
        else:
            root = rays[measured].mean(axis=0) if measured.any() else np.zeros(2)
        root = root.astype(np.float32)
        centred = np.where(measured[:, None], np.asarray(_centre(rays.astype(np.float32), root)), 0.0)
        return _Frame(centred.astype(np.float32), confidence[0], root)

    def _window(self, start: int) -> np.ndarray:
        """(T, D) what the networks say of the frames from ``start`` on; the last is repeated where there are fewer."""
        frames = [self._frames[min(start + t, self._pushed - 1)] for t in range(self._length)]
        rays, confidence = np.stack([f.rays for f in frames]), np.stack([f.confidence for f in frames])
        return np.asarray(self._network(rays[None], confidence[None]))[0]

    def _add_window(self, start: int, *, first: int = 0) -> None:
        """Adds what a window says to its frames, from ``first`` on."""
        for t, values in enumerate(self._window(start)):
            if first <= start + t < self._pushed:
                frame = self._frames[start + t]
                frame.total = frame.total + self._weights[t] * values
                frame.weight += float(self._weights[t])

    def _finish(self, index: int) -> None:
        """All windows of this frame are in: blend, and find the turns that bring the body towards the keypoints."""
        frame = self._frames[index]
        frame.total = np.asarray(frame.total / frame.weight, np.float32)[None]
        blended = unpacked(frame.total)
        assert blended.betas is not None
        frame.size = float(blended.size[0])
        self._shape_sum += blended.betas[0]
        self._shape_count += 1
        if index % self._fit_stride == 0:
            said = self._said(frame)._replace(rays=jnp.asarray(self._heard(index)[None]))
            frame.turns = np.asarray(fit_piece(self._figure, said)[1])[0]
        self._finished = index + 1

    def _heard(self, index: int) -> np.ndarray:
        """(17, 2) rays that a frame's turns are found from, averaged over those around it as ``predict`` does."""
        near, middle = self._near(index, self._fit_stride - 1, self._pushed)
        rays, confidence = np.stack([f.rays for f in near]), np.stack([f.confidence for f in near])
        return heard(rays, confidence, self._fit_stride)[middle]

    def _said(self, frame: _Frame) -> Said:
        """The blended frame as a batch of one."""
        blended = unpacked(frame.total)  # type: ignore[arg-type]
        assert blended.sixd is not None
        values = (blended.sixd, self._betas()[None], frame.rays[None], frame.confidence[None], blended.size)
        return Said(*map(jnp.asarray, values))

    def _betas(self) -> np.ndarray:
        return self._given if self._given is not None else (self._shape_sum / self._shape_count).astype(np.float32)

    def _near(self, index: int, reach: int, end: int) -> tuple[list[_Frame], int]:
        """The held frames at most ``reach`` from one and before ``end``, and its own place among them."""
        begin = max(index - reach, min(self._frames))
        return [self._frames[i] for i in range(begin, min(index + reach + 1, end))], index - begin

    def _half_width(self, index: int) -> float:
        """Half the width of the average of a frame's turns, by how its keypoints shake."""
        near, middle = self._near(index, SHAKE_REACH, self._pushed)
        rays, confidence = np.stack([f.rays for f in near]), np.stack([f.confidence for f in near])
        # Sizes count up to SHAKE_FRAMES away only, and those frames are finished; the others need some number.
        sizes = np.array([near[middle].size if f.size is None else f.size for f in near], np.float32)
        shaking = shake(rays, confidence, sizes)
        return float(half_width(shaking, TURNS, self._fps)[middle])

    def _give(self, index: int) -> StreamPose:
        self._given_out = index + 1
        pose = self._pose(index)
        self._forget(index - self._kept)
        return pose

    def _pose(self, index: int) -> StreamPose:
        """The body after the turns of the frames around it, averaged."""
        frame = self._frames[index]
        said = self._said(frame)
        near, middle = self._near(index, self._reach, self._finished)
        turns, counts = self._turns(index - middle, len(near))
        turns = smooth(turns, counts, self._half_width(index))[middle]
        poses, transl, joints, marks, reprojected = (
            np.asarray(value)[0]
            for value in place_piece(
                self._figure, said, turns[None].astype(np.float32), frame.root_ray[None], self._intrinsics[None]
            )
        )
        return StreamPose(
            frame=index,
            joints_cam_m=marks,
            body_joints_cam_m=joints,
            poses_cam=poses,
            transl_cam_m=transl,
            betas=self._betas(),
            elevation_rad=float(unpacked(frame.total).elevation_rad[0]),  # type: ignore[arg-type]
            reprojected_px=reprojected,
        )

    def _turns(self, begin: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(count, 24, 3) turns of finished frames and (count, 24) their weights, between fits as ``predict`` does."""
        index = np.arange(begin, begin + count)
        stride = self._fit_stride
        first = begin // stride
        before = index // stride
        after = np.minimum(before + 1, (self._finished - 1) // stride)
        fits = [self._frames[number * stride] for number in range(first, int(after.max()) + 1)]
        weight = np.array([[(f.confidence > 0).any()] for f in fits], np.float32).repeat(24, axis=1)
        between = Between(before - first, after - first, (index % stride / stride).astype(np.float32))
        return between.mix(np.stack([f.turns for f in fits]), weight)

    def _newest(self, start: int, index: int) -> StreamPose:
        """The end of the newest window, refined with what is past."""
        frame = self._frames[index]
        frame.total, frame.weight = self._window(start)[-1], 1.0
        self._finish(index)
        return self._pose(index)

    def _forget(self, before: int) -> None:
        for index in [i for i in self._frames if i < before]:
            del self._frames[index]


_centre = jax.jit(lambda rays, root: camera.centre_rays(rays[None], root[None])[0])
