"""The teacher's word on how the root's depth changes within a window."""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.config import ModelConfig
from pn3d.geometry import camera, planes
from pn3d.lifting import lifters
from pn3d.lifting.lifters import Lifted, Window, make_networks
from pn3d.models.layers import run_network
from tests.support import tiny

WINDOW, CONFIG = 3, ModelConfig(window=3, width=16, blocks=1, root_motion=True)


def _lifted(root_bias: float) -> tuple[Window, Lifted]:
    """A window and its skeleton, from a teacher whose root head says ``root_bias`` times its first slow wave."""
    rays = tiny.data().frames.rays[: 4 * WINDOW].reshape(4, WINDOW, 17, 2)
    window = lifters.make_window(rays, jnp.ones((4, WINDOW, 17)), CONFIG.root_depth)
    teacher = make_networks(CONFIG).teacher
    params = teacher.init(jax.random.key(0), window.xy, window.confidence)["params"]
    head = params["root_head"]
    params = {**params, "root_head": {**head, "bias": head["bias"].at[1].set(root_bias)}}
    root = run_network(teacher, params, window.xy, window.confidence).root
    np.testing.assert_allclose(root.mean(axis=0), 1.0, atol=1e-2)
    return window, lifters.lift(teacher, params, window)


def test_the_skeleton_with_its_root_put_back_is_on_the_rays_and_without_it_around_c() -> None:
    window, lifted = _lifted(0.8)
    assert lifted.root_shift is not None
    assert float(jnp.abs(lifted.root_shift).max()) > 1.0
    seen = lifters.seen_from_start(lifted.joint_planes, lifted)
    picture = planes.joined(camera.project_unit(seen, window.root_depth))
    np.testing.assert_allclose(picture, window.xy, atol=1e-4)
    np.testing.assert_allclose(lifted.joints[:, :, 0, 2], CONFIG.root_depth, atol=1e-4)
    # A person twice as near is half as wide for the same picture.
    width = jnp.linalg.norm(lifted.joints[..., :2] - lifted.joints[:, :, :1, :2], axis=-1).sum(-1)
    _, still = _lifted(0.0)
    other = jnp.linalg.norm(still.joints[..., :2] - still.joints[:, :, :1, :2], axis=-1).sum(-1)
    order = jnp.argsort(lifted.root_shift.T, axis=1)
    ratio = jnp.take_along_axis(width / other, order, axis=1)
    assert bool((ratio[:, -1] > ratio[:, 0] + 0.05).all())


def test_believed_joints_are_the_skeleton_where_nothing_is_corrected() -> None:
    window, lifted = _lifted(0.8)
    np.testing.assert_allclose(lifters.believed_joints(lifted, window), lifted.joints, atol=1e-4)


def test_without_the_option_nothing_is_said() -> None:
    config = tiny.config().model
    window = lifters.make_window(tiny.data().frames.rays[None, :WINDOW], jnp.ones((1, WINDOW, 17)), 10.0)
    lifted = lifters.lift(make_networks(config).teacher, tiny.first_state().teacher.params, window)
    assert lifted.root_shift is None
    assert "root_head" not in tiny.first_state().teacher.params
