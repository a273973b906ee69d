"""Errors as real detectors make them: what was measured of real ones holds of 1,000 drawn windows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import spearmanr

from pn3d.data.detector_noise import detector_noise
from pn3d.data.simulated_detector import detect
from pn3d.geometry.skeleton import H36M17
from pn3d.synthetic.scenes import make_synthetic_clips

B, T, FPS = 1000, 91, 60.0
NAMES = H36M17.joints
ARMS = [i for i, name in enumerate(NAMES) if name.endswith(("elbow", "wrist"))]
OTHERS = [i for i, name in enumerate(NAMES) if name.endswith(("hip", "knee", "ankle", "shoulder"))]
NOISE = jax.jit(detector_noise, static_argnames="fps")


def keys_of(count: int, seed: int = 0) -> jax.Array:
    return jax.vmap(lambda i: jax.random.fold_in(jax.random.key(seed), i))(jnp.arange(count))


@pytest.fixture(scope="module")
def xy() -> np.ndarray:
    """(B, T, 17, 2) people in heights, at 60 frames per second."""
    clips, generator = make_synthetic_clips(11, 24), np.random.default_rng(0)
    joints = clips.joints_cam.reshape(24, 150, 17, 3)[..., :2] / 1.72
    first = generator.integers(0, 150 - 46, B)
    slow = np.stack([joints[c, s : s + 46] for c, s in zip(generator.integers(0, 24, B), first, strict=True)])
    whole = np.empty((B, T, 17, 2), np.float32)
    whole[:, ::2], whole[:, 1::2] = slow, 0.5 * (slow[:, :-1] + slow[:, 1:])
    return whole


@pytest.fixture(scope="module")
def drawn(xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B, T, 17, 2) errors in heights, (B, T, 17) confidences."""
    moved, told = NOISE(keys_of(B), xy, np.ones(xy.shape[:3], np.float32), 1.0, fps=FPS)
    return np.asarray(moved) - xy, np.asarray(told)


def test_sizes_are_those_of_real_detections(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    size = np.linalg.norm(drawn[0], axis=-1)
    median = 100 * np.median(size, axis=(0, 1))
    assert median[OTHERS].min() > 1.0
    assert median[OTHERS].max() < 2.3
    assert median[ARMS].min() > 1.4
    assert median[ARMS].max() < 2.6
    beyond = 100 * (size > 0.05).mean(axis=(0, 1))
    assert beyond[ARMS].min() > 8
    assert beyond[ARMS].max() < 28
    assert beyond[OTHERS].min() > 1
    assert beyond[OTHERS].max() < 8
    assert 2 < 100 * (size[:, :, ARMS + OTHERS] > 0.1).mean() < 6


def test_errors_last(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    error = drawn[0][:, :, ARMS + OTHERS]

    def left_after(frames: int) -> float:
        now, later = error[:, :-frames], error[:, frames:]
        return float((now * later).sum() / np.sqrt((now**2).sum() * (later**2).sum()))

    assert 0.85 < left_after(1) < 0.95
    assert 0.46 < left_after(6) < 0.8
    assert 0.3 < left_after(30) < 0.6
    assert 0.0 < left_after(60) < 0.3


def test_confidence_tells_the_error(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    error, told = drawn
    flat = np.ptp(told, axis=(1, 2)) < 1e-6
    assert 0.1 < flat.mean() < 0.3
    joints = ARMS + OTHERS
    size, confidence = np.linalg.norm(error, axis=-1)[~flat][:, :, joints], told[~flat][:, :, joints]
    bounds = {(0, 0.1): (9, 16, 36), (0.1, 0.3): (3, 9, 16), (0.3, 0.5): (2.3, 4, 8), (0.5, 0.7): (1.6, 3, 4),
              (0.7, 0.9): (1.2, 2, 3)}  # fmt: skip
    for (low, high), (median, least, most) in bounds.items():
        found = 100 * size[(confidence > max(low, 1e-6)) & (confidence <= high)]
        assert abs(np.median(found) / median - 1) < 0.25, (low, high)
        assert least * 0.9 < np.percentile(found, 90) < most * 1.1, (low, high)
    assert spearmanr(size[::7, ::13].ravel(), confidence[::7, ::13].ravel())[0] < -0.3
    pairs = [spearmanr(size[i, ::9].ravel(), confidence[i, ::9].ravel())[0] for i in range(0, 600, 6)]
    assert np.mean(pairs) < -0.25, "within a window too"
    assert 0.005 < (told == 0).mean() < 0.05, "what is low is left out at times"


def test_limbs_go_to_the_other_side_and_to_the_trunk(xy: np.ndarray, drawn: tuple[np.ndarray, np.ndarray]) -> None:
    wrist, other, shoulder = (NAMES.index(name) for name in ("left_wrist", "right_wrist", "left_shoulder"))
    error = drawn[0][:, :, wrist]
    large = np.linalg.norm(error, axis=-1) > 0.15
    for goal in (other, shoulder):
        way = xy[:, :, goal] - xy[:, :, wrist]
        along = (error * way).sum(-1) / np.maximum((way**2).sum(-1), 1e-6)
        off = np.linalg.norm(error - along[..., None] * way, axis=-1)
        assert ((along > 0.4) & (along < 1.1) & (off < 0.06))[large].mean() > 0.15


def test_definitions_are_constant_over_a_clip(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    error = np.median(drawn[0], axis=1)
    hips = [NAMES.index("left_hip"), NAMES.index("right_hip")]
    agree = np.corrcoef(error[:, hips[0], 1], error[:, hips[1], 1])[0, 1]
    others = np.corrcoef(error[:, NAMES.index("left_elbow"), 1], error[:, NAMES.index("right_elbow"), 1])[0, 1]
    assert agree > 0.15
    assert agree > others + 0.08


def test_missing_joints_stay_and_strength_scales(xy: np.ndarray) -> None:
    few, keys = xy[:16, :9], keys_of(16)
    seen = np.ones((16, 9, 17), np.float32)
    seen[:, :, 3] = 0
    seen[:, 2, 5] = 0
    moved, told = (np.asarray(a) for a in NOISE(keys, few, seen, 1.0, fps=30.0, strength=1.0))
    np.testing.assert_array_equal(moved[seen == 0], few[seen == 0])
    assert (told[seen == 0] == 0).all()
    assert (told >= 0).all()
    assert (told <= 1).all()
    half, _ = NOISE(keys, few, seen, 1.0, strength=0.5, fps=30.0)
    np.testing.assert_allclose(np.asarray(half) - few, 0.5 * (moved - few), atol=1e-6)
    none, _ = NOISE(keys, few, seen, 1.0, strength=0.0, fps=30.0)
    np.testing.assert_allclose(none, few, atol=1e-7)
    turned, _ = NOISE(keys[::-1], few[::-1], seen[::-1], 1.0, fps=30.0, strength=1.0)
    np.testing.assert_allclose(turned, moved[::-1], atol=1e-6, err_msg="an example draws from its own key")


def test_the_simulated_detector_has_both_forms() -> None:
    clips = make_synthetic_clips(11, 24)
    exact = clips.keypoints[:150]
    old = detect(np.random.default_rng(3), exact, 30.0)
    np.testing.assert_array_equal(detect(np.random.default_rng(3), exact, 30.0, form="jitter")[0], old[0])
    visible = np.ones((150, 17), bool)
    visible[:40, 2] = False
    moved, told = detect(np.random.default_rng(3), exact, 30.0, visible, form="lasting")
    assert (told[:40, 2] == 0).all()
    assert (moved[told == 0] == 0).all()
    again, _ = detect(np.random.default_rng(3), exact, 30.0, visible, form="lasting")
    np.testing.assert_array_equal(again, moved)
    height = np.ptp(exact[..., 1], axis=1).max()
    error = np.linalg.norm(moved - exact, axis=-1)[told > 0] / height
    assert 0.005 < np.median(error) < 0.04
