"""What a pose is refined towards: where the student's landmarks are seen, plus what they miss, averaged over time.

The student sees a window and answers with a body; what it answers misses the keypoints by a few per cent of the
person's height, and more on poses that it seldom saw. ``pn3d.body.fitting`` turns its joints so that they come nearer.
"""

import numpy as np

SMOOTH_SECONDS = 0.1
"""Half the width of the triangle over which residuals are averaged in time: a detector's error changes from frame to
frame, the student's stays."""


def smooth_residual(residual: np.ndarray, confidence: np.ndarray, half: int) -> np.ndarray:
    """Average over time within one clip, by a triangle of 2 ``half`` + 1 frames times confidence.

    (T, J, 2), (T, J) -> (T, J, 2); zero where nothing was measured nearby.
    """
    frames = len(residual)
    total = confidence[..., None] * residual
    weight = confidence.copy()
    for shift in range(1, min(half, frames - 1) + 1):
        share = np.float32(1.0 - shift / (half + 1))
        for to, of in ((slice(shift, None), slice(None, -shift)), (slice(None, -shift), slice(shift, None))):
            total[to] += share * confidence[of][..., None] * residual[of]
            weight[to] += share * confidence[of]
    return total / np.maximum(weight, 1e-6)[..., None]
