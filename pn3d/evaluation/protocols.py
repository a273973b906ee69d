"""The field's protocols as a table: which frames, which joints, what is aligned, how it is averaged.

``docs/protocols.md`` says the same in words. A protocol is a tuple of numbers, and each number carries its convention,
which is printed beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pn3d.evaluation import metrics
from pn3d.evaluation.joint_set import but_root
from pn3d.files.errors import UserError
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
        about: what is aligned, where something is.
        average: "actions" = frames within an action, then actions; "frames" = all frames alike.
        by: the groups of frames whose means are given too, actions or AIST's genres.
        stride: every how many frames of each clip, from its first.
        ending: only clips whose name ends so; all where it is empty.
        needs_scale: whether it means something only for predictions in metres.
    """

    key: str
    unit: str
    convention: str
    joints: tuple[int, ...] = ALL17
    measure: Measure | None = None
    about: Literal["pelvis", "hips"] | None = None
    average: Literal["actions", "frames"] = "frames"
    by: Literal["action", "genre"] = "action"
    stride: int = 1
    ending: str = ""
    needs_scale: bool = False


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


_PA = "similarity Procrustes, reflection not allowed"
_PA_REFLECTED = "similarity Procrustes, reflection allowed"
_LSP14 = LSP14_OF_H36M17


def _elepose_numbers(stride: int) -> tuple[Number, ...]:
    norm_scaled = "N-MPJPE of ElePose: 17 joints, root-relative, scaled to the truth's Frobenius norm"
    return (
        Number(
            "pa_mpjpe_reflected_mm",
            "mm",
            f"17 joints, {_PA_REFLECTED}",
            ALL17,
            _aligned(metrics.pa_mpjpe_reflected_mm),
            stride=stride,
        ),
        Number("norm_scaled_mpjpe_mm", "mm", norm_scaled, ALL17, metrics.norm_scaled_mpjpe_mm, "pelvis", stride=stride),
    )


def _h36m_numbers() -> dict[str, tuple[Number, ...]]:
    """VideoPose3D's three protocols, and the 14 joints of HMR and SPIN."""
    p1, p3 = "17 joints, root-relative", "17 joints, root-relative, least-squares scale"
    hips = "14 LSP joints, middle of the hips aligned (HMR)"
    spin = f"14 LSP joints, {_PA}; camera 3 (60457274), every 5th frame (SPIN's P2)"
    hmr = f"14 LSP joints, {_PA}; camera 3 (60457274), first trial (HMR's P2)"
    pa = _aligned(metrics.pa_mpjpe_mm)
    return {
        "h36m-p1": (
            Number("mpjpe_mm", "mm", p1, ALL17, metrics.mpjpe_mm, "pelvis", average="actions", needs_scale=True),
        ),
        "h36m-p2": (Number("pa_mpjpe_mm", "mm", f"17 joints, {_PA}", ALL17, pa, average="actions"),),
        "h36m-p3": (Number("n_mpjpe_mm", "mm", p3, ALL17, metrics.n_mpjpe_mm, "pelvis", average="actions"),),
        "h36m-14": (
            Number("pa_mpjpe_14_mm", "mm", f"14 LSP joints, {_PA}", _LSP14, pa, average="actions"),
            Number("mpjpe_14_mm", "mm", hips, _LSP14, metrics.mpjpe_mm, "hips", average="actions", needs_scale=True),
            Number("pa_mpjpe_14_spin_mm", "mm", spin, _LSP14, pa, stride=5, ending="/cam3"),
            Number("pa_mpjpe_14_hmr_mm", "mm", hmr, _LSP14, pa, ending="_0/cam3"),
        ),
    }


def _ites_numbers() -> tuple[Number, ...]:
    better = "the better of pose and depth twin: 17 joints"
    scaled = f"{better}, root-relative, at the scale of a Procrustes alignment with reflection"
    return (
        Number("flip_min_pa_mpjpe_mm", "mm", f"{better}, {_PA}", ALL17, _aligned(metrics.flip_min_pa_mpjpe_mm)),
        Number("flip_min_scaled_mpjpe_mm", "mm", scaled, ALL17, metrics.flip_min_scaled_mpjpe_mm, "pelvis"),
    )


def _mpi_inf_3dhp_numbers() -> tuple[Number, ...]:
    """PCK and AUC without and with a scale (a method that has none is scored by the second)."""
    numbers = []
    for key, what, measure in (
        ("pck150", "PCK below 150 mm", metrics.pck_pct),
        ("auc", "AUC 0-150 mm", metrics.auc_pct),
    ):
        plain, scaled = _about_root(measure, scaled=False), _about_root(measure, scaled=True)
        text = f"{what} of 14 joints, pelvis aligned"
        numbers += [
            Number(f"{key}_pct", "%", f"{text}, no scaling", ROOT_AND_LSP14, plain, "pelvis", needs_scale=True),
            Number(f"{key}_scaled_pct", "%", f"{text}, least-squares scale", ROOT_AND_LSP14, scaled, "pelvis"),
        ]
    text = "17 joints, root-relative"
    numbers.append(Number("mpjpe_mm", "mm", text, ALL17, metrics.mpjpe_mm, "pelvis", needs_scale=True))
    return tuple(numbers)


def _threedpw_numbers() -> tuple[Number, ...]:
    about_pelvis = _about_root(lambda distance_mm: distance_mm.mean(axis=1), scaled=False)
    pelvis = "14 LSP joints, pelvis aligned"
    return (
        Number("pa_mpjpe_14_mm", "mm", f"14 LSP joints, {_PA}", _LSP14, _aligned(metrics.pa_mpjpe_mm)),
        Number("mpjpe_14_mm", "mm", pelvis, ROOT_AND_LSP14, about_pelvis, "pelvis", needs_scale=True),
        Number("pve_mm", "mm", "all vertices, pelvis aligned", needs_scale=True, joints=()),
    )


def _aist_numbers() -> tuple[Number, ...]:
    limbs = "12 limb joints (shoulders, elbows, wrists, hips, knees, ankles)"
    hips, least = f"{limbs}, middle of the hips aligned", "least-squares scale"
    return (
        Number("pa_mpjpe_12_mm", "mm", f"{limbs}, {_PA}", LIMBS12, _aligned(metrics.pa_mpjpe_mm), by="genre"),
        Number("n_mpjpe_12_mm", "mm", f"{hips}, {least}", LIMBS12, metrics.n_mpjpe_mm, "hips", by="genre"),
        Number(
            "mpjpe_12_mm",
            "mm",
            f"{hips}, no scaling",
            LIMBS12,
            metrics.mpjpe_mm,
            "hips",
            by="genre",
            needs_scale=True,
        ),
    )


PROTOCOLS: dict[str, Protocol] = {
    "h36m-p1": Protocol("Human3.6M protocol 1 (VideoPose3D)", _h36m_numbers()["h36m-p1"]),
    "h36m-p2": Protocol("Human3.6M protocol 2 (VideoPose3D)", _h36m_numbers()["h36m-p2"]),
    "h36m-p3": Protocol("Human3.6M protocol 3 (VideoPose3D)", _h36m_numbers()["h36m-p3"]),
    "h36m-14": Protocol("Human3.6M, 14 LSP joints", _h36m_numbers()["h36m-14"]),
    "elepose": Protocol("ElePose (every 64th frame, mirrored poses are free)", _elepose_numbers(stride=64)),
    "links": Protocol("LInKs (as ElePose, on a list of frames)", _elepose_numbers(stride=1), needs_frames=True),
    "ites": Protocol("ITES (the better of pose and depth-flipped pose, chosen with the truth)", _ites_numbers()),
    "3dhp": Protocol("MPI-INF-3DHP (14 joints, strictly below the threshold)", _mpi_inf_3dhp_numbers()),
    "3dpw": Protocol("3DPW (14 LSP joints)", _threedpw_numbers()),
    "aist12": Protocol("AIST++ (12 limb joints, triangulated; our choice)", _aist_numbers()),
}


def get_protocol(name: str) -> Protocol:
    """The protocol of that name; UserError with the names that exist."""
    if name not in PROTOCOLS:
        raise UserError(f"unknown protocol {name!r}; known protocols: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
