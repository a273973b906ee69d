"""Fits what tells flight on built-in motion, ``python -m benchmarks.accuracy.flights``.

Jumps, and as many clips of everything else, with exact keypoints and with the simulated detector's; truth is when the
motion flies. Writes ``pn3d/inference/flight_odds.csv`` (``--out FILE``). Options: ``--clips`` (of each kind),
``--seed`` (0 is held out). How good flights are: ``python -m benchmarks.accuracy.jumps``.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.accuracy.views import views_of
from pn3d.data.clips import Clips
from pn3d.inference import flight_odds
from pn3d.inference.flight_odds import FRAMES, SIGNALS, air_signals
from pn3d.synthetic.motion.catalogue import Mixture
from pn3d.synthetic.scenes import airborne_frames, held_out_jumps, make_synthetic_clips

RIDGE = 1e-4
STEPS = 15
MIXTURE = Mixture(families_share=0.35)
NOTE = """\
# What tells that a person is in the air (flight_odds.py): factors of each signal in the frames around, at 30 frames per
# second, where keypoints are exact and where they jitter. Written by python -m benchmarks.accuracy.flights.
"""


def signals_around(clips: Clips) -> np.ndarray:
    """(N, 4, 21) all signals but the constant, in the frames around each, as prediction sees them."""
    seen = []
    for view in views_of("find_flights", clips):
        padded = np.pad(air_signals(view)[:, :-1], ((-FRAMES[0], FRAMES[-1]), (0, 0)), mode="edge")
        seen.append(np.lib.stride_tricks.sliding_window_view(padded, len(FRAMES), axis=0))
    return np.concatenate(seen)


def fitted(features: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Logistic regression by Newton's method, a ridge on features in units of their spread.

    (n, F), (n,) -> (F + 1,), the constant last.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0)
    columns = np.concatenate([(features - mean) / spread, np.ones((len(features), 1))], axis=1)
    weights = np.zeros(columns.shape[1])
    ridge = RIDGE * np.eye(len(weights))
    ridge[-1, -1] = 0.0
    for _ in range(STEPS):
        probability = 1.0 / (1.0 + np.exp(-columns @ weights))
        slope = columns.T @ (probability - truth) / len(truth) + ridge @ weights
        curve = (columns * (probability * (1.0 - probability))[:, None]).T @ columns / len(truth) + ridge
        weights -= np.linalg.solve(curve, slope)
    scaled = weights[:-1] / spread
    return np.append(scaled, weights[-1] - scaled @ mean)


def main() -> None:
    """Fits and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=192)
    parser.add_argument("--seed", type=int, default=79)
    beside = Path(flight_odds.__file__).with_name("flight_odds.csv")
    parser.add_argument("--out", type=Path, default=beside, metavar="FILE")
    options = parser.parse_args()
    lines = [f"keypoints, signal, {', '.join(str(frame) for frame in FRAMES)}"]
    for kind in ("exact", "detected"):
        noise = kind == "detected"
        others = make_synthetic_clips(options.seed, options.clips, detector_noise=noise, mixture=MIXTURE)
        parts = [
            held_out_jumps(options.clips, detector_noise=noise, seed=options.seed),
            (others, airborne_frames(options.seed, options.clips, mixture=MIXTURE)),
        ]
        features = np.concatenate([signals_around(clips).reshape(clips.frames, -1) for clips, _ in parts])
        weights = fitted(features, np.concatenate([airborne for _, airborne in parts]))
        taps = np.append(weights[:-1], np.where(np.array(FRAMES) == 0, weights[-1], 0.0)).reshape(len(SIGNALS), -1)
        for signal, row in zip(SIGNALS, taps, strict=True):
            lines.append(f"{kind}, {signal}, {', '.join(f'{value:.4g}' for value in row)}")
    options.out.write_text(NOTE + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
