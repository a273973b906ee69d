"""The weights that travel: plain npz and JSON beside it. No pickles, no optax, no orbax."""

import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np

from pn3d import __version__
from pn3d.body.model import BodyModel
from pn3d.config import Config, from_json, to_json
from pn3d.files.atomic import write_atomically, write_json
from pn3d.files.errors import UserError
from pn3d.models.networks import Params

SIZE_RULE = "segments-quantile-0.8"
"""Names data.person_size; weights trained under another rule are refused."""

NEVER_SEEN = "joints_never_seen"
"""Under ``training_data`` in the card: joints that no frame of the training data had; absent where there are none."""

SHIPPED_WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "builtin.npz"
"""Weights that come with the package."""


@dataclass(frozen=True)
class Weights:
    """Trained networks and all that prediction must know about them.

    Attributes:
        config: of the run that trained them.
        teacher: the teacher's averaged parameters.
        student: the student's, or None where no student was trained yet.
        body_name: name of the body that the student poses.
        body_sha256: digest of that body.
        facts: what else is written down: training data, stage, command, loss terms that were on.
        sha256: digest of the npz file they came from; empty before they are saved.
    """

    config: Config
    teacher: Params
    student: Params | None
    body_name: str
    body_sha256: str
    facts: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""


def save_weights(path: Path, weights: Weights, *, half: bool = False) -> None:
    """Writes ``path`` (npz) and ``path`` with suffix .json; each under a temporary name first.

    Args:
        path: of the npz.
        weights: what to write.
        half: keep numbers as float16, for half the size; they are read as float32 again.
    """
    arrays = _flatten({"teacher": weights.teacher, "student": weights.student or {}})
    if half:
        arrays = {name: array.astype(np.float16) for name, array in arrays.items()}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    payload = buffer.getvalue()
    card = {
        "format": 1,
        "pn3d_version": __version__,
        "config": to_json(weights.config),
        "layout": "h36m17",
        "frame_rate": weights.config.model.frame_rate,
        "size_rule": SIZE_RULE,
        "body_name": weights.body_name,
        "body_sha256": weights.body_sha256,
        "sha256": hashlib.sha256(payload).hexdigest(),
        **weights.facts,
    }
    write_atomically(path, payload)
    write_json(path.with_suffix(".json"), card)


def load_weights(path: Path) -> Weights:
    """Reads what ``save_weights`` wrote; raises UserError where a file is missing, damaged or of another kind."""
    card_path = path.with_suffix(".json")
    for needed in (path, card_path):
        if not needed.is_file():
            raise UserError(f"weights: {needed} does not exist")
    try:
        card = json.loads(card_path.read_text())
        config = from_json(card["config"])
        body_name, body_sha256, expected = card["body_name"], card["body_sha256"], card["sha256"]
    except UserError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"weights: {card_path} is not a weights card ({type(error).__name__}: {error})") from None
    if card.get("size_rule") != SIZE_RULE:
        raise UserError(f"weights: {card_path} has size rule {card.get('size_rule')!r}, expected {SIZE_RULE!r}")
    payload = path.read_bytes()
    found = hashlib.sha256(payload).hexdigest()
    if found != expected:
        raise UserError(f"weights: {path} is damaged: its SHA-256 is {found[:12]}…, the card says {expected[:12]}…")
    with np.load(io.BytesIO(payload), allow_pickle=False) as archive:
        # Stored as float32, or as float16 for size.
        tree = _unflatten({name: archive[name].astype(np.float32) for name in archive.files})
    facts = {name: value for name, value in card.items() if name not in _OWN_KEYS}
    return Weights(
        config=config,
        teacher=tree["teacher"],
        student=tree.get("student"),
        body_name=body_name,
        body_sha256=body_sha256,
        facts=facts,
        sha256=found,
    )


def require_body(weights: Weights, body: BodyModel) -> None:
    """Raises UserError where the student poses another body, on which its poses and shapes mean nothing."""
    if weights.student is not None and weights.body_sha256 != body.sha256:
        own, other = weights.body_sha256[:8], body.sha256[:8]
        raise UserError(
            f"the weights speak of body {weights.body_name!r} (SHA-256 {own}…), not of {body.name!r} ({other}…): name "
            "their own body with --body, or adapt them first: pn3d adapt-body SMPL_FILE --weights FILE"
        )


_OWN_KEYS = frozenset(
    ("format", "pn3d_version", "config", "layout", "frame_rate", "size_rule", "body_name", "body_sha256", "sha256")
)


def _flatten(tree: Params) -> dict[str, np.ndarray]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {"/".join(str(part.key) for part in path): np.asarray(leaf) for path, leaf in leaves}


def _unflatten(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, array in arrays.items():
        *folders, leaf = name.split("/")
        node = tree
        for folder in folders:
            node = node.setdefault(folder, {})
        node[leaf] = array
    return tree
