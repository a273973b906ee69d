"""Figures of the report as inline SVG: curves over steps, and skeletons from the camera, the front and the side."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pn3d.geometry.skeleton import get_layout

_WIDTH, _HEIGHT = 380.0, 210.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 10.0, 10.0, 26.0
_POINTS = 400
_COLOURS = 8
_CELL = 110.0


@dataclass(frozen=True)
class Series:
    """One curve: ``x`` and ``y`` of equal length; points that are not finite leave a gap."""

    name: str
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Chart:
    """Curves over one axis. ``log_y`` is ignored where a value is not positive."""

    title: str
    series: Sequence[Series]
    x_label: str = "step"
    note: str = ""
    log_y: bool = False


@dataclass(frozen=True)
class PoseFigure:
    """One frame as pictures: the input, then every pose in a column of its own, from the front and from the side.

    Attributes:
        title: such as "worst: Walking/cam2, frame 123, 182 mm".
        layout: of all arrays.
        poses_m: name -> (J, 3) in camera axes (x right, y down, z forward), aligned at the first joint and drawn
            at one scale, coloured by side. Where one is called "truth", it is also drawn thin behind the others.
        keypoints_px: (J, 2) the input, NaN where missing, or None.
        reprojected_px: (J, 2), drawn thin over the input, or None.
    """

    title: str
    layout: str
    poses_m: Mapping[str, np.ndarray]
    keypoints_px: np.ndarray | None = None
    reprojected_px: np.ndarray | None = None
    note: str = ""


def chart_svg(chart: Chart) -> str:
    """A card with the curves, their axes and their names."""
    points = [_thinned(series) for series in chart.series]
    x_all = np.concatenate([x for x, _ in points]) if points else np.zeros(0)
    y_all = np.concatenate([y for _, y in points]) if points else np.zeros(0)
    finite = np.isfinite(x_all) & np.isfinite(y_all)
    if not finite.any():
        return _card(chart.title, "<p>nothing was logged</p>", chart.note)
    log = chart.log_y and bool(np.all(y_all[finite] > 0))
    scale = np.log10 if log else np.asarray
    x_low, x_high = _spread(float(x_all[finite].min()), float(x_all[finite].max()))
    y_low, y_high = _spread(*(float(bound(scale(y_all[finite]))) for bound in (np.min, np.max)))

    def place(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        across = _LEFT + (np.asarray(x) - x_low) / (x_high - x_low) * (_WIDTH - _LEFT - _RIGHT)
        up = _HEIGHT - _BOTTOM - (np.asarray(y) - y_low) / (y_high - y_low) * (_HEIGHT - _TOP - _BOTTOM)
        return across, up

    parts = [f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-label="{html.escape(chart.title)}">']
    for value, label in _ticks(y_low, y_high, 4, log):
        up = float(place(np.array(x_low), np.array(value))[1])
        parts.append(f'<line class="rule" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{up:.1f}" y2="{up:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{up + 3.5:.1f}" text-anchor="end">{label}</text>')
    for value, label in _ticks(x_low, x_high, 5, False):
        across = float(place(np.array(value), np.array(y_low))[0])
        parts.append(f'<text x="{across:.1f}" y="{_HEIGHT - 13}" text-anchor="middle">{label}</text>')
    parts.append(f'<text x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 2}" text-anchor="middle">'
                 f"{html.escape(chart.x_label)}</text>")  # fmt: skip
    for index, (series, (x, y)) in enumerate(zip(chart.series, points, strict=True)):
        path = _path(*place(x, np.where(np.isfinite(y), scale(np.where(np.isfinite(y), y, 1.0)), np.nan)))
        parts.append(f'<path class="curve" style="stroke:var(--series-{index % _COLOURS})" d="{path}">'
                     f"<title>{html.escape(series.name)}</title></path>")  # fmt: skip
    parts.append("</svg>" + _key([(s.name, f"var(--series-{i % _COLOURS})") for i, s in enumerate(chart.series)]))
    return _card(chart.title, "".join(parts), chart.note)


def pose_svg(figure: PoseFigure) -> str:
    """A card with a column for the image plane (where there are keypoints) and one for each pose: front above side."""
    layout = get_layout(figure.layout)
    parts, columns = [], []
    if figure.keypoints_px is not None:
        columns.append("input")
        pictures = [figure.keypoints_px] + ([] if figure.reprojected_px is None else [figure.reprojected_px])
        for points, style in zip(_fitted(pictures, _CELL, (0.0, 0.0)), ("", "behind third"), strict=False):
            parts += _bones(points, layout.bones, layout.joints, style)
    names, first = list(figure.poses_m), len(columns)
    columns += names
    centred = [np.asarray(pose) - np.nan_to_num(np.asarray(pose)[0]) for pose in figure.poses_m.values()]
    for row, axes in enumerate(([0, 1], [2, 1])):
        flat = [pose[:, axes] for pose in centred]
        for column, (name, points) in enumerate(zip(names, _fitted(flat, _CELL, (0.0, row * _CELL)), strict=True)):
            place = [(first + column) * _CELL, 0.0]
            if "truth" in figure.poses_m and name != "truth":
                truth = _fitted(flat, _CELL, (0.0, row * _CELL))[names.index("truth")]
                parts += _bones(truth + place, layout.bones, layout.joints, "behind")
            parts += _bones(points + place, layout.bones, layout.joints, "")
        parts.append(f'<text x="{first * _CELL + 2:.0f}" y="{row * _CELL + 10:.0f}">{("front", "side")[row]}</text>')
    width, height = _CELL * len(columns), 2 * _CELL + 16
    labels = [
        f'<text x="{(index + 0.5) * _CELL:.0f}" y="{height - 4:.0f}" text-anchor="middle">{html.escape(name)}</text>'
        for index, name in enumerate(columns)
    ]
    box = f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{html.escape(figure.title)}">'
    entries = [("left", "var(--left)"), ("right", "var(--right)")]
    entries += [("truth", "var(--grid)")] if "truth" in figure.poses_m and len(names) > 1 else []
    if figure.reprojected_px is not None and figure.keypoints_px is not None:
        entries.append(("reprojected", "var(--reprojected)"))
    return _card(figure.title, box + "".join(parts + labels) + "</svg>" + _key(entries), figure.note)


def _bones(points: np.ndarray, bones: Sequence[tuple[int, int]], joints: Sequence[str], style: str) -> list[str]:
    lines = []
    for parent, child in bones:
        if np.isfinite(points[[parent, child]]).all():
            (x1, y1), (x2, y2) = points[parent], points[child]
            side = joints[child].split("_")[0]
            kind = style or (side if side in ("left", "right") else "middle")
            lines.append(f'<line class="bone {kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
    return lines


def _fitted(skeletons: Sequence[np.ndarray], size: float, corner: tuple[float, float]) -> list[np.ndarray]:
    """Scales all by one factor into a square of that size with a margin, x to the right and y down."""
    together = np.concatenate([np.asarray(points, np.float64) for points in skeletons])
    together = together[np.isfinite(together).all(axis=1)]
    if not len(together):
        return [np.full(np.shape(points), np.nan) for points in skeletons]
    low, high = together.min(axis=0), together.max(axis=0)
    scale = (size - 16) / max(float((high - low).max()), 1e-9)
    offset = np.array(corner) + size / 2 - scale * (low + high) / 2
    return [np.asarray(points) * scale + offset for points in skeletons]


def _thinned(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """At most about 400 points, each the mean of its neighbours, so that noise becomes a line and not a block."""
    x, y = np.asarray(series.x, np.float64), np.asarray(series.y, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"series {series.name!r}: expected x and y of one length, found {x.shape} and {y.shape}")
    count = math.ceil(len(x) / _POINTS)
    if count <= 1:
        return x, y
    edges = np.arange(0, len(x), count)
    sizes = np.diff(np.append(edges, len(x)))
    return np.add.reduceat(x, edges) / sizes, np.add.reduceat(y, edges) / sizes


def _spread(low: float, high: float) -> tuple[float, float]:
    margin = 0.04 * (high - low) if high > low else max(0.5 * abs(high), 0.5)
    return low - margin, high + margin


def _ticks(low: float, high: float, most: int, log: bool) -> list[tuple[float, str]]:
    """Round values inside the span with their text; of a logarithmic axis whole powers of ten where there are two."""
    if log and math.floor(high) - math.ceil(low) >= 1:
        step = math.ceil((math.floor(high) - math.ceil(low)) / most)
        return [(float(power), f"{10.0**power:g}") for power in range(math.ceil(low), math.floor(high) + 1, step)]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step_size = next(part * power for part in (1, 2, 5, 10) if part * power >= raw * 0.999)
    values = np.arange(math.ceil(low / step_size), math.floor(high / step_size) + 1) * step_size
    return [(float(value), f"{10**value:.3g}" if log else f"{value:.6g}") for value in values]


def _path(x: np.ndarray, y: np.ndarray) -> str:
    words, pen = [], False
    for across, up in zip(x, y, strict=True):
        if not (math.isfinite(across) and math.isfinite(up)):
            pen = False
            continue
        words.append(f"{'L' if pen else 'M'}{across:.1f} {up:.1f}")
        pen = True
    return "".join(words)


def _key(entries: Sequence[tuple[str, str]]) -> str:
    items = "".join(f'<span><i style="background:{colour}"></i>{html.escape(name)}</span>' for name, colour in entries)
    return f'<div class="key">{items}</div>'


def _card(title: str, body: str, note: str) -> str:
    remark = f"<p>{html.escape(note)}</p>" if note else ""
    return f'<div class="card"><h3>{html.escape(title)}</h3>{body}{remark}</div>'
