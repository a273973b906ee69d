"""A motion on the skeleton of another program: its bone names, hierarchy, rest pose and rest axes, this body's shape.

Joints stay where they are to the last digit: a bone keeps the body's own length, and every rotation is the body's,
counted from the other rest pose and in the other axes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.export.motion import Mesh, Motion
from pn3d.export.rest_turns import rest_turns
from pn3d.export.rig_tables import RIGS, Bone, Rig
from pn3d.files.errors import UserError
from pn3d.geometry.kinematics import in_chunks, posed_joints, skinned_vertices
from pn3d.geometry.skeleton import SMPL24

RIG_NAMES = ("smpl", *RIGS)
RIGS_OF = {"bvh": tuple(name for name in RIG_NAMES if name != "vrm"), "glb": RIG_NAMES}
"""Formats whose skeleton may be another program's, and which ones they have."""
TIP = 0.6
"""Length of a tip over that of the bone before, where there is no surface to measure it on. Our choice."""


@dataclass(frozen=True)
class RiggedMotion:
    """A motion of T frames on B bones. The rest pose stands on the ground, the root above the origin.

    Attributes:
        rig: its name.
        motion: on the body's own skeleton.
        names: of the bones; parents: indices, -1 for the root, parents first.
        rest_joints_m: (B, 3) places at rest.
        rest_axes: (B, 3, 3) from the bone's axes to the world's at rest.
        rest_turns: (24, 3, 3) from the body's rest pose to this one.
        joint_of_bone: (B,) the joint whose rotation a bone takes, -1 = none.
        mover: the bone that carries the path.
        tips: (B,) bool, bones that only end a chain.
        mesh: the surface in this rest pose, with weights (V, B).
    """

    rig: str
    motion: Motion
    names: tuple[str, ...]
    parents: tuple[int, ...]
    rest_joints_m: np.ndarray
    rest_axes: np.ndarray
    rest_turns: np.ndarray
    joint_of_bone: np.ndarray
    mover: int
    tips: np.ndarray
    mesh: Mesh | None

    def mover_places_m(self) -> np.ndarray:
        """(T, 3) of the bone that carries the path, in the world."""
        return np.asarray(self.motion.rest_joints_m[0] + self.motion.transl_world_m, np.float64)

    def posed(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bones in the world at some frames: (n, B, 3) places in metres and (n, B, 3, 3) turns from rest."""
        turns = self.turns(self.motion.poses_world[frames])
        places = np.zeros((len(turns), len(self.parents), 3))
        for bone, parent in enumerate(self.parents):
            if bone == self.mover:
                places[:, bone] = self.mover_places_m()[frames]
            elif parent >= 0:
                offset = self.rest_joints_m[bone] - self.rest_joints_m[parent]
                places[:, bone] = places[:, parent] + turns[:, parent] @ offset
        return places, turns

    def turns(self, poses_world: np.ndarray) -> np.ndarray:
        """(n, 24, 3) poses of the body -> (n, B, 3, 3) how far each bone is turned from its rest, in the world."""
        still = np.zeros((len(poses_world), 3))
        of_joints = posed_joints(self.motion.rest_joints_m, self.motion.parents, poses_world, still)[1]
        of_joints = of_joints @ np.swapaxes(self.rest_turns, -1, -2)
        turns = of_joints[:, np.maximum(self.joint_of_bone, 0)]
        turns[:, self.joint_of_bone < 0] = np.eye(3)
        return turns

    def local_rotvecs(self, *, bone_axes: bool) -> np.ndarray:
        """(T, B, 3) axis-angle relative to the parent.

        With ``bone_axes`` what a format with axes at rest wants: from the bone's axes to its parent's. Without, the
        axes of all bones at rest are the world's, as in BVH, and zero is the rest pose.
        """

        def local(poses_world: np.ndarray) -> np.ndarray:
            turns = self.turns(poses_world)
            axes = turns @ self.rest_axes if bone_axes else turns
            above = axes[:, [max(parent, 0) for parent in self.parents]]
            above[:, [parent < 0 for parent in self.parents]] = np.eye(3)
            return Rotation.from_matrix(np.swapaxes(above, -1, -2) @ axes).as_rotvec()

        return in_chunks(local, self.motion.poses_world)


def check_rig(rig: str, formats: Sequence[str]) -> None:
    """Raises UserError for a rig that does not exist, or that none or not all of the formats can have."""
    if rig not in RIG_NAMES:
        raise UserError(f"unknown rig {rig!r}; expected some of {', '.join(RIG_NAMES)}")
    if rig != "smpl" and not set(RIGS_OF) & set(formats):
        raise UserError(f"rig {rig} is for {' and '.join(RIGS_OF)}, found {', '.join(formats) or 'no format'}")
    for name in set(RIGS_OF) & set(formats):
        if rig not in RIGS_OF[name]:
            raise UserError(f"rig {rig} is for glb alone, not for {name}")


def rigged(motion: Motion, rig: str = "smpl") -> RiggedMotion:
    """A motion on a rig of ``RIG_NAMES``; UserError for another name."""
    check_rig(rig, ["glb"])
    table = RIGS.get(rig) or _own_rig()
    turns = rest_turns(motion.rest_joints_m, table.limbs, table.foot_yaw_deg if rig in RIGS else None)
    joints = _turned_joints(motion, turns)
    names = [bone.name for bone in table.bones]
    joint_of_bone = np.array([SMPL24.joints.index(bone.joint) if bone.joint else -1 for bone in table.bones])
    places = np.array([_place(bone, joints) for bone in table.bones])
    mesh = None if motion.mesh is None else _turned_mesh(motion, motion.mesh, turns, joints, joint_of_bone, table)
    lowest = (joints if mesh is None else mesh.vertices_m)[:, 1].min()
    shift = -np.array([joints[0, 0], lowest, joints[0, 2]])
    places[joint_of_bone >= 0] += shift
    if mesh is not None:
        mesh = Mesh(mesh.vertices_m + shift, mesh.faces, mesh.skin_weights)
    parents = [names.index(bone.parent) if bone.parent else -1 for bone in table.bones]
    axes = [bone.axes for bone in table.bones]
    for tip, end_of in table.tips:
        bone = names.index(end_of)
        names.append(tip)
        parents.append(bone)
        axes.append(axes[bone])
        joint_of_bone = np.append(joint_of_bone, joint_of_bone[bone])
        places = np.concatenate([places, [_tip(bone, parents, places, axes, mesh)]])
    if mesh is not None:
        weights = np.pad(mesh.skin_weights, [(0, 0), (0, len(table.tips))])
        mesh = Mesh(mesh.vertices_m, mesh.faces, weights)
    return RiggedMotion(
        rig=rig,
        motion=motion,
        names=tuple(names),
        parents=tuple(parents),
        rest_joints_m=places,
        rest_axes=np.array(axes),
        rest_turns=turns,
        joint_of_bone=joint_of_bone,
        mover=names.index(table.mover),
        tips=np.arange(len(names)) >= len(table.bones),
        mesh=mesh,
    )


def _own_rig() -> Rig:
    """The body's own 24 joints, at its own rest pose and without axes of their own."""
    bones = tuple(
        Bone(name, SMPL24.joints[parent] if parent >= 0 else "", name, 0.0, np.eye(3))
        for name, parent in zip(SMPL24.joints, SMPL24.parents, strict=True)
    )
    return Rig("smpl", bones, {}, mover=SMPL24.joints[0])


def _turned_joints(motion: Motion, turns: np.ndarray) -> np.ndarray:
    """(24, 3) joints of the rest body when its segments are turned."""
    rest, joints = np.asarray(motion.rest_joints_m, np.float64), np.zeros((24, 3))
    for joint, parent in enumerate(motion.parents):
        joints[joint] = joints[parent] + turns[parent] @ (rest[joint] - rest[parent]) if parent >= 0 else rest[joint]
    return joints


def _turned_mesh(
    motion: Motion, mesh: Mesh, turns: np.ndarray, joints: np.ndarray, joint_of_bone: np.ndarray, table: Rig
) -> Mesh:
    """The surface with its segments turned, weighted to bones; joints without a bone leave theirs to the parent's."""
    vertices = skinned_vertices(mesh.vertices_m, mesh.skin_weights, motion.rest_joints_m, joints[None], turns[None])[0]
    first = {int(joint_of_bone[index]): index for index, bone in enumerate(table.bones) if bone.along == 0}
    weights = np.zeros((len(vertices), len(table.bones)))
    for joint in range(len(SMPL24.joints)):
        held = joint
        while held not in first:
            held = motion.parents[held]
        weights[:, first[held]] += mesh.skin_weights[:, joint]
    return Mesh(vertices, mesh.faces, weights)


def _place(bone: Bone, joints: np.ndarray) -> np.ndarray:
    """(3,) where a bone sits among the joints of the rest pose, before it is stood on the ground."""
    if not bone.joint:
        return np.zeros(3)
    joint = SMPL24.index(bone.joint)
    if bone.along == 0:
        return joints[joint].copy()
    following = SMPL24.parents.index(joint)
    return (1 - bone.along) * joints[joint] + bone.along * joints[following]


def _tip(bone: int, parents: list[int], places: np.ndarray, axes: list[np.ndarray], mesh: Mesh | None) -> np.ndarray:
    """(3,) the end of the last bone of a chain, along its y axis: as far as the surface goes that hangs on it."""
    along = axes[bone][:, 1]
    length = TIP * float(np.linalg.norm(places[bone] - places[parents[bone]]))
    if mesh is not None and (held := mesh.skin_weights[:, bone] > 0.5).any():
        length = float(np.max((mesh.vertices_m[held] - places[bone]) @ along))
    return places[bone] + length * along
