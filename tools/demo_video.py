"""A video of built-in motion that may be shown: ``python -m tools.demo_video walk.mp4 [--motion NAME]``.

The built-in body, dressed in plain colours, moves in an empty room as a still camera sees it: drawn by pn3d's own
rasteriser, written by its own writer. Detectors of people find it, so the way from a video to the body on it can be
shown without anybody's picture. Needs the extra video.
"""

import argparse
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from pn3d.body import model as body_model
from pn3d.body.builtin import builtin_body
from pn3d.data.clips import Clips, select
from pn3d.files.errors import UserError
from pn3d.geometry.rotations import axis_angle_to_matrix
from pn3d.geometry.skeleton import SMPL24
from pn3d.synthetic.scenes import held_out_clips, held_out_family_clips
from pn3d.video.encode import write_mp4
from pn3d.video.extras import require
from pn3d.video.rasterise import Surface, draw_surfaces

_SKIN, _SHIRT, _TROUSERS = (0.86, 0.66, 0.54), (0.80, 0.22, 0.20), (0.20, 0.28, 0.46)
_SHOES, _HAIR = (0.12, 0.12, 0.13), (0.22, 0.15, 0.10)
_CLOTHES = {
    _SHIRT: ("spine1", "spine2", "spine3", "left_collar", "right_collar", "left_shoulder", "right_shoulder"),
    _TROUSERS: ("pelvis", "left_hip", "right_hip", "left_knee", "right_knee"),
    _SHOES: ("left_ankle", "right_ankle", "left_foot", "right_foot"),
}
FOCAL = 1.15  # of the longer side, which pn3d assumes of a video
FILLED = 0.86  # of the picture by the motion
_SUN = np.array([0.35, 1.0, 0.45])  # towards the light in the world: x to the right of the picture, y up, z to us
_WALL_M = 1.6  # behind the farthest point of the motion


def room_frames(clips: Clips, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Pictures of a single clip with truth on the built-in body.

    Args:
        clips: one clip.
        size: (width, height) px.

    Returns:
        (H, W, 3) uint8 RGB, frame by frame.
    """
    cv2 = require("cv2", "video", "the demo video")
    if clips.poses is None or clips.transl_cam_m is None or clips.betas is None or clips.up_cam is None:
        raise UserError("the demo video needs a clip with its truth")
    body, height = builtin_body(), size[1]
    focal_px = FOCAL * max(size)
    intrinsics = np.array([focal_px, focal_px, (size[0] - 1) / 2, (size[1] - 1) / 2])
    vertices, up = _framed(_vertices_cam_m(clips), clips.up_cam[0] / np.linalg.norm(clips.up_cam[0]), intrinsics, size)
    right = np.cross([0.0, 0.0, 1.0], up)
    axes = np.stack([right / np.linalg.norm(right), up, np.cross(right / np.linalg.norm(right), up)])  # rows: x, y, z
    floor_m = float(np.percentile((vertices @ up).min(axis=1), 20))
    wall_m = float((vertices @ -axes[2]).max()) + _WALL_M
    empty = _room(size, intrinsics, axes, floor_m, wall_m)
    surface = Surface.of(np.asarray(body.faces), body.num_vertices)
    clothes = _clothes(np.asarray(body.skin_weights), np.asarray(body.v_template_m))
    sun = _SUN / _SUN[1] @ axes
    black = np.zeros((body.num_vertices, 3), np.float32)
    for points in vertices:
        picture = empty.copy()
        above = points @ up - floor_m
        lying = (points - above[:, None] * sun).astype(np.float32)
        shade = np.full_like(picture, 255)
        draw_surfaces(shade, surface.faces, [(lying, black)], intrinsics, 0.45)
        shade = cv2.GaussianBlur(shade, (0, 0), height / 160)
        picture = (picture * (shade / np.float32(255))).astype(np.uint8)
        draw_surfaces(picture, surface.faces, [(points, surface.shaded(points, clothes))], intrinsics, 1.0)
        yield cv2.GaussianBlur(picture, (0, 0), 0.6)  # a lens; edges of single pixels flicker


def _framed(
    vertices: np.ndarray, up: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """(T, V, 3) and the world's up as a camera sees them that looks at the middle of the motion, near enough to fill
    the picture; it keeps the height above the person's horizon."""
    rays = vertices[..., :2] / vertices[..., 2:]
    low, high = rays.reshape(-1, 2).min(axis=0), rays.reshape(-1, 2).max(axis=0)
    forward = np.append((low + high) / 2, 1.0)
    forward /= np.linalg.norm(forward)
    right = np.cross(-up, forward)
    right /= np.linalg.norm(right)
    looks = np.stack([right, np.cross(forward, right), forward])
    turned = vertices @ looks.T.astype(np.float32)
    half = FILLED * np.array(size) / 2 / intrinsics[:2]
    turned[..., 2] += float((np.abs(turned[..., :2]) / half - turned[..., 2:]).max())
    return turned, looks @ up


def _vertices_cam_m(clips: Clips) -> np.ndarray:
    """(T, V, 3) float32."""
    body = builtin_body()
    parts = []
    for start in range(0, len(clips.keypoints), 32):
        rows = slice(start, start + 32)
        poses, transl = jnp.asarray(clips.poses[rows]), jnp.asarray(clips.transl_cam_m[rows])  # type: ignore[index]
        betas = jnp.broadcast_to(jnp.asarray(clips.betas[0]), (len(poses), clips.betas.shape[1]))  # type: ignore[index,union-attr]
        parts.append(np.asarray(body_model.vertices(body, betas, axis_angle_to_matrix(poses), transl)))
    return np.concatenate(parts)


def _clothes(skin_weights: np.ndarray, template_m: np.ndarray) -> np.ndarray:
    """(V, 3) colour of each vertex, by the joint that moves it most; hair on the back and the top of the head."""
    colours = np.tile(np.array(_SKIN, np.float32), (len(SMPL24.joints), 1))
    for colour, names in _CLOTHES.items():
        colours[[SMPL24.index(name) for name in names]] = colour
    joint = np.argmax(skin_weights, axis=1)
    clothes = colours[joint]
    head = joint == SMPL24.index("head")
    middle = (template_m[head].min(axis=0) + template_m[head].max(axis=0)) / 2
    reach = np.ptp(template_m[head], axis=0)
    up, back = (template_m[:, 1] - middle[1]) / reach[1], (middle[2] - template_m[:, 2]) / reach[2]
    clothes[head & ((up > 0.36) | ((back > 0.02) & (up > -0.2 + 0.3 * (back < 0.2))))] = _HAIR
    return clothes


def _room(size: tuple[int, int], intrinsics: np.ndarray, axes: np.ndarray, floor_m: float, wall_m: float) -> np.ndarray:
    """The empty room: a floor of boards, a wall, both darker far from the middle."""
    cv2 = require("cv2", "video", "the demo video")
    width, height = size[0] * 2, size[1] * 2  # drawn at twice the size: smooth edges
    fx, fy, cx, cy = 2 * np.asarray(intrinsics) + (0, 0, 0.5, 0.5)
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    rays = np.stack([(columns - cx) / fx, (rows - cy) / fy, np.ones((height, width))], axis=-1) @ axes.T
    to_floor = np.where(rays[..., 1] < -1e-3, floor_m / np.minimum(rays[..., 1], -1e-3), np.inf)
    to_wall = wall_m / np.maximum(-rays[..., 2], 1e-3)
    on_floor = to_floor < to_wall
    place = rays * np.minimum(to_floor, to_wall)[..., None]
    board = np.floor(place[..., 0] / 0.22)
    tone = 0.88 + 0.12 * np.modf(np.abs(np.sin(board * 12.9898)) * 43758.5)[0]
    seam = np.minimum(np.mod(place[..., 0], 0.22), 0.22 - np.mod(place[..., 0], 0.22)) < 0.004
    floor = np.array([172, 142, 108]) * (tone * np.where(seam, 0.75, 1.0))[..., None]
    skirting = (place[..., 1] - floor_m) < 0.09
    wall = np.where(skirting[..., None], np.array([236, 236, 232]), np.array([186, 198, 204]))
    far = np.linalg.norm((np.stack([columns, rows], axis=-1) - (width / 2, height / 2)) / (width / 2), axis=-1)
    picture = np.where(on_floor[..., None], floor, wall) * (1.06 - 0.14 * far[..., None] ** 2)
    return cv2.resize(np.clip(picture, 0, 255).astype(np.uint8), size, interpolation=cv2.INTER_AREA)


def find_clip(motion: str) -> Clips:
    """The held-out clip of a motion: everyday ones first, then those of the families."""
    for clips in (held_out_clips(), held_out_family_clips()):
        names = [str(name).split("/")[0] for name in clips.clip_name]
        if motion in names:
            return select(clips, [names.index(motion)])
    raise UserError(f"--motion {motion}: no held-out clip; there are {', '.join(sorted(set(names)))}, …")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="A video of built-in motion in an empty room.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--motion", default="walk")
    parser.add_argument("--size", type=int, nargs=2, default=(1280, 720), metavar=("W", "H"))
    options = parser.parse_args()
    clips = find_clip(options.motion)
    rate = Fraction(float(clips.fps[0])).limit_denominator(1001)
    count = write_mp4(options.output, room_frames(clips, tuple(options.size)), rate)
    print(f"{options.output}: {count} frames of {clips.clip_name[0]}")


if __name__ == "__main__":
    main()
