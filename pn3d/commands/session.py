"""What every command that computes needs: devices named, compilation cached, files turned into clips, bodies found."""

import hashlib
import os
from pathlib import Path
from typing import Any

import jax
import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import Landmarks, builtin_landmarks
from pn3d.body.model import BodyModel
from pn3d.body.smpl_file import load_body
from pn3d.data.clips import Clips, concatenate, read_clips
from pn3d.data.resample import resample_clips
from pn3d.data.windows import to_h36m17
from pn3d.errors import UserError
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights
from pn3d.models.student import SHAPES


def start_jax() -> str:
    """Switches the persistent compilation cache on and describes the devices."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pn3d" / "compiled"
        jax.config.update("jax_compilation_cache_dir", str(cache))
        # Prediction is many small programs: each is worth keeping.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    devices = jax.devices()
    kinds = ", ".join(sorted({device.device_kind for device in devices}))
    return f"devices: {len(devices)} x {devices[0].platform} ({kinds}), jax {jax.__version__}"


def find_body(path: str | None) -> tuple[BodyModel, Landmarks]:
    """The body of a file, or the built-in one, and its landmarks; UserError where students cannot speak of it."""
    body = builtin_body() if path is None else load_body(Path(path))
    if body.num_betas != SHAPES:
        raise UserError(f"{path}: it has {body.num_betas} shape coefficients, a student needs {SHAPES}")
    return body, builtin_landmarks()


def find_weights(run: str | None, weights: str | None) -> tuple[Weights, str]:
    """Weights of a run folder, of a file, or those that come with the package; and what to call them."""
    if run is None and weights is None:
        return load_weights(SHIPPED_WEIGHTS), "shipped"
    path = Path(weights) if weights else Path(run or "") / "weights.npz"
    return load_weights(path), str(run or weights)


def training_clips(paths: list[str], frame_rate: float) -> Clips:
    """Training files, without any truth, as one set of h36m17 clips at the models' frame rate."""
    clips = concatenate([to_h36m17(read_clips(Path(path))) for path in paths])
    return resample_clips(clips, frame_rate)[0]


def clips_digest(clips: Clips) -> str:
    """SHA-256 of what training sees of clips: 2D, confidence, boundaries, cameras, rates."""
    whole = hashlib.sha256()
    for name in ("keypoints", "confidence", "clip_start", "image_size", "fps", "intrinsics"):
        array = getattr(clips, name)
        if array is not None:
            array = np.ascontiguousarray(array)
            whole.update(f"{name}{array.dtype}{array.shape}".encode() + array.tobytes())
    return whole.hexdigest()


def versions() -> dict[str, Any]:
    """Versions of what numbers depend on."""
    import flax
    import jaxlib
    import optax

    from pn3d import __version__

    return {
        "pn3d": __version__,
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "flax": flax.__version__,
        "optax": optax.__version__,
        "numpy": np.__version__,
    }
