"""Flights: found by gravity, kept as parabolas."""

import numpy as np
import pytest

import pn3d
from pn3d.data.clips import without_truth
from pn3d.geometry.kinematics import GRAVITY_M_S2
from pn3d.inference.flights import find_flights
from pn3d.inference.path import Standing, solve_path
from pn3d.synthetic.scenes import held_out_jumps
from tests.inference.test_path import UP, view_of

FPS = 30.0


def hop_m(first: int, last: int, frames: int = 60, gravity: float = GRAVITY_M_S2) -> np.ndarray:
    """(T,) height of who crouches, flies from frame ``first`` to ``last`` and lands in a crouch."""
    now = np.arange(frames)
    height = 0.5 * gravity * (now - first) * (last - now) / FPS**2
    legs = 0.25 * (1.0 - np.cos(2 * np.pi * np.clip((now - first + 12) / 12, 0, 1))) / 2
    legs += 0.25 * (1.0 - np.cos(2 * np.pi * np.clip((now - last) / 12, 0, 1))) / 2
    return np.where((now >= first) & (now <= last), height, -legs)


def flying(height: np.ndarray, jitter: float = 0.0) -> np.ndarray:
    frames = len(height)
    loose = np.zeros(frames, bool)
    loose[15:50] = True
    return find_flights(height, np.full(frames, jitter), loose, np.zeros(frames, bool), FPS).falling


@pytest.mark.parametrize("gravity", [9.0, 9.81, 10.6])
def test_a_flight_lasts_from_take_off_to_landing_whatever_the_feet_say(gravity: float) -> None:
    found = np.flatnonzero(flying(hop_m(26, 40, gravity=gravity)))
    assert abs(found[0] - 26) <= 1
    assert abs(found[-1] - 40) <= 1
    assert len(found) == found[-1] - found[0] + 1
    noisy = hop_m(26, 40, gravity=gravity) + np.random.default_rng(0).normal(size=60) * 0.004
    assert abs(int(flying(noisy, 0.01).sum()) - 15) <= 2


def test_who_walks_stands_or_sinks_does_not_fly() -> None:
    now = np.arange(60) / FPS
    for height in (0.02 * np.sin(12 * now), 0.0 * now, -0.5 * np.clip(now - 0.8, 0, 0.6), 0.6 * now):
        assert not flying(height).any()


def test_who_flies_follows_gravity_through_noise() -> None:
    height = hop_m(26, 40)
    true = np.stack([0.3 * np.arange(60) / FPS, -height, np.full(60, 4.0)], axis=-1)
    view = view_of(true, 0.03)
    loose = np.ones(60, bool)
    nobody = Standing(np.zeros((60, 4, 3)), np.zeros((60, 4)), find_flights(height, 0 * height, ~loose, ~loose, FPS))
    known = nobody._replace(flights=find_flights(height, np.zeros(60), loose, ~loose, FPS))
    free, bound = (solve_path(view, true, standing) @ UP - height for standing in (nobody, known))
    inside = slice(27, 40)
    assert np.abs(bound[inside] - bound[inside].mean()).max() < 0.6 * np.abs(free[inside] - free[inside].mean()).max()


@pytest.mark.filterwarnings("ignore::pn3d.PredictionWarning")
def test_jumps_of_built_in_motion_are_as_long_as_they_are() -> None:
    clips, airborne = held_out_jumps(4)
    assert len(airborne) == clips.frames
    found = pn3d.predict(pn3d.load_weights(), without_truth(clips)).airborne
    assert found is not None
    assert found[airborne].mean() > 0.8
    assert found[~airborne].mean() < 0.1
