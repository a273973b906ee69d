"""Named joint layouts: joint names, parents, mirror maps, and remapping between layouts by name.

A joint of the same name means the same point of the body in every layout ("neck" of ``h36m17`` is the base of the
skull; the neck that OpenPose and Halpe give is the middle of the shoulders and is called "thorax" here).
"""

from dataclasses import dataclass

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


def _layout(name: str, bones: str) -> Layout:
    """Builds a layout from ``joint<parent`` words in joint order; a word without ``<`` is a root."""
    words = [word.partition("<") for word in bones.split()]
    joints = tuple(joint for joint, _, _ in words)
    parents = tuple(joints.index(parent) if parent else -1 for _, _, parent in words)
    return Layout(name, joints, parents)


_COCO17 = (
    "nose left_eye<nose right_eye<nose left_ear<left_eye right_ear<right_eye left_shoulder<nose right_shoulder<nose "
    "left_elbow<left_shoulder right_elbow<right_shoulder left_wrist<left_elbow right_wrist<right_elbow "
    "left_hip<left_shoulder right_hip<right_shoulder left_knee<left_hip right_knee<right_hip "
    "left_ankle<left_knee right_ankle<right_knee"
)
_OPENPOSE_ARMS = (
    "nose<thorax thorax right_shoulder<thorax right_elbow<right_shoulder right_wrist<right_elbow "
    "left_shoulder<thorax left_elbow<left_shoulder left_wrist<left_elbow "
)
_OPENPOSE_FEET = (
    "left_big_toe<left_ankle left_small_toe<left_big_toe left_heel<left_ankle "
    "right_big_toe<right_ankle right_small_toe<right_big_toe right_heel<right_ankle"
)

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        _layout(
            "h36m17",
            "pelvis right_hip<pelvis right_knee<right_hip right_ankle<right_knee left_hip<pelvis left_knee<left_hip "
            "left_ankle<left_knee spine<pelvis thorax<spine neck<thorax head<neck left_shoulder<thorax "
            "left_elbow<left_shoulder left_wrist<left_elbow right_shoulder<thorax right_elbow<right_shoulder "
            "right_wrist<right_elbow",
        ),
        _layout(
            "smpl24",
            "pelvis left_hip<pelvis right_hip<pelvis spine1<pelvis left_knee<left_hip right_knee<right_hip "
            "spine2<spine1 left_ankle<left_knee right_ankle<right_knee spine3<spine2 left_foot<left_ankle "
            "right_foot<right_ankle neck<spine3 left_collar<spine3 right_collar<spine3 head<neck "
            "left_shoulder<left_collar right_shoulder<right_collar left_elbow<left_shoulder "
            "right_elbow<right_shoulder left_wrist<left_elbow right_wrist<right_elbow left_hand<left_wrist "
            "right_hand<right_wrist",
        ),
        _layout("coco17", _COCO17),
        _layout(
            "openpose18",
            _OPENPOSE_ARMS + "right_hip<thorax right_knee<right_hip right_ankle<right_knee left_hip<thorax "
            "left_knee<left_hip left_ankle<left_knee right_eye<nose left_eye<nose right_ear<right_eye "
            "left_ear<left_eye",
        ),
        _layout(
            "body25",
            _OPENPOSE_ARMS + "pelvis<thorax right_hip<pelvis right_knee<right_hip right_ankle<right_knee "
            "left_hip<pelvis left_knee<left_hip left_ankle<left_knee right_eye<nose left_eye<nose right_ear<right_eye "
            "left_ear<left_eye " + _OPENPOSE_FEET,
        ),
        _layout("body25b", _COCO17 + " neck<nose head<neck " + _OPENPOSE_FEET),
        _layout(
            "halpe26",
            _COCO17 + " head<thorax thorax<pelvis pelvis left_big_toe<left_ankle right_big_toe<right_ankle "
            "left_small_toe<left_big_toe right_small_toe<right_big_toe left_heel<left_ankle right_heel<right_ankle",
        ),
        _layout(
            "mpii16",
            "right_ankle<right_knee right_knee<right_hip right_hip<pelvis left_hip<pelvis left_knee<left_hip "
            "left_ankle<left_knee pelvis thorax<pelvis neck<thorax head<neck right_wrist<right_elbow "
            "right_elbow<right_shoulder right_shoulder<thorax left_shoulder<thorax left_elbow<left_shoulder "
            "left_wrist<left_elbow",
        ),
    )
}

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
