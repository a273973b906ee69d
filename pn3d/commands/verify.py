"""``pn3d verify``: a run again, from its recorded config, seed and data; does it repeat bitwise?"""

import argparse
from pathlib import Path

from pn3d.commands import run_inputs, session
from pn3d.commands.determinism import ask_for_repeatable_operations
from pn3d.config import from_json
from pn3d.files.errors import UserError
from pn3d.files.text import read_json
from pn3d.training.parallel import device_mesh
from pn3d.training.run_folder import RunFolder, first_difference
from pn3d.training.verify import Compared, verify_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pn3d verify``."""
    parser.add_argument("run", metavar="RUN", help="run folder")
    parser.add_argument("--steps", type=int, metavar="N", help="steps of each stage to rerun (default: all)")
    run_inputs.add_arguments(parser)
    parser.add_argument("--deterministic", action="store_true", help="as in pn3d train; taken from there if not given")


def run(arguments: argparse.Namespace) -> int:
    """Reruns and compares; 0 where all are equal, 1 where something differs."""
    path = Path(arguments.run)
    recorded = read_json(path / "config.json")
    status = read_json(path / "status.json")
    if arguments.steps is not None and arguments.steps < 1:
        raise UserError(f"--steps is {arguments.steps}, expected at least 1")
    # Inputs lie where they lay when the run was made, unless the command line says otherwise.
    for name, value in status.get("inputs", {}).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    if status.get("deterministic"):
        ask_for_repeatable_operations()
    _say(session.start_jax())
    _note_differences(status)
    inputs = run_inputs.read_inputs(from_json(recorded["config"]), arguments, _say)
    for name in ("data", "body_sha256", "init_sha256"):
        ours = inputs.identity()[name]
        if name == "data":
            ours, theirs = ours["sha256"], recorded[name]["sha256"]
        else:
            theirs = recorded[name]
        difference = first_difference(theirs, ours, name)
        if difference:
            raise UserError(f"{path} was made from something else: {difference}")
    mesh = device_mesh()
    count = 0
    data = inputs.train_data(mesh, _say)
    # Locked, since the checkpoints of a run that is being written must be left alone.
    with RunFolder(path) as folder:
        for compared in verify_run(
            inputs.config, inputs.first_state(), data, inputs.scene(), folder, mesh, arguments.steps, _say
        ):
            count += 1
            if compared.player is not None:
                _say(_described(compared))
                return 1
    if not count:
        raise UserError(f"{path} has no digest within the first {arguments.steps} steps; give a larger --steps")
    _say(f"equal: all {count} recorded digests, every player")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _described(compared: Compared) -> str:
    who = "counters or key" if compared.player == "state" else f"player {compared.player}"
    return (
        f"differs: {compared.stage}, step {compared.step}, {who} "
        f"(recorded {compared.recorded[:12]}, rerun {compared.found[:12]}); all recorded states before it are equal"
    )


def _note_differences(status: dict[str, object]) -> None:
    """Names what bitwise equality depends on and is not as it was."""
    now = {"devices": session.describe_devices(), "versions": session.versions()}
    for name, ours in now.items():
        if name in status and (difference := first_difference(status[name], ours, name)):
            _say(f"note: {difference}; only the same devices and versions are promised to repeat")
