"""result.html: one self-contained page with the 2D input, the 3D result and their error over time.

A page is of one person or of all people of an input, between whom it offers a choice. Behind the 2D input stands the
video, where there is one: inside the page or beside it, played by the browser.

The page is the files of ``assets/`` put together with the arrays in base64; it asks nothing of the network (its
Content-Security-Policy forbids it), and the body is skinned on the graphics card, so a clip costs its rotations and
not its vertices.
"""

import base64
import html
import importlib.resources
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from pn3d.export.gltf import top_four
from pn3d.export.motion import Mesh, Motion
from pn3d.export.shapes import vertex_normals
from pn3d.files.atomic import write_atomically
from pn3d.geometry.kinematics import continuous_quaternions
from pn3d.geometry.runs import runs

MAX_FRAMES = 18_000
"""Ten minutes at 30 frames a second; of longer motions every n-th frame is shown."""

MAX_PAGE_FRAMES = 60_000
"""Frames of all people of a page together, about 45 MB; who does not find room has only a page of their own."""

_SCRIPTS = ("data", "scene", "camera", "picture", "plots", "footage", "save", "")
_OF_THE_BODY = ("faces", "skin_joints", "skin_weights")  # what people share
_MISSING = -32768


def viewer_html(motion: Motion, max_frames: int = MAX_FRAMES) -> str:
    """The whole page of one person. Motions longer than ``max_frames`` are thinned, and the page says so."""
    return people_html([motion], max_frames)


def people_html(motions: Sequence[Motion], max_frames: int = MAX_FRAMES) -> str:
    """The whole page of people of one input, the first shown first; their footage is the first one's."""
    kept = motions[: _fitting(motions, max_frames)]
    people = [_page_data(motion, math.ceil(motion.num_frames / max_frames)) for motion in kept]
    if missing := len(motions) - len(kept):
        for person in people:
            person["footer"] += f" {missing} more people, too many for one page, have pages of their own."
    page = {"people": people, "body": _taken_together(people), "video": _video_data(kept[0])}
    data = json.dumps(page, separators=(",", ":"), allow_nan=False)
    script = "\n".join(page_asset(f"viewer_{name}.js" if name else "viewer.js") for name in _SCRIPTS)
    return fill_template(
        page_asset("viewer.html"),
        {
            "TITLE": html.escape(f"{motions[0].name} - pn3d"),
            "STYLE": page_asset("theme.css") + page_asset("viewer.css"),
            # "<" cannot end the script element early when it is written as an escape.
            "DATA": data.replace("<", "\\u003c"),
            "SCRIPT": f'"use strict";\n{script}',
        },
    )


def write_viewer(path: str | os.PathLike[str], motion: Motion, max_frames: int = MAX_FRAMES) -> Path:
    """Writes ``viewer_html``. Raises UserError where it cannot be written."""
    return write_atomically(path, viewer_html(motion, max_frames))


def write_people_viewer(path: str | os.PathLike[str], motions: Sequence[Motion]) -> Path:
    """Writes ``people_html``. Raises UserError where it cannot be written."""
    return write_atomically(path, people_html(motions))


def fill_template(template: str, parts: dict[str, str]) -> str:
    """Replaces each ``@KEY@`` once, in order, so that what is put in is never searched for keys."""
    result = []
    for key, text in parts.items():
        before, mark, template = template.partition(f"@{key}@")
        if not mark:
            raise ValueError(f"the template has no @{key}@ where it is expected")
        result += [before, text]
    return "".join([*result, template])


def page_asset(name: str) -> str:
    """The text of a file of the package's ``assets`` folder."""
    return importlib.resources.files("pn3d.export").joinpath("assets", name).read_text(encoding="utf-8")


def _fitting(motions: Sequence[Motion], max_frames: int) -> int:
    """How many of the people, from the first on, one page has room for."""
    frames = np.cumsum([min(motion.num_frames, max_frames) for motion in motions])
    return max(1, int(np.searchsorted(frames, MAX_PAGE_FRAMES, side="right")))


def _taken_together(people: list[dict[str, Any]]) -> dict[str, Any]:
    """Takes the arrays that are the same for everybody out of the people."""
    first = people[0]["arrays"]
    shared = {
        name: first[name]
        for name in _OF_THE_BODY
        if name in first and all(person["arrays"].get(name) == first[name] for person in people)
    }
    for person in people:
        for name in shared:
            del person["arrays"][name]
    return shared


def _video_data(motion: Motion) -> dict[str, Any] | None:
    """The video of a page: its address, or its bytes."""
    if motion.footage is None:
        return None
    video = {"source": motion.footage.source, "rate": motion.footage.rate}
    if motion.footage.content is not None:
        video["data"] = base64.b64encode(motion.footage.content).decode()
    return video


def _page_data(motion: Motion, stride: int) -> dict[str, Any]:
    layout = motion.joint_layout
    shown = len(range(0, motion.num_frames, stride))
    thinned = f" (every {stride}. frame of {motion.num_frames})" if stride > 1 else ""
    pelvis_m = motion.rest_joints_m[0] + motion.transl_world_m
    return {
        "title": motion.name,
        "subtitle": f"{shown} frames{thinned} at {motion.fps:.6g} / s, {motion.num_frames / motion.fps:.1f} s, "
        f"body {motion.body_name}",
        "footer": f"Metres, y up; the floor has a line every half metre. {motion.attribution}".strip(),
        "frames": shown,
        "stride": stride,
        "frame_numbers": motion.frame_numbers[::stride].tolist(),
        "start_s": float(motion.times_s[0]),
        "fps": motion.fps / stride,
        "first_s": motion.footage.first_s if motion.footage else 0.0,
        "parents": list(motion.parents),
        "rest_joints_m": np.round(motion.rest_joints_m, 6).tolist(),
        "height_m": _body_height_m(motion),
        "middle_height_m": float(np.median(pelvis_m[:, 1])) - 0.05,
        "ground_height_m": motion.ground_height_m,
        "image_size": None if motion.image_size is None else [int(side) for side in motion.image_size],
        "bones": [list(bone) for bone in layout.bones],
        "ankles": [layout.index(f"{side}_ankle") for side in ("left", "right")],
        "joint_sides": [_side(joint) for joint in layout.joints],
        "flags": [
            {"name": name, "spans": runs(np.asarray(marks, bool)[::stride])}
            for name, marks in motion.frame_flags.items()
        ],
        "arrays": {**_motion_arrays(motion, stride), **(_mesh_arrays(motion.mesh) if motion.mesh else {})},
    }


def _motion_arrays(motion: Motion, stride: int) -> dict[str, Any]:
    pelvis_m = motion.rest_joints_m[0] + motion.transl_world_m
    rotations = continuous_quaternions(Rotation.from_rotvec(motion.poses_world[::stride]))
    arrays: dict[str, Any] = {
        "rotations": _packed_float(rotations),
        "pelvis": _packed(pelvis_m[::stride].astype(np.float32), "f32"),
    }
    joints = {"student": motion.joints_world_m, "teacher": motion.teacher_joints_world_m}
    for name, joints_m in joints.items():
        if joints_m is not None:
            arrays[name] = _packed_float((joints_m - pelvis_m[:, None])[::stride])
    pixels = {"keypoints": motion.keypoints_px, "reprojected": motion.reprojected_px}
    for name, pixels_px in pixels.items():
        if pixels_px is not None:
            missing = ~np.isfinite(pixels_px).all(axis=-1, keepdims=True)
            if name == "keypoints" and motion.input_confidence is not None:
                missing = missing | (motion.input_confidence <= 0)[..., None]
            arrays[name] = _packed_float(np.where(missing, np.nan, pixels_px)[::stride])
    if motion.input_confidence is not None:
        confidence = np.clip(motion.input_confidence, 0.0, 1.0)[::stride]
        arrays["confidence"] = _packed(np.round(255 * confidence).astype(np.uint8), "u8")
        counted = slice(None) if motion.has_joint is None or not motion.has_joint.any() else motion.has_joint
        arrays["mean_confidence"] = _packed(confidence[:, counted].mean(axis=1).astype(np.float32), "f32")
    if motion.foot_contact is not None:
        stands = np.clip(motion.foot_contact, 0.0, 1.0)[::stride]
        arrays["contact"] = _packed(np.round(255 * stands).astype(np.uint8), "u8")
    error_px = motion.reprojection_error_px()
    if error_px is not None:
        arrays["error_px"] = _packed(error_px[::stride].astype(np.float32), "f32")
    if motion.output_confidence is not None:
        arrays["output_confidence"] = _packed(motion.output_confidence[::stride].astype(np.float32), "f32")
    return arrays


def _mesh_arrays(mesh: Mesh) -> dict[str, Any]:
    joints, weights, _ = top_four(mesh.skin_weights)
    wide = ("u16", np.uint16) if len(mesh.vertices_m) < 65536 else ("u32", np.uint32)
    normals = np.round(127 * vertex_normals(mesh.vertices_m, mesh.faces)).astype(np.int8)
    return {
        "vertices": _packed_float(mesh.vertices_m),
        "normals": _packed(normals, "i8"),
        "skin_joints": _packed(joints, "u8"),
        "skin_weights": _packed(np.round(65535 * weights).astype(np.uint16), "u16"),
        "faces": _packed(mesh.faces.astype(wide[1]), wide[0]),
    }


def _packed(values: np.ndarray, kind: str) -> dict[str, Any]:
    data = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()
    return {"type": kind, "data": base64.b64encode(data).decode()}


def _packed_float(values: np.ndarray) -> dict[str, Any]:
    """Floats as 16-bit steps between their least and greatest (1/65534 of the span), NaN as -32768."""
    finite = np.isfinite(values)
    low, high = (float(np.min(values[finite])), float(np.max(values[finite]))) if finite.any() else (0.0, 0.0)
    offset, scale = (low + high) / 2, max((high - low) / 65534, 1e-12)
    steps = np.where(finite, np.round((np.where(finite, values, offset) - offset) / scale), _MISSING)
    return {**_packed(steps.astype(np.int16), "i16"), "scale": scale, "offset": offset}


def _side(joint: str) -> str:
    prefix = joint.split("_")[0]
    return prefix if prefix in ("left", "right") else "middle"


def _body_height_m(motion: Motion) -> float:
    """Height of the rest body: of its mesh, or of its joints with a tenth for the skull."""
    if motion.mesh is not None and len(motion.mesh.vertices_m):
        return float(np.ptp(motion.mesh.vertices_m[:, 1]))
    return 1.1 * float(np.ptp(motion.rest_joints_m[:, 1]))
