"""Legs of one example with the upper body of its neighbour: rigid halves, joined at the pelvis."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.files.errors import UserError
from pn3d.geometry import rotations
from pn3d.geometry.bones import bone_vectors
from pn3d.geometry.skeleton import H36M17
from pn3d.training.loop import check_devices
from pn3d.training.mixed_bodies import draw_mixed, mixed_bodies, pelvis_axes
from tests.support import tiny

MIXED = jnp.array([True, False, True, True])


def _skeletons() -> jax.Array:
    drawn = jax.random.normal(jax.random.key(0), (4, 3, 17, 3))
    return drawn - drawn[:, :, :1]


def _lengths(skeleton: jax.Array) -> np.ndarray:
    return np.linalg.norm(bone_vectors(skeleton), axis=-1)


def test_legs_stay_and_the_upper_body_is_the_neighbours() -> None:
    own = _skeletons()
    found = mixed_bodies(own, MIXED)
    legs = [H36M17.index(joint) for joint in H36M17.joints if joint.endswith(("pelvis", "hip", "knee", "ankle"))]
    np.testing.assert_array_equal(found[:, :, legs], own[:, :, legs])
    np.testing.assert_array_equal(found[1], own[1])
    legs_bones = [i for i, (_, child) in enumerate(H36M17.bones) if child in legs]
    upper_bones = [i for i in range(16) if i not in legs_bones]
    lengths, before = _lengths(found), _lengths(own)
    for example, neighbour in ((0, 1), (2, 3), (3, 2)):
        np.testing.assert_allclose(lengths[example][:, upper_bones], before[neighbour][:, upper_bones], rtol=1e-5)
        np.testing.assert_array_equal(lengths[example][:, legs_bones], before[example][:, legs_bones])


def test_how_the_upper_body_stands_to_the_pelvis_is_kept_in_any_view() -> None:
    """Turning either person changes nothing but where the mixed body faces."""
    own, turn = _skeletons(), rotations.axis_angle_to_matrix(jnp.array([0.4, 2.0, -0.7]))
    upper = H36M17.index("left_wrist")

    def seen_from_pelvis(skeleton: jax.Array) -> jax.Array:
        return rotations.rotate(rotations.transpose(pelvis_axes(skeleton)), skeleton)

    found = mixed_bodies(own, MIXED)
    np.testing.assert_allclose(
        seen_from_pelvis(found)[0, :, upper], seen_from_pelvis(own)[1, :, upper], rtol=1e-4, atol=1e-5
    )
    turned = own.at[1].set(rotations.rotate(turn[None], own[1]))
    np.testing.assert_allclose(mixed_bodies(turned, MIXED)[0], found[0], rtol=1e-4, atol=1e-4)
    turned = own.at[0].set(rotations.rotate(turn[None], own[0]))
    np.testing.assert_allclose(
        mixed_bodies(turned, MIXED)[0], rotations.rotate(turn[None], found[0]), rtol=1e-4, atol=1e-4
    )


def test_a_share_is_mixed_and_every_device_needs_an_even_number() -> None:
    drawn = np.asarray(draw_mixed(jax.random.split(jax.random.key(2), 4000), 0.3))
    assert drawn.mean() == pytest.approx(0.3, abs=0.03)
    check_devices(tiny.config(student__mixed_share=0.5), "student", 4)
    check_devices(tiny.config(), "student", 8)
    with pytest.raises(UserError, match=r"student\.mixed_share needs an even number of windows on every device"):
        check_devices(tiny.config(student__mixed_share=0.5), "student", 8)
