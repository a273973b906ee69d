"""The weights of a run as the ones that come with the package: ``python -m tools.ship_weights RUN --train FILE …``.

``--average`` names weights of the same networks after stage 2, of this run (a copy of its ``weights.npz``) or of the
one that it began from; what ships is then a mean of those and of the run's (``--shares``; docs/log/wild.md). Numbers
are stored as float16. The card beside them tells how they were made: the command, the SHA-256 of every file that was
trained on, the versions, and whose data it was. The expected error and the readings are fitted afterwards:
``python -m benchmarks.accuracy.confidence --fit``, ``python -m benchmarks.accuracy.warnings --fit``.
"""

import argparse
import dataclasses
import hashlib
import json
from pathlib import Path

import jax

from pn3d.files.errors import UserError
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights, save_weights
from pn3d.models.networks import Params
from tools.model_card import BUILTIN_TERMS, CMU_TERMS


def main() -> None:
    """Writes the weights and their card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="run folder")
    parser.add_argument("--train", nargs="+", type=Path, required=True, metavar="FILE", help="what it was trained on")
    parser.add_argument("--average", type=Path, metavar="NPZ", help="weights after stage 2, of the same networks")
    parser.add_argument(
        "--shares",
        nargs=2,
        type=float,
        default=(0.5, 0.5),
        metavar=("TEACHER", "STUDENT"),
        help="of the run's weights in the means",
    )
    parser.add_argument("--command", required=True, help="that made it, as anybody would type it")
    parser.add_argument("--date", required=True, help="of the training, YYYY-MM-DD")
    parser.add_argument("--output", type=Path, default=SHIPPED_WEIGHTS, metavar="NPZ")
    options = parser.parse_args()
    weights = load_weights(options.run / "weights.npz")
    status = json.loads((options.run / "status.json").read_text())
    trained_on = weights.facts["training_data"]["files"]
    if [path.name for path in options.train] != trained_on:
        raise UserError(f"--train: the run was trained on {', '.join(trained_on)}")
    facts = weights.facts | {
        "input_sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in options.train},
        "seconds_per_stage": status["seconds_per_stage"],
        "devices": status["devices"],
        "versions": status["versions"],
        "command": options.command,
        "date": options.date,
        "data_terms": f"{CMU_TERMS} {BUILTIN_TERMS}",
    }
    if options.average is not None:
        start = load_weights(options.average)
        if start.facts["stage"] != "student" or start.config.model != weights.config.model:
            raise UserError(f"--average: {options.average} is not of these networks after stage 2")
        facts["averaged_with"] = {"stage": "student", "sha256": start.sha256, "shares_of_the_end": list(options.shares)}
        of_teacher, of_student = options.shares
        weights = dataclasses.replace(
            weights,
            teacher=_mean(start.teacher, weights.teacher, of_teacher),
            student=_mean(start.student, weights.student, of_student),
        )
    save_weights(options.output, dataclasses.replace(weights, facts=facts), half=True)
    print(f"wrote {options.output} ({options.output.stat().st_size / 1e6:.1f} MB)")


def _mean(start: Params, end: Params, share_of_end: float) -> Params:
    """Parameters between those of two trainings of the same network."""
    return jax.tree.map(lambda a, b: (1.0 - share_of_end) * a + share_of_end * b, start, end)


if __name__ == "__main__":
    main()
