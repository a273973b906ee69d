"""Precision and recall of the warnings of ``pn3d predict``, on simulated corruption of built-in motion.

    python -m benchmarks.doubts [--clips N]

Swaps: in half of the clips, left and right of the legs, the arms or both are exchanged for 3 to 30 frames of the input
with the simulated detector. Flips: in half of the clips, the predicted skeleton's depth is negated for a third of the
clip (as a network that believes in the depth twin would answer). A frame counts as found where it is flagged.
"""

import argparse

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.predict import predict
from pn3d.inference.warnings import find_doubts, flipped_frames, swapped_frames
from pn3d.inference.weights import SHIPPED_WEIGHTS, load_weights
from pn3d.synthetic.scenes import make_synthetic_clips

SEED = 9002
_LEGS = ("hip", "knee", "ankle")
_ARMS = ("shoulder", "elbow", "wrist")


def rates(flagged: np.ndarray, truth: np.ndarray) -> str:
    """Precision, recall and how often clean frames are flagged, in words."""
    hit = (flagged & truth).sum()
    return (
        f"precision {hit / max(flagged.sum(), 1):.2f}, recall {hit / max(truth.sum(), 1):.2f}, "
        f"flagged of clean frames {100 * (flagged & ~truth).sum() / max((~truth).sum(), 1):.2f} % ({len(truth)} frames)"
    )


def swap(keypoints: np.ndarray, confidence: np.ndarray, joints: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(T, 17, 2), (T, 17) with left and right of these joints exchanged."""
    order = np.arange(17)
    for joint in joints:
        left, right = H36M17.index(f"left_{joint}"), H36M17.index(f"right_{joint}")
        order[[left, right]] = right, left
    return keypoints[:, order], confidence[:, order]


def main() -> None:
    """Prints the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=40)
    clips = make_synthetic_clips(SEED, parser.parse_args().clips, detector_noise=True)
    generator = np.random.default_rng(SEED)
    keypoints, confidence = clips.keypoints.copy(), clips.confidence.copy()
    swapped = np.zeros(clips.frames, bool)
    for clip in range(0, clips.num_clips, 2):
        begin, end = (int(v) for v in clips.clip_start[clip : clip + 2])
        length = int(generator.integers(3, 31))
        first = int(generator.integers(begin + 1, end - length - 1))
        part = slice(first, first + length)
        joints = (_LEGS, _ARMS, _LEGS + _ARMS)[clip // 2 % 3]
        keypoints[part], confidence[part] = swap(keypoints[part], confidence[part], joints)
        swapped[part] = True
    spans = list(zip(clips.clip_start[:-1], clips.clip_start[1:], strict=True))
    found = np.concatenate([swapped_frames(keypoints[a:b], confidence[a:b]) for a, b in spans])
    print("swapped:", rates(found, swapped))
    prediction = predict(load_weights(SHIPPED_WEIGHTS), clips, builtin_body(), builtin_landmarks())
    joints_m = prediction.teacher_joints_cam_m.copy()
    flipped = np.zeros(clips.frames, bool)
    for clip in range(0, clips.num_clips, 2):
        begin, end = spans[clip]
        length = int(end - begin) // 3
        first = int(generator.integers(begin, end - length))
        flipped[first : first + length] = True
    root_z = joints_m[:, :1, 2]
    joints_m[flipped, :, 2] = (2 * root_z - joints_m[..., 2])[flipped]
    marked = np.concatenate([flipped_frames(joints_m[a:b], 30.0) for a, b in spans])
    print("depth-flipped:", rates(marked, flipped))
    doubts = find_doubts(prediction)
    print(f"as predicted: {doubts.swapped.mean():.2%} swapped, {doubts.flipped.mean():.2%} flipped flagged")


if __name__ == "__main__":
    main()
