"""The teacher against itself: what its disagreement is blind to, and what it sees."""

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.data.clips import without_truth
from pn3d.data.joints17 import to_h36m17
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.lifted import LiftedClip, lift_clips
from pn3d.inference.relift import aligned_distance, relifted_apart
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights
from pn3d.synthetic.scenes import held_out_clips


def test_distance_is_blind_to_turn_scale_and_place_and_sees_a_mirror() -> None:
    generator = np.random.default_rng(0)
    target = generator.normal(size=(5, 17, 3))
    turns = Rotation.random(5, random_state=0).as_matrix()
    moved = 0.4 * target @ turns + generator.normal(size=(5, 1, 3))
    np.testing.assert_allclose(aligned_distance(moved, target), 0.0, atol=1e-12)
    assert (aligned_distance(moved * np.array([1.0, 1.0, -1.0]), target) > 0.3).all()
    assert np.isfinite(aligned_distance(np.zeros((1, 17, 3)), target[:1])).all()


def test_the_teacher_disagrees_with_skeletons_of_lost_depth_and_not_for_a_mirror() -> None:
    weights = load_weights(SHIPPED_WEIGHTS)
    clip = lift_clips(weights, to_h36m17(without_truth(held_out_clips(1))))[0]

    def apart(joints: np.ndarray, roll_rad: np.ndarray) -> np.ndarray:
        outputs = clip.outputs._replace(teacher_joints=joints.astype(np.float32), roll_rad=roll_rad)
        return relifted_apart(weights, [clip._replace(outputs=outputs)])[0]

    joints, roll = clip.outputs.teacher_joints, clip.outputs.roll_rad
    own = apart(joints, roll)
    assert own.shape == (len(clip.rays),)
    # Views come in pairs to both sides.
    mirrored = (joints * np.array([-1.0, 1.0, 1.0]))[:, np.array(H36M17.mirror)]
    np.testing.assert_allclose(apart(mirrored, -roll), own, atol=1e-4)
    assert apart(joints * np.array([1.0, 1.0, -1.0]), roll).mean() > 1.5 * own.mean()
    assert apart(joints * np.array([1.0, 1.0, 0.05]), roll).mean() > 1.5 * own.mean()


def test_a_clip_shorter_than_a_window_is_looked_at_once() -> None:
    weights = load_weights(SHIPPED_WEIGHTS)
    clip = lift_clips(weights, to_h36m17(without_truth(held_out_clips(1))))[0]
    first = LiftedClip(
        *(values[:3] for values in (clip.rays, clip.confidence, clip.camera_from_centred)),
        outputs=clip.outputs.at(slice(0, 3)),
        jitter=clip.jitter[:3],
        fast=clip.fast[:3],
        fps=clip.fps,
    )
    (apart,) = relifted_apart(weights, [first])
    assert apart.shape == (3,)
    assert np.isfinite(apart).all()
    assert np.ptp(apart) == 0
