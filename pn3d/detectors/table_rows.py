"""Rows of a table of its own form, a row per frame and person, as one video."""

from typing import Any

import numpy as np

from pn3d.detectors.records import NO_TRACK, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.files.errors import UserError


def video_of_rows(
    opened: Opened, frame: np.ndarray, rows: np.ndarray, who: np.ndarray | None = None, **facts: Any
) -> RawVideo:
    """One video.

    Args:
        opened: the file.
        frame: (D,) number of the frame of each row.
        rows: (D, K, 3) x, y, score; NaN = missing, and rows of nothing else are frames without the person.
        who: (D,) people's numbers within a frame, where rows have any.
        facts: further fields of RawVideo.

    Raises:
        UserError: a frame's number is not whole, or one person has two rows for it.
    """
    finite = bool(np.isfinite(frame).all()) and bool((np.abs(frame) < 2**53).all())
    keys = np.stack([frame, np.zeros(len(frame)) if who is None else who], axis=-1)
    if not finite or (frame % 1).any() or len(np.unique(keys, axis=0)) < len(keys):
        raise UserError(f"{opened.where}: every row needs a frame of its own (and person), a whole number")
    there = np.isfinite(rows[..., :2]).all(-1).any(-1)
    if not there.any():
        raise UserError(f"{opened.where}: no person in any of the {len(frame)} rows")
    nobody = np.full(int(there.sum()), NO_TRACK, np.int64)
    listed = np.unique(frame).astype(np.int64)
    known = {"track_id": nobody, "listed_frames": listed}
    kept = rows[there]
    return RawVideo(
        name=opened.name,
        frame=frame[there].astype(np.int64),
        keypoints=kept[..., :2],
        confidence=kept[..., 2],
        **(known | {key: value[there] if key == "track_id" else value for key, value in facts.items()}),
    )
