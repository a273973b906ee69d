"""The example that README starts with: ``python -m benchmarks.example_file [FILE] [--seed N]``.

Ten seconds of built-in motion (``pn3d.synthetic.scenes``: motion made by rule, no recording) on the built-in body, seen
by a virtual camera, with errors like a detector's, written as AlphaPose writes its Halpe model with 26 joints. No truth
is in the file: nothing but pixels and confidences. Another seed is another person, motion and camera.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.model import posed_joints, rest_joints_m
from pn3d.data.clips import Clips
from pn3d.data.virtual_cameras import project_px
from pn3d.geometry import rotations
from pn3d.geometry.skeleton import LAYOUTS, SMPL24
from pn3d.synthetic.cameras import IMAGE_PX
from pn3d.synthetic.scenes import make_synthetic_clips

EXAMPLE = Path("examples/kick.json")
SEED, FRAMES = 13, 300
HALPE = LAYOUTS["halpe26"]
_POINTS: dict[str, tuple[str, tuple[float, float, float]]] = {
    "nose": ("head", (0.0, 0.035, 0.115)),
    "left_eye": ("head", (0.032, 0.065, 0.095)),
    "left_ear": ("head", (0.075, 0.04, 0.015)),
    "left_shoulder": ("left_shoulder", (0.0, 0.0, 0.0)),
    "left_elbow": ("left_elbow", (0.0, 0.0, 0.0)),
    "left_wrist": ("left_wrist", (0.0, 0.0, 0.0)),
    "left_hip": ("left_hip", (0.008, 0.0, 0.0)),
    "left_knee": ("left_knee", (0.0, 0.0, 0.0)),
    "left_ankle": ("left_ankle", (0.0, 0.0, 0.0)),
    "head": ("head", (0.0, 0.118, 0.0)),
    "left_big_toe": ("left_foot", (-0.015, -0.015, 0.065)),
    "left_small_toe": ("left_foot", (0.045, -0.015, 0.035)),
    "left_heel": ("left_ankle", (0.0, -0.06, -0.055)),
}
"""Joint of the layout -> joint of the body that carries it, and where in its frame (metres, our choice)."""

_JITTER, _MEMORY, _WILD, _MISSED = 0.011, 0.8, 0.006, 0.008
"""Standard deviation as a share of the person's height; its correlation from frame to frame; shares of joints that are
far off and that are missed. Wrists, ankles and feet are a third worse."""


def halpe_joints_m(clips: Clips) -> np.ndarray:
    """(T, 26, 3) float64: the layout's joints on the clip's true body, camera axes."""
    assert clips.poses is not None
    assert clips.betas is not None
    assert clips.transl_cam_m is not None
    body = builtin_body()
    rest = rest_joints_m(body, jnp.asarray(clips.betas))
    posed = jax.jit(posed_joints)(body, rest, rotations.axis_angle_to_matrix(jnp.asarray(clips.poses)))
    joints, turns = (np.asarray(values, np.float64) for values in posed)
    joints = joints + clips.transl_cam_m[:, None]
    points = np.empty((len(joints), len(HALPE.joints), 3))
    for index, name in enumerate(HALPE.joints):
        right = name.startswith("right_")
        if name in ("thorax", "pelvis"):
            part = "shoulder" if name == "thorax" else "hip"
            points[:, index] = (joints[:, SMPL24.index(f"left_{part}")] + joints[:, SMPL24.index(f"right_{part}")]) / 2
            continue
        carrier, offset = _POINTS[name.replace("right_", "left_")]
        joint = SMPL24.index(carrier.replace("left_", "right_") if right else carrier)
        offset_m = np.array(offset) * ([-1, 1, 1] if right else [1, 1, 1])
        points[:, index] = joints[:, joint] + turns[:, joint] @ offset_m
    return points


def detected(rng: np.random.Generator, keypoints_px: np.ndarray) -> np.ndarray:
    """(T, J, 2) exact -> (T, J, 3) as a detector would say it: x, y, confidence; zeros where it found nothing."""
    frames, joints = keypoints_px.shape[:2]
    limbs = np.array([name.endswith(("wrist", "ankle", "toe", "heel")) for name in HALPE.joints])
    height_px = float(np.median(np.ptp(keypoints_px[..., 1], axis=1)))
    white = rng.standard_normal((frames, joints, 2))
    error = white.copy()
    for frame in range(1, frames):
        error[frame] = _MEMORY * error[frame - 1] + np.sqrt(1 - _MEMORY**2) * white[frame]
    wild = rng.uniform(size=(frames, joints)) < _WILD
    error *= np.where(wild, 6.0, np.where(limbs, 4 / 3, 1.0))[..., None]
    confidence = 0.3 + 0.66 * np.exp(-0.12 * np.linalg.norm(error, axis=-1) ** 2)
    confidence = np.clip(confidence + 0.03 * rng.standard_normal(confidence.shape), 0.05, 1.0)
    seen = np.concatenate([keypoints_px + _JITTER * height_px * error, confidence[..., None]], axis=-1)
    return np.where((rng.uniform(size=(frames, joints)) < _MISSED)[..., None], 0.0, seen)


def alphapose_people(keypoints: np.ndarray) -> list[dict[str, Any]]:
    """(T, J, 3) -> the entries of ``alphapose-results.json``, one per frame."""
    people = []
    for frame, person in enumerate(keypoints):
        there = person[person[:, 2] > 0]
        low, high = there[:, :2].min(axis=0), there[:, :2].max(axis=0)
        numbers = [round(float(value), digits) for row in person for value, digits in zip(row, (1, 1, 2), strict=True)]
        people.append(
            {
                "image_id": f"{frame}.jpg",
                "category_id": 1,
                "keypoints": numbers,
                "score": round(float(3 * there[:, 2].mean()), 3),
                "box": [round(float(value), 1) for value in (*low, *(high - low))],
                "idx": 1,
            }
        )
    return people


def example_text(seed: int = SEED, frames: int = FRAMES) -> str:
    """The file: one person a line, so that its history can be read."""
    clips = make_synthetic_clips(seed, 1, frames)
    assert clips.intrinsics is not None
    exact = project_px(halpe_joints_m(clips), clips.intrinsics[0].astype(np.float64))
    people = alphapose_people(detected(np.random.default_rng([seed, FRAMES]), exact))
    return "[\n" + ",\n".join(json.dumps(person, separators=(",", ":")) for person in people) + "\n]\n"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Writes the example of the README.")
    parser.add_argument("file", type=Path, nargs="?", default=EXAMPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    options.file.parent.mkdir(parents=True, exist_ok=True)
    options.file.write_text(example_text(options.seed), encoding="utf-8")
    print(f"{options.file}: {FRAMES} frames, {IMAGE_PX} x {IMAGE_PX} px, {options.file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
