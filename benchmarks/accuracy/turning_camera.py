"""A walk that a turning camera follows: how well the path's direction is found, with the turning and without.

    python -m benchmarks.accuracy.turning_camera [--pan-deg 40] [--noise-px 0]

Built-in motion (a walk across the picture, 5 s), seen by a camera that stands in one place and turns; the background is
1,500 dots at random directions, the person a stick figure, and the joints are handed over as a detector would (with
Gaussian noise of ``--noise-px``). The video is written, read and searched for the turning as ``pn3d predict VIDEO``
does. Printed: the angle between the direction of the path, first to last frame, seen from above, and the true one.
"""

import argparse
import dataclasses
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

import pn3d
from pn3d.data.clips import Clips, select
from pn3d.data.virtual_cameras import project_px
from pn3d.detectors import person_clips
from pn3d.geometry.camera import assumed_intrinsics
from pn3d.geometry.skeleton import H36M17
from pn3d.synthetic.scenes import held_out_clips
from pn3d.video.encode import write_mp4

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


def detected(filmed: Shot, folder: Path, noise_px: float = 0.0) -> Clips:
    """The clip that comes of the rendered video."""
    path = folder / "pan.mp4"
    write_mp4(path, pictures(filmed), Fraction(RATE))
    noisy = filmed.keypoints_px + np.random.default_rng(1).normal(0, noise_px, filmed.keypoints_px.shape)
    return person_clips(pn3d.detect(path, detector=Known(noisy)))


def direction_error_deg(found: pn3d.Prediction, filmed: Shot) -> float:
    """Angle between the paths from the first to the last frame, in the axes of the first frame's camera, from above."""
    assert found.joints_world_m is not None
    assert found.joints_cam_m is not None
    # The world by the first camera: the rotation that the joints of the first frame need.
    first, world = (joints[0] - joints[0, 0] for joints in (found.joints_cam_m, found.joints_world_m))
    to_camera = Rotation.align_vectors(first, world)[0]
    ways = [
        to_camera.apply(found.joints_world_m[-1, 0] - found.joints_world_m[0, 0]),
        filmed.joints_m[-1, 0] - filmed.joints_m[0, 0],
    ]
    angles = [np.arctan2(way[2], way[0]) for way in ways]
    return float(np.degrees(np.abs((angles[0] - angles[1] + np.pi) % (2 * np.pi) - np.pi)))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="A walk that a turning camera follows.")
    parser.add_argument("--pan-deg", type=float, default=40.0)
    parser.add_argument("--noise-px", type=float, default=0.0)
    options = parser.parse_args()
    filmed, weights = shot(options.pan_deg), pn3d.load_weights()
    with tempfile.TemporaryDirectory() as folder:
        clips = detected(filmed, Path(folder), options.noise_px)
    if clips.camera_turn_rad is not None:
        turns = Rotation.from_rotvec(clips.camera_turn_rad).as_matrix()
        wrong = Rotation.from_matrix(turns @ np.swapaxes(filmed.turns, 1, 2)).magnitude()
        print(f"turning found within {np.degrees(wrong).max():.3f} degrees of {options.pan_deg:g}")
    for name, one in (("with", clips), ("without", dataclasses.replace(clips, camera_turn_rad=None))):
        error = direction_error_deg(pn3d.predict(weights, one), filmed)
        print(f"{name} the camera's turning: direction of the path within {error:.1f} degrees")


if __name__ == "__main__":
    main()
