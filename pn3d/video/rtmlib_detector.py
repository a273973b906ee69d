"""RTMPose by rtmlib as a detector: a person detector, then 26 joints (Halpe) of everybody it found.

Its published weights could not be downloaded where this was written: the code ran with small ONNX files of the same
inputs and outputs (tests/video/onnx), not with the published ones.
"""

import contextlib
import importlib.util
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.files.errors import UserError
from pn3d.video.downloads import download_size
from pn3d.video.extras import require

_KNOWN = ("BodyWithFeet", "YOLOX", "RTMPose")
_DEFAULT_SIZES = ((640, 640), (256, 192))  # (height, width) of the detector's and the pose model's input


class RtmlibDetector:
    """Everybody in the picture, 26 joints each.

    Args:
        mode: lightweight, balanced or performance: which published models, downloaded by rtmlib at first use.
        models: instead of them, ONNX files: a pose model for one person who fills the picture, or a person detector
            (YOLOX or RTMDet as MMPose exports them) and a pose model.

    Raises:
        UserError: no package, another version of it, no network, a file that is none of these models.
    """

    layout = "halpe26"

    def __init__(self, mode: str, models: Sequence[Path]) -> None:
        rtmlib = require("rtmlib", "rtmlib", "the detector rtmlib")
        require("onnxruntime", "rtmlib", "the detector rtmlib")
        missing = [name for name in _KNOWN if not hasattr(rtmlib, name)]
        if missing:
            raise UserError(f"the installed rtmlib has no {missing[0]}; pip install 'rtmlib>=0.0.13'")
        if len(models) > 2:
            raise UserError(
                f"--detector-model: rtmlib takes POSE.onnx, or DETECTOR.onnx POSE.onnx; found {len(models)}"
            )
        self._people: Any = None
        self._given = " ".join(map(str, models))
        if models:
            if len(models) == 2:
                self._people = _from_file(rtmlib.YOLOX, models[0], _DEFAULT_SIZES[0])
            self._pose = _from_file(rtmlib.RTMPose, models[-1], _DEFAULT_SIZES[1])
            self.name = f"rtmlib, {' '.join(model.name for model in models)}"
        else:
            both = _published(rtmlib, mode)
            self._people, self._pose = both.det_model, both.pose_model
            self.name = f"rtmlib, BodyWithFeet {mode}"

    def detect(self, picture: np.ndarray, time_s: float) -> tuple[np.ndarray, np.ndarray]:
        """See ``Detector``."""
        bgr = np.ascontiguousarray(picture[..., ::-1])
        height, width = bgr.shape[:2]
        with _other_models_refused(self._given):
            boxes = [[0, 0, width, height]] if self._people is None else self._people(bgr)
            if not len(boxes):  # rtmlib would take the whole picture for a person
                return np.zeros((0, 26, 2)), np.zeros((0, 26))
            joints, scores = self._pose(bgr, bboxes=boxes)
        if joints.shape[1:] != (26, 2):
            raise UserError(f"--detector-model: the pose model gives {joints.shape[1]} joints; expected 26 (Halpe)")
        # Sums of two axes' peaks, not probabilities: they go above 1.
        return joints, np.clip(scores, 0, 1)


@contextlib.contextmanager
def _other_models_refused(given: str) -> Iterator[None]:
    """Around rtmlib's reading of what models gave: with files that were named, an error means another kind of model."""
    try:
        yield
    except Exception as error:  # rtmlib takes results apart unseen; onnxruntime has exception classes of its own
        if not given:
            raise
        raise UserError(
            f"--detector-model {given}: expected RTMPose, or a person detector and RTMPose; rtmlib cannot use what "
            f"these models give: {_short(error)}"
        ) from error


def _published(rtmlib: Any, mode: str) -> Any:
    """rtmlib's own pair of models of a mode; what is downloaded is told before."""
    urls = [str(rtmlib.BodyWithFeet.MODE[mode][part]) for part in ("det", "pose")]
    cache = _cache()
    absent = [url for url in urls if cache is None or not any(cache.rglob(f"*{_model_name(url)}*"))]
    try:
        for url in absent:
            print(f"rtmlib downloads {_model_name(url)}, {download_size(url)}, for --detector-mode {mode}", flush=True)
        with contextlib.redirect_stdout(io.StringIO()):
            return rtmlib.BodyWithFeet(mode=mode, backend="onnxruntime", device="cpu")
    except Exception as error:  # whatever its download, its archive or onnxruntime raise
        other = ", or take --detector mediapipe" if importlib.util.find_spec("mediapipe") else ""
        raise UserError(
            f"rtmlib cannot get its models of mode {mode}, {' and '.join(absent or urls)} ({_short(error)}); without a "
            f"network name files: --detector-model DETECTOR.onnx POSE.onnx{other}"
        ) from error


def _model_name(url: str) -> str:
    return url.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _cache() -> Path | None:
    """Where rtmlib keeps its downloads; None where it does not say so."""
    try:
        from rtmlib.tools.file import _get_rtmhub_dir

        return Path(_get_rtmhub_dir())
    except (ImportError, OSError):
        return None


def _from_file(make: Any, file: Path, default: tuple[int, int]) -> Any:
    """One model from a file, its input size read from the file."""
    onnxruntime = require("onnxruntime", "rtmlib", "the detector rtmlib")
    try:
        inputs = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"]).get_inputs()
        sides = [
            side if isinstance(side, int) else fixed for side, fixed in zip(inputs[0].shape[2:4], default, strict=True)
        ]
        # RTMPose is told (width, height), detectors (height, width).
        size = tuple(sides[::-1]) if make.__name__ == "RTMPose" else tuple(sides)
        with contextlib.redirect_stdout(io.StringIO()):
            return make(str(file), model_input_size=size, backend="onnxruntime", device="cpu")
    except Exception as error:  # onnxruntime has exception classes of its own, none of them public
        raise UserError(f"--detector-model {file}: not a model that can be used (damaged?): {_short(error)}") from error


def _short(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:120]
