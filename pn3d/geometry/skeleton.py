"""Named joint layouts: joint names, parents, mirror maps, and remapping between layouts by name.

A joint of the same name means the same point of the body in every layout ("neck" of ``h36m17`` is the base of the
skull; the neck that OpenPose and Halpe give is the middle of the shoulders and is called "thorax" here).
"""

from dataclasses import dataclass
from pathlib import Path

from pn3d.files.errors import UserError


@dataclass(frozen=True)
class Layout:
    """An ordered list of named joints.

    Attributes:
        name: how files and options call it.
        joints: the joint names, in order.
        parents: index of each joint's parent, -1 for the root (a tree for drawing; for ``smpl24`` the kinematic tree).
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]

    @property
    def mirror(self) -> tuple[int, ...]:
        """For each joint, the index of its left-right twin (itself for joints of the midline)."""
        return tuple(self.joints.index(mirrored_name(joint)) for joint in self.joints)

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) index pairs, one per joint that has a parent."""
        return tuple((parent, child) for child, parent in enumerate(self.parents) if parent >= 0)

    def index(self, joint: str) -> int:
        """Index of a joint name; raises UserError with the names that exist."""
        if joint not in self.joints:
            raise UserError(f"layout {self.name!r} has no joint {joint!r}; it has {', '.join(self.joints)}")
        return self.joints.index(joint)


def mirrored_name(joint: str) -> str:
    """The name of a joint's left-right twin: ``left_x`` <-> ``right_x``, others unchanged."""
    if joint.startswith("left_"):
        return "right_" + joint[len("left_") :]
    if joint.startswith("right_"):
        return "left_" + joint[len("right_") :]
    return joint


def _read_layouts(lines: list[str]) -> dict[str, Layout]:
    """Layouts of ``layouts.txt``: ``name:`` and then ``joint<parent`` words; lines with ``#`` are comments."""
    bones: dict[str, list[tuple[str, str]]] = {}
    for word in " ".join(line for line in lines if not line.startswith("#")).split():
        if word.endswith(":"):
            of_layout = bones.setdefault(word[:-1], [])
        else:
            joint, _, parent = word.partition("<")
            of_layout.append((joint, parent))
    layouts = {}
    for name, pairs in bones.items():
        joints = tuple(joint for joint, _ in pairs)
        layouts[name] = Layout(name, joints, tuple(joints.index(parent) if parent else -1 for _, parent in pairs))
    return layouts


LAYOUTS = _read_layouts(Path(__file__).with_name("layouts.txt").read_text(encoding="utf-8").splitlines())

H36M17 = LAYOUTS["h36m17"]
SMPL24 = LAYOUTS["smpl24"]
COCO17 = LAYOUTS["coco17"]

LSP14_OF_H36M17 = (3, 2, 1, 4, 5, 6, 16, 15, 14, 11, 12, 13, 8, 10)
"""The LSP-14 subset of h36m17, in LSP order (right ankle … head top), as most PA-MPJPE tables use it."""

H36M17_ANKLES = (H36M17.index("left_ankle"), H36M17.index("right_ankle"))

SMPL24_FEET = tuple(SMPL24.index(name) for name in ("left_ankle", "right_ankle", "left_foot", "right_foot"))
"""The body's joints that stand for left heel, right heel, left toe, right toe."""


def get_layout(name: str) -> Layout:
    """The layout of that name; raises UserError with the names that exist."""
    if name not in LAYOUTS:
        raise UserError(f"unknown layout {name!r}; known layouts: {', '.join(sorted(LAYOUTS))}")
    return LAYOUTS[name]


def remap_indices(source: Layout, target: Layout) -> tuple[int, ...]:
    """For each joint of ``target`` the index of the joint of that name in ``source``, -1 where it has none."""
    return tuple(source.joints.index(joint) if joint in source.joints else -1 for joint in target.joints)
