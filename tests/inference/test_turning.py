"""A camera that turns: a clip whose camera turns comes out as one whose camera stands still."""

import dataclasses
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import pn3d
from pn3d.data.clips import Clips, select, without_truth
from pn3d.geometry.kinematics import posed_joints
from pn3d.inference.camera_path import camera_to_world
from pn3d.inference.prediction import Prediction
from pn3d.inference.turning import can_be_followed, still_from_camera, turned_rays
from pn3d.synthetic.scenes import held_out_clips

WALK, FRAMES = 6, 60


@cache
def standing() -> Clips:
    """A walk by a camera that stands still."""
    clips = without_truth(select(held_out_clips(), [WALK]))
    return dataclasses.replace(
        clips,
        keypoints=clips.keypoints[:FRAMES],
        confidence=clips.confidence[:FRAMES],
        clip_start=np.array([0, FRAMES]),
    )


@cache
def turning() -> Clips:
    """The same by a camera that pans by 25 degrees and tilts and rolls a little."""
    clips = standing()
    t = np.linspace(0, 1, FRAMES)
    turn = np.radians(np.stack([4 * np.sin(6 * t), 25 * t, 2 * np.sin(9 * t)], axis=1))
    focal, centre = np.split(clips.intrinsics[0], 2)
    rays = turned_rays((clips.keypoints - centre) / focal, Rotation.from_rotvec(turn).as_matrix())
    pixels = (rays * focal + centre).astype(np.float32)
    return dataclasses.replace(clips, keypoints=pixels, camera_turn_rad=turn.astype(np.float32))


@cache
def predicted(*, turned: bool, told: bool = True) -> Prediction:
    clips = turning() if turned else standing()
    return pn3d.predict(pn3d.load_weights(), clips if told else dataclasses.replace(clips, camera_turn_rad=None))


def way_m(found: Prediction) -> np.ndarray:
    """(3,) from the first pelvis to the last, in the axes of the first frame's camera."""
    to_world = camera_to_world(found, slice(None))
    return to_world[0, :3, :3].T @ (found.joints_world_m[-1, 0] - found.joints_world_m[0, 0])


def between_deg(first: np.ndarray, second: np.ndarray) -> float:
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def test_the_path_is_that_of_a_camera_that_stands_still() -> None:
    way = way_m(predicted(turned=False))
    assert np.linalg.norm(way) > 1
    assert between_deg(way_m(predicted(turned=True)), way) < 3
    assert between_deg(way_m(predicted(turned=True, told=False)), way) > 15


def test_what_is_in_camera_axes_is_in_those_of_each_frames_camera() -> None:
    found, clips = predicted(turned=True), turning()
    error_px = np.linalg.norm(found.reprojected_px - clips.keypoints, axis=-1).mean()
    still = predicted(turned=False)
    still_px = np.linalg.norm(still.reprojected_px - standing().keypoints, axis=-1).mean()
    assert error_px < 1.3 * still_px + 0.5
    # Files agree with themselves.
    rest = np.asarray(found.body.joint_template_m + found.body.joint_shape_basis @ found.betas[0], np.float64)
    joints = posed_joints(rest, found.body.parents, found.poses_cam, found.transl_cam_m)[0]
    assert np.abs(joints - found.body_joints_cam_m).max() < 1e-4
    joints = posed_joints(rest, found.body.parents, found.poses_world, found.transl_world_m)[0]
    assert np.abs(joints - found.body_joints_world_m).max() < 1e-4
    # The camera stands in one place of the world and has turned as was told.
    to_world = camera_to_world(found, slice(None))
    assert np.abs(to_world[:, :3, 3] - to_world[0, :3, 3]).max() < 5e-3
    turned = Rotation.from_matrix(np.swapaxes(to_world[:, :3, :3], 1, 2) @ to_world[0, :3, :3])
    told = Rotation.from_rotvec(clips.camera_turn_rad) * Rotation.from_rotvec(clips.camera_turn_rad[0]).inv()
    assert np.degrees((turned * told.inv()).magnitude()).max() < 0.1


def test_a_turning_that_is_known_is_no_warning() -> None:
    assert not predicted(turned=True).summary["camera_likely_moves"]
    assert predicted(turned=True).summary["camera_turned_deg"] == pytest.approx(25, abs=1)
    assert "camera_turned_deg" not in predicted(turned=False).summary


def test_a_camera_that_turns_away_too_far_is_not_followed() -> None:
    turn = np.radians(np.stack([np.zeros(50), np.linspace(0, 200, 50), np.zeros(50)], axis=1))
    turns = still_from_camera(turn)
    in_the_middle = np.tile(np.eye(3), (50, 1, 1))
    assert not can_be_followed(in_the_middle, turns)
    assert can_be_followed(in_the_middle[13:38], still_from_camera(turn[13:38]))
    assert np.isfinite(turns).all()
