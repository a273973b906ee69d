"""Layouts that only detectors use, the names tools give to layouts, and the decision which one a file has."""

from dataclasses import dataclass

from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import LAYOUTS, Layout, mirrored_name

_PARENTS: dict[str, tuple[str, ...]] = {
    "nose": ("thorax", "neck"),
    "left_eye": ("nose",),
    "left_eye_inner": ("nose",),
    "left_eye_outer": ("left_eye",),
    "left_ear": ("left_eye_outer", "left_eye"),
    "left_mouth": ("nose",),
    "left_shoulder": ("thorax", "neck_base", "neck", "nose"),
    "left_elbow": ("left_shoulder",),
    "left_wrist": ("left_elbow",),
    "left_pinky": ("left_wrist",),
    "left_index": ("left_wrist",),
    "left_thumb": ("left_wrist",),
    "left_hip": ("pelvis", "chest", "thorax", "left_shoulder"),
    "left_knee": ("left_hip",),
    "left_ankle": ("left_knee",),
    "left_heel": ("left_ankle",),
    "left_big_toe": ("left_ankle",),
    "left_small_toe": ("left_big_toe",),
    "pelvis": ("spine", "thorax"),
    "chest": ("neck",),
    "thorax": (),
    "neck": ("thorax",),
    "head": ("neck", "neck_base", "thorax", "nose"),
}
"""For each joint, the joints that may carry it in a drawing, best first; right sides are the mirror."""

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


@dataclass(frozen=True)
class DetectorLayout:
    """A layout as files hold it.

    Attributes:
        layout: the joints that are read, which are the first ones of the file.
        count: joints per person in the file; those behind the named ones (face, hands) are left out.
    """

    layout: Layout
    count: int


def layout_from_names(name: str, joints: tuple[str, ...]) -> Layout:
    """A layout of these joints, drawn with the parents of ``_PARENTS`` (our choice; any tree will do for drawing)."""

    def parent_of(joint: str) -> int:
        side, _, part = joint.partition("_")
        on_right = side == "right" and part != ""
        candidates = _PARENTS.get(f"left_{part}" if on_right else joint, ())
        if on_right:
            candidates = tuple(c.replace("left_", "right_", 1) for c in candidates)
        return next((joints.index(c) for c in candidates if c in joints), -1)

    return Layout(name, joints, tuple(parent_of(joint) for joint in joints))


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


def layout_of_joint_names(dataset: str, names: tuple[str, ...]) -> DetectorLayout | None:
    """The layout of a file that names its joints (MMPose's ``meta_info``); None where they are not a human body.

    The names are compared with the known layouts; where none fits, a layout of these names is made, so that another
    order of the same joints is read correctly.
    """
    joints = tuple(_our_name(name, names) for name in names)
    for name in layouts_of_count(len(names)):
        known = DETECTOR_LAYOUTS[name]
        if joints[: len(known.layout.joints)] == known.layout.joints:
            return known
    limbs = {joint.replace("right_", "left_", 1) for joint in joints}
    needed = {f"left_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")}
    paired = all(mirrored_name(joint) in joints for joint in joints)
    if not needed <= limbs or len(set(joints)) != len(joints) or not paired:
        return None
    return DetectorLayout(layout_from_names(dataset or "named", joints), len(joints))


def _our_name(name: str, names: tuple[str, ...]) -> str:
    """A tool's joint name in the words of pn3d.geometry.skeleton (a joint of one name is one point of the body)."""
    plain = name.lower().replace(" ", "_").replace("-", "_")
    side, _, part = plain.partition("_")
    if side in ("left", "right") and part == "foot" and f"{side}_ankle" not in names:
        return f"{side}_ankle"
    if plain == "neck":  # Halpe's neck is the middle of the shoulders; that of AIC and CrowdPose is another point
        return "thorax" if len(names) in (26, 136) else "neck_base"
    if plain == "neck_base" and "thorax" in names:
        return "neck"
    renamed = {"root": "pelvis", "hip": "pelvis", "mid_hip": "pelvis", "upper_neck": "neck"}
    renamed |= {"top_head": "head", "head_top": "head", "mouth_left": "left_mouth", "mouth_right": "right_mouth"}
    renamed |= {f"{side}_foot_index": f"{side}_big_toe" for side in ("left", "right")}
    return renamed.get(plain, plain)
