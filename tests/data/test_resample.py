"""Clips at another rate: frames that exist stay what they are, and what lies between is between."""

from dataclasses import replace

import numpy as np

from pn3d.data.clips import Clips
from pn3d.data.resample import resample_clips
from pn3d.synthetic.scenes import make_synthetic_clips


def _clips(fps: float, frames: int = 21) -> Clips:
    """Two clips whose confidence differs from frame to frame, some joints missing."""
    clips = make_synthetic_clips(5, 2, frames)
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.1, 1.0, clips.confidence.shape) * (rng.random(clips.confidence.shape) > 0.1)
    return replace(clips, confidence=confidence.astype(np.float32), fps=np.full(2, fps, np.float32))


def test_every_second_frame_of_60_a_second_is_kept_as_it_is() -> None:
    clips = _clips(60.0)
    kept, times = resample_clips(clips, 30.0)
    assert times is not None
    assert kept.lengths.tolist() == [11, 11]
    places = np.concatenate([np.arange(0, 21, 2), 21 + np.arange(0, 21, 2)])
    np.testing.assert_array_equal(kept.keypoints, clips.keypoints[places])
    np.testing.assert_array_equal(kept.confidence, clips.confidence[places])
    assert (kept.confidence == 0).any()


def test_15_a_second_become_30_and_the_files_frames_are_among_them_unchanged() -> None:
    clips = _clips(15.0)
    made, _ = resample_clips(clips, 30.0)
    assert made.lengths.tolist() == [41, 41]
    np.testing.assert_array_equal(made.keypoints[:41:2], clips.keypoints[:21])
    np.testing.assert_array_equal(made.confidence[:41:2], clips.confidence[:21])
    left, right = clips.confidence[:20], clips.confidence[1:21]
    both = (left > 0) & (right > 0)
    between = made.confidence[1:41:2]
    np.testing.assert_allclose(between[both], (0.5 * (left + right))[both], rtol=1e-6)
    alone = (left > 0) & (right == 0)
    np.testing.assert_array_equal(between[alone], left[alone])
    assert (between[(left == 0) & (right == 0)] == 0).all()
    middle = 0.5 * (clips.keypoints[:20] + clips.keypoints[1:21])
    np.testing.assert_allclose(made.keypoints[1:41:2][both], middle[both], rtol=1e-6)
