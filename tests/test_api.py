"""What ``from pn3d import …`` gives: the example of the docs runs, and a stream says what prediction says."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import pn3d
from pn3d.data.clips import select
from pn3d.detectors.layouts import detector_layout
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.predict import predict
from pn3d.inference.streaming import PoseStream
from pn3d.synthetic.scenes import held_out_clips
from tests.inference.test_predict import weights
from tests.support import tiny

DOCS = Path(__file__).resolve().parents[1] / "docs" / "prediction.md"


def test_importing_the_package_loads_no_jax() -> None:
    code = "import sys, pn3d; assert 'jax' not in sys.modules and 'numpy' not in sys.modules; print(pn3d.__all__)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "load_weights" in said
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = pn3d.nothing_of_ours


def test_the_example_of_the_docs_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert block is not None
    code = block.group(1)
    assert len(code.strip().splitlines()) <= 10
    clips = tiny.clips()
    np.save(tmp_path / "walk.npy", np.concatenate([clips.keypoints, clips.confidence[..., None]], axis=-1)[:24])
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(code, str(DOCS), "exec"), names)
    joints = names["joints"]
    assert isinstance(joints, np.ndarray)
    assert joints.shape == (24, 17, 3)
    assert np.isfinite(joints).all()


def stream_of(causal: bool = False, **options: object) -> tuple[PoseStream, np.ndarray]:
    clip = select(tiny.clips(), [1])
    frames = np.concatenate([clip.keypoints, clip.confidence[..., None]], axis=-1)
    size = (int(clip.image_size[0, 0]), int(clip.image_size[0, 1]))
    assert clip.intrinsics is not None
    focal = float(clip.intrinsics[0, 0])
    stream = PoseStream(weights(), image_size=size, layout="h36m17", focal_px=focal, causal=causal, **options)  # type: ignore[arg-type]
    return stream, frames


def test_a_stream_gives_what_prediction_gives_with_a_bounded_delay() -> None:
    clip = select(tiny.clips(), [1])
    whole = predict(weights(), clip, tiny.scene().body, tiny.scene().landmarks, path=False)
    assert whole.betas is not None
    stream, frames = stream_of(betas=whole.betas[0], path=False)
    poses = []
    for pushed, frame in enumerate(frames):
        pose = stream.push(frame)
        if pose is not None:
            assert pushed - pose.frame <= stream.delay
            poses.append(pose)
        else:
            assert pushed < stream.delay
    poses += stream.flush()
    assert [pose.frame for pose in poses] == list(range(len(frames)))
    for name in ("joints_cam_m", "transl_cam_m", "body_joints_cam_m"):
        gap = np.abs(np.stack([getattr(pose, name) for pose in poses]) - getattr(whole, name))
        # An untrained student is far off, and least squares from far off turns rounding into millimetres.
        assert np.median(gap) < 2e-3
        assert gap.max() < 0.1


def test_a_stream_of_trained_weights_says_what_prediction_says_to_a_tenth_of_a_millimetre() -> None:
    """Also where turns are averaged by how much the keypoints shake, which both measure with the size of each frame."""
    clip = select(held_out_clips(1, detector_noise=True), [0])
    exact = select(held_out_clips(1), [0])
    # Noise of a size at which averaging is neither at its narrowest nor at its widest.
    keypoints = (exact.keypoints + 0.25 * (clip.keypoints - exact.keypoints))[:60]
    frames = np.concatenate([keypoints, np.where(clip.confidence > 0, 0.9, 0.0)[:60, :, None]], axis=-1)
    size = (int(clip.image_size[0, 0]), int(clip.image_size[0, 1]))
    trained = pn3d.load_weights()
    whole = pn3d.predict(trained, frames, layout="h36m17", fps=30, image_size=size, path=False)
    assert whole.betas is not None
    stream = PoseStream(trained, image_size=size, layout="h36m17", betas=whole.betas[0], path=False)
    poses = [pose for frame in frames if (pose := stream.push(frame)) is not None] + stream.flush()
    for name, bar in (("joints_cam_m", 1e-4), ("poses_cam", 1e-4)):
        gap = np.abs(np.stack([getattr(pose, name) for pose in poses]) - getattr(whole, name))
        assert gap.max() < bar


def test_a_stream_on_its_path_is_near_the_path_of_the_whole_clip() -> None:
    clip = select(held_out_clips(6, detector_noise=True), [1])
    frames = np.concatenate([clip.keypoints, clip.confidence[..., None]], axis=-1)[:100]
    size = (int(clip.image_size[0, 0]), int(clip.image_size[0, 1]))
    stands = lambda contact: contact.reshape(-1, 2, 2).max(axis=1) > 0.5  # noqa: E731
    trained = pn3d.load_weights()
    options = {"layout": "h36m17", "fps": 30, "image_size": size}
    whole, alone = (pn3d.predict(trained, frames, path=path, **options) for path in (True, False))
    assert whole.betas is not None
    gaps = {}
    for causal in (False, True):
        stream = PoseStream(trained, image_size=size, layout="h36m17", betas=whole.betas[0], causal=causal)
        poses = [pose for frame in frames if (pose := stream.push(frame)) is not None] + stream.flush()
        first = len(frames) - len(poses)
        assert [pose.frame for pose in poses] == list(range(first, len(frames)))
        contact = np.stack([pose.foot_contact for pose in poses])
        assert whole.foot_contact is not None
        alike = (stands(contact) == stands(whole.foot_contact[first:])).mean()
        assert alike > (0.7 if causal else 0.95)
        assert 0.1 < stands(contact).mean() < 0.9
        pelvis = np.stack([pose.joints_cam_m[0] for pose in poses])
        assert whole.joints_cam_m is not None
        gaps[causal] = float(np.linalg.norm(pelvis - whole.joints_cam_m[first:, 0], axis=1).mean())
    assert alone.joints_cam_m is not None
    apart = float(np.linalg.norm(alone.joints_cam_m[:, 0] - whole.joints_cam_m[:, 0], axis=1).mean())
    print(gaps, apart)
    assert gaps[False] < 0.03 < apart
    assert gaps[True] < 0.08


def test_a_stream_follows_fast_arms_and_turns_ankles_as_a_whole_clip_does() -> None:
    clip = select(held_out_clips(1), [0])
    layout = detector_layout("halpe26").layout
    time_s = np.arange(60) / 30
    frames = np.zeros((60, len(layout.joints), 3))
    for index, joint in enumerate(layout.joints):
        if joint in H36M17.joints:
            frames[:, index, :2], frames[:, index, 2] = clip.keypoints[:60, H36M17.index(joint)], 1.0
    size = (int(clip.image_size[0, 0]), int(clip.image_size[0, 1]))
    tall = float(np.ptp(clip.keypoints[0, :, 1]))
    # A wrist that is thrown to and fro, and toes that go up and down.
    frames[:, layout.index("right_wrist"), 0] += 0.12 * tall * np.sin(2 * np.pi * 2.0 * time_s)
    for side in ("left", "right"):
        ankle = frames[:, layout.index(f"{side}_ankle"), :2]
        for part, across in (("heel", -0.03), ("big_toe", 0.12), ("small_toe", 0.11)):
            rise = 0.05 * np.sin(2 * np.pi * 0.5 * time_s) * (across > 0)
            frames[:, layout.index(f"{side}_{part}"), :2] = ankle + tall * np.stack([0 * rise + across, 0.03 - rise], 1)
            frames[:, layout.index(f"{side}_{part}"), 2] = 1.0
    trained = pn3d.load_weights()
    whole = pn3d.predict(trained, frames, layout="halpe26", fps=30, image_size=size)
    assert whole.betas is not None
    assert whole.joints_cam_m is not None
    assert whole.poses_cam is not None
    gaps = {}
    for path in (True, False):
        stream = PoseStream(trained, image_size=size, layout="halpe26", betas=whole.betas[0], path=path)
        poses = [pose for frame in frames if (pose := stream.push(frame)) is not None] + stream.flush()
        relative = [
            joints - joints[:, :1] for joints in (np.stack([p.joints_cam_m for p in poses]), whole.joints_cam_m)
        ]
        wrist = np.linalg.norm(relative[0] - relative[1], axis=-1)[:, H36M17.index("right_wrist")]
        ankles = np.stack([p.poses_cam for p in poses])[:, [7, 8]] - whole.poses_cam[:, [7, 8]]
        gaps[path] = float(wrist.mean()), float(np.degrees(np.linalg.norm(ankles, axis=-1).mean()))
    print(gaps)
    assert gaps[True][0] < 0.002
    assert gaps[False][0] > 0.005
    assert gaps[True][1] < 0.5
    assert gaps[False][1] > 3.0
    assert all(pose.ankles_measured is None for pose in poses)


def test_a_causal_stream_answers_at_once_and_looks_at_nothing_to_come() -> None:
    stream, frames = stream_of(causal=True)
    other, _ = stream_of(causal=True)
    changed = frames.copy()
    changed[12:, :, :2] += 40.0
    first, second = [stream.push(f) for f in frames], [other.push(f) for f in changed]
    window = weights().config.model.window
    assert [pose is None for pose in first[:window]] == [True] * (window - 1) + [False]
    for a, b in zip(first[window - 1 : 12], second[window - 1 : 12], strict=True):
        assert a is not None
        assert b is not None
        np.testing.assert_array_equal(a.joints_cam_m, b.joints_cam_m)
    assert first[14] is not None
    assert first[14].frame == 14


def walk() -> np.ndarray:
    """(24, 17, 3) px and confidence."""
    clip = select(tiny.clips(), [0])
    return np.concatenate([clip.keypoints, clip.confidence[..., None]], axis=-1)


GIVEN = {"layout": "h36m17", "fps": 30.0, "image_size": (1000, 1000)}


def test_the_package_shows_its_names() -> None:
    code = "import pn3d, pydoc; print(dir(pn3d)); print(pydoc.render_doc(pn3d))"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    for name in pn3d.__all__:
        assert shown.count(name) >= 2
        assert getattr(pn3d, name) is not None
    assert issubclass(pn3d.UserError, ValueError)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fps": None}, "needs layout=… .*fps=…"),
        ({"fps": "30"}, "fps: expected a number"),
        ({"fps": 0}, "fps must be above 0"),
        ({"image_size": 1000}, "image_size: expected"),
        ({"layout": None}, "needs layout"),
        ({"layout": 17}, "layout: expected a name"),
        ({"body_file": 3}, "body_file: expected a path"),
        ({"person": 1}, "person: an array takes no such option"),
        ({"height_m": "tall"}, "height_m: expected a number"),
        ({"keypoints": walk().tolist()}, "keypoints: expected a path, Clips or a NumPy array, found list"),
        ({"keypoints": np.zeros((5, 17, 3))}, "no joint of anybody is measured"),
        ({"keypoints": np.zeros((5, 17, 3), object)}, "expected numbers"),
        ({"weights": "weights.npz"}, "weights: expected what load_weights returns, found str"),
        ({"video": "nowhere.mp4"}, "nowhere.mp4"),
    ],
)
def test_a_wrong_argument_is_a_user_error_of_one_line(changed: dict[str, Any], message: str) -> None:
    words: dict[str, Any] = {"weights": weights(), "keypoints": walk()} | GIVEN | changed
    with pytest.raises(pn3d.UserError, match=message) as caught:
        pn3d.predict(words.pop("weights"), words.pop("keypoints"), **words)
    assert "\n" not in str(caught.value)


def test_clips_that_are_put_together_wrongly_are_refused() -> None:
    clips, nowhere = tiny.clips(), tiny.clips().keypoints.copy()
    nowhere[3, 4] = np.nan
    wrong: tuple[dict[str, Any], ...] = (
        {"keypoints": nowhere},
        {"confidence": 90 * clips.confidence},
        {"confidence": clips.confidence[1:]},
        {"fps": 0 * clips.fps},
    )
    for changed in wrong:
        with pytest.raises(pn3d.UserError, match=next(iter(changed))):
            pn3d.predict(weights(), dataclasses.replace(clips, **changed))


@pytest.mark.filterwarnings("ignore:.*frames are likely:pn3d.PredictionWarning")
def test_an_array_is_read_as_files_are() -> None:
    """Places that no picture explains are missing, and confidences on another scale are brought to ours, aloud."""
    plain = walk()
    plain[..., 2] = np.linspace(0.5, 0.97, 17)
    missing = plain.copy()
    missing[5:9, 3:6] = 0.0
    expected = pn3d.predict(weights(), missing, **GIVEN).joints_cam_m  # type: ignore[arg-type]
    for place in (-1.0, 1e5, 1e30, np.inf, np.nan):
        changed = plain.copy()
        changed[5:9, 3:6, :2] = place
        found = pn3d.predict(weights(), changed, **GIVEN).joints_cam_m  # type: ignore[arg-type]
        np.testing.assert_array_equal(found, expected)
    found = pn3d.predict(weights(), np.ma.array(plain, mask=missing == 0), **GIVEN).joints_cam_m  # type: ignore[arg-type]
    np.testing.assert_array_equal(found, expected)
    expected = pn3d.predict(weights(), plain, **GIVEN).joints_cam_m  # type: ignore[arg-type]
    with pytest.warns(pn3d.PredictionWarning, match="per cent"):
        found = pn3d.predict(weights(), plain * [1, 1, 100], **GIVEN).joints_cam_m  # type: ignore[arg-type]
    assert expected is not None
    np.testing.assert_allclose(found, expected, atol=1e-5)
    with pytest.raises(pn3d.UserError, match="confidence from 0 to 1"):
        pn3d.predict(weights(), plain * [1, 1, -1], **GIVEN)  # type: ignore[arg-type]


def test_a_prediction_can_do_what_the_command_does(tmp_path: Path) -> None:
    whole = predict(weights(), tiny.clips(), tiny.scene().body, tiny.scene().landmarks)
    assert whole.num_clips == 4
    second = whole.clip(1)
    assert second.clip_start.tolist() == [0, 24]
    np.testing.assert_array_equal(second.joints_cam_m, whole.joints_cam_m[24:48])
    assert whole.clip(str(whole.clip_name[1])).betas.tolist() == second.betas.tolist()
    with pytest.raises(UserError, match="no 'nobody'"):
        whole.clip("nobody")
    written = whole.export(tmp_path / "new" / "out", ["bvh"])
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        f"new/out/clip_{i:03d}/{name}" for i in range(4) for name in ("motion.bvh", "motion.json")
    ]
    with pytest.raises(UserError, match="unknown export format"):
        second.export(tmp_path, ["fbx"])
    assert whole.summary["frames"] == 96
    assert len(whole.summary["height_m"]) == 4
    assert all(isinstance(sentence, str) for sentence in whole.warnings)
    page = (Path(__file__).resolve().parents[1] / "docs" / "prediction.md").read_text()
    assert [key for key in whole.summary if f"`{key}`" not in page] == [], "every number of the summary is explained"


def test_shape_coefficients_are_written_for_smpl_bodies_only(tmp_path: Path) -> None:
    """The built-in body has a basis of its own; every body from a file has SMPL's."""
    whole = predict(weights(), select(tiny.clips(), [0]), tiny.scene().body, tiny.scene().landmarks)
    other = dataclasses.replace(whole, body=whole.body.replace(sha256="from a file", name="SMPL_NEUTRAL"))
    for prediction, folder in ((whole, "builtin"), (other, "smpl")):
        (path,) = prediction.export(tmp_path / folder, ["amass"])
        with np.load(path) as file:
            assert file["betas"].any() == (folder == "smpl")


def test_what_is_odd_is_warned_of_and_what_is_assumed_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keypoints = walk()
    keypoints[..., 2] = 1.5
    np.save(tmp_path / "walk.npy", keypoints)
    with pytest.warns(pn3d.PredictionWarning, match="above 1"):
        pn3d.predict(weights(), tmp_path / "walk.npy", layout="h36m17", image_size=(1000, 1000))
    assert "frame rate assumed 30" in caplog.text


def test_one_prediction_goes_through_few_rooms() -> None:
    """Changes of room, call by call, of a prediction whose programs are compiled: docs/architecture.md lists them."""
    root = str(Path(pn3d.__file__).parent)
    keypoints, trained = walk(), pn3d.load_weights()
    stops: list[str] = []

    def hook(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(root):
            room = name[len(root) + 1 :].split("/")[0].removesuffix(".py")
            if not stops or stops[-1] != room:
                stops.append(room)

    pn3d.predict(trained, keypoints, **GIVEN)  # type: ignore[arg-type]
    sys.setprofile(hook)
    try:
        pn3d.predict(trained, keypoints, **GIVEN)  # type: ignore[arg-type]
    finally:
        sys.setprofile(None)
    assert len(stops) - 1 <= 24, stops
    architecture = (DOCS.parent / "architecture.md").read_text()
    listed = re.findall(r"^\d+\. `(\w+)`", architecture.split("## One predict")[1].split("\n## ")[0], re.MULTILINE)
    assert listed == stops
