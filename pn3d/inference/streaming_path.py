"""The path of a stream: each frame is placed by the problem of a whole clip, over the newest frames around it.

Fast limbs and ankles come after it, as in a whole clip.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pn3d.inference.ankles import with_feet
from pn3d.inference.fit import StudentBody
from pn3d.inference.followed import followed_limbs
from pn3d.inference.placed import Posed, Seen, place_on_path
from pn3d.inference.world import mean_up

AHEAD_S = 0.5
"""Seconds after a frame that its place is solved with: the lag of the path, without ``causal``."""

BEHIND_S = 2.0
"""Seconds before it; frames longer ago hardly change it."""

_LIMBS_S = 0.5
"""Seconds before and after a frame that following its limbs and averaging its ankles look at."""


@dataclass(frozen=True)
class StreamPose:
    """One frame's pose; arrays as in ``Prediction``, without the leading axis of frames.

    Attributes:
        frame: number of the pushed frame that this is, from 0.
        joints_cam_m: (17, 3); body_joints_cam_m: (24, 3); poses_cam: (24, 3); transl_cam_m: (3,); betas: (10,).
        elevation_rad: of the camera.
        reprojected_px: (17, 2).
        foot_contact: (4,); None without a path.
        ankles_measured: (2,) bool; None without a path.
    """

    frame: int
    joints_cam_m: np.ndarray
    body_joints_cam_m: np.ndarray
    poses_cam: np.ndarray
    transl_cam_m: np.ndarray
    betas: np.ndarray
    elevation_rad: float
    reprojected_px: np.ndarray
    foot_contact: np.ndarray | None = None
    ankles_measured: np.ndarray | None = None


class SeenFrame(NamedTuple):
    """What a frame is placed by.

    Attributes:
        rays: (17, 2) of the still camera; confidence: (17,), 0 = missing; centred: (17, 2) the root in the middle.
        feet: (6, 3) rays and confidence of ``pn3d.data.feet.FEET``, 0 where the layout has none.
        size: head-root distance over depth; jitter: of the keypoints.
        roll_rad: of the camera.
        camera_from_centred: (3, 3).
    """

    rays: np.ndarray
    confidence: np.ndarray
    centred: np.ndarray
    feet: np.ndarray
    size: float
    jitter: float
    roll_rad: float
    camera_from_centred: np.ndarray


class PathWindow:
    """The newest frames of a stream, of which one at a time is placed.

    Args:
        student: the body.
        intrinsics: (4,) fx, fy, cx, cy px.
        fps: frames per second.
        ahead: frames after a frame that are waited for.
    """

    def __init__(self, student: StudentBody, intrinsics: np.ndarray, fps: float, ahead: int) -> None:
        self.ahead = ahead
        self._student, self._intrinsics, self._fps = student, intrinsics, fps
        self._behind = round(BEHIND_S * fps)
        self._held: list[tuple[StreamPose, SeenFrame]] = []
        self._next = 0  # place in ``_held`` of the frame that is given next

    def push(self, pose: StreamPose, seen: SeenFrame) -> StreamPose | None:
        """Takes the next frame, placed by itself; gives the one ``ahead`` frames before it, on the path."""
        self._held.append((pose, seen))
        return self._give() if len(self._held) - self._next > self.ahead else None

    def flush(self) -> list[StreamPose]:
        """The frames that are still owed."""
        return [self._give() for _ in range(self._next, len(self._held))]

    def _give(self) -> StreamPose:
        poses, seen = zip(*self._held, strict=True)
        posed = Posed(
            *(np.stack([getattr(pose, name) for pose in poses]) for name in ("poses_cam", "transl_cam_m")),
            *(np.stack([getattr(pose, name) for pose in poses]) for name in ("body_joints_cam_m", "joints_cam_m")),
        )
        rays, confidence, centred, feet, size, jitter, roll, turns = (
            np.stack(values) for values in zip(*seen, strict=True)
        )
        up = mean_up(np.array([pose.elevation_rad for pose in poses]), roll, turns, confidence)
        view = Seen(rays, confidence, size, jitter, self._fps)
        placed = place_on_path(self._student, posed, view, up)
        reach = round(_LIMBS_S * self._fps)
        first, now = max(self._next - reach, 0), self._next
        near = slice(first, now + reach + 1)
        view = Seen(rays[near], confidence[near], size[near], jitter[near], self._fps)
        around, contact = Posed(*(values[near] for values in placed.posed)), placed.foot_contact[near]
        around = followed_limbs(self._student, around, view, centred[near], contact)
        around, measured = with_feet(self._student, poses[now].betas, around, feet[near], view.jitter, self._fps)
        focal, centre = np.split(self._intrinsics, 2)
        joints = around.joints[now - first]
        given = replace(
            poses[now],
            joints_cam_m=joints,
            body_joints_cam_m=around.body_joints[now - first],
            poses_cam=around.poses[now - first],
            transl_cam_m=around.transl[now - first],
            reprojected_px=joints[:, :2] / joints[:, 2:] * focal + centre,
            foot_contact=placed.foot_contact[now],
            ankles_measured=measured[now - first],
        )
        self._next += 1
        spare = self._next - self._behind
        if spare > 0:
            self._held, self._next = self._held[spare:], self._next - spare
        return given
