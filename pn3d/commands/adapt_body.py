"""``pn3d adapt-body``: weights of one body -> weights of another, without new 2D data."""

import argparse
import dataclasses
import shutil
import time
from pathlib import Path
from typing import Any

import jax

from pn3d import config as configs
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import Landmarks, builtin_landmarks
from pn3d.body.model import BodyModel
from pn3d.commands import session
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.evaluate import score_joints
from pn3d.files.errors import UserError
from pn3d.files.folders import require_writable
from pn3d.inference.predict import predict
from pn3d.inference.weights import Weights, save_weights
from pn3d.synthetic.scenes import held_out_clips, make_synthetic_clips
from pn3d.training.adapt import adapt_student, adaptation_config
from pn3d.training.loop import Reporter, StoppedError, check_devices
from pn3d.training.run_folder import RunFolder

LICENCE = (
    "The student was made for the body named here. Where that body comes from an SMPL model file, the file's terms "
    "(smpl.is.tue.mpg.de) apply to what is derived from it, and so to these weights."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d adapt-body``."""
    parser.add_argument("body", metavar="SMPL_FILE", help="an SMPL .pkl, or an .npz of convert-body")
    parser.add_argument("--weights", metavar="FILE", help="weights to start from (default: those that come with pn3d)")
    parser.add_argument("--output", metavar="FILE", help="where to write (default: NAME.weights.npz)")
    parser.add_argument("--eval", metavar="FILE", help="native file with truth, only reported (default: built-in)")
    parser.add_argument("--seed", type=int, default=0, help="of fresh parameters, batches, augmentation (default: 0)")
    configs.add_set_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Adapts, reports, and returns the exit status."""
    require_writable([arguments.output] if arguments.output else [])
    print(session.start_jax(), flush=True)
    weights, name = session.find_weights(None, arguments.weights)
    body, landmarks = session.find_body(arguments.body)
    output = _output(arguments, body)
    if weights.student is None:
        raise UserError(f"weights {name}: they hold no student yet; train the student stage first")
    if weights.body_sha256 == body.sha256:
        raise UserError(f"weights {name}: they speak of body {body.name!r} already; nothing is to be done")
    config = configs.with_overrides(weights.config, {"seed": arguments.seed})
    config = adaptation_config(config, configs.parse_overrides(arguments.overrides))
    check_devices(config, "student", jax.device_count())
    reporter = Reporter(say=lambda line: print(line, flush=True))
    began = time.monotonic()
    held_out = read_clips(Path(arguments.eval), truth=True) if arguments.eval else held_out_clips()
    before = _before(weights, held_out, arguments.eval)
    reporter.say(f"student before, on body {weights.body_name!r}: {_error_words(before)}")
    reporter.say(f"making built-in motion: {config.data.builtin_clips} clips of {config.data.builtin_frames} frames")
    clips = make_synthetic_clips(config.seed, config.data.builtin_clips, config.data.builtin_frames)
    scratch = output.with_name(output.name + ".run")
    with RunFolder(scratch) as folder, session.stop_on_signals(reporter.stop) as caught:
        folder.claim({"config": configs.to_json(config), "weights": weights.sha256, "body_sha256": body.sha256})
        try:
            student = adapt_student(config, weights.teacher, weights.student, body, landmarks, clips, folder, reporter)
        except StoppedError as stopped:
            reporter.say(str(stopped))
            return 128 + caught[0] if caught else 1
        adapted = Weights(config, weights.teacher, student, body.name, body.sha256)
        after = _student_error_mm(adapted, held_out, body, landmarks)
        reporter.say(f"student after, on body {body.name!r}: {_error_words(after)}")
        facts = _provenance(arguments, weights, name, clips, {"before": before, "after": after})
        save_weights(output, dataclasses.replace(adapted, facts=facts))
    shutil.rmtree(scratch)
    reporter.say(f"{time.monotonic() - began:.0f} s; wrote {output} and {output.with_suffix('.json')}")
    reporter.say(f"use them: pn3d predict KEYPOINTS --output DIR --weights {output} --body {arguments.body}")
    return 0


def _output(arguments: argparse.Namespace, body: BodyModel) -> Path:
    """Where the weights go; raises UserError where they cannot go there."""
    output = Path(arguments.output or f"{body.name}.weights.npz")
    if output.suffix != ".npz":
        raise UserError(f"--output {output}: expected a name that ends in .npz")
    require_writable([output, output.with_suffix(".json")])
    taken = {Path(given).resolve() for given in (arguments.weights, arguments.body) if given}
    if output.resolve() in taken:
        raise UserError(f"--output {output}: this file is read here; choose another name")
    return output


def _student_error_mm(weights: Weights, clips: Clips, body: BodyModel, landmarks: Landmarks) -> float:
    """PA-MPJPE of the student on clips with truth."""
    prediction = predict(weights, clips, body, landmarks)
    assert prediction.joints_cam_m is not None  # these weights hold a student
    return float(score_joints(prediction.joints_cam_m, clips, metric_scale=True)["pa_mpjpe_mm"])


def _before(weights: Weights, clips: Clips, path: str | None) -> float | None:
    """The student's error on its own body: measured where that is the built-in one, else what its card says."""
    if weights.body_sha256 == builtin_body().sha256:
        return _student_error_mm(weights, clips, builtin_body(), builtin_landmarks())
    known = weights.facts.get("student_pa_mpjpe_mm")
    return known["after"] if isinstance(known, dict) and known.get("data") == _data_name(path) else None


def _data_name(path: str | None) -> str:
    return Path(path).name if path else "built-in held-out motion"


def _error_words(error_mm: float | None) -> str:
    return "not known (its body is not at hand)" if error_mm is None else f"PA-MPJPE {error_mm:.2f} mm"


def _provenance(
    arguments: argparse.Namespace, weights: Weights, name: str, clips: Clips, errors_mm: dict[str, float | None]
) -> dict[str, Any]:
    """What the weights' card says beside the body and the config."""
    return {
        "stage": "student",
        "seed": arguments.seed,
        "command": session.command_line("adapt-body"),
        "versions": session.versions(),
        "training_data": {
            "files": ["built-in motion"],
            "frames": int(clips.frames),
            "sha256": session.clips_digest(clips),
        },
        "adapted_from": {
            "weights": Path(name).name,
            "sha256": weights.sha256,
            "body_name": weights.body_name,
            "body_sha256": weights.body_sha256,
            "training_data": weights.facts.get("training_data"),
        },
        "student_pa_mpjpe_mm": {"data": _data_name(arguments.eval)}
        | {when: round(error, 3) for when, error in errors_mm.items() if error is not None},
        "licence": LICENCE,
    }
