"""Flights: found by gravity, kept as parabolas."""

import numpy as np
import pytest

import pn3d
from pn3d.data.clips import without_truth
from pn3d.geometry.kinematics import GRAVITY_M_S2
from pn3d.inference.flight_odds import AirView, air_logits
from pn3d.inference.flights import Flights, find_flights
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


def jumper(height: np.ndarray, jitter: float = 0.0, size: float = 1.0, fps: float = FPS) -> AirView:
    """Whose legs, 0.85 m long, bend while the pelvis, 0.9 m high, is lower, and hang down while it is higher."""
    frames = len(height)
    feet = np.maximum(height, 0.0)[:, None] + [0.08, 0.08, 0.02, 0.02]
    contact = np.where(height > 0.002, 0.01, 0.9)[:, None] * np.ones(4)
    pelvis = 0.93 + height
    nothing = np.zeros(frames, bool)
    return AirView(size * pelvis, size * feet, contact, np.full(frames, jitter), ~nothing, nothing, fps, size * 0.85)


def flying(height: np.ndarray, jitter: float = 0.0) -> np.ndarray:
    return find_flights(jumper(height, jitter)).airborne


@pytest.mark.parametrize("gravity", [9.0, 9.81, 10.6])
def test_a_flight_lasts_from_take_off_to_landing(gravity: float) -> None:
    found = np.flatnonzero(flying(hop_m(26, 40, gravity=gravity)))
    assert abs(found[0] - 27) <= 1
    assert abs(found[-1] - 39) <= 1
    assert len(found) == found[-1] - found[0] + 1
    noisy = hop_m(26, 40, gravity=gravity) + np.random.default_rng(0).normal(size=60) * 0.004
    assert abs(int(flying(noisy, 0.01).sum()) - 13) <= 2


def test_who_walks_stands_or_sinks_does_not_fly() -> None:
    now = np.arange(60) / FPS
    for height in (0.02 * np.sin(12 * now), 0.0 * now, -0.5 * np.clip(now - 0.8, 0, 0.6), 0.6 * now):
        assert not flying(height).any()


def test_how_tall_somebody_is_says_nothing_of_flight() -> None:
    still = np.zeros(60)
    np.testing.assert_allclose(air_logits(jumper(still, size=0.7)), air_logits(jumper(still)), atol=1e-9)


def test_the_odds_of_flight_are_those_of_the_same_moment_at_twice_the_rate() -> None:
    now = np.linspace(0, 2, 61)
    slow = jumper(0.3 * np.cos(5 * now))
    twice = jumper(0.3 * np.cos(5 * np.linspace(0, 2, 121)), fps=2 * FPS)
    inside = slice(12, -12)
    np.testing.assert_allclose(air_logits(twice)[::2][inside], air_logits(slow)[inside], atol=0.5)


def test_who_shows_no_ankle_does_not_fly() -> None:
    view = jumper(hop_m(26, 40))
    assert not find_flights(view._replace(seen=np.zeros(60, bool))).airborne.any()
    assert not find_flights(view._replace(cut=np.ones(60, bool))).airborne.any()


def test_who_flies_follows_gravity_through_noise() -> None:
    height = hop_m(26, 40)
    true = np.stack([0.3 * np.arange(60) / FPS, -height, np.full(60, 4.0)], axis=-1)
    view = view_of(true, 0.03)
    known = Standing(np.zeros((60, 4, 3)), np.zeros((60, 4)), find_flights(jumper(height)))
    nobody = known._replace(flights=Flights(np.zeros(60, bool), GRAVITY_M_S2))
    free, bound = (solve_path(view, true, standing) @ UP - height for standing in (nobody, known))
    inside = slice(27, 38)
    assert np.abs(np.diff(bound, 2)[inside]).max() < 0.2 * np.abs(np.diff(free, 2)[inside]).max()


@pytest.mark.filterwarnings("ignore::pn3d.PredictionWarning")
def test_jumps_of_built_in_motion_are_as_long_as_they_are() -> None:
    clips, airborne = held_out_jumps(4)
    assert len(airborne) == clips.frames
    found = pn3d.predict(pn3d.load_weights(), without_truth(clips)).airborne
    assert found is not None
    assert found[airborne].mean() > 0.9
    assert found[~airborne].mean() < 0.05
