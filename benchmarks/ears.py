"""Would ears help? The neck from the middle of both ears, for layouts that have no neck, against leaving it masked.

    python -m benchmarks.ears [--data FILE]

The built-in body and recorded skeletons have no ears, so they are placed: above and in front of the base of the skull
by some millimetres (ear holes lie there; by how much a detector's "ear" is off is not known, so several are tried),
with the simulated detector's error of the neck. Input is what COCO-17 gives: twelve joints of the limbs, and that neck
with half of its confidence. Without FILE: built-in held-out motion with the simulated detector. FILE holds truth.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.data.clips import Clips, read_clips
from pn3d.data.virtual_cameras import project_px
from pn3d.evaluation.evaluate import evaluate_prediction
from pn3d.geometry.skeleton import H36M17, LAYOUTS
from pn3d.inference.predict import predict, without_truth
from pn3d.inference.weights import SHIPPED_WEIGHTS, Weights, load_weights
from pn3d.synthetic.scenes import held_out_clips

PLACES_M = ((0.0, 0.0), (0.02, 0.01), (0.04, 0.03), (0.05, 0.05))
"""Of the ears' middle: up (along the line to the top of the head), and forward, from the base of the skull."""
TRUST = 0.5
_NECK = H36M17.index("neck")
_ABSENT = [H36M17.joints.index(joint) for joint in H36M17.joints if joint not in LAYOUTS["coco17"].joints]


def with_ears(clips: Clips, place_m: tuple[float, float] | None) -> Clips:
    """The twelve limb joints of clips with truth, and the neck where ears would put it (None: masked)."""
    assert clips.joints_cam is not None
    assert clips.intrinsics is not None
    keypoints, confidence = clips.keypoints.copy(), clips.confidence.copy()
    keypoints[:, _ABSENT], confidence[:, _ABSENT] = 0, 0
    if place_m is not None:
        joints = clips.joints_cam.astype(np.float64)
        neck, head, left, right = (
            joints[:, H36M17.index(name)] for name in ("neck", "head", "left_shoulder", "right_shoulder")
        )
        up = _unit(head - neck)
        ears = neck + place_m[0] * up + place_m[1] * _unit(np.cross(left - right, up))
        clip_of_frame = np.repeat(np.arange(clips.num_clips), clips.lengths)
        cameras = clips.intrinsics[clip_of_frame].astype(np.float64)
        moved = project_px(ears[:, None], cameras[:, None])[:, 0] - project_px(neck[:, None], cameras[:, None])[:, 0]
        seen = clips.confidence[:, _NECK] > 0
        keypoints[:, _NECK] = np.where(seen[:, None], clips.keypoints[:, _NECK] + moved, 0)
        confidence[:, _NECK] = TRUST * clips.confidence[:, _NECK]
    return dataclasses.replace(clips, keypoints=keypoints, confidence=confidence)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def scores(weights: Weights, shown: Clips, clips: Clips) -> str:
    """PA-MPJPE of both players over all 17 joints, in words."""
    found = evaluate_prediction(predict(weights, without_truth(shown), builtin_body(), builtin_landmarks()), clips)
    return ", ".join(f"{player} {found[player]['pa_mpjpe_mm']:.1f} mm" for player in ("teacher", "student"))


def main() -> None:
    """Prints one line per place of the ears."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    path = parser.parse_args().data
    clips = read_clips(path, truth=True) if path else held_out_clips(detector_noise=True)
    weights = load_weights(SHIPPED_WEIGHTS)
    print(f"all 17 joints: {scores(weights, clips, clips)}")
    print(f"COCO-17, neck masked: {scores(weights, with_ears(clips, None), clips)}", flush=True)
    for up, forward in PLACES_M:
        text = scores(weights, with_ears(clips, (up, forward)), clips)
        print(f"neck from ears {1000 * up:.0f} mm up, {1000 * forward:.0f} mm forward: {text}", flush=True)


if __name__ == "__main__":
    main()
