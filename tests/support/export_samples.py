"""A small synthetic person for the tests of the writers: rest joints, a mesh of tubes, a lively motion."""

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.export.motion import Mesh, Motion
from pn3d.geometry.skeleton import H36M17, SMPL24

_HALF = {
    "pelvis": (0, -0.24, 0.01),
    "left_hip": (0.07, -0.33, 0.0),
    "spine1": (0, -0.12, -0.01),
    "left_knee": (0.11, -0.71, 0.01),
    "spine2": (0, 0.02, 0.01),
    "left_ankle": (0.09, -1.13, -0.03),
    "spine3": (0, 0.07, 0.02),
    "left_foot": (0.12, -1.19, 0.09),
    "neck": (0, 0.28, -0.02),
    "left_collar": (0.08, 0.19, -0.01),
    "head": (0, 0.37, 0.03),
    "left_shoulder": (0.19, 0.23, -0.02),
    "left_elbow": (0.44, 0.22, -0.04),
    "left_wrist": (0.70, 0.23, -0.03),
    "left_hand": (0.79, 0.22, -0.04),
}


def rest_joints(proportions: str = "usual") -> np.ndarray:
    """(24, 3) metres; "other" is a body with long legs, wide hips and short, sloping arms."""
    rows = []
    for joint in SMPL24.joints:
        x, y, z = _HALF[joint.replace("right_", "left_")]
        rows.append((-x if joint.startswith("right_") else x, y, z))
    joints = np.array(rows)
    if proportions == "other":
        legs = joints[:, 1] < joints[0, 1]
        joints[legs, 1] = joints[0, 1] + 1.25 * (joints[legs, 1] - joints[0, 1])
        joints[legs, 0] *= 1.4
        arms = np.abs(joints[:, 0]) > 0.18
        joints[arms, 1] -= 0.3 * (np.abs(joints[arms, 0]) - 0.18)
        joints[arms, 0] *= 0.8
        joints += np.array([0.0, 0.05, -0.02])
    return joints


def tube_mesh(joints: np.ndarray, parents: tuple[int, ...], sides: int = 6) -> Mesh:
    """A tube around each bone; vertices of a bone hang on up to five joints, as real skin weights do."""
    ring = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    vertices, faces, weights = [], [], []
    for child, parent in enumerate(parents):
        if parent < 0:
            continue
        bone = joints[child] - joints[parent]
        u = np.cross(bone, [0.3, 0.5, 0.8])
        u /= np.linalg.norm(u)
        v = np.cross(bone / np.linalg.norm(bone), u)
        circle = 0.04 * (np.cos(ring)[:, None] * u + np.sin(ring)[:, None] * v)
        start = sum(len(part) for part in vertices)
        for fraction in (0.0, 0.5, 1.0):
            vertices.append(joints[parent] + fraction * bone + circle)
            row = np.full(24, 0.0)
            row[[0, parents[parent] if parents[parent] >= 0 else 3]] += 0.01
            row[9] += 0.02
            row[parent] += 0.96 * (1 - 0.5 * fraction)
            row[child] += 0.96 * 0.5 * fraction
            weights.append(np.tile(row / row.sum(), (sides, 1)))
        for ring_index in range(2):
            for k in range(sides):
                a, b = start + ring_index * sides + k, start + ring_index * sides + (k + 1) % sides
                faces += [[a, b, a + sides], [b, b + sides, a + sides]]
    return Mesh(np.concatenate(vertices), np.array(faces), np.concatenate(weights))


def sample_motion(frames: int = 40, fps: float = 25.0, proportions: str = "usual", sides: int = 6) -> Motion:
    """A person who walks a curve, turns more than once and swings every joint, with keypoints, teacher and flags."""
    rng = np.random.default_rng(3)
    time = np.arange(frames) / fps
    wave = np.sin(2 * np.pi * (time[:, None, None] * rng.uniform(0.3, 1.2, (24, 3)) + rng.uniform(0, 1, (24, 3))))
    poses = 0.5 * wave * rng.uniform(0.2, 1.0, (24, 3))
    poses[:, 16, 2] -= 0.8
    poses[:, 17, 2] += 0.8
    heading = 5.0 * time
    poses[:, 0] = 0.02 * wave[:, 0] + heading[:, None] * np.array([0.0, 1.0, 0.0])
    # Axis-angles as files hold them, no longer than half a turn, so that whole turns make them jump.
    poses = Rotation.from_rotvec(poses.reshape(-1, 3)).as_rotvec().reshape(poses.shape)
    rest = rest_joints(proportions)
    transl = np.stack([0.6 * np.sin(time), 1.24 + 0.03 * wave[:, 1, 0], 0.4 * time], axis=1)
    motion = Motion("sample <walk>", fps, poses, transl, rest, "test-body", mesh=tube_mesh(rest, SMPL24.parents, sides))
    body = motion.body_joints_world_m()
    picks = [0, 2, 5, 8, 1, 4, 7, 6, 9, 12, 15, 16, 18, 20, 17, 19, 21]
    student = body[:, picks]
    pixels = 400 + 150 * student[..., :2] * np.array([1, -1]) + np.array([100.0, 100.0])
    noisy = pixels + rng.normal(0, 4, pixels.shape)
    confidence = rng.uniform(0.5, 1.0, (frames, len(H36M17.joints)))
    confidence[frames // 2 : frames // 2 + 3, 3] = 0.0
    noisy[confidence == 0] = np.nan
    return Motion(
        motion.name,
        fps,
        poses,
        transl,
        rest,
        "test-body",
        zero_shape_rest_joints_m=rest_joints(),
        mesh=motion.mesh,
        joints_world_m=student,
        teacher_joints_world_m=student + rng.normal(0, 0.02, student.shape),
        keypoints_px=noisy,
        reprojected_px=pixels,
        input_confidence=confidence,
        output_confidence=np.clip(0.8 + 0.2 * np.sin(3 * time), 0, 1),
        image_size=(1000, 1000),
        frame_flags={"depth flip": np.arange(frames) % 17 < 3},
    )
