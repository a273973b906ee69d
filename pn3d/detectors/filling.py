"""One person's frames without holes: short gaps are interpolated, all of them marked."""

import numpy as np

SHORT_GAP_SECONDS = 0.5


def fill_frames(
    frame: np.ndarray, keypoints: np.ndarray, confidence: np.ndarray, short_gap: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Puts the frames seen on consecutive frames.

    Args:
        frame: (S,) int64, strictly increasing: the frames in which the person was seen.
        keypoints: (S, J, 2) px.
        confidence: (S, J).
        short_gap: longest run of missing frames whose positions are interpolated.

    Returns:
        Frames (T,) from the first to the last; keypoints (T, J, 2), linearly interpolated in short gaps where a joint
        was measured on both sides, else (0, 0); confidence (T, J), 0 in every filled frame; filled (T,) bool.
    """
    frames = np.arange(frame[0], frame[-1] + 1)
    after = np.searchsorted(frame, frames)
    before = np.maximum(np.where(frame[after] == frames, after, after - 1), 0)
    filled = before != after
    span = frame[after] - frame[before]
    share = np.where(filled, (frames - frame[before]) / np.maximum(span, 1), 0)[:, None, None].astype(np.float32)
    both = (confidence[before] > 0) & (confidence[after] > 0)
    usable = np.where(filled[:, None], both & (span - 1 <= short_gap)[:, None], True)
    positions = keypoints[before] * (1 - share) + keypoints[after] * share
    positions = np.where(filled[:, None, None], positions, keypoints[before])
    return (
        frames,
        np.where(usable[..., None], positions, 0).astype(np.float32),
        np.where(filled[:, None], 0, confidence[before]).astype(np.float32),
        filled,
    )
