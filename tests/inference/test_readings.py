"""Which reading of a clip's sides is told by the way through the room."""

import numpy as np

from pn3d.inference.readings import ReadFrames, camera_sign, way_signs

ABOVE_RAD = np.radians(15.0)
"""How far the camera looks down."""


def walk(towards_camera: bool) -> ReadFrames:
    """Somebody walks along the optical axis on level ground, looking where the way leads; camera axes."""
    up = np.array([0.0, -np.cos(ABOVE_RAD), -np.sin(ABOVE_RAD)])
    away = np.array([0.0, -np.sin(ABOVE_RAD), np.cos(ABOVE_RAD)])
    along = -away if towards_camera else away
    places = np.array([0.0, 1.0, 5.0]) + np.linspace(-1.0, 1.0, 7)[:, None] * along
    return ReadFrames(np.zeros((7, 2)), places, np.tile(along, (7, 1)), np.tile(up, (7, 1)))


def with_exchanged_sides(frames: ReadFrames) -> ReadFrames:
    """The other reading: up and the body mirrored in depth, its places as its size in the picture says."""
    mirror = np.array([1.0, 1.0, -1.0])
    return frames._replace(facing_cam=frames.facing_cam * mirror, up_cam=frames.up_cam * mirror)


def test_a_way_is_level_and_leads_forwards_in_the_true_reading_alone() -> None:
    for towards in (True, False):
        true = walk(towards)
        both = [np.concatenate(pair) for pair in zip(true, with_exchanged_sides(true), strict=True)]
        signs = way_signs(ReadFrames(*both), np.repeat([0, 1], 7), 2)
        less = signs[1] - signs[0]
        assert less[0] > 1.0, "up and down by 30 degrees is no level way"
        assert less[1] > 0.8, "and it leads backwards"


def test_who_stays_in_one_place_or_is_seen_once_tells_nothing() -> None:
    still = walk(True)._replace(pelvis_cam_m=np.tile([0.0, 1.0, 5.0], (7, 1)))
    for frames in (still, ReadFrames(*(values[:1] for values in walk(True)))):
        of = np.zeros(len(frames.residual), int)
        np.testing.assert_allclose(way_signs(frames, of, 2), way_signs(with_exchanged_sides(frames), of, 2), atol=1e-9)
        assert (way_signs(frames, of, 2)[1] == 0).all(), "a clip without windows"


def test_a_camera_that_looks_down_speaks_for_a_reading_by_no_more_than_one() -> None:
    above = walk(True)
    both = [np.concatenate(pair) for pair in zip(above, with_exchanged_sides(above), strict=True)]
    down, up = camera_sign(ReadFrames(*both), np.repeat([0, 1], 7), 2)
    np.testing.assert_allclose(down, -up, atol=1e-9)
    assert -1.0 < down < -0.8
    level = above._replace(up_cam=np.tile([0.0, -1.0, 0.0], (7, 1)))
    np.testing.assert_allclose(camera_sign(level, np.zeros(7, int), 2), 0.0, atol=1e-9)
