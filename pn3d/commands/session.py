"""What every command that computes needs: devices named, compilation cached, files turned into clips, bodies found."""

import argparse
import contextlib
import hashlib
import importlib.metadata
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
from jax.experimental import multihost_utils

from pn3d import __version__
from pn3d.body.builtin import builtin_body
from pn3d.body.landmark_arrays import load_landmarks
from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.body.smpl_file import load_body
from pn3d.data.clips import Clips, concatenate, read_clips
from pn3d.data.joints17 import to_h36m17
from pn3d.data.resample import resample_clips
from pn3d.files.errors import UserError
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights
from pn3d.models.student import SHAPES


def start_jax() -> str:
    """Switches the persistent compilation cache on and describes the devices."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pn3d" / "compiled"
        jax.config.update("jax_compilation_cache_dir", str(cache))
        # Prediction is many small programs: each is worth keeping.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    processes = f" of {jax.process_count()} processes" if jax.process_count() > 1 else ""
    return f"devices: {describe_devices()}{processes}, jax {jax.__version__}"


def describe_devices() -> str:
    """Number, platform and kind of all devices."""
    devices = jax.devices()
    kinds = ", ".join(sorted({device.device_kind for device in devices}))
    return f"{len(devices)} x {devices[0].platform} ({kinds})"


def add_device_arguments(parser: argparse.ArgumentParser) -> None:
    """Options for several processes, and for sums that repeat."""
    several = parser.add_argument_group("several processes (found by themselves on TPU pods and under SLURM)")
    several.add_argument("--coordinator", metavar="HOST:PORT", help="address of process 0")
    several.add_argument("--num-processes", type=int, metavar="N")
    several.add_argument("--process-id", type=int, metavar="I", help="0 to N - 1; process 0 writes")
    parser.add_argument(
        "--deterministic", action="store_true", help="only operations that repeat bitwise on a GPU (slower)"
    )


def start_processes(arguments: argparse.Namespace) -> None:
    """Joins the processes of one run; nothing may have been computed before. Alone, a process does nothing here.

    Raises:
        UserError: the three options were not given together, do not fit, or the coordinator does not answer.
    """
    given = (arguments.coordinator, arguments.num_processes, arguments.process_id)
    if all(value is None for value in given):
        if _is_one_of_several():
            jax.distributed.initialize()
        return
    if any(value is None for value in given):
        raise UserError("--coordinator, --num-processes and --process-id belong together: give all three or none")
    if not 0 <= arguments.process_id < arguments.num_processes:
        raise UserError(f"--process-id {arguments.process_id} is not one of 0 to {arguments.num_processes - 1}")
    try:
        jax.distributed.initialize(*given)
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"cannot join the processes at {arguments.coordinator}: {reason}") from None


def _is_one_of_several() -> bool:
    """Whether a scheduler started this process beside others; jax then finds the others by itself."""
    environment = os.environ
    tasks = environment.get("SLURM_STEP_NUM_TASKS", environment.get("SLURM_NTASKS", "1"))
    slurm = "SLURM_PROCID" in environment and int(tasks) > 1
    mpi = int(environment.get("OMPI_COMM_WORLD_SIZE", "1")) > 1
    tpu_pod = "," in environment.get("TPU_WORKER_HOSTNAMES", "") or "MEGASCALE_COORDINATOR_ADDRESS" in environment
    return slurm or mpi or tpu_pod


@contextlib.contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[list[int]]:
    """In the block SIGTERM and SIGINT only set the event; the list gets the signal that came."""
    caught: list[int] = []

    def note(received: int, _: object) -> None:
        caught.append(received)
        stop.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for_all(name: str) -> None:
    """Returns when every process of the run has come here."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def find_body(path: str | None) -> tuple[BodyModel, Landmarks]:
    """The body of a file, or the built-in one, and its landmarks; UserError where students cannot speak of it."""
    body = builtin_body() if path is None else load_body(Path(path))
    if body.num_betas != SHAPES:
        raise UserError(f"{path}: it has {body.num_betas} shape coefficients, a student needs {SHAPES}")
    return body, load_landmarks(path)


def find_weights(run: str | None, weights: str | None) -> tuple[Weights, str]:
    """Weights of a run folder, of a file or folder, or those that come with the package; and what to call them."""
    if run is None and weights is None:
        return load_weights(SHIPPED_WEIGHTS), "shipped"
    path = Path(weights or run or "")
    return load_weights(path / "weights.npz" if run or path.is_dir() else path), str(run or weights)


def training_clips(paths: list[str], frame_rate: float) -> Clips:
    """Training files, without any truth, as one set of h36m17 clips at the models' frame rate."""
    clips = concatenate([to_h36m17(read_clips(Path(path))) for path in paths])
    return resample_clips(clips, frame_rate)[0]


def clips_digest(clips: Clips) -> str:
    """SHA-256 of what training sees of clips: 2D, confidence, boundaries, cameras, rates."""
    whole = hashlib.sha256()
    for name in ("keypoints", "confidence", "clip_start", "image_size", "fps", "intrinsics"):
        array = getattr(clips, name)
        if array is not None:
            array = np.ascontiguousarray(array)
            whole.update(f"{name}{array.dtype}{array.shape}".encode() + array.tobytes())
    return whole.hexdigest()


def versions() -> dict[str, str]:
    """Versions of what numbers depend on."""
    others = ("jax", "jaxlib", "flax", "optax", "numpy")
    return {"pn3d": __version__} | {name: importlib.metadata.version(name) for name in others}


def command_line(command: str) -> str:
    """What was typed, as a command that runs: ``python train.py …`` and ``pn3d train …`` are the same one."""
    words = sys.argv[1:]
    return shlex.join(["pn3d", *(words if words[:1] == [command] else [command, *words])])


def git_commit() -> str | None:
    """The commit of the code that runs, where that is a checkout of this project."""
    here = Path(__file__).resolve().parents[2]
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--show-toplevel", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    top, commit = found.stdout.split()[:2] if len(found.stdout.split()) == 2 else ("", "")
    return commit if top and Path(top).resolve() == here else None
