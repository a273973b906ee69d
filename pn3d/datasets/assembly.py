"""From the pieces that a data set's reader finds to ``Clips``, and the checks that all readers share.

What a source file holds is not trusted: every check names the file, the key, what was expected and what was found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.data.clips import Clips, validate_clips
from pn3d.files.errors import UserError
from pn3d.files.pickle_opcodes import Caps
from pn3d.geometry.skeleton import H36M17, Layout

DATA_SET_CAPS = Caps(
    file_bytes=3 << 30,
    unpacked_bytes=4 << 30,
    built_bytes=4 << 30,
    operations=40_000_000,
    unfolded_items=40_000_000,
)
"""What the file of a whole data set may ask for: the largest known (MotionBERT's pickle of Human3.6M: 1.2 GB, a name or
two for each of 2.1 million frames) fits twice, and a hostile one still meets an end."""


@dataclass(frozen=True)
class ClipRecord:
    """One clip of T frames and J joints, before it is put together with others.

    Attributes:
        name: ``action/…/camK``.
        keypoints_px: (T, J, 2); what is not finite is a missing joint.
        image_size: width and height in px.
        fps: frames per second.
        confidence: (T, J), 1 where None.
        intrinsics: (4,) fx, fy, cx, cy in px.
        joints_cam_m: truth, (T, J, 3), or (T, K, 3) of the joints that ``assemble`` is told, NaN where unknown.
        poses_cam: truth, (T, 24, 3) axis-angle.
        betas: truth, (10,).
        transl_cam_m: truth, (T, 3).
        up_cam: truth, (3,).
        scored: truth, (T,) bool.
    """

    name: str
    keypoints_px: np.ndarray
    image_size: tuple[int, int]
    fps: float
    confidence: np.ndarray | None = None
    intrinsics: np.ndarray | None = None
    joints_cam_m: np.ndarray | None = None
    poses_cam: np.ndarray | None = None
    betas: np.ndarray | None = None
    transl_cam_m: np.ndarray | None = None
    up_cam: np.ndarray | None = None
    scored: np.ndarray | None = None


def assemble(
    records: Sequence[ClipRecord],
    where: str | Path,
    layout: Layout = H36M17,
    body: str | None = None,
    truth_joints: Sequence[str] | None = None,
) -> Clips:
    """The clips of all records, in order; optional fields must be in all of them or in none.

    ``body`` is what SMPL truth belongs to, ``truth_joints`` names the true joints where they are not the layout's.

    Raises:
        UserError: there are no records, or what they hold does not make valid clips.
    """
    if not records:
        raise UserError(f"{where}: no clips found")
    keypoints = np.concatenate([record.keypoints_px for record in records]).astype(np.float32, copy=False)
    finite: np.ndarray = np.asarray(np.isfinite(keypoints).all(axis=-1))
    if all(record.confidence is None for record in records):
        confidence: np.ndarray = finite.astype(np.float32)
    else:
        confidence = np.concatenate([_confidence(record) for record in records]).astype(np.float32, copy=False) * finite
    if not finite.all():
        keypoints = np.where(finite[..., None], keypoints, np.float32(0))

    def stacked(key: str, join: Any) -> np.ndarray | None:
        values = [getattr(record, key) for record in records]
        missing = sum(value is None for value in values)
        if missing == len(values):
            return None
        if missing:
            raise UserError(f"{where}: {key} is known for some clips and not for {missing} of {len(values)}")
        return join(values)

    def per_clip(values: list[np.ndarray]) -> np.ndarray:
        return np.stack(values).astype(np.float32)

    def per_frame(values: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(values).astype(np.float32, copy=False)

    lengths = [len(record.keypoints_px) for record in records]
    clips = Clips(
        keypoints=keypoints,
        confidence=confidence,
        clip_start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        clip_name=np.array([record.name for record in records]),
        image_size=np.array([record.image_size for record in records], np.int32),
        fps=np.array([record.fps for record in records], np.float32),
        layout=layout,
        intrinsics=stacked("intrinsics", per_clip),
        joints_cam=stacked("joints_cam_m", per_frame),
        truth_joint_names=None if truth_joints is None else np.array(truth_joints),
        poses=stacked("poses_cam", per_frame),
        betas=stacked("betas", per_clip),
        transl_cam_m=stacked("transl_cam_m", per_frame),
        body=body,
        up_cam=stacked("up_cam", per_clip),
        scored=stacked("scored", np.concatenate),
    )
    return validate_clips(clips, where)


def _confidence(record: ClipRecord) -> np.ndarray:
    if record.confidence is not None:
        return record.confidence
    return np.ones(record.keypoints_px.shape[:2], np.float32)


def member(path: str | Path, members: dict[str, object], key: str) -> object:
    """A member of a source file; raises UserError with those it has."""
    if key not in members:
        raise UserError(f"{path}: no key {key!r}; it has {_names(members)}: a file of another kind or version?")
    return members[key]


def as_dict(path: str | Path, key: str, value: object) -> dict[Any, Any]:
    """``value``, which must be a dictionary that is not empty."""
    if not isinstance(value, dict) or not value:
        raise UserError(f"{path}: {key} must be a dictionary with entries, found {describe(value)}")
    return value


def as_list(path: str | Path, key: str, value: object, length: int | None = None) -> list[Any]:
    """``value``, which must be a list (or tuple, or array of objects), of ``length`` items where given."""
    items = list(value) if isinstance(value, list | tuple | np.ndarray) else None
    if items is None or (length is not None and len(items) != length):
        wanted = "a list" if length is None else f"a list of {length}"
        raise UserError(f"{path}: {key} must be {wanted}, found {describe(value)}")
    return items


def as_array(
    path: str | Path, key: str, value: object, shape: tuple[int | None, ...], *, finite: bool = True
) -> np.ndarray:
    """``value`` as a float32 array of that shape (None = any length but zero).

    Raises:
        UserError: it is no array of numbers, of another shape, empty, or (with ``finite``) holds NaN or infinity.
    """
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        raise UserError(f"{path}: {key} must be an array of numbers of shape {_shape(shape)}, found {describe(value)}")
    wrong = value.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, value.shape, strict=True))
    if wrong or value.size == 0:
        raise UserError(f"{path}: {key} must have shape {_shape(shape)}, found {value.shape}")
    with np.errstate(over="ignore"):
        typed = value.astype(np.float32, copy=False)
    if finite and not np.isfinite(typed).all():
        frame = int(np.argwhere(~np.isfinite(typed))[0][0])
        raise UserError(f"{path}: {key} must be finite, found NaN or infinity, first at index {frame}")
    return typed


def numbers(path: str | Path, key: str, value: object, shape: tuple[int, ...]) -> np.ndarray:
    """``value``, numbers in lists as JSON has them, as a float64 array of exactly that shape; else UserError."""
    try:
        array = np.array(value, np.float64)
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.shape != shape or not np.isfinite(array).all():
        raise UserError(f"{path}: {key} must be {shape} finite numbers, found {ascii(str(value))[:60]}")
    return array


def check_pixels(path: str | Path, key: str, keypoints: np.ndarray) -> None:
    """Refuses 2D that is normalised to [-1, 1] or [0, 1] where pixels are expected."""
    if np.nanmax(np.abs(keypoints), initial=0.0) <= 2.0:
        raise UserError(f"{path}: {key} must be in pixels, found no value above 2: normalised, another version?")


def describe(value: object) -> str:
    """A short name of what was found, for messages."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    if isinstance(value, dict):
        return f"a dictionary of {_names(value)}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a value of type {type(value).__name__}"


def _names(entries: dict[Any, Any]) -> str:
    """The keys of a source file, made safe for a one-line message."""
    shown = [ascii(key)[:40] for key in list(entries)[:8]]
    return (", ".join(shown) + (" …" if len(entries) > 8 else "")) or "no keys"


def _shape(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("T" if n is None else str(n) for n in shape) + ")"
