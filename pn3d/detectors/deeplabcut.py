"""DeepLabCut's CSV of a human: three rows of headings (scorer, bodyparts, coords), four with individuals.

Below them a row per frame with x, y, likelihood of each body part. Joints are mapped by name, as those of any table.
Source: DeepLabCut docs, "standardDeepLabCut_UserGuide.md" (analyze_videos, save_as_csv) and "maDLC_UserGuide.md".
"""

import numpy as np

from pn3d.detectors.collecting import shown, track_numbers
from pn3d.detectors.csv_cells import Table, is_number
from pn3d.detectors.frame_labels import frame_numbers
from pn3d.detectors.records import RawVideo
from pn3d.detectors.sources import Opened
from pn3d.detectors.table_rows import video_of_rows
from pn3d.files.errors import UserError

_AXES = {"x": 0, "y": 1, "likelihood": 2}
_HEADINGS = ("scorer", "individuals", "bodyparts", "coords")


def is_deeplabcut(text: str) -> bool:
    """Whether the first cell is "scorer"."""
    return text.lstrip()[:7].lower() in ("scorer,", "scorer;", "scorer\t")


def read_deeplabcut(opened: Opened) -> list[RawVideo]:
    """Reads one file; raises UserError where a heading is missing, or a cell is no number."""
    table = Table(opened.content, opened.where)
    heads, labels = {"scorer": table.words[1:]}, []
    numbers: list[list[float]] = []
    for line, cells in table.body():
        cells = [cell.strip() for cell in cells]
        if not numbers and cells[0].lower() in _HEADINGS:
            heads[cells[0].lower()] = cells[1:]
            continue
        odd = next((cell for cell in cells if not is_number(cell)), "") if is_number(cells[0]) else cells[0]
        if len(cells) != len(table.words) or not cells[0] or not is_number(odd):
            found = shown(odd) if odd else f"{len(cells)} cells for {len(table.words)}"
            raise UserError(f"{opened.where}: line {line}: expected a frame and numbers, found {found}")
        frame, *own = (float((cell or "nan").replace(",", ".")) for cell in cells)
        labels.append(frame)
        numbers.append(own)
    width = len(table.words) - 1
    if not {"bodyparts", "coords"} <= set(heads) or not numbers or any(len(head) != width for head in heads.values()):
        raise UserError(f"{opened.where}: expected DeepLabCut's rows scorer, bodyparts and coords, then frames")
    columns = list(zip(heads.get("individuals", [""] * width), heads["bodyparts"], heads["coords"], strict=True))
    if len(set(columns)) < width or any(axis.lower() not in _AXES for _, _, axis in columns):
        raise UserError(f"{opened.where}: expected x, y and likelihood of each body part, each once")
    people, parts = (list(dict.fromkeys(one)) for one in list(zip(*columns, strict=True))[:2])
    rows = np.full((len(people), len(numbers), len(parts), 3), np.nan)
    for values, (person, part, axis) in zip(np.array(numbers).T, columns, strict=True):
        rows[people.index(person), :, parts.index(part), _AXES[axis.lower()]] = values
    counted, notes = frame_numbers(labels, opened.where)
    ids = np.repeat(track_numbers([person or None for person in people]), len(numbers))
    facts = {"joint_names": tuple(parts), "names_may_be_unknown": True, "track_id": ids, "notes": notes}
    frames = np.tile(np.array(counted, np.float64), len(people))
    return [video_of_rows(opened, frames, rows.reshape(-1, len(parts), 3), ids, **facts)]
