"""How far the result of an odd file is from that of the same data in a clean form, mm; should be below 1.

python -m benchmarks.robustness.twins FOLDER, the folder of odd files (one folder for each kind, see ``PAIRS``).
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from pn3d.api import load_weights
from pn3d.body.builtin import builtin_body
from pn3d.body.landmark_arrays import load_landmarks
from pn3d.detectors import person_clips, read_keypoints
from pn3d.files.errors import UserError
from pn3d.inference.predict import predict

_THOUSAND: dict[str, Any] = {"fps": 30.0, "image_size": (1000, 1000)}
_PHONE: dict[str, Any] = {"fps": 30.0, "image_size": (576, 1024)}
PAIRS: tuple[tuple[str, str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("coco_category_keypoint_names", "coco_order.json", "right_before_left.json", {"fps": 30.0}, {"fps": 30.0}),
    ("coco_category_keypoint_names", "coco_order.json", "shuffled.json", {"fps": 30.0}, {"fps": 30.0}),
    ("coco_category_keypoint_names", "coco_order.json", "sixteen.json", {"fps": 30.0}, {"fps": 30.0}),
    ("csv_extra_column", "plain.csv", "with_centroid.csv", _THOUSAND, _THOUSAND),
    *(
        ("npz_scores_ignored", "one_array.npy", odd, _THOUSAND | {"layout": "coco"}, _THOUSAND | {"layout": "coco"})
        for odd in ("two_arrays.npz", "keypoints_scores.npz")
    ),
    ("openpose_canvas_size", "comfy_px.json", "comfy_px.json", _PHONE, {"fps": 30.0}),
    ("openpose_canvas_size", "comfy_px.json", "comfy_normalised.json", _PHONE, {"fps": 30.0}),
    ("scores_above_one", "scale1.json", "scale5.json", _THOUSAND, _THOUSAND),
    ("timestamps_ignored", "long_240fps.csv", "long_240fps.csv", {"fps": 240.0}, {}),
    ("timestamps_ignored", "long_240fps.csv", "timestamps240.json", {"fps": 240.0}, {}),
    *(
        ("track_ids_swap", "ids_stable.json", odd, _THOUSAND, _THOUSAND)
        for odd in ("ids_swap_once.json", "ids_swap_every_3rd.json")
    ),
)
"""Folder, clean file, odd file, options of the one and of the other."""


def main() -> None:
    """Prints a row for each pair."""
    folder, weights, body, landmarks = Path(sys.argv[1]), load_weights(), builtin_body(), load_landmarks(None)
    print(
        "| odd file | against | joints mm | root-relative | 2D px | confidence | said |\n|---|---|---|---|---|---|---|"
    )
    for kind, clean, odd, given_clean, given_odd in PAIRS:
        reads = [
            read_keypoints(folder / kind / name, **given) for name, given in ((clean, given_clean), (odd, given_odd))
        ]
        clips = [person_clips(read) for read in reads]
        found = [predict(weights, one, body, landmarks).joints_cam_m for one in clips]
        if found[0] is None or found[1] is None or found[0].shape != found[1].shape:
            raise UserError(f"{odd}: not as many frames as {clean}")
        ours, theirs = 1000 * found[0], 1000 * found[1]
        mm = np.linalg.norm(ours - theirs, axis=-1).mean()
        relative = np.linalg.norm((ours - ours[:, :1]) - (theirs - theirs[:, :1]), axis=-1).mean()
        there = (clips[0].confidence > 0) & (clips[1].confidence > 0)
        px = np.abs(clips[0].keypoints - clips[1].keypoints)[there].max()
        off = np.abs(clips[0].confidence - clips[1].confidence).max()
        said = "; ".join(sentence for sentence in reads[1].warnings if sentence not in reads[0].warnings)
        print(f"| {odd} | {clean} | {mm:.3f} | {relative:.3f} | {px:.3f} | {off:.3f} | {said[:160]} |", flush=True)


if __name__ == "__main__":
    main()
