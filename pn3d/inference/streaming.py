"""One frame in, one pose out: prediction while the video still runs, with a bounded delay.

The functions of ``pn3d.inference.clip``, on the newest frames instead of a whole clip.
"""

import warnings
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmark_arrays import load_landmarks
from pn3d.body.smpl_file import load_body
from pn3d.data.feet import FEET, feet_of
from pn3d.data.joints17 import h36m17_by_name, mask_guesses, plain_keypoints
from pn3d.data.rays import root_rays
from pn3d.detectors.arguments import as_numbers, check_number, checked_image_size
from pn3d.detectors.layouts import detector_layout
from pn3d.detectors.scores import EXCESS
from pn3d.files.errors import UserError
from pn3d.geometry import camera
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.fit import fit_frames, pose_frames, student_body, translations
from pn3d.inference.keyframes import keyframe_keypoints, keyframe_stride, smooth_corrections
from pn3d.inference.lifted import camera_from_centred
from pn3d.inference.networks import FrameOutputs, unpacked, window_predictor
from pn3d.inference.smoothing import CORRECTIONS, JITTER_REACH, fast_reach, fast_share, measure_jitter, reach
from pn3d.inference.streaming_path import AHEAD_S, PathWindow, SeenFrame, StreamPose
from pn3d.inference.warnings import PredictionWarning
from pn3d.inference.weights import Weights, require_body
from pn3d.inference.windows import add_windows, window_stride

_HIPS = [H36M17.index("left_hip"), H36M17.index("right_hip")]
_PELVIS = H36M17.index("pelvis")
_RATE_TOLERANCE = 0.2


class _Frames(NamedTuple):
    """The newest R frames, as the arrays that functions of clips take."""

    rays: np.ndarray  # (R, 17, 2) centred
    confidence: np.ndarray  # (R, 17)
    root_ray: np.ndarray  # (R, 2)
    feet: np.ndarray  # (R, 6, 3) rays and confidence of heels and toes
    sums: np.ndarray  # (R, D) of windows' packed outputs, weighted
    weight_sums: np.ndarray  # (R,)
    corrections: np.ndarray  # (R, 24, 3) of the fit, at keyframes

    def appended(self, rays: np.ndarray, confidence: np.ndarray, root_ray: np.ndarray, feet: np.ndarray) -> "_Frames":
        new = (rays, confidence, root_ray, feet, *(np.zeros(array.shape[1:], array.dtype) for array in self[4:]))
        return _Frames(*(np.concatenate([array, row[None]]) for array, row in zip(self, new, strict=True)))

    def without_first(self, count: int) -> "_Frames":
        return _Frames(*(array[count:] for array in self))


class PoseStream:
    """Poses of one person, frame by frame.

    A pose comes ``delay`` frames after its frame was pushed. Without a path its joints are what ``predict`` gives for
    the same clip without one (within rounding, from the first frame on) if ``betas`` is the shape that ``predict``
    found; with a path, which ends soon after the frame, they are near it (docs/prediction.md). Left and right are taken
    as they come. Without ``betas`` the shape is the mean over the frames so far, and settles within seconds; and where
    hips are missing, the person goes where the shoulders go, and is not on the way to the next place that is seen. With
    ``causal`` there is no delay: each pose is the end of the newest window, and the first ones are missing until a
    window is full. A frame in which nobody is seen is pushed as zeros.

    Args:
        weights: with a student.
        image_size: (width, height) px.
        layout: joints of the frames that are pushed, e.g. "coco17".
        fps: must be within 20 % of the weights' rate (30); drop or repeat frames otherwise.
        focal_px: 1.15 of the longer side where None.
        betas: (10,) the person's shape, where it is known.
        causal: no delay, less smooth.
        path: place each frame by those of the last two seconds and, without ``causal``, of half a second after it,
            with feet that stand, fast limbs and ankles that follow the picture, as ``predict`` does over the whole
            clip; False places each frame by itself.
        body_file: SMPL file where the weights speak of another body than the built-in one.

    Raises:
        UserError: the weights have no student, or an argument does not fit.
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
        path: bool = True,
        body_file: str | Path | None = None,
    ) -> None:
        if not isinstance(weights, Weights):
            raise UserError(f"weights: expected what load_weights returns, found {type(weights).__name__}")
        if not isinstance(layout, str):
            raise UserError(f"layout: expected a name, found {type(layout).__name__} {layout!r}")
        self._image_size = checked_image_size(image_size)
        check_number("focal_px", focal_px, 1e6)
        rate = weights.config.model.frame_rate
        if weights.student is None:
            raise UserError("these weights hold no student yet, so there is no body to stream")
        check_number("fps", fps, 1000.0)
        if fps is None or abs(fps - rate) > _RATE_TOLERANCE * rate:
            raise UserError(f"streaming needs about {rate:g} frames per second, found {fps}; drop or repeat frames")
        self.body = builtin_body() if body_file is None else load_body(Path(body_file))
        require_body(weights, self.body)
        self._layout = detector_layout(layout)
        self._student = student_body(weights, self.body, load_landmarks(body_file))
        self._networks = window_predictor(weights)
        self._length = weights.config.model.window
        self._stride = window_stride(self._length)
        self._fps, self._reach = fps, reach(CORRECTIONS, fps)
        # Without a delay there is no next keyframe to interpolate to, so every frame is one.
        self._keyframe_stride = 1 if causal else keyframe_stride(fps)
        self._causal = causal
        self._betas = None if betas is None else as_numbers("betas", betas).astype(np.float32)
        if self._betas is not None and not (self._betas.shape == (10,) and np.isfinite(self._betas).all()):
            raise UserError(f"betas: expected (10,) finite numbers, found {self._betas.shape}")
        self._betas_sum, self._betas_count = np.zeros(10, np.float64), 0.0
        self._intrinsics = camera.assumed_intrinsics(np.array(self._image_size))
        if focal_px is not None:
            self._intrinsics[:2] = focal_px
        ahead = 0 if causal else round(AHEAD_S * fps)
        self._path = PathWindow(self._student, self._intrinsics, fps, ahead) if path else None
        self._detected = np.zeros((0, 17), np.float32)
        width = np.asarray(self._networks(*_blank_window(self._length))).shape[-1]
        shapes = ((17, 2), (17,), (2,), (len(FEET), 3), (width,), (), (24, 3))
        self._frames = _Frames(*(np.zeros((0, *shape), np.float32) for shape in shapes))
        self._since_root = (np.zeros((0, 17, 2), np.float32), np.zeros((0, 17), np.float32))
        self._first = 0  # number of the first frame that is still held, always a keyframe
        self._warned = False
        self._pushed, self._windows_from, self._finished, self._given = 0, 0, 0, 0

    @property
    def delay(self) -> int:
        """Frames that are pushed after a frame before its pose comes: of its windows, keyframes, their average and the
        path."""
        return self._delay_alone + (0 if self._path is None else self._path.ahead)

    @property
    def _delay_alone(self) -> int:
        return 0 if self._causal else self._length - 1 + self._reach + self._keyframe_stride - 1

    def push(self, keypoints: np.ndarray) -> StreamPose | None:
        """Takes the next frame, (J, 2) or (J, 3) px and confidence; gives the pose that is ready, if one is."""
        ready = self._push_alone(keypoints)
        if ready is None or self._path is None:
            return None if ready is None else ready[0]
        return self._path.push(*ready)

    def flush(self) -> list[StreamPose]:
        """The poses that are still owed, when no more frames come. The next frame that is pushed follows the last."""
        rest = self._flush_alone()
        if self._path is None:
            return [pose for pose, _ in rest]
        placed = [self._path.push(*ready) for ready in rest]
        return [pose for pose in placed if pose is not None] + self._path.flush()

    def _push_alone(self, keypoints: np.ndarray) -> tuple[StreamPose, SeenFrame] | None:
        """``push`` without a path."""
        pixels, confidence, feet = self._joints17(keypoints)
        self._frames = self._frames.appended(*self._centred(pixels, confidence), feet)
        self._pushed += 1
        start = self._pushed - self._length
        if start < 0:
            return None
        if self._causal:
            self._add_window(start, first=self._pushed - 1)
            self._finished = self._pushed - 1
            self._finish()
            return self._give(self._pushed - 1)
        if start % self._stride == 0:
            self._add_window(start)
            self._windows_from = start + self._stride
        while self._finished < min(self._windows_from, self._pushed):
            self._finish()
        return self._give(self._given) if self._pushed - 1 - self._given >= self._delay_alone else None

    def _flush_alone(self) -> list[tuple[StreamPose, SeenFrame]]:
        """``flush`` without a path."""
        if self._causal or not self._pushed:
            return []
        last = max(self._pushed - self._length, 0)
        if last >= self._windows_from or last % self._stride:
            self._add_window(last, first=self._windows_from)
        while self._finished < self._pushed:
            self._finish()
        return [self._give(index) for index in range(self._given, self._pushed)]

    def _joints17(self, keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One frame through the door that all 2D goes through: (17, 2) px and (17,) confidence; (6, 3) rays and
        confidence of its feet."""
        values = as_numbers("push", keypoints)
        if values.ndim != 2 or values.shape[0] != self._layout.count or values.shape[1] not in (2, 3):
            raise UserError(f"push: expected ({self._layout.count}, 2 or 3), found {values.shape}")
        self._warn_of_scale(values)
        plain = plain_keypoints(values[None], self._layout.layout, self._image_size)
        pixels, confidence = h36m17_by_name(*plain, self._layout.layout)
        self._detected = np.concatenate([self._detected, confidence])[-max(1, round(self._fps)) :]
        feet = feet_of(*plain, self._layout.layout)
        feet = np.zeros((len(FEET), 3), np.float32) if feet is None else feet[0]
        feet[:, :2] = (feet[:, :2] - self._intrinsics[2:]) / self._intrinsics[:2]
        return pixels[0], mask_guesses(self._detected, self._fps)[-1], feet

    def _warn_of_scale(self, values: np.ndarray) -> None:
        """Says once that confidences are on another scale, which one frame does not tell."""
        if values.shape[1] == 3 and not self._warned and (highest := np.nanmax(values[:, 2], initial=0.0)) > EXCESS:
            self._warned = True
            said = f"push: a confidence of {highest:.4g}; above 1 all are taken as 1: divide them by their scale"
            warnings.warn(said, PredictionWarning, stacklevel=5)

    def _centred(self, pixels: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rays around the root, confidence, and the ray of the root."""
        measured = confidence > 0
        rays = np.where(measured[:, None], (pixels - self._intrinsics[2:]) / self._intrinsics[:2], 0.0)
        rays = rays.astype(np.float32)
        # Where the root is hidden, the last frame that shows it is needed, and how long arms were of late.
        shown = measured[_HIPS].all() or measured[_PELVIS]
        rays_before, before = (held[:0] if shown else held for held in self._since_root)
        if len(before) > self._fps:
            rays_before, before = (np.delete(held, 1, axis=0) for held in (rays_before, before))
        since = np.concatenate([rays_before, rays[None]]), np.concatenate([before, confidence[None]])
        self._since_root = since
        root = root_rays(*since, np.array([0, len(since[0])]))[-1]
        centred = np.where(measured[:, None], np.asarray(_centre(rays, root)), np.float32(0))
        return centred, confidence, root

    def _add_window(self, start: int, *, first: int = 0) -> None:
        """Both networks on the window from ``start`` on, added to its frames from ``first`` on; the last frame is
        repeated where there are fewer."""
        index = start + np.arange(self._length)
        rows = np.minimum(index, self._pushed - 1) - self._first
        values = np.asarray(self._networks(self._frames.rays[rows][None], self._frames.confidence[rows][None]))
        counts = np.where((index >= first) & (index < self._pushed), index - self._first, -1)
        add_windows(self._frames.sums, self._frames.weight_sums, values, counts[None])

    def _outputs(self, rows: slice) -> FrameOutputs:
        return unpacked(self._frames.sums[rows] / self._frames.weight_sums[rows, None])

    def _finish(self) -> None:
        """All windows of the next frame are in: its shape counts, and where it is a keyframe it is fitted."""
        index = self._finished
        row = slice(index - self._first, index - self._first + 1)
        outputs = self._outputs(row)
        assert outputs.betas is not None
        assert outputs.sixd is not None
        # A frame that shows nobody says nothing of the shape, unless there is no other yet.
        counts = 1.0 if (self._frames.confidence[row] > 0).any() else 1e-9
        self._betas_sum += counts * outputs.betas[0]
        self._betas_count += counts
        if index % self._keyframe_stride == 0:
            frames = self._frames
            fast = self._fast(outputs.size)
            rays, sure = keyframe_keypoints(frames.rays, frames.confidence, self._fps, self._keyframe_stride, fast)
            seen = (rays[row], sure[row], outputs.size, outputs.teacher_joints)
            frames.corrections[row] = fit_frames(self._student, self._shape(), outputs.sixd, *seen)
        self._finished = index + 1

    def _shape(self) -> np.ndarray:
        return self._betas if self._betas is not None else (self._betas_sum / self._betas_count).astype(np.float32)

    def _give(self, index: int) -> tuple[StreamPose, SeenFrame]:
        """The pose of a frame whose neighbours are finished, placed by itself, and what the path needs of it."""
        row = slice(index - self._first, index - self._first + 1)
        outputs, betas = self._outputs(row), self._shape()
        assert outputs.sixd is not None
        turn = camera_from_centred(self._frames.root_ray[row])
        corrections, jitter = self._corrections(row)
        poses, body_joints, joints = pose_frames(self._student, betas, outputs.sixd, corrections, turn)
        transl = translations(joints, self._frames.rays[row], self._frames.confidence[row], outputs.size, turn)
        body_joints, joints = body_joints[0] + transl, joints[0] + transl
        centred, confidence = self._frames.rays[row][0], self._frames.confidence[row][0]
        towards = np.concatenate([centred, np.ones((17, 1), np.float32)], axis=1) @ turn[0].T
        seen = SeenFrame(
            towards[:, :2] / towards[:, 2:],
            confidence,
            centred,
            self._frames.feet[row][0],
            float(outputs.size[0]),
            jitter,
            float(outputs.roll_rad[0]),
            turn[0],
        )
        self._given = index + 1
        self._forget()
        pose = StreamPose(
            frame=index,
            joints_cam_m=joints,
            body_joints_cam_m=body_joints,
            poses_cam=poses[0],
            transl_cam_m=transl[0],
            betas=betas,
            elevation_rad=float(outputs.elevation_rad[0]),
            reprojected_px=joints[:, :2] / joints[:, 2:] * self._intrinsics[:2] + self._intrinsics[2:],
        )
        return pose, seen

    def _corrections(self, row: slice) -> tuple[np.ndarray, float]:
        """(1, 24, 3) of one frame, from the keyframes around it; and the jitter of its keypoints."""
        frames, stride, done = self._frames, self._keyframe_stride, self._finished - self._first
        # Frames that are not finished have no size yet; jitter of the frame asked for does not reach them.
        sizes = self._outputs(row).size.repeat(len(frames.rays))
        known = frames.weight_sums > 0
        sizes[known] = unpacked(frames.sums[known] / frames.weight_sums[known, None]).size
        jitter = measure_jitter(frames.rays, frames.confidence, sizes)[:done]
        measured = np.any(frames.confidence[:done:stride] > 0, axis=1)
        seen = (measured, jitter, self._fast(sizes)[:done])
        smoothed = smooth_corrections(frames.corrections[:done:stride], *seen, self._fps, stride)
        return smoothed[row], float(jitter[row][0])

    def _fast(self, sizes: np.ndarray) -> np.ndarray:
        """(R, 17) how fast joints are; right where the frame's size is known and enough frames follow."""
        frames = self._frames
        return fast_share(frames.rays, frames.confidence, np.broadcast_to(sizes, len(frames.rays)), self._fps)

    def _forget(self) -> None:
        """Drops frames that no later pose depends on, so that a keyframe stays the first."""
        kept = max(
            self._reach + self._keyframe_stride,
            JITTER_REACH,
            fast_reach(self._fps),
            self._length,
        )
        count = (self._given - kept - self._first) // self._keyframe_stride * self._keyframe_stride
        if count > 0:
            self._frames, self._first = self._frames.without_first(count), self._first + count


def _blank_window(length: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((1, length, 17, 2), np.float32), np.zeros((1, length, 17), np.float32)


_centre = jax.jit(lambda rays, root: camera.centre_rays(rays[None], root[None])[0])
