"""A selection score that never sees 3D: what a teacher does on held-out 2D, as one number; lower is better.

Losses fall while the pose gets worse, because teacher and discriminators move together. This looks from outside, with
nothing that learns: are the skeletons, in novel views, distributed as real pictures are; does lifting a novel view
again give the same depth; do windows that overlap, and mirrored windows, agree; do bones keep their ratios. Each term
is divided by what the flat skeleton (no depth at all) gets where that is not zero. Our choice.
"""

import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d import losses
from pn3d.config import ModelConfig
from pn3d.data.clips import Clips, select
from pn3d.data.windows import NovelWindow, Window, gather_windows, make_window, mirror_window, novel_window
from pn3d.files.errors import UserError
from pn3d.geometry import camera
from pn3d.geometry.bones import bone_ratios, bone_vectors, knee_bend
from pn3d.lifting import teacher as lifting
from pn3d.models.networks import Params
from pn3d.models.teacher import Teacher
from pn3d.training.batch import TrainData
from pn3d.training.state import TrainState

HELD_OUT_SHARE = 0.12
"""Share of scenes whose 2D is kept from training."""
WINDOWS = 512
VIEWS = 4


class Skeletons(NamedTuple):
    """A lifter's outputs: (B, T, 17, 3) joints in the unit camera, (B,) elevations and rolls in radians."""

    joints: jax.Array
    elevation: jax.Array
    roll: jax.Array | None = None


Lift = Callable[[Window], Skeletons]


@flax.struct.dataclass
class HeldOut:
    """Held-out windows of 2D, and the same clips half a window later.

    Attributes:
        window, later: (B, T, …) windows.
        shift: frames between them; static, 0 for windows of one frame.
    """

    window: Window
    later: Window
    shift: int = flax.struct.field(pytree_node=False)


def split_by_name(clips: Clips, share: float = HELD_OUT_SHARE) -> tuple[Clips, Clips]:
    """(the clips to train on, the held-out ones). Which is which depends on the scene's name alone, so all cameras of a
    scene go to one side; where that leaves a side empty the last clips are held out. UserError for a single clip."""

    def held(name: str) -> bool:
        return int(hashlib.sha256(scene_of(name).encode()).hexdigest()[:8], 16) / 2**32 < share

    chosen = np.array([held(str(name)) for name in clips.clip_name])
    if chosen.all() or not chosen.any():
        if clips.num_clips < 2:
            raise UserError("2D can only be held out from two clips or more; found one")
        count = min(max(round(clips.num_clips * share), 1), clips.num_clips - 1)
        chosen = np.arange(clips.num_clips) >= clips.num_clips - count
    return select(clips, np.flatnonzero(~chosen)), select(clips, np.flatnonzero(chosen))


def scene_of(name: str) -> str:
    """A clip's name without its camera."""
    return re.sub(r"/cam\d+$", "", name)


def held_out_windows(data: TrainData, config: ModelConfig, count: int = WINDOWS) -> HeldOut:
    """Windows spread evenly over held-out data; at most ``count``."""
    length = config.window
    shift = length // 2
    starts = np.asarray(data.starts)
    usable = starts[np.isin(starts + shift, starts)]
    usable = usable if len(usable) else starts
    picked = jnp.asarray(usable[np.linspace(0, len(usable) - 1, min(count, len(usable))).astype(int)])

    def cut(first: jax.Array) -> Window:
        rays = gather_windows(data.frames.rays, first, length)
        return make_window(rays, gather_windows(data.frames.confidence, first, length), config.root_depth)

    if not np.isin(np.asarray(picked) + shift, starts).all():
        shift = 0
    return HeldOut(window=cut(picked), later=cut(picked + shift), shift=shift)


def score_terms(lift: Lift, held_out: HeldOut) -> dict[str, Float[Array, ""]]:
    """Every term on held-out windows; () each, in head-root units or ratios, lower is better."""
    window = held_out.window
    lifted = lift(window)
    fakes, cycle = [], []
    for view in range(VIEWS):
        in_view, novel = _in_view(lifted, window, view)
        again = lift(novel.window)
        gap = in_view[..., 2] - novel.scale[:, None, None] * again.joints[..., 2]
        cycle.append(jnp.mean(jnp.abs(gap)))
        fakes.append(novel.window.xy)
    made = jnp.concatenate(fakes)
    real = jnp.concatenate([window.xy, mirror_window(window).xy])
    bones = bone_vectors(lifted.joints)
    ratios = bone_ratios(bones)
    return {
        "pose": energy_distance(_middle_pose(made), _middle_pose(real)),
        "motion": energy_distance(_displacement(made), _displacement(real)),
        "cycle": jnp.mean(jnp.stack(cycle)),
        "overlap": _overlap(lift, lifted, held_out),
        "mirror": _mirror_gap(lift, lifted, window),
        "constancy": jnp.sqrt(losses.bone_constancy(ratios)),
        "symmetry": jnp.sqrt(losses.symmetry(ratios)),
        "hinge": jnp.sqrt(losses.knee_hinge(knee_bend(bones))),
    }


SCORE_WEIGHTS = {"pose": 1.0, "motion": 0.5, "cycle": 1.0, "overlap": 0.5, "constancy": 0.5, "symmetry": 0.5}
"""Of the terms over the flat skeleton's (overlap, which is zero there, over its cycle)."""


def selection_score(teacher: Teacher, params: Params, held_out: HeldOut) -> Float[Array, ""]:
    """The score of a teacher, (); about 1 for a teacher that tells nothing of depth, lower is better."""
    own = score_terms(teacher_lift(teacher, params), held_out)
    flat = score_terms(flat_lift, held_out)
    return combined(own, flat)


def state_score(config: ModelConfig, teacher: Teacher, held_out: TrainData) -> Callable[[TrainState], float]:
    """The score as a function of a training state: of its averaged teacher on held-out data."""
    windows = held_out_windows(held_out, config)
    compiled = jax.jit(lambda params: selection_score(teacher, params, windows))
    # Of several processes each looks at its own copy, and all get the same.
    return lambda state: float(compiled(jax.tree.map(lambda leaf: leaf.addressable_data(0), state.teacher.ema)))


def combined(own: dict[str, Float[Array, ""]], flat: dict[str, Float[Array, ""]]) -> Float[Array, ""]:
    """Weighted mean of the terms over those of the flat skeleton."""
    scale = {name: flat["cycle"] if name == "overlap" else flat[name] for name in SCORE_WEIGHTS}
    total = sum((w * own[name] / (scale[name] + 1e-6) for name, w in SCORE_WEIGHTS.items()), jnp.zeros(()))
    return total / sum(SCORE_WEIGHTS.values())


def teacher_lift(teacher: Teacher, params: Params) -> Lift:
    """A teacher as a lifter."""

    def lift(window: Window) -> Skeletons:
        lifted = lifting.lift(teacher, params, window)
        return Skeletons(lifted.joints, lifted.elevation, lifted.roll)

    return lift


def flat_lift(window: Window) -> Skeletons:
    """The skeleton without depth, as a lifter; missing joints stay at the root."""
    joints = camera.lift(window.xy, jnp.zeros_like(window.xy[..., 0]), window.root_depth)
    return Skeletons(joints, jnp.zeros_like(window.size))


def energy_distance(a: Float[Array, "A C"], b: Float[Array, "B C"]) -> Float[Array, ""]:
    """2 E|a - b| - E|a - a'| - E|b - b'|, square root; 0 where both are of one distribution (Szekely and Rizzo 2013).

    (A, C), (B, C) -> ().
    """
    value = 2.0 * _mean_distance(a, b) - _mean_distance(a, a) - _mean_distance(b, b)
    return jnp.sqrt(jnp.maximum(value, 0.0))


def _mean_distance(a: jax.Array, b: jax.Array) -> jax.Array:
    square = jnp.sum(a * a, axis=-1)[:, None] + jnp.sum(b * b, axis=-1)[None, :]
    product = jnp.matmul(a, b.T, precision=jax.lax.Precision.HIGHEST)
    return jnp.mean(jnp.sqrt(jnp.maximum(square - 2.0 * product, 0.0)))


def _in_view(lifted: Skeletons, window: Window, view: int) -> tuple[jax.Array, NovelWindow]:
    """Skeletons in a view that is fixed for each window, elevations spread as the lifted ones are, and the 2D of it."""
    batch = window.size.shape[0]
    # Low-discrepancy instead of random: the score of one teacher is one number.
    spread = (np.arange(batch) * 0.6180339887 + view / VIEWS) % 1.0
    azimuth = jnp.asarray(2.0 * np.pi * spread, jnp.float32)
    order = np.argsort((np.arange(batch) * 0.7548776662 + 0.37 * view) % 1.0)
    new_elevation = lifted.elevation[jnp.asarray(order)]
    rotation = camera.view_rotation(lifted.elevation, azimuth, new_elevation, lifted.roll)
    in_view = camera.in_front(camera.rotate_about_root(lifted.joints, rotation, window.root_depth))
    return in_view, novel_window(camera.project_unit(in_view, window.root_depth), window)


def _middle_pose(xy: jax.Array) -> jax.Array:
    return xy[:, xy.shape[1] // 2].reshape(xy.shape[0], -1)


def _displacement(xy: jax.Array) -> jax.Array:
    """From the first frame to the last, brought to about the size of poses."""
    return 4.0 * (xy[:, -1] - xy[:, 0]).reshape(xy.shape[0], -1)


def _mirror_gap(lift: Lift, lifted: Skeletons, window: Window) -> jax.Array:
    other = lifting.mirror_joints(lift(mirror_window(window)).joints)
    return jnp.mean(jnp.abs(other[..., 2] - lifted.joints[..., 2]))


def _overlap(lift: Lift, lifted: Skeletons, held_out: HeldOut) -> jax.Array:
    """Disagreement about the depth of frames that both windows hold, over the person's size."""
    window, later, shift = held_out.window, held_out.later, held_out.shift
    if not shift:
        return jnp.zeros(())
    depth = (lifted.joints[..., 2] - window.root_depth[:, None, None])[:, shift:]
    other = (lift(later).joints[..., 2] - later.root_depth[:, None, None])[:, : depth.shape[1]]
    return jnp.mean(jnp.abs(depth - other * (later.size / window.size)[:, None, None]))
