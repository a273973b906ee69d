"""The one door for 2D: what it masks, and that predict, streams, train and eval see the same input."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pn3d.commands import session
from pn3d.data.clips import Clips, write_clips
from pn3d.data.joints17 import LOW_CONFIDENCE, mask_guesses, to_h36m17
from pn3d.geometry.skeleton import H36M17, LAYOUTS
from pn3d.inference.predict import predict
from tests.inference.test_predict import weights
from tests.support import tiny

FPS = 30.0


def confidences(frames: int = 120) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.3, 1.0, (frames, 17)).astype(np.float32)


def test_legs_that_are_never_in_the_picture_are_masked_from_the_first_frame_on() -> None:
    given = confidences()
    given[:, :2] = np.random.default_rng(1).uniform(0.03, 0.1, (120, 2))
    masked = mask_guesses(given, FPS)
    assert not masked[:, :2].any()
    np.testing.assert_array_equal(masked[:, 2:], given[:, 2:])


def test_a_joint_that_is_hidden_for_a_moment_is_kept_and_one_that_leaves_is_masked_within_a_second() -> None:
    given = confidences()
    given[40:52, 3] = 0.05
    given[60:, 4] = 0.05
    masked = mask_guesses(given, FPS)
    np.testing.assert_array_equal(masked[:, 3], given[:, 3])
    assert masked[60:65, 4].all()
    assert not masked[90:, 4].any()


def test_what_comes_later_changes_nothing_and_a_second_pass_neither() -> None:
    given = np.random.default_rng(2).uniform(0.0, 2.2 * LOW_CONFIDENCE, (200, 17)).astype(np.float32)
    masked = mask_guesses(given, FPS)
    assert 0.05 < (masked == 0).mean() < 0.9
    np.testing.assert_array_equal(mask_guesses(given[:70], FPS), masked[:70])
    np.testing.assert_array_equal(mask_guesses(masked, FPS), masked)


def half_body(layout: str) -> Clips:
    """COCO-17 clips whose legs a detector guesses, and whose faces it does not see for a while."""
    clips = tiny.clips()
    known = LAYOUTS[layout]
    source = [H36M17.joints.index(j) if j in H36M17.joints else 0 for j in known.joints]
    confidence = clips.confidence[:, source]
    confidence[:, [known.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "ankle")]] = 0.06
    truth = dict.fromkeys(("joints_cam", "poses", "betas", "transl_cam_m", "body", "up_cam"))
    return replace(clips, layout=known, keypoints=clips.keypoints[:, source], confidence=confidence, **truth)


def test_predict_and_train_see_the_same_input(tmp_path: Path) -> None:
    clips = half_body("coco17")
    write_clips(tmp_path / "own.npz", clips)
    trained = session.training_clips([str(tmp_path / "own.npz")], float(clips.fps[0]))
    scene = tiny.scene()
    predicted = predict(weights(), clips, scene.body, scene.landmarks, keep_sides=True)
    np.testing.assert_array_equal(predicted.input_confidence, trained.confidence)
    np.testing.assert_array_equal(predicted.keypoints_px, trained.keypoints)
    legs = [H36M17.joints.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "ankle")]
    assert not trained.confidence[:, legs].any()
    assert to_h36m17(trained) is trained
