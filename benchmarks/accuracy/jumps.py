"""Jumps: how high and how long, beside the truth, ``python -m benchmarks.accuracy.jumps``.

Built-in clips of jumping, held out, with exact keypoints and with the simulated detector's. Of every true flight of at
least ``SHORTEST`` frames whose take-off and landing are in the clip: the pelvis' rise from the middle of take-off and
landing to its highest, as it is and after one scale per clip (people's size is assumed), and the frames in which the
person is said to fly that meet it. Options: ``--clips``, ``--seed`` (0 is held out; settings were chosen with another),
``--weights``.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.data.clips import Clips
from pn3d.geometry.runs import runs
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.predict import predict
from pn3d.inference.prediction import Prediction
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights
from pn3d.synthetic.scenes import held_out_jumps

SHORTEST = 6
CLOSE = 0.1
_CHILDREN = [child for child, parent in enumerate(H36M17.parents) if parent >= 0]
_PARENTS = [H36M17.parents[child] for child in _CHILDREN]


def rise_m(height_m: np.ndarray, begin: int, end: int) -> float:
    """From the middle of take-off and landing to the highest."""
    return float(height_m[begin - 1 : end + 1].max() - 0.5 * (height_m[begin - 1] + height_m[end]))


def compared(prediction: Prediction, clips: Clips, airborne: np.ndarray) -> str:
    """One line: shares of rises and flights that are close."""
    ours, theirs = prediction.joints_cam_m, clips.joints_cam
    assert ours is not None
    assert theirs is not None
    assert prediction.airborne is not None
    assert clips.up_cam is not None
    ratios, scales, late = [], [], []
    false = 0
    for clip, (first, last) in enumerate(itertools.pairwise(clips.clip_start)):
        own, true = (joints[first:last].astype(np.float64) for joints in (ours, theirs))
        bones = [np.linalg.norm(of[:, _CHILDREN] - of[:, _PARENTS], axis=-1).sum() for of in (own, true)]
        heights = own[:, 0] @ prediction.up_cam[clip], true[:, 0] @ clips.up_cam[clip]
        flights, found = runs(airborne[first:last]), runs(prediction.airborne[first:last])
        false += sum(not airborne[first:last][begin:end].any() for begin, end in found)
        for begin, end in flights:
            if end - begin < SHORTEST or begin == 0 or end == last - first:
                continue
            ratios.append(rise_m(heights[0], begin, end) / rise_m(heights[1], begin, end))
            scales.append(bones[1] / bones[0])
            met = [(b, e) for b, e in found if min(e, end) > max(b, begin)]
            late.append(min((abs((e - b) - (end - begin)) for b, e in met), default=np.inf))
    plain, scaled, off = np.array(ratios), np.array(ratios) * np.array(scales), np.array(late)
    error = np.abs(scaled - 1)
    return (
        f"{len(off)} flights; rise within {CLOSE:.0%}: {np.mean(np.abs(plain - 1) < CLOSE):.0%}, after one scale per "
        f"clip {np.mean(error < CLOSE):.0%} (median error {np.median(error):.1%}); found "
        f"{np.mean(np.isfinite(off)):.0%}, time within one frame {np.mean(off <= 1):.0%}, within two "
        f"{np.mean(off <= 2):.0%}; {false} that are none"
    )


def main() -> None:
    """Predicts and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", type=Path, default=SHIPPED_WEIGHTS, metavar="FILE")
    options = parser.parse_args()
    weights = load_weights(options.weights)
    for noise in (False, True):
        clips, airborne = held_out_jumps(options.clips, detector_noise=noise, seed=options.seed)
        prediction = predict(weights, clips, builtin_body(), builtin_landmarks())
        print(f"{'simulated detector' if noise else 'exact'}: {compared(prediction, clips, airborne)}")


if __name__ == "__main__":
    main()
