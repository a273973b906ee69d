"""Clips with something done to them: noise, swaps, drops, masks, other frame rates, distances and elevations.

Functions from clips with truth to clips with truth. What is drawn comes from a generator with a seed of its own.
"""

import itertools
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from pn3d.data.clips import Clips
from pn3d.data.rays import clip_intrinsics
from pn3d.data.simulated_detector import detect
from pn3d.geometry.camera import up_in_camera
from pn3d.geometry.skeleton import COCO17, H36M17

_LEFT_RIGHT = np.array(H36M17.mirror)
NOT_IN_COCO = tuple(i for i, joint in enumerate(H36M17.joints) if joint not in COCO17.joints)


def person_height_px(clips: Clips) -> np.ndarray:
    """(N,) median height of the person in its clip's picture, over measured joints."""
    heights = []
    for begin, end in itertools.pairwise(clips.clip_start):
        y = np.where(clips.confidence[begin:end] > 0, clips.keypoints[begin:end, :, 1], np.nan)
        heights.append(float(np.nanmedian(np.nanmax(y, axis=1) - np.nanmin(y, axis=1))))
    return np.repeat(heights, clips.lengths)


def with_noise(clips: Clips, share: float, seed: int = 0) -> Clips:
    """Independent Gaussian errors whose mean length is ``share`` of the person's height, in every frame and joint."""
    white = np.random.default_rng(seed).standard_normal(clips.keypoints.shape)
    sigma = share * person_height_px(clips) / np.sqrt(np.pi / 2)
    return replace(clips, keypoints=(clips.keypoints + sigma[:, None, None] * white).astype(np.float32))


def with_detector(clips: Clips, seed: int = 0) -> Clips:
    """The simulated detector of the benchmark: correlated jitter, outliers, drops. h36m17; what is missing stays so."""
    rng = np.random.default_rng(seed)
    there = clips.confidence > 0
    # Missing joints are nowhere. In the middle of the others they make nobody taller.
    middle = (clips.keypoints * there[..., None]).sum(axis=1) / np.maximum(there.sum(axis=1), 1)[:, None]
    placed = np.where(there[..., None], clips.keypoints, middle[:, None].astype(clips.keypoints.dtype))
    seen = [
        detect(rng, placed[begin:end], float(fps), there[begin:end])
        for (begin, end), fps in zip(itertools.pairwise(clips.clip_start), clips.fps, strict=True)
    ]
    keypoints, confidence = (np.concatenate(column) for column in zip(*seen, strict=True))
    return replace(clips, keypoints=keypoints, confidence=confidence)


def with_swaps(clips: Clips, share: float, run: int = 5, seed: int = 0) -> Clips:
    """Left and right joints exchanged in runs of ``run`` frames, ``share`` of all frames."""
    rng = np.random.default_rng(seed)
    begins = rng.uniform(size=clips.frames) < share / run
    swapped = np.convolve(begins, np.ones(run), mode="full")[: clips.frames] > 0
    keypoints = np.where(swapped[:, None, None], clips.keypoints[:, _LEFT_RIGHT], clips.keypoints)
    confidence = np.where(swapped[:, None], clips.confidence[:, _LEFT_RIGHT], clips.confidence)
    return replace(clips, keypoints=keypoints, confidence=confidence)


def with_drops(clips: Clips, share: float, seed: int = 0) -> Clips:
    """Joints missing at random, ``share`` of all."""
    gone = np.random.default_rng(seed).uniform(size=clips.confidence.shape) < share
    return _masked(clips, gone)


def without_joints(clips: Clips, names: tuple[str, ...]) -> Clips:
    """Joints missing throughout."""
    return _masked(clips, np.isin(np.array(H36M17.joints), names)[None, :] & np.ones((clips.frames, 1), bool))


def without_lower_body(clips: Clips, from_share: float = 0.0) -> Clips:
    """Hips, pelvis, knees and ankles out of sight from a share of every clip on, as of who sits at a desk."""
    lower = [part in joint for joint in H36M17.joints for part in ("pelvis", "hip", "knee", "ankle")]
    late = _share_of_clip(clips) >= from_share
    return _masked(clips, late[:, None] & np.reshape(lower, (len(H36M17.joints), -1)).any(axis=1))


def _share_of_clip(clips: Clips) -> np.ndarray:
    """(N,) how much of its clip lies before each frame, 0 to 1."""
    return np.concatenate([np.arange(length) / length for length in clips.lengths])


def _masked(clips: Clips, gone: np.ndarray) -> Clips:
    return replace(
        clips,
        keypoints=np.where(gone[..., None], np.float32(0), clips.keypoints),
        confidence=np.where(gone, np.float32(0), clips.confidence),
    )


def as_coco(clips: Clips) -> Clips:
    """The clips as a COCO detector gives them: its 17 joints by name, of which the face is missing here; no truth.

    Prediction maps them to h36m17 as it maps any COCO file.
    """
    source = np.array([H36M17.joints.index(joint) if joint in H36M17.joints else -1 for joint in COCO17.joints])
    has = source >= 0
    return replace(
        clips,
        layout=COCO17,
        keypoints=np.where(has[:, None], clips.keypoints[:, source], np.float32(0)),
        confidence=np.where(has, clips.confidence[:, source], np.float32(0)),
        joints_cam=None,
    )


def every_other(clips: Clips) -> tuple[Clips, np.ndarray]:
    """(half the frame rate, indices of the frames that were kept)."""
    kept = [np.arange(begin, end, 2) for begin, end in itertools.pairwise(clips.clip_start)]
    index = np.concatenate(kept)
    starts = np.concatenate([[0], np.cumsum([len(part) for part in kept])]).astype(np.int64)
    return _frames(clips, index, starts, np.asarray(clips.fps) / 2), index


def doubled(clips: Clips) -> tuple[Clips, np.ndarray]:
    """(twice the frame rate, where the original frames lie). Truth between frames is their mean, exact 2D its picture.

    Where the 2D is not the truth's picture its error is interpolated too.
    """
    assert clips.joints_cam is not None
    parts = [np.arange(2 * begin, 2 * end - 1) / 2 for begin, end in itertools.pairwise(clips.clip_start)]
    position = np.concatenate(parts)
    left, right = np.floor(position).astype(int), np.ceil(position).astype(int)
    mean = lambda values: ((values[left] + values[right]) / 2).astype(np.float32)  # noqa: E731
    starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    made = _frames(clips, left, starts, 2 * np.asarray(clips.fps))
    seen = (clips.confidence[left] > 0) & (clips.confidence[right] > 0)
    exact = project_px(clips.joints_cam, clips)
    error = mean(clips.keypoints - exact)
    joints_cam = mean(clips.joints_cam)
    made = replace(made, joints_cam=joints_cam)
    keypoints = project_px(joints_cam, made) + error
    confidence = np.where(seen, np.minimum(clips.confidence[left], clips.confidence[right]), 0).astype(np.float32)
    made = replace(made, keypoints=np.where(seen[..., None], keypoints, 0).astype(np.float32), confidence=confidence)
    return made, np.flatnonzero(left == right)


def project_px(joints_cam: np.ndarray, clips: Clips) -> np.ndarray:
    """(N, J, 3) metres under each clip's camera -> (N, J, 2) px."""
    k = np.repeat(clip_intrinsics(clips), clips.lengths, axis=0)[:, None]
    return (k[..., :2] * joints_cam[..., :2] / joints_cam[..., 2:] + k[..., 2:]).astype(np.float32)


def _frames(clips: Clips, index: np.ndarray, starts: np.ndarray, fps: np.ndarray) -> Clips:
    of_frames: dict[str, Any] = {
        name: None if getattr(clips, name) is None else getattr(clips, name)[index]
        for name in ("keypoints", "confidence", "joints_cam", "poses", "transl_cam_m", "scored")
    }
    return replace(clips, **of_frames, clip_start=starts, fps=fps.astype(np.float32))


def seen_from(clips: Clips, elevation_deg: float | np.ndarray | None = None, distance_m: float | None = None) -> Clips:
    """The same motion under another camera, exact 2D: its height above the person, its distance, or both.

    The new camera looks at the middle of the pelvis' path; the focal length follows the distance so that the person
    keeps its size in the picture. Elevation is one or one per clip, and needs ``up_cam``. SMPL truth is left out.
    """
    assert clips.joints_cam is not None
    moved = clips.joints_cam.astype(np.float64).copy()
    intrinsics = clip_intrinsics(clips).astype(np.float64)
    ups = None if clips.up_cam is None else clips.up_cam.astype(np.float64).copy()
    elevations = np.broadcast_to(0.0 if elevation_deg is None else elevation_deg, (clips.num_clips,))
    for clip, (begin, end) in enumerate(itertools.pairwise(clips.clip_start)):
        middle = moved[begin:end, 0].mean(axis=0)
        far = float(np.linalg.norm(middle))
        turn = _shortest_turn(middle / far, np.array([0.0, 0.0, 1.0]))
        if elevation_deg is not None:
            assert ups is not None, "elevation needs up_cam"
            wanted = np.asarray(up_in_camera(jnp.asarray(np.radians(elevations[clip]), jnp.float32)), np.float64)
            turn = _shortest_turn(turn @ ups[clip], wanted) @ turn
        new_far = far if distance_m is None else distance_m
        moved[begin:end] = (moved[begin:end] - middle) @ turn.T + [0.0, 0.0, new_far]
        nearest = moved[begin:end, :, 2].min()
        if nearest < 0.5:  # the person walks into the camera: step back
            moved[begin:end, :, 2] += 0.5 - nearest
            new_far += 0.5 - nearest
        intrinsics[clip, :2] *= new_far / far
        if ups is not None:
            ups[clip] = turn @ ups[clip]
    made = replace(
        clips,
        joints_cam=moved.astype(np.float32),
        intrinsics=intrinsics.astype(np.float32),
        up_cam=None if ups is None else ups.astype(np.float32),
        confidence=np.ones_like(clips.confidence),
        poses=None,
        betas=None,
        transl_cam_m=None,
        body=None,
    )
    return replace(made, keypoints=project_px(made.joints_cam, made))  # type: ignore[arg-type]


def rolled(clips: Clips, degrees: float) -> Clips:
    """The picture and the truth turned about the optical axis: up leans to the right. SMPL truth is left out."""
    assert clips.joints_cam is not None
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    intrinsics = np.repeat(clip_intrinsics(clips).astype(np.float64), clips.lengths, axis=0)[:, None]
    rays = (clips.keypoints - intrinsics[..., 2:]) / intrinsics[..., :2]
    truth = clips.joints_cam.copy()
    truth[..., :2] = truth[..., :2] @ turn.T
    ups = None if clips.up_cam is None else clips.up_cam.copy()
    if ups is not None:
        ups[:, :2] = ups[:, :2] @ turn.T
    return replace(
        clips,
        keypoints=((rays @ turn.T) * intrinsics[..., :2] + intrinsics[..., 2:]).astype(np.float32),
        joints_cam=truth,
        up_cam=ups,
        poses=None,
        betas=None,
        transl_cam_m=None,
        body=None,
    )


def _shortest_turn(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 3) rotation of least angle between two unit vectors."""
    axis, cosine = np.cross(source, target), float(source @ target)
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + skew + skew @ skew / max(1.0 + cosine, 1e-9)
