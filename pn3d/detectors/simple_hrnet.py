"""simple-HRNet's CSV: ``frame_index, detection_index``, then three numbers of each joint, no headings.

Its help calls them x, y, confidence; its network returns y, x, confidence (stefanopini/simple-HRNet
scripts/extract-keypoints.py, SimpleHRNet.py). Which it is follows from the people, who stand, and is said.
"""

import re
from itertools import islice, pairwise

import numpy as np

from pn3d.detectors.array_shapes import require_known_count
from pn3d.detectors.csv_cells import Table, lines_of
from pn3d.detectors.layouts import detector_layout
from pn3d.detectors.records import Given, RawVideo
from pn3d.detectors.sources import Opened
from pn3d.detectors.table_rows import video_of_rows
from pn3d.detectors.upright import standing_reading
from pn3d.files.errors import UserError

_LAYOUTS = {17: "coco17", 16: "mpii16"}
_COLUMNS = {2 + 3 * joints for joints in _LAYOUTS}
_FIRST_ROWS = 50
_READINGS = ("y, x, confidence, as simple-HRNet writes it", "x, y, confidence")


def is_simple_hrnet(text: str) -> bool:
    """Whether rows have two whole numbers and three for each of 17 or 16 joints, frames never going back."""
    rows = [re.split(r"[,;\t]", line) for line in islice(lines_of(text), _FIRST_ROWS) if line.strip()]
    if not rows or len({len(row) for row in rows}) != 1 or len(rows[0]) not in _COLUMNS:
        return False
    whole = all(cell.strip().isdecimal() for row in rows for cell in row[:2])
    return whole and all(int(a[0]) <= int(b[0]) for a, b in pairwise(rows))


def read_simple_hrnet(opened: Opened, given: Given) -> list[RawVideo]:
    """Reads one file; raises UserError where x and y cannot be told apart, or rows are doubled."""
    table = Table(opened.content, opened.where)
    joints = (len(table.words) - 2) // 3
    if table.heading is not None or joints < 1 or len(table.words) != 2 + 3 * joints:
        expected = "frame, detection and three numbers of each joint, no headings"
        raise UserError(f"{opened.where}: expected {expected}; found {len(table.words)} columns")
    if given.layout is None and joints not in _LAYOUTS:
        require_known_count(opened.where, joints)
    name = given.layout or _LAYOUTS[joints]
    table.read(range(len(table.words)))
    values = np.stack([table.numbers(column) for column in range(len(table.words))], axis=-1)
    points = values[:, 2:].reshape(len(values), joints, 3)
    readings = points[..., [1, 0, 2]], points
    known = detector_layout(name).layout.joints[:joints]
    chosen = standing_reading([reading[..., :2] for reading in readings], known)
    if chosen is None:
        raise UserError(
            f"{opened.where}: whether x or y comes first cannot be told from people who do not stand; give a table "
            "with headings (frame, nose_x, nose_y, nose_conf, …)"
        )
    facts = {"layout_name": name, "layout_reason": "what simple-HRNet's joints are", "normalised": False}
    notes = [f"{opened.where}: read as {_READINGS[chosen]}"]
    return [video_of_rows(opened, values[:, 0], readings[chosen], values[:, 1], notes=notes, **facts)]
