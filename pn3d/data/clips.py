"""The native keypoint file: one npz of plain arrays, read strictly and written atomically.

Shapes: N frames of C clips one after the other, J joints. Frames of clip c are ``clip_start[c]:clip_start[c + 1]``.
Pixels have their origin in the top left corner, x right, y down; cameras look along z (x right, y down), in metres.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.data.truth_names import checked_truth_names, same_names
from pn3d.files.atomic import whole_file
from pn3d.files.errors import UserError
from pn3d.files.plain_npz import one_text, read_plain_npz
from pn3d.geometry.camera import assumed_intrinsics
from pn3d.geometry.skeleton import Layout, get_layout

TRUTH_FIELDS = ("joints_cam", "truth_joint_names", "poses", "betas", "transl_cam_m", "body", "up_cam", "scored")
"""What only evaluation may read."""

_BODY_TRUTH = ("poses", "betas", "transl_cam_m", "body")
_REQUIRED = ("keypoints", "confidence", "clip_start", "clip_name", "image_size", "fps", "joint_names", "layout")
_OPTIONAL = ("intrinsics", "frame_number", "time_s", "filled", "has_joint", "feet", "camera_turn_rad")
_ARRAYS: dict[str, tuple[str, type]] = {
    "keypoints": ("N J 2", np.float32),
    "confidence": ("N J", np.float32),
    "clip_start": ("C+1", np.int64),
    "clip_name": ("C", np.str_),
    "image_size": ("C 2", np.int32),
    "fps": ("C", np.float32),
    "intrinsics": ("C 4", np.float32),
    "frame_number": ("N", np.int64),
    "time_s": ("N", np.float64),
    "filled": ("N", np.bool_),
    "has_joint": ("C J", np.bool_),
    "feet": ("N 6 3", np.float32),
    "camera_turn_rad": ("N 3", np.float32),
    "joints_cam": ("N K 3", np.float32),
    "poses": ("N 24 3", np.float32),
    "betas": ("C 10", np.float32),
    "transl_cam_m": ("N 3", np.float32),
    "up_cam": ("C 3", np.float32),
    "scored": ("N", np.bool_),
}
"""Axes and type of each array: N frames, C clips, J joints of the layout, K true joints."""
_PER_FRAME, _PER_CLIP = ([key for key, (axes, _) in _ARRAYS.items() if axes.split()[0] == first] for first in "NC")
_KINDS = {"f": "float32", "i": "int64", "U": "str", "b": "bool"}


@dataclass(frozen=True)
class Clips:
    """2D keypoints of clips, and truth where a file has it and evaluation asked for it.

    Attributes:
        keypoints: (N, J, 2) float32 px; what is at a joint of confidence 0 means nothing.
        confidence: (N, J) float32 in [0, 1]; 0 = missing.
        clip_start: (C + 1,) int64, from 0 to N, increasing.
        clip_name: (C,) str; the action is what is before the first ``/``, a last part ``camK`` is the view.
        image_size: (C, 2) int32 width and height in px.
        fps: (C,) float32.
        layout: the joints and their order.
        intrinsics: (C, 4) float32 fx, fy, cx, cy in px.
        frame_number: (N,) int64 what the detector's file calls each frame.
        time_s: (N,) float64 seconds since the video's beginning, increasing within a clip.
        filled: (N,) bool frames in which the person was not detected.
        has_joint: (C, J) bool joints that the detector's layout has, seen or not.
        feet: (N, 6, 3) float32 x, y in px and confidence of heels and toes (``pn3d.data.feet.FEET``).
        camera_turn_rad: (N, 3) float32 how a camera that turns has turned: rotation vector from the axes of the first
            frame (of the clip, or of its video) to each frame's; None = it stands still.
        joints_cam: truth, (N, J, 3) float32 m in camera axes; with ``truth_joint_names`` (N, K, 3), NaN where unknown.
        truth_joint_names: truth, (K,) str the joints of ``joints_cam``; where None they are the layout's, all known.
        poses: truth, (N, 24, 3) float32 SMPL axis-angle; the root rotates into the camera's axes.
        betas: truth, (C, 10) float32 shape of ``body``.
        transl_cam_m: truth, (N, 3) float32, SMPL translation (rotations pivot about the rest pelvis).
        body: truth, the name of the body that poses and betas belong to.
        up_cam: truth, (C, 3) float32 unit vector "up" of the world in camera axes.
        scored: truth, (N,) bool, the frames that a data set's protocol counts; all of them where None.
    """

    keypoints: np.ndarray
    confidence: np.ndarray
    clip_start: np.ndarray
    clip_name: np.ndarray
    image_size: np.ndarray
    fps: np.ndarray
    layout: Layout
    intrinsics: np.ndarray | None = None
    frame_number: np.ndarray | None = None
    time_s: np.ndarray | None = None
    filled: np.ndarray | None = None
    has_joint: np.ndarray | None = None
    feet: np.ndarray | None = None
    camera_turn_rad: np.ndarray | None = None
    joints_cam: np.ndarray | None = None
    truth_joint_names: np.ndarray | None = None
    poses: np.ndarray | None = None
    betas: np.ndarray | None = None
    transl_cam_m: np.ndarray | None = None
    body: str | None = None
    up_cam: np.ndarray | None = None
    scored: np.ndarray | None = None

    @property
    def frames(self) -> int:
        """Number of frames N."""
        return len(self.keypoints)

    @property
    def num_clips(self) -> int:
        """Number of clips C."""
        return len(self.clip_name)

    @property
    def lengths(self) -> np.ndarray:
        """(C,) int64 frames of each clip."""
        return np.diff(self.clip_start)

    @property
    def joint_names(self) -> np.ndarray:
        """(J,) str names of the layout's joints."""
        return np.array(self.layout.joints)

    @property
    def actions(self) -> np.ndarray:
        """(C,) str action of each clip: its name up to the first ``/``."""
        return np.array([str(name).split("/", 1)[0] for name in self.clip_name], dtype=np.str_)

    @property
    def clip_of_frame(self) -> np.ndarray:
        """(N,) int64 index of the clip of each frame."""
        return np.repeat(np.arange(self.num_clips), self.lengths)


def read_clips(path: str | Path, *, truth: bool = False) -> Clips:
    """Reads a native keypoint file strictly.

    Args:
        path: the npz file.
        truth: whether to read the truth fields too. Training leaves this off, and then they are not even opened.

    Raises:
        UserError: the file is missing, damaged, holds pickles, or a key is missing, of another shape, kind or range.
    """
    path = Path(path)
    wanted = _REQUIRED + _OPTIONAL + (TRUTH_FIELDS if truth else ())
    arrays = read_plain_npz(path, wanted, "a keypoint file")
    missing = [key for key in _REQUIRED if key not in arrays]
    if missing:
        raise UserError(f"{path}: no key {missing[0]!r} in this keypoint file; it needs {', '.join(_REQUIRED)}")
    layout = _check_layout(path, one_text(path, "layout", arrays.pop("layout")), arrays.pop("joint_names"))
    body = one_text(path, "body", arrays.pop("body")) if "body" in arrays else None
    return validate_clips(Clips(layout=layout, body=body, **arrays), path)


def write_clips(path: str | Path, clips: Clips) -> None:
    """Validates ``clips`` and writes them as a native keypoint file, under a temporary name until it is whole.

    Plain (not deflated) npz: float noise hardly shrinks, and reading and writing stay as fast as the disk.
    """
    path = Path(path)
    clips = validate_clips(clips, path)
    arrays: dict[str, Any] = {field.name: getattr(clips, field.name) for field in fields(clips)}
    arrays = {key: value for key, value in arrays.items() if value is not None}
    arrays["layout"], arrays["joint_names"] = np.array(clips.layout.name), clips.joint_names
    plain: dict[str, Any] = {key: np.asarray(value) for key, value in arrays.items()}
    with whole_file(path) as stream:
        np.savez(stream, **plain)


def require_somebody(clips: Clips, where: str) -> None:
    """Raises UserError where no joint of anybody is measured."""
    if not (clips.confidence > 0).any():
        raise UserError(f"{where}: no joint of anybody is measured (all confidences are 0 or all positions missing)")


def require_truth(clips: Clips, path: str | Path = "the evaluation data") -> None:
    """Raises UserError where there is no ``joints_cam`` to evaluate against."""
    if clips.joints_cam is None:
        raise UserError(f"{path}: no key 'joints_cam'; evaluation needs the true joints (N, J, 3) in metres")


def without_truth(clips: Clips) -> Clips:
    """The clips without any field that only evaluation may read."""
    nothing: dict[str, Any] = dict.fromkeys(TRUTH_FIELDS)
    return replace(clips, **nothing)


def select(clips: Clips, indices: np.ndarray | list[int]) -> Clips:
    """The clips of these indices, in this order, with everything that belongs to them."""
    chosen = np.asarray(indices, np.int64)
    if chosen.ndim != 1 or not len(chosen) or chosen.min() < 0 or chosen.max() >= clips.num_clips:
        raise UserError(f"clip indices must be a non-empty list within 0 … {clips.num_clips - 1}, found {indices}")
    frame = np.concatenate([np.arange(clips.clip_start[i], clips.clip_start[i + 1]) for i in chosen])
    changed: dict[str, Any] = {key: getattr(clips, key)[frame] for key in _PER_FRAME if getattr(clips, key) is not None}
    changed |= {key: getattr(clips, key)[chosen] for key in _PER_CLIP if getattr(clips, key) is not None}
    return replace(clips, clip_start=_starts(clips.lengths[chosen]), **changed)


def concatenate(parts: list[Clips]) -> Clips:
    """All clips of several files as one. Layouts, and which truth there is, must agree.

    Where only some parts know their intrinsics, the others get the assumed ones (``camera.assumed_intrinsics``), and so
    on: ``with_defaults``.
    """
    if not parts:
        raise UserError("no keypoint files to put together; expected at least one")
    known = [key for key in _DEFAULTS if any(getattr(part, key) is not None for part in parts)]
    parts = [with_defaults(part, known) for part in parts]
    if any(part.feet is None for part in parts):
        parts = [replace(part, feet=None) for part in parts]
    first = parts[0]
    for part in parts[1:]:
        if part.layout != first.layout:
            raise UserError(
                f"cannot put layouts {first.layout.name!r} and {part.layout.name!r} together; convert first"
            )
        for key in TRUTH_FIELDS:
            if (getattr(part, key) is None) != (getattr(first, key) is None):
                raise UserError(f"cannot put keypoint files together: {key!r} is in some and not in others")
        if not same_names(part.truth_joint_names, first.truth_joint_names):
            raise UserError("cannot put keypoint files together: their 'truth_joint_names' are not the same joints")
        if part.body != first.body:
            raise UserError(f"cannot put truth of bodies {first.body!r} and {part.body!r} together")
    changed: dict[str, Any] = {
        key: np.concatenate([getattr(part, key) for part in parts])
        for key in _PER_FRAME + _PER_CLIP
        if getattr(parts[0], key) is not None
    }
    return replace(first, clip_start=_starts(np.concatenate([part.lengths for part in parts])), **changed)


_DEFAULTS: dict[str, Callable[[Clips], np.ndarray]] = {
    "scored": lambda clips: np.ones(clips.frames, bool),
    "intrinsics": lambda clips: assumed_intrinsics(clips.image_size),
    "frame_number": lambda clips: _place_in_clip(clips),
    "time_s": lambda clips: _place_in_clip(clips) / clips.fps.astype(np.float64)[clips.clip_of_frame],
    "filled": lambda clips: np.zeros(clips.frames, bool),
    "camera_turn_rad": lambda clips: np.zeros((clips.frames, 3), np.float32),
    "has_joint": lambda clips: np.logical_or.reduceat(clips.confidence > 0, clips.clip_start[:-1]),
}
"""What an optional array is where a file does not have it."""

TIME_FIELDS = ("frame_number", "time_s", "filled", "has_joint")


def with_defaults(clips: Clips, keys: Sequence[str] = TIME_FIELDS) -> Clips:
    """``clips`` with these optional arrays filled in where they are None: frames from 0 and seconds from 0 in each
    clip, none filled, the joints that are ever measured, assumed intrinsics, all frames scored."""
    lacking: dict[str, Any] = {key: _DEFAULTS[key](clips) for key in keys if getattr(clips, key) is None}
    return replace(clips, **lacking) if lacking else clips


def _place_in_clip(clips: Clips) -> np.ndarray:
    return np.arange(clips.frames) - np.repeat(clips.clip_start[:-1], clips.lengths)


FURTHEST_PX = 1e6
"""No measured joint is further from the picture's corner."""


def validate_clips(clips: Clips, where: str | Path) -> Clips:
    """``clips`` with exact dtypes; raises UserError naming ``where`` and the key that is wrong."""
    frames, joints = len(np.atleast_1d(clips.keypoints)), len(clips.layout.joints)
    count = len(np.atleast_1d(clips.clip_name))
    names = checked_truth_names(where, clips.truth_joint_names, clips.joints_cam, clips.layout)
    lengths = {"N": frames, "C": count, "C+1": count + 1, "J": joints, "K": joints if names is None else len(names)}
    if frames == 0 or count == 0:
        raise UserError(f"{where}: empty keypoint file: {frames} frames in {count} clips, expected at least one")
    typed: dict[str, Any] = {"truth_joint_names": names}
    for key, (axes, dtype) in _ARRAYS.items():
        value = getattr(clips, key)
        if value is not None:
            shape = tuple(lengths[axis] if axis in lengths else int(axis) for axis in axes.split())
            unknown = key == "joints_cam" and names is not None
            typed[key] = _check_array(where, key, np.asarray(value), shape, dtype, nan=unknown)
    clips = replace(clips, **typed)
    _check_values(where, clips)
    return clips


def _check_array(
    where: str | Path, key: str, value: np.ndarray, shape: tuple[int, ...], dtype: type, *, nan: bool = False
) -> np.ndarray:
    """One array of the expected shape and kind, converted to its exact dtype; NaN is refused unless ``nan``."""
    kind = np.dtype(dtype).kind
    found_kind = "i" if value.dtype.kind == "u" else value.dtype.kind
    if found_kind != kind:
        raise UserError(f"{where}: {key!r} must be {_KINDS[kind]}, found {value.dtype}")
    if value.shape != shape:
        raise UserError(f"{where}: {key!r} must have shape {shape}, found {value.shape}")
    with np.errstate(over="ignore"):
        typed = value if kind == "U" else value.astype(dtype, copy=False)
    if kind == "f" and not (fine := np.isfinite(typed) | (np.isnan(typed) if nan else False)).all():
        place = tuple(int(i) for i in np.argwhere(~fine)[0])
        hint = {
            "keypoints": "; a missing joint has confidence 0 and any finite position",
            "joints_cam": "; unknown joints may be NaN in a file with 'truth_joint_names'",
        }.get(key, "")
        raise UserError(f"{where}: {key!r} must be finite, found {value[place]} at {list(place)}{hint}")
    return typed


def _check_values(where: str | Path, clips: Clips) -> None:
    """Ranges, and what must fit together."""
    starts, confidence = clips.clip_start, clips.confidence
    if starts[0] != 0 or starts[-1] != clips.frames:
        raise UserError(
            f"{where}: 'clip_start' must go from 0 to the {clips.frames} frames, found {starts[0]} to {starts[-1]}"
        )
    if (np.diff(starts) <= 0).any():
        clip = int(np.argmax(np.diff(starts) <= 0))
        raise UserError(
            f"{where}: 'clip_start' must increase, found {starts[clip]} then {starts[clip + 1]} at clip {clip}"
        )
    if confidence.min() < 0 or confidence.max() > 1:
        raise UserError(f"{where}: 'confidence' must be in [0, 1], found {confidence.min():g} to {confidence.max():g}")
    if (far := (np.abs(clips.keypoints) > FURTHEST_PX).any(axis=-1) & (confidence > 0)).any():
        frame, joint = (int(i) for i in np.argwhere(far)[0])
        raise UserError(
            f"{where}: 'keypoints' must be pixels, found {clips.keypoints[frame, joint].tolist()} at {[frame, joint]}; "
            "a missing joint has confidence 0"
        )
    for key in ("image_size", "fps", "intrinsics"):
        value = getattr(clips, key)
        if value is not None and value.min() <= 0:
            clip = int(np.argwhere(value <= 0)[0][0])
            raise UserError(f"{where}: {key!r} must be positive, found {value[clip]} for clip {clip}")
    if clips.time_s is not None and ((np.diff(clips.time_s) <= 0) & (np.diff(clips.clip_of_frame) == 0)).any():
        raise UserError(f"{where}: 'time_s' must increase within a clip")
    present = [key for key in _BODY_TRUTH if getattr(clips, key) is not None]
    if present and len(present) < len(_BODY_TRUTH):
        lacking = [key for key in _BODY_TRUTH if key not in present]
        raise UserError(f"{where}: {present[0]!r} needs {', '.join(map(repr, lacking))} beside it, found none")
    if clips.up_cam is not None and (np.abs(np.linalg.norm(clips.up_cam, axis=1) - 1) > 1e-3).any():
        raise UserError(f"{where}: 'up_cam' must be unit vectors")


def _check_layout(path: Path, name: str, joint_names: np.ndarray) -> Layout:
    """The named layout, whose joints must be exactly the file's: another order is another layout."""
    try:
        layout = get_layout(name)
    except UserError as error:
        raise UserError(f"{path}: 'layout': {error}") from error
    if joint_names.dtype.kind != "U" or joint_names.ndim != 1:
        raise UserError(f"{path}: 'joint_names' must be (J,) str, found {joint_names.dtype} of {joint_names.shape}")
    if len(joint_names) != len(layout.joints):
        raise UserError(
            f"{path}: 'joint_names' must be the {len(layout.joints)} joints of {name!r}, found {len(joint_names)}"
        )
    differ = [i for i, joint in enumerate(layout.joints) if joint_names[i] != joint]
    if differ:
        shown = ", ".join(f"{i}: {joint_names[i]} instead of {layout.joints[i]}" for i in differ[:4])
        more = f" and {len(differ) - 4} more" if len(differ) > 4 else ""
        raise UserError(f"{path}: 'joint_names' differ from layout {name!r} at {shown}{more}")
    return layout


def _starts(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
