"""How far drawn joints lie from what the detector was sure of: ``python -m benchmarks.accuracy.drawn_joints OUT …``.

Each OUT is a folder that ``pn3d predict`` wrote. Distances are of ``reprojected_px``, where the overlay draws a joint,
from ``keypoints_px`` of confidence above 0.8, in per cent of the person's height in the picture: the mean of all
joints, and of wrists and ankles, one by one, in the 5 % of their frames in which they move fastest by the detections.
There an average over time shows first. Confidences are the detector's own, so the numbers of two detectors cannot be
compared.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

SURE = 0.8
FASTEST = 0.05
ENDS = ("left_wrist", "right_wrist", "left_ankle", "right_ankle")


def drawn_distances(
    keypoints_px: np.ndarray, confidence: np.ndarray, reprojected_px: np.ndarray, names: Sequence[str]
) -> dict[str, float]:
    """Of one person, T frames and J joints.

    Args:
        keypoints_px: (T, J, 2) detections; confidence: (T, J).
        reprojected_px: (T, J, 2) where joints are drawn.
        names: of the J joints.

    Returns:
        ``all`` and the joints of ``ENDS`` that are seen for long enough: per cent of the height; ``sure``, the share of
        detections that counted.
    """
    height_px = float(np.median(np.ptp(reprojected_px[..., 1], axis=1)))
    away = 100 * np.linalg.norm(reprojected_px - keypoints_px, axis=-1) / height_px
    sure = confidence > SURE
    found = {"sure": float(sure.mean())}
    if sure.any():
        found["all"] = float(away[sure].mean())
    for name in ENDS:
        joint = list(names).index(name)
        # The speed between the frames before and after, all three sure.
        known = sure[2:, joint] & sure[1:-1, joint] & sure[:-2, joint]
        speed = np.linalg.norm(keypoints_px[2:, joint] - keypoints_px[:-2, joint], axis=-1)[known]
        count = round(FASTEST * len(speed))
        if count:
            found[name] = float(away[1:-1, joint][known][np.argsort(-speed)[:count]].mean())
    return found


def of_folder(folder: Path) -> dict[str, dict[str, float]]:
    """Person -> ``drawn_distances`` of a folder that ``pn3d predict`` wrote."""
    found = {}
    for file in sorted(folder.glob("person_*/prediction.npz")):
        with np.load(file) as arrays:
            found[file.parent.name] = drawn_distances(
                arrays["keypoints_px"],
                arrays["input_confidence"],
                arrays["reprojected_px"],
                [str(name) for name in arrays["joint_names"]],
            )
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Distance of drawn joints from sure detections.")
    parser.add_argument("folders", type=Path, nargs="+", metavar="OUT")
    options = parser.parse_args()
    print("| clip | person | sure, % | all, % | " + " | ".join(f"{name}, fastest" for name in ENDS) + " |")
    print("|---" * (4 + len(ENDS)) + "|")
    for folder in options.folders:
        for person, one in of_folder(folder).items():
            cells = [f"{one[key]:.1f}" if key in one else "" for key in ("all", *ENDS)]
            print(f"| {folder.name} | {person} | {100 * one['sure']:.0f} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
