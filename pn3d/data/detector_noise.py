"""Errors and confidences as 2D detectors make them, drawn together, as a pure function of keys.

What is modelled, after errors of real detections against projected truth (AIST++ with its authors' detector, HumanEva
with AlphaPose): errors last; elbows and wrists are worst; tails are heavy; joints and whole limbs are drawn to the
other side or to the trunk; hips and shoulders are where the detector defines them; and the confidence tells the size
of the error, on a scale of the detector's own, or is flat, or what is low is left out. Sizes are shares of a standing
person's height. The form is our choice; ``ERROR_BY_CONFIDENCE`` and the two tables of confidences were set to those
errors.

B examples of T frames of h36m17; each draws from its own typed key alone.
"""

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from pn3d.geometry.skeleton import H36M17

ERROR_BY_CONFIDENCE = (
    (0.00, 0.05, 0.20, 0.40, 0.60, 0.80, 1.00),
    (0.110, 0.095, 0.0235, 0.0180, 0.0122, 0.0085, 0.0076),
    (0.45, 0.50, 0.85, 0.42, 0.25, 0.18, 0.15),
)
"""Confidence, standard deviation of each coordinate, and how widely (log-normal) that spreads from time to time."""

_CONFIDENCES = (0.02, 0.10, 0.30, 0.50, 0.70, 0.97)
_SHARE_BELOW_ARMS = (0.0, 0.070, 0.18, 0.38, 0.68, 1.0)
_SHARE_BELOW_OTHERS = (0.0, 0.016, 0.06, 0.16, 0.42, 1.0)
"""How often elbows and wrists, and other joints, are below the confidences above."""

_QUALITY_S, _SLOW_S, _QUICK_S = 0.6, 1.4, 0.15
_WHITE_SHARE, _SLOW_SHARES = 0.03, (0.50, 0.80)
_EVENT_S = 0.3
_EVENT_SHARES = (0.014, 0.018)
"""How often a whole limb, or its last joint alone, is drawn to somewhere else."""
_TO_OTHER_SIDE = 0.55
_LIMBS = (
    *(("left_hip", "left_knee", "left_ankle"), ("right_hip", "right_knee", "right_ankle")),
    *(("left_shoulder", "left_elbow", "left_wrist"), ("right_shoulder", "right_elbow", "right_wrist")),
)
_SHIFT_SHARES = {"hip": 0.009, "shoulder": 0.006, "head": 0.012, "neck": 0.008, "pelvis": 0.008, "spine": 0.008}
_FLAT_SHARE, _OTHER_SCALE_SHARE, _LEFT_OUT_SHARE = 0.2, 0.35, 0.2
_JITTER = 0.05

_JOINTS = len(H36M17.joints)
_ARMS = np.array([joint.endswith(("elbow", "wrist")) for joint in H36M17.joints])
_INDEX = {joint: i for i, joint in enumerate(H36M17.joints)}
_LIMB_ROOT = np.zeros(_JOINTS, int)
_LIMB_OF = np.zeros((8, _JOINTS), bool)
for _row, _limb in enumerate(_LIMBS):
    _LIMB_OF[_row, [_INDEX[_limb[1]], _INDEX[_limb[2]]]] = True
    _LIMB_OF[4 + _row, _INDEX[_limb[2]]] = True
    _LIMB_ROOT[[_INDEX[joint] for joint in _limb]] = _INDEX[_limb[0]]
_SHIFT = np.array([next((v for k, v in _SHIFT_SHARES.items() if joint.endswith(k)), 0.004) for joint in H36M17.joints])
_TWIN = np.array(H36M17.mirror)
_TRUNK = (_INDEX["thorax"], _INDEX["pelvis"])


def detector_noise(
    keys: Key[Array, " B"],
    xy: Float[Array | np.ndarray, "B T 17 2"],
    confidence: Float[Array | np.ndarray, "B T 17"],
    height: float | jax.Array,
    *,
    strength: float | jax.Array = 1.0,
    fps: float = 30.0,
) -> tuple[Float[Array, "B T 17 2"], Float[Array, "B T 17"]]:
    """What a detector would have given for windows or clips whose true 2D is known.

    Args:
        keys: (B,) typed keys.
        xy: (B, T, 17, 2) positions in any unit.
        confidence: (B, T, 17), 0 = missing; those stay where they are, missing.
        height: a standing person's height in the unit of ``xy``.
        strength: of all errors; 1 is as measured, 0 leaves the positions alone.
        fps: frames per second, for how long errors last.

    Returns:
        (B, T, 17, 2) positions and (B, T, 17) confidences in [0, 1].
    """
    chex.assert_equal_shape_prefix([xy, confidence], 3)
    chex.assert_shape(keys, xy.shape[:1])
    moved, told = jax.vmap(lambda key, x, weight: _one(key, x, weight > 0, height, strength, fps))(keys, xy, confidence)
    measured = confidence > 0
    return jnp.where(measured[..., None], moved, xy), jnp.where(measured, told * confidence, confidence)


def _one(
    key: jax.Array,
    xy: jax.Array,
    measured: jax.Array,
    height: float | jax.Array,
    strength: float | jax.Array,
    fps: float,
) -> tuple[jax.Array, jax.Array]:
    """One example: (T, 17, 2), (T, 17) bool -> positions, confidences."""
    quality_key, error_key, event_key, shift_key, confidence_key = jax.random.split(key, 5)
    length = xy.shape[0]
    certain = _certainty(quality_key, length, fps)
    error = _errors(error_key, certain, length, fps) + _definitions(shift_key, xy, measured)[None]
    moved, drawn = _drawn_away(event_key, xy, measured, length, fps)
    unsure = jax.random.uniform(jax.random.fold_in(event_key, 1), (_JOINTS,), minval=0.05, maxval=0.5)
    certain = jnp.where(drawn, jnp.minimum(certain, unsure[None]), certain)
    positions = xy + strength * ((moved - xy) + height * error)
    return positions, _told(confidence_key, certain, length, fps)


def _lasting(
    key: jax.Array, length: int, fps: float, seconds: float, shape: tuple[int, ...], *, smooth: bool = False
) -> jax.Array:
    """(T, *shape) unit Gaussian noise of which a share 1/e is left after some seconds: a stationary AR(1) process.

    ``smooth``: the process run through itself, so that it does not tremble about a threshold.
    """
    rho = float(np.exp(-1.0 / (fps * seconds)))
    lag = np.arange(length)[:, None] - np.arange(length)[None, :]
    factor = np.where(lag >= 0, rho ** np.maximum(lag, 0), 0.0)
    factor[:, 1:] *= np.sqrt(1.0 - rho * rho)
    if smooth:
        factor = factor @ factor
        factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    white = jax.random.normal(key, (length, *shape))
    return jnp.tensordot(jnp.asarray(factor, white.dtype), white, 1, precision=jax.lax.Precision.HIGHEST)


def _certainty(key: jax.Array, length: int, fps: float) -> jax.Array:
    """(T, 17) the confidence that each joint deserves: by window, by joint, and wandering over time."""
    window_key, joint_key, time_key = jax.random.split(key, 3)
    latent = (
        np.sqrt(0.20) * jax.random.normal(window_key, (1, 1))
        + np.sqrt(0.35) * jax.random.normal(joint_key, (1, _JOINTS))
        + np.sqrt(0.45) * _lasting(time_key, length, fps, _QUALITY_S, (_JOINTS,))
    )
    share = jax.scipy.stats.norm.cdf(latent)
    levels = jnp.array(_CONFIDENCES)
    arms, others = (jnp.interp(share, jnp.array(below), levels) for below in (_SHARE_BELOW_ARMS, _SHARE_BELOW_OTHERS))
    return jnp.where(_ARMS[None], arms, others)


def _errors(key: jax.Array, certain: jax.Array, length: int, fps: float) -> jax.Array:
    """(T, 17, 2) errors in heights, as large as the confidence tells, lasting, with heavy tails."""
    slow_key, quick_key, white_key, share_key, tail_key, tail_time_key = jax.random.split(key, 6)
    slow = jax.random.uniform(share_key, minval=_SLOW_SHARES[0], maxval=_SLOW_SHARES[1])
    wander = (
        jnp.sqrt(slow) * _lasting(slow_key, length, fps, _SLOW_S, (_JOINTS, 2))
        + jnp.sqrt(1.0 - slow - _WHITE_SHARE) * _lasting(quick_key, length, fps, _QUICK_S, (_JOINTS, 2))
        + np.sqrt(_WHITE_SHARE) * jax.random.normal(white_key, (length, _JOINTS, 2))
    )
    levels, sigma, spread = (jnp.array(row) for row in ERROR_BY_CONFIDENCE)
    tail = np.sqrt(0.5) * (
        jax.random.normal(tail_key, (1, _JOINTS)) + _lasting(tail_time_key, length, fps, _QUALITY_S, (_JOINTS,))
    )
    size = jnp.interp(certain, levels, sigma) * jnp.exp(jnp.interp(certain, levels, spread) * jnp.clip(tail, -2.0, 2.0))
    return size[..., None] * wander


def _definitions(key: jax.Array, xy: jax.Array, measured: jax.Array) -> jax.Array:
    """(17, 2) constant shifts in heights: along the trunk and along the hips, alike for both sides."""
    along_key, across_key = jax.random.split(key)
    trunk = _direction(xy, measured, *_TRUNK)
    hips = _direction(xy, measured, _INDEX["left_hip"], _INDEX["right_hip"])
    paired = lambda draw: 0.5 * (draw + draw[_TWIN]) * np.sqrt(2.0)  # noqa: E731
    side = np.array([1.0 if j.startswith("left") else -1.0 if j.startswith("right") else 0.0 for j in H36M17.joints])
    along = _SHIFT * paired(jax.random.normal(along_key, (_JOINTS,)))
    across = 0.6 * _SHIFT * paired(jax.random.normal(across_key, (_JOINTS,))) * side
    return along[:, None] * trunk[None] + across[:, None] * hips[None]


def _direction(xy: jax.Array, measured: jax.Array, end: int, start: int) -> jax.Array:
    """(2,) mean direction from one joint to another in the picture; upward where either is missing."""
    both = (measured[:, end] & measured[:, start])[:, None]
    between = jnp.where(both, xy[:, end] - xy[:, start], 0.0).sum(axis=0)
    size = jnp.sqrt((between**2).sum() + 1e-12)
    return jnp.where(size > 1e-5, between / jnp.maximum(size, 1e-5), jnp.array([0.0, -1.0]))


def _drawn_away(
    key: jax.Array, xy: jax.Array, measured: jax.Array, length: int, fps: float
) -> tuple[jax.Array, jax.Array]:
    """Limbs and their ends drawn to the other side's joint or towards the trunk for a while.

    Returns:
        (T, 17, 2) positions, and (T, 17) bool, which joints are drawn.
    """
    when_key, where_key, far_key = jax.random.split(key, 3)
    limit = jax.scipy.stats.norm.ppf(1.0 - jnp.repeat(jnp.array(_EVENT_SHARES), 4))
    active = _lasting(when_key, length, fps, _EVENT_S, (8,), smooth=True) > limit[None]
    drawn = (active[:, :, None] & jnp.asarray(_LIMB_OF)[None]).any(axis=1)
    other = jax.random.bernoulli(where_key, _TO_OTHER_SIDE, (4,))
    other = jnp.asarray(_LIMB_OF[:4]).T @ other.astype(xy.dtype) > 0
    far = jax.random.uniform(far_key, (_JOINTS, 1), minval=0.4, maxval=1.0)
    goal = jnp.where(other[None, :, None], xy[:, _TWIN], xy[:, _LIMB_ROOT])
    reachable = jnp.where(other[None], measured[:, _TWIN], measured[:, _LIMB_ROOT])
    drawn = drawn & reachable
    return jnp.where(drawn[..., None], xy + far[None] * (goal - xy), xy), drawn


def _told(key: jax.Array, certain: jax.Array, length: int, fps: float) -> jax.Array:
    """(T, 17) what the detector says: its certainty on its own scale, or flat, or with low ones left out."""
    jitter_key, kind_key, scale_key, flat_key, out_key, least_key = jax.random.split(key, 6)
    jitter = _JITTER * jax.random.normal(jitter_key, certain.shape)
    told = jnp.clip(certain + jitter, 0.01, 1.0)
    kind, scale = jax.random.uniform(kind_key), jax.random.uniform(scale_key, (3,))
    power, least = jnp.exp(jnp.log(3.0) * (2.0 * scale[0] - 1.0)), 0.6 * scale[1] ** 2
    own = least + (1.0 - least) * jnp.minimum(told**power * (1.0 + 0.4 * scale[2]), 1.0)
    flat_level = jnp.where(jax.random.bernoulli(flat_key), 1.0, 0.3 + 0.7 * scale[1])
    result = jnp.where(kind < _FLAT_SHARE, flat_level, jnp.where(kind < _FLAT_SHARE + _OTHER_SCALE_SHARE, own, told))
    cut = jax.random.uniform(least_key, minval=0.05, maxval=0.5)
    left_out = jax.random.bernoulli(out_key, _LEFT_OUT_SHARE) & (certain + jitter < cut)
    return jnp.where(left_out, 0.0, result)
