"""Inputs of the SMPL layer's benchmarks."""

import numpy as np


def inputs(batch: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random poses and shapes, the same for every contestant.

    Returns:
        ``pose`` (B, 24, 3) axis-angle, angles up to pi; ``betas`` (B, 10) up to 3; ``transl`` (B, 3) metres; ``weight``
        (B, 1, 3), what a loss multiplies the vertices with. float32.
    """
    rng = np.random.default_rng(seed)
    axis = rng.standard_normal((batch, 24, 3))
    axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
    return {
        "pose": (axis * rng.uniform(0, np.pi, (batch, 24, 1))).astype(np.float32),
        "betas": rng.uniform(-3, 3, (batch, 10)).astype(np.float32),
        "transl": rng.standard_normal((batch, 3)).astype(np.float32),
        "weight": rng.standard_normal((batch, 1, 3)).astype(np.float32),
    }
