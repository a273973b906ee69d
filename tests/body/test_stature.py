"""How tall bodies stand, and shapes of a known height."""

import json
from pathlib import Path

import numpy as np
import pytest

from pn3d.body.builtin import builtin_body
from pn3d.body.stature import stature_m, with_stature
from pn3d.commands.main import main
from pn3d.data.clips import select, write_clips
from pn3d.evaluation.metrics import frame_errors
from pn3d.files.errors import UserError
from pn3d.inference.predict import predict
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights
from pn3d.synthetic.scenes import held_out_clips
from tests.support import tiny


def test_the_nearest_shape_of_a_height() -> None:
    body, generator = builtin_body(), np.random.default_rng(0)
    betas = generator.normal(size=(20, 10)).astype(np.float32)
    found = with_stature(body, betas, 1.85)
    np.testing.assert_allclose(stature_m(body, found), 1.85, atol=1e-4)
    np.testing.assert_allclose(with_stature(body, found, 1.85), found, atol=1e-4)
    # No other shape of that height that was tried is nearer.
    for _ in range(20):
        other = with_stature(body, betas + generator.normal(0, 0.3, betas.shape), 1.85)
        assert (((other - betas) ** 2).sum(axis=1) > ((found - betas) ** 2).sum(axis=1) - 1e-4).all()
    for height in (0.3, 3.0, float("nan")):
        with pytest.raises(UserError, match=r"expected 0\.8 to 2\.3 m"):
            with_stature(body, betas, height)


def test_a_known_height_moves_the_person_and_not_the_pose() -> None:
    clip, scene = select(held_out_clips(2), [0]), tiny.scene()
    weights = load_weights(SHIPPED_WEIGHTS)
    short, tall = (predict(weights, clip, scene.body, scene.landmarks, height_m=h) for h in (1.5, 1.95))
    for prediction, height in ((short, 1.5), (tall, 1.95)):
        assert prediction.betas is not None
        np.testing.assert_allclose(stature_m(scene.body, prediction.betas), height, atol=1e-3)
    assert short.joints_cam_m is not None
    assert tall.joints_cam_m is not None
    depth = np.median(tall.joints_cam_m[:, 0, 2] / short.joints_cam_m[:, 0, 2])
    assert 1.2 < depth < 1.4
    assert frame_errors(short.joints_cam_m, tall.joints_cam_m).pa_mpjpe_mm.mean() < 25.0


def test_the_command_takes_it_and_says_where_height_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clips(tmp_path / "in.npz", select(held_out_clips(1), [0]))
    words = ["predict", str(tmp_path / "in.npz"), "--output", str(tmp_path / "out")]
    assert main([*words, "--height-m", "1.62"]) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["height_source"] == "given"
    assert summary["height_m"] == pytest.approx([1.62], abs=2e-3)
    assert main(words) == 0
    assert "an adult of average height" in capsys.readouterr().out
    assert main([*words, "--height-m", "17"]) == 2
    assert "expected 0.8 to 2.3 m" in capsys.readouterr().err
