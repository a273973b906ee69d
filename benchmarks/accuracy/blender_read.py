"""Run by Blender's Python (``bpy``): imports a GLB and a BVH and prints joint places and skin as JSON.

Usage: ``python blender_read.py BODY.glb MOTION.bvh FPS FRAMES``. Places are in Blender's world (z up, metres).
"""

import json
import os
import sys

import bpy


def armature_places(frames: int, first: int) -> list[dict[str, list[float]]]:
    """Per frame the head of every bone in the world."""
    armature = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    result = []
    for frame in range(frames):
        bpy.context.scene.frame_set(first + frame)
        result.append({bone.name: list(armature.matrix_world @ bone.head) for bone in armature.pose.bones})
    return result


def skin(frame: int) -> list[list[float]]:
    """Vertices of the skinned mesh in the world."""
    bpy.context.scene.frame_set(frame)
    mesh = next(thing for thing in bpy.data.objects if thing.type == "MESH" and thing.find_armature())
    posed = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return [list(posed.matrix_world @ vertex.co) for vertex in posed.to_mesh().vertices]


def main() -> None:
    """Reads both files in fresh scenes."""
    glb, bvh, fps, frames = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = round(fps)
    bpy.ops.import_scene.gltf(filepath=glb)
    first = int(bpy.data.actions[0].frame_range[0])
    result = {"glb": armature_places(frames, first), "skin": skin(first + frames - 1)}
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_anim.bvh(filepath=bvh, global_scale=0.01, frame_start=1)
    result["bvh"] = armature_places(frames, 1)
    print("RESULT " + json.dumps(result), flush=True)
    # Some versions of bpy crash while Python takes them down, when everything has been said.
    os._exit(0)


main()
