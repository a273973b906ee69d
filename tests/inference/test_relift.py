"""Skeletons that differ by a similarity are at no distance; mirrored ones are."""

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.inference.relift import aligned_distance


def test_distance_is_blind_to_turn_scale_and_place_and_sees_a_mirror() -> None:
    generator = np.random.default_rng(0)
    target = generator.normal(size=(5, 17, 3))
    turns = Rotation.random(5, random_state=0).as_matrix()
    moved = 0.4 * target @ turns + generator.normal(size=(5, 1, 3))
    np.testing.assert_allclose(aligned_distance(moved, target), 0.0, atol=1e-12)
    assert (aligned_distance(moved * np.array([1.0, 1.0, -1.0]), target) > 0.3).all()
    assert np.isfinite(aligned_distance(np.zeros((1, 17, 3)), target[:1])).all()
