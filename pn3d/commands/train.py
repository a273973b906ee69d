"""``pn3d train``: data in, three stages, a run folder and one table out."""

import argparse
import dataclasses
import resource
import signal
import time
from pathlib import Path
from typing import Any

import jax

from pn3d import config as configs
from pn3d.commands import run_inputs, session
from pn3d.config import STAGES, Config, Stage
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.baselines import mean_pose_baseline
from pn3d.evaluation.eval_json import describe_data
from pn3d.evaluation.evaluate import evaluate_prediction
from pn3d.evaluation.report import training_table
from pn3d.evaluation.run_report import Pictured, pictured_prediction, write_training_report
from pn3d.files.atomic import write_json
from pn3d.files.errors import UserError
from pn3d.files.text import read_json
from pn3d.inference.predict import predict
from pn3d.inference.weights import Weights, save_weights
from pn3d.synthetic.scenes import held_out_clips
from pn3d.training.loop import Reporter, StoppedError, check_devices, run_stage
from pn3d.training.parallel import device_mesh
from pn3d.training.run_folder import RunFolder
from pn3d.training.state import TrainState, stage_optimiser
from pn3d.training.tensorboard import TensorboardLog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d train``."""
    names = ", ".join(configs.PRESETS)
    parser.add_argument("--preset", metavar="NAME", help=f"one of {names} (default: quick, tune with --init)")
    run_inputs.add_arguments(parser)
    parser.add_argument("--eval", metavar="FILE", help="native file with truth, only reported (default: built-in)")
    parser.add_argument("--run", metavar="DIR", help="run folder (default: runs/PRESET)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, batches, views and augmentation (default: 0)")
    parser.add_argument("--stage", choices=("all", *STAGES), default="all", help="train only this one (default: all)")
    configs.add_set_argument(parser)
    parser.add_argument("--log", choices=("tensorboard",), help="also log for TensorBoard, in RUN/tensorboard")
    session.add_device_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Trains, reports, and returns the exit status."""
    arguments.preset = arguments.preset or ("tune" if arguments.init else "quick")
    config = configs.with_overrides(configs.preset(arguments.preset), {"seed": arguments.seed})
    if arguments.preset == "tune" and (init := run_inputs.first_weights(arguments)) is not None:
        # Networks of the size that they are.
        config = dataclasses.replace(config, model=init.config.model)
    config = configs.validate(configs.with_overrides(config, configs.parse_overrides(arguments.overrides)))
    if arguments.init is None and not config.teacher.optimiser.steps:
        raise UserError(f"preset {arguments.preset} does not train the teacher (0 steps): give --init WEIGHTS")
    session.start_processes(arguments)
    writer = jax.process_index() == 0
    reporter = Reporter(say=(lambda line: print(line, flush=True)) if writer else (lambda _: None))
    reporter.say(session.start_jax())
    # Before the folder is claimed: a refused setting must not block the corrected command.
    wanted: tuple[Stage, ...] = STAGES if arguments.stage == "all" else (arguments.stage,)
    for stage in wanted:
        check_devices(config, stage, jax.device_count())
    path = Path(arguments.run or f"runs/{arguments.preset}")
    with (
        session.stop_on_signals(reporter.stop) as caught,
        TensorboardLog(path / "tensorboard", arguments.log == "tensorboard" and writer) as log,
        RunFolder(path, writer, log.write) as folder,
    ):
        job = _Job(config, arguments, folder, reporter)
        try:
            job.stages(wanted)
        except StoppedError as stopped:
            reporter.say(str(stopped))
            # Without a signal of its own, this process stopped because another one of the run was told to.
            return 128 + (caught[0] if caught else signal.SIGTERM)
        session.wait_for_all("end of the run")
        if not writer:
            return 0
        reporter.say(job.table())
        status = folder.status()
        seconds = ", ".join(f"{stage} {value:.0f} s" for stage, value in status["seconds_per_stage"].items())
        reporter.say(f"time: {seconds}; peak memory {status['peak_rss_mb']} MB")
        reporter.say(f"results: {folder.path}/ (weights.npz, eval.json, report.html, metrics.jsonl)")
    return 0


class _Job:
    """One run: its data, its stages, what it writes."""

    def __init__(self, config: Config, arguments: argparse.Namespace, folder: RunFolder, reporter: Reporter) -> None:
        self.config, self.arguments, self.folder, self.reporter = config, arguments, folder, reporter
        self.began = time.monotonic()
        self.inputs = run_inputs.read_inputs(config, arguments, reporter.say)
        self.eval_path = arguments.eval
        self.eval_clips: Clips | None = None
        self.pictured: Pictured | None = None
        folder.claim(self.inputs.identity())
        folder.status(
            inputs=run_inputs.described_arguments(arguments),
            devices=session.describe_devices(),
            deterministic=arguments.deterministic,
            command=session.command_line("train"),
            versions=session.versions(),
            git=session.git_commit(),
            finished=False,
        )

    def stages(self, wanted: tuple[Stage, ...]) -> None:
        """Runs the wanted stages in order, each from the end of the one before it."""
        mesh = device_mesh()
        data, scene = self.inputs.train_data(mesh, self.reporter.say), self.inputs.scene()
        state = self.inputs.first_state()
        for stage in STAGES[: STAGES.index(wanted[-1]) + 1]:
            nothing = self.inputs.init is not None and not stage_optimiser(self.config, stage).steps
            if (stage not in wanted or nothing) and not self.folder.checkpoints(stage).is_dir():
                if self.inputs.init is not None:
                    continue
                raise UserError(
                    f"--stage {wanted[0]} continues stage {stage!r}, which {self.folder.path} does not hold: "
                    f"run --stage {stage} first, or give --init WEIGHTS"
                )
            began = time.monotonic()
            done = self._done_stages()
            score = self.inputs.selection_score(stage)
            state = run_stage(self.config, stage, state, data, scene, self.folder, mesh, self.reporter, score)
            if stage not in done and self.folder.writer:
                self._finish_stage(stage, state, time.monotonic() - began)

    def _done_stages(self) -> list[str]:
        path = self.folder.path / "eval.json"
        return list(read_json(path)["stages"]) if path.exists() else []

    def _finish_stage(self, stage: Stage, state: TrainState, seconds: float) -> None:
        """Weights, evaluation and status after a stage."""
        weights = self.weights(stage, state)
        save_weights(self.folder.path / "weights.npz", weights)
        scores = self._evaluate(weights)
        path = self.folder.path / "eval.json"
        result: dict[str, Any] = read_json(path) if path.exists() else {"version": 1, "stages": {}}
        trained = {"teacher": ("teacher",), "student": ("student",), "joint": ("teacher", "student")}[stage]
        result["stages"][stage] = {name: scores[name] for name in trained}
        mean_pose = mean_pose_baseline(self.eval_clips, self.inputs.body) if self.eval_clips is not None else {}
        if mean_pose:
            result["mean_pose"] = mean_pose
        result |= {**scores, "data": self._eval_facts(), "config": configs.to_json(self.config)}
        write_json(path, result)
        status = self.folder.status()
        self.folder.status(
            stage=stage,
            step=int(state.step),
            finished=stage == STAGES[-1],
            seconds_per_stage=status.get("seconds_per_stage", {}) | {stage: round(seconds, 1)},
            wall_s=round(time.monotonic() - self.began, 1),
            peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )
        if self.pictured is not None:
            write_training_report(self.folder.path, self.pictured)
        numbers = "  ".join(f"{name} PA-MPJPE {scores[name]['pa_mpjpe_mm']:.1f} mm" for name in trained)
        self.reporter.say(f"{stage} done in {seconds:.0f} s: {numbers} (flat {scores['flat']['pa_mpjpe_mm']:.1f})")

    def weights(self, stage: Stage, state: TrainState) -> Weights:
        """The averaged weights of what was trained so far, with their facts."""
        host = jax.tree.map(lambda leaf: jax.device_get(leaf), (state.teacher.ema, state.student.ema))
        trained = stage != "teacher" or (self.inputs.init is not None and self.inputs.init.student is not None)
        return Weights(
            config=self.config,
            teacher=host[0],
            student=host[1] if trained else None,
            body_name=self.inputs.body.name,
            body_sha256=self.inputs.body.sha256,
            facts={
                "stage": stage,
                "training_data": self.inputs.facts,
                "seed": self.config.seed,
                "command": session.command_line("train"),
            },
        )

    def _evaluate(self, weights: Weights) -> dict[str, Any]:
        if self.eval_clips is None:
            self.eval_clips = read_clips(Path(self.eval_path), truth=True) if self.eval_path else held_out_clips()
        prediction = predict(weights, self.eval_clips, self.inputs.body, self.inputs.landmarks)
        self.pictured = pictured_prediction(prediction, self.eval_clips)
        return evaluate_prediction(prediction, self.eval_clips, body=self.inputs.body)

    def _eval_facts(self) -> dict[str, Any]:
        assert self.eval_clips is not None
        return describe_data(self.eval_clips, self.eval_path or "built-in held-out motion")

    def table(self) -> str:
        """The table at the end of a run."""
        result = read_json(self.folder.path / "eval.json")
        return training_table(result["flat"], result["stages"], result.get("mean_pose"))
