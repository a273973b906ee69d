"""Checks the exports with programs from elsewhere.

    python -m benchmarks.accuracy.export_check OUTPUT [--validator NODE_MODULES] [--blender-python PYTHON]

Writes every format for the built-in body and for one of other proportions (300 frames at 30 frames/s), then, where
they are there: the Khronos glTF validator (``npm install gltf-validator``), Blender (``pip install bpy`` in an
environment of its own) and bvhio. ``result.html`` is for ``benchmarks.speed.viewer``.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks, landmark_joints
from pn3d.export.files import EXPORTS, write_exports
from pn3d.export.gltf import measure_skin_loss, write_gltf
from pn3d.export.motion import Mesh, Motion
from pn3d.export.rigs import rigged
from pn3d.geometry.kinematics import posed_joints, skinned_vertices
from pn3d.geometry.skeleton import SMPL24

FRAMES, FPS, CHECKED = 300, 30.0, 40
VALIDATE = """
const validator = require("gltf-validator"), fs = require("fs");
(async () => {
  for (const path of process.argv.slice(1)) {
    const { issues } = await validator.validateBytes(new Uint8Array(fs.readFileSync(path)));
    console.log(path, "errors", issues.numErrors, "warnings", issues.numWarnings, "infos", issues.numInfos);
    if (issues.numErrors) { console.log(issues.messages); process.exitCode = 1; }
  }
})();
"""


def benchmark_motion(betas: np.ndarray) -> Motion:
    """Ten seconds on the built-in body of that shape: turning about, every joint swinging within what joints can do."""
    body = builtin_body()
    rng = np.random.default_rng(0)
    seconds = np.arange(FRAMES) / FPS
    wave = np.sin(2 * np.pi * (seconds[:, None, None] * rng.uniform(0.2, 0.9, (24, 3)) + rng.uniform(0, 1, (24, 3))))
    poses = 0.3 * wave
    poses[:, [4, 5], 0] += 0.5
    poses[:, 16, 2] -= 0.8
    poses[:, 17, 2] += 0.8
    poses[:, 0] = 0.05 * wave[:, 0] + np.outer(0.9 * seconds, [0, 1, 0])
    rest = np.asarray(body.joint_template_m + body.joint_shape_basis @ betas, np.float64)
    vertices = np.asarray(body.v_template_m + body.shape_basis @ betas, np.float64)
    transl = np.stack([0.5 * np.sin(seconds), np.full(FRAMES, -vertices[:, 1].min()), 0.2 * seconds], axis=1)
    joints, rotations = posed_joints(rest, body.parents, poses, transl)
    posed = jnp.asarray(joints, jnp.float32), jnp.asarray(rotations, jnp.float32)
    student = np.asarray(landmark_joints(builtin_landmarks(), *posed), np.float64)
    pixels = np.stack([960 + 420 * student[..., 0], 980 - 420 * student[..., 1]], axis=-1)
    return Motion(
        "benchmark",
        FPS,
        poses,
        transl,
        rest,
        body.name,
        betas=betas,
        zero_shape_rest_joints_m=np.asarray(body.joint_template_m, np.float64),
        mesh=Mesh(vertices, np.asarray(body.faces), np.asarray(body.skin_weights, np.float64)),
        joints_world_m=student,
        teacher_joints_world_m=student + rng.normal(0, 0.02, (1, *student.shape[1:])),
        keypoints_px=pixels + rng.normal(0, 4, pixels.shape),
        reprojected_px=pixels,
        input_confidence=rng.uniform(0.6, 1.0, pixels.shape[:2]),
        output_confidence=0.8 + 0.2 * np.sin(seconds),
        image_size=(1920, 1080),
        frame_flags={"likely depth flip": (seconds > 4) & (seconds < 5)},
    )


def write_all(folder: Path, motion: Motion) -> None:
    """Every format into ``folder``, with the time and size of each."""
    folder.mkdir(parents=True, exist_ok=True)
    for format_name in EXPORTS:
        start = time.perf_counter()
        paths = write_exports(folder, motion, [format_name])
        sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.2f} MB" for path in paths)
        print(f"{folder}: {format_name}: {sizes} in {time.perf_counter() - start:.2f} s")
    write_gltf(folder / "stick.glb", motion, stick_figure=True)
    print(f"{folder}: {measure_skin_loss(rigged(motion))}")


def check_blender(folder: Path, motion: Motion, python: str) -> None:
    """Joints and skin in Blender against forward kinematics, in millimetres."""
    script = Path(__file__).with_name("blender_read.py")
    command = [python, "-P", str(script), str(folder / "body.glb"), str(folder / "motion.bvh"), str(FPS), str(CHECKED)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    result = json.loads(line.removeprefix("RESULT "))
    joints, rotations = posed_joints(motion.rest_joints_m, motion.parents, motion.poses_world, motion.transl_world_m)
    for kind in ("glb", "bvh"):
        found = np.array([[places[joint] for joint in SMPL24.joints] for places in result[kind]])
        worst_mm = 1000 * np.abs(y_up(found) - joints[:CHECKED]).max()
        print(f"{folder}: Blender, {kind}: joints within {worst_mm:.3f} mm over {CHECKED} frames")
    assert motion.mesh is not None
    last = slice(CHECKED - 1, CHECKED)
    full = skinned_vertices(
        motion.mesh.vertices_m, motion.mesh.skin_weights, motion.rest_joints_m, joints[last], rotations[last]
    )[0]
    shift_mm = 1000 * np.linalg.norm(y_up(np.array(result["skin"])) - full, axis=-1)
    print(f"{folder}: Blender, glb: skin within {shift_mm.max():.3f} mm, mean {shift_mm.mean():.4f} mm")


def y_up(blender_m: np.ndarray) -> np.ndarray:
    """Blender's (x, y, z up) -> our (x, y up, z)."""
    return np.stack([blender_m[..., 0], blender_m[..., 2], -blender_m[..., 1]], axis=-1)


def check_bvhio(folder: Path, motion: Motion) -> None:
    """Joints as bvhio reads them, in millimetres."""
    try:
        import bvhio
    except ImportError:
        print("bvhio is not installed: skipped")
        return
    root = bvhio.readAsHierarchy(str(folder / "motion.bvh"))
    expected, worst = motion.body_joints_world_m(), 0.0
    for frame in range(CHECKED):
        root.loadPose(frame)
        places = {joint.Name: np.array(list(joint.PositionWorld)) / 100 for joint, _, _ in root.layout()}
        found = np.array([places[joint] for joint in SMPL24.joints])
        worst = max(worst, float(np.abs(found - expected[frame]).max()))
    print(f"{folder}: bvhio: joints within {1000 * worst:.3f} mm over {CHECKED} frames")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Checks the exports with programs from elsewhere.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--validator", type=Path, help="a node_modules folder that holds gltf-validator")
    parser.add_argument("--blender-python", help="a Python that has bpy")
    options = parser.parse_args()
    shapes = {"usual": np.zeros(10), "other": np.array([2.0, -1.5, 1.5, -2.0, 1.0, 0, 0, 1.0, -1.0, 0.5])}
    for name, betas in shapes.items():
        folder, motion = options.output / name, benchmark_motion(betas)
        write_all(folder, motion)
        check_bvhio(folder, motion)
        if options.blender_python:
            check_blender(folder, motion, options.blender_python)
        if options.validator:
            paths = [str(path.resolve()) for path in sorted(folder.glob("*.glb"))]
            subprocess.run(["node", "-e", VALIDATE, *paths], cwd=options.validator.parent, check=True)


if __name__ == "__main__":
    main()
