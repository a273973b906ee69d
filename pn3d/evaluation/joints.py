"""The truth of a file as h36m17 joints, what a prediction can be compared on, and means by action or genre."""

import re
from collections.abc import Sequence

import numpy as np

from pn3d.data.clips import Clips, require_truth
from pn3d.evaluation import metrics
from pn3d.evaluation.joint_set import MIN_JOINTS, JointSet
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17, Layout, remap_indices

_GENRES = {
    **{"BR": "break", "PO": "pop", "LO": "lock", "MH": "middle hip-hop", "LH": "LA-style hip-hop", "HO": "house"},
    **{"WA": "waack", "KR": "krump", "JS": "street jazz", "JB": "ballet jazz"},
}
"""AIST's ten genres by the letters in its names (google.github.io/aistplusplus_dataset)."""
_GENRE = re.compile(rf"(?:^|/)g({'|'.join(_GENRES)})_")


def h36m17_index(layout: Layout, whose: str) -> list[int]:
    """Where each h36m17 joint stands in ``layout``; UserError naming ``whose`` layout where one is missing."""
    index = list(remap_indices(layout, H36M17))
    if missing := [joint for joint, place in zip(H36M17.joints, index, strict=True) if place < 0]:
        raise UserError(
            f"{whose}: layout {layout.name!r} lacks {', '.join(missing)}; evaluation needs all of h36m17, or the names "
            "of the joints that are known in 'truth_joint_names'"
        )
    return index


def true_joints(clips: Clips) -> np.ndarray:
    """The true joints in h36m17, (N, 17, 3) metres in camera axes; UserError where the file lacks them.

    NaN where a file with ``truth_joint_names`` does not know a joint.
    """
    require_truth(clips)
    assert clips.joints_cam is not None
    if clips.truth_joint_names is None:
        if clips.layout == H36M17:
            return clips.joints_cam
        return clips.joints_cam[:, h36m17_index(clips.layout, "the truth")]
    joints_m = np.full((clips.frames, len(H36M17.joints), 3), np.nan, np.float32)
    for place, name in enumerate(clips.truth_joint_names):
        if name in H36M17.joints:
            joints_m[:, H36M17.index(str(name))] = clips.joints_cam[:, place]
    return joints_m


def known_joints(clips: Clips) -> JointSet:
    """The joints of h36m17 that the truth knows in at least one frame; UserError where there are none."""
    known = JointSet(tuple(np.flatnonzero(~_unknown(clips).all(axis=0)).tolist()))
    if not known.index:
        raise UserError("the truth knows none of the joints of h36m17 in any frame ('joints_cam' is NaN)")
    return known


def common_joints(predicted_m: np.ndarray, clips: Clips, whose: str = "the prediction") -> JointSet:
    """The joints that truth and prediction both have.

    Args:
        predicted_m: (N, 17, 3); joints that the method does not have are NaN in every frame.
        clips: the file with its truth.
        whose: how the prediction is called in messages.

    Raises:
        UserError: fewer than ``MIN_JOINTS``.
        ValueError: ``predicted_m`` is not (N, 17, 3) of the file's frames.
    """
    shape = (clips.frames, len(H36M17.joints), 3)
    if predicted_m.shape != shape:
        raise ValueError(f"predicted_m must have shape {shape}, that of the truth, found {predicted_m.shape}")
    absent = np.isnan(predicted_m).all(axis=(0, 2))
    common = JointSet(tuple(joint for joint in known_joints(clips).index if not absent[joint]))
    if len(common.index) < MIN_JOINTS:
        raise UserError(
            f"the truth and {whose} have {len(common.index)} joints in common ({', '.join(common.names) or 'none'}); "
            f"expected at least {MIN_JOINTS} of {', '.join(H36M17.joints)}"
        )
    return common


def counted_frames(clips: Clips, joints: Sequence[int] | None = None) -> np.ndarray:
    """Indices of the frames that count. (n,) int64.

    Those that the data set scores (all where it does not say), and of them, where truth may be unknown, those in
    which each of ``joints`` (into h36m17; all that the truth knows where None) is known. UserError where none is left.
    """
    keep = np.ones(clips.frames, bool) if clips.scored is None else clips.scored
    if not keep.any():
        raise UserError("the evaluation data mark no frame as scored; expected at least one in 'scored'")
    if clips.joints_cam is not None and clips.truth_joint_names is not None:
        chosen = known_joints(clips).index if joints is None else joints
        keep = keep & ~_unknown(clips)[:, list(chosen)].any(axis=1)
        if not keep.any():
            names = ", ".join(H36M17.joints[joint] for joint in chosen)
            raise UserError(f"no frame that counts knows all of the truth's joints {names}; the others are NaN")
    return np.flatnonzero(keep)


def _unknown(clips: Clips) -> np.ndarray:
    """(N, 17) bool: joints that the truth does not know; nothing where it names no joints."""
    if clips.truth_joint_names is None:
        require_truth(clips)
        return np.zeros((clips.frames, len(H36M17.joints)), bool)
    return np.isnan(true_joints(clips)).any(axis=2)


def action_means(values: np.ndarray, clips: Clips, frames: np.ndarray) -> dict[str, float]:
    """Mean of per-frame values within each action. (n,) values of the frames of these indices."""
    return group_means(values, clips, frames, "action")


def genres(clips: Clips) -> list[str | None]:
    """AIST's genre of each clip; None where its name does not tell one (``gBR_sBM_cAll_d06_mBR2_ch06/cam0`` does)."""
    found = [_GENRE.search(str(name)) for name in clips.clip_name]
    return [_GENRES[hit[1]] if hit else None for hit in found]


def group_means(values: np.ndarray, clips: Clips, frames: np.ndarray, by: str) -> dict[str, float]:
    """Mean of per-frame values within each action, or each of AIST's genres, for (n,) values of the frames ``frames``.

    A clip whose name tells no genre is counted under its action.
    """
    groups = clips.actions
    if by == "genre":
        groups = np.array([genre or a for genre, a in zip(genres(clips), groups, strict=True)], dtype=np.str_)
    return metrics.mean_by_group(values, np.repeat(groups, clips.lengths)[frames])
