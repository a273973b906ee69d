"""Joint metrics: batched over frames, float64 inside, metres in and millimetres out.

N frames of J joints, camera axes. "Root-relative" subtracts the root of the prediction from the prediction and that of
the truth from the truth: joint 0, or the middle of the joints that ``root`` names. A root that is a joint takes part in
every mean with its error of zero unless a metric says otherwise. All functions give one number per frame (N,) unless
they say otherwise, and raise ValueError where the arrays do not fit together or are not finite.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeVar

import numpy as np

from pn3d.evaluation.joint_set import ALL_JOINTS, JointSet
from pn3d.geometry.skeleton import H36M17

MM_PER_M = 1000.0
PCK_THRESHOLD_MM = 150.0
AUC_STEP_MM = 5.0
AUC_STEPS = 30
"""The AUC is the mean PCK over the 31 thresholds 0, 5, ..., 150 mm."""

FLIP_MARGIN_MM = 1.0
"""A frame counts as depth-flipped where negating its depth lowers the PA-MPJPE by more than this."""

_CHUNK_FRAMES = 2048
"""Frames per piece of work: what one piece touches (about 5 MB) stays in the cache of a core."""
_MAX_THREADS = 8

PELVIS = (0,)
"""Where the root is unless a caller says otherwise."""

T = TypeVar("T")


def check_pair(predicted_m: np.ndarray, truth_m: np.ndarray, joints: int | None = None) -> None:
    """Raises ValueError unless both are finite (N, J, 3) of one shape, with N > 0 (and J = ``joints`` where given)."""
    for name, array in (("predicted_m", predicted_m), ("truth_m", truth_m)):
        if array.ndim != 3 or array.shape[-1] != 3 or not array.size:
            raise ValueError(f"{name} must have shape (N, J, 3) with N > 0, found {array.shape}")
        if joints is not None and array.shape[1] != joints:
            raise ValueError(f"{name} must have {joints} joints, found {array.shape[1]}")
    if predicted_m.shape != truth_m.shape:
        raise ValueError(f"predicted_m {predicted_m.shape} and truth_m {truth_m.shape} must have one shape")
    for name, array in (("predicted_m", predicted_m), ("truth_m", truth_m)):
        if not np.isfinite(array).all():
            frame, joint = (int(i) for i in np.argwhere(~np.isfinite(array))[0][:2])
            raise ValueError(f"{name} must be finite, found {array[frame, joint]} at frame {frame}, joint {joint}")


def map_frames(function: Callable[[int, int], T], frames: int, chunk: int = _CHUNK_FRAMES) -> list[T]:
    """``function(start, stop)`` over pieces of ``frames``, on a few threads (NumPy releases the lock), in order."""
    starts = range(0, frames, chunk)
    pieces = [(start, min(start + chunk, frames)) for start in starts]
    threads = min(os.cpu_count() or 1, _MAX_THREADS, len(pieces))
    if threads <= 1:
        return [function(*piece) for piece in pieces]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda piece: function(*piece), pieces))


def per_frame(
    function: Callable[[np.ndarray, np.ndarray], np.ndarray], predicted_m: np.ndarray, truth_m: np.ndarray
) -> np.ndarray:
    """A metric of this file over many frames, in pieces on a few threads. -> (N,)."""
    check_pair(predicted_m, truth_m)
    return np.concatenate(map_frames(lambda a, b: function(predicted_m[a:b], truth_m[a:b]), len(predicted_m)))


def root_relative_mm(joints_m: np.ndarray, root: Sequence[int] = PELVIS) -> np.ndarray:
    """(N, J, 3) m -> (N, J, 3) mm, float64, the middle of the joints ``root`` at the origin."""
    joints_mm = joints_m.astype(np.float64) * MM_PER_M
    return joints_mm - joints_mm[:, list(root)].mean(axis=1, keepdims=True)


def distances(difference: np.ndarray) -> np.ndarray:
    """Lengths of vectors. (*, 3) -> (*)."""
    return np.sqrt(np.einsum("...k,...k->...", difference, difference))


def least_squares_scale(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The factor s of each frame that minimises |s predicted - truth|^2; 0 for a point. (N, 1, 1)."""
    square = np.einsum("njk,njk->n", predicted, predicted)
    product = np.einsum("njk,njk->n", predicted, truth)
    return _divide(product, square)[:, None, None]


def norm_scale(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The factor that gives each frame the Frobenius norm of the truth (ElePose's N-MPJPE). (N, 1, 1)."""
    square = np.einsum("njk,njk->n", predicted, predicted)
    return np.sqrt(_divide(np.einsum("njk,njk->n", truth, truth), square))[:, None, None]


def mpjpe_mm(predicted_m: np.ndarray, truth_m: np.ndarray, root: Sequence[int] = PELVIS) -> np.ndarray:
    """Mean distance of root-relative joints, no scaling (VideoPose3D protocol 1). (N,) mm."""
    return distances(root_relative_mm(predicted_m, root) - root_relative_mm(truth_m, root)).mean(axis=1)


def n_mpjpe_mm(predicted_m: np.ndarray, truth_m: np.ndarray, root: Sequence[int] = PELVIS) -> np.ndarray:
    """Mean distance of root-relative joints after least-squares scale (VideoPose3D protocol 3). (N,) mm."""
    predicted, truth = root_relative_mm(predicted_m, root), root_relative_mm(truth_m, root)
    return distances(least_squares_scale(predicted, truth) * predicted - truth).mean(axis=1)


def norm_scaled_mpjpe_mm(predicted_m: np.ndarray, truth_m: np.ndarray, root: Sequence[int] = PELVIS) -> np.ndarray:
    """As ``n_mpjpe_mm`` but scaled to the truth's norm, which is what ElePose calls N-MPJPE. (N,) mm."""
    predicted, truth = root_relative_mm(predicted_m, root), root_relative_mm(truth_m, root)
    return distances(norm_scale(predicted, truth) * predicted - truth).mean(axis=1)


class Procrustes(NamedTuple):
    """Distances after similarity alignment of the pose, and of the pose with its depth negated; mm.

    Attributes:
        proper_mm: (N,) mean distance; the rotation is a rotation (reflection not allowed).
        depth_negated_mm: (N,) the same for the prediction with z -> -z.
        reflected_mm: (N,) an orthogonal matrix of either determinant, whichever has the smaller squared error.
        scale_unsigned: (N,) (S1 + S2 + S3) / |P|^2: the alignment's scale where reflection is allowed.
    """

    proper_mm: np.ndarray
    depth_negated_mm: np.ndarray
    reflected_mm: np.ndarray
    scale_unsigned: np.ndarray


def procrustes(predicted_m: np.ndarray, truth_m: np.ndarray) -> Procrustes:
    """Similarity Procrustes (Umeyama 1991, Eq. 40-42) of (N, J, 3) onto (N, J, 3), one SVD a frame for all variants.

    With K = P^T G = U S V^T of the centred points, row vectors turn by R = U diag(1, 1, d) V^T, d = det U det V.
    Negating z puts diag(1, 1, -1) before K: the same S, and -d; the best reflection of P is therefore the best rotation
    of its depth twin, so the two distances hold all that is wanted. A prediction that is a single point has scale 0.
    """
    predicted = predicted_m.astype(np.float64)
    predicted -= predicted.mean(axis=1, keepdims=True)
    truth = truth_m.astype(np.float64) * MM_PER_M
    truth -= truth.mean(axis=1, keepdims=True)
    u, s, vt = np.linalg.svd(np.matmul(predicted.transpose(0, 2, 1), truth))
    sign = np.where(np.linalg.det(u) * np.linalg.det(vt) < 0, -1.0, 1.0)
    square = np.einsum("njk,njk->n", predicted, predicted)

    def aligned_mm(third: np.ndarray) -> np.ndarray:
        scale = _divide(s[:, 0] + s[:, 1] + third * s[:, 2], square)
        turn = np.matmul(u * np.stack([scale, scale, third * scale], axis=-1)[:, None, :], vt)
        return distances(np.matmul(predicted, turn) - truth).mean(axis=1)

    proper, twin = aligned_mm(sign), aligned_mm(-sign)
    unsigned = _divide(s.sum(axis=1), square) / MM_PER_M
    return Procrustes(proper, twin, np.where(sign > 0, proper, twin), unsigned)


def pa_mpjpe_mm(predicted_m: np.ndarray, truth_m: np.ndarray) -> np.ndarray:
    """Mean distance after similarity Procrustes, reflection not allowed (VideoPose3D protocol 2). (N,) mm."""
    return procrustes(predicted_m, truth_m).proper_mm


def pa_mpjpe_reflected_mm(predicted_m: np.ndarray, truth_m: np.ndarray) -> np.ndarray:
    """Mean distance after similarity Procrustes, reflection allowed (ElePose, LInKs). (N,) mm."""
    return procrustes(predicted_m, truth_m).reflected_mm


def flip_min_pa_mpjpe_mm(predicted_m: np.ndarray, truth_m: np.ndarray) -> np.ndarray:
    """The smaller PA-MPJPE of the pose and of its depth twin (ITES). (N,) mm."""
    result = procrustes(predicted_m, truth_m)
    return np.minimum(result.proper_mm, result.depth_negated_mm)


def flip_min_scaled_mpjpe_mm(predicted_m: np.ndarray, truth_m: np.ndarray, root: Sequence[int] = PELVIS) -> np.ndarray:
    """The smaller root-relative distance of pose and depth twin, both at the scale of a Procrustes alignment with
    reflection, as ITES scales them. (N,) mm."""
    scale = procrustes(predicted_m, truth_m).scale_unsigned[:, None, None]
    predicted, truth = root_relative_mm(predicted_m, root) * scale, root_relative_mm(truth_m, root)
    twin = predicted * np.array([1.0, 1.0, -1.0])
    return np.minimum(distances(predicted - truth).mean(axis=1), distances(twin - truth).mean(axis=1))


def pck_pct(distance_mm: np.ndarray) -> np.ndarray:
    """Share of joints strictly nearer than 150 mm. (N, J) -> (N,) percent."""
    return 100.0 * (distance_mm < PCK_THRESHOLD_MM).mean(axis=1)


def auc_pct(distance_mm: np.ndarray) -> np.ndarray:
    """Mean PCK over the thresholds 0, 5, ..., 150 mm (31, strict). (N, J) -> (N,) percent.

    A distance passes the thresholds 5 k > d, so their number follows from floor(d / 5) without a loop over them (the
    quotient of a float just below 5 k never rounds up to k).
    """
    passed = np.clip(AUC_STEPS - np.floor(distance_mm / AUC_STEP_MM), 0.0, None)
    return 100.0 * passed.mean(axis=1) / (AUC_STEPS + 1)


@dataclass(frozen=True)
class FrameErrors:
    """What one frame says about itself, (N,) float64 each; of all joints compared unless the name says otherwise."""

    mpjpe_mm: np.ndarray
    n_mpjpe_mm: np.ndarray
    pa_mpjpe_mm: np.ndarray
    pa_mpjpe_14_mm: np.ndarray | None
    pa_mpjpe_reflected_mm: np.ndarray
    depth_negated_pa_mpjpe_mm: np.ndarray
    pck150_pct: np.ndarray
    auc_pct: np.ndarray

    @property
    def flip_min_pa_mpjpe_mm(self) -> np.ndarray:
        """The better of pose and depth twin. (N,)."""
        return np.minimum(self.pa_mpjpe_mm, self.depth_negated_pa_mpjpe_mm)

    @property
    def depth_flipped(self) -> np.ndarray:
        """Where negating the depth lowers the PA-MPJPE by more than 1 mm. (N,) bool."""
        return self.depth_negated_pa_mpjpe_mm < self.pa_mpjpe_mm - FLIP_MARGIN_MM


def frame_errors(predicted_m: np.ndarray, truth_m: np.ndarray, joints: JointSet = ALL_JOINTS) -> FrameErrors:
    """All per-frame joint metrics of (N, J, 3), which are these joints, against the truth, in one pass over the frames.

    ``pa_mpjpe_14_mm`` is None where the 14 are not among them.
    """
    check_pair(predicted_m, truth_m, len(joints.index))
    pieces = map_frames(lambda a, b: _piece_errors(predicted_m[a:b], truth_m[a:b], joints), len(predicted_m))
    columns: dict[str, Any] = {}
    for field in fields(FrameErrors):
        of = [getattr(piece, field.name) for piece in pieces]
        columns[field.name] = None if of[0] is None else np.concatenate(of)
    return FrameErrors(**columns)


def _piece_errors(predicted_m: np.ndarray, truth_m: np.ndarray, joints: JointSet) -> FrameErrors:
    predicted, truth = root_relative_mm(predicted_m, joints.root), root_relative_mm(truth_m, joints.root)
    unscaled = distances(predicted - truth)
    scaled = distances(least_squares_scale(predicted, truth) * predicted - truth)
    aligned = procrustes(predicted_m, truth_m)
    subset = None if joints.lsp14 is None else list(joints.lsp14)
    but_root = list(joints.but_root)
    return FrameErrors(
        mpjpe_mm=unscaled.mean(axis=1),
        n_mpjpe_mm=scaled.mean(axis=1),
        pa_mpjpe_mm=aligned.proper_mm,
        pa_mpjpe_14_mm=None if subset is None else procrustes(predicted_m[:, subset], truth_m[:, subset]).proper_mm,
        pa_mpjpe_reflected_mm=aligned.reflected_mm,
        depth_negated_pa_mpjpe_mm=aligned.depth_negated_mm,
        pck150_pct=pck_pct(scaled[:, but_root]),
        auc_pct=auc_pct(scaled[:, but_root]),
    )


def accel_err_mm_per_frame2(
    predicted_m: np.ndarray,
    truth_m: np.ndarray,
    clip_start: np.ndarray,
    *,
    scale_per_frame: bool,
    counted: np.ndarray | None = None,
    root: Sequence[int] = PELVIS,
) -> float | None:
    """Mean length of the second difference over time of the root-relative error, in mm per frame squared.

    ``scale_per_frame`` first scales each frame by least squares (for a prediction without metric scale). Differences
    never cross clips, nor frames that ``counted`` (N,) bool leaves out; None where no three frames follow each other.
    """
    check_pair(predicted_m, truth_m)
    clip = clip_of_frame(clip_start, len(predicted_m))
    inside = clip[2:] == clip[:-2]
    if counted is not None:
        inside &= counted[2:] & counted[1:-1] & counted[:-2]
    if not inside.any():
        return None

    def piece(start: int, stop: int) -> float:
        """The differences that begin in [start, stop): frames start .. stop + 2."""
        predicted, truth = (root_relative_mm(of[start : stop + 2], root) for of in (predicted_m, truth_m))
        if scale_per_frame:
            predicted = least_squares_scale(predicted, truth) * predicted
        error = predicted - truth
        second = error[2:] - 2.0 * error[1:-1] + error[:-2]
        return float(distances(second).mean(axis=1)[inside[start:stop]].sum())

    return sum(map_frames(piece, len(inside))) / int(inside.sum())


def bone_std(
    joints_m: np.ndarray, clip_start: np.ndarray, bones: Sequence[tuple[int, int]] = H36M17.bones
) -> tuple[float, float]:
    """How much bones change their length within a clip: std over its frames, mean over bones, mean over clips.

    Returns:
        in percent, of each bone's length over the total length of all bones of that frame; and in mm, of its length.
    """
    parent, child = (list(ends) for ends in zip(*bones, strict=True))
    length_mm = np.concatenate(
        map_frames(
            lambda a, b: distances(joints_m[a:b, child].astype(np.float64) - joints_m[a:b, parent]) * MM_PER_M,
            len(joints_m),
        )
    )
    share_pct = 100.0 * _divide(length_mm, length_mm.sum(axis=1, keepdims=True))
    return _std_within_clips(share_pct, clip_start), _std_within_clips(length_mm, clip_start)


def _std_within_clips(values: np.ndarray, clip_start: np.ndarray) -> float:
    """(N, K) -> the population std over the frames of each clip, averaged over K and clips."""
    start, lengths = np.asarray(clip_start[:-1]), np.diff(clip_start)
    mean = np.add.reduceat(values, start, axis=0) / lengths[:, None]
    squares = np.add.reduceat((values - np.repeat(mean, lengths, axis=0)) ** 2, start, axis=0)
    return float(np.sqrt(squares / lengths[:, None]).mean())


def clip_of_frame(clip_start: np.ndarray, frames: int) -> np.ndarray:
    """(C + 1,) starts from 0 to ``frames`` -> (N,) index of each frame's clip; ValueError where they do not fit."""
    lengths = np.diff(clip_start)
    if np.ndim(clip_start) != 1 or len(clip_start) < 2 or clip_start[0] != 0 or (lengths <= 0).any():
        raise ValueError(f"clip_start must be (C + 1,), increasing from 0, found {np.asarray(clip_start)}")
    if clip_start[-1] != frames:
        raise ValueError(f"clip_start must end at the {frames} frames, found {clip_start[-1]}")
    return np.repeat(np.arange(len(lengths)), lengths)


def mean_by_group(values: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Mean of (N,) values within each name of (N,) str, sorted by name."""
    names, index = np.unique(group, return_inverse=True)
    sums, counts = np.bincount(index, weights=values), np.bincount(index)
    return {str(name): float(total / count) for name, total, count in zip(names, sums, counts, strict=True)}


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Quotient, 0 where the denominator is 0."""
    positive = denominator > 0
    return np.where(positive, numerator, 0.0) / np.where(positive, denominator, 1.0)
