"""From a video to keypoints, and from a prediction back onto the video. Needs the ``[video]`` extra.

Nothing here is imported by ``import pn3d``; PyAV, OpenCV and the detectors are imported where they are used.
"""

from pathlib import Path

VIDEO_SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts"))
VIDEO_SUFFIXES |= {".3gp", ".wmv", ".flv", ".ogv", ".y4m", ".gif"}
PICTURE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".heic"))


def looks_like_video(path: str | Path) -> bool:
    """Whether a path's suffix is that of a video, or of something that is refused in the words of a video: a picture,
    a folder of nothing else."""
    path = Path(path)
    if path.is_dir():
        inside = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
        return bool(inside) and all(_has_suffix(entry) for entry in inside)
    return _has_suffix(path)


def _has_suffix(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES | PICTURE_SUFFIXES
