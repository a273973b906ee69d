"""The example of the README: it can be made again, readers know it, and it holds no truth."""

import json
from pathlib import Path

import numpy as np

from benchmarks.example_file import EXAMPLE, FRAMES, HALPE, detected, example_text
from pn3d.detectors import person_clips, read_keypoints

ROOT = Path(__file__).resolve().parents[2]


def _keypoints(text: str) -> np.ndarray:
    return np.array([person["keypoints"] for person in json.loads(text)]).reshape(-1, len(HALPE.joints), 3)


def test_the_command_makes_the_file_that_is_there():
    there, again = _keypoints((ROOT / EXAMPLE).read_text()), _keypoints(example_text())
    assert there.shape == (FRAMES, 26, 3)
    np.testing.assert_allclose(again, there, atol=0.11, err_msg="a rounding step of float32 at most")


def test_it_is_read_as_what_it_is_and_carries_nothing_but_2d():
    found = read_keypoints(ROOT / EXAMPLE, image_size=(1000, 1000), fps=30.0)
    assert (found.format, found.layout.name, person_clips(found).num_clips) == ("alphapose", "halpe26", 1)
    fields = {key for person in json.loads((ROOT / EXAMPLE).read_text()) for key in person}
    assert fields == {"image_id", "category_id", "keypoints", "score", "box", "idx"}
    assert (ROOT / EXAMPLE).stat().st_size < 200_000


def test_detections_err_like_a_detector():
    exact = np.tile(np.linspace(100, 900, 26)[None, :, None], (400, 1, 2))
    seen = detected(np.random.default_rng(0), exact)
    there = seen[..., 2] > 0
    assert 0.003 < 1 - there.mean() < 0.02
    assert np.all(seen[~there] == 0)
    error = np.linalg.norm(seen[..., :2] - exact, axis=-1) / 800
    assert 0.01 < error[there].mean() < 0.025
    far = there & (error > np.quantile(error[there], 0.9))
    assert seen[far, 2].mean() < seen[there, 2].mean() - 0.1, "who is far off is less sure"
