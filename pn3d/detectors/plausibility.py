"""What cannot be, or hardly: world landmarks as pixels, people outside the picture, pictures on their side.

Every threshold is our choice, set so that real recordings, dance and built-in motion stay without a word.
"""

import numpy as np

from pn3d.detectors.records import Person, box_diagonal
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import Layout

HIPS_AT_ORIGIN = 0.02  # of the body's size: how near (0, 0) the middle of the hips is in files that are centred there
MOST_CENTRED = 0.9
CONFIDENT = 0.5
MOST_OUTSIDE = 0.03
FEWER_EXCHANGED = 0.3
CORNER = 0.4  # of both sides
PERCENT = 100.5  # px: joints that reach no farther may be per cent
LEAST_SIZE_PX = 4.0  # a larger diagonal than that of anybody in metres
SHARES_REACH, MOST_BEYOND_SHARES = 1.05, 0.2
MOST_TURNED = 0.6
TURNED_TRUNK = 0.7  # cosine: a trunk within 45 degrees of a direction


def refuse_centred(keypoints: np.ndarray, measured: np.ndarray, layout: Layout, where: str) -> None:
    """UserError where the hips lie at (0, 0) in (nearly) every frame, as those of 3D joints and world landmarks do.

    Args:
        keypoints: (D, J, 2) in the file's unit.
        measured: (D, J).
        layout: of the joints.
        where: the file, for messages.
    """
    hips = [layout.index(joint) for joint in ("left_hip", "right_hip") if joint in layout.joints]
    if len(hips) < 2:
        return
    usable = measured[:, hips].all(-1) & (measured.sum(-1) >= 8)
    if not usable.any():
        return
    points = np.where(measured[usable][..., None], keypoints[usable], np.nan)
    size = np.hypot(*(np.nanmax(points, axis=1) - np.nanmin(points, axis=1)).T)
    middle = np.linalg.norm(points[:, hips].mean(axis=1), axis=-1)
    centred = (middle < HIPS_AT_ORIGIN * size) & ((points < 0).any(axis=1).all(axis=-1))
    if centred.mean() > MOST_CENTRED:
        raise UserError(
            f"{where}: the hips are at (0, 0) in {100 * centred.mean():.0f} % of the frames: these are 3D joints or "
            "world landmarks (metres from the hips), not places in the image; give the image's landmarks "
            "(MediaPipe: pose_landmarks instead of pose_world_landmarks)"
        )


def refuse_metres(known: np.ndarray, where: str) -> None:
    """UserError where what would be shares of the image from -1 to 1, (K, 2), is too often outside of it."""
    outside = float((np.abs(known) > SHARES_REACH).any(-1).mean())
    if outside > MOST_BEYOND_SHARES:
        raise UserError(
            f"{where}: places are neither pixels nor shares of the image: {100 * outside:.0f} % are outside of -1 to 1 "
            f"(they are {known.min():.2g} to {known.max():.2g}); metres (3D)?"
        )


def refuse_tiny(keypoints_px: np.ndarray, confidence: np.ndarray, where: str) -> None:
    """UserError where nobody is more than a few pixels across, as 3D joints in metres are not."""
    sizes = box_diagonal(keypoints_px, confidence)[(confidence > 0).sum(-1) > 2]
    if len(sizes) and (largest := float(np.quantile(sizes, 0.9))) < LEAST_SIZE_PX:
        raise UserError(
            f"{where}: people are {largest:.2g} px across: metres (3D)? Expected places in the image, in pixels or as "
            "shares of its sides (0 to 1)"
        )


def place_warning(keypoints_px: np.ndarray, confidence: np.ndarray, size: tuple[int, int], source: str) -> str | None:
    """A sentence where more than a few per cent of the confident joints lie outside the picture, or nearly all of them
    in its upper left corner, as per cent do and the pixels of a smaller picture."""
    known = keypoints_px[confidence > CONFIDENT] if (confidence > CONFIDENT).any() else keypoints_px[confidence > 0]
    if not len(known):
        return None
    reach = np.quantile(known, 0.99, axis=0)
    if known.min() >= 0 and known.max() <= PERCENT and min(size) > 2 * PERCENT:
        return f"all joints lie within 100 x 100 px of a picture of {size[0]} x {size[1]} px: are they per cent?"
    if source == "assumed":
        return None
    if (reach < CORNER * np.array(size)).all():
        return (
            f"all joints lie in the upper left corner of the {source} image size {size[0]} x {size[1]} (they reach "
            f"{reach[0]:.0f} x {reach[1]:.0f} px): is the picture smaller?"
        )
    share = _share_outside(known, size)
    if share <= MOST_OUTSIDE:
        return None
    text = (
        f"{100 * share:.0f} % of the confident joints are outside the {source} image size {size[0]} x {size[1]} "
        f"(they reach {reach[0]:.0f} x {reach[1]:.0f} px)"
    )
    if _share_outside(known, size[::-1]) < FEWER_EXCHANGED * share:
        return f"{text}; they would fit {size[1]} x {size[0]}: are width and height exchanged?"
    return text


def _share_outside(known: np.ndarray, size: tuple[int, int]) -> float:
    return float(((known < 0) | (known > np.array(size))).any(-1).mean())


def turned_warning(person: Person, layout: Layout) -> str | None:
    """A sentence where the trunk points up or sideways in the picture over most of the clip."""
    names = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
    if not all(name in layout.joints for name in names):
        return None
    index = [layout.index(name) for name in names]
    usable = (person.confidence[:, index] > 0.3).all(-1)
    if not usable.any():
        return None
    points = person.keypoints_px[usable][:, index]
    down = points[:, 2:].mean(axis=1) - points[:, :2].mean(axis=1)
    length = np.linalg.norm(down, axis=-1)
    long_enough = length > 0.15 * person.size_px  # seen from the front or behind, not along the trunk
    if long_enough.mean() < 0.5:
        return None
    direction = down[long_enough] / length[long_enough, None]
    upside = float((direction[:, 1] < -TURNED_TRUNK).mean())
    left, right = (float((sign * direction[:, 0] > TURNED_TRUNK).mean()) for sign in (-1, 1))
    if upside > MOST_TURNED:
        return (
            f"{person.name}: upside down in {100 * upside:.0f} % of the frames: is the picture turned by 180 degrees? "
            "Turn the video first (or does y count from the bottom?)"
        )
    side = max(left, right)
    if side > MOST_TURNED:
        return (
            f"{person.name}: lying in {100 * side:.0f} % of the frames: is the picture turned by 90 degrees "
            f"({'clockwise' if left > right else 'counter-clockwise'})? Turn the video first (are x and y exchanged?)"
        )
    return None
