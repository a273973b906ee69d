"""Ankles from heels and toes: dorsiflexion against the truth of built-in held-out motion, and against a side view.

    python -m benchmarks.accuracy.ankles [DETECTIONS …]

Built-in motion: the 24 held-out clips with heels and toes of the true body projected, exact and with a detector's
noise (1 % of the person's height on heels and toes, lasting for a third of a second). DETECTIONS are files of a
person who is seen from the side with heel and toe in the layout: the angle between knee-ankle and heel-toe in the
picture, less 90 degrees, is then nearly the dorsiflexion. Mean absolute differences in degrees, beside those of an
ankle at rest.
"""

import argparse
import dataclasses
import warnings

import numpy as np

import pn3d
from pn3d.body.builtin import builtin_body
from pn3d.body.feet import foot_points_m
from pn3d.data.clips import Clips
from pn3d.detectors import read_keypoints
from pn3d.export.joint_angles import angle_names, joint_angles_deg
from pn3d.geometry.kinematics import posed_joints
from pn3d.geometry.skeleton import SMPL24
from pn3d.synthetic.scenes import held_out_clips

SIDES = ("left", "right")


def with_feet(clips: Clips, noise_share: float) -> Clips:
    """Clips with truth, and heels and toes of the true body in the picture."""
    body, rng = builtin_body(), np.random.default_rng(0)
    assert clips.poses is not None
    assert clips.betas is not None
    assert clips.intrinsics is not None
    assert clips.transl_cam_m is not None
    feet = np.ones((clips.frames, 6, 3), np.float32)
    for clip in range(clips.num_clips):
        rows = slice(int(clips.clip_start[clip]), int(clips.clip_start[clip + 1]))
        rest = np.asarray(body.joint_template_m + body.joint_shape_basis @ clips.betas[clip], np.float64)
        joints, turns = posed_joints(rest, SMPL24.parents, clips.poses[rows], clips.transl_cam_m[rows])
        points = foot_points_m(body, clips.betas[clip])
        focal, centre = np.split(clips.intrinsics[clip], 2)
        height_px = np.ptp(clips.keypoints[rows, :, 1], axis=1).max()
        for side, name in enumerate(SIDES):
            ankle = SMPL24.index(f"{name}_ankle")
            places = joints[:, None, ankle] + np.einsum("tij,kj->tki", turns[:, ankle], points[side])
            pixels = places[..., :2] / places[..., 2:] * focal + centre
            wobble = rng.normal(0, 1, pixels.shape)
            for frame in range(1, len(wobble)):
                wobble[frame] = 0.9 * wobble[frame - 1] + np.sqrt(1 - 0.81) * wobble[frame]
            feet[rows, 3 * side : 3 * side + 3, :2] = pixels + noise_share * height_px * wobble
    return dataclasses.replace(clips, feet=feet)


def dorsiflexion_deg(poses: np.ndarray, rest_joints_m: np.ndarray) -> np.ndarray:
    """(T, 24, 3) -> (T, 2) left and right."""
    angles = dict(zip(angle_names(), joint_angles_deg(poses, rest_joints_m).T, strict=True))
    return np.stack([angles[f"{side}_ankle_dorsiflexion"] for side in SIDES], axis=1)


def builtin_error(weights: pn3d.Weights, *, noisy: bool) -> None:
    """Prints the difference from the truth."""
    clips = with_feet(held_out_clips(detector_noise=noisy), 0.01 if noisy else 0.0)
    body, differences, at_rest = builtin_body(), [], []
    found = pn3d.predict(weights, clips)
    assert found.poses_cam is not None
    assert found.betas is not None
    assert clips.poses is not None
    assert clips.betas is not None
    for clip in range(clips.num_clips):
        rows = slice(int(clips.clip_start[clip]), int(clips.clip_start[clip + 1]))
        rests = [
            np.asarray(body.joint_template_m + body.joint_shape_basis @ betas[clip], np.float64)
            for betas in (found.betas, clips.betas)
        ]
        truth = dorsiflexion_deg(clips.poses[rows], rests[1])
        differences.append(np.abs(dorsiflexion_deg(found.poses_cam[rows], rests[0]) - truth))
        resting = found.poses_cam[rows].copy()
        resting[:, [SMPL24.index(f"{side}_ankle") for side in SIDES]] = 0.0
        at_rest.append(np.abs(dorsiflexion_deg(resting, rests[0]) - truth))
    print(
        f"built-in, {'detected' if noisy else 'exact'}: {np.concatenate(differences).mean():.1f} degrees, "
        f"an ankle at rest {np.concatenate(at_rest).mean():.1f}"
    )


def side_view_error(weights: pn3d.Weights, path: str) -> None:
    """Prints the difference from the angle in the picture."""
    detections, found = read_keypoints(path), pn3d.predict(weights, path)
    person, layout = detections.people[0], detections.layout
    assert found.poses_world is not None
    assert found.betas is not None
    body = builtin_body()
    rest = np.asarray(body.joint_template_m + body.joint_shape_basis @ found.betas[0], np.float64)
    model = dorsiflexion_deg(found.poses_world, rest)
    for column, side in enumerate(SIDES):
        knee, ankle, heel, toe = (
            person.keypoints_px[:, layout.index(f"{side}_{part}")] for part in ("knee", "ankle", "heel", "big_toe")
        )
        shank, foot = ankle - knee, toe - heel
        across = shank[:, 0] * foot[:, 1] - shank[:, 1] * foot[:, 0]
        seen = np.abs(np.degrees(np.arctan2(across, np.sum(shank * foot, axis=1)))) - 90
        error, constant = np.abs(model[:, column] - seen).mean(), np.abs(seen - np.median(seen)).mean()
        print(
            f"{path}, {side}: {error:.1f} degrees (mean {model[:, column].mean():.1f}, seen {seen.mean():.1f}), "
            f"an ankle at rest {np.abs(seen).mean():.1f}, the best constant {constant:.1f}"
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Ankles from heels and toes.")
    parser.add_argument("detections", nargs="*")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    weights = pn3d.load_weights()
    for path in options.detections:
        side_view_error(weights, path)
    for noisy in (False, True):
        builtin_error(weights, noisy=noisy)


if __name__ == "__main__":
    main()
