"""Consistency without truth: predictions of one moment from different cameras should be one pose.

Clips of one name that end in ``/camK`` show the same moments. No truth is read.
"""

import itertools
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from pn3d.data.clips import Clips
from pn3d.evaluation.metrics import pa_mpjpe_mm, per_frame
from pn3d.files.errors import UserError

_VIEW = re.compile(r"(.+)/cam(\d+)")

CONVENTION = (
    "similarity Procrustes without reflection, mean of both directions, at the size of the predictions; "
    "no truth is read"
)
"""What the number means; printed with it."""


@dataclass(frozen=True)
class CrossView:
    """Distances after similarity Procrustes without reflection, mean of both directions, at the predictions' size.

    Attributes:
        pa_mm: mean over pairs of views and frames.
        pairs: pairs of clips compared.
        frames: frames compared, summed over pairs.
        per_scene: name without ``/camK`` -> mean.
        left_out: names whose clips differ in length or frame rate.
    """

    pa_mm: float
    pairs: int
    frames: int
    per_scene: dict[str, float]
    left_out: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain containers for a JSON file."""
        document: dict[str, Any] = {
            "cross_view_pa_mm": self.pa_mm,
            "convention": CONVENTION,
            "pairs": self.pairs,
            "frames": self.frames,
            "per_scene": self.per_scene,
        }
        return document | ({"left_out": list(self.left_out)} if self.left_out else {})


def cross_view(joints_cam_m: np.ndarray, clips: Clips) -> CrossView:
    """Compares predictions of the same moments, every pair of views.

    Args:
        joints_cam_m: (N, J, 3) predictions, metres in the camera axes of each clip.
        clips: names, lengths and rates of the clips.

    Raises:
        UserError: no two clips are views of one moment.
        ValueError: arrays that do not fit together.
    """
    if joints_cam_m.shape[0] != clips.frames:
        raise ValueError(f"joints_cam_m must have {clips.frames} frames, found {joints_cam_m.shape[0]}")
    scenes = views_by_scene(clips)
    if not scenes:
        raise UserError(
            "no two clips are views of one moment: clip names must be equal up to a last part /camK; "
            f"found {', '.join(str(name) for name in clips.clip_name[:3])} ..."
        )
    sums: dict[str, np.ndarray] = {}
    left_out, pairs = [], 0
    for scene, members in scenes.items():
        if len({(int(clips.lengths[i]), float(clips.fps[i])) for i in members}) > 1:
            left_out.append(scene)
            continue
        distances = []
        for first, second in itertools.combinations(members, 2):
            a = joints_cam_m[clips.clip_start[first] : clips.clip_start[first + 1]]
            b = joints_cam_m[clips.clip_start[second] : clips.clip_start[second + 1]]
            distances.append((per_frame(pa_mpjpe_mm, a, b) + per_frame(pa_mpjpe_mm, b, a)) / 2.0)
        sums[scene] = np.concatenate(distances)
        pairs += len(distances)
    if not sums:
        raise UserError(f"views of one moment differ in length or frame rate in all of {', '.join(left_out[:3])} ...")
    every = np.concatenate(list(sums.values()))
    per_scene = {scene: float(values.mean()) for scene, values in sums.items()}
    return CrossView(float(every.mean()), pairs, len(every), per_scene, tuple(left_out))


def views_by_scene(clips: Clips) -> dict[str, list[int]]:
    """Name without ``/camK`` -> indices of its clips, for names with at least two views."""
    scenes: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(clips.clip_name):
        if match := _VIEW.fullmatch(str(name)):
            scenes[match[1]].append(index)
    return {scene: members for scene, members in scenes.items() if len(members) > 1}
