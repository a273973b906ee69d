"""Run by Blender's Python (``bpy``): does what docs/exports.md says about footage, and prints where joints are seen.

Usage: ``python blender_camera.py EXPORTS.md BODY.glb FOOTAGE FPS BASE FRAMES``. Prints per frame and bone the place in
the picture, in px from the top left corner, and the number of frames and size of the footage as JSON.
"""

import json
import os
import sys
from pathlib import Path

import bpy
from bpy_extras.object_utils import world_to_camera_view


def main() -> None:
    """Runs the recipe with other names in its first lines."""
    guide, glb, footage, fps, base, frames = sys.argv[1:]
    recipe = next(part.split("```")[0] for part in Path(guide).read_text().split("```python\n") if "movieclips" in part)
    recipe = recipe.replace("out/person_00/body.glb", glb).replace("walk.mp4", footage)
    assert "fps, base = 30, 1.001" in recipe
    recipe = recipe.replace("fps, base = 30, 1.001", f"fps, base = {fps}, {base}")
    bpy.ops.wm.read_factory_settings()  # as Blender starts: with a cube and a camera of its own
    exec(compile(recipe, guide, "exec"), {})
    scene, clip = bpy.context.scene, bpy.data.movieclips[0]
    armature = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    width, height = scene.render.resolution_x, scene.render.resolution_y
    seen = []
    for frame in range(int(frames)):
        scene.frame_set(frame)
        places = {
            bone.name: world_to_camera_view(scene, scene.camera, armature.matrix_world @ bone.head)
            for bone in armature.pose.bones
        }
        seen.append({name: (place.x * width, (1 - place.y) * height) for name, place in places.items()})
    facts = {
        "size": list(clip.size),
        "frames": clip.frame_duration,
        "end": scene.frame_end,
        "rate": scene.render.fps / scene.render.fps_base,
        "behind": scene.camera.data.background_images[0].clip.name,
    }
    print("RESULT " + json.dumps({"px": seen, **facts}), flush=True)
    os._exit(0)


main()
