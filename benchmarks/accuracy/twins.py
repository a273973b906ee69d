"""Depth twins: how much is flipped, what choosing between prediction and twin could bring, and what leaps bring.

    python -m benchmarks.accuracy.twins [--data FILE … built-in built-in-families] [--seed N --clips 240]

Student, mm of PA-MPJPE. "Twin": the prediction with its depths negated; the better of both by the truth, chosen for
each frame, half second, two seconds or clip. "Leaps": with nothing carried over leaps in depth, and as it is
(``pn3d.inference.leaps``); the clips that change. ``--seed`` makes clips of families and random poses beside them.
"""

import argparse
import time

import numpy as np

import pn3d.inference.leaps as leaps
from benchmarks.accuracy.prediction_dials import clips_of
from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import start_jax
from pn3d.data.clips import Clips
from pn3d.evaluation.joints import common_joints, counted_frames, true_joints
from pn3d.evaluation.metrics import FLIP_MARGIN_MM, procrustes
from pn3d.inference.predict import predict
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights
from pn3d.synthetic.motion.catalogue import Mixture
from pn3d.synthetic.scenes import make_synthetic_clips

BLOCKS_S = (0.5, 2.0, np.inf)
DETECTED = " with a simulated detector"


def errors(joints_m: np.ndarray, clips: Clips) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counted frames (n,), and PA-MPJPE of the prediction and of its twin there, mm."""
    common = common_joints(joints_m, clips)
    counted, index = counted_frames(clips, common.index), list(common.index)
    found = procrustes(joints_m[counted][:, index], true_joints(clips)[counted][:, index])
    return counted, found.proper_mm, found.depth_negated_mm


def study(weights: Weights, name: str, clips: Clips) -> None:
    """Prints what is flipped in one file."""
    body, landmarks = builtin_body(), builtin_landmarks()
    usual, leaps.CLOSER = leaps.CLOSER, 0.0  # nothing is that close
    without = predict(weights, clips, body, landmarks)
    leaps.CLOSER = usual
    began = time.process_time()
    found = predict(weights, clips, body, landmarks)
    assert without.joints_cam_m is not None
    assert found.joints_cam_m is not None
    assert found.depth_carried is not None
    counted, own, twin = errors(without.joints_cam_m, clips)
    clip_of = np.repeat(np.arange(clips.num_clips), clips.lengths)[counted]
    gains = [(own - np.minimum(own, twin)).mean()]
    for block_s in BLOCKS_S:
        time_s = (counted - clips.clip_start[clip_of]) / clips.fps[clip_of]
        block = np.unique(clip_of * 10**6 + (time_s / block_s).astype(int), return_inverse=True)[1]
        sums = [np.bincount(block, each) for each in (own, twin)]
        gains.append((sums[0] - np.minimum(*sums)).sum() / len(own))
    flipped = 100 * (twin < own - FLIP_MARGIN_MM).mean()
    words = " / ".join(f"{gain:.2f}" for gain in gains)
    print(f"{name}: PA {own.mean():.2f}, flipped {flipped:.2f} %, twin per frame / 0.5 s / 2 s / clip {words}")
    _, new, new_twin = errors(found.joints_cam_m, clips)
    flipped = 100 * (new_twin < new - FLIP_MARGIN_MM).mean()
    print(f"  leaps: PA {new.mean():.2f}, flipped {flipped:.2f} %, {time.process_time() - began:.1f} s of processors")
    for clip in np.unique(clip_of[found.depth_carried[counted]]):
        its = clip_of == clip
        count = int(found.depth_carried[counted][its].sum())
        print(f"  {clips.clip_name[clip]}: {count} frames carried, {own[its].mean():.1f} -> {new[its].mean():.1f}")


def main() -> None:
    """Prints all files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["built-in", "built-in-families"])
    parser.add_argument("--seed", type=int, metavar="N")
    parser.add_argument("--clips", type=int, default=240)
    options = parser.parse_args()
    start_jax()
    weights = load_weights(SHIPPED_WEIGHTS)
    for name in options.data:
        study(weights, name, clips_of(name))
    if options.seed is not None:
        mixture = Mixture(families_share=0.9, random_share=0.1)
        for noisy in (False, True):
            made = make_synthetic_clips(options.seed, options.clips, detector_noise=noisy, mixture=mixture)
            study(weights, f"{options.clips} clips of seed {options.seed}{DETECTED if noisy else ''}", made)


if __name__ == "__main__":
    main()
