"""Three frames of a person with named joints, as SVG text: the quickest way to see a wrong layout."""

from xml.sax.saxutils import escape

import numpy as np

from pn3d.detectors.records import Detections, Person
from pn3d.geometry.skeleton import Layout, mirrored_name

PANEL_WIDTH, PANEL_HEIGHT = 460, 560
TOP, LABEL_WIDTH, LABEL_STEP, PAD = 64, 112, 15.0, 14
_COLOURS = {"left": "#1f6fb4", "right": "#c2452d", "middle": "#444444"}


def three_frames_svg(detections: Detections, person: int = 0) -> str:
    """SVG of three frames spread over the time a person is seen, each joint with its name.

    The person's left is blue and right is red, whichever way they face; hollow joints have a confidence below 0.3.

    Args:
        detections: from read_keypoints.
        person: index into ``detections.people``.
    """
    one = detections.people[person]
    chosen = _three_frames(one)
    width = PANEL_WIDTH * len(chosen)
    title = f"{one.name}: layout {detections.layout.name}, format {detections.format}"
    reason = escape(detections.layout_reason)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{PANEL_HEIGHT + TOP}" '
        f'viewBox="0 0 {width} {PANEL_HEIGHT + TOP}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{PANEL_HEIGHT + TOP}" fill="white"/>',
        f'<text x="{PAD}" y="20" font-size="14">{escape(title)}</text>',
        f'<text x="{PAD}" y="38"><tspan fill="{_COLOURS["left"]}">the person\'s left</tspan>  '
        f'<tspan fill="{_COLOURS["right"]}">the person\'s right</tspan>  hollow: confidence below 0.3</text>',
        f'<text x="{PAD}" y="{PANEL_HEIGHT + TOP - 8}" fill="#777777">layout: {reason}</text>',
    ]
    for n, frame in enumerate(chosen):
        parts.append(f'<g transform="translate({n * PANEL_WIDTH},{TOP})">')
        parts += _panel(one, detections.layout, frame)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _three_frames(person: Person) -> list[int]:
    """At a sixth, half and five sixths of the frames seen, the frame nearby that shows most joints."""
    seen = np.flatnonzero(~person.filled)
    if not len(seen):
        seen = np.arange(len(person.frames))
    measured = (person.confidence > 0).sum(-1)
    reach = len(seen) // 12
    chosen = []
    for share in (1 / 6, 1 / 2, 5 / 6):
        middle = int(share * len(seen))
        near = seen[max(0, middle - reach) : middle + reach + 1]
        chosen.append(int(near[np.argmax(measured[near])]))
    return sorted(set(chosen))


def _panel(person: Person, layout: Layout, frame: int) -> list[str]:
    points, trust = person.keypoints_px[frame].astype(np.float64), person.confidence[frame]
    shown = [j for j in range(len(layout.joints)) if trust[j] > 0]
    caption = f"frame {person.frame_number[frame]}, {person.time_s[frame]:.2f} s"
    parts = [f'<text x="{PANEL_WIDTH / 2:.0f}" y="0" font-size="13" text-anchor="middle">{caption}</text>']
    if not shown:
        return [*parts, f'<text x="{PANEL_WIDTH / 2:.0f}" y="60" text-anchor="middle">nobody measured</text>']
    placed = _placed(points, shown)
    for parent, child in layout.bones:
        if trust[parent] > 0 and trust[child] > 0:
            (x1, y1), (x2, y2) = placed[parent], placed[child]
            colour = _colour(layout.joints[child])
            parts.append(
                f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                'stroke-width="3" stroke-opacity="0.45"/>'
            )
    for j in shown:
        colour = _colour(layout.joints[j])
        fill = colour if trust[j] >= 0.3 else "white"
        parts.append(
            f'<circle cx="{placed[j, 0]:.1f}" cy="{placed[j, 1]:.1f}" r="3.5" fill="{fill}" stroke="{colour}"/>'
        )
    return parts + _labels(layout, shown, placed)


def _placed(points: np.ndarray, shown: list[int]) -> np.ndarray:
    """(J, 2) positions in the panel, between the two columns of names."""
    low, high = points[shown].min(axis=0), points[shown].max(axis=0)
    room = np.array([PANEL_WIDTH - 2 * LABEL_WIDTH - 2 * PAD, PANEL_HEIGHT - 4 * PAD])
    scale = float((room / np.maximum(high - low, 1.0)).min())
    middle = np.array([PANEL_WIDTH, PANEL_HEIGHT]) / 2
    return (points - (low + high) / 2) * scale + middle


def _labels(layout: Layout, shown: list[int], placed: np.ndarray) -> list[str]:
    """Names in a column on either side, in the order of their joints, with a thin line to each joint."""
    ordered = sorted(shown, key=lambda j: placed[j, 0])
    half = (len(ordered) + 1) // 2
    parts = []
    for members, x, anchor in (
        (ordered[:half], LABEL_WIDTH, "end"),
        (ordered[half:], PANEL_WIDTH - LABEL_WIDTH, "start"),
    ):
        column = sorted(members, key=lambda j: placed[j, 1])
        heights = _spread([float(placed[j, 1]) for j in column])
        for j, y in zip(column, heights, strict=True):
            colour = _colour(layout.joints[j])
            inner = x + (4 if anchor == "end" else -4)
            parts.append(
                f'<line x1="{inner}" y1="{y - 4:.1f}" x2="{placed[j, 0]:.1f}" y2="{placed[j, 1]:.1f}" '
                f'stroke="{colour}" stroke-width="0.6" stroke-opacity="0.5"/>'
                f'<text x="{x}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(layout.joints[j])}</text>'
            )
    return parts


def _spread(heights: list[float]) -> list[float]:
    """Sorted heights moved apart to LABEL_STEP, kept within the panel."""
    result: list[float] = []
    for height in heights:
        result.append(max(height, result[-1] + LABEL_STEP) if result else max(height, 2 * PAD))
    over = result[-1] - (PANEL_HEIGHT - PAD) if result else 0.0
    limit = PANEL_HEIGHT - PAD
    if over > 0:
        for i in range(len(result) - 1, -1, -1):
            result[i] = min(result[i], limit)
            limit = int(result[i] - LABEL_STEP)
    return result


def _colour(joint: str) -> str:
    side = "middle" if mirrored_name(joint) == joint else joint.split("_")[0]
    return _COLOURS[side]
