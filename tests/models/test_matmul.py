"""``run.matmul`` reaches the products of the networks, and no other."""

from typing import get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.config import RunConfig
from pn3d.training.parallel import mapped_step, replicate
from pn3d.training.state import start_stage
from pn3d.training.train_step import MATMUL, make_step
from tests.support import tiny


def lowered(matmul: str) -> str:
    """The teacher's step in StableHLO."""
    config = tiny.config(run__matmul=matmul)
    step = mapped_step(make_step(config, "teacher", tiny.scene()), tiny.devices(1))
    state = tiny.on_devices(start_stage(config, "teacher", tiny.first_state()), 1)
    return str(step.lower(state, replicate(tiny.data(), tiny.devices(1))).as_text())


def test_every_choice_has_a_name_in_jax() -> None:
    assert set(MATMUL) == set(get_args(get_type_hints(RunConfig)["matmul"]))


def test_bfloat16_is_asked_of_the_networks_and_never_of_the_body() -> None:
    plain, half = lowered("default"), lowered("bfloat16")
    products = half.count("dot_general")
    asked = half.count("BF16") + half.count("bf16")
    assert products > 0
    assert asked > 0
    assert "bf16" not in plain.lower()
    # What says HIGHEST for itself (cameras, body) keeps it.
    assert half.count("HIGHEST") == plain.count("HIGHEST") > 0


@pytest.mark.parametrize("name", [name for name in MATMUL if name != "default"])
def test_the_cpu_computes_under_every_choice(name: str) -> None:
    with jax.default_matmul_precision(MATMUL[name]):
        product = jax.jit(jnp.matmul)(jnp.eye(4), jnp.arange(16.0).reshape(4, 4))
    np.testing.assert_allclose(product, np.arange(16.0).reshape(4, 4))
