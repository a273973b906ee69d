"""Windows never cross clips, gathering is slicing; what is divided by what, what stands where a joint is missing."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pn3d.data.joints17 import to_h36m17
from pn3d.data.person_size import person_size
from pn3d.data.windows import Window, gather_windows, make_window, novel_window, window_starts
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17, LAYOUTS
from tests.data.test_clips import LENGTHS, make_clips

BATCH, FRAMES = 4, 3
RAYS = 0.02 * jax.random.normal(jax.random.key(0), (BATCH, FRAMES, 17, 2))
CONFIDENCE = jnp.where(jax.random.uniform(jax.random.key(1), (BATCH, FRAMES, 17)) > 0.3, 0.7, 0.0)


def test_windows_lie_within_clips_and_none_is_left_out() -> None:
    clips = make_clips()
    for length in range(1, max(LENGTHS) + 1):
        starts, skipped = window_starts(clips, length)
        inside = [
            s
            for s in range(clips.frames)
            for a, b in zip(clips.clip_start, clips.clip_start[1:], strict=False)
            if a <= s and s + length <= b
        ]
        assert starts.dtype == np.int32
        assert starts.tolist() == inside
        assert skipped == sum(n < length for n in LENGTHS)
    with pytest.raises(UserError, match=r"window of 8 frames.*longest of 3 clips has 7"):
        window_starts(clips, 8)


def test_gather_is_slicing() -> None:
    clips = make_clips()
    starts, _ = window_starts(clips, 4)
    gather = jax.jit(gather_windows, static_argnums=2)
    for array in (clips.keypoints, clips.confidence, clips.clip_of_frame.astype(np.int32)):
        expected = np.stack([array[s : s + 4] for s in starts])
        np.testing.assert_array_equal(gather(jnp.asarray(array), jnp.asarray(starts), 4), expected)


@pytest.mark.parametrize("name", ["coco17", "body25", "halpe26", "mpii16"])
def test_any_layout_by_name(name: str) -> None:
    layout = LAYOUTS[name]
    rng = np.random.default_rng(0)
    base = make_clips()
    joints = len(layout.joints)
    clips = replace(
        base,
        layout=layout,
        keypoints=rng.normal(size=(base.frames, joints, 2)).astype(np.float32),
        confidence=rng.uniform(0.12, 1, (base.frames, joints)).astype(np.float32),
        joints_cam=np.zeros((base.frames, joints, 3), np.float32),
    )
    mapped = to_h36m17(clips)
    assert mapped.layout == H36M17
    for i, joint in enumerate(H36M17.joints):
        if joint in layout.joints:
            np.testing.assert_array_equal(mapped.keypoints[:, i], clips.keypoints[:, layout.index(joint)])
            np.testing.assert_array_equal(mapped.confidence[:, i], clips.confidence[:, layout.index(joint)])
        else:
            assert (mapped.confidence[:, i] == 0).all()
            assert (mapped.keypoints[:, i] == 0).all()
    assert mapped.joints_cam is None, "these layouts lack a joint of h36m17"
    assert to_h36m17(mapped) is mapped


def test_a_permuted_h36m17_comes_back_with_its_truth() -> None:
    clips = make_clips(truth=True)
    order = np.random.default_rng(3).permutation(17)
    permuted = replace(
        clips,
        layout=replace(H36M17, name="permuted", joints=tuple(H36M17.joints[i] for i in order)),
        keypoints=clips.keypoints[:, order],
        confidence=clips.confidence[:, order],
        joints_cam=clips.joints_cam[:, order],
    )
    mapped = to_h36m17(permuted)
    for key in ("keypoints", "confidence", "joints_cam", "poses"):
        np.testing.assert_array_equal(getattr(mapped, key), getattr(to_h36m17(clips), key))


@pytest.mark.parametrize("root_depth", [0.0, 10.0])
def test_a_window_is_in_units_of_the_person(root_depth: float) -> None:
    window = make_window(RAYS, CONFIDENCE, root_depth)
    size = np.asarray(person_size(RAYS, CONFIDENCE))
    measured = np.asarray(CONFIDENCE)[..., None] > 0
    expected = np.where(measured, np.asarray(RAYS) / size[:, None, None, None], 0.0)
    np.testing.assert_allclose(window.xy, expected, rtol=1e-5)
    np.testing.assert_allclose(window.rays, np.where(measured, RAYS, 0.0), atol=1e-6)
    np.testing.assert_array_equal(window.visible, (np.asarray(CONFIDENCE) > 0).astype(np.float32))
    depth = np.full(BATCH, root_depth) if root_depth else np.clip(1.0 / size, 3.0, 40.0)
    np.testing.assert_allclose(window.root_depth, depth, rtol=1e-6)


def test_a_picture_that_is_moved_and_enlarged_is_the_same_novel_window() -> None:
    """The hips come to the middle, the size is divided out, and what was divided out is told."""
    window = make_window(RAYS, CONFIDENCE, 10.0)
    xy = jax.random.normal(jax.random.key(2), (BATCH, FRAMES, 17, 2))
    plain, changed = novel_window(xy, window), novel_window(2.0 * xy + 3.0, window)
    np.testing.assert_allclose(plain.window.xy, changed.window.xy, atol=1e-5)
    np.testing.assert_allclose(2.0 * plain.scale, changed.scale, rtol=1e-5)
    np.testing.assert_allclose(2.0 * plain.shift + 3.0, changed.shift, rtol=1e-4, atol=1e-5)
    # Twice as large is half as far: perspective stays.
    np.testing.assert_allclose(plain.window.root_depth, 2.0 * changed.window.root_depth, rtol=1e-5)
    np.testing.assert_allclose(plain.window.size * 2.0, changed.window.size, rtol=1e-5)
    np.testing.assert_allclose(plain.window.size, window.size * plain.scale, rtol=1e-6)
    hips = [H36M17.index(side + "_hip") for side in ("left", "right")]
    both = np.asarray(CONFIDENCE)[:, :, hips].all(axis=2)
    assert both.any()
    np.testing.assert_allclose(np.asarray(plain.window.xy)[:, :, hips].sum(axis=2)[both], 0.0, atol=1e-5)
    np.testing.assert_array_equal(plain.window.confidence, CONFIDENCE)


def test_nothing_measured_is_a_finite_window() -> None:
    window = make_window(RAYS, jnp.zeros_like(CONFIDENCE), 0.0)
    assert isinstance(window, Window)
    assert not np.asarray(window.xy).any()
    assert np.isfinite(np.asarray(window.root_depth)).all()
