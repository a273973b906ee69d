"""What the studies compute with: the flow's density, the twin's truth, picking by a signal, the table."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.accuracy.ablation import read_records, write_records
from benchmarks.accuracy.ablation_rows import ROWS
from benchmarks.accuracy.ablation_table import markdown
from benchmarks.accuracy.model_selection import picked, regrets
from benchmarks.accuracy.reference_flow import Flow
from benchmarks.accuracy.reference_smplify import _fit
from benchmarks.accuracy.reference_twin import twin_data
from benchmarks.accuracy.study_train import study_config
from pn3d.data.windows import gather_windows, make_window
from pn3d.geometry import camera
from pn3d.lifting.teacher import root_relative
from tests.support import tiny


def test_every_row_is_a_config() -> None:
    for name, row in ROWS.items():
        study_config("cmu", 0, row.overrides), name


def test_the_flow_counts_the_volume_that_it_changes() -> None:
    flow, x = Flow(), jax.random.normal(jax.random.key(0), (3, 6))
    params = flow.init(jax.random.key(1), x)["params"]
    params = jax.tree.map(lambda a: a + 0.1 * jax.random.normal(jax.random.key(2), a.shape), params)
    # The map is read off the density: its log-determinant is what is left of log p when the Gaussian is taken away.
    whole = np.asarray(flow.apply({"params": params}, x))
    assert np.isfinite(whole).all()
    grid = jnp.linspace(-12.0, 12.0, 241)
    pairs = jnp.stack(jnp.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    small = Flow().init(jax.random.key(3), pairs[:2])["params"]
    small = jax.tree.map(lambda a: a + 0.05 * jax.random.normal(jax.random.key(4), a.shape), small)
    density = jnp.exp(flow.apply({"params": small}, pairs)).sum() * float(grid[1] - grid[0]) ** 2
    np.testing.assert_allclose(float(density), 1.0, atol=0.03)


def test_the_twins_truth_is_what_a_perfect_lifter_says() -> None:
    config = tiny.config(model__root_depth=0.0)
    data = twin_data(config, tiny.clips())
    starts, length = data.seen.starts[:5], config.model.window
    rays = gather_windows(data.seen.frames.rays, starts, length)
    window = make_window(rays, gather_windows(data.seen.frames.confidence, starts, length), 0.0)
    truth = gather_windows(data.joints, starts, length) / window.size[:, None, None, None]
    # In a window of its own depth the person of unit size stands as it does before the real camera.
    points = camera.lift(window.xy, truth[..., 2], window.root_depth)
    joints = root_relative(points)
    np.testing.assert_allclose(joints, truth, atol=0.02)


@pytest.mark.slow
def test_fitting_finds_the_picture() -> None:
    frames = tiny.data().frames
    rays, confidence = frames.rays[:4], frames.confidence[:4]
    size = make_window(rays[:, None], confidence[:, None], 0.0).size
    early, late = (np.asarray(_fit(rays, confidence, size, 0, steps)[1]) for steps in (1, 40))
    assert (late < 0.7 * early).all()


def test_a_pick_costs_what_it_is_worse_than_the_best() -> None:
    points = [
        {"step": step, "signals": dict.fromkeys(PICKERS_OF_TEST, signal), "builtin": {"pa_mpjpe_mm": error}}
        for step, signal, error in ((1, 3.0, 60.0), (2, 1.0, 50.5), (3, 2.0, 50.0), (4, 2.5, 53.0))
    ]
    assert picked(points, "combined") == 1
    assert regrets(points, "builtin")["combined"] == 0.5
    assert regrets(points, "builtin")["last"] == 3.0


PICKERS_OF_TEST = ("combined", "pose", "motion", "cycle", "overlap", "mirror", "constancy", "symmetry", "hinge")


def test_results_are_read_back_and_tabled(tmp_path: Path) -> None:
    score = {"pa_mpjpe_mm": 50.0, "n_mpjpe_mm": 70.0, "depth_flipped_frac": 0.01}
    records = [
        {"row": "base", "seed": 0, "overrides": {}, "data": "files", "frames": 9, "builtin": score},
        {
            "row": "no-hinge",
            "seed": 0,
            "overrides": {"teacher.loss.hinge_weight": 0.0},
            "data": "files",
            "frames": 9,
            "builtin": score | {"pa_mpjpe_mm": 52.5},
        },
    ]
    path = tmp_path / "rows.jsonl"
    assert read_records(path) == []
    write_records(path, records)
    text = markdown(read_records(path))
    assert "52.5 (+2.5) / 70.0 (1.0 %)" in text
    assert "`teacher.loss.hinge_weight=0.0`" in text
    assert "cmu_dev" not in text
