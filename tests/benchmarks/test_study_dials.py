"""One compiled step for many rows: it must be the step that the row's own config gives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.accuracy.study_dials import dialled_step, dials_of, padded, structure_of
from pn3d.training.parallel import mapped_step, repeated
from pn3d.training.state import start_stage
from pn3d.training.train_step import make_step
from tests.support import tiny


@pytest.mark.slow
def test_dials_change_the_step_as_the_config_does() -> None:
    base = tiny.config()
    other = tiny.config(teacher__loss__symmetry_weight=0.0, teacher__loss__relift_weight=3.0, augment__noise=0.01)
    assert structure_of(base) == structure_of(other)
    assert structure_of(base) != structure_of(tiny.config(model__window=9))
    advance = mapped_step(dialled_step(base, tiny.scene()), tiny.devices(1))
    metrics = {}
    for name, config in (("base", base), ("other", other)):
        state = tiny.on_devices(start_stage(config, "teacher", tiny.first_state()), 1)
        metrics[name] = advance(state, tiny.on_devices((tiny.data(), dials_of(config)), 1))[1]
    step = make_step(base, "teacher", tiny.scene())
    plain = mapped_step(repeated(step, base.run.steps_per_dispatch), tiny.devices(1))
    state = tiny.on_devices(start_stage(base, "teacher", tiny.first_state()), 1)
    _, expected = plain(state, tiny.on_devices(tiny.data(), 1))
    for name, value in expected.items():
        np.testing.assert_allclose(metrics["base"][name], value, rtol=2e-3, atol=1e-5, err_msg=name)
    assert abs(float(metrics["other"]["loss/teacher"]) - float(expected["loss/teacher"])) > 1e-3


def test_padding_keeps_every_window_and_no_other() -> None:
    data = tiny.data()
    frames, windows = data.frames.rays.shape[0], len(data.starts)
    grown = padded(data, frames + 10, 3 * windows)
    assert grown.frames.rays.shape[0] == frames + 10
    assert len(grown.starts) == 3 * windows
    assert sorted(np.asarray(grown.starts)) == sorted(3 * list(np.asarray(data.starts)))
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.array_equal(a[:frames], b)), grown.frames, data.frames))
