"""From a video to keypoints, and from a prediction back onto the video. Needs the ``[video]`` extra.

Nothing here is imported by ``import pn3d``; PyAV, OpenCV and the detectors are imported where they are used.
"""

from pathlib import Path

VIDEO_SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts"))
VIDEO_SUFFIXES |= {".3gp", ".wmv", ".flv", ".ogv", ".y4m", ".gif"}
PICTURE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".heic"))


def looks_like_video(path: str | Path) -> bool:
    """Whether a path's suffix is that of a video, or of a picture, which is refused in the words of a video."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES | PICTURE_SUFFIXES and not Path(path).is_dir()
