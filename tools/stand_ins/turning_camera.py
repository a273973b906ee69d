"""A rendered shot of a walk by a camera that turns: a stick figure before dots, and joints as a detector gives them."""

import dataclasses

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.data.clips import select
from pn3d.data.virtual_cameras import project_px
from pn3d.geometry.camera import assumed_intrinsics
from pn3d.geometry.skeleton import H36M17
from pn3d.synthetic.scenes import held_out_clips

SIZE = (960, 540)
FRAMES = 150
RATE = 30
WALK = 6
"""Of the held-out clips: 4.8 m, nearly straight."""

DISTANCE_M = 6.5


@dataclasses.dataclass(frozen=True)
class Shot:
    """What a turning camera saw.

    Attributes:
        turns: (T, 3, 3) from the axes of the first frame's camera to each frame's.
        joints_m: (T, 17, 3) in the axes of the first frame's camera.
        keypoints_px: (T, 17, 2).
    """

    turns: np.ndarray
    joints_m: np.ndarray
    keypoints_px: np.ndarray


def walk_across() -> np.ndarray:
    """(T, 17, 3) a built-in walk along x, its middle ``DISTANCE_M`` away, in camera axes (y down), hips level."""
    clips = select(held_out_clips(), [WALK])
    assert clips.joints_cam is not None
    assert clips.up_cam is not None
    up = clips.up_cam[0].astype(np.float64)
    joints = clips.joints_cam.astype(np.float64)
    way = joints[-1, 0] - joints[0, 0]
    way -= up * (way @ up)
    way /= np.linalg.norm(way)
    axes = np.stack([way, -up, np.cross(way, -up)])
    level = joints @ axes.T
    middle = (level[0, 0] + level[-1, 0]) / 2
    return level - middle + np.array([0.0, 0.0, DISTANCE_M])


def shot(pan_deg: float) -> Shot:
    """The walk by a camera that turns from left to right by ``pan_deg``, about its vertical."""
    yaw = np.radians(pan_deg) * (np.arange(FRAMES) / (FRAMES - 1) - 0.5)
    # A camera that looks to the right sees things move to the left.
    from_middle = Rotation.from_rotvec(np.stack([np.zeros(FRAMES), -yaw, np.zeros(FRAMES)], axis=1)).as_matrix()
    turns = from_middle @ from_middle[0].T
    joints = walk_across() @ from_middle[0].T
    seen = np.einsum("tij,tkj->tki", turns, joints)
    return Shot(turns, joints, project_px(seen, assumed_intrinsics(np.array(SIZE)).astype(np.float64)))


def pictures(filmed: Shot) -> list[np.ndarray]:
    """(H, W, 3) uint8 frames."""
    import cv2

    rng = np.random.default_rng(0)
    dots = rng.normal(size=(6000, 3))
    dots /= np.linalg.norm(dots, axis=1, keepdims=True)
    shades, radii = rng.integers(90, 255, len(dots)), rng.integers(2, 5, len(dots))
    intrinsics = assumed_intrinsics(np.array(SIZE)).astype(np.float64)
    frames = []
    for turn, joints_px in zip(filmed.turns, filmed.keypoints_px, strict=True):
        picture = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
        seen = dots @ turn.T
        ahead = seen[:, 2] > 0.2
        for (x, y), shade, radius in zip(project_px(seen[ahead], intrinsics), shades[ahead], radii[ahead], strict=True):
            if -5 < x < SIZE[0] + 5 and -5 < y < SIZE[1] + 5:
                place = (round(float(x) * 16), round(float(y) * 16))
                cv2.circle(picture, place, int(radius) * 16, (int(shade),) * 3, -1, cv2.LINE_AA, 4)
        for first, second in H36M17.bones:
            ends = [tuple(int(v) for v in np.round(joints_px[joint])) for joint in (first, second)]
            cv2.line(picture, ends[0], ends[1], (200, 120, 60), 9, cv2.LINE_AA)
        frames.append(picture)
    return frames


class Known:
    """A detector that hands over joints that it was given."""

    name, layout = "known", "h36m17"

    def __init__(self, keypoints_px: np.ndarray) -> None:
        self._frames = iter(keypoints_px)

    def detect(self, picture: np.ndarray, time_s: float) -> tuple[np.ndarray, np.ndarray]:
        """As ``pn3d.video.detectors.Detector``."""
        joints = next(self._frames)
        return joints[None], np.ones((1, len(joints)))
