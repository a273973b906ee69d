"""Where the video's camera stands in a clip's upright world, read off a prediction's own two sets of axes."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

if TYPE_CHECKING:
    from pn3d.inference.prediction import Prediction


def camera_to_world(prediction: "Prediction", frames: slice) -> np.ndarray:
    """(T, 4, 4) from camera axes to the world's, of these frames: the root's rotation and pelvis in both say it.

    Raises:
        ValueError: the prediction has no student.
    """
    pairs = (prediction.poses_cam, prediction.poses_world)
    places = (prediction.body_joints_cam_m, prediction.body_joints_world_m)
    if any(array is None for array in (*pairs, *places)):
        raise ValueError("a prediction without a student has no world")
    cam, world = (Rotation.from_rotvec(np.asarray(poses)[frames, 0].astype(np.float64)) for poses in pairs)
    pelvis_cam, pelvis_world = (np.asarray(joints)[frames, 0] for joints in places)
    matrices = np.tile(np.eye(4), (len(pelvis_cam), 1, 1))
    matrices[:, :3, :3] = (world * cam.inv()).as_matrix()
    matrices[:, :3, 3] = pelvis_world - np.einsum("tij,tj->ti", matrices[:, :3, :3], pelvis_cam)
    return matrices
