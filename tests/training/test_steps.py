"""Properties of the pmapped steps: who learns, who does not, device counts, traces, other platforms."""

import os
import re
import sys
from pathlib import Path
from types import FrameType

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pn3d
from pn3d.config import STAGES, Stage
from pn3d.models.networks import make_networks
from pn3d.training import xla_options
from pn3d.training.parallel import mapped_step, repeated
from pn3d.training.state import PLAYERS, TRAINED, Player, init_state, stage_optimisers, start_stage
from pn3d.training.train_step import make_step, updated_player
from pn3d.training.xla_options import compiler_options
from tests.support import tiny


@pytest.mark.parametrize("stage", STAGES)
def test_who_learns_moves_and_who_is_frozen_does_not(stage: Stage) -> None:
    state = start_stage(tiny.steps_config(), stage, tiny.first_state())
    before = jax.tree.map(np.asarray, {name: getattr(state, name).params for name in PLAYERS})
    after, metrics = tiny.advance(stage, 1)(tiny.on_devices(state, 1), tiny.on_devices(tiny.data(), 1))
    assert int(after.step) == 1
    for name in ("teacher", "student"):
        # Averages follow at once: a tenth of the old weights is left after the first step, and they were the average.
        ema, params = (tiny.leaves(getattr(getattr(after, name), part)) for part in ("ema", "params"))
        for average, new, old in zip(ema, params, tiny.leaves(before[name]), strict=True):
            np.testing.assert_allclose(average, 0.1 * old + 0.9 * new, rtol=1e-5, atol=1e-7, err_msg=name)
    for name in PLAYERS:
        moved = not tiny.bitwise_equal(before[name], getattr(after, name).params)
        assert moved == (name in TRAINED[stage]), name
        assert (getattr(state, name).opt_state is not None) == (name in TRAINED[stage]), name
        if name in TRAINED[stage]:
            assert float(metrics[f"grad_norm/{name}"]) > 0, name
            assert float(metrics[f"update_norm/{name}"]) > 0, name
        else:
            assert f"grad_norm/{name}" not in metrics


@pytest.mark.parametrize("stage", [pytest.param("teacher", marks=pytest.mark.slow), "student", "joint"])
def test_two_devices_equal_one_on_the_same_global_batch(stage: Stage) -> None:
    """The joint stage has every player and every draw of stage 1."""
    results = []
    for count in (1, 2):
        state = tiny.on_devices(start_stage(tiny.steps_config(), stage, tiny.first_state()), count)
        results.append(tiny.advance(stage, count)(state, tiny.on_devices(tiny.data(), count)))
    (one, one_metrics), (two, two_metrics) = results
    for name, value in one_metrics.items():
        np.testing.assert_allclose(value, two_metrics[name], rtol=2e-4, atol=1e-6, err_msg=name)
    for name in TRAINED[stage]:
        # Adam's moments are the gradients themselves; parameters would only show their signs after one step.
        moments = [tiny.leaves(getattr(state, name).opt_state) for state in (one, two)]
        for a, b in zip(*moments, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5 * max(float(np.abs(a).max()), 1e-6))


def test_one_batch_goes_through_few_rooms() -> None:
    """Changes of room, call by call, in one trace of stage 1 with most options: docs/architecture.md lists them."""
    root, stops = str(Path(pn3d.__file__).parent), [""]
    config = tiny.config(
        model__correct=True,
        model__roll_head=True,
        augment__roll_deg=20.0,
        augment__wide_views=0.2,
        augment__detector_noise=1.0,
        augment__undisturbed=0.2,
    )
    scene, first = tiny.scene()._replace(networks=make_networks(config.model)), init_state(config)

    def hook(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(root):
            room = name[len(root) + 1 :].split("/")[0].removesuffix(".py")
            if stops[-1] != room:
                stops.append(room)

    advance = mapped_step(make_step(config, "teacher", scene), tiny.devices(1))
    state, data = tiny.on_devices(start_stage(config, "teacher", first), 1), tiny.on_devices(tiny.data(), 1)
    sys.setprofile(hook)
    try:
        advance.lower(state, data)
    finally:
        sys.setprofile(None)
    assert len(stops) - 2 <= 20, stops
    architecture = (Path(pn3d.__file__).parents[1] / "docs" / "architecture.md").read_text()
    listed = re.findall(r"^\d+\. `(\w+)`", architecture.split("## One batch of stage 1")[1], re.MULTILINE)
    assert listed == stops[1:]


@pytest.mark.parametrize("platform", ["tpu", "cuda"])
@pytest.mark.parametrize("stage", [pytest.param(stage, marks=pytest.mark.slow) for stage in STAGES[:2]] + ["joint"])
def test_the_step_lowers_for_accelerators(stage: Stage, platform: str) -> None:
    mesh = tiny.devices(1)
    step = make_step(tiny.config(), stage, tiny.scene())
    sharded = jax.shard_map(
        lambda s, d, lane: step(s, d, lane[0]),
        mesh=mesh,
        in_specs=(jax.P(), jax.P(), jax.P("data")),
        out_specs=(jax.P(), jax.P()),
        check_vma=False,
    )
    state = start_stage(tiny.config(), stage, tiny.first_state())
    lowered = (
        jax.jit(sharded).trace(state, tiny.data(), np.arange(1, dtype=np.int32)).lower(lowering_platforms=(platform,))
    )
    assert "func.func" in lowered.as_text()


def test_frozen_teacher_has_zero_gradient_in_the_student_stage() -> None:
    """The whole objective of stage 2, differentiated by what it must not move."""
    from pn3d.training.batch import draw_batch
    from pn3d.training.stages import student as student_stage

    config, scene = tiny.config(), tiny.scene()
    first = tiny.first_state()

    def loss(teacher, lane):  # type: ignore[no-untyped-def]
        batch = draw_batch(tiny.data(), jax.random.key(0), lane, 8, config)
        params = {name: getattr(first, name).params for name in PLAYERS} | {"teacher": teacher}
        _, metrics = student_stage.gradients(config, scene, params, batch)
        return metrics["loss/student"]

    slope = jax.pmap(jax.grad(loss), axis_name="data", in_axes=(None, 0), devices=jax.devices()[:1])
    for leaf in jax.tree.leaves(slope(first.teacher.params, np.arange(1))):
        assert (np.asarray(leaf) == 0).all()


def test_a_number_that_is_not_finite_keeps_the_last_good_state() -> None:
    state = start_stage(tiny.steps_config(), "student", tiny.first_state())
    data = tiny.on_devices(tiny.data(), 1)
    bad = data.replace(frames=data.frames.replace(rays=data.frames.rays.at[:].set(jnp.nan)))
    after, metrics = tiny.advance("student", 1)(tiny.on_devices(state, 1), bad)
    assert int(after.step) == 0
    assert int(after.bad_step) == 0
    names = sorted(metrics)
    named = names[int(after.bad_metric)]
    assert named.split("/")[0] in ("grad_norm", "loss")
    assert not np.isfinite(metrics[named])
    assert tiny.bitwise_equal(after.student.params, state.student.params)


def test_a_player_and_its_average_change_on_an_update_only() -> None:
    optimiser = stage_optimisers(tiny.config(), "teacher")["teacher"]
    params = {"kernel": jnp.ones((3, 2))}
    gradients, decay = jax.tree.map(lambda leaf: 0.1 * leaf, params), jnp.array(0.75)
    player = Player(params=params, opt_state=optimiser.init(params), ema=jax.tree.map(lambda leaf: 3.0 * leaf, params))
    stayed, _ = updated_player(player, gradients, optimiser, decay, jnp.array(False))
    assert tiny.bitwise_equal(stayed, player)
    moved, length = updated_player(player, gradients, optimiser, decay, jnp.array(True))
    assert float(length) > 0
    np.testing.assert_allclose(moved.ema["kernel"], 0.75 * 3.0 + 0.25 * moved.params["kernel"], rtol=1e-6)


def test_discriminators_that_learn_every_second_step_rest_in_between() -> None:
    config = tiny.config(teacher__discriminator__every=2)
    advance = mapped_step(make_step(config, "teacher", tiny.scene()), tiny.devices(1))
    states = [tiny.on_devices(start_stage(config, "teacher", tiny.first_state()), 1)]
    for _ in range(2):
        kept = tiny.on_devices(jax.tree.map(jnp.copy, states[-1]), 1)
        states.append(advance(kept, tiny.on_devices(tiny.data(), 1))[0])
    first, second, third = (state.motion_discriminator for state in states)
    assert not tiny.bitwise_equal(first.params, second.params)
    assert tiny.bitwise_equal(second, third)
    assert not tiny.bitwise_equal(states[1].teacher.params, states[2].teacher.params)


def test_loss_falls_on_one_clip_and_the_step_is_traced_once() -> None:
    config = tiny.config(student__optimiser__steps=200, augment__mask_probability=0.0)
    step, traced = repeated(make_step(config, "student", tiny.scene()), 20), []

    def counted(state, data, device_index):  # type: ignore[no-untyped-def]
        traced.append(1)
        return step(state, data, device_index)

    advance = mapped_step(counted, tiny.devices(1))
    state = tiny.on_devices(start_stage(config, "student", tiny.first_state()), 1)
    data = tiny.on_devices(tiny.data().replace(starts=tiny.data().starts[:4]), 1)
    losses = []
    for _ in range(5):
        state, metrics = advance(state, data)
        losses.append(float(metrics["loss/student"]))
    assert losses[-1] < 0.8 * losses[0], losses
    assert len(traced) == 1


@pytest.mark.parametrize("stage", STAGES)
def test_nothing_leaves_the_step_without_a_pmean(stage: Stage) -> None:
    """shard_map's replication checker follows the whole step and refuses what was not reduced."""
    config = tiny.config()
    advance = mapped_step(make_step(config, stage, tiny.scene()), tiny.devices(2), backend="lint")
    state = tiny.on_devices(start_stage(config, stage, tiny.first_state()), 2)
    advance.lower(state, tiny.on_devices(tiny.data(), 2))

    def forgetful(state, data, lane):  # type: ignore[no-untyped-def]
        state, metrics = make_step(config, stage, tiny.scene())(state, data, lane)
        return state, metrics | {"unreduced": lane.astype(jnp.float32)}

    if stage == "student":
        with pytest.raises(ValueError, match="replicat"):
            mapped_step(forgetful, tiny.devices(2), backend="lint").lower(state, tiny.on_devices(tiny.data(), 2))


def test_shard_map_is_bitwise_pmap() -> None:
    state = start_stage(tiny.steps_config(), "student", tiny.first_state())
    results = [
        tiny.advance("student", 2, backend=backend)(tiny.on_devices(state, 2), tiny.on_devices(tiny.data(), 2))[0]
        for backend in (None, "shard_map")
    ]
    assert tiny.bitwise_equal(*results)


def test_what_xla_flags_says_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_experimental_ynn_fusion_type= --xla_disable_hlo_passes=")
    assert compiler_options() == {}


def test_an_option_that_this_xla_does_not_know_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setattr(xla_options, "_EIGEN", {"xla_cpu_of_another_version": "1"})
    step = lambda state, data, lane: (jax.lax.optimization_barrier(state + data) * 2.0, lane)  # noqa: E731
    advance = mapped_step(step, tiny.devices(1))
    assert float(advance(jnp.ones(()), jnp.ones(()))[0]) == 4.0
