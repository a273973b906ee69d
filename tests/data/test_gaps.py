"""Joints that are lost for a moment."""

import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.data.gaps import LONGEST, across_gaps
from pn3d.inference.keyframes import CARRIED_SHARE, keyframe_keypoints


def windows(seed: int = 0, frames: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """(2, T, 17, 2) joints that move evenly, and how sure they are."""
    generator = np.random.default_rng(seed)
    start, step = generator.normal(size=(2, 2, 1, 17, 2))
    rays = start + step * np.arange(frames)[None, :, None, None]
    return rays.astype(np.float32), generator.uniform(0.3, 1.0, (2, frames, 17)).astype(np.float32)


def bridged(rays: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = across_gaps(jnp.asarray(rays), jnp.asarray(confidence))
    return np.asarray(found[0]), np.asarray(found[1])


def test_who_moves_evenly_is_carried_over_a_gap_exactly() -> None:
    rays, confidence = windows()
    hidden = confidence.copy()
    hidden[0, 3 : 3 + LONGEST, 5] = hidden[1, 6, 11] = 0.0
    found, sure = bridged(np.where(hidden[..., None] > 0, rays, 0.0).astype(np.float32), hidden)
    np.testing.assert_allclose(found, rays, atol=1e-5)
    assert np.allclose(sure[0, 3 : 3 + LONGEST, 5], min(confidence[0, 2, 5], confidence[0, 3 + LONGEST, 5]))
    assert np.isclose(sure[1, 6, 11], min(confidence[1, 5, 11], confidence[1, 7, 11]))


def test_what_is_seen_stays_bit_for_bit() -> None:
    rays, confidence = windows(1)
    confidence[np.random.default_rng(2).random(confidence.shape) < 0.3] = 0.0
    found, sure = bridged(rays, confidence)
    seen = confidence > 0
    assert np.array_equal(found[seen], rays[seen])
    assert np.array_equal(sure[seen], confidence[seen])


def test_long_gaps_and_the_ends_of_a_window_stay_missing() -> None:
    rays, confidence = windows(3)
    confidence[0, 2 : 2 + LONGEST + 1, 4] = 0.0  # too long
    confidence[1, :2, 7] = confidence[1, -1, 8] = 0.0  # nothing before, nothing after
    confidence[:, :, 9] = 0.0  # never seen
    _, sure = bridged(rays, confidence)
    assert np.array_equal(sure, confidence)


def test_time_backwards_gives_the_same_backwards() -> None:
    rays, confidence = windows(4)
    confidence[np.random.default_rng(5).random(confidence.shape) < 0.4] = 0.0
    found, sure = bridged(rays, confidence)
    again, sure_again = bridged(rays[:, ::-1], confidence[:, ::-1])
    np.testing.assert_allclose(again[:, ::-1], found, atol=1e-4)
    assert np.array_equal(sure_again[:, ::-1], sure)


def test_the_fit_is_given_the_same_joints_less_sure() -> None:
    rays, confidence = windows(6, frames=40)
    confidence[np.random.default_rng(7).random(confidence.shape) < 0.5] = 0.0
    confidence[:, :, 3], confidence[:, :, 4] = 0.0, 0.8  # never, and always seen
    expected, sure = bridged(rays, confidence)
    for i in range(len(rays)):
        found, less_sure = keyframe_keypoints(rays[i], confidence[i], fps=30.0, stride=1)
        np.testing.assert_allclose(found[sure[i] > 0], expected[i][sure[i] > 0], atol=1e-5)
        carried = (confidence[i] == 0) & (sure[i] > 0)
        assert carried.any()
        np.testing.assert_allclose(less_sure, np.where(carried, CARRIED_SHARE * sure[i], confidence[i]), rtol=1e-6)


@pytest.mark.parametrize(
    ("fps", "stride", "longest"), [(10.0, 1, 5), (25.0, 1, 5), (29.97, 1, 5), (60.0, 2, 10), (60.0, 1, 10)]
)
def test_the_fit_is_given_gaps_of_so_many_keyframes_however_it_averages(fps: float, stride: int, longest: int) -> None:
    rays, confidence = windows(8, frames=40)
    for length, carried in ((longest, True), (longest + 1, False)):
        hidden = confidence[0].copy()
        hidden[12 : 12 + length, 5] = 0.0
        _, sure = keyframe_keypoints(rays[0], hidden, fps, stride)
        assert (sure[12 : 12 + length, 5] > 0).all() == carried
