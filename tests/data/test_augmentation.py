"""What augmentation of windows does, and that it depends on an example's own key alone."""

import chex
import jax
import jax.numpy as jnp
import numpy as np

from pn3d.data.augmentation import add_detector_noise, drop_joints, flip_windows
from pn3d.geometry.skeleton import COCO17, H36M17

NOISE = jax.jit(add_detector_noise)
DROP = jax.jit(drop_joints)
FLIP = jax.jit(flip_windows)
B, T, J = 512, 12, 17


def keys_of(indices: np.ndarray, seed: int = 0) -> jax.Array:
    return jax.jit(jax.vmap(jax.random.fold_in, (None, 0)))(jax.random.key(seed), jnp.asarray(indices))


def windows(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = 0.1 * rng.normal(size=(B, T, J, 2)).astype(np.float32)
    return x, rng.uniform(0.1, 1, (B, T, J)).astype(np.float32) * (rng.uniform(size=(B, T, J)) > 0.1)


def test_flip_twice_is_identity_and_swaps_sides_once() -> None:
    x, mask = windows()
    flip = np.arange(B) % 2 == 0
    once, once_mask = FLIP(x, mask, flip)
    again = FLIP(once, once_mask, flip)
    chex.assert_trees_all_equal(again, (x, mask))
    np.testing.assert_array_equal(once[1::2], x[1::2])
    np.testing.assert_array_equal(once_mask[1::2], mask[1::2])
    left, right = H36M17.index("left_wrist"), H36M17.index("right_wrist")
    np.testing.assert_array_equal(once[0, :, left], x[0, :, right] * [-1, 1])
    np.testing.assert_array_equal(once_mask[0, :, left], mask[0, :, right])
    head = H36M17.index("head")
    np.testing.assert_array_equal(once[0, :, head], x[0, :, head] * [-1, 1])


def test_draws_depend_on_the_example_alone() -> None:
    x, mask = windows()
    whole = NOISE(keys_of(np.arange(B)), x, mask, 0.05 * 0.237), DROP(keys_of(np.arange(B)), mask, 0.7)
    order = np.random.default_rng(1).permutation(B)
    shuffled = NOISE(keys_of(order), x[order], mask[order], 0.05 * 0.237), DROP(keys_of(order), mask[order], 0.7)
    chex.assert_trees_all_equal(shuffled, tuple(a[order] for a in whole))
    part = np.arange(B // 2, B)
    split = NOISE(keys_of(part), x[part], mask[part], 0.05 * 0.237), DROP(keys_of(part), mask[part], 0.7)
    chex.assert_trees_all_close(split, tuple(a[part] for a in whole), atol=1e-7, rtol=0)
    other = NOISE(keys_of(np.arange(B), seed=1), x, mask, 0.05 * 0.237)
    assert np.abs(other - whole[0]).max() > 0.01


def test_zero_strength_changes_nothing() -> None:
    x, mask = windows()
    keys = keys_of(np.arange(B))
    np.testing.assert_array_equal(NOISE(keys, x, mask, 0.0), x)
    np.testing.assert_array_equal(DROP(keys, mask, 0.0), mask)


def test_noise_is_like_a_detectors() -> None:
    """Size, limbs over torso, correlation in time and outliers of a strength drawn from [0, scale]."""
    x, mask = windows()
    scale, height = 0.02, 2.0
    error = np.asarray(NOISE(keys_of(np.arange(B)), x, mask, scale * height) - x) / height
    assert (error[mask == 0] == 0).all(), "missing joints stay where they are"
    error = np.where((mask > 0)[..., None], error, np.nan)
    size = np.linalg.norm(error, axis=-1)
    outlier = size > 5 * scale
    assert 0.001 < np.nanmean(outlier) < 0.015
    calm = np.where(outlier, np.nan, size)
    assert 0.35 * scale < np.nanmean(calm) < 0.6 * scale, "mean strength is half of the scale"
    limbs = [i for i, joint in enumerate(H36M17.joints) if joint.endswith(("knee", "ankle", "elbow", "wrist"))]
    per_joint = np.nanmean(calm, axis=(0, 1))
    assert per_joint[limbs].min() > 1.4 * np.delete(per_joint, limbs).max()
    assert per_joint[limbs].max() < 1.9 * np.delete(per_joint, limbs).min()
    strength = np.nanmean(calm, axis=(1, 2))
    assert strength.min() < 0.15 * scale
    assert strength.max() > 0.8 * scale
    steady = np.where(outlier[..., None], np.nan, error)
    lag = [np.nanmean(steady[:, k:] * steady[:, : T - k]) / np.nanmean(steady**2) for k in (1, 4)]
    assert 0.5 < lag[0] < 0.75
    assert 0.1 < lag[1] < 0.4
    variance = np.nanvar(steady, axis=(0, 2, 3))
    assert variance.max() / variance.min() < 1.3, "as large in the first frame as later"


def test_dropped_joints() -> None:
    mask = np.full((B, T, J), 0.5, np.float32)
    dropped = np.asarray(DROP(keys_of(np.arange(B)), mask, 1.0))
    gone = dropped == 0
    np.testing.assert_array_equal(dropped[~gone], 0.5)
    assert gone.any(axis=(1, 2)).all()
    whole = {tuple(np.flatnonzero(g[0])) for g in gone if (g == g[:1]).all() and g[0].sum() > 3}
    not_coco = tuple(i for i, joint in enumerate(H36M17.joints) if joint not in COCO17.joints)
    legs = tuple(i for i, joint in enumerate(H36M17.joints) if joint.endswith(("knee", "ankle")))
    assert whole == {not_coco, legs}
    assert 0.42 < (gone[:, 0] == np.isin(np.arange(J), not_coco)).all(axis=-1).mean() < 0.58
    pairs = {tuple(np.flatnonzero(g[0])) for g in gone if (g == g[:1]).all() and g[0].sum() == 2}
    for side in ("left", "right"):
        for part in (("knee", "ankle"), ("elbow", "wrist")):
            assert tuple(H36M17.index(f"{side}_{joint}") for joint in part) in pairs
    spans = gone[(gone != gone[:, :1]).any(axis=(1, 2))]
    assert len(spans) > 0.15 * B
    for g in spans:
        joints, frames = np.flatnonzero(g.any(axis=0)), np.flatnonzero(g.any(axis=1))
        assert len(joints) <= 3
        assert g[frames[0] : frames[-1] + 1][:, joints].all(), "one span, the same for its joints"
    share = (np.asarray(DROP(keys_of(np.arange(B)), mask, 0.3)) == 0).any(axis=(1, 2)).mean()
    assert 0.22 < share < 0.38


def test_limbs_alone_are_dropped_or_none() -> None:
    mask = jnp.ones((B, T, J))
    limbs = {
        tuple(np.flatnonzero([joint.endswith(part) and joint.startswith(side) for joint in H36M17.joints]))
        for side in ("left", "right")
        for part in (("knee", "ankle"), ("elbow", "wrist"))
    }
    legs = tuple(i for i, joint in enumerate(H36M17.joints) if joint.endswith(("knee", "ankle")))
    all_limbs, none = (np.asarray(drop_joints(keys_of(np.arange(B)), mask, 1.0, share)) == 0 for share in (1.0, 0.0))
    assert {tuple(np.flatnonzero(gone[0])) for gone in all_limbs} == limbs | {legs}
    assert (all_limbs == all_limbs[:, :1]).all()
    not_coco = np.array([joint not in COCO17.joints for joint in H36M17.joints])
    assert 0.58 < (none[:, 0] == not_coco).all(axis=-1).mean() < 0.75


def test_dropping_leaves_a_torso_wherever_there_was_one() -> None:
    torso = [i for i, joint in enumerate(H36M17.joints) if joint.endswith(("hip", "shoulder"))]
    mask = np.ones((B, T, J), np.float32)
    mask[:, :, torso[1:]] = 0
    dropped = np.asarray(DROP(keys_of(np.arange(B)), mask, 1.0))
    assert (dropped[:, :, torso[0]] == 1).all()
    assert (dropped <= mask).all()
