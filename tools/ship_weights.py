"""The weights of a run as the ones that come with the package: ``python -m tools.ship_weights RUN --train FILE …``.

``--average-teacher`` and ``--average-student`` name weights of the same networks, as a copy that the run's
``weights.npz`` was after stage 2 or the ones that it began from; what ships is then a mean of those and of the run's
(docs/log/wild.md). Numbers are stored as float16. The card beside them tells how they were made: the command, the time
of each stage with that of the weights that the run began from, the SHA-256 of every file that was trained on, the
versions, and whose data it was. The expected error and the readings are fitted afterwards:
``python -m benchmarks.accuracy.confidence --fit``, ``python -m benchmarks.accuracy.warnings --fit``.
"""

import argparse
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import jax

from pn3d.files.errors import UserError
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights, save_weights
from pn3d.models.networks import Params
from tools.model_card import BUILTIN_TERMS, CMU_TERMS

PLAYERS = ("teacher", "student")


def main() -> None:
    """Writes the weights and their card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="run folder")
    parser.add_argument("--train", nargs="+", type=Path, required=True, metavar="FILE", help="what it was trained on")
    for player in PLAYERS:
        parser.add_argument(
            f"--average-{player}",
            nargs=2,
            metavar=("NPZ", "SHARE"),
            help=f"weights whose {player} is averaged with the run's, and the share of the run's",
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
        "seconds_per_stage": _seconds(status),
        "devices": status["devices"],
        "versions": status["versions"],
        "command": options.command,
        "date": options.date,
        "data_terms": f"{CMU_TERMS} {BUILTIN_TERMS}",
    }
    means: dict[str, Params] = {}
    for player in PLAYERS:
        if (given := getattr(options, f"average_{player}")) is not None:
            start, share = load_weights(Path(given[0])), float(given[1])
            if start.config.model != weights.config.model:
                raise UserError(f"--average-{player}: {given[0]} is not of these networks")
            means[player] = _mean(getattr(start, player), getattr(weights, player), share)
            of = {"stage": start.facts["stage"], "sha256": start.sha256, "share_of_the_end": share}
            facts["averaged_with"] = facts.get("averaged_with", {}) | {player: of}
    weights = dataclasses.replace(weights, **means)
    save_weights(options.output, dataclasses.replace(weights, facts=facts), half=True)
    print(f"wrote {options.output} ({options.output.stat().st_size / 1e6:.1f} MB)")


def _seconds(status: dict[str, Any]) -> dict[str, float]:
    """Of each stage, the weights that the run began from included: other runs, or what was shipped of some."""
    init = status["inputs"]["init"]
    if init is None:
        before = {}
    elif (of_run := Path(init).with_name("status.json")).is_file():
        before = _seconds(json.loads(of_run.read_text()))
    else:
        before = load_weights(Path(init)).facts.get("seconds_per_stage", {})
    spent = status["seconds_per_stage"]
    return {stage: round(before.get(stage, 0.0) + spent.get(stage, 0.0), 1) for stage in {**before, **spent}}


def _mean(start: Params, end: Params, share_of_end: float) -> Params:
    """Parameters between those of two trainings of the same network."""
    return jax.tree.map(lambda a, b: (1.0 - share_of_end) * a + share_of_end * b, start, end)


if __name__ == "__main__":
    main()
