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
from pn3d.data.clips import Clips
from pn3d.detectors import person_clips
from pn3d.video.encode import write_mp4
from tools.stand_ins.turning_camera import RATE, Known, Shot, pictures, shot


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
