"""What a detector of people in pictures must be, and which ones there are. Another one is one class and one entry."""

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from pn3d.files.errors import UserError

MODES = ("lightweight", "balanced", "performance")


class Detector(Protocol):
    """Finds people in the frames of one video, in their order.

    Attributes:
        name: with version and model, for records.
        layout: of the K joints, a name of docs/layouts.md.
    """

    name: str
    layout: str

    def detect(self, picture: np.ndarray, time_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Joints and scores of everybody in a frame.

        Args:
            picture: (height, width, 3) uint8 RGB, upright.
            time_s: seconds since the first frame, always later than at the last call.

        Returns:
            (P, K, 2) px from the top left corner, and (P, K) scores, 0 = missing; P may be 0.
        """
        ...


MakeDetector = Callable[[str, Sequence[Path]], Detector]
"""(mode, model files) -> a detector; raises UserError where package or models are missing or damaged."""


def _rtmlib(mode: str, models: Sequence[Path]) -> Detector:
    from pn3d.video.rtmlib_detector import RtmlibDetector

    return RtmlibDetector(mode, models)


def _mediapipe(mode: str, models: Sequence[Path]) -> Detector:
    from pn3d.video.mediapipe_detector import make_mediapipe

    return make_mediapipe(mode, models)


DETECTORS: dict[str, MakeDetector] = {"rtmlib": _rtmlib, "mediapipe": _mediapipe}
"""By name, in the order in which ``auto`` looks for their packages. ``register`` adds to it."""


MODEL_SUFFIXES = {".onnx": "rtmlib", ".task": "mediapipe"}
"""Of model files, and the detectors that ``auto`` takes for them."""


def register(name: str, make: MakeDetector) -> None:
    """Adds a detector, so that ``detect(…, detector=name)`` finds it."""
    DETECTORS[name] = make


def make_detector(name: str, mode: str = "balanced", models: Sequence[str | Path] = ()) -> Detector:
    """The detector of that name; ``auto`` is what ``chosen_name`` makes of it.

    Raises:
        UserError: an unknown name or mode, no package, no such model file, or a damaged one.
    """
    if mode not in MODES:
        raise UserError(f"--detector-mode: expected {', '.join(MODES)}, found {mode!r}")
    files = [Path(model) for model in models]
    for file in files:
        if not file.is_file():
            raise UserError(f"--detector-model {file}: no such file")
    return DETECTORS[chosen_name(name, files)](mode, files)


def chosen_name(name: str, models: Sequence[str | Path] = ()) -> str:
    """``auto`` as the detector of the model files, without any the first whose package is installed.

    Raises:
        UserError: no such name, or no package.
    """
    if name == "auto":
        if models and (of_models := MODEL_SUFFIXES.get(Path(models[-1]).suffix.lower())):
            return of_models
        found = [known for known in ("rtmlib", "mediapipe") if importlib.util.find_spec(known)]
        if not found:
            raise UserError(
                'a video needs a detector, and none is installed: pip install "pn3d[video,rtmlib]" or '
                '"pn3d[video,mediapipe]"'
            )
        return found[0]
    if name not in DETECTORS:
        raise UserError(f"--detector: expected auto, {', '.join(DETECTORS)}, found {name!r}")
    return name
