"""Frames per second of every joint metric together, without a network: ``python -m benchmarks.speed.metrics``."""

import argparse
import os
import time

import numpy as np

from pn3d.evaluation import metrics

CLIP_FRAMES = 500


def measure(frames: int, repeats: int, seed: int) -> float:
    """The best of ``repeats`` timings, in frames/s, of what one evaluation computes from joints."""
    rng = np.random.default_rng(seed)
    truth_m = rng.normal(size=(frames, 17, 3)).astype(np.float32) * 0.3
    predicted_m = truth_m + rng.normal(size=truth_m.shape).astype(np.float32) * 0.05
    clip_start = np.append(np.arange(0, frames, CLIP_FRAMES), frames)
    best = 0.0
    for _ in range(repeats):
        start = time.perf_counter()
        metrics.frame_errors(predicted_m, truth_m)
        metrics.accel_err_mm_per_frame2(predicted_m, truth_m, clip_start, scale_per_frame=True)
        metrics.bone_std(predicted_m, clip_start)
        best = max(best, frames / (time.perf_counter() - start))
    return best


def main() -> None:
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rate = measure(options.frames, options.repeats, options.seed)
    print(f"all joint metrics: {rate:,.0f} frames/s ({options.frames:,} frames, {os.cpu_count()} cores, bar 100,000)")


if __name__ == "__main__":
    main()
