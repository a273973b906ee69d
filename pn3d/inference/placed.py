"""A posed clip on its path: cuts, the path, contacts, the path again with feet that stand, the ground, the legs."""

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.geometry.skeleton import H36M17, H36M17_ANKLES, SMPL24_FEET
from pn3d.inference.contacts import FeetView, find_contacts
from pn3d.inference.cuts import find_cuts
from pn3d.inference.feet import held_ankles, lifted_ankles
from pn3d.inference.fit import StudentBody
from pn3d.inference.flight_odds import AirView
from pn3d.inference.flights import find_flights
from pn3d.inference.ground import Ground, find_ground
from pn3d.inference.legs import reach
from pn3d.inference.limbs import LEGS, place_limb
from pn3d.inference.path import FEWEST_JOINTS, ClipView, Standing, detected_share, measure_misfit, solve_path

_PELVIS = H36M17.index("pelvis")
_LEAST_MOVE_M = 1e-4


class Posed(NamedTuple):
    """T frames of one body in camera axes.

    Attributes:
        poses: (T, 24, 3) axis-angle.
        transl: (T, 3).
        body_joints: (T, 24, 3) forward kinematics of both, metres.
        joints: (T, 17, 3) landmarks of it.
    """

    poses: np.ndarray
    transl: np.ndarray
    body_joints: np.ndarray
    joints: np.ndarray


class Placed(NamedTuple):
    """A body on its path.

    Attributes:
        posed: where it is.
        foot_contact: (T, 4) probability that left heel, right heel, left toe, right toe stand.
        cut: (T,) frames to which no path leads from the frame before.
        ground: under it.
        airborne: (T,) frames in which the person flies.
    """

    posed: Posed
    foot_contact: np.ndarray
    cut: np.ndarray
    ground: Ground
    airborne: np.ndarray


class Seen(NamedTuple):
    """How T frames are seen.

    Attributes:
        rays: (T, 17, 2) keypoints of the still camera, (x / z, y / z).
        confidence: (T, 17), 0 = missing.
        size: (T,) head-root distance over depth.
        jitter: (T,) of the keypoints, head-root units.
        fps: frames per second.
    """

    rays: np.ndarray
    confidence: np.ndarray
    size: np.ndarray
    jitter: np.ndarray
    fps: float


def place_on_path(student: StudentBody, posed: Posed, seen: Seen, up_cam: np.ndarray) -> Placed:
    """Moves a clip's bodies onto one path, and their legs onto the feet that stand.

    Args:
        student: says how landmarks hang on the body.
        posed: each frame by itself.
        seen: the same frames' keypoints.
        up_cam: (3,) the predicted up.
    """
    start = posed.joints[:, _PELVIS]
    rays, confidence, size, jitter, fps = seen
    cut, astray = find_cuts(rays, confidence, size, fps)
    lonely = np.count_nonzero(confidence > 0, axis=1) < FEWEST_JOINTS
    confidence = np.where((astray | lonely)[:, None], 0.0, confidence)
    view = ClipView(posed.joints - start[:, None], rays, confidence, size, jitter, cut, up_cam, fps)
    view = view._replace(misfit=measure_misfit(view, start))
    feet = posed.body_joints[:, list(SMPL24_FEET)] - start[:, None]
    ankles = list(H36M17_ANKLES)
    pelvis = solve_path(view, start)
    points = pelvis[:, None] + feet
    seen_feet = FeetView(points, rays[:, ankles], confidence[:, ankles], jitter, view.misfit, up_cam, fps)
    contact = find_contacts(seen_feet)
    legs_seen = np.any(confidence[:, ankles] > 0, axis=1)
    leg_m = float(np.linalg.norm(np.diff(posed.body_joints[0, list(LEGS[0][:3])], axis=0), axis=1).sum())
    flights = find_flights(AirView(pelvis @ up_cam, points @ up_cam, contact, jitter, legs_seen, cut, fps, leg_m))
    pelvis = solve_path(view, pelvis, Standing(feet, contact, flights))
    points = pelvis[:, None] + feet
    ground = find_ground(points, contact, up_cam, fps)
    detected = detected_share(jitter, view.misfit)
    moves = held_ankles(points[:, :2], contact[:, :2], cut, fps, size, detected)
    moves = lifted_ankles(moves, points, ground)
    shift = (pelvis - start).astype(np.float32)
    moved = Posed(
        posed.poses,
        posed.transl + shift,
        posed.body_joints + shift[:, None],
        posed.joints + shift[:, None],
    )
    return Placed(_with_ankles(student, moved, moves), contact, cut, ground, flights.airborne)


def _with_ankles(student: StudentBody, posed: Posed, moves_m: np.ndarray) -> Posed:
    """The same with both ankles moved, (T, 2, 3), by the turns of their hips and knees; feet turn along with shanks."""
    # A row for every leg that moves in a frame: the left ones, then the right ones.
    legs, frames = np.nonzero(np.einsum("tlk,tlk->lt", moves_m, moves_m) > _LEAST_MOVE_M**2)
    if not len(frames):
        return posed
    moved = Posed(posed.poses.copy(), posed.transl, posed.body_joints.copy(), posed.joints.copy())
    rows, (hip, knee, ankle, _) = np.arange(len(frames)), np.array(LEGS)[legs].T
    old = posed.body_joints[frames].astype(np.float64)
    side = old[:, LEGS[0].ball] - old[:, LEGS[1].ball]
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    target = old[rows, ankle] + moves_m[frames, legs]
    turns = reach(old[rows, hip], old[rows, knee], old[rows, ankle], target, side)
    pelvis, thigh, shank = (Rotation.from_rotvec(posed.poses[frames, joint]) for joint in (0, hip, knee))
    thigh = pelvis * thigh
    moved.poses[frames, hip] = (pelvis.inv() * turns.swing * thigh).as_rotvec()
    moved.poses[frames, knee] = (thigh.inv() * turns.bend * thigh * shank).as_rotvec()
    upper, lower = turns.swing.as_matrix(), (turns.swing * turns.bend).as_matrix()
    for leg, limb in enumerate(LEGS):
        own = legs == leg
        bones = (upper[own], lower[own])
        place_limb(limb, frames[own], bones, student.landmarks, moved.body_joints, moved.joints)
    return moved
