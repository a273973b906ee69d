"""Windows turned in the picture or left undisturbed, up told with its roll, and views that no discriminator judges."""

import jax
import jax.numpy as jnp
import numpy as np

from pn3d import losses
from pn3d.data.disturbed import Batch, drawn_roll
from pn3d.data.windows import mirror_window, roll_window, virtual_depth
from pn3d.geometry import camera, rotations
from pn3d.geometry.bones import bone_vectors
from pn3d.geometry.skeleton import H36M17
from pn3d.lifting.teacher import roll_joints
from pn3d.models.networks import make_networks
from pn3d.models.teacher import Teacher
from pn3d.training.batch import draw_batch
from pn3d.training.parallel import AXIS
from pn3d.training.stages.student import teacher_targets, turned_people
from pn3d.training.state import init_state
from pn3d.training.views import WIDE_DEG, draw_novel_view, draw_wide_views
from tests.support import tiny

COUNT = 8
ROLLED = tiny.config(augment__roll_deg=40.0)


def drawn(config, count: int = COUNT) -> Batch:  # type: ignore[no-untyped-def]
    each = jax.vmap(lambda i: draw_batch(tiny.data(), jax.random.key(3), i, count, config), axis_name=AXIS)
    return jax.tree.map(lambda leaf: leaf[0], each(jnp.arange(1)))


def test_what_networks_see_is_turned_and_what_discriminators_see_is_not() -> None:
    plain, rolled = drawn(tiny.config()), drawn(ROLLED)
    np.testing.assert_array_equal(plain.draws.roll, np.zeros(COUNT))
    np.testing.assert_array_equal(plain.upright_xy, plain.masked.xy)
    np.testing.assert_array_equal(rolled.upright_xy, plain.masked.xy)
    cosine, sine = np.cos(rolled.draws.roll), np.sin(rolled.draws.roll)
    for name in ("window", "masked", "clean"):
        before, after = getattr(plain, name), getattr(rolled, name)
        x, y = np.moveaxis(np.asarray(before.xy), -1, 0)
        turned = np.stack([_each(cosine) * x - _each(sine) * y, _each(sine) * x + _each(cosine) * y], axis=-1)
        np.testing.assert_allclose(after.xy, turned, atol=1e-5)
        np.testing.assert_array_equal(after.confidence, before.confidence)
        np.testing.assert_allclose(after.size, before.size)
    assert np.abs(rolled.draws.roll).min() > 0


def _each(values: np.ndarray) -> np.ndarray:
    return np.asarray(values)[:, None, None]


def test_small_rolls_are_drawn_most() -> None:
    rolls = np.degrees(jax.vmap(lambda key: drawn_roll(key, 40.0))(jax.random.split(jax.random.key(0), 4000)))
    assert 39.0 < np.abs(rolls).max() <= 40.0
    np.testing.assert_allclose(np.median(np.abs(rolls)), 10.0, atol=1.0)
    assert abs(rolls.mean()) < 1.0


def test_a_skeleton_rolls_with_its_picture() -> None:
    window, roll = drawn(tiny.config()).masked, jnp.linspace(-1.0, 1.0, COUNT)
    depth = jax.random.normal(jax.random.key(1), window.xy.shape[:3])
    lifted = camera.lift(window.xy, depth, window.root_depth)
    turned = camera.lift(roll_window(window, roll).xy, depth, window.root_depth)
    np.testing.assert_allclose(turned, roll_joints(lifted, roll), atol=1e-5)
    np.testing.assert_allclose(roll_window(roll_window(window, roll), -roll).xy, window.xy, atol=1e-5)
    one_way, other = roll_window(mirror_window(window), -roll), mirror_window(roll_window(window, roll))
    np.testing.assert_allclose(one_way.xy, other.xy, atol=1e-5)


def test_views_turn_about_the_told_up() -> None:
    elevation, azimuth, new, roll = jax.random.normal(jax.random.key(0), (4, 6)) * 0.5
    up = camera.up_in_camera(elevation, roll)
    np.testing.assert_allclose(jnp.linalg.norm(up, axis=-1), 1.0, atol=1e-6)
    np.testing.assert_allclose(up, _turned(rotations.rotation_z(roll), camera.up_in_camera(elevation)), atol=1e-6)
    view = camera.view_rotation(elevation, azimuth, new, roll)
    np.testing.assert_allclose(_turned(view, up), camera.up_in_camera(new), atol=1e-6)
    np.testing.assert_allclose(
        view, camera.view_rotation(elevation, azimuth, new) @ rotations.rotation_z(-roll), atol=1e-6
    )


def _turned(rotation: jax.Array, vectors: jax.Array) -> jax.Array:
    return jnp.einsum("bij,bj->bi", rotation, vectors)


def test_the_roll_term_is_zero_at_the_truth_alone() -> None:
    roll = jnp.array([0.1, -0.4, 0.3])
    assert float(losses.roll_consistency(roll, roll, jnp.zeros(3))) == 0.0
    assert float(losses.roll_consistency(-roll, roll, jnp.zeros(3))) > 0.1
    assert float(losses.roll_consistency(roll, roll, roll)) > 0.05


def test_a_teacher_without_the_head_has_its_old_parameters_and_says_no_roll() -> None:
    xy, confidence = jnp.ones((2, 3, 17, 2)), jnp.ones((2, 3, 17))
    sizes = {"width": 8, "blocks": 1, "temporal": "flat"}
    old, new = Teacher(**sizes), Teacher(**sizes, roll_head=True)
    variables = old.init(jax.random.key(0), xy, confidence)
    both = new.init(jax.random.key(0), xy, confidence)
    assert set(both["params"]) - set(variables["params"]) == {"roll_head"}
    np.testing.assert_array_equal(old.apply(variables, xy, confidence).roll, jnp.zeros(2))
    raised = both["params"] | {"roll_head": jax.tree.map(lambda leaf: leaf + 0.3, both["params"]["roll_head"])}
    assert float(jnp.abs(new.apply({"params": raised}, xy, confidence).roll).min()) > 0.1


def test_wide_views_are_not_judged_and_the_others_count_for_them() -> None:
    keys = jax.random.split(jax.random.key(0), 4000)
    elevation = jnp.full((1, 4000), 0.2)

    def of(wide: float):  # type: ignore[no-untyped-def]
        return jax.vmap(lambda k, e: draw_novel_view(k, e, wide=wide), axis_name=AXIS)(keys[None], elevation)

    plain, some = of(0.0), of(0.25)
    np.testing.assert_array_equal(plain.fake_weight, jnp.ones((1, 4000)))
    wide = np.asarray(some.fake_weight[0] == 0)
    np.testing.assert_allclose(wide.mean(), 0.25, atol=0.03)
    np.testing.assert_allclose(np.asarray(some.fake_weight).mean(), 1.0, atol=0.03)
    degrees = np.degrees(np.asarray(some.elevation[0]))
    np.testing.assert_array_equal(degrees[~wide], np.degrees(np.asarray(plain.elevation[0]))[~wide])
    assert WIDE_DEG[0] <= degrees[wide].min() < WIDE_DEG[0] + 3
    assert WIDE_DEG[1] - 3 < degrees[wide].max() <= WIDE_DEG[1]


def test_a_share_of_the_people_is_seen_from_elsewhere_as_the_teacher_knows_them() -> None:
    """Every camera sees the same person: what is turned with it is the skeleton, and its picture is of that."""
    config = tiny.config(
        augment__roll_deg=40.0, augment__mask_probability=0.4, model__roll_head=True, student__wide_views=0.5
    )
    scene, params = tiny.scene()._replace(networks=make_networks(config.model)), init_state(config).teacher.params
    batch = drawn(config, 64)
    seen, targets = turned_people(config, scene, params, batch)
    before = teacher_targets(scene, params, batch)
    other = np.abs(np.asarray(targets - before)).max(axis=(1, 2, 3)) > 1e-3
    assert 0.3 < other.mean() < 0.7
    for name in ("window", "masked", "clean"):
        one, own = getattr(seen, name), getattr(batch, name)
        np.testing.assert_allclose(one.xy[~other], own.xy[~other], atol=1e-5)
        np.testing.assert_array_equal(one.confidence, own.confidence)
    lengths, as_before = (np.linalg.norm(bone_vectors(joints), axis=-1) for joints in (targets, before))
    np.testing.assert_allclose(lengths, as_before, atol=1e-4)
    # Put where the person stands, each skeleton is drawn at its window's keypoints.
    away = np.asarray(virtual_depth(batch.clean.size, 0.0))[:, None, None, None] * np.array([0.0, 0.0, 1.0])
    upright = np.asarray(roll_joints(targets, -seen.draws.roll)) + away
    rays = upright[..., :2] / np.maximum(upright[..., 2:], 1.0)
    rays -= rays[:, :, [H36M17.index("left_hip"), H36M17.index("right_hip")]].mean(axis=2, keepdims=True)
    shown = np.asarray(roll_window(seen.clean, -seen.draws.roll).rays)
    np.testing.assert_allclose(shown[other], rays[other], atol=1e-5)


def test_wide_views_look_from_everywhere_at_people_who_stand_upright() -> None:
    count = 4000
    keys = jax.random.split(jax.random.key(0), count)
    elevation, roll = 0.4 * jax.random.normal(jax.random.key(1), (2, count))
    chosen, rotation = draw_wide_views(keys, elevation, roll, 0.25)
    np.testing.assert_allclose(np.asarray(chosen).mean(), 0.25, atol=0.03)
    up = np.asarray(_turned(rotation, camera.up_in_camera(elevation, roll)))
    np.testing.assert_allclose(up[:, 0], 0.0, atol=1e-6)
    degrees = np.degrees(np.arcsin(-up[:, 2]))
    assert WIDE_DEG[0] - 1e-3 <= degrees.min() < WIDE_DEG[0] + 1
    assert WIDE_DEG[1] - 1 < degrees.max() <= WIDE_DEG[1] + 1e-3
    across = np.asarray(rotation[:, :, 0])
    azimuth = np.arctan2(across[:, 0], across[:, 2])
    assert np.histogram(azimuth, 8, (-np.pi, np.pi))[0].min() > 0.8 * count / 8


def test_undisturbed_windows_are_the_clean_ones() -> None:
    noisy = drawn(tiny.config(augment__detector_noise=1.0, augment__undisturbed=0.5, augment__mask_probability=0.0))
    gaps = np.abs(np.asarray(noisy.window.xy - noisy.clean.xy)).max(axis=(1, 2, 3))
    same = np.asarray(noisy.window.confidence == noisy.clean.confidence).all(axis=(1, 2))
    assert 1 <= (gaps < 1e-5).sum() <= COUNT - 1
    assert same[gaps < 1e-5].all()
    assert gaps[gaps >= 1e-5].min() > 1e-3


def test_with_more_rounds_a_window_loses_what_one_round_never_takes_together() -> None:
    head, arm = H36M17.joints.index("head"), H36M17.joints.index("left_wrist")

    def share_without_both(rounds: int) -> float:
        config = tiny.config(augment__mask_probability=0.6, augment__mask_rounds=rounds)
        seen = np.asarray(drawn(config, 300).visible)[:, 0] > 0
        return float((~seen[:, head] & ~seen[:, arm]).mean())

    assert share_without_both(1) == 0.0
    assert share_without_both(4) > 0.1
