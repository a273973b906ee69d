"""What a stream does with frames and arguments that are odd; what it gives else is in ``tests/test_api.py``."""

import dataclasses
from typing import Any

import numpy as np
import pytest

import pn3d
from pn3d.data.clips import select
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.streaming import PoseStream
from pn3d.inference.streaming_path import StreamPose
from pn3d.synthetic.scenes import held_out_clips
from pn3d.training.state import init_state
from tests.inference.test_predict import weights
from tests.support import tiny

GIVEN: dict[str, Any] = {"layout": "h36m17", "image_size": (1000, 1000)}


def frames(count: int = 24) -> np.ndarray:
    """(T, 17, 3) px and confidence."""
    clip = select(tiny.clips(), [1])
    return np.concatenate([clip.keypoints, np.full_like(clip.keypoints[..., :1], 0.9)], axis=-1)[:count]


def streamed(values: Any, **options: Any) -> list[StreamPose]:
    stream = PoseStream(weights(), **GIVEN | options)
    return [pose for frame in values if (pose := stream.push(frame)) is not None] + stream.flush()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights": "weights.npz"}, "weights: expected what load_weights returns, found str"),
        ({"weights": dataclasses.replace(weights(), student=None)}, "no student"),
        ({"fps": 60}, "frames per second, found 60"),
        ({"fps": float("nan")}, "fps must be above 0"),
        ({"fps": "30"}, "fps: expected a number"),
        ({"fps": None}, "frames per second, found None"),
        ({"image_size": (0, 0)}, "image size must be"),
        ({"image_size": None}, "image_size: expected"),
        ({"image_size": (1000,)}, "image_size: expected"),
        ({"focal_px": 0.0}, "focal_px must be above 0"),
        ({"focal_px": float("nan")}, "focal_px must be above 0"),
        ({"layout": None}, "layout: expected a name"),
        ({"betas": np.zeros(3)}, r"betas: expected \(10,\)"),
        ({"betas": np.full(10, np.nan)}, r"betas: expected \(10,\)"),
        ({"betas": "tall"}, "betas: expected numbers"),
    ],
)
def test_a_wrong_argument_is_refused_before_the_first_frame(changed: dict[str, Any], message: str) -> None:
    words = {"weights": weights()} | GIVEN | changed
    with pytest.raises(UserError, match=message):
        PoseStream(words.pop("weights"), **words)


def test_a_frame_that_is_none_is_refused_and_leaves_no_trace() -> None:
    clean, stream = streamed(frames()), PoseStream(weights(), **GIVEN)
    poses = []
    for frame in frames():
        for wrong in (None, "abc", [[1.0], [2.0, 3.0]], np.zeros((3, 3)), frame[None], frame > 0, frame * 1j):
            with pytest.raises(UserError, match=r"^push: expected"):
                stream.push(wrong)  # type: ignore[arg-type]
        poses.append(stream.push(frame.tolist()))
    found = [pose for pose in poses if pose is not None] + stream.flush()
    for pose, other in zip(found, clean, strict=True):
        np.testing.assert_array_equal(pose.joints_cam_m, other.joints_cam_m)


@pytest.mark.parametrize("place", [-1.0, 1e5, 1e30, np.inf, np.nan])
def test_a_joint_that_no_picture_explains_is_missing(place: float) -> None:
    missing, odd = frames(12), frames(12)
    missing[3:6, 8:12] = 0.0
    odd[3:6, 8:12, :2] = place
    masked = np.ma.array(frames(12), mask=missing == 0)
    for pose, hidden, other in zip(streamed(odd), streamed(masked), streamed(missing), strict=True):
        np.testing.assert_array_equal(pose.joints_cam_m, other.joints_cam_m)
        np.testing.assert_array_equal(hidden.joints_cam_m, other.joints_cam_m)


def test_confidences_on_another_scale_are_warned_of_once() -> None:
    with pytest.warns(pn3d.PredictionWarning, match="a confidence of 90") as said:
        streamed(frames(6) * [1, 1, 100])
    assert len(said) == 1


@pytest.mark.parametrize("seen", [0, 5])
def test_who_shows_the_upper_body_alone_is_followed_as_in_a_whole_clip(seen: int) -> None:
    """From the first frame on, or from the sixth; while the person crosses the picture."""
    clip = select(held_out_clips(2), [1])
    values = np.concatenate([clip.keypoints, np.ones_like(clip.keypoints[..., :1])], axis=-1)[:60]
    values[..., 0] += np.linspace(0.0, 1.5 * np.ptp(values[0, :, 1]), 60)[:, None]
    size = (int(clip.image_size[0, 0]), int(clip.image_size[0, 1]))
    lower = [any(part in joint for part in ("pelvis", "hip", "knee", "ankle")) for joint in H36M17.joints]
    trained, given = pn3d.load_weights(), {"layout": "h36m17", "image_size": size, "path": False}
    all_seen = pn3d.predict(trained, values, fps=30, **given).joints_cam_m  # type: ignore[arg-type]
    values[seen:, lower] = 0.0
    whole = pn3d.predict(trained, values, fps=30, **given)  # type: ignore[arg-type]
    assert whole.betas is not None
    stream = PoseStream(trained, betas=whole.betas[0], **given)  # type: ignore[arg-type]
    poses = [pose for frame in values if (pose := stream.push(frame)) is not None] + stream.flush()
    streamed_m = np.stack([pose.joints_cam_m for pose in poses])
    upper = [joints[:, ~np.array(lower)] - joints[:, :1] for joints in (streamed_m, whole.joints_cam_m, all_seen)]
    gaps = [float(np.linalg.norm(one - upper[1], axis=-1).mean()) for one in (upper[0], upper[2])]
    print(gaps)
    assert gaps[0] < 0.02
    assert gaps[1] < 0.15


@pytest.mark.parametrize("causal", [False, True])
def test_a_stream_goes_on_after_it_was_flushed(causal: bool) -> None:
    """Its windows are longer than what averages look back at."""
    config = tiny.config(model__window=27)
    state = init_state(config)
    wide = dataclasses.replace(weights(), config=config, teacher=state.teacher.params, student=state.student.params)
    options: dict[str, Any] = GIVEN | {"betas": np.zeros(10), "causal": causal, "path": False}
    values = np.concatenate([frames(24), frames(24)[::-1], frames(24)])
    streams = [PoseStream(wide, **options) for _ in range(2)]
    poses: list[dict[int, np.ndarray]] = [{}, {}]
    for number, frame in enumerate(values):
        for stream, found in zip(streams, poses, strict=True):
            given = [stream.push(frame), *(stream.flush() if number == 34 and stream is streams[1] else [])]
            found |= {pose.frame: pose.joints_cam_m for pose in given if pose is not None}
    for stream, found in zip(streams, poses, strict=True):
        found |= {pose.frame: pose.joints_cam_m for pose in stream.flush()}
    assert list(poses[0]) == list(poses[1]) == list(range(26 if causal else 0, len(values)))
    gaps = [float(np.abs(poses[0][frame] - poses[1][frame]).max()) for frame in range(50, len(values))]
    assert max(gaps) < 1e-3
