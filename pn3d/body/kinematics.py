"""Forward kinematics with the batch in the last axis (``pn3d.geometry.planes``).

Every sum of products is over long contiguous rows instead of thousands of 3 x 3 matrix products.
"""

import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np

from pn3d.geometry import planes


def _levels(parents: tuple[int, ...]) -> list[list[int]]:
    """Joint indices by depth in the tree."""
    depth = [0] * len(parents)
    for joint, parent in enumerate(parents):
        depth[joint] = 0 if parent < 0 else depth[parent] + 1
    return [[joint for joint in range(len(parents)) if depth[joint] == level] for level in range(max(depth) + 1)]


def posed_planes(
    parents: tuple[int, ...], rest_m: jax.Array, local: jax.Array, root_m: jax.Array | None = None
) -> tuple[jax.Array, jax.Array]:
    """Joints in metres and their rotations relative to the model's axes, level by level over the tree (SMPL Eq. 3-4).

    Args:
        parents: the tree of J joints; -1 for the root, and a smaller index than its own for every other joint.
        rest_m: (J, 3, N) rest joints.
        local: (J, 3, 3, N) rotations, each relative to the parent.
        root_m: (1, 3, N) where the root goes; its rest position where None.

    Returns:
        (J, 3, N) and (J, 3, 3, N).
    """
    chex.assert_equal_shape_suffix([rest_m, local], 1)
    levels = _levels(parents)
    order = [joint for level in levels for joint in level]
    place = {joint: index for index, joint in enumerate(order)}
    turns, points = [local[:1]], [rest_m[:1] if root_m is None else root_m]
    for above, level in itertools.pairwise(levels):
        own, carriers = np.array(level), np.array([parents[joint] for joint in level])
        within = np.array([above.index(carrier) for carrier in carriers])
        # Slices and gathers of the leading axis: cheap copies of rows, (n, 3, 3, N).
        parent_turn, parent_point = turns[-1][within], points[-1][within]
        bone = rest_m[own] - rest_m[carriers]
        turn, moved = _follow(parent_turn, local[own], bone)
        turns.append(turn)
        points.append(parent_point + moved)
    back = np.array([place[joint] for joint in range(len(parents))])
    joints_out, turns_out = jnp.concatenate(points), jnp.concatenate(turns)
    if order != list(range(len(parents))):
        joints_out, turns_out = joints_out[back], turns_out[back]
    return joints_out, turns_out


def _follow(parent: jax.Array, local: jax.Array, bone: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(n, 3, 3, N) twice and (n, 3, N) -> the parent's rotation times the local one, and times the bone.

    Written out as sums of products: exact float32 on every device, and twice as fast with its gradient.
    """
    a, b, v = planes.entries(parent), planes.entries(local), planes.entries(bone)
    product = [sum((a[i + k] * b[3 * k + j] for k in (1, 2)), a[i] * b[j]) for i in (0, 3, 6) for j in range(3)]
    moved = [sum((a[i + k] * v[k] for k in (1, 2)), a[i] * v[0]) for i in (0, 3, 6)]
    return planes.stacked(product, 3, 3), planes.stacked(moved, 3)
