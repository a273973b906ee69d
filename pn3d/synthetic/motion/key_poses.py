"""Key poses by name, in degrees: what differs from a relaxed stance (``angles.pose``). The poses: ``key_poses.txt``."""

from pathlib import Path

import numpy as np

from pn3d.synthetic.motion.angles import pose


def _read(lines: list[str]) -> dict[str, dict[str, float]]:
    """name -> {angle: degrees}; a word with a dot starts a new pose, lines that begin with ``#`` are comments.

    Raises:
        ValueError: a pose is there twice, or has an angle twice.
    """
    poses: dict[str, dict[str, float]] = {}
    current: dict[str, float] = {}
    words = iter(" ".join(line for line in lines if not line.startswith("#")).split())
    for word in words:
        if word in (poses if "." in word else current):
            raise ValueError(f"key_poses.txt: {word!r} twice{'' if '.' in word else f' in {list(poses)[-1]!r}'}")
        if "." in word:
            current = poses[word] = {}
        else:
            current[word] = float(next(words))
    return poses


KEY_POSES = _read(Path(__file__).with_name("key_poses.txt").read_text(encoding="utf-8").splitlines())


def key_pose(name: str, **more: float) -> np.ndarray:
    """(D,) radians of a key pose, with ``more`` degrees added to some angles."""
    degrees = dict(KEY_POSES[name])
    for angle, value in more.items():
        degrees[angle] = degrees.get(angle, 0.0) + value
    return pose(**degrees)
