"""Does the 2D-only signal pick a good checkpoint? ``python -m benchmarks.stopping --runs DIR --train FILE``.

DIR holds run folders with snapshots (``benchmarks.ablation`` leaves them in OUT/runs). Every snapshot gets the signal
on the held-out 2D of FILE, and its error on built-in motion and, with ``--data``, on a file with truth. What a pick by
the signal costs against the best snapshot is printed for each term, their combination, and for the last snapshot.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.study_signal import Point, trajectory
from benchmarks.study_train import snapshots, teacher_scores
from pn3d.commands.session import start_jax, training_clips
from pn3d.data.clips import Clips, read_clips
from pn3d.evaluation.report import align
from pn3d.inference.weights import load_weights
from pn3d.training.model_selection import split_by_name

PICKERS = ("combined", "pose", "motion", "cycle", "overlap", "mirror", "constancy", "symmetry", "hinge", "cross_view")


def picked(points: list[Point], picker: str) -> int:
    """Index of the snapshot that a signal picks; ``last`` is the last one."""
    if picker == "last":
        return len(points) - 1
    return int(np.argmin([point["signals"][picker] for point in points]))


def regrets(points: list[Point], column: str) -> dict[str, float]:
    """{picker: PA-MPJPE of what it picks minus that of the best snapshot, mm}."""
    error = [point[column]["pa_mpjpe_mm"] for point in points]
    pickers = [name for name in PICKERS if all(name in point["signals"] for point in points)]
    return {picker: error[picked(points, picker)] - min(error) for picker in ("last", *pickers)}


def add_truth(folder: Path, points: list[Point], column: str, clips: Clips) -> None:
    """Scores every snapshot on a file with truth; kept in FOLDER/COLUMN.json."""
    path = folder / f"{column}.json"
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    files = dict(snapshots(folder))
    for point in points:
        step = str(point["step"])
        if step not in known:
            known[step] = teacher_scores(load_weights(files[point["step"]]), clips)
            path.write_text(json.dumps(known))
        point[column] = known[step]


def table(runs: dict[str, list[Point]], column: str) -> str:
    """Per run the best, the last and the picked snapshot; then mean and worst regret of every picker."""
    lines = [["run", "best mm (step)", "last mm", "picked mm (step)", "regret mm"]]
    every: list[dict[str, float]] = []
    for name, points in runs.items():
        error = [point[column]["pa_mpjpe_mm"] for point in points]
        best, chosen = int(np.argmin(error)), picked(points, "combined")
        every.append(regrets(points, column))
        lines.append(
            [
                name,
                f"{error[best]:.1f} ({points[best]['step']})",
                f"{error[-1]:.1f}",
                f"{error[chosen]:.1f} ({points[chosen]['step']})",
                f"{error[chosen] - error[best]:.2f}",
            ]
        )
    summary = [["picker", "mean regret mm", "worst mm", "within 1 mm"]]
    for picker in every[0]:
        values = np.array([regret[picker] for regret in every])
        summary.append([picker, f"{values.mean():.2f}", f"{values.max():.2f}", f"{(values <= 1).sum()}/{len(values)}"])
    return f"{column}\n{align(lines)}\n\n{align(summary)}"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--train", nargs="+", required=True, metavar="FILE", help="only the held-out scenes' 2D is read"
    )
    parser.add_argument("--data", metavar="FILE", help="a file with truth, looked at afterwards")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    print(start_jax(), flush=True)
    _, held_out = split_by_name(training_clips(options.train, 30.0))
    truth = read_clips(Path(options.data), truth=True) if options.data else None
    runs: dict[str, list[Point]] = {}
    for folder in sorted(path for path in options.runs.iterdir() if snapshots(path)):
        points = trajectory(folder, held_out)
        if truth is not None:
            add_truth(folder, points, Path(options.data).stem, truth)
        runs[folder.name] = points
    print(table(runs, "builtin"))
    if truth is not None:
        print(table(runs, Path(options.data).stem))
    if options.json:
        options.json.write_text(json.dumps(runs, indent=1) + "\n")


if __name__ == "__main__":
    main()
