"""Official SMPL model files: ``.pkl`` of v1.0.0 and v1.1.0, re-saved pickles, and ``.npz``, read into a BodyModel.

Layout of the files as published at smpl.is.tue.mpg.de (Loper et al., SIGGRAPH Asia 2015); pickles are read by
``pn3d.files.safe_pickle`` only. Metres; body axes x left, y up, z forward.
"""

import dataclasses
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmark_arrays import joined_sha256, landmark_arrays
from pn3d.body.landmarks import Landmarks
from pn3d.body.model import NUM_JOINTS, POSE_FEATURES, BodyModel, make_body_model
from pn3d.files.atomic import whole_file
from pn3d.files.errors import UserError
from pn3d.files.safe_npz import load_npz
from pn3d.files.safe_pickle import load_pickle
from pn3d.geometry.skeleton import SMPL24

NUM_BETAS = 10
BETAS_KIND = "smpl"

_LARGEST = 1e6  # far beyond metres of a person; keeps float32 finite
_NAME = re.compile(r"[\w.+-]{1,80}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_OTHER_MODELS = {55: "SMPL-X", 52: "SMPL-H", 16: "MANO (one hand)", 5: "FLAME (a head)", 33: "SMAL (an animal)"}
_STAR_FEATURES = 93
"""Four of a quaternion for each of 23 joints, and one of the shape (Osman et al., ECCV 2020)."""
_KEYS = {
    "v_template": ("v_template",),
    "shapedirs": ("shapedirs",),
    "posedirs": ("posedirs",),
    "J_regressor": ("J_regressor",),
    "weights": ("weights",),
    "tree": ("parents", "kintree_table"),
    "faces": ("faces", "f"),
}


@dataclass(frozen=True)
class SmplArrays:
    """The arrays of a model file, as checked: float64 (float32 from our own ``.npz``), and int32.

    Attributes:
        v_template: (V, 3) rest vertices of the mean body, metres.
        shapedirs: (V, 3, S) shape basis, metres per unit.
        posedirs: (V, 3, 207) pose correctives, metres.
        joint_regressor: (24, V) dense.
        weights: (V, 24) skinning weights.
        parents: (24,) int32, -1 for the root.
        faces: (F, 3) int32.
        name: the file's name without its ending, or the name stored by convert_body.
        sha256: of the official file, also after conversion.
    """

    v_template: np.ndarray
    shapedirs: np.ndarray
    posedirs: np.ndarray
    joint_regressor: np.ndarray
    weights: np.ndarray
    parents: np.ndarray
    faces: np.ndarray
    name: str
    sha256: str


def load_body(
    path: str | Path | None = None, *, num_betas: int | None = NUM_BETAS, dtype: type = np.float32
) -> BodyModel:
    """The body of a model file, or the built-in body where ``path`` is None.

    Args:
        path: an official SMPL ``.pkl``, one that was saved again, or an ``.npz``.
        num_betas: how many shape coefficients to keep, at most; all of the file's where None.
        dtype: type of the model's arrays; float64 only where JAX has it enabled.

    Raises:
        UserError: the file cannot be read, or is not an SMPL model (it says which other model it is).
    """
    if path is None:
        return builtin_body()
    arrays = read_smpl_arrays(path)
    kept = arrays.shapedirs.shape[-1] if num_betas is None else num_betas
    try:
        return make_body_model(
            name=arrays.name,
            v_template_m=arrays.v_template,
            shape_basis=arrays.shapedirs[..., :kept],
            pose_basis=arrays.posedirs,
            joint_regressor=arrays.joint_regressor,
            skin_weights=arrays.weights,
            faces=arrays.faces,
            parents=arrays.parents.tolist(),
            sha256=arrays.sha256,
            dtype=dtype,
        )
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def read_smpl_arrays(path: str | Path) -> SmplArrays:
    """Reads a model file and checks shapes, tree and faces. Raises UserError as load_body does."""
    path = Path(path)
    content = _content(path)
    found = {key: _first(path, content, names) for key, names in _KEYS.items()}
    tree = _numbers(path, "kintree_table", found["tree"], "iu")
    _check_kind(path, content, found, tree)
    v_template = _numbers(path, "v_template", found["v_template"])
    _check_shape(path, "v_template", v_template, (None, 3))
    vertices = v_template.shape[0]
    arrays = {
        "shapedirs": (vertices, 3, None),
        "posedirs": (vertices, 3, POSE_FEATURES),
        "J_regressor": (NUM_JOINTS, vertices),
        "weights": (vertices, NUM_JOINTS),
    }
    checked = {key: _numbers(path, key, found[key]) for key in arrays}
    for key, shape in arrays.items():
        _check_shape(path, key, checked[key], shape)
    faces = _numbers(path, "f", found["faces"], "iu")
    _check_shape(path, "f", faces, (None, 3))
    if faces.size and (int(faces.min()) < 0 or int(faces.max()) >= vertices):
        worst = int(faces.min()) if int(faces.min()) < 0 else int(faces.max())
        raise UserError(f"{path}: f: expected vertex numbers from 0 to {vertices - 1}, found {worst}")
    name, source = (str(content.get(key, "")) for key in ("name", "source_sha256"))
    return SmplArrays(
        v_template=v_template,
        shapedirs=checked["shapedirs"],
        posedirs=checked["posedirs"],
        joint_regressor=checked["J_regressor"],
        weights=checked["weights"],
        parents=_parents(path, tree),
        faces=faces.astype(np.int32),
        name=name if _NAME.fullmatch(name) else path.stem,
        sha256=source if _SHA256.fullmatch(source) else file_sha256(path),
    )


def convert_body(source: str | Path, target: str | Path, landmarks: Landmarks | None = None) -> SmplArrays:
    """Writes a model file as an ``.npz`` that needs no pickle: float32, int32, dense; the source's SHA-256 stays.

    Args:
        source: any file that load_body reads.
        target: where to write; must end in ``.npz``.
        landmarks: of h36m17 on this body, to travel with it; the body's digest is then of both.

    Returns:
        what was read from ``source``.
    """
    target = Path(target)
    if target.suffix != ".npz":
        raise UserError(
            f"cannot write {target}: expected a name that ends in .npz, found {target.suffix or 'no ending'!r}"
        )
    if not target.parent.is_dir():
        raise UserError(f"cannot write {target}: there is no folder {target.parent}")
    arrays = read_smpl_arrays(source)
    marks = {} if landmarks is None else landmark_arrays(landmarks)
    if marks:
        arrays = dataclasses.replace(arrays, sha256=joined_sha256(arrays.sha256, marks))
    with whole_file(target) as stream:
        np.savez_compressed(
            stream,
            v_template=arrays.v_template.astype(np.float32),
            shapedirs=arrays.shapedirs.astype(np.float32),
            posedirs=arrays.posedirs.astype(np.float32),
            J_regressor=arrays.joint_regressor.astype(np.float32),
            weights=arrays.weights.astype(np.float32),
            parents=arrays.parents,
            faces=arrays.faces,
            betas_kind=np.array(BETAS_KIND),
            name=np.array(arrays.name),
            source_sha256=np.array(arrays.sha256),
            **marks,  # type: ignore[arg-type]
        )
    return arrays


def file_sha256(path: str | Path) -> str:
    """Digest of a file, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _content(path: Path) -> dict[Any, Any]:
    """The dictionary in the file; an ``.npz`` is known by its first bytes, whatever the file is called."""
    is_zip = False
    if path.is_file():
        with path.open("rb") as stream:
            is_zip = stream.read(2) == b"PK"
    content = load_npz(path) if is_zip else load_pickle(path)
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected a dictionary of arrays, found {type(content).__name__}")
    return content


def _first(path: Path, content: dict[Any, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in content:
            return content[name]
    keys = ", ".join(sorted(ascii(str(key))[1:-1][:24] for key in content)[:12])
    raise UserError(f"{path}: expected an SMPL model with the key {names[-1]!r}, found the keys {keys or '(none)'}")


def _numbers(path: Path, key: str, value: Any, kinds: str = "f") -> np.ndarray:
    array = np.asarray(value) if isinstance(value, np.ndarray | float | int) else np.empty(0, object)
    if array.dtype.kind not in kinds:
        wanted = "real numbers" if kinds == "f" else "integers"
        found = array.dtype if array.dtype != object else type(value).__name__
        raise UserError(f"{path}: {key}: expected an array of {wanted}, found {found}")
    if kinds == "f" and not np.isfinite(array).all():
        raise UserError(f"{path}: {key}: expected finite numbers, found NaN or infinity")
    if kinds == "f" and array.size and (largest := float(np.abs(array).max())) > _LARGEST:
        raise UserError(f"{path}: {key}: expected numbers up to {_LARGEST:g}, found {largest:.3g}")
    return array


def _check_shape(path: Path, key: str, array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    fits = array.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
    if not fits or 0 in array.shape:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise UserError(f"{path}: {key}: expected shape ({wanted}), found {array.shape}")


def _check_kind(path: Path, content: dict[Any, Any], found: dict[str, Any], tree: np.ndarray) -> None:
    """Names the relatives of SMPL, which hold the same keys with other numbers of joints."""
    kind = content.get("betas_kind", BETAS_KIND)
    if str(kind) != BETAS_KIND:
        raise UserError(f"{path}: betas_kind: expected {BETAS_KIND!r}, found {str(kind)[:24]!r}")
    joints = tree.shape[-1] if tree.ndim else 0
    if joints == NUM_JOINTS:
        if np.shape(found["posedirs"])[-1:] == (_STAR_FEATURES,):
            raise UserError(f"{path}: this is a STAR model ({_STAR_FEATURES} pose features); expected SMPL (207)")
        return
    other = _OTHER_MODELS.get(joints)
    if other is None:
        raise UserError(f"{path}: kintree_table: expected {NUM_JOINTS} joints, found {joints}: not an SMPL model")
    size = np.shape(found["v_template"])
    vertices = f" and {size[0]} vertices" if size else ""
    raise UserError(f"{path}: this is a {other} model ({joints} joints{vertices}); expected SMPL ({NUM_JOINTS} joints)")


def _parents(path: Path, tree: np.ndarray) -> np.ndarray:
    """Row 0 of the tree. The root's parent is written as uint32(-1); every other parent must lead to the root."""
    if tree.shape not in ((2, NUM_JOINTS), (NUM_JOINTS,)):
        raise UserError(f"{path}: kintree_table: expected shape (2, {NUM_JOINTS}), found {tree.shape}")
    row = (tree[0] if tree.ndim == 2 else tree).astype(np.int64)
    row = np.where(row == 2**32 - 1, -1, row)
    if tree.ndim == 2 and tree[1].tolist() != list(range(NUM_JOINTS)):
        raise UserError(f"{path}: kintree_table: expected the joints 0 to {NUM_JOINTS - 1} in row 1, found others")
    if (row < -1).any() or (row >= NUM_JOINTS).any():
        raise UserError(f"{path}: kintree_table: expected parents from 0 to {NUM_JOINTS - 1}, found some outside")
    for joint in range(NUM_JOINTS):
        at, steps = joint, 0
        while at >= 0 and steps <= NUM_JOINTS:
            at, steps = int(row[at]), steps + 1
        if at >= 0:
            raise UserError(f"{path}: kintree_table: expected a tree, found a cycle through joint {joint}")
    if tuple(row.tolist()) != SMPL24.parents:
        wrong = next(joint for joint in range(NUM_JOINTS) if row[joint] != SMPL24.parents[joint])
        raise UserError(
            f"{path}: kintree_table: expected SMPL's tree, where joint {wrong} has the parent {SMPL24.parents[wrong]}, "
            f"found {int(row[wrong])}"
        )
    return row.astype(np.int32)
