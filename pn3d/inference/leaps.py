"""Leaps in depth: from one moment to the next the networks take the person for somebody mirrored in depth.

A picture fits two depths nearly as well, and who lies on the back and lifts the hips may be taken for somebody who
looks at the floor. Windows before and after such a moment then disagree, and depths change sign while the picture
hardly moves. One of the two is wrong for as long as it lasts, and which one is told by carrying each over the leap:
the body of the frame before is brought onto the keypoints of the frames after it, each from the one before it
(``pn3d.body.fitting``, keypoints alone), and the body after it onto those before, backwards. The right one goes on
within joint ranges and lies closer to the keypoints than what the networks say there, started and carried alike; the
wrong one does not. Where that is clear, the carried body takes the place of what the networks say. Our choice.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body import fitting
from pn3d.body import model as body_model
from pn3d.body.landmarks import landmark_joints
from pn3d.body.limits import limit_excess_rad
from pn3d.geometry import camera, rotations
from pn3d.inference.fit import StudentBody, fit_frames
from pn3d.inference.keyframes import keyframe_stride
from pn3d.inference.lifted import LiftedClip
from pn3d.inference.networks import LEAST_SIZE, FrameOutputs

SPREAD = 0.15
"""Windows disagree about a frame where their joints vary by more than this about their mean, head-root units squared,
all joints together."""

MORE_THAN_PICTURE = 1.3
"""A leap changes depths by more than this times what the picture changes by, and to what is nearer to the mirrored."""

AROUND_S = 0.1
"""A leap is taken to begin and end so long before and after the windows disagree."""

COMPARED_S, LONGEST_S = 1.6, 10.0
"""Readings are compared for so long at most; what lasts longer than the second is left alone."""

CLOSER, WITHIN_RAD = 0.55, 0.3
"""The carried body replaces another whose residual it makes so small a share of, and whose joints are not further
inside their ranges by more than the second, summed over the body (docs/log/wild.md)."""

FADE_S = 0.3
"""Beyond the next leap the carried body gives way to the networks' within this."""

_FEWEST = 4
_STEPS, _WAYS = 64, 4
"""Frames and bodies per call of what carries."""
_GAUSS_NEWTON = 2
"""Steps per frame."""
_LARGEST = 0.3
"""Head-root units: what a joint's residual counts at most."""


class Leap(NamedTuple):
    """The frame before a leap in depth, and the one after it."""

    before: int
    after: int


def find_leaps(outputs: FrameOutputs, fps: float) -> list[Leap]:
    """Where in one clip depths change to about their mirror image while the picture hardly changes."""
    size = np.maximum(outputs.size, LEAST_SIZE)
    joints = outputs.teacher_joints / size[:, None, None]
    spread = (outputs.mean_square - np.sum(outputs.teacher_joints**2, axis=(1, 2))) / size**2
    frames = np.flatnonzero(spread > SPREAD)
    if not len(frames):
        return []
    margin, last = max(1, round(AROUND_S * fps)), len(joints) - 1
    found = []
    for run in np.split(frames, np.flatnonzero(np.diff(frames) > 2 * margin) + 1):
        leap = Leap(max(0, int(run[0]) - margin), min(last, int(run[-1]) + margin))
        first, second = joints[leap.before], joints[leap.after]
        change, mirrored = (np.abs(second[:, 2] - sign * first[:, 2]).mean() for sign in (1.0, -1.0))
        moved = np.linalg.norm(second[:, :2] - first[:, :2], axis=1).mean()
        if change > MORE_THAN_PICTURE * moved and change > mirrored:
            found.append(leap)
    return found


def carried_over_leaps(student: StudentBody, betas: np.ndarray, clip: LiftedClip) -> LiftedClip:
    """One clip, what the networks wrongly say after or before a leap replaced by the body that is carried over it.

    Args:
        student: the body.
        betas: (10,) its shape.
        clip: of T frames, with a student.

    Returns:
        The same clip where nothing is clear; else with other outputs, and ``carried``.
    """
    leaps = find_leaps(clip.outputs, clip.fps)
    if not leaps:
        return clip
    assert clip.outputs.sixd is not None
    ends = [Leap(0, 0), *leaps, Leap(len(clip.rays) - 1, len(clip.rays) - 1)]
    wrong: dict[int, list[tuple[float, _Carried]]] = {}
    for index, beside in enumerate(zip(ends[:-2], leaps, ends[2:], strict=True)):
        verdict = _compared(student, betas, clip, *beside)
        if verdict is not None:
            share, forwards, carried = verdict
            wrong.setdefault(index + forwards, []).append((share, carried))
    # Nothing is carried from a stretch that is wrong itself, unless that is less clear.
    best = {stretch: min(share for share, _ in found) for stretch, found in wrong.items()}
    kept = [each for each in wrong if all(best[each] <= best.get(other, np.inf) for other in (each - 1, each + 1))]
    for each in kept:
        clip = _replaced(clip, [carried for _, carried in sorted(wrong[each], key=lambda found: found[0])])
    return clip


class _Carried(NamedTuple):
    """A body carried from a leap on, through K frames, forwards or backwards.

    Attributes:
        frames: (K,) in the order in which it was carried.
        until: the last frame that it replaces whole; behind it it gives way.
        local: (K, 24, 3, 3) rotations, the pelvis in centred-camera axes.
        joints_m: (K, 17, 3) landmarks in front of the camera.
        residual: (K,) root mean square distance from the keypoints, head-root units.
        excess_rad: (K,) how far its joints are beyond their ranges, summed.
    """

    frames: np.ndarray
    until: int
    local: np.ndarray
    joints_m: np.ndarray
    residual: np.ndarray
    excess_rad: np.ndarray


def _compared(
    student: StudentBody,
    betas: np.ndarray,
    clip: LiftedClip,
    previous: Leap,
    leap: Leap,
    following: Leap,
) -> tuple[float, bool, _Carried] | None:
    """Which stretch beside a leap is wrong, if that is clear: how much closer the body carried into it is, whether that
    is carried forwards, and it. The stretches end at the leaps beside it."""
    stride = keyframe_stride(clip.fps)
    compared, fade, last = round(COMPARED_S * clip.fps), round(FADE_S * clip.fps), len(clip.rays) - 1
    (first, before), (after, end) = (previous.after, leap.before), (leap.after, following.before)
    # Carried forwards over the leap and from behind it; backwards over it and from before it.
    there, back = min(end, after + compared), max(first, before - compared)
    ways = [np.arange(before, there + 1, stride), np.arange(after, there + 1, stride)]
    ways += [np.arange(after, back - 1, -stride), np.arange(before, back - 1, -stride)]
    local = _posed(student, betas, clip, np.array([before, after]))
    tried = _carry(student, betas, clip, local[[0, 1, 1, 0]], ways)
    inside = [
        each.frames >= after if forwards else each.frames <= before
        for each, forwards in zip(tried, (True, True, False, False), strict=True)
    ]
    if min(chosen.sum() for chosen in inside) < _FEWEST:
        return None
    residual = [float(each.residual[chosen].mean()) for each, chosen in zip(tried, inside, strict=True)]
    excess = [float(each.excess_rad[chosen].mean()) for each, chosen in zip(tried, inside, strict=True)]
    shares = [residual[over] / max(residual[own], 1e-9) for over, own in ((0, 1), (2, 3))]
    clear = [
        share < CLOSER and excess[over] < excess[own] + WITHIN_RAD
        for share, (over, own) in zip(shares, ((0, 1), (2, 3)), strict=True)
    ]
    forwards, length = clear[0], (end - after if clear[0] else before - first)
    if clear[0] == clear[1] or length > LONGEST_S * clip.fps:
        return None
    if forwards:
        until, way = following.after, np.arange(before, min(following.after + fade, last) + 1, stride)
    else:
        until, way = previous.before, np.arange(after, max(previous.before - fade, 0) - 1, -stride)
    (carried,) = _carry(student, betas, clip, local[[0 if forwards else 1]], [way])
    return shares[0 if forwards else 1], forwards, carried._replace(until=until)


def _posed(student: StudentBody, betas: np.ndarray, clip: LiftedClip, at: np.ndarray) -> np.ndarray:
    """(n,) frames -> (n, 24, 3, 3) local rotations of the fitted body in them."""
    outputs = clip.outputs
    assert outputs.sixd is not None
    seen = (clip.rays[at], clip.confidence[at], outputs.size[at], outputs.teacher_joints[at])
    turns = rotations.axis_angle_to_matrix(fit_frames(student, betas, outputs.sixd[at], *seen))
    return np.matmul(np.asarray(rotations.sixd_to_matrix(outputs.sixd[at])), np.asarray(turns))


def _carry(
    student: StudentBody,
    betas: np.ndarray,
    clip: LiftedClip,
    local: np.ndarray,
    ways: list[np.ndarray],
) -> list[_Carried]:
    """(W, 24, 3, 3) bodies along the frames of W ways, all at once; shorter ways wait in their last frame."""
    count = len(ways)
    ways = ways + ways[:1] * (_WAYS - count)
    local = np.concatenate([local, np.repeat(local[:1], _WAYS - count, axis=0)])
    longest = max(len(way) for way in ways)
    steps = -(-longest // _STEPS) * _STEPS
    at = np.stack([np.concatenate([way, np.repeat(way[-1:], steps - len(way))]) for way in ways], axis=1)
    size = np.maximum(clip.outputs.size, LEAST_SIZE)
    parts = []
    for begin in range(0, steps, _STEPS):
        part = at[begin : begin + _STEPS]
        found = [
            np.asarray(v) for v in _carried(student, betas, local, clip.rays[part], clip.confidence[part], size[part])
        ]
        local = found[0][-1]
        parts.append(found)
    whole = [np.concatenate(values) for values in zip(*parts, strict=True)]
    return [
        _Carried(way, int(way[-1]), *(values[: len(way), index] for values in whole))
        for index, way in enumerate(ways[:count])
    ]


@jax.jit
def _carried(
    student: StudentBody,
    betas: jax.Array,
    local: jax.Array,
    rays: jax.Array,
    confidence: jax.Array,
    size: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """(W, 24, 3, 3) bodies; (K, W, 17, 2), (K, W, 17), (K, W) of K frames one after the other -> K of ``_Carried``."""
    rest = jnp.broadcast_to(body_model.rest_joints_m(student.body, betas), (len(local), 24, 3))

    def step(turned: jax.Array, seen: tuple[jax.Array, ...]) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        def closer(_: int, each: jax.Array) -> jax.Array:
            own = (student.landmarks, student.corrections_m, rest, each)
            return fitting.fit_body(student.body, *own, fitting.Picture(*seen), steps=1)

        # A loop, since one step takes a second to compile.
        turned = jax.lax.fori_loop(0, _GAUSS_NEWTON, closer, turned)
        joints, turns = body_model.posed_joints(student.body, rest, turned)
        marks = landmark_joints(student.landmarks, joints, turns, student.corrections_m)
        placed = marks + camera.fit_translation(marks, *seen)[:, None]
        rays, confidence, size = seen
        distance = jnp.linalg.norm(rays - camera.project(placed), axis=-1) / size[:, None]
        measured = confidence > 0
        square = jnp.sum(jnp.where(measured, jnp.minimum(distance, _LARGEST) ** 2, 0.0), axis=1)
        residual = jnp.sqrt(square / jnp.maximum(jnp.sum(measured, axis=1), 1))
        return turned, (turned, placed, residual, jnp.sum(limit_excess_rad(turned), axis=(1, 2)))

    _, (turned, placed, residual, excess) = jax.lax.scan(step, local, (rays, confidence, size))
    return turned, placed, residual, excess


def _replaced(clip: LiftedClip, carried: list[_Carried]) -> LiftedClip:
    """The clip with the outputs of one or both bodies that were carried into a stretch."""
    outputs = clip.outputs
    assert outputs.sixd is not None
    frames = np.arange(len(clip.rays))
    shares = np.stack([_share(each, frames, round(FADE_S * clip.fps)) for each in carried])
    if len(carried) == 2:
        # Carried from both sides: each counts the more, the nearer the leap that it was carried over.
        begins = [each.frames[0] for each in carried]
        first = np.clip((frames - begins[1]) / (begins[0] - begins[1]), 0.0, 1.0)
        shares = np.where((shares > 0).all(axis=0), np.stack([first, 1.0 - first]) * shares, shares)
    left = 1.0 - shares.sum(axis=0)
    turns, points = left[:, None, None] * outputs.sixd, left[:, None, None] * outputs.teacher_joints
    for share, each in zip(shares[:, :, None, None], carried, strict=True):
        own_turns, own_points = _interpolated(each, frames)
        turns, points = turns + share * own_turns, points + share * own_points
    replaced: np.ndarray = left < 0.5
    # The camera stands where it stood.
    views = [np.interp(frames, frames[~replaced], v[~replaced]) for v in (outputs.elevation_rad, outputs.roll_rad)]
    outputs = outputs._replace(
        teacher_joints=points.astype(np.float32),
        elevation_rad=views[0].astype(np.float32),
        mean_square=np.where(replaced, np.sum(points**2, axis=(1, 2)), outputs.mean_square).astype(np.float32),
        roll_rad=views[1].astype(np.float32),
        sixd=turns.astype(np.float32),
    )
    return clip._replace(outputs=outputs, carried=replaced if clip.carried is None else clip.carried | replaced)


def _interpolated(carried: _Carried, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 24, 6) columns of the local rotations and (T, 17, 3) root-relative joints in units of the root's depth,
    linear between the frames through which it was carried."""
    order = np.argsort(carried.frames)
    sixd = np.asarray(rotations.matrix_to_sixd(carried.local))
    joints = (carried.joints_m - carried.joints_m[:, :1]) / carried.joints_m[:, :1, 2:]
    columns = [
        np.stack([np.interp(frames, carried.frames[order], c[order]) for c in v.reshape(len(order), -1).T], axis=1)
        for v in (sixd, joints)
    ]
    return columns[0].reshape(-1, *sixd.shape[1:]), columns[1].reshape(-1, *joints.shape[1:])


def _share(carried: _Carried, frames: np.ndarray, fade: int) -> np.ndarray:
    """(T,) how much a carried body counts: all of it from its leap to the end of its stretch, less and less behind."""
    way = carried.frames[-1] - carried.frames[0]
    sign = 1 if way >= 0 else -1
    on, beyond = sign * (frames - carried.frames[0]), sign * (frames - carried.until)
    inside = (on >= 0) & (sign * (frames - carried.frames[-1]) <= 0)
    return np.where(inside, np.clip(1.0 - beyond / (fade + 1.0), 0.0, 1.0), 0.0)
