"""Pictures of what goes wrong, with the weights that ship: ``python -m tools.limitation_pictures [FOLDER]``.

Built-in motion with known truth is put into situations that the method does not promise to handle; of each, the worst
frame is drawn: the 2D input, and truth (grey) and result (colour) from the camera and from the side. Both are placed at
the same pelvis and brought to one size; nothing is turned. ``docs/pictures`` by default.
"""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pn3d.body.builtin import builtin_body
from pn3d.body.landmarks import builtin_landmarks
from pn3d.commands.session import SHIPPED_WEIGHTS
from pn3d.data.clips import Clips, select
from pn3d.data.virtual_cameras import project_px
from pn3d.files.atomic import write_atomically
from pn3d.geometry.skeleton import H36M17
from pn3d.inference.predict import predict
from pn3d.inference.weights import load_weights
from pn3d.inference.world import camera_to_world
from pn3d.synthetic.scenes import held_out_clips

SIDE, GAP, TITLE = 250, 12, 44
COLOURS = {"left": "#2f7de1", "right": "#e2603a"}
Case = Callable[[Clips], Clips]


def seen_again(clip: Clips, joints_cam_m: np.ndarray) -> Clips:
    """The clip with other joints in camera axes, (T, 17, 3), projected anew."""
    assert clip.intrinsics is not None
    pixels = project_px(joints_cam_m.astype(np.float64), clip.intrinsics[0].astype(np.float64))
    return dataclasses.replace(clip, joints_cam=joints_cam_m.astype(np.float32), keypoints=pixels.astype(np.float32))


def about_pelvis(clip: Clips, turns_cam: np.ndarray) -> Clips:
    """The person turned about the pelvis by (T, 3, 3) in camera axes."""
    assert clip.joints_cam is not None
    pelvis = clip.joints_cam[:, :1]
    return seen_again(clip, pelvis + np.einsum("tij,tkj->tki", turns_cam, clip.joints_cam - pelvis))


def lying(clip: Clips) -> Clips:
    """On the floor, on one side, instead of upright."""
    assert clip.up_cam is not None
    world = camera_to_world(clip.up_cam[0]).astype(np.float64)
    fallen = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return about_pelvis(clip, np.repeat((world.T @ fallen @ world)[None], clip.frames, axis=0))


def without_legs(clip: Clips) -> Clips:
    """Everything below the hips hidden, as behind a table."""
    confidence, keypoints = clip.confidence.copy(), clip.keypoints.copy()
    hidden = [i for i, joint in enumerate(H36M17.joints) if joint.endswith(("knee", "ankle"))]
    confidence[:, hidden], keypoints[:, hidden] = 0.0, 0.0
    return dataclasses.replace(clip, confidence=confidence, keypoints=keypoints)


def tilting_camera(clip: Clips) -> Clips:
    """A camera that rises and sinks about the person, from 20 degrees lower to 20 degrees higher."""
    angle = np.radians(np.linspace(-20, 20, clip.frames))
    turn = np.tile(np.eye(3), (clip.frames, 1, 1))
    turn[:, 1, 1] = turn[:, 2, 2] = np.cos(angle)
    turn[:, 2, 1] = np.sin(angle)
    turn[:, 1, 2] = -turn[:, 2, 1]
    return about_pelvis(clip, turn)


CASES: dict[str, tuple[str, str, Case]] = {
    "ambiguous": ("a limb's depth is a guess", "", lambda clip: clip),
    "lying": ("a person who lies", "idle", lying),
    "hidden-legs": ("legs out of sight", "walk", without_legs),
    "moving-camera": ("a camera that moves", "gesture", tilting_camera),
}
"""Name of the picture -> title, motion (any, and the worst of all, where empty), and what is done to it."""


def chosen_clips(held_out: Clips) -> list[tuple[str, Clips, Clips]]:
    """(case, clip before, clip after the change): where a case names no motion, all clips of the held-out set."""
    found = []
    for case, (_, motion, change) in CASES.items():
        fitting = [i for i, name in enumerate(held_out.clip_name) if str(name).startswith(motion)]
        clips = [select(held_out, [i]) for i in (fitting if not motion else fitting[:1])]
        found += [(case, clip, change(clip)) for clip in clips]
    return found


def in_world(clip: Clips) -> np.ndarray:
    """(T, 17, 3) true joints turned upright, with y down as pictures have it."""
    assert clip.joints_cam is not None
    assert clip.up_cam is not None
    return y_down(clip.joints_cam @ camera_to_world(clip.up_cam[0]).T)


def y_down(joints_m: np.ndarray) -> np.ndarray:
    """World axes (x left, y up, z forward) as a picture from the front has them: x right, y down, z away."""
    return joints_m * np.array([1.0, -1.0, -1.0])


def compared(truth_m: np.ndarray, result_m: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(T, 17, 3) each -> both about the pelvis, and (T,) mean distance in metres.

    The result's bones are made as long in all as the truth's; least squares would shrink what points elsewhere.
    """
    truth, result = truth_m - truth_m[:, :1], result_m - result_m[:, :1]
    ends = np.array(H36M17.bones)
    length = [np.linalg.norm(a[:, ends[:, 0]] - a[:, ends[:, 1]], axis=-1).sum(axis=1) for a in (truth, result)]
    result = result * (length[0] / length[1])[:, None, None]
    return truth, result, np.linalg.norm(truth - result, axis=-1).mean(axis=1)


def _lines(points: np.ndarray, seen: np.ndarray, colour: str | None, width: float) -> list[str]:
    parts = []
    for parent, child in H36M17.bones:
        if not (seen[parent] and seen[child]):
            continue
        tint = colour or COLOURS.get(H36M17.joints[child].split("_")[0], "#59636f")
        (x1, y1), (x2, y2) = points[parent], points[child]
        parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{tint}" stroke-width="{width}" '
            'stroke-linecap="round"/>'
        )
    return parts


def _panel(index: int, label: str, drawn: list[tuple[np.ndarray, np.ndarray, str | None, float]]) -> list[str]:
    """One square: skeletons (17, 2) in any unit, y down, all fitted into it together."""
    everything = np.concatenate([points[seen] for points, seen, _, _ in drawn])
    middle, extent = (everything.min(0) + everything.max(0)) / 2, np.ptp(everything, axis=0).max()
    left = GAP + index * (SIDE + GAP)
    parts = [
        f'<rect x="{left}" y="{TITLE}" width="{SIDE}" height="{SIDE}" rx="8" fill="#f3f4f6"/>',
        f'<text x="{left + 10}" y="{TITLE + 19}" font-size="12" fill="#68717d">{label}</text>',
    ]
    for points, seen, colour, width in drawn:
        placed = (points - middle) / extent * 0.78 * SIDE + [left + SIDE / 2, TITLE + SIDE / 2 + 8]
        parts += _lines(placed, seen, colour, width)
    return parts


def picture(title: str, view: str, clip: Clips, frame: int, skeletons: tuple[np.ndarray, np.ndarray]) -> str:
    """The SVG of one frame; truth and result are (17, 3) about the pelvis, x right, y down, z away."""
    truth, result = skeletons
    everything, seen = np.ones(17, bool), clip.confidence[frame] > 0
    grey = "#aab2bc"
    width, height = 3 * SIDE + 4 * GAP, TITLE + SIDE + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        'font-family="system-ui, sans-serif">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{GAP}" y="28" font-size="16" font-weight="600" fill="#1c2127">{title}</text>',
        *_panel(0, "2D input", [(clip.keypoints[frame].astype(np.float64), seen, None, 3)]),
    ]
    for index, (label, axes) in enumerate({view: (0, 1), "from the side": (2, 1)}.items(), start=1):
        places = [(truth[:, axes], everything, grey, 6.0), (result[:, axes], everything, None, 2.5)]
        parts += _panel(index, label, places)
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Pictures of what goes wrong, with the weights that ship.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/pictures"))
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    weights, body, landmarks = load_weights(SHIPPED_WEIGHTS), builtin_body(), builtin_landmarks()
    worst: dict[str, tuple[float, str]] = {}
    for case, before, clip in chosen_clips(held_out_clips()):
        prediction = predict(weights, clip, body, landmarks)
        assert clip.joints_cam is not None
        assert prediction.joints_cam_m is not None
        assert prediction.joints_world_m is not None
        truth_m, result_m, view = clip.joints_cam, prediction.joints_cam_m, "from the camera"
        if case == "moving-camera":  # what goes wrong is the world: one "up" for the whole clip
            truth_m, result_m, view = (
                in_world(before),
                y_down(prediction.joints_world_m),
                "upright, from the front",
            )
        truth, result, error_m = compared(truth_m.astype(np.float64), result_m.astype(np.float64))
        frame = int(np.argmax(error_m))
        numbers = f"{1000 * error_m[frame]:.0f} mm mean error in this frame, {1000 * error_m.mean():.0f} mm in the clip"
        if error_m[frame] > worst.get(case, (0.0, ""))[0]:
            svg = picture(f"{CASES[case][0]}: {numbers}", view, clip, frame, (truth[frame], result[frame]))
            worst[case] = float(error_m[frame]), svg
    for case, (error, svg) in worst.items():
        write_atomically(folder / f"limit-{case}.svg", svg)
        print(f"{folder / f'limit-{case}.svg'}: {1000 * error:.0f} mm")


if __name__ == "__main__":
    main()
