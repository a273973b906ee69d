"""Turns numbers as detectors write them into pixels and confidences in [0, 1], with a word on everything changed."""

from dataclasses import dataclass

import numpy as np

from pn3d.data.joints17 import near_picture
from pn3d.detectors.plausibility import place_warning, refuse_metres
from pn3d.detectors.records import ABSURD, RawVideo, Source
from pn3d.detectors.scores import as_confidence
from pn3d.files.errors import UserError

COMMON_SIZES = ((640, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160), (7680, 4320))
"""Sizes that are assumed where a file has none: the smallest that holds the keypoints, lying or standing."""

NORMALISED_SIZE = (1920, 1080)  # assumed for shares of a size that nobody gives; the shape 16:9 is what matters
NORMALISED_LIMIT = 1.6  # nine of ten coordinates of normalised files are below; a person of 2 pixels is no person
ABSURD_PX = 1e5


@dataclass
class Clean:
    """Pixels of all people of a video, and what was found on the way.

    Attributes:
        keypoints_px: (D, J, 2) float32, (0, 0) where missing.
        confidence: (D, J) float32 in [0, 1].
    """

    keypoints_px: np.ndarray
    confidence: np.ndarray
    image_size: tuple[int, int]
    image_size_source: Source
    assumptions: list[str]
    warnings: list[str]


def clean(
    raw: RawVideo, joints: tuple[str, ...], where: str, image_size: tuple[int, int] | None, screen: bool
) -> Clean:
    """Cleans the first joints of ``raw``.

    Missing are joints at exactly (0, 0) or (-1, -1), not finite, of confidence 0 or NaN beside other confidences, or
    absurdly far outside. Coordinates that are shares of the image are multiplied back. Confidences are clipped to
    [0, 1].

    Args:
        raw: the people.
        joints: names of those to keep.
        where: the file, for messages.
        image_size: (width, height) that the user gives, before what the file has.
        screen: what [-1, 1] means: VideoPose3D's screen coordinates (both axes in half widths), or a share of each.
    """
    assumptions: list[str] = []
    warnings: list[str] = []
    positions, confidence = raw.keypoints[:, : len(joints)], raw.confidence[:, : len(joints)]
    x, y = positions[..., 0], positions[..., 1]
    measured = (np.abs(x) < ABSURD) & (np.abs(y) < ABSURD) & ((x != 0) | (y != 0))  # NaN is not below anything
    measured &= ~((x == -1) & (y == -1))
    positions = np.where(measured[..., None], positions, 0)
    confidence = as_confidence(confidence, measured, joints, where, warnings)
    measured &= ~(np.nan_to_num(confidence, nan=0.0) <= 0)
    size: tuple[int, int] | None = image_size
    source: Source = "given"
    if size is None and raw.image_size is not None and all(1 <= side <= ABSURD_PX for side in raw.image_size):
        size, source = raw.image_size, "file"
    form = _form(raw, positions, measured)
    if form == "signed" and raw.normalised is None and not screen:
        refuse_metres(positions[measured], where)
    if size is None:
        size, source = (NORMALISED_SIZE if form else _assumed_size(positions[measured])), "assumed"
        assumptions.append(_size_sentence(size, form))
    if form:
        positions = _to_pixels(positions, size, form, screen)
        warnings.append(f"{where}: coordinates are shares of the image ({_range(form, screen)}); multiplied back")
    positions, measured = _drop_absurd(positions, measured, size, where, warnings)
    kept = np.where(measured, np.clip(np.nan_to_num(confidence), 0, 1), 0).astype(np.float32)
    pixels = np.where(measured[..., None], positions, 0).astype(np.float32)
    odd_place = place_warning(pixels, kept, size, source)
    if odd_place is not None:
        warnings.append(f"{where}: {odd_place}")
    return Clean(pixels, kept, size, source, assumptions, warnings)


def checked_size(width: float, height: float, where: str) -> tuple[int, int]:
    """An image size in whole pixels; raises UserError where it is none."""
    if not (1 <= width <= ABSURD_PX and 1 <= height <= ABSURD_PX):
        raise UserError(f"{where}: image size must be 1 to {ABSURD_PX:.0f} px, found {width:g} x {height:g}")
    return int(width), int(height)


def _form(raw: RawVideo, positions: np.ndarray, measured: np.ndarray) -> str:
    """How coordinates are normalised: "" for pixels, "unit" for [0, 1], "signed" for [-1, 1]."""
    known = positions[measured]
    if raw.normalised is False or not len(known):
        return ""
    if raw.normalised is None and (np.abs(known) > NORMALISED_LIMIT).mean() > 0.1:  # cheaper than a quantile
        return ""
    if raw.layout_name != "mediapipe33" and raw.normalised is None and (known < -0.02).mean() > 0.05:
        return "signed"
    return "unit"


def _range(form: str, screen: bool) -> str:
    if form == "unit":
        return "0 to 1 on each axis"
    return "-1 to 1 across the width, as VideoPose3D's" if screen else "-1 to 1 on each axis"


def _to_pixels(positions: np.ndarray, size: tuple[int, int], form: str, screen: bool) -> np.ndarray:
    width_height = np.array(size, np.float64)
    if form == "unit":
        return positions * width_height
    if screen:  # x / w * 2 - 1, y / w * 2 - h / w
        return (positions + np.array([1.0, size[1] / size[0]])) * size[0] / 2
    return (positions + 1) * width_height / 2


def _assumed_size(known: np.ndarray) -> tuple[int, int]:
    """The smallest common size that holds nearly all joints."""
    near = known[(np.abs(known) < ABSURD_PX).all(-1)]
    if not len(near):
        return COMMON_SIZES[1]
    reach = np.quantile(near, 0.995, axis=0)
    for wide, high in COMMON_SIZES:
        for size in ((wide, high), (high, wide)):
            if (reach <= size).all():
                return size
    return int(np.ceil(reach[0])), int(np.ceil(reach[1]))


def _size_sentence(size: tuple[int, int], form: str) -> str:
    why = "of the usual shape 16:9" if form else "the smallest common size that holds the keypoints"
    return f"image size assumed {size[0]} x {size[1]} px, {why}; --image-size W H gives the true one"


def _drop_absurd(
    positions: np.ndarray, measured: np.ndarray, size: tuple[int, int], where: str, warnings: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Joints that no picture of this size explains become missing."""
    outside = measured & ~near_picture(positions, size)
    if outside.any():
        warnings.append(
            f"{where}: {int(outside.sum())} joints are far outside a picture of {size[0]} x {size[1]} px; "
            "taken as missing"
        )
    return positions, measured & ~outside
