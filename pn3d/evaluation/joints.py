"""The truth of a file as h36m17 joints, and means by action."""

import numpy as np

from pn3d.data.clips import Clips, require_truth
from pn3d.evaluation import metrics
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17, Layout, remap_indices


def h36m17_index(layout: Layout, whose: str) -> list[int]:
    """Where each h36m17 joint stands in ``layout``; UserError naming ``whose`` layout where one is missing."""
    index = list(remap_indices(layout, H36M17))
    if missing := [joint for joint, place in zip(H36M17.joints, index, strict=True) if place < 0]:
        raise UserError(f"{whose}: layout {layout.name!r} lacks {', '.join(missing)}; evaluation needs all of h36m17")
    return index


def true_joints(clips: Clips) -> np.ndarray:
    """The true joints in h36m17, (N, 17, 3) metres in camera axes; UserError where the file lacks them."""
    require_truth(clips)
    assert clips.joints_cam is not None
    return clips.joints_cam if clips.layout == H36M17 else clips.joints_cam[:, h36m17_index(clips.layout, "the truth")]


def counted_frames(clips: Clips) -> np.ndarray:
    """Indices of the frames that count: those that the data set scores, all where it does not say. (n,) int64."""
    if clips.scored is None:
        return np.arange(clips.frames)
    if not clips.scored.any():
        raise UserError("the evaluation data mark no frame as scored; expected at least one in 'scored'")
    return np.flatnonzero(clips.scored)


def action_means(values: np.ndarray, clips: Clips, frames: np.ndarray) -> dict[str, float]:
    """Mean of per-frame values within each action. (n,) values of the frames of these indices."""
    return metrics.mean_by_group(values, np.repeat(clips.actions, clips.lengths)[frames])
