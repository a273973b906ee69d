"""What Blender makes of the files: joints of every rig, and the video's camera by the recipe of docs/exports.md.

Needs a Python that has ``bpy``: this one, or the one that ``PN3D_BLENDER_PYTHON`` names.
"""

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pn3d.export.bvh import write_bvh
from pn3d.export.gltf import write_gltf
from pn3d.export.rigs import rigged
from pn3d.geometry.skeleton import SMPL24
from tests.support.export_samples import sample_motion
from tests.support.video_files import gradient_pictures, write_video

ROOT = Path(__file__).parents[2]
FRAMES = 30

pytestmark = pytest.mark.slow


def in_blender(script: str, *arguments: object) -> dict[str, Any]:
    """What a script of ``benchmarks/accuracy`` prints."""
    python = os.environ.get("PN3D_BLENDER_PYTHON") or (sys.executable if importlib.util.find_spec("bpy") else "")
    if not python:
        pytest.skip("no Python with bpy: pip install bpy, or name one in PN3D_BLENDER_PYTHON")
    command = [python, "-P", str(ROOT / "benchmarks" / "accuracy" / script), *map(str, arguments)]
    output = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in output.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, output.stdout[-2000:] + output.stderr[-2000:]
    return json.loads(lines[0].removeprefix("RESULT "))


@pytest.mark.parametrize("rig", ["smpl", "mixamo", "unreal", "vrm"])
def test_joints_of_every_rig_are_the_bodys(tmp_path, rig):
    motion = sample_motion(frames=FRAMES, fps=25.0, proportions="other")
    write_gltf(tmp_path / "body.glb", motion, rig=rig)
    write_bvh(tmp_path / "motion.bvh", motion, "smpl" if rig == "vrm" else rig)
    found = in_blender("blender_read.py", tmp_path / "body.glb", tmp_path / "motion.bvh", 25, FRAMES)
    expected = motion.body_joints_world_m()
    for kind in ("glb", "bvh"):
        body = rigged(motion, "smpl" if (kind, rig) == ("bvh", "vrm") else rig)
        assert set(found[kind][0]) >= set(np.array(body.names)[~body.tips])
        places = np.array([[frame[name] for name in found[kind][0]] for frame in found[kind]])
        y_up = np.stack([places[..., 0], places[..., 2], -places[..., 1]], axis=-1)
        place = dict(zip(found[kind][0], y_up.swapaxes(0, 1), strict=True))
        for name, joint in zip(body.names, body.joint_of_bone, strict=True):
            if name in ("root", "spine_02", "spine_04", "neck_02") or name.endswith("_End"):
                continue
            assert 1000 * np.abs(place[name] - expected[:, joint]).max() < 1.0, (kind, name, SMPL24.joints[joint])


@pytest.mark.parametrize(
    ("fps", "base", "size", "pan_deg"),
    [(24, 1.001, (320, 240), 0), (30, 1.001, (320, 240), 40), (25, 1, (240, 320), 0)],
)
def test_the_footage_lies_behind_the_body_by_the_recipe(tmp_path, fps, base, size, pan_deg):
    """Also behind a camera that turns."""
    pytest.importorskip("av", reason="the extra video is not installed")
    to_world = np.tile(np.eye(4), (FRAMES, 1, 1))
    pan = np.linspace(0, pan_deg, FRAMES)[:, None] * [0, 1, 0]
    to_world[:, :3, :3] = Rotation.from_euler("xyz", [175, 20, 5] - pan, degrees=True).as_matrix()
    to_world[:, :3, 3] = (0.4, 1.5, 4.0)
    motion = dataclasses.replace(
        sample_motion(frames=FRAMES, fps=fps / base),
        image_size=size,
        camera_to_world=to_world,
        intrinsics=np.array([368.0, 368.0, 165.0, 114.0]),
    )
    write_gltf(tmp_path / "body.glb", motion)
    footage = write_video(tmp_path / "walk.mp4", gradient_pictures(FRAMES, size), rate=25)
    guide = ROOT / "docs" / "exports.md"
    found = in_blender("blender_camera.py", guide, tmp_path / "body.glb", footage, fps, base, FRAMES)
    assert (found["size"], found["frames"], found["end"]) == (list(size), FRAMES, FRAMES - 1)
    assert found["behind"] == "walk.mp4"
    assert found["rate"] == pytest.approx(fps / base)
    joints_cam = (motion.body_joints_world_m() - to_world[0, :3, 3]) @ to_world[:, :3, :3]
    expected_px = joints_cam[..., :2] / joints_cam[..., 2:] * 368.0 + (165.0, 114.0)
    seen_px = np.array([[frame[name] for name in SMPL24.joints] for frame in found["px"]])
    assert np.abs(seen_px - expected_px).max() < 0.1
