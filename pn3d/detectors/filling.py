"""One person's frames without holes: short gaps are interpolated, all of them marked."""

import numpy as np

SHORT_GAP_SECONDS = 0.5
NEAR = 1e-3
MISSED = 1.9  # frames between two detections from which those in between are missing ones


def fill_frames(
    place: np.ndarray, keypoints: np.ndarray, confidence: np.ndarray, short_gap: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Puts the frames in which a person is detected on consecutive frames.

    Args:
        place: (S,) strictly increasing: where they lie, in frames; between frames where times are uneven.
        keypoints: (S, J, 2) px.
        confidence: (S, J).
        short_gap: longest run of missing frames whose positions are interpolated.

    Returns:
        Frames (T,) from the first to the last; keypoints (T, J, 2), linearly interpolated in short gaps where a joint
        was measured on both sides, else (0, 0); confidence (T, J), 0 in every filled frame; filled (T,) bool.
    """
    frames = np.arange(np.ceil(place[0] - NEAR), np.floor(place[-1] + NEAR) + 1).astype(np.int64)
    if not len(frames):  # one uneven frame
        frames = np.round(place[:1]).astype(np.int64)
    after = np.minimum(np.searchsorted(place, frames - NEAR), len(place) - 1)
    on_frame = np.abs(place[after] - frames) <= NEAR
    before = np.maximum(np.where(on_frame, after, after - 1), 0)
    span = place[after] - place[before]
    share = np.where(on_frame, 0, (frames - place[before]) / np.maximum(span, NEAR))[:, None, None].astype(np.float32)
    filled = ~on_frame & (span >= MISSED)
    between = ~on_frame & ~filled  # an uneven frame, whose neighbours are detections
    both = (confidence[before] > 0) & (confidence[after] > 0)
    usable = np.where(on_frame[:, None], True, both & (span - 1 <= short_gap)[:, None])
    positions = keypoints[before] * (1 - share) + keypoints[after] * share
    positions = np.where(on_frame[:, None, None], keypoints[before], positions)
    trust = np.where(
        between[:, None], np.where(both, np.minimum(confidence[before], confidence[after]), 0), confidence[before]
    )
    return (
        frames,
        np.where(usable[..., None], positions, 0).astype(np.float32),
        np.where(filled[:, None], 0, trust).astype(np.float32),
        filled,
    )
