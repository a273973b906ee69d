"""Which joints of somebody's skeleton are those of h36m17, in metres and with y up.

Families of names that are known: CMU as converted for MotionBuilder, Bandai-Namco, Mixamo, MotionBuilder's and
Biovision's own, Blender's Rigify, 3ds Max. Units are not stored in BVH and are told by the person's height.
"""

import re
from collections.abc import Mapping

import numpy as np

from pn3d.datasets.bvh import Bvh, world_joints
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import H36M17

UNITS_M: Mapping[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "cmu": 0.0254 / 0.45}
"""Metres per unit of a file; ``cmu`` is the unit of CMU's ASF files (inches scaled by 0.45), as their BVH keep it."""

_STATURE_M = (1.1, 2.2)
_HEAD_SHARE = 0.93
"""Top of the head above the base of the skull over neck: 118 mm over 127 mm, means of the CMU database."""

# In order of preference; "*" is the side. A shoulder called "shoulder" is the collar bone where there is also an "arm".
_CANDIDATES = {
    "hip": ("*upleg", "*upperleg", "upperleg*", "*thigh", "thigh*", "upleg*", "*femur", "*hip", "hip*"),
    "knee": (
        "*leg",
        "*lowerleg",
        "lowerleg*",
        "*lowleg",
        "*shin",
        "shin*",
        "*calf",
        "calf*",
        "*tibia",
        "*knee",
        "knee*",
    ),
    "ankle": ("*foot", "foot*", "*ankle", "ankle*"),
    "shoulder": ("*arm", "*upperarm", "upperarm*", "*uparm", "*humerus", "*shoulder", "shoulder*"),
    "elbow": ("*forearm", "forearm*", "*lowerarm", "lowerarm*", "*lowarm", "*radius", "*elbow", "elbow*"),
    "wrist": ("*hand", "hand*", "*wrist", "wrist*"),
}
_SIDES = {"left": ("left", "l"), "right": ("right", "r")}
_HEAD = ("head",)


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
        up: ``y`` or ``z``; the axis along which the trunk points on average where None.
        frames: which frames.

    Returns:
        (T, 17, 3) float64.

    Raises:
        UserError: a joint cannot be found by name, or the height fits no unit.
    """
    places = _places(bvh)
    positions = world_joints(bvh, frames)
    at = {joint: positions[:, place] for joint, place in places.items() if place >= 0}
    at["pelvis"] = (at["left_hip"] + at["right_hip"]) / 2
    at["thorax"] = (at["left_shoulder"] + at["right_shoulder"]) / 2
    at["spine"] = (at["pelvis"] + at["thorax"]) / 2
    if places["head"] < 0:
        at["head"] = at["neck"] + _HEAD_SHARE * (at["neck"] - at["thorax"])
    joints = np.stack([at[joint] for joint in H36M17.joints], axis=1)
    return _y_up(bvh, joints, up) * _metres_per_unit(bvh, joints, unit)


def _places(bvh: Bvh) -> dict[str, int]:
    """Index in the file of each limb joint, of the neck and of the head (-1 where the head has no end)."""
    plain = [plain_name(name) for name in bvh.names]
    places = {}
    for part, patterns in _CANDIDATES.items():
        for side, words in _SIDES.items():
            names = [pattern.replace("*", word) for pattern in patterns for word in words]
            found = next((plain.index(name) for name in names if name in plain), None)
            if found is None:
                raise UserError(
                    f"{bvh.path}: no joint for the {side} {part} (looked for {', '.join(names[:4])} …); the file has "
                    f"{', '.join(map(ascii, bvh.names[:12]))} …"
                )
            places[f"{side}_{part}"] = found
    skull = next((plain.index(name) for name in _HEAD if name in plain), None)
    if skull is None:
        raise UserError(f"{bvh.path}: no joint for the head; the file has {', '.join(map(ascii, bvh.names[:12]))} …")
    ends = [i for i, parent in enumerate(bvh.parents) if parent == skull and plain[i].startswith("head")]
    places |= {"neck": skull, "head": ends[0] if ends else -1}
    return places


def _y_up(bvh: Bvh, joints: np.ndarray, up: str | None) -> np.ndarray:
    """Turns a z-up file."""
    if up is None:
        trunk = (joints[:, H36M17.index("neck")] - joints[:, H36M17.index("pelvis")]).mean(axis=0)
        up = "xyz"[int(np.argmax(np.abs(trunk)))]
        if up == "x" or trunk["xyz".index(up)] <= 0:
            raise UserError(
                f"{bvh.path}: the trunk points along {trunk.round(3)} on average, not along +y or +z; say which is up"
            )
    if up not in ("y", "z"):
        raise UserError(f"unknown up axis {up!r}; expected y or z")
    return joints if up == "y" else np.stack([joints[..., 0], joints[..., 2], -joints[..., 1]], axis=-1)


def _metres_per_unit(bvh: Bvh, joints: np.ndarray, unit: str | None) -> float:
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
            f"{bvh.path}: a person {stature:.3g} units tall fits no known unit; say which: {', '.join(UNITS_M)}"
        )
    return UNITS_M[fits[0]]
