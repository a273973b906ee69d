"""The SMPL layer: shape -> pose -> joints, and -> vertices with pose correctives and linear blend skinning.

Equations are those of Loper et al., "SMPL: A Skinned Multi-Person Linear Model", SIGGRAPH Asia 2015, Eq. 2-10. Any body
of 24 joints in SMPL's tree fits, whoever made it. Metres, radians; body axes x left, y up, z forward. The root's
rotation pivots about the pelvis joint of the shaped body, and the translation is added at the very end. Coordinates
are planes, ``(N, 3, V)``, so that every sum of products is over long contiguous rows.
"""

import hashlib
from collections.abc import Sequence

import chex
import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from pn3d.body.kinematics import posed_planes
from pn3d.files.errors import UserError
from pn3d.geometry import planes
from pn3d.geometry.skeleton import SMPL24

NUM_JOINTS = len(SMPL24.joints)
POSE_FEATURES = 9 * (NUM_JOINTS - 1)
_HIGHEST = jax.lax.Precision.HIGHEST


@flax.struct.dataclass
class BodyModel:
    """A body in SMPL's parametrisation. Made by ``make_body_model``; S shape coefficients, V vertices, K = S + 207.

    Attributes:
        template_planes_m: (3, V) rest vertices of the mean body.
        blend_planes: (K, 3, V) the S shape directions (metres per unit), then the 207 pose correctives (metres).
        skin_planes: (24, V) skinning weights, columns sum to one.
        joint_regressor: (24, V) shaped vertices -> rest joints, rows sum to one.
        joint_template_m: (24, 3) rest joints of the mean body (regressor times template).
        joint_shape_basis: (24, 3, S) how each coefficient moves them (regressor times shape basis).
        faces: (F, 3) int32 triangles, counter-clockwise seen from outside.
        parents: 24 parent indices, -1 for the root; always smaller than the joint's own index.
        name: what outputs call this body.
        sha256: digest of the arrays (or of the source file), so that results name their body.
    """

    template_planes_m: jax.Array
    blend_planes: jax.Array
    skin_planes: jax.Array
    joint_regressor: jax.Array
    joint_template_m: jax.Array
    joint_shape_basis: jax.Array
    faces: jax.Array
    parents: tuple[int, ...] = flax.struct.field(pytree_node=False)
    name: str = flax.struct.field(pytree_node=False)
    sha256: str = flax.struct.field(pytree_node=False)

    @property
    def num_vertices(self) -> int:
        """V."""
        return self.template_planes_m.shape[-1]

    @property
    def num_betas(self) -> int:
        """S."""
        return self.joint_shape_basis.shape[-1]

    @property
    def v_template_m(self) -> jax.Array:
        """(V, 3) rest vertices of the mean body."""
        return self.template_planes_m.T

    @property
    def shape_basis(self) -> jax.Array:
        """(V, 3, S) metres per unit of each coefficient."""
        return self.blend_planes[: self.num_betas].transpose(2, 1, 0)

    @property
    def pose_basis(self) -> jax.Array:
        """(V, 3, 207) metres per unit of the row-major entries of R_j - I, j = 1..23."""
        return self.blend_planes[self.num_betas :].transpose(2, 1, 0)

    @property
    def skin_weights(self) -> jax.Array:
        """(V, 24), rows sum to one."""
        return self.skin_planes.T


def make_body_model(
    *,
    name: str,
    v_template_m: npt.ArrayLike,
    shape_basis: npt.ArrayLike,
    pose_basis: npt.ArrayLike,
    joint_regressor: npt.ArrayLike,
    skin_weights: npt.ArrayLike,
    faces: npt.ArrayLike,
    parents: Sequence[int] = SMPL24.parents,
    sha256: str = "",
    dtype: type = np.float32,
) -> BodyModel:
    """Checks the arrays of a body and builds the model; the regressor is applied here, once, in float64.

    Args:
        name: what outputs call this body; also names it in errors.
        v_template_m: (V, 3).
        shape_basis: (V, 3, S), S at least 1.
        pose_basis: (V, 3, 207).
        joint_regressor: (24, V), rows sum to one.
        skin_weights: (V, 24), no entry below zero, rows sum to one.
        faces: (F, 3) integers below V.
        parents: 24 indices; -1 for joint 0, and a smaller index than its own for every other joint.
        sha256: digest of the source; empty: the digest of the arrays given here.
        dtype: type of the model's arrays; float64 only where JAX has it enabled.

    Raises:
        UserError: an array has the wrong shape, is not finite, or breaks one of the rules above.
    """
    arrays = {
        "v_template_m": np.asarray(v_template_m, np.float64),
        "shape_basis": np.asarray(shape_basis, np.float64),
        "pose_basis": np.asarray(pose_basis, np.float64),
        "joint_regressor": np.asarray(joint_regressor, np.float64),
        "skin_weights": np.asarray(skin_weights, np.float64),
    }
    triangles = np.asarray(faces)
    parents = tuple(int(parent) for parent in parents)
    _check_arrays(name, arrays, triangles, parents)
    template, basis = arrays["v_template_m"], arrays["shape_basis"]
    regressor = arrays["joint_regressor"]
    blend = np.concatenate([basis, arrays["pose_basis"]], axis=-1)
    return BodyModel(
        template_planes_m=jnp.asarray(template.T, dtype),
        blend_planes=jnp.asarray(blend.transpose(2, 1, 0), dtype),
        skin_planes=jnp.asarray(arrays["skin_weights"].T, dtype),
        joint_regressor=jnp.asarray(regressor, dtype),
        joint_template_m=jnp.asarray(regressor @ template, dtype),
        joint_shape_basis=jnp.asarray(np.tensordot(regressor, basis, 1), dtype),
        faces=jnp.asarray(triangles, jnp.int32),
        parents=parents,
        name=name,
        sha256=sha256 or _digest(arrays, triangles, parents),
    )


def _check_arrays(name: str, arrays: dict[str, np.ndarray], faces: np.ndarray, parents: tuple[int, ...]) -> None:
    vertices = arrays["v_template_m"].shape[0] if arrays["v_template_m"].ndim else 0
    betas = arrays["shape_basis"].shape[-1] if arrays["shape_basis"].ndim else 0
    expected = {
        "v_template_m": (vertices, 3),
        "shape_basis": (vertices, 3, max(betas, 1)),
        "pose_basis": (vertices, 3, POSE_FEATURES),
        "joint_regressor": (NUM_JOINTS, vertices),
        "skin_weights": (vertices, NUM_JOINTS),
    }

    def require(holds: bool, what: str) -> None:
        if not holds:
            raise UserError(f"body {name!r}: {what}")

    for key, array in arrays.items():
        require(array.shape == expected[key], f"{key}: expected shape {expected[key]}, found {array.shape}")
        require(bool(np.isfinite(array).all()), f"{key}: expected finite numbers, found NaN or infinity")
    for key in ("joint_regressor", "skin_weights"):
        error = float(np.abs(arrays[key].sum(axis=-1) - 1.0).max())
        require(error <= 1e-3, f"{key}: expected rows that sum to 1, found one that is off by {error:.3g}")
    lowest = float(arrays["skin_weights"].min())
    require(lowest >= -1e-6, f"skin_weights: expected no weight below 0, found {lowest:.3g}")
    require(faces.ndim == 2 and faces.shape[-1] == 3, f"faces: expected shape (F, 3), found {faces.shape}")
    require(np.issubdtype(faces.dtype, np.integer), f"faces: expected integers, found {faces.dtype}")
    inside = faces.size == 0 or (int(faces.min()) >= 0 and int(faces.max()) < vertices)
    require(inside, f"faces: expected vertex indices from 0 to {vertices - 1}, found some outside")
    require(len(parents) == NUM_JOINTS, f"parents: expected {NUM_JOINTS} joints, found {len(parents)}")
    ordered = parents[0] == -1 and all(0 <= parent < joint for joint, parent in enumerate(parents) if joint)
    require(ordered, f"parents: expected -1 and then indices below each joint's own, found {parents}")


def _digest(arrays: dict[str, np.ndarray], faces: np.ndarray, parents: tuple[int, ...]) -> str:
    """SHA-256 of the float32 arrays, the faces and the tree, in a fixed order and byte order."""
    digest = hashlib.sha256()
    for key in sorted(arrays):
        digest.update(f"{key}{arrays[key].shape}".encode() + arrays[key].astype("<f4").tobytes())
    digest.update(f"faces{faces.shape}".encode() + faces.astype("<i4").tobytes() + repr(parents).encode())
    return digest.hexdigest()


def rest_joints_m(body: BodyModel, betas: jax.Array) -> jax.Array:
    """Joints of the shaped body in its rest pose (SMPL Eq. 10). (*, S) -> (*, 24, 3) metres."""
    chex.assert_axis_dimension(betas, -1, body.num_betas)
    basis = body.joint_shape_basis.reshape(3 * NUM_JOINTS, body.num_betas)
    moved = jnp.matmul(betas, basis.T, precision=_HIGHEST).reshape(*betas.shape[:-1], NUM_JOINTS, 3)
    return moved + jnp.expand_dims(body.joint_template_m, tuple(range(betas.ndim - 1)))


def posed_joints(
    body: BodyModel, rest_joints_m: jax.Array, rotations: jax.Array, root_m: jax.Array | None = None
) -> tuple[jax.Array, jax.Array]:
    """Forward kinematics, level by level over the tree (SMPL Eq. 3-4).

    Args:
        body: gives the tree.
        rest_joints_m: (*, 24, 3); its leading axes broadcast against those of ``rotations`` (same number of axes, so
            one shape per clip is ``(B, 1, 24, 3)`` beside ``(B, T, 24, 3, 3)``).
        rotations: (*, 24, 3, 3), each relative to the parent.
        root_m: (*, 3) where the root goes; its rest position where None, as in SMPL without translation.

    Returns:
        joints in metres (*, 24, 3), and every joint's rotation relative to the model's axes (*, 24, 3, 3).
    """
    chex.assert_axis_dimension(rest_joints_m, -2, NUM_JOINTS)
    chex.assert_equal(rest_joints_m.ndim + 1, rotations.ndim)
    lead = jnp.broadcast_shapes(rest_joints_m.shape[:-2], rotations.shape[:-3])
    rest = planes.batch_last(jnp.broadcast_to(rest_joints_m, (*lead, NUM_JOINTS, 3)), 2)
    local = planes.batch_last(jnp.broadcast_to(rotations, (*lead, NUM_JOINTS, 3, 3)), 3)
    root = None if root_m is None else planes.batch_last(jnp.broadcast_to(root_m, (*lead, 3)), 1)[None]
    points, turns = posed_planes(body.parents, rest, local, root)
    return planes.batch_first(points, lead), planes.batch_first(turns, lead)


def joints(body: BodyModel, betas: jax.Array, rotations: jax.Array, transl_m: jax.Array) -> jax.Array:
    """Joints of the shaped, posed and translated body.

    Args:
        body: the body.
        betas: (*, S).
        rotations: (*, 24, 3, 3).
        transl_m: (*, 3), added at the end. Leading axes broadcast, all of the same number.

    Returns:
        (*, 24, 3) metres.
    """
    posed, _ = posed_joints(body, rest_joints_m(body, betas), rotations)
    return posed + transl_m[..., None, :]


def vertices(
    body: BodyModel,
    betas: jax.Array,
    rotations: jax.Array,
    transl_m: jax.Array,
    vertex_indices: npt.NDArray[np.integer] | jax.Array | None = None,
) -> jax.Array:
    """Vertices of the shaped, posed and translated body (SMPL Eq. 2-10).

    Args:
        body: the body.
        betas: (*, S).
        rotations: (*, 24, 3, 3).
        transl_m: (*, 3). Leading axes broadcast, all of the same number.
        vertex_indices: (n,) only these vertices, at a fraction of the work; all where None.

    Returns:
        (*, V, 3) metres.
    """
    template, blend, skin = body.template_planes_m, body.blend_planes, body.skin_planes
    if vertex_indices is not None:
        template, blend, skin = (array[..., vertex_indices] for array in (template, blend, skin))
    rest = rest_joints_m(body, betas)
    posed, turns = posed_joints(body, rest, rotations)
    lead = jnp.broadcast_shapes(posed.shape[:-2], transl_m.shape[:-1])
    # Pose correctives and shape in one product; the identity is taken off first, so rest adds nothing (Eq. 9).
    feature = (rotations[..., 1:, :, :] - jnp.eye(3, dtype=rotations.dtype)[(None,) * (rotations.ndim - 2)]).reshape(
        *rotations.shape[:-3], POSE_FEATURES
    )
    coefficients = jnp.concatenate(
        [jnp.broadcast_to(array, (*lead, array.shape[-1])) for array in (betas, feature)], axis=-1
    ).reshape(-1, body.num_betas + POSE_FEATURES)
    coefficients = jax.lax.optimization_barrier(coefficients)  # or XLA may split the product in two again
    offsets = jnp.matmul(coefficients, blend.reshape(len(blend), -1), precision=_HIGHEST)
    unposed = offsets.reshape(-1, *template.shape) + template[None]
    # A_j takes rest positions to posed ones: rotation, and what is left of the joint's position (Eq. 2).
    shift = posed - jnp.sum(turns * jnp.broadcast_to(rest, posed.shape)[..., None, :], axis=-1)
    affine = jnp.broadcast_to(jnp.concatenate([turns, shift[..., None]], axis=-1), (*lead, NUM_JOINTS, 3, 4))
    rows = jnp.moveaxis(affine.reshape(-1, NUM_JOINTS, 3, 4), 1, -1)
    return _skinned(rows, skin, unposed, jnp.broadcast_to(transl_m, (*lead, 3)).reshape(-1, 3)).reshape(*lead, -1, 3)


@jax.custom_jvp
def _skinned(rows: jax.Array, skin: jax.Array, unposed: jax.Array, transl_m: jax.Array) -> jax.Array:
    """Linear blend skinning (SMPL Eq. 2) as one loop over the vertices.

    Every joint's transform is applied and then weighted: one pass in registers, without blended matrices in memory. Its
    derivative would be 288 sums over all vertices, so derivatives are those of ``_skinned_by_products``.

    Args:
        rows: (N, 3, 4, 24) the affine matrices of the joints, joints last.
        skin: (24, V).
        unposed: (N, 3, V) shaped vertices with pose correctives, metres.
        transl_m: (N, 3); all in metres, as the (N, V, 3) that come out.
    """
    planes = []
    for axis in range(3):
        moved = transl_m[:, axis, None]
        for j in range(NUM_JOINTS):
            x, y, z, shift = (rows[:, axis, k, j, None] for k in range(4))
            moved = moved + skin[None, j] * (x * unposed[:, 0] + y * unposed[:, 1] + z * unposed[:, 2] + shift)
        planes.append(moved)
    return jnp.stack(planes, axis=-1)


def _skinned_by_products(rows: jax.Array, skin: jax.Array, unposed: jax.Array, transl_m: jax.Array) -> jax.Array:
    """The same in matrix products."""
    planes = []
    for axis in range(3):  # one output coordinate at a time, so that at most (N, 4, V) is alive
        blended = jnp.matmul(rows[:, axis], skin, precision=_HIGHEST)
        planes.append(jnp.sum(blended[:, :3] * unposed, axis=1) + blended[:, 3] + transl_m[:, axis, None])
    return jnp.stack(planes, axis=-1)


@_skinned.defjvp
def _skinned_jvp(primals: tuple[jax.Array, ...], tangents: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
    return _skinned(*primals), jax.jvp(_skinned_by_products, primals, tangents)[1]
