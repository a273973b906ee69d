"""Scores of joints as confidences in [0, 1], by one rule for all formats."""

from collections.abc import Sequence

import numpy as np

from pn3d.files.errors import UserError

EXCESS = 1.5
MOST_ABOVE_EXCESS = 0.1
MOST_ABOVE_ONE = 0.5
"""Scores above 1.5 in more than a tenth of the joints, or above 1 in most of them, are on another scale."""
SCALE_QUANTILE, USUAL_QUANTILE = 0.95, 0.97
"""The 95th percentile of a detector's confidences is 0.97 (median of seven recordings by HRNet, RTMPose and OpenPose:
0.957 to 0.979): other scales are divided so that theirs is, too."""
WHOLE, LARGEST_WHOLE = 0.015, 30
"""A scale as near to a whole number as those percentiles are to 0.97 is that number (scores from 0 to 5, or to 10)."""
PERCENT = (50.0, 100.5)
"""Scores whose 95th percentile is above the one and whose largest is below the other are per cent."""
LEAST, FEW = -1e-6, 0.05
"""Where a twentieth of the scores is below the one, or above a hundred, they are depths or pixels."""
FLAGS = (0.0, 0.5, 1.0)
"""What COCO's visibilities 0, 1, 2 (not labelled, hidden, visible) become; our choice."""


def of_levels(values: np.ndarray, confidences: Sequence[float]) -> np.ndarray:
    """Levels 0, 1, … as the confidences that they stand for, NaN as it is; all as it is where one is no such level."""
    known = np.isfinite(values)
    if not np.isin(values[known], range(len(confidences))).all():
        return values
    return np.where(known, np.array(confidences)[np.where(known, values, 0).astype(int)], values)


def as_confidence(
    scores: np.ndarray, measured: np.ndarray, joints: tuple[str, ...], where: str, warnings: list[str]
) -> np.ndarray:
    """(D, J) scores -> confidences; NaN stays NaN.

    Logits (SimCC heads, Detectron2) and the like are divided, aloud, so that their 95th percentile is that of usual
    confidences, or by the whole number that does so, and cut at 1; per cent by 100; small excesses are 1. Where a file
    has no scores at all, or none for some joints, those joints count fully if they are there.

    Raises:
        UserError: the third numbers of joints are no scores.
    """
    known = measured & np.isfinite(scores)
    if not known.any():
        if measured.any():
            warnings.append(f"{where}: no confidences in the file; every joint that is there counts fully")
        return np.where(measured, 1.0, scores)
    values = scores[known]
    if np.quantile(values, FEW) < LEAST or np.quantile(values, 1 - FEW) > PERCENT[1]:
        raise UserError(
            f"{where}: the third number of joints must be a confidence from 0 to 1, found {values.min():g} to "
            f"{values.max():g} (3D, or pixels?)"
        )
    if values.max() == 2 and (values == np.round(values)).all():
        warnings.append(f"{where}: confidences are visibilities 0, 1, 2; taken as 0, 0.5, 1")
        scores = np.where(known, np.array(FLAGS)[np.where(known, scores, 0).clip(0, 2).astype(int)], scores)
        values = scores[known]
    above = values > 1
    if (values > EXCESS).mean() > MOST_ABOVE_EXCESS or above.mean() > MOST_ABOVE_ONE:
        high = float(np.quantile(values[values > 0], SCALE_QUANTILE))
        percent = high > PERCENT[0] and values.max() < PERCENT[1]
        scale = 100.0 if percent else high / USUAL_QUANTILE
        if scale <= LARGEST_WHOLE and abs(scale / round(scale) - 1) < WHOLE:
            scale = float(round(scale))
        how = (
            "per cent; divided by 100"
            if percent
            else (f"logits?; divided by {scale:.4g}, which makes their 95th percentile {high / scale:.2g}")
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
