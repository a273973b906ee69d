"""A student for another body: distilled from a trained teacher on 2D that any body may have shown.

The student stage and the one loop do the work. The student starts from trained weights, but what it says in the body's
own terms (shape coefficients, landmark corrections) starts anew. Our choice; the paper trains one body only.
"""

from typing import Any

import chex
import jax
import jax.numpy as jnp

from pn3d.body.landmarks import Landmarks
from pn3d.body.model import BodyModel
from pn3d.config import Config, flatten, validate, with_overrides
from pn3d.data.clips import Clips
from pn3d.data.rays import frame_rays
from pn3d.data.windows import window_starts
from pn3d.files.errors import UserError
from pn3d.models.networks import Params
from pn3d.models.student import SHAPES
from pn3d.training.batch import TrainData
from pn3d.training.loop import Reporter, run_stage
from pn3d.training.parallel import device_mesh, replicate
from pn3d.training.run_folder import RunFolder
from pn3d.training.scene import make_scene
from pn3d.training.state import TrainState, init_state, with_weights

OF_THE_BODY = ("shape_hidden", "shape_head", "landmark_raw")
"""The student's parameters that mean something on their own body only."""

SETTINGS: dict[str, Any] = {
    "student.optimiser.steps": 2500,
    "student.optimiser.batch_size": 256,
    "student.optimiser.learning_rate": 1e-3,
    "data.builtin_clips": 400,
    "data.builtin_frames": 150,
    "run.steps_per_dispatch": 25,
    "run.checkpoint_every": 500,
}
"""What an adaptation takes where nothing else is said: minutes on two cores, whatever the teacher's training took."""


def adaptation_config(trained: Config, overrides: dict[str, Any]) -> Config:
    """The config of an adaptation: networks of the trained weights, ``SETTINGS``, then the overrides.

    Raises:
        UserError: an override is unknown, of another type, or would change the networks.
    """
    config = validate(with_overrides(trained, SETTINGS | overrides))
    for name, value in flatten(config.model).items():
        if value != getattr(trained.model, name):
            raise UserError(f"--set model.{name}={value}: the networks are those of the weights, where it is "
                            f"{getattr(trained.model, name)}")  # fmt: skip
    return config


def warm_state(config: Config, teacher: Params, student: Params) -> TrainState:
    """The first state: the trained teacher and student, with fresh parameters for ``OF_THE_BODY``."""
    fresh = init_state(config)
    kept = {name: params for name, params in student.items() if name not in OF_THE_BODY}
    anew = {name: fresh.student.params[name] for name in OF_THE_BODY}
    return with_weights(fresh, teacher, kept | anew)


def adapt_student(
    config: Config,
    teacher: Params,
    student: Params,
    body: BodyModel,
    landmarks: Landmarks,
    clips: Clips,
    folder: RunFolder,
    reporter: Reporter,
) -> Params:
    """Trains a student of ``body`` on the 2D of ``clips`` and returns its averaged parameters.

    Args:
        config: of ``adaptation_config``.
        teacher: frozen.
        student: where the new one starts; of the same networks, of whatever body.
        body: the body that the new student is to speak of; 10 shape coefficients.
        landmarks: of that body.
        clips: at the config's frame rate; only their 2D is used.
        folder: for checkpoints and the log; the same call on the same folder resumes.
        reporter: for progress and the stop flag.

    Raises:
        UserError: the clips are shorter than a window, or the batch cannot be divided among the devices.
        StoppedError, TrainingDivergedError: as ``run_stage`` raises them.
    """
    chex.assert_equal(body.num_betas, SHAPES)
    mesh = device_mesh()
    starts, _ = window_starts(clips, config.model.window)
    data = replicate(TrainData(frames=frame_rays(clips), starts=jnp.asarray(starts)), mesh)
    scene = make_scene(config.model, body, landmarks)
    state = warm_state(config, teacher, student)
    state = run_stage(config, "student", state, data, scene, folder, mesh, reporter)
    return jax.tree.map(jax.device_get, state.student.ema)
