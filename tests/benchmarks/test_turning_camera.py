"""A walk that a turning camera follows comes out straight."""

import dataclasses
from pathlib import Path

import pytest

pytest.importorskip("av", reason="needs the extra video (PyAV)")
pytest.importorskip("cv2", reason="needs the extra video (OpenCV)")

import pn3d
from benchmarks.accuracy.turning_camera import detected, direction_error_deg
from tools.stand_ins.turning_camera import shot


@pytest.mark.slow
def test_a_panned_walk_is_straight(tmp_path: Path) -> None:
    filmed, weights = shot(40.0), pn3d.load_weights()
    clips = detected(filmed, tmp_path, noise_px=1.0)
    assert direction_error_deg(pn3d.predict(weights, clips), filmed) < 5
    unturned = dataclasses.replace(clips, camera_turn_rad=None)
    assert direction_error_deg(pn3d.predict(weights, unturned), filmed) > 20
