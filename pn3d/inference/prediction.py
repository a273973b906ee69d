"""What is predicted: the arrays of ``prediction.npz``, and what can be asked of them."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.body.model import BodyModel
from pn3d.export.files import write_exports
from pn3d.export.footage import Footage
from pn3d.files.atomic import whole_file
from pn3d.files.errors import UserError
from pn3d.inference.motion import clip_motion
from pn3d.inference.summary import summarise
from pn3d.inference.warnings import warning_sentences

_PER_CLIP = frozenset(
    ("up_cam", "intrinsics", "fps", "clip_name", "betas", "image_size", "first_frame", "has_joint", "reading_score")
)
_ONCE = frozenset(
    (
        "intrinsics_source",
        "clip_start",
        "joint_names",
        "body_name",
        "body_sha256",
        "pn3d_version",
        "body",
        "height_source",
        "sides_kept",
        "wide_views",
    )
)
"""Fields without a row per frame; all others have one."""

NOT_IN_FILES = frozenset(
    ("error_signs", "image_size", "body", "height_source", "sides_kept", "wide_views", "reading_score")
)


@dataclass(frozen=True)
class Prediction:
    """What is known of N frames in C clips.

    ``_cam``: camera axes (x right, y down, z forward). ``_world``: x left, y up, z forward, ground at y = 0, one world
    per clip. ``body_joints_cam_m`` is the forward kinematics of ``poses_cam, betas, transl_cam_m``; ``joints_cam_m``
    the landmarks of it. Student arrays are None where the weights hold no student yet; they are then not written.

    Attributes:
        teacher_joints_cam_m: (N, 17, 3) the teacher's, at the student's scale and place (without one: about life-size).
        elevation_rad: (N,) positive = camera above the person.
        up_cam: (C, 3) the world's up in camera axes.
        keypoints_px: (N, 17, 2) the input as the networks got it; input_confidence: (N, 17), 0 = missing.
        intrinsics: (C, 4) fx, fy, cx, cy in px; intrinsics_source: where they are from.
        first_frame: (C,) what the input calls each clip's first frame; frame_number: (N,) and every frame.
        time_s: (N,) seconds since the video's beginning.
        filled: (N,) bool, frames in which the person was not detected; has_joint: (C, 17) bool, joints that the input's
            layout has, seen or not.
        sides_exchanged: (N, 2) bool, left and right of legs, of arms were exchanged in the input; they are put right in
            ``keypoints_px``, unless ``sides_kept``. reading_score: (C,) how much likelier the input's sides are than
            exchanged ones. The last two are not in files.
        wide_views: whether the weights learnt from cameras far below and above; not in files.
        fps: (C,); clip_start: (C + 1,); clip_name: (C,).
        joint_names: (17,) of all arrays of 17 joints.
        body_name, body_sha256: the body that the student poses.
        pn3d_version: of the program.
        joints_cam_m: (N, 17, 3); body_joints_cam_m: (N, 24, 3); poses_cam: (N, 24, 3) axis-angle; betas: (C, 10);
            transl_cam_m: (N, 3); reprojected_px: (N, 17, 2) the joints in the picture.
        joints_world_m, teacher_joints_world_m, body_joints_world_m, poses_world, transl_world_m: the same upright.
        foot_contact: (N, 4) probability that left heel, right heel, left toe, right toe stand; path_cut: (N,) bool,
            frames to which no path leads from the frame before; airborne: (N,) bool, frames in which the person flies.
            None where every frame was placed by itself.
        depth_carried: (N,) bool, frames in which the networks were overruled (``pn3d.inference.leaps``); None where
            nothing was refined.
        expected_error_mm: (N,) PA-MPJPE that is likely (``pn3d.inference.uncertainty``): a rough guess.
        camera_turn_rad: (N, 3) how the camera has turned, as in ``Clips``, and ``up_cam`` is then of where it looked in
            the middle of the clip; None = it is taken to stand still.
        ankles_measured: (N, 2) whether the left and the right ankle follow heel and toe that were seen; else at rest.
        error_signs: (N, 2) what ``expected_error_mm`` is computed from; image_size: (C, 2) width and height in px;
            body: the body model; height_source: "shape" or "given". These four are not in files.
    """

    teacher_joints_cam_m: np.ndarray
    elevation_rad: np.ndarray
    up_cam: np.ndarray
    keypoints_px: np.ndarray
    input_confidence: np.ndarray
    intrinsics: np.ndarray
    intrinsics_source: str
    fps: np.ndarray
    clip_start: np.ndarray
    clip_name: np.ndarray
    joint_names: np.ndarray
    body_name: str
    body_sha256: str
    pn3d_version: str
    first_frame: np.ndarray | None = None
    frame_number: np.ndarray | None = None
    time_s: np.ndarray | None = None
    filled: np.ndarray | None = None
    has_joint: np.ndarray | None = None
    sides_exchanged: np.ndarray | None = None
    sides_kept: bool = False
    wide_views: bool = False
    reading_score: np.ndarray | None = None
    joints_cam_m: np.ndarray | None = None
    body_joints_cam_m: np.ndarray | None = None
    poses_cam: np.ndarray | None = None
    betas: np.ndarray | None = None
    transl_cam_m: np.ndarray | None = None
    reprojected_px: np.ndarray | None = None
    joints_world_m: np.ndarray | None = None
    teacher_joints_world_m: np.ndarray | None = None
    body_joints_world_m: np.ndarray | None = None
    poses_world: np.ndarray | None = None
    transl_world_m: np.ndarray | None = None
    foot_contact: np.ndarray | None = None
    path_cut: np.ndarray | None = None
    airborne: np.ndarray | None = None
    depth_carried: np.ndarray | None = None
    expected_error_mm: np.ndarray | None = None
    camera_turn_rad: np.ndarray | None = None
    ankles_measured: np.ndarray | None = None
    error_signs: np.ndarray | None = None
    image_size: np.ndarray | None = None
    body: BodyModel | None = None
    height_source: str = "shape"

    @property
    def num_clips(self) -> int:
        """C."""
        return len(self.clip_name)

    @property
    def clips(self) -> Iterator["Prediction"]:
        """The clips one by one, each a prediction of its own."""
        return (self.clip(index) for index in range(self.num_clips))

    def clip(self, which: int | str) -> "Prediction":
        """One clip by its number or name; UserError where there is none."""
        names = [str(name) for name in self.clip_name]
        if which not in (names if isinstance(which, str) else range(self.num_clips)):
            raise UserError(f"clip: no {which!r}; there are {self.num_clips}, of the names {', '.join(names[:8])}")
        index = names.index(which) if isinstance(which, str) else which
        begin, end = int(self.clip_start[index]), int(self.clip_start[index + 1])
        frames, clips = slice(begin, end), slice(index, index + 1)
        cut: dict[str, Any] = {
            name: getattr(self, name)[clips if name in _PER_CLIP else frames] for name in _arrays_with_rows(self)
        }
        return dataclasses.replace(self, **cut, clip_start=np.array([0, end - begin], np.int64))

    @functools.cached_property
    def summary(self) -> dict[str, Any]:
        """What it says of itself, without truth: the plain numbers of ``summary.json`` (docs/prediction.md)."""
        return summarise(self)

    @functools.cached_property
    def warnings(self) -> list[str]:
        """What is likely wrong with it or with its input, a sentence each."""
        return warning_sentences(self.summary)

    def save(self, path: str | Path) -> None:
        """Writes ``prediction.npz``, under a temporary name until it is whole; without arrays that do not exist."""
        save_prediction(Path(path), self)

    def export(
        self, folder: str | Path, formats: Sequence[str], *, rig: str = "smpl", footage: Footage | None = None
    ) -> list[Path]:
        """Writes files that other programs open: what ``pn3d predict --export`` does.

        Args:
            folder: made where there is none; several clips get a folder ``clip_000`` … each.
            formats: of ``bvh``, ``glb``, ``csv``, ``trc``, ``amass``, ``html``.
            rig: skeleton of BVH and GLB: ``smpl``, ``mixamo``, ``unreal``, and ``vrm`` for GLB.
            footage: the video behind the 2D view of ``result.html``.

        Returns:
            What was written.

        Raises:
            UserError: a format or rig that does not exist, no student's body, or a folder that cannot be written.
        """
        if isinstance(formats, str):
            raise UserError(f"formats: expected a list such as ['bvh'], found {formats!r}")
        written = []
        for index, one in enumerate(self.clips):
            place = Path(folder) if self.num_clips == 1 else Path(folder) / f"clip_{index:03d}"
            written += write_exports(place, clip_motion(one, footage), formats, rig=rig)
        return written


def _arrays_with_rows(prediction: Prediction) -> list[str]:
    """Names of the arrays that are there and have a row per frame or per clip."""
    names = [item.name for item in dataclasses.fields(prediction) if item.name not in _ONCE]
    return [name for name in names if getattr(prediction, name) is not None]


def concatenated(parts: Sequence[Prediction]) -> Prediction:
    """Predictions of one weights file, one after the other."""
    if len(parts) == 1:
        return parts[0]
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in _arrays_with_rows(parts[0])
    }
    starts = np.cumsum([0, *np.concatenate([np.diff(part.clip_start) for part in parts])]).astype(np.int64)
    return dataclasses.replace(parts[0], **joined, clip_start=starts)


def save_prediction(path: Path, prediction: Prediction) -> None:
    """Writes prediction.npz, under a temporary name first. Arrays that do not exist are left out."""
    names = [item.name for item in dataclasses.fields(prediction) if item.name not in NOT_IN_FILES]
    values = {name: getattr(prediction, name) for name in names}
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in values.items() if value is not None}
    with whole_file(path) as stream:
        np.savez(stream, **arrays)
