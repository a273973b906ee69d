"""``pn3d eval``: runs, weights or anybody's predictions against files with truth."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.body.model import BodyModel
from pn3d.commands import session
from pn3d.config import to_json
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.baselines import mean_pose_baseline
from pn3d.evaluation.cross_view import cross_view
from pn3d.evaluation.eval_json import JSON_VERSION, describe_data, results_json
from pn3d.evaluation.evaluate import evaluate_prediction, predicted_track
from pn3d.evaluation.predictions_file import read_predictions, score_file
from pn3d.evaluation.protocol_run import read_frames, require_applied, run_protocols
from pn3d.evaluation.protocols import PROTOCOLS, get_protocol
from pn3d.evaluation.report import batch_table, cross_view_table, evaluation_table, protocol_table
from pn3d.evaluation.run_report import Pictured, pictured_prediction, write_evaluation_report
from pn3d.files.atomic import write_json
from pn3d.files.errors import UserError
from pn3d.files.folders import require_writable
from pn3d.files.text import read_json
from pn3d.inference.predict import predict
from pn3d.inference.prediction import Prediction
from pn3d.inference.weights import Weights, load_weights, require_body
from pn3d.synthetic.scenes import held_out_clips, held_out_family_clips


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d eval``."""
    source = parser.add_mutually_exclusive_group()  # without any: the weights that ship
    source.add_argument("--run", nargs="+", metavar="DIR", help="run folders; several: one table")
    source.add_argument("--weights", nargs="+", metavar="FILE", help="weights files; several: one table")
    source.add_argument("--predictions", metavar="FILE", help="anybody's joints (N, J, 3), see docs/protocols.md")
    parser.add_argument(
        "--data",
        nargs="+",
        metavar="FILE",
        help="native files with truth (default: built-in held-out; 'built-in-families': its second set)",
    )
    parser.add_argument("--protocol", nargs="+", metavar="NAME", help=f"of {', '.join(PROTOCOLS)}")
    parser.add_argument(
        "--frames", metavar="FILE", help="the only frames that --protocol scores, one number a line or .npy"
    )
    parser.add_argument("--cross-view", action="store_true", help="consistency between cameras; needs no truth")
    parser.add_argument("--body", metavar="FILE", help="SMPL file (default: the built-in body)")
    parser.add_argument("--json", metavar="FILE", help="write the numbers here")
    parser.add_argument("--report", metavar="FILE.html", help="write a page here: tables, worst and typical frames")


def run(arguments: argparse.Namespace) -> int:
    """Scores, prints a table, and returns the exit status."""
    require_writable(path for path in (arguments.json, arguments.report) if path)
    _check_wishes(arguments)
    print(session.start_jax(), flush=True)
    body, landmarks = session.find_body(arguments.body)
    data = [_read(path, truth=not arguments.cross_view) for path in arguments.data or [None]]
    results: list[dict[str, Any]] = []
    pictures: list[Pictured | None] = []
    if arguments.predictions:
        for path, clips in data:
            entry, pictured = _score_predictions(arguments, path, clips, body)
            results.append({"run": arguments.predictions, "data": describe_data(clips, path)} | entry)
            pictures.append(pictured)
    else:
        runs: list[tuple[str, Weights, Path | None]] = [
            *((name, load_weights(Path(name) / "weights.npz"), Path(name)) for name in arguments.run or []),
            *((name, load_weights(Path(name)), None) for name in arguments.weights or []),
        ]
        if not runs:
            runs = [("shipped", load_weights(session.SHIPPED_WEIGHTS), None)]
        for _, weights, _ in runs:
            require_body(weights, body)
        for name, weights, folder in runs:
            for path, clips in data:
                prediction = predict(weights, clips, body, landmarks)
                facts = {"run": name, "data": describe_data(clips, path), "config": to_json(weights.config)}
                results.append(facts | _score(arguments, prediction, path, clips, body, folder))
                pictures.append(None if arguments.cross_view else pictured_prediction(prediction, clips))
    if len(results) > 1:
        print(batch_table(results))
    if arguments.json:
        single = {key: value for key, value in results[0].items() if key != "run"}
        document = {"version": JSON_VERSION, **single} if len(results) == 1 else results_json(results)
        write_json(arguments.json, document)
        print(f"numbers: {arguments.json}")
    if arguments.report:
        print(f"report: {write_evaluation_report(arguments.report, results, pictures)}")
    return 0


def _check_wishes(arguments: argparse.Namespace) -> None:
    """What can be known to be wrong before anything is computed."""
    for option, named in (("--run", arguments.run), ("--weights", arguments.weights)):
        if twice := {name for name in named or [] if named.count(name) > 1}:
            raise UserError(f"{option} names {', '.join(sorted(twice))} twice; every row of the table needs a name")
    for name in arguments.protocol or ():
        get_protocol(name)
    if arguments.frames and not (arguments.protocol or arguments.predictions):
        raise UserError("--frames restricts a protocol to some frames, and none is named; give --protocol NAME")
    if arguments.cross_view and arguments.protocol:
        raise UserError("--cross-view reads no truth and --protocol needs it; ask for one of them")
    for path in (arguments.json, arguments.report):
        if path is not None and not Path(path).parent.is_dir():
            raise UserError(f"cannot write {path}: there is no folder {Path(path).parent}")


BUILTIN_DATA = "built-in held-out motion"
BUILTIN_FAMILIES = "built-in-families"


def _read(path: str | None, *, truth: bool) -> tuple[str, Clips]:
    """A data file, or one of the two sets of built-in held-out clips."""
    if path == BUILTIN_FAMILIES:
        return path, held_out_family_clips()
    return (BUILTIN_DATA, held_out_clips()) if path is None else (path, read_clips(Path(path), truth=truth))


def _score(
    arguments: argparse.Namespace,
    prediction: Prediction,
    path: str,
    clips: Clips,
    body: BodyModel,
    folder: Path | None,
) -> dict[str, Any]:
    """Scores of one prediction, printed; the entry of the JSON."""
    predicted = {"teacher": prediction.teacher_joints_cam_m}
    if prediction.joints_cam_m is not None:
        predicted["student"] = prediction.joints_cam_m
    if arguments.cross_view:
        return _cross_views(predicted, clips)
    scores = evaluate_prediction(prediction, clips, body=body)
    entry: dict[str, Any] = dict(scores)
    if folder is not None and (folder / "eval.json").exists():
        trained = read_json(folder / "eval.json")
        # Stages were measured on the run's own evaluation data; elsewhere only the final pair is known.
        if trained["data"] == describe_data(clips, path):
            entry["stages"] = trained["stages"]
    if arguments.protocol:
        entry["protocols"] = _protocols(arguments, predicted, clips, prediction, body)
        return entry
    labelled = dict(scores)
    mean_pose = mean_pose_baseline(clips, body)
    if mean_pose:
        labelled["mean pose"] = mean_pose
        entry["mean_pose"] = mean_pose
    print(evaluation_table(labelled, describe_data(clips, path)), flush=True)
    return entry


def _protocols(
    arguments: argparse.Namespace,
    predicted: dict[str, np.ndarray],
    clips: Clips,
    prediction: Prediction,
    body: BodyModel,
) -> dict[str, Any]:
    """The protocols asked for, of teacher and student, printed."""
    frames = None if arguments.frames is None else read_frames(arguments.frames, clips.frames)
    entries: dict[str, Any] = {}
    skipped: dict[str, dict[str, str]] = {}
    for label, joints_m in predicted.items():
        student = label == "student"
        results, skipped[label] = run_protocols(
            arguments.protocol,
            joints_m,
            clips,
            metric_scale=student,
            frames=frames,
            predicted_smpl=predicted_track(prediction) if student else None,
            body=body if student else None,
        )
        print(protocol_table(label, results, skipped[label]))
        entries[label] = {result.name: result.to_json() for result in results}
    require_applied(arguments.protocol, skipped)
    return entries


def _score_predictions(
    arguments: argparse.Namespace, path: str, clips: Clips, body: BodyModel
) -> tuple[dict[str, Any], Pictured | None]:
    """Scores anybody's predictions file, printed; the entry of the JSON and what to draw."""
    joints_m = read_predictions(arguments.predictions, clips).joints_m
    if arguments.cross_view:
        return _cross_views(joints_m, clips), None
    frames = None if arguments.frames is None else read_frames(arguments.frames, clips.frames)
    given = body if arguments.body else None
    scored = score_file(arguments.predictions, clips, protocols=arguments.protocol, frames=frames, body=given)
    print(evaluation_table(scored.scores, describe_data(clips, path)))
    for label, results in scored.protocols.items():
        print(protocol_table(label, results, scored.skipped[label]))
    scored_first = sorted(joints_m, key=lambda label: label == "teacher")
    return scored.to_json(), Pictured(clips, {label: joints_m[label] for label in scored_first})


def _cross_views(joints_m: Mapping[str, np.ndarray], clips: Clips) -> dict[str, Any]:
    """Consistency between cameras, printed; the entry of the JSON. Joints that a method has not are left out."""
    has = {label: ~np.isnan(joints).all(axis=(0, 2)) for label, joints in joints_m.items()}
    views = {label: cross_view(joints[:, has[label]], clips) for label, joints in joints_m.items()}
    print(cross_view_table(views), flush=True)
    return {"cross_view": {label: view.to_json() for label, view in views.items()}}
