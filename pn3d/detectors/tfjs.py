"""Poses of the browser: TensorFlow.js PoseNet, MoveNet and BlazePose, and ml5's of them, saved as JSON.

PoseNet: ``{score, keypoints: [{part, position: {x, y}, score}]}``; pose-detection (MoveNet, BlazePose): ``{score,
keypoints: [{x, y, score, name}]}``; ml5 wraps the first as ``[{pose, skeleton}]`` and calls the second's score
``confidence``, with each point once more under its name. Sources: tensorflow/tfjs-models posenet/README.md,
pose-detection/README.md; docs.ml5js.org, bodyPose. ``keypoints3D`` is not used.
"""

from typing import Any

from pn3d.data.joint_names import named_joints
from pn3d.detectors.named_points import any_points, named_video
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.detectors.upright import standing_reading


def is_tfjs(content: Any) -> bool:
    """Whether frames hold people with named points of a body."""
    return any_points(content, lambda points: named_joints(tuple(points)).is_body)


def read_tfjs(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads a file, JSON lines, or a folder with a file per frame; raises UserError where there are no such people."""
    raw = named_video(opened)
    joints = named_joints(raw.joint_names or ()).joints
    if standing_reading([raw.keypoints, raw.keypoints * [1, -1]], joints) == 1:
        raw.notes.append(
            f"{opened.where}: people stand on their heads: does y count from the bottom, as Apple Vision's does? "
            "--format applevision turns it over"
        )
    return [raw]
