"""What a training run starts from: clips, body, first weights. Train and verify read them in the same way."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.commands import session
from pn3d.config import Config, Stage, to_json
from pn3d.data.clips import Clips, concatenate, without_truth
from pn3d.data.rays import frame_rays
from pn3d.data.windows import window_starts
from pn3d.inference.weights import NEVER_SEEN, Weights
from pn3d.models.networks import make_networks
from pn3d.synthetic.motion.catalogue import Mixture
from pn3d.synthetic.scenes import make_synthetic_clips
from pn3d.training.batch import TrainData
from pn3d.training.model_selection import split_by_name, state_score
from pn3d.training.parallel import replicate
from pn3d.training.scene import Scene, make_scene
from pn3d.training.state import TrainState, init_state, with_weights


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that name what a run starts from."""
    parser.add_argument("--train", nargs="+", metavar="FILE", help="native keypoint files (default: built-in motion)")
    parser.add_argument("--body", metavar="FILE", help="SMPL file (default: the built-in body)")
    parser.add_argument(
        "--init", metavar="WEIGHTS", help="start from these weights (a file, a run folder, or: shipped)"
    )


@dataclass
class RunInputs:
    """Everything beside the config that determines a run.

    Attributes:
        config: of the run.
        clips: h36m17 clips without truth, at the models' frame rate.
        held_out: those kept from training, where ``data.held_out_share`` asks for it.
        facts: names, frames and digest of the training data.
        body, landmarks: of the student.
        init: first weights, if any.
    """

    config: Config
    clips: Clips
    held_out: Clips | None
    facts: dict[str, Any]
    body: BodyModel
    landmarks: Landmarks
    init: Weights | None

    def identity(self) -> dict[str, Any]:
        """What ``config.json`` of a run folder holds."""
        return {
            "config": to_json(self.config),
            "data": {name: fact for name, fact in self.facts.items() if name != NEVER_SEEN},  # the digest tells it too
            "body_sha256": self.body.sha256,
            "init_sha256": self.init.sha256 if self.init else None,
        }

    def train_data(self, mesh: jax.sharding.Mesh, say: Callable[[str], None]) -> TrainData:
        """The clips as training sees them, on every device."""
        length = self.config.model.window
        starts, skipped = window_starts(self.clips, length)
        if skipped:
            say(f"{skipped} clips are shorter than the window of {length} frames and are skipped")
        say(f"training data: {self.clips.frames} frames, {len(starts)} windows")
        return replicate(TrainData(frames=frame_rays(self.clips), starts=jnp.asarray(starts)), mesh)

    def selection_score(self, stage: Stage) -> Callable[[TrainState], float] | None:
        """What ranks the stage's checkpoints, where 2D was held out; it is of the teacher while it trains alone."""
        if self.held_out is None or stage != "teacher":
            return None
        starts, _ = window_starts(self.held_out, self.config.model.window)
        data = TrainData(frames=frame_rays(self.held_out), starts=jnp.asarray(starts))
        return state_score(self.config.model, make_networks(self.config.model).teacher, data)

    def scene(self) -> Scene:
        """The fixed parts of the run."""
        return make_scene(self.config.model, self.body, self.landmarks)

    def first_state(self) -> TrainState:
        """The state before the first stage."""
        state = init_state(self.config)
        return state if self.init is None else with_weights(state, self.init.teacher, self.init.student)


def first_weights(arguments: argparse.Namespace) -> Weights | None:
    """What ``--init`` names."""
    if arguments.init is None:
        return None
    return session.find_weights(None, None if arguments.init == "shipped" else arguments.init)[0]


def read_inputs(config: Config, arguments: argparse.Namespace, say: Callable[[str], None]) -> RunInputs:
    """Reads what ``--train``, ``--body`` and ``--init`` name."""
    body, landmarks = session.find_body(arguments.body)
    init = first_weights(arguments)
    if arguments.train:
        clips = session.training_clips(arguments.train, config.model.frame_rate)
        if config.data.added_clips:
            clips, times = beside_builtin(clips, config)
            say(f"built-in motion beside it: {config.data.added_clips} clips; the files count {times} times")
    else:
        say(f"making built-in motion: {config.data.builtin_clips} clips of {config.data.builtin_frames} frames")
        clips = builtin_clips(config, config.data.builtin_clips)
    held_out = None
    if config.data.held_out_share:
        clips, held_out = split_by_name(clips, config.data.held_out_share)
        say(f"held out: the 2D of {held_out.num_clips} clips, {held_out.frames} frames")
    facts: dict[str, Any] = {
        "files": [Path(name).name for name in arguments.train or ["built-in motion"]],
        "frames": int(clips.frames),
        "sha256": session.clips_digest(clips),
    }
    unseen = np.array(clips.layout.joints)[~(clips.confidence > 0).any(axis=0)].tolist()
    if unseen:
        facts[NEVER_SEEN] = unseen
    return RunInputs(config, clips, held_out, facts, body, landmarks, init)


def builtin_clips(config: Config, count: int) -> Clips:
    """Built-in motion of the run's seed, length and families."""
    data = config.data
    families = tuple(name.strip() for name in data.families.split(",") if name.strip())
    mixture = Mixture(data.families_share, data.random_share, families, data.wide_share)
    return make_synthetic_clips(config.seed, count, data.builtin_frames, mixture=mixture)


def beside_builtin(clips: Clips, config: Config) -> tuple[Clips, int]:
    """Built-in motion after the files' clips, which are repeated until they are at least a sixth; and how many times.

    Discriminators of a few hundred frames alone would learn one person in one motion (docs/own-data.md).
    """
    made = without_truth(builtin_clips(config, config.data.added_clips))
    times = max(1, -(-made.frames // (5 * clips.frames)))
    return concatenate([clips] * times + [made]), times


def described_arguments(arguments: argparse.Namespace) -> dict[str, Any]:
    """Where the inputs lay, for ``status.json``: what ``read_inputs`` takes, with whole paths."""
    whole = lambda name: name if name in (None, "shipped") else str(Path(name).resolve())  # noqa: E731
    return {
        "train": [whole(name) for name in arguments.train] if arguments.train else None,
        "body": whole(arguments.body),
        "init": whole(arguments.init),
    }
