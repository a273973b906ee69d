"""A benchmark of real motion that anybody can rebuild: the CMU motion capture database as public BVH, seen by cameras.

Source: the conversion of the CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu, created with funding from NSF
EIA-0196217) to BVH by B. Hahne: files such as ``07_01.bvh`` at any depth of a folder, 120 frames per second, the first
frame an added T-pose. Everything drawn depends on the seed and the trial's name alone. Four files come of it: training
and development clips, each with exact 2D (``gt``) and as a simulated detector sees it (``det``). Training has no 3D.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pn3d.data.clips import Clips
from pn3d.data.simulated_detector import detect
from pn3d.datasets.assembly import ClipRecord, assemble
from pn3d.datasets.bvh import read_bvh_file
from pn3d.datasets.bvh_names import h36m17_joints_m
from pn3d.datasets.mocap import frame_step, generator, render, without_truth
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17, mirrored_name

FPS = 30.0
_CAMERAS = 4
_MAX_FRAMES = 900
_STATURE = (0.88, 1.14)
_SEGMENT_SIGMA, _SEGMENT_BOUND = 0.03, 0.08
_DEV_SHARE = 8
_MIN_FRAMES = 30


def _trials(**subjects: str) -> tuple[str, ...]:
    """``s07="1-12"`` -> 07_01 … 07_12; parts of a list are separated by spaces."""
    names = []
    for subject, ranges in subjects.items():
        for part in ranges.split():
            first, _, last = part.partition("-")
            names += [f"{subject[1:]}_{trial:02d}" for trial in range(int(first), int(last or first) + 1)]
    return tuple(names)


MOTIONS: Mapping[str, tuple[str, ...]] = {
    "walking": _trials(s07="1-12", s08="1-11", s12="1-3", s35="1-16", s39="1-10"),
    "running": _trials(s09="1-11", s16="35-36 45-46 55-56", s35="17-26"),
    "jumping": _trials(s13="11 13 19 32 39-42", s16="1-7 9-10", s118="1-30"),
    "soccer": _trials(s10="1-3 5-6", s11="1"),
    "basketball": _trials(s06="2-15"),
    "basketball_signal": _trials(
        **{"s26": "2", "s27": "2 6", "s28": "1 5", "s29": "2 7", "s30": "1 7", "s31": "1 5", "s32": "3 7"},
        **{"s40": "12", "s41": "10-11"},
    ),
    "directing_traffic": _trials(s13="26-28", s14="24-26"),
}
"""Action -> trials, after the database's own index."""


def make_benchmark(
    source: str | Path, *, seed: int = 0, per_action: int = 10, motions: Mapping[str, Sequence[str]] = MOTIONS
) -> dict[str, Clips]:
    """Builds the benchmark.

    Args:
        source: folder with the BVH files, at any depth.
        seed: of bodies, cameras, detections and the choice of trials.
        per_action: at most that many trials of each action; every eighth of them (at least one of two) is for
            development.
        motions: action -> names of trials; those that are not in the folder are left out.

    Returns:
        ``train_gt``, ``train_det``, ``dev_gt``, ``dev_det``; clips are ``action/trial/camK``.

    Raises:
        UserError: the folder has none of the trials, or a file cannot be read.
    """
    source = Path(source)
    if not source.is_dir():
        raise UserError(f"{source}: no such folder; expected CMU's BVH files such as 07_01.bvh")
    files = {path.stem: path for path in sorted(source.rglob("*.bvh"))}
    rng = generator(seed, "the choice of trials")
    records: dict[str, list[ClipRecord]] = {"train_gt": [], "train_det": [], "dev_gt": [], "dev_det": []}
    for action, trials in motions.items():
        there = [trial for trial in trials if trial in files]
        chosen = [there[i] for i in rng.permutation(len(there))[:per_action]]
        dev = max(1, len(chosen) // _DEV_SHARE) if len(chosen) > 1 else 0
        for number, trial in enumerate(chosen):
            split = "dev" if number < dev else "train"
            exact, detected = _clips_of_trial(files[trial], f"{action}/{trial}", seed)
            keep = (lambda record: record) if split == "dev" else without_truth
            records[f"{split}_gt"] += map(keep, exact)
            records[f"{split}_det"] += map(keep, detected)
    if not records["train_gt"] or not records["dev_gt"]:
        found = ", ".join(list(files)[:5]) or "none"
        raise UserError(f"{source}: too few of the trials ({_example(motions)} …) are among its BVH files: {found}")
    return {name: assemble(clips, source) for name, clips in records.items()}


def _example(motions: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(trials[0] for trials in list(motions.values())[:3] if trials)


def _clips_of_trial(path: Path, name: str, seed: int) -> tuple[list[ClipRecord], list[ClipRecord]]:
    """One trial on a body of its own, from four cameras: exact and detected."""
    bvh = read_bvh_file(path)
    step = frame_step(path, bvh.fps, FPS)
    joints_m = h36m17_joints_m(bvh, up="y", frames=slice(1, None, step))[:_MAX_FRAMES]
    if len(joints_m) < _MIN_FRAMES:
        raise UserError(
            f"{path}: {len(joints_m)} frames at {bvh.fps / step:g} per second; expected {_MIN_FRAMES} or more"
        )
    rng = generator(seed, name)
    joints_m = with_body(joints_m, random_proportions(rng))
    exact = [record for record, _ in render(name, joints_m, bvh.fps / step, rng, _CAMERAS, detector=False)]
    detected = []
    for record in exact:
        assert record.confidence is not None
        keypoints, confidence = detect(rng, record.keypoints_px, record.fps, record.confidence > 0)
        detected.append(replace(record, keypoints_px=keypoints, confidence=confidence))
    return exact, detected


def random_proportions(rng: np.random.Generator) -> np.ndarray:
    """(17,) length factors of the bones that end in each joint of h36m17: stature, and a few per cent for each segment.

    The same left and right; the two halves of the trunk alike. The root's own factor is the stature.
    """
    stature = rng.uniform(*_STATURE)
    segments: dict[str, float] = {}
    factors = np.empty(len(H36M17.joints))
    for i, joint in enumerate(H36M17.joints):
        key = "trunk" if joint in ("spine", "thorax") else min(joint, mirrored_name(joint))
        if key not in segments:
            drawn = rng.normal(0, _SEGMENT_SIGMA)
            segments[key] = 1 + float(np.clip(drawn, -_SEGMENT_BOUND, _SEGMENT_BOUND))
        factors[i] = stature * (segments[key] if joint != "pelvis" else 1.0)
    return factors


def with_body(joints_m: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The same motion on another body: every bone keeps its direction and is as many times as long.

    The root's path is scaled by its own factor, so that steps fit the legs. (T, 17, 3), (17,) -> (T, 17, 3).
    """
    result = np.empty_like(joints_m)
    for i, parent in enumerate(H36M17.parents):
        if parent < 0:
            result[:, i] = joints_m[:, i] * factors[i]
        else:
            result[:, i] = result[:, parent] + (joints_m[:, i] - joints_m[:, parent]) * factors[i]
    return result
