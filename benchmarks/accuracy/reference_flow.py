"""ElePose's idea in the place of the discriminators: a normalizing flow on 2D poses, learnt first and then held fixed.

Poses of single frames, whitened by PCA, go through affine couplings (Dinh et al., ICLR 2017); the teacher's turned
skeletons must be likely under it (Wandt et al., CVPR 2022, section 3.3; written here, sizes are ours). Joints that
are not measured count as whitened zeros, so this row trains without masks.
"""

from functools import partial
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from benchmarks.accuracy.study_minimise import minimise
from benchmarks.accuracy.study_train import train_data
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.config import Config, with_overrides
from pn3d.data.clips import Clips
from pn3d.data.windows import gather_windows, make_window
from pn3d.geometry.skeleton import H36M17
from pn3d.models.networks import Params, apply
from pn3d.training.batch import TrainData, draw_batch
from pn3d.training.scene import make_scene
from pn3d.training.stages.teacher import self_consistency_cycle, teacher_terms
from pn3d.training.terms import sum_terms

COMPONENTS = 20
COUPLINGS = 8
HIDDEN = 128
FLOW_STEPS = 2000
FLOW_WEIGHT = 0.02
"""Of the mean negative log-likelihood in nats, beside terms of the order of 0.01."""


class Flow(nn.Module):
    """Affine couplings on alternating halves; log-density of whitened poses."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """(B, C) -> (B,) log p(x)."""
        half = x.shape[-1] // 2
        log_det = jnp.zeros(x.shape[:1])
        for _ in range(COUPLINGS):
            a, b = x[:, :half], x[:, half:]
            hidden = nn.relu(nn.Dense(HIDDEN)(nn.relu(nn.Dense(HIDDEN)(a))))
            both = nn.Dense(2 * b.shape[-1], kernel_init=nn.initializers.zeros_init())(hidden)
            scale, shift = jnp.split(both, 2, axis=-1)
            scale = 2.0 * jnp.tanh(scale / 2.0)
            log_det = log_det + scale.sum(axis=-1)
            x = jnp.concatenate([b * jnp.exp(scale) + shift, a], axis=-1)
        return -0.5 * jnp.sum(x**2 + np.log(2.0 * np.pi), axis=-1) + log_det


def log_density(params: Any, x: jax.Array) -> jax.Array:
    """Whitened poses (B, C) -> (B,)."""
    value: jax.Array = apply(Flow(), params, x)
    return value


@flax.struct.dataclass
class FlowPrior:
    """A trained flow with its PCA: (34,) mean, (34, C) whitening."""

    mean: jax.Array
    whiten: jax.Array
    params: Any

    def log_density(self, poses: jax.Array) -> jax.Array:
        """(B, 17, 2) window coordinates -> (B,) log-density in the whitened space."""
        flat = poses.reshape(poses.shape[0], -1) - self.mean[None, :]
        return log_density(self.params, flat @ self.whiten)


def train_flow(config: Config, data: TrainData, seed: int = 0, steps: int = FLOW_STEPS) -> FlowPrior:
    """Maximum likelihood on the middle frames of all windows and their mirrors."""
    starts = data.starts[:: max(1, len(data.starts) // 20000)]
    rays = gather_windows(data.frames.rays, starts, config.model.window)
    confidence = gather_windows(data.frames.confidence, starts, config.model.window)
    window = jax.jit(partial(make_window, root_depth=config.model.root_depth))(rays, confidence)
    middle = config.model.window // 2
    poses = np.asarray(window.xy[:, middle])[np.asarray(window.confidence[:, middle] > 0).all(axis=1)]
    poses = np.concatenate([poses, poses[:, np.array(H36M17.mirror)] * [-1.0, 1.0]]).reshape(-1, 34)
    mean = poses.mean(axis=0)
    _, spread, axes = np.linalg.svd(poses - mean, full_matrices=False)
    whiten = axes[:COMPONENTS].T / (spread[:COMPONENTS] / np.sqrt(len(poses)))
    x = jnp.asarray((poses - mean) @ whiten, jnp.float32)
    flow, tx = Flow(), optax.adam(optax.cosine_decay_schedule(1e-3, steps))
    params = flow.init(jax.random.key(seed), x[:2])["params"]

    @jax.jit
    def train(params: Any, key: jax.Array) -> Any:
        def step(carry: Any, key: jax.Array) -> Any:
            params, state = carry
            noise_key, pick_key = jax.random.split(key)
            batch = x[jax.random.randint(pick_key, (256,), 0, len(x))]
            # A little noise keeps the density from collapsing onto the training poses.
            batch = batch + 0.05 * jax.random.normal(noise_key, batch.shape)
            gradient = jax.grad(lambda p: -jnp.mean(log_density(p, batch)))(params)
            updates, state = tx.update(gradient, state)
            return (optax.apply_updates(params, updates), state), None

        (params, _), _ = jax.lax.scan(step, (params, tx.init(params)), jax.random.split(key, steps))
        return params

    trained = train(params, jax.random.key(seed + 1))
    return FlowPrior(jnp.asarray(mean, jnp.float32), jnp.asarray(whiten, jnp.float32), trained)


def train_with_flow(config: Config, clips: Clips) -> Params:
    """Stage 1 with the flow in the place of both discriminators."""
    off = {"teacher.loss.pose_adversarial_weight": 0.0, "teacher.loss.motion_adversarial_weight": 0.0}
    config = with_overrides(config, off | {"augment.mask_probability": 0.0})
    data = train_data(config, clips)
    prior = train_flow(config, data)
    scene = make_scene(config.model, builtin_body(), builtin_landmarks())

    def loss(params: Params, inputs: TrainData, key: jax.Array, lane: jax.Array) -> jax.Array:
        batch = draw_batch(inputs, key, lane, config.teacher.optimiser.batch_size, config)
        cycle = self_consistency_cycle(scene, params, batch)
        unused = {name: jnp.zeros(1) for name in ("pose_discriminator", "motion_discriminator")}
        terms = teacher_terms(scene, cycle, batch, unused, config.teacher.loss)
        total, _ = sum_terms(terms)
        unlikely = -jnp.mean(prior.log_density(cycle.novel.window.xy[:, config.model.window // 2]))
        return total + FLOW_WEIGHT * unlikely

    return minimise(config, data, loss)
