"""Scoring any method: joints in an npz against the truth of a keypoint file, without our networks.

Keys of the file (plain arrays; the names in brackets are those of our own ``prediction.npz``):

- ``joints`` [``joints_cam_m``] (N, J, 3) float, camera axes (x right, y down, z forward), a row for each true frame
- ``layout`` str, or ``joint_names`` (J,) str: what the joints are; mapped by name
- ``unit`` "m" (default) or "mm"; ``metric_scale`` bool (default True): False for a method that knows no size
- ``clip_start`` (C + 1,) optional: checked against the truth's
- ``poses`` [``poses_cam``] (N, 24, 3), ``betas`` (C, S), ``transl_cam_m`` (N, 3), ``body`` [``body_name``]
  str: optional, all of them or none, for what is measured on a body
- ``foot_contact`` (N, 4), ``body_joints_world_m`` (N, 24, 3): optional, beside a body
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.body.model import BodyModel
from pn3d.data.clips import Clips
from pn3d.evaluation.baselines import flat_joints
from pn3d.evaluation.body_metrics import SmplTrack, sole_height_m
from pn3d.evaluation.evaluate import Scores, named_body, score_joints
from pn3d.evaluation.joints import common_joints, counted_frames, true_joints
from pn3d.evaluation.protocol_run import ProtocolResult, require_applied, run_protocols
from pn3d.files.errors import UserError
from pn3d.files.plain_npz import one_text, read_plain_npz
from pn3d.geometry.skeleton import H36M17, get_layout

_UNITS = {"m": 1.0, "mm": 1e-3}
_WANTED = (
    *("joints", "joints_cam_m", "teacher_joints_cam_m", "layout", "joint_names", "unit", "metric_scale", "clip_start"),
    *("poses", "poses_cam", "betas", "transl_cam_m", "up_cam", "body", "body_name"),
    *("foot_contact", "body_joints_world_m"),
)
_LABELS = {"prediction": "joints", "student": "joints_cam_m", "teacher": "teacher_joints_cam_m"}
"""What a prediction is called, and the key it is read from; the last two are those of our own files."""

_LIKELY_MILLIMETRES = 100.0
"""A prediction this many times larger than the truth was surely not written in metres."""


@dataclass(frozen=True)
class PredictedFile:
    """The joints of a method.

    Attributes:
        joints_m: label -> (N, 17, 3) h36m17; joints that the method lacks are NaN. "prediction", or "student" and
            "teacher" for a file of ours.
        metric_scale: label -> whether they are in metres.
        smpl: the body of the first label, None where the file has none.
        body_name: its name.
    """

    joints_m: dict[str, np.ndarray]
    metric_scale: dict[str, bool]
    smpl: SmplTrack | None = None
    body_name: str | None = None


@dataclass(frozen=True)
class FileScores:
    """What a file scored: M by label ("flat" too), protocols by label, and what was skipped, with the reason."""

    scores: dict[str, Scores]
    protocols: dict[str, list[ProtocolResult]]
    skipped: dict[str, dict[str, str]]

    def to_json(self) -> dict[str, Any]:
        """Plain containers for a JSON file: M by label, ``protocols`` and ``skipped`` by label."""
        protocols = {label: {result.name: result.to_json() for result in of} for label, of in self.protocols.items()}
        return {**self.scores, "protocols": protocols} | (
            {"skipped": self.skipped} if any(self.skipped.values()) else {}
        )


def score_file(
    path: str | Path,
    clips: Clips,
    *,
    protocols: Sequence[str] | None = None,
    frames: np.ndarray | None = None,
    body: BodyModel | None = None,
) -> FileScores:
    """Scores a predictions file under our metrics and the field's protocols.

    Args:
        path: the predictions.
        clips: the file with its truth.
        protocols: names; every one that applies where None.
        frames: the list of frames for protocols that need one.
        body: the model of the file's SMPL parameters; where None the built-in body, if the file names it.

    Raises:
        UserError: the file cannot be read, does not fit the truth, or has fewer than six joints in common with it.
    """
    predicted = read_predictions(path, clips)
    if body is not None and predicted.body_name is not None and body.name != predicted.body_name:
        raise UserError(f"{path}: 'body' is {predicted.body_name!r}, but the body given is {body.name!r}")
    if body is None and predicted.body_name is not None:
        body = named_body(predicted.body_name)
    scores: dict[str, Scores] = {"flat": score_joints(flat_joints(clips), clips, metric_scale=False)}
    results: dict[str, list[ProtocolResult]] = {}
    skipped: dict[str, dict[str, str]] = {}
    for label, joints_m in predicted.joints_m.items():
        smpl = predicted.smpl if label != "teacher" else None
        scaled = predicted.metric_scale[label]
        scores[label] = score_joints(joints_m, clips, metric_scale=scaled, predicted_smpl=smpl, body=body)
        results[label], skipped[label] = run_protocols(
            protocols, joints_m, clips, metric_scale=scaled, frames=frames, predicted_smpl=smpl, body=body
        )
    require_applied(protocols, skipped)
    return FileScores(scores, results, skipped)


def read_predictions(path: str | Path, clips: Clips) -> PredictedFile:
    """Reads a predictions file and checks it against the truth that it predicts; UserError where it does not fit."""
    path = Path(path)
    arrays = read_plain_npz(path, _WANTED, "predictions with named arrays")
    keys = {label: key for label, key in _LABELS.items() if key in arrays}
    if "prediction" in keys:
        keys = {"prediction": keys["prediction"]}
    if not keys:
        raise UserError(f"{path}: no key 'joints' (N, J, 3) in this predictions file, nor 'joints_cam_m'")
    if "clip_start" in arrays and not np.array_equal(arrays["clip_start"], clips.clip_start):
        found = arrays["clip_start"]
        raise UserError(
            f"{path}: 'clip_start' must be the truth's: {clips.num_clips} clips that end at {clips.frames}; found "
            f"{max(found.size - 1, 0)} that end at {found.flat[-1] if found.size else 0}, or of other lengths"
        )
    has_scale = arrays.get("metric_scale", np.array(True))
    if has_scale.size != 1 or has_scale.dtype.kind not in "bi":
        raise UserError(f"{path}: 'metric_scale' must be one bool, found {has_scale.dtype} of shape {has_scale.shape}")
    joints, scale = {}, {}
    for label, key in keys.items():
        joints[label] = _joints_m(path, arrays, key, _joint_names(path, arrays, key), clips)
        scale[label] = label != "teacher" and bool(has_scale.reshape(-1)[0])
        if scale[label] and "unit" not in arrays and clips.joints_cam is not None:
            _check_metres(path, key, joints[label], clips)
    smpl, body_name = _smpl(path, arrays, clips)
    return PredictedFile(joints, scale, smpl, body_name)


def _joint_names(path: Path, arrays: dict[str, np.ndarray], key: str) -> tuple[str, ...]:
    """The names of the file's joints, from its layout or its list, checked against each other and the array."""
    array = arrays[key]
    if array.ndim != 3 or array.shape[-1] != 3 or array.dtype.kind != "f":
        raise UserError(f"{path}: {key!r} must be (N, J, 3) float, found {array.dtype} of shape {array.shape}")
    if "layout" not in arrays and "joint_names" not in arrays:
        raise UserError(f"{path}: no key 'layout' (a name) or 'joint_names' (J,): unnamed joints are not scored")
    names: tuple[str, ...] | None = None
    if "joint_names" in arrays:
        found = arrays["joint_names"]
        if found.ndim != 1 or found.dtype.kind != "U":
            raise UserError(f"{path}: 'joint_names' must be (J,) str, found {found.dtype} of shape {found.shape}")
        names = tuple(str(name) for name in found)
    if "layout" in arrays:
        try:
            layout = get_layout(one_text(path, "layout", arrays["layout"]))
        except UserError as error:
            raise UserError(f"{path}: 'layout': {error}") from error
        if names is not None and names != layout.joints:
            raise UserError(f"{path}: 'joint_names' are not the joints of layout {layout.name!r}; give one of the two")
        names = layout.joints
    assert names is not None
    if len(names) != array.shape[1]:
        raise UserError(f"{path}: {key!r} has {array.shape[1]} joints, but {len(names)} are named")
    if len(set(names)) != len(names):
        raise UserError(f"{path}: 'joint_names' has a name twice; expected each once")
    if not set(names) & set(H36M17.joints):
        raise UserError(f"{path}: none of the joints {', '.join(names[:4])} ... is one of {', '.join(H36M17.joints)}")
    return names


def _joints_m(path: Path, arrays: dict[str, np.ndarray], key: str, names: tuple[str, ...], clips: Clips) -> np.ndarray:
    """(N, 17, 3) in h36m17; NaN for joints that are not named."""
    array = arrays[key]
    if array.shape != (clips.frames, len(names), 3):
        expected = f"({clips.frames}, {len(names)}, 3), a row for each frame of the truth"
        raise UserError(f"{path}: {key!r} must have shape {expected}; found {array.shape}")
    if not np.isfinite(array).all():
        frame, joint = (int(i) for i in np.argwhere(~np.isfinite(array))[0][:2])
        raise UserError(f"{path}: {key!r} must be finite, found {array[frame, joint]} at frame {frame}, joint {joint}")
    unit = one_text(path, "unit", arrays["unit"]) if "unit" in arrays else "m"
    if unit not in _UNITS:
        raise UserError(f"{path}: 'unit' must be 'm' or 'mm', found {unit!r}")
    joints_m = np.full((len(array), len(H36M17.joints), 3), np.nan, np.float64 if array.itemsize > 4 else np.float32)
    for place, name in enumerate(H36M17.joints):
        if name in names:
            joints_m[:, place] = array[:, names.index(name)] * _UNITS[unit]
    return joints_m


def _check_metres(path: Path, key: str, joints_m: np.ndarray, clips: Clips) -> None:
    """Refuses what is far larger than the truth: millimetres read as metres would score as nonsense."""
    joints = list(common_joints(joints_m, clips, str(path)).index)
    counted = counted_frames(clips, joints)
    ours_m, true_m = (of[counted][:, joints] for of in (joints_m, true_joints(clips)))
    ratio = float(np.median(ours_m.std(axis=1)) / np.median(true_m.std(axis=1)))
    if ratio > _LIKELY_MILLIMETRES:
        raise UserError(
            f"{path}: {key!r} is {ratio:.0f} times larger than the truth in metres; add unit='mm' if it is in "
            "millimetres, or metric_scale=False if it has no scale"
        )


def _smpl(path: Path, arrays: dict[str, np.ndarray], clips: Clips) -> tuple[SmplTrack | None, str | None]:
    """The SMPL parameters of the file and the name of their body, None where there are none."""
    poses_key = "poses_cam" if "poses_cam" in arrays else "poses"
    body_key = "body_name" if "body_name" in arrays else "body"
    keys = (poses_key, "betas", "transl_cam_m", body_key)
    present = [key for key in keys if key in arrays]
    if poses_key not in present:
        return None, None
    if missing := [key for key in keys if key not in present]:
        raise UserError(f"{path}: {poses_key!r} needs {', '.join(map(repr, missing))} beside it, found none")
    for key in (poses_key, "betas", "transl_cam_m", "up_cam", "foot_contact", "body_joints_world_m"):
        if key in arrays and arrays[key].dtype.kind not in "fiub":
            raise UserError(f"{path}: {key!r} must be numbers, found {arrays[key].dtype}")
    world = arrays.get("body_joints_world_m")
    if world is not None and world.shape != (clips.frames, 24, 3):
        raise UserError(f"{path}: 'body_joints_world_m' must have shape ({clips.frames}, 24, 3), found {world.shape}")
    try:
        track = SmplTrack(
            arrays[poses_key],
            arrays["betas"],
            arrays["transl_cam_m"],
            arrays.get("up_cam"),
            arrays.get("foot_contact"),
            None if world is None else sole_height_m(world),
        )
        track.check(clips.clip_start)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
    return track, one_text(path, body_key, arrays[body_key])
