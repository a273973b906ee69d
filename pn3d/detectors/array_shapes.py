"""Arrays that do not say what their columns are: the shapes in which tools save joints."""

import numpy as np

from pn3d.detectors.layouts import DETECTOR_LAYOUTS, detector_layout
from pn3d.files.errors import UserError


def require_known_count(where: str, joints: int) -> None:
    """UserError where no layout, or more than one, has this many joints."""
    fitting = [name for name, known in DETECTOR_LAYOUTS.items() if known.count == joints]
    if len(fitting) != 1 or joints < 26:
        fits = f" ({joints} joints fit {' or '.join(fitting)})" if fitting else ""
        raise UserError(f"{where}: an array does not say what its joints are; give --layout NAME{fits}")


def unflatten(values: np.ndarray, layout: str | None, where: str) -> np.ndarray:
    """(T, columns) -> (T, J, 2 or 3), a leading column of frame numbers left out."""
    frames, columns = values.shape
    counts = sorted({known.count for known in DETECTOR_LAYOUTS.values() if known.count >= 26})
    if layout is not None:
        counts = [detector_layout(layout).count]
    for joints in counts:
        for width in (3, 2):
            if columns in (joints * width, joints * width + 1):
                return values[:, columns - joints * width :].reshape(frames, joints, width)
        if columns in (joints * 4, joints * 4 + 1):  # x, y, z, visibility
            return values[:, columns - joints * 4 :].reshape(frames, joints, 4)[..., [0, 1, 3]]
    expected = f"2 or 3 for each of {counts[0]} joints" if layout is not None else "a --layout to tell their meaning"
    raise UserError(f"{where}: {columns} numbers per row; expected {expected}")
