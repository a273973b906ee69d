"""What a preset asks of a machine, without running it: ``python -m benchmarks.speed.preset_cost --preset NAME``.

Every stage's step is written out at its own batch size. Printed are its operations as XLA counts them, with
``--compile`` also the memory that it needs beside its state on the device that is there, and from the rate of a
machine, given by ``--gflops``, how long the preset would take if nothing but arithmetic counted: a lower bound, not a
measurement.
"""

import argparse
from typing import Any

import jax
import jax.numpy as jnp

from pn3d import config as configs
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.config import STAGES, Stage
from pn3d.data.rays import frame_rays
from pn3d.data.windows import window_starts
from pn3d.synthetic.scenes import make_synthetic_clips
from pn3d.training.batch import TrainData
from pn3d.training.parallel import device_mesh, mapped_step, replicate
from pn3d.training.scene import make_scene
from pn3d.training.state import init_state, stage_optimiser, start_stage
from pn3d.training.train_step import make_step


def lowered_step(config: configs.Config, stage: Stage) -> tuple[Any, int]:
    """The step of a stage for the first device, not compiled yet, and the bytes of the state it works on."""
    mesh = device_mesh(jax.devices()[:1])
    clips = make_synthetic_clips(0, 2, 4 * config.model.window)
    starts, _ = window_starts(clips, config.model.window)
    data = replicate(TrainData(frames=frame_rays(clips), starts=jnp.asarray(starts)), mesh)
    scene = make_scene(config.model, builtin_body(), builtin_landmarks())
    state = replicate(start_stage(config, stage, init_state(config)), mesh)
    held = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
    return mapped_step(make_step(config, stage, scene), mesh).lower(state, data), held


def main() -> None:
    """Prints a line for each stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="human36m")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", dest="overrides")
    parser.add_argument("--compile", action="store_true", help="also the memory; compiling takes a minute a stage")
    parser.add_argument("--gflops", type=float, help="10^9 operations per second of the machine")
    options = parser.parse_args()
    config = configs.with_overrides(configs.preset(options.preset), configs.parse_overrides(options.overrides))
    for stage in STAGES:
        optimiser = stage_optimiser(config, stage)
        lowered, held = lowered_step(config, stage)
        flops = float(lowered.cost_analysis()["flops"])
        line = f"{stage}: batch {optimiser.batch_size}, {flops / 1e9:,.0f} GFLOP a step, state {held / 2**20:,.0f} MB"
        if options.compile:
            line += f", beside it {lowered.compile().memory_analysis().temp_size_in_bytes / 2**20:,.0f} MB"
        if options.gflops:
            seconds = flops / 1e9 / options.gflops
            hours = optimiser.steps * seconds / 3600
            line += f", at best {1 / seconds:.2f} steps/s, {optimiser.steps} steps in {hours:.1f} h"
        print(line, flush=True)


if __name__ == "__main__":
    main()
