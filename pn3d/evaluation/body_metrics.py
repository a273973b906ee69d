"""Metrics of a body: rotations, surface, stature, place, up and joint ranges. Truth is SMPL parameters of a file."""

from collections.abc import Iterator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.body import limits
from pn3d.body.model import BodyModel, rest_joints_m, vertices
from pn3d.body.stature import stature_m
from pn3d.data.clips import Clips
from pn3d.evaluation.joints import counted_frames
from pn3d.evaluation.metrics import MM_PER_M, clip_of_frame, distances, procrustes
from pn3d.geometry import rotations
from pn3d.geometry.skeleton import SMPL24, SMPL24_FEET

OBSERVED_JOINTS = tuple(
    SMPL24.index(name)
    for name in (
        *("pelvis", "left_hip", "right_hip", "left_knee", "right_knee", "spine1", "spine2", "spine3", "neck"),
        *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow"),
    )
)
"""The 13 joints whose rotation the 17 points of a skeleton say something about."""

MAX_VERTEX_FRAMES = 2000
"""Vertices are compared on at most this many frames, evenly spread."""

LIMIT_TOLERANCE_DEG = 10.0
"""A frame violates the limits where a joint is more than this beyond its range."""

_VERTEX_PIECE = 50
"""Frames whose vertices are alive at once; pieces are padded to one shape, so there is one compilation."""
_LIMIT_PIECE = 1024


@dataclass(frozen=True)
class SmplTrack:
    """SMPL parameters of N frames in C clips, camera axes.

    Attributes:
        poses_cam: (N, 24, 3) axis-angle, the pelvis in camera axes.
        betas: (C, S) shape.
        transl_cam_m: (N, 3).
        up_cam: (C, 3) unit vectors "up", or None where unknown.
        foot_contact: (N, 4) probability that left heel, right heel, left toe, right toe stand, or None.
        sole_height_m: (N,) of the lowest foot joint over the prediction's own ground, or None.
    """

    poses_cam: np.ndarray
    betas: np.ndarray
    transl_cam_m: np.ndarray
    up_cam: np.ndarray | None = None
    foot_contact: np.ndarray | None = None
    sole_height_m: np.ndarray | None = None

    def check(self, clip_start: np.ndarray) -> None:
        """Raises ValueError unless the shapes are those of the clips and all numbers are finite."""
        frames, count = int(clip_start[-1]), len(clip_start) - 1
        shapes = {"poses_cam": (frames, 24, 3), "transl_cam_m": (frames, 3), "up_cam": (count, 3)}
        shapes |= {"foot_contact": (frames, 4), "sole_height_m": (frames,)}
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise ValueError(f"{name} must have shape {shape}, found {array.shape}")
        if self.betas.ndim != 2 or len(self.betas) != count:
            raise ValueError(f"betas must have shape ({count}, S), found {self.betas.shape}")
        for name in ("betas", *shapes):
            array = getattr(self, name)
            if array is not None and not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite")


def sole_height_m(body_joints_world_m: np.ndarray) -> np.ndarray:
    """(N, 24, 3) in an upright world whose ground is y = 0 -> (N,) height of the lowest foot joint."""
    return body_joints_world_m[:, list(SMPL24_FEET), 1].min(axis=1)


def true_track(clips: Clips) -> SmplTrack | None:
    """The SMPL truth of a file, None where it has none."""
    if clips.poses is None or clips.betas is None or clips.transl_cam_m is None:
        return None
    return SmplTrack(clips.poses, clips.betas, clips.transl_cam_m, clips.up_cam)


def joint_angle_err_deg(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean angle between local rotations over the 13 observed joints. (N, 24, 3) axis-angle, twice -> (N,) degrees."""
    ours, theirs = (Rotation.from_rotvec(poses[:, list(OBSERVED_JOINTS)]) for poses in (predicted, truth))
    return np.degrees((ours.inv() * theirs).magnitude()).mean(axis=1)


def mean_rotation(axis_angle: np.ndarray) -> np.ndarray:
    """Mean over frames of each joint's rotation (Markley 2007, as SciPy has it). (N, J, 3) -> (J, 3) axis-angle."""
    return Rotation.from_rotvec(axis_angle).mean(axis=0).as_rotvec()


def even_subset(frames: int, at_most: int) -> np.ndarray:
    """Indices of at most that many frames, evenly spread over all of them."""
    if frames <= at_most:
        return np.arange(frames)
    return np.linspace(0, frames - 1, at_most).round().astype(np.int64)


@jax.jit
def _posed_surface(body: BodyModel, betas: jax.Array, poses: jax.Array) -> jax.Array:
    """(P, V, 3) metres, pelvis at the origin."""
    pelvis = rest_joints_m(body, betas)[:, 0]
    return vertices(body, betas, rotations.axis_angle_to_matrix(poses), -pelvis)


def _surfaces(body: BodyModel, betas: np.ndarray, poses: np.ndarray) -> Iterator[np.ndarray]:
    """(n, S), (n, 24, 3) -> pieces of at most 50 frames, (n', V, 3); the last is padded to be traced once."""
    for start in range(0, len(poses), _VERTEX_PIECE):
        index = np.minimum(np.arange(start, start + _VERTEX_PIECE), len(poses) - 1)
        surface = _posed_surface(body, jnp.asarray(betas[index]), jnp.asarray(poses[index]))
        yield np.asarray(surface)[: len(poses) - start]


def _fitted_betas(betas: np.ndarray, body: BodyModel) -> np.ndarray:
    """(C, S') -> (C, S) float32 of this body: missing coefficients are zero."""
    if betas.shape[1] > body.num_betas:
        raise ValueError(f"betas have {betas.shape[1]} coefficients, body {body.name!r} has {body.num_betas}")
    return np.pad(betas, ((0, 0), (0, body.num_betas - betas.shape[1]))).astype(np.float32)


def vertex_errors_mm(
    predicted: SmplTrack, truth: SmplTrack, clip_start: np.ndarray, body: BodyModel, frames: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean vertex distance of these frames, both tracks on the same body.

    Args:
        predicted: parameters of all frames.
        truth: the same.
        clip_start: (C + 1,).
        body: whose parameters both are.
        frames: (n,) indices.

    Returns:
        after similarity Procrustes without reflection (n,), and with the pelvis joints aligned (n,); mm.
    """
    clip = clip_of_frame(clip_start, len(truth.poses_cam))[frames]
    pairs = zip(
        _surfaces(body, _fitted_betas(predicted.betas, body)[clip], predicted.poses_cam[frames].astype(np.float32)),
        _surfaces(body, _fitted_betas(truth.betas, body)[clip], truth.poses_cam[frames].astype(np.float32)),
        strict=True,
    )
    aligned, pelvis = [], []
    for ours, theirs in pairs:
        aligned.append(procrustes(ours, theirs).proper_mm)
        pelvis.append(distances(ours - theirs).mean(axis=1, dtype=np.float64) * MM_PER_M)
    return np.concatenate(aligned), np.concatenate(pelvis)


def vertex_scores(
    predicted: SmplTrack, truth: SmplTrack, clip_start: np.ndarray, body: BodyModel, counted: np.ndarray
) -> dict[str, float]:
    """``pa_pve_mm``, and ``pa_pve_frames``: how many of the counted frames, evenly spread, it is the mean of."""
    frames = counted[even_subset(len(counted), MAX_VERTEX_FRAMES)]
    aligned, _ = vertex_errors_mm(predicted, truth, clip_start, body, frames)
    return {"pa_pve_mm": float(aligned.mean()), "pa_pve_frames": len(frames)}


def up_err_deg(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Angle between directions. (C, 3), (C, 3) -> (C,) degrees."""
    a, b = predicted.astype(np.float64), truth.astype(np.float64)
    return np.degrees(np.arctan2(distances(np.cross(a, b)), np.einsum("nk,nk->n", a, b)))


def limit_violated(poses: np.ndarray) -> np.ndarray:
    """Frames with a joint more than 10 degrees beyond its range. (N, 24, 3) axis-angle -> (N,) bool."""
    out = []
    for start in range(0, len(poses), _LIMIT_PIECE):
        index = np.minimum(np.arange(start, start + _LIMIT_PIECE), len(poses) - 1)
        excess = np.asarray(_limit_excess(jnp.asarray(poses[index], jnp.float32)))
        out.append(excess.reshape(len(excess), -1).max(axis=1)[: len(poses) - start])
    return np.degrees(np.concatenate(out)) > LIMIT_TOLERANCE_DEG


@jax.jit
def _limit_excess(poses: jax.Array) -> jax.Array:
    return limits.limit_excess_rad(poses)


def body_scores(predicted: SmplTrack, clips: Clips, body: BodyModel | None) -> dict[str, float]:
    """What can be said about a predicted body with the truth that the file has.

    Args:
        predicted: the prediction, on ``body``.
        clips: the file; each kind of truth that it lacks leaves its metrics out.
        body: None leaves out what needs a surface, and so does truth on another body.

    Returns:
        of ``joint_angle_err_deg``, ``pa_pve_mm``, ``pa_pve_frames``, ``up_err_deg`` and ``height_err_mm`` (absolute) as
        means over clips, ``limit_violation_frac``.
    """
    predicted.check(clips.clip_start)
    truth, counted = true_track(clips), counted_frames(clips)
    poses = predicted.poses_cam[counted]
    scores: dict[str, float] = {}
    if truth is not None:
        scores["joint_angle_err_deg"] = float(joint_angle_err_deg(poses, truth.poses_cam[counted]).mean())
        if body is not None and body.name == clips.body:
            scores |= vertex_scores(predicted, truth, clips.clip_start, body, counted)
    if predicted.up_cam is not None and clips.up_cam is not None:
        scores["up_err_deg"] = float(up_err_deg(predicted.up_cam, clips.up_cam).mean())
    if truth is not None and body is not None and body.name == clips.body:
        ours, theirs = (stature_m(body, _fitted_betas(track.betas, body)) for track in (predicted, truth))
        scores["height_err_mm"] = float(np.abs(ours - theirs).mean() * MM_PER_M)
    scores["limit_violation_frac"] = float(limit_violated(poses).mean())
    return scores
