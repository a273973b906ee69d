"""PoseNet3D in JAX/Flax (unofficial): 3D skeletons and SMPL bodies learnt from 2D keypoints alone.

``detect``, ``load_weights``, ``predict`` and ``PoseStream`` are fetched when they are first asked for, so that
``import pn3d`` and ``pn3d --help`` load neither JAX nor anything else.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["PoseStream", "detect", "load_weights", "predict"]

if TYPE_CHECKING:
    from pn3d.api import PoseStream, detect, load_weights, predict


def __getattr__(name: str) -> Any:
    if name in __all__:
        from pn3d import api

        return getattr(api, name)
    raise AttributeError(f"module 'pn3d' has no attribute {name!r}")
