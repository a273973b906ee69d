"""From a detector's joints to the 17 that the networks take: by name, and nothing invented.

A joint that a layout does not have stays masked (confidence 0): COCO-17 gives the twelve joints of the limbs, and no
pelvis, spine, thorax, neck or head, since middles of other joints would tell the networks nothing new. For the head,
eyes, ears and nose are not used: none of them is the top of the head or the base of the skull, and how far off they
are turns with the head. The middle of the ears as a neck helps the student and harms the teacher (benchmarks/ears.py;
docs/detectors.md).

The one exception is an ankle that was missed while knee, heel and big toe of its leg were seen. On 531 legs of a
277-frame whole-body recording (GAST-Net's baseball sample), knee + heel + toe give the ankle to 0.55 % of the
person's height, as far as two detectors disagree about it (0.55 %); on a BODY_25 picture it is 0.6 % and 1.5 %. Its
confidence is half the least of the three.
"""

import numpy as np

from pn3d.geometry.skeleton import H36M17, Layout, remap_indices

ANKLE_FROM_HEEL = (0.0845, 0.196)  # shares of heel -> knee and heel -> big toe; least squares on the sample above
ANKLE_TRUST = 0.5
LEAST_TRUST = 0.12
"""A joint of less confidence is a guess of the detector's about something that it does not see, such as legs below
the picture, and is masked: the networks fill in missing joints better than they see through wrong ones."""


def to_h36m17(keypoints_px: np.ndarray, confidence: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Measured joints by name, everything else masked.

    Args:
        keypoints_px: (T, J, 2).
        confidence: (T, J).
        layout: of J joints.

    Returns:
        (T, 17, 2) float32, (0, 0) where masked, and (T, 17) float32. Confidences below
        ``LEAST_TRUST`` become 0.
    """
    confidence = np.where(confidence < LEAST_TRUST, 0, confidence)
    source = np.array(remap_indices(layout, H36M17))
    has = source >= 0
    trust = np.where(has, confidence[:, source], 0).astype(np.float32)
    positions = np.where(has[:, None], keypoints_px[:, source], 0).astype(np.float32)
    for side in ("left", "right"):
        parts = [f"{side}_{part}" for part in ("knee", "heel", "big_toe")]
        if all(part in layout.joints for part in parts):
            _support_ankle(
                positions, trust, H36M17.index(f"{side}_ankle"), keypoints_px, confidence, [*map(layout.index, parts)]
            )
    return positions, trust


def _support_ankle(
    positions: np.ndarray,
    trust: np.ndarray,
    ankle: int,
    keypoints: np.ndarray,
    confidence: np.ndarray,
    parts: list[int],
) -> None:
    """Fills in ankles that are missing where knee, heel and toe are measured, in place."""
    knee, heel, toe = (keypoints[:, part] for part in parts)
    least = confidence[:, parts].min(axis=1)
    usable = (trust[:, ankle] <= 0) & (least > 0)
    guess = heel + ANKLE_FROM_HEEL[0] * (knee - heel) + ANKLE_FROM_HEEL[1] * (toe - heel)
    positions[:, ankle] = np.where(usable[:, None], guess, positions[:, ankle])
    trust[:, ankle] = np.where(usable, ANKLE_TRUST * least, trust[:, ankle])
