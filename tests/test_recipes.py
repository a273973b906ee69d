"""The Python on the pages: it parses; packages that are installed have the names that it uses; and what leads from a
detector to pn3d is run, with stand-ins for models and cameras, and its file read to the joints that were detected.
"""

import ast
import contextlib
import importlib
import importlib.util
import json
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import pn3d
from pn3d.detectors import read_keypoints
from pn3d.detectors.layouts import detector_layout
from tools.stand_ins.detector_files import SIZE, ultralytics_frame, walking_people

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
T = 6


def recipes_of(page: Path) -> list[str]:
    """The Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)


def recipe(page: str, word: str) -> str:
    """The block of a page that has a word in it."""
    (found,) = [block for block in recipes_of(ROOT / "docs" / page) if word in block]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_recipe_parses_and_names_of_ours_exist(page: Path) -> None:
    for block in recipes_of(page):
        assert not _names_that_are_missing(ast.parse(block), lambda module: module.split(".")[0] == "pn3d")


@pytest.mark.parametrize("package", ["cv2", "mediapipe", "ultralytics", "rtmlib"])
def test_packages_have_the_names_that_recipes_use(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    blocks = [
        block for page in PAGES for block in recipes_of(page) if re.search(rf"^(import|from) {package}\b", block, re.M)
    ]
    assert blocks
    for block in blocks:
        assert not _names_that_are_missing(ast.parse(block), lambda module: module == package)


def _names_that_are_missing(tree: ast.Module, wanted: Callable[[str], bool]) -> list[str]:
    """Imports and dotted names (also through ``vision = mp.tasks.vision``) that the installed packages do not have."""
    roots: dict[str, Any] = {}
    missing = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if wanted(alias.name):
                    module = importlib.import_module(alias.name)
                    roots[alias.asname or alias.name.split(".")[0]] = (
                        module if alias.asname else sys.modules[alias.name.split(".")[0]]
                    )
        elif isinstance(node, ast.ImportFrom) and node.module and wanted(node.module):
            module = importlib.import_module(node.module)
            missing += [f"{node.module}.{alias.name}" for alias in node.names if not hasattr(module, alias.name)]
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Attribute)
        ):
            with contextlib.suppress(KeyError, AttributeError):
                roots[node.targets[0].id] = _resolved(node.value, roots)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            try:
                _resolved(node, roots)
            except KeyError:
                pass  # of something that is not a package
            except AttributeError:
                missing.append(ast.unparse(node))
    return missing


def _resolved(node: ast.expr, roots: dict[str, Any]) -> Any:
    if isinstance(node, ast.Attribute):
        return getattr(_resolved(node.value, roots), node.attr)
    if isinstance(node, ast.Name):
        return roots[node.id]
    raise KeyError(node)


def test_missing_names_are_found() -> None:
    tree = ast.parse("import json as j\nd = j.decoder\nj.dumps, d.JSONDecoder, d.Nothing, j.nothing, x.y")
    assert _names_that_are_missing(tree, lambda module: module == "json") == ["d.Nothing", "j.nothing"]


def run(block: str, folder: Path, monkeypatch: pytest.MonkeyPatch, stubs: dict[str, Any], **names: Any) -> None:
    """Runs a recipe in a folder, with stand-ins for packages."""
    for name, stub in stubs.items():
        module = types.ModuleType(name)
        vars(module).update(vars(stub))
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.chdir(folder)
    exec(compile(block, "recipe", "exec"), {"np": np, **names})


def camera() -> SimpleNamespace:
    """``cv2`` with a video of T frames at 25 per second."""

    class VideoCapture:
        def __init__(self, name: str) -> None:
            assert name == "walk.mp4"
            self.left = T

        def read(self) -> tuple[bool, Any]:
            self.left -= 1
            return (self.left >= 0, np.zeros((SIZE[1], SIZE[0], 3), np.uint8) if self.left >= 0 else None)

        def get(self, number: int) -> float:
            return {5: 25.0, 3: float(SIZE[0]), 4: float(SIZE[1])}[number]

    return SimpleNamespace(
        VideoCapture=VideoCapture, CAP_PROP_FPS=5, COLOR_BGR2RGB=4, cvtColor=lambda picture, code: picture[..., ::-1]
    )


def test_mediapipes_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = walking_people("mediapipe33", T, 2)
    clock: list[int] = []

    class Landmarker:
        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None: ...

        def detect_for_video(self, image: Any, time_ms: int) -> Any:
            assert type(time_ms) is int
            assert not clock or time_ms > clock[-1]
            clock.append(time_ms)
            frame = data[len(clock) - 1] / [*SIZE, 1]
            points = [[SimpleNamespace(x=x, y=y, z=-0.1, visibility=v) for x, y, v in one] for one in frame.tolist()]
            return SimpleNamespace(pose_landmarks=points, pose_world_landmarks=points)

    vision = SimpleNamespace(
        PoseLandmarkerOptions=lambda base_options, running_mode, num_poses: SimpleNamespace(most=num_poses),
        RunningMode=SimpleNamespace(VIDEO="video"),
        PoseLandmarker=SimpleNamespace(create_from_options=lambda options: Landmarker()),
    )
    mediapipe = SimpleNamespace(
        tasks=SimpleNamespace(vision=vision, BaseOptions=lambda model_asset_path: model_asset_path),
        Image=lambda image_format, data: data,
        ImageFormat=SimpleNamespace(SRGB=1),
    )
    run(recipe("detectors.md", "mediapipe"), tmp_path, monkeypatch, {"mediapipe": mediapipe, "cv2": camera()})
    found = read_keypoints(tmp_path / "walk.json", all_people=True)
    assert (found.format, found.video.fps, found.video.image_size) == ("mediapipe", 25, SIZE)
    for person, truth in zip(found.people, data.swapaxes(0, 1), strict=True):
        np.testing.assert_allclose(person.keypoints_px, truth[..., :2], atol=0.01)
        np.testing.assert_allclose(person.confidence, truth[..., 2], atol=1e-5)


def test_ultralytics_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = walking_people("coco17", T, 2)
    results = [SimpleNamespace(to_json=lambda frame=frame: json.dumps(ultralytics_frame(frame))) for frame in data]
    model = SimpleNamespace(track=lambda name, stream: iter(results))
    run(
        recipe("detectors.md", "ultralytics"),
        tmp_path,
        monkeypatch,
        {"ultralytics": SimpleNamespace(YOLO=lambda _: model)},
    )
    found = read_keypoints(tmp_path / "walk.json", all_people=True)
    assert found.format == "ultralytics"
    np.testing.assert_allclose(found.people[1].keypoints_px, data[:, 1, :, :2], atol=0.01)


def test_rtmlibs_recipe_of_the_quickstart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = walking_people("halpe26", T, 2)
    left = iter(data)

    def detector(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        frame = next(left)
        return frame[..., :2], frame[..., 2]

    rtmlib = SimpleNamespace(BodyWithFeet=lambda mode, backend, device: detector)
    run(recipe("quickstart.md", "rtmlib"), tmp_path, monkeypatch, {"rtmlib": rtmlib, "cv2": camera()})
    found = read_keypoints(tmp_path / "walk.json", layout="halpe26", all_people=True)
    assert found.format == "mmpose"
    np.testing.assert_allclose(found.people[1].keypoints_px, data[:, 1, :, :2], atol=0.01)


def test_arrays_that_recipes_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = walking_people("halpe26", T, 2)
    run(recipe("detectors.md", "walk.npz"), tmp_path, monkeypatch, {}, keypoints=data[..., :2], scores=data[..., 2])
    found = read_keypoints(tmp_path / "walk.npz", layout="halpe26", all_people=True)
    np.testing.assert_allclose(found.people[1].confidence, data[:, 1, :, 2], atol=1e-5)
    run(recipe("detectors.md", "walk.npy"), tmp_path, monkeypatch, {}, keypoints=data[:, 0])
    assert read_keypoints(tmp_path / "walk.npy", layout="halpe26").video.frames == T


def test_a_detector_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [SimpleNamespace(xy=one[:, :2], score=one[:, 2]) for one in walking_people("coco17", 1, 2)[0]]
    given: dict[str, Any] = {}
    monkeypatch.setattr(pn3d, "load_weights", lambda: None, raising=False)
    monkeypatch.setattr(
        pn3d, "predict", lambda weights, video, detector: given.update({video: detector}), raising=False
    )
    run(recipe("detectors.md", "class Mine"), tmp_path, monkeypatch, {}, my_model=lambda picture: people)
    detector = given["walk.mp4"]
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    joints, scores = detector.detect(picture, 0.0)
    assert (joints.shape, scores.shape, detector_layout(detector.layout).count) == ((2, 17, 2), (2, 17), 17)
    people.clear()
    joints, scores = detector.detect(picture, 0.1)
    assert (joints.shape, scores.shape) == ((0, 17, 2), (0, 17))


def test_every_recipe_of_the_page_of_detectors_is_run() -> None:
    """A new one needs a test above."""
    ran = ("class Mine", "import mediapipe", "from ultralytics", "walk.npz", "walk.npy", "from pn3d.detectors")
    assert [
        block for block in recipes_of(ROOT / "docs" / "detectors.md") if not any(word in block for word in ran)
    ] == []
