"""DeepLabCut's CSV of a human: three rows of headings (scorer, bodyparts, coords), four with individuals.

Below them a row per frame with x, y, likelihood of each body part. Joints are mapped by name, as those of any table.
Source: DeepLabCut docs, "standardDeepLabCut_UserGuide.md" (analyze_videos, save_as_csv) and "maDLC_UserGuide.md".
"""

import numpy as np

from pn3d.detectors.collecting import track_numbers
from pn3d.detectors.csv_cells import Table
from pn3d.detectors.frame_labels import frame_numbers
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.detectors.table_rows import video_of_rows
from pn3d.files.errors import UserError

_AXES = {"x": 0, "y": 1, "likelihood": 2}
_HEADINGS = ("scorer", "individuals", "bodyparts", "coords")


def is_deeplabcut(text: str) -> bool:
    """Whether the first cell is "scorer"."""
    return text.lstrip()[:7].lower() in ("scorer,", "scorer;", "scorer\t")


def read_deeplabcut(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads one file; raises UserError where a heading is missing, or a cell is no number."""
    table = Table(opened.content, opened.where)
    heads: dict[str, list[str]] = {}
    for _, cells in table.rows():
        if cells[0].strip().lower() not in _HEADINGS:
            break
        heads[cells[0].strip().lower()] = [cell.strip() for cell in cells[1:]]
    table.head_rows, width = len(heads), len(table.words) - 1
    if not {"bodyparts", "coords"} <= heads.keys() or any(len(head) != width for head in heads.values()):
        raise UserError(f"{opened.where}: expected DeepLabCut's rows scorer, bodyparts and coords, then frames")
    columns = list(zip(heads.get("individuals", [""] * width), heads["bodyparts"], heads["coords"], strict=True))
    if len(set(columns)) < width or any(axis.lower() not in _AXES for _, _, axis in columns):
        raise UserError(f"{opened.where}: expected x, y and likelihood of each body part, each once")
    table.read(range(width + 1))
    labels = table.numbers(0)
    people, parts = (list(dict.fromkeys(one)) for one in list(zip(*columns, strict=True))[:2])
    rows = np.full((len(people), len(labels), len(parts), 3), np.nan)
    for column, (person, part, axis) in enumerate(columns, 1):
        rows[people.index(person), :, parts.index(part), _AXES[axis.lower()]] = table.numbers(column)
    counted, notes = frame_numbers(labels, opened.where) if np.isfinite(labels).all() else (labels, [])
    ids = np.repeat(track_numbers([person or None for person in people]), len(labels))
    facts = {"joint_names": tuple(parts), "names_may_be_unknown": True, "track_id": ids, "notes": notes}
    frames = np.tile(counted.astype(np.float64), len(people))
    return [video_of_rows(opened, frames, rows.reshape(-1, len(parts), 3), ids, **facts)]
