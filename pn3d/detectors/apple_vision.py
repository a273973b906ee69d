"""Apple Vision's (and ARKit's 2D) body points as people write them to JSON, by the names that the system gives them.

``VNHumanBodyPoseObservation`` names its points ``left_upLeg_joint`` (the hip), ``left_leg_joint`` (the knee),
``left_foot_joint`` (the ankle), ``left_forearm_joint`` (the elbow), ``left_hand_joint`` (the wrist), …; places are
shares of the picture, y from the **bottom** (developer.apple.com, VNRecognizedPoint). ARSkeleton2D has the same names
and counts y from the top, so which it is follows from the people, who stand, and is said.
"""

from typing import Any

import numpy as np

from pn3d.data.joint_names import named_joints
from pn3d.detectors.named_points import any_points, named_video
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.detectors.upright import standing_reading
from pn3d.files.errors import UserError

_PARTS = {"shoulder_1": "shoulder", "forearm": "elbow", "hand": "wrist", "upLeg": "hip", "leg": "knee", "foot": "ankle"}
_PARTS |= {"eye": "eye", "ear": "ear"}
JOINTS = {f"{side}_{theirs}_joint": f"{side}_{ours}" for side in ("left", "right") for theirs, ours in _PARTS.items()}
JOINTS |= {"head_joint": "nose", "neck_1_joint": "neck", "root": "pelvis"}
_MARK = "left_upLeg_joint"
LARGEST_SHARE = 1.6


def is_apple_vision(content: Any) -> bool:
    """Whether frames hold people with these names."""
    return any_points(content, lambda points: _MARK in points)


def read_apple_vision(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads a file, JSON lines, or a folder with a file per frame; UserError where y's direction cannot be told."""
    raw = named_video(opened, lambda name: JOINTS.get(name, name))
    shares = bool(np.nanquantile(np.abs(raw.keypoints), 0.9) < LARGEST_SHARE)
    size = given.image_size or raw.image_size
    height = 1 if shares else np.nan if size is None else size[1]
    turned = raw.keypoints * [1, -1] + [0, height]
    names = named_joints(raw.joint_names or ()).joints
    # Without the height pixels can be told to count from the top, and no more.
    chosen = standing_reading([turned if np.isfinite(height) else raw.keypoints * [1, -1], raw.keypoints], names)
    if chosen is None or (chosen == 0 and not np.isfinite(height)):
        raise UserError(
            f"{opened.where}: whether y counts from the bottom, as Apple Vision's does, cannot be told, or pixels lack "
            "the picture's height; give shares of the picture, or --image-size W H for pixels"
        )
    raw.keypoints = (turned, raw.keypoints)[chosen]
    raw.notes.append(f"{opened.where}: y counts from the {('bottom; turned over', 'top; taken as it is')[chosen]}")
    return [raw]
