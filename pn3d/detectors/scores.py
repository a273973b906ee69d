"""Scores of joints as confidences in [0, 1], by one rule for all formats."""

import numpy as np

EXCESS = 1.5
MOST_ABOVE_EXCESS = 0.1
MOST_ABOVE_ONE = 0.5
"""Scores above 1.5 in more than a tenth of the joints, or above 1 in most of them, are on another scale."""
SCALE_QUANTILE, USUAL_QUANTILE = 0.95, 0.97
"""The 95th percentile of a detector's confidences is 0.97 (median of seven recordings by HRNet, RTMPose and OpenPose:
0.957 to 0.979): other scales are divided so that theirs is, too."""
PERCENT = (50.0, 100.5)
"""Scores whose 95th percentile is above the one and whose largest is below the other are per cent."""


def as_confidence(
    scores: np.ndarray, measured: np.ndarray, joints: tuple[str, ...], where: str, warnings: list[str]
) -> np.ndarray:
    """(D, J) scores -> confidences; NaN stays NaN.

    Logits (SimCC heads, Detectron2) and the like are divided, aloud, so that their 95th percentile is that of usual
    confidences, and cut at 1; per cent by 100; small excesses are 1. Where a file has no scores at all, or none for
    some joints, those joints count fully if they are there.
    """
    known = measured & np.isfinite(scores)
    if not known.any():
        if measured.any():
            warnings.append(f"{where}: no confidences in the file; every joint that is there counts fully")
        return np.where(measured, 1.0, scores)
    values = scores[known]
    above = values > 1
    if (values > EXCESS).mean() > MOST_ABOVE_EXCESS or above.mean() > MOST_ABOVE_ONE:
        high = float(np.quantile(values[values > 0], SCALE_QUANTILE))
        percent = high > PERCENT[0] and values.max() < PERCENT[1]
        scale = 100.0 if percent else high / USUAL_QUANTILE
        how = (
            "per cent; divided by 100"
            if percent
            else (f"logits?; divided by {scale:.4g}, which makes their 95th percentile {USUAL_QUANTILE}")
        )
        warnings.append(f"{where}: confidences reach {values.max():g}, {100 * above.mean():.0f} % are above 1 ({how})")
        scores = np.minimum(scores / scale, 1.0)
    elif above.any():
        warnings.append(
            f"{where}: {int(above.sum())} confidences ({100 * above.mean():.1f} %) are above 1, up to "
            f"{values.max():g}; taken as 1"
        )
    unscored = measured.any(axis=0) & ~known.any(axis=0)
    if unscored.any():
        names = ", ".join(joints[j] for j in np.flatnonzero(unscored))
        warnings.append(f"{where}: without a confidence: {names}; each counts fully where it is there")
    without = int((measured & ~known & ~unscored).sum())
    if without:
        warnings.append(f"{where}: {without} joints have no confidence where others have; taken as missing")
    return np.where(unscored & measured, 1.0, scores)
