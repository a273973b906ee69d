"""The teacher's correction of measured 2D."""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.models.teacher import START_TRUST, Teacher


def test_only_joints_seen_throughout_a_window_start_from_their_smoothed_2d() -> None:
    teacher = Teacher(width=16, blocks=1, temporal="conv", correct=True)
    confidence = jnp.ones((2, 3, 17)).at[0, 1, 4].set(0.0)
    xy = jnp.where(confidence[..., None] > 0, jnp.arange(1.0, 35.0).reshape(1, 1, 17, 2), 0.0)
    params = teacher.init(jax.random.key(0), xy, confidence)["params"]
    params = {**params, "pose_head": jax.tree.map(jnp.zeros_like, params["pose_head"])}
    output = teacher.apply({"params": params}, xy, confidence)
    expected = np.broadcast_to(np.arange(1.0, 35.0).reshape(17, 2), (2, 3, 17, 2)).copy()
    expected[0, :, 4] = 0.0
    np.testing.assert_allclose(output.xy, expected, rtol=1e-5)
    np.testing.assert_allclose(output.trust, 1.0 / (1.0 + np.exp(-START_TRUST)), rtol=1e-6)
