"""The middle of the body for the networks, where a detector does not give all of it.

Detectors' layouts have none, some or all of pelvis, spine, thorax, neck and head. In training these five are there or
missing together (``pn3d.data.augmentation``), and networks that are given some of them do worse than with none:
OpenPose's thorax and pelvis cost the student 3 to 5 mm. So the five come together. Where shoulders and hips are surely
seen, those that are missing are put where these four say; where they are not, an error of theirs would look like
joints that agree with it, and all five are left out. Only networks see such joints: nothing else takes them for
measured (our choice; docs/log/robustness.md).
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pn3d.geometry.skeleton import H36M17

SURE = 0.65
"""The least confidence of shoulders and hips, on average over a window, from which on they are sure."""

NECK_AND_HEAD = ((0.248, 0.012, -0.060), (0.467, 0.027, -0.127))
"""Where base of the skull and top of the head lie in the picture, from the thorax: shares of the way from pelvis to
thorax, and of the ways from the right to the left shoulder and hip, these turned by a quarter. The same for any roll
and size, and mirrored with the sides (``python -m benchmarks.robustness.trunk``)."""

NECK_BETWEEN = 0.53
"""The same of the base of the skull where the top of the head is seen: the share of the way from the thorax."""

TRUNK = tuple(H36M17.index(joint) for joint in ("pelvis", "spine", "thorax", "neck", "head"))
_PELVIS, _SPINE, _THORAX, _NECK, _HEAD = TRUNK
_IS_TRUNK = np.isin(np.arange(len(H36M17.joints)), TRUNK)
_SHOULDERS, _HIPS = ([H36M17.index(f"{side}_{part}") for side in ("left", "right")] for part in ("shoulder", "hip"))


def with_whole_trunk(
    rays: Float[Array, "B T 17 2"], confidence: Float[Array, "B T 17"]
) -> tuple[Float[Array, "B T 17 2"], Float[Array, "B T 17"]]:
    """Windows of h36m17 in which the five joints of the trunk's middle are all there or all missing.

    Args:
        rays: (B, T, 17, 2) centred rays, or any units of the picture.
        confidence: (B, T, 17), 0 = missing.

    Returns:
        The same; a joint that was put in has the least confidence of shoulders and hips of its frame, and is missing
        where one of these is. Windows that have all 17 joints in every frame are as they were. Where shoulders and
        hips are unsure and a joint is never seen in the window, all five are missing; one that is seen in some frames
        stays as it is.
    """
    torso = jnp.min(confidence[..., np.array(_SHOULDERS + _HIPS)], axis=-1)
    sure = (jnp.mean(torso, axis=1) >= SURE)[:, None]
    lacking = ~jnp.any(confidence[..., np.array(TRUNK)] > 0, axis=1).all(axis=-1)
    masked = (lacking[:, None] & ~sure)[..., None] & jnp.asarray(_IS_TRUNK).reshape(1, 1, -1)
    confidence = jnp.where(masked, 0.0, confidence)
    trust = jnp.where(sure, torso, 0.0)
    joints, seen = list(jnp.moveaxis(rays, 2, 0)), list(jnp.moveaxis(confidence, 2, 0))

    def put(joint: int, place: Array, how_sure: Array) -> None:
        missing = (seen[joint] <= 0) & (how_sure > 0)
        joints[joint] = jnp.where(missing[..., None], place, joints[joint])
        seen[joint] = jnp.where(missing, how_sure, seen[joint])

    (left_shoulder, right_shoulder), (left_hip, right_hip) = ([joints[i] for i in pair] for pair in (_SHOULDERS, _HIPS))
    put(_PELVIS, 0.5 * (left_hip + right_hip), trust)
    put(_THORAX, 0.5 * (left_shoulder + right_shoulder), trust)
    pelvis, thorax = joints[_PELVIS], joints[_THORAX]
    put(_SPINE, 0.5 * (pelvis + thorax), trust)
    put(_NECK, thorax + NECK_BETWEEN * (joints[_HEAD] - thorax), jnp.minimum(trust, seen[_HEAD]))
    for joint, (up, shoulders, hips) in zip((_NECK, _HEAD), NECK_AND_HEAD, strict=True):
        across = shoulders * (left_shoulder - right_shoulder) + hips * (left_hip - right_hip)
        turned = jnp.stack([across[..., 1], -across[..., 0]], axis=-1)
        put(joint, thorax + up * (thorax - pelvis) + turned, trust)
    return jnp.stack(joints, axis=2), jnp.stack(seen, axis=2)
