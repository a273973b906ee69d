"""Layouts that only detectors use, the names tools give to layouts, and the decision which one a file has."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pn3d.data.joint_names import NamedJoints, layout_from_names, layout_of_named
from pn3d.files.errors import UserError
from pn3d.geometry.skeleton import LAYOUTS, Layout

MOST_ABSENT = 6
"""Joints of a known layout that a file which names its joints may lack."""


@dataclass(frozen=True)
class DetectorLayout:
    """A layout as files hold it.

    Attributes:
        layout: the joints that are read, which are the first ones of the file.
        count: joints per person in the file; those behind the named ones (face, hands) are left out.
    """

    layout: Layout
    count: int


_TABLE: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("layouts.toml").read_text(encoding="utf-8"))
DETECTOR_LAYOUTS: dict[str, DetectorLayout] = {
    name: DetectorLayout(LAYOUTS.get(name) or layout_from_names(name, tuple(row["joints"].split())), row["count"])
    for name, row in _TABLE.items()
}
_ALIASES = {alias: name for name, row in _TABLE.items() for alias in row.get("aliases", ())}


def detector_layout(name: str) -> DetectorLayout:
    """The layout of that name, however it is spelt (BODY_25, body-25, coco …); raises UserError with those known."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    plain = _ALIASES.get(plain, plain)
    if plain not in DETECTOR_LAYOUTS:
        raise UserError(f"unknown layout {name!r}; known layouts: {', '.join(sorted(DETECTOR_LAYOUTS))}")
    return DETECTOR_LAYOUTS[plain]


def layouts_of_count(count: int) -> list[str]:
    """Names of the layouts that have this many joints in a file, the most usual first."""
    return [name for name, known in DETECTOR_LAYOUTS.items() if known.count == count]


def layout_by_names(dataset: str, named: NamedJoints) -> tuple[Layout, tuple[int, ...]]:
    """The layout of a file that names its joints, and for each joint of the layout the file's column (-1 = none).

    The smallest known layout that has all of the joints; where there is none, or it would have many that the file has
    not, a layout of the file's own joints.
    """
    joints = {joint for joint in named.joints if joint}
    fitting = [known.layout for known in DETECTOR_LAYOUTS.values() if joints <= set(known.layout.joints)]
    layout = min(fitting, key=lambda one: len(one.joints), default=None)
    if layout is None or len(layout.joints) > len(joints) + MOST_ABSENT:
        return layout_of_named(dataset or "named", named)
    return layout, tuple(named.column(joint) for joint in layout.joints)
