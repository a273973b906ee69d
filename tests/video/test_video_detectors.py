"""rtmlib with small ONNX files in the place of published ones; MediaPipe's two APIs with a stub in their place."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pn3d.files.errors import UserError
from pn3d.video.detectors import chosen_name
from pn3d.video.mediapipe_detector import TaskDetector, make_mediapipe

MODELS = Path(__file__).resolve().parent / "onnx"


def rtmlib_detector(*names: str) -> "object":
    pytest.importorskip("rtmlib", reason="needs the extra rtmlib")
    pytest.importorskip("onnxruntime", reason="needs the extra rtmlib")
    from pn3d.video.rtmlib_detector import RtmlibDetector

    return RtmlibDetector("balanced", [MODELS / name for name in names])


def test_rtmlib_gives_26_joints_in_pixels_of_the_picture() -> None:
    detector = rtmlib_detector("detector.onnx", "pose.onnx")
    picture = np.full((240, 320, 3), 200, np.uint8)
    joints, scores = detector.detect(picture, 0.0)  # type: ignore[attr-defined]
    assert joints.shape == (1, 26, 2)
    np.testing.assert_allclose(scores, 0.8, atol=1e-5)
    steps = np.diff(joints[0], axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-3)
    # The box of 320 x 320 px is widened to 400 and stretched to the model's 3 : 4.
    np.testing.assert_allclose(steps[0], (6 / 192 * 400, 8 / 256 * 400 * 4 / 3), rtol=1e-4)


def test_rtmlib_finds_nobody_where_its_detector_does_not() -> None:
    detector = rtmlib_detector("detector.onnx", "pose.onnx")
    joints, scores = detector.detect(np.zeros((240, 320, 3), np.uint8), 0.0)  # type: ignore[attr-defined]
    assert joints.shape == (0, 26, 2)
    assert scores.shape == (0, 26)


def test_a_pose_model_alone_takes_the_whole_picture() -> None:
    joints, _ = rtmlib_detector("pose.onnx").detect(np.zeros((240, 320, 3), np.uint8), 0.0)  # type: ignore[attr-defined]
    assert joints.shape == (1, 26, 2)


def test_a_damaged_model_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("rtmlib", reason="needs the extra rtmlib")
    from pn3d.video.rtmlib_detector import RtmlibDetector

    bad = tmp_path / "bad.onnx"
    bad.write_bytes((MODELS / "pose.onnx").read_bytes()[:500])
    with pytest.raises(UserError, match="not a model that can be used"):
        RtmlibDetector("balanced", [bad])


@pytest.mark.parametrize("names", [("detector.onnx",), ("pose.onnx", "detector.onnx"), ("pose.onnx", "pose.onnx")])
def test_models_of_another_kind_are_one_line(names: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match=r"--detector-model .*onnx: expected RTMPose"):
        rtmlib_detector(*names).detect(np.full((240, 320, 3), 200, np.uint8), 0.0)  # type: ignore[attr-defined]


def test_models_that_cannot_be_downloaded_are_one_line_with_a_way_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pn3d.video import rtmlib_detector as room

    def no_network(url: str) -> str:
        raise OSError("Name or service not known")

    published = SimpleNamespace(MODE={"balanced": {"det": "https://a.org/det.zip", "pose": "https://a.org/pose.zip"}})
    stub = SimpleNamespace(BodyWithFeet=published, YOLOX=None, RTMPose=None)
    monkeypatch.setattr(room, "require", lambda *_: stub)
    monkeypatch.setattr(room, "download_size", no_network)
    monkeypatch.setattr(room, "_cache", lambda: tmp_path)
    monkeypatch.setattr(room.importlib.util, "find_spec", lambda name: name)
    (tmp_path / "det.onnx").write_bytes(b"")
    with pytest.raises(UserError, match=r"mode balanced, https://a.org/pose.zip \(Name or") as refused:
        room.RtmlibDetector("balanced", [])
    assert str(refused.value).endswith("--detector-model DETECTOR.onnx POSE.onnx, or take --detector mediapipe")
    published.MODE = {}
    monkeypatch.setattr(room, "require", lambda *_: SimpleNamespace(BodyWithFeet=published))
    with pytest.raises(UserError, match="the installed rtmlib has no YOLOX"):
        room.RtmlibDetector("balanced", [])


def test_auto_takes_the_detector_of_the_model_file_else_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"rtmlib", "mediapipe"}
    monkeypatch.setattr(
        "pn3d.video.detectors.importlib.util.find_spec", lambda name: name if name in installed else None
    )
    assert chosen_name("auto", ["pose.task"]) == "mediapipe"
    assert chosen_name("auto", ["a.onnx", "b.ONNX"]) == chosen_name("auto") == "rtmlib"
    installed.remove("rtmlib")
    assert chosen_name("auto") == "mediapipe"
    assert chosen_name("auto", ["a.onnx"]) == "rtmlib"
    installed.clear()
    with pytest.raises(UserError, match=r"none is installed: pip install"):
        chosen_name("auto")


CLOSED = -1


def stub_mediapipe(seen: list[int], broken: bool = False) -> SimpleNamespace:
    """The part of the Tasks API that is used: two people, the second a quarter to the right."""
    points = [SimpleNamespace(x=0.25, y=0.5, visibility=0.9)] * 33
    others = [SimpleNamespace(x=0.5, y=0.5, visibility=1.2)] * 33

    def detect(image: object, milliseconds: int) -> SimpleNamespace:
        seen.append(milliseconds)
        return SimpleNamespace(pose_landmarks=[points, others])

    def create(options: object) -> SimpleNamespace:
        if broken:
            raise RuntimeError("Unable to open zip archive.")
        return SimpleNamespace(detect_for_video=detect, close=lambda: seen.append(CLOSED))

    vision = SimpleNamespace(
        PoseLandmarkerOptions=SimpleNamespace,
        RunningMode=SimpleNamespace(VIDEO=1),
        PoseLandmarker=SimpleNamespace(create_from_options=create),
    )
    return SimpleNamespace(
        __version__="1.2.2",
        tasks=SimpleNamespace(vision=vision, BaseOptions=SimpleNamespace),
        Image=SimpleNamespace,
        ImageFormat=SimpleNamespace(SRGB=1),
    )


def test_the_tasks_api_gives_pixels_of_everybody_and_time_goes_forward(tmp_path: Path) -> None:
    seen: list[int] = []
    detector = TaskDetector(stub_mediapipe(seen), tmp_path / "pose.task")
    for time_s in (0.0, 0.0001, 0.0002, 0.1):
        joints, scores = detector.detect(np.zeros((240, 320, 3), np.uint8), time_s)
    assert seen == [0, 1, 2, 100]
    assert joints[:, 0].tolist() == [[80, 120], [160, 120]]
    assert scores.max() == 1
    del detector  # what it holds outside of Python goes with it
    assert seen[-1] == CLOSED


def test_a_damaged_task_file_and_a_package_without_model_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"pose.task: mediapipe cannot load it \(damaged\?\): Unable"):
        TaskDetector(stub_mediapipe([], broken=True), tmp_path / "pose.task")
    monkeypatch.setattr("pn3d.video.mediapipe_detector.require", lambda *_: stub_mediapipe([]))
    with pytest.raises(UserError, match="carries no model: give one with --detector-model"):
        make_mediapipe("balanced", [])
    with pytest.raises(UserError, match=r"takes one .task file"):
        make_mediapipe("balanced", [tmp_path / "pose.onnx"])
