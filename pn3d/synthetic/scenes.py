"""Built-in motion: human motion made by rule on a body, seen by cameras, as clips with SMPL truth.

What moves is in ``pn3d.synthetic.motion``; here bodies get shapes, cameras are placed, and all becomes ``Clips``. A
clip depends on (domain, seed, its index) alone, so the held-out clips of evaluation share nothing with any training
seed, and the same arguments give the same bits.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import Landmarks, builtin_landmarks, landmark_joints
from pn3d.body.model import BodyModel, posed_joints, rest_joints_m
from pn3d.data.clips import Clips
from pn3d.data.simulated_detector import Form, detect
from pn3d.data.virtual_cameras import VirtualCamera, project_px
from pn3d.files.errors import UserError
from pn3d.geometry import rotations as rot
from pn3d.geometry.skeleton import H36M17
from pn3d.synthetic.cameras import ELEVATION_DEG, IMAGE_PX, WIDE_DEG, place_camera, shorten
from pn3d.synthetic.motion.angles import about, local_rotations
from pn3d.synthetic.motion.catalogue import Mixture, draw_names, make_motion
from pn3d.synthetic.motion.families import FAMILY_MOTIONS
from pn3d.synthetic.motion.ground import heading_rad, pelvis_path_m
from pn3d.synthetic.motion.kinematics import tumble_rotation
from pn3d.synthetic.motion.limbs import Dimensions
from pn3d.synthetic.motion.timing import FPS, Motion

HELD_OUT_CLIPS = 24
FRAMES_PER_CLIP = 150
_TRAINING, _HELD_OUT, _HELD_OUT_FAMILIES, _HELD_OUT_JUMPS = 0x7472, 0x6865, 0x6866, 0x686A
_LARGEST_BETA = 2.5
_CHUNK = 64
_SHORTEST = 8


@dataclass(frozen=True)
class _Actor:
    """One clip before anybody looks at it."""

    generator: np.random.Generator
    body: Dimensions
    motion: Motion


def make_synthetic_clips(
    seed: int,
    num_clips: int,
    frames_per_clip: int = FRAMES_PER_CLIP,
    *,
    detector_noise: bool | Form = False,
    mixture: Mixture | None = None,
) -> Clips:
    """Clips of built-in motion of the built-in body at 30 fps in h36m17, with truth.

    Args:
        seed: at least 0; another seed gives other people, motions and cameras.
        num_clips: C.
        frames_per_clip: at least 8.
        detector_noise: keypoints and confidence as a 2D detector would give them, instead of exact ones with 1; a form
            of ``simulated_detector``, of which True means ``jitter``.
        mixture: how much of it is of the families beyond everyday motion; nothing where None.

    Returns:
        Clips with ``intrinsics`` and all truth; names are ``<motion>/<index>/cam0``.

    Raises:
        UserError: a number is out of range.
    """
    if seed < 0 or num_clips < 1 or frames_per_clip < _SHORTEST:
        raise UserError(
            f"built-in motion needs seed >= 0, num_clips >= 1, frames_per_clip >= {_SHORTEST}; "
            f"found {seed}, {num_clips}, {frames_per_clip}"
        )
    mixture = mixture or Mixture()
    names = draw_names(np.random.default_rng([_TRAINING, seed, 0]), num_clips, mixture)
    return _make(_TRAINING, seed, names, frames_per_clip, detector_noise, mixture.wide_share)


def airborne_frames(
    seed: int, num_clips: int, frames_per_clip: int = FRAMES_PER_CLIP, *, mixture: Mixture | None = None
) -> np.ndarray:
    """(N,) bool, the frames in which the person of ``make_synthetic_clips`` with the same arguments flies."""
    names = draw_names(np.random.default_rng([_TRAINING, seed, 0]), num_clips, mixture or Mixture())
    _, actors = _actors(_TRAINING, seed, names, frames_per_clip)
    return np.concatenate([actor.motion.airborne for actor in actors])


def held_out_clips(num_clips: int = HELD_OUT_CLIPS, *, detector_noise: bool | Form = False) -> Clips:
    """The clips that evaluation uses when no file is named: always the same ones, which no training seed can draw."""
    names = draw_names(np.random.default_rng([_HELD_OUT, 0, 0]), num_clips)
    return _make(_HELD_OUT, 0, names, FRAMES_PER_CLIP, detector_noise)


def held_out_family_clips(*, detector_noise: bool | Form = False) -> Clips:
    """A second held-out set: one clip of each motion of the families and one of random key poses, always the same."""
    return _make(_HELD_OUT_FAMILIES, 0, list(FAMILY_MOTIONS), FRAMES_PER_CLIP, detector_noise)


def held_out_jumps(
    num_clips: int = HELD_OUT_CLIPS, *, detector_noise: bool | Form = False, seed: int = 0
) -> tuple[Clips, np.ndarray]:
    """Clips of jumping alone, and (N,) bool, the frames in which the person flies."""
    names = ["jump"] * num_clips
    clips = _make(_HELD_OUT_JUMPS, seed, names, FRAMES_PER_CLIP, detector_noise)
    _, actors = _actors(_HELD_OUT_JUMPS, seed, names, FRAMES_PER_CLIP)
    return clips, np.concatenate([actor.motion.airborne for actor in actors])


def _actors(domain: int, seed: int, names: list[str], frames: int) -> tuple[np.ndarray, list[_Actor]]:
    """(C, 10) shapes, and who moves how."""
    generators = [np.random.default_rng([domain, seed, 1 + index]) for index in range(len(names))]
    drawn = np.stack([generator.normal(size=10) for generator in generators])
    betas = np.clip(drawn, -_LARGEST_BETA, _LARGEST_BETA).astype(np.float32)
    shapes = _dimensions(builtin_body(), betas)
    return betas, [
        _Actor(generator, shape, make_motion(generator, name, frames, shape))
        for generator, name, shape in zip(generators, names, shapes, strict=True)
    ]


def _make(
    domain: int,
    seed: int,
    names: list[str],
    frames: int,
    noise: bool | Form = False,
    wide_share: float = 0.0,
) -> Clips:
    body, landmarks, num_clips = builtin_body(), builtin_landmarks(), len(names)
    betas, actors = _actors(domain, seed, names, frames)
    rows = min(num_clips, _CHUNK)
    groups = [slice(first, first + rows) for first in range(0, num_clips, rows)]
    truth = [part for group in groups for part in _film(body, landmarks, actors[group], betas[group], rows, wide_share)]
    intrinsics = np.stack([camera.intrinsics for _, _, _, camera in truth]).astype(np.float32)
    joints_cam_m = np.stack([joints for joints, _, _, _ in truth])
    keypoints_px = project_px(joints_cam_m.astype(np.float64), intrinsics[:, None, None].astype(np.float64))
    confidence = np.ones(keypoints_px.shape[:3])
    if noise:
        form: Form = "jitter" if noise is True else noise
        detected = [
            detect(actor.generator, picture, FPS, form=form)
            for actor, picture in zip(actors, keypoints_px, strict=True)
        ]
        keypoints_px, confidence = np.stack([k for k, _ in detected]), np.stack([c for _, c in detected])
    flat = num_clips * frames
    return Clips(
        keypoints=keypoints_px.reshape(flat, -1, 2).astype(np.float32),
        confidence=confidence.reshape(flat, -1).astype(np.float32),
        clip_start=np.arange(num_clips + 1, dtype=np.int64) * frames,
        clip_name=np.array([f"{name}/{index}/cam0" for index, name in enumerate(names)]),
        image_size=np.full((num_clips, 2), IMAGE_PX, np.int32),
        fps=np.full(num_clips, FPS, np.float32),
        layout=H36M17,
        intrinsics=intrinsics,
        joints_cam=joints_cam_m.reshape(flat, -1, 3),
        poses=np.concatenate([poses for _, poses, _, _ in truth]),
        betas=betas,
        transl_cam_m=np.concatenate([transl for _, _, transl, _ in truth]),
        body=body.name,
        up_cam=np.stack([camera.rotation[:, 1] for _, _, _, camera in truth]).astype(np.float32),
    )


def _dimensions(body: BodyModel, betas: np.ndarray) -> list[Dimensions]:
    """Lengths of every shaped body; the ground is under the lowest vertex of the mean body's foot."""
    rest = np.asarray(rest_joints_m(body, jnp.asarray(betas)), np.float64)
    template = np.asarray(body.v_template_m)
    lowest = int(np.argmin(template[:, 1]))
    basis = np.asarray(body.shape_basis[lowest, 1], np.float64)
    ground = template[lowest, 1] + betas @ basis
    return [Dimensions(joints, float(joints[10, 1] - level)) for joints, level in zip(rest, ground, strict=True)]


def _film(
    body: BodyModel, landmarks: Landmarks, actors: list[_Actor], betas: np.ndarray, rows: int, wide_share: float
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, VirtualCamera]]:
    """Some clips on the ground, before their cameras: (T, 17, 3) joints, (T, 24, 3) poses, (T, 3) translation, camera.

    Arrays are filled up to ``rows`` clips, so that one compilation serves every group of clips.
    """

    def filled(values: list[np.ndarray]) -> jax.Array:
        return jnp.asarray(np.stack(values + values[-1:] * (rows - len(values))), jnp.float32)

    shape = filled(list(betas))
    local = filled([_world_rotations(actor.motion) for actor in actors])
    joints, turns, points = (np.asarray(a, np.float64) for a in _stand_in_world(body, landmarks, shape, local))
    cameras, paths = [], []
    for row, actor in enumerate(actors):
        path = pelvis_path_m(actor.motion, joints[row], turns[row], actor.body)
        # No draw without wide cameras: clips are then those of the same seed before there were any.
        wide = wide_share > 0 and actor.generator.uniform() < wide_share
        elevation_deg = WIDE_DEG if wide else ELEVATION_DEG
        camera, travel = place_camera(actor.generator, points[row] + path[:, None], path, elevation_deg)
        cameras.append(camera)
        paths.append(camera.to_camera(shorten(path, travel)))
    looks = filled([camera.rotation for camera in cameras])
    poses, transl, points = (np.asarray(a) for a in _into_camera(body, landmarks, shape, local, looks, filled(paths)))
    return [(points[row], poses[row], transl[row], cameras[row]) for row in range(len(actors))]


def _world_rotations(motion: Motion) -> np.ndarray:
    """(T, 24, 3, 3) local rotations, the root's in the world."""
    local = local_rotations(motion.angles)
    if motion.tumble is not None:
        local[:, 0] = tumble_rotation(motion.tumble) @ local[:, 0]
    local[:, 0] = about(1, heading_rad(motion)) @ local[:, 0]
    return local


@jax.jit
def _stand_in_world(
    body: BodyModel, landmarks: Landmarks, betas: jax.Array, local: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Joints, global rotations and landmarks with the pelvis at the origin. (C, T, …)."""
    rest = rest_joints_m(body, betas)[:, None]
    joints, turns = posed_joints(body, rest, local, jnp.zeros((*local.shape[:2], 3), local.dtype))
    return joints, turns, landmark_joints(landmarks, joints, turns)


@jax.jit
def _into_camera(
    body: BodyModel,
    landmarks: Landmarks,
    betas: jax.Array,
    local: jax.Array,
    looks: jax.Array,
    pelvis_cam_m: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Poses with the root in camera axes, SMPL translation, and the landmarks that follow from these two alone."""
    root = jnp.matmul(looks[:, None], local[:, :, 0], precision=jax.lax.Precision.HIGHEST)
    poses = rot.matrix_to_axis_angle(jnp.concatenate([root[:, :, None], local[:, :, 1:]], axis=2))
    rest = rest_joints_m(body, betas)[:, None]
    transl = pelvis_cam_m - rest[:, :, 0]
    joints, turns = posed_joints(body, rest, rot.axis_angle_to_matrix(poses))
    return poses, transl, landmark_joints(landmarks, joints + transl[:, :, None], turns)
