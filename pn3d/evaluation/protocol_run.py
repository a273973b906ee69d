"""Scoring joints by a protocol of the table, and reading lists of frames."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.body.model import BodyModel
from pn3d.data.clips import Clips
from pn3d.evaluation import body_metrics, metrics
from pn3d.evaluation.body_metrics import SmplTrack
from pn3d.evaluation.joint_set import MIN_JOINTS, root_places, root_words
from pn3d.evaluation.joints import counted_frames, genres, group_means, known_joints, true_joints
from pn3d.evaluation.protocols import PROTOCOLS, Measure, Number, get_protocol
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17


class DoesNotApplyError(UserError):
    """No number of a protocol applies to a prediction."""


@dataclass(frozen=True)
class Value:
    """A number as it was measured.

    Attributes:
        number: its convention says so where the truth has only some of the protocol's joints.
        value: by its average.
        frames: it was measured over so many.
        per_action: over those of each action, or of each genre where the number is given by genre.
        joints: names of the joints, empty for vertices.
    """

    number: Number
    value: float
    frames: int
    per_action: dict[str, float]
    joints: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProtocolResult:
    """What a protocol gave; ``left_out`` says of each number that does not apply why."""

    name: str
    values: tuple[Value, ...]
    left_out: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain containers for a JSON file."""
        numbers = {
            v.number.key: {
                "value": v.value,
                "unit": v.number.unit,
                "convention": v.number.convention,
                "average": v.number.average,
                "frames": v.frames,
                f"per_{v.number.by}": v.per_action,
            }
            | ({"joints": list(v.joints)} if v.joints else {})
            for v in self.values
        }
        result: dict[str, Any] = {"protocol": self.name, "title": PROTOCOLS[self.name].title, "numbers": numbers}
        return result | ({"left_out": self.left_out} if self.left_out else {})


def run_protocol(
    name: str,
    predicted_m: np.ndarray,
    clips: Clips,
    *,
    metric_scale: bool,
    frames: np.ndarray | None = None,
    predicted_smpl: SmplTrack | None = None,
    body: BodyModel | None = None,
) -> ProtocolResult:
    """Scores joints by one protocol.

    Args:
        name: a key of ``PROTOCOLS``.
        predicted_m: (N, 17, 3) h36m17 in camera axes; joints that the method does not have are NaN in every frame. They
            leave out the numbers that need them, unless the truth names its joints: then those count that both have.
        clips: the file with its truth.
        metric_scale: whether the prediction is in metres.
        frames: indices of the only frames to be scored, before strides and endings of names; all where None.
        predicted_smpl: the prediction's body, for the vertex error.
        body: its model.

    Raises:
        DoesNotApplyError: no number of it applies to the prediction.
        UserError: unknown protocol, no frames given where it needs them, or no truth.
        ValueError: arrays that do not fit together.
    """
    protocol = get_protocol(name)
    if protocol.needs_frames and frames is None:
        raise UserError(f"protocol {name!r} scores a list of frames and was given none; name it with --frames FILE")
    truth_m = true_joints(clips)
    if predicted_m.shape != truth_m.shape:
        raise ValueError(f"predicted_m {predicted_m.shape} and the truth {truth_m.shape} must have one shape")
    absent = np.isnan(predicted_m).all(axis=(0, 2))
    comparable = set(known_joints(clips).index)
    if clips.truth_joint_names is not None:
        comparable -= set(np.flatnonzero(absent).tolist())
    values, left_out = [], {}
    for number in protocol.numbers:
        joints = [joint for joint in number.joints if joint in comparable]
        reason = _why_not(number, joints, absent, metric_scale)
        if number.measure is None and not reason:
            reason = _why_no_vertices(predicted_smpl, clips, body)
        chosen = np.empty(0, np.int64) if reason else _frames_of(number, joints, clips, frames)
        if not reason and not len(chosen):
            reason = f"no frame of a clip whose name ends in {number.ending}" if number.ending else "none of the frames"
        if reason:
            left_out[number.key] = reason
        elif number.measure is None:
            assert predicted_smpl is not None
            assert body is not None
            values.append(_vertex_value(number, predicted_smpl, clips, body, chosen))
        else:
            root = root_places(joints, hips=number.about == "hips")
            per_frame = metrics.per_frame(
                _about(number.measure, root), predicted_m[chosen][:, joints], truth_m[chosen][:, joints]
            )
            value = _averaged(_as_measured(number, joints, root), per_frame, clips, chosen)
            values.append(replace(value, joints=tuple(H36M17.joints[joint] for joint in joints)))
    if not values:
        reasons = "; ".join(f"{key}: {why}" for key, why in left_out.items())
        raise DoesNotApplyError(f"protocol {name!r} does not apply to this prediction: {reasons}")
    return ProtocolResult(name, tuple(values), left_out)


def run_protocols(
    names: Sequence[str] | None,
    predicted_m: np.ndarray,
    clips: Clips,
    *,
    metric_scale: bool,
    frames: np.ndarray | None = None,
    predicted_smpl: SmplTrack | None = None,
    body: BodyModel | None = None,
) -> tuple[list[ProtocolResult], dict[str, str]]:
    """Several protocols, or every one that applies where ``names`` is None; arguments as ``run_protocol``.

    ``frames`` restricts every protocol that is asked for by name; of all, only those that need a list of frames.

    Returns:
        the results, and the protocols that do not apply, with their reasons.
    """
    results, skipped = [], {}
    for name in PROTOCOLS if names is None else names:
        if names is None and PROTOCOLS[name].by_genre and not any(genres(clips)):
            skipped[name] = "no clip is named as AIST++ names its sequences (gBR_sBM_cAll_d06_mBR2_ch06)"
            continue
        try:
            results.append(
                run_protocol(
                    name,
                    predicted_m,
                    clips,
                    metric_scale=metric_scale,
                    frames=frames if get_protocol(name).needs_frames or names is not None else None,
                    predicted_smpl=predicted_smpl,
                    body=body,
                )
            )
        except UserError as error:
            if names is not None and not isinstance(error, DoesNotApplyError):
                raise
            skipped[name] = str(error)
    return results, skipped


def require_applied(names: Sequence[str] | None, skipped: Mapping[str, Mapping[str, str]]) -> None:
    """Refuses a protocol that was asked for by name and applies to none of the predictions, ``skipped`` by label."""
    for name in names or ():
        if all(name in of for of in skipped.values()):
            raise UserError("; ".join(dict.fromkeys(of[name] for of in skipped.values())))


def read_frames(path: str | Path, total: int) -> np.ndarray:
    """Indices of frames of a data file: text with one number a line (``#`` begins a comment), or ``.npy`` of integers.

    Returns:
        (n,) int64, sorted. UserError where the file cannot be read, is empty, or names a frame twice or outside.
    """
    path = Path(path)
    try:
        if path.suffix == ".npy":
            found = np.load(path, allow_pickle=False)
        else:
            lines = (line.split("#", 1)[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
            found = np.array([int(line) for line in lines if line], np.int64)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot read a list of frames (one integer a line, or .npy): {error}") from error
    if found.ndim != 1 or not len(found) or found.dtype.kind not in "iu":
        raise UserError(f"{path}: expected a list of frame numbers, found {found.dtype} of shape {found.shape}")
    if found.min() < 0 or found.max() >= total:
        raise UserError(f"{path}: frames must be within 0 ... {total - 1}, found {found.min()} to {found.max()}")
    if len(np.unique(found)) != len(found):
        raise UserError(f"{path}: {len(found) - len(np.unique(found))} frames are named more than once")
    return np.sort(found).astype(np.int64)


def _frames_of(number: Number, joints: list[int], clips: Clips, frames: np.ndarray | None) -> np.ndarray:
    """Indices of the frames that a number of these joints is measured on."""
    clip = clips.clip_of_frame
    index = np.arange(clips.frames)
    keep = np.isin(index, counted_frames(clips, joints)) & ((index - clips.clip_start[clip]) % number.stride == 0)
    if number.ending:
        keep &= np.array([str(name).endswith(number.ending) for name in clips.clip_name])[clip]
    if frames is not None:
        keep &= np.isin(index, frames)
    return np.flatnonzero(keep)


def _why_not(number: Number, joints: list[int], absent: np.ndarray, metric_scale: bool) -> str:
    """Why a number does not apply to these joints, which can be compared; empty where it does."""
    if number.needs_scale and not metric_scale:
        return "the prediction has no metric scale"
    if missing := [H36M17.joints[joint] for joint in joints if absent[joint]]:
        return f"the prediction has no {', '.join(missing)}"
    if len(joints) < min(MIN_JOINTS, len(number.joints)):
        return f"truth and prediction both have {len(joints)} of its {len(number.joints)} joints, expected {MIN_JOINTS}"
    return ""


def _as_measured(number: Number, joints: list[int], root: Sequence[int]) -> Number:
    """The number with a convention that tells where the truth has only some of its joints."""
    if len(joints) == len(number.joints):
        return number
    put = "" if not number.about else f", {root_words(root)} aligned"
    names = ", ".join(H36M17.joints[joint] for joint in joints)
    which = f"here only the {len(joints)} joints that truth and prediction both have{put}: {names}"
    return replace(number, convention=f"{number.convention}; {which}")


def _about(measure: Measure, root: Sequence[int]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The measure with its root."""
    return lambda predicted_m, truth_m: measure(predicted_m, truth_m, root)


def _why_no_vertices(predicted: SmplTrack | None, clips: Clips, body: BodyModel | None) -> str:
    if predicted is None:
        return "the prediction has no SMPL parameters"
    if body_metrics.true_track(clips) is None:
        return "the data have no SMPL truth"
    if body is None or body.name != clips.body:
        return f"the truth's vertices need the body {clips.body!r}"
    return ""


def _vertex_value(number: Number, predicted: SmplTrack, clips: Clips, body: BodyModel, chosen: np.ndarray) -> Value:
    """Vertex error on at most MAX_VERTEX_FRAMES of the frames, evenly spread."""
    truth = body_metrics.true_track(clips)
    assert truth is not None
    chosen = chosen[body_metrics.even_subset(len(chosen), body_metrics.MAX_VERTEX_FRAMES)]
    _, pelvis_mm = body_metrics.vertex_errors_mm(predicted, truth, clips.clip_start, body, chosen)
    return _averaged(number, pelvis_mm, clips, chosen)


def _averaged(number: Number, per_frame: np.ndarray, clips: Clips, chosen: np.ndarray) -> Value:
    per_action = group_means(per_frame, clips, chosen, number.by)
    value = np.mean(list(per_action.values())) if number.average == "actions" else per_frame.mean()
    return Value(number, float(value), len(chosen), per_action)
