"""The study of the teacher's parts: ``python -m benchmarks.ablation --train FILE --out DIR``.

Every row of ``ablation_rows`` is trained teacher-only, with a small batch and few steps, and scored on built-in
held-out motion and by the 2D-only signal; results are appended to DIR/rows.jsonl, and rows that are there already are
skipped. ``--fill-dev`` adds scores on files with truth, afterwards, when the choices are made. ``--full`` runs all
three stages with the preset's own batch and steps.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.ablation_rows import ROWS, START, Row
from benchmarks.ablation_table import markdown
from benchmarks.study_signal import signals
from benchmarks.study_train import (
    Trainer,
    below_scores,
    builtin_scores,
    snapshots,
    study_clips,
    study_config,
    teacher_scores,
    train_data,
)
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import start_jax
from pn3d.data.clips import read_clips, write_clips
from pn3d.evaluation.evaluate import evaluate_prediction
from pn3d.files.errors import TrainingDivergedError
from pn3d.inference.predict import predict
from pn3d.inference.weights import load_weights
from pn3d.training.model_selection import held_out_windows

Record = dict[str, Any]


def read_records(path: Path) -> list[Record]:
    """The lines of a results file; none where it does not exist."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write_records(path: Path, records: list[Record]) -> None:
    """Replaces a results file, under a temporary name first."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text("".join(json.dumps(record) + "\n" for record in records))
    temporary.replace(path)


def screening(options: argparse.Namespace) -> dict[str, Any]:
    """The overrides that make a run short; the same for every row."""
    return {"teacher.optimiser.steps": options.steps, "teacher.optimiser.batch_size": options.batch}


def run_row(trainer: Trainer, name: str, row: Row, seed: int, options: argparse.Namespace) -> Record:
    """Trains and scores one row."""
    began = time.monotonic()
    config = study_config(options.preset, seed, START | screening(options) | row.overrides)
    clips, held_out = study_clips(options.train, row.data, config, row.frames, row.cameras)
    folder = options.out / "runs" / f"{name}-seed{seed}"
    record: Record = {
        "row": name,
        "seed": seed,
        "group": row.group,
        "overrides": row.overrides,
        "screening": screening(options),
        "data": row.data,
        "frames": int(clips.frames),
        "commit": _commit(),
    }
    try:
        trainer.train(config, clips, folder, options.every)
    except TrainingDivergedError as diverged:
        return record | {"diverged": str(diverged)}
    record["train_seconds"] = round(time.monotonic() - began, 1)
    record["folder"] = str(folder)
    weights = load_weights(snapshots(folder)[-1][1])
    record |= {"builtin": builtin_scores(weights), "below": below_scores(weights)}
    windows = held_out_windows(train_data(config, held_out), config.model)
    record["signal"] = signals(config, weights.teacher, windows)["combined"]
    return record


def run_full(name: str, row: Row, seed: int, options: argparse.Namespace) -> Record:
    """All three stages by the train command in a process of its own, scored on built-in motion."""
    folder = options.out / "full" / f"{name}-seed{seed}"
    overrides = START | row.overrides
    config = study_config(options.preset, seed, overrides)
    clips, _ = study_clips(options.train, row.data, config, row.frames, row.cameras)
    folder.parent.mkdir(parents=True, exist_ok=True)
    file = folder.parent / f"{folder.name}.npz"
    write_clips(file, clips)
    words = [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
    command = [sys.executable, "-m", "pn3d", "train", "--preset", options.preset, "--seed", str(seed)]
    command += ["--train", str(file), "--run", str(folder), "--set", *words]
    subprocess.run(command, check=True)
    result = json.loads((folder / "eval.json").read_text())
    record: Record = {"row": f"{name} (full)", "seed": seed, "group": row.group, "overrides": row.overrides}
    record |= {
        "data": row.data,
        "frames": int(clips.frames),
        "commit": _commit(),
        "weights": str(folder / "weights.npz"),
    }
    return record | {"builtin": result["teacher"], "builtin_student": result["student"]}


def fill(records: list[Record], column: str, file: str) -> None:
    """Adds the scores on a file with truth to every record that lacks them."""
    clips, body, landmarks = read_clips(Path(file), truth=True), builtin_body(), builtin_landmarks()
    for record in records:
        if column in record:
            continue
        if "folder" in record:
            record[column] = teacher_scores(load_weights(snapshots(Path(record["folder"]))[-1][1]), clips)
        elif "weights" in record:
            prediction = predict(load_weights(Path(record["weights"])), clips, body, landmarks)
            scores = evaluate_prediction(prediction, clips, body=body)
            record |= {column: scores["teacher"], f"{column}_student": scores["student"]}


def _commit() -> str:
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", nargs="+", metavar="FILE", help="native keypoint files; only their 2D is read")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"), metavar="DIR")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="ROW")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--preset", default="cmu")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--every", type=int, default=250, help="steps between snapshots")
    parser.add_argument("--full", action="store_true", help="all stages, at the preset's own size")
    parser.add_argument("--fill-dev", nargs=2, metavar=("GT", "DET"), help="files with truth, exact and detected")
    parser.add_argument("--markdown", action="store_true", help="print the table and end")
    return parser.parse_args()


def main() -> None:
    """Runs what is not there yet, or fills columns, and prints the table."""
    options = _arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "rows.jsonl"
    if options.markdown:
        print(markdown(read_records(path)))
        return
    print(start_jax(), flush=True)
    if options.fill_dev:
        records = read_records(path)
        for column, file in zip(("dev_gt", "dev_det"), options.fill_dev, strict=True):
            fill(records, column, file)
            write_records(path, records)
        print(markdown(records))
        return
    trainer = Trainer(most_frames=110_000)
    for seed in options.seeds:
        for name in options.rows:
            label = f"{name} (full)" if options.full else name
            if any(record["row"] == label and record["seed"] == seed for record in read_records(path)):
                continue
            row = ROWS[name]
            record = run_full(name, row, seed, options) if options.full else run_row(trainer, name, row, seed, options)
            with open(path, "a") as file:
                file.write(json.dumps(record) + "\n")
            score = record.get("builtin", {}).get("pa_mpjpe_mm", float("nan"))
            print(
                f"{label} seed {seed}: built-in PA {score:.1f} mm, {record.get('train_seconds', 0):.0f} s", flush=True
            )
    print(markdown(read_records(path)))


if __name__ == "__main__":
    main()
