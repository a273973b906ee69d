"""The camera's turning out of a rendered video: found, told from standing still, and given up where it cannot be."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip("av", reason="needs the extra video (PyAV)")
pytest.importorskip("cv2", reason="needs the extra video (OpenCV)")

from pn3d.detectors import person_clips, read_keypoints
from pn3d.video.camera_turn import CameraTurns, best_turn
from pn3d.video.detect import DetectOptions, detect_video
from tests.support.video_files import write_video
from tools.stand_ins.turning_camera import SIZE, Known, Shot, pictures, shot


def part(filmed: Shot, frames: slice) -> Shot:
    """Some frames; turns are still from the first frame of all."""
    return Shot(filmed.turns[frames], filmed.joints_m[frames], filmed.keypoints_px[frames])


@pytest.fixture(scope="module")
def panned() -> Shot:
    return part(shot(40.0), slice(0, None, 6))


@pytest.fixture(scope="module")
def frames(panned: Shot) -> list[np.ndarray]:
    return pictures(panned)


def searched(pictures: list[np.ndarray], people: np.ndarray) -> CameraTurns:
    turns = CameraTurns(SIZE)
    for picture, person in zip(pictures, people, strict=True):
        turns.add(picture, person[None])
    return turns


def test_the_turn_is_that_of_most_points() -> None:
    rng = np.random.default_rng(0)
    before = rng.normal(size=(200, 3)) * [0.4, 0.3, 0] + [0, 0, 1]
    before /= np.linalg.norm(before, axis=1, keepdims=True)
    turn = Rotation.from_rotvec([0.02, -0.15, 0.05])
    after = turn.apply(before)
    after[:80] = before[:80]  # carried along with the camera
    found, agree = best_turn(before, after, 1e-3, rng)
    assert (found * turn.inv()).magnitude() < 1e-6
    assert agree[80:].all()
    assert agree[:80].mean() < 0.1


def test_a_pan_is_found_and_a_person_is_no_background(panned: Shot, frames: list[np.ndarray]) -> None:
    turns = searched(frames, panned.keypoints_px)
    steps = turns.steps_rad
    assert steps is not None
    turned = Rotation.identity()
    for step, expected in zip(steps, panned.turns, strict=True):
        turned = Rotation.from_rotvec(step) * turned
        assert np.degrees((turned * Rotation.from_matrix(expected).inv()).magnitude()) < 0.3
    assert turns.notice == "the camera turns by 39 degrees, which is taken into account"


def test_a_camera_that_stands_still_is_said_nothing_of(panned: Shot) -> None:
    still = dataclasses.replace(panned, turns=np.tile(panned.turns[0], (len(panned.turns), 1, 1)))
    turns = searched(pictures(part(still, slice(0, 8))), panned.keypoints_px[:8])
    assert turns.steps_rad is None
    assert not turns.unknown
    assert turns.notice is None


def test_zooms_blank_walls_and_people_all_over_are_not_told(panned: Shot, frames: list[np.ndarray]) -> None:
    import cv2

    width, height = SIZE
    zoomed = [
        cv2.warpAffine(frames[0], cv2.getRotationMatrix2D((width / 2, height / 2), 0, 1 + 0.05 * i), SIZE)
        for i in range(8)
    ]
    blank = [np.full((height, width, 3), 90, np.uint8)] * 8
    everywhere = np.array([[0, 0], [width, height]], float)
    nobody = np.full((8, 2, 2), np.nan)
    for unclear in (
        searched(zoomed, nobody),
        searched(blank, nobody),
        searched(frames[:8], np.tile(everywhere, (8, 1, 1))),
    ):
        assert unclear.unknown
        assert unclear.steps_rad is None
        assert unclear.notice is not None
        assert "taken to stand still" in unclear.notice


def test_the_turning_is_kept_with_the_detections(tmp_path, panned: Shot, frames: list[np.ndarray]) -> None:
    path, kept = write_video(tmp_path / "pan.mp4", frames), tmp_path / "detections.npz"
    detect_video(path, DetectOptions(Known(panned.keypoints_px)), kept, show=False)
    clips = person_clips(read_keypoints(kept))
    assert clips.camera_turn_rad is not None
    wrong = Rotation.from_matrix(np.swapaxes(panned.turns, 1, 2)) * Rotation.from_rotvec(clips.camera_turn_rad)
    assert np.degrees(wrong.magnitude()).max() < 0.5
    # Twice the focal length: the same picture is half the pan.
    nearer = person_clips(read_keypoints(kept, focal_px=2 * 1.15 * SIZE[0]))
    half = np.linalg.norm(nearer.camera_turn_rad[-1]) / np.linalg.norm(clips.camera_turn_rad[-1])
    assert half == pytest.approx(0.5, abs=0.01)
    detect_video(path, DetectOptions(Known(panned.keypoints_px), still_camera=True), kept, show=False)
    assert person_clips(read_keypoints(kept)).camera_turn_rad is None
