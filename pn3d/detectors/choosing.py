"""Which layout a file's joints are in: what the user says, what the file says, what the tool writes, what bones say."""

from dataclasses import dataclass, replace

import numpy as np

from pn3d.data.joint_names import NamedJoints, named_joints
from pn3d.detectors.layouts import (
    DETECTOR_LAYOUTS,
    DetectorLayout,
    detector_layout,
    layout_by_names,
    layouts_of_count,
)
from pn3d.detectors.records import ABSURD, RawVideo
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import Layout

SAMPLED_PEOPLE = 300  # enough for a median
CLEAR_RATIO = 1.15  # bones of a wrong reading are longer by at least this much, else nothing is decided
MIN_JOINTS = 8  # fewer measured joints say nothing about a layout


@dataclass(frozen=True)
class Choice:
    """A layout, the reason in words, and what the user should be warned of.

    Attributes:
        known: the layout, with the number of joints in the file.
        columns: for each joint of the layout its column in the file, -1 = none; None where they are the first ones.
    """

    known: DetectorLayout
    reason: str
    warnings: tuple[str, ...] = ()
    columns: tuple[int, ...] | None = None


def choose_layout(raw: RawVideo, requested: str | None, where: str) -> Choice:
    """The layout of ``raw``'s joints.

    The order of authority: joint names in the file, ``requested``, a layout that the file or tool declares, the
    number of joints where only one layout has it. Where several have it, the one in which bones are shorter is taken
    with a warning, and nothing is taken where that is not clear.

    Raises:
        UserError: the number of joints fits no layout, not the requested one, or several equally well.
    """
    count = raw.keypoints.shape[1]
    named = None if raw.joint_names is None else named_joints(raw.joint_names)
    known = None if requested is None else detector_layout(requested)
    if named is not None and not (known is not None and _agrees(known, named)):
        return _by_names(raw, named, requested, where)
    if known is not None:
        if known.count != count:
            raise UserError(
                f"{where}: layout {known.layout.name!r} has {known.count} joints, found {count}{_fitting(count)}"
            )
        return Choice(known, "given")
    candidates = layouts_of_count(count)
    if not candidates:
        counts = sorted({known.count for known in DETECTOR_LAYOUTS.values()})
        raise UserError(f"{where}: {count} joints per person fit no layout; known are {', '.join(map(str, counts))}")
    declared = raw.layout_name if raw.layout_name in candidates else None
    if len(candidates) == 1:
        return Choice(DETECTOR_LAYOUTS[candidates[0]], f"the only layout of {count} joints")
    if declared is not None:
        return _declared(raw, declared, candidates, where)
    return _by_bones(raw, candidates, where)


def _agrees(known: DetectorLayout, named: NamedJoints) -> bool:
    """Whether a layout that the user gives contradicts no name: then it says what ambiguous names (neck) mean."""
    if known.count != len(named.joints):
        return False
    pairs = zip(known.layout.joints, named.joints, strict=False)
    return all(ours == theirs for ours, theirs in pairs if theirs and theirs.startswith(("left_", "right_")))


def _by_names(raw: RawVideo, named: NamedJoints, requested: str | None, where: str) -> Choice:
    """The file names its joints: they are mapped by name, and nothing is mapped that has an unknown one."""
    count = raw.keypoints.shape[1]
    if len(named.names) != count:
        raise UserError(f"{where}: the file names {len(named.names)} joints, but people have {count}")
    if named.doubled:
        raise UserError(f"{where}: two of the joint names mean {', '.join(named.doubled)}; expected each joint once")
    if not named.is_body:
        if requested is not None and not any(named.joints):
            return choose_layout(replace(raw, joint_names=None), requested, where)
        raise UserError(
            f"{where}: joint names ({_shown_names(named.names)}) are not those of a human body that is known here; "
            f"give the layout, one of {', '.join(sorted(DETECTOR_LAYOUTS))}"
        )
    if named.unknown and not raw.names_may_be_unknown:
        raise UserError(f"{where}: joint names that are not known here: {_shown_names(named.unknown, 12)}")
    layout, columns = layout_by_names(raw.layout_name or "", named)
    warnings = []
    if named.unknown:
        warnings.append(f"{where}: left out, not a joint that is known here: {_shown_names(named.unknown, 12)}")
    if requested is not None:
        warnings.append(f"{where}: --layout {requested} contradicts the joint names in the file; the names are taken")
    return Choice(DetectorLayout(layout, count), "the file names its joints", tuple(warnings), columns)


def _shown_names(names: tuple[str, ...], most: int = 4) -> str:
    words = ", ".join(ascii(name)[1:-1][:20] for name in names[:most])
    return words + (" …" if len(names) > most else "")


def with_columns(raw: RawVideo, choice: Choice) -> RawVideo:
    """``raw`` with its joints in the layout's order, NaN where the file has none."""
    if choice.columns is None or choice.columns == tuple(range(len(choice.columns))):
        return raw
    columns = np.array(choice.columns)
    absent = columns < 0
    keypoints, confidence = raw.keypoints[:, columns], raw.confidence[:, columns]
    keypoints[:, absent], confidence[:, absent] = np.nan, np.nan
    return replace(raw, keypoints=keypoints, confidence=confidence)


def _declared(raw: RawVideo, declared: str, candidates: list[str], where: str) -> Choice:
    """What the file or tool declares, with a warning where the bones contradict it."""
    share = {name: bone_share(DETECTOR_LAYOUTS[name].layout, raw.keypoints, raw.confidence) for name in candidates}
    best = min(candidates, key=lambda name: share[name])
    warnings: tuple[str, ...] = ()
    if share[declared] > CLEAR_RATIO**2 * share[best]:
        ratio = share[declared] / share[best]
        warnings = (
            f"{where}: read as {declared} ({raw.layout_reason}), but bones would be {ratio:.1f} "
            f"times shorter as {best}; if the skeleton looks entangled, give --layout {best}",
        )
    return Choice(DETECTOR_LAYOUTS[declared], raw.layout_reason, warnings)


def _by_bones(raw: RawVideo, candidates: list[str], where: str) -> Choice:
    """Several layouts have this many joints and nothing says which: the bones decide, aloud, or nobody does."""
    share = {name: bone_share(DETECTOR_LAYOUTS[name].layout, raw.keypoints, raw.confidence) for name in candidates}
    ranked = sorted(candidates, key=lambda name: share[name])
    best, second = ranked[0], ranked[1]
    names = " and ".join(candidates)
    count = raw.keypoints.shape[1]
    if not np.isfinite(share[best]) or share[second] < CLEAR_RATIO * share[best]:
        raise UserError(
            f"{where}: {count} joints per person fit {names} and too little is visible to tell; give --layout"
        )
    reason = f"{count} joints fit {names}; bones are {share[second] / share[best]:.1f} times shorter as {best}"
    return Choice(
        DETECTOR_LAYOUTS[best], reason, (f"{where}: {reason}, so it was read as {best}; --layout says otherwise",)
    )


def bone_share(layout: Layout, keypoints: np.ndarray, confidence: np.ndarray) -> float:
    """Median over people of the mean bone length as a share of the person's box: small where the layout is right.

    Args:
        layout: whose bones are measured, on the first joints of ``keypoints``.
        keypoints: (D, K, 2) any unit; NaN or (0, 0) = missing.
        confidence: (D, K); 0 = missing, NaN = unknown.

    Returns:
        The share, infinite where nobody has enough joints. Our choice: joints read in a wrong order make bones that
        cross the body.
    """
    step = max(1, len(keypoints) // SAMPLED_PEOPLE)
    joints = keypoints[::step, : len(layout.joints)]
    measured = (np.abs(joints) < ABSURD).all(-1) & (joints != 0).any(-1)  # not for NaN either
    measured &= ~(confidence[::step, : len(layout.joints)] <= 0)
    enough = measured.sum(-1) >= MIN_JOINTS
    joints, measured = np.where(measured[..., None], joints, np.nan)[enough], measured[enough]
    if not len(joints):
        return float("inf")
    size = np.hypot(*np.moveaxis(np.nanmax(joints, axis=1) - np.nanmin(joints, axis=1), -1, 0))
    parents, children = (list(ends) for ends in zip(*layout.bones, strict=True))
    lengths = np.linalg.norm(joints[:, children] - joints[:, parents], axis=-1)
    both = measured[:, children] & measured[:, parents]
    usable = (both.sum(-1) >= MIN_JOINTS // 2) & (size > 0)
    if not usable.any():
        return float("inf")
    mean = np.where(both, np.nan_to_num(lengths), 0)[usable].sum(-1) / both[usable].sum(-1)
    return float(np.median(mean / size[usable]))


def _fitting(count: int) -> str:
    candidates = layouts_of_count(count)
    return f" ({count} joints fit {' or '.join(candidates)})" if candidates else ""
