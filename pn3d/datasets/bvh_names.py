"""Which joints of somebody's skeleton are those of h36m17, in metres and with y up.

The names of each family of rigs: ``pn3d.datasets.rigs``. Units are not stored in BVH and are told by the person's
height.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from pn3d.datasets.bvh import Bvh, world_joints
from pn3d.datasets.rigs import RIGS
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17

UNITS_M: Mapping[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "cmu": 0.0254 / 0.45}
"""Metres per unit of a file; ``cmu`` is the unit of CMU's ASF files (inches scaled by 0.45), as their BVH keep it."""

_STATURE_M = (1.1, 2.2)
_HEAD_SHARE = 0.93
"""Top of the head above the base of the skull over neck: 118 mm over 127 mm, means of the CMU database."""

_SIDES = (("left", "right"), ("l", "r"))
_PARTS_OF_A_BONE = re.compile(r"twist|roll|bend|share|stretch|helper|adj|nub|segment|half|split")
"""Joints within a bone: rigs split thighs and arms for twists."""
_NUMBERED = re.compile(r"(.)_\d+$")
_STANDING = 0.8
"""Cosine: legs and trunk within 37 degrees of an axis at rest."""
_HEAD_END = (0.4, 2.0)
"""Where an end site above the head joint is the top of the head: as shares of the way from thorax to head joint."""


class NamedTree(Protocol):
    """A skeleton with names: ``Bvh``, ``Amc``."""

    @property
    def path(self) -> Path:
        """Where it was read."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """J joint names."""
        ...

    @property
    def parents(self) -> tuple[int, ...]:
        """J indices, -1 for the root."""
        ...


def plain_name(name: str) -> str:
    """``mixamorig:LeftUpLeg`` -> ``leftupleg``, ``upper_arm.L`` -> ``upperarml``, ``Bip01 L Thigh`` -> ``lthigh``."""
    return re.sub(r"[^a-z0-9]|^bip\d*", "", name.rsplit(":", 1)[-1].lower())


def h36m17_joints_m(
    bvh: Bvh, *, unit: str | None = None, up: str | None = None, frames: slice = slice(None)
) -> np.ndarray:
    """The joints of h36m17 in metres, y up.

    Hips, knees, ankles, shoulders, elbows and wrists are joints of the file; pelvis and thorax are the middles of the
    hips and of the shoulders, spine the middle of both; the neck is the head's joint (base of the skull) and the head
    its end (where the file has none, as far above the neck as in the mean person).

    Args:
        bvh: the file.
        unit: one of ``UNITS_M``; by the person's height where None.
        up: ``y`` or ``z``; where None the axis along which the trunk points on average, which must be that along which
            people stand at rest, if they do.
        frames: which frames.

    Returns:
        (T, 17, 3) float64.

    Raises:
        UserError: a joint cannot be found by name, the height fits no unit, or the up axis is not clear.
    """
    rest = np.zeros((len(bvh.names), 3))
    for joint, parent in enumerate(bvh.parents):
        rest[joint] = bvh.offsets[joint] + (rest[parent] if parent >= 0 else 0)
    return joints17_of_tree_m(bvh, world_joints(bvh, frames), rest, unit=unit, up=up)


def joints17_of_tree_m(
    tree: NamedTree,
    positions: np.ndarray,
    rest: np.ndarray | None = None,
    *,
    unit: str | None = None,
    up: str | None = None,
) -> np.ndarray:
    """``h36m17_joints_m`` of any skeleton with names: (T, J, 3) in its own unit and axes -> (T, 17, 3) metres, y up.

    ``rest`` (J, 3) are its joints at rest, from which the up axis is told where people stand there.
    """
    places = joint_places(tree)
    at = {joint: positions[:, place] for joint, place in places.items() if place >= 0}
    at["pelvis"] = (at["left_hip"] + at["right_hip"]) / 2
    at["thorax"] = (at["left_shoulder"] + at["right_shoulder"]) / 2
    at["spine"] = (at["pelvis"] + at["thorax"]) / 2
    if not _is_head_end(at):
        at["head"] = at["neck"] + _HEAD_SHARE * (at["neck"] - at["thorax"])
    joints = np.stack([at[joint] for joint in H36M17.joints], axis=1)
    standing = None if rest is None else _rest_up(places, rest)
    return _y_up(tree, joints, up, standing) * _metres_per_unit(tree, joints, unit)


def _is_head_end(at: Mapping[str, np.ndarray]) -> bool:
    """Whether the end site of the head may be its top: many writers put it anywhere, or in the joint itself."""
    if "head" not in at:
        return False
    neck = np.linalg.norm(at["neck"] - at["thorax"], axis=-1).mean()
    return bool(_HEAD_END[0] * neck <= np.linalg.norm(at["head"] - at["neck"], axis=-1).mean() <= _HEAD_END[1] * neck)


def joint_places(tree: NamedTree) -> dict[str, int]:
    """Index in the file of each limb joint, of the neck (the head's joint) and of the head (-1 where it has no end).

    Legs are those of one row of ``RIGS``, and so are arms: names are never mixed from several rows.

    Raises:
        UserError: no row has them all, or the joints found are no chain; with what is missing of the nearest row.
    """
    plain = [plain_name(name) for name in tree.names]
    if all(_NUMBERED.search(name) for name in tree.names if not name.endswith(" end")):  # Sketchfab: LeftUpLeg_55
        plain = [plain_name(_NUMBERED.sub(r"\1", name)) for name in tree.names]
    legs, leg_affix = _limbs(tree, plain, "leg", ("hip", "knee", "ankle"))
    arms, arm_affix = _limbs(tree, plain, "arm", ("shoulder", "elbow", "wrist"))
    skull = _skull(tree, plain, (leg_affix, arm_affix))
    tops = [
        i
        for i, parent in enumerate(tree.parents)
        if parent == skull and re.search(r"head(top)?|topofhead", plain[i]) and "eye" not in plain[i]
    ]
    return legs | arms | {"neck": skull, "head": tops[0] if tops else -1}


def _limbs(
    tree: NamedTree, plain: list[str], limb: str, parts: tuple[str, str, str]
) -> tuple[dict[str, int], tuple[str, str]]:
    """The places of both legs or both arms, and what stands before and behind their names."""
    there = set(plain)
    nearest: tuple[int, str] = (99, "")
    refused = ""
    for rig in RIGS:
        for words in _SIDES:
            patterns = rig.leg if limb == "leg" else rig.arm
            wanted = [_plain_pattern(pattern, word) for word in words for pattern in patterns]
            for before, behind in _affixes(plain, wanted[0]):
                names = [before + name + behind for name in wanted]
                lacking = [name for name in names if name not in there]
                if lacking:
                    nearest = min(nearest, (len(lacking), f"{lacking[0]!r} of {rig.name}"))
                    continue
                places = [plain.index(name) for name in names]
                problem = _problem(tree, plain, places)
                if not problem:
                    joints = [f"{side}_{part}" for side in ("left", "right") for part in parts]
                    return dict(zip(joints, places, strict=True)), (before, behind)
                refused = refused or problem
    listed = ", ".join(map(ascii, tree.names[:12]))
    hint = refused or (f"the nearest rig that is known lacks {nearest[1]}" if nearest[1] else "no rig that is known")
    raise UserError(
        f"{tree.path}: no joints for {parts[0]}, {parts[1]} and {parts[2]}: {hint}; the file has {listed} …"
    )


def _plain_pattern(pattern: str, side: str) -> str:
    return "".join(side if letter == "*" else letter for letter in pattern.lower() if letter.isalnum() or letter == "*")


def _affixes(plain: list[str], name: str) -> list[tuple[str, str]]:
    """What stands before and behind ``name`` in the joints that hold it; deforming bones first, then the shortest."""
    found = {
        (one[: match.start()], one[match.end() :]) for one in plain if name in one for match in re.finditer(name, one)
    }
    return sorted(found, key=lambda affix: (affix[0] != "def", len(affix[0]) + len(affix[1]), affix))


def _problem(tree: NamedTree, plain: list[str], places: list[int]) -> str:
    """Why these six joints are not two chains of bones; empty where they are."""
    for upper, lower in ((0, 1), (1, 2), (3, 4), (4, 5)):
        above, joint = places[upper], tree.parents[places[lower]]
        between = []
        while joint not in (above, -1):
            between.append(joint)
            joint = tree.parents[joint]
        if joint < 0:
            return f"{tree.names[places[lower]]!a} does not hang on {tree.names[above]!a}"
        bone = re.sub(r"\d", "", plain[above])
        for joint in between:
            if not _PARTS_OF_A_BONE.search(plain[joint]) and not re.sub(r"\d", "", plain[joint]).startswith(bone):
                return f"{tree.names[joint]!a} stands between {tree.names[above]!a} and {tree.names[places[lower]]!a}"
    double = next((place for place in places if plain.count(plain[place]) > 1), None)
    return f"two joints are called {tree.names[double]!a}" if double is not None else ""


def _skull(tree: NamedTree, plain: list[str], affixes: tuple[tuple[str, str], ...]) -> int:
    """The head's joint: named with the affixes of the limbs, or the only one that ends in "head"."""
    for head in dict.fromkeys(_plain_pattern(name, "") for rig in RIGS for name in rig.head):
        for before, behind in (*affixes, ("", "")):
            if before + head + behind in plain:
                return plain.index(before + head + behind)
    ends = [i for i, name in enumerate(plain) if name.endswith("head")]
    if len(ends) != 1:
        raise UserError(f"{tree.path}: no joint for the head; the file has {', '.join(map(ascii, tree.names[:12]))} …")
    return ends[0]


def _rest_up(places: Mapping[str, int], rest: np.ndarray) -> str | None:
    """``y`` or ``z`` where legs and trunk stand along it at rest; None where the rest pose is no standing one."""
    hips, ankles = ((rest[places[f"left_{part}"]] + rest[places[f"right_{part}"]]) / 2 for part in ("hip", "ankle"))
    leg, trunk = hips - ankles, rest[places["neck"]] - hips
    size = np.linalg.norm(leg), np.linalg.norm(trunk)
    for axis in (1, 2):
        if min(size) > 0 and min(leg[axis] / size[0], trunk[axis] / size[1]) > _STANDING:
            return "xyz"[axis]
    return None


def _y_up(tree: NamedTree, joints: np.ndarray, up: str | None, standing: str | None) -> np.ndarray:
    """Turns a z-up file. ``standing``: the axis along which people stand at rest."""
    if up is None:
        trunk = (joints[:, H36M17.index("neck")] - joints[:, H36M17.index("pelvis")]).mean(axis=0)
        up = "xyz"[int(np.argmax(np.abs(trunk)))]
        if up == "x" or trunk["xyz".index(up)] <= 0:
            raise UserError(
                f"{tree.path}: the trunk points along {trunk.round(3)} on average, not along +y or +z; say which is up"
            )
        if standing not in (up, None):
            raise UserError(
                f"{tree.path}: people stand along {standing} at rest, but the trunk points along {up} on average "
                "(lying, or turned?); say which is up"
            )
    if up not in ("y", "z"):
        raise UserError(f"unknown up axis {up!r}; expected y or z")
    return joints if up == "y" else np.stack([joints[..., 0], joints[..., 2], -joints[..., 1]], axis=-1)


def _metres_per_unit(tree: NamedTree, joints: np.ndarray, unit: str | None) -> float:
    if unit is not None:
        if unit not in UNITS_M:
            raise UserError(f"unknown unit {unit!r}; known units: {', '.join(UNITS_M)}")
        return UNITS_M[unit]
    chain = ("left_ankle", "left_knee", "left_hip", "pelvis", "spine", "thorax", "neck", "head")
    points = np.stack([joints[:, H36M17.index(joint)] for joint in chain])
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=-1).mean(axis=1)
    stature = float(lengths.sum() - lengths[2])  # all but the step from the hip to the middle
    fits = [name for name, metres in UNITS_M.items() if _STATURE_M[0] <= stature * metres <= _STATURE_M[1]]
    if len(fits) != 1:
        raise UserError(
            f"{tree.path}: a person {stature:.3g} units tall fits no known unit; say which: {', '.join(UNITS_M)}"
        )
    return UNITS_M[fits[0]]
