"""report.html after training and evaluation: numbers with their conventions, frames as pictures, curves of the run.

Everything is read from the documents of the eval JSON and from ``metrics.jsonl``; only the pictures need
the predicted joints. The page itself is made by ``pn3d.evaluation.report_page``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pn3d import __version__
from pn3d import config as configs
from pn3d.data.clips import Clips
from pn3d.data.joints17 import to_h36m17
from pn3d.evaluation import metrics
from pn3d.evaluation.joint_set import root_places
from pn3d.evaluation.joints import common_joints, counted_frames, true_joints
from pn3d.evaluation.report import METRICS, joint_verdicts, joints_words, show, training_rows
from pn3d.evaluation.report_figures import PoseFigure
from pn3d.evaluation.report_page import Section, Table, charts_of_metrics, write_report
from pn3d.files.text import read_json
from pn3d.training.run_folder import read_rows

if TYPE_CHECKING:
    from pn3d.inference.prediction import Prediction

PICTURES = 6
"""Worst frames that are drawn, and as many typical ones."""

_PREDICTIONS = ("flat", "teacher", "student", "prediction")
_FRAMES_NOTE = (
    "Worst: the largest errors, one for each scene. Typical: the frames nearest to the median error, of scenes spread "
    "over the file. The error is the PA-MPJPE. Drawn in the camera's axes, the roots aligned, scaled onto the "
    "truth by least squares; from the side, the camera is on the left."
)


@dataclass(frozen=True)
class Pictured:
    """What frames are drawn from.

    Attributes:
        clips: the file with its truth.
        joints_m: label -> (N, 17, 3) h36m17 in camera axes; the first is the one that is scored. Joints that a
            method has not are NaN.
        reprojected_px: (N, 17, 2) of the first, or None.
    """

    clips: Clips
    joints_m: Mapping[str, np.ndarray]
    reprojected_px: np.ndarray | None = None


def pictured_prediction(prediction: "Prediction", clips: Clips) -> Pictured:
    """A prediction of ours: the student is scored, where there is one, and the teacher stands beside it."""
    joints_m = {"teacher": prediction.teacher_joints_cam_m}
    if prediction.joints_cam_m is not None:
        joints_m = {"student": prediction.joints_cam_m} | joints_m
    return Pictured(clips, joints_m, prediction.reprojected_px)


def write_training_report(folder: Path, pictured: Pictured) -> Path:
    """Writes ``report.html`` of a run folder, from its eval.json, metrics.jsonl and status.json; returns its path."""
    result, status = read_json(folder / "eval.json"), read_json(folder / "status.json")
    rows = training_rows(result["flat"], result["stages"], result.get("mean_pose"))
    data, joint = result["data"], joint_verdicts(result["stages"])
    sections = [
        Section("Results", _score_tables(data["file"], rows), "; ".join(f"joint stage: {word}" for word in joint)),
        Section("By action", _action_tables(result)),
        frame_section(pictured),
        *charts_of_metrics(read_rows(folder / "metrics.jsonl")),
        _run_section(status, result["config"]),
    ]
    subtitle = f"preset {result['config']['preset']}, seed {result['config']['seed']}; evaluated on {describe(data)}"
    shown = [section for section in sections if section.items]
    return write_report(folder / "report.html", f"pn3d: {folder.resolve().name}", subtitle, shown)


def write_evaluation_report(
    path: str | Path, results: Sequence[Mapping[str, Any]], pictures: Sequence[Pictured | None]
) -> Path:
    """Writes the page of one or several evaluations.

    Args:
        path: where to.
        results: documents as in ``results_json``: each with "run" and "data".
        pictures: what to draw for each of them, None where there is nothing.
    """
    sections = []
    for result, pictured in zip(results, pictures, strict=True):
        name = f"{Path(str(result['run'])).name} on {result['data']['file']}"
        tables = _score_tables(
            name, {label: result[label] for label in (*_PREDICTIONS, "mean_pose") if label in result}
        )
        tables += _protocol_tables(result) + _cross_view_tables(result) + _action_tables(result)
        sections.append(Section(name, tables, describe(result["data"])))
        if pictured is not None:
            sections.append(frame_section(pictured))
    return write_report(path, "pn3d: evaluation", f"pn3d {__version__}", sections)


def describe(data: Mapping[str, Any]) -> str:
    """A line about the ``data`` entry of a document."""
    rate = "/".join(f"{fps:g}" for fps in data["fps"])
    text = f"{data['file']}: {data['frames']:,} frames in {data['clips']} clips at {rate} fps, layout {data['layout']}"
    return text + (f", {data['scored_frames']:,} frames scored" if "scored_frames" in data else "")


def frame_section(pictured: Pictured) -> Section:
    """Pictures of the worst and of typical frames: 2D, truth, and every prediction, from the front and the side."""
    clips = to_h36m17(pictured.clips)
    truth_m, label = true_joints(pictured.clips), next(iter(pictured.joints_m))
    joints = list(common_joints(pictured.joints_m[label], pictured.clips, label).index)
    counted = counted_frames(pictured.clips, joints)
    error_mm = metrics.per_frame(
        metrics.pa_mpjpe_mm, pictured.joints_m[label][counted][:, joints], truth_m[counted][:, joints]
    )
    figures = []
    for kind, chosen in zip(("worst", "typical"), choose_frames(error_mm, counted, clips, PICTURES), strict=True):
        for place in chosen:
            frame = int(counted[place])
            clip = int(clips.clip_of_frame[frame])
            where = f"{clips.clip_name[clip]}, frame {frame - int(clips.clip_start[clip])}"
            figures.append(
                PoseFigure(
                    title=f"{kind}: {where}, {error_mm[place]:.0f} mm",
                    layout="h36m17",
                    poses_m=_beside_truth(pictured.joints_m, truth_m, frame),
                    keypoints_px=np.where(clips.confidence[frame, :, None] > 0, clips.keypoints[frame], np.nan),
                    reprojected_px=None if pictured.reprojected_px is None else pictured.reprojected_px[frame],
                )
            )
    return Section(f"Frames of {label}", figures, _FRAMES_NOTE)


def choose_frames(error_mm: np.ndarray, frames: np.ndarray, clips: Clips, count: int) -> tuple[list[int], list[int]]:
    """Indices into ``error_mm``: the worst frame of the ``count`` worst scenes, and a typical one of ``count`` scenes.

    A scene is the clips of one name up to ``/camK``, so that one moment is not drawn from every camera.

    Args:
        error_mm: (n,) of the frames.
        frames: (n,) their indices in the file.
        clips: where they are from.
        count: of scenes, at most.
    """
    names = np.array([str(name).rsplit("/cam", 1)[0] for name in clips.clip_name])
    _, scene = np.unique(names[clips.clip_of_frame[frames]], return_inverse=True)
    by_error = np.lexsort((frames, -error_mm))
    worst = by_error[np.unique(scene[by_error], return_index=True)[1]]
    worst = worst[np.argsort(-error_mm[worst], kind="stable")][:count]
    by_middle = np.lexsort((frames, np.abs(error_mm - np.median(error_mm))))
    typical = by_middle[np.unique(scene[by_middle], return_index=True)[1]]
    spread = np.unique(np.linspace(0, len(typical) - 1, min(count, len(typical))).round().astype(int))
    return worst.tolist(), typical[spread].tolist()


def _beside_truth(joints_m: Mapping[str, np.ndarray], truth_m: np.ndarray, frame: int) -> dict[str, np.ndarray]:
    """The truth and the predictions: root-relative metres at the truth's scale."""
    known = np.flatnonzero(~np.isnan(truth_m[frame]).any(axis=1))
    root = known[list(root_places(known.tolist()))]
    truth = truth_m[frame].astype(np.float64) - truth_m[frame, root].mean(axis=0)
    poses = {"truth": truth}
    for label, joints in joints_m.items():
        pose = joints[frame].astype(np.float64)
        pose = pose - np.nan_to_num(pose[root].mean(axis=0))
        scale = np.nansum(pose * truth) / max(float(np.nansum(pose[known] ** 2)), 1e-12)
        poses[label] = pose * max(float(scale), 0.0)
    return poses


def _score_tables(title: str, columns: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    """A row for each number with its convention, a column for each prediction."""
    keys = [key for key in METRICS if any(key in of for of in columns.values())]
    if not keys:
        return []
    rows = [
        (METRICS[key].name, *(show(key, of) if key in of else None for of in columns.values()), METRICS[key].convention)
        for key in keys
    ]
    first, *others = joints_words(columns)
    head, note = (first, "") if first.startswith("17") and not others else ("", "; ".join([first, *others]))
    return [Table(title, (head, *columns, "convention"), rows, note=note, words=1)]


def _action_tables(result: Mapping[str, Any]) -> list[Table]:
    """PA-MPJPE by action, where there is more than one."""
    labels = [label for label in _PREDICTIONS if "per_action" in result.get(label, {})]
    actions = sorted({action for label in labels for action in result[label]["per_action"]})
    if len(actions) < 2:
        return []
    rows = [(action, *(result[label]["per_action"].get(action) for label in labels)) for action in actions]
    note = "means over the frames of each action"
    return [Table("PA-MPJPE mm by action", ("action", *labels), rows, note=note)]


def _protocol_tables(result: Mapping[str, Any]) -> list[Table]:
    """A table for each protocol: its numbers, their conventions, and why others were left out."""
    protocols: Mapping[str, Mapping[str, Any]] = result.get("protocols", {})
    tables = []
    for name in dict.fromkeys(name for of in protocols.values() for name in of):
        found = {label: of[name] for label, of in protocols.items() if name in of}
        keys = dict.fromkeys(key for of in found.values() for key in of["numbers"])
        rows = []
        for key in keys:
            numbers = {label: of["numbers"].get(key) for label, of in found.items()}
            one = next(number for number in numbers.values() if number)
            over = "mean over actions" if one["average"] == "actions" else "mean over frames"
            how = f"{one['convention']}; {over}, {one['frames']:,} frames"
            rows.append((key, *(number["value"] if number else None for number in numbers.values()), one["unit"], how))
        left_out = [
            f"{label}, {key}: {why}" for label, of in found.items() for key, why in of.get("left_out", {}).items()
        ]
        title = f"{name}: {next(iter(found.values()))['title']}"
        note = f"left out: {'; '.join(left_out)}" if left_out else ""
        tables.append(Table(title, ("number", *found, "unit", "convention"), rows, note=note, words=2))
    return tables


def _cross_view_tables(result: Mapping[str, Any]) -> list[Table]:
    views: Mapping[str, Mapping[str, Any]] = result.get("cross_view", {})
    if not views:
        return []
    scenes = sorted({scene for of in views.values() for scene in of["per_scene"]})
    rows: list[tuple[str | float | None, ...]] = [("all", *(of["cross_view_pa_mm"] for of in views.values()))]
    rows += [(scene, *(of["per_scene"].get(scene) for of in views.values())) for scene in scenes]
    first = next(iter(views.values()))
    note = f"{first['pairs']} pairs of clips, {first['frames']:,} frames; {first['convention']}"
    return [Table("PA distance between views, mm", ("scene", *views), rows, note=note)]


def _run_section(status: Mapping[str, Any], config: Mapping[str, Any]) -> Section:
    """What ran, how long, on what, and every setting."""
    seconds = ", ".join(f"{stage} {value:.0f} s" for stage, value in status.get("seconds_per_stage", {}).items())
    facts = {
        "command": status.get("command"),
        "time": seconds,
        "peak memory": f"{status['peak_rss_mb']} MB" if "peak_rss_mb" in status else None,
        "code": status.get("git"),
        "versions": ", ".join(f"{name} {version}" for name, version in status.get("versions", {}).items()),
    }
    rows = [(name, str(value)) for name, value in facts.items() if value]
    settings = [(name, str(value)) for name, value in configs.flatten(configs.from_json(dict(config))).items()]
    return Section(
        "The run",
        [Table("What ran", ("", ""), rows, words=1), Table("Settings", ("name", "value"), settings, words=1)],
    )
