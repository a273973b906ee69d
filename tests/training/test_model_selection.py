"""The signal that never sees 3D: what it must prefer, and what it must not depend on."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.data.clips import Clips, select
from pn3d.data.windows import Window
from pn3d.geometry import camera, rotations
from pn3d.synthetic.scenes import make_synthetic_clips
from pn3d.training.model_selection import (
    Skeletons,
    energy_distance,
    flat_lift,
    held_out_windows,
    scene_of,
    score_terms,
    selection_score,
    split_by_name,
)
from tests.support import tiny


def named(names: list[str]) -> Clips:
    whole = make_synthetic_clips(1, 4, 24)
    return replace(select(whole, [i % 4 for i in range(len(names))]), clip_name=np.array(names))


def test_all_cameras_of_a_scene_go_to_one_side() -> None:
    clips = named([f"walk/{scene}/cam{camera}" for scene in range(30) for camera in range(4)])
    own, held_out = split_by_name(clips, 0.3)
    ours, theirs = ({scene_of(str(name)) for name in part.clip_name} for part in (own, held_out))
    assert not ours & theirs
    assert len(ours) + len(theirs) == 30
    assert own.num_clips + held_out.num_clips == 120
    assert 2 <= len(theirs) <= 18
    # Nothing but the names decides.
    shuffled = select(clips, np.random.default_rng(0).permutation(120))
    assert {scene_of(str(name)) for name in split_by_name(shuffled, 0.3)[1].clip_name} == theirs


def test_no_side_is_ever_empty() -> None:
    for share in (0.0, 1.0):
        own, held_out = split_by_name(named(["a/0/cam0", "a/1/cam0", "a/2/cam0"]), share)
        assert own.num_clips
        assert held_out.num_clips


def test_energy_distance_is_zero_for_one_sample_and_grows_with_the_gap() -> None:
    a = jax.random.normal(jax.random.key(0), (200, 6))
    assert float(energy_distance(a, a)) < 0.05
    near, far = (float(energy_distance(a, a + step)) for step in (0.5, 2.0))
    assert 0.1 < near < far


def test_true_depth_is_preferred_to_none_and_to_noise() -> None:
    clips = make_synthetic_clips(3, 24, 24)
    starts = np.arange(clips.num_clips) * 24
    data = replace(tiny.data(), frames=tiny.frame_rays(clips), starts=jnp.asarray(np.r_[starts, starts + 1]))
    held_out = held_out_windows(data, tiny.config().model)
    turn = camera.centring_rotation(data.frames.root_ray)
    centred = np.asarray(rotations.rotate(turn, jnp.asarray(clips.joints_cam)))
    depth = (centred[..., 2] - centred[:, :1, 2]) / centred[:, :1, 2]
    window = held_out.window
    length = window.xy.shape[1]
    rows = np.stack([depth[s : s + length] for s in starts]) / np.asarray(window.size)[:, None, None]
    skeleton = lambda rows: camera.lift(window.xy, rows, window.root_depth)  # noqa: E731
    true = skeleton(jnp.asarray(rows, jnp.float32))
    up = np.asarray(rotations.rotate(turn[starts], jnp.asarray(clips.up_cam)[:, None]))[:, 0]
    elevation = jnp.asarray(np.arctan2(-up[:, 2], -up[:, 1]), jnp.float32)
    noise = 0.3 * jax.random.normal(jax.random.key(1), rows.shape)
    noisy = skeleton(rows + noise.at[..., 0].set(0.0))

    @jax.jit
    def pose_of(joints: jax.Array) -> jax.Array:
        # Only the first lift is looked at by this term; turned pictures may get anything.
        return score_terms(lambda _: Skeletons(joints, elevation), held_out)["pose"]

    flat = jax.jit(lambda: score_terms(flat_lift, held_out))()
    assert float(pose_of(true)) < 0.8 * float(pose_of(noisy))
    assert float(pose_of(true)) < 0.7 * float(flat["pose"])
    assert float(flat["mirror"]) == 0.0


def test_the_signal_of_a_teacher_is_one_finite_number_and_always_the_same() -> None:
    held_out = held_out_windows(tiny.data(), tiny.config().model, 16)
    params = tiny.first_state().teacher.params
    teacher = tiny.scene().networks.teacher
    signal = jax.jit(lambda p: selection_score(teacher, p, held_out))
    value = float(signal(params))
    assert np.isfinite(value)
    assert value == float(signal(params))
    moved = jax.tree.map(lambda leaf: leaf + 0.3, params)
    assert float(signal(moved)) != value


def test_windows_of_one_frame_have_no_overlap() -> None:
    held_out = held_out_windows(tiny.data(), tiny.config(model__window=1).model, 8)
    assert isinstance(held_out.window, Window)
    assert held_out.shift == 0
    assert float(jax.jit(lambda: score_terms(flat_lift, held_out)["overlap"])()) == 0.0
