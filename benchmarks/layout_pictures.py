"""One numbered picture per joint layout: ``python -m benchmarks.layout_pictures [FOLDER]`` (docs/layouts by default).

The body stands facing us, so that its left is on the right of the picture. Positions are schematic (our choice).
"""

import sys
from pathlib import Path

import numpy as np

from pn3d.detectors.layouts import DETECTOR_LAYOUTS
from pn3d.geometry.skeleton import SMPL24, Layout, mirrored_name

WIDTH, HEIGHT, MARGIN = 760, 640, 30
LEFT, RIGHT, MIDDLE = "#1f6fb4", "#c2452d", "#555555"

_MIDDLE = {
    "pelvis": (0, 540),
    "spine": (0, 420),
    "spine1": (0, 480),
    "spine2": (0, 430),
    "spine3": (0, 380),
    "chest": (0, 410),
    "thorax": (0, 290),
    "neck_base": (0, 268),
    "neck": (0, 228),
    "nose": (0, 160),
    "head": (0, 60),
}
_LEFT = {
    "eye_inner": (22, 116),
    "eye": (50, 104),
    "eye_outer": (78, 112),
    "ear": (100, 142),
    "mouth": (30, 198),
    "collar": (45, 305),
    "shoulder": (105, 300),
    "elbow": (165, 420),
    "wrist": (205, 530),
    "pinky": (238, 590),
    "index": (214, 606),
    "thumb": (186, 582),
    "hand": (220, 575),
    "hip": (58, 560),
    "knee": (72, 760),
    "ankle": (82, 950),
    "heel": (66, 988),
    "big_toe": (112, 1010),
    "small_toe": (148, 996),
    "foot": (112, 1000),
}


def standing_pose(layout: Layout) -> np.ndarray:
    """(J, 2) float64: a standing person in a box of about 500 x 1000, y down, facing the viewer."""
    positions = []
    for joint in layout.joints:
        side, _, part = joint.partition("_")
        if side in ("left", "right") and part in _LEFT:
            x, y = _LEFT[part]
            positions.append((x if side == "left" else -x, y))
        else:
            positions.append(_MIDDLE[joint])
    return np.array(positions, np.float64)


def layout_svg(layout: Layout, count: int) -> str:
    """The picture of one layout; ``count`` is the number of joints of a file, of which the first are drawn."""
    x, y = standing_pose(layout).T
    scale = (HEIGHT - 2 * MARGIN - 20) / 1000
    points = np.stack([170 + x * scale, MARGIN + 10 + y * scale], axis=-1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{MARGIN}" y="22" font-size="17" font-weight="bold">{layout.name}</text>',
        f'<text x="{MARGIN}" y="{HEIGHT - 8}" font-size="11" fill="{RIGHT}">right</text>',
        f'<text x="300" y="{HEIGHT - 8}" font-size="11" fill="{LEFT}" text-anchor="end">left</text>',
    ]
    for parent, child in layout.bones:
        (x1, y1), (x2, y2) = points[parent], points[child]
        parts.append(
            f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="#bbbbbb" stroke-width="3"/>'
        )
    parts += [_dot(points[j], j, joint) for j, joint in enumerate(layout.joints)]
    parts += _legend(layout, count)
    return "\n".join([*parts, "</svg>", ""])


def _colour(joint: str) -> str:
    if mirrored_name(joint) == joint:
        return MIDDLE
    return LEFT if joint.startswith("left_") else RIGHT


def _dot(point: np.ndarray, number: int, joint: str) -> str:
    x, y = point
    return (
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="8" fill="{_colour(joint)}"/>'
        f'<text x="{x:.0f}" y="{y + 3.2:.1f}" font-size="9" fill="white" text-anchor="middle">{number}</text>'
    )


def _legend(layout: Layout, count: int) -> list[str]:
    rows = 17
    lines = []
    for j, joint in enumerate(layout.joints):
        x, y = 360 + 200 * (j // rows), 60 + 30 * (j % rows)
        lines.append(
            f'<circle cx="{x}" cy="{y - 5}" r="9" fill="{_colour(joint)}"/>'
            f'<text x="{x}" y="{y - 1.5}" font-size="10" fill="white" text-anchor="middle">{j}</text>'
            f'<text x="{x + 16}" y="{y}" font-size="14">{joint}</text>'
        )
    if count > len(layout.joints):
        hidden = f"{len(layout.joints)} to {count - 1}: face and hands, not read"
        lines.append(f'<text x="360" y="{HEIGHT - 30}" font-size="13" fill="#555555">{hidden}</text>')
    return lines


def all_pictures() -> dict[str, str]:
    """SVG text of every layout by its name."""
    pictures = {name: layout_svg(known.layout, known.count) for name, known in DETECTOR_LAYOUTS.items()}
    pictures["smpl24"] = layout_svg(SMPL24, len(SMPL24.joints))
    return pictures


def main(folder: str = "docs/layouts") -> None:
    """Writes the pictures into ``folder``."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, svg in all_pictures().items():
        (target / f"{name}.svg").write_text(svg, encoding="utf-8")
    print(f"{len(all_pictures())} pictures in {target}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
