"""Left and right: where they were exchanged they are found and put right, and nothing else is touched."""

import dataclasses

import numpy as np

from pn3d.commands.session import SHIPPED_WEIGHTS
from pn3d.data.clips import Clips
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.predict import predict
from pn3d.inference.prediction import Prediction
from pn3d.inference.sides import OTHER, OWN, exchange, exchanged_sides
from pn3d.inference.weights import load_weights
from pn3d.synthetic.scenes import held_out_clips, make_synthetic_clips
from tests.support import tiny

MIRROR = np.array(H36M17.mirror)


def test_exchanged_sides_are_found() -> None:
    clip = make_synthetic_clips(3, 1, 60)
    keypoints, confidence = clip.keypoints.copy(), clip.confidence.copy()
    assert not exchanged_sides(keypoints, confidence, 30.0).any()
    # A person as seen from the front, whose sides are well apart.
    apart = keypoints.copy()
    for joint, name in enumerate(H36M17.joints):
        apart[:, joint, 0] += 80.0 * (name.startswith("left") - float(name.startswith("right")))
    apart[20:30] = apart[20:30][:, np.array(H36M17.mirror)]
    found = exchanged_sides(apart, confidence, 30.0)
    assert found[20:30].all()
    assert not found[:20].any()
    assert not found[30:].any()
    assert not exchanged_sides(apart, np.zeros_like(confidence), 30.0).any()


def test_a_swap_that_ends_where_limbs_cross_is_not_taken_to_last() -> None:
    """Its end hardly shows, and everything up to the end of the clip would be flagged."""
    frames = 120
    wide = np.zeros((frames, 17, 2))
    for joint, name in enumerate(H36M17.joints):
        wide[:, joint] = (
            name.startswith("left") - float(name.startswith("right")),
            25.0 * min(joint, H36M17.mirror[joint]),
        )
    width = np.interp(np.arange(frames), [0, 40, 49, 52, 60, 119], [80.0, 80.0, 8.0, 8.0, 80.0, 80.0])
    keypoints = wide * np.stack([width, np.ones(frames)], axis=1)[:, None]
    confidence = np.ones((frames, 17))
    assert not exchanged_sides(keypoints, confidence, 30.0).any()
    for begin, end in ((30, 51), (100, frames)):  # one that comes back where sides are close, and one that does last
        exchanged, truth = keypoints.copy(), np.zeros(frames, bool)
        exchanged[begin:end], truth[begin:end] = exchanged[begin:end][:, np.array(H36M17.mirror)], True
        found, apart = exchanged_sides(exchanged, confidence, 30.0), width > 30.0
        np.testing.assert_array_equal(found[apart], np.stack([truth, truth], axis=1)[apart])
        assert not found[~truth].any()  # where sides are near they are left alone


def crossing(frames: int = 60) -> np.ndarray:
    """(T, 17, 2) a person whose sides are 160 px apart and swing."""
    time = np.arange(frames)[:, None]
    side = np.array([name.startswith("left") - float(name.startswith("right")) for name in H36M17.joints])
    height = np.array([25.0 * min(joint, H36M17.mirror[joint]) for joint in range(17)])
    return np.stack([80.0 * side + 6.0 * np.sin(time / 5 + height), height + 0.0 * time], axis=-1)


def test_legs_and_arms_are_told_apart_and_an_exchange_undoes_itself() -> None:
    keypoints, confidence = crossing(), np.ones((60, 17))
    truth = np.zeros((60, 2), bool)
    truth[10:14, 0], truth[30:45, 1] = True, True
    exchanged = exchange(keypoints, truth)
    assert (exchanged[10:14, OWN[0]] == keypoints[10:14, OTHER[0]]).all()
    np.testing.assert_array_equal(exchange(exchanged, truth), keypoints)
    np.testing.assert_array_equal(exchanged_sides(exchanged, confidence, 30.0), truth)
    # A joint that nobody saw for a while is no change of sides.
    hidden = confidence.copy()
    hidden[20:25, OWN[0]] = 0
    assert not exchanged_sides(keypoints, hidden, 30.0).any()
    # A sideways jump of the whole person is none either.
    jump = keypoints + 70.0 * (np.arange(60) > 25)[:, None, None] * np.array([1.0, 0.0])
    assert not exchanged_sides(jump, confidence, 30.0).any()


def shipped(clips: Clips, *, keep_sides: bool = False) -> Prediction:
    scene = tiny.scene()
    return predict(load_weights(SHIPPED_WEIGHTS), clips, scene.body, scene.landmarks, keep_sides=keep_sides)


def with_sides(clips: Clips, exchanged: np.ndarray) -> Clips:
    changed = {name: exchange(getattr(clips, name), exchanged) for name in ("keypoints", "confidence")}
    return dataclasses.replace(clips, **changed)


def test_exchanged_frames_and_clips_of_held_out_motion_come_back_and_the_others_stay_bit_for_bit() -> None:
    clips = held_out_clips(6)
    clean = shipped(clips)
    assert clean.sides_exchanged is not None
    assert clean.reading_score is not None
    assert not clean.sides_exchanged.any()
    assert clean.summary["frames_likely_swapped"] == 0
    begin, end = clips.clip_start[[0, 1]]
    throughout = int(np.argmax(clean.reading_score[1:])) + 1
    exchanged = np.repeat(np.arange(6) == throughout, clips.lengths)[:, None] & np.ones(2, bool)
    apart = np.abs(clips.keypoints[begin:end, OWN[0]] - clips.keypoints[begin:end, OTHER[0]]).mean(axis=(1, 2))
    wide = begin + 20 + int(np.argmax(apart[20:-20]))
    exchanged[wide - 2 : wide + 2, 0] = True
    changed = with_sides(clips, exchanged)
    mended = shipped(changed)
    np.testing.assert_array_equal(mended.sides_exchanged, exchanged)
    np.testing.assert_array_equal(mended.joints_cam_m, clean.joints_cam_m)
    np.testing.assert_array_equal(mended.keypoints_px, clean.keypoints_px)
    told = mended.summary
    assert told["sides_mended"]
    assert {place["of"] for place in told["sides_exchanged"]} == {"legs", "legs and arms"}
    assert told["sides_exchanged"][0] | {"clip": ""} == {
        "clip": "",
        "from_frame": wide - 2 - int(begin),
        "to_frame": wide + 1 - int(begin),
        "of": "legs",
    }
    kept = shipped(changed, keep_sides=True)
    np.testing.assert_array_equal(kept.keypoints_px, changed.keypoints)
    np.testing.assert_array_equal(kept.sides_exchanged, exchanged)
    assert any("left alone" in sentence for sentence in kept.warnings)


def test_limbs_that_cross_fast_are_no_exchange() -> None:
    """A quick turn: between two frames each side stands where the other one stood, and goes on as it went."""
    frames = 60
    width = np.interp(np.arange(frames), [0, 18, 22, 37, 41, 59], [80.0, 80.0, -80.0, -80.0, 80.0, 80.0])
    standing = crossing(frames)
    keypoints = np.stack([standing[..., 0] / 80.0 * width[:, None], standing[..., 1]], axis=-1)
    assert not exchanged_sides(keypoints, np.ones((frames, 17)), 30.0).any()
    # The same turn, with the sides truly exchanged for a third of a second while they are apart.
    truth = np.zeros((frames, 2), bool)
    truth[25:35] = True
    np.testing.assert_array_equal(exchanged_sides(exchange(keypoints, truth), np.ones((frames, 17)), 30.0), truth)
