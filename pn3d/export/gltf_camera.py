"""The video's camera as a node of a GLB, so that footage can be put behind the body."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.export.motion import Motion
from pn3d.geometry.kinematics import continuous_quaternions

_STILL = 1e-4
_FROM_OURS = np.diag([1.0, -1.0, -1.0])  # glTF's camera: y up, looks along -z; ours: y down, looks along z


@dataclass(frozen=True)
class CameraParts:
    """What a GLB says of a camera.

    Attributes:
        camera: entry of ``cameras``.
        node: entry of ``nodes``, where the camera stands in the first frame.
        curves: where it moves, "rotation" (T, 4) xyzw and "translation" (T, 3) m of the node; else empty.
    """

    camera: dict[str, Any]
    node: dict[str, Any]
    curves: dict[str, np.ndarray]


def camera_parts(motion: Motion) -> CameraParts | None:
    """The camera that filmed a motion; None where the motion does not say how it was filmed.

    glTF's perspective has its axis in the middle of the picture; the true one, the frame rate and the image size are in
    the camera's extras.
    """
    if motion.camera_to_world is None or motion.intrinsics is None or motion.image_size is None:
        return None
    width, height = motion.image_size
    _, fy, cx, cy = (float(value) for value in motion.intrinsics)
    turns = motion.camera_to_world[:, :3, :3] @ _FROM_OURS
    rotation = np.roll(continuous_quaternions(Rotation.from_matrix(turns)), -1, axis=-1)
    place = motion.camera_to_world[:, :3, 3]
    camera = {
        "name": "camera",
        "type": "perspective",
        "perspective": {"yfov": 2 * float(np.arctan(height / 2 / fy)), "aspectRatio": width / height, "znear": 0.05},
        "extras": {"fps": motion.fps, "image_size": [width, height], "principal_point_px": [cx, cy]},
    }
    node = {"name": "camera", "camera": 0, "rotation": rotation[0].tolist(), "translation": place[0].tolist()}
    moves = max(np.abs(turns - turns[0]).max(), np.abs(place - place[0]).max()) > _STILL
    return CameraParts(camera, node, {"rotation": rotation, "translation": place} if moves else {})
