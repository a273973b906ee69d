"""Prediction from several threads: nobody waits for ever, and every thread finds what one alone does."""

import threading

import jax.numpy as jnp
import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.batches import SIZES
from pn3d.inference.fit import StudentBody, fit_frames

TIMES = 20
PATIENCE_S = 120.0


def test_two_threads_may_fit_at_once() -> None:
    frames = SIZES[-1]
    student = StudentBody(builtin_body(), builtin_landmarks(), jnp.zeros((len(H36M17.joints), 3)))
    generator = np.random.default_rng(0)
    upright = np.broadcast_to(np.eye(3, dtype=np.float32)[:2].ravel(), (frames, 24, 6))
    rays = 0.1 * generator.normal(size=(frames, 17, 2)).astype(np.float32)
    teacher = np.concatenate([rays, rays[..., :1]], axis=-1)
    seen = (np.ones((frames, 17), np.float32), np.full(frames, 0.1, np.float32), teacher)

    def fit() -> np.ndarray:
        return fit_frames(student, np.zeros(10, np.float32), upright, rays, *seen)

    alone = fit()
    found: list[np.ndarray] = []
    work = lambda: found.extend(fit() for _ in range(TIMES))  # noqa: E731
    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(found) == 2 * TIMES
    for each in found:
        np.testing.assert_array_equal(each, alone)
