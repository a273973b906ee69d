"""The names that files give to joints, in the words of pn3d.geometry.skeleton; and a layout made of such names.

A file's names decide what its columns are: ``right_before_left`` orders, subsets, CamelCase and short forms of the
usual tools are understood (COCO, MMPose, MediaPipe, OpenPose, Halpe, MPII, Human3.6M, CSV headings), anything else is
unknown, and the caller says so.
"""

import functools
import re
from dataclasses import dataclass

from pn3d.files.tables import read_table
from pn3d.geometry.skeleton import Layout, mirrored_name

_SIDES = {"left": "left", "l": "left", "lft": "left", "right": "right", "r": "right", "rgt": "right", "rt": "right"}
_TABLE = read_table(__file__, "joint_names.csv")
_PART_OF, _MIDDLE_OF = (
    {name: row["joint"] for row in _TABLE if row["sided"] == sided for name in row["names"].split()}
    for sided in ("yes", "no")
)
_CARRIERS = {("left_" if row["sided"] == "yes" else "") + row["joint"]: row["carried_by"].split() for row in _TABLE}
_FACE_OR_HAND = re.compile(
    r"face|hand|finger|palm|brow|lip|jaw|iris|pupil|cheek|chin|contour|(thumb|index|middle|ring|pinky|fore)_?\w*\d"
)
_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
LEAST_LIMBS = 8
"""Of the twelve joints of the limbs; with fewer of them names are not taken for those of a human body."""


@dataclass(frozen=True)
class NamedJoints:
    """What a file's names are.

    Attributes:
        joints: for each name our joint, "" for points of the face and hands that are left out, None where unknown.
        names: as in the file.
    """

    joints: tuple[str | None, ...]
    names: tuple[str, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names that are not joints known here."""
        return tuple(name for name, joint in zip(self.names, self.joints, strict=True) if joint is None)

    @property
    def doubled(self) -> tuple[str, ...]:
        """Joints that two names mean."""
        known = [joint for joint in self.joints if joint]
        return tuple(sorted({joint for joint in known if known.count(joint) > 1}))

    @property
    def is_body(self) -> bool:
        """Whether enough joints of the limbs are among them, of both sides."""
        limbs = [joint for joint in self.joints if joint and joint.partition("_")[2] in _LIMBS]
        return len(set(limbs)) >= LEAST_LIMBS and {limb.split("_")[0] for limb in limbs} == {"left", "right"}

    def column(self, joint: str) -> int:
        """Index of our joint in the file, -1 where it has none."""
        return self.joints.index(joint) if joint in self.joints else -1


def named_joints(names: tuple[str, ...]) -> NamedJoints:
    """Our joints for a file's names.

    ``neck`` is the middle of the shoulders beside eyes and ears (OpenPose, Halpe), and the base of the neck elsewhere
    (AIC, CrowdPose); ``foot`` is the ankle where there is no ankle (Human3.6M).
    """
    plain = [plain_joint_name(name) for name in names]
    with_face = any(name is not None and name.endswith(("_eye", "_ear")) for name in plain) or len(names) in (26, 136)
    joints: list[str | None] = []
    for name in plain:
        side, _, part = (name or "").partition("_")
        if name == "neck":
            name = "thorax" if with_face and "thorax" not in plain else "neck_base"
        elif name == "upper_neck" or (name == "neck_base" and "thorax" in plain):
            name = "neck"
        elif part == "foot":
            name = f"{side}_ankle" if f"{side}_ankle" not in plain else ""
        joints.append(name)
    return NamedJoints(tuple(joints), tuple(names))


@functools.lru_cache(maxsize=4096)
def plain_joint_name(name: str) -> str | None:
    """``LeftShoulder``, ``l_sho``, ``shoulder-left`` -> ``left_shoulder``; "" for face and hands, None: unknown."""
    name = re.sub(r"(?i)^(pose_?landmarks?|landmark|keypoint|joint|kpt?)[._: -]+(?=[a-z])", "", name.strip())
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    tokens = [word for word in re.split(r"[^a-z0-9]+", words.lower()) if word]
    sides = {_SIDES[token] for token in tokens if token in _SIDES}
    rest = "".join(token for token in tokens if token not in _SIDES)
    if len(sides) == 1:
        (side,) = sides
        if rest in _PART_OF:
            return f"{side}_{_PART_OF[rest]}"
    elif not sides:
        if rest in _MIDDLE_OF:
            return _MIDDLE_OF[rest]
        for prefix in ("left", "right", "l", "r"):
            if rest.startswith(prefix) and rest[len(prefix) :] in _PART_OF:
                return f"{_SIDES[prefix]}_{_PART_OF[rest[len(prefix) :]]}"
            if len(prefix) > 1 and rest.endswith(prefix) and rest[: -len(prefix)] in _PART_OF:
                return f"{prefix}_{_PART_OF[rest[: -len(prefix)]]}"
    return "" if _FACE_OR_HAND.search("_".join(tokens)) else None


def layout_from_names(name: str, joints: tuple[str, ...]) -> Layout:
    """A layout of these joints, drawn with the carriers of ``joint_names.csv`` (our choice; any tree will do)."""

    def parent_of(joint: str) -> int:
        side, _, part = joint.partition("_")
        on_right = side == "right" and part != ""
        candidates = _CARRIERS.get(f"left_{part}" if on_right else joint, [])
        if on_right:
            candidates = [mirrored_name(candidate) for candidate in candidates]
        return next((joints.index(c) for c in candidates if c in joints), -1)

    return Layout(name, joints, tuple(parent_of(joint) for joint in joints))


def layout_of_named(name: str, named: NamedJoints) -> tuple[Layout, tuple[int, ...]]:
    """A layout of the file's own joints, each with its mirror, and for each of them the file's column (-1 = none)."""
    joints: list[str] = []
    for joint in named.joints:
        for one in (joint, mirrored_name(joint)) if joint else ():
            if one not in joints:
                joints.append(one)
    return layout_from_names(name, tuple(joints)), tuple(named.column(joint) for joint in joints)
