"""What every writer takes: one person's motion as plain arrays.

Frame of body and world: x to the person's left, y up, z forward, right-handed, metres; a person who faces the camera
has the camera on the +z side.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pn3d.export.footage import Footage
from pn3d.geometry.kinematics import in_chunks, posed_joints
from pn3d.geometry.skeleton import SMPL24, Layout, get_layout

CONTACTS = ("left_heel", "right_heel", "left_toe", "right_toe")
"""Points of feet that may stand."""


@dataclass(frozen=True)
class Mesh:
    """The surface of the shaped body in its rest pose.

    Attributes:
        vertices_m: (V, 3), shape applied, no pose.
        faces: (F, 3) int, counter-clockwise from outside.
        skin_weights: (V, B), rows not negative and summing to 1; of the 24 joints, or of a rig's bones.
    """

    vertices_m: np.ndarray
    faces: np.ndarray
    skin_weights: np.ndarray

    def __post_init__(self) -> None:
        vertices = len(self.vertices_m)
        _expect("mesh.vertices_m", self.vertices_m, (vertices, 3))
        _expect("mesh.faces", self.faces, (len(self.faces), 3))
        _expect("mesh.skin_weights", self.skin_weights, (vertices, np.shape(self.skin_weights)[-1]))
        if self.faces.size and not 0 <= int(self.faces.min()) <= int(self.faces.max()) < vertices:
            raise ValueError(f"mesh.faces: expected indices in 0..{vertices - 1}")
        if np.any(self.skin_weights < 0) or np.any(np.abs(self.skin_weights.sum(axis=1) - 1) > 1e-3):
            raise ValueError("mesh.skin_weights: expected rows that are not negative and sum to 1")


@dataclass(frozen=True)
class Motion:
    """One person, T frames. Fields that are None are left out of the files, or drawn as absent.

    Attributes:
        name: title of the clip.
        fps: frames per second, any positive number.
        poses_world: (T, 24, 3) axis-angle relative to the parent, the root relative to the world.
        transl_world_m: (T, 3) as SMPL's: the root turns about its rest place, then this is added.
        rest_joints_m: (24, 3) joints of the shaped rest body.
        body_name: which body the shape and the rest pose belong to.
        betas: (S,) shape coefficients of that body.
        betas_are_smpl: whether they are coefficients of SMPL's own shape basis.
        zero_shape_rest_joints_m: (24, 3) rest joints of the same body with all coefficients zero.
        attribution: licence line of the body, carried by formats that have a place for it.
        mesh: the shaped rest surface.
        layout: layout of the four J-joint fields below.
        joints_world_m: (T, J, 3) the student's data-set joints.
        teacher_joints_world_m: (T, J, 3).
        keypoints_px: (T, J, 2) the input, pixels from the top left corner; NaN where missing.
        reprojected_px: (T, J, 2) the student's joints in the image.
        input_confidence: (T, J) in [0, 1], 0 where missing.
        output_confidence: (T,) in [0, 1].
        image_size: (width, height) in pixels.
        ground_height_m: height y of the floor.
        frame_flags: name of a doubt -> (T,) bool, such as "depth flip".
        parents: parents of the 24 joints.
        camera_to_world: (T, 4, 4) from the video's camera axes (x right, y down, z forward), metres.
        ankles_measured: (T, 2) whether the left and the right ankle follow heel and toe that were seen; None = never.
        intrinsics: (4,) fx, fy, cx, cy of that camera, px.
        footage: the video that the picture of a page stands on.
        frame_number: (T,) int what the input calls each frame; from 0 where None.
        time_s: (T,) seconds since the video's beginning; from 0 where None.
        filled: (T,) bool frames in which the person was not detected.
        foot_contact: (T, 4) probability that each of ``CONTACTS`` stands.
        has_joint: (J,) bool joints that the input's layout has; all of them where None.
    """

    name: str
    fps: float
    poses_world: np.ndarray
    transl_world_m: np.ndarray
    rest_joints_m: np.ndarray
    body_name: str
    betas: np.ndarray = field(default_factory=lambda: np.zeros(10))
    betas_are_smpl: bool = False
    zero_shape_rest_joints_m: np.ndarray | None = None
    attribution: str = ""
    mesh: Mesh | None = None
    layout: str = "h36m17"
    joints_world_m: np.ndarray | None = None
    teacher_joints_world_m: np.ndarray | None = None
    keypoints_px: np.ndarray | None = None
    reprojected_px: np.ndarray | None = None
    input_confidence: np.ndarray | None = None
    output_confidence: np.ndarray | None = None
    image_size: tuple[int, int] | None = None
    ground_height_m: float = 0.0
    frame_flags: Mapping[str, np.ndarray] = field(default_factory=dict)
    parents: tuple[int, ...] = SMPL24.parents
    camera_to_world: np.ndarray | None = None
    intrinsics: np.ndarray | None = None
    footage: Footage | None = None
    frame_number: np.ndarray | None = None
    time_s: np.ndarray | None = None
    filled: np.ndarray | None = None
    has_joint: np.ndarray | None = None
    foot_contact: np.ndarray | None = None
    ankles_measured: np.ndarray | None = None

    def __post_init__(self) -> None:
        frames, joints = len(self.poses_world), len(self.joint_layout.joints)
        if frames < 1:
            raise ValueError("poses_world: expected at least one frame")
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f"fps: expected a positive number, found {self.fps}")
        shapes: dict[str, tuple[int, ...]] = {
            "poses_world": (frames, 24, 3),
            "transl_world_m": (frames, 3),
            "rest_joints_m": (24, 3),
            "zero_shape_rest_joints_m": (24, 3),
            "joints_world_m": (frames, joints, 3),
            "teacher_joints_world_m": (frames, joints, 3),
            "keypoints_px": (frames, joints, 2),
            "reprojected_px": (frames, joints, 2),
            "input_confidence": (frames, joints),
            "output_confidence": (frames,),
            "camera_to_world": (frames, 4, 4),
            "intrinsics": (4,),
            "frame_number": (frames,),
            "time_s": (frames,),
            "filled": (frames,),
            "has_joint": (joints,),
            "foot_contact": (frames, len(CONTACTS)),
            "ankles_measured": (frames, 2),
        }
        for key, shape in shapes.items():
            value = getattr(self, key)
            if value is not None:
                _expect(key, value, shape, finite=key != "keypoints_px")
        if self.mesh is not None:
            vertices = len(self.mesh.vertices_m)
            _expect("mesh.skin_weights", self.mesh.skin_weights, (vertices, len(SMPL24.joints)))
        for flag, marks in self.frame_flags.items():
            _expect(f"frame_flags[{flag!r}]", marks, (frames,))

    @property
    def num_frames(self) -> int:
        """Number of frames T."""
        return len(self.poses_world)

    @property
    def frame_numbers(self) -> np.ndarray:
        """(T,) what the input calls each frame."""
        return np.arange(self.num_frames) if self.frame_number is None else self.frame_number

    @property
    def times_s(self) -> np.ndarray:
        """(T,) seconds since the video's beginning."""
        return np.arange(self.num_frames) / self.fps if self.time_s is None else self.time_s

    @property
    def joint_layout(self) -> Layout:
        """The layout of keypoints and data-set joints."""
        return get_layout(self.layout)

    def body_joints_world_m(self) -> np.ndarray:
        """(T, 24, 3): forward kinematics of the poses."""
        return in_chunks(
            lambda poses, transl_m: posed_joints(self.rest_joints_m, self.parents, poses, transl_m)[0],
            self.poses_world,
            self.transl_world_m,
        )

    def reprojection_error_px(self) -> np.ndarray | None:
        """(T,) mean distance of reprojected and input keypoints weighted by confidence; NaN where nothing was seen.

        None where the motion has no keypoints or no reprojection.
        """
        if self.keypoints_px is None or self.reprojected_px is None:
            return None
        visible = np.all(np.isfinite(self.keypoints_px), axis=-1)
        weight = visible if self.input_confidence is None else visible * self.input_confidence
        distance = np.linalg.norm(np.where(visible[..., None], self.reprojected_px - self.keypoints_px, 0.0), axis=-1)
        total = np.sum(weight, axis=1)
        return np.where(total > 0, np.sum(weight * distance, axis=1) / np.maximum(total, 1e-9), np.nan)


def _expect(name: str, value: np.ndarray, shape: tuple[int, ...], *, finite: bool = True) -> None:
    if np.shape(value) != shape:
        raise ValueError(f"{name}: expected shape {shape}, found {np.shape(value)}")
    if finite and not np.all(np.isfinite(value)):
        raise ValueError(f"{name}: expected finite numbers")
