"""The supervised twin: the teacher's network and windows, trained on 3D truth. A reference, not a part of the method.

``cmu_train`` holds no 3D, so on a file with truth the twin is cross-validated: scenes are halved by their order, one
half trains and the other is predicted, and they swap. Its other form learns from built-in motion, whose truth is code.
"""

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.accuracy.study_minimise import minimise
from benchmarks.accuracy.study_train import teacher_weights, train_data
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.config import Config
from pn3d.data.augmentation import flip_windows
from pn3d.data.clips import Clips, require_truth, select
from pn3d.data.windows import gather_windows, make_window
from pn3d.geometry import camera, rotations
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.predict import predict
from pn3d.lifting.teacher import lift, root_relative
from pn3d.models.networks import Params, make_networks
from pn3d.training.batch import TrainData
from pn3d.training.model_selection import scene_of


@flax.struct.dataclass
class TwinData:
    """2D as training sees it, and the truth of each frame: (N, 17, 3) root-relative over the root's depth, centred."""

    seen: TrainData
    joints: jax.Array


def twin_data(config: Config, clips: Clips) -> TwinData:
    """Windows of clips with their truth; h36m17 clips at the model's frame rate."""
    require_truth(clips)
    seen = train_data(config, clips)
    turn = camera.centring_rotation(seen.frames.root_ray)
    centred = rotations.rotate(turn, jnp.asarray(clips.joints_cam))
    return TwinData(seen=seen, joints=(centred - centred[:, :1]) / centred[:, :1, 2:])


def train_twin(config: Config, clips: Clips) -> Params:
    """The teacher's network by the mean distance of its joints from the truth, in head-root units."""
    teacher = make_networks(config.model).teacher
    length, batch = config.model.window, config.teacher.optimiser.batch_size

    def loss(params: Params, data: TwinData, key: jax.Array, lane: jax.Array) -> jax.Array:
        share = batch // jax.device_count()
        pick_key, flip_key = jax.random.split(jax.random.fold_in(key, lane))
        starts = data.seen.starts[jax.random.randint(pick_key, (share,), 0, data.seen.starts.shape[0])]
        rays = gather_windows(data.seen.frames.rays, starts, length)
        confidence = gather_windows(data.seen.frames.confidence, starts, length)
        truth = gather_windows(data.joints, starts, length)
        flip = jax.random.bernoulli(flip_key, 0.5, (share,))
        rays, confidence = flip_windows(rays, confidence, flip)
        mirrored = truth[:, :, np.array(H36M17.mirror)] * jnp.array([-1.0, 1.0, 1.0]).reshape(1, 1, 1, 3)
        truth = jnp.where(flip[:, None, None, None], mirrored, truth)
        window = make_window(rays, confidence, config.model.root_depth)
        joints = root_relative(lift(teacher, params, window).joints)
        gap = joints - truth / window.size[:, None, None, None]
        return jnp.mean(jnp.sqrt(jnp.sum(gap**2, axis=-1) + 1e-6))

    return minimise(config, twin_data(config, clips), loss)


def twin_joints(config: Config, teacher: Params, clips: Clips) -> np.ndarray:
    """(N, 17, 3) what a twin predicts, as any teacher does."""
    weights = teacher_weights(config, teacher)
    return predict(weights, clips, builtin_body(), builtin_landmarks()).teacher_joints_cam_m


def cross_validated(config: Config, clips: Clips) -> np.ndarray:
    """(N, 17, 3): every clip predicted by the twin that learnt from the other half of the scenes."""
    names = sorted({scene_of(str(name)) for name in clips.clip_name})
    # Every second scene: actions lie beside each other in the order of names, so both halves have most of them.
    second = set(names[1::2])
    in_second = np.array([scene_of(str(name)) in second for name in clips.clip_name])
    out: Any = np.zeros((clips.frames, 17, 3), np.float32)
    for half in (in_second, ~in_second):
        other = select(clips, np.flatnonzero(~half))
        own = select(clips, np.flatnonzero(half))
        joints = twin_joints(config, train_twin(config, other), own)
        out[np.repeat(half, clips.lengths)] = joints
    return np.asarray(out)
