"""PoseNet3D in JAX/Flax (unofficial): 3D skeletons and SMPL bodies learnt from 2D keypoints alone.

    weights = pn3d.load_weights()  # those that come with pn3d
    found = pn3d.predict(weights, "walk.json")  # what a detector wrote
    found.export("out", ["bvh", "html"])
    stream = pn3d.PoseStream(weights, image_size=(1280, 720))  # frame by frame

``detect``, ``load_weights``, ``predict``, ``PoseStream``, ``Prediction``, ``StreamPose``, ``Weights``, ``Clips``,
``PredictionWarning`` and ``UserError`` are fetched when they are first asked for, so that ``import pn3d`` and
``pn3d --help`` load neither JAX nor anything else.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Clips",
    "PoseStream",
    "Prediction",
    "PredictionWarning",
    "StreamPose",
    "UserError",
    "Weights",
    "detect",
    "load_weights",
    "predict",
]

if TYPE_CHECKING:
    from pn3d.api import (
        Clips,
        PoseStream,
        Prediction,
        PredictionWarning,
        StreamPose,
        UserError,
        Weights,
        detect,
        load_weights,
        predict,
    )


def __getattr__(name: str) -> Any:
    if name in __all__:
        from pn3d import api

        globals()[name] = getattr(api, name)
        return globals()[name]
    raise AttributeError(f"module 'pn3d' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
