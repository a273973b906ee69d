"""Layouts that only detectors use, the names tools give to layouts, and the decision which one a file has."""

from dataclasses import dataclass

from pn3d.data.joint_names import NamedJoints, layout_from_names, layout_of_named
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import LAYOUTS, Layout

_COCO17 = LAYOUTS["coco17"].joints
_FEET = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("big_toe", "small_toe", "heel"))
_ARMS_RIGHT_FIRST = tuple(f"{side}_{part}" for side in ("right", "left") for part in ("shoulder", "elbow", "wrist"))
_LEGS_RIGHT_FIRST = tuple(f"{side}_{part}" for side in ("right", "left") for part in ("hip", "knee", "ankle"))
_MEDIAPIPE33 = (
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear "
    "left_mouth right_mouth left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_pinky "
    "right_pinky left_index right_index left_thumb right_thumb left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle left_heel right_heel left_big_toe right_big_toe"
)
_LSP14 = (
    "right_ankle right_knee right_hip left_hip left_knee left_ankle right_wrist right_elbow right_shoulder "
    "left_shoulder left_elbow left_wrist thorax head"
)
_CROWDPOSE14 = " ".join(
    f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
)


MOST_ABSENT = 6
"""Joints of a known layout that a file which names its joints may lack."""


@dataclass(frozen=True)
class DetectorLayout:
    """A layout as files hold it.

    Attributes:
        layout: the joints that are read, which are the first ones of the file.
        count: joints per person in the file; those behind the named ones (face, hands) are left out.
    """

    layout: Layout
    count: int


def _known() -> dict[str, DetectorLayout]:
    shared = ("coco17", "openpose18", "body25", "body25b", "halpe26", "mpii16", "h36m17")
    table = {name: DetectorLayout(LAYOUTS[name], len(LAYOUTS[name].joints)) for name in shared}
    own: tuple[tuple[str, tuple[str, ...], int], ...] = (
        ("openpose15", ("head", "neck", *_ARMS_RIGHT_FIRST, *_LEGS_RIGHT_FIRST, "chest"), 15),
        ("lsp14", tuple(_LSP14.split()), 14),
        ("crowdpose14", (*_CROWDPOSE14.split(), "head", "neck_base"), 14),
        ("aic14", (*_ARMS_RIGHT_FIRST, *_LEGS_RIGHT_FIRST, "head", "neck_base"), 14),
        ("mediapipe33", tuple(_MEDIAPIPE33.split()), 33),
        ("wholebody133", (*_COCO17, *_FEET), 133),
        ("halpe136", LAYOUTS["halpe26"].joints, 136),
        ("body135", LAYOUTS["body25b"].joints, 135),
    )
    for name, joints, count in own:
        table[name] = DetectorLayout(layout_from_names(name, joints), count)
    return table


DETECTOR_LAYOUTS: dict[str, DetectorLayout] = _known()

_ALIASES = {
    "coco": "coco17",
    "ultralytics": "coco17",
    "yolo": "coco17",
    "coco18": "openpose18",
    "openposecoco": "openpose18",
    "cocoopenpose": "openpose18",
    "openpose": "body25",
    "openpose25": "body25",
    "openpose25b": "body25b",
    "mpi": "openpose15",
    "mpi15": "openpose15",
    "mpii": "mpii16",
    "halpe": "halpe26",
    "alphapose26": "halpe26",
    "lsp": "lsp14",
    "crowdpose": "crowdpose14",
    "aic": "aic14",
    "h36m": "h36m17",
    "human36m": "h36m17",
    "mediapipe": "mediapipe33",
    "blazepose": "mediapipe33",
    "blazepose33": "mediapipe33",
    "wholebody": "wholebody133",
    "cocowholebody": "wholebody133",
    "cocowholebody133": "wholebody133",
}


def detector_layout(name: str) -> DetectorLayout:
    """The layout of that name, however it is spelt (BODY_25, body-25, coco …); raises UserError with those known."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    plain = _ALIASES.get(plain, plain)
    if plain not in DETECTOR_LAYOUTS:
        raise UserError(f"unknown layout {name!r}; known layouts: {', '.join(sorted(DETECTOR_LAYOUTS))}")
    return DETECTOR_LAYOUTS[plain]


def layouts_of_count(count: int) -> list[str]:
    """Names of the layouts that have this many joints in a file, the most usual first."""
    return [name for name, known in DETECTOR_LAYOUTS.items() if known.count == count]


def layout_by_names(dataset: str, named: NamedJoints) -> tuple[Layout, tuple[int, ...]]:
    """The layout of a file that names its joints, and for each joint of the layout the file's column (-1 = none).

    The smallest known layout that has all of the joints; where there is none, or it would have many that the file has
    not, a layout of the file's own joints.
    """
    joints = {joint for joint in named.joints if joint}
    fitting = [known.layout for known in DETECTOR_LAYOUTS.values() if joints <= set(known.layout.joints)]
    layout = min(fitting, key=lambda one: len(one.joints), default=None)
    if layout is None or len(layout.joints) > len(joints) + MOST_ABSENT:
        return layout_of_named(dataset or "named", named)
    return layout, tuple(named.column(joint) for joint in layout.joints)
