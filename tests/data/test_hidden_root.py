"""Where the root is taken to be while hips and pelvis are out of sight."""

import numpy as np
import pytest

from pn3d.data.hidden_root import TRUNK
from pn3d.data.rays import root_rays
from pn3d.geometry.skeleton import H36M17

PARTS = ("pelvis", "hip", "knee", "ankle")
LOWER = [i for i, joint in enumerate(H36M17.joints) if any(part in joint for part in PARTS)]
SHOULDERS = [H36M17.index(f"{side}_shoulder") for side in ("left", "right")]


def walker(frames: int = 50, size: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """(T, 17, 2) rays of an upright person who walks to the right, and (T, 17) confidence: all is seen."""
    places = dict.fromkeys(H36M17.joints, (0.0, 0.0))
    for side, sign in (("left", 1), ("right", -1)):
        places |= {f"{side}_hip": (sign * 0.15, 0.0), f"{side}_knee": (sign * 0.15, 0.6), f"{side}_ankle": (0.0, 1.16)}
        places |= {f"{side}_shoulder": (sign * 0.25, -TRUNK), f"{side}_elbow": (sign * 0.25, -TRUNK + 0.365)}
        places |= {f"{side}_wrist": (sign * 0.25, -TRUNK + 0.715)}
    body = size * np.array([places[joint] for joint in H36M17.joints], np.float32)
    way = np.stack([np.linspace(-0.3, 0.5, frames), np.full(frames, 0.1)], axis=1).astype(np.float32)
    return body + way[:, None], np.ones((frames, 17), np.float32)


def hidden(rays: np.ndarray, confidence: np.ndarray, joints: list[int], frames: slice) -> tuple[np.ndarray, np.ndarray]:
    rays, confidence = rays.copy(), confidence.copy()
    rays[frames, joints], confidence[frames, joints] = 0.0, 0.0
    return rays, confidence


@pytest.mark.parametrize("size", [0.05, 0.3])
@pytest.mark.parametrize("frames", [slice(None), slice(20, None), slice(None, 30)])
def test_the_root_goes_where_the_shoulders_go(frames: slice, size: float) -> None:
    """Where it is never seen, not any more, or not yet."""
    true = root_rays(*walker(size=size), np.array([0, 50]))
    found = root_rays(*hidden(*walker(size=size), LOWER, frames), np.array([0, 50]))
    np.testing.assert_allclose(found, true, atol=0.01 * size)


def test_clips_are_apart_and_a_gap_is_a_line() -> None:
    rays, confidence = hidden(*walker(), LOWER, slice(10, 15))
    rays[12] += 1.0
    twice = root_rays(np.tile(rays, (2, 1, 1)), np.tile(confidence, (2, 1)), np.array([0, 50, 100]))
    np.testing.assert_array_equal(twice[:50], twice[50:])
    np.testing.assert_allclose(twice[9:16, 0], np.linspace(twice[9, 0], twice[15, 0], 7), atol=1e-6)


def test_without_shoulders_it_stays_or_is_in_the_middle() -> None:
    rays, confidence = hidden(*walker(), LOWER + SHOULDERS, slice(20, None))
    found = root_rays(rays, confidence, np.array([0, 50]))
    np.testing.assert_allclose(found[20:], np.tile(found[19], (30, 1)))
    rays, confidence = hidden(*walker(), LOWER + SHOULDERS, slice(None))
    seen = confidence[0] > 0
    np.testing.assert_allclose(root_rays(rays, confidence, np.array([0, 50])), rays[:, seen].mean(axis=1), atol=1e-6)
    assert not root_rays(0 * rays, 0 * confidence, np.array([0, 50])).any()
