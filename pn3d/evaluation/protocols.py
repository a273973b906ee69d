"""The field's protocols as a table: which frames, which joints, what is aligned, how it is averaged.

``docs/protocols.md`` says the same in words. A protocol is a tuple of numbers, and each number carries its convention,
which is printed beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pn3d.evaluation import metrics
from pn3d.evaluation.joint_set import but_root
from pn3d.files.errors import UserError
from pn3d.files.tables import read_table
from pn3d.geometry.skeleton import H36M17, LSP14_OF_H36M17

Measure = Callable[[np.ndarray, np.ndarray, Sequence[int]], np.ndarray]
"""(n, J, 3) predicted and (n, J, 3) true metres, places of the joints whose middle is the root -> (n,)."""

ALL17 = tuple(range(17))
ROOT_AND_LSP14 = (H36M17.index("pelvis"), *LSP14_OF_H36M17)
LIMBS12 = tuple(
    H36M17.index(f"{side}_{joint}")
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)


def _aligned(measure: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Measure:
    """A measure that aligns the poses itself and asks for no root."""
    return lambda predicted_m, truth_m, _: measure(predicted_m, truth_m)


def _about_root(measure: Callable[[np.ndarray], np.ndarray], *, scaled: bool) -> Measure:
    """``measure`` of the distances of the joints, the roots aligned; a root that is a joint is not among them."""

    def apply(predicted_m: np.ndarray, truth_m: np.ndarray, root: Sequence[int]) -> np.ndarray:
        others = list(but_root(predicted_m.shape[1], root))
        predicted = metrics.root_relative_mm(predicted_m, root)[:, others]
        truth = metrics.root_relative_mm(truth_m, root)[:, others]
        scale = metrics.least_squares_scale(predicted, truth) if scaled else 1.0
        return measure(metrics.distances(scale * predicted - truth))

    return apply


@dataclass(frozen=True)
class Number:
    """One number of a protocol.

    Attributes:
        key: its name in JSON.
        unit: of the value.
        convention: what is aligned and how, printed with the number.
        joints: indices into h36m17 that ``measure`` is given, in its order; of truth that has fewer, those it has.
        measure: of two poses; None for the vertex error.
        about: what is aligned, pelvis or hips; "" where nothing is.
        average: "actions" = frames within an action, then actions; "frames" = all frames alike.
        by: the groups of frames whose means are given too, "action" or "genre" (AIST's).
        stride: every how many frames of each clip, from its first.
        ending: only clips whose name ends so; all where it is empty.
        needs_scale: whether it means something only for predictions in metres.
    """

    key: str
    unit: str
    convention: str
    joints: tuple[int, ...]
    measure: Measure | None
    about: str
    average: str
    by: str
    stride: int
    ending: str
    needs_scale: bool


@dataclass(frozen=True)
class Protocol:
    """A named set of numbers; ``needs_frames`` where the frames must come from a file."""

    title: str
    numbers: tuple[Number, ...]
    needs_frames: bool = False

    @property
    def by_genre(self) -> bool:
        """Whether it is for clips whose names tell a genre."""
        return any(number.by == "genre" for number in self.numbers)


JOINTS = {"17": ALL17, "14": LSP14_OF_H36M17, "pelvis+14": ROOT_AND_LSP14, "12": LIMBS12, "none": ()}
MEASURES: dict[str, Measure | None] = {
    "mpjpe": metrics.mpjpe_mm,
    "n_mpjpe": metrics.n_mpjpe_mm,
    "norm_scaled_mpjpe": metrics.norm_scaled_mpjpe_mm,
    "flip_min_scaled_mpjpe": metrics.flip_min_scaled_mpjpe_mm,
    "pa_mpjpe": _aligned(metrics.pa_mpjpe_mm),
    "pa_mpjpe_reflected": _aligned(metrics.pa_mpjpe_reflected_mm),
    "flip_min_pa_mpjpe": _aligned(metrics.flip_min_pa_mpjpe_mm),
    "mean_distance": _about_root(lambda distance_mm: distance_mm.mean(axis=1), scaled=False),
    "pck150": _about_root(metrics.pck_pct, scaled=False),
    "pck150_scaled": _about_root(metrics.pck_pct, scaled=True),
    "auc": _about_root(metrics.auc_pct, scaled=False),
    "auc_scaled": _about_root(metrics.auc_pct, scaled=True),
    "vertices": None,
}
_TITLES = {
    "h36m-p1": "Human3.6M protocol 1 (VideoPose3D)",
    "h36m-p2": "Human3.6M protocol 2 (VideoPose3D)",
    "h36m-p3": "Human3.6M protocol 3 (VideoPose3D)",
    "h36m-14": "Human3.6M, 14 LSP joints",
    "elepose": "ElePose (every 64th frame, mirrored poses are free)",
    "links": "LInKs (as ElePose, on a list of frames)",
    "ites": "ITES (the better of pose and depth-flipped pose, chosen with the truth)",
    "3dhp": "MPI-INF-3DHP (14 joints, strictly below the threshold)",
    "3dpw": "3DPW (14 LSP joints)",
    "aist12": "AIST++ (12 limb joints, triangulated; our choice)",
}


_ROWS = read_table(__file__, "protocols.csv")


def _numbers(protocol: str) -> tuple[Number, ...]:
    """The rows of ``protocols.csv`` of one protocol."""
    return tuple(
        Number(
            key=row["key"],
            unit=row["unit"],
            convention=row["convention"],
            joints=JOINTS[row["joints"]],
            measure=MEASURES[row["measure"]],
            about=row["about"],
            average=row["average"],
            by=row["by"],
            stride=int(row["stride"]),
            ending=row["ending"],
            needs_scale=row["needs_scale"] == "yes",
        )
        for row in _ROWS
        if row["protocol"] == protocol
    )


PROTOCOLS: dict[str, Protocol] = {
    name: Protocol(_TITLES[name], _numbers(name), needs_frames=name == "links")
    for name in dict.fromkeys(row["protocol"] for row in _ROWS)
}


def get_protocol(name: str) -> Protocol:
    """The protocol of that name; UserError with the names that exist."""
    if name not in PROTOCOLS:
        raise UserError(f"unknown protocol {name!r}; known protocols: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
