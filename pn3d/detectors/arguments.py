"""What a caller of Python gives beside keypoints: checked before anything is done, a mistake told in one line."""

from typing import Any

import numpy as np

from pn3d.detectors.cleaning import checked_size
from pn3d.files.errors import UserError


def check_number(name: str, value: Any, most: float) -> None:
    """UserError where ``value`` is no number above 0 and at most ``most``; None is left out."""
    if value is None:
        return
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        raise UserError(f"{name}: expected a number, found {type(value).__name__} {value!r}")
    if not 0 < value <= most:
        raise UserError(f"{name} must be above 0 and at most {most:g}, found {value:g}")


def as_numbers(name: str, values: Any) -> np.ndarray:
    """An array, NaN where a masked one is masked; UserError where ``values`` hold anything but numbers."""
    try:
        array = np.asanyarray(values)
    except ValueError:
        raise UserError(f"{name}: expected numbers, found rows of different lengths") from None
    if array.dtype.kind not in "fiu":
        raise UserError(f"{name}: expected numbers, found an array of {array.dtype}")
    masked = np.ma.isMaskedArray(array)
    return np.ma.filled(array.astype(np.float64), np.nan) if masked else np.asarray(array)


def checked_image_size(size: Any) -> tuple[int, int]:
    """(width, height) in whole px; UserError where ``size`` is no such pair."""
    try:
        width, height = (float(side) for side in size)
    except (TypeError, ValueError):
        raise UserError(f"image_size: expected (width, height) in px, found {size!r}") from None
    return checked_size(width, height, "image_size")


def refuse(what: str, **options: Any) -> None:
    """UserError where options are given that mean nothing for this kind of input."""
    if given := [name for name, value in options.items() if value]:
        raise UserError(f"{given[0]}: {what} takes no such option; it is for files")
