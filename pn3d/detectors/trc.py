"""Sports2D's TRC in pixels (``*_px_person00.trc``): markers named as Halpe's joints, x and y in pixels, z zero.

Five rows of headings (PathFileType, names of facts, facts, names of markers, X1 Y1 Z1 …), then frame, time, markers.
Metres or millimetres are 3D, or not in the picture, and refused. Source: davidpagnon/Sports2D Sports2D/process.py
(make_trc_with_trc_data), whose header says "m" in both.
"""

from typing import Any

import numpy as np

from pn3d.detectors.collecting import shown
from pn3d.detectors.csv_cells import as_number
from pn3d.detectors.facts import rate_in, times_in_seconds
from pn3d.detectors.key_words import plain_key
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.detectors.table_rows import video_of_rows
from pn3d.files.errors import UserError

LEAST_SPAN_PX = 20.0  # a smaller person than this is metres


def is_trc(text: str) -> bool:
    """Whether the first word is TRC's."""
    return text.lstrip().startswith("PathFileType")


def read_trc(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads one file; raises UserError where it is cut off, 3D, or not in pixels."""
    lines = [line.split("\t") for line in opened.content.splitlines() if line.strip()]
    if not is_trc(opened.content) or len(lines) < 6:
        raise UserError(f"{opened.where}: not a TRC file with frames; expected five rows of headings and then frames")
    markers = [name.strip() for name in lines[3][2:] if name.strip()]
    width = 2 + 3 * len(markers)
    values = np.array([_numbers(opened.where, number, cells, width) for number, cells in enumerate(lines[5:], 6)])
    rows3 = values[:, 2:].reshape(len(values), len(markers), 3)
    if not markers or np.nan_to_num(rows3[..., 2]).any():
        raise UserError(f"{opened.where}: markers are 3D; expected Sports2D's TRC in pixels (…_px_person00.trc)")
    said = {plain_key(name): fact.strip() for name, fact in zip(lines[1], lines[2], strict=False)}
    unit, span = said.get("units", "m"), np.ptp(np.nan_to_num(rows3[..., :2]))
    if unit in ("mm", "cm") or 0 < span < LEAST_SPAN_PX:
        raise UserError(f"{opened.where}: markers in {unit} (they span {span:.2g}); expected pixels (…_px_….trc)")
    times, note = times_in_seconds(values[np.argsort(values[:, 0], kind="stable"), 1], 1.0)
    notes = [note] if note else []
    if said.get("numframes") != str(len(values)):
        notes.append(f"the heading says {shown(said.get('numframes'))} frames; the {len(values)} that follow are taken")
    names = tuple("thorax" if name.lower() == "neck" else name for name in markers)  # Halpe's, between the shoulders
    rows3[..., 2] = np.nan  # TRC has no confidences
    facts: dict[str, Any] = {"times": times, "fps": rate_in({"fps": said.get("datarate")})}
    facts |= {"joint_names": names, "normalised": False, "notes": [f"{opened.where}: {note}" for note in notes]}
    return [video_of_rows(opened, values[:, 0], rows3, **facts)]


def _numbers(where: str, number: int, cells: list[str], width: int) -> list[float]:
    """A row's numbers; cells behind the last marker are empty, and so are those of markers that were not seen."""
    values = [as_number(cell) for cell in cells + [""] * (width - len(cells))]
    if len(cells) < 2 + width // 2 or None in values or np.isfinite(np.array(values[width:], np.float64)).any():
        raise UserError(f"{where}: row {number}: expected {width} numbers, found {shown(' '.join(cells)[:60])}")
    return [value for value in values[:width] if value is not None]
