"""What the PyTorch side of ``benchmarks.speed.training`` reads, and our loss terms on the batch that goes along."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.speed.training_setup import Setup
from pn3d import losses
from pn3d.config import Config
from pn3d.data import augmentation, person_size
from pn3d.data.disturbed import Batch
from pn3d.geometry.skeleton import H36M17
from pn3d.models.layers import temporal_basis
from pn3d.models.networks import Params, discriminator_logits
from pn3d.training.adversarial import DISCRIMINATORS, discriminator_gradients, discriminator_inputs
from pn3d.training.batch import clean_xy, draw_batch
from pn3d.training.parallel import mapped_step
from pn3d.training.stages.teacher import self_consistency_cycle, teacher_terms
from pn3d.training.terms import sum_terms

Numbers = dict[str, float]


def write_job(path: Path, setup: Setup, threads: int) -> Numbers:
    """Writes the job with one batch in it; returns our terms on that batch, with first-step parameters."""
    config, first = setup.config, setup.first
    params = {name: getattr(first, name).params for name in ("teacher", "pose_discriminator", "motion_discriminator")}

    def look(state: Any, data: Any, lane: jax.Array) -> Any:
        batch = draw_batch(data, jax.random.key(7), lane, config.teacher.optimiser.batch_size, config)
        return state, _terms_and_batch(setup, state, batch)

    # Mapped, since what is drawn and meaned belongs to all devices.
    _, (terms, batch) = mapped_step(look, setup.mesh)(jax.tree.map(jnp.copy, params), setup.data)
    named = {"teacher": "teacher", "pose": "pose_discriminator", "motion": "motion_discriminator"}
    weights: dict[str, Any] = {
        f"{name}.{i}": leaf
        for name, player in named.items()
        for i, leaf in enumerate(_in_torch_order(params[player], config))
    }
    segments = list(zip(*person_size._SEGMENTS, strict=True))
    legs = [[H36M17.index(side + part) for part in ("hip", "knee", "ankle")] for side in ("left_", "right_")]
    np.savez(
        path,
        settings=json.dumps(_settings(config, threads)),
        rays=setup.data.frames.rays,
        confidence=setup.data.frames.confidence,
        starts=setup.data.starts,
        mirror=np.array(H36M17.mirror),
        bones=np.array(H36M17.bones).T,
        mirrored_bones=losses._MIRRORED_BONE,
        hips=np.array([H36M17.index("left_hip"), H36M17.index("right_hip")]),
        legs=np.array(legs),
        segments=np.array(segments[:2]),
        segment_lengths=np.array(segments[2], np.float32),
        human_ratios=setup.scene.human_ratios,
        basis=temporal_basis(config.model.window),
        not_in_coco=augmentation._NOT_IN_COCO_MASK,
        torso=augmentation._TORSO_MASK,
        parts=augmentation._PART_MASKS,
        **weights,
        **batch,
    )
    return {name: float(value) for name, value in terms.items()}


def compare_terms(ours: Numbers, theirs: Numbers) -> float:
    """Largest relative difference of a term; both sides must have the same terms."""
    assert ours.keys() == theirs.keys(), (sorted(ours), sorted(theirs))
    return max(abs(ours[name] - theirs[name]) / (abs(ours[name]) + 1e-6) for name in ours)


def _settings(config: Config, threads: int) -> dict[str, Any]:
    model, loss = config.model, config.teacher.loss
    assert config.augment.flip
    assert config.augment.noise == 0, "the PyTorch side has no detector noise: set augment.noise to 0 to compare"
    names = [name.removesuffix("_weight") for name in vars(loss) if name.endswith("_weight")]
    return {
        "width": model.width,
        "blocks": model.blocks,
        "window": model.window,
        "temporal": model.temporal,
        "judge_width": model.discriminator_width,
        "judge_blocks": model.discriminator_blocks,
        "batch": config.teacher.optimiser.batch_size,
        "mask_probability": config.augment.mask_probability,
        "penalty": config.teacher.discriminator.gradient_penalty,
        "weights": {name: getattr(loss, f"{name}_weight") for name in names},
        "threads": threads,
    }


def _terms_and_batch(setup: Setup, params: dict[str, Params], batch: Batch) -> tuple[Any, dict[str, jax.Array]]:
    config, scene, window = setup.config, setup.scene, batch.masked
    cycle = self_consistency_cycle(scene, params["teacher"], batch)
    settings = config.teacher.discriminator
    fakes = discriminator_inputs(cycle.novel.window.xy, batch, settings)
    logits = discriminator_logits(scene.networks, params, fakes)
    _, terms = sum_terms(teacher_terms(scene, cycle, batch, logits, config.teacher.loss))
    _, metrics = discriminator_gradients(scene.networks, params, fakes, cycle.view.fake_weight, batch, settings)
    for name in DISCRIMINATORS:
        terms[name] = metrics[f"loss/{name}"]
    looked = {
        "check_xy": window.xy,
        "check_confidence": window.confidence,
        "check_target": clean_xy(batch, window),
        "check_clean": batch.clean.confidence,
        "check_frame": batch.draws.pose_frame,
        "check_rotation": cycle.view.rotation,
        "check_elevation": cycle.view.elevation,
    }
    return terms, looked


def _in_torch_order(params: Params, config: Config) -> list[np.ndarray]:
    """Kernel and bias of every dense layer in the order in which the PyTorch modules hold them."""
    trunk = params.get("trunk", params)
    count = sum(name.startswith("Dense") for name in trunk)
    judge = trunk is params
    layers = [trunk[f"Dense_{i}"] for i in range(count)]
    blocks = [trunk[f"ResidualBlock_{i}"] for i in range(sum(name.startswith("ResidualBlock") for name in trunk))]
    deep = [block[f"Dense_{i}"] for block in blocks for i in range(2)]
    if judge:
        # First and last layer come before the blocks, as their attributes do.
        ordered = [*layers, *deep]
    else:
        ordered = [*layers, *deep, *(params[name] for name in ("pose_head", "elevation_hidden", "elevation_head"))]
    return [np.asarray(layer[part]) for layer in ordered for part in ("kernel", "bias")]
